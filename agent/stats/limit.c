/* Limit laws of the Kolmogorov-Smirnov and Cramer-von Mises statistics, for display.
 *
 * Both are theta-like series; near 0 and far out a different form converges, so each function
 * chooses. Knows nothing of ties: with cells the true p-value is larger (the laws are
 * conservative). */
#include "stats/special.h"

#include <math.h>

double kolmogorov_limit_sf(double x)
{
    if (isnan(x))
        return (double)NAN;
    if (!(x > 0.04))
        return 1;
    double sum = 0;
    if (x < 1.18) {
        for (int k = 1; k <= 15; k += 2)
            sum += exp(-k * k * M_PI * M_PI / (8 * x * x));
        return 1 - sqrt(2 * M_PI) / x * sum;
    }
    for (int k = 6; k >= 1; k--)
        sum = exp(-2 * k * k * x * x) - sum;
    return 2 * sum;
}

double kolmogorov_sf(double d, double n_effective)
{
    if (!(n_effective > 0) || isnan(d))
        return (double)NAN;
    double root = sqrt(n_effective);
    return kolmogorov_limit_sf((root + 0.12 + 0.11 / root) * d);
}

/* One arch of Smirnov's integral: sqrt(-u / sin u) exp(-x u^2 / 2) / u over u from (2k-1) pi to
 * 2k pi. The substitution u = middle - (pi/2) cos(angle) takes away the singular ends, and the
 * midpoint rule is then exact to rounding with few points. */
static double cvm_arch(double x, int k)
{
    enum { POINTS = 48 };
    double middle = (2 * k - 0.5) * M_PI;
    double sum = 0;
    for (int i = 0; i < POINTS; i++) {
        double angle = (i + 0.5) * M_PI / POINTS;
        double offset = -M_PI_2 * cos(angle);
        double u = middle + offset;
        /* -sin(u) = cos(offset), which is 0 at the ends only. */
        sum += sin(angle) * sqrt(u / cos(offset)) * exp(-x * u * u / 2) / u;
    }
    return sum * M_PI / POINTS * M_PI_2;
}

double cvm_limit_sf(double x)
{
    if (isnan(x))
        return (double)NAN;
    /* P(W^2 < 0.004) is 1e-13. */
    if (!(x > 0.004))
        return 1;
    double sum = 0;
    for (int k = 1; k <= 40; k++) {
        double arch = cvm_arch(x, k);
        sum += k % 2 == 1 ? arch : -arch;
        if (arch < 1e-18 * fabs(sum))
            break;
    }
    return fmin(fmax(2 / M_PI * sum, 0), 1);
}
