#include <criterion/criterion.h>

#include "baseline/check.h"
#include "sample.h"

/* One-field baselines from an array of values, with times a second apart if `timed`. */
struct input {
    const struct builder_value *values;
    size_t count;
    struct builder_spec spec;
    bool timed;
    int64_t step_ms;
};

static struct baseline *build(const struct input *input, struct err *reterr)
{
    static const struct builder_field untyped = {.name = "x", .path = "/features/x"};
    struct builder_spec spec = input->spec;
    if (!spec.fields) {
        spec.fields = &untyped;
        spec.field_count = 1;
    }
    struct baseline_builder *builder = baseline_builder_new(&spec, reterr);
    struct baseline *baseline = NULL;
    cr_assert(builder);
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < input->count; i++) {
            struct event_time time = {INT64_C(1600000000000) + (int64_t)i * input->step_ms};
            baseline_builder_add(builder, &input->values[i * spec.field_count],
                                 input->timed ? &time : NULL);
        }
        if (pass == 0 && baseline_builder_cells(builder, reterr))
            break;
        if (pass == 1)
            baseline = baseline_builder_finish(builder, NULL, reterr);
    }
    baseline_builder_free(builder);
    if (baseline) {
        struct err err = {0};
        cr_assert_eq(baseline_check(baseline, &err), 0, "%s: %s", err.place, err.text);
    }
    return baseline;
}

static struct baseline *build_values(const struct builder_value *values, size_t count)
{
    struct input input = {.values = values, .count = count};
    struct err err = {0};
    struct baseline *baseline = build(&input, &err);
    cr_assert(baseline, "%s %s", err.place, err.text);
    return baseline;
}

/* Counts again, cell by cell, by plain comparison with the edges. */
static void expect_exact(const struct baseline_field *field, const struct builder_value *values,
                         size_t count)
{
    int64_t counts[CELLS_MAX] = {0}, sums[CELLS_MAX] = {0}, sum = 0, missing = 0;
    double mean = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        double x = values[i].number;
        uint32_t cell = 0;
        if (values[i].kind != BUILDER_NUMBER) {
            missing++;
            continue;
        }
        while (cell + 1 < field->cell_count && field->edges[cell] <= x)
            cell++;
        counts[cell]++;
        sums[cell] += llrint((x - field->edges[cell - 1]) / field->unit);
        sum += llrint((x - field->mean_reference) / field->unit);
        mean += x / (double)field->valid;
    }
    for (size_t i = 0; i < count; i++) {
        if (values[i].kind == BUILDER_NUMBER)
            squares += (values[i].number - mean) * (values[i].number - mean);
    }
    cr_expect_eq(field->missing, missing);
    cr_expect_eq(field->sum, sum);
    cr_expect_float_eq(field->mean, mean, 1e-9 * (1 + fabs(mean)));
    cr_expect_float_eq(field->sd, sqrt(squares / (double)field->valid), 1e-9 * (1 + field->sd));
    cr_expect(field->unit <= field->sd / 0x1p20 && field->unit > field->sd / 0x1p21);
    for (uint32_t i = 0; i < field->cell_count; i++) {
        cr_assert_eq(field->counts[i], counts[i], "cell %u", i);
        cr_assert_eq(field->sums[i], sums[i], "cell %u", i);
    }
}

Test(build, numbers_against_brute_force)
{
    struct random random = random_new(81);
    enum { N = 20000 };
    struct builder_value *values = mem_new(N, sizeof *values);
    for (int i = 0; i < N; i++) {
        double u = random_unit(&random);
        /* A lognormal with an atom at zero, a sentinel, and missing values. */
        values[i] = value_number(u < 0.2 ? 0 : u < 0.23 ? -999 : exp(2 * random_normal(&random)));
        if (random_below(&random, 40) == 0)
            values[i].kind = BUILDER_NULL;
    }
    struct baseline *baseline = build_values(values, N);
    const struct baseline_field *field = &baseline->fields[0];
    cr_expect_eq(field->type, FIELD_NUMBER);
    cr_expect_gt(field->cell_count, 100);
    cr_expect_float_eq(field->rank_error, 0, 0);
    expect_exact(field, values, N);
    struct cells cells = baseline_cells(field);
    cr_expect(cells_is_atom(&cells, cells_find(&cells, 0)), "zero has its own cell");
    cr_expect(cells_is_atom(&cells, cells_find(&cells, -999)), "so has the sentinel");
    for (uint32_t i = 1; i + 1 < field->cell_count; i++)
        cr_assert(cells_is_atom(&cells, i) || field->counts[i] < 2 * N / CELLS_DEFAULT);
    baseline_free(baseline);
    free(values);
}

Test(build, integers_get_a_cell_a_value)
{
    struct random random = random_new(82);
    enum { N = 5000 };
    struct builder_value *values = mem_new(N, sizeof *values);
    int64_t counts[24] = {0};
    for (int i = 0; i < N; i++) {
        uint32_t hour = random_below(&random, 24);
        counts[hour]++;
        values[i] = value_number(hour);
    }
    struct baseline *baseline = build_values(values, N);
    const struct baseline_field *field = &baseline->fields[0];
    struct cells cells = baseline_cells(field);
    cr_expect_eq(field->type, FIELD_INTEGER);
    for (uint32_t hour = 0; hour < 24; hour++)
        cr_expect_eq(field->counts[cells_find(&cells, hour)], counts[hour]);
    expect_exact(field, values, N);
    baseline_free(baseline);
    free(values);
}

Test(build, order_of_rows_does_not_matter)
{
    struct random random = random_new(83);
    enum { N = 3000 };
    struct builder_value *values = mem_new(N, sizeof *values);
    struct builder_value *shuffled = mem_new(N, sizeof *values);
    for (int i = 0; i < N; i++)
        values[i] = shuffled[i] = value_number(1e6 + random_normal(&random));
    for (uint32_t i = N - 1; i > 0; i--) {
        uint32_t k = random_below(&random, i + 1);
        struct builder_value swap = shuffled[i];
        shuffled[i] = shuffled[k];
        shuffled[k] = swap;
    }
    struct baseline *a = build_values(values, N), *b = build_values(shuffled, N);
    cr_expect_str_eq(a->hash, b->hash);
    baseline_free(a);
    baseline_free(b);
    free(values);
    free(shuffled);
}

Test(build, types_are_inferred)
{
    static const struct {
        const char *texts[4]; /* repeated */
        enum field_type type;
    } cases[] = {
        {{"1", "2", "3", "1"}, FIELD_INTEGER},
        {{"1.5", "2", "3", "1"}, FIELD_NUMBER},
        {{"true", "False", "true", "TRUE"}, FIELD_BOOLEAN},
        {{"a", "b", "a", "1"}, FIELD_CATEGORY},
        {{"1", "2", "x", "3"}, FIELD_CATEGORY},
        {{"0", "1", "0", "1"}, FIELD_INTEGER},
        {{"1.0", "2.00", "3e0", " 4 "}, FIELD_INTEGER},
        {{"", "", "", ""}, FIELD_CATEGORY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct builder_value values[40];
        for (int k = 0; k < 40; k++)
            values[k] = value_text(cases[i].texts[k % 4]);
        struct baseline *baseline = build_values(values, 40);
        cr_expect_eq(baseline->fields[0].type, cases[i].type, "case %zu", i);
        baseline_free(baseline);
    }
}

Test(build, more_than_128_integers_are_a_number)
{
    struct builder_value values[400];
    for (int i = 0; i < 400; i++)
        values[i] = value_number(i / 2);
    struct baseline *baseline = build_values(values, 256);
    cr_expect_eq(baseline->fields[0].type, FIELD_INTEGER);
    baseline_free(baseline);
    baseline = build_values(values, 400);
    cr_expect_eq(baseline->fields[0].type, FIELD_NUMBER);
    baseline_free(baseline);
}

Test(build, one_percent_of_texts_among_numbers_is_invalid)
{
    struct builder_value values[1000];
    for (int i = 0; i < 1000; i++)
        values[i] = i % 100 ? value_number(i * 0.5) : value_text("n/a");
    struct baseline *baseline = build_values(values, 1000);
    cr_expect_eq(baseline->fields[0].type, FIELD_NUMBER);
    cr_expect_eq(baseline->fields[0].invalid, 10);
    cr_expect_eq(baseline->fields[0].valid, 990);
    baseline_free(baseline);
    values[1] = value_text("n/a");
    baseline = build_values(values, 1000);
    cr_expect_eq(baseline->fields[0].type, FIELD_CATEGORY);
    baseline_free(baseline);
}

Test(build, constant_missing_and_single_rows)
{
    struct builder_value values[30];
    for (int i = 0; i < 30; i++)
        values[i] = value_number(0.1);
    struct baseline *baseline = build_values(values, 30);
    struct baseline_field *field = &baseline->fields[0];
    cr_expect_eq(field->cell_count, 3);
    cr_expect_eq(field->counts[1], 30);
    cr_expect_float_eq(field->sd, 0, 0);
    cr_expect_float_eq(field->mean, 0.1, 0);
    cr_expect_gt(field->unit, 0);
    baseline_free(baseline);
    baseline = build_values(values, 1);
    cr_expect_eq(baseline->rows, 1);
    cr_expect_eq(baseline->fields[0].counts[1], 1);
    baseline_free(baseline);
    static const enum builder_kind kinds[] = {BUILDER_ABSENT, BUILDER_NULL, BUILDER_NAN};
    for (int i = 0; i < 30; i++)
        values[i].kind = kinds[i % 3];
    baseline = build_values(values, 30);
    field = &baseline->fields[0];
    cr_expect_eq(field->missing, 30);
    cr_expect_eq(field->level_count, 0);
    cr_expect_eq(field->cell_count, 2);
    baseline_free(baseline);
    struct builder_field number = {
        .name = "x", .path = "/x", .has_type = true, .type = FIELD_NUMBER};
    struct input input = {
        .values = values, .count = 30, .spec = {.fields = &number, .field_count = 1}};
    baseline = build(&input, NULL);
    cr_assert(baseline);
    cr_expect_eq(baseline->fields[0].cell_count, 3);
    cr_expect_eq(baseline->fields[0].valid, 0);
    baseline_free(baseline);
}

Test(build, extreme_numbers)
{
    struct builder_value values[100];
    for (int i = 0; i < 100; i++)
        values[i] = value_number(i % 10 ? ldexp(i, i * 4) : i % 20 ? 1e200 : -1e149);
    values[7].kind = BUILDER_INFINITE;
    struct baseline *baseline = build_values(values, 100);
    cr_expect_eq(baseline->fields[0].invalid, 6);
    cr_expect(isfinite(baseline->fields[0].sd));
    baseline_free(baseline);
    for (int i = 0; i < 100; i++)
        values[i] = value_number(i * 4.9e-324);
    baseline = build_values(values, 100);
    cr_expect_eq(baseline->fields[0].valid, 100);
    baseline_free(baseline);
}

Test(build, categories_against_brute_force)
{
    static char texts[600][16];
    enum { N = 40000 };
    struct random random = random_new(84);
    struct builder_value *values = mem_new(N, sizeof *values);
    int64_t counts[600] = {0}, once = 0, twice = 0, distinct = 0, other = 0;
    for (int i = 0; i < 600; i++)
        snprintf(texts[i], sizeof texts[i], "level %d", i);
    for (int i = 0; i < N; i++) {
        double u = random_unit(&random);
        int level = (int)(600 * pow(u, 6));
        counts[level]++;
        values[i] = value_text(texts[level]);
    }
    struct baseline *baseline = build_values(values, N);
    const struct baseline_field *field = &baseline->fields[0];
    cr_expect_eq(field->type, FIELD_CATEGORY);
    cr_expect_eq(field->level_count, BASELINE_LEVELS_MAX);
    for (int i = 0; i < 600; i++) {
        once += counts[i] == 1;
        twice += counts[i] == 2;
        distinct += counts[i] > 0;
        bool is_level = false;
        for (uint32_t k = 0; k < field->level_count; k++) {
            if (strcmp(field->levels[k], texts[i]) == 0) {
                is_level = true;
                cr_assert_eq(field->counts[k], counts[i]);
            }
        }
        other += is_level ? 0 : counts[i];
        cr_assert(is_level || counts[i] == 0 || baseline_is_other(field, bytes_of(texts[i])));
        cr_assert(is_level || counts[i] <= field->counts[field->level_count - 1]);
    }
    cr_expect_eq(field->counts[field->level_count], other);
    cr_expect_eq(field->singletons, once);
    cr_expect_eq(field->doubletons, twice);
    cr_expect_eq(field->distinct, distinct);
    cr_expect(field->others_complete);
    cr_expect_not(baseline_is_other(field, bytes_of("never seen")));
    baseline_free(baseline);
    free(values);
}

Test(build, levels_need_five_rows)
{
    struct builder_value values[19];
    for (int i = 0; i < 19; i++)
        values[i] = value_text(i < 10 ? "ten" : i < 15 ? "five" : "four");
    struct baseline *baseline = build_values(values, 19);
    const struct baseline_field *field = &baseline->fields[0];
    cr_assert_eq(field->level_count, 2);
    cr_expect_str_eq(field->levels[1], "five");
    cr_expect_eq(field->counts[2], 4);
    cr_expect(baseline_is_other(field, bytes_of("four")));
    baseline_free(baseline);
}

Test(build, categories_beyond_the_ceiling)
{
    static char texts[20000][16];
    enum { N = 60000 };
    struct builder_value *values = mem_new(N, sizeof *values);
    for (int i = 0; i < 20000; i++)
        snprintf(texts[i], sizeof texts[i], "id%d", i);
    for (int i = 0; i < N; i++)
        values[i] = value_text(i % 3 ? texts[i % 7] : texts[i / 3]);
    struct input input = {.values = values, .count = N, .spec.texts_max = 1000};
    struct baseline *baseline = build(&input, NULL);
    cr_assert(baseline);
    const struct baseline_field *field = &baseline->fields[0];
    cr_assert_geq(field->level_count, 7);
    int64_t total = 0;
    for (int k = 0; k < 7; k++)
        total += field->counts[k];
    cr_expect_eq(total, 40000 + 7, "the frequent ones are counted exactly");
    cr_expect_not(field->others_complete);
    cr_expect_float_eq((double)field->distinct, 20000, 1000);
    cr_expect(baseline_is_other(field, bytes_of("anything")));
    baseline_free(baseline);
    free(values);
}

/* The first pass undercounts "early"; the exact counts of the second decide the order, and the
 * segments must follow (the builder checks its own sums). */
Test(build, approximate_levels_are_sorted_by_their_exact_counts)
{
    static char texts[100000][12];
    static const struct builder_field fields[2] = {{.name = "id", .path = "/id"},
                                                   {.name = "s", .path = "/s"}};
    enum { EARLY = 3000, LATE = 2900, RARE = 100000, N = EARLY + RARE + LATE };
    struct builder_value *values = mem_new(2 * N, sizeof *values);
    for (int i = 0; i < N; i++) {
        const char *text = i < EARLY ? "early" : "late";
        if (i >= EARLY && i < EARLY + RARE) {
            snprintf(texts[i - EARLY], sizeof *texts, "r%d", i);
            text = texts[i - EARLY];
        }
        values[2 * i] = value_text(text);
        values[2 * i + 1] = value_text(i % 3 ? "a" : "b");
    }
    struct input input = {.values = values,
                          .count = N,
                          .spec = {.fields = fields,
                                   .field_count = 2,
                                   .segments = {"s"},
                                   .segment_count = 1,
                                   .texts_max = 1024}};
    struct err err = {0};
    struct baseline *baseline = build(&input, &err);
    cr_assert(baseline, "%s %s", err.place, err.text);
    const struct baseline_field *field = &baseline->fields[0];
    cr_assert_geq(field->level_count, 2);
    cr_expect_str_eq(field->levels[0], "early");
    cr_expect_eq(field->counts[0], EARLY);
    cr_expect_str_eq(field->levels[1], "late");
    cr_expect_eq(field->counts[1], LATE);
    baseline_free(baseline);
    free(values);
}

Test(build, sketched_cells_hold_equal_mass)
{
    struct random random = random_new(85);
    enum { N = 200000 };
    struct builder_value *values = mem_new(N, sizeof *values);
    for (int i = 0; i < N; i++)
        values[i] = value_number(random_normal(&random));
    struct input input = {.values = values, .count = N, .spec.numbers_max = 5000};
    struct baseline *baseline = build(&input, NULL);
    cr_assert(baseline);
    const struct baseline_field *field = &baseline->fields[0];
    cr_expect_gt(field->rank_error, 0);
    cr_expect_lt(field->rank_error, 0.003);
    for (uint32_t i = 1; i + 1 < field->cell_count; i++)
        cr_assert_leq(fabs((double)field->counts[i] / N - 1.0 / CELLS_DEFAULT),
                      2 * field->rank_error + 1e-4, "cell %u", i);
    expect_exact(field, values, N);
    baseline_free(baseline);
    free(values);
}

Test(build, segments_against_brute_force)
{
    enum { ROWS = 4000 };
    struct baseline *baseline = sample_baseline(86, ROWS);
    cr_assert(baseline);
    const struct baseline_segment *segment = &baseline->segments[0];
    const struct baseline_field *by = &baseline->fields[segment->field];
    const struct baseline_field *age = &baseline->fields[1];
    struct random random = {86};
    uint32_t map[CELLS_MAX];
    int64_t counts[8][BASELINE_COARSE_CELLS] = {{0}}, missing[8] = {0};
    baseline_coarse_map(age, map);
    struct cells cells = baseline_cells(age);
    for (int row = 0; row < ROWS; row++) {
        struct builder_value values[SAMPLE_FIELDS];
        struct event_time time;
        sample_row(&random, values, &time, row);
        uint32_t value = 0;
        while (value < by->level_count && strcmp(by->levels[value], values[2].text.data) != 0)
            value++;
        cr_assert_lt(value, 8);
        counts[value][map[cells_find(&cells, values[1].number)]]++;
        missing[value] += values[0].kind == BUILDER_NULL;
    }
    cr_expect_eq(segment->value_count, by->level_count);
    for (uint32_t v = 0; v <= segment->value_count; v++) {
        const int64_t *coarse =
            segment->coarse + (v * SAMPLE_FIELDS + 1) * (size_t)BASELINE_COARSE_CELLS;
        for (uint32_t i = 0; i < BASELINE_COARSE_CELLS; i++)
            cr_assert_eq(coarse[i], counts[v][i]);
        cr_expect_eq(segment->missing[v * SAMPLE_FIELDS], missing[v]);
    }
    baseline_free(baseline);
}

Test(build, second_pass_must_see_the_same_rows)
{
    struct builder_field field = {.name = "x", .path = "/x"};
    struct builder_spec spec = {.fields = &field, .field_count = 1};
    for (int how = 0; how < 3; how++) {
        struct baseline_builder *builder = baseline_builder_new(&spec, NULL);
        struct builder_value value = value_number(1.5), large = value_number(9);
        struct err err = {0};
        baseline_builder_add(builder, &value, NULL);
        baseline_builder_add(builder, &value, NULL);
        if (how > 0) {
            cr_assert_eq(baseline_builder_cells(builder, NULL), 0);
            baseline_builder_add(builder, &value, NULL);
        }
        if (how == 2)
            baseline_builder_add(builder, &large, NULL);
        cr_expect_not(baseline_builder_finish(builder, NULL, &err));
        cr_expect_eq(err.code, ERR_INVALID);
        baseline_builder_free(builder);
    }
    baseline_builder_free(NULL);
}

Test(build, numbers_that_turn_into_texts_are_an_error)
{
    enum { N = 30000 };
    struct builder_value *values = mem_new(N, sizeof *values);
    struct err err = {0};
    for (int i = 0; i < N; i++)
        values[i] = i < 15000 ? value_number(i) : value_text("late");
    struct input input = {.values = values, .count = N};
    cr_expect_not(build(&input, &err));
    cr_expect(strstr(err.text, "50.0 %"), "%s", err.text);
    free(values);
}

Test(build, bad_specifications)
{
    struct builder_field x = {.name = "x", .path = "/x"};
    struct builder_field twice[2] = {x, x};
    struct builder_field no_pointer = {.name = "x", .path = "x"};
    struct builder_field no_name = {.name = "", .path = "/x"};
    struct builder_field number = {
        .name = "x", .path = "/x", .has_type = true, .type = FIELD_NUMBER};
    const struct builder_spec specs[] = {
        {0},
        {.fields = twice, .field_count = 2},
        {.fields = &no_pointer, .field_count = 1},
        {.fields = &no_name, .field_count = 1},
        {.fields = &x, .field_count = 1, .segments = {"y"}, .segment_count = 1},
        {.fields = &x, .field_count = 1, .segments = {"x", "x"}, .segment_count = 2},
        {.fields = &number, .field_count = 1, .segments = {"x"}, .segment_count = 1},
        {.fields = &x, .field_count = 1, .windows_ms = {5, 5}, .window_count = 2},
        {.fields = &x, .field_count = BASELINE_FIELDS_MAX + 1},
    };
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        struct err err = {0};
        cr_expect_not(baseline_builder_new(&specs[i], &err), "case %zu", i);
        cr_expect_neq(err.code, 0);
    }
}

Test(build, no_rows)
{
    struct builder_field field = {.name = "x", .path = "/x"};
    struct builder_spec spec = {.fields = &field, .field_count = 1};
    struct baseline_builder *builder = baseline_builder_new(&spec, NULL);
    cr_expect_eq(baseline_builder_cells(builder, NULL), ERR_INVALID);
    baseline_builder_free(builder);
}
