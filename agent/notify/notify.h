/* Telling: takes due rows from the store's outbox and delivers them over HTTP, on the event loop.
 *
 * At least once, stable ids, strict order within an incident and receiver, one queue for each
 * receiver so that a dead one delays nobody else, backoff with jitter, Retry-After, parking on
 * 401/403/404/410, dead after 400/413/422. Never logs a URL. State diagram in notify.c. */
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

/* `config` and `store` are borrowed. Reads URL and secret files. NULL on failure (unreadable
 * secret, bad URL). */
struct notify *notify_new(struct event_base *base, const struct config *config, struct store *store,
                          struct err *reterr);
void notify_free(struct notify *notify);

/* Something may have been added to the outbox; looks soon. Cheap, may be called often. */
void notify_wake(struct notify *notify);

/* True if nothing is in flight and nothing is due now; `ret_waiting` (may be NULL) counts rows that
 * wait for a later attempt. */
bool notify_idle(const struct notify *notify, int64_t *ret_waiting);

/* Called after each attempt, for progress output and metrics; may be NULL. */
typedef void (*notify_watch_fn)(void *context, const struct store_delivery *delivery,
                                const struct store_delivery_result *result);
void notify_watch(struct notify *notify, notify_watch_fn watch, void *context);

/* Pure renderers (notify/render.c): the request body for one receiver type from the neutral
 * payload. ERR_INVALID if the payload is not what incident made. `text` gets the body; content type
 * is application/json for all. */
int render_webhook(struct bytes payload, const char *receiver, const char *external_url,
                   struct text *text, struct err *reterr);
int render_slack(struct bytes payload, const char *external_url, struct text *text,
                 struct err *reterr);
int render_alertmanager(struct bytes payload, const char *external_url, int64_t now_unix_ms,
                        int64_t lease_ms, struct text *text, struct err *reterr);
int render_retrain(struct bytes payload, const char *message_id, struct text *text,
                   struct err *reterr);

#endif
