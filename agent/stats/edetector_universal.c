/* Evidence since deployment: universal inference against the ball.
 *
 * Any fixed mixture of laws divided by the best law of the null is an e-process, because the best
 * law does at least as well as the true one. The best law of the ball is again on a line: from the
 * observed shares to the baseline's. Assumes one law throughout; panes with different laws of the
 * ball would need the best law of each. */
#include <math.h>

#include "stats/edetector.h"
#include "stats/klball.h"
#include "stats/pmf.h"
#include "stats/special.h"

enum { KAPPAS = 4 };
static const double kappas[KAPPAS] = {25, 100, 400, 1600};

/* ln of the probability of one sequence with counts c when its law is Dirichlet(kappa p). */
static double log_dirichlet_multinomial(const struct edetector_table *table, const double *c,
                                        double n, double kappa)
{
    double sum = log_gamma(kappa) - log_gamma(kappa + n);
    for (uint32_t i = 0; i < table->cells; i++) {
        double a = kappa * table->shares[i];
        sum += c[i] > 0 ? log_gamma(a + c[i]) - log_gamma(a) : 0;
    }
    return sum;
}

double edetector_log_universal(const struct edetector_table *table, const int64_t *c)
{
    double counts[ALTERNATIVES_CELLS_MAX], shares[ALTERNATIVES_CELLS_MAX];
    double best[ALTERNATIVES_CELLS_MAX];
    double n = 0;
    for (uint32_t i = 0; i < table->cells; i++)
        n += counts[i] = c[i] > 0 ? (double)c[i] : 0;
    if (!(n > 0))
        return 0;
    for (uint32_t i = 0; i < table->cells; i++)
        shares[i] = counts[i] / n;
    klball_project(table->shares, shares, table->cells, table->radius, best);
    double numerator = -HUGE_VAL, denominator = 0;
    for (uint32_t k = 0; k < KAPPAS; k++)
        numerator = log_add(numerator, log_dirichlet_multinomial(table, counts, n, kappas[k]));
    for (uint32_t i = 0; i < table->cells; i++)
        denominator += counts[i] > 0 ? counts[i] * log(best[i]) : 0;
    return numerator - log((double)KAPPAS) - denominator;
}
