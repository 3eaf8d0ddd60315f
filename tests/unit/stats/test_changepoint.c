#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "stats/changepoint.h"
#include "stats/divergence.h"
#include "support/random.h"

enum { CELLS = 8, PANES = 160, TAU = 100 };

static void shares_of(double shift, double *ret_q)
{
    double sum = 0;
    for (int i = 0; i < CELLS; i++)
        sum += ret_q[i] = exp(shift * sqrt(12) * ((i + 0.5) / CELLS - 0.5));
    for (int i = 0; i < CELLS; i++)
        ret_q[i] /= sum;
}

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

struct plan {
    double shift;
    int rows, events, copies;
    double phi, coverage;
};

/* Share of intervals that hold the true pane. */
static double covered(struct random *random, const struct plan *plan, double *ret_width)
{
    enum { RUNS = 400 };
    double p[CELLS], q[CELLS], width = 0;
    shares_of(0, p);
    shares_of(plan->shift, q);
    int inside = 0;
    for (int run = 0; run < RUNS; run++) {
        int64_t b[CELLS], c[PANES * CELLS];
        struct changepoint found;
        draw(random, p, plan->rows, 1, b);
        for (int t = 0; t < PANES; t++)
            draw(random, t < TAU ? p : q, plan->events, plan->copies, c + t * CELLS);
        cr_assert(changepoint_find(b, CELLS, c, PANES, plan->phi, plan->coverage, &found));
        cr_assert(found.low <= found.index && found.index <= found.high && found.high < PANES);
        inside += found.low <= TAU && TAU <= found.high;
        width += found.high - found.low + 1;
    }
    *ret_width = width / RUNS;
    return (double)inside / RUNS;
}

/* Small moves: about the nominal rate (standard error 0.011 to 0.02; whole panes make it
 * a little more), and not by being useless. */
Test(changepoint, interval_covers_the_truth_as_often_as_it_says)
{
    struct random random = random_new(91);
    static const struct plan plans[] = {
        {0.3, 5000, 12, 1, 1, 0.95},
        {0.3, 5000, 12, 1, 1, 0.8},
        {0.3, 600, 12, 1, 1, 0.95},
        {0.2, 5000, 40, 1, 1, 0.9},
    };
    for (size_t k = 0; k < sizeof plans / sizeof *plans; k++) {
        double width, rate = covered(&random, &plans[k], &width);
        cr_expect(rate > plans[k].coverage - 0.03 && rate < plans[k].coverage + 0.13,
                  "plan %zu: %g", k, rate);
        cr_expect_lt(width, 40, "plan %zu", k);
    }
}

Test(changepoint, a_sudden_move_is_one_pane)
{
    struct random random = random_new(92);
    double width, rate = covered(&random, &(struct plan){1.5, 2000, 200, 1, 1, 0.95}, &width);
    cr_expect(rate > 0.995 && width < 1.05, "%g %g", rate, width);
}

Test(changepoint, phi_pays_for_duplicates)
{
    struct random random = random_new(93);
    struct plan plan = {0.5, 20000, 10, 5, 1, 0.95};
    double width;
    cr_expect_lt(covered(&random, &plan, &width), 0.85);
    plan.phi = 5;
    cr_expect_gt(covered(&random, &plan, &width), 0.92);
}

/* Half the G statistic of every split, by its definition; returns the largest. */
static double split_ratios(const int64_t *b, const int64_t *c, double *ret_ratios)
{
    double best = 0;
    for (int tau = 0; tau < PANES; tau++) {
        int64_t before[CELLS], after[CELLS] = {0};
        memcpy(before, b, sizeof before);
        for (int t = 0; t < PANES; t++) {
            for (int i = 0; i < CELLS; i++)
                *(t < tau ? &before[i] : &after[i]) += c[t * CELLS + i];
        }
        ret_ratios[tau] = statistic_g(before, after, CELLS) / 2;
        best = fmax(best, ret_ratios[tau]);
    }
    return best;
}

Test(changepoint, best_and_limits_follow_the_definition)
{
    struct random random = random_new(94);
    double p[CELLS], q[CELLS], ratios[PANES];
    shares_of(0, p);
    shares_of(0.3, q);
    for (int round = 0; round < 20; round++) {
        int64_t b[CELLS], c[PANES * CELLS];
        struct changepoint found;
        draw(&random, p, 3000, 1, b);
        for (int t = 0; t < PANES; t++)
            draw(&random, t < TAU ? p : q, 20, 1, c + t * CELLS);
        cr_assert(changepoint_find(b, CELLS, c, PANES, 1, 0.95, &found));
        double best = split_ratios(b, c, ratios);
        cr_expect(fabs(best - found.log_ratio) < 1e-9);
        cr_expect(fabs(ratios[found.index] - best) < 1e-9);
        for (uint32_t tau = 0; tau < PANES; tau++) {
            bool is_likely = 2 * (best - ratios[tau]) <= 7.3524;
            cr_expect(!is_likely || (found.low <= tau && tau <= found.high), "%u", tau);
            cr_expect(is_likely || (tau != found.low && tau != found.high), "%u", tau);
        }
    }
}

Test(changepoint, empty_panes_lie_between)
{
    int64_t b[2] = {500, 500};
    int64_t c[7 * 2] = {50, 50, 50, 50, 0, 0, 0, 0, 90, 10, 90, 10, 0, 0};
    struct changepoint found;
    cr_assert(changepoint_find(b, 2, c, 7, 1, 0.95, &found));
    cr_expect(found.index == 4 && found.low == 2 && found.high == 4, "%u [%u, %u]", found.index,
              found.low, found.high);
}

Test(changepoint, huge_counts_keep_their_digits)
{
    int64_t b[2] = {(int64_t)1e15, (int64_t)1e15}, c[3 * 2];
    for (int t = 0; t < 3; t++) {
        c[2 * t] = (int64_t)1e15 + (t == 2) * (int64_t)1e9;
        c[2 * t + 1] = (int64_t)1e15 - (t == 2) * (int64_t)1e9;
    }
    struct changepoint found;
    cr_assert(changepoint_find(b, 2, c, 3, 1, 0.95, &found));
    cr_expect(found.index == 2 && found.low == 2 && found.high == 2);
    /* N / 2 times theta squared: 2e15 of 8e15, shares 1e-6 / 2 apart on both sides. */
    cr_expect(fabs(found.log_ratio / 750 - 1) < 1e-3, "%.17g", found.log_ratio);
}

Test(changepoint, nothing_to_compare_is_told)
{
    int64_t b[3] = {10, 10, 10}, none[65] = {0}, c[3] = {1, 2, 3};
    struct changepoint found = {7, 7, 7, 7};
    cr_expect_not(changepoint_find(b, 3, c, 0, 1, 0.95, &found));
    cr_expect_not(changepoint_find(none, 3, c, 1, 1, 0.95, &found));
    cr_expect_not(changepoint_find(b, 3, none, 1, 1, 0.95, &found));
    cr_expect_not(changepoint_find(b, 1, c, 1, 1, 0.95, &found));
    cr_expect_not(changepoint_find(none, 65, none, 1, 1, 0.95, &found));
    cr_expect_eq(found.index, 7u);
    cr_expect(changepoint_find(b, 3, c, 1, (double)NAN, (double)NAN, &found));
    cr_expect(found.index == 0 && found.low == 0 && found.high == 0);
    int64_t hostile[6] = {INT64_MAX, INT64_MIN, -1, INT64_MAX, INT64_MAX, 0};
    cr_expect(changepoint_find(b, 3, hostile, 2, 0, 2, &found));
    cr_expect(isfinite(found.log_ratio));
}
