/* When SQLite's answers come, who may ask what meanwhile, and what the store says of itself. */
#include "unit/store/fixture.h"

static struct fixture fixture;
static struct store *store;

static void start(void)
{
    fixture_init(&fixture);
    store = fixture_open(&fixture);
}

static void stop(void)
{
    store_close(store);
    fixture_release(&fixture);
}

TestSuite(sqlite_answer, .init = start, .fini = stop);

Test(sqlite_answer, comes_before_the_call_returns)
{
    struct told told = {0};
    int64_t position = 77;
    struct text state = {0};
    store_judge_load(store, "m", &position, &state, tell, &told);
    expect_told(&told, STORE_DONE, __LINE__);
    cr_assert_eq(position, INT64_MIN);
    text_release(&state);
}

Test(sqlite_answer, nobody_has_to_listen)
{
    struct store_take take = {.topic = "t"};
    store_take(store, &take, 1, NULL, NULL);
    cr_assert_eq(take.ret.epoch, 1);
    store_baseline_promote(store, "nothing", 1, NULL, NULL);
}

Test(sqlite_answer, a_claim_is_always_given)
{
    struct store *other = fixture_open(&fixture);
    bool mine = false, theirs = false;
    expect_ok(store_sync_claim(store, "m", 60000, &mine, &why));
    expect_ok(store_sync_claim(other, "m", 60000, &theirs, &why));
    cr_assert(mine && theirs);
    store_close(other);
}

Test(sqlite_answer, nothing_is_ever_waited_for)
{
    struct store_answer never = {0};
    struct err err = {0};
    cr_assert_eq(store_wait(store, &never, &err), ERR_INVALID);
    cr_assert_not_null(strstr(err.text, "cannot wait"), "%s", err.text);
    cr_assert_eq(store_wait(store, &never, NULL), ERR_INVALID);
}

/* A failure of the file shows until something works; other failures do not show. */
Test(sqlite_answer, state)
{
    struct store *other = fixture_open(&fixture);
    struct store_partition taken;
    struct store_advance advance = make_advance("t", 0, 1, 0, 1);
    struct store_commit commit = {.advances = &advance, .advance_count = 1};
    cr_assert_str_eq(store_state(store), "ok");
    sqlite3_busy_timeout(handle_of(store), 0);
    execute(other, "BEGIN IMMEDIATE");
    cr_assert_eq(store_sync_take_partition(store, "t", 0, 0, &taken, NULL), ERR_UNAVAILABLE);
    cr_assert_str_eq(store_state(store), "could not take over partitions: database is locked");
    bool given;
    expect_ok(store_sync_claim(store, "m", 1, &given, &why)); /* it touches nothing */
    cr_assert_str_neq(store_state(store), "ok");
    execute(other, "ROLLBACK");
    expect_ok(store_sync_take_partition(store, "t", 0, 0, &taken, &why));
    cr_assert_str_eq(store_state(store), "ok");
    advance.epoch = 7;
    expect_commit(store, &commit, STORE_FENCED);
    cr_assert_eq(store_sync_baseline_promote(store, "nothing", 1, NULL), ERR_NOT_FOUND);
    cr_assert_str_eq(store_state(store), "ok");
    store_close(other);
}

static void close_store(void *context, enum store_result result, const struct err *err)
{
    struct store **closing = context;
    (void)err;
    cr_assert_eq(result, STORE_DONE);
    store_close(*closing);
    *closing = NULL;
}

Test(sqlite_answer, whoever_is_told_may_close_the_store)
{
    struct store *other = fixture_open(&fixture);
    struct text text = {0};
    store_partitions(other, note_partition, &text, close_store, &other);
    cr_assert_null(other);
    text_release(&text);
}
