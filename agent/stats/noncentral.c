/* Noncentral chi-squared and F tails, for "is the effect more than negligible".
 *
 * Both are Poisson mixtures of central tails S_j, and S_{j+1} = S_j + t_j with t_{j+1} = t_j r_j:
 * one central tail is computed at one end of the terms that matter, the others follow by a
 * recurrence of positive terms, so nothing cancels. Upper tails walk up (S_j grows), lower tails
 * walk down. The walk needs about the root of its largest j; from `terms_large` on the contour
 * integral takes over. Assumes arguments inside the ranges of special.h. */
#include "stats/special.h"

#include <math.h>
#include <stdbool.h>

#include "stats/contour.h"
#include "stats/pmf.h"
#include "stats/root.h"
#include "stats/tails.h"

enum { WALK_MAX = 10000000 };
static const double terms_large = 512;
static const double negligible = 1e-18;

/* X is noncentral chi-squared (b = 0) or a noncentral beta variable with X / (1 - X) = F d1 / d2.
 */
struct mixture {
    double a;    /* d1 / 2 */
    double half; /* lambda / 2, the Poisson mean */
    double y;    /* chi-squared: x / 2 */
    double b;    /* F: d2 / 2 */
    double z, w; /* F: d1 x / (d2 + d1 x), and 1 - z */
};

static double mixture_log_above(const struct mixture *m, double j)
{
    return m->b > 0 ? beta_log_below(m->b, m->a + j, m->w, m->z) : gamma_log_above(m->a + j, m->y);
}

static double mixture_log_below(const struct mixture *m, double j)
{
    return m->b > 0 ? beta_log_below(m->a + j, m->b, m->z, m->w) : gamma_log_below(m->a + j, m->y);
}

/* ln t_j, the step from S_j to S_{j+1}. */
static double mixture_log_step(const struct mixture *m, double j)
{
    double a = m->a + j;
    if (!(m->b > 0))
        return poisson_log_pmf(a, m->y);
    return binomial_log_pmf(a, m->b, m->z, m->w) + log(m->b / (a + m->b));
}

/* r_j = t_{j+1} / t_j */
static double mixture_ratio(const struct mixture *m, double j)
{
    double numerator = m->b > 0 ? m->z * (m->a + m->b + j) : m->y;
    return numerator / (m->a + j + 1);
}

/* Not above the j of the largest term of the upper tail: where the Poisson weight falls as fast as
 * t_j rises, or the Poisson mean if t_j falls there. */
static double mixture_mode(const struct mixture *m)
{
    double slope = m->b > 0 ? m->z : 0;
    double constant = m->b > 0 ? m->z * (m->a + m->b) : m->y;
    double linear = m->a - m->half * slope;
    double root = (sqrt(linear * linear + 4 * m->half * constant) - linear) / 2;
    return fmax(m->half, root);
}

static double mixture_sum_above(const struct mixture *m)
{
    double mode = mixture_mode(m);
    double j = fmax(0, floor(mode - 9 * sqrt(mode) - 5));
    double log_first = mixture_log_above(m, j);
    double step = exp(mixture_log_step(m, j) - log_first);
    double scale = poisson_log_pmf(j, m->half) + log_first;
    double term = 1, sum = 1;
    for (int walk = 0; walk < WALK_MAX; walk++) {
        double growth = m->half / (j + 1) * (1 + step);
        term *= growth;
        sum += term;
        if (growth < 1 && term < sum * negligible * (1 - growth))
            break;
        step *= mixture_ratio(m, j) / (1 + step);
        j += 1;
        if (sum > 1e150) {
            scale += log(sum);
            term /= sum;
            sum = 1;
        }
    }
    return fmin(scale + log(sum), 0);
}

static double mixture_sum_below(const struct mixture *m)
{
    double j = ceil(m->half + 9 * sqrt(m->half) + 40);
    double log_first = mixture_log_below(m, j);
    double scale = poisson_log_pmf(j, m->half) + log_first;
    double step = exp(mixture_log_step(m, j - 1) - log_first);
    double term = 1, sum = 1;
    for (; j >= 1; j -= 1) {
        double growth = j / m->half * (1 + step);
        term *= growth;
        sum += term;
        if (growth < 1 && term < sum * negligible * (1 - growth))
            break;
        if (j >= 2)
            step /= mixture_ratio(m, j - 2) * (1 + step);
        if (sum > 1e150) {
            scale += log(sum);
            term /= sum;
            sum = 1;
        }
    }
    return fmin(scale + log(sum), 0);
}

static double mixture_log_sf(const struct mixture *m, bool is_upper)
{
    return is_upper ? mixture_sum_above(m) : log_complement(mixture_sum_below(m));
}

/* Below this x the lower tail is less than 1e-25 for any df >= 1/2, and ratios would overflow. */
static const double x_least = 1e-100;

/* The second term of the mixture is below rounding, also where it is x times the first. */
static bool is_central(double x, double lambda)
{
    return !(x > 0) || lambda * (1 + x) < 1e-17;
}

double ncx2_log_sf(double x, double df, double lambda)
{
    if (!(df > 0) || !(lambda >= 0) || isinf(lambda) || isnan(x))
        return (double)NAN;
    if (is_central(x, lambda) || isinf(x))
        return chi2_log_sf(x, df);
    x = fmax(x, x_least);
    /* So far out that all but the exponent of the density is 1e-11 of ln p. */
    if (x > 1e12 * (df + lambda + 1))
        return -(sqrt(x) - sqrt(lambda)) * (sqrt(x) - sqrt(lambda)) / 2;
    double mean = df - x + lambda;
    struct mixture m = {.a = df / 2, .half = lambda / 2, .y = x / 2};
    if (mixture_mode(&m) < terms_large)
        return mixture_log_sf(&m, mean < 0);
    /* So far left of the mean that P(X <= x) < exp(-280): 1 in double. */
    if (x < lambda / 16)
        return 0;
    return gamma_sum_log_above(&(struct gamma_sum){df / 2, 2, lambda, 0, 0, mean});
}

double ncx2_sf(double x, double df, double lambda)
{
    return exp(ncx2_log_sf(x, df, lambda));
}

struct ncx2_target {
    double df, lambda, log_p;
};

static double ncx2_excess(double x, const void *context)
{
    const struct ncx2_target *target = context;
    return ncx2_log_sf(x, target->df, target->lambda) - target->log_p;
}

double ncx2_isf(double p, double df, double lambda)
{
    if (!(p > 0 && p < 1) || !(df > 0) || !(lambda >= 0) || isinf(lambda))
        return (double)NAN;
    struct ncx2_target target = {df, lambda, log(p)};
    double sd = sqrt(2 * df + 4 * lambda);
    double guess = fmax(df + lambda + normal_quantile(1 - p) * sd, 0);
    double reach = sd;
    double low = guess, high = guess;
    while (low > 0 && ncx2_excess(low, &target) < 0) {
        high = low;
        low = fmax(low - reach, 0);
        reach *= 2;
    }
    for (reach = sd; ncx2_excess(high, &target) > 0; reach *= 2) {
        low = high;
        high += reach;
    }
    return root_find(ncx2_excess, &target, low, high);
}

double ncf_log_sf(double x, double d1, double d2, double lambda)
{
    if (!(d1 > 0) || !(d2 > 0) || !(lambda >= 0) || isinf(lambda) || isnan(x))
        return (double)NAN;
    if (!(x > 0))
        return 0;
    if (isinf(x))
        return -HUGE_VAL;
    x = fmax(x, x_least);
    /* A power law from here on: the denominator alone decides. */
    double far = 1e20 * (1 + d2) * (1 + lambda / d1);
    if (x > far)
        return ncf_log_sf(far, d1, d2, lambda) - d2 / 2 * log(x / far);
    double total = d2 + d1 * x;
    struct mixture m = {d1 / 2, lambda / 2, 0, d2 / 2, d1 * x / total, d2 / total};
    if (is_central(x, lambda))
        return mixture_log_above(&m, 0);
    double mean = d1 * (1 - x) + lambda;
    if (mixture_mode(&m) < terms_large)
        return mixture_log_sf(&m, mean < 0);
    /* So far left of the mean that P(F <= x) < 1e-21: 1 in double. */
    if (x < (1 + lambda / d1) / 2000)
        return 0;
    double q = 2 * d1 * x / d2;
    return gamma_sum_log_above(&(struct gamma_sum){d1 / 2, 2, lambda, d2 / 2, q, mean});
}

double ncf_sf(double x, double d1, double d2, double lambda)
{
    return exp(ncf_log_sf(x, d1, d2, lambda));
}
