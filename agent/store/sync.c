/* Asking and waiting in one: an answer on the stack, the call, and the store's loop until it is
 * given. Assumes that nobody comes here from within that loop. Knows no implementation. */
#include "store/sync.h"

int store_sync_take(struct store *store, struct store_take *takes, uint32_t count,
                    struct err *reterr)
{
    struct store_answer answer = {0};
    store_take(store, takes, count, store_answered, &answer);
    return store_wait(store, &answer, reterr);
}

int store_sync_expect(struct store *store, const char *topic, uint32_t count, struct err *reterr)
{
    struct store_answer answer = {0};
    store_expect(store, topic, count, store_answered, &answer);
    return store_wait(store, &answer, reterr);
}

int store_sync_partitions(struct store *store, store_partition_fn row, void *row_context,
                          struct err *reterr)
{
    struct store_answer answer = {0};
    store_partitions(store, row, row_context, store_answered, &answer);
    return store_wait(store, &answer, reterr);
}

int store_sync_commit(struct store *store, const struct store_commit *commit, struct err *reterr)
{
    struct store_answer answer = {0};
    store_commit(store, commit, store_answered, &answer);
    return store_wait(store, &answer, reterr);
}

int store_sync_generations(struct store *store, const char *monitor, const char *hash,
                           store_generation_fn row, void *row_context, struct err *reterr)
{
    struct store_answer answer = {0};
    store_generations(store, monitor, hash, row, row_context, store_answered, &answer);
    return store_wait(store, &answer, reterr);
}

int store_sync_claim(struct store *store, const char *monitor, int64_t lease_ms, bool *ret_given,
                     struct err *reterr)
{
    struct store_answer answer = {0};
    store_claim(store, monitor, lease_ms, ret_given, store_answered, &answer);
    return store_wait(store, &answer, reterr);
}

int store_sync_judge_load(struct store *store, const char *monitor, int64_t *ret_position_ms,
                          struct text *ret_state, struct err *reterr)
{
    struct store_answer answer = {0};
    store_judge_load(store, monitor, ret_position_ms, ret_state, store_answered, &answer);
    return store_wait(store, &answer, reterr);
}

int store_sync_first_delta(struct store *store, const char *monitor, int64_t from_ms,
                           int64_t *ret_start_ms, struct err *reterr)
{
    struct store_answer answer = {0};
    store_first_delta(store, monitor, from_ms, ret_start_ms, store_answered, &answer);
    return store_wait(store, &answer, reterr);
}

int store_sync_deltas(struct store *store, const char *monitor, int64_t from_ms, int64_t to_ms,
                      store_pane_fn row, void *row_context, int64_t *ret_mark, struct err *reterr)
{
    struct store_answer answer = {0};
    store_deltas(store, monitor, from_ms, to_ms, row, row_context, ret_mark, store_answered,
                 &answer);
    return store_wait(store, &answer, reterr);
}

int store_sync_panes(struct store *store, const char *monitor, int64_t from_ms, int64_t to_ms,
                     store_pane_fn row, void *row_context, struct err *reterr)
{
    struct store_answer answer = {0};
    store_panes(store, monitor, from_ms, to_ms, row, row_context, store_answered, &answer);
    return store_wait(store, &answer, reterr);
}

int store_sync_judged(struct store *store, const struct store_judged *judged, struct err *reterr)
{
    struct store_answer answer = {0};
    store_judged(store, judged, store_answered, &answer);
    return store_wait(store, &answer, reterr);
}

int store_sync_merge_late(struct store *store, const char *monitor, const struct store_pane *panes,
                          uint32_t count, int64_t delta_mark, struct err *reterr)
{
    struct store_answer answer = {0};
    store_merge_late(store, monitor, panes, count, delta_mark, store_answered, &answer);
    return store_wait(store, &answer, reterr);
}

int store_sync_set_aside(struct store *store, const char *monitor, const char *version,
                         const char *generation, struct err *reterr)
{
    struct store_answer answer = {0};
    store_set_aside(store, monitor, version, generation, store_answered, &answer);
    return store_wait(store, &answer, reterr);
}

int store_sync_due(struct store *store, int64_t now_unix_ms, uint32_t limit, store_delivery_fn row,
                   void *row_context, struct err *reterr)
{
    struct store_answer answer = {0};
    store_due(store, now_unix_ms, limit, row, row_context, store_answered, &answer);
    return store_wait(store, &answer, reterr);
}

int store_sync_next_due(struct store *store, int64_t *ret_unix_ms, struct err *reterr)
{
    struct store_answer answer = {0};
    store_next_due(store, ret_unix_ms, store_answered, &answer);
    return store_wait(store, &answer, reterr);
}

int store_sync_delivered(struct store *store, const struct store_delivery_result *result,
                         struct err *reterr)
{
    struct store_answer answer = {0};
    store_delivered(store, result, store_answered, &answer);
    return store_wait(store, &answer, reterr);
}

int store_sync_delivery_counts(struct store *store, const char *receiver, int64_t since_unix_ms,
                               int64_t ret_counts[DELIVERY_STATES], struct err *reterr)
{
    struct store_answer answer = {0};
    store_delivery_counts(store, receiver, since_unix_ms, ret_counts, store_answered, &answer);
    return store_wait(store, &answer, reterr);
}

int store_sync_baseline_put(struct store *store, const struct store_baseline *baseline,
                            bool promote, uint32_t *ret_version, struct err *reterr)
{
    struct store_answer answer = {0};
    store_baseline_put(store, baseline, promote, ret_version, store_answered, &answer);
    return store_wait(store, &answer, reterr);
}

int store_sync_baseline_get(struct store *store, const char *name, uint32_t version,
                            struct text *ret_document, uint32_t *ret_version, struct err *reterr)
{
    struct store_answer answer = {0};
    store_baseline_get(store, name, version, ret_document, ret_version, store_answered, &answer);
    return store_wait(store, &answer, reterr);
}

int store_sync_baseline_list(struct store *store, store_baseline_fn row, void *row_context,
                             struct err *reterr)
{
    struct store_answer answer = {0};
    store_baseline_list(store, row, row_context, store_answered, &answer);
    return store_wait(store, &answer, reterr);
}

int store_sync_baseline_promote(struct store *store, const char *name, uint32_t version,
                                struct err *reterr)
{
    struct store_answer answer = {0};
    store_baseline_promote(store, name, version, store_answered, &answer);
    return store_wait(store, &answer, reterr);
}

int store_sync_verdicts(struct store *store, const struct store_query *query, store_verdict_fn row,
                        void *row_context, struct err *reterr)
{
    struct store_answer answer = {0};
    store_verdicts(store, query, row, row_context, store_answered, &answer);
    return store_wait(store, &answer, reterr);
}

int store_sync_latest(struct store *store, const struct store_query *query, store_verdict_fn row,
                      void *row_context, struct err *reterr)
{
    struct store_answer answer = {0};
    store_latest(store, query, row, row_context, store_answered, &answer);
    return store_wait(store, &answer, reterr);
}

int store_sync_incidents(struct store *store, const struct store_query *query,
                         store_incident_fn row, void *row_context, struct err *reterr)
{
    struct store_answer answer = {0};
    store_incidents(store, query, row, row_context, store_answered, &answer);
    return store_wait(store, &answer, reterr);
}

int store_sync_quarantine_list(struct store *store, uint32_t limit, store_quarantine_fn row,
                               void *row_context, struct err *reterr)
{
    struct store_answer answer = {0};
    store_quarantine_list(store, limit, row, row_context, store_answered, &answer);
    return store_wait(store, &answer, reterr);
}

int store_sync_prune(struct store *store, int64_t panes_before_ms, int64_t verdicts_before_ms,
                     uint32_t quarantine_rows, struct err *reterr)
{
    struct store_answer answer = {0};
    store_prune(store, panes_before_ms, verdicts_before_ms, quarantine_rows, store_answered,
                &answer);
    return store_wait(store, &answer, reterr);
}

int store_sync_stats(struct store *store, struct store_stats *ret_stats, struct err *reterr)
{
    struct store_answer answer = {0};
    store_stats(store, ret_stats, store_answered, &answer);
    return store_wait(store, &answer, reterr);
}

int store_sync_take_partition(struct store *store, const char *topic, int32_t partition,
                              int64_t start_offset, struct store_partition *ret, struct err *reterr)
{
    struct store_take take = {.topic = topic, .partition = partition, .start_offset = start_offset};
    int code = store_sync_take(store, &take, 1, reterr);
    if (!code)
        *ret = take.ret;
    return code;
}
