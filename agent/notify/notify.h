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
 * next notify. Not from within one of its own callbacks. Takes NULL. */
void notify_free(struct notify *notify);

/* Something may have been added to the outbox; looks soon. Cheap, may be called often. */
void notify_wake(struct notify *notify);

/* True if nothing is in flight and nothing is due now; `ret_waiting` (may be NULL) counts rows that
 * wait for a later attempt. Reads the store; false if it cannot be read. */
bool notify_idle(const struct notify *notify, int64_t *ret_waiting);

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
