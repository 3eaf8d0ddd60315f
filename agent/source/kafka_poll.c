/* Records, one by one, and what to do when nobody wants them.
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
 * The batch calls of librdkafka 2.0.2 can skip records; rd_kafka_consumer_poll cannot. */
#include <string.h>
#include <unistd.h>

#include "source/kafka_internal.h"
#include "sys/file.h"
#include "sys/log.h"

enum { BUDGET_RECORDS = 2048, BUDGET_MS = 5, LOOK_AT_CLOCK_EVERY = 64 };

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

static void deliver(struct kafka *kafka, struct part *part, rd_kafka_message_t *message)
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
        kafka->held = message;
        return;
    }
    part->next = message->offset + 1;
    kafka->counters.records++;
    kafka->counters.bytes += (int64_t)record.value.size;
    rd_kafka_message_destroy(message);
}

static void take_record(struct kafka *kafka, rd_kafka_message_t *message)
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
        deliver(kafka, part, message);
        return;
    }
    rd_kafka_message_destroy(message);
}

void poll_drop_held(struct kafka *kafka)
{
    if (kafka->held)
        rd_kafka_message_destroy(kafka->held);
    kafka->held = NULL;
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

static void take_message(struct kafka *kafka, rd_kafka_message_t *message)
{
    if (message->err) {
        take_error(kafka, message);
        rd_kafka_message_destroy(message);
        return;
    }
    take_record(kafka, message);
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
    struct loop_time began = kafka->now = clock_loop();
    rd_kafka_message_t *held = kafka->held;
    if (held && !kafka->stopped) {
        kafka->held = NULL;
        take_message(kafka, held);
    }
    for (uint32_t i = 1; may_poll(kafka); i++) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(kafka->client->rk, 0);
        if (!message)
            return;
        take_message(kafka, message);
        if (i % LOOK_AT_CLOCK_EVERY == 0)
            kafka->now = clock_loop();
        if (i == BUDGET_RECORDS || kafka->now.ms - began.ms >= BUDGET_MS)
            break;
    }
    if (may_poll(kafka))
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
    bool rewind = false;
    rd_kafka_topic_partition_list_t *list = flowing_list(kafka);
    kafka->paused = false;
    if (list->cnt)
        rd_kafka_resume_partitions(kafka->client->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    for (uint32_t i = 0; i < kafka->table.count; i++) {
        rewind = rewind || kafka->table.parts[i].rewind;
        stall_excuse(&kafka->table.parts[i].stall, now);
    }
    if (rewind && kafka->phase == PHASE_STEADY)
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
