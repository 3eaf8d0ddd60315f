/* Layout: where each field's counters stand in one flat array of counts.
 *
 * It follows from a baseline alone (field order, cells, levels, segments), so that any two agents
 * with the same baseline hash agree on it and can add each other's panes. */
#ifndef LEEWAY_WINDOW_LAYOUT_H
#define LEEWAY_WINDOW_LAYOUT_H

#include "baseline/baseline.h"

/* What a field was, apart from a value in a cell. The first FIELD_NOT_VALUE of them are exclusive:
 * every counted record adds one to exactly one cell or exactly one of these. The others are
 * violations counted beside. */
enum field_counter {
    COUNT_MISSING, /* the path was not there */
    COUNT_NULL,
    COUNT_WRONG_TYPE, /* also a number that cannot be parsed, an object, an array */
    COUNT_NAN,
    COUNT_INFINITE,                    /* also beyond the range of double */
    FIELD_NOT_VALUE,                   /* number of exclusive counters */
    COUNT_BELOW_MIN = FIELD_NOT_VALUE, /* below the configured minimum */
    COUNT_ABOVE_MAX,
    COUNT_NOT_ALLOWED, /* not in the configured set */
    FIELD_COUNTERS
};

const char *field_counter_name(enum field_counter counter); /* "missing", "null", "wrong_type", … */

struct field_layout {
    uint32_t cells;    /* first cell in counts.cells; baseline_field.cell_count of them */
    uint32_t counters; /* first of FIELD_COUNTERS counters in counts.cells; right after the cells,
                          so that an observation's cell indexes both */
    uint32_t sums;     /* first sum in counts.sums: cell_count cell sums, then sum, sum of squares;
                          numbers only */
    uint32_t extent;   /* index in counts.extents; numbers only */
    uint32_t cell_count;   /* as in the baseline */
    uint32_t number_cells; /* the same for numbers, which have sums and an extent; else 0 */
    bool is_number;
    double per_unit;   /* 1 / unit of the cell sums; always finite */
    double per_square; /* 1 / unit of the sum of squares: that is 2^20 unit^2, about 2^-20 sd^2 */
    double mean_reference; /* as in the baseline */
    double square_limit;   /* up to here in units of the sum of squares, the sum is within
                              FIXED_LIMIT as well; negative if that cannot be said */
    const double *edges;   /* numbers: the baseline's; else NULL */
    uint32_t *coarse; /* cell -> coarse cell, cell_count entries; then FIELD_NOT_VALUE entries that
                         say BASELINE_COARSE_CELLS, for records without a value */
    uint32_t coarse_count;
};

/* Where the sums of a number's cell are counted from: cells_origin. */
static inline double field_layout_origin(const struct field_layout *field, uint32_t cell)
{
    return field->edges[cell - (cell > 0)];
}

struct segment_layout {
    uint32_t field;       /* baseline field that holds the segment's value */
    uint32_t value_count; /* values + 1 for "other" */
    uint32_t rows;        /* first of value_count row counters in counts.cells */
    uint32_t cells; /* value_count x field_count x (BASELINE_COARSE_CELLS + 1): coarse cells, then
                       not-a-value */
};

struct layout {
    const struct baseline *baseline; /* borrowed; must outlive the layout */
    struct field_layout *fields;     /* baseline->field_count */
    struct segment_layout segments[BASELINE_SEGMENTS_MAX];
    uint32_t segment_count;
    uint32_t cell_total, sum_total, extent_total;
    uint64_t fingerprint; /* of the baseline's hash and of all that decides where a counter stands
                             and what it means; the same on every machine */
};

/* Never fails; cost: once over all cells. Free with layout_free, after all counts that use it. */
struct layout *layout_new(const struct baseline *baseline);
void layout_free(struct layout *layout); /* takes NULL */

/* Bytes that one struct counts of this layout takes. */
size_t layout_counts_bytes(const struct layout *layout);

#endif
