/* Special functions against SciPy (spec.json) and, far in the tails, mpmath (extreme.json). */
#include "golden.h"

#include "stats/evidence.h"
#include "stats/special.h"

/* Runs `value` over each row: arguments, then the expected number. */
static void check_rows(const char *file, const char *name, double (*value)(const double *),
                       double relative, size_t rows)
{
    json_t *root = golden_load(file);
    json_t *table = json_object_get(root, name);
    cr_assert_eq(json_array_size(table), rows, "%s has %zu rows", name, json_array_size(table));
    for (size_t i = 0; i < rows; i++) {
        json_t *row = json_array_get(table, i);
        double a[8] = {0};
        size_t last = json_array_size(row) - 1;
        for (size_t j = 0; j < last; j++)
            a[j] = golden_at(row, j);
        expect_near(value(a), golden_at(row, last), relative, 1e-300, "%s(%g, %g, %g, %g)", name,
                    a[0], a[1], a[2], a[3]);
    }
    json_decref(root);
}

static double chi2_sf_row(const double *a)
{
    return chi2_sf(a[0], a[1]);
}

static double chi2_isf_row(const double *a)
{
    return chi2_isf(a[0], a[1]);
}

static double ncx2_sf_row(const double *a)
{
    return ncx2_sf(a[0], a[1], a[2]);
}

static double ncx2_isf_row(const double *a)
{
    return ncx2_isf(a[0], a[1], a[2]);
}

static double ncf_sf_row(const double *a)
{
    return ncf_sf(a[0], a[1], a[2], a[3]);
}

static double kolmogorov_row(const double *a)
{
    return kolmogorov_limit_sf(a[0]);
}

static double cvm_row(const double *a)
{
    return cvm_limit_sf(a[0]);
}

static double binomial_row(const double *a)
{
    return exp(binomial_log_sf(a[0], a[1], a[2]));
}

static double clopper_row(const double *a)
{
    return clopper_pearson_upper(a[0], a[1], 1e-3);
}

Test(special, chi2_is_scipys)
{
    check_rows("spec.json", "chi2_sf", chi2_sf_row, 1e-12, 45);
    check_rows("spec.json", "chi2_isf", chi2_isf_row, 1e-13, 30);
}

Test(special, noncentral_chi2_is_scipys)
{
    check_rows("spec.json", "ncx2_sf", ncx2_sf_row, 1e-12, 90);
    check_rows("spec.json", "ncx2_isf", ncx2_isf_row, 1e-13, 36);
}

Test(special, noncentral_f_is_scipys)
{
    check_rows("spec.json", "ncf_sf(x,d1,d2,lambda)", ncf_sf_row, 1e-12, 27);
}

Test(special, limit_laws_are_scipys)
{
    check_rows("spec.json", "kolmogorov_limit_sf", kolmogorov_row, 1e-13, 10);
    /* SciPy's 1 - cdf has lost 9 digits at the last row; extreme.json has that point exactly. */
    check_rows("spec.json", "cvm_limit_sf", cvm_row, 1e-8, 8);
}

Test(special, binomial_and_clopper_pearson_are_scipys)
{
    check_rows("spec.json", "binom_sf_geq", binomial_row, 1e-12, 15);
    check_rows("spec.json", "clopper_pearson_upper(gamma=1e-3)", clopper_row, 1e-13, 5);
}

/* The promise of special.h: 3 % for N >= 50, where p-values matter. */
Test(special, stephens_factor_is_within_3_percent_of_the_exact_law)
{
    json_t *root = golden_load("spec.json");
    json_t *table = json_object_get(root, "kstwo_sf(scipy, n=round(nm/(n+m)))");
    size_t checked = 0;
    for (size_t i = 0; i < json_array_size(table); i++) {
        json_t *row = json_array_get(table, i);
        double d = golden_at(row, 0), n = golden_at(row, 1), p = golden_at(row, 2);
        if (n < 50 || p < 1e-4 || p > 0.5)
            continue;
        expect_near(kolmogorov_sf(d, n), p, 0.03, 0, "kolmogorov_sf(%g, %g)", d, n);
        checked++;
    }
    cr_expect_eq(checked, 15);
    json_decref(root);
}

static double rate_row(const double *a)
{
    return exp(rate_log_p(a[0], a[1], a[2], a[3], 1e-3, a[4], true, 1));
}

/* One row, the day on which half the flights were cancelled, is 0 in double. */
Test(special, rate_test_is_the_reference_policys)
{
    check_rows("spec.json", "rate_p(k,n,b,m,d1) two-sided, gamma=1e-3", rate_row, 1e-12, 7);
    double log_p = rate_log_p(473, 930, 521, 27004, 1e-3, 0.005, true, 1);
    cr_expect(log_p < -1000 && log_p > -1200, "%.17g", log_p);
}

static double gamma_log_row(const double *a)
{
    return gamma_log_q(a[0], a[1]);
}

static double beta_log_row(const double *a)
{
    return beta_log_i(a[0], a[1], a[2]);
}

static double ncx2_log_row(const double *a)
{
    return ncx2_log_sf(a[0], a[1], a[2]);
}

static double ncx2_log_row_1(const double *a)
{
    return ncx2_log_sf(a[0], 1, a[1]);
}

static double ncf_log_row(const double *a)
{
    return ncf_log_sf(a[0], a[1], a[2], a[3]);
}

static double binomial_log_row(const double *a)
{
    return binomial_log_sf(a[0], a[1], a[2]);
}

static double cvm_log_row(const double *a)
{
    return log(cvm_limit_sf(a[0]));
}

Test(special, far_central_tails_are_mpmaths)
{
    check_rows("extreme.json", "gamma_log_q", gamma_log_row, 1e-12, 12);
    /* Row 11 has a = b = 1e11 one standard deviation out: 3e-11. */
    check_rows("extreme.json", "beta_log_i", beta_log_row, 1e-10, 18);
    check_rows("extreme.json", "binomial_log_sf", binomial_log_row, 1e-11, 6);
    check_rows("extreme.json", "cvm_log_sf", cvm_log_row, 1e-12, 7);
}

Test(special, far_noncentral_tails_are_mpmaths)
{
    check_rows("extreme.json", "ncx2_log_sf", ncx2_log_row, 1e-12, 13);
    check_rows("extreme.json", "ncx2_log_sf_1", ncx2_log_row_1, 1e-12, 4);
    check_rows("extreme.json", "ncf_log_sf", ncf_log_row, 2e-12, 12);
}
