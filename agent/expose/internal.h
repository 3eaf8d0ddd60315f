/* What the parts of expose share: the listener's state, one request, one reply. Not for other
 * folders; tests use it to set limits. */
#ifndef LEEWAY_EXPOSE_INTERNAL_H
#define LEEWAY_EXPOSE_INTERNAL_H

#include "expose/address.h"
#include "expose/query.h"
#include "expose/web.h"

struct web_limits {
    uint32_t connections; /* open at once */
    uint32_t waiting;     /* requests that wait for the store at once; less than connections, so
                             that there is room for those that ask whether the agent is alive */
    int64_t request_ms;   /* from accept until the request is complete */
    int64_t wait_ms;      /* from then until there is an answer */
    int64_t response_ms;  /* from then until the reply is taken */
    /* What a connection has of the first and the last when another one wants its place. */
    int64_t pressed_request_ms, pressed_response_ms;
    int64_t sweep_ms;    /* how often these are looked at */
    size_t header_bytes; /* request line and header */
};

extern const struct web_limits web_limits_default;

struct request;

struct web {
    struct event_base *base;
    const struct config *config;
    struct store *store; /* NULL: none, or closed */
    struct web_hooks hooks;
    struct web_limits limits;
    struct evhttp *http;
    struct evconnlistener *listener; /* owned by http */
    struct guard *guard;
    struct request *waiting; /* list */
    uint32_t waiting_count;
    struct web_reload *reload; /* the one under way, or NULL */
    uint16_t port;
    bool local; /* bound to loopback: see host.h */
    char listen_host[ADDRESS_HOST_MAX];
    double start_seconds;      /* of the process, since 1970; 0 if unknown */
    uint64_t requests, failed; /* answered; of these with 5xx */
    int64_t series_dropped;    /* left out of /metrics so far */
};

/* web_new with other limits than the default ones. */
struct web *web_new_limited(struct event_base *base, const char *listen,
                            const struct config *config, struct store *store,
                            const struct web_hooks *hooks, const struct web_limits *limits,
                            struct err *reterr);

/* What is answered; starts as 200, empty. */
struct reply {
    int status;
    const char *type;   /* Content-Type; NULL: text/plain */
    const char *allow;  /* for 405 */
    struct text body;   /* or: */
    struct bytes fixed; /* bytes that live for ever */
    bool cacheable;     /* may be kept and asked for again; else no-store */
    bool truncated;     /* a row limit cut the answer */
};

/* One request; its life is in request.h. Handlers use the first part. */
struct request {
    struct web *web;                   /* NULL: the listener is gone */
    const char *names[PATH_PARTS_MAX]; /* parts of the path that stood for a "*" of the route */
    const struct query *query;
    struct reply reply;
    void *job; /* what the handler keeps until the answer, and how to free it */
    void (*free_job)(void *job);

    struct path path; /* decoded, as is the query */
    struct query asked;
    struct evhttp_request *http; /* NULL: answered already, or the listener is gone */
    struct event *timer;         /* while it waits */
    struct request *next, **link;
};

/* Fills the reply and returns. */
typedef void (*request_handler)(const struct request *request, struct reply *reply);

/* Ends, now or later, in request_answer. */
typedef void (*request_starter)(struct request *request);

#endif
