/* Estimating design effects from windows of counts.
 *
 * Each window is compared with the rest of the baseline by the same statistics that live windows
 * are judged by: the smooth test's components, what is left of G, and the missing rate. The mean of
 * each square is 1 for independent events. Small expected counts would inflate G, so cells are
 * merged until five are expected in each. */
#include "baseline/effects.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "stats/divergence.h"
#include "stats/smooth.h"

enum { KEPT_MAX = 512, KEPT_MIN = 64, KEPT_TOTAL = 65536, EXPECTED_MIN = 5 };

struct bank {
    int64_t window_ms, start_ms;
    uint32_t windows, stride; /* kept windows; one of `stride` is kept */
    uint32_t **counts;        /* windows x (NULL or field_count x EFFECT_CELLS) */
};

struct effects {
    uint32_t field_count;
    uint32_t bank_count;
    struct bank banks[BASELINE_EFFECTS_MAX];
};

static bool bank_init(struct bank *bank, int64_t window_ms, uint32_t kept_max,
                      struct event_time first, struct event_time last)
{
    bank->window_ms = window_ms;
    bank->start_ms = event_time_floor(first, window_ms).ms;
    int64_t span;
    if (__builtin_sub_overflow(last.ms, bank->start_ms, &span))
        return false;
    int64_t windows = span / window_ms + 1;
    int64_t stride = (windows + kept_max - 1) / kept_max;
    if (windows < EFFECT_WINDOWS_MIN || stride > UINT32_MAX)
        return false;
    bank->stride = (uint32_t)stride;
    bank->windows = (uint32_t)((windows + stride - 1) / stride);
    bank->counts = mem_new(bank->windows, sizeof(*bank->counts));
    return true;
}

struct effects *effects_new(uint32_t field_count, const int64_t *windows_ms, uint32_t window_count,
                            struct event_time first, struct event_time last)
{
    struct effects *effects = mem_new(1, sizeof(*effects));
    uint32_t kept_max = KEPT_TOTAL / (field_count ? field_count : 1);
    kept_max = kept_max < KEPT_MIN ? KEPT_MIN : kept_max > KEPT_MAX ? KEPT_MAX : kept_max;
    effects->field_count = field_count;
    for (uint32_t i = 0; i < window_count; i++) {
        if (bank_init(&effects->banks[effects->bank_count], windows_ms[i], kept_max, first, last))
            effects->bank_count++;
    }
    return effects;
}

void effects_free(struct effects *effects)
{
    for (uint32_t b = 0; effects && b < effects->bank_count; b++) {
        for (uint32_t w = 0; w < effects->banks[b].windows; w++)
            free(effects->banks[b].counts[w]);
        free(effects->banks[b].counts);
    }
    free(effects);
}

void effects_add(struct effects *effects, struct event_time time, const uint8_t *cells)
{
    for (uint32_t b = 0; b < effects->bank_count; b++) {
        struct bank *bank = &effects->banks[b];
        int64_t since;
        if (__builtin_sub_overflow(time.ms, bank->start_ms, &since) || since < 0)
            continue;
        int64_t window = since / bank->window_ms;
        if (window % bank->stride || window / bank->stride >= bank->windows)
            continue;
        uint32_t **counts = &bank->counts[window / bank->stride];
        if (!*counts)
            *counts = mem_new((size_t)effects->field_count * EFFECT_CELLS, sizeof(**counts));
        for (uint32_t i = 0; i < effects->field_count; i++)
            (*counts)[i * EFFECT_CELLS + cells[i]]++;
    }
}

/* One field while its windows are compared. */
struct comparison {
    const int64_t *totals;
    int64_t base_total;
    uint32_t coarse_count, components;
    bool is_number;
    double basis[SMOOTH_MAX][SMOOTH_CELLS_MAX];
    /* Sums over windows, and how many windows each is of. */
    double squares[SMOOTH_MAX], rest, missing;
    uint32_t windows, shape_windows, rest_windows;
};

/* Merges cells until each expects EXPECTED_MIN of the window's rows: neighbours of a number, all
 * small ones of a category together. Returns how many are left. */
static uint32_t merge_cells(const struct comparison *c, const int64_t *rest, const int64_t *live,
                            double share, int64_t *ret_rest, int64_t *ret_live)
{
    uint32_t count = 0;
    int64_t open_rest = 0, open_live = 0;
    for (uint32_t i = 0; i < c->coarse_count; i++) {
        bool alone = !c->is_number && (double)rest[i] * share >= EXPECTED_MIN;
        open_rest += alone ? 0 : rest[i];
        open_live += alone ? 0 : live[i];
        bool full = c->is_number && (double)open_rest * share >= EXPECTED_MIN;
        if (!alone && !full)
            continue;
        ret_rest[count] = alone ? rest[i] : open_rest;
        ret_live[count++] = alone ? live[i] : open_live;
        open_rest = full ? 0 : open_rest;
        open_live = full ? 0 : open_live;
    }
    bool last_too_small = count > 0 && (double)open_rest * share < EXPECTED_MIN;
    if (!last_too_small)
        count++;
    ret_rest[count - 1] = (last_too_small ? ret_rest[count - 1] : 0) + open_rest;
    ret_live[count - 1] = (last_too_small ? ret_live[count - 1] : 0) + open_live;
    return count;
}

static void compare_shape(struct comparison *c, const int64_t *live, int64_t n)
{
    int64_t rest[BASELINE_COARSE_CELLS], merged_rest[BASELINE_COARSE_CELLS + 1];
    int64_t merged_live[BASELINE_COARSE_CELLS + 1];
    double theta[SMOOTH_MAX] = {0}, explained = 0;
    int64_t m = c->base_total - n;
    for (uint32_t i = 0; i < c->coarse_count; i++)
        rest[i] = c->totals[i] - live[i];
    double effective = (double)n * (double)m / (double)(n + m);
    if (c->components)
        smooth_components(rest, live, c->coarse_count, c->components,
                          (const double(*)[SMOOTH_CELLS_MAX])c->basis, theta);
    for (uint32_t j = 0; j < c->components; j++) {
        double square = effective * theta[j] * theta[j];
        c->squares[j] += square;
        explained += square;
    }
    c->shape_windows++;
    uint32_t count = merge_cells(c, rest, live, (double)n / (double)m, merged_rest, merged_live);
    if (count < c->components + 2)
        return;
    double left = statistic_g(merged_rest, merged_live, count) - explained;
    c->rest += left / (count - 1 - c->components);
    c->rest_windows++;
}

static void compare_missing(struct comparison *c, int64_t missing, int64_t rows)
{
    double m = (double)(c->base_total + c->totals[EFFECT_MISSING] + c->totals[EFFECT_INVALID]);
    double n = (double)rows, k = (double)missing;
    double k0 = (double)c->totals[EFFECT_MISSING] - k, n0 = m - n;
    double share = (k + k0) / m;
    c->windows++;
    if (n0 < 1 || !(share > 0 && share < 1))
        return;
    double difference = k / n - k0 / n0;
    c->missing += difference * difference / (share * (1 - share) * (1 / n + 1 / n0));
}

static void compare_window(struct comparison *c, const uint32_t *counts)
{
    int64_t live[BASELINE_COARSE_CELLS] = {0};
    int64_t n = 0;
    for (uint32_t i = 0; i < c->coarse_count; i++) {
        live[i] = counts[i];
        n += live[i];
    }
    int64_t rows = n + counts[EFFECT_MISSING] + counts[EFFECT_INVALID];
    if (rows < EFFECT_ROWS_MIN)
        return;
    compare_missing(c, counts[EFFECT_MISSING], rows);
    if (n >= EFFECT_ROWS_MIN && n < c->base_total)
        compare_shape(c, live, n);
}

static double mean_effect(double sum, uint32_t windows)
{
    return windows >= EFFECT_WINDOWS_MIN ? fmax(1, sum / windows) : 1;
}

static struct design_effect comparison_effect(const struct comparison *c, int64_t window_ms)
{
    struct design_effect effect = {.window_ms = window_ms, .windows = c->windows};
    effect.missing = mean_effect(c->missing, c->windows);
    effect.rest = mean_effect(c->rest, c->rest_windows);
    for (uint32_t j = 0; j < SMOOTH_MAX; j++) {
        if (!c->is_number)
            effect.components[j] = effect.rest;
        else
            effect.components[j] =
                j < c->components ? mean_effect(c->squares[j], c->shape_windows) : 1;
    }
    return effect;
}

void effects_estimate(const struct effects *effects, uint32_t index, const int64_t *totals,
                      uint32_t coarse_count, bool is_number, struct baseline_field *field)
{
    struct comparison start = {.totals = totals,
                               .base_total = counts_total(totals, coarse_count),
                               .coarse_count = coarse_count,
                               .is_number = is_number};
    if (is_number && start.base_total > 0)
        start.components = smooth_basis(totals, coarse_count, SMOOTH_MAX, start.basis);
    for (uint32_t b = 0; b < effects->bank_count; b++) {
        struct comparison comparison = start;
        for (uint32_t w = 0; w < effects->banks[b].windows; w++) {
            if (effects->banks[b].counts[w])
                compare_window(&comparison,
                               effects->banks[b].counts[w] + (size_t)index * EFFECT_CELLS);
        }
        if (comparison.windows >= EFFECT_WINDOWS_MIN)
            field->effects[field->effect_count++] =
                comparison_effect(&comparison, effects->banks[b].window_ms);
    }
}
