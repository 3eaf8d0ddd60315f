/* The families of a source that has no broker: all that can be said is there. */
#include "metrics_support.h"

#include <event2/event.h>

#include "app/metrics_kafka.h"

static enum kafka_take take(void *context, const struct record *record)
{
    (void)context;
    (void)record;
    return KAFKA_TAKEN;
}

static bool assigned(void *context, const struct kafka_offer *offer, int64_t *ret_offset)
{
    (void)context;
    *ret_offset = offer->start_offset;
    return true;
}

static bool revoked(void *context, const struct kafka_span *partitions, uint32_t count, bool lost)
{
    (void)context;
    (void)partitions;
    (void)count;
    (void)lost;
    return true;
}

Test(metrics_kafka, without_a_broker)
{
    static const struct kafka_property properties[] = {{"bootstrap.servers", "127.0.0.1:1", NULL}};
    static const char *const topics[] = {"events"};
    const struct kafka_options options = {
        .properties = properties,
        .property_count = 1,
        .topics = topics,
        .topic_count = 1,
        .group = "test",
        .hooks = {.record = take, .assigned = assigned, .revoked = revoked}};
    struct err err = {0};
    struct families families;
    struct event_base *base = event_base_new();
    struct kafka *kafka = kafka_new(&options, base, &err);
    cr_assert(kafka, "%s", err.text);
    families_init(&families, FAMILIES_TEXT, 1000, 100000);
    metrics_kafka(kafka, &families);
    has_line(&families, "leeway_kafka_up 0");
    has_line(&families, "leeway_kafka_partitions 0");
    has_line(&families, "leeway_kafka_rebalances_total 0");
    has_line(&families, "leeway_kafka_records_dropped_total{reason=\"not_owned\"} 0");
    has_line(&families, "leeway_kafka_stalls_total{step=\"rebuilt\"} 0");
    has_line(&families, "leeway_kafka_offsets_lost_total 0");
    cr_assert_eq(lines_with(&families, "leeway_kafka_consumer_lag"), 0, "not known");
    families_release(&families);
    kafka_free(kafka);
    event_base_free(base);
}
