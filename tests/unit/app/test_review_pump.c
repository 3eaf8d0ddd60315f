/* The pump on a store that answers late and fails at any call, as a database does that comes and
 * goes: what is stored in the end is what an undisturbed run stores. */
#include <unistd.h>

#include "app/pump.h"
#include "store/ops.h"
#include "unit/app/world.h"

enum { RECORDS = 2400, HOURS = 8, PARTITIONS = 2 };

/* A call that waits for its turn. */
struct pending {
    store_done_fn done;
    void *context;
    enum store_result result;
    struct err err;
};

/* Does what it is asked on the store behind it at once, or refuses; answers one call a turn. */
struct slow {
    struct store base;
    struct store *inner;
    struct pending queue[8];
    uint32_t count;
    struct random random;
    uint32_t refuse_one_of; /* 0: none */
    int partitions_to_refuse;
    bool half_rows; /* a refused reading has handed out a row already */
    bool doubtful;  /* what was refused has been written all the same */
};

static struct slow slow;
static struct world world;
static struct text dump, other;
static char path[64];

static void answered(void *context, enum store_result result, const struct err *err)
{
    struct pending *pending = context;
    pending->result = result;
    pending->err = err ? *err : (struct err){0};
}

static struct pending *enqueue(store_done_fn done, void *context)
{
    cr_assert_lt(slow.count, 8, "a lane has one call at most");
    struct pending *pending = &slow.queue[slow.count++];
    *pending = (struct pending){.done = done, .context = context, .result = STORE_UNAVAILABLE};
    err_set(&pending->err, ERR_UNAVAILABLE, "database: gone");
    return pending;
}

static bool refused(void)
{
    return slow.refuse_one_of && random_below(&slow.random, slow.refuse_one_of) == 0;
}

/* Answers the first call, if there is one. */
static bool turn(void)
{
    struct pending first = slow.queue[0];
    if (!slow.count)
        return false;
    memmove(slow.queue, slow.queue + 1, --slow.count * sizeof *slow.queue);
    first.done(first.context, first.result, first.result == STORE_DONE ? NULL : &first.err);
    return true;
}

static void ignored(void *context, enum store_result result, const struct err *err)
{
    (void)context, (void)result, (void)err;
}

static const char *state(const struct store *store)
{
    return store == &slow.base ? "ok" : "strange";
}

#define PASS(CALL)                                                                                 \
    struct pending *pending = enqueue(done, context);                                              \
    (void)store;                                                                                   \
    if (!refused())                                                                                \
    CALL

static void take(struct store *store, struct store_take *takes, uint32_t count, store_done_fn done,
                 void *context)
{
    PASS(store_take(slow.inner, takes, count, answered, pending));
}

struct one_row {
    store_partition_fn row;
    void *context;
    int left;
};

static int one_row(void *context, const struct store_partition *p, const int64_t *records)
{
    struct one_row *one = context;
    return one->left-- > 0 ? one->row(one->context, p, records) : 1;
}

static void partitions(struct store *store, store_partition_fn row, void *row_context,
                       store_done_fn done, void *context)
{
    if (slow.partitions_to_refuse > 0) {
        struct one_row one = {row, row_context, 1};
        slow.partitions_to_refuse--;
        enqueue(done, context);
        if (slow.half_rows)
            store_partitions(slow.inner, one_row, &one, ignored, NULL);
        return;
    }
    PASS(store_partitions(slow.inner, row, row_context, answered, pending));
}

static void commit(struct store *store, const struct store_commit *what, store_done_fn done,
                   void *context)
{
    PASS(store_commit(slow.inner, what, answered, pending));
}

static void generations(struct store *store, const char *monitor, const char *hash,
                        store_generation_fn row, void *row_context, store_done_fn done,
                        void *context)
{
    PASS(store_generations(slow.inner, monitor, hash, row, row_context, answered, pending));
}

static void claim(struct store *store, const char *monitor, int64_t lease_ms, bool *ret_given,
                  store_done_fn done, void *context)
{
    PASS(store_claim(slow.inner, monitor, lease_ms, ret_given, answered, pending));
}

static void judge_load(struct store *store, const char *monitor, int64_t *ret_position_ms,
                       struct text *ret_state, store_done_fn done, void *context)
{
    PASS(store_judge_load(slow.inner, monitor, ret_position_ms, ret_state, answered, pending));
}

static void first_delta(struct store *store, const char *monitor, int64_t from_ms,
                        int64_t *ret_start_ms, store_done_fn done, void *context)
{
    PASS(store_first_delta(slow.inner, monitor, from_ms, ret_start_ms, answered, pending));
}

static void deltas(struct store *store, const char *monitor, int64_t from_ms, int64_t to_ms,
                   store_pane_fn row, void *row_context, int64_t *ret_mark, store_done_fn done,
                   void *context)
{
    PASS(store_deltas(slow.inner, monitor, from_ms, to_ms, row, row_context, ret_mark, answered,
                      pending));
}

static void panes(struct store *store, const char *monitor, int64_t from_ms, int64_t to_ms,
                  store_pane_fn row, void *row_context, store_done_fn done, void *context)
{
    PASS(store_panes(slow.inner, monitor, from_ms, to_ms, row, row_context, answered, pending));
}

static void judged(struct store *store, const struct store_judged *what, store_done_fn done,
                   void *context)
{
    PASS(store_judged(slow.inner, what, answered, pending));
    else if (slow.doubtful) store_judged(slow.inner, what, ignored, NULL);
}

static void merge_late(struct store *store, const char *monitor, const struct store_pane *list,
                       uint32_t count, int64_t delta_mark, store_done_fn done, void *context)
{
    PASS(store_merge_late(slow.inner, monitor, list, count, delta_mark, answered, pending));
    else if (slow.doubtful)
        store_merge_late(slow.inner, monitor, list, count, delta_mark, ignored, NULL);
}

static const struct store_ops slow_ops = {.state = state,
                                          .take = take,
                                          .partitions = partitions,
                                          .commit = commit,
                                          .generations = generations,
                                          .claim = claim,
                                          .judge_load = judge_load,
                                          .first_delta = first_delta,
                                          .deltas = deltas,
                                          .panes = panes,
                                          .judged = judged,
                                          .merge_late = merge_late};

static void set_up(void)
{
    struct stream stream = stream_make(21, RECORDS, HOURS, PARTITIONS);
    snprintf(path, sizeof path, "/tmp/leeway-review-XXXXXX");
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

TestSuite(review_pump, .init = set_up, .fini = tear_down);

/* ingest, evaluate and pump see the slow store; the world keeps its own. */
static void run(void)
{
    const struct evaluate_hooks hooks = {
        .context = &world, .verdict = world_verdict, .keep_verdicts = true, .keep_outbox = true};
    const struct pump_options options = {.commit_interval_ms = 1};
    struct loop_time now = {1000};
    struct err err = {0};
    enum pump_result result = PUMP_AGAIN;
    struct replay *replay = replay_open(path, "fraud", 1 << 20, &err);
    slow.base.ops = &slow_ops;
    slow.inner = world.store;
    struct ingest *ingest = ingest_new(world.setup, &slow.base);
    struct evaluate *evaluate = evaluate_new(world.setup, &slow.base, &hooks);
    struct pump *pump = pump_new(ingest, evaluate, world.setup, &slow.base, replay, &options);
    for (int i = 0; i < 1000000 && result <= PUMP_WAIT; i++) {
        int64_t wait_ms = 0;
        result = pump_step(pump, now, &wait_ms, &err);
        now.ms += result == PUMP_WAIT ? wait_ms : 1;
        if (random_below(&slow.random, 3) == 0)
            turn();
    }
    cr_assert_eq(result, PUMP_END, "%d %s", result, err.text);
    cr_assert(pump_is_quiet(pump));
    cr_assert_str_eq(pump_trouble(pump), "ok");
    pump_free(pump);
    evaluate_free(evaluate);
    ingest_free(ingest);
    replay_close(replay);
}

static void run_and_dump(struct text *ret)
{
    world_open(&world, WORLD_YAML, 0);
    run();
    world_dump(&world, ret);
    world_close(&world);
}

static uint64_t seed(void)
{
    const char *text = getenv("LEEWAY_SEED");
    uint64_t value = text ? strtoull(text, NULL, 10) : 7;
    fprintf(stderr, "LEEWAY_SEED=%" PRIu64 "\n", value);
    return value;
}

Test(review_pump, late_answers_change_nothing)
{
    run_and_dump(&dump);
    cr_assert(strstr(dump.data, "\"drift\""));
    slow.random.state = seed();
    run_and_dump(&other);
    dumps_agree(&dump, &other, "late answers");
}

/* The connection is lost while it is asked where the partitions stand, after some of them. */
Test(review_pump, a_look_that_fails_is_repeated)
{
    run_and_dump(&dump);
    for (int half = 0; half < 2; half++) {
        slow.partitions_to_refuse = 3;
        slow.half_rows = half;
        run_and_dump(&other);
        cr_assert_eq(slow.partitions_to_refuse, 0);
        dumps_agree(&dump, &other, "looks that failed");
    }
}

Test(review_pump, any_call_may_fail)
{
    uint64_t first = seed();
    run_and_dump(&dump);
    for (uint64_t i = 0; i < 8; i++) {
        slow.random.state = first + i;
        slow.refuse_one_of = 2 + (uint32_t)i;
        slow.doubtful = i % 2;
        run_and_dump(&other);
        dumps_agree(&dump, &other, "calls that failed");
    }
}

/* A live pump. */
static struct pump *live_pump(const struct pump_options *options)
{
    world_open(&world, WORLD_YAML, 1);
    slow = (struct slow){.base.ops = &slow_ops, .inner = world.store};
    ingest_free(world.ingest);
    world.ingest = ingest_new(world.setup, &slow.base);
    struct ingest_want want = {.topic = "fraud"};
    struct store_answer answer = {0};
    ingest_take(world.ingest, &want, 1, store_answered, &answer);
    while (turn())
        ;
    cr_assert(answer.given && answer.result == STORE_DONE);
    return pump_new(world.ingest, world.evaluate, world.setup, &slow.base, NULL, options);
}

static void offer(struct pump *pump, const struct stream *stream, uint32_t at,
                  enum ingest_result wanted)
{
    cr_assert_eq(pump_offer(pump, &stream->records[at]), wanted);
}

/* Nobody need offer a record to find out that there is no room; and nobody need look every
 * millisecond whether there is. */
Test(review_pump, no_room_while_a_commit_is_under_way)
{
    struct stream stream = stream_make(3, 10, HOURS, 1);
    struct pump *pump = live_pump(&(struct pump_options){.commit_interval_ms = 5000});
    struct err err = {0};
    int64_t wait_ms = 0;
    offer(pump, &stream, 0, INGEST_TAKEN);
    cr_assert(pump_has_room(pump));
    pump_step(pump, (struct loop_time){1000}, &wait_ms, &err);
    pump_hurry(pump);
    pump_step(pump, (struct loop_time){2000}, &wait_ms, &err);
    cr_assert_not(pump_has_room(pump));
    offer(pump, &stream, 1, INGEST_FULL);
    cr_assert_eq(pump_step(pump, (struct loop_time){20000}, &wait_ms, &err), PUMP_WAIT);
    cr_assert_eq(wait_ms, 5000);
    turn();
    cr_assert_not(pump_has_room(pump), "the answer was not looked at");
    pump_step(pump, (struct loop_time){20001}, &wait_ms, &err);
    cr_assert(pump_has_room(pump));
    offer(pump, &stream, 1, INGEST_TAKEN);
    pump_free(pump);
    world_close(&world);
    stream_release(&stream);
}

/* What could not be committed was lost to another agent: there is no trouble any more. */
Test(review_pump, trouble_ends_with_what_was_given_up)
{
    struct stream stream = stream_make(3, 10, HOURS, 1);
    struct pump *pump = live_pump(&(struct pump_options){.commit_interval_ms = 100});
    struct err err = {0};
    int64_t wait_ms = 0;
    offer(pump, &stream, 0, INGEST_TAKEN);
    slow.refuse_one_of = 1;
    pump_hurry(pump);
    pump_step(pump, (struct loop_time){1000}, &wait_ms, &err);
    turn();
    pump_step(pump, (struct loop_time){1001}, &wait_ms, &err);
    cr_assert_str_neq(pump_trouble(pump), "ok");
    ingest_release(world.ingest);
    for (int64_t ms = 2000; ms < 10000; ms += 100)
        pump_step(pump, (struct loop_time){ms}, &wait_ms, &err);
    cr_assert_str_eq(pump_trouble(pump), "ok");
    pump_free(pump);
    world_close(&world);
    stream_release(&stream);
}
