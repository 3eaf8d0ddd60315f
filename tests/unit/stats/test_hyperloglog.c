#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "stats/hyperloglog.h"
#include "support/random.h"

static void fill(struct hyperloglog *sketch, struct random *random, int count)
{
    for (int i = 0; i < count; i++)
        hyperloglog_add(sketch, random_next(random));
}

/* 60 sketches of each size: the mean shows bias, the spread the standard error. */
Test(hyperloglog, error_is_as_stated_and_without_bias)
{
    struct random random = random_new(71);
    static const int sizes[] = {1, 10, 100, 1000, 2500, 3200, 5000, 10000, 20000, 50000};
    enum { RUNS = 60 };
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        double sum = 0, squares = 0;
        for (int run = 0; run < RUNS; run++) {
            struct hyperloglog sketch = {0};
            fill(&sketch, &random, sizes[k]);
            double error = hyperloglog_estimate(&sketch) / sizes[k] - 1;
            sum += error;
            squares += error * error;
        }
        double stated = 0.0165;
        cr_expect_lt(fabs(sum / RUNS), 3.5 * stated / sqrt(RUNS), "%d: bias %g", sizes[k],
                     sum / RUNS);
        /* A single collision among 10 says nothing of a spread. */
        cr_expect(sizes[k] < 100 || sqrt(squares / RUNS) < stated * 1.35, "%d: error %g", sizes[k],
                  sqrt(squares / RUNS));
    }
}

Test(hyperloglog, a_million_is_a_million)
{
    struct random random = random_new(72);
    struct hyperloglog sketch = {0};
    fill(&sketch, &random, 1000000);
    double estimate = hyperloglog_estimate(&sketch);
    cr_expect(fabs(estimate / 1e6 - 1) < 0.06, "%g", estimate);
}

Test(hyperloglog, order_repetition_and_splitting_do_not_matter)
{
    struct random random = random_new(73);
    uint64_t hashes[5000];
    for (int i = 0; i < 5000; i++)
        hashes[i] = random_next(&random);
    struct hyperloglog whole = {0}, left = {0}, right = {0};
    for (int i = 0; i < 5000; i++) {
        hyperloglog_add(&whole, hashes[i]);
        hyperloglog_add(i % 3 ? &left : &right, hashes[4999 - i]);
        hyperloglog_add(&right, hashes[i / 2]);
    }
    hyperloglog_merge(&left, &right);
    cr_expect_eq(memcmp(&whole, &left, sizeof whole), 0);
    hyperloglog_merge(&left, &left);
    cr_expect_eq(memcmp(&whole, &left, sizeof whole), 0);
}

Test(hyperloglog, ends_are_finite)
{
    struct hyperloglog sketch = {0};
    cr_expect_eq(hyperloglog_estimate(&sketch), 0);
    hyperloglog_add(&sketch, 0);
    cr_expect_eq(sketch.registers[0], HYPERLOGLOG_RANK_MAX);
    hyperloglog_add(&sketch, UINT64_MAX);
    cr_expect_eq(sketch.registers[4095], 1);
    hyperloglog_add(&sketch, 1);
    cr_expect_eq(sketch.registers[0], HYPERLOGLOG_RANK_MAX, "a smaller rank changes nothing");
    cr_expect(fabs(hyperloglog_estimate(&sketch) - 2) < 0.01);
    cr_expect(hyperloglog_check(&sketch));
    memset(&sketch, HYPERLOGLOG_RANK_MAX, sizeof sketch);
    cr_expect(isfinite(hyperloglog_estimate(&sketch)) && hyperloglog_estimate(&sketch) > 1e17);
    memset(&sketch, 255, sizeof sketch);
    cr_expect(isfinite(hyperloglog_estimate(&sketch)) && !hyperloglog_check(&sketch));
}
