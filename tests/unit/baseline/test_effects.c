/* Expected design effects: statistics.md 3.5 (k-fold duplicated events have phi = k). */
#include <criterion/criterion.h>

#include "sample.h"

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
