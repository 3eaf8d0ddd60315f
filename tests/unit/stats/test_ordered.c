/* Bounds from cells against the exact distances of raw data. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "stats/divergence.h"
#include "support/random.h"

enum { SIZE = 400, WANTED = 16 };

static int value_compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double draw(struct random *random, int shape)
{
    if (random_below(random, 6) == 0)
        return shape % 2; /* an atom at 0 or 1 */
    if (random_below(random, 4) == 0)
        return floor(4 * random_unit(random)) / 2; /* ties */
    if (shape == 3)
        return (double)random_below(random, 7);
    double z = random_normal(random);
    return shape == 2 ? exp(z) : z * (1 + shape) + 0.3 * shape;
}

struct sample {
    double values[SIZE];
    int64_t counts[CELLS_MAX];
    double sums[CELLS_MAX];
};

static void sample_draw(struct sample *sample, struct random *random, int shape)
{
    *sample = (struct sample){0};
    for (size_t i = 0; i < SIZE; i++)
        sample->values[i] = draw(random, shape);
    qsort(sample->values, SIZE, sizeof(double), value_compare);
}

static void sample_count(struct sample *sample, const struct cells *cells)
{
    for (size_t i = 0; i < SIZE; i++) {
        uint32_t cell = cells_find(cells, sample->values[i]);
        sample->counts[cell]++;
        sample->sums[cell] += sample->values[i] - cells_origin(cells, cell);
    }
}

static uint32_t sample_edges(const struct sample *sample, double *ret_edges)
{
    struct weighted_value values[SIZE];
    size_t distinct = 0;
    for (size_t i = 0; i < SIZE; i++) {
        if (i > 0 && sample->values[i] == sample->values[i - 1])
            values[distinct - 1].weight++;
        else
            values[distinct++] = (struct weighted_value){sample->values[i], 1};
    }
    return cells_make(values, distinct, WANTED, ret_edges);
}

/* Both distances of raw data, by merging the sorted samples. */
static void raw_distances(const struct sample *x, const struct sample *y, double *ret_ks,
                          double *ret_w1)
{
    size_t i = 0, j = 0;
    double ks = 0, w1 = 0, at = fmin(x->values[0], y->values[0]);
    while (i < SIZE || j < SIZE) {
        double next = fmin(i < SIZE ? x->values[i] : INFINITY, j < SIZE ? y->values[j] : INFINITY);
        double gap = fabs((double)i - (double)j) / SIZE;
        w1 += gap * (next - at);
        at = next;
        while (i < SIZE && x->values[i] <= next)
            i++;
        while (j < SIZE && y->values[j] <= next)
            j++;
        ks = fmax(ks, fabs((double)i - (double)j) / SIZE);
    }
    *ret_ks = ks;
    *ret_w1 = w1;
}

Test(ordered, bounds_hold_for_raw_data_with_atoms_and_ties)
{
    struct random random = random_new(1);
    static struct sample x, y;
    for (int round = 0; round < 400; round++) {
        int shape = round % 4;
        sample_draw(&x, &random, shape);
        sample_draw(&y, &random, random_below(&random, 2) ? shape : (int)random_below(&random, 4));
        double edges[CELLS_MAX];
        struct cells cells = {sample_edges(&x, edges) + 1, edges};
        sample_count(&x, &cells);
        sample_count(&y, &cells);
        double ks, w1, low, high;
        raw_distances(&x, &y, &ks, &w1);
        distance_ks(x.counts, y.counts, cells.count, &low, &high);
        cr_expect(low <= ks + 1e-12 && ks <= high + 1e-12, "ks %g %g %g", low, ks, high);
        int64_t heaviest = 0;
        for (uint32_t i = 0; i < cells.count; i++)
            heaviest = x.counts[i] > heaviest ? x.counts[i] : heaviest;
        cr_expect_leq(high - low, (double)heaviest / SIZE + 1e-12);
        distance_wasserstein(&cells, x.counts, y.counts, x.sums, y.sums, &low, &high);
        cr_expect(low <= w1 + 1e-12 && w1 <= high + 1e-12, "w1 %g %g %g", low, w1, high);
        cr_expect_leq(low, high);
    }
}

/* Without a crossing inside a cell the lower bound is the distance: a shift has none. */
Test(ordered, wasserstein_of_a_shift_is_exact)
{
    struct random random = random_new(2);
    static struct sample x, y;
    sample_draw(&x, &random, 0);
    y = x;
    for (size_t i = 0; i < SIZE; i++)
        y.values[i] += 5.25;
    double edges[CELLS_MAX], low, high;
    struct cells cells = {sample_edges(&x, edges) + 1, edges};
    sample_count(&x, &cells);
    sample_count(&y, &cells);
    distance_wasserstein(&cells, x.counts, y.counts, x.sums, y.sums, &low, &high);
    cr_expect(fabs(low - 5.25) < 1e-12, "%.17g", low);
}

/* Integers lie on the left edges of their cells: nothing is lost. */
Test(ordered, wasserstein_of_integers_is_exact)
{
    double edges[] = {0, 1, 2, 7, nextafter(7, 8)};
    struct cells cells = {6, edges};
    int64_t b[] = {0, 10, 30, 40, 20, 0}, c[] = {0, 25, 10, 15, 50, 0};
    double none[6] = {0}, low, high;
    distance_wasserstein(&cells, b, c, none, none, &low, &high);
    double want = 0.15 * 1 + 0.05 * 1 + 0.30 * 5;
    cr_expect(fabs(low - want) < 1e-14 && fabs(high - want) < 1e-14, "%.17g %.17g", low, high);
}

Test(ordered, tails_count_with_their_sums)
{
    double edges[] = {0, 1};
    struct cells cells = {3, edges};
    int64_t b[] = {0, 10, 0}, c[] = {5, 0, 5};
    double sum_b[] = {0, 5, 0}, sum_c[] = {-50, 0, 500}, low, high;
    distance_wasserstein(&cells, b, c, sum_b, sum_c, &low, &high);
    /* half at -10, half at 101, against the middle of the cell */
    cr_expect(low <= 0.5 * 10.5 + 0.5 * 100.5 && high >= 0.5 * 10.5 + 0.5 * 100.5, "%g %g", low,
              high);
    cr_expect_gt(low, 54);
    cr_expect_lt(high, 57);
}

Test(ordered, empty_histograms_give_nan)
{
    double edges[] = {0, 1}, sums[3] = {0}, low, high;
    struct cells cells = {3, edges};
    int64_t none[3] = {0}, some[3] = {1, 2, 3};
    distance_ks(none, some, 3, &low, &high);
    cr_expect(isnan(low) && isnan(high));
    distance_wasserstein(&cells, some, none, sums, sums, &low, &high);
    cr_expect(isnan(low) && isnan(high));
    cr_expect(isnan(wasserstein_floor(&cells, none, 10)));
    cr_expect(isnan(wasserstein_floor(&cells, some, 0)));
}

/* The floor of MANY values exp(log_sd z) (or z itself, if log_sd is 0), over what the raw values
 * give. */
static double floor_ratio(struct random *random, double log_sd, double *ret_floor)
{
    enum { MANY = 20000 };
    static struct weighted_value values[MANY];
    static double x[MANY];
    for (size_t i = 0; i < MANY; i++) {
        double z = random_normal(random);
        x[i] = log_sd > 0 ? exp(log_sd * z) : z;
    }
    qsort(x, MANY, sizeof *x, value_compare);
    double integral = 0;
    for (size_t i = 0; i < MANY; i++) {
        double f = (double)i / MANY;
        integral += i > 0 ? (x[i] - x[i - 1]) * sqrt(f * (1 - f)) : 0;
        values[i] = (struct weighted_value){x[i], 1};
    }
    double edges[CELLS_MAX];
    struct cells cells = {cells_make(values, MANY, CELLS_DEFAULT, edges) + 1, edges};
    int64_t b[CELLS_MAX] = {0};
    for (size_t i = 0; i < MANY; i++)
        b[cells_find(&cells, x[i])]++;
    *ret_floor = wasserstein_floor(&cells, b, 250);
    return *ret_floor / (sqrt(2 / M_PI) * integral / sqrt(250));
}

/* statistics.md 1.3: 1.288 sd / sqrt(N) for a normal baseline. The room for heavy tails is what the
 * single largest value did in 200 samples. */
Test(ordered, wasserstein_floor_is_near_that_of_raw_data)
{
    struct random random = random_new(3);
    double floor, ratio = floor_ratio(&random, 0, &floor);
    cr_expect(fabs(floor / (1.288 / sqrt(250)) - 1) < 0.04, "%g", floor);
    cr_expect(fabs(ratio - 1) < 0.03, "%g", ratio);
    ratio = floor_ratio(&random, 0.5, &floor);
    cr_expect(ratio > 0.95 && ratio < 1.2, "%g", ratio);
    ratio = floor_ratio(&random, 1.5, &floor);
    cr_expect(ratio > 0.9 && ratio < 3.5, "%g", ratio);
}

/* Two values: F is 1/2 all the way, which linear interpolation makes 0.39. */
Test(ordered, wasserstein_floor_of_two_values)
{
    double edges[] = {0, 1, nextafter(1, 2)};
    int64_t b[] = {0, 500, 500, 0};
    double ratio = wasserstein_floor(&(struct cells){4, edges}, b, 100) / (sqrt(2 / M_PI) / 20);
    cr_expect(ratio > 0.75 && ratio <= 1, "%g", ratio);
}

/* Null means of the statistics: 1/6 and 1, less what the cells take away. */
Test(ordered, cvm_and_ad_have_their_null_means)
{
    struct random random = random_new(4);
    double cvm = 0, ad = 0;
    enum { ROUNDS = 4000, CELLS = 64 };
    for (int round = 0; round < ROUNDS; round++) {
        int64_t b[CELLS] = {0}, c[CELLS] = {0};
        for (int i = 0; i < 500; i++) {
            b[random_below(&random, CELLS)]++;
            c[random_below(&random, CELLS)]++;
        }
        cvm += statistic_cvm(b, c, CELLS) / ROUNDS;
        ad += statistic_ad(b, c, CELLS) / ROUNDS;
    }
    cr_expect(fabs(cvm - 1 / 6.0) < 0.01, "%g", cvm);
    cr_expect(fabs(ad - 1) < 0.06, "%g", ad);
}

Test(ordered, huge_counts_give_numbers)
{
    int64_t big = INT64_C(1000000000000);
    double edges[] = {0, 1, 2}, sums[4] = {-1e12, 4e11, 5e11, 1e13}, low, high;
    struct cells cells = {4, edges};
    int64_t b[] = {big, big, big, big}, c[] = {big, big + 1, big, big - 1};
    distance_ks(b, c, 4, &low, &high);
    cr_expect(low > 0 && low < 1e-12 && high < 0.3);
    distance_wasserstein(&cells, b, c, sums, sums, &low, &high);
    cr_expect(isfinite(low) && isfinite(high) && low <= high);
    cr_expect(isfinite(statistic_cvm(b, c, 4)) && isfinite(statistic_ad(b, c, 4)));
}
