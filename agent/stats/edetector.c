/* The state of an e-detector: one log R for each alternative.
 *
 * R itself would leave the range of double within a few panes of a real drift, so it is only ever
 * held and added as a logarithm; ln(1 + R) and the mixture subtract the largest first. Assumes a
 * table made from the baseline (edetector_table.c); refuses to know what the cells mean, how long
 * a pane is and what happens after an alarm. */
#include "stats/edetector.h"

#include <float.h>
#include <math.h>
#include <stddef.h>

#include "stats/special.h"

void edetector_restart(struct edetector *detector, const struct edetector_table *table)
{
    detector->count = table->count;
    for (uint32_t k = 0; k < ALTERNATIVES_MAX; k++)
        detector->log_r[k] = -HUGE_VAL;
}

double edetector_update(struct edetector *detector, const struct edetector_table *table,
                        const int64_t *c, double phi)
{
    double weight[ALTERNATIVES_CELLS_MAX];
    double divisor = phi >= 1 ? phi : 1;
    for (uint32_t i = 0; i < table->cells; i++)
        weight[i] = c[i] > 0 ? (double)c[i] / divisor : 0;
    for (uint32_t k = 0; k < table->count; k++) {
        const double *scores = table->scores + (size_t)k * table->cells;
        double sum = 0;
        for (uint32_t i = 0; i < table->cells; i++)
            sum += weight[i] * scores[i];
        detector->log_r[k] = log_add(0, detector->log_r[k]) + sum;
    }
    return edetector_log_mixture(detector);
}

double edetector_log_mixture(const struct edetector *detector)
{
    if (detector->count == 0)
        return -HUGE_VAL;
    double most = detector->log_r[edetector_leader(detector)];
    if (isinf(most))
        return most;
    double sum = 0;
    for (uint32_t k = 0; k < detector->count; k++)
        sum += exp(detector->log_r[k] - most);
    return most + log(sum / detector->count);
}

uint32_t edetector_leader(const struct edetector *detector)
{
    uint32_t leader = 0;
    for (uint32_t k = 1; k < detector->count; k++) {
        if (detector->log_r[k] > detector->log_r[leader])
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

void edetector_save(const struct edetector *detector, double *ret_values)
{
    for (uint32_t k = 0; k < detector->count; k++)
        ret_values[k] = fmax(detector->log_r[k], -DBL_MAX);
}

int edetector_load(struct edetector *detector, const struct edetector_table *table,
                   const double *values, uint32_t size, struct err *reterr)
{
    if (size != table->count)
        return err_set(reterr, ERR_INVALID, "e-detector state has %u values, its table %u", size,
                       table->count);
    for (uint32_t k = 0; k < size; k++) {
        if (isnan(values[k]) || values[k] > DBL_MAX)
            return err_set(reterr, ERR_INVALID, "value %u of an e-detector state is %g", k,
                           values[k]);
    }
    edetector_restart(detector, table);
    for (uint32_t k = 0; k < size; k++)
        detector->log_r[k] = values[k] > -DBL_MAX ? values[k] : -HUGE_VAL;
    return 0;
}
