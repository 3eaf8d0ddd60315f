/* Counts: everything that is remembered of a pane or a window, and how one record adds to it.
 *
 * All are 64-bit integers (sums in fixed point, rounded once per value, saturation counted), so
 * adding is associative and subtracting exact: any split, order and merge gives the same bits.
 * Minimum and maximum merge but do not subtract. */
#ifndef LEEWAY_WINDOW_COUNTS_H
#define LEEWAY_WINDOW_COUNTS_H

#include "base/mem.h"
#include "window/layout.h"

struct extent {
    double min, max; /* +inf, -inf when empty */
};

struct counts {
    const struct layout *layout; /* borrowed */
    int64_t rows;                /* records counted */
    int64_t saturated;           /* values whose sums were clamped */
    int64_t unknown_fields;      /* keys that nobody maps, summed over records */
    int64_t *cells;              /* layout->cell_total */
    int64_t *sums;               /* layout->sum_total */
    struct extent *extents;      /* layout->extent_total */
};

/* What validate found out about one field of one record. */
struct observation {
    uint32_t cell;       /* cell index if it is a value, else cell_count + enum field_counter (<
                            FIELD_NOT_VALUE) */
    uint32_t violations; /* bit (1 << enum field_counter) for counters >= FIELD_NOT_VALUE */
    double number;       /* numbers: the value; else 0 */
};

struct counts *counts_new(const struct layout *layout);
void counts_free(struct counts *counts); /* takes NULL */
void counts_clear(struct counts *counts);

/* Adds one record: observations[field_count] as validate filled them. Segment values are taken from
 * the observations of the segment fields. No allocation. */
void counts_add_record(struct counts *counts, const struct observation *observations,
                       uint32_t unknown_fields);

/* into += sign * from; sign is +1 or -1. With -1 extents stay as they are. Same layout. */
void counts_add(struct counts *into, const struct counts *from, int sign);

/* A versioned, compact, endian-free encoding (zig-zag varints, runs of zeros), appended to `text`.
 * Never larger than about 10 bytes a counter. */
void counts_encode(const struct counts *counts, struct text *text);

/* into += sign * the encoded counts. ERR_INVALID for damaged bytes or another layout; `into` is
 * then unchanged. */
int counts_add_encoded(struct counts *into, struct bytes encoded, int sign, struct err *reterr);

/* Views. */
static inline const int64_t *counts_field_cells(const struct counts *counts, uint32_t field)
{
    return counts->cells + counts->layout->fields[field].cells;
}

static inline int64_t counts_field_counter(const struct counts *counts, uint32_t field,
                                           enum field_counter counter)
{
    return counts->cells[counts->layout->fields[field].counters + counter];
}

/* Segment marginals: coarse cells [0, coarse_count) and, at BASELINE_COARSE_CELLS, records without
 * a value. */
static inline const int64_t *counts_segment_cells(const struct counts *counts, uint32_t segment,
                                                  uint32_t value, uint32_t field)
{
    const struct segment_layout *s = &counts->layout->segments[segment];
    return counts->cells + s->cells +
           ((size_t)value * counts->layout->baseline->field_count + field) *
               (BASELINE_COARSE_CELLS + 1);
}

#endif
