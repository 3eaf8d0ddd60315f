#include <criterion/criterion.h>
#include <math.h>

#include "stats/divergence.h"
#include "support/random.h"

enum { CELLS = 40 };

static double (*const distances[])(const int64_t *, const int64_t *, uint32_t) = {
    divergence_psi, divergence_kl, divergence_js, distance_js,   distance_hellinger, distance_tv,
    distance_linf,  statistic_g,   statistic_x2,  statistic_cvm, statistic_ad};
enum { DISTANCES = sizeof distances / sizeof *distances };

static void draw(struct random *random, double scale, uint32_t count, int64_t *ret_counts)
{
    for (uint32_t i = 0; i < count; i++)
        ret_counts[i] = random_below(random, 4) ? (int64_t)(scale * random_unit(random)) : 0;
    ret_counts[random_below(random, count)] += 1;
}

Test(divergence, is_zero_for_equal_shares_and_never_negative)
{
    struct random random = random_new(1);
    for (int round = 0; round < 500; round++) {
        uint32_t count = 1 + random_below(&random, CELLS);
        int64_t b[CELLS], c[CELLS], same[CELLS];
        double scale = pow(10, 12 * random_unit(&random));
        draw(&random, scale, count, b);
        draw(&random, scale, count, c);
        for (uint32_t i = 0; i < count; i++)
            same[i] = 3 * b[i];
        for (size_t d = 0; d < DISTANCES; d++) {
            cr_expect(distances[d](b, c, count) >= 0, "distance %zu", d);
            cr_expect_eq(distances[d](b, b, count), 0, "distance %zu", d);
            /* Adding 1/2 makes multiples differ for PSI and KL. */
            if (d > 1)
                cr_expect_eq(distances[d](b, same, count), 0, "distance %zu of multiples", d);
        }
    }
}

Test(divergence, bounded_ones_stay_in_their_bounds)
{
    int64_t b[] = {1000, 0, 0, 3}, c[] = {0, 7, 900, 0};
    cr_expect(fabs(divergence_js(b, c, 4) - M_LN2) < 1e-15);
    cr_expect(fabs(distance_js(b, c, 4) - 1) < 1e-15);
    cr_expect(fabs(distance_hellinger(b, c, 4) - 1) < 1e-15);
    cr_expect(fabs(distance_tv(b, c, 4) - 1) < 1e-15);
    cr_expect(isfinite(divergence_psi(b, c, 4)) && isfinite(statistic_g(b, c, 4)));
    cr_expect(isfinite(divergence_psi_floor(b, c, 4, 1e-4)));
}

Test(divergence, empty_histograms_give_nan)
{
    int64_t none[3] = {0}, some[3] = {1, 2, 3};
    for (size_t d = 0; d < DISTANCES; d++)
        cr_expect(isnan(distances[d](none, some, 3)) && isnan(distances[d](some, none, 3)) &&
                      isnan(distances[d](none, none, 3)),
                  "distance %zu", d);
    cr_expect(isnan(divergence_psi_floor(none, some, 3, 1e-4)));
}

Test(divergence, one_cell_has_no_distance)
{
    int64_t one = 5, many = INT64_C(1000000000000);
    for (size_t d = 0; d < DISTANCES; d++)
        cr_expect(fabs(distances[d](&one, &many, 1)) < 1e-15, "distance %zu", d);
}

/* Jeffreys: PSI is the sum of both KL divergences. G is the weighted Jensen-Shannon divergence, so
 * with equal totals 8 N JS with N = n/2. */
Test(divergence, identities_hold)
{
    struct random random = random_new(2);
    for (int round = 0; round < 200; round++) {
        int64_t b[CELLS], c[CELLS];
        draw(&random, 1e4, CELLS, b);
        draw(&random, 1e4, CELLS, c);
        double psi = divergence_psi(b, c, CELLS);
        double both = divergence_kl(c, b, CELLS) + divergence_kl(b, c, CELLS);
        cr_expect(fabs(psi - both) < 1e-13 * psi);
        cr_expect(fabs(psi - divergence_psi(c, b, CELLS)) < 1e-13 * psi);
        int64_t n = counts_total(b, CELLS), difference = n - counts_total(c, CELLS);
        c[0] += difference > 0 ? difference : 0;
        b[0] -= difference < 0 ? difference : 0;
        n = counts_total(b, CELLS);
        double g = statistic_g(b, c, CELLS);
        cr_expect(fabs(g - 4 * (double)n * divergence_js(b, c, CELLS)) < 1e-12 * g);
    }
}

/* Where all is small: PSI = 8 JS = 8 H^2 = X2 / N = G / N to first order, at any count. */
Test(divergence, small_changes_agree_at_huge_counts)
{
    int64_t b[10], c[10];
    for (int i = 0; i < 10; i++) {
        b[i] = INT64_C(100000000000);
        c[i] = b[i] + (i % 2 ? 1000000 : -1000000);
    }
    double n = 5e11, want = 1e-10;
    double hellinger = distance_hellinger(b, c, 10);
    const double got[] = {divergence_psi(b, c, 10),         8 * divergence_js(b, c, 10),
                          8 * hellinger * hellinger,        2 * divergence_kl(c, b, 10),
                          statistic_g(b, c, 10) / n,        statistic_x2(b, c, 10) / n,
                          4 * pow(distance_tv(b, c, 10), 2)};
    for (size_t i = 0; i < sizeof got / sizeof *got; i++)
        cr_expect(fabs(got[i] - want) < 2e-5 * want, "%zu: %.17g", i, got[i]);
}

/* Edges come from the baseline, so a single outlier cannot hide a shift: less than 1 %. */
Test(divergence, one_outlier_does_not_mask_a_shift)
{
    struct random random = random_new(3);
    static const double edges[] = {-4, -1.28, -0.84, -0.52, -0.25, 0, 0.25, 0.52, 0.84, 1.28, 4};
    struct cells cells = {12, edges};
    int64_t b[12] = {0}, c[12] = {0};
    for (int i = 0; i < 20000; i++)
        b[cells_find(&cells, random_normal(&random))]++;
    for (int i = 0; i < 1000; i++)
        c[cells_find(&cells, random_normal(&random) + 1)]++;
    double before = divergence_psi(b, c, 12);
    c[cells_find(&cells, 1e4)]++;
    double after = divergence_psi(b, c, 12);
    cr_expect_gt(before, 0.5);
    cr_expect(fabs(after - before) < 0.01 * before, "%g %g", before, after);
}
