/* A small world for the stages that are wired together: one monitor with a baseline, a store
 * in memory, and a stream of records that is the same for the same seed. */
#ifndef LEEWAY_TEST_APP_WORLD_H
#define LEEWAY_TEST_APP_WORLD_H

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/evaluate.h"
#include "app/ingest.h"
#include "app/watermarks.h"
#include "baseline/build.h"
#include "store/sqlite_sql.h"
#include "store/sync.h"
#include "support/random.h"

#define WORLD_MONITOR                                                                              \
    "store: \"sqlite::memory:\"\n"                                                                 \
    "monitors:\n"                                                                                  \
    "  - monitor: fraud\n"                                                                         \
    "    topics: [fraud]\n"                                                                        \
    "    event: { time: /ts, version: /version }\n"                                                \
    "    features: /features/*\n"                                                                  \
    "    baseline: test\n"                                                                         \
    "    min_count: 50\n"

#define WORLD_RECEIVERS                                                                            \
    "receivers:\n"                                                                                 \
    "  - { name: hook, webhook: { url: \"http://127.0.0.1:1/\" } }\n"                              \
    "  - { name: train, retrain: { url: \"http://127.0.0.1:1/\" } }\n"

/* Panes of 5 minutes. */
#define WORLD_YAML WORLD_MONITOR "    windows: [1h, 2h]\n" WORLD_RECEIVERS

#define WORLD_START_MS INT64_C(1360281600000) /* 2013-02-08T00:00:00Z */

struct world {
    struct store *store;
    struct setup *setup;
    struct ingest *ingest;
    struct evaluate *evaluate;
    struct text verdicts; /* a line each, as they were made */
    enum store_result result;
    bool more;
};

static inline struct config *world_config(const char *yaml)
{
    struct config_problems problems = {0};
    struct config *config = config_parse(bytes_of(yaml), "world.yaml", NULL, &problems);
    cr_assert_not_null(config, "%s", problems.count ? problems.items[0].text : "");
    config_problems_release(&problems);
    return config;
}

static inline void world_baseline_rows(struct baseline_builder *builder)
{
    static const char *const channels[] = {"web", "ios", "android", "partner"};
    struct random random = {2013};
    for (int i = 0; i < 10000; i++) {
        const struct builder_value row[] = {
            {.kind = BUILDER_NUMBER, .number = 100 + 20 * random_normal(&random)},
            {.kind = BUILDER_NUMBER, .number = 18 + random_below(&random, 63)},
            {.kind = BUILDER_TEXT, .text = bytes_of(channels[random_below(&random, 4)])},
            {.kind = random_below(&random, 10) ? BUILDER_FALSE : BUILDER_TRUE}};
        baseline_builder_add(builder, row, NULL);
    }
}

/* Of 10,000 records as stream_make makes them before anything has moved. */
static inline struct baseline *world_baseline(void)
{
    const struct builder_field fields[] = {
        {.name = "amount", .path = "/features/amount"},
        {.name = "age", .path = "/features/age", .has_type = true, .type = FIELD_INTEGER},
        {.name = "channel", .path = "/features/channel"},
        {.name = "vip", .path = "/features/vip"}};
    const struct builder_spec spec = {
        .fields = fields, .field_count = 4, .segments = {"channel"}, .segment_count = 1};
    struct err err = {0};
    struct baseline_builder *builder = baseline_builder_new(&spec, &err);
    cr_assert_not_null(builder, "%s", err.text);
    world_baseline_rows(builder);
    cr_assert_eq(baseline_builder_cells(builder, &err), 0, "%s", err.text);
    world_baseline_rows(builder);
    struct baseline *baseline = baseline_builder_finish(builder, NULL, &err);
    cr_assert_not_null(baseline, "%s", err.text);
    baseline_builder_free(builder);
    return baseline;
}

static inline struct store *world_store(void)
{
    struct err err = {0};
    struct store *store =
        store_open("sqlite::memory:", &(struct store_options){.agent = "test"}, &err);
    cr_assert_not_null(store, "%s", err.text);
    struct baseline *baseline = world_baseline();
    char *document = baseline_format(baseline);
    uint32_t version;
    const struct store_baseline row = {.name = "test",
                                       .hash = baseline->hash,
                                       .created = "2013-01-01T00:00:00Z",
                                       .rows = 10000,
                                       .document = document};
    cr_assert_eq(store_sync_baseline_put(store, &row, true, &version, &err), 0, "%s", err.text);
    free(document);
    baseline_free(baseline);
    return store;
}

static inline void world_done(void *context, enum store_result result, const struct err *err)
{
    struct world *world = context;
    world->result = result;
    cr_assert(result == STORE_DONE || err, "a failure says why");
}

static inline void world_verdict(void *context, const struct verdict *verdict)
{
    struct world *world = context;
    verdict_format(verdict, &world->verdicts);
    text_puts(&world->verdicts, "\n");
}

static inline struct evaluate *world_evaluate(struct world *world)
{
    const struct evaluate_hooks hooks = {
        .context = world, .verdict = world_verdict, .keep_verdicts = true, .keep_outbox = true};
    return evaluate_new(world->setup, world->store, &hooks);
}

/* Takes a partition over; 0 or the error's code. The store answers at once. */
static inline int take_partition(struct ingest *ingest, const char *topic, int32_t partition,
                                 int64_t start_offset, int64_t *ret_next, struct err *reterr)
{
    struct ingest_want want = {
        .topic = topic, .partition = partition, .start_offset = start_offset};
    struct store_answer answer = {0};
    struct err ignored;
    ingest_take(ingest, &want, 1, store_answered, &answer);
    cr_assert(answer.given);
    if (answer.result != STORE_DONE) {
        *(reterr ? reterr : &ignored) = answer.err;
        return answer.err.code;
    }
    *ret_next = want.next_offset;
    return 0;
}

/* A process begins on what the store has. */
static inline void world_start(struct world *world, uint32_t partitions)
{
    int64_t next;
    struct err err = {0};
    world->ingest = ingest_new(world->setup, world->store);
    world->evaluate = world_evaluate(world);
    for (uint32_t i = 0; i < partitions; i++)
        cr_assert_eq(take_partition(world->ingest, "fraud", (int32_t)i, 0, &next, &err), 0);
}

/* A process ends; what was not committed is lost. */
static inline void world_stop(struct world *world)
{
    ingest_free(world->ingest);
    evaluate_free(world->evaluate);
    world->ingest = NULL;
    world->evaluate = NULL;
}

static inline void world_open(struct world *world, const char *yaml, uint32_t partitions)
{
    *world = (struct world){0};
    world->store = world_store();
    world->setup = setup_open(world_config(yaml), world->store, NULL);
    cr_assert_not_null(world->setup);
    world_start(world, partitions);
}

static inline void world_close(struct world *world)
{
    world_stop(world);
    setup_free(world->setup);
    store_close(world->store);
    text_release(&world->verdicts);
}

static inline enum store_result world_commit(struct world *world)
{
    ingest_commit(world->ingest, world_done, world);
    return world->result;
}

/* Judges everything that is final at `final_ms`. */
static inline enum store_result world_judge(struct world *world, int64_t final_ms,
                                            int64_t certain_ms)
{
    do
        evaluate_monitor(world->evaluate, 0, final_ms, certain_ms, &world->more, world_done, world);
    while (world->result == STORE_DONE && world->more);
    return world->result;
}

/* Where all partitions stand, as committed. */
static inline struct watermarks world_watermarks(const struct world *world)
{
    struct watermarks watermarks = {0};
    struct err err = {0};
    cr_assert_eq(store_sync_partitions(world->store, watermarks_row, &watermarks, &err), 0, "%s",
                 err.text);
    cr_assert_eq(watermarks.unaccounted, 0);
    return watermarks;
}

static inline int64_t world_watermark(const struct world *world)
{
    struct watermarks watermarks = world_watermarks(world);
    int64_t certain_ms = watermarks_certain(&watermarks, &world->setup->monitors[0]);
    watermarks_clear(&watermarks);
    return certain_ms;
}

static inline int64_t world_final(const struct world *world)
{
    struct watermarks watermarks = world_watermarks(world);
    int64_t final_ms = watermarks_final(&watermarks, &world->setup->monitors[0]);
    watermarks_clear(&watermarks);
    return final_ms;
}

/* The end of the input: what is left is judged, the last panes provisionally. */
static inline void world_finish(struct world *world)
{
    ingest_all_idle(world->ingest);
    if (ingest_pending(world->ingest))
        cr_assert_eq(world_commit(world), STORE_DONE);
    cr_assert_eq(world_judge(world, world_final(world), world_watermark(world)), STORE_DONE);
}

/* ---- records ---- */

struct stream {
    struct record *records; /* by time; offsets ascend in each partition */
    uint32_t count;
    struct arena *arena;
};

/* `count` records over `hours`, in turn to random partitions. From the middle on "amount" has
 * moved, and half of the records are of version "8". */
static inline struct stream stream_make(uint64_t seed, uint32_t count, int hours,
                                        uint32_t partitions)
{
    static const char *const channels[] = {"web", "ios", "android", "partner"};
    struct random random = {seed};
    struct stream stream = {.count = count, .arena = arena_new()};
    int64_t offsets[16] = {0};
    stream.records = arena_alloc(stream.arena, count, sizeof *stream.records);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t partition = random_below(&random, partitions);
        bool moved = i > count / 2;
        int64_t ms = WORLD_START_MS + (int64_t)hours * HOUR_MS / count * i;
        char ts[32];
        event_time_format((struct event_time){ms}, ts);
        double amount = 100 + 20 * random_normal(&random) + (moved ? 30 : 0);
        uint32_t age = 18 + random_below(&random, 63), channel = random_below(&random, 4);
        const char *value = arena_printf(
            stream.arena,
            "{\"ts\":\"%s\",\"version\":\"%d\",\"features\":{\"amount\":%.2f,\"age\":%u,"
            "\"channel\":\"%s\",\"vip\":%s}}",
            ts, moved && random_below(&random, 2) ? 8 : 7, amount, age, channels[channel],
            random_below(&random, 10) ? "false" : "true");
        stream.records[i] = (struct record){.topic = "fraud",
                                            .partition = (int32_t)partition,
                                            .offset = offsets[partition]++,
                                            .broker_ms = TIME_NONE,
                                            .value = bytes_of(value)};
    }
    return stream;
}

static inline void stream_release(struct stream *stream)
{
    arena_free(stream->arena);
}

/* Any other order that keeps the order of each partition. */
static inline void stream_mix(struct stream *stream, uint32_t partitions, struct random *random)
{
    struct record *mixed = arena_alloc(stream->arena, stream->count, sizeof *mixed);
    uint32_t at[16] = {0};
    for (uint32_t i = 0; i < stream->count;) {
        uint32_t p = random_below(random, partitions), burst = 1 + random_below(random, 400);
        for (; burst && at[p] < stream->count; at[p]++) {
            if (stream->records[at[p]].partition != (int32_t)p)
                continue;
            mixed[i++] = stream->records[at[p]];
            burst--;
        }
    }
    stream->records = mixed;
}

/* ---- what the store holds ---- */

static inline int dump_verdict(void *context, const struct store_verdict *v)
{
    text_printf(context, "verdict %s %s %s %s\n", v->id, v->version, v->document,
                v->histogram ? v->histogram : "-");
    return 0;
}

static inline int dump_incident(void *context, const struct store_incident *i)
{
    text_printf(context, "incident %s %s %s %u %s %s\n", i->id, i->version, i->state, i->sequence,
                i->title, i->evidence);
    return 0;
}

static inline int dump_delivery(void *context, const struct store_delivery *d)
{
    text_printf(context, "message %s %s %s %s %s\n", d->receiver, d->incident, d->event,
                d->message_id, d->payload);
    return 0;
}

static inline int dump_pane(void *context, const struct store_pane *p)
{
    char hex[HASH_HEX_BYTES];
    text_printf(context, "pane %" PRId64 " %s %" PRId64 " %u %s\n", p->start_ms, p->version,
                p->rows, p->revision, hash_sha256(p->counts, hex));
    return 0;
}

static inline int dump_partition(void *context, const struct store_partition *p,
                                 const int64_t *records)
{
    text_printf(context, "partition %s %d next %" PRId64 " max %" PRId64, p->topic, p->partition,
                p->next_offset, p->max_event_ms);
    for (int i = 0; i <= DISPOSITIONS; i++)
        text_printf(context, " %" PRId64, records[i]);
    text_puts(context, "\n");
    return 0;
}

static inline int dump_quarantine(void *context, const struct store_quarantine *q)
{
    text_printf(context, "quarantine %s %d %" PRId64 " %s %" PRId64 " %.8s\n", q->topic,
                q->partition, q->offset, q->reason, q->size_bytes, q->sha256);
    return 0;
}

/* Everything that must not depend on how it came about. */
static inline void world_dump(const struct world *world, struct text *text)
{
    const struct store_query all = {.since_ms = INT64_MIN, .until_ms = INT64_MAX, .limit = 1000000};
    struct err err = {0};
    struct store *store = world->store;
    text_clear(text);
    cr_assert_eq(store_sync_partitions(store, dump_partition, text, &err), 0, "%s", err.text);
    cr_assert_eq(store_sync_panes(store, "fraud", INT64_MIN, INT64_MAX, dump_pane, text, &err), 0);
    cr_assert_eq(store_sync_verdicts(store, &all, dump_verdict, text, &err), 0, "%s", err.text);
    cr_assert_eq(store_sync_incidents(store, &all, dump_incident, text, &err), 0, "%s", err.text);
    cr_assert_eq(store_sync_due(store, INT64_MAX, 100000, dump_delivery, text, &err), 0);
    cr_assert_eq(store_sync_quarantine_list(store, 1000, dump_quarantine, text, &err), 0);
}

/* Says where two dumps part. */
static inline void dumps_agree(const struct text *a, const struct text *b, const char *what)
{
    size_t at = 0, line = 0;
    while (at < a->size && at < b->size && a->data[at] == b->data[at]) {
        at++;
        line = a->data[at - 1] == '\n' ? at : line;
    }
    cr_assert(at == a->size && at == b->size, "%s:\n%.300s\n%.300s", what, a->data + line,
              b->data + line);
}

#endif
