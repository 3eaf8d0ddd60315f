/* Asking and waiting: codes for results, and outputs only on success. What the calls do is tested
 * with their parts; here it is enough that each reaches its own. */
#include "unit/store/fixture.h"

#include "store/ops.h"

/* A store that answers in its second turn, as a server would. */
struct slow {
    struct store store;
    struct store_take *takes;
    store_done_fn done;
    void *context;
    enum store_result result;
    int turns, lost; /* the turn that fails; 0: none */
};

static void slow_take(struct store *store, struct store_take *takes, uint32_t count,
                      store_done_fn done, void *context)
{
    struct slow *slow = (struct slow *)store;
    cr_assert_eq(count, 1);
    slow->takes = takes;
    slow->done = done;
    slow->context = context;
}

static int slow_turn(struct store *store, struct err *reterr)
{
    struct slow *slow = (struct slow *)store;
    if (++slow->turns == slow->lost)
        return err_set(reterr, ERR_INVALID, "cannot wait within a callback");
    if (slow->turns < 2)
        return 0;
    struct err err = {0};
    if (slow->result == STORE_DONE)
        slow->takes[0].ret.epoch = 5;
    else
        err_set(&err, slow->result == STORE_FENCED ? ERR_CONFLICT : ERR_UNAVAILABLE, "no");
    slow->done(slow->context, slow->result, slow->result == STORE_DONE ? NULL : &err);
    return 0;
}

static const struct store_ops slow_ops = {.take = slow_take, .turn = slow_turn};

Test(sync, waits_for_the_answer)
{
    struct slow slow = {.store.ops = &slow_ops};
    struct store_partition taken = {0};
    expect_ok(store_sync_take_partition(&slow.store, "t", 3, 0, &taken, &why));
    cr_assert_eq(slow.turns, 2);
    cr_assert_eq(taken.epoch, 5);
}

Test(sync, results_are_codes)
{
    static const struct {
        enum store_result result;
        int code;
    } cases[] = {{STORE_FENCED, ERR_CONFLICT}, {STORE_UNAVAILABLE, ERR_UNAVAILABLE}};
    for (size_t i = 0; i < 2; i++) {
        struct slow slow = {.store.ops = &slow_ops, .result = cases[i].result};
        struct store_partition taken = {.epoch = 77};
        struct err err = {0};
        cr_assert_eq(store_sync_take_partition(&slow.store, "t", 3, 0, &taken, &err),
                     cases[i].code);
        cr_assert_eq(err.code, cases[i].code);
        cr_assert_str_eq(err.text, "no");
        cr_assert_eq(taken.epoch, 77, "untouched on failure");
        slow.turns = 0;
        cr_assert_eq(store_sync_take_partition(&slow.store, "t", 3, 0, &taken, NULL),
                     cases[i].code);
    }
}

Test(sync, a_loop_that_cannot_turn)
{
    struct slow slow = {.store.ops = &slow_ops, .lost = 1};
    struct store_partition taken = {.epoch = 77};
    struct err err = {0};
    cr_assert_eq(store_sync_take_partition(&slow.store, "t", 3, 0, &taken, &err), ERR_INVALID);
    cr_assert_str_eq(err.text, "cannot wait within a callback");
    cr_assert_eq(taken.epoch, 77);
    cr_assert_eq(slow.turns, 1);
}

static int note_listed(void *context, const struct store_baseline *b)
{
    text_printf(context, "%s@%" PRIu32 " ", b->name, b->version);
    return 0;
}

static int note_bad(void *context, const struct store_quarantine *q)
{
    text_printf(context, "%s ", q->reason);
    return 0;
}

static int note_registered(void *context, const struct store_generation *g)
{
    text_printf(context, "%s ", g->hash);
    return 0;
}

/* A little of everything, written and read back. */
Test(sync, counting)
{
    struct store *store = open_or_fail("sqlite::memory:");
    struct store_take take = {.topic = "t", .start_offset = 4};
    struct store_quarantine bad = {.topic = "t", .offset = 4, .reason = "json"};
    struct store_register one = {"m", "1", "g", "b", 0};
    struct text text = {0};
    expect_ok(store_sync_take(store, &take, 1, &why));
    expect_ok(store_sync_expect(store, "t", 2, &why));
    struct store_advance advance = make_advance("t", 0, take.ret.epoch, 4, 1);
    struct store_delta delta = make_delta("m", 0, "x");
    struct store_commit commit = {.advances = &advance,
                                  .advance_count = 1,
                                  .registers = &one,
                                  .register_count = 1,
                                  .deltas = &delta,
                                  .delta_count = 1,
                                  .quarantine = &bad,
                                  .quarantine_count = 1};
    expect_ok(store_sync_commit(store, &commit, &why));
    cr_assert_eq(store_sync_commit(store, &commit, NULL), ERR_CONFLICT);
    expect_ok(store_sync_partitions(store, note_partition, &text, &why));
    expect_rows(&text, "t/0 e1 4..5 1 0 0 0 0 0\nt/1 e0 -1..-1 0 0 0 0 0 0\n");
    expect_ok(store_sync_generations(store, "m", NULL, note_registered, &text, &why));
    expect_ok(store_sync_quarantine_list(store, 9, note_bad, &text, &why));
    expect_rows(&text, "g json ");
    struct store_stats stats = {0};
    expect_ok(store_sync_stats(store, &stats, &why));
    cr_assert(stats.deltas == 1 && stats.quarantined == 1);
    expect_ok(store_sync_prune(store, INT64_MIN, INT64_MIN, 0, &why));
    expect_ok(store_sync_stats(store, &stats, &why));
    cr_assert_eq(stats.quarantined, 0);
    store_close(store);
}

Test(sync, judging)
{
    struct store *store = open_or_fail("sqlite::memory:");
    struct text text = {0};
    int64_t start, mark, position;
    bool given = false;
    put_delta(store, "m", 0, "x");
    expect_ok(store_sync_claim(store, "m", 1000, &given, &why));
    cr_assert(given);
    expect_ok(store_sync_first_delta(store, "m", INT64_MIN, &start, &why));
    cr_assert_eq(start, 0);
    expect_ok(store_sync_deltas(store, "m", 0, 9, note_pane, &text, &mark, &why));
    struct store_pane pane = make_pane(0, "x", 0);
    struct store_verdict verdict = make_verdict("v1", "amount", 10);
    struct store_incident incident = make_incident("i1", "firing", 1);
    struct store_outbox message = make_message("hook", "i1", 1, "a");
    struct store_judged judged = make_judged(INT64_MIN, 10);
    judged.panes = &pane;
    judged.delta_mark = mark;
    judged.verdicts = &verdict;
    judged.incidents = &incident;
    judged.outbox = &message;
    judged.pane_count = judged.verdict_count = judged.incident_count = judged.outbox_count = 1;
    expect_ok(store_sync_judged(store, &judged, &why));
    cr_assert_eq(store_sync_judged(store, &judged, NULL), ERR_CONFLICT);
    put_delta(store, "m", 0, "y");
    pane.revision = 1;
    expect_ok(store_sync_merge_late(store, "m", &pane, 1, 0, &why));
    expect_ok(store_sync_set_aside(store, "m", "1", "g", &why));
    expect_ok(store_sync_panes(store, "m", 0, 9, note_pane, &text, &why));
    expect_rows(&text, "0 1 g x 1 r0\n0 1 g x 1 r2\n");
    expect_ok(store_sync_judge_load(store, "m", &position, &text, &why));
    cr_assert_eq(position, 10);
    expect_rows(&text, "{\"s\":1}");
    struct store_query query = {.limit = 5};
    expect_ok(store_sync_verdicts(store, &query, note_verdict, &text, &why));
    expect_ok(store_sync_latest(store, &query, note_verdict, &text, &why));
    expect_ok(store_sync_incidents(store, &query, note_incident, &text, &why));
    expect_rows(&text, "v1 m 1 [] amount 100 10 ok\nv1 m 1 [] amount 100 10 ok\n"
                       "i1 m 1 r firing t 100 200 0 #1\n");
    store_close(store);
}

Test(sync, delivering_and_baselines)
{
    struct store *store = open_or_fail("sqlite::memory:");
    struct text text = {0};
    int64_t due, counts[DELIVERY_STATES];
    uint32_t version = 0;
    struct store_outbox message = make_message("hook", "i1", 1, "a");
    struct store_judged judged = make_judged(INT64_MIN, 10);
    judged.outbox = &message;
    judged.outbox_count = 1;
    expect_ok(store_sync_judged(store, &judged, &why));
    expect_ok(store_sync_due(store, 1, 5, note_due, &text, &why));
    expect_rows(&text, "hook i1 1 opened a a0\n");
    expect_ok(store_sync_next_due(store, &due, &why));
    cr_assert_eq(due, 0);
    struct store_delivery_result result = {.id = 1, .state = DELIVERY_DELIVERED};
    expect_ok(store_sync_delivered(store, &result, &why));
    cr_assert_eq(store_sync_delivered(store, &result, NULL), ERR_CONFLICT);
    expect_ok(store_sync_delivery_counts(store, "hook", 0, counts, &why));
    cr_assert_eq(counts[DELIVERY_DELIVERED], 1);
    expect_ok(put_baseline(store, "fraud", "h1", "c", 1, "{}", false, &version, &why));
    expect_ok(put_baseline(store, "fraud", "h2", "c", 1, "[]", true, &version, &why));
    expect_ok(store_sync_baseline_promote(store, "fraud", 1, &why));
    cr_assert_eq(store_sync_baseline_promote(store, "fraud", 3, NULL), ERR_NOT_FOUND);
    expect_ok(store_sync_baseline_get(store, "fraud", 0, &text, &version, &why));
    cr_assert_eq(version, 1);
    expect_ok(store_sync_baseline_list(store, note_listed, &text, &why));
    expect_rows(&text, "{}fraud@1 fraud@2 ");
    store_close(store);
}
