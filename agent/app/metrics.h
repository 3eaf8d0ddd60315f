/* What the agent tells about itself: families for /metrics, and the status object.
 *
 * A scrape asks nobody: it writes what the stages count, and what was last heard of the store and
 * of judging. Those who hear something tell it here; docs/METRICS.md says what every metric means.
 */
#ifndef LEEWAY_APP_METRICS_H
#define LEEWAY_APP_METRICS_H

#include "app/evaluate.h"
#include "app/ingest.h"
#include "app/watermarks.h"
#include "expose/families.h"

struct metrics;

/* `setup` is borrowed. */
struct metrics *metrics_new(const struct setup *setup);
void metrics_free(struct metrics *metrics); /* takes NULL */

/* After a reload: the setup from now on, while the former one is still there; NULL: the reload
 * failed, the former one stays. Verdicts and what was read of the store are forgotten, attempts to
 * tell receivers that are still there are not. */
void metrics_reload(struct metrics *metrics, const struct setup *setup);

/* ---- verdicts: the latest of each (monitor, version, segment, field, window) ---- */

/* For each verdict that was judged. One of a window that is older than the one that is kept changes
 * nothing; one of an e-detector is an event: it is counted. */
void metrics_verdict(struct metrics *metrics, const struct verdict *verdict);
/* The same of a window from a stored row, after a restart. Rows of other monitors, generations and
 * methods are passed over. */
void metrics_verdict_row(struct metrics *metrics, const struct store_verdict *row);
/* Forgets a monitor's verdicts: another agent judges it from now on. */
void metrics_forget(struct metrics *metrics, uint32_t monitor);

/* ---- the store, as last heard of ---- */

/* NULL: it did not answer. `took_ms` is how long it took. */
void metrics_store_sample(struct metrics *metrics, const struct store_stats *stats,
                          int64_t took_ms);

/* A reading of all open incidents (or of all incidents: resolved ones are passed over): begin,
 * rows, end. What was read before stays until the end; a reading that fails is not ended. */
void metrics_incidents_begin(struct metrics *metrics);
void metrics_incident_row(struct metrics *metrics, const struct store_incident *row);
void metrics_incidents_end(struct metrics *metrics);

/* How many messages for a configured receiver are in each state (store_delivery_counts). */
void metrics_messages(struct metrics *metrics, const char *receiver,
                      const int64_t counts[DELIVERY_STATES]);

/* ---- telling ---- */

/* For each attempt, as notify_watch tells it. */
void metrics_delivery(struct metrics *metrics, const struct store_delivery *delivery,
                      const struct store_delivery_result *result);

/* ---- out ---- */

/* Everything above, the totals of the two stages, and where the partitions stand. If there is no
 * room for all fields, those that drift most are written. */
void metrics_write(struct metrics *metrics, const struct ingest *ingest,
                   const struct evaluate *evaluate, const struct watermarks *watermarks,
                   struct families *families);

/* What can be said before there is a setup: whether the store answers ("ok" as from store_state).
 */
void metrics_write_starting(const char *store_state, struct families *families);

/* Appends a JSON object: agent, source, share read (-1: unknown), totals, and each monitor's
 * position. */
void metrics_status(const struct setup *setup, const struct ingest *ingest,
                    const struct evaluate *evaluate, const struct watermarks *watermarks,
                    const char *agent, const char *source, double share_read, struct text *json);

#endif
