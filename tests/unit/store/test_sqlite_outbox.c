/* Who is told what next, in which order, and what is remembered of it. */
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

TestSuite(sqlite_outbox, .init = start, .fini = stop);

static void put_messages(struct store_outbox *messages, uint32_t count)
{
    struct store_judged judged = make_judged(INT64_MIN, 10);
    int64_t position;
    struct text state = {0};
    expect_ok(store_sync_judge_load(store, "m", &position, &state, &why));
    judged.old_position_ms = position;
    judged.outbox = messages;
    judged.outbox_count = count;
    expect_judged(store, &judged, STORE_DONE);
    text_release(&state);
}

static void expect_due(int64_t now_unix_ms, const char *wanted, int line)
{
    struct text text = {0};
    expect_ok(store_sync_due(store, now_unix_ms, 100, note_due, &text, &why));
    expect_text(&text, wanted, line);
}

static void expect_next(int64_t wanted, int line)
{
    int64_t next = 77;
    expect_ok(store_sync_next_due(store, &next, &why));
    cr_assert_eq(next, wanted, "line %d: %" PRId64, line, next);
}

/* Message number `id` (they count from 1), tried `attempts` times. */
static struct store_delivery_result result(int64_t id, enum delivery_state state,
                                           int64_t next_attempt_unix_ms)
{
    return (struct store_delivery_result){.id = id,
                                          .state = state,
                                          .attempts = 1,
                                          .next_attempt_unix_ms = next_attempt_unix_ms,
                                          .http_status = 500,
                                          .error = "internal error"};
}

static void deliver(int64_t id, enum delivery_state state, int64_t next_attempt_unix_ms)
{
    struct store_delivery_result delivered = result(id, state, next_attempt_unix_ms);
    expect_delivered(store, &delivered, STORE_DONE);
}

Test(sqlite_outbox, nothing_is_due_of_nothing)
{
    expect_due(INT64_MAX, "", __LINE__);
    expect_next(INT64_MAX, __LINE__);
}

Test(sqlite_outbox, only_the_first_of_each_receiver_and_incident)
{
    struct store_outbox messages[] = {
        make_message("oncall", "i1", 2, "o-i1-2"), make_message("oncall", "i1", 1, "o-i1-1"),
        make_message("oncall", "i2", 1, "o-i2-1"), make_message("am", "i1", 1, "a-i1-1")};
    put_messages(messages, 4);
    expect_due(0,
               "oncall i1 1 opened o-i1-1 a0\nam i1 1 opened a-i1-1 a0\n"
               "oncall i2 1 opened o-i2-1 a0\n",
               __LINE__);
    expect_next(0, __LINE__);
    deliver(2, DELIVERY_DELIVERED, 0);
    expect_due(0,
               "oncall i1 2 opened o-i1-2 a0\nam i1 1 opened a-i1-1 a0\n"
               "oncall i2 1 opened o-i2-1 a0\n",
               __LINE__);
}

Test(sqlite_outbox, a_row_has_all_that_is_needed)
{
    struct store_outbox message = make_message("oncall", "i1", 7, "id");
    message.payload = "{\"title\":\"\xf0\x9f\x9a\xa8 d\xc3\xa9rive\"}";
    message.event = "worsened";
    put_messages(&message, 1);
    struct sql sql = sql_once(sqlite_store_of(store), "SELECT payload FROM outbox");
    cr_assert_eq(sql_next(&sql, NULL), 1);
    cr_assert_str_eq(sql_get_text(&sql), message.payload);
    sql_end(&sql);
    expect_due(0, "oncall i1 7 worsened id a0\n", __LINE__);
}

Test(sqlite_outbox, waiting_blocks_what_follows)
{
    static const enum delivery_state waiting[] = {DELIVERY_PENDING, DELIVERY_PARKED};
    struct store_outbox messages[] = {make_message("oncall", "i1", 1, "1"),
                                      make_message("oncall", "i1", 2, "2"),
                                      make_message("oncall", "i2", 1, "3")};
    put_messages(messages, 3);
    for (int i = 0; i < 2; i++) {
        deliver(1, waiting[i], 5000);
        expect_due(4999, "oncall i2 1 opened 3 a0\n", __LINE__);
        expect_due(5000, "oncall i2 1 opened 3 a0\noncall i1 1 opened 1 a1\n", __LINE__);
    }
    deliver(3, DELIVERY_DEAD, 0);
    expect_next(5000, __LINE__); /* not 0, the time of the blocked one: that would be a busy loop */
    expect_due(4999, "", __LINE__);
}

Test(sqlite_outbox, what_is_settled_lets_the_next_pass)
{
    static const enum delivery_state settled[] = {DELIVERY_DELIVERED, DELIVERY_DEAD,
                                                  DELIVERY_DRY_RUN, DELIVERY_SUPPRESSED};
    struct store_outbox messages[5];
    char ids[5][8], wanted[64];
    for (uint32_t i = 0; i < 5; i++) {
        snprintf(ids[i], sizeof ids[i], "id-%" PRIu32, i + 1);
        messages[i] = make_message("oncall", "i1", i + 1, ids[i]);
    }
    put_messages(messages, 5);
    for (int i = 0; i < 4; i++) {
        deliver(i + 1, settled[i], 9);
        snprintf(wanted, sizeof wanted, "oncall i1 %d opened id-%d a0\n", i + 2, i + 2);
        expect_due(0, wanted, __LINE__);
    }
    cr_assert_eq(number_of(store, "SELECT count(*) FROM outbox WHERE next_attempt_unix_ms IS NULL"),
                 4);
    deliver(5, DELIVERY_DEAD, 0);
    expect_next(INT64_MAX, __LINE__);
}

Test(sqlite_outbox, receivers_take_turns)
{
    struct store_outbox messages[12];
    char incidents[12][8], ids[12][8];
    for (int i = 0; i < 12; i++) {
        snprintf(incidents[i], sizeof incidents[i], "i%02d", i);
        snprintf(ids[i], sizeof ids[i], "id%02d", i);
        messages[i] = make_message(i < 10 ? "dead" : "alive", incidents[i], 1, ids[i]);
    }
    put_messages(messages, 12);
    struct text text = {0};
    expect_ok(store_sync_due(store, 0, 4, note_due, &text, &why));
    expect_rows(&text, "dead i00 1 opened id00 a0\nalive i10 1 opened id10 a0\n"
                       "dead i01 1 opened id01 a0\nalive i11 1 opened id11 a0\n");
}

Test(sqlite_outbox, the_longest_due_comes_first)
{
    struct store_outbox messages[] = {make_message("oncall", "i1", 1, "1"),
                                      make_message("oncall", "i2", 1, "2")};
    put_messages(messages, 2);
    deliver(1, DELIVERY_PENDING, 100);
    deliver(2, DELIVERY_PENDING, 50);
    expect_due(100, "oncall i2 1 opened 2 a1\noncall i1 1 opened 1 a1\n", __LINE__);
    expect_next(50, __LINE__);
    deliver(2, DELIVERY_PENDING, INT64_MIN);
    expect_next(INT64_MIN, __LINE__);
}

Test(sqlite_outbox, a_settled_message_stays_settled)
{
    struct store_outbox message = make_message("oncall", "i1", 1, "1");
    put_messages(&message, 1);
    deliver(1, DELIVERY_DELIVERED, 0);
    struct store_delivery_result again = result(1, DELIVERY_PENDING, 0);
    struct told told = {0};
    store_delivered(store, &again, tell, &told);
    expect_told(&told, STORE_FENCED, __LINE__);
    cr_assert_str_eq(told.err.text, "message 1 is settled already: delivered");
    again.id = 99;
    told = (struct told){0};
    store_delivered(store, &again, tell, &told);
    expect_told(&told, STORE_FAILED, __LINE__);
    cr_assert_str_eq(told.err.text, "there is no message 99");
    again.state = DELIVERY_STATES;
    expect_delivered(store, &again, STORE_FAILED);
    expect_due(INT64_MAX, "", __LINE__);
    cr_assert_eq(number_of(store, "SELECT count(*) FROM delivery"), 1);
}

Test(sqlite_outbox, attempts_are_logged)
{
    struct store_outbox message = make_message("oncall", "i1", 1, "1");
    put_messages(&message, 1);
    deliver(1, DELIVERY_PENDING, 10);
    struct store_delivery_result last = {.id = 1, .state = DELIVERY_DEAD, .attempts = 2};
    expect_delivered(store, &last, STORE_DONE);
    cr_assert_eq(number_of(store, "SELECT count(*) FROM delivery WHERE outbox = 1 AND attempt = 1"
                                  " AND state = 'pending' AND http_status = 500"
                                  " AND error = 'internal error'"),
                 1);
    cr_assert_eq(number_of(store, "SELECT count(*) FROM delivery WHERE outbox = 1 AND attempt = 2"
                                  " AND state = 'dead' AND http_status IS NULL AND error IS NULL"),
                 1);
    cr_assert_eq(number_of(store, "SELECT count(*) FROM outbox WHERE attempts = 2"
                                  " AND state = 'dead' AND error IS NULL"),
                 1);
}

Test(sqlite_outbox, the_log_is_capped)
{
    struct store_outbox message = make_message("oncall", "i1", 1, "1");
    put_messages(&message, 1);
    execute(store, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i <"
                   " 10500) INSERT INTO delivery SELECT i, 7, 0, 1, 'dead', 0, '' FROM n");
    deliver(1, DELIVERY_PENDING, 10);
    cr_assert_eq(number_of(store, "SELECT count(*) FROM delivery"), 10000);
    cr_assert_eq(number_of(store, "SELECT outbox FROM delivery ORDER BY id DESC LIMIT 1"), 1);
}

Test(sqlite_outbox, counts_by_state_and_creation)
{
    struct store_outbox messages[] = {
        make_message("oncall", "i1", 1, "1"), make_message("oncall", "i2", 1, "2"),
        make_message("oncall", "i3", 1, "3"), make_message("oncall", "i4", 1, "4"),
        make_message("oncall", "i5", 1, "5"), make_message("oncall", "i6", 1, "6"),
        make_message("am", "i1", 1, "1")};
    int64_t counts[DELIVERY_STATES] = {77, 77, 77, 77, 77, 77};
    put_messages(messages, 7);
    for (int state = DELIVERY_DELIVERED; state < DELIVERY_STATES; state++)
        deliver(state + 1, (enum delivery_state)state, 0);
    expect_ok(store_sync_delivery_counts(store, "oncall", 0, counts, &why));
    for (int state = 0; state < DELIVERY_STATES; state++)
        cr_assert_eq(counts[state], 1, "%d", state);
    expect_ok(store_sync_delivery_counts(store, NULL, 0, counts, &why));
    cr_assert_eq(counts[DELIVERY_PENDING], 2);
    expect_ok(store_sync_delivery_counts(store, "nobody", 0, counts, &why));
    for (int state = 0; state < DELIVERY_STATES; state++)
        cr_assert_eq(counts[state], 0);
    execute(store, "UPDATE outbox SET created_unix_ms = 1000 * id");
    expect_ok(store_sync_delivery_counts(store, "oncall", 2000, counts, &why));
    cr_assert_eq(counts[DELIVERY_PENDING], 0, "made at 1000");
    cr_assert_eq(counts[DELIVERY_DELIVERED], 1, "made at 2000");
    expect_ok(store_sync_delivery_counts(store, "oncall", 2001, counts, &why));
    cr_assert_eq(counts[DELIVERY_DELIVERED], 0);
}

static int stop_at_once(void *context, const struct store_delivery *delivery)
{
    (void)delivery;
    (*(int *)context)++;
    return 1;
}

Test(sqlite_outbox, reading_can_be_stopped)
{
    struct store_outbox messages[] = {make_message("oncall", "i1", 1, "1"),
                                      make_message("oncall", "i2", 1, "2")};
    int rows = 0;
    put_messages(messages, 2);
    expect_ok(store_sync_due(store, 0, 100, stop_at_once, &rows, &why));
    cr_assert_eq(rows, 1);
    deliver(1, DELIVERY_DELIVERED, 0); /* and the statement is not in the way */
}
