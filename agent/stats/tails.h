/* Both tails of the gamma and beta distributions in logarithms, each computed from the side that
 * is small. What special.h offers on top of them is bookkeeping. */
#ifndef LEEWAY_STATS_TAILS_H
#define LEEWAY_STATS_TAILS_H

/* ln P(a, x) and ln Q(a, x); a > 0, x >= 0 (may be +inf). Relative error of P or Q about 1e-13 for
 * a >= 0.1; below that Q(a, x) for x < 1 has an absolute error of 1e-16. */
double gamma_log_below(double a, double x);
double gamma_log_above(double a, double x);

/* ln I_x(a, b); the other tail is beta_log_below(b, a, y, x). y = 1 - x is passed apart so that
 * neither end loses digits. a, b > 0. */
double beta_log_below(double a, double b, double x, double y);

#endif
