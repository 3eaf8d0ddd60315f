/* Being seen: the HTTP listener with the page, the read-only API, health and metrics. Loopback by
 * default; caps on connections, header size and time; GET and HEAD only (but /-/reload). */
#ifndef LEEWAY_EXPOSE_WEB_H
#define LEEWAY_EXPOSE_WEB_H

#include "base/mem.h"
#include "config/config.h"
#include "store/store.h"

struct event_base;
struct web;

/* What the application tells about itself; all callbacks may be NULL. */
struct web_hooks {
    void *context;
    bool (*ready)(void *context, struct text *reasons); /* one line for each check: "store ok",
                                                           "source waiting for broker" */
    void (*metrics)(void *context, struct text *text);  /* Prometheus text 0.0.4, whole families */
    int (*reload)(void *context, struct err *reterr);
    void (*status)(void *context, struct text *json); /* JSON object for /api/v1/status */
};

/* Listens on "host:port" (port 0: any free one). ERR_IO if it cannot. */
struct web *web_new(struct event_base *base, const char *listen, const struct config *config,
                    struct store *store, const struct web_hooks *hooks, struct err *reterr);
void web_free(struct web *web);
uint16_t web_port(const struct web *web);

/* API, all GET, JSON: /api/v1/status, /api/v1/monitors, /api/v1/monitors/M/fields (latest verdict
 * of each), /api/v1/monitors/M/fields/F (baseline and live histogram, history of scores),
 * /api/v1/incidents, /api/v1/incidents/ID, /api/v1/baselines, /api/v1/quarantine. */

#endif
