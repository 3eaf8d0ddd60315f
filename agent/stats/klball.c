/* The ball of laws around a baseline.
 *
 * KL(p || .) is convex, so the ball is convex and the projection is unique; the Lagrangian puts it
 * on the line from r to p (statistics.md 3.4), along which the divergence falls. What remains is
 * one root. Sums are taken over p (u - ln(1 + u)) with u = q / p - 1, whose terms are positive:
 * p ln(p / q) would cancel to nothing for laws that are close. Assumes shares that sum to 1. */
#include "stats/klball.h"

#include <math.h>

#include "stats/pmf.h"
#include "stats/root.h"

/* p ln(p / q) + q - p >= 0, p > 0. */
static double excess(double p, double q)
{
    /* Near 0 it is q / p that has digits, near p the difference. */
    return q < p / 2 ? q - p - p * log(q / p) : -p * log1p_minus((q - p) / p);
}

double kl_divergence(const double *p, const double *q, uint32_t count)
{
    double sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (p[i] > 0 && !(q[i] > 0))
            return HUGE_VAL;
        sum += p[i] > 0 ? excess(p[i], q[i]) : q[i];
    }
    return fmax(sum, 0);
}

struct line {
    const double *p, *r;
    uint32_t count;
    double radius;
};

static void line_at(const struct line *line, double w, double *ret_q)
{
    for (uint32_t i = 0; i < line->count; i++)
        ret_q[i] = (1 - w) * line->r[i] + w * line->p[i];
}

static double line_excess(double w, const void *context)
{
    const struct line *line = context;
    double q[KLBALL_CELLS_MAX];
    line_at(line, w, q);
    return kl_divergence(line->p, q, line->count) - line->radius;
}

double klball_project(const double *p, const double *r, uint32_t count, double radius,
                      double *ret_q)
{
    struct line line = {p, r, count, radius};
    double w = line_excess(0, &line) > 0 ? root_find(line_excess, &line, 0, 1) : 0;
    line_at(&line, w, ret_q);
    return w;
}
