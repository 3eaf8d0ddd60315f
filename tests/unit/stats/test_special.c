#include <criterion/criterion.h>
#include <math.h>

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

Test(special, closed_forms)
{
    expect_close(gamma_log_q(1, 700), -700, 1e-15);
    expect_close(gamma_q(1, 0.5), exp(-0.5), 1e-14);
    expect_close(gamma_q(0.5, 2), erfc(sqrt(2)), 1e-13);
    expect_close(chi2_log_sf(1e5, 2), -5e4, 1e-15);
    expect_close(beta_i(1, 5, 0.25), 1 - pow(0.75, 5), 1e-14);
    expect_close(beta_log_i(7, 1, 1e-80), 7 * log(1e-80), 1e-15);
    expect_close(beta_i(0.5, 0.5, 0.3), 2 / M_PI * asin(sqrt(0.3)), 1e-14);
    expect_close(normal_log_sf(0), -M_LN2, 1e-15);
    expect_close(chi2_sf(1.7 * 1.7, 1), 2 * exp(normal_log_sf(1.7)), 1e-13);
    expect_close(chi2_log_sf(60. * 60, 1), M_LN2 + normal_log_sf(60), 1e-13);
    expect_close(chi2_isf(exp(-3), 2), 6, 1e-14);
}

Test(special, ends_of_the_ranges)
{
    cr_expect_eq(gamma_log_q(3, 0), 0);
    cr_expect_eq(gamma_log_q(3, INFINITY), -INFINITY);
    cr_expect_eq(beta_log_i(2, 3, 0), -INFINITY);
    cr_expect_eq(beta_log_i(2, 3, 1), 0);
    cr_expect_eq(chi2_log_sf(-1, 3), 0);
    cr_expect_eq(chi2_log_sf(0, 3), 0);
    cr_expect_eq(normal_log_sf(INFINITY), -INFINITY);
    cr_expect_eq(normal_log_sf(-INFINITY), 0);
}

Test(special, outside_the_ranges_is_nan)
{
    cr_expect(isnan(gamma_q(0, 1)) && isnan(gamma_q(1, -1)) && isnan(gamma_q(NAN, 1)));
    cr_expect(isnan(beta_i(0, 1, 0.5)) && isnan(beta_i(1, 1, 1.5)) && isnan(beta_i(1, 1, NAN)));
    cr_expect(isnan(chi2_sf(1, 0)) && isnan(chi2_sf(NAN, 1)));
    cr_expect(isnan(chi2_isf(0, 1)) && isnan(chi2_isf(1, 1)) && isnan(chi2_isf(0.5, -1)));
    cr_expect(isnan(normal_quantile(0)) && isnan(normal_quantile(1)) && isnan(normal_log_sf(NAN)));
}

/* A threshold between two methods must not turn a tail around. */
Test(special, tails_fall_with_x)
{
    static const double shapes[] = {0.5, 3, 40, 1999, 2001, 3e4, 1e8, 1e12};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        double a = shapes[i], before_gamma = 0, before_beta = 0;
        for (int step = 0; step <= 400; step++) {
            double sds = -12 + 0.25 * step;
            double x = fmax(a + sds * sqrt(a), 0) + (step > 300 ? a * (step - 300) / 20.0 : 0);
            double now = gamma_log_q(a, x);
            cr_expect(now <= before_gamma, "a %g, x %.17g: %.17g after %.17g", a, x, now,
                      before_gamma);
            before_gamma = now;
            double y = fmin(fmax(0.5 + sds / sqrt(8 * a), 0), 1);
            now = beta_log_i(a, a, 1 - y);
            cr_expect(now <= before_beta, "a %g, y %g: %.17g after %.17g", a, y, now, before_beta);
            before_beta = now;
        }
    }
}

Test(special, upper_and_lower_beta_tails_are_complements)
{
    struct random random = random_new(1);
    for (int i = 0; i < 5000; i++) {
        double a = pow(10, random_between(&random, -0.3, 11));
        double b = pow(10, random_between(&random, -0.3, 11));
        double mean = a / (a + b);
        double x = mean + random_normal(&random) * sqrt(mean * (1 - mean) / (a + b));
        x = fmin(fmax(x, 0), 1);
        double sum = beta_i(a, b, x) + beta_i(b, a, 1 - x);
        /* 1 - x is rounded, and the tail is as steep as 1 / sd. */
        double room = 1e-11 + 1e-15 * sqrt((a + b) / (mean * (1 - mean)));
        cr_expect(fabs(sum - 1) < room, "a %g b %g x %g: %.17g", a, b, x, sum);
    }
}

Test(special, quantiles_invert_tails)
{
    static const double ps[] = {1e-300, 1e-20, 1e-3, 0.3, 0.5, 0.8, 1 - 1e-12};
    for (size_t i = 0; i < sizeof ps / sizeof *ps; i++) {
        double p = ps[i];
        for (double df = 1; df < 1e7; df *= 9)
            expect_close(chi2_sf(chi2_isf(p, df), df), p, 1e-9);
        double z = normal_quantile(p);
        cr_expect(fabs(normal_log_sf(-z) - log(p)) < 1e-12 * (1 - log(p)), "%g", p);
    }
    expect_close(normal_quantile(0.975), 1.959963984540054, 1e-14);
}

Test(special, log_add_never_overflows)
{
    expect_close(log_add(log(2), log(3)), log(5), 1e-15);
    expect_close(log_add(-1e5, -1e5), -1e5 + M_LN2, 1e-15);
    expect_close(log_add(1e5, -1e5), 1e5, 1e-15);
    cr_expect_eq(log_add(-INFINITY, 3), 3);
    cr_expect_eq(log_add(3, -INFINITY), 3);
    cr_expect_eq(log_add(-INFINITY, -INFINITY), -INFINITY);
}
