#include <criterion/criterion.h>
#include <math.h>

#include "stats/edetector.h"
#include "support/random.h"

enum { CELLS = 5 };

static struct edetector_table *table_new(void)
{
    int64_t b[CELLS] = {6000, 2000, 1000, 700, 300};
    struct edetector_spec spec = {.set = ALTERNATIVES_NOMINAL, .delta = 0.005, .gamma = 1e-3};
    struct edetector_table *table;
    cr_assert_eq(edetector_table_new(b, CELLS, &spec, &table, NULL), 0);
    return table;
}

/* Ville: the evidence passes A with probability at most 1 / A, however often it is looked at. */
Test(edetector_universal, evidence_without_drift_is_rare)
{
    struct random random = random_new(51);
    struct edetector_table *table = table_new();
    int passed = 0;
    for (int run = 0; run < 300; run++) {
        int64_t c[CELLS] = {0};
        double most = -HUGE_VAL;
        for (int event = 0; event < 500; event++) {
            double u = random_unit(&random);
            int i = 0;
            while (i + 1 < CELLS && u >= table->shares[i])
                u -= table->shares[i++];
            c[i]++;
            if (event % 10 == 9)
                most = fmax(most, edetector_log_universal(table, c));
        }
        passed += most >= log(20);
    }
    cr_expect_leq(passed, 15, "%d of 300 passed 20", passed);
    edetector_table_free(table);
}

Test(edetector_universal, drift_gathers_evidence)
{
    struct edetector_table *table = table_new();
    int64_t same[CELLS] = {600, 200, 100, 70, 30}, moved[CELLS] = {300, 500, 100, 70, 30};
    int64_t none[CELLS] = {0}, only[CELLS] = {0, 0, 0, 0, 1000};
    cr_expect_lt(edetector_log_universal(table, same), 0);
    cr_expect_gt(edetector_log_universal(table, moved), 100);
    cr_expect_gt(edetector_log_universal(table, only), 1000);
    cr_expect_eq(edetector_log_universal(table, none), 0);
    edetector_table_free(table);
}

/* One event in cell i: every Dirichlet predicts p_i, and the best law of the ball more. */
Test(edetector_universal, first_event_is_predicted_by_the_baseline)
{
    struct edetector_table *table = table_new();
    for (int i = 0; i < CELLS; i++) {
        int64_t c[CELLS] = {0};
        c[i] = 1;
        double p = table->shares[i], low = p, high = 1;
        for (int step = 0; step < 100; step++) {
            double q = (low + high) / 2;
            double kl = p * log(p / q) + (1 - p) * log((1 - p) / (1 - q));
            *(kl > table->radius ? &high : &low) = q;
        }
        cr_expect(fabs(edetector_log_universal(table, c) - log(p / low)) < 1e-9);
    }
    edetector_table_free(table);
}

Test(edetector_universal, hostile_counts_stay_finite)
{
    struct random random = random_new(52);
    struct edetector_table *table = table_new();
    static const int64_t extremes[] = {0, 1, (int64_t)1e12, INT64_MAX, -1, INT64_MIN};
    for (int round = 0; round < 2000; round++) {
        int64_t c[CELLS];
        for (int i = 0; i < CELLS; i++)
            c[i] = extremes[random_below(&random, 6)];
        cr_assert(isfinite(edetector_log_universal(table, c)));
    }
    edetector_table_free(table);
}
