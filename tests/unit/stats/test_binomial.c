#include <criterion/criterion.h>
#include <math.h>

#include "stats/pmf.h"
#include "stats/special.h"
#include "support/random.h"

static double random_between(struct random *random, double low, double high)
{
    return low + (high - low) * random_unit(random);
}

static void expect_close(double got, double want, double relative)
{
    cr_expect(fabs(got - want) <= relative * fabs(want), "got %.17g, expected %.17g", got, want);
}

Test(binomial, tails_are_sums_of_probabilities)
{
    for (double p = 0.003; p < 1; p *= 2.7) {
        double above = 0;
        for (int k = 60; k >= 0; k--) {
            double below = exp(binomial_log_cdf(k, 60, p));
            cr_expect(fabs(below - (1 - above)) < 1e-12, "%d %g", k, p);
            above += exp(binomial_log_pmf(k, 60 - k, p, 1 - p));
            expect_close(exp(binomial_log_sf(k, 60, p)), above, 1e-12);
        }
    }
}

Test(binomial, huge_counts_stay_finite_and_ordered)
{
    double before = 0;
    for (double k = 0; k <= 1e12; k += 1.5625e10) {
        double now = binomial_log_sf(k, 1e12, 0.25);
        cr_expect(isfinite(now) && now <= before, "%g: %g after %g", k, now, before);
        before = now;
    }
    expect_close(before, 1e12 * log(0.25), 1e-14);
    expect_close(binomial_log_sf(1, 1e12, 1e-300), log(1e-288), 1e-14);
    expect_close(binomial_log_cdf(0, 1e12, 1e-3), 1e12 * log1p(-1e-3), 1e-12);
}

Test(binomial, fractional_counts_lie_between_whole_ones)
{
    double low = binomial_log_sf(4, 33, 0.1), high = binomial_log_sf(3, 33, 0.1);
    double between = binomial_log_sf(3.5, 33, 0.1);
    cr_expect(low < between && between < high);
    cr_expect(isfinite(binomial_log_sf(0.1, 0.5, 0.2)));
    cr_expect(isfinite(binomial_log_cdf(0.1, 0.5, 0.2)));
}

Test(binomial, ends_and_bad_arguments)
{
    cr_expect_eq(binomial_log_sf(0, 10, 0.5), 0);
    cr_expect_eq(binomial_log_cdf(10, 10, 0.5), 0);
    cr_expect_eq(binomial_log_sf(0, 0, 0.5), 0);
    cr_expect_eq(binomial_log_sf(3, 10, 0), -INFINITY);
    cr_expect_eq(binomial_log_sf(3, 10, 1), 0);
    cr_expect_eq(binomial_log_cdf(3, 10, 0), 0);
    cr_expect_eq(binomial_log_cdf(3, 10, 1), -INFINITY);
    cr_expect(isnan(binomial_log_sf(11, 10, 0.5)) && isnan(binomial_log_sf(-1, 10, 0.5)));
    cr_expect(isnan(binomial_log_cdf(1, 10, 1.5)) && isnan(binomial_log_cdf(NAN, 10, 0.5)));
    cr_expect(isnan(clopper_pearson_upper(1, 10, 0)) && isnan(clopper_pearson_lower(11, 10, 0.1)));
}

Test(binomial, clopper_pearson_inverts_the_tails)
{
    struct random random = random_new(1);
    for (int i = 0; i < 500; i++) {
        double n = floor(pow(10, random_between(&random, 0, 12)));
        double k = floor(n * pow(random_unit(&random), 4));
        double gamma = pow(10, random_between(&random, -8, -0.5));
        double upper = clopper_pearson_upper(k, n, gamma);
        double lower = clopper_pearson_lower(k, n, gamma);
        cr_expect(lower <= k / n && k / n <= upper, "%g of %g: %g %g", k, n, lower, upper);
        /* Near p = 1 the bound itself has few digits left. */
        if (k < n && upper < 0.999)
            cr_expect(fabs(binomial_log_cdf(k, n, upper) - log(gamma)) < 1e-6);
        if (k > 0 && lower < 0.999)
            cr_expect(fabs(binomial_log_sf(k, n, lower) - log(gamma)) < 1e-6);
    }
}

Test(binomial, clopper_pearson_at_the_ends)
{
    cr_expect_eq(clopper_pearson_lower(0, 100, 1e-3), 0);
    cr_expect_eq(clopper_pearson_upper(100, 100, 1e-3), 1);
    cr_expect_eq(clopper_pearson_upper(0, 0, 1e-3), 1);
    expect_close(clopper_pearson_upper(0, 1e12, 1e-3), -expm1(log(1e-3) / 1e12), 1e-13);
    expect_close(clopper_pearson_lower(50, 50, 1e-3), exp(log(1e-3) / 50), 1e-13);
}
