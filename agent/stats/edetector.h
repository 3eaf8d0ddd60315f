/* The e-detector: an alarm that may be looked at after every pane, for ever, and keeps its average
 * run length. A mixture of Shiryaev-Roberts recursions on fixed score tables (statistics.md 3.4,
 * 3.5; e-detectors: Shin, Ramdas and Rinaldo 2024).
 *
 * Null: each event, given all before it, follows some law q on the cells with KL(p || q) <= radius,
 * where p is the baseline. For every alternative r the score s = ln r - ln q*, q* its projection on
 * the null, has E_q[exp s] <= 1; so R <- (1 + R) exp(sum c s) has E[R_t] <= t, and so has the mean
 * M of several: stopping at M >= A takes at least A panes on average, whatever the stopping rule.
 * Averages over fields keep it too: with threshold ln(F A) for each of F fields "any field alarms"
 * takes at least A panes, whatever the dependence between fields. */
#ifndef LEEWAY_STATS_EDETECTOR_H
#define LEEWAY_STATS_EDETECTOR_H

#include <stdint.h>

#include "base/err.h"
#include "stats/alternatives.h"

struct edetector_spec {
    enum alternative_set set;
    double delta; /* KL drift that is never an alarm, > 0: half the PSI of negligible drift */
    double gamma; /* risk that the baseline's own error is larger than granted, in (0, 1) */
    double phi;   /* design effect of the baseline's rows: they say as much as m / phi; 0 is 1 */
};

/* Immutable once made; shared by all states that follow it. */
struct edetector_table {
    uint32_t cells;
    uint32_t count;                        /* alternatives; may be 0: then nothing ever alarms */
    double baseline_radius;                /* r_m = phi chi2_isf(gamma, cells - 1) / (2 m) */
    double radius;                         /* (sqrt(delta) + sqrt(r_m))^2 */
    double shares[ALTERNATIVES_CELLS_MAX]; /* p */
    struct alternative *alternatives;      /* `count` */
    double *scores;                        /* s of alternative k at k * cells; <= ln(1 + nu) */
    double *by_cell;                       /* the same, of cell i at i * count */
};

/* Makes the table for baseline counts b (1 to ALTERNATIVES_CELLS_MAX cells, 0 <= b <= 2^61, total m
 * >= 1). If a cell is empty, half a count is added to every cell, and the ball is around these
 * shares. One cell, or a baseline so small that no alternative lies outside of the ball, gives a
 * table with count 0. ERR_INVALID for anything else; `*ret_table` is then left alone. Free with
 * edetector_table_free. Cost: bench/judge measures it. */
int edetector_table_new(const int64_t *b, uint32_t cells, const struct edetector_spec *spec,
                        struct edetector_table **ret_table, struct err *reterr);
void edetector_table_free(struct edetector_table *table);  /* takes NULL */
void edetector_table_index(struct edetector_table *table); /* by_cell from scores */

/* A rate that is watched beside the shape: how often an event in some cells is in one of them.
 * Null: each event, given all before it, is there with probability <= bound (sign +1; >= for -1).
 * The bet on another rate r, r / bound if it is and (1 - r) / (1 - bound) if not, then gains
 * nothing. */
struct edetector_rate {
    uint32_t cell;
    uint32_t among; /* bit (1 << cell) of every cell whose events are occasions, with `cell` */
    double bound;   /* in (0, 1) */
    int sign;
    double
        nearest; /* the nearest rate that is bet on, in (0, 1); ignored if it is not beyond bound */
};

/* Turns a table of a shape into one of `cells` (<= 32) cells of which shape_cell[i] says where cell
 * i belongs in the shape, UINT8_MAX: nowhere; then its events are none of the shape's. Rates get
 * EDETECTOR_RATE_BETS alternatives each, at the end. `shares` and `radius` stay those of the shape,
 * for edetector_log_universal such a table is not. ERR_INVALID, and nothing changed, if it would be
 * too large or a rate is out of range. */
enum { EDETECTOR_RATE_BETS = 5 };
int edetector_table_extend(struct edetector_table *table, uint32_t cells, const uint8_t *shape_cell,
                           const struct edetector_rate *rates, uint32_t rate_count,
                           struct err *reterr);

/* A value: may be copied, compared with itself, thrown away. R itself and not its logarithm: it is
 * started again long before it is large, and costs one exponential an update instead of three. */
struct edetector {
    uint32_t count;
    double fresh; /* how much of M began with the latest pane, 0 to 1: the weight of "the change
                     begins here" against all earlier beginnings */
    double r[ALTERNATIVES_MAX];
};

/* Nothing seen yet. Also after an alarm, and whenever another table takes over. */
void edetector_restart(struct edetector *detector, const struct edetector_table *table);

/* One pane: R <- (1 + R) exp(sum c_i s_i / phi). c: `cells` counts of the table's cells (a negative
 * one counts as 0); phi >= 1 is the design effect, with which events may come in dependent groups
 * of phi (3.5; NaN or less counts as 1). An empty pane advances the run length like any other.
 * Returns ln M = ln mean R, never NaN; -inf for a table without alternatives, or if every R is 0. R
 * ends at 1e290: it is lower then than it should be, which keeps the promise. `detector` must have
 * been started with `table`. Cost: count * cells, and `count` exponentials. */
double edetector_update(struct edetector *detector, const struct edetector_table *table,
                        const int64_t *c, double phi);

/* Rounds every R down to a float, and to 0 below 2^-24: a state that is written in 32 bits a number
 * and read again goes on exactly like one that was not. Lowers M, by less than one part in 8
 * million a pane; what was lost was less than one new beginning in 16 million. */
void edetector_round(struct edetector *detector);

/* ln M of the state as it is; -inf after a restart. */
double edetector_log_mixture(const struct edetector *detector);

/* Which alternative carries most of M (the first of equals): index into table->alternatives;
 * alternative_name() names it. 0 if nothing was seen; not to be used if count is 0. */
uint32_t edetector_leader(const struct edetector *detector);

/* ln(F A): alarm when ln M reaches it, for `features` detectors together to alarm without cause on
 * average `alarms` times in `panes` panes (A = panes / alarms). All > 0, else +inf: no alarm. 30
 * features, 1-minute panes, once in 90 days: 15.2 (statistics.md 7.5). */
double edetector_threshold(double features, double panes, double alarms);

/* Evidence of all counts since deployment in one number: ln E(c) of the Dirichlet-multinomial
 * e-process against the table's null (universal inference, statistics.md 3.4). Numerator: mean over
 * kappa = 25, 100, 400, 1600 of the Dirichlet-multinomial likelihood around p; denominator: the
 * largest likelihood in the ball. The counts' order does not matter; E >= A has probability <= 1/A
 * under any one law of the null, at any time. For reports, not for alarms: it has no restarts. c
 * >= 0, a negative one counts as 0; 0 for no counts. Absolute error about 1e-15 n ln n. */
double edetector_log_universal(const struct edetector_table *table, const int64_t *c);

#endif
