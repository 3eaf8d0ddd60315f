/* Random records for the tests of this folder, and bitwise comparison of counts. */
#ifndef LEEWAY_TEST_WINDOW_RECORDS_H
#define LEEWAY_TEST_WINDOW_RECORDS_H

#include <math.h>

#include "support/make_baseline.h"
#include "support/random.h"
#include "window/counts.h"

enum { SAMPLE_FIELDS = 4 };

static inline double hostile_number(struct random *random)
{
    static const double numbers[] = {1e308,   -1e308, 5e-324, -5e-324, -0.0,  0.0,
                                     1.5e300, 1e18,   -1e18,  40,      157.6, 0x1p-1022};
    return numbers[random_below(random, sizeof numbers / sizeof numbers[0])];
}

/* What one record of the sample baseline might be: mostly values, some of everything else. */
static inline void random_record(struct random *random, const struct baseline *baseline,
                                 struct observation *ret)
{
    for (uint32_t i = 0; i < baseline->field_count; i++) {
        const struct baseline_field *field = &baseline->fields[i];
        struct observation *o = &ret[i];
        *o = (struct observation){0};
        if (random_below(random, 8) == 0) {
            o->cell = field->cell_count + random_below(random, FIELD_NOT_VALUE);
            continue;
        }
        if (random_below(random, 8) == 0)
            o->violations = random_below(random, 8) << FIELD_NOT_VALUE;
        if (field->type == FIELD_NUMBER || field->type == FIELD_INTEGER) {
            struct cells cells = baseline_cells(field);
            o->number = random_below(random, 20) == 0
                            ? hostile_number(random)
                            : field->mean + field->sd * random_normal(random);
            o->cell = cells_find(&cells, o->number);
        } else {
            o->cell = random_below(random, field->cell_count);
        }
    }
}

/* One block holds extents, cells and sums; heads are compared one by one. */
static inline bool counts_same(const struct counts *a, const struct counts *b)
{
    const struct layout *l = a->layout;
    return a->rows == b->rows && a->saturated == b->saturated &&
           a->unknown_fields == b->unknown_fields &&
           !memcmp(a->cells, b->cells, l->cell_total * sizeof *a->cells) &&
           !memcmp(a->sums, b->sums, l->sum_total * sizeof *a->sums) &&
           !memcmp(a->extents, b->extents, l->extent_total * sizeof *a->extents);
}

/* All but the extents, which subtraction leaves alone. */
static inline bool counts_zero(const struct counts *counts)
{
    const struct layout *l = counts->layout;
    int64_t any = counts->rows | counts->saturated | counts->unknown_fields;
    for (uint32_t i = 0; i < l->cell_total; i++)
        any |= counts->cells[i];
    for (uint32_t i = 0; i < l->sum_total; i++)
        any |= counts->sums[i];
    return any == 0;
}

#endif
