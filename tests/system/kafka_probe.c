/* Drives agent/source/kafka.h alone, for tests/system/test_kafka_source.py. Not installed.
 *
 * The "store" is a log file that all probes of a test share: each record is one line, appended with
 * one write, and a partition goes on behind its last line. So a line is at once the count and its
 * commit, and kill -9 can neither lose nor double one. What happens is said on standard output.
 *
 *   kafka_probe LOG GROUP START TOPIC[,TOPIC…] [NAME=VALUE …]      START: earliest, latest or ms
 *   kafka_probe … --at PARTITION=OFFSET    where a partition without lines starts
 *
 * SIGUSR1 stops (the next record is refused), SIGUSR2 resumes, SIGTERM ends. */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "source/kafka.h"
#include "sys/file.h"
#include "sys/log.h"

enum { ARGUMENTS_MAX = 64, LINE_MAX_BYTES = 512 };

struct probe {
    struct event_base *base;
    struct kafka *kafka;
    const char *log_path;
    int log;
    int64_t at[ARGUMENTS_MAX];
    bool refuse;
    char state[256];
    char drained[1024];
    int exit_code;
};

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
}

/* ---- the store ---- */

static int64_t last_in_log(const struct probe *probe, const char *topic, int32_t partition)
{
    char line[LINE_MAX_BYTES], name[256];
    int64_t last = -1, offset;
    int32_t part;
    FILE *file = fopen(probe->log_path, "r");
    while (file && fgets(line, sizeof line, file)) {
        if (sscanf(line, "%255s %" SCNd32 " %" SCNd64, name, &part, &offset) == 3 &&
            part == partition && !strcmp(name, topic) && offset > last)
            last = offset;
    }
    if (file)
        fclose(file);
    return last;
}

static void append(const struct probe *probe, const struct record *record)
{
    char line[LINE_MAX_BYTES];
    int size = snprintf(line, sizeof line, "%s %" PRId32 " %" PRId64 " %d %.*s\n", record->topic,
                        record->partition, record->offset, (int)getpid(),
                        record->value.size < 200 ? (int)record->value.size : 200,
                        record->value.size ? record->value.data : "");
    if (write(probe->log, line, (size_t)size) != size)
        abort();
}

/* ---- hooks ---- */

static enum kafka_take on_record(void *context, const struct record *record)
{
    struct probe *probe = context;
    if (probe->refuse)
        return KAFKA_REFUSED;
    append(probe, record);
    return KAFKA_TAKEN;
}

static bool on_assigned(void *context, const struct kafka_offer *offer, int64_t *ret_offset)
{
    struct probe *probe = context;
    int64_t last = last_in_log(probe, offer->topic, offer->partition);
    bool forced = offer->partition < ARGUMENTS_MAX && probe->at[offer->partition] >= 0;
    *ret_offset = last >= 0 ? last + 1 : forced ? probe->at[offer->partition] : offer->start_offset;
    say("assigned %s %" PRId32 " start %" PRId64 " low %" PRId64 " end %" PRId64 " at %" PRId64,
        offer->topic, offer->partition, offer->start_offset, offer->low_offset, offer->end_offset,
        *ret_offset);
    return true;
}

static bool on_revoked(void *context, const struct kafka_span *partitions, uint32_t count,
                       bool lost)
{
    (void)context, (void)partitions;
    say("revoked %" PRIu32 "%s", count, lost ? " lost" : "");
    return true;
}

static bool on_jumped(void *context, const struct kafka_jump *jump, int64_t *ret_offset)
{
    (void)context;
    say("jumped %s %" PRId32 " %s %" PRId64 " %" PRId64, jump->topic, jump->partition,
        jump->reason == KAFKA_JUMP_TRIMMED ? "trimmed" : "recreated", jump->old_offset,
        jump->new_offset);
    *ret_offset = jump->new_offset;
    return true;
}

static void on_failed(void *context, enum kafka_failure failure, const struct err *err)
{
    struct probe *probe = context;
    say("failed %s: %s", failure == KAFKA_FENCED ? "fenced" : "stalled", err->text);
    probe->exit_code = failure == KAFKA_FENCED ? 70 : 75;
    event_base_loopbreak(probe->base);
}

/* ---- events ---- */

static void on_signal(evutil_socket_t number, short what, void *context)
{
    (void)what;
    struct probe *probe = context;
    if (number == SIGTERM) {
        event_base_loopbreak(probe->base);
    } else if (number == SIGUSR1) {
        probe->refuse = true;
        kafka_stop(probe->kafka);
    } else {
        probe->refuse = false;
        kafka_resume(probe->kafka);
    }
}

/* Says the state, and which partitions are drained, when either has changed. */
static void on_tick(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct probe *probe = context;
    char drained[sizeof probe->drained] = "drained";
    for (uint32_t i = 0; i < kafka_partition_count(probe->kafka); i++) {
        struct kafka_partition one;
        size_t used = strlen(drained);
        kafka_partition_at(probe->kafka, i, &one);
        if (one.drained)
            snprintf(drained + used, sizeof drained - used, " %s/%" PRId32 "@%" PRId64, one.topic,
                     one.partition, one.next_offset);
    }
    if (strcmp(drained, probe->drained) != 0) {
        snprintf(probe->drained, sizeof probe->drained, "%s", drained);
        say("%s", drained);
    }
    const char *state = kafka_state(probe->kafka);
    if (strcmp(state, probe->state) != 0) {
        snprintf(probe->state, sizeof probe->state, "%s", state);
        say("state %s", state);
    }
}

static void run(struct probe *probe)
{
    static const int signals[] = {SIGTERM, SIGUSR1, SIGUSR2};
    struct event *events[3];
    struct event *tick = event_new(probe->base, -1, EV_PERSIST, on_tick, probe);
    event_add(tick, &(struct timeval){0, 20000});
    for (int i = 0; i < 3; i++) {
        events[i] = evsignal_new(probe->base, signals[i], on_signal, probe);
        event_add(events[i], NULL);
    }
    event_base_dispatch(probe->base);
    for (int i = 0; i < 3; i++)
        event_free(events[i]);
    event_free(tick);
}

static void say_totals(const struct probe *probe)
{
    const struct kafka_counters *counters = kafka_counters(probe->kafka);
    say("totals records %" PRId64 " repeated %" PRId64 " strange %" PRId64 " paused %" PRId64
        " pauses %" PRId64 " rebalances %" PRId64 " lost %" PRId64 " stalls %" PRId64
        " lost_offsets %" PRId64,
        counters->records, counters->dropped_repeated, counters->dropped_strange,
        counters->dropped_paused, counters->pauses, counters->rebalances,
        counters->lost_assignments, counters->stall_recoveries[0], counters->lost_offsets);
}

/* ---- arguments ---- */

static uint32_t split(char *list, const char **ret_names)
{
    uint32_t count = 0;
    char *rest = list, *name;
    while ((name = strsep(&rest, ",")) && count < ARGUMENTS_MAX)
        ret_names[count++] = name;
    return count;
}

static void set_start(struct kafka_options *options, const char *text)
{
    options->start = !strcmp(text, "earliest") ? KAFKA_EARLIEST
                     : !strcmp(text, "latest") ? KAFKA_LATEST
                                               : KAFKA_TIMESTAMP;
    options->start_ms = strtoll(text, NULL, 10);
}

static void read_pairs(struct probe *probe, struct kafka_options *options,
                       struct kafka_property *properties, int count, char **arguments)
{
    for (int i = 0; i < count && i < ARGUMENTS_MAX; i++) {
        bool at = !strcmp(arguments[i], "--at") && i + 1 < count;
        char *name = arguments[at ? ++i : i], *value = strchr(name, '=');
        if (!value)
            continue;
        *value++ = '\0';
        if (at)
            probe->at[strtol(name, NULL, 10) % ARGUMENTS_MAX] = strtoll(value, NULL, 10);
        else
            properties[options->property_count++] = (struct kafka_property){name, value, NULL};
    }
}

int main(int count, char **arguments)
{
    struct probe probe = {.log = -1};
    struct kafka_property properties[ARGUMENTS_MAX];
    const char *topics[ARGUMENTS_MAX];
    struct kafka_options options = {
        .properties = properties,
        .topics = topics,
        .recheck_ms = 500,
        .hooks = {&probe, on_record, on_assigned, on_revoked, on_jumped, on_failed}};
    struct err err = {0};
    char line[1024];
    if (count < 5) {
        fprintf(stderr, "usage: kafka_probe LOG GROUP START TOPICS [NAME=VALUE] …\n");
        return 2;
    }
    for (int i = 0; i < ARGUMENTS_MAX; i++)
        probe.at[i] = -1;
    probe.log_path = arguments[1];
    probe.log = open(arguments[1], O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    options.group = arguments[2];
    set_start(&options, arguments[3]);
    options.topic_count = split(arguments[4], topics);
    read_pairs(&probe, &options, properties, count - 5, arguments + 5);
    probe.base = event_base_new();
    log_setup("debug", "logfmt");
    probe.kafka = kafka_new(&options, probe.base, &err);
    if (!probe.kafka) {
        fprintf(stderr, "%s\n", err_line(&err, line, sizeof line));
        return 1;
    }
    run(&probe);
    say_totals(&probe);
    struct loop_time began = clock_loop();
    kafka_free(probe.kafka);
    say("closed after %" PRId64 " ms", clock_loop().ms - began.ms);
    event_base_free(probe.base);
    close(probe.log);
    return probe.exit_code;
}
