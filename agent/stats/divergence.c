/* Divergences between two histograms, as if cells had no order.
 *
 * Each sum is written so that equal histograms give exactly 0 and nearly equal ones keep their
 * digits up to counts of 1e15: differences of shares come from integer products with one rounding,
 * and sums of signed terms are replaced by sums of deviances, which are never negative. Assumes
 * counts >= 0. Order on a line is ordered.c's business. */
#include "stats/divergence.h"

#include <math.h>
#include <stdbool.h>

#include "stats/pmf.h"

int64_t counts_total(const int64_t *counts, uint32_t count)
{
    int64_t total = 0;
    for (uint32_t i = 0; i < count; i++)
        total += counts[i];
    return total;
}

/* Two histograms with their totals; `added` goes to each count. */
struct pair {
    const int64_t *b, *c;
    double m, n;
    double added;
};

static bool pair_make(struct pair *pair, const int64_t *b, const int64_t *c, uint32_t count,
                      double added)
{
    int64_t m = counts_total(b, count);
    int64_t n = counts_total(c, count);
    *pair = (struct pair){b, c, (double)m + added * count, (double)n + added * count, added};
    return m > 0 && n > 0;
}

/* Shares p of the baseline and q of the live data in one cell, and q - p to full precision. */
struct shares {
    double p, q, change;
};

static struct shares pair_shares(const struct pair *pair, uint32_t i)
{
    double b = (double)pair->b[i] + pair->added;
    double c = (double)pair->c[i] + pair->added;
    return (struct shares){b / pair->m, c / pair->n,
                           difference_of_products(c, pair->m, b, pair->n) / (pair->m * pair->n)};
}

/* ln(q / p) for p, q > 0 */
static double shares_log_ratio(const struct shares *s)
{
    double relative = s->change / s->p;
    return fabs(relative) < 0.5 ? log1p(relative) : log(s->q / s->p);
}

double divergence_psi(const int64_t *b, const int64_t *c, uint32_t count)
{
    struct pair pair;
    if (!pair_make(&pair, b, c, count, 0.5))
        return (double)NAN;
    double sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct shares s = pair_shares(&pair, i);
        sum += s.change * shares_log_ratio(&s);
    }
    return sum;
}

double divergence_psi_floor(const int64_t *b, const int64_t *c, uint32_t count, double floor)
{
    struct pair pair;
    if (!pair_make(&pair, b, c, count, 0))
        return (double)NAN;
    double sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        double p = b[i] > 0 ? (double)b[i] / pair.m : floor;
        double q = c[i] > 0 ? (double)c[i] / pair.n : floor;
        sum += (q - p) * log(q / p);
    }
    return sum;
}

double divergence_kl(const int64_t *live, const int64_t *base, uint32_t count)
{
    struct pair pair;
    if (!pair_make(&pair, base, live, count, 0.5))
        return (double)NAN;
    double sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct shares s = pair_shares(&pair, i);
        sum += deviance_from(s.p, s.change);
    }
    return sum;
}

double divergence_js(const int64_t *b, const int64_t *c, uint32_t count)
{
    struct pair pair;
    if (!pair_make(&pair, b, c, count, 0))
        return (double)NAN;
    double sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct shares s = pair_shares(&pair, i);
        double middle = (s.p + s.q) / 2;
        sum += deviance_from(middle, s.change / 2) + deviance_from(middle, -s.change / 2);
    }
    return fmin(sum / 2, M_LN2);
}

double distance_js(const int64_t *b, const int64_t *c, uint32_t count)
{
    return sqrt(divergence_js(b, c, count) / M_LN2);
}

double distance_hellinger(const int64_t *b, const int64_t *c, uint32_t count)
{
    struct pair pair;
    if (!pair_make(&pair, b, c, count, 0))
        return (double)NAN;
    /* 1 - sum sqrt(p q) = sum (sqrt p - sqrt q)^2 / 2 */
    double sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct shares s = pair_shares(&pair, i);
        double root = sqrt(s.p) + sqrt(s.q);
        double step = root > 0 ? s.change / root : 0;
        sum += step * step;
    }
    return fmin(sqrt(sum / 2), 1);
}

double distance_tv(const int64_t *b, const int64_t *c, uint32_t count)
{
    struct pair pair;
    if (!pair_make(&pair, b, c, count, 0))
        return (double)NAN;
    double sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += fabs(pair_shares(&pair, i).change);
    return fmin(sum / 2, 1);
}

double distance_linf(const int64_t *b, const int64_t *c, uint32_t count)
{
    struct pair pair;
    if (!pair_make(&pair, b, c, count, 0))
        return (double)NAN;
    double most = 0;
    for (uint32_t i = 0; i < count; i++)
        most = fmax(most, fabs(pair_shares(&pair, i).change));
    return most;
}

double statistic_g(const int64_t *b, const int64_t *c, uint32_t count)
{
    struct pair pair;
    if (!pair_make(&pair, b, c, count, 0))
        return (double)NAN;
    double sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        double both = (double)(b[i] + c[i]) / (pair.m + pair.n);
        double excess =
            difference_of_products((double)c[i], pair.m, (double)b[i], pair.n) / (pair.m + pair.n);
        sum += deviance_from(pair.n * both, excess) + deviance_from(pair.m * both, -excess);
    }
    return 2 * sum;
}

double statistic_x2(const int64_t *b, const int64_t *c, uint32_t count)
{
    struct pair pair;
    if (!pair_make(&pair, b, c, count, 0))
        return (double)NAN;
    double sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (b[i] + c[i] == 0)
            continue;
        double cross = difference_of_products((double)c[i], pair.m, (double)b[i], pair.n);
        sum += cross / pair.m * (cross / pair.n) / (double)(b[i] + c[i]);
    }
    return sum;
}
