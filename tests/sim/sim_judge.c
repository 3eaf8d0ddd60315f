/* Does the judge keep its alarm budget, and does it see what it should in time? Cells of a grid,
 * each by itself:
 *
 *   sim_judge --list [--all]      names of the cells
 *   sim_judge --head KIND         the heading of a table: null or power
 *   sim_judge --cell NAME         one row; exit 3 if the budget is breached or the delay too long
 *
 * LEEWAY_SEED sets the seed, LEEWAY_SIM_SCALE the share of windows (1). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "peers.h"
#include "stats/special.h"
#include "watchman.h"

enum {
    BASELINES = 20,
    REPLICATES = 41,
    LIMIT_WINDOWS = 40,
    WARM_PANES = 24 * PANES,
    EXIT_BREACH = 3
};

#define PERIOD_DAYS 90.

/* ---- false alarms ---- */

struct null_cell {
    const char *name;
    bool in_all_only;
    uint32_t fields;
    int64_t baseline_rows, window_rows;
    enum process process;
    bool learns_phi; /* design effects from the baseline's own windows */
    uint32_t window_count;
    int64_t windows;
    double negligible; /* normal numbers have moved by so many sd; 0.07 is PSI 0.005, delta_0 */
};

static const struct null_cell null_cells[] = {
    {"iid-n50-m20000", false, 10, 20000, 50, PROCESS_IID, false, 2, 20000, 0},
    {"iid-n200-m20000", false, 30, 20000, 200, PROCESS_IID, false, 1, 20000, 0},
    {"iid-n1000-m20000", false, 30, 20000, 1000, PROCESS_IID, false, 1, 20000, 0},
    {"iid-n20000-m20000", false, 10, 20000, 20000, PROCESS_IID, false, 1, 20000, 0},
    {"iid-n1000000-m20000", false, 5, 20000, 1000000, PROCESS_IID, false, 1, 20000, 0},
    {"iid-n1000-m2000", false, 10, 2000, 1000, PROCESS_IID, false, 1, 20000, 0},
    {"iid-n1000-m500", false, 10, 500, 1000, PROCESS_IID, false, 1, 20000, 0},
    {"iid-n100000-m500", false, 5, 500, 100000, PROCESS_IID, false, 1, 20000, 0},
    {"negligible-n1000-m20000", false, 10, 20000, 1000, PROCESS_IID, false, 1, 20000, .07},
    {"iid-1h-4h-24h", false, 10, 20000, 200, PROCESS_IID, false, 3, 20000, 0},
    {"iid-phi-learned", false, 10, 20000, 1000, PROCESS_IID, true, 1, 20000, 0},
    {"ar-0.7-phi-learned", false, 5, 20000, 1000, PROCESS_AR, true, 1, 20000, 0},
    {"times-5-phi-learned", false, 10, 20000, 1000, PROCESS_DUPLICATED, true, 1, 20000, 0},
    {"iid-fields-5", true, 5, 20000, 1000, PROCESS_IID, false, 2, 40000, 0},
    {"iid-fields-100", true, 100, 20000, 1000, PROCESS_IID, false, 2, 20000, 0},
    {"iid-fields-500", true, 500, 20000, 1000, PROCESS_IID, false, 1, 20000, 0},
    {"iid-n50-m500", true, 30, 500, 50, PROCESS_IID, false, 2, 40000, 0},
    {"iid-n200-m500", true, 30, 500, 200, PROCESS_IID, false, 2, 40000, 0},
    {"iid-n200-m2000", true, 30, 2000, 200, PROCESS_IID, false, 2, 40000, 0},
    {"iid-n1000-m1000", true, 30, 1000, 1000, PROCESS_IID, false, 2, 40000, 0},
    {"iid-n1000-m100000", true, 30, 100000, 1000, PROCESS_IID, false, 2, 40000, 0},
    {"iid-n20000-m2000", true, 30, 2000, 20000, PROCESS_IID, false, 2, 40000, 0},
    {"iid-n100000-m2000", true, 30, 2000, 100000, PROCESS_IID, false, 2, 40000, 0},
    {"iid-n1000000-m500", true, 10, 500, 1000000, PROCESS_IID, false, 2, 40000, 0},
    {"ar-0.7-m100000", true, 10, 100000, 1000, PROCESS_AR, true, 1, 20000, 0},
    {"ar-0.7-n200", true, 10, 20000, 200, PROCESS_AR, true, 1, 40000, 0},
    {"negligible-n100000", true, 10, 20000, 100000, PROCESS_IID, false, 2, 40000, .07},
    {"negligible-n200-m2000", true, 30, 2000, 200, PROCESS_IID, false, 2, 40000, .07},
    {"times-5-n200", true, 10, 20000, 200, PROCESS_DUPLICATED, true, 1, 40000, 0},
};

struct null_result {
    uint32_t alarms, by_edetector, worst;
    int64_t windows, flagged[PEERS];
};

static void run_baseline(const struct null_cell *cell, int64_t windows, uint64_t seed,
                         struct null_result *result)
{
    struct judge_policy policy =
        judge_policy_of(0, 200, 1, (int64_t)PERIOD_DAYS * DAY_MS, cell->window_count);
    struct world_spec spec = {.fields = cell->fields,
                              .rows = cell->baseline_rows,
                              .process = cell->process,
                              .window_rows = cell->learns_phi ? cell->window_rows : 0,
                              .window_ms = HOUR_MS};
    struct world world;
    struct watchman watchman;
    world_init(&world, &spec, seed);
    for (uint32_t i = 0; i < cell->fields && cell->negligible > 0; i++)
        if (world.fields[i].is_number && world.fields[i].law == LAW_NORMAL)
            world_change(&world, i, CHANGE_MEAN, cell->negligible);
    watchman_init(&watchman, &world, &policy, cell->window_count, cell->window_rows);
    for (int64_t i = 0; i < windows * PANES; i++) {
        if (!watchman_step(&watchman))
            continue;
        uint32_t says = peers_judge(&world, rolling_window(watchman.rolling, 0), -1);
        for (int p = 0; p < PEERS; p++)
            result->flagged[p] += says >> p & 1;
        result->windows++;
    }
    uint32_t alarms = watchman.alarms[METHOD_WINDOW] + watchman.alarms[METHOD_EDETECTOR];
    result->alarms += alarms;
    result->by_edetector += watchman.alarms[METHOD_EDETECTOR];
    result->worst = alarms > result->worst ? alarms : result->worst;
    watchman_release(&watchman);
    world_release(&world);
}

/* P(at least k) of a Poisson law. */
static double poisson_tail(uint32_t k, double mean)
{
    return k ? 1 - gamma_q(k, mean) : 1;
}

static int run_null(const struct null_cell *cell, uint64_t seed, double scale)
{
    struct null_result result = {0};
    int64_t each = (int64_t)ceil((double)cell->windows * scale / BASELINES);
    for (uint64_t b = 0; b < BASELINES; b++)
        run_baseline(cell, each, seed * 1000003 + b, &result);
    double periods = (double)result.windows / 24 / PERIOD_DAYS;
    double upper = .5 * chi2_isf(.05, 2 * (result.alarms + 1.)) / periods;
    double worst_p = poisson_tail(result.worst, periods / BASELINES) * BASELINES;
    bool is_breach = (scale >= 1 && upper > 1) || worst_p < .05;
    printf("%-22s %7lld %4u %8lld %7lld %6u %6u %8.2f %6u %7.1f", cell->name,
           (long long)result.windows, cell->fields, (long long)cell->window_rows,
           (long long)cell->baseline_rows, result.alarms, result.by_edetector, upper, result.worst,
           periods);
    for (int p = 0; p < PEERS; p++)
        printf(" %8.0f", (double)result.flagged[p] / periods);
    printf("  %s\n", is_breach ? "BREACH" : "ok");
    return is_breach ? EXIT_BREACH : 0;
}

/* ---- detection ---- */

struct power_cell {
    const char *name;
    enum change change;
    double size;
    uint32_t field; /* which of the 30 moves */
    int64_t rows;
    double policy, edetector; /* statistics.md 7.4: median delays in windows; 41: above 40 */
};

/* Field 0 is normal, 11 has five equal levels. The reference does not say which levels moved. */
enum { NUMBER = 0, LEVELS = 11 };

static const struct power_cell power_cells[] = {
    {"mean+0.2sd-n200", CHANGE_MEAN, .2, NUMBER, 200, 11, 21.8},
    {"mean+0.3sd-n200", CHANGE_MEAN, .3, NUMBER, 200, 3, 5.2},
    {"mean+0.5sd-n200", CHANGE_MEAN, .5, NUMBER, 200, 1, 1.4},
    {"mean+1sd-n200", CHANGE_MEAN, 1, NUMBER, 200, 1, .4},
    {"sdx1.2-n200", CHANGE_SCALE, 1.2, NUMBER, 200, 5, 19.6},
    {"sdx1.5-n200", CHANGE_SCALE, 1.5, NUMBER, 200, 1, 1.7},
    {"sdx0.8-n200", CHANGE_SCALE, .8, NUMBER, 200, 4, 6.4},
    {"outliers-1%-n200", CHANGE_OUTLIERS, .01, NUMBER, 200, 4, 4.5},
    {"missing-1%-n200", CHANGE_MISSING, .01, NUMBER, 200, 4, 6.2},
    {"missing-5%-n200", CHANGE_MISSING, .05, NUMBER, 200, 1, .6},
    {"shares-0.1-n200", CHANGE_SHARES, .1, LEVELS, 200, 4, 5.8},
    {"new-level-2%-n200", CHANGE_NEW_LEVEL, .02, LEVELS, 200, 1, 1.7},
    {"mean+0.2sd-n1000", CHANGE_MEAN, .2, NUMBER, 1000, 2, 5.7},
    {"mean+0.3sd-n1000", CHANGE_MEAN, .3, NUMBER, 1000, 1, 1.2},
    {"mean+0.5sd-n1000", CHANGE_MEAN, .5, NUMBER, 1000, 1, .3},
    {"mean+1sd-n1000", CHANGE_MEAN, 1, NUMBER, 1000, 1, .1},
    {"sdx1.2-n1000", CHANGE_SCALE, 1.2, NUMBER, 1000, 1, 4.4},
    {"sdx0.8-n1000", CHANGE_SCALE, .8, NUMBER, 1000, 1, 1.5},
    {"default-5%-n1000", CHANGE_DEFAULT, .05, NUMBER, 1000, 4, 11.9},
    {"outliers-1%-n1000", CHANGE_OUTLIERS, .01, NUMBER, 1000, 1, 1.1},
    {"missing-1%-n1000", CHANGE_MISSING, .01, NUMBER, 1000, 1, 1.4},
    {"shares-0.05-n1000", CHANGE_SHARES, .05, LEVELS, 1000, 4, 41},
    {"shares-0.1-n1000", CHANGE_SHARES, .1, LEVELS, 1000, 1, 1.4},
    {"new-level-0.5%-n1000", CHANGE_NEW_LEVEL, .005, LEVELS, 1000, 2, 2.6},
    {"new-level-2%-n1000", CHANGE_NEW_LEVEL, .02, LEVELS, 1000, 1, .4},
    {"mean+0.2sd-n10000", CHANGE_MEAN, .2, NUMBER, 10000, 1, .6},
    {"sdx1.2-n10000", CHANGE_SCALE, 1.2, NUMBER, 10000, 1, .5},
    {"default-5%-n10000", CHANGE_DEFAULT, .05, NUMBER, 10000, 1, 1.4},
    {"missing-1%-n10000", CHANGE_MISSING, .01, NUMBER, 10000, 1, .2},
    {"shares-0.05-n10000", CHANGE_SHARES, .05, LEVELS, 10000, 1, 5.5},
};

/* Delays in windows; above LIMIT_WINDOWS: not seen. */
struct delays {
    double by_window[REPLICATES], by_edetector[REPLICATES], first[REPLICATES];
    uint32_t flagged[PEERS];
};

static void note_delays(const struct watchman *watchman, uint32_t field, double delay,
                        struct delays *delays, uint32_t replicate)
{
    const char *name = watchman->world->baseline->fields[field].name;
    for (uint32_t i = 0; i < watchman->verdicts.count; i++) {
        const struct verdict *verdict = &watchman->verdicts.items[i];
        double *at = verdict->method == METHOD_WINDOW ? delays->by_window : delays->by_edetector;
        if (verdict->state != STATE_DRIFT || strcmp(verdict->field, name) != 0)
            continue;
        at[replicate] = fmin(at[replicate], delay);
        delays->first[replicate] = fmin(delays->first[replicate], delay);
    }
}

static void run_replicate(const struct power_cell *cell, uint64_t seed, struct delays *delays,
                          uint32_t replicate)
{
    /* As much budget as the reference had: one alarm of the e-detector in 2,000 windows. */
    struct judge_policy policy = judge_policy_of(0, 200, 1, (int64_t)1000 * HOUR_MS, 3);
    struct world_spec spec = {.fields = 30, .rows = 20000, .process = PROCESS_IID};
    struct world world;
    struct watchman watchman;
    world_init(&world, &spec, seed);
    watchman_init(&watchman, &world, &policy, 3, cell->rows);
    delays->by_window[replicate] = delays->by_edetector[replicate] = delays->first[replicate] =
        LIMIT_WINDOWS + 1;
    for (int i = 0; i < WARM_PANES; i++)
        watchman_step(&watchman);
    world_change(&world, cell->field, cell->change, cell->size);
    for (int i = 1; i <= LIMIT_WINDOWS * PANES; i++) {
        bool is_whole = watchman_step(&watchman);
        note_delays(&watchman, cell->field, (double)i / PANES, delays, replicate);
        if (is_whole && i == PANES) {
            const struct counts *window = rolling_window(watchman.rolling, 0);
            uint32_t says = peers_judge(&world, window, (int)cell->field);
            for (int p = 0; p < PEERS; p++)
                delays->flagged[p] += says >> p & 1;
        }
        if (is_whole && delays->by_window[replicate] <= LIMIT_WINDOWS &&
            delays->by_edetector[replicate] <= LIMIT_WINDOWS)
            break;
    }
    watchman_release(&watchman);
    world_release(&world);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values)
{
    qsort(values, REPLICATES, sizeof *values, ascending);
    return values[REPLICATES / 2];
}

/* The median is later than `bound`, at the 5 % level: fewer than 15 of 41 replicates are as early
 * (P(Bin(41, 1/2) <= 14) = 0.03). The reference's panes were tenths of a window, these are
 * twelfths: its delay is read as the end of the pane it falls in. */
static bool is_later(const double *sorted, double bound)
{
    return sorted[14] > ceil(bound * PANES - 1e-9) / PANES + 1e-9;
}

static void print_delay(double delay)
{
    if (delay > LIMIT_WINDOWS)
        printf("    >40");
    else
        printf(" %6.1f", delay);
}

static int run_power(const struct power_cell *cell, uint64_t seed)
{
    struct delays delays = {0};
    for (uint32_t i = 0; i < REPLICATES; i++)
        run_replicate(cell, seed * 1000003 + i, &delays, i);
    double by_window = median(delays.by_window), by_edetector = median(delays.by_edetector);
    double first = median(delays.first), reference = fmin(cell->policy, cell->edetector);
    bool is_late = is_later(delays.first, fmin(cell->edetector, LIMIT_WINDOWS));
    bool is_behind = is_later(delays.first, reference);
    printf("%-22s", cell->name);
    print_delay(by_window);
    print_delay(cell->policy);
    print_delay(by_edetector);
    print_delay(cell->edetector);
    print_delay(first);
    print_delay(reference);
    for (int p = 0; p < PEER_DATASET; p++)
        printf(" %8.2f", (double)delays.flagged[p] / REPLICATES);
    printf("  %s\n", is_late ? "LATE" : is_behind ? "ok, behind the reference's windows" : "ok");
    return is_late ? EXIT_BREACH : 0;
}

/* ---- command line ---- */

static void print_head(const char *kind)
{
    if (!strcmp(kind, "power"))
        printf("%-22s %6s %6s %6s %6s %6s %6s %8s %8s %8s %8s\n", "detection", "window", "(ref)",
               "edet", "(ref)", "first", "(ref)", "p<.05", "p BH", "PSI>.1", "column");
    else
        printf("%-22s %7s %4s %8s %7s %6s %6s %8s %6s %7s %8s %8s %8s %8s %8s\n", "false alarms",
               "windows", "F", "n", "m", "alarms", "edet", "upper95", "worst", "periods", "p<.05",
               "p BH", "PSI>.1", "column", "dataset");
}

static void list_cells(bool all)
{
    for (size_t i = 0; i < sizeof null_cells / sizeof *null_cells; i++)
        if (all || !null_cells[i].in_all_only)
            printf("null %s\n", null_cells[i].name);
    for (size_t i = 0; i < sizeof power_cells / sizeof *power_cells; i++)
        printf("power %s\n", power_cells[i].name);
}

static int run_cell(const char *name, uint64_t seed, double scale)
{
    for (size_t i = 0; i < sizeof null_cells / sizeof *null_cells; i++)
        if (!strcmp(null_cells[i].name, name))
            return run_null(&null_cells[i], seed, scale);
    for (size_t i = 0; i < sizeof power_cells / sizeof *power_cells; i++)
        if (!strcmp(power_cells[i].name, name))
            return run_power(&power_cells[i], seed);
    fprintf(stderr, "sim_judge: no such cell: %s\n", name);
    return 2;
}

int main(int argc, char **argv)
{
    const char *seed = getenv("LEEWAY_SEED"), *scale = getenv("LEEWAY_SIM_SCALE");
    if (argc >= 2 && !strcmp(argv[1], "--list")) {
        list_cells(argc == 3 && !strcmp(argv[2], "--all"));
        return 0;
    }
    if (argc == 3 && !strcmp(argv[1], "--head")) {
        print_head(argv[2]);
        return 0;
    }
    if (argc == 3 && !strcmp(argv[1], "--cell"))
        return run_cell(argv[2], seed ? strtoull(seed, NULL, 0) : 1, scale ? atof(scale) : 1);
    fprintf(stderr, "usage: sim_judge --list [--all] | --head null|power | --cell NAME\n");
    return 2;
}
