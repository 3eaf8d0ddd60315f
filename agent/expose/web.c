/* The life of the listener: bind, hand requests to the routes, close. It assumes one loop, and
 * refuses to know what the paths mean. */
#include "expose/web.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "expose/address.h"
#include "expose/guard.h"
#include "expose/host.h"
#include "expose/internal.h"
#include "expose/process.h"
#include "expose/request.h"
#include "expose/routes.h"

const struct web_limits web_limits_default = {
    .connections = 64,
    .waiting = 32,
    .request_ms = 5 * SECOND_MS,
    .wait_ms = 15 * SECOND_MS,
    .response_ms = 20 * SECOND_MS,
    .pressed_request_ms = 100,
    .pressed_response_ms = SECOND_MS,
    .sweep_ms = 250,
    .header_bytes = 8192,
};

enum { BACKLOG = 128 };

static struct evconnlistener *listener_bind(struct event_base *base, const struct address *address,
                                            struct err *reterr)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    char port[8];
    snprintf(port, sizeof port, "%u", address->port);
    int result = getaddrinfo(address->host, port, &hints, &found);
    if (result != 0) {
        err_set(reterr, ERR_IO, "could not listen on %s port %s: %s", address->host, port,
                gai_strerror(result));
        return NULL;
    }
    struct evconnlistener *listener = NULL;
    for (struct addrinfo *at = found; at && !listener; at = at->ai_next)
        listener = evconnlistener_new_bind(
            base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE,
            BACKLOG, at->ai_addr, (int)at->ai_addrlen);
    if (!listener) {
        err_set(reterr, ERR_IO, "could not listen on %s port %s: %s", address->host, port,
                strerror(errno));
        err_hint(reterr, "Another program may use the port; `web.listen` chooses another one.");
    }
    freeaddrinfo(found);
    return listener;
}

/* What was bound in the end: the port, and whether only this machine reaches it. */
static void listener_name(struct evconnlistener *listener, struct web *web)
{
    struct sockaddr_storage name;
    char host[ADDRESS_HOST_MAX], port[8];
    socklen_t size = sizeof name;
    if (getsockname(evconnlistener_get_fd(listener), (struct sockaddr *)&name, &size) != 0 ||
        getnameinfo((struct sockaddr *)&name, size, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV))
        return;
    web->port = (uint16_t)strtoul(port, NULL, 10);
    web->local = host_is_loopback(host);
}

static void on_request(struct evhttp_request *request, void *context)
{
    routes_answer(context, request);
}

static void web_serve(struct web *web, struct event_base *base, struct evconnlistener *listener)
{
    web->http = evhttp_new(base);
    if (!web->http || !evhttp_bind_listener(web->http, listener))
        mem_fail(sizeof *web);
    web->listener = listener;
    listener_name(listener, web);
    web->guard = guard_new(base, web->http, listener, &web->limits);
    evhttp_set_max_headers_size(web->http, (ev_ssize_t)web->limits.header_bytes);
    evhttp_set_max_body_size(web->http, 0);
    /* All that libevent knows, so that the routes can answer 405 with an Allow header. */
    evhttp_set_allowed_methods(web->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD |
                                              EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE |
                                              EVHTTP_REQ_OPTIONS | EVHTTP_REQ_TRACE |
                                              EVHTTP_REQ_PATCH);
    evhttp_set_gencb(web->http, on_request, web);
}

struct web *web_new_limited(struct event_base *base, const char *listen,
                            const struct config *config, struct store *store,
                            const struct web_hooks *hooks, const struct web_limits *limits,
                            struct err *reterr)
{
    struct address address;
    if (address_parse(listen, &address, reterr) < 0)
        return NULL;
    struct evconnlistener *listener = listener_bind(base, &address, reterr);
    if (!listener)
        return NULL;
    struct web *web = mem_new(1, sizeof *web);
    web->base = base;
    web->config = config;
    web->store = store;
    web->limits = *limits;
    memcpy(web->listen_host, address.host, sizeof web->listen_host);
    web->start_seconds = process_start_seconds();
    if (hooks)
        web->hooks = *hooks;
    web_serve(web, base, listener);
    return web;
}

struct web *web_new(struct event_base *base, const char *listen, const struct config *config,
                    struct store *store, const struct web_hooks *hooks, struct err *reterr)
{
    return web_new_limited(base, listen, config, store, hooks, &web_limits_default, reterr);
}

void web_free(struct web *web)
{
    if (!web)
        return;
    requests_forsake(web);
    evhttp_free(web->http);
    guard_free(web->guard);
    free(web);
}

void web_store_closed(struct web *web)
{
    if (web)
        requests_store_closed(web);
}

uint16_t web_port(const struct web *web)
{
    return web->port;
}

bool web_is_local(const struct web *web)
{
    return web->local;
}

void web_set_config(struct web *web, const struct config *config)
{
    web->config = config;
}
