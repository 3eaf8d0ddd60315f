/* What the source counts. Topics and partitions are those of the configuration; names of errors are
 * librdkafka's. */
#include "app/metrics_kafka.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void write_partitions(const struct kafka *kafka, struct families *families)
{
    static const struct family owned = {"leeway_kafka_partitions", FAMILY_GAUGE, NULL,
                                        "Partitions that this agent reads."},
                               lag = {"leeway_kafka_consumer_lag", FAMILY_GAUGE, NULL,
                                      "Offsets not yet read, an upper bound of records."};
    uint32_t count = kafka_partition_count(kafka);
    families_one_whole(families, &owned, count);
    families_begin(families, &lag);
    for (uint32_t i = 0; i < count; i++) {
        struct kafka_partition partition;
        char number[16];
        kafka_partition_at(kafka, i, &partition);
        snprintf(number, sizeof number, "%" PRId32, partition.partition);
        const struct label labels[] = {{"topic", partition.topic}, {"partition", number}};
        if (partition.lag >= 0)
            families_add_whole(families, labels, 2, partition.lag);
    }
}

static void write_dropped(const struct kafka_counters *counters, struct families *families)
{
    static const struct family dropped = {"leeway_kafka_records_dropped_total", FAMILY_COUNTER,
                                          NULL,
                                          "Records handed over by librdkafka and not counted, by "
                                          "reason; another agent counts them, or a later read."},
                               lost = {"leeway_kafka_offsets_lost_total", FAMILY_COUNTER, NULL,
                                       "Upper bound of records deleted before they were read."};
    const struct {
        struct label label;
        int64_t count;
    } reasons[] = {{{"reason", "not_owned"}, counters->dropped_strange},
                   {{"reason", "repeated"}, counters->dropped_repeated},
                   {{"reason", "paused"}, counters->dropped_paused}};
    families_begin(families, &dropped);
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        families_add_whole(families, &reasons[i].label, 1, reasons[i].count);
    families_one_whole(families, &lost, counters->lost_offsets);
}

static void write_group(const struct kafka_counters *counters, struct families *families)
{
    static const struct family rebalances = {"leeway_kafka_rebalances_total", FAMILY_COUNTER, NULL,
                                             "Assignments of partitions."},
                               lost = {"leeway_kafka_assignments_lost_total", FAMILY_COUNTER, NULL,
                                       "Assignments lost without being asked to give them up."},
                               late = {"leeway_kafka_revoke_timeouts_total", FAMILY_COUNTER, NULL,
                                       "Partitions given up before the last commit was done."},
                               pauses = {"leeway_kafka_pauses_total", FAMILY_COUNTER, NULL,
                                         "Times that reading was paused, because the agent or the "
                                         "store was slower."},
                               jumps = {"leeway_kafka_jumps_total", FAMILY_COUNTER, NULL,
                                        "Times that the next offset did not exist any more."},
                               stalls = {"leeway_kafka_stalls_total", FAMILY_COUNTER, NULL,
                                         "Silent partitions with more to read, by what was done."};
    static const struct label steps[KAFKA_STALL_STEPS] = {
        {"step", "restarted"}, {"step", "rebuilt"}, {"step", "given_up"}};
    families_one_whole(families, &rebalances, counters->rebalances);
    families_one_whole(families, &lost, counters->lost_assignments);
    families_one_whole(families, &late, counters->revoke_timeouts);
    families_one_whole(families, &pauses, counters->pauses);
    families_one_whole(families, &jumps, counters->jumps);
    families_begin(families, &stalls);
    for (int i = 0; i < KAFKA_STALL_STEPS; i++)
        families_add_whole(families, &steps[i], 1, counters->stall_recoveries[i]);
}

static void write_errors(const struct kafka *kafka, struct families *families)
{
    static const struct family errors = {"leeway_kafka_errors_total", FAMILY_COUNTER, NULL,
                                         "Errors that librdkafka told, by its name for them."};
    struct label label = {.name = "error"};
    int64_t count;
    families_begin(families, &errors);
    for (uint32_t i = 0; kafka_error_at(kafka, i, &label.value, &count); i++)
        families_add_whole(families, &label, 1, count);
}

void metrics_kafka(struct kafka *kafka, struct families *families)
{
    static const struct family up = {"leeway_kafka_up", FAMILY_GAUGE, NULL,
                                     "1 if the source is reading, else 0."};
    const struct kafka_counters *counters = kafka_counters(kafka);
    families_one_whole(families, &up, !strcmp(kafka_state(kafka), "ok"));
    write_partitions(kafka, families);
    write_dropped(counters, families);
    write_group(counters, families);
    write_errors(kafka, families);
}
