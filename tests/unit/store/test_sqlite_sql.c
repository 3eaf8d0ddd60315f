/* Statements and transactions, without any of the store's own tables. */
#include "unit/store/fixture.h"

static struct fixture fixture;

static void start(void)
{
    fixture_init(&fixture);
}

static void stop(void)
{
    fixture_release(&fixture);
}

TestSuite(sqlite_sql, .init = start, .fini = stop);

static struct store *with_table(void)
{
    struct store *store = fixture_open(&fixture);
    execute(store, "CREATE TABLE x (a TEXT NOT NULL, b INTEGER, c REAL, d BLOB)");
    return store;
}

static void insert(struct store *store, const char *a, int64_t b, double c, struct bytes d)
{
    struct sql sql = sql_new(sqlite_store_of(store), "INSERT INTO x VALUES (?, ?, ?, ?)");
    sql_text(&sql, a);
    sql_int_or_null(&sql, b, INT64_MIN);
    sql_real(&sql, c);
    sql_bytes(&sql, d);
    int changes = 0;
    expect_ok(sql_run(&sql, &changes, &why));
    cr_assert_eq(changes, 1);
}

static void expect_row(struct store *store, const char *a, int64_t b, double c, struct bytes d)
{
    struct sql sql = sql_new(sqlite_store_of(store), "SELECT a, b, c, d FROM x");
    cr_assert_eq(sql_next(&sql, NULL), 1);
    cr_assert_str_eq(sql_get_text(&sql), a);
    cr_assert_eq(sql_get_int_or(&sql, INT64_MIN), b);
    double number = sql_get_real(&sql);
    cr_assert(isnan(c) ? isnan(number) : memcmp(&number, &c, sizeof c) == 0);
    cr_assert(bytes_equal(sql_get_bytes(&sql), d));
    cr_assert_eq(sql_next(&sql, NULL), 0);
    sql_end(&sql);
    execute(store, "DELETE FROM x");
}

Test(sqlite_sql, values_come_back_as_they_went)
{
    /* UTF-8 of one to four bytes, a noncharacter, right-to-left, controls, quotes. */
    static const char *const texts[] = {"",
                                        "plain",
                                        "\xc3\xa9\xe2\x82\xac\xf0\x9f\x9a\x80",
                                        "\xef\xbf\xbf",
                                        "\xe2\x80\xae\x01\t\n\x7f",
                                        "'; DROP --\""};
    static const int64_t numbers[] = {0, -1, INT64_MAX, INT64_MIN + 1, INT64_MIN};
    static const double reals[] = {0.0, -0.5, 1e-300, 1.7976931348623157e308, INFINITY, NAN};
    struct store *store = with_table();
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct bytes blob = bytes_make("\0\xff\0", i % 4);
        insert(store, texts[i], numbers[i % 5], reals[i], blob);
        expect_row(store, texts[i], numbers[i % 5], reals[i], blob);
    }
    store_close(store);
}

Test(sqlite_sql, large_values)
{
    struct store *store = with_table();
    size_t size = 5 << 20;
    char *large = mem_new(size + 1, 1);
    memset(large, 'q', size);
    insert(store, large, 1, 1, bytes_make(large, size));
    expect_row(store, large, 1, 1, bytes_make(large, size));
    free(large);
    store_close(store);
}

Test(sqlite_sql, not_a_number_and_none_are_null)
{
    struct store *store = with_table();
    insert(store, "a", INT64_MIN, NAN, bytes_make(NULL, 0));
    cr_assert_eq(number_of(store, "SELECT b IS NULL AND c IS NULL AND d = x'' FROM x"), 1);
    store_close(store);
}

Test(sqlite_sql, statements_are_kept)
{
    struct store *store = with_table();
    struct sqlite_store *inner = sqlite_store_of(store);
    insert(store, "a", 1, 1, bytes_make("", 0));
    uint32_t cached = inner->cached;
    for (int i = 0; i < 100; i++)
        insert(store, "a", 1, 1, bytes_make("", 0));
    cr_assert_eq(inner->cached, cached);
    store_close(store);
}

Test(sqlite_sql, more_statements_than_places)
{
    static char texts[SQL_CACHE + 20][32];
    struct store *store = with_table();
    struct sqlite_store *inner = sqlite_store_of(store);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < SQL_CACHE + 20; i++) {
            snprintf(texts[i], sizeof texts[i], "SELECT %d", i);
            struct sql sql = sql_new(inner, texts[i]);
            cr_assert_eq(sql_next(&sql, NULL), 1);
            cr_assert_eq(sql_get_int(&sql), i);
            sql_end(&sql);
        }
    cr_assert_eq(inner->cached, SQL_CACHE);
    store_close(store);
}

Test(sqlite_sql, failures_stick_until_the_end)
{
    struct store *store = with_table();
    struct sqlite_store *inner = sqlite_store_of(store);
    struct err err = {0};
    inner->doing = "try this";
    struct sql sql = sql_new(inner, "SELECT a FROM nowhere");
    sql_int(&sql, 1);
    sql_text(&sql, "a");
    sql_real(&sql, 1);
    sql_bytes(&sql, bytes_of("a"));
    cr_assert_eq(sql_next(&sql, &err), ERR_IO);
    cr_assert_str_eq(err.text, "could not try this: no such table: nowhere");
    cr_assert_str_eq(err.place, fixture.url);
    sql_end(&sql);
    sql = sql_new(inner, "SELECT 1 WHERE 1 = ?");
    sql_int(&sql, 1);
    sql_int(&sql, 1); /* one too many */
    cr_assert_eq(sql_next(&sql, &err), ERR_INVALID);
    sql_end(&sql);
    sql = sql_new(inner, "INSERT INTO x (a) VALUES (?)");
    sql_text(&sql, NULL);
    cr_assert_eq(sql_run(&sql, NULL, &err), ERR_INVALID);
    cr_assert_str_eq(err.text, "could not try this: NOT NULL constraint failed: x.a");
    store_close(store);
}

static int insert_then(struct sqlite_store *store, void *what, struct err *reterr)
{
    insert(&store->store, "a", 1, 1, bytes_make("", 0));
    int code = *(int *)what;
    return code ? err_set(reterr, code, "as wanted") : 0;
}

Test(sqlite_sql, a_transaction_is_all_or_nothing)
{
    struct store *store = with_table();
    struct sqlite_store *inner = sqlite_store_of(store);
    struct err err = {0};
    int code = ERR_CONFLICT;
    cr_assert_eq(sqlite_write(inner, "try", insert_then, &code, &err), ERR_CONFLICT);
    cr_assert_str_eq(err.text, "as wanted");
    cr_assert_eq(number_of(store, "SELECT count(*) FROM x"), 0);
    cr_assert_neq(sqlite3_get_autocommit(inner->db), 0, "no transaction was left open");
    code = 0;
    cr_assert_eq(sqlite_write(inner, "try", insert_then, &code, &err), 0);
    cr_assert_eq(number_of(store, "SELECT count(*) FROM x"), 1);
    store_close(store);
}

static int refuse_commit(void *context)
{
    (void)context;
    return 1;
}

Test(sqlite_sql, a_commit_that_fails_is_rolled_back)
{
    struct store *store = with_table();
    struct sqlite_store *inner = sqlite_store_of(store);
    int code = 0;
    sqlite3_commit_hook(inner->db, refuse_commit, NULL);
    cr_assert_neq(sqlite_write(inner, "try", insert_then, &code, NULL), 0);
    sqlite3_commit_hook(inner->db, NULL, NULL);
    cr_assert_neq(sqlite3_get_autocommit(inner->db), 0);
    cr_assert_eq(number_of(store, "SELECT count(*) FROM x"), 0);
    cr_assert_eq(sqlite_write(inner, "try", insert_then, &code, NULL), 0);
    cr_assert_eq(number_of(store, "SELECT count(*) FROM x"), 1);
    store_close(store);
}

Test(sqlite_sql, codes_say_whether_to_try_again)
{
    struct sqlite_store store = {.place = (char *)"sqlite:x", .doing = "try"};
    static const int again[] = {SQLITE_BUSY,  SQLITE_LOCKED,        SQLITE_FULL,
                                SQLITE_IOERR, SQLITE_IOERR_FSYNC,   SQLITE_READONLY,
                                SQLITE_NOMEM, SQLITE_BUSY_SNAPSHOT, SQLITE_CANTOPEN};
    static const int misuse[] = {SQLITE_CONSTRAINT_UNIQUE, SQLITE_TOOBIG, SQLITE_MISUSE};
    static const int broken[] = {SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_ERROR};
    for (size_t i = 0; i < sizeof again / sizeof *again; i++)
        cr_assert_eq(sqlite_fail(&store, again[i], NULL), ERR_UNAVAILABLE, "%d", again[i]);
    for (size_t i = 0; i < 3; i++)
        cr_assert_eq(sqlite_fail(&store, misuse[i], NULL), ERR_INVALID);
    for (size_t i = 0; i < 3; i++)
        cr_assert_eq(sqlite_fail(&store, broken[i], NULL), ERR_IO);
    store.opening = true;
    cr_assert_eq(sqlite_fail(&store, SQLITE_READONLY, NULL), ERR_IO);
    cr_assert_eq(sqlite_fail(&store, SQLITE_BUSY, NULL), ERR_UNAVAILABLE);
}
