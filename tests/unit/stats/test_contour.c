/* The contour integral against closed forms and against the series it replaces for large
 * parameters. */
#include <criterion/criterion.h>
#include <math.h>

#include "stats/contour.h"
#include "stats/pmf.h"
#include "stats/special.h"
#include "support/random.h"

static double random_between(struct random *random, double low, double high)
{
    return low + (high - low) * random_unit(random);
}

static void expect_log(double got, double want, double absolute, const char *what)
{
    double room = absolute + 1e-14 * fabs(want);
    cr_expect(fabs(got - want) <= room, "%s: got %.17g, expected %.17g", what, got, want);
}

/* P(Gamma(k) > x) = P(Poisson(x) < k) */
Test(contour, gamma_with_whole_shape_is_a_poisson_sum)
{
    int k = 30;
    for (double x = 5; x < 120; x *= 1.3) {
        double below = 0;
        for (int j = 0; j < k; j++)
            below += exp(poisson_log_pmf(j, x));
        struct gamma_sum sum = {k, 1, 0, 0, 0, k - x};
        expect_log(gamma_sum_log_above(&sum), log(below), 1e-12, "above");
        double above = 0;
        for (int j = 400; j >= k; j--)
            above += exp(poisson_log_pmf(j, x));
        expect_log(gamma_sum_log_below(&sum), log(above), 1e-12, "below");
    }
}

Test(contour, tails_are_complements)
{
    struct random random = random_new(1);
    for (int i = 0; i < 2000; i++) {
        double a = pow(10, random_between(&random, 1.4, 9));
        double b = random_below(&random, 2) ? pow(10, random_between(&random, 0, 9)) : 0;
        double q = b > 0 ? a / b : 0;
        double sd = sqrt(a + b * q * q);
        double mean = random_between(&random, -5, 5) * sd;
        struct gamma_sum sum = {a, 1, 0, b, q, mean};
        double above = gamma_sum_log_above(&sum), below = gamma_sum_log_below(&sum);
        cr_expect(above <= 0 && below <= 0);
        cr_expect(fabs(exp(above) + exp(below) - 1) < 1e-9, "a %g b %g mean %g: %g %g", a, b, mean,
                  above, below);
    }
}

/* On both sides of every threshold of tails.c and noncentral.c the functions must agree. */
Test(contour, meets_the_series)
{
    double q_below = chi2_log_sf(4100, 3999), q_above = chi2_log_sf(4100, 4001);
    cr_expect(q_below < q_above && q_above < q_below + 0.1, "%g %g", q_below, q_above);
    struct gamma_sum gamma = {1500, 1, 0, 0, 0, 1500 - 1600.0};
    expect_log(gamma_sum_log_above(&gamma), gamma_log_q(1500, 1600), 1e-12, "gamma");
    struct gamma_sum beta = {90, 0.8, 0, 300, 0.2, 90 * 0.8 - 300 * 0.2};
    expect_log(gamma_sum_log_below(&beta), beta_log_i(90, 300, 0.2), 1e-12, "beta");
    struct gamma_sum chi2 = {2, 2, 700, 0, 0, 4 + 700 - 900.0};
    expect_log(gamma_sum_log_above(&chi2), ncx2_log_sf(900, 4, 700), 1e-12, "chi2");
    struct gamma_sum f = {0.5, 2, 500, 2.5, 2 * 900 / 5.0, 1 + 500 - 900};
    expect_log(gamma_sum_log_above(&f), ncf_log_sf(900, 1, 5, 500), 1e-11, "F");
}
