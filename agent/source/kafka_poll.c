/* Records, in order, and what to do when nobody wants them.
 *
 *   flowing ─stop─► stopped (not polled: what was prefetched is kept)
 *                     ├─resume within KAFKA_PAUSE_AFTER_MS─► flowing
 *                     └─later─► paused (polled, so that the group does not think us dead; the
 *                                prefetched queue is lost) ─resume─► flowing
 *
 * Pausing throws the local queue away and a commit mostly takes milliseconds, hence the two steps.
 * A record that comes although its partition is paused is dropped, but librdkafka believes it
 * consumed, so the partition is assigned again at its next offset when the receiver goes on.
 *
 * Records come in small batches, which costs half of what single ones do. Before 2.3 the batch
 * calls of librdkafka can skip records, so there they come one by one. Up to 2.13 a batch with the
 * end of a partition makes librdkafka believe that the next record was read, too (#4844), but it
 * goes by that only in resuming, so with batches a resumed partition is always assigned anew.
 *
 * Before 2.2 the thread that fetches sleeps for up to a second once the queue was full, however
 * empty it is by then. Any request to its broker wakes it, so when the queue runs low although
 * there is more, the ends of the partitions are asked. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "source/kafka_internal.h"
#include "sys/file.h"
#include "sys/log.h"

enum {
    BATCH = 64,
    BUDGET_RECORDS = 2048,
    BUDGET_MS = 5,
    NUDGE_AGAIN_MS = 5,
    VERSION_2_2 = 0x02020000,
    VERSION_2_3 = 0x02030000
};

void poll_prepare(struct kafka *kafka)
{
    char text[32] = "";
    size_t size = sizeof text;
    kafka->batches = rd_kafka_version() >= VERSION_2_3;
    rd_kafka_conf_get(kafka->conf, "queued.min.messages", text, &size);
    kafka->nudge_below = rd_kafka_version() < VERSION_2_2 ? strtol(text, NULL, 10) / 2 : 0;
}

void poll_soon(struct kafka *kafka)
{
    if (kafka->phase != PHASE_FAILED)
        event_add(kafka->again, &(struct timeval){0, 0}); /* after what else is ready */
}

/* ---- errors ---- */

static void mark_missing(struct kafka *kafka, const char *topic)
{
    for (uint32_t i = 0; topic && i < kafka->topic_count; i++) {
        if (!strcmp(kafka->topics[i].name, topic))
            kafka->topics[i].missing = true;
    }
}

void poll_note_error(struct kafka *kafka, rd_kafka_resp_err_t code, const char *topic)
{
    if (error_count(&kafka->errors, code, clock_loop()))
        log_warning("kafka error", "name", rd_kafka_err2name(code), topic ? "topic" : NULL, topic);
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
        kafka->down = true;
    switch (error_class(code)) {
    case ERROR_FATAL:
        kafka->failing = KAFKA_FENCED;
        break;
    case ERROR_REFUSED:
        kafka->refusal = code;
        break;
    case ERROR_MISSING:
        mark_missing(kafka, topic);
        break;
    default:
        break;
    }
}

/* What librdkafka tells about itself, not about a partition. */
void poll_on_error(void *context, rd_kafka_resp_err_t code)
{
    poll_note_error(context, code, NULL);
}

static void take_error(struct kafka *kafka, const rd_kafka_message_t *message)
{
    const char *topic = message->rkt ? rd_kafka_topic_name(message->rkt) : NULL;
    struct part *part = topic ? table_find(&kafka->table, topic, message->partition) : NULL;
    bool flows = part && part->state == PART_FLOWING && kafka->phase == PHASE_STEADY;
    enum error_class class = error_class(message->err);
    if (class != ERROR_END) {
        poll_note_error(kafka, message->err, topic);
        if (class == ERROR_RESET && flows)
            group_resolve_again(kafka, part);
        return;
    }
    if (!flows || kafka->paused || message->offset < part->next)
        return;
    part->reached = message->offset;
    part->at_end = true;
    kafka->down = false;
    stall_progress(&part->stall, kafka->now);
}

/* ---- records ---- */

static void stop(struct kafka *kafka)
{
    if (!kafka->stopped)
        kafka->stopped_since = clock_loop();
    kafka->stopped = true;
}

/* False: refused. */
static bool deliver(struct kafka *kafka, struct part *part, const rd_kafka_message_t *message)
{
    rd_kafka_timestamp_type_t type;
    int64_t broker_ms = rd_kafka_message_timestamp(message, &type);
    struct record record = {
        .topic = part->topic,
        .partition = part->partition,
        .offset = message->offset,
        .broker_ms =
            type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE || broker_ms < 0 ? INT64_MIN : broker_ms,
        .value = bytes_make(message->payload, message->payload ? message->len : 0),
    };
    uint64_t resumes = kafka->resumes;
    enum kafka_take take = kafka->hooks.record(kafka->hooks.context, &record);
    if (take != KAFKA_TAKEN && kafka->resumes == resumes)
        stop(kafka);
    if (take == KAFKA_REFUSED) {
        kafka->counters.refused++;
        return false;
    }
    part->next = message->offset + 1;
    kafka->counters.records++;
    kafka->counters.bytes += (int64_t)record.value.size;
    return true;
}

static bool take_record(struct kafka *kafka, const rd_kafka_message_t *message)
{
    struct part *part =
        table_find(&kafka->table, rd_kafka_topic_name(message->rkt), message->partition);
    if (!part || part->state != PART_FLOWING || kafka->phase != PHASE_STEADY) {
        kafka->counters.dropped_strange++;
    } else if (message->offset < part->next) {
        kafka->counters.dropped_repeated++;
    } else if (kafka->paused) {
        kafka->counters.dropped_paused++;
        part->rewind = true;
    } else {
        part->at_end = false;
        kafka->down = false;
        stall_progress(&part->stall, kafka->now);
        return deliver(kafka, part, message);
    }
    return true;
}

/* False: refused, and still the caller's. */
static bool take_message(struct kafka *kafka, rd_kafka_message_t *message)
{
    if (message->err)
        take_error(kafka, message);
    else if (!take_record(kafka, message))
        return false;
    rd_kafka_message_destroy(message);
    return true;
}

/* ---- what waits to be handed over ---- */

static void hold(struct hand *hand, rd_kafka_message_t *message)
{
    uint32_t end = hand->first + hand->count;
    if ((end & (end - 1)) == 0) /* room is a power of two */
        hand->messages = mem_resize(hand->messages, end ? 2 * (size_t)end : 1, sizeof message);
    hand->messages[end] = message;
    hand->count++;
}

static void take_held(struct kafka *kafka)
{
    struct hand *held = &kafka->held;
    while (held->count && !kafka->stopped) {
        if (!take_message(kafka, held->messages[held->first]))
            return;
        held->first++;
        held->count--;
    }
    if (!held->count)
        held->first = 0;
}

void poll_drop_held(struct kafka *kafka)
{
    struct hand *held = &kafka->held;
    for (uint32_t i = 0; i < held->count; i++)
        rd_kafka_message_destroy(held->messages[held->first + i]);
    free(held->messages);
    *held = (struct hand){0};
}

/* What could be handed over if the receiver were not stopped goes behind what waits already. */
static void take_fresh(struct kafka *kafka, rd_kafka_message_t **messages, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        take_held(kafka);
        bool flows = kafka->phase == PHASE_STEADY && !kafka->paused;
        bool waits = flows && (kafka->held.count || kafka->stopped);
        if (waits || !take_message(kafka, messages[i]))
            hold(&kafka->held, messages[i]);
    }
}

/* ---- a turn ---- */

static void take_answers(struct kafka *kafka)
{
    struct job *job;
    while ((job = client_answer(kafka->client))) {
        if (job->kind == JOB_OFFSETS)
            group_on_offsets(kafka, job);
        else if (job->kind == JOB_ENDS)
            watch_on_ends(kafka, job);
        else
            watch_on_topics(kafka, job);
        job_free(job);
    }
}

/* A stop keeps the queue untouched only while there is nothing else to hear from the group. */
static bool may_poll(const struct kafka *kafka)
{
    return kafka->phase != PHASE_STEADY || !kafka->stopped || kafka->paused;
}

/* How many came; 0: nothing is there. */
static uint32_t fetch(struct kafka *kafka, rd_kafka_message_t **ret_messages)
{
    if (!kafka->batches) {
        ret_messages[0] = rd_kafka_consumer_poll(kafka->client->rk, 0);
        return ret_messages[0] != NULL;
    }
    ssize_t count = rd_kafka_consume_batch_queue(kafka->client->queue, 0, ret_messages, BATCH);
    return count > 0 ? (uint32_t)count : 0;
}

/* Hands over what there is, within the budget. True: there may be more. */
static bool take_all(struct kafka *kafka)
{
    rd_kafka_message_t *fresh[BATCH];
    struct loop_time began = kafka->now = clock_loop();
    take_held(kafka);
    for (uint32_t taken = 0; may_poll(kafka) && taken < BUDGET_RECORDS;) {
        uint32_t count = fetch(kafka, fresh);
        if (!count)
            return false;
        take_fresh(kafka, fresh, count);
        if (taken / BATCH != (taken + count) / BATCH)
            kafka->now = clock_loop();
        taken += count;
        if (kafka->now.ms - began.ms >= BUDGET_MS)
            break;
    }
    return may_poll(kafka);
}

/* Offsets that the brokers are known to have and that were not handed over. */
static int64_t known_lag(const struct kafka *kafka)
{
    int64_t lag = 0;
    for (uint32_t i = 0; i < kafka->table.count; i++) {
        const struct part *part = &kafka->table.parts[i];
        int64_t low, high;
        if (part->state == PART_FLOWING &&
            !rd_kafka_get_watermark_offsets(kafka->client->rk, part->topic, part->partition, &low,
                                            &high) &&
            high > part->next)
            lag += high - part->next;
    }
    return lag;
}

static void nudge(struct kafka *kafka)
{
    struct loop_time now = kafka->now;
    uint32_t at = 0;
    if (!kafka->nudge_below || kafka->asking_ends || kafka->phase != PHASE_STEADY ||
        kafka->stopped || now.ms - kafka->nudged_at.ms < NUDGE_AGAIN_MS)
        return;
    int64_t queued = (int64_t)rd_kafka_queue_length(kafka->client->queue);
    if (queued > kafka->nudge_below || known_lag(kafka) <= queued)
        return;
    struct job *job = job_new(JOB_ENDS, kafka->serial, kafka->table.count);
    for (uint32_t i = 0; i < kafka->table.count; i++)
        job_set(job, at++, kafka->table.parts[i].topic, kafka->table.parts[i].partition,
                RD_KAFKA_OFFSET_END);
    kafka->nudged_at = now;
    kafka->asking_ends = true;
    client_ask(kafka->client, job);
}

void poll_turn(struct kafka *kafka)
{
    uint64_t wakes;
    if (kafka->phase == PHASE_FAILED)
        return;
    if (read(kafka->client->fd, &wakes, sizeof wakes) < 0)
        wakes = 0; /* nothing to read: called for another reason */
    take_answers(kafka);
    group_tick(kafka, clock_loop());
    bool more = take_all(kafka);
    nudge(kafka);
    if (more)
        poll_soon(kafka);
}

/* ---- back-pressure ---- */

static rd_kafka_topic_partition_list_t *flowing_list(const struct kafka *kafka)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)kafka->table.count);
    for (uint32_t i = 0; i < kafka->table.count; i++) {
        const struct part *part = &kafka->table.parts[i];
        if (part->state == PART_FLOWING)
            rd_kafka_topic_partition_list_add(list, part->topic, part->partition);
    }
    return list;
}

void poll_pause_if_long(struct kafka *kafka, struct loop_time now)
{
    if (!kafka->stopped || kafka->paused || now.ms - kafka->stopped_since.ms < KAFKA_PAUSE_AFTER_MS)
        return;
    rd_kafka_topic_partition_list_t *list = flowing_list(kafka);
    if (list->cnt)
        rd_kafka_pause_partitions(kafka->client->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    kafka->paused = true;
    kafka->counters.pauses++;
    poll_soon(kafka);
}

static void unpause(struct kafka *kafka)
{
    struct loop_time now = clock_loop();
    bool rewind = kafka->batches;
    rd_kafka_topic_partition_list_t *list = flowing_list(kafka);
    kafka->paused = false;
    if (list->cnt)
        rd_kafka_resume_partitions(kafka->client->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    for (uint32_t i = 0; i < kafka->table.count; i++) {
        rewind = rewind || kafka->table.parts[i].rewind;
        stall_excuse(&kafka->table.parts[i].stall, now);
    }
    if (!rewind || kafka->phase != PHASE_STEADY)
        return;
    poll_drop_held(kafka); /* it comes again */
    group_assign(kafka);
}

void kafka_stop(struct kafka *kafka)
{
    stop(kafka);
}

void kafka_resume(struct kafka *kafka)
{
    kafka->resumes++;
    if (kafka->phase == PHASE_FAILED)
        return;
    kafka->stopped = false;
    if (kafka->paused)
        unpause(kafka);
    poll_soon(kafka);
}
