/* Incomplete gamma and beta functions.
 *
 * Three methods, by region: a power series below the mean, a continued fraction above it, and for
 * large parameters (where both need about sqrt(a) terms) the contour integral, whose cost is
 * constant. All of them give ln(tail) as ln(point probability) + ln(sum of order one), so nothing
 * underflows. Assumes arguments inside the ranges; knows no distribution's name. */
#include "stats/tails.h"

#include <math.h>
#include <stdbool.h>

#include "stats/contour.h"
#include "stats/pmf.h"

/* More than any region below `large` needs (about 10 sqrt(a) + 200); a bound, not a tuning knob. */
enum { TERMS_MAX = 20000 };
static const double large = 2000;
static const double precise = 1e-16;

/* Q = x^a exp(-x) / Gamma(a) * 1/(x+1-a- 1(1-a)/(x+3-a- ...)), by Lentz. For x >= a + 1. */
static double gamma_fraction(double a, double x)
{
    double b = x + 1 - a;
    double c = HUGE_VAL;
    double d = 1 / b;
    double h = d;
    for (int i = 1; i < TERMS_MAX; i++) {
        double term = -i * (i - a);
        b += 2;
        d = 1 / (term * d + b);
        c = b + term / c;
        double change = c * d;
        h *= change;
        if (fabs(change - 1) < precise)
            break;
    }
    return poisson_log_pmf(a, x) + log(a * h);
}

static double gamma_series(double a, double x)
{
    double term = 1;
    double sum = 1;
    for (int i = 1; i < TERMS_MAX && term > sum * precise; i++) {
        term *= x / (a + i);
        sum += term;
    }
    return poisson_log_pmf(a, x) + log(sum);
}

double gamma_log_above(double a, double x)
{
    if (!(x > 0))
        return 0;
    if (isinf(x))
        return -HUGE_VAL;
    if (a > large && x > a / 2 && x < 2 * a)
        return gamma_sum_log_above(&(struct gamma_sum){a, 1, 0, 0, 0, a - x});
    return x < a + 1 ? log_complement(fmin(gamma_series(a, x), 0)) : fmin(gamma_fraction(a, x), 0);
}

double gamma_log_below(double a, double x)
{
    if (!(x > 0))
        return -HUGE_VAL;
    if (isinf(x))
        return 0;
    if (a > large && x > a / 2 && x < 2 * a)
        return gamma_sum_log_below(&(struct gamma_sum){a, 1, 0, 0, 0, a - x});
    return x < a + 1 ? fmin(gamma_series(a, x), 0) : log_complement(fmin(gamma_fraction(a, x), 0));
}

/* a y - b x = a - (a + b) x = (a + b) y - b, rounded once: it decides how far out we are. */
static double beta_offset(double a, double b, double x, double y)
{
    return x <= y ? fma(-(a + b), x, a) : fma(a + b, y, -b);
}

/* The continued fraction of Didonato and Morris (1992), ACM TOMS 708, equation 9, for x at or below
 * the mean a / (a + b). Its coefficients use `offset` instead of differences of large numbers. */
static double beta_fraction(double a, double b, double x, double y, double offset)
{
    double c = 1 + offset;
    double c0 = b / a;
    double c1 = 1 + 1 / a;
    double p = 1, s = a + 1;
    double numerator = 0, denominator = 1, next_numerator = 1, next_denominator = c / c1;
    double ratio = c1 / c;
    for (int n = 1; n < TERMS_MAX; n++) {
        double t = n / a;
        double w = n * (b - n) * x;
        double e = a / s;
        double alpha = p * (p + c0) * e * e * (w * x);
        e = (1 + t) / (c1 + t + t);
        double beta = n + w / s + e * (c + n * (1 + y));
        p = 1 + t;
        s += 2;
        t = alpha * numerator + beta * next_numerator;
        numerator = next_numerator;
        next_numerator = t;
        t = alpha * denominator + beta * next_denominator;
        denominator = next_denominator;
        next_denominator = t;
        double before = ratio;
        ratio = next_numerator / next_denominator;
        if (fabs(ratio - before) <= precise * ratio)
            break;
        numerator /= next_denominator;
        denominator /= next_denominator;
        next_numerator = ratio;
        next_denominator = 1;
    }
    /* x^a y^b / B(a, b) times the fraction. */
    return binomial_log_pmf(a, b, x, y) + log(b / (a + b)) + log(a * ratio);
}

double beta_log_below(double a, double b, double x, double y)
{
    if (!(x > 0))
        return -HUGE_VAL;
    if (!(y > 0))
        return 0;
    double offset = beta_offset(a, b, x, y);
    double mean_x = a / (a + b), mean_y = b / (a + b);
    if (a + b > large && fmin(a, b) > 20 && x > mean_x / 2 && y > mean_y / 2)
        return gamma_sum_log_below(&(struct gamma_sum){a, y, 0, b, x, offset});
    if (offset >= 0)
        return fmin(beta_fraction(a, b, x, y, offset), 0);
    return log_complement(fmin(beta_fraction(b, a, y, x, -offset), 0));
}
