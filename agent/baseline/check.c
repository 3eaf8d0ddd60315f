/* The invariants of a baseline, one by one.
 *
 * Everyone who computes with a baseline relies on these, so a document that breaks one is refused
 * here once, and the builder's own tests run the same checks. Counts are bounded first, so that no
 * sum of them can overflow. */
#include "baseline/check.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

static int refuse(struct err *reterr, uint32_t field, const char *key, const char *problem)
{
    err_set(reterr, ERR_INVALID, "baseline document: %s", problem);
    err_place(reterr, "fields[%u].%s", field, key);
    return ERR_INVALID;
}

static bool count_is_good(int64_t count, int64_t rows)
{
    return count >= 0 && count <= rows;
}

static int check_totals(const struct baseline *baseline, uint32_t index, struct err *reterr)
{
    const struct baseline_field *field = &baseline->fields[index];
    int64_t rows = baseline->rows, total = 0;
    if (!count_is_good(field->valid, rows) || !count_is_good(field->missing, rows) ||
        !count_is_good(field->invalid, rows) ||
        field->valid + field->missing + field->invalid != rows)
        return refuse(reterr, index, "valid", "valid, missing and invalid do not add up to rows");
    for (uint32_t i = 0; i < field->cell_count; i++) {
        if (!count_is_good(field->counts[i], rows))
            return refuse(reterr, index, "counts", "a count is negative or larger than rows");
        total += field->counts[i];
    }
    if (total != field->valid)
        return refuse(reterr, index, "counts", "the counts do not add up to valid");
    return 0;
}

static int check_edges(const struct baseline_field *field, uint32_t index, struct err *reterr)
{
    uint32_t last = field->cell_count - 2;
    for (uint32_t i = 0; i <= last; i++) {
        if (!isfinite(field->edges[i]) || (i > 0 && !(field->edges[i - 1] < field->edges[i])))
            return refuse(reterr, index, "edges", "the edges do not ascend");
    }
    if (!isfinite(field->minimum) || !isfinite(field->maximum))
        return refuse(reterr, index, "minimum", "minimum and maximum are not finite");
    if (islessgreater(field->edges[0], field->minimum) ||
        islessgreater(field->edges[last], nextafter(field->maximum, (double)INFINITY)))
        return refuse(reterr, index, "edges", "the outer edges are not minimum and maximum");
    if (field->counts[0] || field->counts[last + 1])
        return refuse(reterr, index, "counts", "the baseline cannot have values in its own tails");
    return 0;
}

static bool unit_is_good(double unit)
{
    if (!isfinite(unit))
        return false;
    int exponent = 0;
    double mantissa = frexp(unit, &exponent);
    return !islessgreater(mantissa, 0.5) && exponent >= -1000 && exponent <= 1000;
}

static int check_moments(const struct baseline_field *field, uint32_t index, struct err *reterr)
{
    if (!(field->mean >= field->minimum && field->mean <= field->maximum))
        return refuse(reterr, index, "mean", "the mean is not between minimum and maximum");
    if (!isfinite(field->sd) || field->sd < 0)
        return refuse(reterr, index, "sd", "the standard deviation is negative or not finite");
    if (!isfinite(field->mean_reference))
        return refuse(reterr, index, "mean_reference", "not finite");
    if (!(field->rank_error >= 0 && field->rank_error <= 1))
        return refuse(reterr, index, "rank_error", "not between 0 and 1");
    if (!unit_is_good(field->unit))
        return refuse(reterr, index, "unit", "not a power of two");
    if (field->sum > (INT64_C(1) << 62) || field->sum < -(INT64_C(1) << 62))
        return refuse(reterr, index, "sum", "out of range");
    return 0;
}

/* Each value adds at least 0 and at most the cell's width, rounded. */
static int check_sums(const struct baseline_field *field, uint32_t index, struct err *reterr)
{
    for (uint32_t i = 0; i < field->cell_count; i++) {
        double largest = (double)FIXED_LIMIT;
        if (i > 0 && i + 1 < field->cell_count)
            largest = fmin(largest, (field->edges[i] - field->edges[i - 1]) / field->unit + 1);
        if (field->sums[i] < 0 ||
            (double)field->sums[i] > (double)field->counts[i] * largest * (1 + 1e-9))
            return refuse(reterr, index, "sums", "a sum does not fit its cell");
    }
    return 0;
}

static int check_level_order(const struct baseline_field *field, uint32_t index, struct err *reterr)
{
    for (uint32_t i = 1; i < field->level_count; i++) {
        int64_t before = field->counts[i - 1], count = field->counts[i];
        if (before < count ||
            (before == count && strcmp(field->levels[i - 1], field->levels[i]) >= 0))
            return refuse(reterr, index, "levels", "the levels are not sorted by count and text");
    }
    return 0;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int check_level_texts(const struct baseline_field *field, uint32_t index, struct err *reterr)
{
    const char *sorted[BASELINE_LEVELS_MAX + 1] = {0};
    char scratch[32];
    for (uint32_t i = 0; i < field->level_count; i++) {
        struct bytes level = bytes_of(field->levels[i]);
        if (!bytes_equal(category_canonical(level, scratch, sizeof(scratch)), level))
            return refuse(reterr, index, "levels", "a level is not in canonical form");
        sorted[i] = field->levels[i];
    }
    qsort(sorted, field->level_count, sizeof(*sorted), compare_texts);
    for (uint32_t i = 1; i < field->level_count; i++) {
        if (strcmp(sorted[i - 1], sorted[i]) == 0)
            return refuse(reterr, index, "levels", "a level stands twice");
    }
    return 0;
}

static int check_others(const struct baseline_field *field, uint32_t index, struct err *reterr)
{
    if (!field->others_complete && field->other_count)
        return refuse(reterr, index, "others", "an incomplete list is not empty");
    for (uint32_t i = 1; i < field->other_count; i++) {
        if (field->others[i - 1] >= field->others[i])
            return refuse(reterr, index, "others", "not ascending");
    }
    return 0;
}

static int check_category(const struct baseline_field *field, uint32_t index, struct err *reterr)
{
    int64_t valid = field->valid;
    if (field->type == FIELD_BOOLEAN) {
        if (field->level_count != 2 || strcmp(field->levels[0], "false") != 0 ||
            strcmp(field->levels[1], "true") != 0)
            return refuse(reterr, index, "levels", "a boolean has the levels false and true");
    } else if (check_level_order(field, index, reterr) || check_level_texts(field, index, reterr)) {
        return ERR_INVALID;
    }
    if (field->counts[field->cell_count - 1])
        return refuse(reterr, index, "counts", "the baseline cannot have unseen values");
    if (!count_is_good(field->singletons, valid) || !count_is_good(field->doubletons, valid) ||
        !count_is_good(field->distinct, valid) ||
        field->singletons + field->doubletons > field->distinct ||
        field->singletons + 2 * field->doubletons > valid)
        return refuse(reterr, index, "distinct", "singletons, doubletons, distinct disagree");
    return check_others(field, index, reterr);
}

static bool effect_is_good(double effect)
{
    return effect >= 1 && effect <= 1e15;
}

static int check_effects(const struct baseline_field *field, uint32_t index, struct err *reterr)
{
    for (uint32_t i = 0; i < field->effect_count; i++) {
        const struct design_effect *effect = &field->effects[i];
        bool good = effect_is_good(effect->rest) && effect_is_good(effect->missing);
        for (int j = 0; j < 4; j++)
            good = good && effect_is_good(effect->components[j]);
        if (!good)
            return refuse(reterr, index, "effects", "a design effect is below 1 or not finite");
        if (effect->windows < 10)
            return refuse(reterr, index, "effects", "estimated from fewer than 10 windows");
        if (effect->window_ms <= (i ? field->effects[i - 1].window_ms : 0))
            return refuse(reterr, index, "effects", "the window lengths do not ascend");
    }
    return 0;
}

static int check_field(const struct baseline *baseline, uint32_t index, struct err *reterr)
{
    const struct baseline_field *field = &baseline->fields[index];
    int code;
    if (field->name[0] == '\0' || baseline_find(baseline, bytes_of(field->name)) != (int)index)
        return refuse(reterr, index, "name", "empty, or the name of an earlier field");
    if (field->path[0] != '/')
        return refuse(reterr, index, "path", "not a JSON Pointer");
    code = check_totals(baseline, index, reterr);
    if (code == 0 && (field->type == FIELD_NUMBER || field->type == FIELD_INTEGER)) {
        if (check_edges(field, index, reterr) || check_moments(field, index, reterr))
            return ERR_INVALID;
        code = check_sums(field, index, reterr);
    } else if (code == 0) {
        code = check_category(field, index, reterr);
    }
    return code ? code : check_effects(field, index, reterr);
}

static int refuse_segment(struct err *reterr, uint32_t segment, const char *key,
                          const char *problem)
{
    err_set(reterr, ERR_INVALID, "baseline document: %s", problem);
    err_place(reterr, "segments[%u].%s", segment, key);
    return ERR_INVALID;
}

static int check_segment_rows(const struct baseline *baseline, uint32_t index, struct err *reterr)
{
    const struct baseline_segment *segment = &baseline->segments[index];
    const struct baseline_field *field = &baseline->fields[segment->field];
    int64_t total = 0;
    if (field->type != FIELD_CATEGORY && field->type != FIELD_BOOLEAN)
        return refuse_segment(reterr, index, "field", "not a category or boolean");
    if (index == 1 && baseline->segments[0].field == segment->field)
        return refuse_segment(reterr, index, "field", "the same field twice");
    if (segment->value_count > field->level_count)
        return refuse_segment(reterr, index, "rows", "more values than the field has levels");
    for (uint32_t v = 0; v <= segment->value_count; v++) {
        if (!count_is_good(segment->rows[v], baseline->rows))
            return refuse_segment(reterr, index, "rows", "a count is negative or too large");
        if (v < segment->value_count && segment->rows[v] != field->counts[v])
            return refuse_segment(reterr, index, "rows", "not the field's counts");
        total += segment->rows[v];
    }
    if (total != baseline->rows)
        return refuse_segment(reterr, index, "rows", "do not add up to rows");
    return 0;
}

/* The marginals of one field over all values: each row adds up, and all together are the field's
 * own coarse counts. */
static int check_marginals(const struct baseline *baseline, uint32_t index, uint32_t field,
                           struct err *reterr)
{
    const struct baseline_segment *segment = &baseline->segments[index];
    int64_t coarse[BASELINE_COARSE_CELLS] = {0};
    uint32_t map[CELLS_MAX];
    baseline_coarse_map(&baseline->fields[field], map);
    for (uint32_t i = 0; i < baseline->fields[field].cell_count; i++)
        coarse[map[i]] += baseline->fields[field].counts[i];
    for (uint32_t v = 0; v <= segment->value_count; v++) {
        size_t row = (size_t)v * baseline->field_count + field;
        const int64_t *cells = segment->coarse + row * BASELINE_COARSE_CELLS;
        int64_t total = segment->missing[row];
        bool good = count_is_good(total, baseline->rows);
        for (uint32_t i = 0; i < BASELINE_COARSE_CELLS && good; i++) {
            good = count_is_good(cells[i], baseline->rows);
            total += good ? cells[i] : 0;
            coarse[i] -= good ? cells[i] : 0;
        }
        if (!good || total != segment->rows[v])
            return refuse_segment(reterr, index, "coarse", "do not add up to rows");
    }
    for (uint32_t i = 0; i < BASELINE_COARSE_CELLS; i++) {
        if (coarse[i])
            return refuse_segment(reterr, index, "coarse", "do not add up to the field's counts");
    }
    return 0;
}

int baseline_check(const struct baseline *baseline, struct err *reterr)
{
    if (!baseline_name_valid(bytes_of(baseline->name))) {
        err_set(reterr, ERR_INVALID, "baseline document: not a name of a baseline");
        err_place(reterr, "name");
        return ERR_INVALID;
    }
    if (baseline->rows < 0 || baseline->rows > BASELINE_ROWS_MAX ||
        (baseline->has_times && baseline->first.ms > baseline->last.ms)) {
        err_set(reterr, ERR_INVALID, "baseline document: rows or times are out of range");
        err_place(reterr, "rows");
        return ERR_INVALID;
    }
    for (uint32_t i = 0; i < baseline->field_count; i++) {
        if (check_field(baseline, i, reterr))
            return ERR_INVALID;
    }
    for (uint32_t s = 0; s < baseline->segment_count; s++) {
        if (check_segment_rows(baseline, s, reterr))
            return ERR_INVALID;
        for (uint32_t i = 0; i < baseline->field_count; i++) {
            if (check_marginals(baseline, s, i, reterr))
                return ERR_INVALID;
        }
    }
    return 0;
}
