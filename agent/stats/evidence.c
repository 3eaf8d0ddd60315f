/* From statistics to p-values whose null is "at most a negligible effect".
 *
 * "Nothing at all changed" is false for every live stream and every finite baseline, so at large
 * counts a test of it always rejects. Here the null is a ball: an effect up to delta_0, a rate up
 * to the baseline's confidence bound. Assumes the caller merged cells and estimated phi; decides
 * nothing about alarms. */
#include "stats/evidence.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "stats/special.h"

double effect_log_p(double statistic, double df, double n_effective, double delta_0, double phi,
                    uint32_t windows)
{
    double scaled = statistic / phi;
    double lambda = n_effective * delta_0 / phi;
    if (windows < 2)
        return ncx2_log_sf(scaled, df, lambda);
    return ncf_log_sf(scaled / df, df, df * (windows - 1), lambda);
}

double rate_log_p(double k, double n, double k0, double n0, double gamma, double delta,
                  bool two_sided, double phi)
{
    if (!(n > 0) || !(n0 > 0))
        return 0;
    double rate = k / n;
    double rate_0 = k0 / n0;
    double doubled = two_sided ? M_LN2 : 0;
    if (rate >= rate_0 + delta) {
        double bound = clopper_pearson_upper(k0, n0, gamma);
        return fmin(0, doubled + binomial_log_sf(k / phi, n / phi, bound));
    }
    if (two_sided && rate <= rate_0 - delta) {
        double bound = clopper_pearson_lower(k0, n0, gamma);
        return fmin(0, doubled + binomial_log_cdf(k / phi, n / phi, bound));
    }
    return 0;
}

double unseen_log_p(double k, double n, double f1, double f2, double m, double gamma, double delta,
                    double phi)
{
    if (!(n > 0) || !(m > 0) || k / n < f1 / m + delta)
        return 0;
    /* 3.1 standard errors of Good's estimate of the unseen mass. */
    double good_turing = (f1 + 3.1 * sqrt(f1 + 2 * f2)) / m;
    double bound = fmin(1, fmax(clopper_pearson_upper(f1, m, gamma), good_turing));
    return binomial_log_sf(k / phi, n / phi, bound);
}

static int double_compare(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

void benjamini_hochberg(const double *log_p, uint32_t count, double q, bool *ret_reject)
{
    if (count == 0)
        return;
    double *sorted = mem_new(count, sizeof *sorted);
    for (uint32_t i = 0; i < count; i++)
        sorted[i] = isnan(log_p[i]) ? 0 : log_p[i];
    qsort(sorted, count, sizeof *sorted, double_compare);
    double threshold = (double)NAN; /* compares as "not below" with everything */
    for (uint32_t k = count; k > 0 && isnan(threshold); k--)
        if (sorted[k - 1] <= log(q * k / count))
            threshold = sorted[k - 1];
    free(sorted);
    for (uint32_t i = 0; i < count; i++)
        ret_reject[i] = log_p[i] <= threshold;
}

double effect_low(double debiased, double df, double n_effective)
{
    if (!(n_effective > 0))
        return (double)NAN;
    double psi = fmax(debiased, 0);
    return debiased - 1.645 * sqrt(2 * df + 4 * n_effective * psi) / n_effective;
}
