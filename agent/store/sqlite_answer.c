/* Makes calls of the SQLite store's parts: SQLite works while it is asked, so the answer is there
 * before a call returns. Rows are handed out during the work, and what their functions would ask
 * the store is refused meanwhile; whoever gets the answer may go on asking. Assumes that store.c
 * has refused misuse. Knows no table. */
#include <stdio.h>

#include "store/check.h"
#include "store/sqlite_ops.h"
#include "store/sqlite_sql.h"

/* A failure of the file stands until something works again; what was lost to another owner or asked
 * for wrongly says nothing about the file. */
static void remember(struct sqlite_store *store, int code, const struct err *err)
{
    bool away = code == ERR_UNAVAILABLE || code == ERR_IO;
    snprintf(store->state, sizeof store->state, "%s", away ? err->text : "ok");
}

/* `done` may close the store: nothing looks at it afterwards. */
static void answer(struct store *base, int code, const struct err *err, store_done_fn done,
                   void *context)
{
    base->busy = false;
    remember(sqlite_store_of(base), code, err);
    store_tell(done, context, code, err);
}

static void answer_take(struct store *store, struct store_take *takes, uint32_t count,
                        store_done_fn done, void *context)
{
    struct err err = {0};
    store->busy = true;
    answer(store, sqlite_take_now(store, takes, count, &err), &err, done, context);
}

static void answer_expect(struct store *store, const char *topic, uint32_t count,
                          store_done_fn done, void *context)
{
    struct err err = {0};
    store->busy = true;
    answer(store, sqlite_expect_now(store, topic, count, &err), &err, done, context);
}

static void answer_partitions(struct store *store, store_partition_fn row, void *row_context,
                              store_done_fn done, void *context)
{
    struct err err = {0};
    store->busy = true;
    answer(store, sqlite_partitions_now(store, row, row_context, &err), &err, done, context);
}

static void answer_commit(struct store *store, const struct store_commit *commit,
                          store_done_fn done, void *context)
{
    struct err err = {0};
    store->busy = true;
    answer(store, sqlite_commit_now(store, commit, &err), &err, done, context);
}

static void answer_generations(struct store *store, const char *monitor, const char *hash,
                               store_generation_fn row, void *row_context, store_done_fn done,
                               void *context)
{
    struct err err = {0};
    store->busy = true;
    answer(store, sqlite_generations_now(store, monitor, hash, row, row_context, &err), &err, done,
           context);
}

/* Who else could have it? Another agent on the same file loses by the position. */
static void answer_claim(struct store *store, const char *monitor, int64_t lease_ms,
                         bool *ret_given, store_done_fn done, void *context)
{
    (void)store;
    (void)monitor;
    (void)lease_ms;
    *ret_given = true;
    store_tell(done, context, 0, NULL);
}

static void answer_judge_load(struct store *store, const char *monitor, int64_t *ret_position_ms,
                              struct text *ret_state, store_done_fn done, void *context)
{
    struct err err = {0};
    store->busy = true;
    answer(store, sqlite_judge_load_now(store, monitor, ret_position_ms, ret_state, &err), &err,
           done, context);
}

static void answer_first_delta(struct store *store, const char *monitor, int64_t from_ms,
                               int64_t *ret_start_ms, store_done_fn done, void *context)
{
    struct err err = {0};
    store->busy = true;
    answer(store, sqlite_first_delta_now(store, monitor, from_ms, ret_start_ms, &err), &err, done,
           context);
}

static void answer_deltas(struct store *store, const char *monitor, int64_t from_ms, int64_t to_ms,
                          store_pane_fn row, void *row_context, int64_t *ret_mark,
                          store_done_fn done, void *context)
{
    struct err err = {0};
    store->busy = true;
    answer(store,
           sqlite_deltas_now(store, monitor, from_ms, to_ms, row, row_context, ret_mark, &err),
           &err, done, context);
}

static void answer_panes(struct store *store, const char *monitor, int64_t from_ms, int64_t to_ms,
                         store_pane_fn row, void *row_context, store_done_fn done, void *context)
{
    struct err err = {0};
    store->busy = true;
    answer(store, sqlite_panes_now(store, monitor, from_ms, to_ms, row, row_context, &err), &err,
           done, context);
}

static void answer_judged(struct store *store, const struct store_judged *judged,
                          store_done_fn done, void *context)
{
    struct err err = {0};
    store->busy = true;
    answer(store, sqlite_judged_now(store, judged, &err), &err, done, context);
}

static void answer_merge_late(struct store *store, const char *monitor,
                              const struct store_pane *panes, uint32_t count, int64_t delta_mark,
                              store_done_fn done, void *context)
{
    struct err err = {0};
    store->busy = true;
    answer(store, sqlite_merge_late_now(store, monitor, panes, count, delta_mark, &err), &err, done,
           context);
}

static void answer_set_aside(struct store *store, const char *monitor, const char *version,
                             const char *generation, store_done_fn done, void *context)
{
    struct err err = {0};
    store->busy = true;
    answer(store, sqlite_set_aside_now(store, monitor, version, generation, &err), &err, done,
           context);
}

static void answer_due(struct store *store, int64_t now_unix_ms, uint32_t limit,
                       store_delivery_fn row, void *row_context, store_done_fn done, void *context)
{
    struct err err = {0};
    store->busy = true;
    answer(store, sqlite_due_now(store, now_unix_ms, limit, row, row_context, &err), &err, done,
           context);
}

static void answer_next_due(struct store *store, int64_t *ret_unix_ms, store_done_fn done,
                            void *context)
{
    struct err err = {0};
    store->busy = true;
    answer(store, sqlite_next_due_now(store, ret_unix_ms, &err), &err, done, context);
}

static void answer_delivered(struct store *store, const struct store_delivery_result *result,
                             store_done_fn done, void *context)
{
    struct err err = {0};
    store->busy = true;
    answer(store, sqlite_delivered_now(store, result, &err), &err, done, context);
}

static void answer_delivery_counts(struct store *store, const char *receiver, int64_t since_unix_ms,
                                   int64_t ret_counts[DELIVERY_STATES], store_done_fn done,
                                   void *context)
{
    struct err err = {0};
    store->busy = true;
    answer(store, sqlite_delivery_counts_now(store, receiver, since_unix_ms, ret_counts, &err),
           &err, done, context);
}

static void answer_baseline_put(struct store *store, const struct store_baseline *baseline,
                                bool promote, uint32_t *ret_version, store_done_fn done,
                                void *context)
{
    struct err err = {0};
    store->busy = true;
    answer(store, sqlite_baseline_put_now(store, baseline, promote, ret_version, &err), &err, done,
           context);
}

static void answer_baseline_get(struct store *store, const char *name, uint32_t version,
                                struct text *ret_document, uint32_t *ret_version,
                                store_done_fn done, void *context)
{
    struct err err = {0};
    store->busy = true;
    answer(store, sqlite_baseline_get_now(store, name, version, ret_document, ret_version, &err),
           &err, done, context);
}

static void answer_baseline_list(struct store *store, store_baseline_fn row, void *row_context,
                                 store_done_fn done, void *context)
{
    struct err err = {0};
    store->busy = true;
    answer(store, sqlite_baseline_list_now(store, row, row_context, &err), &err, done, context);
}

static void answer_baseline_promote(struct store *store, const char *name, uint32_t version,
                                    store_done_fn done, void *context)
{
    struct err err = {0};
    store->busy = true;
    answer(store, sqlite_baseline_promote_now(store, name, version, &err), &err, done, context);
}

static void answer_verdicts(struct store *store, const struct store_query *query,
                            store_verdict_fn row, void *row_context, store_done_fn done,
                            void *context)
{
    struct err err = {0};
    store->busy = true;
    answer(store, sqlite_verdicts_now(store, query, row, row_context, &err), &err, done, context);
}

static void answer_latest(struct store *store, const struct store_query *query,
                          store_verdict_fn row, void *row_context, store_done_fn done,
                          void *context)
{
    struct err err = {0};
    store->busy = true;
    answer(store, sqlite_latest_now(store, query, row, row_context, &err), &err, done, context);
}

static void answer_incidents(struct store *store, const struct store_query *query,
                             store_incident_fn row, void *row_context, store_done_fn done,
                             void *context)
{
    struct err err = {0};
    store->busy = true;
    answer(store, sqlite_incidents_now(store, query, row, row_context, &err), &err, done, context);
}

static void answer_quarantine_list(struct store *store, uint32_t limit, store_quarantine_fn row,
                                   void *row_context, store_done_fn done, void *context)
{
    struct err err = {0};
    store->busy = true;
    answer(store, sqlite_quarantine_list_now(store, limit, row, row_context, &err), &err, done,
           context);
}

static void answer_prune(struct store *store, int64_t panes_before_ms, int64_t verdicts_before_ms,
                         uint32_t quarantine_rows, store_done_fn done, void *context)
{
    struct err err = {0};
    store->busy = true;
    answer(store,
           sqlite_prune_now(store, panes_before_ms, verdicts_before_ms, quarantine_rows, &err),
           &err, done, context);
}

static void answer_stats(struct store *store, struct store_stats *ret_stats, store_done_fn done,
                         void *context)
{
    struct err err = {0};
    store->busy = true;
    answer(store, sqlite_stats_now(store, ret_stats, &err), &err, done, context);
}

static const char *state(const struct store *base)
{
    return ((const struct sqlite_store *)base)->state;
}

static int turn(struct store *store, struct err *reterr)
{
    (void)store;
    return err_set(reterr, ERR_INVALID, "cannot wait for a store that is a file");
}

const struct store_ops sqlite_ops = {
    .close = sqlite_close,
    .state = state,
    .turn = turn,
    .take = answer_take,
    .expect = answer_expect,
    .partitions = answer_partitions,
    .commit = answer_commit,
    .generations = answer_generations,
    .claim = answer_claim,
    .judge_load = answer_judge_load,
    .first_delta = answer_first_delta,
    .deltas = answer_deltas,
    .panes = answer_panes,
    .judged = answer_judged,
    .merge_late = answer_merge_late,
    .set_aside = answer_set_aside,
    .due = answer_due,
    .next_due = answer_next_due,
    .delivered = answer_delivered,
    .delivery_counts = answer_delivery_counts,
    .baseline_put = answer_baseline_put,
    .baseline_get = answer_baseline_get,
    .baseline_list = answer_baseline_list,
    .baseline_promote = answer_baseline_promote,
    .verdicts = answer_verdicts,
    .latest = answer_latest,
    .incidents = answer_incidents,
    .quarantine_list = answer_quarantine_list,
    .prune = answer_prune,
    .stats = answer_stats,
};
