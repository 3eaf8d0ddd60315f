/* The values of a numeric field in the first pass: every distinct one with its weight while there
 * are few enough, from then on a sketch. Also their moments, minimum, maximum and whether all are
 * integers. */
#ifndef LEEWAY_BASELINE_NUMBERS_H
#define LEEWAY_BASELINE_NUMBERS_H

#include <stddef.h>

#include "stats/cells.h"

struct numbers;

/* Beyond `distinct_max` (>= 2) distinct values a sketch takes over. */
struct numbers *numbers_new(size_t distinct_max);
void numbers_free(struct numbers *numbers); /* takes NULL */

/* Adds a finite value, |value| <= BASELINE_NUMBER_MAX. Negative zero is zero. */
void numbers_add(struct numbers *numbers, double value);

struct numbers_summary {
    int64_t rows;
    double minimum, maximum, mean, sd; /* sd divides by rows; all 0 without rows */
    bool integral;                     /* every value is an integer below 2^53 */
    double rank_error;                 /* 0: the values are exact */
};

/* The values so far, ascending, distinct, minimum and maximum among them; caller frees. With exact
 * values the moments do not depend on the order in which they came. */
struct weighted_value *numbers_values(struct numbers *numbers, size_t *ret_size,
                                      struct numbers_summary *ret_summary);

/* Sorts ascending; no NaN. */
void doubles_sort(double *values, size_t size);

/* Sorts ascending by value and adds the weights of equal values; returns the new size. */
size_t weighted_merge(struct weighted_value *values, size_t size);

#endif
