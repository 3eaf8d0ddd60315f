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
    cr_assert_null(store_open(url, NULL, &err), "%s", url);
    cr_assert_neq(err.code, 0);
    cr_assert_neq(err.text[0], '\0');
    return err;
}

Test(store, a_postgresql_url_is_looked_at_before_the_server_is)
{
    static const char *const urls[] = {"postgresql://leeway:s3cret@db/leeway?nonsense=1",
                                       "postgres://leeway:s3cret@db/leeway?sslmode=allow"};
    for (size_t i = 0; i < 2; i++) {
        struct err err = refused(urls[i]);
        char line[800];
        cr_assert_eq(err.code, ERR_INVALID);
        err_line(&err, line, sizeof line);
        cr_assert_null(strstr(line, "s3cret"), "%s", line);
    }
    struct err err = {0};
    struct store *store = store_open("postgresql://leeway:s3cret@127.0.0.1:1/leeway", NULL, &err);
    cr_assert_not_null(store, "%s", err.text);
    cr_assert_str_neq(store_state(store), "ok");
    cr_assert_null(strstr(store_state(store), "s3cret"));
    store_close(store);
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
    cr_assert_null(store_open("nothing", NULL, NULL));
    cr_assert_null(store_open("sqlite:/nonexistent/a.db", NULL, NULL));
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
    cr_assert_eq(store_sync_verdicts(store, &query, note_verdict, &text, NULL), ERR_INVALID);
    cr_assert_eq(store_sync_latest(store, &query, note_verdict, &text, NULL), ERR_INVALID);
    cr_assert_eq(store_sync_incidents(store, &query, note_incident, &text, NULL), ERR_INVALID);
    cr_assert_eq(store_sync_due(store, 0, 0, note_due, &text, NULL), ERR_INVALID);
    cr_assert_eq(store_sync_quarantine_list(store, 0, NULL, NULL, NULL), ERR_INVALID);
    cr_assert_null(text.data);
    store_close(store);
}

Test(store, partitions_start_somewhere)
{
    struct store *store = fixture_open(&fixture);
    struct store_partition taken = {.epoch = 77};
    struct err err = {0};
    cr_assert_eq(store_sync_take_partition(store, "t", 0, -2, &taken, &err), ERR_INVALID);
    cr_assert_eq(taken.epoch, 77);
    cr_assert_eq(row_total(store), 0);
    store_close(store);
}

struct nested {
    struct store *store;
    int rows;
};

#define expect_busy(call)                                                                          \
    do {                                                                                           \
        struct told told = {0};                                                                    \
        call;                                                                                      \
        expect_told(&told, STORE_FAILED, __LINE__);                                                \
        cr_assert_eq(told.err.code, ERR_INVALID, "line %d", __LINE__);                             \
        cr_assert_str_eq(told.err.text, "cannot use the store while it hands out rows");           \
    } while (0)

static void expect_writes_busy(struct store *s)
{
    bool given = false;
    struct store_take take = {.topic = "t"};
    struct store_commit commit = {0};
    struct store_judged judged = make_judged(INT64_MIN, 20);
    struct store_delivery_result result = {.id = 1};
    struct store_baseline baseline = {.name = "b"};
    uint32_t version;
    expect_busy(store_take(s, &take, 1, tell, &told));
    expect_busy(store_expect(s, "t", 1, tell, &told));
    expect_busy(store_commit(s, &commit, tell, &told));
    expect_busy(store_claim(s, "m", 1, &given, tell, &told));
    expect_busy(store_judged(s, &judged, tell, &told));
    expect_busy(store_merge_late(s, "m", NULL, 0, 0, tell, &told));
    expect_busy(store_set_aside(s, "m", "1", "g", tell, &told));
    expect_busy(store_delivered(s, &result, tell, &told));
    expect_busy(store_baseline_put(s, &baseline, false, &version, tell, &told));
    expect_busy(store_baseline_promote(s, "b", 1, tell, &told));
    expect_busy(store_prune(s, 0, 0, 0, tell, &told));
    cr_assert(!given && take.ret.epoch == 0, "nothing is written");
}

static void expect_reads_busy(struct store *s)
{
    struct store_query query = {.limit = 1};
    struct store_stats stats;
    struct text text = {0};
    int64_t number, counts[DELIVERY_STATES];
    uint32_t version;
    expect_busy(store_partitions(s, note_partition, NULL, tell, &told));
    expect_busy(store_generations(s, NULL, NULL, NULL, NULL, tell, &told));
    expect_busy(store_judge_load(s, "m", &number, &text, tell, &told));
    expect_busy(store_first_delta(s, "m", 0, &number, tell, &told));
    expect_busy(store_deltas(s, "m", 0, 9, note_pane, NULL, NULL, tell, &told));
    expect_busy(store_panes(s, "m", 0, 9, note_pane, NULL, tell, &told));
    expect_busy(store_due(s, 0, 1, note_due, NULL, tell, &told));
    expect_busy(store_next_due(s, &number, tell, &told));
    expect_busy(store_delivery_counts(s, NULL, 0, counts, tell, &told));
    expect_busy(store_baseline_get(s, "b", 0, &text, &version, tell, &told));
    expect_busy(store_baseline_list(s, NULL, NULL, tell, &told));
    expect_busy(store_verdicts(s, &query, note_verdict, NULL, tell, &told));
    expect_busy(store_latest(s, &query, note_verdict, NULL, tell, &told));
    expect_busy(store_incidents(s, &query, note_incident, NULL, tell, &told));
    expect_busy(store_quarantine_list(s, 1, NULL, NULL, tell, &told));
    expect_busy(store_stats(s, &stats, tell, &told));
}

static int call_the_store(void *context, const struct store_pane *delta)
{
    (void)delta;
    struct nested *nested = context;
    nested->rows++;
    expect_writes_busy(nested->store);
    expect_reads_busy(nested->store);
    cr_assert_str_eq(store_state(nested->store), "ok", "this may be asked at any time");
    return 0;
}

Test(store, row_functions_may_not_call_the_store)
{
    struct store *store = fixture_open(&fixture);
    put_delta(store, "m", 0, "x");
    put_delta(store, "m", 5, "y");
    struct nested nested = {.store = store};
    expect_ok(store_sync_deltas(store, "m", 0, 10, call_the_store, &nested, NULL, &why));
    cr_assert_eq(nested.rows, 2);
    put_delta(store, "m", 6, "z"); /* and afterwards it may be used again */
    store_close(store);
}

Test(store, misuse_is_told_as_a_failure)
{
    struct store *store = fixture_open(&fixture);
    struct told told = {0};
    struct store_query query = {.limit = 0};
    store_verdicts(store, &query, note_verdict, NULL, tell, &told);
    expect_told(&told, STORE_FAILED, __LINE__);
    cr_assert_eq(told.err.code, ERR_INVALID);
    store_verdicts(store, &query, note_verdict, NULL, NULL, NULL); /* nobody has to listen */
    told.calls = 0;
    struct store_take takes[] = {{.topic = "t"}, {.topic = "t"}};
    store_take(store, takes, 2, tell, &told);
    expect_told(&told, STORE_FAILED, __LINE__);
    told.calls = 0;
    store_expect(store, "t", UINT32_MAX, tell, &told);
    expect_told(&told, STORE_FAILED, __LINE__);
    told.calls = 0;
    bool given = false;
    store_claim(store, "m", -1, &given, tell, &told);
    expect_told(&told, STORE_FAILED, __LINE__);
    cr_assert_not(given);
    cr_assert_eq(row_total(store), 0);
    store_close(store);
}

Test(store, answers_are_kept)
{
    struct store_answer answer = {.err.code = 77};
    struct err err = {0};
    store_answered(&answer, STORE_DONE, NULL);
    cr_assert(answer.given && answer.result == STORE_DONE && answer.err.code == 0);
    expect_ok(store_wait(NULL, &answer, &why)); /* no turn is needed */
    err_set(&err, ERR_CONFLICT, "lost");
    store_answered(&answer, STORE_FENCED, &err);
    err = (struct err){0};
    cr_assert_eq(store_wait(NULL, &answer, &err), ERR_CONFLICT);
    cr_assert_str_eq(err.text, "lost");
    cr_assert_eq(store_wait(NULL, &answer, NULL), ERR_CONFLICT);
}

static void commit_again(void *context, enum store_result result, const struct err *err)
{
    struct nested *nested = context;
    (void)err;
    cr_assert_eq(result, STORE_DONE);
    struct store_advance advance = make_advance("t", 0, 1, nested->rows, 1);
    struct store_commit commit = {.advances = &advance, .advance_count = 1};
    if (nested->rows++ < 5)
        store_commit(nested->store, &commit, commit_again, nested);
}

Test(store, callbacks_may_go_on)
{
    struct store *store = fixture_open(&fixture);
    struct store_partition taken;
    struct nested nested = {.store = store};
    expect_ok(store_sync_take_partition(store, "t", 0, 0, &taken, &why));
    commit_again(&nested, STORE_DONE, NULL);
    struct text text = {0};
    expect_ok(store_sync_partitions(store, note_partition, &text, &why));
    expect_rows(&text, "t/0 e1 0..5 5 0 0 0 0 0\n");
    store_close(store);
}
