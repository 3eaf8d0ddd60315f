/* What judging costs: the close of a window of 1,000 fields (all scores and tests), a pane of their
 * e-detectors, the making of the score tables, and the state as text and back.
 *
 *   bench_judge [--json]
 *
 * Two of three fields are numbers in 130 cells, the others categories of 2 to 50 levels; 1,000
 * records a window, a twelfth of that a pane. "quiet" has the baseline's shares, in "drift" every
 * field has moved, so that no test can be left out. CPU time of the thread; the best of ROUNDS
 * counts, since others may use the machine. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "judge/judge.h"

enum { FIELDS = 1000, CELLS = 128, ROWS = 1000, BASELINE_ROWS = 20000, HOPS = 12, ROUNDS = 30 };

static uint64_t random_state = 1;

static uint32_t random_below(uint32_t limit)
{
    uint64_t mixed = random_state += 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
    return (uint32_t)((mixed ^ mixed >> 31) >> 33) % limit;
}

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* ---- a baseline ---- */

static void make_number(struct baseline_field *field)
{
    field->type = FIELD_NUMBER;
    field->cell_count = CELLS + 2;
    field->edges = mem_new(CELLS + 1, sizeof *field->edges);
    field->counts = mem_new(field->cell_count, sizeof *field->counts);
    field->sums = mem_new(field->cell_count, sizeof *field->sums);
    for (uint32_t i = 0; i <= CELLS; i++)
        field->edges[i] = i;
    for (int i = 0; i < BASELINE_ROWS; i++)
        field->counts[1 + random_below(CELLS)]++;
    field->unit = 0x1p-15;
    for (uint32_t i = 1; i <= CELLS; i++)
        field->sums[i] = field->counts[i] << 14;
    field->mean = field->mean_reference = CELLS / 2.;
    field->sd = CELLS / sqrt(12);
    field->maximum = CELLS;
}

static void make_category(struct baseline_field *field, uint32_t levels)
{
    field->type = FIELD_CATEGORY;
    field->level_count = levels;
    field->cell_count = levels + 2;
    field->levels = mem_new(levels, sizeof *field->levels);
    field->counts = mem_new(field->cell_count, sizeof *field->counts);
    for (uint32_t i = 0; i < levels; i++) {
        char name[16];
        snprintf(name, sizeof name, "l%u", i);
        field->levels[i] = mem_copy(name);
    }
    for (int i = 0; i < BASELINE_ROWS; i++)
        field->counts[random_below(levels)]++;
    field->distinct = levels;
    field->others_complete = true;
}

static struct baseline *make_baseline(void)
{
    struct baseline *baseline = mem_new(1, sizeof *baseline);
    baseline->name = mem_copy("bench");
    baseline->provenance = mem_copy("{}");
    baseline->rows = BASELINE_ROWS;
    baseline->fields = mem_new(FIELDS, sizeof *baseline->fields);
    baseline->field_count = FIELDS;
    for (uint32_t i = 0; i < FIELDS; i++) {
        struct baseline_field *field = &baseline->fields[i];
        char name[16];
        snprintf(name, sizeof name, "f%u", i);
        field->name = mem_copy(name);
        field->path = mem_copy("/features/x");
        field->valid = BASELINE_ROWS;
        if (i % 3 < 2)
            make_number(field);
        else
            make_category(field, 2 + i * 7 % 49);
    }
    return baseline;
}

/* ---- counts ---- */

static void add_records(struct counts *counts, int rows, bool has_drifted)
{
    const struct baseline *baseline = counts->layout->baseline;
    counts->rows += rows;
    for (uint32_t i = 0; i < FIELDS; i++) {
        const struct field_layout *layout = &counts->layout->fields[i];
        bool is_number = layout->is_number;
        uint32_t cells = is_number ? CELLS : baseline->fields[i].level_count;
        for (int k = 0; k < rows; k++) {
            uint32_t cell = random_below(cells);
            if (has_drifted && random_below(10) == 0)
                cell = cells - 1;
            counts->cells[layout->cells + cell + is_number]++;
            if (is_number)
                counts->sums[layout->sums + cell + 1] += 1 << 14;
        }
    }
}

/* ---- what is measured ---- */

struct figures {
    double window_quiet_ms, window_drift_ms, pane_quiet_ms, pane_drift_ms;
    double tables_ms, format_ms, parse_ms;
    size_t state_bytes;
};

struct bench {
    struct layout *layout;
    struct judge_policy policy;
    struct judge_tables *tables;
    struct judge_state *state;
    struct arena *names;
    struct verdict_list verdicts;
    struct counts *window[2], *panes[2]; /* quiet, drifted */
    int64_t end_ms;
};

static double time_window(struct bench *bench, int drifted)
{
    struct judge_input input = {.monitor = "bench",
                                .version = "1",
                                .start = {bench->end_ms - HOUR_MS},
                                .end = {bench->end_ms},
                                .window_ms = HOUR_MS,
                                .counts = bench->window[drifted]};
    arena_clear(bench->names);
    bench->verdicts.count = 0;
    double before = now_ms();
    judge_window(&bench->policy, &input, bench->state, bench->names, &bench->verdicts);
    return now_ms() - before;
}

static double time_pane(struct bench *bench, int drifted)
{
    int64_t pane_ms = HOUR_MS / HOPS;
    struct judge_pane_input input = {.monitor = "bench",
                                     .version = "1",
                                     .start = {bench->end_ms},
                                     .end = {bench->end_ms + pane_ms},
                                     .window_ms = HOUR_MS,
                                     .counts = bench->panes[drifted]};
    bench->end_ms += pane_ms;
    arena_clear(bench->names);
    bench->verdicts.count = 0;
    double before = now_ms();
    judge_pane(&bench->policy, &input, bench->tables, bench->state, bench->names, &bench->verdicts);
    return now_ms() - before;
}

static double best(struct bench *bench, double (*measure)(struct bench *, int), int drifted)
{
    double least = HUGE_VAL;
    for (int i = 0; i < ROUNDS; i++)
        least = fmin(least, measure(bench, drifted));
    return least;
}

static void time_state(struct bench *bench, struct figures *ret)
{
    ret->format_ms = ret->parse_ms = HUGE_VAL;
    for (int i = 0; i < 5; i++) {
        struct text text = {0};
        struct err err;
        double start = now_ms();
        judge_state_format(bench->state, &text);
        double middle = now_ms();
        struct judge_state *again = judge_state_parse(bytes_make(text.data, text.size), &err);
        ret->format_ms = fmin(ret->format_ms, middle - start);
        ret->parse_ms = fmin(ret->parse_ms, now_ms() - middle);
        ret->state_bytes = text.size;
        judge_state_free(again);
        text_release(&text);
    }
}

static void run(struct bench *bench, struct figures *ret)
{
    double before = now_ms();
    judge_tables_build(bench->tables, FIELDS);
    ret->tables_ms = now_ms() - before;
    ret->pane_quiet_ms = best(bench, time_pane, 0);
    time_state(bench, ret);
    ret->window_quiet_ms = best(bench, time_window, 0);
    ret->window_drift_ms = best(bench, time_window, 1);
    ret->pane_drift_ms = best(bench, time_pane, 1);
}

int main(int argc, char **argv)
{
    struct baseline *baseline = make_baseline();
    struct bench bench = {.layout = layout_new(baseline),
                          .policy = judge_policy_of(0, 200, 1, 90 * DAY_MS, 2),
                          .state = judge_state_new(),
                          .names = arena_new(),
                          .end_ms = DAY_MS};
    struct figures figures;
    bench.tables = judge_tables_new(&bench.policy, baseline, NULL, HOUR_MS / HOPS);
    for (int drifted = 0; drifted < 2; drifted++) {
        bench.window[drifted] = counts_new(bench.layout);
        bench.panes[drifted] = counts_new(bench.layout);
        add_records(bench.window[drifted], ROWS, drifted);
        add_records(bench.panes[drifted], ROWS / HOPS, drifted);
    }
    run(&bench, &figures);
    bool json = argc > 1 && !strcmp(argv[1], "--json");
    printf(
        json ? "{\"bench\":\"judge\",\"fields\":%d,\"window_ms\":%.2f,\"window_drift_ms\":%.2f,"
               "\"pane_ms\":%.2f,\"pane_drift_ms\":%.2f,\"tables_ms\":%.1f,\"state_bytes\":%zu,"
               "\"state_format_ms\":%.2f,\"state_parse_ms\":%.2f}\n"
             : "%d fields\nclose of a window    %8.2f ms (bar: 20)\n  all fields drift   %8.2f ms\n"
               "pane of e-detectors  %8.2f ms (bar: 5)\n  all fields drift   %8.2f ms\n"
               "score tables, once   %8.1f ms\nstate                %8zu bytes\n"
               "  to text            %8.2f ms\n  from text          %8.2f ms\n",
        FIELDS, figures.window_quiet_ms, figures.window_drift_ms, figures.pane_quiet_ms,
        figures.pane_drift_ms, figures.tables_ms, figures.state_bytes, figures.format_ms,
        figures.parse_ms);
    for (int drifted = 0; drifted < 2; drifted++) {
        counts_free(bench.window[drifted]);
        counts_free(bench.panes[drifted]);
    }
    verdict_list_release(&bench.verdicts);
    judge_tables_free(bench.tables);
    judge_state_free(bench.state);
    arena_free(bench.names);
    layout_free(bench.layout);
    baseline_free(baseline);
    return 0;
}
