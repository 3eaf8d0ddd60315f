/* The family of alternatives.
 *
 * Directions are polynomial tilts (what smooth.h calls location, scale, skew, tails) and one-cell
 * gains and losses; along each the divergence from the baseline grows, so a distance is one root.
 * Distances are multiples of the null's radius: a grid of absolute sizes would leave small radii
 * without near alternatives and large ones with nothing but useless ones. Knows nothing of what
 * cells mean. */
#include "stats/alternatives.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>

#include "stats/klball.h"
#include "stats/root.h"
#include "stats/smooth.h"

static const double multiples[ALTERNATIVES_MULTIPLES] = {2.5, 6, 15, 40};
static const double tilt_max = 6, gain_max = 0.999, loss_max = 0.999999, share_max = 0.999;

struct direction {
    struct alternative what;
    const double *p;
    const double *polynomial; /* of a tilt */
    uint32_t count;
    double t_max;
};

/* p exp(t polynomial), over the exponential of `ret_most`; returns their sum. */
static double tilt_weights(const struct direction *direction, double t, double *ret_weights,
                           double *ret_most)
{
    double most = -HUGE_VAL, sum = 0;
    for (uint32_t i = 0; i < direction->count; i++) {
        ret_weights[i] = direction->what.sign * t * direction->polynomial[i];
        most = fmax(most, ret_weights[i]);
    }
    for (uint32_t i = 0; i < direction->count; i++) {
        ret_weights[i] = direction->p[i] * exp(ret_weights[i] - most);
        sum += ret_weights[i];
    }
    *ret_most = most;
    return sum;
}

static void tilt_at(const struct direction *direction, double t, double *ret_shares)
{
    double most, sum = tilt_weights(direction, t, ret_shares, &most);
    for (uint32_t i = 0; i < direction->count; i++)
        ret_shares[i] /= sum;
}

void alternative_log_ratios(enum alternative_kind kind, double p_cell, double t, double *ret_cell,
                            double *ret_others)
{
    bool is_gain = kind == ALTERNATIVE_GAIN;
    *ret_others = is_gain ? log1p(-t) : -log1p(-t * p_cell);
    *ret_cell = is_gain ? log1p(t * (1 - p_cell) / p_cell) : log1p(-t) + *ret_others;
}

static void direction_at(const struct direction *direction, double t, double *ret_shares)
{
    double in_cell, in_others;
    uint32_t cell = direction->what.which;
    if (direction->what.kind == ALTERNATIVE_TILT) {
        tilt_at(direction, t, ret_shares);
        return;
    }
    alternative_log_ratios(direction->what.kind, direction->p[cell], t, &in_cell, &in_others);
    double others = exp(in_others);
    for (uint32_t i = 0; i < direction->count; i++)
        ret_shares[i] = others * direction->p[i];
    ret_shares[cell] = exp(in_cell) * direction->p[cell];
}

/* KL(p || direction at t) without the shares: only two ratios to p occur in a gain or loss, and a
 * polynomial has mean 0, so of a tilt nothing but its normaliser is left. */
static double direction_distance(const struct direction *direction, double t)
{
    if (direction->what.kind == ALTERNATIVE_TILT) {
        double weights[ALTERNATIVES_CELLS_MAX], most;
        double sum = tilt_weights(direction, t, weights, &most);
        return log(sum) + most;
    }
    double p = direction->p[direction->what.which], in_cell, in_others;
    alternative_log_ratios(direction->what.kind, p, t, &in_cell, &in_others);
    return -p * in_cell - (1 - p) * in_others;
}

struct distance {
    const struct direction *direction;
    double wanted;
};

static double distance_excess(double t, const void *context)
{
    const struct distance *distance = context;
    return direction_distance(distance->direction, t) - distance->wanted;
}

double alternative_border(enum alternative_kind kind, double p_cell, double radius)
{
    struct direction direction = {.what = {.kind = kind}, .p = &p_cell, .count = 1};
    struct distance distance = {&direction, radius};
    return root_find(distance_excess, &distance, 0, kind == ALTERNATIVE_GAIN ? gain_max : loss_max);
}

/* Appends the alternatives along one direction; returns the new number. */
static uint32_t direction_add(struct direction *direction, double radius, uint32_t made,
                              struct alternative *ret_list, double *ret_shares)
{
    for (uint32_t k = 0; k < ALTERNATIVES_MULTIPLES; k++) {
        struct distance distance = {direction, multiples[k] * radius};
        if (!(distance_excess(direction->t_max, &distance) >= 0))
            continue;
        double t = root_find(distance_excess, &distance, 0, direction->t_max);
        double *shares = ret_shares + (size_t)made * direction->count;
        direction_at(direction, t, shares);
        /* A share that underflows jumps over every distance that is left. */
        double reached = kl_divergence(direction->p, shares, direction->count);
        if (!(fabs(reached - distance.wanted) <= distance.wanted * 1e-6))
            continue;
        direction->what.multiple = multiples[k];
        direction->what.t = t;
        ret_list[made++] = direction->what;
    }
    return made;
}

uint32_t alternatives_make(const int64_t *p_counts, const double *p, uint32_t count,
                           enum alternative_set set, double radius, struct alternative *ret_list,
                           double *ret_shares)
{
    if (count < 2 || count > ALTERNATIVES_CELLS_MAX)
        return 0;
    uint32_t made = 0;
    double basis[SMOOTH_MAX][SMOOTH_CELLS_MAX];
    bool is_nominal = set == ALTERNATIVES_NOMINAL;
    uint32_t tilts = is_nominal ? 0 : smooth_basis(p_counts, count, SMOOTH_MAX, basis);
    for (uint32_t j = 0; j < tilts; j++) {
        for (int sign = 1; sign >= -1; sign -= 2) {
            struct direction tilt = {.what = {.which = j, .sign = sign},
                                     .p = p,
                                     .polynomial = basis[j],
                                     .count = count,
                                     .t_max = tilt_max};
            made = direction_add(&tilt, radius, made, ret_list, ret_shares);
        }
    }
    for (uint32_t i = 0; i < count && set != ALTERNATIVES_TILTS; i++) {
        struct direction one = {.p = p, .count = count, .t_max = gain_max};
        one.what = (struct alternative){.kind = ALTERNATIVE_GAIN, .which = i, .sign = 1};
        made = direction_add(&one, radius, made, ret_list, ret_shares);
        one.what = (struct alternative){.kind = ALTERNATIVE_LOSS, .which = i, .sign = -1};
        one.t_max = loss_max;
        if (is_nominal && p[i] < share_max)
            made = direction_add(&one, radius, made, ret_list, ret_shares);
    }
    return made;
}

const char *alternative_name(const struct alternative *alternative, char *ret_name)
{
    static const char *const tilts[SMOOTH_MAX] = {"location", "scale", "skew", "tails"};
    if (alternative->kind == ALTERNATIVE_TILT)
        snprintf(ret_name, ALTERNATIVE_NAME_BYTES, "%s %s", tilts[alternative->which % SMOOTH_MAX],
                 alternative->sign > 0 ? "up" : "down");
    else if (alternative->kind == ALTERNATIVE_RATE)
        snprintf(ret_name, ALTERNATIVE_NAME_BYTES, "cell %u %s often", alternative->which,
                 alternative->sign > 0 ? "more" : "less");
    else
        snprintf(ret_name, ALTERNATIVE_NAME_BYTES, "cell %u %s", alternative->which,
                 alternative->kind == ALTERNATIVE_GAIN ? "gains" : "loses");
    return ret_name;
}
