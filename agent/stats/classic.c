/* CUSUM, EWMA and Page-Hinkley: recursions of one or two numbers.
 *
 * Assume that whoever calls has standardised (CUSUM, EWMA) or scaled (Page-Hinkley) the values;
 * refuse to know what they are and what an alarm leads to. */
#include "stats/classic.h"

#include <math.h>

static const double value_max = 1e100;

static bool is_usable(double x)
{
    return fabs(x) <= value_max;
}

static enum change change_of(bool is_up, bool is_down)
{
    return is_up ? CHANGE_UP : is_down ? CHANGE_DOWN : CHANGE_NONE;
}

enum change cusum_update(struct cusum *cusum, const struct cusum_rule *rule, double x)
{
    if (!is_usable(x))
        return CHANGE_NONE;
    cusum->up = fmax(0, cusum->up + x - rule->k);
    cusum->down = rule->is_one_sided ? 0 : fmax(0, cusum->down - x - rule->k);
    enum change change = change_of(cusum->up > rule->h, cusum->down > rule->h);
    if (change != CHANGE_NONE)
        *cusum = (struct cusum){0};
    return change;
}

enum change ewma_update(struct ewma *ewma, const struct ewma_rule *rule, double x)
{
    if (!is_usable(x) || !(rule->lambda > 0 && rule->lambda <= 1))
        return CHANGE_NONE;
    ewma->z = rule->lambda * x + (1 - rule->lambda) * ewma->z;
    double limit = rule->limit * sqrt(rule->lambda / (2 - rule->lambda));
    enum change change = change_of(ewma->z > limit, ewma->z < -limit);
    if (change != CHANGE_NONE)
        *ewma = (struct ewma){0};
    return change;
}

enum change page_hinkley_update(struct page_hinkley *state, const struct page_hinkley_rule *rule,
                                double x)
{
    if (!is_usable(x))
        return CHANGE_NONE;
    bool is_first = state->count == 0;
    state->count++;
    state->mean += (x - state->mean) / (double)state->count;
    double deviation = x - state->mean;
    state->up = rule->alpha * state->up + deviation - rule->delta;
    state->down = rule->alpha * state->down + deviation + rule->delta;
    state->up_least = is_first ? state->up : fmin(state->up_least, state->up);
    state->down_most = is_first ? state->down : fmax(state->down_most, state->down);
    if (state->count < rule->least)
        return CHANGE_NONE;
    bool is_down = !rule->is_one_sided && state->down_most - state->down > rule->threshold;
    enum change change = change_of(state->up - state->up_least > rule->threshold, is_down);
    if (change != CHANGE_NONE)
        *state = (struct page_hinkley){0};
    return change;
}
