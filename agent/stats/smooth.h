/* Neyman's smooth test on cells: orthonormal polynomials in the mid-rank score, which name what
 * moved (1 location, 2 scale, 3 skew, 4 tails). statistics.md 1.5. */
#ifndef LEEWAY_STATS_SMOOTH_H
#define LEEWAY_STATS_SMOOTH_H

#include <stdint.h>

enum { SMOOTH_MAX = 4, SMOOTH_CELLS_MAX = 64 };

/* Basis for cell probabilities b / sum(b); basis[j][i], j < returned number (at most `wanted` <=
 * SMOOTH_MAX, fewer when there are too few cells with mass: k cells carry k - 1). 0 if count >
 * SMOOTH_CELLS_MAX. Cells without mass get the polynomial's value at their rank.
 * Deterministic sign: location rises with the cell index. */
uint32_t smooth_basis(const int64_t *b, uint32_t count, uint32_t wanted,
                      double (*ret_basis)[SMOOTH_CELLS_MAX]);

/* theta[j] = sum_i (q_i - p_i) basis[j][i]; z_j = sqrt(N) theta_j. NaN if either total is 0. */
void smooth_components(const int64_t *b, const int64_t *c, uint32_t count, uint32_t components,
                       const double (*basis)[SMOOTH_CELLS_MAX], double *ret_theta);

#endif
