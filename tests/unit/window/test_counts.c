/* Counting: what one record adds, and that no order, split or merge shows in the bits. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "unit/window/records.h"

enum { RECORDS = 2000 };

static struct baseline *baseline;
static struct layout *layout;
static struct counts *counts;

static void set_up(void)
{
    baseline = make_baseline_sample();
    layout = layout_new(baseline);
    counts = counts_new(layout);
}

static void tear_down(void)
{
    counts_free(counts);
    layout_free(layout);
    baseline_free(baseline);
}

TestSuite(counts, .init = set_up, .fini = tear_down);

/* A record whose fields are all missing but the one given. */
static void record_of(struct observation *record, uint32_t field, struct observation o)
{
    for (uint32_t i = 0; i < SAMPLE_FIELDS; i++)
        record[i] = (struct observation){.cell = baseline->fields[i].cell_count + COUNT_MISSING};
    record[field] = o;
}

static void add_number(uint32_t field, double number)
{
    struct observation record[SAMPLE_FIELDS];
    struct cells cells = baseline_cells(&baseline->fields[field]);
    record_of(record, field, (struct observation){cells_find(&cells, number), 0, number});
    counts_add_record(counts, record, 0);
}

Test(counts, new_ones_are_empty)
{
    cr_assert(counts_zero(counts));
    for (uint32_t i = 0; i < layout->extent_total; i++)
        cr_assert(isinf(counts->extents[i].min) && isinf(counts->extents[i].max));
    counts_free(NULL);
}

Test(counts, one_number)
{
    const struct field_layout *f = &layout->fields[0];
    const struct baseline_field *field = &baseline->fields[0];
    struct cells cells = baseline_cells(field);
    double x = field->mean_reference + 1.5 * field->sd;
    uint32_t cell = cells_find(&cells, x);
    add_number(0, x);

    cr_assert_eq(counts->rows, 1);
    cr_assert_eq(counts_field_cells(counts, 0)[cell], 1);
    cr_assert_eq(counts_field_counter(counts, 0, COUNT_MISSING), 0);
    cr_assert_eq(counts_field_counter(counts, 1, COUNT_MISSING), 1);
    const int64_t *sums = counts->sums + f->sums;
    double square = ldexp(field->unit * field->unit, 20);
    cr_assert_eq(sums[cell], llrint((x - cells_origin(&cells, cell)) / field->unit));
    cr_assert_eq(sums[f->cell_count], llrint(1.5 * field->sd / field->unit));
    cr_assert_float_eq((double)sums[f->cell_count + 1] * square, 2.25 * field->sd * field->sd,
                       square);
    cr_assert_eq(counts->extents[0].min, x);
    cr_assert_eq(counts->extents[0].max, x);
    cr_assert_eq(counts->saturated, 0);
    cr_assert(counts->extents[1].min > counts->extents[1].max);
}

Test(counts, violations_and_unknown_fields)
{
    struct observation record[SAMPLE_FIELDS];
    record_of(record, 2, (struct observation){.cell = 5, .violations = 1u << COUNT_NOT_ALLOWED});
    counts_add_record(counts, record, 3);
    record_of(record, 0,
              (struct observation){0, 1u << COUNT_BELOW_MIN | 1u << COUNT_ABOVE_MAX, 1.0});
    counts_add_record(counts, record, 4);
    cr_assert_eq(counts->unknown_fields, 7);
    cr_assert_eq(counts_field_cells(counts, 2)[5], 1);
    cr_assert_eq(counts_field_counter(counts, 2, COUNT_NOT_ALLOWED), 1);
    cr_assert_eq(counts_field_counter(counts, 2, COUNT_BELOW_MIN), 0);
    cr_assert_eq(counts_field_counter(counts, 0, COUNT_BELOW_MIN), 1);
    cr_assert_eq(counts_field_counter(counts, 0, COUNT_ABOVE_MAX), 1);
    cr_assert_eq(counts_field_counter(counts, 0, COUNT_NOT_ALLOWED), 0);
}

Test(counts, segment_value_is_the_level_or_other)
{
    /* web, ios, android are segment values; partner, other, unseen and all that is no value not. */
    for (uint32_t cell = 0; cell < 6 + FIELD_NOT_VALUE; cell++) {
        struct observation record[SAMPLE_FIELDS];
        record_of(record, 2, (struct observation){.cell = cell});
        record[3].cell = 1;
        counts_clear(counts);
        counts_add_record(counts, record, 0);
        uint32_t value = cell < 3 ? cell : 3;
        for (uint32_t v = 0; v < 4; v++) {
            cr_assert_eq(counts->cells[layout->segments[0].rows + v], v == value);
            cr_assert_eq(counts_segment_cells(counts, 0, v, 3)[layout->fields[3].coarse[1]],
                         v == value);
            cr_assert_eq(counts_segment_cells(counts, 0, v, 0)[BASELINE_COARSE_CELLS], v == value);
        }
    }
}

static void check_ledger(void)
{
    for (uint32_t i = 0; i < SAMPLE_FIELDS; i++) {
        int64_t total = 0;
        for (uint32_t cell = 0; cell < layout->fields[i].cell_count + FIELD_NOT_VALUE; cell++)
            total += counts_field_cells(counts, i)[cell];
        cr_assert_eq(total, counts->rows);
    }
    int64_t rows = 0;
    for (uint32_t v = 0; v < layout->segments[0].value_count; v++) {
        int64_t in_value = counts->cells[layout->segments[0].rows + v];
        rows += in_value;
        for (uint32_t i = 0; i < SAMPLE_FIELDS; i++) {
            const int64_t *cells = counts_segment_cells(counts, 0, v, i);
            for (uint32_t cell = 0; cell <= BASELINE_COARSE_CELLS; cell++)
                in_value -= cells[cell];
            cr_assert_eq(in_value, 0);
            in_value = counts->cells[layout->segments[0].rows + v];
        }
    }
    cr_assert_eq(rows, counts->rows);
}

Test(counts, every_record_is_in_exactly_one_cell_of_each_field)
{
    struct random random = random_new(11);
    struct observation record[SAMPLE_FIELDS];
    for (int i = 0; i < RECORDS; i++) {
        random_record(&random, baseline, record);
        counts_add_record(counts, record, 0);
    }
    cr_assert_eq(counts->rows, RECORDS);
    check_ledger();
}

static struct observation *random_records(struct random *random)
{
    struct observation *records = mem_new(RECORDS * SAMPLE_FIELDS, sizeof *records);
    for (int i = 0; i < RECORDS; i++)
        random_record(random, baseline, records + i * SAMPLE_FIELDS);
    return records;
}

Test(counts, order_split_and_merge_do_not_show)
{
    enum { PARTS = 7 };
    struct random random = random_new(12);
    struct observation *records = random_records(&random);
    uint32_t order[RECORDS];
    for (uint32_t i = 0; i < RECORDS; i++) {
        order[i] = i;
        counts_add_record(counts, records + i * SAMPLE_FIELDS, i % 3);
    }
    cr_assert_gt(counts->saturated, 0);
    for (int round = 0; round < 5; round++) {
        struct counts *parts[PARTS], *merged = counts_new(layout);
        for (int p = 0; p < PARTS; p++)
            parts[p] = counts_new(layout);
        for (uint32_t i = RECORDS - 1; i > 0; i--) {
            uint32_t j = random_below(&random, i + 1), swap = order[i];
            order[i] = order[j];
            order[j] = swap;
        }
        for (uint32_t i = 0; i < RECORDS; i++)
            counts_add_record(parts[random_below(&random, PARTS)],
                              records + order[i] * SAMPLE_FIELDS, order[i] % 3);
        for (int p = 0; p < PARTS; p++)
            counts_add(merged, parts[(p + round) % PARTS], 1);
        cr_assert(counts_same(counts, merged));
        for (int p = PARTS - 1; p >= 0; p--) {
            counts_add(merged, parts[p], -1);
            counts_free(parts[p]);
        }
        cr_assert(counts_zero(merged));
        cr_assert(!memcmp(merged->extents, counts->extents,
                          layout->extent_total * sizeof *merged->extents));
        counts_free(merged);
    }
    free(records);
}

Test(counts, sums_give_the_mean)
{
    struct random random = random_new(13);
    const struct baseline_field *field = &baseline->fields[0];
    const struct field_layout *f = &layout->fields[0];
    long double sum = 0, squares = 0;
    for (int i = 0; i < RECORDS; i++) {
        double x = field->mean + field->sd * random_normal(&random);
        sum += x - field->mean_reference;
        squares += ((long double)x - field->mean_reference) * (x - field->mean_reference);
        add_number(0, x);
    }
    const int64_t *sums = counts->sums + f->sums + f->cell_count;
    double square = 1 / f->per_square;
    /* Each value is rounded once, to half a unit. */
    cr_assert_leq(fabsl(sums[0] * (long double)field->unit - sum), RECORDS * field->unit / 2);
    cr_assert_leq(fabsl(sums[1] * (long double)square - squares), RECORDS * square / 2 + 1e-9L);
}

Test(counts, hostile_values_are_clamped_and_said_so)
{
    static const double hostile[] = {1e308, -1e308, 1e300, -1e300, 1e18};
    for (unsigned i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        add_number(0, hostile[i]);
        cr_assert_eq(counts->saturated, i + 1);
    }
    const struct field_layout *f = &layout->fields[0];
    const int64_t *sums = counts->sums + f->sums;
    cr_assert_eq(sums[f->cell_count], FIXED_LIMIT);
    cr_assert_eq(sums[f->cell_count + 1], 5 * FIXED_LIMIT);
    cr_assert_eq(sums[f->cell_count - 1], 3 * FIXED_LIMIT);
    cr_assert_eq(sums[0], -2 * FIXED_LIMIT);
    cr_assert_eq(counts_field_cells(counts, 0)[0], 2);
    cr_assert_eq(counts_field_cells(counts, 0)[f->cell_count - 1], 3);
    cr_assert_eq(counts->extents[0].min, -1e308);
    cr_assert_eq(counts->extents[0].max, 1e308);
}

Test(counts, zero_has_no_sign)
{
    struct counts *other = counts_new(layout);
    add_number(0, 0.0);
    add_number(0, -0.0);
    cr_assert(!signbit(counts->extents[0].min) && !signbit(counts->extents[0].max));
    counts_add(other, counts, 1);
    counts_clear(counts);
    add_number(0, -0.0);
    add_number(0, 0.0);
    cr_assert(counts_same(counts, other));
    cr_assert_eq(counts->saturated, 0);
    counts_clear(counts);
    add_number(0, 5e-324);
    add_number(0, -5e-324);
    cr_assert_eq(counts->extents[0].min, -5e-324);
    cr_assert_eq(counts->extents[0].max, 5e-324);
    counts_free(other);
}

Test(counts, subtracting_leaves_extents_alone)
{
    struct counts *other = counts_new(layout);
    add_number(0, 100);
    counts_add(other, counts, -1);
    cr_assert(isinf(other->extents[0].min) && isinf(other->extents[0].max));
    cr_assert_eq(other->rows, -1);
    counts_free(other);
}

Test(counts, wrapped_sums_subtract_back_exactly)
{
    struct counts *doubled = counts_new(layout);
    add_number(0, 1e308);
    counts_add(doubled, counts, 1);
    /* 2^30 values at 2^42 units each are beyond 64 bits. */
    for (int i = 0; i < 30; i++)
        counts_add(doubled, doubled, 1);
    cr_assert_eq(doubled->rows, INT64_C(1) << 30);
    counts_clear(counts);
    counts_add(counts, doubled, 1);
    add_number(0, 101);
    counts_add(counts, doubled, -1);
    struct counts *alone = counts_new(layout);
    struct counts *kept = counts;
    counts = alone;
    add_number(0, 101);
    counts = kept;
    cr_assert(!memcmp(alone->sums, counts->sums, layout->sum_total * sizeof *counts->sums));
    cr_assert(!memcmp(alone->cells, counts->cells, layout->cell_total * sizeof *counts->cells));
    counts_free(alone);
    counts_free(doubled);
}

/* ---- against the definition, field by field ---- */

static void plain_add(int64_t *into, double difference, double per_unit, bool *clamped)
{
    double scaled = difference * per_unit, limit = (double)FIXED_LIMIT;
    bool inside = scaled >= -limit && scaled <= limit;
    int64_t number = inside ? llrint(scaled) : scaled > 0 ? FIXED_LIMIT : -FIXED_LIMIT;
    *into = (int64_t)((uint64_t)*into + (uint64_t)number);
    *clamped |= !inside;
}

static void plain_add_number(struct counts *into, uint32_t field, const struct observation *o)
{
    const struct field_layout *f = &layout->fields[field];
    struct cells cells = baseline_cells(&baseline->fields[field]);
    double from_mean = o->number - f->mean_reference;
    bool clamped = false;
    plain_add(&into->sums[f->sums + o->cell], o->number - cells_origin(&cells, o->cell),
              f->per_unit, &clamped);
    plain_add(&into->sums[f->sums + f->cell_count], from_mean, f->per_unit, &clamped);
    plain_add(&into->sums[f->sums + f->cell_count + 1], from_mean * from_mean, f->per_square,
              &clamped);
    into->saturated += clamped;
    struct extent *extent = &into->extents[f->extent];
    extent->min = fmin(extent->min, o->number) + 0.0;
    extent->max = fmax(extent->max, o->number) + 0.0;
}

static void plain_add_record(struct counts *into, const struct observation *record)
{
    const struct segment_layout *s = &layout->segments[0];
    uint32_t cell = record[s->field].cell;
    uint32_t value = cell < s->value_count - 1 ? cell : s->value_count - 1;
    into->rows++;
    into->unknown_fields += 2;
    into->cells[s->rows + value]++;
    for (uint32_t i = 0; i < SAMPLE_FIELDS; i++) {
        const struct observation *o = &record[i];
        const struct baseline_field *field = &baseline->fields[i];
        uint32_t coarse[CELLS_MAX], at = BASELINE_COARSE_CELLS;
        into->cells[layout->fields[i].cells + o->cell]++;
        for (uint32_t k = 0; k < FIELD_COUNTERS; k++)
            into->cells[layout->fields[i].counters + k] += o->violations >> k & 1;
        baseline_coarse_map(field, coarse);
        if (o->cell < field->cell_count)
            at = coarse[o->cell];
        into->cells[s->cells + (value * SAMPLE_FIELDS + i) * (BASELINE_COARSE_CELLS + 1) + at]++;
        if (layout->fields[i].is_number && o->cell < field->cell_count)
            plain_add_number(into, i, o);
    }
}

/* Also where a unit is so small or so large that its square is not a double. */
Test(counts, the_fast_way_gives_the_bits_of_the_plain_one)
{
    static const double units[] = {0, 0x1p-1074, 0x1p-600, 0x1p-520, 0x1p500, 0x1p600, 0x1p1023};
    struct random random = random_new(48);
    for (unsigned u = 0; u < sizeof units / sizeof units[0]; u++) {
        struct observation record[SAMPLE_FIELDS];
        if (units[u] > 0)
            baseline->fields[0].unit = units[u];
        counts_free(counts);
        layout_free(layout);
        layout = layout_new(baseline);
        counts = counts_new(layout);
        struct counts *plain = counts_new(layout);
        for (int i = 0; i < RECORDS; i++) {
            random_record(&random, baseline, record);
            counts_add_record(counts, record, 2);
            plain_add_record(plain, record);
        }
        cr_assert(counts_same(counts, plain), "unit %a", units[u]);
        counts_free(plain);
    }
}

/* Then the distance from the cell's edge is clamped and that from the mean is not. */
Test(counts, a_mean_far_from_the_cells)
{
    for (int side = -1; side <= 1; side += 2) {
        struct observation record[SAMPLE_FIELDS];
        struct cells cells = baseline_cells(&baseline->fields[0]);
        double far = side * 0x1p44 * baseline->fields[0].unit;
        baseline->fields[0].mean_reference = far;
        counts_free(counts);
        layout_free(layout);
        layout = layout_new(baseline);
        counts = counts_new(layout);
        struct counts *plain = counts_new(layout);
        for (int i = 0; i < 100; i++) {
            double number = far + i;
            record_of(record, 0, (struct observation){cells_find(&cells, number), 0, number});
            counts_add_record(counts, record, 2);
            plain_add_record(plain, record);
        }
        cr_assert(counts_same(counts, plain));
        cr_assert_eq(counts->saturated, 100);
        counts_free(plain);
    }
}

/* Halves of a unit go to the even one, and the limits themselves are not clamped. */
Test(counts, ties_and_limits_are_rounded_as_ever)
{
    const struct field_layout *f = &layout->fields[0];
    struct counts *plain = counts_new(layout);
    struct cells cells = baseline_cells(&baseline->fields[0]);
    for (int i = -2000; i <= 2000; i++) {
        struct observation record[SAMPLE_FIELDS];
        double steps[] = {i * 0.5 / f->per_unit, i * 0x1p31 / 1000 / f->per_unit,
                          ldexp(i < 0 ? -1 : 1, i % 64) / f->per_unit,
                          i * 0x1p42 / 2000 / f->per_unit};
        for (int k = 0; k < 4; k++) {
            double number = f->mean_reference + steps[k];
            record_of(record, 0, (struct observation){cells_find(&cells, number), 0, number});
            counts_add_record(counts, record, 2);
            plain_add_record(plain, record);
        }
    }
    cr_assert(counts_same(counts, plain));
    cr_assert_gt(counts->saturated, 0);
    cr_assert_lt(counts->saturated, counts->rows / 2);
    counts_free(plain);
}
