/* From the counts of a window to comparisons. Assumes that window and baseline share cells (they
 * do: the layout is the baseline's). Refuses to know what is worth an alarm. Definitions:
 * docs/STATISTICS.md. */
#include "compare/compare.h"

#include <math.h>
#include <string.h>

#include "stats/divergence.h"
#include "stats/smooth.h"

/* The cells that tests are made on; scratch space of one comparison. */
enum { TEST_CELLS_MAX = BASELINE_LEVELS_MAX + 2 };
struct test_cells {
    uint32_t count;
    int64_t base[TEST_CELLS_MAX], live[TEST_CELLS_MAX];
    int32_t level[TEST_CELLS_MAX]; /* -1: no single level */
};

static const char *const score_names[SCORE_KINDS] = {"psi", "js", "ks", "wasserstein"};

const char *score_name(enum score_kind kind)
{
    return score_names[kind];
}

/* Enough cells for shape, few enough that each expects several records (statistics.md 2.1). */
static uint32_t wanted_test_cells(int64_t n)
{
    return n < 400 ? 8 : n < 2000 ? 16 : 32;
}

static void group_number(const struct baseline_field *field, const int64_t *live, int64_t n,
                         struct test_cells *cells)
{
    uint32_t group[CELLS_MAX];
    cells->count = cells_group(field->counts, field->cell_count, wanted_test_cells(n), group);
    for (uint32_t i = 0; i < cells->count; i++)
        cells->level[i] = -1;
    for (uint32_t i = 0; i < field->cell_count; i++) {
        cells->base[group[i]] += field->counts[i];
        cells->live[group[i]] += live[i];
    }
}

static void cells_append(struct test_cells *cells, int64_t base, int64_t live, int32_t level)
{
    cells->base[cells->count] = base;
    cells->live[cells->count] = live;
    cells->level[cells->count++] = level;
}

/* Levels that expect at least 5 records in both samples, by the share they have in the two
 * together, keep a cell; the others share one. The choice must not lean on one sample: of many
 * levels near the bound, those would keep a cell that the baseline happened to have too often. */
static void group_levels(const int64_t *base, const int64_t *live, uint32_t count, int64_t n,
                         int64_t m, struct test_cells *cells)
{
    int64_t rest_base = 0, rest_live = 0;
    double fewer = (double)(n < m ? n : m);
    for (uint32_t i = 0; i < count; i++) {
        double expected = fewer * (double)(base[i] + live[i]) / (double)(n + m);
        if (expected >= 5) {
            cells_append(cells, base[i], live[i], (int32_t)i);
        } else {
            rest_base += base[i];
            rest_live += live[i];
        }
    }
    if (rest_base > 0 || rest_live > 0)
        cells_append(cells, rest_base, rest_live, -1);
}

/* Cells of a category, the last but one "other", the last "unseen". How much of a long tail the
 * baseline has met is chance, so the tail is one cell in both samples: "other" alone would shrink
 * by what is unseen although nothing changed. Without a tail in the baseline, unseen values are
 * left to their own test: one new row must not decide this one. */
static void group_category(const int64_t *base, const int64_t *live, uint32_t cell_count,
                           struct test_cells *cells)
{
    int64_t known[BASELINE_LEVELS_MAX + 1];
    uint32_t count = cell_count - 1;
    memcpy(known, live, count * sizeof *known);
    known[count - 1] += base[count - 1] > 0 ? live[count] : 0;
    group_levels(base, known, count, counts_total(known, count), counts_total(base, count), cells);
}

static struct component component_of(double statistic, double df, double n_effective)
{
    struct component component = {.statistic = statistic, .df = df};
    component.effect = n_effective > 0 ? (statistic - df) / n_effective : 0;
    return component;
}

static void compare_smooth(const struct test_cells *cells, struct comparison *ret)
{
    double basis[SMOOTH_MAX][SMOOTH_CELLS_MAX], theta[SMOOTH_MAX] = {0}, sum = 0;
    ret->smooth_count = smooth_basis(cells->base, cells->count, COMPONENTS, basis);
    smooth_components(cells->base, cells->live, cells->count, ret->smooth_count,
                      (const double(*)[SMOOTH_CELLS_MAX])basis, theta);
    for (uint32_t j = 0; j < ret->smooth_count; j++) {
        double z = sqrt(ret->n_effective) * theta[j];
        ret->smooth[j] = component_of(z * z, 1, ret->n_effective);
        ret->smooth[j].z = z;
        sum += z * z;
    }
    ret->smooth_all = component_of(sum, ret->smooth_count, ret->n_effective);
}

static struct score score_of(double value, double floor)
{
    return (struct score){value, floor, value - floor};
}

/* Scores on the test cells, defined for every type of field. */
static void score_cells(const struct test_cells *cells, struct comparison *ret)
{
    double df = cells->count - 1.0, n = ret->n_effective;
    double js_floor = sqrt(df / (8 * n * M_LN2));
    ret->scores[SCORE_PSI] =
        score_of(divergence_psi(cells->base, cells->live, cells->count), df / n);
    struct score js = score_of(distance_js(cells->base, cells->live, cells->count), js_floor);
    /* Distances are square roots: bias is taken off the square. */
    double square = js.value * js.value - js_floor * js_floor;
    js.debiased = square < 0 ? -sqrt(-square) : sqrt(square);
    ret->scores[SCORE_JS] = js;
}

static void find_moved(const struct test_cells *cells, double n, double m, struct comparison *ret)
{
    double most = -1;
    for (uint32_t i = 0; i < cells->count; i++) {
        double p = (double)cells->base[i] / m;
        double q = (double)cells->live[i] / n;
        double size = fabs(q - p) / sqrt((p + q) / 2 + 1e-12);
        if (size > most) {
            most = size;
            ret->moved_level = cells->level[i];
            ret->moved_base = cells->base[i];
            ret->moved_live = cells->live[i];
        }
    }
}

/* Williams' divisor of G for two samples (Sokal & Rohlf, Biometry, 17.4): with few records in a
 * cell G is larger than chi-squared says. */
static double williams(const struct test_cells *cells, double n, double m)
{
    double total = n + m, reciprocals = 0;
    for (uint32_t i = 0; i < cells->count; i++)
        if (cells->base[i] + cells->live[i] > 0)
            reciprocals += 1 / (double)(cells->base[i] + cells->live[i]);
    return 1 + (total / n + total / m - 1) * (total * reciprocals - 1) /
                   (6 * total * (cells->count - 1.0));
}

static void compare_cells(const struct test_cells *cells, struct comparison *ret)
{
    double n = (double)counts_total(cells->live, cells->count);
    double m = (double)counts_total(cells->base, cells->count);
    ret->n_effective = n * m / (n + m);
    ret->test_cells = cells->count;
    if (cells->count < 2)
        return;
    score_cells(cells, ret);
    find_moved(cells, n, m, ret);
    ret->g =
        component_of(statistic_g(cells->base, cells->live, cells->count) / williams(cells, n, m),
                     cells->count - 1.0, ret->n_effective);
}

/* Per-cell sums of x - origin, in units of x. */
static void sums_of(const int64_t *fixed, uint32_t count, double unit, double *ret_sums)
{
    for (uint32_t i = 0; i < count; i++)
        ret_sums[i] = (double)fixed[i] * unit;
}

static void score_number(const struct counts *window, uint32_t index, struct comparison *ret)
{
    const struct baseline_field *field = &window->layout->baseline->fields[index];
    const int64_t *sums = window->sums + window->layout->fields[index].sums;
    const int64_t *live = counts_field_cells(window, index);
    struct cells cells = baseline_cells(field);
    double base_sums[CELLS_MAX], live_sums[CELLS_MAX], low, high;

    distance_ks(field->counts, live, field->cell_count, &low, &high);
    ret->scores[SCORE_KS] = score_of(low, 0.869 / sqrt(ret->n_effective));
    if (field->sd <= 0)
        return;
    sums_of(field->sums, field->cell_count, field->unit, base_sums);
    sums_of(sums, field->cell_count, field->unit, live_sums);
    distance_wasserstein(&cells, field->counts, live, base_sums, live_sums, &low, &high);
    double floor = wasserstein_floor(&cells, field->counts, ret->n_effective);
    ret->scores[SCORE_WASSERSTEIN] = score_of(low / field->sd, floor / field->sd);
    double live_mean =
        field->mean_reference + (double)sums[field->cell_count] * field->unit / (double)ret->n;
    ret->mean_shift_sd = (live_mean - field->mean) / field->sd;
}

static void read_rates(const struct counts *window, uint32_t index, struct comparison *ret)
{
    const struct baseline_field *field = &window->layout->baseline->fields[index];
    const int64_t *live = counts_field_cells(window, index);
    ret->missing = counts_field_counter(window, index, COUNT_MISSING) +
                   counts_field_counter(window, index, COUNT_NULL) +
                   counts_field_counter(window, index, COUNT_NAN);
    ret->invalid = counts_field_counter(window, index, COUNT_WRONG_TYPE) +
                   counts_field_counter(window, index, COUNT_INFINITE);
    ret->below_min = counts_field_counter(window, index, COUNT_BELOW_MIN);
    ret->above_max = counts_field_counter(window, index, COUNT_ABOVE_MAX);
    ret->not_allowed = counts_field_counter(window, index, COUNT_NOT_ALLOWED);
    int64_t values = counts_total(live, field->cell_count);
    ret->total = values + ret->missing + ret->invalid;
    ret->n = values;
    ret->m = field->valid;
    if (window->layout->fields[index].is_number) {
        ret->below = live[0];
        ret->above = live[field->cell_count - 1];
    } else {
        /* Unseen values are a rate of their own and no cell: one new row must not decide the shape
         * test. */
        ret->unseen = live[field->cell_count - 1];
        ret->n -= ret->unseen;
    }
}

static void comparison_clear(struct comparison *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->mean_shift_sd = (double)NAN;
    ret->moved_level = -1;
    for (int i = 0; i < SCORE_KINDS; i++)
        ret->scores[i] = (struct score){(double)NAN, (double)NAN, (double)NAN};
}

void compare_field(const struct counts *window, uint32_t field, struct comparison *ret)
{
    comparison_clear(ret);
    read_rates(window, field, ret);
    if (!ret->n || !ret->m)
        return;
    const struct baseline_field *baseline = &window->layout->baseline->fields[field];
    const int64_t *live = counts_field_cells(window, field);
    bool is_number = window->layout->fields[field].is_number;
    struct test_cells cells;
    memset(&cells, 0, sizeof cells);
    if (is_number)
        group_number(baseline, live, ret->n, &cells);
    else
        group_category(baseline->counts, live, baseline->cell_count, &cells);
    compare_cells(&cells, ret);
    if (!is_number)
        return;
    score_number(window, field, ret);
    if (cells.count >= 2)
        compare_smooth(&cells, ret);
}

void compare_segment(const struct counts *window, uint32_t segment, uint32_t value, uint32_t field,
                     struct comparison *ret)
{
    comparison_clear(ret);
    const struct baseline *baseline = window->layout->baseline;
    const int64_t *live = counts_segment_cells(window, segment, value, field);
    size_t at = (size_t)value * baseline->field_count + field;
    const int64_t *base = baseline->segments[segment].coarse + at * BASELINE_COARSE_CELLS;
    uint32_t count = window->layout->fields[field].coarse_count;
    bool is_number = window->layout->fields[field].is_number;
    ret->unseen = is_number ? 0 : live[count - 1];
    ret->n = counts_total(live, count) - ret->unseen;
    ret->m = counts_total(base, count);
    ret->missing = live[BASELINE_COARSE_CELLS];
    ret->total = ret->n + ret->unseen + ret->missing;
    if (!ret->n || !ret->m)
        return;
    struct test_cells cells;
    memset(&cells, 0, sizeof cells);
    if (is_number)
        group_levels(base, live, count, ret->n, ret->m, &cells);
    else
        group_category(base, live, count, &cells);
    compare_cells(&cells, ret);
    ret->moved_level = -1; /* coarse cells are not levels */
}

void compare_cell_counts(const struct cell_counts *counts, struct comparison *ret)
{
    comparison_clear(ret);
    ret->n = counts_total(counts->live, counts->count) - counts->unseen_in_last;
    ret->m = counts_total(counts->base, counts->count);
    ret->missing = counts->missing;
    ret->invalid = counts->invalid;
    ret->below = counts->below;
    ret->above = counts->above;
    ret->unseen = counts->unseen;
    ret->total = ret->n + ret->unseen + ret->missing + ret->invalid;
    if (!ret->n || !ret->m)
        return;
    struct test_cells cells;
    memset(&cells, 0, sizeof cells);
    for (uint32_t i = 0; i < counts->count; i++)
        cells_append(&cells, counts->base[i], counts->live[i],
                     counts->levels ? counts->levels[i] : -1);
    compare_cells(&cells, ret);
    if (!counts->levels && cells.count >= 2)
        compare_smooth(&cells, ret);
}
