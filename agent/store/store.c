/* The contract's front: finds the implementation that a URL names and hands every call to it, after
 * refusing what is misuse in all of them (at once: that answer waits for nobody). Assumes that
 * implementations keep the header's promises. Knows no SQL and no file. */
#include "store/store.h"

#include <string.h>

#include "store/check.h"
#include "store/ops.h"
#include "store/postgres.h"
#include "store/sqlite.h"

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static struct store *open_sqlite(const char *path, const struct store_options *options,
                                 struct err *reterr)
{
    bool host = starts_with(path, "//") && path[2] != '/';
    if (path[0] && !host)
        return sqlite_store_open(path, options, reterr);
    if (host)
        err_set(reterr, ERR_INVALID, "store \"sqlite:%s\" names a host, SQLite has none", path);
    else
        err_set(reterr, ERR_INVALID, "store \"sqlite:\" names no file");
    err_hint(reterr, "Write sqlite: and a path, for example sqlite:leeway.db.");
    return NULL;
}

struct store *store_open(const char *url, const struct store_options *options, struct err *reterr)
{
    if (starts_with(url, "sqlite:"))
        return open_sqlite(url + strlen("sqlite:"), options, reterr);
    if (starts_with(url, "postgresql:") || starts_with(url, "postgres:"))
        return postgres_store_open(url, options, reterr);
    /* The URL itself is kept out of the message: it may hold a password. */
    err_set(reterr, ERR_INVALID, "the store is of no known kind");
    err_hint(reterr, "Write sqlite: and a path, for example sqlite:leeway.db, or "
                     "postgresql://USER@HOST/DATABASE.");
    return NULL;
}

void store_close(struct store *store)
{
    if (store)
        store->ops->close(store);
}

const char *store_state(const struct store *store)
{
    return store->ops->state(store);
}

void store_answered(void *context, enum store_result result, const struct err *err)
{
    struct store_answer *answer = context;
    answer->result = result;
    answer->err = err ? *err : (struct err){0};
    answer->given = true;
}

int store_wait(struct store *store, const struct store_answer *answer, struct err *reterr)
{
    int code = 0;
    while (!code && !answer->given)
        code = store->ops->turn(store, reterr);
    if (code)
        return code;
    if (answer->result != STORE_DONE && reterr)
        *reterr = answer->err;
    return answer->result == STORE_DONE ? 0 : answer->err.code;
}

/* Whether the call may go on; if not, it has been answered. */
static bool passed(int code, const struct err *err, store_done_fn done, void *context)
{
    if (code)
        store_tell(done, context, code, err);
    return !code;
}

/* A row function that calls the store would upset the statement that feeds it. */
static bool free_for(const struct store *store, store_done_fn done, void *context)
{
    struct err err = {0};
    int code = store->busy
                   ? err_set(&err, ERR_INVALID, "cannot use the store while it hands out rows")
                   : 0;
    return passed(code, &err, done, context);
}

void store_take(struct store *store, struct store_take *takes, uint32_t count, store_done_fn done,
                void *context)
{
    struct err err = {0};
    if (free_for(store, done, context) &&
        passed(store_check_take(takes, count, &err), &err, done, context))
        store->ops->take(store, takes, count, done, context);
}

void store_expect(struct store *store, const char *topic, uint32_t count, store_done_fn done,
                  void *context)
{
    struct err err = {0};
    if (free_for(store, done, context) &&
        passed(store_check_expect(topic, count, &err), &err, done, context))
        store->ops->expect(store, topic, count, done, context);
}

void store_partitions(struct store *store, store_partition_fn row, void *row_context,
                      store_done_fn done, void *context)
{
    if (free_for(store, done, context))
        store->ops->partitions(store, row, row_context, done, context);
}

void store_commit(struct store *store, const struct store_commit *commit, store_done_fn done,
                  void *context)
{
    struct err err = {0};
    if (free_for(store, done, context) &&
        passed(store_check_commit(commit, &err), &err, done, context))
        store->ops->commit(store, commit, done, context);
}

void store_generations(struct store *store, const char *monitor, const char *hash,
                       store_generation_fn row, void *row_context, store_done_fn done,
                       void *context)
{
    if (free_for(store, done, context))
        store->ops->generations(store, monitor, hash, row, row_context, done, context);
}

void store_claim(struct store *store, const char *monitor, int64_t lease_ms, bool *ret_given,
                 store_done_fn done, void *context)
{
    struct err err = {0};
    if (free_for(store, done, context) &&
        passed(store_check_lease(lease_ms, &err), &err, done, context))
        store->ops->claim(store, monitor, lease_ms, ret_given, done, context);
}

void store_judge_load(struct store *store, const char *monitor, int64_t *ret_position_ms,
                      struct text *ret_state, store_done_fn done, void *context)
{
    if (free_for(store, done, context))
        store->ops->judge_load(store, monitor, ret_position_ms, ret_state, done, context);
}

void store_first_delta(struct store *store, const char *monitor, int64_t from_ms,
                       int64_t *ret_start_ms, store_done_fn done, void *context)
{
    if (free_for(store, done, context))
        store->ops->first_delta(store, monitor, from_ms, ret_start_ms, done, context);
}

void store_deltas(struct store *store, const char *monitor, int64_t from_ms, int64_t to_ms,
                  store_pane_fn row, void *row_context, int64_t *ret_mark, store_done_fn done,
                  void *context)
{
    if (free_for(store, done, context))
        store->ops->deltas(store, monitor, from_ms, to_ms, row, row_context, ret_mark, done,
                           context);
}

void store_panes(struct store *store, const char *monitor, int64_t from_ms, int64_t to_ms,
                 store_pane_fn row, void *row_context, store_done_fn done, void *context)
{
    if (free_for(store, done, context))
        store->ops->panes(store, monitor, from_ms, to_ms, row, row_context, done, context);
}

void store_judged(struct store *store, const struct store_judged *judged, store_done_fn done,
                  void *context)
{
    struct err err = {0};
    if (free_for(store, done, context) &&
        passed(store_check_judged(judged, &err), &err, done, context))
        store->ops->judged(store, judged, done, context);
}

void store_merge_late(struct store *store, const char *monitor, const struct store_pane *panes,
                      uint32_t count, int64_t delta_mark, store_done_fn done, void *context)
{
    if (free_for(store, done, context))
        store->ops->merge_late(store, monitor, panes, count, delta_mark, done, context);
}

void store_set_aside(struct store *store, const char *monitor, const char *version,
                     const char *generation, store_done_fn done, void *context)
{
    if (free_for(store, done, context))
        store->ops->set_aside(store, monitor, version, generation, done, context);
}

void store_due(struct store *store, int64_t now_unix_ms, uint32_t limit, store_delivery_fn row,
               void *row_context, store_done_fn done, void *context)
{
    struct err err = {0};
    if (free_for(store, done, context) &&
        passed(store_check_limit(limit, &err), &err, done, context))
        store->ops->due(store, now_unix_ms, limit, row, row_context, done, context);
}

void store_next_due(struct store *store, int64_t *ret_unix_ms, store_done_fn done, void *context)
{
    if (free_for(store, done, context))
        store->ops->next_due(store, ret_unix_ms, done, context);
}

void store_delivered(struct store *store, const struct store_delivery_result *result,
                     store_done_fn done, void *context)
{
    struct err err = {0};
    if (free_for(store, done, context) &&
        passed(store_check_delivery(result, &err), &err, done, context))
        store->ops->delivered(store, result, done, context);
}

void store_delivery_counts(struct store *store, const char *receiver, int64_t since_unix_ms,
                           int64_t ret_counts[DELIVERY_STATES], store_done_fn done, void *context)
{
    if (free_for(store, done, context))
        store->ops->delivery_counts(store, receiver, since_unix_ms, ret_counts, done, context);
}

void store_baseline_put(struct store *store, const struct store_baseline *baseline, bool promote,
                        uint32_t *ret_version, store_done_fn done, void *context)
{
    if (free_for(store, done, context))
        store->ops->baseline_put(store, baseline, promote, ret_version, done, context);
}

void store_baseline_get(struct store *store, const char *name, uint32_t version,
                        struct text *ret_document, uint32_t *ret_version, store_done_fn done,
                        void *context)
{
    if (free_for(store, done, context))
        store->ops->baseline_get(store, name, version, ret_document, ret_version, done, context);
}

void store_baseline_list(struct store *store, store_baseline_fn row, void *row_context,
                         store_done_fn done, void *context)
{
    if (free_for(store, done, context))
        store->ops->baseline_list(store, row, row_context, done, context);
}

void store_baseline_promote(struct store *store, const char *name, uint32_t version,
                            store_done_fn done, void *context)
{
    if (free_for(store, done, context))
        store->ops->baseline_promote(store, name, version, done, context);
}

void store_verdicts(struct store *store, const struct store_query *query, store_verdict_fn row,
                    void *row_context, store_done_fn done, void *context)
{
    struct err err = {0};
    if (free_for(store, done, context) &&
        passed(store_check_limit(query->limit, &err), &err, done, context))
        store->ops->verdicts(store, query, row, row_context, done, context);
}

void store_latest(struct store *store, const struct store_query *query, store_verdict_fn row,
                  void *row_context, store_done_fn done, void *context)
{
    struct err err = {0};
    if (free_for(store, done, context) &&
        passed(store_check_limit(query->limit, &err), &err, done, context))
        store->ops->latest(store, query, row, row_context, done, context);
}

void store_incidents(struct store *store, const struct store_query *query, store_incident_fn row,
                     void *row_context, store_done_fn done, void *context)
{
    struct err err = {0};
    if (free_for(store, done, context) &&
        passed(store_check_limit(query->limit, &err), &err, done, context))
        store->ops->incidents(store, query, row, row_context, done, context);
}

void store_quarantine_list(struct store *store, uint32_t limit, store_quarantine_fn row,
                           void *row_context, store_done_fn done, void *context)
{
    struct err err = {0};
    if (free_for(store, done, context) &&
        passed(store_check_limit(limit, &err), &err, done, context))
        store->ops->quarantine_list(store, limit, row, row_context, done, context);
}

void store_prune(struct store *store, int64_t panes_before_ms, int64_t verdicts_before_ms,
                 uint32_t quarantine_rows, store_done_fn done, void *context)
{
    if (free_for(store, done, context))
        store->ops->prune(store, panes_before_ms, verdicts_before_ms, quarantine_rows, done,
                          context);
}

void store_stats(struct store *store, struct store_stats *ret_stats, store_done_fn done,
                 void *context)
{
    if (free_for(store, done, context))
        store->ops->stats(store, ret_stats, done, context);
}
