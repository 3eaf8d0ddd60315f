/* What bench/ingest reads: the events of event.h, with times that go on by a millisecond an event.
 *
 *   bench_ingest_fill FEATURES EVENTS --file PATH                   one event a line
 *   bench_ingest_fill FEATURES EVENTS BOOTSTRAP TOPIC PARTITIONS    into a new topic
 *
 * Events go to the partitions in turn. A topic gets some 30 MB of different events again and again,
 * with times of their own: making all of them would take longer than reading them. Prints the mean
 * size of an event in bytes. */
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/when.h"
#include "event.h"

enum {
    TOPIC_SEED = 3,
    FILE_SEED = 4,
    DISTINCT_BYTES = 32 << 20,
    FEATURES_MAX = 500,
    FLUSH_MS = 60000
};

/* Times are of one day. */
#define DAY      "2026-01-05T"
#define FIRST_MS INT64_C(1767571200000)

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "bench_ingest_fill: %s: %s\n", what, why);
    exit(1);
}

/* Event `i` with its time; the set is gone through again and again. */
static struct bytes event_of(const struct event_set *set, size_t i)
{
    char time[48];
    struct bytes event = set->events[i % set->count];
    int size = snprintf(time, sizeof time, DAY "%02zu:%02zu:%02zu.%03zuZ", i / HOUR_MS,
                        i / MINUTE_MS % 60, i / SECOND_MS % 60, i % SECOND_MS);
    char *at = strstr(set->data + (event.data - set->data), "\"ts\":\"") + 6;
    if ((size_t)size != strcspn(at, "\""))
        fail("a time has another length", time);
    memcpy(at, time, (size_t)size);
    return event;
}

/* ---- a file ---- */

static void write_file(const char *path, uint32_t features, size_t count)
{
    struct event_set set;
    event_set_init(&set, FILE_SEED, features, count);
    FILE *file = fopen(path, "w");
    if (!file)
        fail(path, "could not open");
    for (size_t i = 0; i < count; i++) {
        struct bytes event = event_of(&set, i);
        fwrite(event.data, 1, event.size, file);
        fputc('\n', file);
    }
    if (fclose(file) != 0)
        fail(path, "could not write");
    event_set_release(&set);
}

/* ---- a topic ---- */

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *context)
{
    (void)rk, (void)context;
    if (message->err)
        fail("could not write", rd_kafka_err2str(message->err));
}

static rd_kafka_t *start(const char *bootstrap)
{
    static const char *const properties[][2] = {
        {"broker.address.family", "v4"}, {"linger.ms", "20"},
        {"batch.size", "1000000"},       {"batch.num.messages", "10000"},
        {"enable.idempotence", "true"},  {"queue.buffering.max.messages", "200000"},
    };
    char text[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap, NULL, 0);
    for (size_t i = 0; i < sizeof properties / sizeof *properties; i++)
        if (rd_kafka_conf_set(conf, properties[i][0], properties[i][1], text, sizeof text))
            fail(properties[i][0], text);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    if (!rk)
        fail("could not start", text);
    return rk;
}

static void create_topic(rd_kafka_t *rk, const char *name, int partitions)
{
    char text[256];
    size_t count;
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(name, partitions, 1, text, sizeof text);
    if (!topic)
        fail(name, text);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_CreateTopics(rk, &topic, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, FLUSH_MS);
    if (!event || rd_kafka_event_error(event))
        fail(name, event ? rd_kafka_event_error_string(event) : "no answer");
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    if (count != 1 || rd_kafka_topic_result_error(results[0]))
        fail(name, "could not create");
    rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_NewTopic_destroy(topic);
}

static void write_event(rd_kafka_t *rk, const char *topic, int32_t partition, struct bytes event,
                        int64_t time_ms)
{
    rd_kafka_resp_err_t code;
    void *value = (void *)(uintptr_t)event.data; /* copied, not written to */
    while ((code = rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
                                     RD_KAFKA_V_VALUE(value, event.size),
                                     RD_KAFKA_V_TIMESTAMP(time_ms),
                                     RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END)) ==
           RD_KAFKA_RESP_ERR__QUEUE_FULL)
        rd_kafka_poll(rk, 100);
    if (code)
        fail("could not write", rd_kafka_err2str(code));
    rd_kafka_poll(rk, 0);
}

static void fill(const char *bootstrap, const char *topic, int partitions, uint32_t features,
                 size_t count)
{
    rd_kafka_t *rk = start(bootstrap);
    size_t distinct = DISTINCT_BYTES / (EVENT_BYTES * (size_t)(features / EVENT_FEATURES + 1));
    struct event_set set;
    size_t bytes = 0;
    event_set_init(&set, TOPIC_SEED, features, count < distinct ? count : distinct);
    create_topic(rk, topic, partitions);
    for (size_t i = 0; i < count; i++) {
        struct bytes event = event_of(&set, i);
        write_event(rk, topic, (int32_t)(i % (size_t)partitions), event, FIRST_MS + (int64_t)i);
        bytes += event.size;
    }
    if (rd_kafka_flush(rk, FLUSH_MS))
        fail("could not write", "the broker does not answer in time");
    rd_kafka_destroy(rk);
    printf("%.0f\n", (double)bytes / (double)count);
    event_set_release(&set);
}

int main(int argc, char **argv)
{
    uint32_t features = argc > 2 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
    size_t count = argc > 2 ? (size_t)strtoull(argv[2], NULL, 10) : 0;
    bool fits = features >= 1 && features <= FEATURES_MAX && count > 0 && count < DAY_MS;
    if (fits && argc == 5 && !strcmp(argv[3], "--file")) {
        write_file(argv[4], features, count);
        return 0;
    }
    if (fits && argc == 6) {
        fill(argv[3], argv[4], (int)strtol(argv[5], NULL, 10), features, count);
        return 0;
    }
    fprintf(stderr, "usage: bench_ingest_fill FEATURES EVENTS --file PATH\n"
                    "       bench_ingest_fill FEATURES EVENTS BOOTSTRAP TOPIC PARTITIONS\n");
    return 2;
}
