/* Talks to SQLite so that the rest can talk about rows: every way in which a statement can fail
 * becomes one struct err, every transaction ends in commit or rollback. Assumes one thread, and
 * statement texts whose address is theirs for good (string constants). Knows no table. */
#include "store/sqlite_sql.h"

#include <math.h>
#include <stdlib.h>

static const char *hint_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_FULL:
        return "Free some space: nothing is lost, work goes on from what is stored.";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return "Another program holds the file locked; give each agent a store of its own.";
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return "Let the user that runs leeway write to the file and to its directory.";
    case SQLITE_CANTOPEN:
        return "Check that the directory exists and that leeway may write to it.";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return "The file is damaged or not a store; restore a copy, or give another file.";
    default:
        return NULL;
    }
}

static int err_code_of(int code, bool opening)
{
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
    case SQLITE_FULL:
    case SQLITE_NOMEM:
    case SQLITE_INTERRUPT:
        return ERR_UNAVAILABLE;
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
        return opening ? ERR_IO : ERR_UNAVAILABLE;
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
    case SQLITE_TOOBIG:
        return ERR_INVALID;
    default:
        return ERR_IO;
    }
}

int sqlite_fail(struct sqlite_store *store, int code, struct err *reterr)
{
    int system = store->db ? sqlite3_system_errno(store->db) : 0;
    bool outside = (code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN;
    /* The connection's own message says more, but only if it is about this very failure. */
    bool own = store->db && sqlite3_extended_errcode(store->db) == code;
    const char *message = own ? sqlite3_errmsg(store->db) : sqlite3_errstr(code);
    int result = err_code_of(code, store->opening);
    if (outside && system)
        err_set(reterr, result, "could not %s: %s (%s)", store->doing, message, strerror(system));
    else
        err_set(reterr, result, "could not %s: %s", store->doing, message);
    err_place(reterr, "%s", store->place);
    if (hint_of(code))
        err_hint(reterr, "%s", hint_of(code));
    return result;
}

static sqlite3_stmt *cache_find(struct sqlite_store *store, const char *text)
{
    for (uint32_t i = 0; i < store->cached; i++)
        if (store->cache[i].text == text)
            return store->cache[i].statement;
    return NULL;
}

struct sql sql_new(struct sqlite_store *store, const char *text)
{
    struct sql sql = {.store = store, .statement = cache_find(store, text)};
    if (sql.statement)
        return sql;
    sql.once = store->cached == SQL_CACHE;
    unsigned flags = sql.once ? 0 : SQLITE_PREPARE_PERSISTENT;
    sql.code = sqlite3_prepare_v3(store->db, text, -1, flags, &sql.statement, NULL);
    if (sql.code == SQLITE_OK && !sql.once) {
        store->cache[store->cached].text = text;
        store->cache[store->cached++].statement = sql.statement;
    }
    return sql;
}

struct sql sql_once(struct sqlite_store *store, const char *text)
{
    struct sql sql = {.store = store, .once = true};
    sql.code = sqlite3_prepare_v2(store->db, text, -1, &sql.statement, NULL);
    return sql;
}

void sql_end(struct sql *sql)
{
    if (sql->once) {
        sqlite3_finalize(sql->statement);
    } else if (sql->statement) {
        sqlite3_reset(sql->statement);
        sqlite3_clear_bindings(sql->statement);
    }
    sql->statement = NULL;
}

/* The first failure is kept. */
static void note(struct sql *sql, int code)
{
    if (sql->code == SQLITE_OK)
        sql->code = code;
}

void sql_text(struct sql *sql, const char *text)
{
    if (sql->code == SQLITE_OK)
        note(sql, sqlite3_bind_text(sql->statement, ++sql->parameter, text, -1, SQLITE_STATIC));
}

void sql_text_or_empty(struct sql *sql, const char *text)
{
    sql_text(sql, text ? text : "");
}

void sql_int(struct sql *sql, int64_t number)
{
    if (sql->code == SQLITE_OK)
        note(sql, sqlite3_bind_int64(sql->statement, ++sql->parameter, number));
}

void sql_int_or_null(struct sql *sql, int64_t number, int64_t none)
{
    if (number == none)
        sql_text(sql, NULL);
    else
        sql_int(sql, number);
}

void sql_real(struct sql *sql, double number)
{
    if (sql->code == SQLITE_OK) /* SQLite itself makes null of what is not a number */
        note(sql, sqlite3_bind_double(sql->statement, ++sql->parameter, number));
}

void sql_bytes(struct sql *sql, struct bytes bytes)
{
    const char *data = bytes.size ? bytes.data : ""; /* a null address would be bound as null */
    if (sql->code == SQLITE_OK)
        note(sql, sqlite3_bind_blob64(sql->statement, ++sql->parameter, data, bytes.size,
                                      SQLITE_STATIC));
}

int sql_next(struct sql *sql, struct err *reterr)
{
    sql->column = 0;
    if (sql->code == SQLITE_OK) {
        int code = sqlite3_step(sql->statement);
        if (code == SQLITE_ROW)
            return 1;
        if (code == SQLITE_DONE)
            return 0;
        sql->code = code;
    }
    return sqlite_fail(sql->store, sql->code, reterr);
}

int sql_run(struct sql *sql, int *ret_changes, struct err *reterr)
{
    int code = sql_next(sql, reterr);
    if (!code && ret_changes)
        *ret_changes = sqlite3_changes(sql->store->db);
    sql_end(sql);
    return code;
}

const char *sql_get_text_or_null(struct sql *sql)
{
    return (const char *)sqlite3_column_text(sql->statement, sql->column++);
}

const char *sql_get_text(struct sql *sql)
{
    const char *text = sql_get_text_or_null(sql);
    return text ? text : "";
}

int64_t sql_get_int_or(struct sql *sql, int64_t none)
{
    int column = sql->column++;
    if (sqlite3_column_type(sql->statement, column) == SQLITE_NULL)
        return none;
    return sqlite3_column_int64(sql->statement, column);
}

int64_t sql_get_int(struct sql *sql)
{
    return sql_get_int_or(sql, 0);
}

double sql_get_real(struct sql *sql)
{
    int column = sql->column++;
    if (sqlite3_column_type(sql->statement, column) == SQLITE_NULL)
        return (double)NAN;
    return sqlite3_column_double(sql->statement, column);
}

struct bytes sql_get_bytes(struct sql *sql)
{
    int column = sql->column++;
    const void *data = sqlite3_column_blob(sql->statement, column);
    int size = sqlite3_column_bytes(sql->statement, column);
    return data ? bytes_make(data, (size_t)size) : bytes_make("", 0);
}

static int run_constant(struct sqlite_store *store, const char *text, struct err *reterr)
{
    struct sql sql = sql_new(store, text);
    return sql_run(&sql, NULL, reterr);
}

int sqlite_write(struct sqlite_store *store, const char *doing,
                 int (*body)(struct sqlite_store *store, void *what, struct err *reterr),
                 void *what, struct err *reterr)
{
    store->doing = doing;
    int code = run_constant(store, "BEGIN IMMEDIATE", reterr);
    if (code)
        return code;
    code = body(store, what, reterr);
    if (!code)
        code = run_constant(store, "COMMIT", reterr);
    /* Some failures (a full disk) have rolled back already; a failed commit (locked) has not. The
     * rollback's own result says nothing that the first failure has not said. */
    if (code && !sqlite3_get_autocommit(store->db))
        (void)run_constant(store, "ROLLBACK", NULL);
    return code;
}
