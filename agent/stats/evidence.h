/* Tests: from a statistic and sample sizes to a p-value under "at most a negligible effect"
 * (statistics.md 3.3, 3.5, 7.2), and choosing among many. All p-values as natural logarithms. */
#ifndef LEEWAY_STATS_EVIDENCE_H
#define LEEWAY_STATS_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>

/* ln P(T >= t | effect = delta_0): noncentral chi-squared with lambda = N delta_0 / phi at t / phi;
 * when `windows` >= 2 consecutive windows gave phi, noncentral F(df, df (windows - 1)) instead,
 * which pays for estimating it. phi >= 1, df > 0, n_effective >= 0; NaN for a NaN statistic. */
double effect_log_p(double statistic, double df, double n_effective, double delta_0, double phi,
                    uint32_t windows);

/* Rate test: k of n live against k0 of n0 in the baseline. ln p of the exact binomial tail against
 * the baseline's Clopper-Pearson bound at level gamma; 0 (p = 1) unless the rate changed by at
 * least `delta` (absolute), and 0 if n or n0 is 0. two_sided: decreases count too, and the tail is
 * doubled. phi >= 1: the live counts are divided by it. */
double rate_log_p(double k, double n, double k0, double n0, double gamma, double delta,
                  bool two_sided, double phi);

/* Unseen levels: k of n live values were never seen; baseline of m rows with f1 singletons and f2
 * doubletons. ln p of the exact binomial tail against the larger of Good-Turing's f1 + 3.1 sqrt(f1
 * + 2 f2) and the Clopper-Pearson bound of f1, over m; 0 unless the rate is at least f1 / m +
 * delta. */
double unseen_log_p(double k, double n, double f1, double f2, double m, double gamma, double delta,
                    double phi);

/* Benjamini-Hochberg at q over `count` log p-values: sets ret_reject[i]. NaN counts as p = 1 and is
 * never rejected. */
void benjamini_hochberg(const double *log_p, uint32_t count, double q, bool *ret_reject);

/* Lower one-sided 95 % limit of the debiased effect: psi_debiased - 1.645 sqrt(2 df + 4 N psi) / N
 *  (psi = debiased, clamped at 0). For clustered records n_effective is N / phi. NaN unless
 * n_effective > 0. */
double effect_low(double debiased, double df, double n_effective);

#endif
