/* Divergences against their definitions in 50 digits, against the peers that define a metric the
 * same way, and the eleven histogram cases of the reference. */
#include "golden.h"

#include "stats/divergence.h"
#include "stats/evidence.h"
#include "stats/smooth.h"
#include "stats/special.h"

static double (*const two_sample[])(const int64_t *, const int64_t *, uint32_t) = {
    divergence_psi, divergence_js, distance_js,  distance_hellinger,
    distance_tv,    distance_linf, statistic_x2, statistic_g};
static const char *const two_sample_names[] = {"psi", "js",   "js_distance", "hellinger",
                                               "tv",  "linf", "x2",          "g"};

static void check_exact(const char *name, const int64_t *b, const int64_t *c, uint32_t count,
                        const json_t *exact)
{
    for (size_t i = 0; i < sizeof two_sample / sizeof *two_sample; i++)
        expect_near(two_sample[i](b, c, count), golden_number(exact, two_sample_names[i]), 1e-12,
                    1e-300, "%s %s", name, two_sample_names[i]);
    expect_near(divergence_psi_floor(b, c, count, 1e-4), golden_number(exact, "psi_floor"), 1e-12,
                1e-300, "%s psi_floor", name);
    expect_near(divergence_kl(c, b, count), golden_number(exact, "kl"), 1e-12, 1e-300, "%s kl",
                name);
    double low, high;
    distance_ks(b, c, count, &low, &high);
    expect_near(low, golden_number(exact, "ks"), 1e-12, 1e-300, "%s ks", name);
}

/* Peers' values are published with 10 digits; Hellinger as they compute it is good to 4e-12. */
static void check_peer(const char *name, const int64_t *b, const int64_t *c, uint32_t count,
                       const json_t *peer, size_t *checked)
{
    const struct {
        const char *metric;
        double value;
    } ours[] = {
        {"nannyml.jensen_shannon", distance_js(b, c, count)},
        {"nannyml.hellinger", distance_hellinger(b, c, count)},
        {"nannyml.l_infinity", distance_linf(b, c, count)},
        {"scipy.chi2_contingency.statistic(no Yates)", statistic_x2(b, c, count)},
        {"chi2.statistic", statistic_x2(b, c, count)},
        {"evidently.psi", divergence_psi_floor(b, c, count, 1e-4)},
        {"evidently.jensenshannon", sqrt(divergence_js(b, c, count))},
        {"evidently.hellinger", distance_hellinger(b, c, count)},
    };
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
        if (!json_object_get(peer, ours[i].metric))
            continue;
        expect_near(ours[i].value, golden_number(peer, ours[i].metric), 1e-9, 1e-11, "%s %s", name,
                    ours[i].metric);
        ++*checked;
    }
    /* SciPy's G loses digits to cancellation. */
    if (json_object_get(peer, "scipy.G.statistic(no Yates)"))
        expect_near(statistic_g(b, c, count), golden_number(peer, "scipy.G.statistic(no Yates)"),
                    1e-9, 1e-8, "%s G", name);
}

Test(divergence, real_histograms_match_definitions_and_peers)
{
    json_t *root = golden_load("peers.json");
    size_t checked = 0, cases = 0, index, at;
    json_t *column, *item;
    json_array_foreach(json_object_get(root, "columns"), index, column)
    {
        const char *name = json_string_value(json_object_get(column, "name"));
        int64_t b[GOLDEN_CELLS_MAX], c[GOLDEN_CELLS_MAX];
        uint32_t count = golden_counts(column, "base", b);
        json_array_foreach(json_object_get(column, "cases"), at, item)
        {
            cr_assert_eq(golden_counts(item, "live", c), count);
            check_exact(name, b, c, count, json_object_get(item, "exact"));
            check_peer(name, b, c, count, json_object_get(item, "peer"), &checked);
            cases++;
        }
    }
    cr_expect_eq(cases, 76);
    cr_expect_gt(checked, 300, "only %zu values of peers", checked);
    json_decref(root);
}

static void check_distances(const char *name, const json_t *item, const int64_t *b,
                            const int64_t *c, uint32_t count)
{
    const struct {
        const char *metric;
        double value;
    } ours[] = {
        {"psi_half", divergence_psi(b, c, count)},
        {"psi_floor_1e_4", divergence_psi_floor(b, c, count, 1e-4)},
        {"kl_live_base_half", divergence_kl(c, b, count)},
        {"kl_base_live_half", divergence_kl(b, c, count)},
        {"js_div_nat", divergence_js(b, c, count)},
        {"js_dist_base2", distance_js(b, c, count)},
        {"hellinger", distance_hellinger(b, c, count)},
        {"tv", distance_tv(b, c, count)},
        {"linf", distance_linf(b, c, count)},
        {"X2", statistic_x2(b, c, count)},
    };
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        expect_near(ours[i].value, golden_number(item, ours[i].metric), 1e-11, 1e-14, "%s %s", name,
                    ours[i].metric);
    double low, high;
    distance_ks(b, c, count, &low, &high);
    const json_t *bounds = json_object_get(item, "ks_lo_hi");
    expect_near(low, golden_at(bounds, 0), 1e-12, 1e-15, "%s ks low", name);
    expect_near(high, golden_at(bounds, 1), 1e-12, 1e-15, "%s ks high", name);
    expect_near(low, golden_number(item, "ks_bin"), 1e-12, 1e-15, "%s ks", name);
}

/* The reference computes G as a difference of sums near N ln N and keeps 16 digits of those; at 1e7
 * counts that is 1e-7 of G, and half of it relatively in a p-value. p below 1e-290 is not compared.
 */
static void check_p(const char *name, const json_t *item, const char *metric, double log_p)
{
    double want = golden_number(item, metric);
    if (want > 1e-290)
        expect_near(exp(log_p), want, 1e-7, 0, "%s %s", name, metric);
    else
        cr_expect_lt(log_p, -660, "%s %s: %g", name, metric, log_p);
}

static void check_tests(const char *name, const json_t *item, const int64_t *b, const int64_t *c,
                        uint32_t count)
{
    double n_effective = golden_number(item, "n_eff");
    double df = count - 1.0;
    double g = statistic_g(b, c, count);
    double both = (double)(counts_total(b, count) + counts_total(c, count));
    expect_near(g, golden_number(item, "G"), 1e-12, 1e-15 * both * log(both), "%s G", name);
    check_p(name, item, "p_G", effect_log_p(g, df, n_effective, 0, 1, 0));
    check_p(name, item, "p_G_min_effect_0_02", effect_log_p(g, df, n_effective, 0.02, 1, 0));
    check_p(name, item, "p_G_min_effect_0_1", effect_log_p(g, df, n_effective, 0.1, 1, 0));
    expect_near(ncx2_isf(1e-3, df, n_effective * 0.02) / n_effective,
                golden_number(item, "psi_critical_a1e_3_d0_02"), 1e-10, 0, "%s critical", name);
    expect_near(divergence_psi(b, c, count) - df / n_effective, golden_number(item, "psi_debiased"),
                1e-11, 1e-14, "%s debiased", name);
}

/* The reference's basis is orthonormal under the shares of b + 1/2, ours under those of the counts
 * it is given: 2 b + 1. Cases of fewer than six cells have no such entries. */
static size_t check_smooth(const char *name, const json_t *item, const int64_t *b, const int64_t *c,
                           uint32_t count)
{
    const json_t *want = json_object_get(item, "smooth_theta");
    if (!want)
        return 0;
    int64_t odd[GOLDEN_CELLS_MAX];
    for (uint32_t i = 0; i < count; i++)
        odd[i] = 2 * b[i] + 1;
    double n_effective = golden_number(item, "n_eff");
    double basis[SMOOTH_MAX][SMOOTH_CELLS_MAX], theta[SMOOTH_MAX], sum = 0;
    uint32_t components = smooth_basis(odd, count, SMOOTH_MAX, basis);
    cr_assert_eq(components, json_array_size(want), "%s has %u components", name, components);
    smooth_components(b, c, count, components, basis, theta);
    for (uint32_t j = 0; j < components; j++) {
        expect_near(theta[j], golden_at(want, j), 1e-11, 1e-13, "%s theta %u", name, j);
        sum += n_effective * theta[j] * theta[j];
    }
    expect_near(sum, golden_number(item, "smooth_T"), 1e-11, 1e-12, "%s smooth", name);
    check_p(name, item, "p_smooth", effect_log_p(sum, components, n_effective, 0, 1, 0));
    check_p(name, item, "p_smooth_min_effect_0_02",
            effect_log_p(sum, components, n_effective, 0.02, 1, 0));
    return 1;
}

Test(divergence, histogram_cases_are_the_references)
{
    json_t *root = golden_load("spec.json");
    json_t *cases = json_object_get(root, "histogram_cases"), *item;
    cr_assert_eq(json_array_size(cases), 11);
    size_t index, ordered = 0;
    json_array_foreach(cases, index, item)
    {
        const char *name = json_string_value(json_object_get(item, "name"));
        int64_t b[GOLDEN_CELLS_MAX], c[GOLDEN_CELLS_MAX];
        uint32_t count = golden_counts(item, "b", b);
        cr_assert_eq(golden_counts(item, "c", c), count);
        check_distances(name, item, b, c, count);
        check_tests(name, item, b, c, count);
        ordered += check_smooth(name, item, b, c, count);
    }
    cr_expect_eq(ordered, 7, "%zu", ordered);
    json_decref(root);
}
