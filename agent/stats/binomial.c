/* Binomial tails and Clopper-Pearson bounds for counts that may be fractional.
 *
 * A count is divided by a design effect before it gets here, so the tails are those of the beta
 * distribution, which agree with the binomial at integers. Bounds are searched for in the log-odds,
 * where 1e-12 and 1 - 1e-12 are as easy as 1/2. Knows nothing of what is counted. */
#include "stats/special.h"

#include <math.h>
#include <stdbool.h>

#include "stats/root.h"
#include "stats/tails.h"

static bool is_count_of(double k, double n)
{
    return k >= 0 && k <= n && !isinf(n);
}

double binomial_log_sf(double k, double n, double p)
{
    if (!is_count_of(k, n) || !(p >= 0 && p <= 1))
        return (double)NAN;
    if (!(k > 0))
        return 0;
    return beta_log_below(k, n - k + 1, p, 1 - p);
}

double binomial_log_cdf(double k, double n, double p)
{
    if (!is_count_of(k, n) || !(p >= 0 && p <= 1))
        return (double)NAN;
    if (!(k < n))
        return 0;
    return beta_log_below(n - k, k + 1, 1 - p, p);
}

/* The beta distribution whose quantile is wanted: ln P(Beta(a, b) < x) = log_p. */
struct beta_target {
    double a, b, log_p;
};

static double odds_x(double log_odds)
{
    return 1 / (1 + exp(-log_odds));
}

static double beta_excess(double log_odds, const void *context)
{
    const struct beta_target *target = context;
    return beta_log_below(target->a, target->b, odds_x(log_odds), odds_x(-log_odds)) -
           target->log_p;
}

/* x with P(Beta(a, b) < x) = exp(log_p), as log-odds. */
static double beta_log_odds(const struct beta_target *target)
{
    /* The normal approximation of the log-odds, then outwards from there. */
    double sd = sqrt(1 / target->a + 1 / target->b);
    double guess = log(target->a / target->b) + sd * normal_quantile(exp(target->log_p));
    /* exp(-log_odds) must stay finite: no rate is below 1e-300. */
    double low = fmin(fmax(guess, -690), 690), high = low;
    for (double reach = sd / 8; low > -690 && beta_excess(low, target) > 0; reach *= 2) {
        high = low;
        low = fmax(low - reach, -690);
    }
    for (double reach = sd / 8; high < 690 && beta_excess(high, target) < 0; reach *= 2) {
        low = high;
        high = fmin(high + reach, 690);
    }
    return root_find(beta_excess, target, low, high);
}

double clopper_pearson_lower(double k, double n, double gamma)
{
    if (!is_count_of(k, n) || !(gamma > 0 && gamma < 1))
        return (double)NAN;
    if (!(k > 0))
        return 0;
    return odds_x(beta_log_odds(&(struct beta_target){k, n - k + 1, log(gamma)}));
}

double clopper_pearson_upper(double k, double n, double gamma)
{
    if (!is_count_of(k, n) || !(gamma > 0 && gamma < 1))
        return (double)NAN;
    if (!(k < n))
        return 1;
    /* The mirror image: failures instead of successes. */
    return odds_x(-beta_log_odds(&(struct beta_target){n - k, k + 1, log(gamma)}));
}
