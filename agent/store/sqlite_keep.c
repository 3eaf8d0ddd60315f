/* Keeping the store small, and saying how large it is. What nobody has judged and what nobody has
 * been told is never deleted, however old. Assumes that pruning is done often, so that there is
 * little of it each time. */
#include "store/sqlite_ops.h"

#include "store/sqlite_sql.h"

struct prune {
    int64_t panes_before_ms, verdicts_before_ms;
    uint32_t quarantine_rows;
};

static int delete_before(struct sqlite_store *store, const char *text, int64_t bound,
                         struct err *reterr)
{
    struct sql sql = sql_new(store, text);
    sql_int(&sql, bound);
    return sql_run(&sql, NULL, reterr);
}

static int prune(struct sqlite_store *store, void *what, struct err *reterr)
{
    const struct prune *prune = what;
    const struct {
        const char *text;
        int64_t bound;
    } steps[] = {
        {"DELETE FROM pane WHERE start_ms < ?", prune->panes_before_ms},
        {"DELETE FROM pane_set_aside WHERE start_ms < ?", prune->panes_before_ms},
        {"DELETE FROM window_histogram WHERE verdict IN"
         " (SELECT sequence FROM verdict WHERE end_ms < ?)",
         prune->verdicts_before_ms},
        {"DELETE FROM verdict WHERE end_ms < ?", prune->verdicts_before_ms},
        {"DELETE FROM outbox WHERE state NOT IN ('pending', 'parked')"
         " AND incident IN (SELECT id FROM incident WHERE resolved_ms < ?)",
         prune->verdicts_before_ms},
        {"DELETE FROM incident WHERE resolved_ms < ?"
         " AND id NOT IN (SELECT incident FROM outbox WHERE state IN ('pending', 'parked'))",
         prune->verdicts_before_ms},
        {"DELETE FROM quarantine WHERE id <="
         " (SELECT id FROM quarantine ORDER BY id DESC LIMIT 1 OFFSET ?)",
         prune->quarantine_rows},
    };
    int code = 0;
    for (size_t i = 0; !code && i < sizeof steps / sizeof *steps; i++)
        code = delete_before(store, steps[i].text, steps[i].bound, reterr);
    return code;
}

int sqlite_prune_now(struct store *base, int64_t panes_before_ms, int64_t verdicts_before_ms,
                     uint32_t quarantine_rows, struct err *reterr)
{
    struct prune what = {panes_before_ms, verdicts_before_ms, quarantine_rows};
    return sqlite_write(sqlite_store_of(base), "delete what is too old", prune, &what, reterr);
}

int sqlite_stats_now(struct store *base, struct store_stats *ret_stats, struct err *reterr)
{
    struct sqlite_store *store = sqlite_store_of(base);
    store->doing = "measure the store";
    /* The tables that grow are not counted but measured by their first and last row number. */
    struct sql sql = sql_new(
        store,
        "SELECT (SELECT count(*) FROM pane_delta),"
        " (SELECT max(rowid) FROM pane) - (SELECT min(rowid) FROM pane) + 1,"
        " (SELECT max(rowid) FROM verdict) - (SELECT min(rowid) FROM verdict) + 1,"
        " (SELECT max(rowid) FROM quarantine) - (SELECT min(rowid) FROM quarantine) + 1,"
        " (SELECT count(*) FROM incident WHERE resolved_ms IS NULL),"
        " count(*) FILTER (WHERE state = 'pending'), count(*) FILTER (WHERE state = 'parked'),"
        " min(created_unix_ms),"
        " (SELECT page_count * page_size FROM pragma_page_count, pragma_page_size)"
        " FROM outbox INDEXED BY outbox_waiting WHERE state IN ('pending', 'parked')");
    int code = sql_next(&sql, reterr);
    if (code == 1) {
        int64_t *numbers[] = {&ret_stats->deltas,         &ret_stats->panes,
                              &ret_stats->verdicts,       &ret_stats->quarantined,
                              &ret_stats->incidents_open, &ret_stats->outbox_pending,
                              &ret_stats->outbox_parked,  &ret_stats->outbox_oldest_unix_ms,
                              &ret_stats->size_bytes};
        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
            *numbers[i] = sql_get_int(&sql);
    }
    sql_end(&sql);
    return code < 0 ? code : 0;
}
