/* What was judged goes in once, with its position; what came late is not lost. */
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

TestSuite(sqlite_judged, .init = start, .fini = stop);

static int64_t read_mark(int64_t from_ms, int64_t to_ms)
{
    int64_t mark = 0;
    struct text text = {0};
    expect_ok(store_sync_deltas(store, "m", from_ms, to_ms, note_pane, &text, &mark, &why));
    text_release(&text);
    return mark;
}

static void expect_panes(const char *wanted, int line)
{
    struct text text = {0};
    expect_ok(store_sync_panes(store, "m", INT64_MIN, INT64_MAX, note_pane, &text, &why));
    expect_text(&text, wanted, line);
}

static void expect_deltas(const char *wanted, int line)
{
    struct text text = {0};
    expect_ok(store_sync_deltas(store, "m", INT64_MIN, INT64_MAX, note_pane, &text, NULL, &why));
    expect_text(&text, wanted, line);
}

static void expect_position(int64_t wanted, const char *wanted_state, int line)
{
    int64_t position = 77;
    struct text state = {0};
    expect_ok(store_sync_judge_load(store, "m", &position, &state, &why));
    cr_assert_eq(position, wanted, "line %d", line);
    expect_text(&state, wanted_state, line);
}

static void judge(int64_t from_ms, int64_t to_ms, struct store_pane *panes, uint32_t count,
                  int64_t mark)
{
    struct store_judged judged = make_judged(from_ms, to_ms);
    judged.panes = panes;
    judged.pane_count = count;
    judged.delta_mark = mark;
    expect_judged(store, &judged, STORE_DONE);
}

Test(sqlite_judged, position_and_state)
{
    expect_position(INT64_MIN, "", __LINE__);
    struct store_judged judged = make_judged(INT64_MIN, -100);
    judged.state = "{\"caf\xc3\xa9\":1}";
    expect_judged(store, &judged, STORE_DONE);
    expect_position(-100, "{\"caf\xc3\xa9\":1}", __LINE__);
    judged = make_judged(-100, 200);
    expect_judged(store, &judged, STORE_DONE);
    expect_position(200, "{\"s\":1}", __LINE__);
    judged = make_judged(200, 200);
    judged.state = "other";
    expect_judged(store, &judged, STORE_DONE);
    expect_position(200, "other", __LINE__);
    struct text kept = {0};
    int64_t position;
    text_puts(&kept, "before ");
    expect_ok(store_sync_judge_load(store, "m", &position, &kept, &why));
    expect_rows(&kept, "before other");
}

Test(sqlite_judged, only_from_where_it_stands)
{
    struct store_judged early = make_judged(100, 200);
    struct told told = {0};
    store_judged(store, &early, tell, &told);
    expect_told(&told, STORE_FENCED, __LINE__);
    cr_assert_eq(told.err.code, ERR_CONFLICT);
    cr_assert_eq(row_total(store), 0, "no row for a monitor that was never judged");
    judge(INT64_MIN, 100, NULL, 0, 0);
    struct store_judged again = make_judged(INT64_MIN, 100);
    expect_judged(store, &again, STORE_FENCED);
    struct store_judged ahead = make_judged(101, 200);
    expect_judged(store, &ahead, STORE_FENCED);
    struct store_judged back = make_judged(100, 50);
    expect_judged(store, &back, STORE_FAILED);
    expect_position(100, "{\"s\":1}", __LINE__);
}

Test(sqlite_judged, monitors_do_not_meet)
{
    struct store_judged other = make_judged(INT64_MIN, 500);
    other.monitor = "n";
    expect_judged(store, &other, STORE_DONE);
    expect_position(INT64_MIN, "", __LINE__);
    judge(INT64_MIN, 100, NULL, 0, 0);
    expect_position(100, "{\"s\":1}", __LINE__);
}

Test(sqlite_judged, panes_take_the_place_of_their_deltas)
{
    put_delta(store, "m", 0, "a");
    put_delta(store, "m", 0, "b");
    put_delta(store, "m", 10, "c");
    put_delta(store, "n", 0, "not ours");
    struct store_pane panes[] = {make_pane(0, "ab", 0), make_pane(10, "c", 0)};
    judge(INT64_MIN, 20, panes, 2, read_mark(0, 20));
    expect_panes("0 1 g ab 2 r1\n10 1 g c 1 r1\n", __LINE__);
    expect_deltas("", __LINE__);
    cr_assert_eq(number_of(store, "SELECT count(*) FROM pane_delta"), 1, "the other monitor's");
}

Test(sqlite_judged, deltas_that_nobody_merged_stay)
{
    struct store_delta odd[] = {make_delta("m", 0, "other version"),
                                make_delta("m", 0, "other gen"), make_delta("m", 10, "other pane"),
                                make_delta("m", 0, "merged")};
    odd[0].version = "2";
    odd[1].generation = "h";
    put_deltas(store, odd, 4);
    int64_t mark = read_mark(0, 20);
    put_delta(store, "m", 0, "came since");
    struct store_pane pane = make_pane(0, "merged", 0);
    judge(INT64_MIN, 20, &pane, 1, mark);
    expect_deltas("0 1 g came since 10 r0\n0 1 h other gen 9 r0\n0 2 g other version 13 r0\n"
                  "10 1 g other pane 10 r0\n",
                  __LINE__);
}

Test(sqlite_judged, without_a_mark_nothing_is_deleted)
{
    put_delta(store, "m", 0, "a");
    struct store_pane pane = make_pane(0, "a", 0);
    judge(INT64_MIN, 20, &pane, 1, 0);
    expect_deltas("0 1 g a 1 r0\n", __LINE__);
}

Test(sqlite_judged, late_deltas_raise_the_revision)
{
    struct store_pane pane = make_pane(0, "a", 0);
    judge(INT64_MIN, 20, &pane, 1, 0);
    put_delta(store, "m", 0, "b");
    put_delta(store, "m", 10, "c");
    int64_t mark = read_mark(INT64_MIN, 20);
    put_delta(store, "m", 0, "since");
    struct store_pane late[] = {make_pane(0, "ab", 1), make_pane(10, "c", 0)};
    expect_late(store, "m", late, 2, mark, STORE_DONE);
    expect_panes("0 1 g ab 2 r2\n10 1 g c 1 r1\n", __LINE__);
    expect_deltas("0 1 g since 5 r0\n", __LINE__);
    expect_position(20, "{\"s\":1}", __LINE__);
    mark = read_mark(INT64_MIN, 20);
    late[0] = make_pane(0, "absince", 2);
    expect_late(store, "m", late, 1, mark, STORE_DONE);
    expect_panes("0 1 g absince 7 r3\n10 1 g c 1 r1\n", __LINE__);
    expect_deltas("", __LINE__);
}

Test(sqlite_judged, late_merges_of_two_do_not_undo_each_other)
{
    struct store *other = fixture_open(&fixture);
    struct store_pane pane = make_pane(0, "a", 0);
    judge(INT64_MIN, 20, &pane, 1, 0);
    put_delta(store, "m", 0, "b");
    int64_t mark = read_mark(INT64_MIN, 20);
    struct store_pane sum = make_pane(0, "ab", 1);
    expect_late(other, "m", &sum, 1, mark, STORE_DONE);
    put_delta(store, "m", 0, "c");
    struct store_pane more = make_pane(0, "abc", 2);
    expect_late(other, "m", &more, 1, read_mark(INT64_MIN, 20), STORE_DONE);
    /* The first reader wakes up with the old sum: "c" would be gone. */
    expect_late(store, "m", &sum, 1, mark, STORE_FENCED);
    expect_panes("0 1 g abc 3 r3\n", __LINE__);
    store_close(other);
}

Test(sqlite_judged, a_merge_of_a_pane_that_changed_merges_nothing)
{
    struct store_pane panes[] = {make_pane(0, "a", 0), make_pane(10, "b", 0)};
    judge(INT64_MIN, 20, panes, 2, 0);
    put_delta(store, "m", 0, "x");
    put_delta(store, "m", 10, "y");
    int64_t mark = read_mark(INT64_MIN, 20);
    struct store_pane late[] = {make_pane(0, "ax", 1), make_pane(10, "by", 5)};
    expect_late(store, "m", late, 2, mark, STORE_FENCED);
    late[1].revision = 0; /* "not stored yet", but it is */
    expect_late(store, "m", late, 2, mark, STORE_FENCED);
    expect_panes("0 1 g a 1 r1\n10 1 g b 1 r1\n", __LINE__);
    expect_deltas("0 1 g x 1 r0\n10 1 g y 1 r0\n", __LINE__);
    struct store_pane gone = make_pane(5, "z", 3);
    expect_late(store, "m", &gone, 1, mark, STORE_FENCED);
    expect_late(store, "m", NULL, 0, 0, STORE_DONE);
}

Test(sqlite_judged, what_is_not_judged_is_not_late)
{
    struct store_pane pane = make_pane(0, "a", 0);
    put_delta(store, "m", 0, "a");
    put_delta(store, "m", 20, "b");
    int64_t mark = read_mark(INT64_MIN, INT64_MAX);
    expect_late(store, "m", &pane, 1, mark, STORE_FAILED);
    judge(INT64_MIN, 20, NULL, 0, 0);
    struct store_pane ahead = make_pane(20, "b", 0);
    expect_late(store, "m", &ahead, 1, mark, STORE_FAILED);
    expect_panes("", __LINE__);
    expect_late(store, "m", &pane, 1, mark, STORE_DONE);
    expect_panes("0 1 g a 1 r1\n", __LINE__);
    expect_deltas("20 1 g b 1 r0\n", __LINE__);
}

Test(sqlite_judged, a_stored_pane_is_only_replaced_knowingly)
{
    struct store_pane pane = make_pane(0, "a", 0);
    judge(INT64_MIN, 20, &pane, 1, 0);
    struct store_judged judged = make_judged(20, 30);
    struct store_pane careless = make_pane(0, "late only", 0);
    judged.panes = &careless;
    judged.pane_count = 1;
    expect_judged(store, &judged, STORE_FENCED);
    expect_position(20, "{\"s\":1}", __LINE__);
    struct store_pane sum = make_pane(0, "a and late", 1);
    judged.panes = &sum;
    expect_judged(store, &judged, STORE_DONE);
    expect_panes("0 1 g a and late 10 r2\n", __LINE__);
    judged = make_judged(30, 40);
    struct store_pane ahead = make_pane(40, "b", 0);
    judged.panes = &ahead;
    judged.pane_count = 1;
    expect_judged(store, &judged, STORE_FAILED);
}

Test(sqlite_judged, verdicts_are_written_once)
{
    struct store_verdict verdicts[] = {make_verdict("v1", "amount", 100),
                                       make_verdict("v2", "amount", 200)};
    verdicts[0].histogram = "[1,2]";
    struct store_judged judged = make_judged(INT64_MIN, 10);
    judged.verdicts = verdicts;
    judged.verdict_count = 2;
    expect_judged(store, &judged, STORE_DONE);
    judged.old_position_ms = 10;
    judged.new_position_ms = 20;
    verdicts[0].state = "drift";
    verdicts[0].histogram = "[3,4]";
    verdicts[1].histogram = "[5]";
    expect_judged(store, &judged, STORE_DONE);
    cr_assert_eq(number_of(store, "SELECT count(*) FROM verdict"), 2);
    cr_assert_eq(number_of(store, "SELECT count(*) FROM verdict WHERE state = 'ok'"), 2);
    cr_assert_eq(number_of(store, "SELECT count(*) FROM window_histogram WHERE counts = '[1,2]'"),
                 1);
    cr_assert_eq(number_of(store, "SELECT count(*) FROM window_histogram"), 1);
}

Test(sqlite_judged, incidents_only_go_forward)
{
    struct store_incident incident = make_incident("i1", "firing", 2);
    struct store_judged judged = make_judged(INT64_MIN, 10);
    judged.incidents = &incident;
    judged.incident_count = 1;
    expect_judged(store, &judged, STORE_DONE);
    incident = make_incident("i1", "pending", 1);
    judged.old_position_ms = judged.new_position_ms;
    expect_judged(store, &judged, STORE_DONE);
    struct store_query query = {.limit = 9};
    struct text text = {0};
    expect_ok(store_sync_incidents(store, &query, note_incident, &text, &why));
    expect_rows(&text, "i1 m 1 r firing t 100 200 0 #2\n");
    incident = make_incident("i1", "resolving", 2);
    incident.title = "new title";
    expect_judged(store, &judged, STORE_DONE);
    expect_ok(store_sync_incidents(store, &query, note_incident, &text, &why));
    expect_rows(&text, "i1 m 1 r resolving new title 100 200 0 #2\n");
    incident = make_incident("i1", "resolved", 3);
    incident.updated_ms = incident.resolved_ms = 300;
    expect_judged(store, &judged, STORE_DONE);
    expect_ok(store_sync_incidents(store, &query, note_incident, &text, &why));
    expect_rows(&text, "i1 m 1 r resolved t 100 300 300 #3\n");
}

Test(sqlite_judged, messages_are_added_once_for_each_receiver)
{
    struct store_outbox messages[] = {
        make_message("oncall", "i1", 1, "id-1"), make_message("am", "i1", 1, "id-1"),
        make_message("oncall", "i1", 1, "id-1"), make_message("oncall", "i1", 2, "id-2")};
    struct store_judged judged = make_judged(INT64_MIN, 10);
    judged.outbox = messages;
    judged.outbox_count = 4;
    expect_judged(store, &judged, STORE_DONE);
    judged.old_position_ms = judged.new_position_ms;
    expect_judged(store, &judged, STORE_DONE);
    cr_assert_eq(number_of(store, "SELECT count(*) FROM outbox"), 3);
    cr_assert_eq(number_of(store, "SELECT count(*) FROM outbox WHERE state = 'pending'"
                                  " AND attempts = 0"),
                 3);
}

Test(sqlite_judged, all_or_nothing)
{
    put_delta(store, "m", 0, "a");
    struct store_pane pane = make_pane(0, "a", 0);
    struct store_verdict verdict = make_verdict("v1", "amount", 100);
    struct store_incident incident = make_incident("i1", "firing", 1);
    struct store_outbox messages[] = {make_message("oncall", "i1", 1, "id-1"),
                                      make_message("oncall", "i1", 1, NULL)};
    struct store_judged judged = {.monitor = "m",
                                  .old_position_ms = INT64_MIN,
                                  .new_position_ms = 20,
                                  .state = "{}",
                                  .panes = &pane,
                                  .pane_count = 1,
                                  .delta_mark = read_mark(0, 20),
                                  .verdicts = &verdict,
                                  .verdict_count = 1,
                                  .incidents = &incident,
                                  .incident_count = 1,
                                  .outbox = messages,
                                  .outbox_count = 2};
    int64_t before = row_total(store);
    expect_judged(store, &judged, STORE_FAILED);
    cr_assert_eq(row_total(store), before);
    expect_position(INT64_MIN, "", __LINE__);
    expect_deltas("0 1 g a 1 r0\n", __LINE__);
    judged.outbox_count = 1;
    verdict.id = NULL;
    expect_judged(store, &judged, STORE_FAILED); /* not ignored: only a known id is */
    cr_assert_eq(row_total(store), before);
    verdict.id = "v1";
    expect_judged(store, &judged, STORE_DONE);
    cr_assert_eq(row_total(store), before - 1 + 5);
}

Test(sqlite_judged, a_full_disk_loses_nothing)
{
    put_delta(store, "m", 0, "a");
    char sql[64];
    snprintf(sql, sizeof sql, "PRAGMA max_page_count = %d",
             (int)number_of(store, "PRAGMA page_count"));
    execute(store, sql);
    char *large = mem_new(200001, 1);
    memset(large, 'x', 200000);
    struct store_pane pane = make_pane(0, "a", 0);
    struct store_judged judged = make_judged(INT64_MIN, 20);
    judged.state = large;
    judged.panes = &pane;
    judged.pane_count = 1;
    judged.delta_mark = read_mark(0, 20);
    expect_judged(store, &judged, STORE_UNAVAILABLE);
    expect_position(INT64_MIN, "", __LINE__);
    expect_deltas("0 1 g a 1 r0\n", __LINE__);
    execute(store, "PRAGMA max_page_count = 1000000");
    expect_judged(store, &judged, STORE_DONE);
    expect_deltas("", __LINE__);
    free(large);
}

Test(sqlite_judged, two_judges_one_story)
{
    struct store *other = fixture_open(&fixture);
    struct store_outbox message = make_message("oncall", "i1", 1, "id-1");
    struct store_verdict mine = make_verdict("v1", "amount", 100);
    struct store_verdict theirs = make_verdict("v2", "amount", 100);
    struct store_judged first = make_judged(INT64_MIN, 20), second = make_judged(INT64_MIN, 20);
    first.outbox = second.outbox = &message;
    first.outbox_count = second.outbox_count = 1;
    first.verdicts = &mine;
    second.verdicts = &theirs;
    first.verdict_count = second.verdict_count = 1;
    expect_judged(other, &second, STORE_DONE);
    expect_judged(store, &first, STORE_FENCED);
    cr_assert_eq(number_of(store, "SELECT count(*) FROM verdict WHERE id = 'v2'"), 1);
    cr_assert_eq(number_of(store, "SELECT count(*) FROM verdict"), 1);
    cr_assert_eq(number_of(store, "SELECT count(*) FROM outbox"), 1);
    store_close(other);
}

/* What a version of a generation has left behind the position; not what is ahead, of another
 * monitor, version or generation. */
Test(sqlite_judged, deltas_that_nobody_can_judge_are_set_aside)
{
    struct store_delta deltas[] = {make_delta("m", 0, "current"), make_delta("m", 0, "one"),
                                   make_delta("m", 0, "two"),     make_delta("m", 10, "ahead"),
                                   make_delta("n", 0, "other"),   make_delta("m", 0, "version 2")};
    for (int i = 1; i < 6; i++)
        deltas[i].generation = "old";
    deltas[5].version = "2";
    put_deltas(store, deltas, 6);
    expect_ok(store_sync_set_aside(store, "m", "1", "old", &why));
    cr_assert_eq(number_of(store, "SELECT count(*) FROM pane_delta"), 6, "nothing is judged yet");
    struct store_judged judged = make_judged(INT64_MIN, 10);
    expect_judged(store, &judged, STORE_DONE);
    int64_t total = row_total(store);
    expect_ok(store_sync_set_aside(store, "m", "1", "old", &why));
    cr_assert_eq(number_of(store, "SELECT count(*) FROM pane_set_aside WHERE generation = 'old'"
                                  " AND monitor = 'm' AND version = '1' AND start_ms = 0"
                                  " AND counts IN (CAST('one' AS BLOB), CAST('two' AS BLOB))"
                                  " AND agent = 'a'"),
                 2, "both, as they were");
    cr_assert_eq(number_of(store, "SELECT count(*) FROM pane_set_aside"), 2, "no others");
    cr_assert_eq(number_of(store, "SELECT count(*) FROM pane_delta"), 4);
    cr_assert_eq(row_total(store), total, "moved, not lost and not doubled");
    expect_ok(store_sync_prune(store, 0, INT64_MIN, 100, &why));
    cr_assert_eq(number_of(store, "SELECT count(*) FROM pane_set_aside"), 2);
    expect_ok(store_sync_prune(store, 1, INT64_MIN, 100, &why));
    cr_assert_eq(number_of(store, "SELECT count(*) FROM pane_set_aside"), 0, "kept as panes are");
}
