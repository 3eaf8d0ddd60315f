#include <criterion/criterion.h>
#include <math.h>

#include "stats/root.h"

struct curve {
    double zero;
    int calls;
};

static double cubic(double x, const void *context)
{
    struct curve *curve = (struct curve *)(size_t)context;
    curve->calls++;
    return (x - curve->zero) * (1 + x * x);
}

static double step(double x, const void *context)
{
    return x < *(const double *)context ? -1 : 1;
}

static double steep(double x, const void *context)
{
    return *(const double *)context - log(x);
}

Test(root, smooth_functions_take_few_steps)
{
    struct curve curve = {1 / 3.0, 0};
    cr_expect(fabs(root_find(cubic, &curve, -10, 10) - curve.zero) < 1e-15);
    cr_expect_lt(curve.calls, 25, "%d", curve.calls);
}

Test(root, jumps_are_found_by_bisection)
{
    double at = 0.123456789;
    cr_expect(fabs(root_find(step, &at, 0, 1) - at) < 1e-15);
}

Test(root, infinite_ends_are_allowed)
{
    double level = -50;
    double x = root_find(steep, &level, 0, 1);
    cr_expect(fabs(log(x) + 50) < 1e-12, "%g", x);
}

Test(root, without_a_change_of_sign_the_nearer_end_is_returned)
{
    struct curve curve = {5, 0};
    cr_expect_eq(root_find(cubic, &curve, 0, 1), 0);
    cr_expect_eq(root_find(cubic, &curve, 6, 7), 6);
}
