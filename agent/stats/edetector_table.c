/* Making the score table of an e-detector: a null that is as wide as what may be ignored plus what
 * the baseline does not know, and the best bet against it for each alternative.
 *
 * The root-sum of the two radii is exact in the Fisher-Rao metric and nearly so for KL; the
 * statement "the null is the ball of this radius around p" is exact. Knows nothing of time. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "stats/edetector.h"
#include "stats/klball.h"
#include "stats/special.h"

static const int64_t count_max = (int64_t)1 << 61;

static int check_input(const int64_t *b, uint32_t cells, const struct edetector_spec *spec,
                       struct err *reterr)
{
    if (cells < 1 || cells > ALTERNATIVES_CELLS_MAX)
        return err_set(reterr, ERR_INVALID, "an e-detector cannot have %u cells", cells);
    if (!(spec->delta > 0) || !isfinite(spec->delta) || !(spec->gamma > 0 && spec->gamma < 1))
        return err_set(reterr, ERR_INVALID, "delta %g or gamma %g is out of range", spec->delta,
                       spec->gamma);
    bool is_empty = true;
    for (uint32_t i = 0; i < cells; i++) {
        if (b[i] < 0 || b[i] > count_max)
            return err_set(reterr, ERR_INVALID, "baseline cell %u has %lld", i, (long long)b[i]);
        is_empty = is_empty && b[i] == 0;
    }
    return is_empty ? err_set(reterr, ERR_INVALID, "the baseline has no rows") : 0;
}

/* Counts without an empty cell: b itself, or 2 b + 1, which has the shares of b + 1/2. Returns the
 * rows of b. */
static double fill_shares(struct edetector_table *table, const int64_t *b, int64_t *ret_filled)
{
    bool has_empty = false;
    double rows = 0, total = 0;
    for (uint32_t i = 0; i < table->cells; i++) {
        has_empty = has_empty || b[i] == 0;
        rows += (double)b[i];
    }
    for (uint32_t i = 0; i < table->cells; i++) {
        ret_filled[i] = has_empty ? 2 * b[i] + 1 : b[i];
        total += (double)ret_filled[i];
    }
    for (uint32_t i = 0; i < table->cells; i++)
        table->shares[i] = (double)ret_filled[i] / total;
    return rows;
}

/* The projection of a gain or loss lies on the way to it, where the ball ends: the same law for
 * every distance, and a score has two values only. */
static void score_cell(struct edetector_table *table, uint32_t k, double *border)
{
    const struct alternative *what = &table->alternatives[k];
    double p = table->shares[what->which], at_r[2], at_q[2];
    bool is_first = k == 0 || table->alternatives[k - 1].kind != what->kind ||
                    table->alternatives[k - 1].which != what->which;
    if (is_first)
        *border = alternative_border(what->kind, p, table->radius);
    alternative_log_ratios(what->kind, p, what->t, &at_r[0], &at_r[1]);
    alternative_log_ratios(what->kind, p, *border, &at_q[0], &at_q[1]);
    double *scores = table->scores + (size_t)k * table->cells;
    for (uint32_t i = 0; i < table->cells; i++)
        scores[i] = at_r[i != what->which] - at_q[i != what->which];
}

static void fill_scores(struct edetector_table *table, const double *alternatives)
{
    uint32_t cells = table->cells;
    double border = 0;
    for (uint32_t k = 0; k < table->count; k++) {
        const double *r = alternatives + (size_t)k * cells;
        double q[ALTERNATIVES_CELLS_MAX];
        if (table->alternatives[k].kind != ALTERNATIVE_TILT) {
            score_cell(table, k, &border);
            continue;
        }
        klball_project(table->shares, r, cells, table->radius, q);
        for (uint32_t i = 0; i < cells; i++)
            table->scores[(size_t)k * cells + i] = log(r[i]) - log(q[i]);
    }
}

void edetector_table_index(struct edetector_table *table)
{
    size_t size = (size_t)table->count * table->cells;
    free(table->by_cell);
    table->by_cell = mem_new(size ? size : 1, sizeof *table->by_cell);
    for (uint32_t k = 0; k < table->count; k++)
        for (uint32_t i = 0; i < table->cells; i++)
            table->by_cell[(size_t)i * table->count + k] =
                table->scores[(size_t)k * table->cells + i];
}

int edetector_table_new(const int64_t *b, uint32_t cells, const struct edetector_spec *spec,
                        struct edetector_table **ret_table, struct err *reterr)
{
    int code = check_input(b, cells, spec, reterr);
    if (code)
        return code;
    struct edetector_table *table = mem_new(1, sizeof *table);
    table->cells = cells;
    int64_t filled[ALTERNATIVES_CELLS_MAX];
    double rows = fill_shares(table, b, filled) / (spec->phi >= 1 ? spec->phi : 1);
    table->baseline_radius = cells > 1 ? 0.5 * chi2_isf(spec->gamma, cells - 1) / rows : 0;
    double root = sqrt(spec->delta) + sqrt(table->baseline_radius);
    table->radius = root * root;
    double *shares = mem_new((size_t)ALTERNATIVES_MAX * cells, sizeof *shares);
    table->alternatives = mem_new(ALTERNATIVES_MAX, sizeof *table->alternatives);
    table->count = alternatives_make(filled, table->shares, cells, spec->set, table->radius,
                                     table->alternatives, shares);
    size_t count = table->count > 0 ? table->count : 1;
    table->alternatives = mem_resize(table->alternatives, count, sizeof *table->alternatives);
    table->scores = mem_new(count * cells, sizeof *table->scores);
    fill_scores(table, shares);
    edetector_table_index(table);
    free(shares);
    *ret_table = table;
    return 0;
}

void edetector_table_free(struct edetector_table *table)
{
    if (!table)
        return;
    free(table->alternatives);
    free(table->scores);
    free(table->by_cell);
    free(table);
}
