/* What is deleted, what never is, and how large the rest is. */
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

TestSuite(sqlite_keep, .init = start, .fini = stop);

static void put(struct store_judged judged)
{
    expect_judged(store, &judged, STORE_DONE);
}

static void put_quarantine(uint32_t count)
{
    struct store_partition taken;
    expect_ok(store_sync_take_partition(store, "t", 0, 0, &taken, &why));
    struct store_quarantine bad[32];
    for (uint32_t i = 0; i < count; i++)
        bad[i] = (struct store_quarantine){.topic = "t", .offset = i, .reason = "json"};
    struct store_advance advance = make_advance("t", 0, taken.epoch, 0, count);
    struct store_commit commit = {
        .advances = &advance, .advance_count = 1, .quarantine = bad, .quarantine_count = count};
    expect_commit(store, &commit, STORE_DONE);
}

Test(sqlite_keep, panes_by_start_and_no_delta)
{
    struct store_pane panes[] = {make_pane(0, "a", 0), make_pane(10, "b", 0)};
    struct store_judged judged = make_judged(INT64_MIN, 20);
    judged.panes = panes;
    judged.pane_count = 2;
    put(judged);
    put_delta(store, "m", 0, "late");
    put_delta(store, "m", 30, "new");
    expect_ok(store_sync_prune(store, 10, INT64_MIN, 100, &why));
    cr_assert_eq(number_of(store, "SELECT count(*) FROM pane"), 1);
    cr_assert_eq(number_of(store, "SELECT start_ms FROM pane"), 10);
    expect_ok(store_sync_prune(store, INT64_MAX, INT64_MIN, 100, &why));
    cr_assert_eq(number_of(store, "SELECT count(*) FROM pane"), 0);
    cr_assert_eq(number_of(store, "SELECT count(*) FROM pane_delta"), 2, "not judged, not deleted");
    cr_assert_eq(number_of(store, "SELECT count(*) FROM judge_state"), 1);
}

Test(sqlite_keep, verdicts_by_end_with_their_histograms)
{
    struct store_verdict verdicts[] = {make_verdict("v1", "amount", 100),
                                       make_verdict("v2", "amount", 200)};
    verdicts[0].histogram = verdicts[1].histogram = "[1]";
    struct store_judged judged = make_judged(INT64_MIN, 20);
    judged.verdicts = verdicts;
    judged.verdict_count = 2;
    put(judged);
    expect_ok(store_sync_prune(store, INT64_MIN, 100, 100, &why));
    cr_assert_eq(number_of(store, "SELECT count(*) FROM verdict"), 2, "before, not at");
    expect_ok(store_sync_prune(store, INT64_MIN, 200, 100, &why));
    cr_assert_eq(number_of(store, "SELECT count(*) FROM verdict WHERE id = 'v2'"), 1);
    cr_assert_eq(number_of(store, "SELECT count(*) FROM verdict"), 1);
    cr_assert_eq(number_of(store, "SELECT count(*) FROM window_histogram JOIN verdict"
                                  " ON verdict = sequence"),
                 1);
    cr_assert_eq(number_of(store, "SELECT count(*) FROM window_histogram"), 1);
}

Test(sqlite_keep, incidents_only_when_told_and_over)
{
    struct store_incident incidents[] = {
        make_incident("over", "resolved", 2), make_incident("untold", "resolved", 2),
        make_incident("open", "firing", 1), make_incident("recent", "resolved", 2)};
    incidents[0].resolved_ms = incidents[1].resolved_ms = 300;
    incidents[3].resolved_ms = 900;
    struct store_outbox messages[] = {
        make_message("oncall", "over", 1, "1"), make_message("oncall", "untold", 1, "2"),
        make_message("oncall", "untold", 2, "3"), make_message("oncall", "open", 1, "4"),
        make_message("oncall", "recent", 1, "5")};
    struct store_judged judged = make_judged(INT64_MIN, 20);
    judged.incidents = incidents;
    judged.incident_count = 4;
    judged.outbox = messages;
    judged.outbox_count = 5;
    put(judged);
    static const int64_t delivered[] = {1, 2, 4, 5}; /* 3 still waits */
    for (int i = 0; i < 4; i++) {
        struct store_delivery_result result = {.id = delivered[i], .state = DELIVERY_DELIVERED};
        expect_delivered(store, &result, STORE_DONE);
    }
    expect_ok(store_sync_prune(store, INT64_MIN, 301, 100, &why));
    cr_assert_eq(number_of(store, "SELECT count(*) FROM incident WHERE id = 'over'"), 0);
    cr_assert_eq(number_of(store, "SELECT count(*) FROM incident"), 3);
    cr_assert_eq(number_of(store, "SELECT count(*) FROM outbox WHERE message_id IN ('1', '2')"), 0);
    cr_assert_eq(number_of(store, "SELECT count(*) FROM outbox"), 3);
    struct text text = {0};
    expect_ok(store_sync_due(store, 0, 9, note_due, &text, &why));
    expect_rows(&text, "oncall untold 2 opened 3 a0\n");
}

Test(sqlite_keep, quarantine_by_number)
{
    put_quarantine(7);
    expect_ok(store_sync_prune(store, INT64_MIN, INT64_MIN, 7, &why));
    cr_assert_eq(number_of(store, "SELECT count(*) FROM quarantine"), 7);
    expect_ok(store_sync_prune(store, INT64_MIN, INT64_MIN, 3, &why));
    cr_assert_eq(number_of(store, "SELECT count(*) FROM quarantine"), 3);
    cr_assert_eq(number_of(store, "SELECT min(record_offset) FROM quarantine"), 4, "the newest");
    expect_ok(store_sync_prune(store, INT64_MIN, INT64_MIN, 0, &why));
    cr_assert_eq(number_of(store, "SELECT count(*) FROM quarantine"), 0);
    expect_ok(store_sync_prune(store, INT64_MIN, INT64_MIN, 3, &why));
}

Test(sqlite_keep, pruning_that_cannot_write)
{
    struct store *other = fixture_open(&fixture);
    struct err err = {0};
    put_quarantine(7);
    sqlite3_busy_timeout(handle_of(store), 0);
    execute(other, "BEGIN IMMEDIATE");
    cr_assert_eq(store_sync_prune(store, INT64_MAX, INT64_MAX, 0, &err), ERR_UNAVAILABLE);
    cr_assert_str_eq(err.text, "could not delete what is too old: database is locked");
    execute(other, "ROLLBACK");
    store_close(other);
}

Test(sqlite_keep, stats_of_nothing)
{
    struct store_stats stats;
    memset(&stats, 0x77, sizeof stats);
    expect_ok(store_sync_stats(store, &stats, &why));
    cr_assert(stats.deltas == 0 && stats.panes == 0 && stats.verdicts == 0 &&
              stats.quarantined == 0 && stats.incidents_open == 0 && stats.outbox_pending == 0 &&
              stats.outbox_parked == 0 && stats.outbox_oldest_unix_ms == 0);
    cr_assert_eq(stats.size_bytes, number_of(store, "PRAGMA page_count") * 4096);
}

Test(sqlite_keep, stats)
{
    struct store_pane panes[] = {make_pane(0, "a", 0), make_pane(10, "b", 0)};
    struct store_verdict verdicts[] = {make_verdict("v1", "amount", 100),
                                       make_verdict("v2", "amount", 200),
                                       make_verdict("v3", "amount", 300)};
    struct store_incident incidents[] = {make_incident("i1", "firing", 1),
                                         make_incident("i2", "resolved", 1)};
    incidents[1].resolved_ms = 7;
    struct store_outbox messages[] = {
        make_message("oncall", "i1", 1, "1"), make_message("oncall", "i2", 1, "2"),
        make_message("am", "i1", 1, "3"), make_message("am", "i2", 1, "4")};
    struct store_judged judged = {.monitor = "m",
                                  .old_position_ms = INT64_MIN,
                                  .new_position_ms = 20,
                                  .state = "{}",
                                  .panes = panes,
                                  .pane_count = 2,
                                  .verdicts = verdicts,
                                  .verdict_count = 3,
                                  .incidents = incidents,
                                  .incident_count = 2,
                                  .outbox = messages,
                                  .outbox_count = 4};
    put(judged);
    put_quarantine(5);
    put_delta(store, "m", 30, "x");
    struct store_delivery_result first = {.id = 1, .state = DELIVERY_DELIVERED};
    struct store_delivery_result second = {.id = 2, .state = DELIVERY_PARKED};
    expect_delivered(store, &first, STORE_DONE);
    expect_delivered(store, &second, STORE_DONE);
    execute(store, "UPDATE outbox SET created_unix_ms = id * 1000");
    struct store_stats stats = {0};
    expect_ok(store_sync_stats(store, &stats, &why));
    cr_assert_eq(stats.deltas, 1);
    cr_assert_eq(stats.panes, 2);
    cr_assert_eq(stats.verdicts, 3);
    cr_assert_eq(stats.quarantined, 5);
    cr_assert_eq(stats.incidents_open, 1);
    cr_assert_eq(stats.outbox_pending, 2);
    cr_assert_eq(stats.outbox_parked, 1);
    cr_assert_eq(stats.outbox_oldest_unix_ms, 2000);
    cr_assert_gt(stats.size_bytes, 0);
}
