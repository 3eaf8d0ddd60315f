/* Distances between two histograms on the same cells, from counts. b: baseline, total m; c: live,
 * total n; `count` cells (>= 1). Natural logarithms unless said. Formulas, biases and variances:
 * docs/STATISTICS.md, statistics.md 1.3. With m = 0 or n = 0 every function returns NaN. */
#ifndef LEEWAY_STATS_DIVERGENCE_H
#define LEEWAY_STATS_DIVERGENCE_H

#include <stdint.h>

#include "stats/cells.h"

int64_t counts_total(const int64_t *counts, uint32_t count);

/* Sum (q-p) ln(q/p) with 1/2 added to each count (Jeffreys). [0, inf). Floor (count-1)/N. */
double divergence_psi(const int64_t *b, const int64_t *c, uint32_t count);

/* Compatibility: zero shares replaced by `floor` (1e-4), no renormalisation. */
double divergence_psi_floor(const int64_t *b, const int64_t *c, uint32_t count, double floor);

double divergence_kl(const int64_t *live, const int64_t *base,
                     uint32_t count); /* smoothed as PSI; KL(live || base) */
double divergence_js(const int64_t *b, const int64_t *c,
                     uint32_t count); /* divergence, nats, [0, ln 2]; plug-in */
double distance_js(const int64_t *b, const int64_t *c,
                   uint32_t count); /* sqrt(JS / ln 2), [0, 1] */
double distance_hellinger(const int64_t *b, const int64_t *c, uint32_t count); /* [0, 1] */
double distance_tv(const int64_t *b, const int64_t *c,
                   uint32_t count); /* total variation, [0, 1] */
double distance_linf(const int64_t *b, const int64_t *c, uint32_t count); /* [0, 1] */
double statistic_g(const int64_t *b, const int64_t *c,
                   uint32_t count); /* likelihood ratio, ~ chi2(count-1); counts to 1e12 */
double statistic_x2(const int64_t *b, const int64_t *c,
                    uint32_t count); /* Pearson, no correction */

/* Kolmogorov-Smirnov bounds of the raw data's D: *ret_low <= D <= *ret_high (statistics.md 2.2).
 * For half-open cells. Atoms are not told apart: *ret_high - *ret_low is at most the largest share
 * of a baseline cell. */
void distance_ks(const int64_t *b, const int64_t *c, uint32_t count, double *ret_low,
                 double *ret_high);

/* Wasserstein-1 in units of x from counts and per-cell sums (statistics.md 2.3). sum_b[i],
 * sum_c[i]: sum over the cell's values of x - cells_origin(i), in units of x. Lower bound (exact
 * unless the difference changes sign inside a cell) and upper bound; equal if no cell is crossed.
 * NaN or infinite if the edges span more than DBL_MAX. */
void distance_wasserstein(const struct cells *cells, const int64_t *b, const int64_t *c,
                          const double *sum_b, const double *sum_c, double *ret_low,
                          double *ret_high);

/* Expected W1 under no change: sqrt(2/pi) I / sqrt(N), I = integral of sqrt(F (1-F)) over the
 * baseline's cells, units of x. F is linear inside a cell, exponential in the outermost two. Over
 * what the raw values give, 128 cells, 200 samples of 20 000 each (median; 90 % range): normal 0.99
 * (0.99 to 1.00), exponential 1.00 (0.98 to 1.03), lognormal with log-sd 0.5 1.00 (0.98 to 1.05),
 * with log-sd 1.5 1.22 (1.00 to 1.74). Up to 25 % low for two or three distinct values. */
double wasserstein_floor(const struct cells *cells, const int64_t *b, double n_effective);

/* Cramer-von Mises and Anderson-Darling on cells: N sum (F-G)^2 h, and over H(1-H). F, G and H at a
 * cell's right edge, h its pooled share. */
double statistic_cvm(const int64_t *b, const int64_t *c, uint32_t count);
double statistic_ad(const int64_t *b, const int64_t *c, uint32_t count);

#endif
