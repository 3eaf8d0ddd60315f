/* The yardstick of bench/ingest: a librdkafka consumer that reads a topic from its beginning and
 * drops every record.
 *
 *   bench_consume BOOTSTRAP TOPIC PARTITIONS RECORDS [--poll] [NAME=VALUE …]
 *
 * Prints {"records":…,"bytes":…,"seconds":…,"rss_mib":…,"librdkafka":…} on one line: seconds from
 * the first record to the last, the largest resident memory. NAME=VALUE are properties of
 * librdkafka.
 *
 * It does what is best for it and nothing that is not needed: no group, no check of sums, records
 * in batches (--poll: one by one, by rd_kafka_consumer_poll). */
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH = 500, WAIT_MS = 10000, VERSION_2_2 = 0x02020000 };

struct reading {
    int64_t wanted, records, bytes;
    double first, last; /* seconds */
};

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "bench_consume: %s: %s\n", what, why);
    exit(1);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char text[256];
    if (rd_kafka_conf_set(conf, name, value, text, sizeof text) != RD_KAFKA_CONF_OK)
        fail(name, text);
}

/* Before 2.2 a full queue waits for a second, so there the queue has to be as long as memory
 * allows. */
static rd_kafka_conf_t *configure(const char *bootstrap, char **properties)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    bool backs_off = rd_kafka_version() < VERSION_2_2;
    set(conf, "bootstrap.servers", bootstrap);
    set(conf, "broker.address.family", "v4");
    set(conf, "group.id", "bench");
    set(conf, "enable.auto.commit", "false");
    set(conf, "enable.auto.offset.store", "false");
    set(conf, "queued.min.messages", backs_off ? "1000000" : "20000");
    set(conf, "queued.max.messages.kbytes", backs_off ? "40960" : "16384");
    set(conf, "fetch.max.bytes", "2097152");
    if (!backs_off)
        set(conf, "fetch.queue.backoff.ms", "1");
    for (; *properties; properties++) {
        char *value = strchr(*properties, '=');
        if (!value)
            fail(*properties, "is no NAME=VALUE");
        *value++ = '\0';
        set(conf, *properties, value);
    }
    return conf;
}

static rd_kafka_t *start(rd_kafka_conf_t *conf, const char *topic, int partitions)
{
    char text[256];
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof text);
    if (!rk)
        fail("could not start", text);
    rd_kafka_poll_set_consumer(rk);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
    for (int i = 0; i < partitions; i++)
        rd_kafka_topic_partition_list_add(list, topic, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_resp_err_t code = rd_kafka_assign(rk, list);
    if (code)
        fail("could not assign", rd_kafka_err2str(code));
    rd_kafka_topic_partition_list_destroy(list);
    return rk;
}

static void drop(struct reading *reading, rd_kafka_message_t *message)
{
    if (message->err)
        fail("could not read", rd_kafka_message_errstr(message));
    if (reading->records++ == 0)
        reading->first = now();
    reading->bytes += (int64_t)message->len;
    rd_kafka_message_destroy(message);
}

static void read_batches(rd_kafka_t *rk, struct reading *reading)
{
    rd_kafka_message_t *messages[BATCH];
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(rk);
    while (reading->records < reading->wanted) {
        int64_t left = reading->wanted - reading->records; /* a call waits until it has all */
        ssize_t count = rd_kafka_consume_batch_queue(queue, WAIT_MS, messages,
                                                     left < BATCH ? (size_t)left : BATCH);
        if (count <= 0)
            fail("could not read", count < 0 ? "error" : "nothing comes");
        for (ssize_t i = 0; i < count; i++)
            drop(reading, messages[i]);
    }
    rd_kafka_queue_destroy(queue);
}

static void read_one_by_one(rd_kafka_t *rk, struct reading *reading)
{
    while (reading->records < reading->wanted) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(rk, WAIT_MS);
        if (!message)
            fail("could not read", "nothing comes");
        drop(reading, message);
    }
}

/* Not of getrusage, which counts what was there before exec, too. */
static double peak_mib(void)
{
    char line[256];
    long kib = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (!strncmp(line, "VmHWM:", 6))
            kib = strtol(line + 6, NULL, 10);
    if (file)
        fclose(file);
    return (double)kib / 1024;
}

int main(int argc, char **argv)
{
    bool poll = argc > 5 && !strcmp(argv[5], "--poll");
    if (argc < 5) {
        fprintf(
            stderr,
            "usage: bench_consume BOOTSTRAP TOPIC PARTITIONS RECORDS [--poll] [NAME=VALUE …]\n");
        return 2;
    }
    struct reading reading = {.wanted = strtoll(argv[4], NULL, 10)};
    rd_kafka_t *rk =
        start(configure(argv[1], argv + 5 + poll), argv[2], (int)strtol(argv[3], NULL, 10));
    if (poll)
        read_one_by_one(rk, &reading);
    else
        read_batches(rk, &reading);
    reading.last = now();
    printf("{\"records\":%" PRId64 ",\"bytes\":%" PRId64
           ",\"seconds\":%.6f,\"rss_mib\":%.1f,\"librdkafka\":\"%s\"}\n",
           reading.records, reading.bytes, reading.last - reading.first, peak_mib(),
           rd_kafka_version_str());
    rd_kafka_consumer_close(rk);
    rd_kafka_destroy(rk);
    return 0;
}
