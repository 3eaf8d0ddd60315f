#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "stats/alternatives.h"
#include "stats/klball.h"

struct family {
    struct alternative list[ALTERNATIVES_MAX];
    double shares[ALTERNATIVES_MAX * ALTERNATIVES_CELLS_MAX];
    double p[ALTERNATIVES_CELLS_MAX];
    uint32_t count, cells;
};

static struct family *family_new(const int64_t *counts, uint32_t cells, enum alternative_set set,
                                 double radius)
{
    struct family *family = calloc(1, sizeof *family);
    double total = 0;
    for (uint32_t i = 0; i < cells; i++)
        total += (double)counts[i];
    for (uint32_t i = 0; i < cells; i++)
        family->p[i] = (double)counts[i] / total;
    family->cells = cells;
    family->count =
        alternatives_make(counts, family->p, cells, set, radius, family->list, family->shares);
    return family;
}

static void check_distances(const struct family *family, double radius)
{
    for (uint32_t k = 0; k < family->count; k++) {
        const double *r = family->shares + k * family->cells;
        double sum = 0;
        for (uint32_t i = 0; i < family->cells; i++)
            sum += r[i];
        cr_expect(fabs(sum - 1) < 1e-12);
        double distance = kl_divergence(family->p, r, family->cells);
        cr_expect(fabs(distance / (family->list[k].multiple * radius) - 1) < 1e-9, "%u: %g", k,
                  distance);
    }
}

Test(alternatives, all_lie_where_they_say)
{
    int64_t counts[34];
    for (int i = 0; i < 34; i++)
        counts[i] = 10 + 37 * (i % 7);
    /* Some cells are too small for their loss to reach the larger distances. */
    static const uint32_t least[] = {32, 32 + 34 * 4, 34 * 6}, most[] = {32, 32 + 34 * 4, 34 * 8};
    for (int set = ALTERNATIVES_TILTS; set <= ALTERNATIVES_NOMINAL; set++) {
        struct family *family = family_new(counts, 34, (enum alternative_set)set, 0.004);
        cr_expect(family->count >= least[set] && family->count <= most[set], "%u", family->count);
        check_distances(family, 0.004);
        free(family);
    }
}

static double mean_rank(const double *shares, uint32_t cells)
{
    double sum = 0;
    for (uint32_t i = 0; i < cells; i++)
        sum += shares[i] * i;
    return sum;
}

Test(alternatives, go_where_their_names_say)
{
    int64_t counts[8] = {5, 10, 20, 30, 30, 20, 10, 5};
    struct family *family = family_new(counts, 8, ALTERNATIVES_TILTS_AND_GAINS, 0.005);
    char name[ALTERNATIVE_NAME_BYTES];
    const double *up = family->shares, *down = family->shares + 4 * 8;
    cr_expect_str_eq(alternative_name(&family->list[0], name), "location up");
    cr_expect_str_eq(alternative_name(&family->list[4], name), "location down");
    cr_expect(mean_rank(up, 8) > 3.6 && mean_rank(down, 8) < 3.4);
    const double *wide = family->shares + 8 * 8;
    cr_expect_str_eq(alternative_name(&family->list[8], name), "scale up");
    cr_expect(wide[0] > family->p[0] && wide[7] > family->p[7] && wide[3] < family->p[3]);
    cr_expect_str_eq(alternative_name(&family->list[16], name), "skew up");
    cr_expect_str_eq(alternative_name(&family->list[28], name), "tails down");
    for (uint32_t k = 32; k < family->count; k++) {
        uint32_t cell = family->list[k].which;
        cr_expect_gt(family->shares[k * 8 + cell], family->p[cell]);
    }
    cr_expect_str_eq(alternative_name(&family->list[32 + 4 * 7], name), "cell 7 gains");
    free(family);
    family = family_new(counts, 8, ALTERNATIVES_NOMINAL, 0.005);
    const struct alternative *loss = &family->list[family->count - 1];
    cr_expect_eq(loss->kind, ALTERNATIVE_LOSS);
    cr_expect_str_eq(alternative_name(loss, name), "cell 7 loses");
    cr_expect_lt(family->shares[family->count * 8 - 1], family->p[7]);
    free(family);
}

Test(alternatives, what_cannot_be_so_far_away_is_left_out)
{
    int64_t counts[4] = {1000000, 1, 1, 1};
    struct family *family = family_new(counts, 4, ALTERNATIVES_NOMINAL, 0.01);
    for (uint32_t k = 0; k < family->count; k++)
        cr_expect(family->list[k].kind == ALTERNATIVE_GAIN && family->list[k].which > 0);
    check_distances(family, 0.01);
    free(family);
    family = family_new(counts, 4, ALTERNATIVES_TILTS_AND_GAINS, 1e6);
    cr_expect_eq(family->count, 0);
    free(family);
    family = family_new(counts, 1, ALTERNATIVES_NOMINAL, 0.01);
    cr_expect_eq(family->count, 0, "one cell cannot move");
    cr_expect_eq(alternatives_make(counts, family->p, 35, ALTERNATIVES_NOMINAL, 0.01, family->list,
                                   family->shares),
                 0);
    free(family);
}
