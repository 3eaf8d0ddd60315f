#include <criterion/criterion.h>

#include <math.h>
#include <stdlib.h>

#include "baseline/numbers.h"
#include "baseline/sketch.h"
#include "support/random.h"

enum { ROWS = 300000 };

/* The largest difference of ranks between the sketch and all sorted values, as a share. */
static double worst_rank(const struct weighted_value *values, size_t size, const double *sorted,
                         size_t rows)
{
    double worst = 0;
    int64_t below = 0;
    size_t at = 0;
    for (size_t i = 0; i < size; i++) {
        /* Ranks just below and at the value. */
        while (at < rows && sorted[at] < values[i].value)
            at++;
        double low = fabs((double)below - (double)at);
        below += values[i].weight;
        size_t to = at;
        while (to < rows && sorted[to] <= values[i].value)
            to++;
        double high = fabs((double)below - (double)to);
        worst = fmax(worst, fmax(low, high));
    }
    return worst / (double)rows;
}

/* Between two kept values ranks are wrong as well, but not by more than at their ends. */
static void check(const char *name, double (*make)(struct random *random, int row))
{
    struct random random = random_new(51);
    struct sketch *sketch = sketch_new();
    double *all = malloc(ROWS * sizeof *all);
    size_t size;
    int64_t weight = 0;
    for (int i = 0; i < ROWS; i++) {
        all[i] = make(&random, i);
        sketch_add(sketch, all[i], 1);
    }
    doubles_sort(all, ROWS);
    struct weighted_value *values = sketch_values(sketch, &size);
    for (size_t i = 0; i < size; i++) {
        weight += values[i].weight;
        cr_assert(i == 0 || values[i - 1].value < values[i].value);
    }
    cr_expect_eq(weight, ROWS);
    double error = worst_rank(values, size, all, ROWS), bound = sketch_rank_error(sketch);
    cr_expect_leq(error, bound, "%s: error %g, bound %g", name, error, bound);
    cr_expect_leq(bound, (1 + log2(ROWS / 4096.0)) / 4096, "%s: bound %g", name, bound);
    cr_expect_gt(bound, 0);
    cr_expect_lt(size, 40000);
    free(values);
    free(all);
    sketch_free(sketch);
}

static double uniform(struct random *random, int row)
{
    (void)row;
    return random_unit(random);
}

static double ascending(struct random *random, int row)
{
    (void)random;
    return row;
}

static double descending(struct random *random, int row)
{
    (void)random;
    return -row;
}

static double heavy(struct random *random, int row)
{
    (void)row;
    return random_below(random, 3) ? 0 : random_normal(random);
}

static double zigzag(struct random *random, int row)
{
    (void)random;
    return row % 2 ? row : -row;
}

Test(sketch, ranks_stay_within_the_bound)
{
    check("uniform", uniform);
    check("ascending", ascending);
    check("descending", descending);
    check("heavy", heavy);
    check("zigzag", zigzag);
}

Test(sketch, weights_are_as_good_as_repetitions)
{
    struct sketch *sketch = sketch_new();
    int64_t total = 0, rank = 0;
    size_t size;
    for (int64_t i = 0; i < 20000; i++) {
        sketch_add(sketch, (double)i, i + 1);
        total += i + 1;
    }
    struct weighted_value *values = sketch_values(sketch, &size);
    double bound = sketch_rank_error(sketch);
    for (size_t i = 0; i < size; i++) {
        int64_t v = (int64_t)values[i].value;
        rank += values[i].weight;
        double true_rank = (double)((v + 1) * (v + 2) / 2);
        cr_assert_leq(fabs((double)rank - true_rank), bound * (double)total + 0.5);
    }
    cr_expect_eq(rank, total);
    cr_expect_lt(bound, 0.01);
    free(values);
    sketch_free(sketch);
}

Test(sketch, empty_and_small_are_exact)
{
    struct sketch *sketch = sketch_new();
    size_t size = 9;
    struct weighted_value *values = sketch_values(sketch, &size);
    cr_expect_eq(size, 0);
    cr_expect_float_eq(sketch_rank_error(sketch), 0, 0);
    free(values);
    sketch_add(sketch, 2, 5);
    sketch_add(sketch, 1, 1);
    values = sketch_values(sketch, &size);
    cr_assert_eq(size, 2);
    cr_expect_eq(values[1].weight, 5);
    cr_expect_float_eq(sketch_rank_error(sketch), 0, 0);
    free(values);
    sketch_free(sketch);
    sketch_free(NULL);
}
