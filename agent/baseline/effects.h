/* Design effects: how much more the baseline's own consecutive windows differ from each other than
 * independent events would (statistics.md 3.5).
 *
 * For each window length the second pass fills one row of coarse counts a window and field. At most
 * 512 windows of a length are kept (fewer with very many fields); beyond that every second, third,
 * … one, which says the same about their spread. */
#ifndef LEEWAY_BASELINE_EFFECTS_H
#define LEEWAY_BASELINE_EFFECTS_H

#include "baseline/baseline.h"

enum {
    EFFECT_WINDOWS_MIN = 10, /* fewer say nothing */
    EFFECT_ROWS_MIN = 50,    /* a window with fewer rows is passed over */
    EFFECT_MISSING = BASELINE_COARSE_CELLS,
    EFFECT_INVALID,
    EFFECT_CELLS
};

struct effects;

/* For event times in [first, last]. */
struct effects *effects_new(uint32_t field_count, const int64_t *windows_ms, uint32_t window_count,
                            struct event_time first, struct event_time last);
void effects_free(struct effects *effects); /* takes NULL */

/* Counts a row: cells[field] is its coarse cell, EFFECT_MISSING or EFFECT_INVALID. */
void effects_add(struct effects *effects, struct event_time time, const uint8_t *cells);

/* Estimates the design effects of one field, each window against all other rows. `totals` has
 * EFFECT_CELLS counts over all rows, `coarse_count` of them coarse cells; `is_number`: neighbouring
 * cells have neighbouring values. Fills field->effects. */
void effects_estimate(const struct effects *effects, uint32_t index, const int64_t *totals,
                      uint32_t coarse_count, bool is_number, struct baseline_field *field);

#endif
