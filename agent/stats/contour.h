/* Tail probabilities of sums of gamma variables by a contour integral through the saddle point.
 * Cost does not depend on how large the parameters are: 30 to 120 evaluations of an elementary
 * function. Building block of special.h for large parameters, where series are slow. */
#ifndef LEEWAY_STATS_CONTOUR_H
#define LEEWAY_STATS_CONTOUR_H

/* Y = p Gamma(a) + noncentral part - q Gamma(b) - x, with cumulant function
 *   K(s) = -a ln(1 - p s) + lambda s / (1 - p s) - b ln(1 + q s) - x s.
 * It holds what special.h needs:
 *   gamma(a) > x                {a, 1, 0, 0, 0, a - x}
 *   noncentral chi2(df) > x     {df/2, 2, lambda, 0, 0, df + lambda - x}
 *   noncentral F(d1, d2) > x    {d1/2, 2, lambda, d2/2, 2 r, d1 + lambda - r d2},  r = x d1 / d2
 *   beta(a, b) > x              {a, 1 - x, 0, b, x, a (1 - x) - b x} */
struct gamma_sum {
    double a, p; /* > 0 */
    double lambda;
    double b, q; /* b = 0: no second variable */
    double mean; /* of Y; given apart because its digits decide the result's. x is a p + lambda - b
                  * q - mean and must be 0 if b > 0 */
};

/* ln P(Y > 0) and ln P(Y < 0), each from the side that is small. Needs a + lambda / 2 >= 20, and
 * b >= 1/2 or 0. Relative error of P: 1e-12 + 1e-16 sqrt(a + b), plus what that of `mean` makes. */
double gamma_sum_log_above(const struct gamma_sum *sum);
double gamma_sum_log_below(const struct gamma_sum *sum);

#endif
