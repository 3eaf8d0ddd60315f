/* Baselines are made as the real builder does it, in fewer cells: edges at ranks of a sample, so
 * that cells have equal counts and unequal true shares. Live counts are drawn from the true shares,
 * which are differences of distribution functions at the edges. Events that depend on each other
 * are drawn one by one. */
#include "world.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "baseline/effects.h"

#define AR_RHO .7

enum { COPIES = 5, CATEGORIES = 10 };

static const enum law laws[] = {LAW_NORMAL,    LAW_NORMAL,      LAW_NORMAL,      LAW_NORMAL,
                                LAW_NORMAL,    LAW_LOGNORMAL,   LAW_LOGNORMAL,   LAW_LOGNORMAL,
                                LAW_LOGNORMAL, LAW_EXPONENTIAL, LAW_EXPONENTIAL, LAW_EXPONENTIAL,
                                LAW_UNIFORM,   LAW_UNIFORM,     LAW_UNIFORM,     LAW_T5,
                                LAW_T5,        LAW_T5,          LAW_BIMODAL,     LAW_BIMODAL};

/* ---- laws ---- */

static double normal_cdf(double x)
{
    return .5 * erfc(-x / M_SQRT2);
}

static double t5_cdf(double x)
{
    double angle = atan(x / sqrt(5)), c = cos(angle);
    return .5 + (angle + sin(angle) * (c + c * c * c * 2 / 3)) / M_PI;
}

static double law_cdf(enum law law, double x)
{
    switch (law) {
    case LAW_LOGNORMAL:
        return x > 0 ? normal_cdf(2 * log(x)) : 0;
    case LAW_EXPONENTIAL:
        return x > 0 ? -expm1(-x) : 0;
    case LAW_UNIFORM:
        return fmin(fmax(x, 0), 1);
    case LAW_T5:
        return t5_cdf(x);
    case LAW_BIMODAL:
        return .5 * (normal_cdf((x + 1) / .5) + normal_cdf((x - 1) / .5));
    case LAW_NORMAL:
    case LAWS:
        break;
    }
    return normal_cdf(x);
}

static double law_draw(enum law law, struct draw *draw)
{
    double chi = 0;
    switch (law) {
    case LAW_LOGNORMAL:
        return exp(.5 * draw_normal(draw));
    case LAW_EXPONENTIAL:
        return -log(draw_unit(draw));
    case LAW_UNIFORM:
        return draw_unit(draw);
    case LAW_T5:
        chi = 2 * draw_gamma(draw, 2.5);
        return draw_normal(draw) / sqrt(chi / 5);
    case LAW_BIMODAL:
        return draw_normal(draw) * .5 + (draw_unit(draw) < .5 ? -1 : 1);
    case LAW_NORMAL:
    case LAWS:
        break;
    }
    return draw_normal(draw);
}

/* The next of a stationary normal series; or the law's. */
static double next_value(struct world *world, struct world_field *field)
{
    if (world->process != PROCESS_AR)
        return law_draw(field->law, &world->draw);
    field->latest = AR_RHO * field->latest + sqrt(1 - AR_RHO * AR_RHO) * draw_normal(&world->draw);
    return field->latest;
}

/* ---- numbers ---- */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void cut_cells(struct baseline_field *field, const double *sorted, size_t rows)
{
    uint32_t edges = 0;
    field->edges = mem_new(WORLD_CELLS + 1, sizeof *field->edges);
    for (size_t k = 0; k < WORLD_CELLS; k++) {
        double edge = sorted[k * rows / WORLD_CELLS];
        if (!edges || edge > field->edges[edges - 1])
            field->edges[edges++] = edge;
    }
    field->edges[edges++] = nextafter(sorted[rows - 1], (double)INFINITY);
    field->cell_count = edges + 1;
}

static void make_number(struct baseline_field *field, const double *values, size_t rows)
{
    double *sorted = mem_new(rows, sizeof *sorted), squares = 0;
    memcpy(sorted, values, rows * sizeof *sorted);
    qsort(sorted, rows, sizeof *sorted, ascending);
    cut_cells(field, sorted, rows);
    field->type = FIELD_NUMBER;
    field->counts = mem_new(field->cell_count, sizeof *field->counts);
    field->sums = mem_new(field->cell_count, sizeof *field->sums);
    struct cells cells = baseline_cells(field);
    for (size_t i = 0; i < rows; i++) {
        field->counts[cells_find(&cells, sorted[i])]++;
        field->mean += sorted[i] / (double)rows;
    }
    for (size_t i = 0; i < rows; i++)
        squares += (sorted[i] - field->mean) * (sorted[i] - field->mean) / (double)rows;
    field->sd = sqrt(squares);
    field->minimum = sorted[0];
    field->maximum = sorted[rows - 1];
    field->mean_reference = field->mean;
    field->unit = exp2(floor(log2(field->sd)) - 20);
    free(sorted);
}

/* ---- categories ---- */

static void zipf(struct world_field *field, uint32_t levels)
{
    double sum = 0;
    field->level_count = levels;
    for (uint32_t i = 0; i < levels; i++)
        sum += field->levels[i] = 1. / (i + 1);
    for (uint32_t i = 0; i < levels; i++)
        field->levels[i] /= sum;
}

static void set_levels(struct world_field *field, uint32_t kind)
{
    static const double uneven[] = {.6, .2, .1, .07, .03};
    static const uint32_t zipfs[] = {8, 12, 20, 30, 50};
    if (kind >= 5) {
        zipf(field, zipfs[kind - 5]);
        return;
    }
    field->level_count = kind < 2 ? 2 : kind == 2 ? 3 : 5;
    for (uint32_t i = 0; i < field->level_count; i++)
        field->levels[i] = kind == 4 ? uneven[i] : 1. / field->level_count;
    if (kind == 1) {
        field->levels[0] = .95;
        field->levels[1] = .05;
    }
}

/* Levels that the sample does not have are unseen. */
static void make_category(struct world_field *truth, struct baseline_field *field,
                          const int64_t *counts)
{
    uint32_t levels = 0;
    field->type = FIELD_CATEGORY;
    field->levels = mem_new(truth->level_count, sizeof *field->levels);
    field->counts = mem_new(truth->level_count + 2, sizeof *field->counts);
    for (uint32_t i = 0; i < truth->level_count; i++) {
        truth->cell_of[i] = -1;
        field->singletons += counts[i] == 1;
        field->doubletons += counts[i] == 2;
        if (!counts[i])
            continue;
        char name[16];
        snprintf(name, sizeof name, "l%02u", i);
        truth->cell_of[i] = (int32_t)levels;
        field->levels[levels] = mem_copy(name);
        field->counts[levels++] = counts[i];
    }
    field->level_count = levels;
    field->distinct = levels;
    field->others_complete = true;
    field->cell_count = levels + 2;
}

static void set_category_shares(struct world_field *truth, const struct baseline_field *field,
                                const double *levels)
{
    memset(truth->shares, 0, sizeof truth->shares);
    for (uint32_t i = 0; i < truth->level_count; i++)
        truth->shares[truth->cell_of[i] < 0 ? field->level_count + 1
                                            : (uint32_t)truth->cell_of[i]] += levels[i];
}

/* ---- the baseline ---- */

static void draw_levels(struct world *world, struct world_field *truth, int64_t rows,
                        int64_t *ret_counts)
{
    int64_t copies = world->process == PROCESS_DUPLICATED ? COPIES : 1;
    draw_multinomial(&world->draw, rows / copies, truth->levels, truth->level_count, ret_counts);
    for (uint32_t i = 0; i < truth->level_count; i++)
        ret_counts[i] *= copies;
}

static void draw_values(struct world *world, struct world_field *truth, int64_t rows,
                        double *ret_values)
{
    for (int64_t i = 0; i < rows; i++)
        ret_values[i] = world->process == PROCESS_DUPLICATED && i % COPIES
                            ? ret_values[i - 1]
                            : next_value(world, truth);
}

/* Design effects of a number, from its rows in the order they were drawn, as the builder has it. */
static void estimate_effects(const struct world_spec *spec, const double *values,
                             struct baseline_field *field)
{
    uint32_t coarse[CELLS_MAX], coarse_count = baseline_coarse_map(field, coarse);
    int64_t totals[EFFECT_CELLS] = {0};
    struct event_time first = {0};
    struct event_time last = {(spec->rows - 1) / spec->window_rows * spec->window_ms};
    struct effects *effects = effects_new(1, &spec->window_ms, 1, first, last);
    struct cells cells = baseline_cells(field);
    for (int64_t i = 0; i < spec->rows; i++) {
        struct event_time time = {i / spec->window_rows * spec->window_ms};
        uint8_t cell = (uint8_t)coarse[cells_find(&cells, values[i])];
        totals[cell]++;
        effects_add(effects, time, &cell);
    }
    effects_estimate(effects, 0, totals, coarse_count, true, field);
    effects_free(effects);
}

static void set_number_shares(struct world_field *truth, const struct baseline_field *field,
                              double (*cdf)(const struct world_field *,
                                            const struct baseline_field *, double, double),
                              double size)
{
    double before = 0;
    memset(truth->shares, 0, sizeof truth->shares);
    for (uint32_t i = 0; i + 1 < field->cell_count; i++) {
        double now = cdf(truth, field, field->edges[i], size);
        truth->shares[i] = now - before;
        before = now;
    }
    truth->shares[field->cell_count - 1] = 1 - before;
}

static double as_it_was(const struct world_field *truth, const struct baseline_field *field,
                        double x, double size)
{
    (void)field;
    (void)size;
    return law_cdf(truth->law, x);
}

static void add_field(struct world *world, const struct world_spec *spec, uint32_t index)
{
    struct world_field *truth = &world->fields[index];
    struct baseline_field *field = &world->baseline->fields[index];
    char name[16];
    snprintf(name, sizeof name, "f%03u", index);
    field->name = mem_copy(name);
    field->path = mem_copy("/features/x");
    field->valid = spec->rows;
    truth->is_number = spec->process != PROCESS_IID || index % 3 != 2;
    if (truth->is_number) {
        double *values = mem_new((size_t)spec->rows, sizeof *values);
        truth->law = spec->process == PROCESS_AR ? LAW_NORMAL
                                                 : laws[index * 7 % (sizeof laws / sizeof *laws)];
        truth->latest = draw_normal(&world->draw);
        draw_values(world, truth, spec->rows, values);
        make_number(field, values, (size_t)spec->rows);
        set_number_shares(truth, field, as_it_was, 0);
        if (spec->window_rows > 0)
            estimate_effects(spec, values, field);
        free(values);
    } else {
        int64_t counts[WORLD_LEVELS_MAX];
        set_levels(truth, index / 3 % CATEGORIES);
        draw_levels(world, truth, spec->rows, counts);
        make_category(truth, field, counts);
        set_category_shares(truth, field, truth->levels);
    }
}

void world_init(struct world *world, const struct world_spec *spec, uint64_t seed)
{
    memset(world, 0, sizeof *world);
    draw_seed(&world->draw, seed);
    world->process = spec->process;
    world->field_count = spec->fields;
    world->fields = mem_new(spec->fields, sizeof *world->fields);
    world->baseline = mem_new(1, sizeof *world->baseline);
    world->baseline->name = mem_copy("sim");
    world->baseline->provenance = mem_copy("{}");
    world->baseline->rows = spec->rows;
    world->baseline->field_count = spec->fields;
    world->baseline->fields = mem_new(spec->fields, sizeof *world->baseline->fields);
    for (uint32_t i = 0; i < spec->fields; i++)
        add_field(world, spec, i);
    world->layout = layout_new(world->baseline);
}

void world_release(struct world *world)
{
    layout_free(world->layout);
    baseline_free(world->baseline);
    free(world->fields);
}

/* ---- changes ---- */

static double mean_moved(const struct world_field *truth, const struct baseline_field *field,
                         double x, double size)
{
    return law_cdf(truth->law, x - size * field->sd);
}

static double scaled(const struct world_field *truth, const struct baseline_field *field, double x,
                     double size)
{
    return law_cdf(truth->law, field->mean + (x - field->mean) / size);
}

static double spiked(const struct world_field *truth, const struct baseline_field *field, double x,
                     double size)
{
    double median = field->edges[(field->cell_count - 1) / 2];
    return (1 - size) * law_cdf(truth->law, x) + (x > median ? size : 0);
}

static double with_outliers(const struct world_field *truth, const struct baseline_field *field,
                            double x, double size)
{
    return (1 - size) * law_cdf(truth->law, x) + (x > field->mean + 6 * field->sd ? size : 0);
}

static void change_levels(struct world_field *truth, const struct baseline_field *field,
                          enum change change, double size)
{
    double levels[WORLD_LEVELS_MAX];
    memcpy(levels, truth->levels, sizeof levels);
    if (change == CHANGE_SHARES) {
        levels[0] -= size;
        levels[truth->level_count - 1] += size;
    }
    set_category_shares(truth, field, levels);
    if (change != CHANGE_NEW_LEVEL)
        return;
    for (uint32_t i = 0; i < field->cell_count; i++)
        truth->shares[i] *= 1 - size;
    truth->shares[field->level_count + 1] += size;
}

void world_change(struct world *world, uint32_t index, enum change change, double size)
{
    struct world_field *truth = &world->fields[index];
    const struct baseline_field *field = &world->baseline->fields[index];
    if (change == CHANGE_MISSING) {
        for (uint32_t i = 0; i < field->cell_count; i++)
            truth->shares[i] *= 1 - size;
        truth->shares[field->cell_count] = size;
    } else if (!truth->is_number) {
        change_levels(truth, field, change, size);
    } else {
        set_number_shares(truth, field,
                          change == CHANGE_MEAN       ? mean_moved
                          : change == CHANGE_SCALE    ? scaled
                          : change == CHANGE_DEFAULT  ? spiked
                          : change == CHANGE_OUTLIERS ? with_outliers
                                                      : as_it_was,
                          size);
    }
}

/* ---- live ---- */

static void pane_field(struct world *world, uint32_t index, int64_t n, int64_t *cells)
{
    struct world_field *truth = &world->fields[index];
    const struct baseline_field *field = &world->baseline->fields[index];
    int64_t copies = world->process == PROCESS_DUPLICATED ? COPIES : 1;
    if (world->process == PROCESS_AR) {
        struct cells edges = baseline_cells(field);
        for (int64_t i = 0; i < n; i++)
            cells[cells_find(&edges, next_value(world, truth))]++;
        return;
    }
    /* Missing is the counter right after the cells. */
    draw_multinomial(&world->draw, n / copies, truth->shares, field->cell_count + 1, cells);
    for (uint32_t i = 0; copies > 1 && i <= field->cell_count; i++)
        cells[i] *= copies;
}

void world_pane(struct world *world, int64_t n, struct counts *counts)
{
    counts_clear(counts);
    counts->rows = n;
    for (uint32_t i = 0; i < world->field_count; i++)
        pane_field(world, i, n, counts->cells + world->layout->fields[i].cells);
}
