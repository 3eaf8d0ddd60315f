#include <criterion/criterion.h>
#include <math.h>

#include "stats/evidence.h"
#include "stats/special.h"
#include "support/random.h"

Test(evidence, effect_uses_the_noncentral_law)
{
    cr_expect_eq(effect_log_p(80, 31, 1000, 0.005, 1, 0), ncx2_log_sf(80, 31, 5));
    cr_expect_eq(effect_log_p(80, 31, 1000, 0, 1, 0), chi2_log_sf(80, 31));
    cr_expect_eq(effect_log_p(80, 31, 1000, 0.005, 2, 1), ncx2_log_sf(40, 31, 2.5));
    cr_expect_eq(effect_log_p(80, 4, 1000, 0.005, 2, 11), ncf_log_sf(10, 4, 40, 2.5));
    cr_expect(isnan(effect_log_p(NAN, 4, 1000, 0.005, 1, 0)));
    cr_expect_eq(effect_log_p(0, 4, 0, 0.005, 1, 0), 0);
}

/* The effect stays at delta_0 while counts grow without end: never significant. Above it: always.
 */
Test(evidence, a_trifle_is_no_evidence_at_any_count)
{
    double before = 0;
    for (double n = 100; n < 1e13; n *= 10) {
        double trifle = effect_log_p(n * 0.004 + 15, 15, n, 0.005, 1, 0);
        double change = effect_log_p(n * 0.02 + 15, 15, n, 0.005, 1, 0);
        cr_expect(trifle > log(0.05), "%g: %g", n, trifle);
        cr_expect(change < before, "%g: %g after %g", n, change, before);
        before = change;
    }
    cr_expect_lt(before, -1e9);
}

Test(evidence, phi_and_few_windows_weaken)
{
    double plain = effect_log_p(100, 4, 1000, 0.005, 1, 0);
    double clustered = effect_log_p(100, 4, 1000, 0.005, 5, 0);
    double estimated = effect_log_p(100, 4, 1000, 0.005, 5, 12);
    cr_expect(plain < clustered && clustered < estimated, "%g %g %g", plain, clustered, estimated);
}

Test(evidence, rate_needs_the_change_and_the_significance)
{
    cr_expect_eq(rate_log_p(24, 1000, 400, 20000, 1e-3, 0.005, true, 1), 0);
    cr_expect_eq(rate_log_p(20, 1000, 400, 20000, 1e-3, 0, true, 1), 0, "a tail above 1/2");
    cr_expect_lt(rate_log_p(26, 1000, 400, 20000, 1e-3, 0.005, false, 1), 0);
    cr_expect_lt(rate_log_p(60, 1000, 400, 20000, 1e-3, 0.005, true, 1), log(1e-9));
    cr_expect_lt(rate_log_p(0, 1000, 400, 20000, 1e-3, 0.005, true, 1), log(1e-6));
    cr_expect_eq(rate_log_p(0, 1000, 400, 20000, 1e-3, 0.005, false, 1), 0);
    double one = rate_log_p(60, 1000, 400, 20000, 1e-3, 0.005, false, 1);
    double two = rate_log_p(60, 1000, 400, 20000, 1e-3, 0.005, true, 1);
    cr_expect(fabs(two - one - M_LN2) < 1e-12);
}

Test(evidence, rate_at_the_ends)
{
    cr_expect_eq(rate_log_p(0, 0, 5, 100, 1e-3, 0.005, true, 1), 0);
    cr_expect_eq(rate_log_p(5, 10, 0, 0, 1e-3, 0.005, true, 1), 0);
    cr_expect_eq(rate_log_p(10, 10, 100, 100, 1e-3, 0.005, true, 1), 0);
    double all = rate_log_p(1000, 1000, 0, 20000, 1e-3, 0.005, true, 1);
    cr_expect(isfinite(all) && all < -7000, "%g", all);
    double huge = rate_log_p(2e10, 1e12, 1e10, 1e12, 1e-3, 0.005, true, 1);
    cr_expect(isfinite(huge) && huge < -1e8, "%g", huge);
    double clustered = rate_log_p(60, 1000, 400, 20000, 1e-3, 0.005, true, 7.3);
    cr_expect(isfinite(clustered) && clustered > -5, "%g", clustered);
}

/* Under the null P(p <= alpha) <= alpha: the bound is above the true rate but for gamma. */
Test(evidence, rate_keeps_its_level)
{
    struct random random = random_new(1);
    int rejected = 0;
    enum { ROUNDS = 3000 };
    for (int round = 0; round < ROUNDS; round++) {
        int k = 0, k0 = 0;
        for (int i = 0; i < 2000; i++)
            k0 += random_unit(&random) < 0.02;
        for (int i = 0; i < 300; i++)
            k += random_unit(&random) < 0.02;
        rejected += rate_log_p(k, 300, k0, 2000, 1e-3, 0, true, 1) < log(0.05);
    }
    cr_expect_leq(rejected, 1.3 * 0.05 * ROUNDS, "%d", rejected);
}

Test(evidence, unseen_levels_are_measured_by_the_baselines_rarities)
{
    /* 20 of 10 000 rows were seen once: 0.2 % unseen is what to expect, 5 % is not. */
    cr_expect_eq(unseen_log_p(2, 1000, 20, 10, 10000, 1e-3, 0.002, 1), 0);
    cr_expect_lt(unseen_log_p(50, 1000, 20, 10, 10000, 1e-3, 0.002, 1), log(1e-20));
    double bound = (20 + 3.1 * sqrt(40)) / 10000;
    cr_expect_gt(bound, clopper_pearson_upper(20, 10000, 1e-3));
    cr_expect_eq(unseen_log_p(50, 1000, 20, 10, 10000, 1e-3, 0.002, 1),
                 binomial_log_sf(50, 1000, bound));
    cr_expect_eq(unseen_log_p(5, 1000, 0, 0, 10000, 1e-3, 0.002, 1),
                 binomial_log_sf(5, 1000, clopper_pearson_upper(0, 10000, 1e-3)));
    cr_expect_eq(unseen_log_p(5, 0, 0, 0, 100, 1e-3, 0.002, 1), 0);
    cr_expect_eq(unseen_log_p(5, 10, 0, 0, 0, 1e-3, 0.002, 1), 0);
    cr_expect_eq(unseen_log_p(10, 10, 50, 0, 50, 1e-3, -1, 1), 0);
}

static void expect_rejected(const double *log_p, uint32_t count, double q, const char *want)
{
    bool reject[64];
    benjamini_hochberg(log_p, count, q, reject);
    for (uint32_t i = 0; i < count; i++)
        cr_expect_eq(reject[i], want[i] == '1', "%u of %s", i, want);
}

Test(evidence, benjamini_hochberg_steps_up)
{
    /* The example of Benjamini and Hochberg 1995: 15 p-values, four rejected at 0.05. */
    static const double p[] = {0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
                               0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000};
    double log_p[15];
    for (int i = 0; i < 15; i++)
        log_p[i] = log(p[i]);
    expect_rejected(log_p, 15, 0.05, "111100000000000");
    /* 0.049 saves 0.048, which alone would not do. */
    double pair[] = {log(0.049), log(0.048)};
    expect_rejected(pair, 2, 0.05, "11");
    expect_rejected(pair, 1, 0.04, "0");
    double odd[] = {-INFINITY, NAN, 0, -1e5, NAN};
    expect_rejected(odd, 5, 0.05, "10010");
    double none[] = {NAN, NAN};
    expect_rejected(none, 2, 0.05, "00");
    benjamini_hochberg(NULL, 0, 0.05, NULL);
}

Test(evidence, lower_limit_of_the_effect)
{
    double n = 1000, psi = 0.1, df = 9;
    cr_expect(fabs(effect_low(psi, df, n) - (0.1 - 1.645 * sqrt(18 + 400) / 1000)) < 1e-15);
    cr_expect(fabs(effect_low(-0.01, df, n) - (-0.01 - 1.645 * sqrt(18) / 1000)) < 1e-15);
    cr_expect(isnan(effect_low(0.1, 9, 0)));
    cr_expect(fabs(effect_low(psi, df, 1e12) - psi) < 1e-5);
}
