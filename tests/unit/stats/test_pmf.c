#include <criterion/criterion.h>
#include <math.h>

#include "stats/pmf.h"

static void expect_close(double got, double want, double relative)
{
    cr_expect(fabs(got - want) <= relative * fabs(want), "got %.17g, expected %.17g", got, want);
}

Test(pmf, log1p_minus_keeps_digits_near_zero)
{
    expect_close(log1p_minus(1e-9), -0.5e-18 + 1e-27 / 3, 1e-14);
    expect_close(log1p_minus(-1e-9), -0.5e-18 - 1e-27 / 3, 1e-14);
    expect_close(log1p_minus(0.4999999), log1p(0.4999999) - 0.4999999, 1e-14);
    expect_close(log1p_minus(-0.4999999), log1p(-0.4999999) + 0.4999999, 1e-14);
    cr_expect_eq(log1p_minus(0), 0);
}

Test(pmf, deviance_is_zero_at_the_mean_and_never_negative)
{
    cr_expect_eq(deviance_from(7, 0), 0);
    cr_expect_eq(deviance_from(7, -7), 7);
    cr_expect_eq(deviance_from(0, 0), 0);
    cr_expect_eq(deviance_from(0, 1), INFINITY);
    expect_close(deviance_from(10, 5), 15 * log(1.5) - 5, 1e-14);
    expect_close(deviance_from(10, 90), 100 * log(10) - 90, 1e-14);
    expect_close(deviance_from(10, -9), log(0.1) + 9, 1e-14);
    expect_close(deviance_from(1e12, 1), 0.5e-12, 1e-11);
}

Test(pmf, poisson_probabilities_sum_to_one)
{
    for (double mu = 0.01; mu < 5000; mu *= 7) {
        double sum = 0;
        for (int k = 0; k < mu + 40 * sqrt(mu) + 40; k++)
            sum += exp(poisson_log_pmf(k, mu));
        cr_expect(fabs(sum - 1) < 1e-12, "mu %g: %.17g", mu, sum);
    }
    cr_expect_eq(poisson_log_pmf(0, 0), 0);
    cr_expect_eq(poisson_log_pmf(1, 0), -INFINITY);
}

Test(pmf, binomial_probabilities_sum_to_one)
{
    for (double x = 1e-6; x < 0.9; x *= 5) {
        double sum = 0;
        for (int k = 0; k <= 300; k++)
            sum += exp(binomial_log_pmf(k, 300 - k, x, 1 - x));
        cr_expect(fabs(sum - 1) < 1e-12, "x %g: %.17g", x, sum);
    }
    /* The middle of 1e12 coins: Stirling's leading term and its first correction. */
    double want = -0.5 * log(M_PI * 5e11) + log1p(-1 / 4e12);
    expect_close(binomial_log_pmf(5e11, 5e11, 0.5, 0.5), want, 1e-14);
}

Test(pmf, difference_of_products_survives_cancellation)
{
    /* (2^53 - 1)^2 - 2^53 (2^53 - 2) = 1 */
    double big = 9007199254740992.0;
    cr_expect_eq(difference_of_products(big - 1, big - 1, big, big - 2), 1);
    cr_expect_eq(difference_of_products(3, 5, 5, 3), 0);
}

Test(pmf, log_complement_covers_both_ends)
{
    cr_expect_eq(log_complement(0), -INFINITY);
    cr_expect_eq(log_complement(-INFINITY), 0);
    expect_close(log_complement(-1e-20), log(1e-20), 1e-14);
    expect_close(log_complement(log(0.25)), log(0.75), 1e-14);
    expect_close(log_complement(-100), -exp(-100), 1e-14);
}
