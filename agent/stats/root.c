/* One-dimensional root search, for quantiles and confidence bounds.
 *
 * Assumes a continuous function with a change of sign; refuses to know what the function is. */
#include "stats/root.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

enum { ROOT_STEPS_MAX = 200 };

/* x1 is the newest point, x2 lies on the other side of the zero, x3 is the one that was replaced.
 */
struct bracket {
    double x1, f1, x2, f2, x3, f3;
};

static void bracket_add(struct bracket *bracket, double x, double f)
{
    if ((f > 0) == (bracket->f1 > 0)) {
        bracket->x3 = bracket->x1;
        bracket->f3 = bracket->f1;
    } else {
        bracket->x3 = bracket->x2;
        bracket->f3 = bracket->f2;
        bracket->x2 = bracket->x1;
        bracket->f2 = bracket->f1;
    }
    bracket->x1 = x;
    bracket->f1 = f;
}

/* Where to look next, as a fraction of the way from x1 to x2. */
static double bracket_step(const struct bracket *b)
{
    double xi = (b->x1 - b->x2) / (b->x3 - b->x2);
    double phi = (b->f1 - b->f2) / (b->f3 - b->f2);
    bool is_smooth = 1 - sqrt(1 - xi) < phi && phi < sqrt(xi);
    if (!is_smooth || !isfinite(b->f3))
        return 0.5;
    return b->f1 / (b->f2 - b->f1) * b->f3 / (b->f2 - b->f3) +
           (b->x3 - b->x1) / (b->x2 - b->x1) * b->f1 / (b->f3 - b->f1) * b->f2 / (b->f3 - b->f2);
}

double root_find(double (*value)(double x, const void *context), const void *context, double low,
                 double high)
{
    double f_low = value(low, context);
    double f_high = value(high, context);
    if ((f_low > 0) == (f_high > 0))
        return fabs(f_low) < fabs(f_high) ? low : high;
    struct bracket b = {high, f_high, low, f_low, 0, 0};
    double t = 0.5;
    for (int step = 0; step < ROOT_STEPS_MAX; step++) {
        double x = b.x1 + t * (b.x2 - b.x1);
        bracket_add(&b, x, value(x, context));
        double best = fabs(b.f1) < fabs(b.f2) ? b.x1 : b.x2;
        double tolerance = 2 * DBL_EPSILON * fabs(best) + DBL_MIN;
        double width = fabs(b.x2 - b.x1);
        if (width <= 2 * tolerance || !(fabs(b.f1) > 0))
            break;
        double limit = tolerance / width;
        t = fmin(fmax(bracket_step(&b), limit), 1 - limit);
    }
    return fabs(b.f1) < fabs(b.f2) ? b.x1 : b.x2;
}
