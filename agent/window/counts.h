/* Counts: everything that is remembered of a pane or a window, and how one record adds to it.
 *
 * All are 64-bit integers (sums in fixed point, rounded once per value, saturation counted), so
 * adding is associative and subtracting exact: any split, order and merge gives the same bits.
 * Minimum and maximum merge but do not subtract.
 *
 * One value adds at most 2^42 units to a sum, which is 2^22 standard deviations (2^11 in the sum of
 * squares); what is beyond is clamped and counted in `saturated`. Sums wrap modulo 2^64, which
 * keeps them exact under subtraction; two million values at the clamp in one window are needed for
 * that, and the cells stay right even then. */
#ifndef LEEWAY_WINDOW_COUNTS_H
#define LEEWAY_WINDOW_COUNTS_H

#include "base/mem.h"
#include "window/layout.h"

struct extent {
    double min, max; /* +inf, -inf when empty; zero is always +0 */
};

struct counts {
    const struct layout *layout; /* borrowed */
    int64_t rows;                /* records counted */
    int64_t saturated;           /* values with at least one clamped sum */
    int64_t unknown_fields;      /* keys that nobody maps, summed over records */
    int64_t *cells;              /* layout->cell_total */
    int64_t *sums;               /* layout->sum_total */
    struct extent *extents;      /* layout->extent_total */
};

/* What validate found out about one field of one record. A cell out of range is the caller's error
 * and is not looked for: this is the hot path. */
struct observation {
    uint32_t cell;       /* cell index if it is a value, else cell_count + enum field_counter (<
                            FIELD_NOT_VALUE) */
    uint32_t violations; /* bit (1 << enum field_counter) for counters >= FIELD_NOT_VALUE */
    double number;       /* numbers: the value; else 0 */
};

struct counts *counts_new(const struct layout *layout);
void counts_free(struct counts *counts); /* takes NULL */
void counts_clear(struct counts *counts);
void counts_clear_extents(struct counts *counts); /* only these, before merging them again */

/* Adds one record: observations[field_count] as validate filled them. Segment values are taken from
 * the observations of the segment fields: the baseline level's index if the segment has it, else
 * "other". No allocation; cost: about one addition a field, four for numbers. */
void counts_add_record(struct counts *counts, const struct observation *observations,
                       uint32_t unknown_fields);

/* into += sign * from; sign is +1 or -1. With -1 extents stay as they are. Same layout. */
void counts_add(struct counts *into, const struct counts *from, int sign);

/* A versioned, compact, endian-free encoding (zig-zag varints, runs of zeros), appended to `text`.
 * Never larger than about 10 bytes a counter. It carries the layout's fingerprint and a checksum
 * against accidents (not against forgers). */
void counts_encode(const struct counts *counts, struct text *text);

/* into += sign * the encoded counts; with -1 extents stay as they are. ERR_INVALID for damaged
 * bytes or another layout; `into` is then unchanged. */
int counts_add_encoded(struct counts *into, struct bytes encoded, int sign, struct err *reterr);

/* Merges the extents of encoded counts into those of `into`, and nothing else. Same failures. */
int counts_merge_extents(struct counts *into, struct bytes encoded, struct err *reterr);

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
