#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "stats/edetector.h"
#include "stats/klball.h"
#include "support/random.h"

static struct edetector_table *table_of(const int64_t *b, uint32_t cells, enum alternative_set set,
                                        double delta)
{
    struct edetector_table *table = NULL;
    struct edetector_spec spec = {.set = set, .delta = delta, .gamma = 1e-3};
    struct err err;
    cr_assert_eq(edetector_table_new(b, cells, &spec, &table, &err), 0, "%s", err.text);
    return table;
}

static double bet(const double *scores, const double *q, uint32_t cells)
{
    double sum = 0;
    for (uint32_t i = 0; i < cells; i++)
        sum += q[i] * exp(scores[i]);
    return sum;
}

/* At the projection of its own alternative a bet is fair, and the score is ln(r / q). */
static void check_fair(const struct edetector_table *table, const int64_t *b,
                       enum alternative_set set)
{
    static struct alternative list[ALTERNATIVES_MAX];
    static double shares[ALTERNATIVES_MAX * ALTERNATIVES_CELLS_MAX];
    uint32_t count =
        alternatives_make(b, table->shares, table->cells, set, table->radius, list, shares);
    cr_assert_eq(count, table->count);
    for (uint32_t k = 0; k < count; k++) {
        double q[ALTERNATIVES_CELLS_MAX];
        const double *r = shares + k * table->cells;
        klball_project(table->shares, r, table->cells, table->radius, q);
        double fair = bet(table->scores + k * table->cells, q, table->cells);
        cr_expect(fabs(fair - 1) < 1e-12, "alternative %u: %.17g", k, fair);
    }
}

/* A law of the null, half of them near some alternative, a third of them on the border. */
static void draw_law(struct random *random, const struct edetector_table *table, double *ret_q)
{
    double raw[ALTERNATIVES_CELLS_MAX], sum = 0;
    const double *scores =
        table->scores + (size_t)random_below(random, table->count) * table->cells;
    double lean = random_below(random, 2) ? 3 * random_unit(random) : 0;
    double noise = 2 * random_unit(random);
    for (uint32_t i = 0; i < table->cells; i++)
        sum += raw[i] = table->shares[i] * exp(lean * scores[i] + noise * random_normal(random));
    for (uint32_t i = 0; i < table->cells; i++)
        raw[i] /= sum;
    double part = random_below(random, 3) ? random_unit(random) : 1;
    klball_project(table->shares, raw, table->cells, part * table->radius, ret_q);
}

static void check_null(struct random *random, const struct edetector_table *table, int laws)
{
    double most = 0;
    for (int round = 0; round < laws; round++) {
        double q[ALTERNATIVES_CELLS_MAX];
        draw_law(random, table, q);
        cr_assert_leq(kl_divergence(table->shares, q, table->cells), table->radius * (1 + 1e-9));
        for (uint32_t k = 0; k < table->count; k++)
            most = fmax(most, bet(table->scores + k * table->cells, q, table->cells));
    }
    cr_expect(most <= 1 + 1e-9 && most > 0.9, "largest expected bet %.17g", most);
}

Test(edetector_table, no_law_of_the_null_gains_by_any_bet)
{
    struct random random = random_new(31);
    int64_t b[12] = {800, 20, 300, 5, 1000, 1000, 3000, 50, 700, 2, 400, 900};
    for (int set = ALTERNATIVES_TILTS; set <= ALTERNATIVES_NOMINAL; set++) {
        struct edetector_table *table = table_of(b, 12, (enum alternative_set)set, 0.0025);
        check_fair(table, b, (enum alternative_set)set);
        check_null(&random, table, 6700);
        edetector_table_free(table);
    }
}

Test(edetector_table, empty_cells_get_half_a_count)
{
    struct random random = random_new(32);
    int64_t b[18] = {0}, doubled[18] = {1};
    for (int i = 1; i < 17; i++)
        b[i] = 1250;
    for (int i = 0; i < 18; i++)
        doubled[i] = 2 * b[i] + 1;
    struct edetector_table *table = table_of(b, 18, ALTERNATIVES_TILTS_AND_GAINS, 0.0025);
    cr_expect(fabs(table->shares[0] - 0.5 / 20009) < 1e-18);
    check_fair(table, doubled, ALTERNATIVES_TILTS_AND_GAINS);
    check_null(&random, table, 500);
    double raw[18];
    for (int i = 0; i < 18; i++)
        raw[i] = (double)b[i] / 20000;
    for (uint32_t k = 0; k < table->count; k++)
        cr_expect_leq(bet(table->scores + k * 18, raw, 18), 1, "the baseline's own shares");
    edetector_table_free(table);
}

/* statistics.md 3.4: delta 0.0025, 16 cells. */
Test(edetector_table, radius_is_the_documents)
{
    static const double rows[] = {20000, 2000, 500}, radii[] = {0.0065, 0.022, 0.060};
    for (int j = 0; j < 3; j++) {
        int64_t b[16];
        for (int i = 0; i < 16; i++)
            b[i] = (int64_t)(rows[j] / 16);
        struct edetector_table *table = table_of(b, 16, ALTERNATIVES_TILTS, 0.0025);
        cr_expect(fabs(table->radius / radii[j] - 1) < 0.03, "%g", table->radius);
        edetector_table_free(table);
    }
}

Test(edetector_table, extremes_give_finite_tables)
{
    for (int set = ALTERNATIVES_TILTS; set <= ALTERNATIVES_NOMINAL; set++) {
        for (uint32_t cells = 1; cells <= 34; cells += 3) {
            for (int power = 1; power <= 61; power += 12) {
                int64_t first = (int64_t)1 << power;
                int64_t counts[34] = {first, 0, 3, first};
                struct edetector_table *table =
                    table_of(counts, cells, (enum alternative_set)set, 1e-6);
                cr_expect(isfinite(table->radius) && table->radius > 0);
                for (uint32_t i = 0; i < table->count * cells; i++)
                    cr_expect(isfinite(table->scores[i]));
                cr_expect(cells > 1 || table->count == 0);
                edetector_table_free(table);
            }
        }
    }
}

static void check_refused(const int64_t *b, uint32_t cells, double delta, double gamma)
{
    struct edetector_spec spec = {.set = ALTERNATIVES_TILTS, .delta = delta, .gamma = gamma};
    struct edetector_table *table = NULL;
    struct err err;
    cr_expect_eq(edetector_table_new(b, cells, &spec, &table, &err), ERR_INVALID);
    cr_expect(table == NULL && err.text[0]);
}

Test(edetector_table, nonsense_is_refused)
{
    int64_t b[35] = {1, 2, 3}, none[3] = {0}, negative[3] = {5, -1, 5}, huge[2] = {INT64_MAX, 1};
    check_refused(b, 0, 0.01, 1e-3);
    check_refused(b, 35, 0.01, 1e-3);
    check_refused(none, 3, 0.01, 1e-3);
    check_refused(negative, 3, 0.01, 1e-3);
    check_refused(huge, 2, 0.01, 1e-3);
    check_refused(b, 3, 0, 1e-3);
    check_refused(b, 3, (double)NAN, 1e-3);
    check_refused(b, 3, (double)INFINITY, 1e-3);
    check_refused(b, 3, 0.01, 0);
    check_refused(b, 3, 0.01, 1);
    edetector_table_free(NULL);
}

/* A rate's bets gain nothing from any rate up to the bound, and the shape's nothing from cells that
 * are none of theirs. */
Test(edetector_table, rates_are_fair_up_to_their_bounds)
{
    int64_t b[16];
    for (int i = 0; i < 16; i++)
        b[i] = 1250;
    struct edetector_table *table = table_of(b, 16, ALTERNATIVES_TILTS_AND_GAINS, 0.0025);
    uint32_t shape_bets = table->count;
    uint8_t shape_cell[18];
    for (uint8_t i = 0; i < 18; i++)
        shape_cell[i] = i < 16 ? i : i == 16 ? 15 : UINT8_MAX;
    const struct edetector_rate rates[] = {
        {.cell = 17, .among = 0x3ffff, .bound = .002, .sign = 1, .nearest = .01},
        {.cell = 16, .among = 0x1ffff, .bound = .05, .sign = -1, .nearest = .01},
        {.cell = 17, .among = 0x3ffff, .bound = .3, .sign = 1, .nearest = .1}};
    cr_assert_eq(edetector_table_extend(table, 18, shape_cell, rates, 3, NULL), 0);
    cr_expect_eq(table->count, shape_bets + 3 * EDETECTOR_RATE_BETS);
    for (uint32_t k = 0; k < table->count; k++) {
        const double *s = table->scores + k * 18;
        cr_expect_eq(table->by_cell[17 * table->count + k], s[17]);
        if (k < shape_bets) {
            cr_expect_eq(s[17], 0);
            cr_expect_eq(s[16], s[15]);
            continue;
        }
        const struct edetector_rate *rate = &rates[(k - shape_bets) / EDETECTOR_RATE_BETS];
        for (double share = .1; share <= 1; share += .1) {
            double q = rate->sign > 0 ? share * rate->bound : 1 - share * (1 - rate->bound);
            double expected = q * exp(s[rate->cell]) + (1 - q) * exp(s[0]);
            cr_expect_leq(expected, 1 + 1e-12);
            cr_expect(share < .99 || fabs(expected - 1) < 1e-12, "fair at the bound");
        }
        cr_expect(rate->sign > 0 ? s[rate->cell] > 0 : s[rate->cell] < 0);
        cr_expect_eq(s[17] == 0, rate->cell == 16, "missing is no occasion of a tail");
    }
    char name[ALTERNATIVE_NAME_BYTES];
    cr_expect_str_eq(alternative_name(&table->alternatives[shape_bets], name),
                     "cell 17 more often");
    edetector_table_free(table);
}

Test(edetector_table, bad_rates_are_refused)
{
    int64_t b[2] = {500, 500};
    struct edetector_table *table = table_of(b, 2, ALTERNATIVES_NOMINAL, 0.0025);
    const uint8_t good[3] = {0, 1, UINT8_MAX}, bad[3] = {0, 2, UINT8_MAX};
    const struct edetector_rate rate = {
        .cell = 2, .among = 7, .bound = .1, .sign = 1, .nearest = .2};
    struct edetector_rate wrong[6] = {rate, rate, rate, rate, rate, rate};
    wrong[0].cell = 3;
    wrong[1].among = 3;
    wrong[2].bound = 1;
    wrong[3].sign = 0;
    wrong[4].nearest = 0;
    wrong[5].bound = (double)NAN;
    uint32_t count = table->count;
    for (int i = 0; i < 6; i++)
        cr_expect_eq(edetector_table_extend(table, 3, good, &wrong[i], 1, NULL), ERR_INVALID);
    cr_expect_eq(edetector_table_extend(table, 3, bad, &rate, 1, NULL), ERR_INVALID);
    cr_expect_eq(edetector_table_extend(table, 33, good, &rate, 1, NULL), ERR_INVALID);
    cr_expect_eq(edetector_table_extend(table, 3, good, &rate, 100, NULL), ERR_INVALID);
    cr_expect(table->count == count && table->cells == 2);
    edetector_table_free(table);
}

/* Rows that come in groups of phi say as much as a phi-th of them. */
Test(edetector_table, clustered_baseline_has_a_wider_null)
{
    int64_t few[4] = {100, 100, 100, 100}, many[4] = {500, 500, 500, 500};
    struct edetector_spec spec = {.set = ALTERNATIVES_TILTS, .delta = .0025, .gamma = 1e-3};
    struct edetector_table *one, *other;
    cr_assert_eq(edetector_table_new(few, 4, &spec, &one, NULL), 0);
    spec.phi = 5;
    cr_assert_eq(edetector_table_new(many, 4, &spec, &other, NULL), 0);
    cr_expect(fabs(one->radius / other->radius - 1) < 1e-12);
    edetector_table_free(one);
    edetector_table_free(other);
}
