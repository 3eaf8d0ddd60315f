/* P(Y > 0) = 1/(2 pi i) times the integral of exp(K(s)) / s along a vertical line with Re s > 0.
 *
 * On the line through the saddle point of K the integrand falls off like a normal density, so the
 * trapezoidal rule converges exponentially and all terms have one scale: the tail's size is a
 * factor exp(K(s0)) that never leaves its logarithm. Left of 0 the same integral is -P(Y < 0). The
 * step t = sinh(v) / sd also reaches the slow power-law decay of a small b. Refuses to know which
 * distribution it computes. See Daniels, "Tail probability approximations" (1987). */
#include "stats/contour.h"

#include <math.h>
#include <stdbool.h>

#include "stats/pmf.h"

enum { SADDLE_STEPS_MAX = 200, NODES_MAX = 1000 };
static const double node_step = 0.1;
static const double negligible_log = -44;

/* The terms of K linear in s, with those of the second variable; where that one is far from its
 * mean, without adding and subtracting b q s. There x is 0: see the table in contour.h. */
static double cumulant_linear(const struct gamma_sum *y, double s)
{
    double g = y->q * s;
    if (g > 1)
        return s * (y->a * y->p + y->lambda) - y->b * log1p(g);
    return s * y->mean - y->b * log1p_minus(g);
}

static double slope_linear(const struct gamma_sum *y, double s)
{
    double g = y->q * s;
    if (g > 1)
        return y->a * y->p + y->lambda - y->b * (y->q / (1 + g));
    return y->mean + y->b * y->q * (g / (1 + g));
}

static double cumulant(const struct gamma_sum *y, double s)
{
    double c = 1 - y->p * s;
    return cumulant_linear(y, s) - y->a * log1p_minus(-y->p * s) + y->lambda * y->p * s * s / c;
}

static double cumulant_slope(const struct gamma_sum *y, double s)
{
    double c = 1 - y->p * s;
    return slope_linear(y, s) + s * (y->a * y->p * y->p / c + y->lambda * y->p * (1 + c) / (c * c));
}

static double cumulant_curve(const struct gamma_sum *y, double s)
{
    double c = y->p / (1 - y->p * s);
    double d = y->q / (1 + y->q * s);
    return y->a * c * c + 2 * y->lambda * c * c * c / (y->p * y->p) + y->b * d * d;
}

/* Where the slope is 0, to a thousandth of the width of the peak there: any path nearby gives the
 * same integral. `low` and `high` have slopes of different sign or are singular and not touched. */
static double saddle_between(const struct gamma_sum *y, double low, double high, double start)
{
    double s = start;
    for (int step = 0; step < SADDLE_STEPS_MAX; step++) {
        double slope = cumulant_slope(y, s);
        double curve = cumulant_curve(y, s);
        if (fabs(slope) <= 1e-3 * sqrt(curve))
            break;
        if (slope < 0)
            low = s;
        else
            high = s;
        double newton = s - slope / curve;
        double next = newton > low && newton < high ? newton : low + (high - low) / 2;
        if (!(next > low && next < high))
            break;
        s = next;
    }
    return s;
}

static double saddle_above(const struct gamma_sum *y)
{
    double end = 1 / y->p;
    return saddle_between(y, 0, end, fmin(-y->mean / cumulant_curve(y, 0), end / 2));
}

static double saddle_below(const struct gamma_sum *y)
{
    double start = -y->mean / cumulant_curve(y, 0);
    if (y->b > 0) {
        double end = -1 / y->q;
        return saddle_between(y, end, 0, fmax(start, end / 2));
    }
    double end = start;
    while (cumulant_slope(y, end) > 0 && end > -1e300)
        end *= 4;
    return saddle_between(y, end, 0, start);
}

/* The path s0 + i t + bend t^2: the first terms of the path of steepest descent, so that the
 * integrand neither oscillates nor falls off slowly, whichever of the variables dominates. */
struct path {
    double s0, sd, slope, bend;
};

/* Through the saddle point. Within a standard deviation of the mean that would come too near to the
 * pole at 0; there the path goes one standard deviation to its right, whichever tail was wanted,
 * since neither is small. (To its left lies the branch point -1/q.) */
static struct path path_of(const struct gamma_sum *y)
{
    struct path path = {.s0 = y->mean > 0 ? saddle_below(y) : saddle_above(y)};
    path.sd = sqrt(cumulant_curve(y, path.s0));
    if (fabs(path.s0) * path.sd < 1)
        path.s0 = 1 / path.sd;
    path.slope = cumulant_slope(y, path.s0);
    double c = 1 - y->p * path.s0;
    double d = 1 + y->q * path.s0;
    double third = 2 * y->a * pow(y->p / c, 3) + 6 * y->lambda * y->p * y->p / pow(c, 4) -
                   2 * y->b * pow(y->q / d, 3);
    path.bend = third / (6 * cumulant_curve(y, path.s0));
    return path;
}

/* Re of exp(K(s) - K(s0)) / s ds / (i dt); *ret_log is the logarithm of the exponential's modulus.
 * The terms of K linear in s - s0 are gathered in `slope`, which is nearly 0. */
static double integrand(const struct gamma_sum *y, const struct path *path, double t,
                        double *ret_log)
{
    double c = 1 - y->p * path->s0;
    double d = 1 + y->q * path->s0;
    double shift = path->bend * t * t;
    double ur = y->p * shift / c, ui = y->p * t / c; /* 1 - p s = c (1 - u) */
    double gr = y->q * shift / d, gi = y->q * t / d; /* 1 + q s = d (1 + g) */
    double norm = (1 - ur) * (1 - ur) + ui * ui;
    /* u^2 / (1 - u), what is left of the lambda term */
    double sr = ur * ur - ui * ui, si = 2 * ur * ui;
    double lambda = y->lambda / (y->p * c * norm);
    *ret_log = path->slope * shift - y->a * (0.5 * log1p(ui * ui + ur * (ur - 2)) + ur) +
               lambda * (sr * (1 - ur) - si * ui) -
               y->b * (0.5 * log1p(gi * gi + gr * (gr + 2)) - gr);
    double angle = path->slope * t + y->a * (atan2(ui, 1 - ur) - ui) +
                   lambda * (sr * ui + si * (1 - ur)) - y->b * (atan2(gi, 1 + gr) - gi);
    double real = path->s0 + shift;
    double along = real - 2 * shift, across = t + 2 * path->bend * t * real;
    return exp(*ret_log) * (along * cos(angle) + across * sin(angle)) / (real * real + t * t);
}

/* ln P(Y > 0) or ln P(Y < 0), whichever is the easier; *ret_is_above tells. */
static double log_tail(const struct gamma_sum *y, bool *ret_is_above)
{
    struct path path = path_of(y);
    double size;
    double sum = integrand(y, &path, 0, &size) / 2;
    for (int node = 1; node < NODES_MAX; node++) {
        double v = node * node_step;
        sum += integrand(y, &path, sinh(v) / path.sd, &size) * cosh(v);
        if (size + v < negligible_log)
            break;
    }
    *ret_is_above = path.s0 > 0;
    double bound = cumulant(y, path.s0);
    /* exp(bound) is Chernoff's: rounding must not exceed it. */
    return fmin(0, bound + fmin(0, log(fabs(sum) * node_step / (M_PI * path.sd))));
}

double gamma_sum_log_above(const struct gamma_sum *sum)
{
    bool is_above;
    double log_p = log_tail(sum, &is_above);
    return is_above ? log_p : log_complement(log_p);
}

double gamma_sum_log_below(const struct gamma_sum *sum)
{
    bool is_above;
    double log_p = log_tail(sum, &is_above);
    return is_above ? log_complement(log_p) : log_p;
}
