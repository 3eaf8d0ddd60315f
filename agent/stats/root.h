/* The zero of a monotone function of one variable. */
#ifndef LEEWAY_STATS_ROOT_H
#define LEEWAY_STATS_ROOT_H

/* x in [low, high] with value(x, context) = 0 to about 4 units in the last place of x. The values
 * at the ends must differ in sign (infinite is allowed); if they do not, the end whose value is
 * nearer to 0 is returned. Chandrupatla's method (1997): bisection that takes an inverse quadratic
 * step when it is safe; at most 200 evaluations, about 10 for smooth functions. */
double root_find(double (*value)(double x, const void *context), const void *context, double low,
                 double high);

#endif
