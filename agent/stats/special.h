/* Special functions and tail probabilities. All tails also come as natural logarithms, correct far
 * beyond the range of double (p = 1e-10000 is a finite log); the linear form is exp of it. No NaN
 * for arguments inside the stated ranges; outside them the result is NaN.
 *
 * Accuracy: relative error of p below 1e-11 for parameters up to 1e8 and 1e-9 up to 1e12, or 1e-12
 * of ln p where that is more (1e-11 for noncentral x beyond 1e12 times the mean). The cost of a
 * tail does not grow with its parameters; a quantile or a bound costs 10 to 20 tails. Expected
 * values: tests/data/stats, from SciPy and mpmath. */
#ifndef LEEWAY_STATS_SPECIAL_H
#define LEEWAY_STATS_SPECIAL_H

#include <stdint.h>

/* Regularised incomplete gamma: Q(a, x) = 1 - P(a, x); a > 0, x >= 0. And ln Q. */
double gamma_q(double a, double x);
double gamma_log_q(double a, double x);

/* Regularised incomplete beta I_x(a, b); a, b > 0, 0 <= x <= 1. And ln I_x. */
double beta_i(double a, double b, double x);
double beta_log_i(double a, double b, double x);

/* ln P(chi-squared with df degrees > x), df > 0; its exp; and the x with P(> x) = p, 0 < p < 1. */
double chi2_log_sf(double x, double df);
double chi2_sf(double x, double df);
double chi2_isf(double p, double df);

/* Noncentral chi-squared, noncentrality lambda >= 0 (statistics.md 8): a Poisson mixture, or the
 * contour integral of contour.h where that needs more than 512 terms; there is no approximation,
 * lambda may be 1e12. */
double ncx2_log_sf(double x, double df, double lambda);
double ncx2_sf(double x, double df, double lambda);
double ncx2_isf(double p, double df, double lambda);

/* Noncentral F: ln P(F'(d1, d2, lambda) > x); d1, d2 > 0. Computed like the chi-squared. */
double ncf_log_sf(double x, double d1, double d2, double lambda);
double ncf_sf(double x, double d1, double d2, double lambda);

/* Binomial tails for real-valued n >= 0, 0 <= k <= n (real, since counts are divided by a design
 * effect), 0 <= p <= 1: ln P(X >= k), ln P(X <= k), by the incomplete beta function. */
double binomial_log_sf(double k, double n, double p);
double binomial_log_cdf(double k, double n, double p);

/* Clopper-Pearson bounds of a rate after k of n, each one-sided at level gamma. 0 and 1 at the
 * ends. */
double clopper_pearson_upper(double k, double n, double gamma);
double clopper_pearson_lower(double k, double n, double gamma);

/* P(D > d) of Kolmogorov's limit law with Stephens' factor (sqrt N + .12 + .11 / sqrt N) d: within
 * 3 % for N >= 50. And the plain limit Q(x). */
double kolmogorov_sf(double d, double n_effective);
double kolmogorov_limit_sf(double x);

/* Cramer-von Mises limit law: P(W^2 > x), relative error 1e-13 also far out. */
double cvm_limit_sf(double x);

/* Standard normal: ln P(Z > z), and quantile of 0 < p < 1. */
double normal_log_sf(double z);
double normal_quantile(double p);

/* ln(exp(a) + exp(b)) without overflow; -inf is allowed. */
double log_add(double a, double b);

#endif
