/* From a baseline field to the cells and the score table of its e-detector.
 *
 * Bounds, gates and what counts as an occasion are those of the window tests (tests.c), so that the
 * two ways of judging mean the same. Tables are built when they are first needed. */
#include "judge/tables.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/divergence.h"
#include "stats/special.h"

enum { ROWS_MIN = 200, ROWS_FOR_ALL_GROUPS = 2000, LEVEL_ROWS_MIN = 5 };

static bool is_monitored(const struct baseline_field *field, bool ignored)
{
    return (field->role == ROLE_FEATURE || field->role == ROLE_PREDICTION) && !ignored;
}

struct judge_tables *judge_tables_new(const struct judge_policy *policy,
                                      const struct baseline *baseline, const bool *ignored,
                                      int64_t pane_ms)
{
    struct judge_tables *tables = mem_new(1, sizeof *tables);
    *tables = (struct judge_tables){.policy = policy,
                                    .baseline = baseline,
                                    .pane_ms = pane_ms,
                                    .field_count = baseline->field_count};
    tables->fields = mem_new(baseline->field_count, sizeof *tables->fields);
    for (uint32_t i = 0; i < baseline->field_count; i++) {
        const struct baseline_field *field = &baseline->fields[i];
        tables->fields[i].is_watched =
            is_monitored(field, ignored && ignored[i]) && field->valid >= ROWS_MIN;
        tables->watched += tables->fields[i].is_watched;
    }
    return tables;
}

void judge_tables_free(struct judge_tables *tables)
{
    for (uint32_t i = 0; tables && i < tables->field_count; i++) {
        edetector_table_free(tables->fields[i].table);
        free(tables->fields[i].cell_of);
    }
    if (tables)
        free(tables->fields);
    free(tables);
}

bool judge_tables_build(struct judge_tables *tables, uint32_t most)
{
    for (uint32_t i = 0; i < tables->field_count; i++) {
        if (tables->fields[i].is_built)
            continue;
        if (!most--)
            return false;
        tables_field(tables, i);
    }
    return true;
}

/* ---- cells ---- */

/* The tails get cells of their own; the groups between them have one of the other cells each. */
static void map_number(const struct baseline_field *field, struct field_table *ret)
{
    uint32_t group[CELLS_MAX], last = field->cell_count - 1;
    uint32_t wanted = field->valid < ROWS_FOR_ALL_GROUPS ? TABLE_GROUPS / 2 : TABLE_GROUPS;
    uint32_t groups = cells_group(field->counts, field->cell_count, wanted, group);
    for (uint32_t i = 0; i <= last; i++)
        ret->cell_of[i] = (uint8_t)(group[i] + 1);
    ret->cell_of[0] = 0;
    ret->cell_of[last] = (uint8_t)(groups + 1);
    ret->shape_cells = groups;
    ret->values = groups + 2;
    ret->unseen = TABLE_CELLS_MAX;
}

/* Levels, the rest, unseen. What the baseline calls "other" without knowing all of it is seen again
 * as "other" whatever it is, so then there is nothing unseen. */
static void map_category(const struct baseline_field *field, struct field_table *ret)
{
    uint32_t kept = 0, other = field->cell_count - 2;
    for (uint32_t i = 0; i <= other; i++) {
        bool has_own = i < other && kept < TABLE_GROUPS && field->counts[i] >= LEVEL_ROWS_MIN;
        ret->cell_of[i] = UINT8_MAX;
        if (!has_own)
            continue;
        ret->level[kept] = (int32_t)i;
        ret->cell_of[i] = (uint8_t)kept++;
    }
    for (uint32_t i = 0; i <= other; i++)
        if (ret->cell_of[i] == UINT8_MAX)
            ret->cell_of[i] = (uint8_t)kept;
    ret->level[kept] = -1;
    ret->shape_cells = kept + 1;
    ret->unseen = field->others_complete ? kept + 1 : TABLE_CELLS_MAX;
    ret->cell_of[other + 1] = (uint8_t)(field->others_complete ? kept + 1 : kept);
    ret->values = kept + 1 + field->others_complete;
}

static void fill_base(const struct baseline_field *field, struct field_table *ret)
{
    ret->cells = ret->values + 2;
    for (uint32_t i = 0; i < field->cell_count; i++)
        ret->base[ret->cell_of[i]] += field->counts[i];
    ret->base[ret->values] = field->missing;
    ret->base[ret->values + 1] = field->invalid;
}

/* Where a table's cell belongs in the shape: the tails of numbers with their neighbours, what is
 * unseen with the rest if the baseline has a rest (compare.c says why), else nowhere. */
static uint8_t shape_cell_of(const struct field_table *table, uint32_t cell)
{
    uint32_t last = table->shape_cells - 1;
    if (cell >= table->values)
        return UINT8_MAX;
    if (table->is_number)
        return (uint8_t)(cell == 0 ? 0 : cell - 1 < last ? cell - 1 : last);
    if (cell == table->unseen)
        return table->base[last] > 0 ? (uint8_t)last : UINT8_MAX;
    return (uint8_t)cell;
}

/* ---- rates ---- */

struct counted {
    enum reason reason;
    uint32_t cell, among;
    double k, n;                /* in the baseline */
    double upper, lower, delta; /* bounds of the null (0: none); change that is worth an alarm */
};

static void add_rate(struct field_table *table, const struct counted *counted,
                     struct edetector_rate *rates)
{
    double rate = counted->k / counted->n;
    for (int sign = 1; sign >= -1; sign -= 2) {
        double bound = sign > 0 ? counted->upper : counted->lower;
        double nearest = rate + sign * counted->delta;
        if (!(bound > 0 && bound < 1 && nearest > 0 && nearest < 1))
            continue;
        table->rates[table->rate_count] = (struct watched_rate){
            counted->reason, rate, counted->delta, counted->cell, counted->among};
        rates[table->rate_count++] = (struct edetector_rate){.cell = counted->cell,
                                                             .among = counted->among,
                                                             .bound = bound,
                                                             .sign = sign,
                                                             .nearest = nearest};
    }
}

/* Rows that come in clusters say less about the rate. */
static double upper_bound(const struct judge_policy *policy, double k, double n, double phi)
{
    return clopper_pearson_upper(k / phi, n / phi, policy->gamma);
}

static double unseen_bound(const struct judge_policy *policy, const struct baseline_field *field,
                           double phi)
{
    double f1 = (double)field->singletons, f2 = (double)field->doubletons, m = (double)field->valid;
    double good_turing = (f1 + 3.1 * sqrt(phi * (f1 + 2 * f2))) / m;
    return fmax(upper_bound(policy, f1, m, phi), good_turing);
}

static uint32_t first_cells(uint32_t count)
{
    return count < 32 ? (1u << count) - 1 : UINT32_MAX;
}

/* Missing and invalid among all records. */
static void add_record_rates(const struct judge_policy *policy, const struct baseline_field *field,
                             double phi, struct field_table *table, struct edetector_rate *rates)
{
    uint32_t all = first_cells(table->cells);
    double k = (double)field->missing, bad = (double)field->invalid;
    double rows = (double)field->valid + k + bad;
    const struct counted missing = {.reason = REASON_MISSING,
                                    .cell = table->values,
                                    .among = all,
                                    .k = k,
                                    .n = rows,
                                    .upper = upper_bound(policy, k, rows, phi),
                                    .lower =
                                        clopper_pearson_lower(k / phi, rows / phi, policy->gamma),
                                    .delta = policy->rate_delta};
    const struct counted invalid = {.reason = REASON_INVALID,
                                    .cell = table->values + 1,
                                    .among = all,
                                    .k = bad,
                                    .n = rows,
                                    .upper = upper_bound(policy, bad, rows, phi),
                                    .delta = policy->tail_delta};
    add_rate(table, &missing, rates);
    add_rate(table, &invalid, rates);
}

/* Tails, or unseen levels, among values. The extreme itself is one exceedance of the others. */
static void add_value_rates(const struct judge_policy *policy, const struct baseline_field *field,
                            double phi, struct field_table *table, struct edetector_rate *rates)
{
    struct counted rate = {.reason = REASON_BELOW,
                           .cell = 0,
                           .among = first_cells(table->values),
                           .k = 1,
                           .n = (double)field->valid,
                           .upper = upper_bound(policy, 1, (double)field->valid, phi),
                           .delta = policy->tail_delta};
    if (table->is_number) {
        add_rate(table, &rate, rates);
        rate.reason = REASON_ABOVE;
        rate.cell = table->values - 1;
        add_rate(table, &rate, rates);
    } else if (table->unseen < table->cells) {
        rate.reason = REASON_UNSEEN;
        rate.cell = table->unseen;
        rate.k = (double)field->singletons;
        rate.upper = unseen_bound(policy, field, phi);
        add_rate(table, &rate, rates);
    }
}

/* ---- tables ---- */

static double largest_effect(const struct design_effect *effect)
{
    double largest = fmax(fmax(1, effect->rest), effect->missing);
    for (int j = 0; j < COMPONENTS; j++)
        largest = fmax(largest, effect->components[j]);
    return largest;
}

/* A baseline that no bets can be made of is not watched. */
static void build_bets(const struct judge_policy *policy, const struct baseline_field *field,
                       double phi, struct field_table *ret)
{
    struct edetector_spec spec = {.set = ret->is_number ? ALTERNATIVES_TILTS_AND_GAINS
                                                        : ALTERNATIVES_NOMINAL,
                                  .delta = policy->delta_0 / 2, /* KL is half of PSI */
                                  .gamma = policy->gamma,
                                  .phi = phi};
    struct edetector_rate rates[TABLE_RATES_MAX];
    int64_t base[TABLE_CELLS_MAX] = {0};
    uint8_t shape_cell[TABLE_CELLS_MAX];
    struct err ignored;
    for (uint32_t i = 0; i < ret->cells; i++) {
        shape_cell[i] = shape_cell_of(ret, i);
        if (shape_cell[i] != UINT8_MAX)
            base[shape_cell[i]] += ret->base[i];
    }
    add_record_rates(policy, field, phi, ret, rates);
    add_value_rates(policy, field, phi, ret, rates);
    if (edetector_table_new(base, ret->shape_cells, &spec, &ret->table, &ignored) != 0)
        return;
    ret->shape_bets = ret->table->count;
    if (edetector_table_extend(ret->table, ret->cells, shape_cell, rates, ret->rate_count,
                               &ignored) != 0) {
        edetector_table_free(ret->table);
        ret->table = NULL;
    }
}

static void field_build(const struct judge_tables *tables, const struct baseline_field *field,
                        struct field_table *ret)
{
    ret->is_built = true;
    if (!ret->is_watched)
        return;
    struct design_effect pane = baseline_effect(field, tables->pane_ms);
    double phi_rows = 1; /* of the baseline as one long window */
    for (uint32_t i = 0; i < field->effect_count; i++)
        phi_rows = fmax(phi_rows, largest_effect(&field->effects[i]));
    ret->phi = largest_effect(&pane);
    ret->is_number = field->type == FIELD_NUMBER || field->type == FIELD_INTEGER;
    ret->cell_of = mem_new(field->cell_count, sizeof *ret->cell_of);
    if (ret->is_number)
        map_number(field, ret);
    else
        map_category(field, ret);
    fill_base(field, ret);
    build_bets(tables->policy, field, phi_rows, ret);
}

const struct field_table *tables_field(struct judge_tables *tables, uint32_t field)
{
    struct field_table *table = &tables->fields[field];
    if (!table->is_built)
        field_build(tables, &tables->baseline->fields[field], table);
    return table;
}

int64_t field_table_counts(const struct field_table *table, const struct counts *counts,
                           uint32_t field, int64_t *ret_cells)
{
    const int64_t *live = counts_field_cells(counts, field);
    uint32_t cell_count = counts->layout->fields[field].cell_count;
    memset(ret_cells, 0, table->cells * sizeof *ret_cells);
    for (uint32_t i = 0; i < cell_count; i++)
        ret_cells[table->cell_of[i]] += live[i];
    ret_cells[table->values] = counts_field_counter(counts, field, COUNT_MISSING) +
                               counts_field_counter(counts, field, COUNT_NULL) +
                               counts_field_counter(counts, field, COUNT_NAN);
    ret_cells[table->values + 1] = counts_field_counter(counts, field, COUNT_WRONG_TYPE) +
                                   counts_field_counter(counts, field, COUNT_INFINITE);
    return counts_total(ret_cells, table->cells);
}

/* ---- what an alarm is about ---- */

void field_table_compare(const struct field_table *table, const int64_t *live,
                         struct comparison *ret)
{
    int64_t base_cells[TABLE_CELLS_MAX] = {0}, live_cells[TABLE_CELLS_MAX] = {0};
    struct cell_counts counts = {.base = base_cells,
                                 .live = live_cells,
                                 .count = table->shape_cells,
                                 .levels = table->is_number ? NULL : table->level,
                                 .missing = live[table->values],
                                 .invalid = live[table->values + 1]};
    for (uint32_t i = 0; i < table->values; i++) {
        uint8_t cell = shape_cell_of(table, i);
        if (cell == UINT8_MAX)
            continue;
        base_cells[cell] += table->base[i];
        live_cells[cell] += live[i];
    }
    if (table->is_number) {
        counts.below = live[0];
        counts.above = live[table->values - 1];
    } else if (table->unseen < table->cells) {
        counts.unseen = live[table->unseen];
        if (shape_cell_of(table, table->unseen) != UINT8_MAX)
            counts.unseen_in_last = counts.unseen;
    }
    /* An empty last cell is the rest of a category that has none. */
    if (!base_cells[counts.count - 1] && !live_cells[counts.count - 1])
        counts.count--;
    compare_cell_counts(&counts, ret);
}

static bool is_moved(const struct watched_rate *rate, int sign, const int64_t *counts)
{
    double among = 0;
    for (uint32_t i = 0; i < TABLE_CELLS_MAX; i++)
        among += rate->among >> i & 1 ? (double)counts[i] : 0;
    return among > 0 && sign * ((double)counts[rate->cell] / among - rate->rate) >= rate->delta;
}

bool field_table_reason(const struct field_table *table, uint32_t alternative,
                        const int64_t *counts, enum reason *ret_reason)
{
    const struct alternative *what = &table->table->alternatives[alternative];
    if (what->kind == ALTERNATIVE_RATE) {
        const struct watched_rate *rate =
            &table->rates[(alternative - table->shape_bets) / EDETECTOR_RATE_BETS];
        *ret_reason = rate->reason;
        return is_moved(rate, what->sign, counts);
    }
    *ret_reason = what->kind != ALTERNATIVE_TILT ? REASON_CELLS
                  : what->which == 0             ? REASON_LOCATION
                                                 : REASON_SHAPE;
    return true;
}
