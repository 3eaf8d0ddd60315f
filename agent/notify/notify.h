/* Telling: takes due rows from the store's outbox and delivers them over HTTP, on the event loop.
 *
 * At least once, stable ids, strict order within an incident and receiver, one lane for each
 * receiver so that a dead one delays nobody else, backoff with jitter, Retry-After, parking on
 * 401/403/404/410 and redirects, dead after 400/413/422. Never logs a URL. State diagram in
 * notify.c.
 *
 * What is not sent, and how its row ends:
 *   receiver not `enabled`                     DELIVERY_DRY_RUN
 *   "closed" for `send_resolved: false`        DELIVERY_DELIVERED, zero attempts more
 *   retraining in cooldown or over the budget  DELIVERY_SUPPRESSED
 *   anything but "retrain" for a retrain type  DELIVERY_SUPPRESSED
 *   receiver that the configuration lacks      DELIVERY_PARKED, looked at again every 15 min
 *
 * Never waits for the store: while that is away nothing new is sent, what came of deliveries is
 * kept until it can be written, and it is tried again after 1 s, 2 s … 30 s.
 *
 * Alertmanager forgets: what fires is sent again every minute with a lease of four, what resolved
 * for 15 minutes more, to every URL, from the store's incidents (so also after a restart). */
#ifndef LEEWAY_NOTIFY_NOTIFY_H
#define LEEWAY_NOTIFY_NOTIFY_H

#include "base/mem.h"
#include "config/config.h"
#include "store/store.h"

/* The neutral payload of an outbox row, made by incident and app, rendered here for each receiver:
 *
 *   {"event": "opened" | "worsened" | "closed" | "retrain", "sequence": 1,
 *    "incident": {"id": UUID, "monitor": "flights", "version": "1", "rule": "inputs-drift",
 *       "state": "firing" | "resolving" | "resolved", "severity": "info" | "warning" | "critical",
 *       "generation": "16 hex", "opened": RFC 3339, "updated": …, "resolved": … or null,
 *       "title": "flights 1: 3 fields drift, worst dep_delay (high)",
 *       "evidence": {"condition": "drift >= low", "baseline": "flights@1", "baseline_hash": hex,
 *          "member_count": 3, "members": [ranked, at most 20:
 *             {"field": "dep_delay", "segment": "", "window": "24h", "start": …, "end": …,
 *              "severity": "high", "effect": 0.41, "p": 1e-30, "n": 930, "baseline_n": 26483,
 *              "detail": "missing 1.9 % -> 50.8 %", "reasons": ["missing"],
 *              "histogram": {"labels": ["< -43", …], "baseline": [shares], "live": [shares]}}],
 *          "reproduce": "leeway replay …"}}} */
struct event_base;
struct notify;

/* `config` and `store` are borrowed and must outlive it. Reads URL and secret files. Sends nothing
 * before the loop runs. NULL on failure (unreadable secret, bad URL); messages name the receiver,
 * never a URL. */
struct notify *notify_new(struct event_base *base, const struct config *config, struct store *store,
                          struct err *reterr);
/* Gives up what is in flight; its rows stay pending and are sent again, with the same ids, by the
 * next notify. Not from within one of its own callbacks. Takes NULL. The store may live on: what it
 * was asked is freed when it answers. At the end of the process the order is store_close,
 * notify_store_closed, notify_free: a closed store never answers. */
void notify_free(struct notify *notify);

/* The store was closed: it is not asked any more, and nothing new is sent. Takes NULL. */
void notify_store_closed(struct notify *notify);

/* Something may have been added to the outbox; looks soon, at most ten times a second. Cheap, may
 * be called often. */
void notify_wake(struct notify *notify);

/* True if nothing is in flight, and the outbox, looked at after the last notify_wake, had nothing
 * that is due now; `ret_waiting` (may be NULL) says whether it had rows for a later attempt. False
 * as long as it cannot be read. Does not ask the store. */
bool notify_idle(const struct notify *notify, bool *ret_waiting);

/* What is known of the receivers of the configuration, in its order; for metrics. Does not ask the
 * store. Valid until the loop runs again. */
struct notify_receiver {
    const char *name;
    uint64_t results[DELIVERY_STATES]; /* what came of deliveries in this process (DELIVERY_PENDING:
                                          to be tried again) */
    bool counted;                      /* the rows are known: */
    int64_t rows[DELIVERY_STATES];     /* of all agents, as of some seconds ago */
};
uint32_t notify_receiver_count(const struct notify *notify);
const struct notify_receiver *notify_receiver_at(const struct notify *notify, uint32_t index);

/* Called after each attempt, for progress output and metrics; may be NULL. */
typedef void (*notify_watch_fn)(void *context, const struct store_delivery *delivery,
                                const struct store_delivery_result *result);
void notify_watch(struct notify *notify, notify_watch_fn watch, void *context);

/* Which Alertmanager receivers an incident of (monitor, rule) is told to, for sending again. NULL,
 * the default: all of them. To be set before the loop runs. */
typedef bool (*notify_route_fn)(void *context, const char *monitor, const char *rule,
                                const char *receiver);
void notify_route(struct notify *notify, notify_route_fn route, void *context);

/* Another wall clock (unix ms) than the machine's, for tests and replays. Loop timers only decide
 * when to look; what is due is decided by this clock. */
void notify_clock(struct notify *notify, int64_t (*now_unix_ms)(void));

/* Pure renderers (notify/render.c): the request body for one receiver type from the neutral
 * payload. ERR_INVALID if the payload is not what incident made (`text` is then unchanged). `text`
 * gets the body appended; content type is application/json for all. `external_url` may be NULL.
 *
 * webhook: the body of Alertmanager's webhook, version 4, one alert for each member (at most 100,
 * the rest counted in truncatedAlerts). slack: Block Kit, at most 10 members. alertmanager: an
 * array of one alert for the incident, endsAt is now + lease while it lasts. retrain: one flat
 * object of type io.leeway.retrain.requested. */
int render_webhook(struct bytes payload, const char *receiver, const char *external_url,
                   struct text *text, struct err *reterr);
int render_slack(struct bytes payload, const char *external_url, struct text *text,
                 struct err *reterr);
int render_alertmanager(struct bytes payload, const char *external_url, int64_t now_unix_ms,
                        int64_t lease_ms, struct text *text, struct err *reterr);
int render_retrain(struct bytes payload, const char *message_id, struct text *text,
                   struct err *reterr);

#endif
