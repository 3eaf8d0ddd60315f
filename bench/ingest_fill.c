/* What bench/ingest reads: the reference event (event.h), with times that go on by a millisecond an
 * event and as many features as wanted.
 *
 *   bench_ingest_fill FEATURES EVENTS --file PATH                          one event a line
 *   bench_ingest_fill FEATURES EVENTS BOOTSTRAP TOPIC PARTITIONS           into a new topic
 *
 * FEATURES is 1 to 20, or a multiple of 20 up to 400: then the 20 come again under other names with
 * the values of another event. Events go to the partitions in turn. A topic gets DISTINCT different
 * events again and again, with the id that they have but times of their own: making all of them
 * would take longer than reading them. Prints the bytes of an event. */
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/when.h"
#include "event.h"

enum {
    TOPIC_SEED = 3,
    FILE_SEED = 4,
    DISTINCT_BYTES = 32 << 20,
    FEATURES_MAX = 400,
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

/* ---- events ---- */

/* The pairs between the braces of "features", each with `suffix` behind its name; `most` of them.
 */
static void add_features(const char *event, int most, const char *suffix, struct text *ret_text)
{
    const char *at = strstr(event, "\"features\":{") + 12;
    for (int i = 0; i < most; i++) {
        size_t size = strcspn(at, ",}"), name = strcspn(at + 1, "\"") + 1;
        text_printf(ret_text, "%s%.*s%s%.*s", i ? "," : "", (int)name, at, suffix,
                    (int)(size - name), at + name);
        at += size + 1;
    }
}

static void make_event(uint64_t seed, uint64_t number, int features, struct text *ret_text)
{
    char event[EVENT_BYTES + 1];
    event_write(seed, number, event);
    const char *inner = strstr(event, "\"features\":{") + 12;
    text_printf(ret_text, "%.*s", (int)(inner - event), event);
    for (int done = 0; done < features; done += EVENT_FEATURES) {
        char other[EVENT_BYTES + 1], suffix[16] = "";
        event_write(seed + (uint64_t)done, number, other);
        if (done)
            snprintf(suffix, sizeof suffix, "_%d", done / EVENT_FEATURES);
        text_printf(ret_text, "%s", done ? "," : "");
        add_features(other, features < EVENT_FEATURES ? features : EVENT_FEATURES, suffix,
                     ret_text);
    }
    text_printf(ret_text, "%s", strchr(inner, '}'));
}

/* Events of one size, behind each other, each ended by a newline. */
struct stream {
    struct text text;
    size_t event_bytes, count;
};

/* Sizes differ only if the id took up what the values left, and some values were left out: blanks
 * at the end make up for it. */
static struct stream make_stream(uint64_t seed, int features, size_t count)
{
    struct stream stream = {.count = count};
    size_t *sizes = mem_new(count, sizeof *sizes);
    struct text all = {0};
    for (size_t i = 0; i < count; i++) {
        size_t before = all.size;
        make_event(seed, i, features, &all);
        sizes[i] = all.size - before;
        stream.event_bytes = sizes[i] > stream.event_bytes ? sizes[i] : stream.event_bytes;
    }
    const char *at = all.data;
    for (size_t i = 0; i < count; i++) {
        text_printf(&stream.text, "%.*s%*s\n", (int)sizes[i], at,
                    (int)(stream.event_bytes - sizes[i]), "");
        at += sizes[i];
    }
    text_release(&all);
    free(sizes);
    return stream;
}

/* Event `i` with its time. */
static char *stream_event(struct stream *stream, size_t i)
{
    char time[48];
    char *event = stream->text.data + i % stream->count * (stream->event_bytes + 1);
    int size = snprintf(time, sizeof time, DAY "%02zu:%02zu:%02zu.%03zuZ", i / HOUR_MS,
                        i / MINUTE_MS % 60, i / SECOND_MS % 60, i % SECOND_MS);
    char *at = strstr(event, "\"ts\":\"") + 6;
    if ((size_t)size != strcspn(at, "\""))
        fail("a time has another length", time);
    memcpy(at, time, (size_t)size);
    return event;
}

/* ---- a file ---- */

static void write_file(const char *path, int features, size_t count)
{
    struct stream stream = make_stream(FILE_SEED, features, count);
    FILE *file = fopen(path, "w");
    if (!file)
        fail(path, "could not open");
    for (size_t i = 0; i < count; i++)
        fwrite(stream_event(&stream, i), 1, stream.event_bytes + 1, file);
    if (fclose(file) != 0)
        fail(path, "could not write");
    text_release(&stream.text);
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

static void fill(const char *bootstrap, const char *topic, int partitions, int features,
                 size_t count)
{
    rd_kafka_t *rk = start(bootstrap);
    size_t distinct = DISTINCT_BYTES / (EVENT_BYTES * (size_t)(features / EVENT_FEATURES + 1));
    struct stream stream = make_stream(TOPIC_SEED, features, count < distinct ? count : distinct);
    create_topic(rk, topic, partitions);
    for (size_t i = 0; i < count; i++) {
        char *event = stream_event(&stream, i);
        rd_kafka_resp_err_t code;
        while ((code = rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic),
                                         RD_KAFKA_V_PARTITION((int32_t)(i % (size_t)partitions)),
                                         RD_KAFKA_V_VALUE(event, stream.event_bytes),
                                         RD_KAFKA_V_TIMESTAMP(FIRST_MS + (int64_t)i),
                                         RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                         RD_KAFKA_V_END)) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
            rd_kafka_poll(rk, 100);
        if (code)
            fail("could not write", rd_kafka_err2str(code));
        rd_kafka_poll(rk, 0);
    }
    if (rd_kafka_flush(rk, FLUSH_MS))
        fail("could not write", "the broker does not answer in time");
    rd_kafka_destroy(rk);
    printf("%zu\n", stream.event_bytes);
    text_release(&stream.text);
}

int main(int argc, char **argv)
{
    int features = argc > 2 ? (int)strtol(argv[1], NULL, 10) : 0;
    size_t count = argc > 2 ? (size_t)strtoull(argv[2], NULL, 10) : 0;
    bool fits = features >= 1 && features <= FEATURES_MAX &&
                (features <= EVENT_FEATURES || features % EVENT_FEATURES == 0) && count > 0 &&
                count < DAY_MS;
    if (fits && argc == 5 && !strcmp(argv[3], "--file")) {
        write_file(argv[4], features, count);
        return 0;
    }
    if (fits && argc == 6) {
        fill(argv[3], argv[4], (int)strtol(argv[5], NULL, 10), features, count);
        return 0;
    }
    fprintf(stderr,
            "usage: bench_ingest_fill FEATURES EVENTS --file PATH | BOOTSTRAP TOPIC PARTITIONS\n");
    return 2;
}
