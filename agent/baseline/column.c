/* From values to a field's type, cells and counts.
 *
 * A field whose type is not given is kept both as numbers and as texts until it is clear which it
 * is. What a value means for a type is decided in one place (reading.c) for both passes. */
#include "baseline/column.h"

#include <math.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "baseline/reading.h"

enum {
    DECIDE_AFTER = 10000, /* values after which a field that is all numbers is not kept as texts */
    LEVEL_MIN_COUNT = 5   /* statistics.md 2.5 */
};

void column_init(struct column *column, const struct builder_field *spec, bool is_segment,
                 size_t numbers_max, uint32_t texts_max, struct baseline_field *field)
{
    bool numeric = spec->has_type && (spec->type == FIELD_NUMBER || spec->type == FIELD_INTEGER);
    column->field = field;
    column->is_segment = is_segment;
    column->has_type = spec->has_type || is_segment;
    field->name = mem_copy(spec->name);
    field->path = mem_copy(spec->path);
    field->role = spec->role;
    field->type = spec->has_type ? spec->type : FIELD_CATEGORY;
    if (numeric || !column->has_type)
        column->numbers = numbers_new(numbers_max);
    if (!numeric)
        column->levels = levels_new(texts_max);
}

void column_release(struct column *column)
{
    numbers_free(column->numbers);
    levels_free(column->levels);
    free(column->level_slots);
    free(column->coarse);
}

/* True from the moment when so many numbers and hardly a text were seen that the texts need not be
 * kept. */
static bool texts_not_needed(const struct column *column)
{
    int64_t others = column->seen_texts + column->seen_booleans;
    return column->seen_numbers >= DECIDE_AFTER && others * 1000 <= column->seen_numbers;
}

static void observe_untyped(struct column *column, const struct builder_value *value)
{
    char scratch[READING_BYTES];
    struct bytes text;
    double number;
    bool reads = reading_of(FIELD_NUMBER, value, scratch, &number, &text) == READ_NUMBER;
    if (reading_is_boolean(value)) {
        column->seen_booleans++;
    } else if (reads || value->kind == BUILDER_NUMBER || value->kind == BUILDER_INFINITE) {
        column->seen_numbers++;
        if (reads)
            numbers_add(column->numbers, number);
    } else if (value->kind == BUILDER_TEXT) {
        column->seen_texts++;
    }
    if (column->levels && reading_of(FIELD_CATEGORY, value, scratch, &number, &text) == READ_TEXT) {
        levels_add(column->levels, text);
        if (texts_not_needed(column)) {
            levels_free(column->levels);
            column->levels = NULL;
        }
    }
}

void column_observe(struct column *column, const struct builder_value *value)
{
    char scratch[READING_BYTES];
    struct bytes text;
    double number;
    if (!column->has_type) {
        observe_untyped(column, value);
        return;
    }
    switch (reading_of(column->field->type, value, scratch, &number, &text)) {
    case READ_NUMBER:
        numbers_add(column->numbers, number);
        break;
    case READ_TEXT:
        levels_add(column->levels, text);
        break;
    case READ_MISSING:
    case READ_INVALID:
        break;
    }
}

static int column_infer(struct column *column, const struct numbers_summary *summary,
                        size_t distinct, struct err *reterr)
{
    int64_t seen = column->seen_numbers + column->seen_booleans + column->seen_texts;
    double share = seen ? (double)column->seen_numbers / (double)seen : 0;
    if (seen && (double)column->seen_booleans >= 0.99 * (double)seen) {
        column->field->type = FIELD_BOOLEAN;
    } else if (seen && share >= 0.99) {
        bool few = !(summary->rank_error > 0) && distinct <= CELLS_DEFAULT;
        column->field->type = summary->integral && few ? FIELD_INTEGER : FIELD_NUMBER;
    } else if (column->levels) {
        column->field->type = FIELD_CATEGORY;
    } else {
        err_set(reterr, ERR_INVALID,
                "field %s: its first values are numbers, but only %.1f %% of all are",
                column->field->name, 100 * share);
        err_hint(reterr, "Say what it is: number, integer or category.");
        return ERR_INVALID;
    }
    return 0;
}

/* A power of two, at most 2^-20 of the standard deviation. */
static double unit_for(const struct numbers_summary *summary)
{
    int exponent = 1;
    double scale = summary->sd > 0 ? summary->sd : fabs(summary->mean);
    if (scale > 0)
        frexp(scale, &exponent);
    exponent -= 21;
    return ldexp(1.0, exponent < -1000 ? -1000 : exponent);
}

static void resolve_number(struct column *column, const struct weighted_value *values, size_t size,
                           const struct numbers_summary *summary)
{
    struct baseline_field *field = column->field;
    double edges[CELLS_MAX] = {0, nextafter(0.0, 1.0)};
    uint32_t edge_count = size ? cells_make(values, size, CELLS_DEFAULT, edges) : 2;
    field->cell_count = edge_count + 1;
    field->edges = mem_new(edge_count, sizeof(*field->edges));
    memcpy(field->edges, edges, edge_count * sizeof(*edges));
    field->sums = mem_new(field->cell_count, sizeof(*field->sums));
    field->counts = mem_new(field->cell_count, sizeof(*field->counts));
    field->minimum = summary->minimum;
    field->maximum = summary->maximum;
    field->mean = field->mean_reference = summary->mean;
    field->sd = summary->sd;
    field->rank_error = summary->rank_error;
    field->unit = unit_for(summary);
    column->per_unit = 1 / field->unit;
    struct cells cells = baseline_cells(field);
    for (size_t i = 0; i < size; i++)
        field->counts[cells_find(&cells, values[i].value)] += values[i].weight;
}

static int compare_hashes(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void resolve_others(struct baseline_field *field, const struct level_entry *entries,
                           uint32_t count, bool exact, const bool *is_level)
{
    field->others_complete = exact && count - field->level_count <= BASELINE_OTHERS_MAX;
    field->others = mem_new(field->others_complete ? count : 0, sizeof(*field->others));
    if (!field->others_complete)
        return;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!is_level[i])
            field->others[kept++] = entries[i].hash;
    }
    if (kept > 1)
        qsort(field->others, kept, sizeof(*field->others), compare_hashes);
    for (uint32_t i = 0; i < kept; i++) {
        if (field->other_count == 0 || field->others[field->other_count - 1] != field->others[i])
            field->others[field->other_count++] = field->others[i];
    }
}

static void place_levels(struct column *column)
{
    column->slot_count = 1024;
    column->level_slots = mem_new(column->slot_count, sizeof(*column->level_slots));
    for (uint32_t i = 0; i < column->field->level_count; i++) {
        uint32_t slot = (uint32_t)hash_bytes(bytes_of(column->field->levels[i]), 0) & 1023;
        while (column->level_slots[slot])
            slot = (slot + 1) & 1023;
        column->level_slots[slot] = i + 1;
    }
}

static void resolve_boolean(struct baseline_field *field, const struct level_entry *entries,
                            uint32_t count)
{
    field->levels = mem_new(2, sizeof(*field->levels));
    field->levels[0] = mem_copy("false");
    field->levels[1] = mem_copy("true");
    field->level_count = 2;
    field->cell_count = 4;
    field->counts = mem_new(field->cell_count, sizeof(*field->counts));
    field->others = mem_new(0, sizeof(*field->others));
    field->others_complete = true;
    for (uint32_t i = 0; i < count; i++) {
        if (reading_is_word(bytes_of(entries[i].text), "true"))
            field->counts[1] += entries[i].count;
        else if (reading_is_word(bytes_of(entries[i].text), "false"))
            field->counts[0] += entries[i].count;
    }
}

static void resolve_category(struct column *column, const struct level_entry *entries,
                             uint32_t count)
{
    struct baseline_field *field = column->field;
    bool *is_level = mem_new(count, sizeof(*is_level));
    field->levels = mem_new(BASELINE_LEVELS_MAX, sizeof(*field->levels));
    for (uint32_t i = 0; i < count && field->level_count < BASELINE_LEVELS_MAX; i++) {
        if (entries[i].size > LEVEL_MAX_BYTES || entries[i].count < LEVEL_MIN_COUNT)
            continue;
        is_level[i] = true;
        field->levels[field->level_count++] = mem_copy(entries[i].text);
    }
    field->cell_count = field->level_count + 2;
    field->counts = mem_new(field->cell_count, sizeof(*field->counts));
    for (uint32_t i = 0, level = 0; i < count; i++)
        field->counts[is_level[i] ? level++ : field->level_count] += entries[i].count;
    resolve_others(field, entries, count, column->levels_exact, is_level);
    free(is_level);
}

static int resolve_texts(struct column *column, struct err *reterr)
{
    struct baseline_field *field = column->field;
    struct levels_summary summary;
    uint32_t count;
    levels_summarize(column->levels, &summary);
    column->levels_exact = summary.exact;
    if (column->is_segment && !summary.exact) {
        err_set(reterr, ERR_INVALID, "segment %s: it has too many distinct values", field->name);
        err_hint(reterr, "A segment is a field with a few dozen values.");
        return ERR_INVALID;
    }
    const struct level_entry *entries = levels_sorted(column->levels, &count);
    if (field->type == FIELD_BOOLEAN)
        resolve_boolean(field, entries, count);
    else
        resolve_category(column, entries, count);
    field->distinct = summary.distinct;
    field->singletons = summary.singletons;
    field->doubletons = summary.doubletons;
    place_levels(column);
    return 0;
}

/* The design effects' coarse cells are fixed here, from the first pass's (perhaps approximate)
 * counts, which then make room for the exact ones. */
static void resolve_coarse(struct column *column)
{
    struct baseline_field *field = column->field;
    column->coarse = mem_new(field->cell_count, sizeof(*column->coarse));
    column->coarse_count = baseline_coarse_map(field, column->coarse);
    memset(field->counts, 0, field->cell_count * sizeof(*field->counts));
}

int column_resolve(struct column *column, struct err *reterr)
{
    struct numbers_summary summary = {0};
    struct weighted_value *values = NULL;
    size_t size = 0;
    int code = 0;
    if (column->numbers)
        values = numbers_values(column->numbers, &size, &summary);
    if (!column->has_type)
        code = column_infer(column, &summary, size, reterr);
    if (code == 0) {
        if (column->field->type == FIELD_NUMBER || column->field->type == FIELD_INTEGER)
            resolve_number(column, values, size, &summary);
        else
            code = resolve_texts(column, reterr);
    }
    if (code == 0)
        resolve_coarse(column);
    numbers_free(column->numbers);
    levels_free(column->levels);
    column->numbers = NULL;
    column->levels = NULL;
    free(values);
    return code;
}

static uint32_t find_level(const struct column *column, struct bytes text)
{
    uint32_t mask = column->slot_count - 1, index;
    uint32_t slot = (uint32_t)hash_bytes(text, 0) & mask;
    for (; (index = column->level_slots[slot]) != 0; slot = (slot + 1) & mask) {
        if (bytes_equal(bytes_of(column->field->levels[index - 1]), text))
            return index - 1;
    }
    return column->field->level_count;
}

static uint32_t count_number(struct column *column, double number)
{
    struct baseline_field *field = column->field;
    struct cells cells = baseline_cells(field);
    uint32_t cell = cells_find(&cells, number);
    bool saturated = false;
    field->sums[cell] +=
        fixed_from(number - cells_origin(&cells, cell), column->per_unit, &saturated);
    field->sum += fixed_from(number - field->mean_reference, column->per_unit, &saturated);
    return cell;
}

uint32_t column_count(struct column *column, const struct builder_value *value)
{
    struct baseline_field *field = column->field;
    char scratch[READING_BYTES];
    struct bytes text;
    double number;
    uint32_t cell = CELL_MISSING;
    switch (reading_of(field->type, value, scratch, &number, &text)) {
    case READ_MISSING:
        field->missing++;
        return CELL_MISSING;
    case READ_INVALID:
        field->invalid++;
        return CELL_INVALID;
    case READ_NUMBER:
        cell = count_number(column, number + 0.0);
        break;
    case READ_TEXT:
        cell = find_level(column, text);
        break;
    }
    field->valid++;
    field->counts[cell]++;
    return cell;
}

struct ranked {
    char *text;
    int64_t count;
    uint32_t from;
};

static int compare_ranked(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return strcmp(x->text, y->text);
}

static int64_t at_most(int64_t count, int64_t limit)
{
    return count < limit ? count : limit;
}

/* Spellings ("True", "1") are no levels of their own. */
static void finish_boolean(struct baseline_field *field)
{
    field->distinct = field->singletons = field->doubletons = 0;
    for (int i = 0; i < 2; i++) {
        field->distinct += field->counts[i] > 0;
        field->singletons += field->counts[i] == 1;
        field->doubletons += field->counts[i] == 2;
    }
}

void column_finish(struct column *column, uint32_t *ret_order)
{
    struct baseline_field *field = column->field;
    struct ranked ranked[BASELINE_LEVELS_MAX];
    for (uint32_t i = 0; i < field->cell_count; i++)
        ret_order[i] = i;
    if (field->type == FIELD_BOOLEAN)
        finish_boolean(field);
    if (field->type != FIELD_CATEGORY)
        return;
    field->distinct = at_most(field->distinct, field->valid);
    field->singletons = at_most(field->singletons, field->distinct);
    field->doubletons = at_most(field->doubletons, (field->valid - field->singletons) / 2);
    field->doubletons = at_most(field->doubletons, field->distinct - field->singletons);
    for (uint32_t i = 0; i < field->level_count; i++)
        ranked[i] = (struct ranked){field->levels[i], field->counts[i], i};
    qsort(ranked, field->level_count, sizeof(*ranked), compare_ranked);
    for (uint32_t i = 0; i < field->level_count; i++) {
        field->levels[i] = ranked[i].text;
        field->counts[i] = ranked[i].count;
        ret_order[ranked[i].from] = i;
    }
}
