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

/* With one degree of freedom it is a squared normal variable. */
Test(noncentral, chi2_of_one_degree_is_a_squared_normal)
{
    for (double root = 0.25; root < 1e6; root *= 2.3) {
        for (double z = -3; z <= 40; z += 4.3) {
            double edge = root + z;
            if (edge <= 0)
                continue;
            double want = log_add(normal_log_sf(z), normal_log_sf(edge + root));
            double got = ncx2_log_sf(edge * edge, 1, root * root);
            /* edge^2 is rounded: z moves by edge 1e-16 */
            double room = 1e-11 + 1e-15 * edge * (1 + fabs(z));
            cr_expect(fabs(got - want) <= room + 1e-12 * fabs(want), "%g %g: %.17g %.17g", root, z,
                      got, want);
        }
    }
}

Test(noncentral, without_noncentrality_it_is_central)
{
    expect_close(ncx2_log_sf(70, 31, 0), chi2_log_sf(70, 31), 0);
    expect_close(ncx2_log_sf(70, 31, 1e-14), chi2_log_sf(70, 31), 1e-13);
    /* F(2, d2) has the tail (1 + 2 x / d2)^(-d2 / 2). */
    expect_close(ncf_log_sf(5, 2, 9, 0), -4.5 * log1p(10 / 9.0), 1e-14);
    expect_close(ncf_log_sf(5, 2, 9, 1e-14), -4.5 * log1p(10 / 9.0), 1e-12);
}

Test(noncentral, f_with_many_degrees_is_chi2)
{
    for (double lambda = 1; lambda < 1e5; lambda *= 12) {
        double x = 4 + lambda + 3 * sqrt(8 + 4 * lambda);
        double chi2 = ncx2_log_sf(x, 4, lambda), f = ncf_log_sf(x / 4, 4, 1e12, lambda);
        cr_expect(fabs(f - chi2) < 1e-5 * fabs(chi2), "%g: %g %g", lambda, f, chi2);
    }
}

static void check_order(const char *what, double now, double *before, double x)
{
    cr_expect(now <= *before, "%s at %.17g: %.17g after %.17g", what, x, now, *before);
    *before = now;
}

/* Also across the place where the contour integral takes over (lambda = 1024 at the mean). */
Test(noncentral, tails_fall_with_x_and_rise_with_lambda)
{
    static const double lambdas[] = {0.5, 50, 1000, 1050, 1e6, 1e10};
    for (size_t i = 0; i < sizeof lambdas / sizeof *lambdas; i++) {
        double lambda = lambdas[i], chi2 = 0, f = 0;
        for (int step = 0; step < 300; step++) {
            double x = fmax(15 + lambda + (0.5 * step - 40) * sqrt(30 + 4 * lambda), 0);
            check_order("chi2", ncx2_log_sf(x, 15, lambda), &chi2, x);
            check_order("F", ncf_log_sf(x / 15, 15, 150, lambda), &f, x);
        }
    }
    double chi2 = 0, f = 0;
    for (double lambda = 4000; lambda > 4; lambda *= 0.999) {
        check_order("chi2", ncx2_log_sf(1100, 15, lambda), &chi2, lambda);
        check_order("F", ncf_log_sf(80, 15, 150, lambda), &f, lambda);
    }
}

Test(noncentral, quantile_inverts_the_tail)
{
    struct random random = random_new(1);
    for (int i = 0; i < 300; i++) {
        double df = 1 + random_below(&random, 64);
        double lambda = pow(10, random_between(&random, -2, 9));
        double log_p = -random_between(&random, 1e-6, 600);
        double x = ncx2_isf(exp(log_p), df, lambda);
        double back = ncx2_log_sf(x, df, lambda);
        cr_expect(fabs(back - log_p) <= 1e-9 * (1 + fabs(log_p)), "df %g lambda %g p %g: %g", df,
                  lambda, log_p, back);
    }
    cr_expect(isfinite(ncx2_isf(1 - 1e-15, 4, 3)));
    cr_expect_gt(ncx2_isf(1 - 1e-15, 4, 3), 0);
}

/* No argument in range may give NaN, a positive logarithm or a division by zero. */
Test(noncentral, any_arguments_give_a_logarithm)
{
    struct random random = random_new(1);
    for (int i = 0; i < 20000; i++) {
        double x = pow(10, random_between(&random, -300, 300));
        if (random_below(&random, 2))
            x = pow(10, random_between(&random, -3, 13));
        double df = pow(10, random_between(&random, -0.3, 8));
        double d2 = pow(10, random_between(&random, -0.3, 8));
        double lambda = pow(10, random_between(&random, -20, 12));
        double chi2 = ncx2_log_sf(x, df, lambda), f = ncf_log_sf(x, df, d2, lambda);
        cr_expect(chi2 <= 0, "chi2(%.17g, %.17g, %.17g): %g", x, df, lambda, chi2);
        cr_expect(f <= 0, "F(%.17g, %.17g, %.17g, %.17g): %g", x, df, d2, lambda, f);
        cr_expect(f >= -1e12, "F(%.17g, %.17g, %.17g, %.17g): %g", x, df, d2, lambda, f);
    }
}

Test(noncentral, ends_and_bad_arguments)
{
    cr_expect_eq(ncx2_log_sf(-3, 4, 5), 0);
    cr_expect_eq(ncx2_log_sf(INFINITY, 4, 5), -INFINITY);
    cr_expect_eq(ncf_log_sf(0, 4, 5, 6), 0);
    cr_expect_eq(ncf_log_sf(INFINITY, 4, 5, 6), -INFINITY);
    cr_expect(isnan(ncx2_sf(1, 0, 1)) && isnan(ncx2_sf(1, 1, -1)) && isnan(ncx2_sf(NAN, 1, 1)));
    cr_expect(isnan(ncx2_sf(1, 1, INFINITY)) && isnan(ncx2_isf(0, 1, 1)));
    cr_expect(isnan(ncf_sf(1, 1, 0, 1)) && isnan(ncf_sf(1, 0, 1, 1)) &&
              isnan(ncf_sf(NAN, 1, 1, 1)));
}
