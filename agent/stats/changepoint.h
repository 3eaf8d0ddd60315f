/* When a field began to move: the most likely pane, and which others are as good.
 *
 * Model: the baseline and panes 0 .. tau-1 follow one law on the cells, panes tau .. T-1 another.
 * Both laws at their best for given tau, ln L(tau) = sum_i A_i ln(A_i / (n_A s_i)) + sum_i C_i
 * ln(C_i / (n_C s_i)), where A are the counts of baseline and panes before tau, C those from tau
 * on, s the pooled shares: half the G statistic of the split. The baseline enters as a sample, so
 * it may be small. Interval: every tau with 2 (ln L(best) - ln L(tau)) / phi <= c, c = -2 ln(1 -
 * sqrt(coverage)) (5.9, 7.4, 10.6 for 90, 95, 99 %): the likelihood-ratio limits for a change
 * point, B. Hansen, "Sample splitting and threshold estimation", Econometrica 68 (2000), theorem 2.
 *
 * Measured coverage of the 95 % interval (60 panes of 10 to 500 events, a move of 0.2 to 2 sd, 4 to
 * 28 cells, baselines of 500 rows and more, 300 runs each): 0.94 to 1.00 where 2 ln L(best) > 3
 * (cells - 1), 1.00 for sudden large moves (one pane wide); below that, where no test would have
 * fired, as low as 0.65. */
#ifndef LEEWAY_STATS_CHANGEPOINT_H
#define LEEWAY_STATS_CHANGEPOINT_H

#include <stdbool.h>
#include <stdint.h>

enum { CHANGEPOINT_CELLS_MAX = 64 };

struct changepoint {
    uint32_t index;     /* the first pane that has moved */
    uint32_t low, high; /* 0 <= low <= index <= high < panes; low 0: perhaps before all of them */
    double log_ratio;   /* ln L(index), over "nothing has moved"; >= 0 */
};

/* Finds the split. b: `cells` (2 to CHANGEPOINT_CELLS_MAX) baseline counts; c: `panes` rows of
 * `cells` counts, oldest first; all counts >= 0 (a negative one counts as 0), totals up to 2^60.
 * phi >= 1: design effect (NaN or less counts as 1); coverage in (0, 1), else 0.95 is taken. Panes
 * without events are between two answers: of equally likely splits the latest is the index, and low
 * and high span all. False, and nothing written, if there is nothing to compare: no rows in the
 * baseline, no events in the panes, or cells out of range. Assumes that the move has lasted to the
 * last pane. Cost: 2 panes * cells logarithms; no allocation. */
bool changepoint_find(const int64_t *b, uint32_t cells, const int64_t *c, uint32_t panes,
                      double phi, double coverage, struct changepoint *ret_change);

#endif
