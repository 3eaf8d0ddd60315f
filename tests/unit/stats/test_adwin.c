/* River's windows and alarms are in tests/golden. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "stats/classic.h"
#include "support/random.h"

/* Whatever the buckets: total, squares and width of the window are those of its values. */
Test(adwin, window_keeps_its_moments)
{
    struct random random = random_new(61);
    struct adwin adwin = {0};
    struct adwin_rule never = {1e-300, 32};
    double sum = 0, squares = 0;
    for (int n = 1; n <= 5000; n++) {
        double x = random_unit(&random);
        sum += x;
        squares += x * x;
        cr_assert_eq(adwin_update(&adwin, &never, x), CHANGE_NONE);
        cr_assert_eq(adwin.width, n);
        cr_assert(fabs(adwin.total - sum) < 1e-9);
        cr_assert(fabs(adwin.deviation - (squares - sum * sum / n)) < 1e-9);
    }
    double width = 0;
    for (uint32_t row = 0; row < adwin.sizes; row++) {
        cr_expect(adwin.filled[row] >= 1 && adwin.filled[row] <= ADWIN_BUCKETS);
        width += ldexp(adwin.filled[row], (int)row);
    }
    cr_expect_eq(width, 5000);
    cr_expect_lt(adwin.sizes, 13u);
}

Test(adwin, tells_the_directions_apart)
{
    struct adwin_rule rule = {0.002, 32};
    for (int sign = -1; sign <= 1; sign += 2) {
        struct adwin adwin = {0}, fresh = {0};
        enum change change = CHANGE_NONE;
        int n = 0;
        for (; n < 2000 && change == CHANGE_NONE; n++)
            change = adwin_update(&adwin, &rule, (n % 2) * 0.2 + (n < 1000 ? 0 : sign * 0.5));
        cr_expect_eq(change, sign > 0 ? CHANGE_UP : CHANGE_DOWN);
        cr_expect(n > 1000 && n <= 1000 + 64, "%d", n);
        cr_expect_eq(memcmp(&adwin, &fresh, sizeof adwin), 0);
    }
}

Test(adwin, a_constant_never_alarms)
{
    struct adwin adwin = {0};
    for (int n = 0; n < 3000; n++)
        cr_assert_eq(adwin_update(&adwin, &(struct adwin_rule){0.05, 1}, 0.1), CHANGE_NONE);
}

/* The end of the last row, which 5e12 values would reach. */
Test(adwin, a_full_window_drops_its_oldest)
{
    struct adwin adwin = {0};
    adwin.sizes = ADWIN_SIZES;
    for (uint32_t row = 0; row < ADWIN_SIZES; row++) {
        adwin.filled[row] = ADWIN_BUCKETS;
        for (uint32_t j = 0; j < ADWIN_BUCKETS; j++)
            adwin.rows[row][j].total = ldexp(0.5, (int)row);
        adwin.width += ldexp(ADWIN_BUCKETS, (int)row);
    }
    adwin.total = adwin.width / 2;
    double before = adwin.width;
    adwin_update(&adwin, &(struct adwin_rule){0.002, 1}, 0.5);
    cr_expect_eq(adwin.width, before + 1 - ldexp(1, ADWIN_SIZES - 1));
    cr_expect_eq(adwin.total, adwin.width / 2);
    cr_expect_eq(adwin.deviation, 0);
    cr_expect_eq(adwin.filled[ADWIN_SIZES - 1], ADWIN_BUCKETS);
    cr_expect_eq(adwin.filled[0], ADWIN_BUCKETS - 1);
}

Test(adwin, hostile_input_never_alarms)
{
    struct adwin adwin = {0}, before;
    struct adwin_rule rule = {0.002, 0};
    adwin_update(&adwin, &rule, 1);
    before = adwin;
    adwin_update(&adwin, &rule, (double)NAN);
    adwin_update(&adwin, &rule, (double)INFINITY);
    adwin_update(&adwin, &rule, -1e300);
    cr_expect_eq(memcmp(&adwin, &before, sizeof adwin), 0);
    static const double deltas[] = {0, -1, 1, 7, (double)NAN};
    for (int k = 0; k < 5; k++) {
        for (int n = 0; n < 100; n++)
            cr_assert_eq(adwin_update(&adwin, &(struct adwin_rule){deltas[k], 1}, n < 50 ? 0 : 1e9),
                         CHANGE_NONE);
    }
}
