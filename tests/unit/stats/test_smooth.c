#include <criterion/criterion.h>
#include <math.h>

#include "stats/smooth.h"
#include "support/random.h"

static double product(const double *f, const double *g, const int64_t *b, uint32_t count)
{
    double sum = 0, m = 0;
    for (uint32_t i = 0; i < count; i++) {
        sum += f[i] * g[i] * (double)b[i];
        m += (double)b[i];
    }
    return sum / m;
}

Test(smooth, basis_is_orthonormal_and_orthogonal_to_constants)
{
    struct random random = random_new(1);
    double ones[SMOOTH_CELLS_MAX];
    for (int i = 0; i < SMOOTH_CELLS_MAX; i++)
        ones[i] = 1;
    for (int round = 0; round < 200; round++) {
        uint32_t count = 6 + random_below(&random, SMOOTH_CELLS_MAX - 5);
        int64_t b[SMOOTH_CELLS_MAX];
        for (uint32_t i = 0; i < count; i++)
            b[i] = 1 + (int64_t)pow(10, 4 * random_unit(&random));
        double basis[SMOOTH_MAX][SMOOTH_CELLS_MAX];
        cr_assert_eq(smooth_basis(b, count, SMOOTH_MAX, basis), SMOOTH_MAX);
        for (int j = 0; j < SMOOTH_MAX; j++) {
            cr_expect(fabs(product(basis[j], ones, b, count)) < 1e-12);
            for (int k = 0; k < SMOOTH_MAX; k++)
                cr_expect(fabs(product(basis[j], basis[k], b, count) - (j == k)) < 1e-11);
        }
        for (uint32_t i = 1; i < count; i++)
            cr_expect_gt(basis[0][i], basis[0][i - 1], "location rises");
    }
}

Test(smooth, components_name_what_moved)
{
    int64_t b[16], up[16], wide[16];
    for (int i = 0; i < 16; i++) {
        b[i] = 1000;
        up[i] = 100 + 10 * i;
        wide[i] = 100 + (i - 7) * (i - 8);
    }
    double basis[SMOOTH_MAX][SMOOTH_CELLS_MAX], theta[SMOOTH_MAX];
    cr_assert_eq(smooth_basis(b, 16, 4, basis), 4);
    smooth_components(b, up, 16, 4, basis, theta);
    cr_expect_gt(theta[0], 0.1);
    for (int j = 1; j < 4; j++)
        cr_expect(fabs(theta[j]) < 1e-12);
    smooth_components(b, wide, 16, 4, basis, theta);
    cr_expect_gt(theta[1], 0.05);
    cr_expect(fabs(theta[0]) < 1e-12 && fabs(theta[2]) < 1e-12);
    smooth_components(b, b, 16, 4, basis, theta);
    for (int j = 0; j < 4; j++)
        cr_expect_eq(theta[j], 0);
}

/* N theta^2 has mean 1 under no change: the statistic is chi-squared with as many degrees. */
Test(smooth, null_statistic_has_its_mean)
{
    struct random random = random_new(2);
    enum { ROUNDS = 4000, CELLS = 12 };
    double sums[SMOOTH_MAX] = {0};
    int64_t b[CELLS];
    for (int i = 0; i < CELLS; i++)
        b[i] = 1000000;
    double basis[SMOOTH_MAX][SMOOTH_CELLS_MAX];
    smooth_basis(b, CELLS, SMOOTH_MAX, basis);
    for (int round = 0; round < ROUNDS; round++) {
        int64_t c[CELLS] = {0};
        for (int i = 0; i < 200; i++)
            c[random_below(&random, CELLS)]++;
        double theta[SMOOTH_MAX];
        smooth_components(b, c, CELLS, SMOOTH_MAX, basis, theta);
        for (int j = 0; j < SMOOTH_MAX; j++)
            sums[j] += 200 * theta[j] * theta[j] / ROUNDS;
    }
    for (int j = 0; j < SMOOTH_MAX; j++)
        cr_expect(fabs(sums[j] - 1) < 0.12, "%d: %g", j, sums[j]);
}

Test(smooth, few_cells_carry_fewer_polynomials)
{
    int64_t b[SMOOTH_CELLS_MAX + 1] = {0};
    double basis[SMOOTH_MAX][SMOOTH_CELLS_MAX];
    cr_expect_eq(smooth_basis(b, 8, 4, basis), 0);
    for (uint32_t filled = 1; filled <= 6; filled++) {
        b[filled] = 10 * filled;
        cr_expect_eq(smooth_basis(b, 8, 4, basis), filled - 1 < 4 ? filled - 1 : 4);
    }
    cr_expect_eq(smooth_basis(b, 8, 2, basis), 2);
    cr_expect_eq(smooth_basis(b, 8, 100, basis), SMOOTH_MAX);
    cr_expect_eq(smooth_basis(b, SMOOTH_CELLS_MAX + 1, 4, basis), 0);
    cr_expect_eq(smooth_basis(b, 0, 4, basis), 0);
}

Test(smooth, empty_cells_and_histograms)
{
    int64_t b[] = {0, 100, 0, 200, 50, 300, 0}, c[] = {5, 0, 9, 0, 1, 0, 2}, none[7] = {0};
    double basis[SMOOTH_MAX][SMOOTH_CELLS_MAX], theta[SMOOTH_MAX];
    uint32_t components = smooth_basis(b, 7, 4, basis);
    cr_expect_eq(components, 3);
    smooth_components(b, c, 7, components, basis, theta);
    for (uint32_t j = 0; j < components; j++)
        cr_expect(isfinite(theta[j]));
    smooth_components(b, none, 7, components, basis, theta);
    cr_expect(isnan(theta[0]));
}
