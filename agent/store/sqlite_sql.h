/* Statements and transactions of the SQLite store: the thin layer through which its other files
 * talk to SQLite. Statements are prepared once and kept, found again by the address of their text.
 */
#ifndef LEEWAY_STORE_SQLITE_SQL_H
#define LEEWAY_STORE_SQLITE_SQL_H

#include <sqlite3.h>

#include "store/ops.h"

enum { SQL_CACHE = 64 };

struct sqlite_store {
    struct store store;
    sqlite3 *db;
    char *place;       /* "sqlite:leeway.db", for messages */
    char *agent;       /* as in struct store_options; never NULL */
    char state[160];   /* see store_state */
    const char *doing; /* what is being tried, for messages: "could not " and this */
    bool opening;      /* access that is refused now is a wrong setting, not a passing trouble */
    struct {
        const char *text;
        sqlite3_stmt *statement;
    } cache[SQL_CACHE];
    uint32_t cached;
};

/* One use of a statement: make it, give its parameters in order, run it or step through its rows
 * and get their columns in order, end it. A failure sticks and comes out of sql_run or sql_next. */
struct sql {
    struct sqlite_store *store;
    sqlite3_stmt *statement;
    int parameter, column, code;
    bool once;
};

/* `text` is a string constant: the statement is kept. */
struct sql sql_new(struct sqlite_store *store, const char *text);
/* `text` was put together: the statement is forgotten by sql_end. */
struct sql sql_once(struct sqlite_store *store, const char *text);
void sql_end(struct sql *sql);

/* Parameters, valid until the statement has run. Not a number is bound as null, and so is NULL
 * (sql_text_or_empty: ""), and the `none` of sql_int_or_null. */
void sql_text(struct sql *sql, const char *text);
void sql_text_or_empty(struct sql *sql, const char *text);
void sql_int(struct sql *sql, int64_t number);
void sql_int_or_null(struct sql *sql, int64_t number, int64_t none);
void sql_real(struct sql *sql, double number);
void sql_bytes(struct sql *sql, struct bytes bytes);

/* Runs a statement that gives no rows, and ends it. `ret_changes` (may be NULL): rows written. */
int sql_run(struct sql *sql, int *ret_changes, struct err *reterr);
/* The next row: 1, or 0 after the last, or a negative code. The caller ends it. */
int sql_next(struct sql *sql, struct err *reterr);

/* Columns of the row, valid until the next sql_next or sql_end. Null is "", 0, `none`, not a
 * number. */
const char *sql_get_text(struct sql *sql);
const char *sql_get_text_or_null(struct sql *sql);
int64_t sql_get_int(struct sql *sql);
int64_t sql_get_int_or(struct sql *sql, int64_t none);
double sql_get_real(struct sql *sql);
struct bytes sql_get_bytes(struct sql *sql);

/* Fills the error for an SQLite result code: ERR_UNAVAILABLE where trying again can help (locked,
 * full; once the store is open also no access, input/output), ERR_INVALID for a broken constraint,
 * else ERR_IO. */
int sqlite_fail(struct sqlite_store *store, int code, struct err *reterr);

/* Runs `body` between BEGIN IMMEDIATE and COMMIT; if it or the commit fails everything is rolled
 * back and its code returned. `doing` is for messages: "commit counts". */
int sqlite_write(struct sqlite_store *store, const char *doing,
                 int (*body)(struct sqlite_store *store, void *what, struct err *reterr),
                 void *what, struct err *reterr);

/* The ways in, as in struct store_ops. */
static inline struct sqlite_store *sqlite_store_of(struct store *store)
{
    return (struct sqlite_store *)store; /* its first member */
}

#endif
