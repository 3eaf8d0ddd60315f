/* A quantile sketch with a worst-case bound and no randomness.
 *
 * Level h holds values that stand for 2^h rows each. A full level is sorted and every second value
 * goes up a level; which of each two alternates, so that errors tend to cancel (the scheme of Munro
 * and Paterson 1980, Manku, Rajagopalan and Lindsay 1998). One such step moves the rank of any
 * value by at most 2^h, and the sketch adds these up: sketch_rank_error is a bound for the data
 * that it saw, not an expectation. With 4096 values a level it is at most (1 + log2(rows / 4096)) /
 * 4096: 0.22 % at a million rows, 0.46 % at a thousand million. */
#ifndef LEEWAY_BASELINE_SKETCH_H
#define LEEWAY_BASELINE_SKETCH_H

#include <stddef.h>

#include "stats/cells.h"

enum { SKETCH_LEVEL_SIZE = 4096 };

struct sketch;
struct sketch *sketch_new(void);
void sketch_free(struct sketch *sketch); /* takes NULL */

/* Adds a finite value `weight` (>= 1) times. Cost: O(log size), amortised, per bit of the weight.
 */
void sketch_add(struct sketch *sketch, double value, int64_t weight);

/* The values with their weights, ascending, distinct; the weights add up to the rows added. Caller
 * frees. */
struct weighted_value *sketch_values(const struct sketch *sketch, size_t *ret_size);

/* No value's rank is wrong by more than this share of the rows. */
double sketch_rank_error(const struct sketch *sketch);

#endif
