/* Baselines by hand, for tests of what stands on a baseline and not of how one is made.
 *
 * Release with baseline_free. Needs nothing but base, so that every test program can hold it. */
#ifndef LEEWAY_SUPPORT_MAKE_BASELINE_H
#define LEEWAY_SUPPORT_MAKE_BASELINE_H

#include "baseline/baseline.h"

/* An empty one, "test", version 1. Then add fields, then seal. */
struct baseline *make_baseline(void);

/* Each adds a field at /features/NAME and returns its index.
 * Number or integer: cells, counts, sums and moments from `values` (finite, any order, count >= 1):
 * at most 64 cells of equal mass and two tails. */
uint32_t make_baseline_number(struct baseline *baseline, const char *name, enum field_type type,
                              const double *values, size_t count);

/* Levels by count descending, then by bytes. If `other` > 0 that many rows had other texts, of
 * which it is not known which. */
uint32_t make_baseline_category(struct baseline *baseline, const char *name,
                                const char *const *levels, const int64_t *counts,
                                uint32_t level_count, int64_t other);
uint32_t make_baseline_boolean(struct baseline *baseline, const char *name, int64_t falses,
                               int64_t trues);

/* Makes the field a segment of its first `value_count` levels. Rows by value are the field's
 * counts; every other field's rows stand in coarse cell 0. After all fields. */
void make_baseline_segment(struct baseline *baseline, uint32_t field, uint32_t value_count);

/* Sets rows (the largest of any field) and a hash that depends on names, cells and counts. */
void make_baseline_seal(struct baseline *baseline);

/* A sealed one of 10,000 rows: 0 "amount" (number, mean 100, sd 20), 1 "age" (integer, 18 to 80),
 * 2 "channel" (category: web, ios, android, partner; none other), 3 "vip" (boolean), segmented by
 * the first three channels. */
struct baseline *make_baseline_sample(void);

#endif
