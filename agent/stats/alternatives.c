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

static void tilt_at(const struct direction *direction, double t, double *ret_shares)
{
    double most = -HUGE_VAL, sum = 0;
    for (uint32_t i = 0; i < direction->count; i++) {
        double power = direction->what.sign * t * direction->polynomial[i];
        ret_shares[i] = log(direction->p[i]) + power;
        most = fmax(most, ret_shares[i]);
    }
    for (uint32_t i = 0; i < direction->count; i++)
        sum += ret_shares[i] = exp(ret_shares[i] - most);
    for (uint32_t i = 0; i < direction->count; i++)
        ret_shares[i] /= sum;
}

static void direction_at(const struct direction *direction, double t, double *ret_shares)
{
    const double *p = direction->p;
    uint32_t cell = direction->what.which;
    if (direction->what.kind == ALTERNATIVE_TILT) {
        tilt_at(direction, t, ret_shares);
        return;
    }
    bool is_gain = direction->what.kind == ALTERNATIVE_GAIN;
    double rest = is_gain ? 1 - t : 1 / (1 - t * p[cell]);
    for (uint32_t i = 0; i < direction->count; i++)
        ret_shares[i] = rest * p[i];
    ret_shares[cell] = is_gain ? ret_shares[cell] + t : (1 - t) * ret_shares[cell];
}

struct distance {
    const struct direction *direction;
    double wanted;
};

static double distance_excess(double t, const void *context)
{
    const struct distance *distance = context;
    const struct direction *direction = distance->direction;
    double shares[ALTERNATIVES_CELLS_MAX];
    direction_at(direction, t, shares);
    return kl_divergence(direction->p, shares, direction->count) - distance->wanted;
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
        /* A share that underflows jumps over every distance that is left. */
        if (!(fabs(distance_excess(t, &distance)) <= distance.wanted * 1e-6))
            continue;
        direction_at(direction, t, ret_shares + (size_t)made * direction->count);
        direction->what.multiple = multiples[k];
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
            struct direction tilt = {{ALTERNATIVE_TILT, j, sign, 0}, p, basis[j], count, tilt_max};
            made = direction_add(&tilt, radius, made, ret_list, ret_shares);
        }
    }
    for (uint32_t i = 0; i < count && set != ALTERNATIVES_TILTS; i++) {
        struct direction gain = {{ALTERNATIVE_GAIN, i, 1, 0}, p, NULL, count, gain_max};
        made = direction_add(&gain, radius, made, ret_list, ret_shares);
        struct direction loss = {{ALTERNATIVE_LOSS, i, -1, 0}, p, NULL, count, loss_max};
        if (is_nominal && p[i] < share_max)
            made = direction_add(&loss, radius, made, ret_list, ret_shares);
    }
    return made;
}

const char *alternative_name(const struct alternative *alternative, char *ret_name)
{
    static const char *const tilts[SMOOTH_MAX] = {"location", "scale", "skew", "tails"};
    if (alternative->kind == ALTERNATIVE_TILT)
        snprintf(ret_name, ALTERNATIVE_NAME_BYTES, "%s %s", tilts[alternative->which % SMOOTH_MAX],
                 alternative->sign > 0 ? "up" : "down");
    else
        snprintf(ret_name, ALTERNATIVE_NAME_BYTES, "cell %u %s", alternative->which,
                 alternative->kind == ALTERNATIVE_GAIN ? "gains" : "loses");
    return ret_name;
}
