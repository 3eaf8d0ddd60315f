/* What no error tells: partitions that went silent, topics that are not there, brokers that came
 * back. librdkafka may never report a deleted topic (#4836), and its cached end of a partition
 * stands still together with the fetches, so both are asked from a broker. */
#include <stdlib.h>

#include "base/mem.h"
#include "source/kafka_internal.h"
#include "sys/file.h"
#include "sys/log.h"

enum { TROUBLE_RECHECK_MS = 5000 };

/* ---- silent partitions ---- */

static bool is_suspicious(const struct part *part, struct loop_time now)
{
    return part->state == PART_FLOWING && stall_due(&part->stall, now);
}

static void ask_ends(struct kafka *kafka, struct loop_time now)
{
    uint32_t count = 0, at = 0;
    if (kafka->asking_ends || kafka->stopped || kafka->phase != PHASE_STEADY)
        return;
    for (uint32_t i = 0; i < kafka->table.count; i++)
        count += is_suspicious(&kafka->table.parts[i], now);
    if (!count)
        return;
    struct job *job = job_new(JOB_ENDS, kafka->serial, count);
    for (uint32_t i = 0; i < kafka->table.count; i++) {
        const struct part *part = &kafka->table.parts[i];
        if (is_suspicious(part, now))
            job_set(job, at++, part->topic, part->partition, RD_KAFKA_OFFSET_END);
    }
    kafka->asking_ends = true;
    client_ask(kafka->client, job);
}

static void suspect(struct kafka *kafka, const struct part *part)
{
    free(kafka->suspect.topic);
    kafka->suspect = (struct suspect){mem_copy(part->topic), part->partition, part->stall.strikes};
}

void watch_on_ends(struct kafka *kafka, const struct job *job)
{
    struct loop_time now = clock_loop();
    bool restart = false;
    if (job->serial != kafka->serial)
        return;
    kafka->asking_ends = false;
    for (uint32_t i = 0; i < job->count; i++) {
        const struct job_item *item = &job->items[i];
        struct part *part = table_find(&kafka->table, item->topic, item->partition);
        if (!part || !is_suspicious(part, now) || kafka->stopped)
            continue;
        if (item->known)
            part->end = item->end;
        enum stall_step step =
            stall_judge(&part->stall, now, part_position(part), item->known ? item->end : -1);
        if (step == STALL_NONE)
            continue;
        kafka->counters.stall_recoveries[step - STALL_RESTART]++;
        log_warning("partition is silent although there is more to read", "topic", part->topic);
        restart = restart || step == STALL_RESTART;
        if (step == STALL_REBUILD) {
            suspect(kafka, part);
            kafka->want_rebuild = true;
        }
        if (step == STALL_GIVE_UP)
            kafka->failing = KAFKA_STALLED;
    }
    if (restart && kafka->phase == PHASE_STEADY)
        group_assign(kafka);
}

/* ---- topics ---- */

static void ask_topics(struct kafka *kafka, struct loop_time now)
{
    int64_t every_ms = kafka->recheck_ms;
    bool unknown = false;
    for (uint32_t i = 0; i < kafka->topic_count; i++)
        unknown = unknown || (!kafka->topics[i].partitions && !kafka->topics[i].missing);
    if ((kafka->down || kafka->refusal || unknown) && every_ms > TROUBLE_RECHECK_MS)
        every_ms = TROUBLE_RECHECK_MS;
    if (kafka->asking_topics || now.ms - kafka->topics_at.ms < every_ms)
        return;
    struct job *job = job_new(JOB_TOPICS, kafka->serial, kafka->topic_count);
    for (uint32_t i = 0; i < kafka->topic_count; i++)
        job_set(job, i, kafka->topics[i].name, 0, 0);
    kafka->asking_topics = true;
    kafka->topics_at = now;
    client_ask(kafka->client, job);
}

/* An answer shows that brokers are there and that we may ask them, not that we may join. */
void watch_on_topics(struct kafka *kafka, const struct job *job)
{
    kafka->asking_topics = false;
    for (uint32_t i = 0; i < job->count; i++) {
        if (!job->items[i].known)
            continue;
        kafka->down = false;
        if (kafka->refusal != RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED)
            kafka->refusal = RD_KAFKA_RESP_ERR_NO_ERROR;
        if (kafka->topics[i].missing == job->items[i].found)
            log_info(job->items[i].found ? "topic is there" : "topic is missing", "topic",
                     kafka->topics[i].name);
        kafka->topics[i].missing = !job->items[i].found;
        if (job->items[i].found)
            kafka->topics[i].partitions = job->items[i].partitions;
    }
}

void watch_tick(struct kafka *kafka, struct loop_time now)
{
    ask_ends(kafka, now);
    ask_topics(kafka, now);
}
