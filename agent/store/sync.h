/* The store's calls for those who may wait: commands, start-up, tests. Each asks, runs the store's
 * loop until the answer is there, and returns 0 or an error code. Never from within a callback.
 *
 * Fenced is ERR_CONFLICT, unavailable ERR_UNAVAILABLE; the rest is as in store.h. */
#ifndef LEEWAY_STORE_SYNC_H
#define LEEWAY_STORE_SYNC_H

#include "store/store.h"

int store_sync_take(struct store *store, struct store_take *takes, uint32_t count,
                    struct err *reterr);
int store_sync_expect(struct store *store, const char *topic, uint32_t count, struct err *reterr);
int store_sync_partitions(struct store *store, store_partition_fn row, void *row_context,
                          struct err *reterr);
int store_sync_commit(struct store *store, const struct store_commit *commit, struct err *reterr);
int store_sync_generations(struct store *store, const char *monitor, const char *hash,
                           store_generation_fn row, void *row_context, struct err *reterr);
int store_sync_claim(struct store *store, const char *monitor, int64_t lease_ms, bool *ret_given,
                     struct err *reterr);
int store_sync_judge_load(struct store *store, const char *monitor, int64_t *ret_position_ms,
                          struct text *ret_state, struct err *reterr);
int store_sync_first_delta(struct store *store, const char *monitor, int64_t from_ms,
                           int64_t *ret_start_ms, struct err *reterr);
int store_sync_deltas(struct store *store, const char *monitor, int64_t from_ms, int64_t to_ms,
                      store_pane_fn row, void *row_context, int64_t *ret_mark, struct err *reterr);
int store_sync_panes(struct store *store, const char *monitor, int64_t from_ms, int64_t to_ms,
                     store_pane_fn row, void *row_context, struct err *reterr);
int store_sync_judged(struct store *store, const struct store_judged *judged, struct err *reterr);
int store_sync_merge_late(struct store *store, const char *monitor, const struct store_pane *panes,
                          uint32_t count, int64_t delta_mark, struct err *reterr);
int store_sync_set_aside(struct store *store, const char *monitor, const char *version,
                         const char *generation, struct err *reterr);
int store_sync_due(struct store *store, int64_t now_unix_ms, uint32_t limit, store_delivery_fn row,
                   void *row_context, struct err *reterr);
int store_sync_next_due(struct store *store, int64_t *ret_unix_ms, struct err *reterr);
int store_sync_delivered(struct store *store, const struct store_delivery_result *result,
                         struct err *reterr);
int store_sync_delivery_counts(struct store *store, const char *receiver, int64_t since_unix_ms,
                               int64_t ret_counts[DELIVERY_STATES], struct err *reterr);
int store_sync_baseline_put(struct store *store, const struct store_baseline *baseline,
                            bool promote, uint32_t *ret_version, struct err *reterr);
int store_sync_baseline_get(struct store *store, const char *name, uint32_t version,
                            struct text *ret_document, uint32_t *ret_version, struct err *reterr);
int store_sync_baseline_list(struct store *store, store_baseline_fn row, void *row_context,
                             struct err *reterr);
int store_sync_baseline_promote(struct store *store, const char *name, uint32_t version,
                                struct err *reterr);
int store_sync_verdicts(struct store *store, const struct store_query *query, store_verdict_fn row,
                        void *row_context, struct err *reterr);
int store_sync_latest(struct store *store, const struct store_query *query, store_verdict_fn row,
                      void *row_context, struct err *reterr);
int store_sync_incidents(struct store *store, const struct store_query *query,
                         store_incident_fn row, void *row_context, struct err *reterr);
int store_sync_quarantine_list(struct store *store, uint32_t limit, store_quarantine_fn row,
                               void *row_context, struct err *reterr);
int store_sync_prune(struct store *store, int64_t panes_before_ms, int64_t verdicts_before_ms,
                     uint32_t quarantine_rows, struct err *reterr);
int store_sync_stats(struct store *store, struct store_stats *ret_stats, struct err *reterr);
/* The same for one partition. `ret->topic` is the argument. */
int store_sync_take_partition(struct store *store, const char *topic, int32_t partition,
                              int64_t start_offset, struct store_partition *ret,
                              struct err *reterr);

#endif
