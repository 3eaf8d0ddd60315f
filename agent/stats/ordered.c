/* Distances that use the order of cells on the line: Kolmogorov-Smirnov, Wasserstein, Cramer-von
 * Mises, Anderson-Darling.
 *
 * F is the baseline's share below an edge, G the live one's. Inside a cell nothing is known but the
 * counts and the sums of x - origin, so raw-data values are given as bounds. Integrals over a cell
 * follow from its sum: over [a, e) of F it is (e - a) F(a) + (e - a) b / m - S / m. Assumes
 * half-open cells and counts >= 0. */
#include "stats/divergence.h"

#include <math.h>
#include <stdbool.h>

#include "stats/pmf.h"

/* The walk from cell to cell. `before` and `after` are cumulative counts at the cell's edges. */
struct walk {
    double m, n;
    double b_before, c_before, b_after, c_after;
};

static bool walk_start(struct walk *walk, const int64_t *b, const int64_t *c, uint32_t count)
{
    *walk = (struct walk){.m = (double)counts_total(b, count), .n = (double)counts_total(c, count)};
    return walk->m > 0 && walk->n > 0;
}

static void walk_step(struct walk *walk, int64_t b, int64_t c)
{
    walk->b_before = walk->b_after;
    walk->c_before = walk->c_after;
    walk->b_after += (double)b;
    walk->c_after += (double)c;
}

/* b / m - c / n for cumulative counts; exactly 0 where it is 0. */
static double walk_gap(const struct walk *walk, double b, double c)
{
    return difference_of_products(b, walk->n, c, walk->m) / (walk->m * walk->n);
}

void distance_ks(const int64_t *b, const int64_t *c, uint32_t count, double *ret_low,
                 double *ret_high)
{
    struct walk walk;
    *ret_low = *ret_high = (double)NAN;
    if (!walk_start(&walk, b, c, count))
        return;
    double low = 0, high = 0;
    for (uint32_t i = 0; i < count; i++) {
        walk_step(&walk, b[i], c[i]);
        low = fmax(low, fabs(walk_gap(&walk, walk.b_after, walk.c_after)));
        high = fmax(high, fmax(walk_gap(&walk, walk.b_after, walk.c_before),
                               -walk_gap(&walk, walk.b_before, walk.c_after)));
    }
    *ret_low = low;
    *ret_high = fmax(low, high);
}

/* Integral of |F - G| over one cell: bounds. */
struct bounds {
    double low, high;
};

/* An open tail: x and y are the integrals of F and G (or of 1 - F and 1 - G), both >= 0. */
static struct bounds tail_area(double x, double y)
{
    return (struct bounds){fabs(x - y), fabs(x - y) + 2 * fmax(0, fmin(x, y))};
}

static struct bounds cell_area(const struct walk *walk, double width, double sum_b, double sum_c)
{
    double left = walk_gap(walk, walk->b_before, walk->c_before);
    double right = walk_gap(walk, walk->b_after, walk->c_after);
    double area = width * right - (sum_b / walk->m - sum_c / walk->n);
    double most = walk_gap(walk, walk->b_after, walk->c_before); /* of F - G inside the cell */
    double least = walk_gap(walk, walk->b_before, walk->c_after);
    /* No change of sign; or everything lies on the left edge and F - G is constant. */
    bool is_at_edge = !(fabs(sum_b) > 0) && !(fabs(sum_c) > 0);
    if (least >= 0 || most <= 0 || is_at_edge)
        return (struct bounds){fabs(area), fabs(area)};
    double masses =
        (walk->b_after - walk->b_before) / walk->m + (walk->c_after - walk->c_before) / walk->n;
    double cap = width * fmin(fmax(most, -least), (fabs(left) + fabs(right) + masses) / 2);
    return (struct bounds){fabs(area), fmax(fabs(area), cap)};
}

void distance_wasserstein(const struct cells *cells, const int64_t *b, const int64_t *c,
                          const double *sum_b, const double *sum_c, double *ret_low,
                          double *ret_high)
{
    struct walk walk;
    *ret_low = *ret_high = (double)NAN;
    if (!walk_start(&walk, b, c, cells->count))
        return;
    double low = 0, high = 0;
    uint32_t last = cells->count - 1;
    for (uint32_t i = 0; i <= last; i++) {
        walk_step(&walk, b[i], c[i]);
        struct bounds area;
        if (i == 0)
            area = tail_area(-sum_b[i] / walk.m, -sum_c[i] / walk.n);
        else if (i == last)
            area = tail_area(sum_b[i] / walk.m, sum_c[i] / walk.n);
        else
            area = cell_area(&walk, cells->edges[i] - cells->edges[i - 1], sum_b[i], sum_c[i]);
        low += area.low;
        high += area.high;
    }
    *ret_low = low;
    *ret_high = high;
}

/* The primitive of sqrt(f (1 - f)). */
static double root_primitive(double f)
{
    return ((2 * f - 1) * sqrt(f * (1 - f)) + asin(2 * f - 1) / 2) / 4;
}

/* The mean of sqrt(F (1 - F)) over a cell between shares `before` and `after`, with F linear. */
static double root_mean(double before, double after)
{
    double middle = (before + after) / 2;
    if (after - before > 1e-5)
        return (root_primitive(after) - root_primitive(before)) / (after - before);
    return sqrt(middle * (1 - middle));
}

/* The same for an outermost cell of `share`, which reaches to the most extreme of `count` values:
 * that far out an exponential tail is nearer the truth than a straight line. */
static double root_mean_outer(double share, double count)
{
    /* The largest of k exponential values lies near (ln k + Euler's constant) scales. */
    double scales = (log(count) + 0.5772156649) / 2;
    return sqrt(share) * -expm1(-scales) / scales;
}

double wasserstein_floor(const struct cells *cells, const int64_t *b, double n_effective)
{
    double m = (double)counts_total(b, cells->count);
    if (!(m > 0) || !(n_effective > 0))
        return (double)NAN;
    double integral = 0;
    double before = (double)b[0] / m;
    uint32_t last = cells->count - 2;
    for (uint32_t i = 1; i <= last; i++) {
        double share = (double)b[i] / m;
        double after = fmin(before + share, 1);
        double mean = root_mean(before, after);
        /* A heavier cell is no quantile cell but one value of few. */
        bool is_light = b[i] > 0 && share * cells->count < 2;
        if ((i == 1 || i == last) && is_light)
            mean = fmin(mean, root_mean_outer(share, (double)b[i]));
        integral += (cells->edges[i] - cells->edges[i - 1]) * mean;
        before = after;
    }
    return sqrt(2 / M_PI) * integral / sqrt(n_effective);
}

/* N times the sum of (F - G)^2 h over cells, h the pooled share; `is_weighted` divides by
 * H (1 - H). */
static double squared_gaps(const int64_t *b, const int64_t *c, uint32_t count, bool is_weighted)
{
    struct walk walk;
    if (!walk_start(&walk, b, c, count))
        return (double)NAN;
    double total = walk.m + walk.n;
    double sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        walk_step(&walk, b[i], c[i]);
        double gap = walk_gap(&walk, walk.b_after, walk.c_after);
        double share = (double)(b[i] + c[i]) / total;
        double below = (walk.b_after + walk.c_after) / total;
        double spread = is_weighted ? below * (1 - below) : 1;
        /* Where nothing or everything lies below, the gap is 0. */
        sum += spread > 0 ? gap * gap * share / spread : 0;
    }
    return walk.m * walk.n / total * sum;
}

double statistic_cvm(const int64_t *b, const int64_t *c, uint32_t count)
{
    return squared_gaps(b, c, count, false);
}

double statistic_ad(const int64_t *b, const int64_t *c, uint32_t count)
{
    return squared_gaps(b, c, count, true);
}
