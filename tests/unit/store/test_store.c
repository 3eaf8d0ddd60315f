/* URLs, and what the front refuses before any implementation is asked. */
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

TestSuite(store, .init = start, .fini = stop);

static struct err refused(const char *url)
{
    struct err err = {0};
    cr_assert_null(store_open(url, &err), "%s", url);
    cr_assert_neq(err.code, 0);
    cr_assert_neq(err.text[0], '\0');
    return err;
}

Test(store, postgresql_is_not_offered_and_its_password_not_shown)
{
    static const char *const urls[] = {"postgresql://leeway:s3cret@db/leeway",
                                       "postgres://leeway:s3cret@db/leeway"};
    for (size_t i = 0; i < 2; i++) {
        struct err err = refused(urls[i]);
        char line[800];
        cr_assert_eq(err.code, ERR_UNSUPPORTED);
        err_line(&err, line, sizeof line);
        cr_assert_null(strstr(line, "s3cret"));
        cr_assert_not_null(strstr(err.text, "PostgreSQL"));
        cr_assert_not_null(strstr(err.hint, "sqlite:"));
    }
}

Test(store, urls_that_are_none)
{
    static const char *const urls[] = {
        "",         "leeway.db", "mysql://u:s3cret@h", "sqlite",
        "SQLITE:x", "sqlite:",   "sqlite://",          "sqlite://leeway.db"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct err err = refused(urls[i]);
        cr_assert_eq(err.code, ERR_INVALID, "%s", urls[i]);
        cr_assert_null(strstr(err.text, "s3cret"));
        cr_assert_not_null(strstr(err.hint, "sqlite:leeway.db"), "%s", urls[i]);
    }
}

Test(store, errors_are_optional)
{
    cr_assert_null(store_open("nothing", NULL));
    cr_assert_null(store_open("sqlite:/nonexistent/a.db", NULL));
    store_close(NULL);
}

Test(store, a_path_is_never_a_uri)
{
    cr_assert_eq(chdir(fixture.directory), 0);
    struct store *store = open_or_fail("sqlite:file:x?mode=memory");
    cr_assert_eq(access("file:x?mode=memory", F_OK), 0, "a file of just this name");
    store_close(store);
    store = open_or_fail("sqlite:b.db");
    cr_assert_eq(access("b.db", F_OK), 0);
    store_close(store);
    char url[128];
    snprintf(url, sizeof url, "sqlite://%s", fixture.path); /* three slashes: an absolute path */
    store = open_or_fail(url);
    cr_assert_eq(access(fixture.path, F_OK), 0);
    store_close(store);
    cr_assert_eq(chdir("/"), 0);
}

Test(store, memory_needs_no_file)
{
    cr_assert_eq(chdir(fixture.directory), 0);
    struct store *store = open_or_fail("sqlite::memory:");
    put_delta(store, "m", 0, "x");
    store_close(store);
    cr_assert_neq(access(":memory:", F_OK), 0);
    cr_assert_eq(chdir("/"), 0);
}

Test(store, a_limit_of_nothing_is_refused)
{
    struct store *store = fixture_open(&fixture);
    struct store_query query = {.limit = 0};
    struct text text = {0};
    cr_assert_eq(store_verdicts(store, &query, note_verdict, &text, NULL), ERR_INVALID);
    cr_assert_eq(store_latest(store, &query, note_verdict, &text, NULL), ERR_INVALID);
    cr_assert_eq(store_incidents(store, &query, note_incident, &text, NULL), ERR_INVALID);
    cr_assert_eq(store_due(store, 0, 0, note_due, &text, NULL), ERR_INVALID);
    cr_assert_eq(store_quarantine_list(store, 0, NULL, NULL, NULL), ERR_INVALID);
    cr_assert_null(text.data);
    store_close(store);
}

Test(store, partitions_start_somewhere)
{
    struct store *store = fixture_open(&fixture);
    struct store_partition taken = {.epoch = 77};
    struct err err = {0};
    cr_assert_eq(store_take_partition(store, "t", 0, -2, "a", &taken, &err), ERR_INVALID);
    cr_assert_eq(taken.epoch, 77);
    cr_assert_eq(row_total(store), 0);
    store_close(store);
}

struct nested {
    struct store *store;
    int rows;
};

static int call_the_store(void *context, const struct store_pane *delta)
{
    (void)delta;
    struct nested *nested = context;
    struct err err = {0};
    struct told told = {0};
    int64_t position;
    struct text state = {0};
    nested->rows++;
    cr_assert_eq(store_judge_load(nested->store, "m", &position, &state, &err), ERR_INVALID);
    cr_assert_eq(store_deltas(nested->store, "m", 0, 9, call_the_store, context, NULL, &err),
                 ERR_INVALID);
    struct store_judged judged = make_judged(INT64_MIN, 20);
    store_judged(nested->store, &judged, tell, &told);
    expect_told(&told, STORE_FAILED, __LINE__);
    struct store_commit commit = {.agent = "a"};
    expect_commit(nested->store, &commit, STORE_FAILED);
    struct store_delivery_result result = {.id = 1};
    expect_delivered(nested->store, &result, STORE_FAILED);
    expect_late(nested->store, "m", NULL, 0, 0, STORE_FAILED);
    return 0;
}

Test(store, row_functions_may_not_call_the_store)
{
    struct store *store = fixture_open(&fixture);
    put_delta(store, "m", 0, "x");
    put_delta(store, "m", 5, "y");
    struct nested nested = {.store = store};
    expect_ok(store_deltas(store, "m", 0, 10, call_the_store, &nested, NULL, &why));
    cr_assert_eq(nested.rows, 2);
    put_delta(store, "m", 6, "z"); /* and afterwards it may be used again */
    store_close(store);
}

static void commit_again(void *context, enum store_result result, const struct err *err)
{
    struct nested *nested = context;
    (void)err;
    cr_assert_eq(result, STORE_DONE);
    struct store_advance advance = make_advance("t", 0, 1, nested->rows, 1);
    struct store_commit commit = {.agent = "a", .advances = &advance, .advance_count = 1};
    if (nested->rows++ < 5)
        store_commit(nested->store, &commit, commit_again, nested);
}

Test(store, callbacks_may_go_on)
{
    struct store *store = fixture_open(&fixture);
    struct store_partition taken;
    struct nested nested = {.store = store};
    expect_ok(store_take_partition(store, "t", 0, 0, "a", &taken, &why));
    commit_again(&nested, STORE_DONE, NULL);
    struct text text = {0};
    expect_ok(store_partitions(store, note_partition, &text, &why));
    expect_rows(&text, "t/0 e1 0..5 5 0 0 0 0 0\n");
    store_close(store);
}
