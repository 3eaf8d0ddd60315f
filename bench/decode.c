/* How fast the first stages of the pipeline are on one core, on the reference event (event.h), next
 * to jansson's tree on the same bytes in the same run: decoding alone, and decoding, validating and
 * counting, as ingest does it.
 *
 *   bench_decode [--json]
 *
 * Each contestant is a row of `contestants`: a new stage is a new row with its own name, and its
 * figures appear as <name>_ns_per_event and <name>_events_per_second. Rounds alternate between the
 * contestants, so that a busy machine hurts all alike; the best round counts. All contestants must
 * read the same from the events, or the program fails. */
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "baseline/build.h"
#include "decode/decode.h"
#include "event.h"
#include "validate/validate.h"

enum { STREAM_EVENTS = 8192, ROUNDS = 15, ROUND_MS = 60, SEED = 1 };
/* Paths 4 to 23 are the features, 24 and 25 score and class; the four before are id, time, model
 * and version. */
enum { FIRST_FIELD = 4, FIELDS = EVENT_PATHS - FIRST_FIELD, BASELINE_SEED = 2 };

/* What was read, so that nothing can be left out and all can be compared. */
struct reading {
    double numbers;
    uint64_t text_bytes;
};

struct contestant {
    const char *name;
    void *(*start)(void);
    void (*run)(void *state, struct bytes event, struct reading *reading); /* aborts on failure */
    void (*stop)(void *state);
    double best_ns; /* an event */
    struct reading reading;
};

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now); /* others may use the core, too */
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void fail(const char *what)
{
    fprintf(stderr, "bench_decode: %s\n", what);
    abort();
}

static void *decode_start(void)
{
    struct decode_plan *plan = decode_plan_new(&decode_limits_default);
    for (int i = 0; i < EVENT_PATHS; i++)
        if (decode_plan_want(plan, bytes_of(event_paths[i]), NULL) != i)
            fail("path refused");
    decode_plan_count_unknown(plan, bytes_of("/features"), NULL);
    decode_plan_compile(plan);
    return plan;
}

static void add_values(const struct value *values, struct reading *reading)
{
    for (unsigned i = 0; i < EVENT_PATHS; i++) {
        if (values[i].kind == VALUE_NUMBER)
            reading->numbers += values[i].number;
        else if (values[i].kind == VALUE_STRING)
            reading->text_bytes += values[i].text.size;
        else
            reading->numbers += values[i].kind == VALUE_TRUE;
    }
}

static void decode_run(void *state, struct bytes event, struct reading *reading)
{
    struct value values[EVENT_PATHS];
    uint32_t unknown[1];
    if (decode_event(state, event, values, unknown) != DECODE_OK || unknown[0] != 0)
        fail("event refused by decode");
    add_values(values, reading);
}

static void decode_stop(void *state)
{
    decode_plan_free(state);
}

/* ---- decode, validate, count ---- */

struct counting {
    struct decode_plan *plan;
    struct baseline *baseline;
    struct config_monitor monitor;
    struct validator *validator;
    struct layout *layout;
    struct counts *counts;
    struct observation observations[FIELDS];
};

static struct builder_value builder_value_of(const struct value *value)
{
    switch (value->kind) {
    case VALUE_NUMBER:
        return (struct builder_value){BUILDER_NUMBER, value->number, value->text};
    case VALUE_STRING:
        return (struct builder_value){.kind = BUILDER_TEXT, .text = value->text};
    case VALUE_TRUE:
        return (struct builder_value){.kind = BUILDER_TRUE};
    case VALUE_FALSE:
        return (struct builder_value){.kind = BUILDER_FALSE};
    default:
        return (struct builder_value){.kind = BUILDER_ABSENT};
    }
}

static void add_rows(struct baseline_builder *builder, struct decode_plan *plan, const char *stream)
{
    struct value values[EVENT_PATHS];
    struct builder_value row[FIELDS];
    uint32_t unknown[1];
    for (size_t i = 0; i < STREAM_EVENTS; i++) {
        if (decode_event(plan, event_at(stream, i), values, unknown) != DECODE_OK)
            fail("event refused by decode");
        for (int k = 0; k < FIELDS; k++)
            row[k] = builder_value_of(&values[FIRST_FIELD + k]);
        baseline_builder_add(builder, row, NULL);
    }
}

/* Of events that are drawn as the measured ones are, but are others. */
static struct baseline *make_baseline(struct decode_plan *plan)
{
    struct builder_field fields[FIELDS] = {0};
    for (int k = 0; k < FIELDS; k++) {
        fields[k].path = event_paths[FIRST_FIELD + k];
        fields[k].name = strrchr(fields[k].path, '/') + 1;
    }
    const struct builder_spec spec = {.fields = fields, .field_count = FIELDS};
    struct err err = {0};
    struct baseline_builder *builder = baseline_builder_new(&spec, &err);
    char *stream = event_stream(BASELINE_SEED, STREAM_EVENTS);
    if (!builder)
        fail(err.text);
    add_rows(builder, plan, stream);
    if (baseline_builder_cells(builder, &err) != 0)
        fail(err.text);
    add_rows(builder, plan, stream);
    struct baseline *baseline = baseline_builder_finish(builder, NULL, &err);
    if (!baseline)
        fail(err.text);
    baseline_builder_free(builder);
    free(stream);
    return baseline;
}

static void *count_start(void)
{
    struct counting *counting = mem_new(1, sizeof *counting);
    struct err err = {0};
    counting->plan = decode_start();
    counting->baseline = make_baseline(counting->plan);
    counting->monitor.name = "bench";
    counting->validator = validator_new(counting->baseline, &counting->monitor, &err);
    if (!counting->validator)
        fail(err.text);
    counting->layout = layout_new(counting->baseline);
    counting->counts = counts_new(counting->layout);
    return counting;
}

static void count_run(void *state, struct bytes event, struct reading *reading)
{
    struct counting *counting = state;
    struct value values[EVENT_PATHS];
    uint32_t unknown[1];
    if (decode_event(counting->plan, event, values, unknown) != DECODE_OK)
        fail("event refused by decode");
    validator_check(counting->validator, values + FIRST_FIELD, counting->observations);
    counts_add_record(counting->counts, counting->observations, unknown[0]);
    add_values(values, reading);
}

static void count_stop(void *state)
{
    struct counting *counting = state;
    if (counting->counts->rows == 0 || counting->counts->rows % STREAM_EVENTS != 0)
        fail("not every event was counted");
    counts_free(counting->counts);
    layout_free(counting->layout);
    validator_free(counting->validator);
    baseline_free(counting->baseline);
    decode_plan_free(counting->plan);
    free(counting);
}

struct tree_path {
    char *outer; /* NULL for a path of one key */
    char *key;
};

static void *tree_start(void)
{
    struct tree_path *paths = mem_new(EVENT_PATHS, sizeof *paths);
    for (unsigned i = 0; i < EVENT_PATHS; i++) {
        const char *first = event_paths[i] + 1, *slash = strchr(first, '/');
        if (slash)
            paths[i].outer = mem_text(bytes_make(first, (size_t)(slash - first)));
        paths[i].key = mem_copy(slash ? slash + 1 : first);
    }
    return paths;
}

static void tree_run(void *state, struct bytes event, struct reading *reading)
{
    const struct tree_path *paths = state;
    json_t *tree = json_loadb(event.data, event.size, 0, NULL);
    if (!tree)
        fail("event refused by jansson");
    for (unsigned i = 0; i < EVENT_PATHS; i++) {
        json_t *object = paths[i].outer ? json_object_get(tree, paths[i].outer) : tree;
        json_t *value = json_object_get(object, paths[i].key);
        if (json_is_number(value))
            reading->numbers += json_number_value(value);
        else if (json_is_string(value))
            reading->text_bytes += json_string_length(value);
        else
            reading->numbers += json_is_true(value);
    }
    json_decref(tree);
}

static void tree_stop(void *state)
{
    struct tree_path *paths = state;
    for (unsigned i = 0; i < EVENT_PATHS; i++) {
        free(paths[i].outer);
        free(paths[i].key);
    }
    free(paths);
}

static struct contestant contestants[] = {
    {.name = "decode", .start = decode_start, .run = decode_run, .stop = decode_stop},
    {.name = "decode_validate_count", .start = count_start, .run = count_run, .stop = count_stop},
    {.name = "jansson", .start = tree_start, .run = tree_run, .stop = tree_stop},
};

enum { DECODE, COUNT, JANSSON, CONTESTANTS = sizeof contestants / sizeof contestants[0] };

static void round_run(struct contestant *contestant, void *state, const char *stream)
{
    double start = now_ns(), elapsed = 0, events = 0;
    do {
        struct reading reading = {0};
        for (size_t i = 0; i < STREAM_EVENTS; i++)
            contestant->run(state, event_at(stream, i), &reading);
        contestant->reading = reading;
        events += STREAM_EVENTS;
        elapsed = now_ns() - start;
    } while (elapsed < ROUND_MS * 1e6);
    contestant->best_ns = fmin(contestant->best_ns, elapsed / events);
}

static void measure(void)
{
    char *stream = event_stream(SEED, STREAM_EVENTS);
    void *states[CONTESTANTS];
    for (int i = 0; i < CONTESTANTS; i++) {
        states[i] = contestants[i].start();
        contestants[i].best_ns = (double)INFINITY;
    }
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < CONTESTANTS; i++)
            round_run(&contestants[i], states[i], stream);
    for (int i = 0; i < CONTESTANTS; i++) {
        contestants[i].stop(states[i]);
        if (memcmp(&contestants[i].reading, &contestants[0].reading, sizeof(struct reading)) != 0)
            fail("the contestants read different values");
    }
    free(stream);
}

static void print_json(void)
{
    double ns = contestants[DECODE].best_ns;
    printf("{\"bench\":\"decode\",\"event_bytes\":%d,\"events_per_second\":%.0f,"
           "\"ns_per_event\":%.1f,\"bytes_per_second\":%.0f,\"jansson_ratio\":%.2f,"
           "\"decode_validate_count_jansson_ratio\":%.2f",
           EVENT_BYTES, 1e9 / ns, ns, EVENT_BYTES * 1e9 / ns, contestants[JANSSON].best_ns / ns,
           contestants[JANSSON].best_ns / contestants[COUNT].best_ns);
    for (int i = 1; i < CONTESTANTS; i++)
        printf(",\"%s_ns_per_event\":%.1f,\"%s_events_per_second\":%.0f", contestants[i].name,
               contestants[i].best_ns, contestants[i].name, 1e9 / contestants[i].best_ns);
    printf("}\n");
}

static void print_table(void)
{
    printf("%-22s %12s %14s %10s\n", "", "ns/event", "events/s", "MB/s");
    for (int i = 0; i < CONTESTANTS; i++) {
        double ns = contestants[i].best_ns;
        printf("%-22s %12.1f %14.0f %10.0f\n", contestants[i].name, ns, 1e9 / ns,
               EVENT_BYTES * 1e3 / ns);
    }
    for (int i = 0; i < JANSSON; i++)
        printf("%s is %.1f times as fast as jansson\n", contestants[i].name,
               contestants[JANSSON].best_ns / contestants[i].best_ns);
}

int main(int argc, char **argv)
{
    bool json = argc == 2 && strcmp(argv[1], "--json") == 0;
    if (argc > 1 && !json) {
        fprintf(stderr, "usage: bench_decode [--json]\n");
        return 2;
    }
    measure();
    if (json)
        print_json();
    else
        print_table();
    return 0;
}
