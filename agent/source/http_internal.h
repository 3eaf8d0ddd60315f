/* The parts of the HTTP source among themselves. Private to this folder; tests use it to set
 * limits. */
#ifndef LEEWAY_SOURCE_HTTP_INTERNAL_H
#define LEEWAY_SOURCE_HTTP_INTERNAL_H

#include <event2/event.h>
#include <event2/listener.h>

#include "base/when.h"
#include "source/http.h"
#include "source/http_ask.h"
#include "source/http_chunks.h"
#include "source/http_inflate.h"

struct http_limits {
    uint32_t connections; /* open at once */
    uint32_t head_bytes;  /* request line and headers */
    size_t held_bytes;    /* bodies of all connections and of batches that wait */
    uint32_t events;      /* in a body */
    int64_t idle_ms;      /* between two requests */
    int64_t request_ms;   /* from the first byte (the first request: from accept) to the last */
    int64_t response_ms;  /* until the answer is taken */
    int64_t linger_ms;    /* until a client that was refused has noticed */
    int64_t sweep_ms;     /* how often the four are looked at */
};

extern const struct http_limits http_limits_default;

/* HTTP_BATCH_BYTES: what a batch costs besides its body and events, roughly. */
enum { HTTP_SCRATCH_BYTES = 65536, HTTP_BATCH_BYTES = 512 };

struct http_source {
    struct http_options options; /* with a copy of the topics */
    char **topics;
    struct http_limits limits;
    struct event_base *base;
    struct evconnlistener *listener;
    struct event *sweep;
    struct http_conn **conns; /* limits.connections; NULL: free */
    uint32_t open;
    bool paused; /* the listener is switched off: no place is free */
    bool stopping;
    uint16_t port;
    bool local;
    const char *refusal; /* NULL: none */
    char *scratch;       /* what was just received */
    struct http_counters counters;
};

/* http_source_new with other limits than the default ones. */
struct http_source *http_source_new_limited(const struct http_options *options,
                                            struct event_base *base,
                                            const struct http_limits *limits, struct err *reterr);

/* Reserves memory for bodies; false, and nothing is reserved, if there would be too much. */
bool source_hold(struct http_source *source, size_t bytes);
void source_unhold(struct http_source *source, size_t bytes);

/* A place is free. */
void source_forget(struct http_source *source, const struct http_conn *conn);

/*  A connection. Arrows without a word: what was expected has come.
 *
 *            ┌────────────────────────────(answer is out, keep-alive)────────────────┐
 *            ▼                                                                       │
 *   ──► HEAD ──► BODY ──► WAITING ──http_batch_answer──► ANSWERING ──(close)──► LINGER ──► CLOSED
 *         │        └──refused────────────────────────────►  ▲                        ▲
 *         ├──refused, body is known and small──► DISCARD ───┤                        │
 *         └──refused────────────────────────────────────────┘        any ──deadline──┘
 *
 * It reads in HEAD, BODY, DISCARD and LINGER only. In LINGER it throws away what comes until the
 * client closes: a socket that is closed with unread bytes takes its answer with it. */
enum conn_state {
    CONN_HEAD,
    CONN_BODY,
    CONN_DISCARD,
    CONN_WAITING,
    CONN_ANSWERING,
    CONN_LINGER,
    CONN_CLOSED
};

struct http_body {
    char *data;
    size_t size, capacity; /* capacity is held */
};

struct http_conn {
    struct http_source *source;
    evutil_socket_t fd;
    struct event *readable, *writable;
    enum conn_state state;
    int64_t deadline_ms; /* loop time; INT64_MAX: none */
    bool feeding;        /* further up the stack somebody goes on with the bytes */
    struct text in;      /* of a head; or behind the present request */
    struct text out;
    size_t sent; /* of out */
    /* the present request */
    bool begun;                           /* a byte of it has come */
    bool served;                          /* it is not the first one */
    bool keep_alive, chunked, no_content; /* no_content: the answer to HEAD has none */
    struct http_ask ask;
    int64_t length, left; /* of the body; left: still to come; not for chunked ones */
    struct http_chunks chunks;
    struct http_inflate *zipped; /* NULL: not compressed */
    struct http_body body;
    int refused; /* in DISCARD: the answer that follows */
    struct err refusal;
    struct batch_box *box; /* the batch that waits, or NULL */
};

struct http_conn *conn_new(struct http_source *source, evutil_socket_t fd);
void conn_free(struct http_conn *conn); /* its batch lives on, unheard */
bool conn_is_idle(const struct http_conn *conn);
/* Closes it if its deadline has passed; true if it did. The connection may be gone afterwards. */
bool conn_check(struct http_conn *conn, struct loop_time now);
/* Answers, and goes on with the next request. The connection may be gone afterwards, if it is not
 * being fed. */
void conn_answer(struct http_conn *conn, const struct http_answer *answer);

/* Writes what the socket takes; the state goes on if that was all of an answer. */
void conn_flush(struct http_conn *conn);
void conn_drop_body(struct http_conn *conn);

/* Answers that refuse: a line, or an error with its hint. `break_off` is for the middle of a
 * request, where nobody knows where the next one begins: the connection closes. */
void conn_answer_error(struct http_conn *conn, int status, const char *line);
void conn_answer_err(struct http_conn *conn, int status, const struct err *err);
void conn_break_off(struct http_conn *conn, int status, const char *line);

/* Take from the front of `bytes` (which is not empty) what belongs to the state: http_read.c. */
void conn_feed_head(struct http_conn *conn, struct bytes *bytes);
void conn_feed_body(struct http_conn *conn, struct bytes *bytes);
void conn_feed_discard(struct http_conn *conn, struct bytes *bytes);

/* What a batch is besides what the receiver sees. */
struct batch_box {
    struct http_batch batch;
    struct http_source *source;
    struct http_conn *conn; /* NULL: answered, or the client is gone */
    struct http_body body;
    struct http_events events;
    int64_t arrived_ms, time_ms; /* since 1970; time_ms: of the request's own headers */
};

/* Takes over the body and what it is made of, and gives it to the receiver. */
void batch_deliver(struct http_conn *conn, struct http_events *events);

/* Appends a whole HTTP/1.1 answer. Without keep_alive it says that the connection closes. */
void answer_write(struct text *out, const struct http_answer *answer, bool keep_alive,
                  bool no_content);
const char *answer_reason(int status);

#endif
