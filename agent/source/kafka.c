/* The source as a whole: making it, ending it, looking at it. What it does while it lives is in
 * kafka_group (who reads what), kafka_poll (records), kafka_watch (silence) and kafka_client (the
 * librdkafka handle and its helper thread). Only numbers and texts leave: no type of librdkafka. */
#include "source/kafka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "source/kafka_conf.h"
#include "source/kafka_internal.h"
#include "sys/file.h"
#include "sys/log.h"

enum { TICK_MS = 200, RECHECK_MS = 30 * SECOND_MS, TOPIC_NAME_MAX = 249 };

/* ---- events ---- */

static void fail(struct kafka *kafka)
{
    struct err err = {0};
    enum kafka_failure failure = (enum kafka_failure)kafka->failing;
    char text[512] = "";
    if (failure == KAFKA_FENCED) {
        rd_kafka_resp_err_t code = rd_kafka_fatal_error(kafka->client->rk, text, sizeof text);
        err_set(&err, ERR_CONFLICT, "kafka client cannot go on: %s", rd_kafka_err2name(code));
        err_hint(&err, "Each process needs a group.instance.id of its own, or none.");
    } else {
        err_set(&err, ERR_IO, "kafka partition stays silent although there is more to read");
    }
    poll_drop_held(kafka);
    group_set_phase(kafka, PHASE_FAILED);
    event_del(kafka->wake);
    event_del(kafka->again);
    event_del(kafka->tick);
    if (kafka->hooks.failed)
        kafka->hooks.failed(kafka->hooks.context, failure, &err);
}

/* The old client closes in its own time; if it cannot, it is only memory. */
static void rebuild(struct kafka *kafka)
{
    struct err err;
    kafka->want_rebuild = false;
    group_drop(kafka);
    event_free(kafka->wake);
    kafka->wake = NULL;
    client_close(kafka->client, 0);
    kafka->client = NULL;
    kafka->asking_topics = false;
    if (kafka_connect(kafka, &err)) {
        log_err(LOG_ERROR_LEVEL, "could not rebuild the kafka client", &err);
        kafka->want_rebuild = true; /* again with the next tick */
    }
}

static void on_event(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct kafka *kafka = context;
    if (kafka->client)
        poll_turn(kafka);
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct kafka *kafka = context;
    struct loop_time now = clock_loop();
    if (!kafka->client) {
        kafka->want_rebuild = kafka_connect(kafka, NULL) != 0;
        return;
    }
    if (kafka->failing >= 0) {
        fail(kafka);
        return;
    }
    if (kafka->want_rebuild) {
        rebuild(kafka);
        return;
    }
    poll_pause_if_long(kafka, now);
    watch_tick(kafka, now);
    poll_turn(kafka);
}

int kafka_connect(struct kafka *kafka, struct err *reterr)
{
    struct client_hooks hooks = {kafka, group_on_assigned, group_on_revoked, poll_on_error};
    const char **names = mem_new(kafka->topic_count, sizeof *names);
    for (uint32_t i = 0; i < kafka->topic_count; i++)
        names[i] = kafka->topics[i].name;
    kafka->client = client_new(kafka->conf, names, kafka->topic_count, &hooks, reterr);
    free(names);
    if (!kafka->client)
        return ERR_IO;
    kafka->wake = event_new(kafka->base, kafka->client->fd, EV_READ | EV_PERSIST, on_event, kafka);
    event_add(kafka->wake, NULL);
    return 0;
}

/* ---- life ---- */

static int check_topic(const char *name, struct err *reterr)
{
    size_t size = strlen(name);
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    if (size > 0 && size <= TOPIC_NAME_MAX && strspn(name, allowed) == size)
        return 0;
    err_set(reterr, ERR_INVALID, "\"%.80s\" is no name of a kafka topic", name);
    err_hint(reterr,
             "Names have letters, digits, \".\", \"_\" and \"-\"; patterns are not offered.");
    return ERR_INVALID;
}

static bool has_topic(const struct kafka *kafka, const char *name)
{
    for (uint32_t i = 0; i < kafka->topic_count; i++) {
        if (!strcmp(kafka->topics[i].name, name))
            return true;
    }
    return false;
}

static int copy_topics(struct kafka *kafka, const struct kafka_options *options, struct err *reterr)
{
    if (!options->topic_count)
        return err_set(reterr, ERR_INVALID, "kafka has no topics");
    kafka->topics = mem_new(options->topic_count, sizeof *kafka->topics);
    for (uint32_t i = 0; i < options->topic_count; i++) {
        if (check_topic(options->topics[i], reterr))
            return ERR_INVALID;
        if (!has_topic(kafka, options->topics[i]))
            kafka->topics[kafka->topic_count++].name = mem_copy(options->topics[i]);
    }
    return 0;
}

static int64_t start_time(const struct kafka_options *options)
{
    if (options->start == KAFKA_TIMESTAMP)
        return options->start_ms > 0 ? options->start_ms : 0;
    return options->start == KAFKA_EARLIEST ? RD_KAFKA_OFFSET_BEGINNING : RD_KAFKA_OFFSET_END;
}

struct kafka *kafka_new(const struct kafka_options *options, struct event_base *base,
                        struct err *reterr)
{
    struct kafka *kafka = mem_new(1, sizeof *kafka);
    kafka->base = base;
    kafka->hooks = options->hooks;
    kafka->start_time = start_time(options);
    kafka->recheck_ms = options->recheck_ms > 0 ? options->recheck_ms : RECHECK_MS;
    kafka->failing = -1;
    kafka->topics_at.ms = clock_loop().ms - kafka->recheck_ms;
    group_set_phase(kafka, PHASE_JOINING);
    if (copy_topics(kafka, options, reterr))
        goto fail;
    kafka->conf = conf_make(options, reterr);
    if (!kafka->conf)
        goto fail;
    poll_prepare(kafka);
    kafka->again = event_new(base, -1, 0, on_event, kafka);
    kafka->tick = event_new(base, -1, EV_PERSIST, on_tick, kafka);
    if (kafka_connect(kafka, reterr))
        goto fail;
    event_add(kafka->tick, &(struct timeval){0, TICK_MS * 1000});
    poll_soon(kafka);
    return kafka;
fail:
    kafka_free(kafka);
    return NULL;
}

static void free_event(struct event *event)
{
    if (event)
        event_free(event);
}

void kafka_free(struct kafka *kafka)
{
    if (!kafka)
        return;
    free_event(kafka->wake);
    free_event(kafka->again);
    free_event(kafka->tick);
    poll_drop_held(kafka);
    if (kafka->client && !client_close(kafka->client, KAFKA_CLOSE_WAIT_MS))
        log_warning("kafka client did not close in time");
    if (kafka->conf)
        rd_kafka_conf_destroy(kafka->conf);
    table_clear(&kafka->table);
    for (uint32_t i = 0; i < kafka->topic_count; i++)
        free(kafka->topics[i].name);
    free(kafka->topics);
    free(kafka->suspect.topic);
    free(kafka);
}

/* ---- looking at it ---- */

static const struct topic *first_missing(const struct kafka *kafka)
{
    for (uint32_t i = 0; i < kafka->topic_count; i++) {
        if (kafka->topics[i].missing)
            return &kafka->topics[i];
    }
    return NULL;
}

const char *kafka_state(struct kafka *kafka)
{
    const struct topic *missing = first_missing(kafka);
    if (kafka->phase == PHASE_FAILED)
        return "the kafka client has failed";
    if (kafka->refusal) {
        snprintf(kafka->state, sizeof kafka->state, "kafka refuses us: %s",
                 rd_kafka_err2name(kafka->refusal));
        return kafka->state;
    }
    if (kafka->down)
        return "no kafka broker answers";
    if (missing) {
        snprintf(kafka->state, sizeof kafka->state, "topic %.160s is missing", missing->name);
        return kafka->state;
    }
    if (kafka->phase == PHASE_JOINING)
        return "joining the consumer group";
    if (kafka->phase == PHASE_REVOKING)
        return "giving partitions back";
    for (uint32_t i = 0; i < kafka->table.count; i++) {
        if (kafka->table.parts[i].state != PART_FLOWING)
            return "waiting for offsets to start from";
    }
    return "ok";
}

uint32_t kafka_partition_count(const struct kafka *kafka)
{
    return kafka->table.count;
}

static int64_t known_end(const struct kafka *kafka, const struct part *part)
{
    int64_t low, high;
    if (rd_kafka_get_watermark_offsets(kafka->client->rk, part->topic, part->partition, &low,
                                       &high) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return part->end;
    return high > part->end ? high : part->end;
}

void kafka_partition_at(const struct kafka *kafka, uint32_t index, struct kafka_partition *ret)
{
    const struct part *part = &kafka->table.parts[index];
    int64_t end = known_end(kafka, part), position = part_position(part);
    int64_t lag = end > position ? end - position : 0;
    *ret = (struct kafka_partition){
        .topic = part->topic,
        .partition = part->partition,
        .next_offset = part->next,
        .end_offset = end,
        .lag = part->next < 0 || end < 0 ? -1 : lag,
        .drained =
            part->state == PART_FLOWING && part->at_end && !kafka->held.count && position >= end,
    };
}

bool kafka_drained(const struct kafka *kafka, const char *topic, int32_t partition)
{
    for (uint32_t i = 0; i < kafka->table.count; i++) {
        const struct part *part = &kafka->table.parts[i];
        if (part->partition != partition || strcmp(part->topic, topic) != 0)
            continue;
        struct kafka_partition now;
        kafka_partition_at(kafka, i, &now);
        return now.drained;
    }
    return false;
}

const struct kafka_counters *kafka_counters(const struct kafka *kafka)
{
    return &kafka->counters;
}

bool kafka_error_at(const struct kafka *kafka, uint32_t index, const char **ret_name,
                    int64_t *ret_count)
{
    if (index >= kafka->errors.count)
        return false;
    *ret_name = kafka->errors.entries[index].name;
    *ret_count = kafka->errors.entries[index].count;
    return true;
}

void kafka_rejoin(struct kafka *kafka)
{
    if (kafka->phase != PHASE_FAILED)
        kafka->want_rebuild = true;
}

uint32_t kafka_topic_partitions(const struct kafka *kafka, const char *topic)
{
    for (uint32_t i = 0; i < kafka->topic_count; i++) {
        if (!strcmp(kafka->topics[i].name, topic))
            return kafka->topics[i].partitions;
    }
    return 0;
}

bool kafka_topic_missing(const struct kafka *kafka, const char *topic)
{
    for (uint32_t i = 0; i < kafka->topic_count; i++) {
        if (!strcmp(kafka->topics[i].name, topic))
            return kafka->topics[i].missing;
    }
    return false;
}
