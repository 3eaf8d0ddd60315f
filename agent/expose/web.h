/* Being seen: the HTTP listener with the page, the read-only API, health and metrics.
 *
 * Loopback by default; GET and HEAD only (but POST /-/reload); no body is accepted. One request a
 * connection, at most 64 connections at once (for further ones the slow ones give way), 8 KiB of
 * header, 5 s for the request to arrive. Never waits for the store: a request is answered when the
 * store has answered, at most 32 do so at once. docs/API.md is the reference of paths and shapes.
 */
#ifndef LEEWAY_EXPOSE_WEB_H
#define LEEWAY_EXPOSE_WEB_H

#include "base/mem.h"
#include "config/config.h"
#include "expose/families.h"
#include "store/store.h"

struct event_base;
struct web;
struct web_reload;

/* What the application tells about itself; all callbacks may be NULL. They are called from the
 * loop, answer at once (so they ask the store for nothing but store_state), and append to
 * what they are given, which is empty. None may call web_free. */
struct web_hooks {
    void *context;
    bool (*ready)(void *context, struct text *reasons); /* one line for each check: "store ok",
                                                           "source waiting for broker" */
    void (*metrics)(void *context, struct families *families); /* not process_*, leeway_ready,
                                                                  leeway_build_info, leeway_web_*,
                                                                  which are added here */
    void (*reload)(void *context, struct web_reload *token); /* ends in web_reload_done; not called
                                                                while another one is under way */
    void (*status)(void *context, struct text *json);        /* JSON object for /api/v1/status */
};

/* Listens on "host:port" ("127.0.0.1:9464", "[::1]:0", "localhost:9464"; port 0: any free one).
 * `config` and `store` are borrowed and must outlive the listener (see web_set_config); `hooks` is
 * copied. NULL with ERR_INVALID for another form of address, ERR_IO if it cannot be bound. The
 * process must ignore SIGPIPE. */
struct web *web_new(struct event_base *base, const char *listen, const struct config *config,
                    struct store *store, const struct web_hooks *hooks, struct err *reterr);

/* Closes the listener and every connection. Takes NULL. Before event_base_free. The store may live
 * on: what requests have asked it for is freed when it answers. At the end of the process the order
 * is store_close, web_store_closed, web_free: a closed store never answers. */
void web_free(struct web *web);

/* The store was closed: who waits for it, and who asks from now on, is told 503. Takes NULL. */
void web_store_closed(struct web *web);

/* A reload is done; `err` says why not (NULL: all is well). To be called once for each token, from
 * within the hook or later, also when client or listener are gone meanwhile. */
void web_reload_done(struct web_reload *token, const struct err *err);

/* The port that is listened on, also when 0 was asked for. */
uint16_t web_port(const struct web *web);

/* True if only this machine can reach it. Then requests must name this machine, the host of
 * `listen` or that of web.external_url; else whoever can reach it may ask. */
bool web_is_local(const struct web *web);

/* After a reload: the configuration that is shown from now on (borrowed). May be called from within
 * the reload hook. */
void web_set_config(struct web *web, const struct config *config);

#endif
