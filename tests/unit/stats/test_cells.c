#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "stats/cells.h"
#include "support/random.h"

enum { VALUES = 5000 };

static int value_compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Sorts `values` and writes the distinct ones with their counts. */
static size_t weigh(double *values, size_t size, struct weighted_value *ret_values)
{
    qsort(values, size, sizeof *values, value_compare);
    size_t distinct = 0;
    for (size_t i = 0; i < size; i++) {
        if (distinct > 0 && ret_values[distinct - 1].value == values[i])
            ret_values[distinct - 1].weight++;
        else
            ret_values[distinct++] = (struct weighted_value){values[i], 1};
    }
    return distinct;
}

/* Zero-inflated, with ties, and tails. */
static double draw(struct random *random)
{
    switch (random_below(random, 5)) {
    case 0:
        return 0;
    case 1:
        return floor(10 * random_unit(random)) / 4;
    default:
        return exp(2 * random_normal(random));
    }
}

static void expect_ascending(const double *edges, uint32_t size)
{
    cr_expect(isfinite(edges[0]) && isfinite(edges[size - 1]));
    for (uint32_t i = 1; i < size; i++)
        cr_expect_lt(edges[i - 1], edges[i]);
}

Test(cells, find_counts_the_edges_not_above)
{
    struct random random = random_new(1);
    double edges[40];
    for (uint32_t size = 1; size <= 40; size++) {
        for (uint32_t i = 0; i < size; i++)
            edges[i] = 3.0 * i - 20;
        struct cells cells = {size + 1, edges};
        for (int i = 0; i < 400; i++) {
            double x = floor(200 * random_unit(&random)) - 60;
            uint32_t below = 0;
            for (uint32_t j = 0; j < size; j++)
                below += edges[j] <= x;
            cr_assert_eq(cells_find(&cells, x), below, "%g among %u", x, size);
        }
        cr_expect_eq(cells_find(&cells, -INFINITY), 0);
        cr_expect_eq(cells_find(&cells, INFINITY), size);
    }
}

Test(cells, quantile_cells_have_equal_mass)
{
    struct random random = random_new(2);
    static double x[VALUES];
    static struct weighted_value values[VALUES];
    for (size_t i = 0; i < VALUES; i++)
        x[i] = random_normal(&random);
    size_t distinct = weigh(x, VALUES, values);
    double edges[CELLS_MAX];
    uint32_t size = cells_make(values, distinct, 128, edges);
    cr_assert_eq(size, 129);
    expect_ascending(edges, size);
    struct cells cells = {size + 1, edges};
    int64_t mass[CELLS_MAX] = {0};
    for (size_t i = 0; i < VALUES; i++)
        mass[cells_find(&cells, x[i])]++;
    cr_expect_eq(mass[0] + mass[size], 0, "the baseline has nothing in the tails");
    for (uint32_t i = 1; i < size; i++) {
        cr_expect(mass[i] == VALUES / 128 || mass[i] == VALUES / 128 + 1, "%u: %ld", i, mass[i]);
        cr_expect_eq(edges[i - 1], x[(size_t)(i - 1) * VALUES / 128]);
        cr_expect_not(cells_is_atom(&cells, i));
    }
    cr_expect_eq(edges[size - 1], nextafter(x[VALUES - 1], INFINITY));
}

Test(cells, atoms_get_cells_of_their_own)
{
    struct random random = random_new(3);
    static double x[VALUES];
    static struct weighted_value values[VALUES];
    for (int round = 0; round < 20; round++) {
        for (size_t i = 0; i < VALUES; i++)
            x[i] = draw(&random);
        size_t distinct = weigh(x, VALUES, values);
        uint32_t wanted = 2 + random_below(&random, CELLS_MAX / 4 - 1);
        double edges[CELLS_MAX];
        uint32_t size = cells_make(values, distinct, wanted, edges);
        struct cells cells = {size + 1, edges};
        expect_ascending(edges, size);
        uint32_t atoms = 0;
        for (size_t i = 0; i < distinct; i++) {
            bool is_atom = values[i].weight * wanted > VALUES;
            uint32_t cell = cells_find(&cells, values[i].value);
            atoms += is_atom;
            cr_assert(cell > 0 && cell < size);
            if (is_atom)
                cr_expect(cells_is_atom(&cells, cell), "%g", values[i].value);
        }
        cr_expect_leq(size, 2 * wanted + 2 * atoms + 2);
        cr_expect_lt(size, CELLS_MAX);
    }
}

Test(cells, few_integers_get_one_cell_each)
{
    struct weighted_value values[] = {{-1, 5}, {0, 900}, {3, 20}, {4, 75}};
    double edges[CELLS_MAX];
    uint32_t size = cells_make(values, 4, 128, edges);
    cr_assert_eq(size, 5);
    for (uint32_t i = 0; i < 4; i++)
        cr_expect_eq(edges[i], values[i].value);
    cr_expect_eq(edges[4], nextafter(4, 5));
    struct cells cells = {size + 1, edges};
    cr_expect_eq(cells_find(&cells, 2), 2);
    cr_expect_eq(cells_find(&cells, -2), 0);
    cr_expect_eq(cells_find(&cells, 5), 5);
}

/* Of few other values, only the heavy ones are told apart from what lies just above them. */
Test(cells, few_fractions_keep_atoms_apart)
{
    struct weighted_value values[] = {{0.25, 1}, {0.5, 900}, {0.75, 99}};
    double edges[CELLS_MAX];
    uint32_t size = cells_make(values, 3, 10, edges);
    struct cells cells = {size + 1, edges};
    cr_expect_eq(size, 5);
    cr_expect_not(cells_is_atom(&cells, cells_find(&cells, 0.25)));
    cr_expect(cells_is_atom(&cells, cells_find(&cells, 0.5)));
    cr_expect_neq(cells_find(&cells, 0.5), cells_find(&cells, 0.6));
}

Test(cells, single_and_extreme_values)
{
    double edges[CELLS_MAX];
    cr_expect_eq(cells_make(&(struct weighted_value){7.5, 100}, 1, 128, edges), 2);
    struct cells cells = {3, edges};
    cr_expect(cells_is_atom(&cells, 1));
    cr_expect_not(cells_is_atom(&cells, 0) || cells_is_atom(&cells, 2));
    cr_expect_eq(cells_make(&(struct weighted_value){DBL_MAX, 1}, 1, 128, edges), 2);
    expect_ascending(edges, 2);
    struct weighted_value huge[] = {{-DBL_MAX, INT64_C(1) << 60}, {0, 1}, {DBL_MAX, 1}};
    uint32_t size = cells_make(huge, 3, 2, edges);
    expect_ascending(edges, size);
    cr_expect_eq(edges[0], -DBL_MAX);
}

/* A monotone transform moves the edges with the values, so counts do not change. */
Test(cells, counts_do_not_change_under_a_monotone_transform)
{
    struct random random = random_new(4);
    static double x[VALUES], y[VALUES];
    static struct weighted_value values[VALUES];
    for (size_t i = 0; i < VALUES; i++)
        x[i] = draw(&random) + 0.5;
    size_t distinct = weigh(x, VALUES, values);
    double plain[CELLS_MAX], logs[CELLS_MAX];
    uint32_t size = cells_make(values, distinct, 64, plain);
    for (size_t i = 0; i < VALUES; i++)
        y[i] = 3 * x[i];
    distinct = weigh(y, VALUES, values);
    cr_assert_eq(cells_make(values, distinct, 64, logs), size);
    struct cells before = {size + 1, plain}, after = {size + 1, logs};
    for (int i = 0; i < 2000; i++) {
        double live = draw(&random) + 0.5;
        cr_expect_eq(cells_find(&before, live), cells_find(&after, 3 * live), "%.17g", live);
    }
}

Test(cells, origin_is_the_left_edge_or_the_right_one_of_the_lower_tail)
{
    double edges[] = {1, 2, 5};
    struct cells cells = {4, edges};
    cr_expect_eq(cells_origin(&cells, 0), 1);
    cr_expect_eq(cells_origin(&cells, 1), 1);
    cr_expect_eq(cells_origin(&cells, 2), 2);
    cr_expect_eq(cells_origin(&cells, 3), 5);
}

static void check_groups(const int64_t *mass, uint32_t count, uint32_t wanted, double most)
{
    uint32_t group[CELLS_MAX];
    int64_t sums[CELLS_MAX] = {0}, total = 0, heaviest = 0;
    uint32_t groups = cells_group(mass, count, wanted, group);
    cr_assert(groups >= 1 && groups <= wanted);
    cr_expect_eq(group[0], 0);
    cr_expect_eq(group[count - 1], groups - 1);
    for (uint32_t i = 0; i < count; i++) {
        cr_assert(i == 0 || group[i] == group[i - 1] || group[i] == group[i - 1] + 1);
        sums[group[i]] += mass[i];
        total += mass[i];
        heaviest = mass[i] > heaviest ? mass[i] : heaviest;
    }
    cr_expect_eq(group[count - 2], groups - 1, "the tail has no group of its own");
    for (uint32_t g = 0; g < groups && total > 0; g++) {
        double share = (double)total / wanted;
        cr_expect_gt(sums[g], 0, "group %u of %u is empty", g, groups);
        cr_expect(sums[g] <= fmax(most * share, heaviest + share), "%ld of %g", sums[g], share);
    }
}

Test(cells, equal_cells_make_equal_groups)
{
    int64_t mass[130];
    for (uint32_t i = 0; i < 130; i++)
        mass[i] = i == 0 || i == 129 ? 0 : 40;
    for (uint32_t wanted = 8; wanted <= 32; wanted *= 2) {
        uint32_t group[130];
        cr_assert_eq(cells_group(mass, 130, wanted, group), wanted);
        for (uint32_t i = 1; i < 129; i++)
            cr_expect_eq(group[i], (i - 1) * wanted / 128);
    }
}

Test(cells, groups_are_balanced_and_never_empty)
{
    struct random random = random_new(5);
    for (int round = 0; round < 3000; round++) {
        uint32_t count = 3 + random_below(&random, 200);
        int64_t mass[CELLS_MAX] = {0};
        bool is_even = random_below(&random, 2);
        for (uint32_t i = 1; i + 1 < count; i++)
            mass[i] = is_even
                          ? 100 + random_below(&random, 10)
                          : (int64_t)pow(10, 5 * random_unit(&random)) * random_below(&random, 3);
        check_groups(mass, count, 1 + random_below(&random, 40), 1.6);
    }
}

Test(cells, groups_of_nothing_and_of_everything)
{
    int64_t none[10] = {0}, tail[10] = {50, [5] = 3, [9] = 70};
    uint32_t group[10];
    cr_expect_eq(cells_group(none, 10, 4, group), 1);
    check_groups(tail, 10, 4, 100);
    int64_t huge[6] = {0, INT64_C(1000000000000), 1, INT64_C(1000000000000), 1, 0};
    cr_expect_eq(cells_group(huge, 6, 32, group), 4);
    cr_expect_eq(cells_group(huge, 6, 1, group), 1);
}
