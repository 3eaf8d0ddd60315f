/* Where counters stand: no gaps, no overlaps, nothing that depends on the machine. */
#include <criterion/criterion.h>

#include "unit/window/records.h"

static struct baseline *baseline;
static struct layout *layout;

static void set_up(void)
{
    baseline = make_baseline_sample();
    layout = layout_new(baseline);
}

static void tear_down(void)
{
    layout_free(layout);
    baseline_free(baseline);
}

TestSuite(layout, .init = set_up, .fini = tear_down);

Test(layout, fields_follow_each_other_without_gaps)
{
    uint32_t cells = 0, sums = 0, extents = 0;
    for (uint32_t i = 0; i < baseline->field_count; i++) {
        const struct field_layout *f = &layout->fields[i];
        cr_assert_eq(f->cells, cells);
        cr_assert_eq(f->cell_count, baseline->fields[i].cell_count);
        cr_assert_eq(f->counters, cells + f->cell_count);
        cells += f->cell_count + FIELD_COUNTERS;
        cr_assert_eq(f->is_number, i < 2);
        if (!f->is_number)
            continue;
        cr_assert_eq(f->sums, sums);
        cr_assert_eq(f->extent, extents++);
        sums += f->cell_count + 2;
    }
    cr_assert_eq(layout->segment_count, 1);
    cr_assert_eq(layout->segments[0].field, 2);
    cr_assert_eq(layout->segments[0].value_count, 4);
    cr_assert_eq(layout->segments[0].rows, cells);
    cr_assert_eq(layout->segments[0].cells, cells + 4);
    cr_assert_eq(layout->cell_total, cells + 4 + 4 * 4 * (BASELINE_COARSE_CELLS + 1));
    cr_assert_eq(layout->sum_total, sums);
    cr_assert_eq(layout->extent_total, extents);
}

Test(layout, origins_and_coarse_cells)
{
    for (uint32_t i = 0; i < baseline->field_count; i++) {
        const struct field_layout *f = &layout->fields[i];
        cr_assert(f->coarse_count >= 1 && f->coarse_count <= BASELINE_COARSE_CELLS);
        for (uint32_t cell = 0; cell < f->cell_count; cell++)
            cr_assert_lt(f->coarse[cell], f->coarse_count);
        for (uint32_t c = 0; c < FIELD_NOT_VALUE; c++)
            cr_assert_eq(f->coarse[f->cell_count + c], BASELINE_COARSE_CELLS);
        struct cells cells = baseline_cells(&baseline->fields[i]);
        for (uint32_t cell = 0; f->is_number && cell < f->cell_count; cell++)
            cr_assert_eq(field_layout_origin(f, cell), cells_origin(&cells, cell));
        cr_assert_eq(f->edges != NULL, f->is_number);
        cr_assert_eq(f->number_cells, f->is_number ? f->cell_count : 0);
    }
}

Test(layout, units_are_powers_of_two_and_finite)
{
    /* sd 20: unit 2^(4-20), squares 2^20 of its square. */
    cr_assert_eq(layout->fields[0].per_unit, 0x1p16);
    cr_assert_eq(layout->fields[0].per_square, 0x1p12);
    static const double units[] = {0x1p-1074, 0x1p-1022, 0x1p-600, 1, 0x1p600, 0x1p1023};
    for (unsigned i = 0; i < sizeof units / sizeof units[0]; i++) {
        baseline->fields[0].unit = units[i];
        struct layout *other = layout_new(baseline);
        cr_assert(isnormal(other->fields[0].per_unit), "unit %a", units[i]);
        cr_assert(isnormal(other->fields[0].per_square), "unit %a", units[i]);
        /* Only where the square of the unit is a double the one sum says something of the other. */
        bool squares = units[i] > 0x1p-500 && units[i] < 0x1p500;
        cr_assert_eq(other->fields[0].square_limit > 0, squares, "unit %a", units[i]);
        layout_free(other);
    }
}

Test(layout, fingerprint_tells_baselines_apart)
{
    struct layout *same = layout_new(baseline);
    cr_assert_eq(same->fingerprint, layout->fingerprint);
    layout_free(same);
    baseline->hash[63] ^= 1;
    struct layout *other = layout_new(baseline);
    cr_assert_neq(other->fingerprint, layout->fingerprint);
    layout_free(other);
    baseline->hash[63] ^= 1;

    /* A program that groups the cells otherwise must not add to the same segments. */
    baseline->fields[0].counts[5] += 4000;
    other = layout_new(baseline);
    cr_assert_neq(other->fingerprint, layout->fingerprint);
    layout_free(other);
}

Test(layout, counts_bytes)
{
    cr_assert_eq(layout_counts_bytes(layout), sizeof(struct counts) +
                                                  8 * (layout->cell_total + layout->sum_total) +
                                                  16 * layout->extent_total);
}

Test(layout, a_baseline_without_fields)
{
    struct baseline *empty = make_baseline();
    struct layout *none = layout_new(empty);
    cr_assert_eq(none->cell_total, 0);
    layout_free(none);
    layout_free(NULL);
    baseline_free(empty);
}

Test(layout, counters_have_names)
{
    static const char *const names[] = {"missing",  "null",      "wrong_type", "nan",
                                        "infinite", "below_min", "above_max",  "not_allowed"};
    for (int i = 0; i < FIELD_COUNTERS; i++)
        cr_assert_str_eq(field_counter_name((enum field_counter)i), names[i]);
}
