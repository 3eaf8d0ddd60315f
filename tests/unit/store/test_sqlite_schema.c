/* From any version forward, never back, all or nothing. */
#include "store/sqlite_schema.h"

#include "sys/file.h"
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

TestSuite(sqlite_schema, .init = start, .fini = stop);

/* An own ladder of versions, on a bare connection. */
static const char *const one[] = {"CREATE TABLE a (x)", "INSERT INTO a VALUES (1)", NULL};
static const char *const two[] = {"ALTER TABLE a ADD COLUMN y", "UPDATE a SET y = x + 1", NULL};
static const char *const broken[] = {"CREATE TABLE b (x)", "INSERT INTO nowhere VALUES (1)", NULL};

static struct sqlite_store *bare(void)
{
    struct sqlite_store *store = mem_new(1, sizeof *store);
    store->place = mem_copy("sqlite:test");
    cr_assert_eq(sqlite3_open(fixture.path, &store->db), SQLITE_OK);
    return store;
}

static void bare_free(struct sqlite_store *store)
{
    for (uint32_t i = 0; i < store->cached; i++)
        sqlite3_finalize(store->cache[i].statement);
    cr_assert_eq(sqlite3_close(store->db), SQLITE_OK, "no statement was left behind");
    free(store->place);
    free(store);
}

Test(sqlite_schema, goes_forward_and_keeps_rows)
{
    const struct sqlite_step steps[] = {{one}, {two}};
    struct sqlite_store *store = bare();
    expect_ok(sqlite_migrate(store, steps, 1, &why));
    cr_assert_eq(number_of(&store->store, "PRAGMA user_version"), 1);
    cr_assert_eq(number_of(&store->store, "PRAGMA application_id"), SQLITE_APPLICATION_ID);
    bare_free(store);
    store = bare();
    expect_ok(sqlite_migrate(store, steps, 2, &why));
    expect_ok(sqlite_migrate(store, steps, 2, &why)); /* nothing left to do */
    cr_assert_eq(number_of(&store->store, "PRAGMA user_version"), 2);
    cr_assert_eq(number_of(&store->store, "SELECT sum(y) FROM a"), 2);
    bare_free(store);
}

Test(sqlite_schema, several_steps_at_once)
{
    const struct sqlite_step steps[] = {{one}, {two}};
    struct sqlite_store *store = bare();
    expect_ok(sqlite_migrate(store, steps, 2, &why));
    cr_assert_eq(number_of(&store->store, "SELECT sum(y) FROM a"), 2);
    bare_free(store);
}

Test(sqlite_schema, a_step_that_fails_leaves_the_file_as_it_was)
{
    const struct sqlite_step steps[] = {{one}, {two}, {broken}};
    struct sqlite_store *store = bare();
    struct err err = {0};
    expect_ok(sqlite_migrate(store, steps, 1, &why));
    cr_assert_eq(sqlite_migrate(store, steps, 3, &err), ERR_IO);
    cr_assert_not_null(strstr(err.text, "nowhere"), "%s", err.text);
    cr_assert_eq(number_of(&store->store, "PRAGMA user_version"), 1);
    cr_assert_eq(number_of(&store->store, "SELECT count(*) FROM sqlite_schema"), 1);
    cr_assert_eq(number_of(&store->store, "SELECT count(*) FROM pragma_table_info('a')"), 1);
    bare_free(store);
}

Test(sqlite_schema, newer_files_are_refused_and_left)
{
    struct store *store = fixture_open(&fixture);
    put_delta(store, "m", 0, "x");
    execute(store, "PRAGMA user_version = 1000");
    store_close(store);
    struct err err = {0};
    cr_assert_null(store_open(fixture.url, NULL, &err));
    cr_assert_eq(err.code, ERR_UNSUPPORTED);
    cr_assert_str_eq(err.place, fixture.url);
    cr_assert_not_null(strstr(err.text, "schema version 1000"), "%s", err.text);
    cr_assert_not_null(strstr(err.hint, "newer leeway"));
    struct sqlite_store *raw = bare();
    cr_assert_eq(number_of(&raw->store, "PRAGMA user_version"), 1000);
    cr_assert_eq(number_of(&raw->store, "SELECT count(*) FROM pane_delta"), 1);
    bare_free(raw);
}

/* tests/data/store/version_2.sql: see there. What was written stays, what came later has its
 * default, and the store goes on from it. */
Test(sqlite_schema, a_file_of_version_2_goes_on)
{
    struct sqlite_store *raw = bare();
    struct text script = {0}, text = {0};
    expect_ok(file_read(TEST_DATA "/store/version_2.sql", 1 << 20, &script, &why));
    execute(&raw->store, script.data);
    cr_assert_eq(number_of(&raw->store, "PRAGMA user_version"), 2);
    bare_free(raw);
    struct store *store = fixture_open(&fixture);
    cr_assert_eq(number_of(store, "PRAGMA user_version"), 3);
    expect_ok(store_sync_partitions(store, note_partition, &text, &why));
    expect_rows(&text, "d/0 e3 40..43 t1700000000000 2 0 0 1 0 0\n");
    expect_ok(store_sync_deltas(store, "m", 0, 100, note_pane, &text, NULL, &why));
    expect_rows(&text, "10 1 g x 1 r0\n20 1 g yz 2 r0\n");
    struct store_partition taken;
    expect_ok(store_sync_take_partition(store, "d", 0, 0, &taken, &why));
    struct store_advance advance = make_advance("d", 0, 4, 43, 1);
    struct store_commit commit = {.advances = &advance, .advance_count = 1};
    advance.idle = true;
    expect_commit(store, &commit, STORE_DONE);
    expect_ok(store_sync_expect(store, "d", 2, &why));
    expect_ok(store_sync_partitions(store, note_partition, &text, &why));
    expect_rows(&text, "d/0 e4 40..44 t1700000000000 idle 3 0 0 1 0 0\n"
                       "d/1 e0 -1..-1 0 0 0 0 0 0\n");
    store_close(store);
    text_release(&script);
}

Test(sqlite_schema, versions_that_cannot_be)
{
    static const char *const pragmas[] = {"PRAGMA user_version = -5", "PRAGMA user_version = 0",
                                          "PRAGMA application_id = 1"};
    for (size_t i = 0; i < 3; i++) {
        struct store *store = fixture_open(&fixture);
        execute(store, pragmas[i]);
        store_close(store);
        struct err err = {0};
        cr_assert_null(store_open(fixture.url, NULL, &err), "%s", pragmas[i]);
        cr_assert_eq(err.code, ERR_INVALID, "%s", pragmas[i]);
        cr_assert_eq(unlink(fixture.path), 0);
    }
}

Test(sqlite_schema, two_that_come_at_once)
{
    struct store *first = fixture_open(&fixture), *second = fixture_open(&fixture);
    put_delta(first, "m", 0, "x");
    put_delta(second, "m", 5, "y");
    cr_assert_eq(number_of(first, "SELECT count(*) FROM pane_delta"), 2);
    store_close(first);
    store_close(second);
}

Test(sqlite_schema, wrong_types_are_refused)
{
    struct store *store = fixture_open(&fixture);
    int code =
        sqlite3_exec(handle_of(store), "INSERT INTO ledger VALUES ('t', 0, 'counted', 'many')",
                     NULL, NULL, NULL);
    cr_assert_eq(code & 0xff, SQLITE_CONSTRAINT);
    store_close(store);
}
