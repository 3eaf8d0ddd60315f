/* Rates beside a shape: bets on one cell against some others, whose null is an interval.
 *
 * A ball in KL is blind to rare cells: a cell with a share near 0 may grow to the radius at no
 * cost. So missing values, tails and unseen levels are bets of their own. A bet that gains where
 * the cell is hit has its largest expectation at the null's upper end, where it is 1. Each bet of
 * shape or rate is fair under the null, and so is their mean. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "stats/edetector.h"

/* The farthest bet is on a rate of 80 %, or of an eightieth of the bound. */
static const double farthest_up = .8, farthest_down = 1. / 80;

static bool is_good(const struct edetector_rate *rate, uint32_t cells)
{
    return rate->cell < cells && (rate->among >> rate->cell & 1) && rate->bound > 0 &&
           rate->bound < 1 && (rate->sign == 1 || rate->sign == -1) && rate->nearest > 0 &&
           rate->nearest < 1;
}

static double odds(double rate)
{
    return log(rate) - log1p(-rate);
}

/* Evenly spaced on the logit scale. */
static double rate_of_bet(const struct edetector_rate *rate, uint32_t bet)
{
    double bound = odds(rate->bound), first = odds(rate->nearest);
    if (rate->sign > 0)
        first = fmax(first, bound + M_LN2 / 2);
    else
        first = fmin(first, bound - M_LN2 / 2);
    double last = rate->sign > 0 ? fmax(odds(farthest_up), first + M_LN2)
                                 : fmin(odds(rate->bound * farthest_down), first - M_LN2);
    double logit = first + (last - first) * bet / (EDETECTOR_RATE_BETS - 1.);
    return 1 / (1 + exp(-logit));
}

static void add_rate(struct edetector_table *table, const struct edetector_rate *rate)
{
    for (uint32_t bet = 0; bet < EDETECTOR_RATE_BETS; bet++) {
        double r = rate_of_bet(rate, bet), hit = log(r / rate->bound);
        double miss = log1p(-r) - log1p(-rate->bound);
        double *scores = table->scores + (size_t)table->count * table->cells;
        for (uint32_t i = 0; i < table->cells; i++)
            scores[i] = i == rate->cell ? hit : rate->among >> i & 1 ? miss : 0;
        table->alternatives[table->count++] = (struct alternative){.kind = ALTERNATIVE_RATE,
                                                                   .which = rate->cell,
                                                                   .sign = rate->sign,
                                                                   .multiple = r / rate->bound};
    }
}

/* The shape's scores on the new cells. */
static void spread_shape(struct edetector_table *table, uint32_t cells, const uint8_t *shape_cell,
                         double *ret_scores)
{
    for (uint32_t k = 0; k < table->count; k++) {
        const double *scores = table->scores + (size_t)k * table->cells;
        for (uint32_t i = 0; i < cells; i++)
            ret_scores[(size_t)k * cells + i] =
                shape_cell[i] == UINT8_MAX ? 0 : scores[shape_cell[i]];
    }
}

static int check_extension(const struct edetector_table *table, uint32_t cells,
                           const uint8_t *shape_cell, const struct edetector_rate *rates,
                           uint32_t rate_count, struct err *reterr)
{
    if (cells > 32 || table->count + (size_t)rate_count * EDETECTOR_RATE_BETS > ALTERNATIVES_MAX)
        return err_set(reterr, ERR_INVALID, "an e-detector cannot have %u cells and %u rates",
                       cells, rate_count);
    for (uint32_t i = 0; i < cells; i++)
        if (shape_cell[i] != UINT8_MAX && shape_cell[i] >= table->cells)
            return err_set(reterr, ERR_INVALID, "cell %u is no cell of the shape", i);
    for (uint32_t j = 0; j < rate_count; j++)
        if (!is_good(&rates[j], cells))
            return err_set(reterr, ERR_INVALID, "rate %u of an e-detector is out of range", j);
    return 0;
}

int edetector_table_extend(struct edetector_table *table, uint32_t cells, const uint8_t *shape_cell,
                           const struct edetector_rate *rates, uint32_t rate_count,
                           struct err *reterr)
{
    int code = check_extension(table, cells, shape_cell, rates, rate_count, reterr);
    if (code)
        return code;
    size_t most = table->count + (size_t)rate_count * EDETECTOR_RATE_BETS;
    double *scores = mem_new((most ? most : 1) * cells, sizeof *scores);
    spread_shape(table, cells, shape_cell, scores);
    free(table->scores);
    table->scores = scores;
    table->cells = cells;
    table->alternatives =
        mem_resize(table->alternatives, most ? most : 1, sizeof *table->alternatives);
    for (uint32_t j = 0; j < rate_count; j++)
        add_rate(table, &rates[j]);
    edetector_table_index(table);
    return 0;
}
