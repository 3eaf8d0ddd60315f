/* Logarithms of the Poisson and binomial probabilities for real arguments, without the cancellation
 * of "k ln mu - mu - ln k!": the saddle-point form of C. Loader, "Fast and accurate computation of
 * binomial probabilities" (2000). Building blocks of special.h. */
#ifndef LEEWAY_STATS_PMF_H
#define LEEWAY_STATS_PMF_H

/* ln Gamma(x), x > 0; unlike lgamma() it leaves no global behind. */
double log_gamma(double x);

/* ln(1 + u) - u for u > -1, with full relative accuracy also for small u. */
double log1p_minus(double u);

/* (mu + delta) ln((mu + delta) / mu) - delta: half the deviance of a Poisson count mu + delta
 * against its mean mu. mu >= 0, mu + delta >= 0; never negative, +inf for mu = 0 < delta. Relative
 * accuracy is that of `delta`, which the caller knows better than a difference taken here. */
double deviance_from(double mu, double delta);

/* ln of mu^k exp(-mu) / Gamma(k + 1); k >= 0, mu >= 0, both real. */
double poisson_log_pmf(double k, double mu);

/* ln of Gamma(a+b+1) / (Gamma(a+1) Gamma(b+1)) x^a y^b, where y = 1 - x is passed apart so that
 * neither end loses digits; a, b >= 0. */
double binomial_log_pmf(double a, double b, double x, double y);

/* a b - c d, rounded as if once (Kahan): where the products nearly cancel, the difference keeps its
 * digits. */
double difference_of_products(double a, double b, double c, double d);

/* ln(1 - exp(log_p)) for log_p <= 0: from one tail's logarithm to the other's. */
double log_complement(double log_p);

#endif
