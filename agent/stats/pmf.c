/* Probabilities of single points, in logarithms.
 *
 * Tails are a point probability times a sum of order one, so a tail is as accurate as this file.
 * At a count of 1e12 the textbook form subtracts numbers near 1e13 and has no digit left; here the
 * large parts are cancelled by algebra. Assumes finite arguments inside the ranges of the header;
 * knows nothing of tails. */
#include "stats/pmf.h"

#include <math.h>

/* Below this ln k! from the library is exact enough and Stirling's series is not. */
static const double stirling_from = 15;

double log_gamma(double x)
{
    int sign;
    return lgamma_r(x, &sign);
}

double log1p_minus(double u)
{
    if (!(fabs(u) < 0.5))
        return log1p(u) - u;
    /* ln(1 + u) = 2 atanh r with r = u / (2 + u); the term 2r - u = -u r is taken out by hand. */
    double r = u / (2 + u);
    double square = r * r;
    double sum = 0;
    for (int k = 20; k >= 0; k--)
        sum = sum * square + 1.0 / (2 * k + 3);
    return r * (2 * square * sum - u);
}

double deviance_from(double mu, double delta)
{
    double x = mu + delta;
    if (!(x > 0))
        return mu;
    if (!(mu > 0))
        return HUGE_VAL;
    if (delta > mu)
        return fmax(0, x * (log(x) - log(mu)) - delta);
    double v = delta / mu;
    if (v < -0.5)
        return fmax(0, x * log(x / mu) - delta);
    return fmax(0, mu * ((1 + v) * log1p_minus(v) + v * v));
}

/* ln k! - (k + 1/2) ln k + k - ln(2 pi) / 2 for k >= stirling_from. */
static double stirling_error(double k)
{
    double square = k * k;
    double sum = 1.0 / 1188;
    sum = 1.0 / 1680 - sum / square;
    sum = 1.0 / 1260 - sum / square;
    sum = 1.0 / 360 - sum / square;
    sum = 1.0 / 12 - sum / square;
    return sum / k;
}

double poisson_log_pmf(double k, double mu)
{
    if (!(mu > 0))
        return k > 0 ? -HUGE_VAL : 0;
    if (k < stirling_from)
        return k * log(mu) - mu - log_gamma(k + 1);
    return -stirling_error(k) - deviance_from(mu, k - mu) - 0.5 * log(2 * M_PI * k);
}

double binomial_log_pmf(double a, double b, double x, double y)
{
    /* A binomial is two Poisson counts given their sum. */
    double n = a + b;
    return poisson_log_pmf(a, n * x) + poisson_log_pmf(b, n * y) - poisson_log_pmf(n, n);
}

double difference_of_products(double a, double b, double c, double d)
{
    double product = c * d;
    double error = fma(-c, d, product);
    return fma(a, b, -product) + error;
}

double log_complement(double log_p)
{
    if (log_p >= 0)
        return -HUGE_VAL;
    return log_p > -M_LN2 ? log(-expm1(log_p)) : log1p(-exp(log_p));
}
