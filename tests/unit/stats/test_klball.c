#include <criterion/criterion.h>
#include <math.h>

#include "stats/klball.h"
#include "support/random.h"

Test(klball, divergence_is_the_definition)
{
    double p[] = {0.5, 0.25, 0.25}, q[] = {0.25, 0.5, 0.25}, none[] = {0.5, 0, 0.5};
    cr_expect(fabs(kl_divergence(p, q, 3) - 0.25 * M_LN2) < 1e-16);
    cr_expect_eq(kl_divergence(p, p, 3), 0);
    double half[] = {0.5, 0.5}, tiny[] = {1e-30, 1};
    cr_expect(fabs(kl_divergence(half, tiny, 2) - 0.5 * log(0.25e30)) < 1e-13);
    cr_expect(isinf(kl_divergence(p, none, 3)), "q has nothing where p has something");
    cr_expect(fabs(kl_divergence(none, p, 3) - 0.5 * M_LN2) < 1e-16);
}

/* For close laws half the chi-squared distance, which p ln(p / q) has lost in rounding. */
Test(klball, divergence_of_close_laws_keeps_its_digits)
{
    double p[] = {0.25, 0.25, 0.25, 0.25};
    double h = 0x1p-26, q[] = {0.25 + h, 0.25 - h, 0.25 + h, 0.25 - h};
    cr_expect(fabs(kl_divergence(p, q, 4) / (8 * h * h) - 1) < 1e-6);
}

Test(klball, projection_lies_on_the_ball_and_bounds_it)
{
    struct random random = random_new(21);
    for (int round = 0; round < 300; round++) {
        uint32_t count = 2 + random_below(&random, KLBALL_CELLS_MAX - 1);
        double p[KLBALL_CELLS_MAX], r[KLBALL_CELLS_MAX], q[KLBALL_CELLS_MAX], sum_p = 0, sum_r = 0;
        for (uint32_t i = 0; i < count; i++) {
            sum_p += p[i] = pow(10, -4 * random_unit(&random));
            sum_r += r[i] = random_below(&random, 4) ? pow(10, -4 * random_unit(&random)) : 0;
        }
        if (!(sum_r > 0))
            continue;
        for (uint32_t i = 0; i < count; i++) {
            p[i] /= sum_p;
            r[i] /= sum_r;
        }
        double radius = pow(10, -6 * random_unit(&random));
        bool is_outside = kl_divergence(p, r, count) > radius;
        double w = klball_project(p, r, count, radius, q);
        cr_expect_eq(w > 0, is_outside);
        if (!is_outside)
            continue;
        double reached = kl_divergence(p, q, count);
        bool is_at_border = fabs(reached / radius - 1) < 1e-8;
        cr_expect(is_at_border || (w < 1e-50 && reached < radius), "radius %g w %g: %.17g", radius,
                  w, reached);
        double sum = 0, bet = 0;
        for (uint32_t i = 0; i < count; i++) {
            sum += q[i];
            bet += p[i] * r[i] / q[i];
        }
        cr_expect(fabs(sum - 1) < 1e-12 && bet <= 1, "sum %.17g bet %.17g", sum, bet);
    }
}

Test(klball, what_is_inside_stays)
{
    double p[] = {0.5, 0.5}, r[] = {0.51, 0.49}, q[2];
    cr_expect_eq(klball_project(p, r, 2, 0.1, q), 0);
    cr_expect(q[0] == r[0] && q[1] == r[1]);
}
