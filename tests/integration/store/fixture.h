/* The store's own tests, once more over PostgreSQL: each test_contract_*.c includes a file of
 * tests/unit/store after this header, which takes the place of that folder's fixture. A test has a
 * database of its own, copied from one that is migrated already. What a test wants from SQLite
 * itself is skipped here.
 *
 * LEEWAY_TEST_POSTGRES is a URI of a superuser with "DATABASE" where the name of the database
 * belongs; the one to copy is called leeway_template. tests/system/test_postgres.py starts the
 * server and the programs. */
#ifndef LEEWAY_TEST_STORE_FIXTURE_H
#define LEEWAY_TEST_INTEGRATION_FIXTURE_H

#include <libpq-fe.h>

#include "store/ops.h"
#include "store/postgres.h"
#include "store/sync.h"

/* The unit fixture is read for what it has in common (rows as text, ready-made things), with its
 * parts that know SQLite under other names. */
#define fixture         sqlite_fixture
#define fixture_init    sqlite_fixture_init
#define fixture_release sqlite_fixture_release
#define fixture_open    sqlite_fixture_open
#define open_or_fail    sqlite_open_or_fail
#define handle_of       sqlite_handle_of
#define execute         sqlite_execute
#define number_of       sqlite_number_of
#define row_total       sqlite_row_total
static inline void settle(struct store *store, const void *told);
#define store_commit(store, commit, done, told)                                                    \
    ((store_commit)(store, commit, done, told), settle(store, told))
#define store_judged(store, judged, done, told)                                                    \
    ((store_judged)(store, judged, done, told), settle(store, told))
#define store_merge_late(store, monitor, panes, count, mark, done, told)                           \
    ((store_merge_late)(store, monitor, panes, count, mark, done, told), settle(store, told))
#define store_delivered(store, result, done, told)                                                 \
    ((store_delivered)(store, result, done, told), settle(store, told))
#include "unit/store/fixture.h"
#undef fixture
#undef fixture_init
#undef fixture_release
#undef fixture_open
#undef open_or_fail
#undef handle_of
#undef execute
#undef number_of
#undef row_total

/* PostgreSQL answers from the loop: a test of the contract waits for it where SQLite has answered
 * already. */
static inline void settle(struct store *store, const void *told)
{
    struct err err = {0};
    struct store_stats stats;
    if (!told) { /* nobody is told; calls are answered in order */
        cr_assert_eq(store_sync_stats(store, &stats, &err), 0, "%s", err.text);
        return;
    }
    while (!((const struct told *)told)->calls)
        cr_assert_eq(store->ops->turn(store, &err), 0, "%s", err.text);
}

struct fixture {
    char database[64], url[512], path[1], directory[1];
};

/* The URI with a database's name in it. */
static inline void url_of(const char *database, char *ret, size_t size)
{
    static const char mark[] = "DATABASE";
    const char *url = getenv("LEEWAY_TEST_POSTGRES"), *at = url ? strstr(url, mark) : NULL;
    if (!at)
        cr_skip_test("LEEWAY_TEST_POSTGRES is not set");
    snprintf(ret, size, "%.*s%s%s", (int)(at - url), url, database, at + sizeof mark - 1);
}

static inline void as_administrator(const char *database, const char *sql)
{
    char url[512];
    url_of(database, url, sizeof url);
    PGconn *conn = PQconnectdb(url);
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);
    cr_assert(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK, "%s: %s", sql,
              PQerrorMessage(conn));
    PQclear(result);
    PQfinish(conn);
}

/* Tests of what SQLite alone does: its words, marks that two handles share, times that no calendar
 * has, rows written with its functions. */
static const char *const sqlite_tests[] = {"a_statement_that_fails_late_undoes_the_earlier_ones",
                                           "a_generation_is_registered_once",
                                           "late_merges_of_two_do_not_undo_each_other",
                                           "the_longest_due_comes_first",
                                           "a_verdict_comes_back_to_the_bit",
                                           "latest_agrees_with_grouping"};

static inline void fixture_init(struct fixture *fixture)
{
    char sql[160];
    for (size_t i = 0; i < sizeof sqlite_tests / sizeof *sqlite_tests; i++)
        if (!strcmp(criterion_current_test->name, sqlite_tests[i]))
            cr_skip_test("SQLite's own");
    snprintf(fixture->database, sizeof fixture->database, "t_%ld", (long)getpid());
    url_of(fixture->database, fixture->url, sizeof fixture->url);
    /* A test that was skipped in the middle has left its own. */
    snprintf(sql, sizeof sql, "drop database if exists %s with (force)", fixture->database);
    as_administrator("postgres", sql);
    snprintf(sql, sizeof sql, "create database %s template leeway_template", fixture->database);
    as_administrator("postgres", sql);
}

static inline void fixture_release(struct fixture *fixture)
{
    char sql[160];
    snprintf(sql, sizeof sql, "drop database %s with (force)", fixture->database);
    as_administrator("postgres", sql);
}

static inline struct store *open_or_fail(const char *url)
{
    struct err err = {0};
    if (strncmp(url, "postgresql:", 11))
        cr_skip_test("SQLite's own");
    struct store *store = postgres_store_open(url, &(struct store_options){.agent = "a"}, &err);
    cr_assert_not_null(store, "%s: %s", err.place, err.text);
    return store;
}

static inline struct store *fixture_open(struct fixture *fixture)
{
    return open_or_fail(fixture->url);
}

static inline sqlite3 *handle_of(struct store *store)
{
    (void)store;
    cr_skip_test("SQLite's own");
}

#define sqlite_store_of(store) ((struct sqlite_store *)(void *)handle_of(store))

/* What the two schemas say in different words. */
static inline void translate(const char *sql, char *ret, size_t size)
{
    static const char *const words[][2] = {
        {"created_unix_ms = id * 1000", "created_at = leeway.time_of(id * 1000)"},
        {"created_unix_ms = 1000 * id", "created_at = leeway.time_of(id * 1000)"},
        {"next_attempt_unix_ms", "next_attempt_at"},
        {"CAST('one' AS BLOB)", "'one'::bytea"},
        {"CAST('two' AS BLOB)", "'two'::bytea"},
        {"INSERT INTO delivery SELECT i, 7, 0, 1, 'dead', 0, ''",
         "INSERT INTO delivery (outbox, attempt, state) SELECT 7, 1, 'dead'"},
        {NULL, NULL}};
    if (strstr(sql, "PRAGMA") || strstr(sql, "TRIGGER") || strstr(sql, "IMMEDIATE"))
        cr_skip_test("SQLite's own");
    size_t used = 0;
    while (*sql && used + 64 < size) {
        const char *const *word = words[0];
        while (word[0] && strncmp(sql, word[0], strlen(word[0])))
            word += 2;
        if (word[0])
            used += (size_t)snprintf(ret + used, size - used, "%s", word[1]);
        else
            ret[used++] = *sql;
        sql += word[0] ? strlen(word[0]) : 1;
    }
    ret[used] = '\0';
}

/* A connection beside the store's, one for the whole test. */
static inline PGresult *ask_beside(const char *sql)
{
    static PGconn *conn;
    char url[512], database[64], translated[2048];
    translate(sql, translated, sizeof translated);
    if (!conn) {
        snprintf(database, sizeof database, "t_%ld", (long)getpid());
        url_of(database, url, sizeof url);
        conn = PQconnectdb(url);
        PQclear(PQexec(conn, "set search_path = leeway"));
    }
    PGresult *result = PQexec(conn, translated);
    ExecStatusType status = PQresultStatus(result);
    cr_assert(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK, "%s: %s", translated,
              PQerrorMessage(conn));
    return result;
}

static inline void execute(struct store *store, const char *sql)
{
    (void)store;
    PQclear(ask_beside(sql));
}

static inline int64_t number_of(struct store *store, const char *sql)
{
    (void)store;
    PGresult *result = ask_beside(sql);
    int64_t number = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return number;
}

static inline int64_t row_total(struct store *store)
{
    static const char *const tables[] = {
        "generation", "partition_state", "ledger",      "quarantine", "pane_delta",
        "pane",       "pane_set_aside",  "judge_state", "verdict",    "window_histogram",
        "incident",   "outbox",          "delivery",    "baseline",   "audit"};
    int64_t total = 0;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        char sql[64];
        snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", tables[i]);
        total += number_of(store, sql);
    }
    return total;
}

#endif
