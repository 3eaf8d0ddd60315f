/* What an implementation of the store must offer; store.c calls it and nobody else does.
 *
 * The functions are those of store.h, with the same promises. store.c has already refused what is
 * misuse in any implementation (check.h) and calls from row functions. */
#ifndef LEEWAY_STORE_OPS_H
#define LEEWAY_STORE_OPS_H

#include "store/store.h"

struct store_ops {
    void (*close)(struct store *store);
    const char *(*state)(const struct store *store);
    /* One turn of the store's own loop; may wait. ERR_INVALID if it cannot (a call from within). */
    int (*turn)(struct store *store, struct err *reterr);
    void (*take)(struct store *store, struct store_take *takes, uint32_t count, store_done_fn done,
                 void *context);
    void (*expect)(struct store *store, const char *topic, uint32_t count, store_done_fn done,
                   void *context);
    void (*partitions)(struct store *store, store_partition_fn row, void *row_context,
                       store_done_fn done, void *context);
    void (*commit)(struct store *store, const struct store_commit *commit, store_done_fn done,
                   void *context);
    void (*generations)(struct store *store, const char *monitor, const char *hash,
                        store_generation_fn row, void *row_context, store_done_fn done,
                        void *context);
    void (*claim)(struct store *store, const char *monitor, int64_t lease_ms, bool *ret_given,
                  store_done_fn done, void *context);
    void (*judge_load)(struct store *store, const char *monitor, int64_t *ret_position_ms,
                       struct text *ret_state, store_done_fn done, void *context);
    void (*first_delta)(struct store *store, const char *monitor, int64_t from_ms,
                        int64_t *ret_start_ms, store_done_fn done, void *context);
    void (*deltas)(struct store *store, const char *monitor, int64_t from_ms, int64_t to_ms,
                   store_pane_fn row, void *row_context, int64_t *ret_mark, store_done_fn done,
                   void *context);
    void (*panes)(struct store *store, const char *monitor, int64_t from_ms, int64_t to_ms,
                  store_pane_fn row, void *row_context, store_done_fn done, void *context);
    void (*judged)(struct store *store, const struct store_judged *judged, store_done_fn done,
                   void *context);
    void (*merge_late)(struct store *store, const char *monitor, const struct store_pane *panes,
                       uint32_t count, int64_t delta_mark, store_done_fn done, void *context);
    void (*set_aside)(struct store *store, const char *monitor, const char *version,
                      const char *generation, store_done_fn done, void *context);
    void (*due)(struct store *store, int64_t now_unix_ms, uint32_t limit, store_delivery_fn row,
                void *row_context, store_done_fn done, void *context);
    void (*next_due)(struct store *store, int64_t *ret_unix_ms, store_done_fn done, void *context);
    void (*delivered)(struct store *store, const struct store_delivery_result *result,
                      store_done_fn done, void *context);
    void (*delivery_counts)(struct store *store, const char *receiver, int64_t since_unix_ms,
                            int64_t ret_counts[DELIVERY_STATES], store_done_fn done, void *context);
    void (*baseline_put)(struct store *store, const struct store_baseline *baseline, bool promote,
                         uint32_t *ret_version, store_done_fn done, void *context);
    void (*baseline_get)(struct store *store, const char *name, uint32_t version,
                         struct text *ret_document, uint32_t *ret_version, store_done_fn done,
                         void *context);
    void (*baseline_list)(struct store *store, store_baseline_fn row, void *row_context,
                          store_done_fn done, void *context);
    void (*baseline_promote)(struct store *store, const char *name, uint32_t version,
                             store_done_fn done, void *context);
    void (*verdicts)(struct store *store, const struct store_query *query, store_verdict_fn row,
                     void *row_context, store_done_fn done, void *context);
    void (*latest)(struct store *store, const struct store_query *query, store_verdict_fn row,
                   void *row_context, store_done_fn done, void *context);
    void (*incidents)(struct store *store, const struct store_query *query, store_incident_fn row,
                      void *row_context, store_done_fn done, void *context);
    void (*quarantine_list)(struct store *store, uint32_t limit, store_quarantine_fn row,
                            void *row_context, store_done_fn done, void *context);
    void (*prune)(struct store *store, int64_t panes_before_ms, int64_t verdicts_before_ms,
                  uint32_t quarantine_rows, store_done_fn done, void *context);
    void (*stats)(struct store *store, struct store_stats *ret_stats, store_done_fn done,
                  void *context);
};

/* The first member of every implementation's own struct. */
struct store {
    const struct store_ops *ops;
    bool busy; /* rows are being handed out: what comes now comes from a row function */
};

#endif
