/* The HTTP source: `POST /v1/events` for serving systems that have no Kafka. docs/HTTP.md is the
 * reference for clients.
 *
 *   http_source_new ─► batch ─► (receiver counts and commits) ─► http_batch_answer ─► …
 *
 * It reads requests and cuts their bodies into events; it does not know what becomes of them. A
 * request is given as a batch, which the receiver keeps until it has answered and freed it; the
 * client waits for that, so an answer can mean "durable". All functions and hooks belong to the
 * thread of the loop; nothing blocks. Hooks may call every function below but http_source_free.
 *
 * It is a server of its own and not libevent's: that one reads a whole body before it tells anybody
 * (so bodies of all connections together have no ceiling), answers what it refuses itself with
 * HTML, and knows neither a number of connections nor a deadline for a request.
 *
 * Memory: at most `held_bytes` (32 MiB) of bodies that are read or wait, 16 bytes for each of their
 * events, and 80 KiB for each connection in the worst case. Beyond that requests are answered 429.
 *
 * Loopback is the default. There is no password and no TLS; requests of web pages (those with an
 * Origin) are refused, since a page of any site could send them through a browser on this machine.
 */
#ifndef LEEWAY_SOURCE_HTTP_H
#define LEEWAY_SOURCE_HTTP_H

#include "source/source.h"

struct event_base;
struct http_source;

/* A request that is complete. */
struct http_batch {
    const char *topic;    /* one of http_options.topics */
    int32_t partition;    /* numbered by the client: 1 to 1023; else -1 */
    int64_t offset;       /* of the first event; -1: not numbered */
    bool wait;            /* false: the client does not want to wait for the commit */
    bool skip;            /* numbered: offsets before the first may be left out */
    uint32_t event_count; /* may be 0 */
};

struct http_hooks {
    void *context;
    /* The receiver owns the batch until it calls http_batch_free, also from within the hook. */
    void (*batch)(void *context, struct http_batch *batch);
};

struct http_options {
    const char *listen;        /* "127.0.0.1:9465", "[::1]:0", "localhost:9465" */
    const char *const *topics; /* distinct; copied */
    uint32_t topic_count;
    uint32_t body_bytes;  /* of a body, also when it is inflated; larger ones are answered 413 */
    uint32_t event_bytes; /* longer events are cut to one byte more: decoding refuses them */
    struct http_hooks hooks;
};

/* NULL with ERR_INVALID for another form of address, ERR_IO if it cannot be bound. */
struct http_source *http_source_new(const struct http_options *options, struct event_base *base,
                                    struct err *reterr);

/* Closes everything; batches must have been freed. Takes NULL. */
void http_source_free(struct http_source *source);

uint16_t http_source_port(const struct http_source *source);
/* True if only this machine can reach it. */
bool http_source_is_local(const struct http_source *source);

/* From now on new requests are answered 503 with `why` (a constant line), until it is NULL. */
void http_source_refuse(struct http_source *source, const char *why);

/* Closes the listener and idle connections; requests that come on others are answered 503. */
void http_source_stop(struct http_source *source);

/* Event number `index` of the batch: value and broker_ms (the time of its CloudEvent, but not later
 * than the request; else when the request came). The rest of `ret_record` is the caller's. The view
 * is valid until the body is dropped. */
void http_batch_record(const struct http_batch *batch, uint32_t index, struct record *ret_record);

/* Gives the events back before the batch: its memory no longer counts. May be repeated. */
void http_batch_drop(struct http_batch *batch);

/* What is answered, as JSON. */
struct http_answer {
    int status;                       /* 200, 202, 4xx, 5xx */
    int64_t accepted, repeated, next; /* negative: left out */
    const char *error;                /* one line, or NULL */
    int retry_after_s;                /* 0: no such header */
};
static inline struct http_answer http_answer_error(int status, const char *error, int retry_after_s)
{
    return (struct http_answer){status, -1, -1, -1, error, retry_after_s};
}

/* Once for each batch. The batch stays; the client may go on with its next request. */
void http_batch_answer(struct http_batch *batch, const struct http_answer *answer);

/* A batch that was not answered is answered 503. Takes NULL. */
void http_batch_free(struct http_batch *batch);

/* Totals since http_source_new, but for the two that say "now". */
enum { HTTP_STATUSES = 24 };
struct http_counters {
    struct {
        int status; /* 0: this one and those behind it are unused */
        int64_t count;
    } answers[HTTP_STATUSES];
    int64_t bytes;          /* of bodies, as they came */
    int64_t cut;            /* connections that were closed at a deadline */
    int64_t connections;    /* open now */
    int64_t held_bytes;     /* of bodies that are read or wait now */
    int64_t held_bytes_max; /* the most so far */
};
const struct http_counters *http_source_counters(const struct http_source *source);

#endif
