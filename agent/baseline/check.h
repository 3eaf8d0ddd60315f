/* Whether the numbers of a baseline agree with each other. */
#ifndef LEEWAY_BASELINE_CHECK_H
#define LEEWAY_BASELINE_CHECK_H

#include "baseline/baseline.h"

/* Checks everything that the comments in baseline.h promise: names, limits, order of edges and
 * levels, finite numbers, sums of counts, segments against their fields. All arrays have their
 * stated lengths. 0, or ERR_INVALID with the JSON path in the place. */
int baseline_check(const struct baseline *baseline, struct err *reterr);

#endif
