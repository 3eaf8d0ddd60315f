/* The central distributions: gamma, beta, chi-squared, normal.
 *
 * Thin names over tails.h: they check the range, choose the tail and take exponentials. The linear
 * forms follow from the logarithms, never the other way round. */
#include "stats/special.h"

#include <math.h>

#include "stats/pmf.h"
#include "stats/tails.h"

double gamma_log_q(double a, double x)
{
    if (!(a > 0) || !(x >= 0))
        return (double)NAN;
    return gamma_log_above(a, x);
}

double gamma_q(double a, double x)
{
    return exp(gamma_log_q(a, x));
}

double beta_log_i(double a, double b, double x)
{
    if (!(a > 0) || !(b > 0) || !(x >= 0 && x <= 1))
        return (double)NAN;
    return beta_log_below(a, b, x, 1 - x);
}

double beta_i(double a, double b, double x)
{
    return exp(beta_log_i(a, b, x));
}

double chi2_log_sf(double x, double df)
{
    if (!(df > 0) || isnan(x))
        return (double)NAN;
    return gamma_log_above(df / 2, fmax(x, 0) / 2);
}

double chi2_sf(double x, double df)
{
    return exp(chi2_log_sf(x, df));
}

double chi2_isf(double p, double df)
{
    return ncx2_isf(p, df, 0);
}

/* exp(z^2 / 2) P(Z > z) for z > 10: the continued fraction of Mills' ratio. */
static double mills_tail(double z)
{
    double fraction = z;
    for (int k = 60; k >= 1; k--)
        fraction = z + k / fraction;
    return 1 / (fraction * sqrt(2 * M_PI));
}

double normal_log_sf(double z)
{
    if (isnan(z))
        return (double)NAN;
    if (z < 0)
        return log1p(-0.5 * erfc(-z / M_SQRT2));
    if (z < 10)
        return log(0.5 * erfc(z / M_SQRT2));
    return isinf(z) ? -HUGE_VAL : log(mills_tail(z)) - z * z / 2;
}

double normal_quantile(double p)
{
    if (!(p > 0 && p < 1))
        return (double)NAN;
    double tail = fmin(p, 1 - p);
    /* Abramowitz and Stegun 26.2.23 (error 4.5e-4), then Newton on ln P(Z > z). */
    double t = sqrt(-2 * log(tail));
    double z = t - (2.515517 + t * (0.802853 + t * 0.010328)) /
                       (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
    for (int step = 0; step < 4; step++) {
        double log_sf = normal_log_sf(z);
        double hazard = exp(-z * z / 2 - 0.5 * log(2 * M_PI) - log_sf);
        z += (log_sf - log(tail)) / hazard;
    }
    return p < 0.5 ? -z : z;
}

double log_add(double a, double b)
{
    double high = fmax(a, b);
    double low = fmin(a, b);
    return isinf(low) ? high : high + log1p(exp(low - high));
}
