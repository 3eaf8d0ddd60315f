/* Expected design effects: statistics.md 3.5 (k-fold duplicated events have phi = k). */
#include <criterion/criterion.h>

#include "sample.h"
#include "stats/divergence.h"
#include "stats/smooth.h"

enum { WINDOWS = 200, ROWS_A_WINDOW = 600 };

/* Two fields, a number and a category, one window an hour. Each event is repeated `copies` times;
 * one in ten events misses the number. */
static struct baseline *build(uint64_t seed, int copies, double offset_sd)
{
    static const struct builder_field fields[2] = {{.name = "x", .path = "/x"},
                                                   {.name = "c", .path = "/c"}};
    static const char *const levels[] = {"a", "b", "c", "d", "e"};
    struct builder_spec spec = {
        .fields = fields, .field_count = 2, .windows_ms = {HOUR_MS, DAY_MS}, .window_count = 2};
    struct baseline_builder *builder = baseline_builder_new(&spec, NULL);
    struct baseline *baseline = NULL;
    for (int pass = 0; pass < 2; pass++) {
        struct random random = {seed};
        for (int w = 0; w < WINDOWS; w++) {
            double offset = offset_sd * random_normal(&random);
            for (int i = 0; i < ROWS_A_WINDOW; i += copies) {
                struct builder_value values[2] = {value_number(offset + random_normal(&random)),
                                                  value_text(levels[random_below(&random, 5)])};
                struct event_time time = {w * (int64_t)HOUR_MS + i * (HOUR_MS / ROWS_A_WINDOW)};
                if (random_below(&random, 10) == 0)
                    values[0].kind = BUILDER_NULL;
                for (int k = 0; k < copies; k++)
                    baseline_builder_add(builder, values, &time);
            }
        }
        if (pass == 0)
            cr_assert_eq(baseline_builder_cells(builder, NULL), 0);
    }
    baseline = baseline_builder_finish(builder, NULL, NULL);
    cr_assert(baseline);
    baseline_builder_free(builder);
    return baseline;
}

static void expect_near(const struct baseline *baseline, double low, double high)
{
    const struct design_effect *number = &baseline->fields[0].effects[0];
    const struct design_effect *category = &baseline->fields[1].effects[0];
    cr_assert_eq(baseline->fields[0].effect_count, 1, "nine days are too few for windows of a day");
    cr_expect_eq(number->window_ms, HOUR_MS);
    cr_expect_eq(number->windows, WINDOWS);
    for (int j = 0; j < 4; j++) {
        cr_expect(number->components[j] >= low && number->components[j] <= high, "component %d: %g",
                  j, number->components[j]);
        cr_expect_float_eq(category->components[j], category->rest, 0);
    }
    cr_expect(number->rest >= low && number->rest <= high, "rest: %g", number->rest);
    cr_expect(number->missing >= low && number->missing <= high, "missing: %g", number->missing);
    cr_expect(category->rest >= low && category->rest <= high, "category: %g", category->rest);
}

/* The mean of 200 squares has a standard deviation of 0.1; of 200 G over 4 cells 0.05. */
Test(effects, independent_events)
{
    struct random random = random_new(91);
    struct baseline *baseline = build(random.state, 1, 0);
    expect_near(baseline, 1, 1.45);
    baseline_free(baseline);
}

Test(effects, duplicated_events)
{
    struct random random = random_new(92);
    struct baseline *baseline = build(random.state, 5, 0);
    expect_near(baseline, 3.5, 6.75);
    cr_expect(baseline->fields[0].effects[0].rest > 4.6 && baseline->fields[0].effects[0].rest < 6);
    baseline_free(baseline);
}

/* phi_1 = 1 + n sigma^2 for window offsets of sd sigma: 1 + 540 * 0.04 = 22.6. */
Test(effects, moving_windows)
{
    struct random random = random_new(93);
    struct baseline *baseline = build(random.state, 1, 0.2);
    const struct design_effect *effect = &baseline->fields[0].effects[0];
    cr_expect_float_eq(effect->components[0], 22.6, 8);
    cr_expect_lt(effect->components[1], 3);
    cr_expect_lt(effect->missing, 1.45);
    baseline_free(baseline);
}

/* Ten windows by hand: each against the rest, squares averaged. Expected counts are large, so that
 * no cells are merged. */
Test(effects, against_brute_force)
{
    enum { W = 12, ROWS = 400 };
    static const struct builder_field fields[2] = {{.name = "c", .path = "/c"},
                                                   {.name = "x", .path = "/x"}};
    static const char *const levels[] = {"a", "b", "c", "d"};
    struct random random = random_new(94);
    static int cells[W][ROWS], numbers[W][ROWS];
    static bool missing[W][ROWS];
    struct builder_spec spec = {
        .fields = fields, .field_count = 2, .windows_ms = {HOUR_MS}, .window_count = 1};
    struct baseline_builder *builder = baseline_builder_new(&spec, NULL);
    for (int w = 0; w < W; w++) {
        for (int i = 0; i < ROWS; i++) {
            cells[w][i] = (int)random_below(&random, 4 + (uint32_t)w) % 4;
            numbers[w][i] = (int)random_below(&random, 10 + (uint32_t)w % 3);
            missing[w][i] = random_below(&random, 5 + (uint32_t)w) == 0;
        }
    }
    for (int k = 0; k < 2 * W * ROWS; k++) {
        int w = k / ROWS % W, i = k % ROWS;
        struct event_time time = {w * (int64_t)HOUR_MS + i};
        struct builder_value values[2] = {value_text(levels[cells[w][i]]),
                                          value_number(numbers[w][i])};
        if (missing[w][i])
            values[0].kind = BUILDER_NULL;
        if (k == W * ROWS)
            cr_assert_eq(baseline_builder_cells(builder, NULL), 0);
        baseline_builder_add(builder, values, &time);
    }
    struct baseline *baseline = baseline_builder_finish(builder, NULL, NULL);
    cr_assert(baseline);
    baseline_builder_free(builder);
    int64_t all[W + 1][4] = {{0}}, gone[W + 1] = {0}, coarse[W + 1][BASELINE_COARSE_CELLS] = {{0}};
    uint32_t map[CELLS_MAX], count = baseline_coarse_map(&baseline->fields[1], map);
    struct cells edges = baseline_cells(&baseline->fields[1]);
    for (int w = 0; w < W; w++) {
        for (int i = 0; i < ROWS; i++) {
            uint32_t cell = map[cells_find(&edges, numbers[w][i])];
            all[w][cells[w][i]] += !missing[w][i];
            all[W][cells[w][i]] += !missing[w][i];
            gone[w] += missing[w][i];
            gone[W] += missing[w][i];
            coarse[w][cell]++;
            coarse[W][cell]++;
        }
    }
    double g = 0, z = 0, left = 0, squares[4] = {0}, basis[SMOOTH_MAX][SMOOTH_CELLS_MAX],
           theta[SMOOTH_MAX];
    cr_assert_eq(smooth_basis(coarse[W], count, 4, basis), 4);
    for (int w = 0; w < W; w++) {
        int64_t rest[4], coarse_rest[BASELINE_COARSE_CELLS];
        for (int i = 0; i < 4; i++)
            rest[i] = all[W][i] - all[w][i];
        for (uint32_t i = 0; i < count; i++)
            coarse_rest[i] = coarse[W][i] - coarse[w][i];
        g += statistic_g(rest, all[w], 4) / 3 / W;
        double n = ROWS, m = (W - 1) * ROWS, share = (double)gone[W] / (n + m);
        double difference = (double)gone[w] / n - (double)(gone[W] - gone[w]) / m;
        z += difference * difference / (share * (1 - share) * (1 / n + 1 / m)) / W;
        smooth_components(coarse_rest, coarse[w], count, 4,
                          (const double(*)[SMOOTH_CELLS_MAX])basis, theta);
        for (int j = 0; j < 4; j++)
            squares[j] += n * m / (n + m) * theta[j] * theta[j] / W;
        left += statistic_g(coarse_rest, coarse[w], count) / W;
    }
    for (int j = 0; j < 4; j++)
        left -= squares[j];
    cr_assert_eq(count, 12, "a coarse cell for each of the values");
    left = fmax(1, left / (count - 5));
    cr_expect_float_eq(baseline->fields[1].effects[0].rest, left, 1e-9 * left,
                       "%.12g, by hand %.12g", baseline->fields[1].effects[0].rest, left);
    cr_expect_gt(left, 1);
    const struct design_effect *category = &baseline->fields[0].effects[0];
    cr_expect_float_eq(category->rest, g, 1e-9 * g, "%.12g, by hand %.12g", category->rest, g);
    cr_expect_float_eq(category->missing, z, 1e-9 * z, "%.12g, by hand %.12g", category->missing,
                       z);
    cr_expect(g > 1 && z > 1);
    for (int j = 0; j < 4; j++)
        cr_expect_float_eq(baseline->fields[1].effects[0].components[j], fmax(1, squares[j]),
                           1e-9 * (1 + squares[j]));
    baseline_free(baseline);
}

Test(effects, too_few_windows_or_rows_say_nothing)
{
    struct builder_field field = {.name = "x", .path = "/x"};
    struct builder_spec spec = {
        .fields = &field, .field_count = 1, .windows_ms = {HOUR_MS}, .window_count = 1};
    static const struct {
        int windows, rows;
        uint32_t effects;
    } cases[] = {{9, 60, 0}, {10, 60, 1}, {20, 49, 0}, {20, 50, 1}, {5000, 50, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct baseline_builder *builder = baseline_builder_new(&spec, NULL);
        for (int pass = 0; pass < 2; pass++) {
            for (int k = 0; k < cases[i].windows * cases[i].rows; k++) {
                struct event_time time = {k / cases[i].rows * (int64_t)HOUR_MS};
                struct builder_value value = value_number(k * 37 % 101);
                baseline_builder_add(builder, &value, &time);
            }
            cr_assert(pass == 1 || baseline_builder_cells(builder, NULL) == 0);
        }
        struct baseline *baseline = baseline_builder_finish(builder, NULL, NULL);
        cr_assert(baseline);
        cr_expect_eq(baseline->fields[0].effect_count, cases[i].effects, "case %zu", i);
        cr_expect(baseline->fields[0].effects[0].windows <= 512);
        baseline_free(baseline);
        baseline_builder_free(builder);
    }
}

Test(effects, absurd_times_do_no_harm)
{
    struct builder_field field = {.name = "x", .path = "/x"};
    struct builder_spec spec = {.fields = &field, .field_count = 1};
    static const int64_t times[] = {INT64_MIN, INT64_MAX,        0,
                                    -1,        INT64_C(1) << 53, -(INT64_C(1) << 53)};
    struct baseline_builder *builder = baseline_builder_new(&spec, NULL);
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < 600; i++) {
            struct event_time time = {times[i % 6]};
            struct builder_value value = value_number(i);
            baseline_builder_add(builder, &value, &time);
        }
        cr_assert(pass == 1 || baseline_builder_cells(builder, NULL) == 0);
    }
    struct baseline *baseline = baseline_builder_finish(builder, NULL, NULL);
    cr_assert(baseline);
    cr_expect_eq(baseline->fields[0].effect_count, 0);
    baseline_free(baseline);
    baseline_builder_free(builder);
}
