/* Classic detectors: average run lengths against the exact tables (classic.json), by simulation of
 * the detectors and by solving the tables' integral equations again; alarms against river's. */
#include "golden.h"

#include <stdlib.h>
#include <string.h>

#include "stats/classic.h"
#include "stats/special.h"
#include "support/random.h"

enum { NODES = 120, SHIFTS = 10 };
static const char *const shifts[SHIFTS] = {"0",   "0.25", "0.5", "0.75", "1",
                                           "1.5", "2",    "2.5", "3",    "4"};

/* The number that a key of a table begins with. */
static double number_of(const char *text)
{
    return strtod(text, NULL);
}

static double normal_density(double z)
{
    return exp(-z * z / 2) / sqrt(2 * M_PI);
}

static double normal_below(double z)
{
    return 0.5 * erfc(-z / M_SQRT2);
}

/* Gauss-Legendre on [low, high]: Newton on the polynomial of degree NODES. */
static void nodes_make(double low, double high, double *ret_at, double *ret_weight)
{
    for (int i = 0; i < NODES; i++) {
        double x = cos(M_PI * (i + 0.75) / (NODES + 0.5)), slope = 1;
        for (int step = 0; step < 50; step++) {
            double p = x, before = 1;
            for (int k = 2; k <= NODES; k++) {
                double next = ((2 * k - 1) * x * p - (k - 1) * before) / k;
                before = p;
                p = next;
            }
            slope = NODES * (x * p - before) / (x * x - 1);
            x -= p / slope;
        }
        ret_at[i] = (low + high) / 2 + (high - low) / 2 * x;
        ret_weight[i] = (high - low) / ((1 - x * x) * slope * slope);
    }
}

/* Gauss elimination with row exchange; the solution replaces the right side. */
static void solve(double (*a)[NODES + 1], double *b, int size)
{
    for (int k = 0; k < size; k++) {
        int best = k;
        for (int i = k + 1; i < size; i++)
            best = fabs(a[i][k]) > fabs(a[best][k]) ? i : best;
        for (int j = 0; j < size; j++) {
            double kept = a[k][j];
            a[k][j] = a[best][j];
            a[best][j] = kept;
        }
        double kept = b[k];
        b[k] = b[best];
        b[best] = kept;
        for (int i = k + 1; i < size; i++) {
            double factor = a[i][k] / a[k][k];
            for (int j = k; j < size; j++)
                a[i][j] -= factor * a[k][j];
            b[i] -= factor * b[k];
        }
    }
    for (int k = size - 1; k >= 0; k--) {
        for (int j = k + 1; j < size; j++)
            b[k] -= a[k][j] * b[j];
        b[k] /= a[k][k];
    }
}

/* L(z) = 1 + L(0) Phi(k - z - shift) + int_0^h L(y) phi(y + k - z - shift) dy, at z = 0. */
static double cusum_run_length(double k, double h, double shift)
{
    double at[NODES], weight[NODES], a[NODES + 1][NODES + 1], b[NODES + 1];
    nodes_make(0, h, at, weight);
    for (int i = 0; i <= NODES; i++) {
        double z = i < NODES ? at[i] : 0;
        for (int j = 0; j < NODES; j++)
            a[i][j] = (i == j) - weight[j] * normal_density(at[j] + k - z - shift);
        a[i][NODES] = (i == NODES) - normal_below(k - z - shift);
        b[i] = 1;
    }
    solve(a, b, NODES + 1);
    return b[NODES];
}

static double two_sided(double k, double h, double shift)
{
    return 1 / (1 / cusum_run_length(k, h, shift) + 1 / cusum_run_length(k, h, -shift));
}

/* L(z) = 1 + 1/lambda int_-c^c L(y) phi((y - (1 - lambda) z) / lambda - shift) dy, at z = 0. */
static double ewma_run_length(double lambda, double limit, double shift)
{
    double at[NODES], weight[NODES], a[NODES + 1][NODES + 1] = {{0}}, b[NODES + 1];
    double c = limit * sqrt(lambda / (2 - lambda));
    nodes_make(-c, c, at, weight);
    for (int i = 0; i <= NODES; i++) {
        double z = i < NODES ? at[i] : 0;
        for (int j = 0; j < NODES; j++)
            a[i][j] = (i == j) - weight[j] / lambda *
                                     normal_density((at[j] - (1 - lambda) * z) / lambda - shift);
        a[i][NODES] = i == NODES;
        b[i] = 1;
    }
    solve(a, b, NODES + 1);
    return b[NODES];
}

Test(classic, cusum_tables_solve_the_integral_equation)
{
    json_t *root = golden_load("classic.json");
    for (int h = 4; h <= 5; h++) {
        char name[8];
        snprintf(name, sizeof name, "h=%d", h);
        json_t *one = json_object_get(json_object_get(root, "one_sided_cusum_k0.5"), name);
        json_t *two = json_object_get(json_object_get(root, "two_sided_tabular_cusum_k0.5"), name);
        json_t *printed =
            json_object_get(json_object_get(root, "montgomery_published_two_sided_k0.5"), name);
        for (int i = 0; i < SHIFTS; i++) {
            double shift = number_of(shifts[i]), both = two_sided(0.5, h, shift);
            expect_near(cusum_run_length(0.5, h, shift), golden_number(one, shifts[i]), 0, 6e-5,
                        "one-sided %s shift %g", name, shift);
            expect_near(both, golden_number(two, shifts[i]), 0, 6e-5, "two-sided %s shift %g", name,
                        shift);
            expect_near(both, golden_number(printed, shifts[i]), 0.004, 0.006, "printed %s %g",
                        name, shift);
        }
    }
    json_decref(root);
}

Test(classic, cusum_designs_have_the_run_length_they_name)
{
    json_t *root = golden_load("classic.json");
    const char *name, *target;
    json_t *row, *h;
    json_object_foreach(json_object_get(root, "two_sided_cusum_hawkins_ARL0=370"), name, row)
    {
        double k = number_of(name + 2);
        expect_near(two_sided(k, golden_number(row, "h"), 0), golden_number(row, "ARL0"), 2e-6, 0,
                    "Hawkins %s", name);
    }
    json_object_foreach(json_object_get(root, "one_sided_cusum_h_for_ARL0"), name, row)
    {
        /* h has four decimals, and the run length grows as exp(2 k h). */
        json_object_foreach(row, target, h)
            expect_near(cusum_run_length(number_of(name + 2), json_number_value(h), 0),
                        number_of(target), 5e-4, 0, "%s for %s", name, target);
    }
    json_t *siegmund = json_object_get(root, "siegmund_two_sided_k0.5_h5");
    for (int i = 0; i < SHIFTS; i++)
        expect_near(golden_number(siegmund, shifts[i]), two_sided(0.5, 5, number_of(shifts[i])),
                    i < 5 ? 0.01 : 0.15, 0, "Siegmund %s", shifts[i]);
    json_decref(root);
}

Test(classic, ewma_tables_solve_the_integral_equation)
{
    json_t *root = golden_load("classic.json");
    const char *name;
    json_t *row;
    json_object_foreach(json_object_get(root, "ewma_two_sided"), name, row)
    {
        double lambda = number_of(name + strlen("lambda=")),
               limit = number_of(strstr(name, "L=") + 2);
        for (int i = 0; i < SHIFTS; i++)
            expect_near(ewma_run_length(lambda, limit, number_of(shifts[i])),
                        golden_number(row, shifts[i]), 2e-6, 6e-4, "%s shift %s", name, shifts[i]);
    }
    json_decref(root);
}

/* A normal value by inversion: the sum of twelve uniforms has no tails. */
static double draw_normal(struct random *random)
{
    double u = random_unit(random);
    return sqrt(-2 * log1p(-u)) * cos(2 * M_PI * random_unit(random));
}

enum { RUNS = 2000 };

struct subject {
    const struct cusum_rule *cusum;
    const struct ewma_rule *ewma;
};

/* Mean run length of RUNS runs and its standard error against the table: 4.5 of them are allowed.
 */
static void check_simulated(struct random *random, const struct subject *subject, double shift,
                            double want, const char *name)
{
    double sum = 0, squares = 0;
    for (int run = 0; run < RUNS; run++) {
        struct cusum cusum = {0};
        struct ewma ewma = {0};
        double length = 0;
        enum change change = CHANGE_NONE;
        while (change == CHANGE_NONE) {
            double x = shift + draw_normal(random);
            change = subject->cusum ? cusum_update(&cusum, subject->cusum, x)
                                    : ewma_update(&ewma, subject->ewma, x);
            length++;
        }
        sum += length;
        squares += length * length;
    }
    double mean = sum / RUNS, error = sqrt((squares / RUNS - mean * mean) / RUNS);
    expect_near(mean, want, 0, 4.5 * error, "%s shift %g simulated", name, shift);
}

Test(classic, cusum_has_the_tables_run_length)
{
    struct random random = random_new(11);
    json_t *root = golden_load("classic.json");
    json_t *one = json_object_get(root, "one_sided_cusum_k0.5");
    json_t *two = json_object_get(root, "two_sided_tabular_cusum_k0.5");
    for (int h = 4; h <= 5; h++) {
        char name[8];
        snprintf(name, sizeof name, "h=%d", h);
        struct cusum_rule up = {0.5, h, true}, both = {0.5, h, false};
        for (int i = 0; i < SHIFTS; i++) {
            double shift = number_of(shifts[i]);
            check_simulated(&random, &(struct subject){.cusum = &both}, shift,
                            golden_number(json_object_get(two, name), shifts[i]), name);
            check_simulated(&random, &(struct subject){.cusum = &up}, shift,
                            golden_number(json_object_get(one, name), shifts[i]), name);
            check_simulated(&random, &(struct subject){.cusum = &both}, -shift,
                            golden_number(json_object_get(two, name), shifts[i]), name);
        }
    }
    json_decref(root);
}

Test(classic, ewma_has_the_tables_run_length)
{
    struct random random = random_new(12);
    json_t *root = golden_load("classic.json");
    const char *name;
    json_t *row;
    json_object_foreach(json_object_get(root, "ewma_two_sided"), name, row)
    {
        struct ewma_rule rule = {number_of(name + strlen("lambda=")),
                                 number_of(strstr(name, "L=") + 2)};
        for (int i = 0; i < SHIFTS; i++)
            check_simulated(&random, &(struct subject){.ewma = &rule}, number_of(shifts[i]),
                            golden_number(row, shifts[i]), name);
    }
    json_decref(root);
}

/* lambda = 1 is Shewhart's chart, whose run length is one over a normal tail. */
Test(classic, ewma_of_one_value_is_shewharts_chart)
{
    json_t *root = golden_load("classic.json");
    for (int i = 0; i < SHIFTS; i++) {
        double shift = number_of(shifts[i]);
        double tail = exp(normal_log_sf(3 - shift)) + exp(normal_log_sf(3 + shift));
        double want = golden_number(json_object_get(root, "shewhart_3sigma"), shifts[i]);
        expect_near(1 / tail, want, 0, 6e-5, "Shewhart %g", shift);
    }
    struct random random = random_new(13);
    struct ewma_rule rule = {1, 3};
    check_simulated(&random, &(struct subject){.ewma = &rule}, 1, 43.8947, "Shewhart");
    json_decref(root);
}

struct detector {
    const char *name;
    struct page_hinkley_rule page_hinkley;
    struct adwin_rule adwin; /* delta 0: Page-Hinkley */
};

static const struct detector detectors[] = {
    {.name = "river.PageHinkley(both,min30,delta.005,thr50,alpha.9999)",
     .page_hinkley = {0.005, 50, 0.9999, 30, false}},
    {.name = "river.PageHinkley(up,thr10)", .page_hinkley = {0.005, 10, 0.9999, 30, true}},
    {.name = "river.ADWIN(delta=.002,clock=32)", .adwin = {0.002, 32}},
    {.name = "river.ADWIN(delta=.002,clock=1)", .adwin = {0.002, 1}},
    {.name = "river.ADWIN(delta=.05,clock=32)", .adwin = {0.05, 32}},
};

static void check_alarms(const struct detector *detector, const json_t *stream, const json_t *want,
                         const char *name)
{
    struct page_hinkley page_hinkley = {0};
    struct adwin adwin = {0};
    size_t alarms = 0;
    for (size_t i = 0; i < json_array_size(stream); i++) {
        double x = golden_at(stream, i);
        enum change change = detector->adwin.delta > 0
                                 ? adwin_update(&adwin, &detector->adwin, x)
                                 : page_hinkley_update(&page_hinkley, &detector->page_hinkley, x);
        if (change == CHANGE_NONE)
            continue;
        cr_expect_eq(json_integer_value(json_array_get(want, alarms)), (json_int_t)i,
                     "%s on %s: alarm at %zu", detector->name, name, i);
        alarms++;
    }
    cr_expect_eq(alarms, json_array_size(want), "%s on %s: %zu alarms", detector->name, name,
                 alarms);
}

Test(classic, alarms_are_rivers)
{
    json_t *root = golden_load("classic.json"), *streams = golden_load("streams.json");
    const char *name;
    json_t *found;
    size_t checked = 0;
    json_object_foreach(json_object_get(root, "alarms"), name, found)
    {
        for (size_t k = 0; k < sizeof detectors / sizeof *detectors; k++) {
            json_t *want = json_object_get(found, detectors[k].name);
            cr_assert(json_is_array(want), "%s", detectors[k].name);
            check_alarms(&detectors[k], json_object_get(streams, name), want, name);
            checked++;
        }
    }
    cr_expect_eq(checked, 25);
    json_decref(root);
    json_decref(streams);
}

Test(classic, adwins_window_is_rivers)
{
    json_t *root = golden_load("classic.json"), *streams = golden_load("streams.json");
    const char *name;
    json_t *found;
    json_object_foreach(json_object_get(root, "alarms"), name, found)
    {
        const json_t *trace =
            json_object_get(found, "ADWIN trace every 250 [i,width,total,variance]");
        const json_t *stream = json_object_get(streams, name);
        struct adwin adwin = {0};
        size_t row = 0;
        for (size_t i = 0; i < json_array_size(stream); i++) {
            adwin_update(&adwin, &(struct adwin_rule){0.002, 32}, golden_at(stream, i));
            const json_t *want = json_array_get(trace, row);
            if ((json_int_t)i != json_integer_value(json_array_get(want, 0)))
                continue;
            cr_expect_eq(adwin.width, golden_at(want, 1));
            expect_near(adwin.total, golden_at(want, 2), 1e-13, 1e-11, "%s total", name);
            expect_near(adwin.deviation, golden_at(want, 3), 1e-13, 1e-11, "%s variance", name);
            row++;
        }
        cr_expect_eq(row, json_array_size(trace));
    }
    json_decref(root);
    json_decref(streams);
}

/* Other random numbers than the table's: two Poisson counts, at most 3.5 standard deviations (and
 * one alarm) apart. */
Test(classic, adwins_false_alarms_are_as_listed)
{
    struct random random = random_new(14);
    json_t *root = golden_load("classic.json");
    json_t *table = json_object_get(root, "adwin_false_alarms");
    cr_assert_eq(json_array_size(table), 16);
    for (size_t row = 0; row < 16; row++) {
        json_t *want = json_array_get(table, row);
        double mu = golden_number(want, "mu"), alarms = 0;
        struct adwin_rule rule = {golden_number(want, "delta"),
                                  (uint32_t)golden_number(want, "clock")};
        struct adwin adwin = {0};
        for (int i = 0; i < golden_number(want, "steps"); i++)
            alarms += adwin_update(&adwin, &rule, random_unit(&random) < mu) != CHANGE_NONE;
        double listed = golden_number(want, "false_alarms");
        expect_near(alarms, listed, 0, 1 + 3.5 * sqrt(alarms + listed), "delta %g mu %g clock %u",
                    rule.delta, mu, rule.clock);
    }
    json_decref(root);
}
