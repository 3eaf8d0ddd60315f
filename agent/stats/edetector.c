/* The state of an e-detector: one R for each alternative.
 *
 * R is kept as it is, between 0 and 1e290: after an alarm it is started again, so it is large for
 * one pane at most. Cutting it at either end only lowers it, and whatever lowers R keeps the
 * promise. Assumes a table made from the baseline (edetector_table.c); refuses to know what the
 * cells mean, how long a pane is and what happens after an alarm. */
#include "stats/edetector.h"

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

static const double r_max = 1e290;

/* exp of these: 1e-17, which is nothing beside 1, and 1e282. */
static const double log_min = -39, log_max = 650;

void edetector_restart(struct edetector *detector, const struct edetector_table *table)
{
    memset(detector, 0, sizeof *detector);
    detector->count = table->count;
    detector->fresh = 1;
}

/* sum_i c_i s_i / phi of every alternative; cell by cell, so that sums do not wait for each other.
 */
static void add_scores(const struct edetector_table *table, const int64_t *c, double phi,
                       double *ret_sums)
{
    memset(ret_sums, 0, table->count * sizeof *ret_sums);
    for (uint32_t i = 0; i < table->cells; i++) {
        if (c[i] <= 0)
            continue;
        const double *scores = table->by_cell + (size_t)i * table->count;
        double weight = (double)c[i] / phi;
        for (uint32_t k = 0; k < table->count; k++)
            ret_sums[k] += weight * scores[k];
    }
}

double edetector_update(struct edetector *detector, const struct edetector_table *table,
                        const int64_t *c, double phi)
{
    double sums[ALTERNATIVES_MAX], fresh = 0, all = 0;
    add_scores(table, c, phi >= 1 ? phi : 1, sums);
    for (uint32_t k = 0; k < table->count; k++) {
        double sum = sums[k] < log_max ? sums[k] : log_max;
        double bet = sum > log_min ? exp(sum) : 0;
        double r = (1 + detector->r[k]) * bet;
        detector->r[k] = r < r_max ? r : r_max;
        fresh += bet;
        all += detector->r[k];
    }
    detector->fresh = all > fresh ? fresh / all : 1;
    return edetector_log_mixture(detector);
}

void edetector_round(struct edetector *detector)
{
    /* Of 52 bits of a double's fraction a float has 23. */
    const uint64_t kept = ~(((uint64_t)1 << 29) - 1);
    for (uint32_t k = 0; k < detector->count; k++) {
        double r = detector->r[k] < (double)FLT_MAX ? detector->r[k] : (double)FLT_MAX;
        uint64_t bits;
        memcpy(&bits, &r, sizeof bits);
        bits &= kept;
        memcpy(&r, &bits, sizeof r);
        detector->r[k] = r < 0x1p-24 ? 0 : r;
    }
}

double edetector_log_mixture(const struct edetector *detector)
{
    double sum = 0;
    for (uint32_t k = 0; k < detector->count; k++)
        sum += detector->r[k];
    return sum > 0 ? log(sum / detector->count) : -HUGE_VAL;
}

uint32_t edetector_leader(const struct edetector *detector)
{
    uint32_t leader = 0;
    for (uint32_t k = 1; k < detector->count; k++) {
        if (detector->r[k] > detector->r[leader])
            leader = k;
    }
    return leader;
}

double edetector_threshold(double features, double panes, double alarms)
{
    if (!(features > 0 && panes > 0 && alarms > 0))
        return HUGE_VAL;
    return log(features) + log(panes) - log(alarms);
}
