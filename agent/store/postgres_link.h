/* The connection to PostgreSQL, on the event loop: it is made again whenever it is lost, and takes
 * the store's calls across in their order.
 *
 *                     time limit, refusal
 *      ┌───────────────────┬──────────────┬──────────────┐   backoff 0.1 to 5 s with jitter
 *      ▼                   │              │              │
 *   WAITING ──► NAMING ──► CONNECTING ──► CHECKING ──► READY
 *      ▲  (names only)                    (schema)       │
 *      └─────────────────────────────────────────────────┘ lost
 *
 * A call that waits for a connection is answered STORE_UNAVAILABLE after 5 s, or at once when the
 * server has said what somebody must change first. A call that was sent is answered by the server,
 * which stops statements after 30 s and waits for locks 5 s at most; silence for 40 s is a lost
 * connection. What a lost connection means is the call's choice (enum call_loss); only a commit
 * that is being asked about waits for as long as it takes, and nothing is sent behind it until
 * then.
 *
 * No state is kept in the session (no settings, no prepared statements, no session locks), so that
 * a pooler may give each transaction another one. */
#ifndef LEEWAY_STORE_POSTGRES_LINK_H
#define LEEWAY_STORE_POSTGRES_LINK_H

#include "store/postgres_call.h"
#include "store/postgres_target.h"

struct postgres_link;

/* `target` is taken. `busy` is set while rows are handed out. `agent`: "" may also read from a
 * standby. */
struct postgres_link *postgres_link_new(struct postgres_target *target, struct event_base *base,
                                        bool *busy, const char *agent);
/* Calls under way are dropped. May be called from a callback. Takes NULL. */
void postgres_link_free(struct postgres_link *link);

/* Takes the call. It is answered from the loop, never before this returns. */
void postgres_link_send(struct postgres_link *link, struct call *call);

/* "ok" or why not, as store_state. */
const char *postgres_link_state(const struct postgres_link *link);

enum { POSTGRES_WAIT_MS = 5000, POSTGRES_SILENCE_MS = 40000 };

#endif
