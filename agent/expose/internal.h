/* What the parts of expose share: the listener's state, one request, one reply. Not for other
 * folders; tests use it to set limits. */
#ifndef LEEWAY_EXPOSE_INTERNAL_H
#define LEEWAY_EXPOSE_INTERNAL_H

#include "expose/address.h"
#include "expose/query.h"
#include "expose/web.h"

struct web_limits {
    uint32_t connections; /* open at once */
    int64_t request_ms;   /* from accept until the request is complete */
    int64_t response_ms;  /* from then until the reply is taken */
    int64_t sweep_ms;     /* how often the two are looked at */
    size_t header_bytes;  /* request line and header */
};

enum { METRICS_MAX_BYTES = 16 << 20 };

extern const struct web_limits web_limits_default;

struct web {
    const struct config *config;
    struct store *store;
    struct web_hooks hooks;
    struct web_limits limits;
    struct evhttp *http;
    struct evconnlistener *listener; /* owned by http */
    struct guard *guard;
    uint16_t port;
    bool local; /* bound to loopback: see host.h */
    char listen_host[ADDRESS_HOST_MAX];
    double start_seconds;      /* of the process, since 1970; 0 if unknown */
    uint64_t requests, failed; /* answered; of these with 5xx */
};

/* web_new with other limits than the default ones. */
struct web *web_new_limited(struct event_base *base, const char *listen,
                            const struct config *config, struct store *store,
                            const struct web_hooks *hooks, const struct web_limits *limits,
                            struct err *reterr);

/* One request, as a handler sees it. */
struct request {
    struct web *web;
    const char *const *names; /* decoded parts of the path that stood for a "*" of the route */
    const struct query *query;
};

/* What a handler answers; starts as 200, empty. */
struct reply {
    int status;
    const char *type;   /* Content-Type; NULL: text/plain */
    const char *allow;  /* for 405 */
    struct text body;   /* or: */
    struct bytes fixed; /* bytes that live for ever */
    bool cacheable;     /* may be kept and asked for again; else no-store */
    bool truncated;     /* a row limit cut the answer */
};

typedef void (*request_handler)(const struct request *request, struct reply *reply);

#endif
