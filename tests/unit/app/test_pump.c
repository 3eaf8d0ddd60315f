/* A file of lines through all stages: READ, COMMIT, JUDGE, END, and trouble on the way. */
#include <unistd.h>

#include "app/pump.h"
#include "unit/app/world.h"

enum { RECORDS = 2400, HOURS = 8, PARTITIONS = 2 };

static struct world world;
static struct text dump, other;
static char path[64];
static int64_t waits;

static void set_up(void)
{
    struct stream stream = stream_make(21, RECORDS, HOURS, PARTITIONS);
    snprintf(path, sizeof path, "/tmp/leeway-pump-XXXXXX");
    FILE *file = fdopen(mkstemp(path), "w");
    for (uint32_t i = 0; i < stream.count; i++) {
        const struct record *r = &stream.records[i];
        fprintf(file,
                "{\"topic\":\"fraud\",\"partition\":%d,\"offset\":%" PRId64 ",\"value\":%.*s}\n",
                r->partition, r->offset, (int)r->value.size, r->value.data);
    }
    fclose(file);
    stream_release(&stream);
}

static void tear_down(void)
{
    unlink(path);
    text_release(&dump);
    text_release(&other);
}

TestSuite(pump, .init = set_up, .fini = tear_down);

struct run {
    struct replay *replay;
    struct pump *pump;
    struct loop_time now;
};

static struct run run_new(const struct pump_options *options)
{
    struct err err = {0};
    struct run run = {.replay = replay_open(path, "fraud", 1 << 20, &err), .now = {1000}};
    cr_assert_not_null(run.replay, "%s", err.text);
    run.pump =
        pump_new(world.ingest, world.evaluate, world.setup, world.store, run.replay, options);
    return run;
}

static void run_free(struct run *run)
{
    pump_free(run->pump);
    replay_close(run->replay);
}

/* Steps until the end, a failure, or `limit` steps; the clock goes on by what the pump waits. */
static enum pump_result run_steps(struct run *run, int limit, struct err *reterr)
{
    enum pump_result result = PUMP_AGAIN;
    for (int i = 0; i < limit && result <= PUMP_WAIT; i++) {
        int64_t wait_ms = 0;
        result = pump_step(run->pump, run->now, &wait_ms, reterr);
        run->now.ms += result == PUMP_WAIT ? wait_ms : 10;
        waits += result == PUMP_WAIT;
        cr_assert(result != PUMP_WAIT || wait_ms > 0);
    }
    return result;
}

static void pump_all(const struct pump_options *options)
{
    struct err err = {0};
    struct run run = run_new(options);
    cr_assert_eq(run_steps(&run, 1000000, &err), PUMP_END, "%s", err.text);
    cr_assert_eq(run_steps(&run, 1, &err), PUMP_END, "and stays there");
    cr_assert_str_eq(pump_trouble(run.pump), "ok");
    run_free(&run);
}

static void dump_all(const struct pump_options *options, struct text *ret_dump)
{
    world_open(&world, WORLD_YAML, 0);
    pump_all(options);
    cr_assert_eq(ingest_totals(world.ingest)->records[DISPOSED_COUNTED], RECORDS);
    world_dump(&world, ret_dump);
    world_close(&world);
}

Test(pump, end_to_end_with_any_commit_interval)
{
    dump_all(&(struct pump_options){.commit_interval_ms = 5000}, &dump);
    cr_assert(strstr(dump.data, "\"drift\"") && strstr(dump.data, "\nmessage hook "));
    dump_all(&(struct pump_options){.commit_interval_ms = 1}, &other);
    dumps_agree(&dump, &other, "commits at every step");
}

Test(pump, partitions_that_are_not_known_beforehand)
{
    dump_all(&(struct pump_options){.commit_interval_ms = 5000}, &dump);
    dump_all(&(struct pump_options){.commit_interval_ms = 1, .judge_at_end = true}, &other);
    dumps_agree(&dump, &other, "as from standard input");
}

/* An hour of events in a minute. */
Test(pump, pace_waits_for_the_clock)
{
    struct err err = {0};
    dump_all(&(struct pump_options){.commit_interval_ms = 5000}, &dump);
    world_open(&world, WORLD_YAML, 0);
    struct run run = run_new(&(struct pump_options){.commit_interval_ms = 5000, .pace = 60});
    waits = 0;
    cr_assert_eq(run_steps(&run, 1000000, &err), PUMP_END, "%s", err.text);
    int64_t wanted = ((int64_t)HOURS * HOUR_MS - HOUR_MS) / 60;
    cr_assert_gt(waits, 100);
    cr_assert_gt(run.now.ms, wanted);
    cr_assert_lt(run.now.ms, 2 * wanted);
    run_free(&run);
    world_dump(&world, &other);
    world_close(&world);
    dumps_agree(&dump, &other, "paced");
}

/* Everything is there already: the second run drops each record and judges nothing anew. */
Test(pump, the_same_file_again_adds_nothing)
{
    const struct pump_options options = {.commit_interval_ms = 5000};
    world_open(&world, WORLD_YAML, 0);
    pump_all(&options);
    world_dump(&world, &dump);
    world_stop(&world);
    world_start(&world, 0);
    pump_all(&options);
    cr_assert_eq(ingest_totals(world.ingest)->records[DISPOSED_COUNTED], 0);
    cr_assert_eq(evaluate_totals(world.evaluate)->verdicts, 0);
    world_dump(&world, &other);
    world_close(&world);
    dumps_agree(&dump, &other, "again");
}

Test(pump, stopped_and_run_again)
{
    const struct pump_options options = {.commit_interval_ms = 1};
    struct err err = {0};
    dump_all(&options, &dump);
    world_open(&world, WORLD_YAML, 0);
    for (int i = 0; i < 2; i++) {
        struct run run = run_new(&options);
        run_steps(&run, 1 + i * 3, &err);
        pump_stop(run.pump);
        cr_assert_eq(run_steps(&run, 1000, &err), PUMP_END);
        cr_assert_not(ingest_pending(world.ingest), "an orderly stop commits");
        run_free(&run);
        world_stop(&world);
        world_start(&world, 0);
    }
    pump_all(&options);
    world_dump(&world, &other);
    world_close(&world);
    dumps_agree(&dump, &other, "stopped");
}

static void pages(int64_t count)
{
    char sql[64];
    snprintf(sql, sizeof sql, "pragma max_page_count = %" PRId64, count);
    cr_assert_eq(sqlite3_exec(sqlite_store_of(world.store)->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* The disk is full again and again; nothing is lost and nothing is counted twice. */
Test(pump, waits_while_the_store_is_full)
{
    const struct pump_options options = {.commit_interval_ms = 1};
    enum pump_result result = PUMP_AGAIN;
    struct err err = {0};
    dump_all(&options, &dump);
    world_open(&world, WORLD_YAML, 0);
    struct run run = run_new(&options);
    int troubles = 0;
    for (waits = 0; result <= PUMP_WAIT;) {
        int64_t before = waits;
        pages(1); /* SQLite takes what is there as the least */
        result = run_steps(&run, 8, &err);
        bool troubled = strcmp(pump_trouble(run.pump), "ok") != 0;
        cr_assert(!troubled || waits > before, "whoever has trouble waits");
        troubles += troubled;
        pages(1000000);
        if (result <= PUMP_WAIT)
            result = run_steps(&run, 2, &err);
    }
    cr_assert_eq(result, PUMP_END, "%s", err.text);
    cr_assert_gt(waits, 1);
    cr_assert_gt(troubles, 1);
    cr_assert_str_eq(pump_trouble(run.pump), "ok");
    run_free(&run);
    world_dump(&world, &other);
    world_close(&world);
    dumps_agree(&dump, &other, "after a full disk");
}

/* Another agent takes the partitions over. */
Test(pump, fenced_is_the_end)
{
    struct err err = {0};
    int64_t next = 0;
    world_open(&world, WORLD_YAML, 0);
    struct run run = run_new(&(struct pump_options){.commit_interval_ms = 1});
    for (int i = 0; i < 10 && !ingest_pending(world.ingest); i++)
        run_steps(&run, 1, &err); /* takes the partitions and reads */
    cr_assert(ingest_pending(world.ingest));
    struct ingest *thief = ingest_new(world.setup, world.store);
    cr_assert_eq(take_partition(thief, "fraud", 0, 0, &next, &err), 0);
    cr_assert_eq(run_steps(&run, 1000, &err), PUMP_FAILED);
    cr_assert_eq(err.code, ERR_CONFLICT);
    cr_assert_neq(err.hint[0], '\0');
    ingest_free(thief);
    run_free(&run);
    world_dump(&world, &dump);
    cr_assert_null(strstr(dump.data, "pane "), "nothing was written");
    world_close(&world);
}

Test(pump, an_empty_file_ends_at_once)
{
    fclose(fopen(path, "w"));
    world_open(&world, WORLD_YAML, 0);
    pump_all(&(struct pump_options){.commit_interval_ms = 5000});
    cr_assert_eq(evaluate_position(world.evaluate, 0), TIME_NONE);
    world_close(&world);
}
