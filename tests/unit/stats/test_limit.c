#include <criterion/criterion.h>
#include <math.h>

#include "stats/special.h"

/* The two series of the Kolmogorov law meet at 1.18. */
Test(limit, kolmogorov_is_smooth_where_the_series_change)
{
    double below = kolmogorov_limit_sf(1.18 - 1e-9), above = kolmogorov_limit_sf(1.18 + 1e-9);
    cr_expect(below > above && below - above < 1e-8, "%.17g %.17g", below, above);
}

Test(limit, laws_fall_from_one_to_zero)
{
    double kolmogorov = 1, cvm = 1;
    for (double x = 0; x < 8; x += 0.01) {
        double now = kolmogorov_limit_sf(x);
        cr_expect(now <= kolmogorov && now >= 0, "%g: %g", x, now);
        kolmogorov = now;
        now = cvm_limit_sf(x);
        cr_expect(now <= cvm + 1e-13 && now >= 0, "%g: %g", x, now);
        cvm = now;
    }
    cr_expect_gt(kolmogorov, 0);
    cr_expect_eq(kolmogorov_limit_sf(-1), 1);
    cr_expect_eq(cvm_limit_sf(0), 1);
    cr_expect_eq(kolmogorov_limit_sf(100), 0);
    cr_expect_eq(cvm_limit_sf(INFINITY), 0);
    cr_expect(isnan(kolmogorov_limit_sf(NAN)) && isnan(cvm_limit_sf(NAN)));
    cr_expect(isnan(kolmogorov_sf(0.1, 0)) && isnan(kolmogorov_sf(NAN, 10)));
}

/* Means of the laws: the integral of the tail. E[W^2] = 1/6, E[K] = sqrt(pi / 2) ln 2. */
Test(limit, laws_have_their_means)
{
    double cvm = 0, kolmogorov = 0, step = 1e-3;
    for (int i = 0; i < 8000; i++) {
        cvm += step * cvm_limit_sf((i + 0.5) * step);
        kolmogorov += step * kolmogorov_limit_sf((i + 0.5) * step);
    }
    cr_expect(fabs(cvm - 1 / 6.0) < 1e-6, "%.9g", cvm);
    cr_expect(fabs(kolmogorov - sqrt(M_PI / 2) * M_LN2) < 1e-6, "%.9g", kolmogorov);
}
