/* The parts of the SQLite store: each does its work before it returns, and returns 0 or an error
 * code. sqlite_answer.c makes of them the calls that struct store_ops wants. What each promises
 * stands in store.h; outputs are written only on success. */
#ifndef LEEWAY_STORE_SQLITE_OPS_H
#define LEEWAY_STORE_SQLITE_OPS_H

#include "store/ops.h"

struct sqlite_store;

/* sqlite_answer.c */
extern const struct store_ops sqlite_ops;

/* sqlite.c */
void sqlite_close(struct store *store);

/* sqlite_commit.c */
int sqlite_take_now(struct store *store, struct store_take *takes, uint32_t count,
                    struct err *reterr);
int sqlite_expect_now(struct store *store, const char *topic, uint32_t count, struct err *reterr);
int sqlite_partitions_now(struct store *store, store_partition_fn row, void *context,
                          struct err *reterr);
int sqlite_commit_now(struct store *store, const struct store_commit *commit, struct err *reterr);

/* sqlite_panes.c */
/* Within a transaction. */
int sqlite_register(struct sqlite_store *store, const struct store_register *what,
                    struct err *reterr);
int sqlite_generations_now(struct store *store, const char *monitor, const char *hash,
                           store_generation_fn row, void *context, struct err *reterr);
int sqlite_first_delta_now(struct store *store, const char *monitor, int64_t from_ms,
                           int64_t *ret_start_ms, struct err *reterr);
int sqlite_deltas_now(struct store *store, const char *monitor, int64_t from_ms, int64_t to_ms,
                      store_pane_fn row, void *context, int64_t *ret_mark, struct err *reterr);
int sqlite_panes_now(struct store *store, const char *monitor, int64_t from_ms, int64_t to_ms,
                     store_pane_fn row, void *context, struct err *reterr);

/* sqlite_judged.c */
int sqlite_judge_load_now(struct store *store, const char *monitor, int64_t *ret_position_ms,
                          struct text *ret_state, struct err *reterr);
int sqlite_judged_now(struct store *store, const struct store_judged *judged, struct err *reterr);
int sqlite_merge_late_now(struct store *store, const char *monitor, const struct store_pane *panes,
                          uint32_t count, int64_t delta_mark, struct err *reterr);
int sqlite_set_aside_now(struct store *store, const char *monitor, const char *version,
                         const char *generation, struct err *reterr);

/* sqlite_outbox.c */
int sqlite_due_now(struct store *store, int64_t now_unix_ms, uint32_t limit, store_delivery_fn row,
                   void *context, struct err *reterr);
int sqlite_next_due_now(struct store *store, int64_t *ret_unix_ms, struct err *reterr);
int sqlite_delivered_now(struct store *store, const struct store_delivery_result *result,
                         struct err *reterr);
int sqlite_delivery_counts_now(struct store *store, const char *receiver, int64_t since_unix_ms,
                               int64_t ret_counts[DELIVERY_STATES], struct err *reterr);

/* sqlite_baseline.c */
int sqlite_baseline_put_now(struct store *store, const struct store_baseline *baseline,
                            bool promote, uint32_t *ret_version, struct err *reterr);
int sqlite_baseline_get_now(struct store *store, const char *name, uint32_t version,
                            struct text *ret_document, uint32_t *ret_version, struct err *reterr);
int sqlite_baseline_list_now(struct store *store, store_baseline_fn row, void *context,
                             struct err *reterr);
int sqlite_baseline_promote_now(struct store *store, const char *name, uint32_t version,
                                struct err *reterr);

/* sqlite_read.c */
int sqlite_verdicts_now(struct store *store, const struct store_query *query, store_verdict_fn row,
                        void *context, struct err *reterr);
int sqlite_latest_now(struct store *store, const struct store_query *query, store_verdict_fn row,
                      void *context, struct err *reterr);
int sqlite_incidents_now(struct store *store, const struct store_query *query,
                         store_incident_fn row, void *context, struct err *reterr);
int sqlite_quarantine_list_now(struct store *store, uint32_t limit, store_quarantine_fn row,
                               void *context, struct err *reterr);

/* sqlite_keep.c */
int sqlite_prune_now(struct store *store, int64_t panes_before_ms, int64_t verdicts_before_ms,
                     uint32_t quarantine_rows, struct err *reterr);
int sqlite_stats_now(struct store *store, struct store_stats *ret_stats, struct err *reterr);

#endif
