/* The reference's raw case: 300 baseline and 200 live values, 40 and 15 of them exactly 0.
 *
 * Its edges have no minimum and maximum and are ranks among all values (K = 16), where ours are
 * ranks among the values that are not atoms; so cells are compared on its own edges, and what
 * cells_make does with the same values is checked from its definition. */
#include "golden.h"

#include <float.h>

#include "stats/cells.h"
#include "stats/divergence.h"

enum { VALUES_MAX = 512 };

struct raw {
    json_t *root, *item;
    double x[VALUES_MAX], y[VALUES_MAX];
    size_t m, n;
};

static size_t raw_read(const json_t *item, const char *name, double *ret_values)
{
    const json_t *array = json_object_get(item, name);
    size_t size = json_array_size(array);
    cr_assert(size > 0 && size <= VALUES_MAX);
    for (size_t i = 0; i < size; i++)
        ret_values[i] = golden_at(array, i);
    return size;
}

static int value_compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static void raw_load(struct raw *raw)
{
    raw->root = golden_load("spec.json");
    raw->item = json_object_get(raw->root, "raw_case_with_atom_at_0");
    raw->m = raw_read(raw->item, "x", raw->x);
    raw->n = raw_read(raw->item, "y", raw->y);
    qsort(raw->x, raw->m, sizeof *raw->x, value_compare);
}

struct histogram {
    int64_t counts[GOLDEN_CELLS_MAX];
    double sums[GOLDEN_CELLS_MAX];  /* of x - cells_origin */
    double plain[GOLDEN_CELLS_MAX]; /* of x */
};

static void fill(struct histogram *histogram, const struct cells *cells, const double *values,
                 size_t size)
{
    *histogram = (struct histogram){0};
    for (size_t i = 0; i < size; i++) {
        uint32_t cell = cells_find(cells, values[i]);
        histogram->counts[cell]++;
        histogram->sums[cell] += values[i] - cells_origin(cells, cell);
        histogram->plain[cell] += values[i];
    }
}

static void check_cells(const json_t *item, const char *counts, const char *sums,
                        const struct histogram *histogram)
{
    int64_t want[GOLDEN_CELLS_MAX];
    uint32_t count = golden_counts(item, counts, want);
    for (uint32_t i = 0; i < count; i++) {
        cr_expect_eq(histogram->counts[i], want[i], "%s of cell %u", counts, i);
        expect_near(histogram->plain[i], golden_at(json_object_get(item, sums), i), 1e-12, 1e-13,
                    "%s of cell %u", sums, i);
    }
}

Test(cells, raw_case_gives_the_references_histograms_and_distances)
{
    struct raw raw;
    raw_load(&raw);
    double edges[GOLDEN_CELLS_MAX];
    uint32_t size = (uint32_t)raw_read(raw.item, "edges", edges);
    struct cells cells = {size + 1, edges};
    struct histogram b, c;
    fill(&b, &cells, raw.x, raw.m);
    fill(&c, &cells, raw.y, raw.n);
    check_cells(raw.item, "b", "sum_b", &b);
    check_cells(raw.item, "c", "sum_c", &c);
    double low, high;
    const json_t *ks = json_object_get(raw.item, "ks_lo_hi");
    distance_ks(b.counts, c.counts, cells.count, &low, &high);
    expect_near(low, golden_at(ks, 0), 1e-12, 0, "ks low");
    expect_near(high, golden_at(ks, 1), 1e-12, 0, "ks high");
    const json_t *w1 = json_object_get(raw.item, "w1_lo_hi");
    distance_wasserstein(&cells, b.counts, c.counts, b.sums, c.sums, &low, &high);
    expect_near(low, golden_at(w1, 0), 1e-12, 0, "w1 low");
    expect_near(high, golden_at(w1, 1), 1e-12, 0, "w1 high");
    json_decref(raw.root);
}

Test(cells, made_edges_follow_the_rule_and_bound_the_exact_distances)
{
    struct raw raw;
    raw_load(&raw);
    struct weighted_value values[VALUES_MAX];
    double rest[VALUES_MAX];
    size_t distinct = 0, others = 0;
    for (size_t i = 0; i < raw.m; i++) {
        if (i > 0 && raw.x[i] == raw.x[i - 1])
            values[distinct - 1].weight++;
        else
            values[distinct++] = (struct weighted_value){raw.x[i], 1};
        if (raw.x[i] != 0)
            rest[others++] = raw.x[i];
    }
    double edges[CELLS_MAX];
    uint32_t size = cells_make(values, distinct, 16, edges);
    struct cells cells = {size + 1, edges};
    cr_expect_eq(edges[0], raw.x[0]);
    cr_expect_eq(edges[size - 1], nextafter(raw.x[raw.m - 1], INFINITY));
    cr_expect(cells_is_atom(&cells, cells_find(&cells, 0)));
    for (size_t k = 0; k < 16; k++) {
        double edge = rest[k * others / 16];
        cr_expect_eq(edges[cells_find(&cells, edge) - 1], edge, "rank %zu: %g", k, edge);
    }
    cr_expect_eq(size, 16 + 2 + 1);
    struct histogram b, c;
    fill(&b, &cells, raw.x, raw.m);
    fill(&c, &cells, raw.y, raw.n);
    double low, high, exact = golden_number(raw.item, "ks_exact");
    distance_ks(b.counts, c.counts, cells.count, &low, &high);
    cr_expect(low <= exact + 1e-12 && exact <= high + 1e-12, "%g %g %g", low, exact, high);
    exact = golden_number(raw.item, "w1_exact");
    distance_wasserstein(&cells, b.counts, c.counts, b.sums, c.sums, &low, &high);
    cr_expect(low <= exact + 1e-12 && exact <= high + 1e-12, "%g %g %g", low, exact, high);
    json_decref(raw.root);
}
