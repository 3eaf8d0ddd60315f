#include <criterion/criterion.h>

#include <math.h>
#include <stdlib.h>

#include "baseline/numbers.h"
#include "support/random.h"

Test(numbers, exact_values_and_moments_in_any_order)
{
    struct random random = random_new(61);
    struct numbers_summary summaries[2];
    struct weighted_value *values[2];
    size_t sizes[2];
    enum { N = 30000 };
    double *all = malloc(N * sizeof *all);
    double sum = 0, squares = 0;
    for (int i = 0; i < N; i++) {
        all[i] = 1e9 + random_below(&random, 5000) / 8.0;
        sum += all[i] - 1e9;
    }
    for (int i = 0; i < N; i++)
        squares += (all[i] - 1e9 - sum / N) * (all[i] - 1e9 - sum / N);
    for (int k = 0; k < 2; k++) {
        struct numbers *numbers = numbers_new(1 << 20);
        for (int i = 0; i < N; i++)
            numbers_add(numbers, all[k ? N - 1 - i : i]);
        values[k] = numbers_values(numbers, &sizes[k], &summaries[k]);
        numbers_free(numbers);
    }
    cr_assert_eq(sizes[0], sizes[1]);
    cr_expect_eq(memcmp(values[0], values[1], sizes[0] * sizeof **values), 0);
    cr_expect_eq(memcmp(&summaries[0].mean, &summaries[1].mean, sizeof(double)), 0);
    cr_expect_eq(memcmp(&summaries[0].sd, &summaries[1].sd, sizeof(double)), 0);
    cr_expect_float_eq(summaries[0].mean, 1e9 + sum / N, 1e-6);
    cr_expect_float_eq(summaries[0].sd, sqrt(squares / N), 1e-6);
    cr_expect_eq(summaries[0].rows, N);
    cr_expect_not(summaries[0].integral);
    int64_t weight = 0;
    for (size_t i = 0; i < sizes[0]; i++) {
        int64_t count = 0;
        for (int j = 0; i < 20 && j < N; j++)
            count += !islessgreater(all[j], values[0][i].value);
        cr_assert(i >= 20 || count == values[0][i].weight);
        weight += values[0][i].weight;
    }
    cr_expect_eq(weight, N);
    free(values[0]);
    free(values[1]);
    free(all);
}

Test(numbers, beyond_the_ceiling_the_ends_stay_exact)
{
    struct random random = random_new(62);
    struct numbers *numbers = numbers_new(1000);
    struct numbers_summary summary;
    size_t size;
    for (int i = 0; i < 100000; i++)
        numbers_add(numbers, i == 777 ? -50 : i == 50001 ? 60 : random_normal(&random));
    struct weighted_value *values = numbers_values(numbers, &size, &summary);
    cr_expect_float_eq(values[0].value, -50, 0);
    cr_expect_float_eq(values[size - 1].value, 60, 0);
    cr_expect_float_eq(summary.minimum, -50, 0);
    cr_expect_gt(summary.rank_error, 0);
    cr_expect_float_eq(summary.mean, 0, 0.02);
    cr_expect_float_eq(summary.sd, 1, 0.05);
    free(values);
    numbers_free(numbers);
}

Test(numbers, zero_has_one_sign_and_integers_are_seen)
{
    struct numbers *numbers = numbers_new(1000);
    struct numbers_summary summary;
    size_t size;
    numbers_add(numbers, -0.0);
    numbers_add(numbers, 0.0);
    numbers_add(numbers, -7);
    struct weighted_value *values = numbers_values(numbers, &size, &summary);
    cr_assert_eq(size, 2);
    cr_expect_not(signbit(values[1].value));
    cr_expect_eq(values[1].weight, 2);
    cr_expect(summary.integral);
    free(values);
    numbers_add(numbers, 0x1p53);
    values = numbers_values(numbers, &size, &summary);
    cr_expect_not(summary.integral);
    free(values);
    numbers_free(numbers);
}

Test(numbers, nothing_and_one_value)
{
    struct numbers *numbers = numbers_new(1000);
    struct numbers_summary summary;
    size_t size;
    free(numbers_values(numbers, &size, &summary));
    cr_expect_eq(size, 0);
    cr_expect_not(summary.integral);
    for (int i = 0; i < 3; i++)
        numbers_add(numbers, 0.1);
    struct weighted_value *values = numbers_values(numbers, &size, &summary);
    cr_assert_eq(size, 1);
    cr_expect_float_eq(summary.sd, 0, 0);
    cr_expect_float_eq(summary.mean, 0.1, 0);
    free(values);
    numbers_free(numbers);
    numbers_free(NULL);
}
