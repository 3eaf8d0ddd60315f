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
};

/* Immutable once made; shared by all states that follow it. */
struct edetector_table {
    uint32_t cells;
    uint32_t count;                        /* alternatives; may be 0: then nothing ever alarms */
    double baseline_radius;                /* r_m = chi2_isf(gamma, cells - 1) / (2 m) */
    double radius;                         /* (sqrt(delta) + sqrt(r_m))^2 */
    double shares[ALTERNATIVES_CELLS_MAX]; /* p */
    struct alternative *alternatives;      /* `count` */
    double *scores;                        /* s of alternative k at k * cells; <= ln(1 + nu) */
};

/* Makes the table for baseline counts b (1 to ALTERNATIVES_CELLS_MAX cells, 0 <= b <= 2^61, total m
 * >= 1). If a cell is empty, half a count is added to every cell, and the ball is around these
 * shares. One cell, or a baseline so small that no alternative lies outside of the ball, gives a
 * table with count 0. ERR_INVALID for anything else; `*ret_table` is then left alone. Free with
 * edetector_table_free. Cost: about 0.013 ms an alternative of 18 cells. */
int edetector_table_new(const int64_t *b, uint32_t cells, const struct edetector_spec *spec,
                        struct edetector_table **ret_table, struct err *reterr);
void edetector_table_free(struct edetector_table *table); /* takes NULL */

/* A value: may be copied, compared with itself, thrown away. */
struct edetector {
    uint32_t count;
    double log_r[ALTERNATIVES_MAX]; /* -inf: nothing seen since the start */
};

/* Nothing seen yet. Also after an alarm, and whenever another table takes over. */
void edetector_restart(struct edetector *detector, const struct edetector_table *table);

/* One pane: log R <- ln(1 + R) + sum c_i s_i / phi. c: `cells` counts of the table's cells (a
 * negative one counts as 0); phi >= 1 is the design effect, with which events may come in dependent
 * groups of phi (3.5; NaN or less counts as 1). An empty pane advances the run length like any
 * other. Returns ln M = ln mean R, never NaN: -inf only for a table without alternatives. Finite up
 * to counts of 9e18. `detector` must have been started with `table`. Cost: count * cells. */
double edetector_update(struct edetector *detector, const struct edetector_table *table,
                        const int64_t *c, double phi);

/* ln M of the state as it is; -inf after a restart. */
double edetector_log_mixture(const struct edetector *detector);

/* Which alternative carries most of M (the first of equals): index into table->alternatives;
 * alternative_name() names it. 0 if nothing was seen; not to be used if count is 0. */
uint32_t edetector_leader(const struct edetector *detector);

/* ln(F A): alarm when ln M reaches it, for `features` detectors together to alarm without cause on
 * average `alarms` times in `panes` panes (A = panes / alarms). All > 0, else +inf: no alarm. 30
 * features, 1-minute panes, once in 90 days: 15.2 (statistics.md 7.5). */
double edetector_threshold(double features, double panes, double alarms);

/* The state as `detector->count` finite numbers for storing (-DBL_MAX stands for -inf), and back,
 * bit by bit. Loading fails with ERR_INVALID, and leaves the state alone, for another number of
 * values than the table has alternatives, NaN or +inf. */
void edetector_save(const struct edetector *detector, double *ret_values);
int edetector_load(struct edetector *detector, const struct edetector_table *table,
                   const double *values, uint32_t size, struct err *reterr);

/* Evidence of all counts since deployment in one number: ln E(c) of the Dirichlet-multinomial
 * e-process against the table's null (universal inference, statistics.md 3.4). Numerator: mean over
 * kappa = 25, 100, 400, 1600 of the Dirichlet-multinomial likelihood around p; denominator: the
 * largest likelihood in the ball. The counts' order does not matter; E >= A has probability <= 1/A
 * under any one law of the null, at any time. For reports, not for alarms: it has no restarts. c
 * >= 0, a negative one counts as 0; 0 for no counts. Absolute error about 1e-15 n ln n. */
double edetector_log_universal(const struct edetector_table *table, const int64_t *c);

#endif
