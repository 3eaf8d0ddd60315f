/* Balls of laws around a baseline: {q : KL(p || q) <= radius}, the null of the e-detector, and the
 * law of such a ball that is nearest to one outside of it. statistics.md 3.4, Lemma 1. */
#ifndef LEEWAY_STATS_KLBALL_H
#define LEEWAY_STATS_KLBALL_H

#include <stdint.h>

enum { KLBALL_CELLS_MAX = 64 };

/* KL(p || q) = sum p ln(p / q), nats, of two laws on `count` cells (each sums to 1). >= 0; +inf if
 * q has nothing where p has something. Absolute error about 1e-16, relative error 1e-12 for laws
 * that are 1e-6 apart. */
double kl_divergence(const double *p, const double *q, uint32_t count);

/* Reverse information projection of r on the ball of `radius` (> 0) around p (all shares > 0): q =
 * (1 - w) r + w p with KL(p || q) = radius. For every q' of the ball sum q' r / q <= 1. Writes
 * `count` <= KLBALL_CELLS_MAX shares to `ret_q` and returns w = nu / (1 + nu), 0 <= w < 1, to about
 * 4 units in the last place; 0 with q = r if r lies in the ball. Costs about 10 divergences. r
 * may have empty cells; where the border is nearer to it than w = 1e-60, q stays inside of the ball
 * by that much. */
double klball_project(const double *p, const double *r, uint32_t count, double radius,
                      double *ret_q);

#endif
