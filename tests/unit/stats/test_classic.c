/* The recursions by hand; run lengths and river's alarms are in tests/golden. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "stats/classic.h"

Test(classic, cusum_adds_up_what_exceeds_k)
{
    struct cusum_rule rule = {0.5, 2, false};
    struct cusum cusum = {0};
    cr_expect_eq(cusum_update(&cusum, &rule, 1.5), CHANGE_NONE);
    cr_expect_eq(cusum_update(&cusum, &rule, 1.5), CHANGE_NONE, "2 is not above 2");
    cr_expect(cusum.up == 2 && cusum.down == 0);
    cr_expect_eq(cusum_update(&cusum, &rule, 1), CHANGE_UP);
    cr_expect(cusum.up == 0, "fresh after the alarm");
    cr_expect_eq(cusum_update(&cusum, &rule, -2.25), CHANGE_NONE, "1.75 is below 2");
    cr_expect_eq(cusum.down, 1.75);
    cr_expect_eq(cusum_update(&cusum, &rule, -1), CHANGE_DOWN);
    rule.is_one_sided = true;
    cr_expect_eq(cusum_update(&cusum, &rule, -30), CHANGE_NONE);
}

Test(classic, ewma_forgets)
{
    struct ewma_rule rule = {0.5, 3};
    struct ewma ewma = {0};
    cr_expect_eq(ewma_update(&ewma, &rule, 2), CHANGE_NONE);
    cr_expect_eq(ewma_update(&ewma, &rule, -1), CHANGE_NONE);
    cr_expect_eq(ewma.z, 0);
    cr_expect_eq(ewma_update(&ewma, &rule, 3.4), CHANGE_NONE);
    cr_expect_eq(ewma_update(&ewma, &rule, 3.4), CHANGE_UP, "2.55 is beyond sqrt(3)");
    cr_expect_eq(ewma_update(&ewma, &rule, -3.5), CHANGE_DOWN);
    cr_expect_eq(ewma.z, 0);
}

Test(classic, page_hinkley_tells_the_directions_apart)
{
    struct page_hinkley_rule rule = {0.005, 5, 1, 10, false};
    for (int sign = -1; sign <= 1; sign += 2) {
        struct page_hinkley state = {0};
        enum change change = CHANGE_NONE;
        int value = 0;
        for (; value < 100 && change == CHANGE_NONE; value++)
            change = page_hinkley_update(&state, &rule, value < 50 ? 7 : 7 + sign);
        cr_expect_eq(change, sign > 0 ? CHANGE_UP : CHANGE_DOWN);
        cr_expect(value > 50 && value < 60, "%d", value);
        cr_expect_eq(state.count, 0);
    }
    struct page_hinkley state = {0};
    for (int value = 1; value <= 5; value++) {
        page_hinkley_update(&state, &rule, 3);
        cr_expect(fabs(state.up + value * 0.005) < 1e-15, "a constant sinks by delta");
        cr_expect(fabs(state.down - value * 0.005) < 1e-15);
    }
    state = (struct page_hinkley){0};
    for (int value = 0; value < 9; value++)
        cr_expect_eq(page_hinkley_update(&state, &rule, value * 100), CHANGE_NONE, "too early");
    cr_expect_eq(page_hinkley_update(&state, &rule, 900), CHANGE_UP);
}

Test(classic, unusable_values_change_nothing)
{
    static const double bad[] = {(double)NAN, (double)INFINITY, -(double)INFINITY, 1e300, -1e300};
    struct cusum cusum = {1, 1}, cusum_before = cusum;
    struct ewma ewma = {1}, ewma_before = ewma;
    struct page_hinkley page_hinkley = {5, 1, 1, 1, 1, 1}, page_hinkley_before = page_hinkley;
    struct cusum_rule cusum_rule = {0.5, 2, false};
    struct ewma_rule ewma_rule = {0.5, 3};
    struct page_hinkley_rule page_hinkley_rule = {0.005, 5, 1, 1, false};
    for (int k = 0; k < 5; k++) {
        cr_expect_eq(cusum_update(&cusum, &cusum_rule, bad[k]), CHANGE_NONE);
        cr_expect_eq(ewma_update(&ewma, &ewma_rule, bad[k]), CHANGE_NONE);
        cr_expect_eq(page_hinkley_update(&page_hinkley, &page_hinkley_rule, bad[k]), CHANGE_NONE);
    }
    cr_expect_eq(memcmp(&cusum, &cusum_before, sizeof cusum), 0);
    cr_expect_eq(memcmp(&ewma, &ewma_before, sizeof ewma), 0);
    cr_expect_eq(memcmp(&page_hinkley, &page_hinkley_before, sizeof page_hinkley), 0);
}

Test(classic, nonsense_in_a_rule_never_alarms)
{
    const double nan = (double)NAN;
    struct cusum cusum = {0};
    struct ewma ewma = {0};
    struct page_hinkley page_hinkley = {0};
    for (int k = 0; k < 50; k++) {
        double x = k % 2 ? 1e9 : 1e6;
        cr_expect_eq(cusum_update(&cusum, &(struct cusum_rule){nan, 2, false}, x), CHANGE_NONE);
        cr_expect_eq(cusum_update(&cusum, &(struct cusum_rule){0.5, nan, false}, x), CHANGE_NONE);
        cr_expect_eq(ewma_update(&ewma, &(struct ewma_rule){nan, 3}, x), CHANGE_NONE);
        cr_expect_eq(ewma_update(&ewma, &(struct ewma_rule){2, 3}, x), CHANGE_NONE);
        cr_expect_eq(ewma_update(&ewma, &(struct ewma_rule){0.5, nan}, x), CHANGE_NONE);
        struct page_hinkley_rule rule = {0, nan, 1, 1, false};
        cr_expect_eq(page_hinkley_update(&page_hinkley, &rule, x), CHANGE_NONE);
    }
}
