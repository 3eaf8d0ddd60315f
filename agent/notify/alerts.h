/* The alerts that an Alertmanager receiver must keep hearing of: what fires, and for a while what
 * resolved. In memory; the store's incidents are the truth it is refreshed from. */
#ifndef LEEWAY_NOTIFY_ALERTS_H
#define LEEWAY_NOTIFY_ALERTS_H

#include "notify/notify.h"

enum { ALERTS_MAX = 1024, ALERTS_RESOLVED_MS = 15 * 60 * 1000 };

struct alerts;
struct alerts *alerts_new(void);
void alerts_free(struct alerts *alerts); /* takes NULL; also during a refresh */

/* A row is about to be sent: its incident is told from now on. Older sequences than the one known
 * change nothing; a payload that cannot be read neither. */
void alerts_note(struct alerts *alerts, struct bytes payload, const char *external_url,
                 int64_t now_unix_ms);

struct alerts_scope { /* which incidents of the store are this receiver's */
    const char *receiver, *external_url;
    notify_route_fn route; /* NULL: all */
    void *context;
    bool send_resolved;
};

/* Takes over what fires in the store; what fired and no longer does is resolved, or, if two
 * refreshes do not find it, forgotten; what resolved 15 minutes ago is forgotten. The first refresh
 * also takes what resolved in the last 15 minutes before. On failure nothing is forgotten.
 *
 * `done` is called once, now or later, unless the alerts are freed before. What `scope` points to
 * stays until then. One refresh at a time: false, and nothing is done, if one is under way. */
bool alerts_refresh(struct alerts *alerts, struct store *store, const struct alerts_scope *scope,
                    int64_t now_unix_ms, store_done_fn done, void *context);

/* The store is closed: a refresh that is under way ends without `done`. */
void alerts_store_closed(struct alerts *alerts);

uint32_t alerts_count(const struct alerts *alerts);

/* Appends a JSON array of the alerts [from, from + limit) with their ends: now + lease while they
 * fire. */
void alerts_render(const struct alerts *alerts, uint32_t from, uint32_t limit, int64_t now_unix_ms,
                   int64_t lease_ms, struct text *text);

#endif
