/* The e-detector against its NumPy reference (edetector.json): every number of both cases. */
#include "golden.h"

#include <stdlib.h>

#include "stats/edetector.h"
#include "stats/klball.h"

struct example {
    json_t *root;
    const json_t *values;
    struct edetector_table *table;
    int64_t counts[ALTERNATIVES_CELLS_MAX];
};

static struct example example_load(size_t index)
{
    struct example example = {0};
    example.root = golden_load("edetector.json");
    example.values = json_array_get(json_object_get(example.root, "cases"), index);
    const json_t *p = json_object_get(example.values, "p");
    double m = golden_number(example.values, "baseline_m");
    uint32_t cells = (uint32_t)json_array_size(p);
    for (uint32_t i = 0; i < cells; i++)
        example.counts[i] = llround(m * golden_at(p, i));
    struct edetector_spec spec = {
        .set = index == 0 ? ALTERNATIVES_TILTS : ALTERNATIVES_NOMINAL,
        .delta = golden_number(example.values, "delta_KL"),
        .gamma = golden_number(example.values, "gamma"),
    };
    struct err err;
    cr_assert_eq(edetector_table_new(example.counts, cells, &spec, &example.table, &err), 0, "%s",
                 err.text);
    return example;
}

static void example_release(struct example *example)
{
    edetector_table_free(example->table);
    json_decref(example->root);
}

/* The reference's label, "tilt1+@2.5x", "gain0@40x". */
static void label_of(const struct alternative *what, char *ret_label)
{
    static const char *const kinds[] = {"tilt", "gain", "loss"};
    bool is_tilt = what->kind == ALTERNATIVE_TILT;
    const char *sign = !is_tilt ? "" : what->sign > 0 ? "+" : "-";
    snprintf(ret_label, 64, "%s%u%s@%gx", kinds[what->kind], what->which + is_tilt, sign,
             what->multiple);
}

static void check_scores(struct example *example)
{
    const struct edetector_table *table = example->table;
    const json_t *labels = json_object_get(example->values, "alt_labels");
    const json_t *scores = json_object_get(example->values, "score_table");
    cr_assert_eq(table->count, json_array_size(labels));
    for (uint32_t k = 0; k < table->count; k++) {
        char label[64];
        label_of(&table->alternatives[k], label);
        cr_expect_str_eq(label, json_string_value(json_array_get(labels, k)));
        for (uint32_t i = 0; i < table->cells; i++)
            expect_near(table->scores[k * table->cells + i],
                        golden_at(json_array_get(scores, k), i), 1e-11, 1e-12, "score %s cell %u",
                        label, i);
    }
}

static void check_alternatives(struct example *example)
{
    const struct edetector_table *table = example->table;
    struct alternative list[ALTERNATIVES_MAX];
    double *shares = calloc(ALTERNATIVES_MAX * ALTERNATIVES_CELLS_MAX, sizeof *shares);
    bool is_ordinal = table->alternatives[0].kind == ALTERNATIVE_TILT;
    enum alternative_set set = is_ordinal ? ALTERNATIVES_TILTS : ALTERNATIVES_NOMINAL;
    uint32_t count = alternatives_make(example->counts, table->shares, table->cells, set,
                                       table->radius, list, shares);
    const json_t *rows = json_object_get(example->values, "alternatives");
    cr_assert_eq(count, json_array_size(rows));
    for (uint32_t k = 0; k < count; k++) {
        for (uint32_t i = 0; i < table->cells; i++)
            expect_near(shares[k * table->cells + i], golden_at(json_array_get(rows, k), i), 1e-11,
                        1e-13, "alternative %u cell %u", k, i);
    }
    double q[ALTERNATIVES_CELLS_MAX];
    double w = klball_project(table->shares, shares, table->cells, table->radius, q);
    expect_near(w / (1 - w), golden_number(example->values, "ripr_nu_first"), 1e-10, 0, "nu");
    for (uint32_t i = 0; i < table->cells; i++)
        expect_near(q[i], golden_at(json_object_get(example->values, "ripr_q_first"), i), 1e-12, 0,
                    "q %u", i);
    free(shares);
}

static void check_trajectory(struct example *example)
{
    const json_t *panes = json_object_get(example->values, "panes");
    const json_t *mixture = json_object_get(example->values, "log_e_detector_after_each_pane");
    const json_t *universal = json_object_get(example->values, "log_ui_cumulative");
    struct edetector detector;
    edetector_restart(&detector, example->table);
    int64_t sum[ALTERNATIVES_CELLS_MAX] = {0};
    cr_assert_eq(json_array_size(panes), 20);
    for (size_t t = 0; t < json_array_size(panes); t++) {
        int64_t c[ALTERNATIVES_CELLS_MAX];
        for (uint32_t i = 0; i < example->table->cells; i++)
            sum[i] += c[i] = json_integer_value(json_array_get(json_array_get(panes, t), i));
        expect_near(edetector_update(&detector, example->table, c, 1), golden_at(mixture, t), 0,
                    1e-10, "pane %zu", t);
        expect_near(edetector_log_universal(example->table, sum), golden_at(universal, t), 0, 1e-9,
                    "universal after pane %zu", t);
    }
}

static void check_example(size_t index)
{
    struct example example = example_load(index);
    expect_near(example.table->baseline_radius, golden_number(example.values, "baseline_radius"),
                1e-13, 0, "r_m");
    expect_near(example.table->radius, golden_number(example.values, "total_radius"), 1e-13, 0,
                "radius");
    check_scores(&example);
    check_alternatives(&example);
    check_trajectory(&example);
    example_release(&example);
}

Test(edetector, ordinal_cells_are_the_references)
{
    check_example(0);
}

Test(edetector, nominal_cells_are_the_references)
{
    check_example(1);
}
