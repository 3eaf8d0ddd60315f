/* One field while its baseline is made: what was seen of it in the first pass, and how a value
 * becomes a cell in the second. */
#ifndef LEEWAY_BASELINE_COLUMN_H
#define LEEWAY_BASELINE_COLUMN_H

#include "baseline/build.h"
#include "baseline/levels.h"
#include "baseline/numbers.h"

/* Cells beyond any cell of a field, for rows that have no value in it. */
enum { CELL_MISSING = 0x10000, CELL_INVALID = 0x10001 };

struct column {
    bool has_type, is_segment;
    struct baseline_field *field; /* what is being made; owned by the builder's baseline */
    /* First pass. */
    struct numbers *numbers;
    struct levels *levels; /* NULL: not needed (any more) */
    int64_t seen_numbers, seen_booleans, seen_texts;
    /* Between. */
    bool levels_exact;
    uint32_t *level_slots; /* hash table of level index + 1 */
    uint32_t slot_count;
    uint32_t *coarse; /* cell -> coarse cell for the design effects, from the first pass's counts */
    uint32_t coarse_count;
    double per_unit;
};

void column_init(struct column *column, const struct builder_field *spec, bool is_segment,
                 size_t numbers_max, uint32_t texts_max, struct baseline_field *field);
void column_release(struct column *column);

/* First pass. */
void column_observe(struct column *column, const struct builder_value *value);

/* Fixes type, cells and levels. ERR_INVALID as baseline_builder_cells. */
int column_resolve(struct column *column, struct err *reterr);

/* Second pass: counts the value and returns its cell, CELL_MISSING or CELL_INVALID. */
uint32_t column_count(struct column *column, const struct builder_value *value);

/* Sorts the levels by their exact counts; ret_order[old cell] is the new cell. */
void column_finish(struct column *column, uint32_t *ret_order);

#endif
