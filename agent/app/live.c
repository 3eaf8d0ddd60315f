/* The adapter between the Kafka source and the pump. Rebalances are eager, so partitions come and
 * go all together: what is given up is committed first, and what was lost is dropped, since
 * somebody else counts it. */
#include "app/live.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/log.h"

enum { SILENT_MS = 60000 };

/* How long a partition has been silent. */
struct silence {
    char *topic;
    int32_t partition;
    int64_t next_offset; /* as of `since` */
    struct loop_time since;
};

struct live {
    struct ingest *ingest;
    struct pump *pump;
    struct kafka *kafka;
    struct live_hooks hooks;
    bool held; /* a record was refused */
    struct silence *silences;
    uint32_t silence_count;
};

static enum kafka_take on_record(void *context, const struct record *record)
{
    struct live *live = context;
    if (pump_offer(live->pump, record) != INGEST_FULL)
        return KAFKA_TAKEN;
    live->held = true;
    live->hooks.full(live->hooks.context);
    return KAFKA_REFUSED;
}

static bool on_assigned(void *context, const struct kafka_offer *offer, int64_t *ret_offset)
{
    struct live *live = context;
    struct err err = {0};
    if (ingest_take(live->ingest, offer->topic, offer->partition, offer->start_offset, ret_offset,
                    &err) == 0)
        return true;
    /* Not answered: the source offers it again with the next assignment. */
    log_err(LOG_ERROR_LEVEL, "could not take over a partition", &err);
    return false;
}

static void forget_silences(struct live *live)
{
    for (uint32_t i = 0; i < live->silence_count; i++)
        free(live->silences[i].topic);
    live->silence_count = 0;
}

static bool on_revoked(void *context, const struct kafka_span *partitions, uint32_t count,
                       bool lost)
{
    struct live *live = context;
    (void)partitions;
    char number[16];
    snprintf(number, sizeof number, "%u", count);
    bool committed = !lost && pump_flush(live->pump);
    log_info(lost ? "partitions were lost" : "partitions are given up", "partitions", number,
             "committed", committed ? "yes" : "no");
    ingest_release(live->ingest);
    forget_silences(live);
    return true;
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

struct live *live_new(const struct config *config, struct ingest *ingest, struct pump *pump,
                      struct event_base *base, const struct live_hooks *hooks, struct err *reterr)
{
    struct live *live = mem_new(1, sizeof *live);
    struct arena *arena = arena_new();
    *live = (struct live){.ingest = ingest, .pump = pump, .hooks = *hooks};
    struct kafka_options options = {.properties = collect_properties(config, arena),
                                    .property_count = config->kafka_count,
                                    .group = "leeway",
                                    .start = strcmp(config->start, "latest") ? KAFKA_EARLIEST
                                                                             : KAFKA_LATEST,
                                    .hooks = {.context = live,
                                              .record = on_record,
                                              .assigned = on_assigned,
                                              .revoked = on_revoked,
                                              .failed = on_failed}};
    const char **topics = collect_topics(config, &options.topic_count);
    options.topics = topics;
    live->kafka = kafka_new(&options, base, reterr);
    free(topics);
    arena_free(arena);
    if (live->kafka)
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

void live_tick(struct live *live, struct loop_time now)
{
    if (live->held) {
        live->held = false;
        kafka_resume(live->kafka);
    }
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

void live_stop(struct live *live)
{
    kafka_stop(live->kafka);
}

const char *live_state(struct live *live)
{
    return kafka_state(live->kafka);
}

static void counter(struct text *text, const char *name, const char *help, int64_t value)
{
    text_printf(text, "# HELP %s %s\n# TYPE %s counter\n%s %" PRId64 "\n", name, help, name, name,
                value);
}

void live_metrics(struct live *live, struct text *text)
{
    const struct kafka_counters *c = kafka_counters(live->kafka);
    text_puts(text, "# HELP leeway_kafka_up Whether the source is reading.\n"
                    "# TYPE leeway_kafka_up gauge\n");
    text_printf(text, "leeway_kafka_up %d\n", !strcmp(kafka_state(live->kafka), "ok"));
    text_puts(text, "# HELP leeway_kafka_consumer_lag Offsets not yet read.\n"
                    "# TYPE leeway_kafka_consumer_lag gauge\n");
    for (uint32_t i = 0; i < kafka_partition_count(live->kafka); i++) {
        struct kafka_partition p;
        kafka_partition_at(live->kafka, i, &p);
        if (p.lag >= 0) /* topic names are [a-zA-Z0-9._-] */
            text_printf(text,
                        "leeway_kafka_consumer_lag{topic=\"%s\",partition=\"%d\"} %" PRId64 "\n",
                        p.topic, p.partition, p.lag);
    }
    counter(text, "leeway_kafka_rebalances_total", "Rebalances.", c->rebalances);
    counter(text, "leeway_kafka_assignments_lost_total", "Assignments lost.", c->lost_assignments);
    counter(text, "leeway_kafka_records_dropped_total",
            "Records of partitions not owned, or counted before.",
            c->dropped_strange + c->dropped_repeated + c->dropped_paused);
    counter(text, "leeway_kafka_offsets_lost_total",
            "Upper bound of records deleted before they were read.", c->lost_offsets);
}
