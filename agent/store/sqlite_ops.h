/* The parts of the SQLite store, as store_ops wants them; sqlite.c puts them together. What each
 * promises stands in store.h. */
#ifndef LEEWAY_STORE_SQLITE_OPS_H
#define LEEWAY_STORE_SQLITE_OPS_H

#include "store/ops.h"

/* sqlite_commit.c */
int sqlite_take_partition(struct store *store, const char *topic, int32_t partition,
                          int64_t start_offset, const char *agent, struct store_partition *ret,
                          struct err *reterr);
int sqlite_partitions(struct store *store,
                      int (*row)(void *context, const struct store_partition *p,
                                 const int64_t *records),
                      void *context, struct err *reterr);
void sqlite_commit(struct store *store, const struct store_commit *commit, store_done_fn done,
                   void *context);

/* sqlite_panes.c */
int sqlite_generation(struct store *store, const char *monitor, const char *version,
                      const char *hash, const char *baseline_hash, int64_t first_pane_ms,
                      struct err *reterr);
int sqlite_generations(struct store *store, const char *monitor, const char *hash,
                       int (*row)(void *context, const struct store_generation *g), void *context,
                       struct err *reterr);
int sqlite_first_delta(struct store *store, const char *monitor, int64_t from_ms,
                       int64_t *ret_start_ms, struct err *reterr);
int sqlite_deltas(struct store *store, const char *monitor, int64_t from_ms, int64_t to_ms,
                  int (*row)(void *context, const struct store_pane *delta), void *context,
                  int64_t *ret_mark, struct err *reterr);
int sqlite_panes(struct store *store, const char *monitor, int64_t from_ms, int64_t to_ms,
                 int (*row)(void *context, const struct store_pane *pane), void *context,
                 struct err *reterr);

/* sqlite_judged.c */
int sqlite_judge_load(struct store *store, const char *monitor, int64_t *ret_position_ms,
                      struct text *ret_state, struct err *reterr);
void sqlite_judged(struct store *store, const struct store_judged *judged, store_done_fn done,
                   void *context);
void sqlite_merge_late(struct store *store, const char *monitor, const struct store_pane *panes,
                       uint32_t count, int64_t delta_mark, store_done_fn done, void *context);
int sqlite_set_aside(struct store *store, const char *monitor, const char *generation,
                     struct err *reterr);

/* sqlite_outbox.c */
int sqlite_due(struct store *store, int64_t now_unix_ms, uint32_t limit,
               int (*row)(void *context, const struct store_delivery *d), void *context,
               struct err *reterr);
int sqlite_next_due(struct store *store, int64_t *ret_unix_ms, struct err *reterr);
void sqlite_delivered(struct store *store, const struct store_delivery_result *result,
                      store_done_fn done, void *context);
int sqlite_delivery_counts(struct store *store, const char *receiver, int64_t since_unix_ms,
                           int64_t ret_counts[DELIVERY_STATES], struct err *reterr);

/* sqlite_baseline.c */
int sqlite_baseline_put(struct store *store, const char *name, const char *hash,
                        const char *created, int64_t rows, const char *document, bool promote,
                        uint32_t *ret_version, struct err *reterr);
int sqlite_baseline_get(struct store *store, const char *name, uint32_t version,
                        struct text *ret_document, uint32_t *ret_version, struct err *reterr);
int sqlite_baseline_list(struct store *store,
                         int (*row)(void *context, const struct store_baseline *b), void *context,
                         struct err *reterr);
int sqlite_baseline_promote(struct store *store, const char *name, uint32_t version,
                            struct err *reterr);

/* sqlite_read.c */
int sqlite_verdicts(struct store *store, const struct store_query *query,
                    int (*row)(void *context, const struct store_verdict *v), void *context,
                    struct err *reterr);
int sqlite_latest(struct store *store, const struct store_query *query,
                  int (*row)(void *context, const struct store_verdict *v), void *context,
                  struct err *reterr);
int sqlite_incidents(struct store *store, const struct store_query *query,
                     int (*row)(void *context, const struct store_incident *i), void *context,
                     struct err *reterr);
int sqlite_quarantine_list(struct store *store, uint32_t limit,
                           int (*row)(void *context, const struct store_quarantine *q),
                           void *context, struct err *reterr);

/* sqlite_keep.c */
int sqlite_prune(struct store *store, int64_t panes_before_ms, int64_t verdicts_before_ms,
                 uint32_t quarantine_rows, struct err *reterr);
int sqlite_stats(struct store *store, struct store_stats *ret_stats, struct err *reterr);

#endif
