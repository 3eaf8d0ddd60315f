/* Neyman's smooth test on cells.
 *
 * The polynomials are orthonormal under the baseline's cell shares, so under no change each
 * component has variance 1/N and they are uncorrelated. Built by Gram-Schmidt in Stieltjes' order
 * (multiply the last polynomial by x, orthogonalise twice), which stays orthogonal to rounding.
 * Assumes counts >= 0; knows nothing of what the cells measure. */
#include "stats/smooth.h"

#include <math.h>
#include <stdbool.h>

#include "stats/pmf.h"

enum { POLYNOMIALS = SMOOTH_MAX + 1 };

struct scores {
    uint32_t count;
    double p[SMOOTH_CELLS_MAX]; /* baseline shares */
    double x[SMOOTH_CELLS_MAX]; /* mid-rank scores, -1 to 1 */
};

/* Returns how many cells have mass. */
static uint32_t scores_make(struct scores *scores, const int64_t *b, uint32_t count)
{
    double m = 0;
    for (uint32_t i = 0; i < count; i++)
        m += (double)b[i];
    scores->count = count;
    uint32_t filled = 0;
    double before = 0;
    for (uint32_t i = 0; i < count; i++) {
        double mass = (double)b[i];
        filled += b[i] > 0;
        scores->p[i] = m > 0 ? mass / m : 0;
        scores->x[i] = m > 0 ? (2 * before + mass) / m - 1 : 0;
        before += mass;
    }
    return filled;
}

static double scores_product(const struct scores *scores, const double *f, const double *g)
{
    double sum = 0;
    for (uint32_t i = 0; i < scores->count; i++)
        sum += f[i] * g[i] * scores->p[i];
    return sum;
}

/* The next polynomial after polynomials[0 … size-1]; false if the cells cannot carry it. */
static bool scores_next(const struct scores *scores, double (*polynomials)[SMOOTH_CELLS_MAX],
                        uint32_t size)
{
    double *next = polynomials[size];
    for (uint32_t i = 0; i < scores->count; i++)
        next[i] = scores->x[i] * polynomials[size - 1][i];
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t j = 0; j < size; j++) {
            double overlap = scores_product(scores, next, polynomials[j]);
            for (uint32_t i = 0; i < scores->count; i++)
                next[i] -= overlap * polynomials[j][i];
        }
    }
    double norm = sqrt(scores_product(scores, next, next));
    if (!(norm >= 1e-8))
        return false;
    for (uint32_t i = 0; i < scores->count; i++)
        next[i] /= norm;
    return true;
}

uint32_t smooth_basis(const int64_t *b, uint32_t count, uint32_t wanted,
                      double (*ret_basis)[SMOOTH_CELLS_MAX])
{
    if (count > SMOOTH_CELLS_MAX)
        return 0;
    struct scores scores;
    uint32_t filled = scores_make(&scores, b, count);
    double polynomials[POLYNOMIALS][SMOOTH_CELLS_MAX] = {{0}};
    for (uint32_t i = 0; i < count; i++)
        polynomials[0][i] = 1;
    uint32_t most = wanted < SMOOTH_MAX ? wanted : SMOOTH_MAX;
    uint32_t made = 0;
    while (made < most && made + 1 < filled && scores_next(&scores, polynomials, made + 1)) {
        for (uint32_t i = 0; i < count; i++)
            ret_basis[made][i] = polynomials[made + 1][i];
        made++;
    }
    return made;
}

void smooth_components(const int64_t *b, const int64_t *c, uint32_t count, uint32_t components,
                       const double (*basis)[SMOOTH_CELLS_MAX], double *ret_theta)
{
    double m = 0, n = 0;
    for (uint32_t i = 0; i < count; i++) {
        m += (double)b[i];
        n += (double)c[i];
    }
    bool is_empty = !(m > 0) || !(n > 0);
    for (uint32_t j = 0; j < components; j++) {
        double sum = 0;
        for (uint32_t i = 0; i < count && !is_empty; i++)
            sum += difference_of_products((double)c[i], m, (double)b[i], n) / (m * n) * basis[j][i];
        ret_theta[j] = is_empty ? (double)NAN : sum;
    }
}
