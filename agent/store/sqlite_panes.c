/* The counted panes on their way to the judge: deltas as they were committed, and the panes that
 * were made of them. Assumes that ids grow in the order of commits, so that the largest one read is
 * a mark. Knows nothing of what is judged. */
#include "store/sqlite_ops.h"

#include "store/sqlite_sql.h"
#include "sys/file.h"

int sqlite_register(struct sqlite_store *store, const struct store_register *what,
                    struct err *reterr)
{
    struct sql sql = sql_new(store, "INSERT INTO generation (hash, monitor, version, baseline_hash,"
                                    " first_pane_ms, created_unix_ms) VALUES (?, ?, ?, ?, ?, ?)"
                                    " ON CONFLICT (hash, monitor, version) DO NOTHING");
    sql_text(&sql, what->hash);
    sql_text(&sql, what->monitor);
    sql_text(&sql, what->version);
    sql_text(&sql, what->baseline_hash);
    sql_int(&sql, what->first_pane_ms);
    sql_int(&sql, clock_unix_ms());
    return sql_run(&sql, NULL, reterr);
}

int sqlite_generations_now(struct store *base, const char *monitor, const char *hash,
                           store_generation_fn row, void *context, struct err *reterr)
{
    struct sqlite_store *store = sqlite_store_of(base);
    store->doing = "read the generations";
    struct sql sql = sql_new(
        store, "SELECT monitor, hash, version, baseline_hash, first_pane_ms FROM generation"
               " WHERE (?1 IS NULL OR monitor = ?1) AND (?2 IS NULL OR hash = ?2) ORDER BY rowid");
    int code;
    sql_text(&sql, monitor);
    sql_text(&sql, hash);
    while ((code = sql_next(&sql, reterr)) == 1) {
        struct store_generation generation = {.monitor = sql_get_text(&sql)};
        generation.hash = sql_get_text(&sql);
        generation.version = sql_get_text(&sql);
        generation.baseline_hash = sql_get_text(&sql);
        generation.first_pane_ms = sql_get_int(&sql);
        if (row(context, &generation))
            break;
    }
    sql_end(&sql);
    return code < 0 ? code : 0;
}

int sqlite_first_delta_now(struct store *base, const char *monitor, int64_t from_ms,
                           int64_t *ret_start_ms, struct err *reterr)
{
    struct sqlite_store *store = sqlite_store_of(base);
    store->doing = "find the first pane";
    struct sql sql =
        sql_new(store, "SELECT min(start_ms) FROM (SELECT min(start_ms) AS start_ms FROM pane_delta"
                       " WHERE monitor = ?1 AND start_ms >= ?2 UNION ALL SELECT min(start_ms)"
                       " FROM pane WHERE monitor = ?1 AND start_ms >= ?2)");
    sql_text(&sql, monitor);
    sql_int(&sql, from_ms);
    int code = sql_next(&sql, reterr);
    if (code == 1)
        *ret_start_ms = sql_get_int_or(&sql, INT64_MAX);
    sql_end(&sql);
    return code < 0 ? code : 0;
}

static struct store_pane read_pane(struct sql *sql)
{
    struct store_pane pane = {.start_ms = sql_get_int(sql)};
    pane.version = sql_get_text(sql);
    pane.generation = sql_get_text(sql);
    pane.rows = sql_get_int(sql);
    pane.counts = sql_get_bytes(sql);
    pane.revision = (uint32_t)sql_get_int(sql);
    return pane;
}

static struct sql span(struct sqlite_store *store, const char *text, const char *monitor,
                       int64_t from_ms, int64_t to_ms)
{
    struct sql sql = sql_new(store, text);
    sql_text(&sql, monitor);
    sql_int(&sql, from_ms);
    sql_int(&sql, to_ms);
    return sql;
}

int sqlite_deltas_now(struct store *base, const char *monitor, int64_t from_ms, int64_t to_ms,
                      store_pane_fn row, void *context, int64_t *ret_mark, struct err *reterr)
{
    struct sqlite_store *store = sqlite_store_of(base);
    store->doing = "read the deltas";
    struct sql sql =
        span(store,
             "SELECT start_ms, version, generation, row_count, counts, 0, id FROM pane_delta"
             " WHERE monitor = ? AND start_ms >= ? AND start_ms < ?"
             " ORDER BY start_ms, version, generation, id",
             monitor, from_ms, to_ms);
    int code;
    int64_t mark = 0;
    while ((code = sql_next(&sql, reterr)) == 1) {
        struct store_pane delta = read_pane(&sql);
        int64_t id = sql_get_int(&sql);
        mark = id > mark ? id : mark;
        if (row(context, &delta)) {
            mark = 0; /* rows below the mark have not been given */
            break;
        }
    }
    sql_end(&sql);
    if (code >= 0 && ret_mark)
        *ret_mark = mark;
    return code < 0 ? code : 0;
}

int sqlite_panes_now(struct store *base, const char *monitor, int64_t from_ms, int64_t to_ms,
                     store_pane_fn row, void *context, struct err *reterr)
{
    struct sqlite_store *store = sqlite_store_of(base);
    store->doing = "read the panes";
    struct sql sql = span(store,
                          "SELECT start_ms, version, generation, row_count, counts, revision"
                          " FROM pane WHERE monitor = ? AND start_ms >= ? AND start_ms < ?"
                          " ORDER BY start_ms, version, generation",
                          monitor, from_ms, to_ms);
    int code;
    while ((code = sql_next(&sql, reterr)) == 1) {
        struct store_pane pane = read_pane(&sql);
        if (row(context, &pane))
            break;
    }
    sql_end(&sql);
    return code < 0 ? code : 0;
}
