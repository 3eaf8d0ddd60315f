/* How fast the first stages of the pipeline are on one core, next to bare JSON parsers on the same
 * bytes in the same run.
 *
 *   bench_decode [--json]
 *
 * Each contestant is a row of `contestants` and is measured on events of 5, 20 and 200 features (20
 * is the reference event, event.h). Before that all contestants read the values of all events, and
 * must have read the same. Rounds alternate between the contestants, so that a busy machine hurts
 * all alike; the best round counts. Times are CPU times. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "decode_contest.h"
#include "event.h"

enum { ROUNDS = 40, SEED = 1, TRAINING_SEED = 2, REFERENCE = 1 };

static const struct contestant *const contestants[] = {
    &contest_decode,   &contest_count, &contest_jansson,
#ifdef BENCH_SIMDJSON
    &contest_simdjson,
#endif
#ifdef BENCH_YYJSON
    &contest_yyjson,
#endif
};

enum { DECODE, COUNT, OWN, CONTESTANTS = sizeof contestants / sizeof contestants[0] };

/* Contestants that this build has not, and the package that would bring them. */
static const char *const absent[][2] = {
#ifndef BENCH_SIMDJSON
    {"simdjson", "libsimdjson-dev and a C++ compiler"},
#endif
#ifndef BENCH_YYJSON
    {"yyjson", "libyyjson-dev (Debian 13)"},
#endif
    {NULL, NULL}};

struct size_result {
    uint32_t features;
    size_t count;
    double event_bytes; /* mean */
    double best_ns[CONTESTANTS];
};

static struct size_result sizes[] = {{.features = 5, .count = 8192},
                                     {.features = 20, .count = 8192},
                                     {.features = 200, .count = 1024}};

enum { SIZES = sizeof sizes / sizeof sizes[0] };

void contest_fail(const char *what)
{
    fprintf(stderr, "bench_decode: %s\n", what);
    abort();
}

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now); /* others may use the core, too */
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void pass(const struct contestant *contestant, void *state, const struct event_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        contestant->run(state, set->events[i].data, set->events[i].size, NULL);
}

/* Time of an event in one pass over all, after another that brings everything to where it is in a
 * process that does nothing else. A pass is short, so that among many there is an undisturbed one.
 */
static double round_ns(const struct contestant *contestant, void *state,
                       const struct event_set *set)
{
    pass(contestant, state, set);
    double start = now_ns();
    pass(contestant, state, set);
    return (now_ns() - start) / (double)set->count;
}

static void check_readings(void *const *states, const struct event_set *set)
{
    struct reading readings[CONTESTANTS];
    for (int i = 0; i < CONTESTANTS; i++) {
        readings[i] = (struct reading){0};
        for (size_t k = 0; k < set->count; k++)
            contestants[i]->run(states[i], set->events[k].data, set->events[k].size, &readings[i]);
        if (memcmp(&readings[i], &readings[0], sizeof readings[0]) != 0)
            contest_fail("the contestants read different values");
    }
}

static void measure(struct size_result *result)
{
    struct event_set set, training;
    void *states[CONTESTANTS];
    event_set_init(&set, SEED, result->features, result->count);
    event_set_init(&training, TRAINING_SEED, result->features, result->count);
    result->event_bytes = (double)set.bytes / (double)set.count;
    for (int i = 0; i < CONTESTANTS; i++) {
        states[i] = contestants[i]->start(set.paths, set.path_count, &training);
        result->best_ns[i] = (double)INFINITY;
    }
    check_readings(states, &set);
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < CONTESTANTS; i++)
            result->best_ns[i] =
                fmin(result->best_ns[i], round_ns(contestants[i], states[i], &set));
    for (int i = 0; i < CONTESTANTS; i++)
        contestants[i]->stop(states[i]);
    event_set_release(&set);
    event_set_release(&training);
}

/* How many times as long an event of ten times the features takes. */
static double growth(int contestant)
{
    return sizes[REFERENCE + 1].best_ns[contestant] / sizes[REFERENCE].best_ns[contestant];
}

/* ---- output ---- */

static void print_json_size(const struct size_result *size)
{
    printf("{\"features\":%u,\"event_bytes\":%.0f,\"ns_per_event\":{", size->features,
           size->event_bytes);
    for (int i = 0; i < CONTESTANTS; i++)
        printf("%s\"%s\":%.1f", i ? "," : "", contestants[i]->name, size->best_ns[i]);
    printf("},\"events_per_second\":{");
    for (int i = 0; i < CONTESTANTS; i++)
        printf("%s\"%s\":%.0f", i ? "," : "", contestants[i]->name, 1e9 / size->best_ns[i]);
    for (int own = 0; own < OWN; own++) {
        printf("},\"%s_ratio\":{", contestants[own]->name);
        for (int i = OWN; i < CONTESTANTS; i++)
            printf("%s\"%s\":%.2f", i > OWN ? "," : "", contestants[i]->name,
                   size->best_ns[i] / size->best_ns[own]);
    }
    printf("}}");
}

static void print_json(void)
{
    printf("{\"bench\":\"decode\",\"sizes\":[");
    for (int i = 0; i < SIZES; i++) {
        printf("%s", i ? "," : "");
        print_json_size(&sizes[i]);
    }
    printf("],\"growth_of_10_times_the_features\":{");
    for (int i = 0; i < CONTESTANTS; i++)
        printf("%s\"%s\":%.2f", i ? "," : "", contestants[i]->name, growth(i));
    printf("},\"absent\":[");
    for (int i = 0; absent[i][0]; i++)
        printf("%s\"%s\"", i ? "," : "", absent[i][0]);
    printf("]}\n");
}

static void print_table_size(const struct size_result *size)
{
    printf("%u features, %.0f bytes\n", size->features, size->event_bytes);
    printf("  %-22s %10s %12s %8s", "", "ns/event", "events/s", "MB/s");
    for (int i = OWN; i < CONTESTANTS; i++)
        printf("  x %-8s", contestants[i]->name);
    printf("\n");
    for (int i = 0; i < CONTESTANTS; i++) {
        double ns = size->best_ns[i];
        printf("  %-22s %10.1f %12.0f %8.0f", contestants[i]->name, ns, 1e9 / ns,
               size->event_bytes * 1e3 / ns);
        for (int k = OWN; i < OWN && k < CONTESTANTS; k++)
            printf("  %-10.2f", size->best_ns[k] / ns);
        printf("\n");
    }
}

static void print_table(void)
{
    for (int i = 0; i < SIZES; i++)
        print_table_size(&sizes[i]);
    printf("10 times the features take");
    for (int i = 0; i < CONTESTANTS; i++)
        printf("%s %.1f (%s)", i ? "," : "", growth(i), contestants[i]->name);
    printf(" times as long\n");
    for (int i = 0; i < CONTESTANTS; i++)
        printf("%s: %s\n", contestants[i]->name, contestants[i]->what);
    for (int i = 0; absent[i][0]; i++)
        printf("%s: not in this build, for want of %s\n", absent[i][0], absent[i][1]);
}

int main(int argc, char **argv)
{
    bool json = argc == 2 && strcmp(argv[1], "--json") == 0;
    if (argc > 1 && !json) {
        fprintf(stderr, "usage: bench_decode [--json]\n");
        return 2;
    }
    for (int i = 0; i < SIZES; i++)
        measure(&sizes[i]);
    if (json)
        print_json();
    else
        print_table();
    return 0;
}
