/* The adapter between the Kafka source and the pump. Rebalances are eager, so partitions come and
 * go all together: what is given up is committed first, and what was lost is dropped, since
 * somebody else counts it. */
#include "app/live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/file.h"
#include "sys/log.h"

enum { SILENT_MS = 60000, TAKE_AGAIN_MS = 1000 };

/* How long a partition has been silent. */
struct silence {
    char *topic;
    int32_t partition;
    int64_t next_offset; /* as of `since` */
    struct loop_time since;
};

/* A topic's partitions, as the store was told. */
struct expected {
    const char *topic;
    uint32_t partitions;
    uint32_t first; /* how many there were when it was first seen; 0: not yet */
    bool known;
};

struct live {
    const struct config *config;
    struct store *store;
    struct ingest *ingest;
    struct pump *pump;
    struct kafka *kafka;
    struct live_hooks hooks;
    bool held;    /* a record was refused */
    bool stopped; /* for good */
    struct silence *silences;
    uint32_t silence_count;
    /* Partitions that were offered: first collected, then taken all at once. */
    struct ingest_want *offers, *wants;
    uint32_t offer_count, want_count;
    bool taking, revoking;
    uint32_t assignment; /* goes up with every revocation: what was asked before is void */
    uint32_t asked_in;
    struct loop_time take_again;
    struct expected *expected;
    uint32_t expected_count, expecting; /* index of the one that is being told; else UINT32_MAX */
    uint32_t expecting_partitions;
};

static enum kafka_take on_record(void *context, const struct record *record)
{
    struct live *live = context;
    if (pump_offer(live->pump, record) != INGEST_FULL)
        return KAFKA_TAKEN;
    live->held = true;
    live->hooks.soon(live->hooks.context);
    return KAFKA_REFUSED;
}

/* ---- taking partitions over ---- */

static void clear_wants(struct ingest_want *wants, uint32_t *count)
{
    for (uint32_t i = 0; i < *count; i++)
        free((char *)wants[i].topic);
    *count = 0;
}

/* Records of a partition that was added while we watch all came after the start. */
static int64_t start_of(const struct live *live, const struct kafka_offer *offer)
{
    for (uint32_t i = 0; i < live->expected_count; i++) {
        const struct expected *expected = &live->expected[i];
        if (!strcmp(live->config->start, "latest") && !strcmp(expected->topic, offer->topic) &&
            expected->first && offer->partition >= (int32_t)expected->first)
            return offer->low_offset;
    }
    return offer->start_offset;
}

static bool on_assigned(void *context, const struct kafka_offer *offer, int64_t *ret_offset)
{
    struct live *live = context;
    (void)ret_offset;
    live->offers = mem_resize(live->offers, live->offer_count + 1, sizeof *live->offers);
    live->offers[live->offer_count++] = (struct ingest_want){.topic = mem_copy(offer->topic),
                                                             .partition = offer->partition,
                                                             .start_offset = start_of(live, offer)};
    live->hooks.soon(live->hooks.context);
    return false; /* kafka_assign_ready follows */
}

static void on_taken(void *context, enum store_result result, const struct err *err)
{
    struct live *live = context;
    live->taking = false;
    if (result == STORE_DONE && live->asked_in == live->assignment) {
        for (uint32_t i = 0; i < live->want_count; i++)
            kafka_assign_ready(live->kafka, live->wants[i].topic, live->wants[i].partition,
                               live->wants[i].next_offset);
    } else if (result == STORE_DONE) {
        if (!live->revoking)              /* else they go with what is still to be committed */
            ingest_release(live->ingest); /* they were revoked meanwhile */
    } else {
        log_err(LOG_WARNING_LEVEL, "could not take over partitions; it is tried again", err);
        live->take_again.ms = clock_loop().ms + TAKE_AGAIN_MS;
    }
    if (result != STORE_DONE && live->asked_in == live->assignment)
        return; /* keeps what is wanted */
    clear_wants(live->wants, &live->want_count);
    live->hooks.soon(live->hooks.context);
}

/* Moves the offers to what is wanted. */
static void collect_offers(struct live *live)
{
    live->wants =
        mem_resize(live->wants, live->want_count + live->offer_count + 1, sizeof *live->wants);
    for (uint32_t i = 0; i < live->offer_count; i++)
        live->wants[live->want_count++] = live->offers[i];
    live->offer_count = 0;
}

static void take_offers(struct live *live, struct loop_time now)
{
    if (live->taking || now.ms < live->take_again.ms || live->revoking)
        return;
    collect_offers(live);
    if (!live->want_count)
        return;
    live->taking = true;
    live->asked_in = live->assignment;
    ingest_take(live->ingest, live->wants, live->want_count, on_taken, live);
}

/* ---- giving partitions up ---- */

static void forget_silences(struct live *live)
{
    for (uint32_t i = 0; i < live->silence_count; i++)
        free(live->silences[i].topic);
    live->silence_count = 0;
}

/* What was offered and asked for so far is void. What is offered from now on is of the next
 * assignment, which may come before everything of this one is committed. */
static void void_offers(struct live *live)
{
    clear_wants(live->offers, &live->offer_count);
    if (!live->taking)
        clear_wants(live->wants, &live->want_count);
    live->assignment++;
}

static void give_up(struct live *live)
{
    ingest_release(live->ingest);
    forget_silences(live);
    live->revoking = false;
}

/* Partitions that are paused when they go would come back paused. */
static void go_on(struct live *live)
{
    live->held = false;
    if (!live->stopped)
        kafka_resume(live->kafka);
}

static bool on_revoked(void *context, const struct kafka_span *partitions, uint32_t count,
                       bool lost)
{
    struct live *live = context;
    (void)partitions;
    char number[16];
    snprintf(number, sizeof number, "%u", count);
    log_info(lost ? "partitions were lost" : "partitions are given up", "partitions", number);
    void_offers(live);
    go_on(live);
    if (lost || pump_is_flushed(live->pump)) {
        give_up(live);
        return true;
    }
    live->revoking = true;
    pump_hurry(live->pump);
    live->hooks.soon(live->hooks.context);
    return false; /* kafka_revoke_done follows once everything is committed */
}

/* ---- telling the store how many partitions there are ---- */

static bool all_expected(const struct live *live)
{
    for (uint32_t i = 0; i < live->expected_count; i++)
        if (!live->expected[i].known && !kafka_topic_missing(live->kafka, live->expected[i].topic))
            return false;
    return true;
}

static void on_expected(void *context, enum store_result result, const struct err *err)
{
    struct live *live = context;
    struct expected *expected = &live->expected[live->expecting];
    (void)err;
    if (result == STORE_DONE) {
        expected->known = true;
        expected->partitions = live->expecting_partitions;
    }
    live->expecting = UINT32_MAX;
    pump_allow_judging(live->pump, all_expected(live));
}

static void expect_partitions(struct live *live)
{
    for (uint32_t i = 0; i < live->expected_count; i++)
        if (!live->expected[i].first)
            live->expected[i].first = kafka_topic_partitions(live->kafka, live->expected[i].topic);
    if (live->expecting != UINT32_MAX)
        return;
    for (uint32_t i = 0; i < live->expected_count; i++) {
        uint32_t count = kafka_topic_partitions(live->kafka, live->expected[i].topic);
        if (count <= live->expected[i].partitions)
            continue;
        live->expecting = i;
        live->expecting_partitions = count;
        store_expect(live->store, live->expected[i].topic, count, on_expected, live);
        return;
    }
}

static void on_failed(void *context, enum kafka_failure failure, const struct err *err)
{
    struct live *live = context;
    live->hooks.failed(live->hooks.context, failure, err);
}

static const char **collect_topics(const struct config *config, uint32_t *ret_count)
{
    uint32_t total = 0;
    for (uint32_t i = 0; i < config->monitor_count; i++)
        total += config->monitors[i].topic_count;
    const char **topics = mem_new(total, sizeof *topics);
    *ret_count = 0;
    for (uint32_t i = 0; i < config->monitor_count; i++)
        for (uint32_t k = 0; k < config->monitors[i].topic_count; k++)
            topics[(*ret_count)++] = config->monitors[i].topics[k];
    return topics;
}

static struct kafka_property *collect_properties(const struct config *config, struct arena *arena)
{
    struct kafka_property *properties =
        arena_alloc(arena, config->kafka_count + 1, sizeof *properties);
    for (uint32_t i = 0; i < config->kafka_count; i++)
        properties[i] = (struct kafka_property){
            .name = config->kafka[i].key,
            .value = config->kafka[i].value,
            .place = arena_printf(arena, "%s:%u:%u", config->path, config->kafka[i].place.line,
                                  config->kafka[i].place.column)};
    return properties;
}

static int open_kafka(struct live *live, struct event_base *base, struct err *reterr)
{
    const struct config *config = live->config;
    struct arena *arena = arena_new();
    struct kafka_options options = {.properties = collect_properties(config, arena),
                                    .property_count = config->kafka_count,
                                    .group = "leeway",
                                    .hooks = {.context = live,
                                              .record = on_record,
                                              .assigned = on_assigned,
                                              .revoked = on_revoked,
                                              .failed = on_failed}};
    struct event_time start;
    options.start = !strcmp(config->start, "latest")     ? KAFKA_LATEST
                    : !strcmp(config->start, "earliest") ? KAFKA_EARLIEST
                                                         : KAFKA_TIMESTAMP;
    if (options.start == KAFKA_TIMESTAMP && event_time_parse(bytes_of(config->start), &start))
        options.start_ms = start.ms;
    const char **topics = collect_topics(config, &options.topic_count);
    options.topics = topics;
    live->expected = mem_new(options.topic_count + 1, sizeof *live->expected);
    for (uint32_t i = 0; i < options.topic_count; i++)
        live->expected[live->expected_count++].topic = topics[i];
    live->kafka = kafka_new(&options, base, reterr);
    free(topics);
    arena_free(arena);
    return live->kafka ? 0 : reterr->code;
}

struct live *live_new(const struct config *config, struct store *store, struct ingest *ingest,
                      struct pump *pump, struct event_base *base, const struct live_hooks *hooks,
                      struct err *reterr)
{
    struct live *live = mem_new(1, sizeof *live);
    *live = (struct live){.config = config,
                          .store = store,
                          .ingest = ingest,
                          .pump = pump,
                          .hooks = *hooks,
                          .expecting = UINT32_MAX};
    if (open_kafka(live, base, reterr) == 0)
        return live;
    live_free(live);
    return NULL;
}

void live_free(struct live *live)
{
    if (!live)
        return;
    kafka_free(live->kafka);
    forget_silences(live);
    clear_wants(live->offers, &live->offer_count);
    clear_wants(live->wants, &live->want_count);
    free(live->offers);
    free(live->wants);
    free(live->expected);
    free(live->silences);
    free(live);
}

static struct silence *silence_of(struct live *live, const struct kafka_partition *partition)
{
    for (uint32_t i = 0; i < live->silence_count; i++)
        if (live->silences[i].partition == partition->partition &&
            !strcmp(live->silences[i].topic, partition->topic))
            return &live->silences[i];
    live->silences = mem_resize(live->silences, live->silence_count + 1, sizeof *live->silences);
    struct silence *silence = &live->silences[live->silence_count++];
    *silence = (struct silence){
        .topic = mem_copy(partition->topic), .partition = partition->partition, .next_offset = -1};
    return silence;
}

static void mark_idle(struct live *live, struct loop_time now)
{
    for (uint32_t i = 0; i < kafka_partition_count(live->kafka); i++) {
        struct kafka_partition partition;
        kafka_partition_at(live->kafka, i, &partition);
        struct silence *silence = silence_of(live, &partition);
        if (!partition.drained || partition.next_offset != silence->next_offset) {
            silence->next_offset = partition.next_offset;
            silence->since = now;
        } else if (now.ms - silence->since.ms >= SILENT_MS) {
            ingest_idle(live->ingest, partition.topic, partition.partition);
        }
    }
}

void live_tick(struct live *live, struct loop_time now)
{
    if (live->revoking && pump_is_flushed(live->pump)) {
        give_up(live);
        kafka_revoke_done(live->kafka);
    }
    if (live->held && !live->revoking && pump_has_room(live->pump))
        go_on(live);
    take_offers(live, now);
    expect_partitions(live);
    pump_allow_judging(live->pump, all_expected(live));
    mark_idle(live, now);
}

/* Partitions that were being given up are somebody else's as they should be. */
void live_fenced(struct live *live)
{
    if (live->revoking) {
        give_up(live);
        kafka_revoke_done(live->kafka);
        return;
    }
    log_warning("another agent counts these partitions now; joining the group again");
    void_offers(live);
    give_up(live);
    kafka_rejoin(live->kafka);
}

bool live_is_quiet(const struct live *live)
{
    return !live->taking && live->expecting == UINT32_MAX;
}

void live_stop(struct live *live)
{
    live->stopped = true;
    kafka_stop(live->kafka);
}

const char *live_state(struct live *live)
{
    return kafka_state(live->kafka);
}

struct kafka *live_kafka(struct live *live)
{
    return live->kafka;
}
