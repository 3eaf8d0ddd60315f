/* The parts of the PostgreSQL store, as store_ops wants them; postgres.c puts them together. What
 * each promises stands in store.h. */
#ifndef LEEWAY_STORE_POSTGRES_OPS_H
#define LEEWAY_STORE_POSTGRES_OPS_H

#include "store/ops.h"
#include "store/postgres_call.h"

struct postgres_mark;

struct postgres_store {
    struct store base;
    struct postgres_link *link;
    struct event_base *loop;
    bool own_loop;
    char *agent;
    struct postgres_mark *marks; /* newest first */
    int64_t last_mark;
};

static inline struct postgres_store *postgres_store_of(struct store *store)
{
    return (struct postgres_store *)store; /* its first member */
}

/* Sends a call that is ready. */
void postgres_start(struct store *store, struct call *call);

/* postgres_mark.c: which deltas a reading has seen. Ids of deltas grow in the order of insertion,
 * not of commit, so the largest says nothing about the others: the ids themselves are kept, under
 * a number. A monitor's newest few readings are remembered. */
struct postgres_mark *postgres_mark_new(const char *monitor);
void postgres_mark_free(struct postgres_mark *mark); /* takes NULL; one that is not kept */
void postgres_mark_add(struct postgres_mark *mark, int64_t id);
/* Takes the mark; its number. */
int64_t postgres_mark_keep(struct postgres_store *store, struct postgres_mark *mark);
/* Its ids as a list "{1,2}" in `ret`; false if it is not there any more. 0 has no ids. */
bool postgres_mark_ids(const struct postgres_store *store, const char *monitor, int64_t number,
                       struct text *ret);
void postgres_marks_free(struct postgres_store *store);

/* postgres_commit.c */
void postgres_take(struct store *store, struct store_take *takes, uint32_t count,
                   store_done_fn done, void *context);
void postgres_expect(struct store *store, const char *topic, uint32_t count, store_done_fn done,
                     void *context);
void postgres_partitions(struct store *store, store_partition_fn row, void *row_context,
                         store_done_fn done, void *context);
void postgres_commit(struct store *store, const struct store_commit *commit, store_done_fn done,
                     void *context);

/* postgres_panes.c */
void postgres_generations(struct store *store, const char *monitor, const char *hash,
                          store_generation_fn row, void *row_context, store_done_fn done,
                          void *context);
void postgres_first_delta(struct store *store, const char *monitor, int64_t from_ms,
                          int64_t *ret_start_ms, store_done_fn done, void *context);
void postgres_deltas(struct store *store, const char *monitor, int64_t from_ms, int64_t to_ms,
                     store_pane_fn row, void *row_context, int64_t *ret_mark, store_done_fn done,
                     void *context);
void postgres_panes(struct store *store, const char *monitor, int64_t from_ms, int64_t to_ms,
                    store_pane_fn row, void *row_context, store_done_fn done, void *context);
void postgres_set_aside(struct store *store, const char *monitor, const char *version,
                        const char *generation, store_done_fn done, void *context);

/* postgres_judged.c */
void postgres_claim(struct store *store, const char *monitor, int64_t lease_ms, bool *ret_given,
                    store_done_fn done, void *context);
void postgres_judge_load(struct store *store, const char *monitor, int64_t *ret_position_ms,
                         struct text *ret_state, store_done_fn done, void *context);
void postgres_judged(struct store *store, const struct store_judged *judged, store_done_fn done,
                     void *context);
void postgres_merge_late(struct store *store, const char *monitor, const struct store_pane *panes,
                         uint32_t count, int64_t delta_mark, store_done_fn done, void *context);

/* postgres_outbox.c */
void postgres_due(struct store *store, int64_t now_unix_ms, uint32_t limit, store_delivery_fn row,
                  void *row_context, store_done_fn done, void *context);
void postgres_next_due(struct store *store, int64_t *ret_unix_ms, store_done_fn done,
                       void *context);
void postgres_delivered(struct store *store, const struct store_delivery_result *result,
                        store_done_fn done, void *context);
void postgres_delivery_counts(struct store *store, const char *receiver, int64_t since_unix_ms,
                              int64_t ret_counts[DELIVERY_STATES], store_done_fn done,
                              void *context);

/* postgres_baseline.c */
void postgres_baseline_put(struct store *store, const struct store_baseline *baseline, bool promote,
                           uint32_t *ret_version, store_done_fn done, void *context);
void postgres_baseline_get(struct store *store, const char *name, uint32_t version,
                           struct text *ret_document, uint32_t *ret_version, store_done_fn done,
                           void *context);
void postgres_baseline_list(struct store *store, store_baseline_fn row, void *row_context,
                            store_done_fn done, void *context);
void postgres_baseline_promote(struct store *store, const char *name, uint32_t version,
                               store_done_fn done, void *context);

/* postgres_read.c */
void postgres_verdicts(struct store *store, const struct store_query *query, store_verdict_fn row,
                       void *row_context, store_done_fn done, void *context);
void postgres_latest(struct store *store, const struct store_query *query, store_verdict_fn row,
                     void *row_context, store_done_fn done, void *context);
void postgres_incidents(struct store *store, const struct store_query *query, store_incident_fn row,
                        void *row_context, store_done_fn done, void *context);
void postgres_quarantine_list(struct store *store, uint32_t limit, store_quarantine_fn row,
                              void *row_context, store_done_fn done, void *context);

/* postgres_keep.c */
void postgres_prune(struct store *store, int64_t panes_before_ms, int64_t verdicts_before_ms,
                    uint32_t quarantine_rows, store_done_fn done, void *context);
void postgres_stats(struct store *store, struct store_stats *ret_stats, store_done_fn done,
                    void *context);

#endif
