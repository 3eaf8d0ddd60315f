/* Judging from the store: the same rows whatever was interrupted, and in whatever order partitions
 * came. */
#include "unit/app/world.h"

enum { RECORDS = 6000, HOURS = 16, PARTITIONS = 3 };

static struct text expected, got;
static struct world world;
static struct stream stream;

static void tear_down(void)
{
    text_release(&expected);
    text_release(&got);
}

TestSuite(evaluate, .fini = tear_down);

static void offer(const struct record *record)
{
    enum ingest_result result = ingest_record(world.ingest, record);
    if (result == INGEST_FULL) {
        cr_assert_eq(world_commit(&world), STORE_DONE);
        result = ingest_record(world.ingest, record);
    }
    cr_assert(result == INGEST_TAKEN || result == INGEST_REPEATED);
}

static void offer_all(void)
{
    for (uint32_t i = 0; i < stream.count; i++)
        offer(&stream.records[i]);
}

/* One commit, then all panes at once. */
static void run_undisturbed(void)
{
    world_open(&world, WORLD_YAML, PARTITIONS);
    offer_all();
    cr_assert_eq(world_commit(&world), STORE_DONE);
    world_finish(&world);
    world_dump(&world, &expected);
    world_close(&world);
}

static void has_something_to_say(void)
{
    cr_assert(strstr(expected.data, "\"drift\""), "verdicts of drift");
    cr_assert(strstr(expected.data, "\nincident "));
    cr_assert(strstr(expected.data, "\nmessage hook "));
    cr_assert(strstr(expected.data, " 8 {"), "verdicts of a version that appears later");
}

/* Offers, commits and judges in pieces of `step` records; at random points the process ends. */
static void run_in_pieces(uint32_t step, struct random *kills)
{
    world_open(&world, WORLD_YAML, PARTITIONS);
    for (uint32_t i = 0; i < stream.count;) {
        for (uint32_t k = 0; k < step && i < stream.count; k++, i++)
            offer(&stream.records[i]);
        uint32_t kill = kills ? random_below(kills, 8) : 7;
        if (kill > 0)
            cr_assert_eq(world_commit(&world), STORE_DONE);
        if (kill > 1)
            cr_assert_eq(world_judge(&world, world_watermark(&world), world_watermark(&world)),
                         STORE_DONE);
        if (kill <= 2) {
            world_stop(&world);
            world_start(&world, PARTITIONS);
            i = 0; /* the source begins again; what is committed is dropped */
        }
    }
    cr_assert_eq(world_commit(&world), STORE_DONE);
    world_finish(&world);
    world_dump(&world, &got);
    world_close(&world);
}

Test(evaluate, pieces_and_restarts_change_nothing)
{
    struct random random = random_new(31);
    stream = stream_make(random_next(&random), RECORDS, HOURS, PARTITIONS);
    run_undisturbed();
    has_something_to_say();
    run_in_pieces(500, NULL);
    dumps_agree(&expected, &got, "in pieces");
    for (int i = 0; i < 2; i++) {
        run_in_pieces(150 + random_below(&random, 500), &random);
        dumps_agree(&expected, &got, "with restarts");
    }
    stream_release(&stream);
}

/* A process that judges one hop, ends, and begins again. */
Test(evaluate, restart_after_every_pane)
{
    stream = stream_make(5, 2400, 6, PARTITIONS);
    run_undisturbed();
    world_open(&world, WORLD_YAML, PARTITIONS);
    offer_all();
    cr_assert_eq(world_commit(&world), STORE_DONE);
    int64_t end_ms = world_watermark(&world), pane_ms = world.setup->monitors[0].pane_ms;
    for (int64_t at = WORLD_START_MS; at <= end_ms; at += pane_ms) {
        cr_assert_eq(world_judge(&world, at, end_ms), STORE_DONE);
        world_stop(&world);
        world_start(&world, PARTITIONS);
    }
    world_finish(&world);
    world_dump(&world, &got);
    world_close(&world);
    dumps_agree(&expected, &got, "restart after every pane");
    stream_release(&stream);
}

Test(evaluate, any_interleaving_of_partitions_says_the_same)
{
    struct random random = random_new(32);
    stream = stream_make(random_next(&random), RECORDS, HOURS, PARTITIONS);
    run_undisturbed();
    for (int i = 0; i < 2; i++) {
        stream_mix(&stream, PARTITIONS, &random);
        run_in_pieces(700, i ? &random : NULL);
        dumps_agree(&expected, &got, "interleaved");
    }
    stream_release(&stream);
}

/* Reads where judging stands, and judges nothing. */
static void load(struct evaluate *evaluate)
{
    bool more;
    evaluate_monitor(evaluate, 0, TIME_NONE, TIME_NONE, &more, world_done, &world);
    cr_assert_eq(world.result, STORE_DONE);
}

/* Two judges on one store: each pane is judged once, whoever is faster. */
Test(evaluate, the_slower_judge_is_fenced_and_reads_again)
{
    stream = stream_make(6, RECORDS, HOURS, PARTITIONS);
    run_undisturbed();
    world_open(&world, WORLD_YAML, PARTITIONS);
    offer_all();
    cr_assert_eq(world_commit(&world), STORE_DONE);
    struct evaluate *first = world.evaluate, *second = world_evaluate(&world);
    int64_t end_ms = world_watermark(&world);
    int turns = 0;
    for (bool more = true; more; turns++) {
        load(second);
        int64_t position = evaluate_position(second, 0);
        evaluate_monitor(first, 0, end_ms, end_ms, &more, world_done, &world);
        cr_assert_eq(world.result, STORE_DONE);
        cr_assert_eq(evaluate_position(second, 0), position);
        evaluate_monitor(second, 0, end_ms, end_ms, &world.more, world_done, &world);
        cr_assert_eq(world.result, STORE_FENCED);
        load(second);
        cr_assert_eq(evaluate_position(second, 0), evaluate_position(first, 0));
        struct evaluate *other = first; /* the one that lost is the faster one of the next turn */
        first = second;
        second = other;
    }
    cr_assert_gt(turns, 2);
    evaluate_free(second);
    world.evaluate = first;
    world_finish(&world);
    world_dump(&world, &got);
    world_close(&world);
    dumps_agree(&expected, &got, "two judges");
    stream_release(&stream);
}

static int64_t pane_rows, pane_revision;

static int remember_pane(void *context, const struct store_pane *pane)
{
    (void)context;
    pane_rows = pane->rows;
    pane_revision = pane->revision;
    return 0;
}

static void read_pane(int64_t start_ms)
{
    pane_rows = pane_revision = 0;
    cr_assert_eq(
        store_sync_panes(world.store, "fraud", start_ms, start_ms + 1, remember_pane, NULL, NULL),
        0);
}

static void merge_late(void)
{
    evaluate_merge_late(world.evaluate, 0, world_done, &world);
    cr_assert_eq(world.result, STORE_DONE);
}

Test(evaluate, late_deltas_raise_the_revision_of_their_pane)
{
    struct err err = {0};
    int64_t next = 0;
    stream = stream_make(7, 1200, 4, 1);
    world_open(&world, WORLD_YAML, 1);
    merge_late(); /* nothing was judged yet */
    offer_all();
    cr_assert_eq(world_commit(&world), STORE_DONE);
    world_finish(&world);
    merge_late(); /* nothing is late */
    read_pane(WORLD_START_MS);
    int64_t rows = pane_rows;
    cr_assert_gt(rows, 0);
    cr_assert_eq(pane_revision, 1);
    int64_t verdicts = evaluate_totals(world.evaluate)->verdicts;
    /* a partition that was silent */
    cr_assert_eq(take_partition(world.ingest, "fraud", 1, 0, &next, &err), 0);
    for (int round = 1; round <= 2; round++) {
        for (uint32_t i = 0; i < 5; i++) {
            struct record record = stream.records[i];
            record.partition = 1;
            record.offset = next++;
            cr_assert_eq(ingest_record(world.ingest, &record), INGEST_TAKEN);
        }
        cr_assert_eq(world_commit(&world), STORE_DONE);
        merge_late();
        read_pane(WORLD_START_MS);
        cr_assert_eq(pane_rows, rows + 5 * round);
        cr_assert_eq(pane_revision, 1 + round);
    }
    cr_assert_eq(evaluate_totals(world.evaluate)->verdicts, verdicts, "nothing is judged again");
    struct store_stats stats;
    cr_assert_eq(store_sync_stats(world.store, &stats, &err), 0);
    cr_assert_eq(stats.deltas, 0, "what was merged is gone");
    world_close(&world);
    stream_release(&stream);
}

Test(evaluate, what_is_not_final_is_not_judged)
{
    stream = stream_make(8, 1200, 4, 1);
    world_open(&world, WORLD_YAML, 1);
    cr_assert_eq(world_judge(&world, INT64_MAX / 2, INT64_MAX / 2), STORE_DONE, "an empty store");
    cr_assert_eq(evaluate_position(world.evaluate, 0), TIME_NONE);
    offer_all();
    cr_assert_eq(world_commit(&world), STORE_DONE);
    cr_assert_eq(world_judge(&world, TIME_NONE, TIME_NONE), STORE_DONE);
    cr_assert_eq(world_judge(&world, WORLD_START_MS + 5 * MINUTE_MS - 1, 0), STORE_DONE);
    cr_assert_eq(evaluate_position(world.evaluate, 0), TIME_NONE);
    cr_assert_eq(world_judge(&world, WORLD_START_MS + 5 * MINUTE_MS, 0), STORE_DONE);
    cr_assert_eq(evaluate_position(world.evaluate, 0), WORLD_START_MS + 5 * MINUTE_MS);
    world_close(&world);
    stream_release(&stream);
}

/* Panes beyond what is certain make provisional verdicts, and only those. */
Test(evaluate, provisional_is_what_is_not_certain)
{
    stream = stream_make(9, 1200, 4, 1);
    world_open(&world, WORLD_YAML, 1);
    offer_all();
    cr_assert_eq(world_commit(&world), STORE_DONE);
    cr_assert_eq(world_judge(&world, WORLD_START_MS + 2 * HOUR_MS, WORLD_START_MS + 2 * HOUR_MS),
                 STORE_DONE);
    cr_assert(strstr(world.verdicts.data, "\"provisional\":false"), "%.300s", world.verdicts.data);
    cr_assert_null(strstr(world.verdicts.data, "\"provisional\":true"));
    text_clear(&world.verdicts);
    cr_assert_eq(world_judge(&world, WORLD_START_MS + 3 * HOUR_MS, WORLD_START_MS + 2 * HOUR_MS),
                 STORE_DONE);
    cr_assert(strstr(world.verdicts.data, "\"provisional\":true"));
    cr_assert_null(strstr(world.verdicts.data, "\"provisional\":false"));
    world_close(&world);
    stream_release(&stream);
}

static int refuse(void *context)
{
    (void)context;
    return 1;
}

/* Every statement is interrupted, also those that read the state again. */
Test(evaluate, a_store_that_cannot_even_be_read)
{
    stream = stream_make(6, RECORDS, HOURS, PARTITIONS);
    run_undisturbed();
    world_open(&world, WORLD_YAML, PARTITIONS);
    offer_all();
    cr_assert_eq(world_commit(&world), STORE_DONE);
    int64_t end_ms = world_watermark(&world);
    sqlite3 *db = sqlite_store_of(world.store)->db;
    for (bool more = true; more;) {
        sqlite3_progress_handler(db, 1, refuse, NULL);
        for (int i = 0; i < 3; i++) {
            evaluate_monitor(world.evaluate, 0, end_ms, end_ms, &more, world_done, &world);
            cr_assert_neq(world.result, STORE_DONE);
            cr_assert_not(more);
            evaluate_merge_late(world.evaluate, 0, world_done, &world);
        }
        sqlite3_progress_handler(db, 0, NULL, NULL);
        evaluate_monitor(world.evaluate, 0, end_ms, end_ms, &more, world_done, &world);
        cr_assert_eq(world.result, STORE_DONE);
    }
    world_finish(&world);
    world_dump(&world, &got);
    world_close(&world);
    dumps_agree(&expected, &got, "after failures");
    stream_release(&stream);
}

static int count_version_7(void *context, const struct store_pane *pane)
{
    *(int64_t *)context += !strcmp(pane->version, "7");
    return 0;
}

/* Another configuration on the same store: windows begin again, at panes of their own length. */
Test(evaluate, a_generation_begins_with_empty_windows)
{
    stream = stream_make(10, 4800, 16, 1);
    uint32_t half = 1825; /* inside a pane of either length */
    world_open(&world, WORLD_MONITOR "    windows: [10m]\n", 1);
    for (uint32_t i = 0; i < half; i++)
        offer(&stream.records[i]);
    cr_assert_eq(world_commit(&world), STORE_DONE);
    cr_assert_eq(world_judge(&world, world_watermark(&world), world_watermark(&world)), STORE_DONE);
    int64_t position = evaluate_position(world.evaluate, 0);
    world_stop(&world);
    setup_free(world.setup);
    text_clear(&world.verdicts);
    world.setup = setup_open(world_config(WORLD_YAML), world.store, NULL);
    cr_assert_not_null(world.setup);
    world_start(&world, 1);
    offer_all();
    cr_assert_eq(world_commit(&world), STORE_DONE);
    world_finish(&world);
    cr_assert_gt(evaluate_position(world.evaluate, 0), position);
    cr_assert_eq(evaluate_position(world.evaluate, 0) % (5 * MINUTE_MS), 0, "whole panes");
    struct store_stats stats;
    merge_late(); /* what the other generation has left goes out of the queue */
    cr_assert_eq(store_sync_stats(world.store, &stats, NULL), 0);
    cr_assert_eq(stats.deltas, 0);
    cr_assert_gt(evaluate_totals(world.evaluate)->skipped_generations, 0);
    int64_t skipped = evaluate_totals(world.evaluate)->skipped_generations;
    merge_late();
    cr_assert_eq(evaluate_totals(world.evaluate)->skipped_generations, skipped, "once");
    int64_t first_ms = event_time_floor((struct event_time){position}, 5 * MINUTE_MS).ms, panes = 0;
    first_ms += 5 * MINUTE_MS; /* the pane of the change began before the position */
    cr_assert_neq(position % (5 * MINUTE_MS), 0);
    cr_assert_eq(
        store_sync_panes(world.store, "fraud", first_ms, INT64_MAX, count_version_7, &panes, NULL),
        0);
    cr_assert_eq(panes, (evaluate_position(world.evaluate, 0) - first_ms) / (5 * MINUTE_MS),
                 "each was judged");
    cr_assert(strstr(world.verdicts.data, "\"drift\""), "%.300s", world.verdicts.data);
    world_close(&world);
    stream_release(&stream);
}

Test(evaluate, damaged_state_is_an_error)
{
    stream = stream_make(9, 1200, 4, 1);
    world_open(&world, WORLD_YAML, 1);
    offer_all();
    cr_assert_eq(world_commit(&world), STORE_DONE);
    world_finish(&world);
    sqlite3 *db = sqlite_store_of(world.store)->db;
    cr_assert_eq(sqlite3_exec(db, "update judge_state set state = '{}'", NULL, NULL, NULL),
                 SQLITE_OK, "%s", sqlite3_errmsg(db));
    const struct evaluate_hooks hooks = {0};
    struct evaluate *evaluate = evaluate_new(world.setup, world.store, &hooks);
    struct store_answer answer = {0};
    bool more;
    evaluate_monitor(evaluate, 0, INT64_MAX / 2, 0, &more, store_answered, &answer);
    cr_assert_eq(answer.result, STORE_FAILED);
    cr_assert_eq(answer.err.code, ERR_INVALID);
    cr_assert(strstr(answer.err.text, "fraud"), "%s", answer.err.text);
    evaluate_free(evaluate);
    evaluate_free(NULL);
    world_close(&world);
    stream_release(&stream);
}

/* A partition that was passed over speaks up again; its counts are in the windows from then on,
 * whether the process goes on or begins anew. */
static void run_with_late(bool restart, struct text *ret)
{
    struct err err = {0};
    int64_t next = 0;
    world_open(&world, WORLD_YAML, 1);
    for (uint32_t i = 0; i < stream.count / 2; i++)
        offer(&stream.records[i]);
    cr_assert_eq(world_commit(&world), STORE_DONE);
    int64_t end_ms = WORLD_START_MS + 3 * HOUR_MS;
    cr_assert_eq(world_judge(&world, end_ms, end_ms - HOUR_MS), STORE_DONE);
    cr_assert_eq(take_partition(world.ingest, "fraud", 1, 0, &next, &err), 0);
    for (uint32_t i = 0; i < 40; i++) {
        struct record record = stream.records[stream.count * 5 / 16 + i];
        record.partition = 1;
        record.offset = next++;
        cr_assert_eq(ingest_record(world.ingest, &record), INGEST_TAKEN);
    }
    cr_assert_eq(world_commit(&world), STORE_DONE);
    merge_late();
    if (restart) {
        world_stop(&world);
        world_start(&world, 2);
    }
    offer_all();
    cr_assert_eq(world_commit(&world), STORE_DONE);
    cr_assert_eq(world_judge(&world, end_ms + 4 * HOUR_MS, end_ms + 4 * HOUR_MS), STORE_DONE);
    world_dump(&world, ret);
}

/* The first verdict of a window of 2 h that ends then. */
static bool is_provisional(int64_t end_ms)
{
    char start[32], end[32], wanted[96];
    event_time_format((struct event_time){end_ms - 2 * HOUR_MS}, start);
    event_time_format((struct event_time){end_ms}, end);
    snprintf(wanted, sizeof wanted, "\"start\":\"%s\",\"end\":\"%s\"", start, end);
    const char *at = strstr(got.data, wanted);
    cr_assert_not_null(at, "no window of 2 h ends at %s", end);
    const char *flag = strstr(at, "\"provisional\":true");
    return flag && flag < strchr(at, '\n');
}

Test(evaluate, late_counts_are_in_the_windows_with_and_without_a_restart)
{
    stream = stream_make(12, 4800, 8, 1);
    run_with_late(false, &expected);
    world_close(&world);
    run_with_late(true, &got);
    dumps_agree(&expected, &got, "restarted after late counts");
    /* Windows of 2 h hold the last pane that was passed over for 2 h, and no longer. */
    cr_assert(is_provisional(WORLD_START_MS + 5 * HOUR_MS - 10 * MINUTE_MS));
    cr_assert_not(is_provisional(WORLD_START_MS + 5 * HOUR_MS));
    world_close(&world);
    stream_release(&stream);
}

/* ---- what ends ---- */

static void offer_event(int64_t offset, int64_t at_ms, const char *version, int32_t partition)
{
    char ts[32], event[256];
    int64_t next = 0;
    event_time_format((struct event_time){at_ms}, ts);
    snprintf(event, sizeof event,
             "{\"ts\":\"%s\",\"version\":\"%s\",\"features\":{\"amount\":100}}", ts, version);
    const struct record record = {"fraud", partition, offset, TIME_NONE, bytes_of(event)};
    enum ingest_result result = ingest_record(world.ingest, &record);
    if (result == INGEST_STRANGER) {
        cr_assert_eq(take_partition(world.ingest, "fraud", partition, 0, &next, NULL), 0);
        result = ingest_record(world.ingest, &record);
    }
    cr_assert_eq(result, INGEST_TAKEN);
}

static bool state_has(const char *what)
{
    struct text state = {0};
    int64_t position;
    cr_assert_eq(store_sync_judge_load(world.store, "fraud", &position, &state, NULL), 0);
    bool has = strstr(state.data, what) != NULL;
    text_release(&state);
    return has;
}

/* Versions 7 and 8 drift and stop; version 9 goes on for 14 h; then 7 comes back. */
static void run_with_versions_that_stop(bool restart, struct text *ret)
{
    int64_t offset = stream.count, pane_ms = 5 * MINUTE_MS;
    world_open(&world, WORLD_YAML, 1);
    offer_all();
    for (int64_t at = WORLD_START_MS + 4 * HOUR_MS; at < WORLD_START_MS + 21 * HOUR_MS;
         at += pane_ms) {
        if (at < WORLD_START_MS + 18 * HOUR_MS)
            offer_event(offset++, at, "9", 0);
        else
            for (int i = 0; i < 12; i++)
                offer_event(offset++, at, "7", 0);
    }
    cr_assert_eq(world_commit(&world), STORE_DONE);
    for (int64_t end = WORLD_START_MS + 4 * HOUR_MS; end <= WORLD_START_MS + 18 * HOUR_MS;
         end += restart ? pane_ms : 7 * HOUR_MS) {
        cr_assert_eq(world_judge(&world, end, end), STORE_DONE);
        if (end == WORLD_START_MS + 4 * HOUR_MS) {
            cr_assert_eq(evaluate_live_versions(world.evaluate, 0), 2);
            cr_assert(state_has("7|2h||amount"));
        }
        if (restart) {
            world_stop(&world);
            world_start(&world, 1);
        }
    }
    load(world.evaluate);
    cr_assert_eq(evaluate_live_versions(world.evaluate, 0), 1, "only 9 has windows");
    cr_assert_not(state_has("7|2h||amount"), "answers of 12 h ago");
    world_finish(&world);
    world_dump(&world, ret);
    text_puts(ret, "state ");
    int64_t position;
    cr_assert_eq(store_sync_judge_load(world.store, "fraud", &position, ret, NULL), 0);
    world_close(&world);
}

Test(evaluate, versions_that_stop_cost_nothing)
{
    stream = stream_make(14, 2400, 4, 1);
    run_with_versions_that_stop(false, &expected);
    run_with_versions_that_stop(true, &got);
    dumps_agree(&expected, &got, "restarted after every pane");
    stream_release(&stream);
}

/* A pane from before the first one of its version is stored, and in no window. */
Test(evaluate, late_counts_from_before_the_first_pane)
{
    world_open(&world, WORLD_YAML, 1);
    for (int64_t i = 0; i < 36; i++)
        offer_event(i, WORLD_START_MS + HOUR_MS + i * 5 * MINUTE_MS, "7", 0);
    cr_assert_eq(world_commit(&world), STORE_DONE);
    cr_assert_eq(world_judge(&world, WORLD_START_MS + 3 * HOUR_MS, TIME_NONE), STORE_DONE);
    offer_event(0, WORLD_START_MS + 45 * MINUTE_MS, "7", 1);
    cr_assert_eq(world_commit(&world), STORE_DONE);
    merge_late();
    read_pane(WORLD_START_MS + 45 * MINUTE_MS);
    cr_assert_eq(pane_rows, 1);
    world_stop(&world);
    world_start(&world, 2);
    world_finish(&world);
    world_close(&world);
}

/* Judges the first half of the stream and what follows until an incident is open. */
#define OTHER_YAML WORLD_MONITOR "    windows: [1h, 2h]\n    sensitivity: low\n" WORLD_RECEIVERS

static int64_t open_an_incident(void)
{
    int64_t position;
    world_open(&world, WORLD_YAML, 1);
    offer_all();
    cr_assert_eq(world_commit(&world), STORE_DONE);
    cr_assert_eq(world_judge(&world, world_watermark(&world), world_watermark(&world)), STORE_DONE);
    position = evaluate_position(world.evaluate, 0);
    world_dump(&world, &expected);
    cr_assert(strstr(expected.data, " firing ") && strstr(expected.data, " fraud 7: "));
    cr_assert_null(strstr(expected.data, " resolved "));
    world_stop(&world);
    return position;
}

/* Some more of version 9, so that there is a pane to judge. */
static void go_on(void)
{
    world_start(&world, 1);
    for (int64_t i = 0; i < 40; i++)
        offer_event((int64_t)stream.count + i, WORLD_START_MS + 4 * HOUR_MS + i * MINUTE_MS, "9",
                    0);
    cr_assert_eq(world_commit(&world), STORE_DONE);
    sqlite3 *db = sqlite_store_of(world.store)->db;
    sqlite3_exec(db,
                 "create trigger t before update on judge_state begin select raise(fail, 'x');"
                 " end",
                 NULL, NULL, NULL);
    cr_assert_neq(world_judge(&world, world_watermark(&world), TIME_NONE), STORE_DONE);
    cr_assert_eq(sqlite3_exec(db, "drop trigger t", NULL, NULL, NULL), SQLITE_OK);
    world_finish(&world);
    world_dump(&world, &got);
    int64_t closed = evaluate_totals(world.evaluate)->closed;
    world_stop(&world);
    world_start(&world, 1);
    world_finish(&world);
    cr_assert_eq(evaluate_totals(world.evaluate)->closed, 0, "closed once, of %" PRId64, closed);
}

static int note_resolved(void *context, const struct store_incident *i)
{
    text_printf(context, "%s %s %" PRId64 " %s;", i->version, i->state, i->resolved_ms, i->title);
    return 0;
}

static void expect_closed(const char *why, int64_t position)
{
    const struct store_query all = {.since_ms = INT64_MIN, .until_ms = INT64_MAX, .limit = 100};
    char wanted[160];
    text_clear(&got);
    cr_assert_eq(store_sync_incidents(world.store, &all, note_resolved, &got, NULL), 0);
    snprintf(wanted, sizeof wanted, "7 resolved %" PRId64 " fraud 7: %s;", position, why);
    cr_assert(strstr(got.data, wanted), "%s", got.data);
}

static int note_closed(void *context, const struct store_delivery *d)
{
    if (strcmp(d->event, "closed") == 0 && strstr(d->payload, "\"version\":\"7\""))
        text_printf(context, "%s;", d->receiver);
    return 0;
}

/* Who is told that the incident of version 7 is closed: the head of each queue is settled first. */
static void expect_told(const char *wanted)
{
    struct text told = {0};
    cr_assert_eq(sqlite3_exec(sqlite_store_of(world.store)->db,
                              "update outbox set state = 'delivered' where event <> 'closed'", NULL,
                              NULL, NULL),
                 SQLITE_OK);
    cr_assert_eq(store_sync_due(world.store, INT64_MAX, 1000, note_closed, &told, NULL), 0);
    cr_assert_str_eq(told.data ? told.data : "", wanted);
    text_release(&told);
}

Test(evaluate, a_new_generation_closes_the_incidents_of_the_old_one)
{
    stream = stream_make(15, 2400, 4, 1);
    int64_t position = open_an_incident();
    char *old_hash = mem_copy(world.setup->monitors[0].tracks[0].generation);
    setup_free(world.setup);
    world.setup = setup_open(world_config(OTHER_YAML), world.store, NULL);
    cr_assert_not_null(world.setup);
    cr_assert_str_neq(world.setup->monitors[0].tracks[0].generation, old_hash);
    go_on();
    expect_closed("ended by a new configuration or baseline", position);
    expect_told("hook;");
    world_close(&world);
    stream_release(&stream);
    free(old_hash);
}

Test(evaluate, a_rule_that_is_gone_closes_its_incidents)
{
    stream = stream_make(15, 2400, 4, 1);
    int64_t position = open_an_incident();
    world.setup->ruleset.rules[0].name = "other";
    go_on();
    expect_closed("ended because its rule is gone", position);
    expect_told("hook;");
    world_close(&world);
    stream_release(&stream);
}
