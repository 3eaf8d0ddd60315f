/* Baselines: immutable documents under a name and a version. The one in use is the one that was
 * promoted last; going back to an older version is promoting it again. Who put or promoted what,
 * and when, is kept in `audit`. Knows nothing of what is in a document. */
#include "store/sqlite_ops.h"

#include <inttypes.h>
#include <stdio.h>

#include "store/sqlite_sql.h"
#include "sys/file.h"

struct put {
    const struct store_baseline *baseline;
    bool promote;
    uint32_t version;
};

static int audit(struct sqlite_store *store, const char *action, const char *name, uint32_t version,
                 const char *detail, struct err *reterr)
{
    struct text subject = {0};
    text_printf(&subject, "%s@%" PRIu32, name, version);
    struct sql sql = sql_new(
        store, "INSERT INTO audit (at_unix_ms, action, subject, detail) VALUES (?, ?, ?, ?)");
    sql_int(&sql, clock_unix_ms());
    sql_text(&sql, action);
    sql_text(&sql, subject.data);
    sql_text(&sql, detail);
    int code = sql_run(&sql, NULL, reterr);
    text_release(&subject);
    return code;
}

static int promote(struct sqlite_store *store, const char *name, uint32_t version,
                   struct err *reterr)
{
    int changes = 0;
    struct sql sql =
        sql_new(store, "UPDATE baseline SET promoted_order = (SELECT coalesce(max(promoted_order),"
                       " 0) + 1 FROM baseline) WHERE name = ? AND version = ?");
    sql_text(&sql, name);
    sql_int(&sql, version);
    int code = sql_run(&sql, &changes, reterr);
    if (!code && !changes) {
        code = err_set(reterr, ERR_NOT_FOUND, "there is no baseline %s@%" PRIu32, name, version);
        err_hint(reterr, "Run: leeway baseline list");
    }
    return code ? code : audit(store, "baseline promoted", name, version, "", reterr);
}

/* Of what is stored already: 0 if it is not. */
static int find_same(struct sqlite_store *store, struct put *put, struct err *reterr)
{
    struct sql sql = sql_new(store, "SELECT version FROM baseline WHERE name = ? AND hash = ?");
    sql_text(&sql, put->baseline->name);
    sql_text(&sql, put->baseline->hash);
    int code = sql_next(&sql, reterr);
    put->version = code == 1 ? (uint32_t)sql_get_int(&sql) : 0;
    sql_end(&sql);
    return code < 0 ? code : 0;
}

static int insert(struct sqlite_store *store, struct put *put, struct err *reterr)
{
    struct sql sql =
        sql_new(store, "INSERT INTO baseline (name, version, hash, created, row_count, document)"
                       " SELECT ?1, coalesce(max(version), 0) + 1, ?2, ?3, ?4, ?5 FROM baseline"
                       " WHERE name = ?1 RETURNING version");
    sql_text(&sql, put->baseline->name);
    sql_text(&sql, put->baseline->hash);
    sql_text(&sql, put->baseline->created);
    sql_int(&sql, put->baseline->rows);
    sql_text(&sql, put->baseline->document);
    int code = sql_next(&sql, reterr);
    if (code == 1)
        put->version = (uint32_t)sql_get_int(&sql);
    sql_end(&sql);
    return code < 0 ? code
                    : audit(store, "baseline added", put->baseline->name, put->version,
                            put->baseline->hash, reterr);
}

static int put_baseline(struct sqlite_store *store, void *what, struct err *reterr)
{
    struct put *put = what;
    int code = find_same(store, put, reterr);
    if (!code && !put->version)
        code = insert(store, put, reterr);
    return !code && put->promote ? promote(store, put->baseline->name, put->version, reterr) : code;
}

int sqlite_baseline_put_now(struct store *base, const struct store_baseline *baseline,
                            bool promoted, uint32_t *ret_version, struct err *reterr)
{
    struct put what = {.baseline = baseline, .promote = promoted};
    int code = sqlite_write(sqlite_store_of(base), "store a baseline", put_baseline, &what, reterr);
    if (!code)
        *ret_version = what.version;
    return code;
}

static int none_found(const char *name, uint32_t version, struct err *reterr)
{
    int code =
        version ? err_set(reterr, ERR_NOT_FOUND, "there is no baseline %s@%" PRIu32, name, version)
                : err_set(reterr, ERR_NOT_FOUND, "there is no promoted baseline %s", name);
    err_hint(reterr, "Run: leeway baseline list");
    return code;
}

int sqlite_baseline_get_now(struct store *base, const char *name, uint32_t version,
                            struct text *ret_document, uint32_t *ret_version, struct err *reterr)
{
    struct sqlite_store *store = sqlite_store_of(base);
    store->doing = "read a baseline";
    struct sql sql = sql_new(
        store, version ? "SELECT version, document FROM baseline WHERE name = ? AND version = ?"
                       : "SELECT version, document FROM baseline WHERE name = ?"
                         " AND promoted_order IS NOT NULL ORDER BY promoted_order DESC LIMIT 1");
    sql_text(&sql, name);
    if (version)
        sql_int(&sql, version);
    int code = sql_next(&sql, reterr);
    if (code == 1) {
        *ret_version = (uint32_t)sql_get_int(&sql);
        text_puts(ret_document, sql_get_text(&sql));
    }
    sql_end(&sql);
    if (code == 1)
        return 0;
    return code ? code : none_found(name, version, reterr);
}

int sqlite_baseline_list_now(struct store *base, store_baseline_fn row, void *context,
                             struct err *reterr)
{
    struct sqlite_store *store = sqlite_store_of(base);
    store->doing = "list the baselines";
    struct sql sql =
        sql_new(store, "SELECT name, version, hash, created, row_count,"
                       " promoted_order IS NOT NULL, promoted_order IS NOT NULL AND promoted_order"
                       " = max(promoted_order) OVER (PARTITION BY name)"
                       " FROM baseline ORDER BY name, version");
    int code;
    while ((code = sql_next(&sql, reterr)) == 1) {
        struct store_baseline baseline = {.name = sql_get_text(&sql)};
        baseline.version = (uint32_t)sql_get_int(&sql);
        baseline.hash = sql_get_text(&sql);
        baseline.created = sql_get_text(&sql);
        baseline.rows = sql_get_int(&sql);
        baseline.promoted = sql_get_int(&sql) != 0;
        baseline.current = sql_get_int(&sql) != 0;
        if (row(context, &baseline))
            break;
    }
    sql_end(&sql);
    return code < 0 ? code : 0;
}

struct promotion {
    const char *name;
    uint32_t version;
};

static int promote_one(struct sqlite_store *store, void *what, struct err *reterr)
{
    const struct promotion *promotion = what;
    return promote(store, promotion->name, promotion->version, reterr);
}

int sqlite_baseline_promote_now(struct store *base, const char *name, uint32_t version,
                                struct err *reterr)
{
    struct promotion what = {name, version};
    return sqlite_write(sqlite_store_of(base), "promote a baseline", promote_one, &what, reterr);
}
