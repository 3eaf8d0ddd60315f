#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/edetector.h"
#include "stats/klball.h"
#include "support/random.h"

enum { CELLS = 16 };

static struct edetector_table *table_new(int64_t each)
{
    int64_t b[CELLS];
    for (int i = 0; i < CELLS; i++)
        b[i] = each;
    struct edetector_spec spec = {
        .set = ALTERNATIVES_TILTS_AND_GAINS, .delta = 0.0025, .gamma = 1e-3};
    struct edetector_table *table;
    cr_assert_eq(edetector_table_new(b, CELLS, &spec, &table, NULL), 0);
    return table;
}

/* `events` draws from q, each counted `copies` times. */
static void draw(struct random *random, const double *q, int events, int copies, int64_t *ret_c)
{
    memset(ret_c, 0, CELLS * sizeof *ret_c);
    for (int k = 0; k < events; k++) {
        double u = random_unit(random);
        int i = 0;
        while (i + 1 < CELLS && u >= q[i])
            u -= q[i++];
        ret_c[i] += copies;
    }
}

struct stream {
    double q[CELLS];
    int events, copies;
    double phi;
};

/* Panes to the alarm at mixture >= level, at most `most`. */
static double run_length(struct random *random, const struct edetector_table *table,
                         const struct stream *stream, double level, int most)
{
    struct edetector detector;
    edetector_restart(&detector, table);
    for (int pane = 1; pane <= most; pane++) {
        int64_t c[CELLS];
        draw(random, stream->q, stream->events, stream->copies, c);
        if (edetector_update(&detector, table, c, stream->phi) >= level)
            return pane;
    }
    return most;
}

static double mean_run_length(struct random *random, const struct edetector_table *table,
                              const struct stream *stream, double level, int most)
{
    enum { RUNS = 60 };
    double sum = 0;
    for (int run = 0; run < RUNS; run++)
        sum += run_length(random, table, stream, level, most);
    return sum / RUNS;
}

/* Shares of N(shift, 1) in the cells that N(0, 1) fills equally, nearly: a tilt of the ranks. */
static void shifted(double shift, double *ret_q)
{
    double sum = 0;
    for (int i = 0; i < CELLS; i++)
        sum += ret_q[i] = exp(shift * sqrt(12) * ((i + 0.5) / CELLS - 0.5));
    for (int i = 0; i < CELLS; i++)
        ret_q[i] /= sum;
}

Test(edetector, recursion_is_the_sum_over_all_starts)
{
    struct random random = random_new(41);
    struct edetector_table *table = table_new(1250);
    struct stream stream = {.events = 30, .copies = 1};
    shifted(0.3, stream.q);
    struct edetector detector;
    edetector_restart(&detector, table);
    cr_expect(isinf(edetector_log_mixture(&detector)));
    double(*r)[8] = calloc(table->count, sizeof *r);
    for (int t = 0; t < 8; t++) {
        int64_t c[CELLS];
        draw(&random, stream.q, stream.events, 1, c);
        double log_m = edetector_update(&detector, table, c, 2), mean = 0;
        for (uint32_t k = 0; k < table->count; k++) {
            double gain = 0;
            for (int i = 0; i < CELLS; i++)
                gain += (double)c[i] * table->scores[k * CELLS + i] / 2;
            r[k][t] = 1;
            for (int start = 0; start <= t; start++) {
                r[k][start] *= exp(gain);
                mean += r[k][start] / table->count;
            }
        }
        cr_expect(fabs(log_m - log(mean)) < 1e-10);
        cr_expect_eq(log_m, edetector_log_mixture(&detector));
    }
    free(r);
    edetector_table_free(table);
}

Test(edetector, empty_panes_count_as_panes)
{
    struct edetector_table *table = table_new(1250);
    struct edetector detector;
    int64_t none[CELLS] = {0};
    edetector_restart(&detector, table);
    for (int t = 1; t <= 50; t++)
        cr_expect(fabs(edetector_update(&detector, table, none, 1) - log(t)) < 1e-12);
    edetector_table_free(table);
}

/* The promise: without drift, and at the border of what is ignored, at least A panes on average. */
Test(edetector, run_length_is_kept)
{
    struct random random = random_new(42);
    struct edetector_table *table = table_new(1250);
    double level = edetector_threshold(1, 40, 1);
    struct stream stream = {.events = 50, .copies = 1, .phi = 1};
    shifted(0, stream.q);
    cr_expect_geq(mean_run_length(&random, table, &stream, level, 200), 40, "no drift");
    double far[CELLS];
    shifted(1, far);
    klball_project(table->shares, far, CELLS, table->radius, stream.q);
    cr_expect_geq(mean_run_length(&random, table, &stream, level, 200), 40, "border");
    edetector_table_free(table);
}

/* statistics.md 3.5: every event five times breaks the promise, and phi = 5 mends it. */
Test(edetector, tempering_pays_for_duplicates)
{
    struct random random = random_new(43);
    struct edetector_table *table = table_new(1250);
    double level = edetector_threshold(1, 1000, 1);
    struct stream stream = {.events = 20, .copies = 5, .phi = 1};
    shifted(0, stream.q);
    cr_expect_lt(mean_run_length(&random, table, &stream, level, 1500), 200);
    stream.phi = 5;
    cr_expect_geq(mean_run_length(&random, table, &stream, level, 1500), 1000);
    edetector_table_free(table);
}

/* statistics.md 3.4: 30 fields, 20 000 panes, panes of 20; 1 sd in about 80 events, 0.5 in 280. */
Test(edetector, shifts_are_found_in_time_and_named)
{
    struct random random = random_new(44);
    struct edetector_table *table = table_new(1250);
    double level = edetector_threshold(30, 20000, 1);
    struct stream stream = {.events = 20, .copies = 1, .phi = 1};
    shifted(1, stream.q);
    cr_expect_lt(20 * mean_run_length(&random, table, &stream, level, 1000), 110);
    shifted(0.5, stream.q);
    cr_expect_lt(20 * mean_run_length(&random, table, &stream, level, 1000), 400);
    struct edetector detector;
    char name[ALTERNATIVE_NAME_BYTES];
    for (int down = 0; down < 2; down++) {
        edetector_restart(&detector, table);
        shifted(down ? -0.5 : 0.5, stream.q);
        for (int t = 0; t < 20; t++) {
            int64_t c[CELLS];
            draw(&random, stream.q, 100, 1, c);
            edetector_update(&detector, table, c, 1);
        }
        alternative_name(&table->alternatives[edetector_leader(&detector)], name);
        cr_expect_str_eq(name, down ? "location down" : "location up");
    }
    edetector_table_free(table);
}

Test(edetector, a_spike_is_named)
{
    struct edetector_table *table = table_new(1250);
    struct edetector detector;
    edetector_restart(&detector, table);
    int64_t c[CELLS] = {10, 10, 10, 10, 10, 10, 10, 30, 10, 10, 10, 10, 10, 10, 10, 10};
    double log_m = 0;
    for (int t = 0; t < 20; t++)
        log_m = edetector_update(&detector, table, c, 1);
    char name[ALTERNATIVE_NAME_BYTES];
    cr_expect_gt(log_m, 20);
    alternative_name(&table->alternatives[edetector_leader(&detector)], name);
    cr_expect_str_eq(name, "cell 7 gains");
    edetector_table_free(table);
}

Test(edetector, hostile_counts_stay_finite)
{
    struct edetector_table *table = table_new((int64_t)1e12);
    struct edetector detector, other;
    static const int64_t extremes[] = {0, 1, (int64_t)1e12, INT64_MAX, -1, INT64_MIN};
    static const double phis[] = {1, 0, -3, (double)NAN, (double)INFINITY, 1e300};
    edetector_restart(&detector, table);
    struct random random = random_new(45);
    for (int t = 0; t < 3000; t++) {
        int64_t c[CELLS];
        for (int i = 0; i < CELLS; i++)
            c[i] = extremes[random_below(&random, 6)];
        double log_m = edetector_update(&detector, table, c, phis[random_below(&random, 6)]);
        cr_assert(log_m < 670 && !isnan(log_m));
        cr_assert(detector.fresh >= 0 && detector.fresh <= 1);
    }
    int64_t negative[CELLS] = {-5, INT64_MIN}, none[CELLS] = {0};
    other = detector;
    cr_expect_eq(edetector_update(&detector, table, negative, (double)NAN),
                 edetector_update(&other, table, none, 1));
    edetector_table_free(table);
}

Test(edetector, without_alternatives_it_is_silent)
{
    int64_t b[1] = {100}, c[1] = {1000000};
    struct edetector_table *table;
    struct edetector_spec spec = {.set = ALTERNATIVES_NOMINAL, .delta = 0.0025, .gamma = 1e-3};
    cr_assert_eq(edetector_table_new(b, 1, &spec, &table, NULL), 0);
    struct edetector detector;
    edetector_restart(&detector, table);
    cr_expect_eq(edetector_update(&detector, table, c, 1), -HUGE_VAL);
    edetector_table_free(table);
}

/* A state that went through 32 bits a number goes on like one that did not, and rounding never
 * raises what the promise is about. */
Test(edetector, rounded_state_is_floats_and_never_more)
{
    struct random random = random_new(46);
    struct edetector_table *table = table_new(1250);
    struct stream stream = {.events = 40, .copies = 1};
    shifted(0.1, stream.q);
    struct edetector exact, rounded;
    edetector_restart(&exact, table);
    edetector_restart(&rounded, table);
    for (int t = 0; t < 300; t++) {
        int64_t c[CELLS];
        draw(&random, stream.q, stream.events, 1, c);
        double log_m = edetector_update(&exact, table, c, 1);
        edetector_update(&rounded, table, c, 1);
        edetector_round(&rounded);
        double log_rounded = edetector_log_mixture(&rounded);
        cr_assert_leq(log_rounded, log_m + 1e-12);
        cr_assert_gt(log_rounded, log_m - 1e-4, "%d: %g %g", t, log_rounded, log_m);
        for (uint32_t k = 0; k < table->count; k++) {
            cr_assert_eq((double)(float)rounded.r[k], rounded.r[k]);
            cr_assert(rounded.r[k] >= 0x1p-24 || rounded.r[k] == 0);
        }
    }
    exact.r[0] = 1e290;
    exact.r[1] = 1e-9;
    edetector_round(&exact);
    cr_expect_eq(exact.r[0], (double)FLT_MAX);
    cr_expect_eq(exact.r[1], 0);
    edetector_table_free(table);
}

/* Before a change every pane is a fresh beginning; after it none is. */
Test(edetector, fresh_says_where_the_change_begins)
{
    struct random random = random_new(47);
    struct edetector_table *table = table_new(1250);
    struct stream stream = {.events = 400, .copies = 1};
    struct edetector detector;
    double age = 0;
    edetector_restart(&detector, table);
    for (int t = 0; t < 60; t++) {
        int64_t c[CELLS];
        shifted(t < 50 ? 0 : 0.6, stream.q);
        draw(&random, stream.q, stream.events, 1, c);
        edetector_update(&detector, table, c, 1);
        age = (1 - detector.fresh) * (age + 1);
        cr_assert(detector.fresh >= 0 && detector.fresh <= 1);
    }
    cr_expect(fabs(age - 9) < 1.5, "%g", age);
    edetector_table_free(table);
}

Test(edetector, threshold_is_the_documents)
{
    cr_expect(fabs(edetector_threshold(30, 129600, 1) - 15.2) < 0.05);
    cr_expect(fabs(edetector_threshold(1, 100, 2) - log(50)) < 1e-14);
    cr_expect(isinf(edetector_threshold(0, 100, 1)) && isinf(edetector_threshold(1, 100, 0)));
    cr_expect(isinf(edetector_threshold(1, (double)NAN, 1)));
}
