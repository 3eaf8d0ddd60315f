/* The contract's front: finds the implementation that a URL names and hands every call to it, after
 * refusing what is misuse in all of them. Assumes that implementations keep the header's promises.
 * Knows no SQL and no file. */
#include "store/store.h"

#include <string.h>

#include "store/check.h"
#include "store/ops.h"
#include "store/sqlite.h"

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static struct store *open_sqlite(const char *path, struct err *reterr)
{
    bool host = starts_with(path, "//") && path[2] != '/';
    if (path[0] && !host)
        return sqlite_store_open(path, reterr);
    if (host)
        err_set(reterr, ERR_INVALID, "store \"sqlite:%s\" names a host, SQLite has none", path);
    else
        err_set(reterr, ERR_INVALID, "store \"sqlite:\" names no file");
    err_hint(reterr, "Write sqlite: and a path, for example sqlite:leeway.db.");
    return NULL;
}

struct store *store_open(const char *url, struct err *reterr)
{
    if (starts_with(url, "sqlite:"))
        return open_sqlite(url + strlen("sqlite:"), reterr);
    /* The URL itself is kept out of these messages: it may hold a password. */
    if (starts_with(url, "postgresql:") || starts_with(url, "postgres:")) {
        err_set(reterr, ERR_UNSUPPORTED, "this version of leeway has no PostgreSQL store");
        err_hint(reterr, "Keep the store in a file instead, for example sqlite:leeway.db.");
    } else {
        err_set(reterr, ERR_INVALID, "the store is of no known kind");
        err_hint(reterr, "Write sqlite: and a path, for example sqlite:leeway.db.");
    }
    return NULL;
}

void store_close(struct store *store)
{
    if (store)
        store->ops->close(store);
}

/* Calls that run to their end before they return are bracketed by enter and leave, so that a row
 * function that calls the store is refused instead of upsetting the statement that feeds it. */
static int enter(struct store *store, struct err *reterr)
{
    if (store->busy)
        return err_set(reterr, ERR_INVALID, "cannot use the store while it hands out rows");
    store->busy = true;
    return 0;
}

static int leave(struct store *store, int code)
{
    store->busy = false;
    return code;
}

/* For calls with a callback: only the check, as the callback itself may go on to the next call. */
static int idle(const struct store *store, struct err *reterr)
{
    if (store->busy)
        return err_set(reterr, ERR_INVALID, "cannot use the store while it hands out rows");
    return 0;
}

int store_take_partition(struct store *store, const char *topic, int32_t partition,
                         int64_t start_offset, const char *agent, struct store_partition *ret,
                         struct err *reterr)
{
    if (start_offset < 0)
        return err_set(reterr, ERR_INVALID, "cannot start %s/%d before offset 0", topic, partition);
    int code = enter(store, reterr);
    return code ? code
                : leave(store, store->ops->take_partition(store, topic, partition, start_offset,
                                                          agent, ret, reterr));
}

int store_partitions(struct store *store,
                     int (*row)(void *context, const struct store_partition *p,
                                const int64_t *records),
                     void *context, struct err *reterr)
{
    int code = enter(store, reterr);
    return code ? code : leave(store, store->ops->partitions(store, row, context, reterr));
}

void store_commit(struct store *store, const struct store_commit *commit, store_done_fn done,
                  void *context)
{
    struct err err = {0};
    int code = idle(store, &err);
    if (!code)
        code = store_check_commit(commit, &err);
    if (code)
        store_tell(done, context, code, &err);
    else
        store->ops->commit(store, commit, done, context);
}

int store_generation(struct store *store, const char *monitor, const char *version,
                     const char *hash, const char *baseline_hash, int64_t first_pane_ms,
                     struct err *reterr)
{
    int code = enter(store, reterr);
    return code ? code
                : leave(store, store->ops->generation(store, monitor, version, hash, baseline_hash,
                                                      first_pane_ms, reterr));
}

int store_generations(struct store *store, const char *monitor, const char *hash,
                      int (*row)(void *context, const struct store_generation *g), void *context,
                      struct err *reterr)
{
    int code = enter(store, reterr);
    return code ? code
                : leave(store, store->ops->generations(store, monitor, hash, row, context, reterr));
}

int store_judge_load(struct store *store, const char *monitor, int64_t *ret_position_ms,
                     struct text *ret_state, struct err *reterr)
{
    int code = enter(store, reterr);
    return code ? code
                : leave(store,
                        store->ops->judge_load(store, monitor, ret_position_ms, ret_state, reterr));
}

int store_first_delta(struct store *store, const char *monitor, int64_t from_ms,
                      int64_t *ret_start_ms, struct err *reterr)
{
    int code = enter(store, reterr);
    return code ? code
                : leave(store,
                        store->ops->first_delta(store, monitor, from_ms, ret_start_ms, reterr));
}

int store_deltas(struct store *store, const char *monitor, int64_t from_ms, int64_t to_ms,
                 int (*row)(void *context, const struct store_pane *delta), void *context,
                 int64_t *ret_mark, struct err *reterr)
{
    int code = enter(store, reterr);
    return code ? code
                : leave(store, store->ops->deltas(store, monitor, from_ms, to_ms, row, context,
                                                  ret_mark, reterr));
}

int store_panes(struct store *store, const char *monitor, int64_t from_ms, int64_t to_ms,
                int (*row)(void *context, const struct store_pane *pane), void *context,
                struct err *reterr)
{
    int code = enter(store, reterr);
    return code ? code
                : leave(store,
                        store->ops->panes(store, monitor, from_ms, to_ms, row, context, reterr));
}

void store_judged(struct store *store, const struct store_judged *judged, store_done_fn done,
                  void *context)
{
    struct err err = {0};
    int code = idle(store, &err);
    if (!code)
        code = store_check_judged(judged, &err);
    if (code)
        store_tell(done, context, code, &err);
    else
        store->ops->judged(store, judged, done, context);
}

void store_merge_late(struct store *store, const char *monitor, const struct store_pane *panes,
                      uint32_t count, int64_t delta_mark, store_done_fn done, void *context)
{
    struct err err = {0};
    int code = idle(store, &err);
    if (code)
        store_tell(done, context, code, &err);
    else
        store->ops->merge_late(store, monitor, panes, count, delta_mark, done, context);
}

int store_set_aside(struct store *store, const char *monitor, const char *generation,
                    struct err *reterr)
{
    int code = enter(store, reterr);
    return code ? code : leave(store, store->ops->set_aside(store, monitor, generation, reterr));
}

int store_due(struct store *store, int64_t now_unix_ms, uint32_t limit,
              int (*row)(void *context, const struct store_delivery *d), void *context,
              struct err *reterr)
{
    int code = store_check_limit(limit, reterr);
    if (!code)
        code = enter(store, reterr);
    return code ? code
                : leave(store, store->ops->due(store, now_unix_ms, limit, row, context, reterr));
}

int store_next_due(struct store *store, int64_t *ret_unix_ms, struct err *reterr)
{
    int code = enter(store, reterr);
    return code ? code : leave(store, store->ops->next_due(store, ret_unix_ms, reterr));
}

void store_delivered(struct store *store, const struct store_delivery_result *result,
                     store_done_fn done, void *context)
{
    struct err err = {0};
    int code = idle(store, &err);
    if (!code)
        code = store_check_delivery(result, &err);
    if (code)
        store_tell(done, context, code, &err);
    else
        store->ops->delivered(store, result, done, context);
}

int store_delivery_counts(struct store *store, const char *receiver, int64_t since_unix_ms,
                          int64_t ret_counts[DELIVERY_STATES], struct err *reterr)
{
    int code = enter(store, reterr);
    return code ? code
                : leave(store, store->ops->delivery_counts(store, receiver, since_unix_ms,
                                                           ret_counts, reterr));
}

int store_baseline_put(struct store *store, const char *name, const char *hash, const char *created,
                       int64_t rows, const char *document, bool promote, uint32_t *ret_version,
                       struct err *reterr)
{
    int code = enter(store, reterr);
    return code ? code
                : leave(store, store->ops->baseline_put(store, name, hash, created, rows, document,
                                                        promote, ret_version, reterr));
}

int store_baseline_get(struct store *store, const char *name, uint32_t version,
                       struct text *ret_document, uint32_t *ret_version, struct err *reterr)
{
    int code = enter(store, reterr);
    return code ? code
                : leave(store, store->ops->baseline_get(store, name, version, ret_document,
                                                        ret_version, reterr));
}

int store_baseline_list(struct store *store,
                        int (*row)(void *context, const struct store_baseline *b), void *context,
                        struct err *reterr)
{
    int code = enter(store, reterr);
    return code ? code : leave(store, store->ops->baseline_list(store, row, context, reterr));
}

int store_baseline_promote(struct store *store, const char *name, uint32_t version,
                           struct err *reterr)
{
    int code = enter(store, reterr);
    return code ? code : leave(store, store->ops->baseline_promote(store, name, version, reterr));
}

int store_verdicts(struct store *store, const struct store_query *query,
                   int (*row)(void *context, const struct store_verdict *v), void *context,
                   struct err *reterr)
{
    int code = store_check_limit(query->limit, reterr);
    if (!code)
        code = enter(store, reterr);
    return code ? code : leave(store, store->ops->verdicts(store, query, row, context, reterr));
}

int store_latest(struct store *store, const struct store_query *query,
                 int (*row)(void *context, const struct store_verdict *v), void *context,
                 struct err *reterr)
{
    int code = store_check_limit(query->limit, reterr);
    if (!code)
        code = enter(store, reterr);
    return code ? code : leave(store, store->ops->latest(store, query, row, context, reterr));
}

int store_incidents(struct store *store, const struct store_query *query,
                    int (*row)(void *context, const struct store_incident *i), void *context,
                    struct err *reterr)
{
    int code = store_check_limit(query->limit, reterr);
    if (!code)
        code = enter(store, reterr);
    return code ? code : leave(store, store->ops->incidents(store, query, row, context, reterr));
}

int store_quarantine_list(struct store *store, uint32_t limit,
                          int (*row)(void *context, const struct store_quarantine *q),
                          void *context, struct err *reterr)
{
    int code = store_check_limit(limit, reterr);
    if (!code)
        code = enter(store, reterr);
    return code ? code
                : leave(store, store->ops->quarantine_list(store, limit, row, context, reterr));
}

int store_prune(struct store *store, int64_t panes_before_ms, int64_t verdicts_before_ms,
                uint32_t quarantine_rows, struct err *reterr)
{
    int code = enter(store, reterr);
    return code ? code
                : leave(store, store->ops->prune(store, panes_before_ms, verdicts_before_ms,
                                                 quarantine_rows, reterr));
}

int store_stats(struct store *store, struct store_stats *ret_stats, struct err *reterr)
{
    int code = enter(store, reterr);
    return code ? code : leave(store, store->ops->stats(store, ret_stats, reterr));
}
