/* The builder: two passes over the rows, columns side by side.
 *
 * Segments keep the counts of every fine cell while counting, because the coarse cells of the
 * document follow from the final counts. Everything else is in column.c (one field) and effects.c
 * (time). */
#include "baseline/build.h"

#include <stdlib.h>

#include "base/mem.h"
#include "baseline/check.h"
#include "baseline/column.h"
#include "baseline/effects.h"
#include "baseline/text.h"

enum { FIRST_PASS, SECOND_PASS };

#define NUMBERS_DEFAULT ((size_t)1 << 22)
#define NUMBERS_FIELD   ((size_t)1 << 20)
#define TEXTS_DEFAULT   ((uint32_t)1 << 20)
#define TEXTS_FIELD     ((uint32_t)100000)
#define TIME_LIMIT      (INT64_C(1) << 53) /* ms; beyond it is no time of anything */

/* Fine counts of one segment: (value, fine cell of any field). */
struct segment_counts {
    uint32_t column, value_count;
    int64_t *rows, *cells, *missing;
};

struct baseline_builder {
    struct baseline *baseline;
    struct column *columns;
    uint32_t column_count;
    int pass;
    int64_t rows; /* of the present pass */
    int64_t windows_ms[BASELINE_EFFECTS_MAX];
    uint32_t window_count;
    struct effects *effects; /* NULL: no event times */
    struct segment_counts segments[BASELINE_SEGMENTS_MAX];
    uint32_t segment_count;
    uint32_t *first_cell; /* of each column among all fine cells */
    uint32_t cell_total;
    uint32_t *cells;       /* of the present row */
    uint8_t *coarse_cells; /* of the present row, for the design effects */
};

static int refuse_spec(struct err *reterr, const char *name, const char *problem)
{
    return err_set(reterr, ERR_INVALID, "field \"%s\": %s", name, problem);
}

static int check_spec_field(const struct builder_spec *spec, uint32_t index, struct err *reterr)
{
    const struct builder_field *field = &spec->fields[index];
    size_t name_size = strlen(field->name), path_size = strlen(field->path);
    if (name_size == 0 || name_size > NAME_MAX_BYTES || !text_valid_utf8(bytes_of(field->name)))
        return refuse_spec(reterr, field->name,
                           "its name is empty, longer than 128 bytes or not UTF-8");
    if (field->path[0] != '/' || path_size > PATH_MAX_BYTES ||
        !text_valid_utf8(bytes_of(field->path)))
        return refuse_spec(reterr, field->name,
                           "its path is no JSON Pointer of at most 1024 bytes");
    for (uint32_t i = 0; i < index; i++) {
        if (strcmp(spec->fields[i].name, field->name) == 0)
            return refuse_spec(reterr, field->name, "the name is used twice");
    }
    return 0;
}

static int find_spec_field(const struct builder_spec *spec, const char *name)
{
    for (uint32_t i = 0; i < spec->field_count; i++) {
        if (strcmp(spec->fields[i].name, name) == 0)
            return (int)i;
    }
    return -1;
}

static int check_spec_segments(const struct builder_spec *spec, struct err *reterr)
{
    for (uint32_t i = 0; i < spec->segment_count; i++) {
        int index = find_spec_field(spec, spec->segments[i]);
        if (index < 0)
            return refuse_spec(reterr, spec->segments[i], "the segment is no field");
        if (spec->fields[index].has_type &&
            (spec->fields[index].type == FIELD_NUMBER || spec->fields[index].type == FIELD_INTEGER))
            return refuse_spec(reterr, spec->segments[i], "a segment cannot be a number");
        if (i == 1 && strcmp(spec->segments[0], spec->segments[1]) == 0)
            return refuse_spec(reterr, spec->segments[i], "the same segment twice");
    }
    return 0;
}

static int check_spec(const struct builder_spec *spec, struct err *reterr)
{
    if (spec->field_count == 0)
        return err_set(reterr, ERR_INVALID, "a baseline needs at least one field");
    if (spec->field_count > BASELINE_FIELDS_MAX || spec->segment_count > BASELINE_SEGMENTS_MAX ||
        spec->window_count > BASELINE_EFFECTS_MAX)
        return err_set(reterr, ERR_LIMIT,
                       "a baseline has at most %d fields, %d segments and %d windows",
                       BASELINE_FIELDS_MAX, BASELINE_SEGMENTS_MAX, BASELINE_EFFECTS_MAX);
    for (uint32_t i = 0; i < spec->field_count; i++) {
        if (check_spec_field(spec, i, reterr))
            return ERR_INVALID;
    }
    for (uint32_t i = 0; i < spec->window_count; i++) {
        if (spec->windows_ms[i] <= (i ? spec->windows_ms[i - 1] : 0))
            return err_set(reterr, ERR_INVALID, "the windows do not ascend");
    }
    return check_spec_segments(spec, reterr);
}

static void set_windows(struct baseline_builder *builder, const struct builder_spec *spec)
{
    static const int64_t usual[] = {15 * MINUTE_MS, HOUR_MS, DAY_MS, WEEK_MS};
    const int64_t *windows = spec->window_count ? spec->windows_ms : usual;
    builder->window_count = spec->window_count ? spec->window_count : 4;
    memcpy(builder->windows_ms, windows, builder->window_count * sizeof(*windows));
}

static size_t share_of(size_t total, size_t count, size_t low, size_t high)
{
    size_t share = total / count;
    return share < low ? low : share > high ? high : share;
}

struct baseline_builder *baseline_builder_new(const struct builder_spec *spec, struct err *reterr)
{
    if (check_spec(spec, reterr))
        return NULL;
    struct baseline_builder *builder = mem_new(1, sizeof(*builder));
    size_t numbers_max = share_of(spec->numbers_max ? spec->numbers_max : NUMBERS_DEFAULT,
                                  spec->field_count, CELLS_DEFAULT, NUMBERS_FIELD);
    size_t texts_max = share_of(spec->texts_max ? spec->texts_max : TEXTS_DEFAULT,
                                spec->field_count, 512, TEXTS_FIELD);
    builder->column_count = spec->field_count;
    builder->columns = mem_new(spec->field_count, sizeof(*builder->columns));
    builder->cells = mem_new(spec->field_count, sizeof(*builder->cells));
    builder->coarse_cells = mem_new(spec->field_count, sizeof(*builder->coarse_cells));
    builder->first_cell = mem_new(spec->field_count, sizeof(*builder->first_cell));
    builder->baseline = mem_new(1, sizeof(*builder->baseline));
    builder->baseline->name = mem_copy("baseline");
    builder->baseline->field_count = spec->field_count;
    builder->baseline->fields = mem_new(spec->field_count, sizeof(*builder->baseline->fields));
    set_windows(builder, spec);
    builder->segment_count = spec->segment_count;
    for (uint32_t i = 0; i < spec->segment_count; i++)
        builder->segments[i].column = (uint32_t)find_spec_field(spec, spec->segments[i]);
    for (uint32_t i = 0; i < spec->field_count; i++) {
        bool segment = false;
        for (uint32_t s = 0; s < spec->segment_count; s++)
            segment = segment || builder->segments[s].column == i;
        column_init(&builder->columns[i], &spec->fields[i], segment, numbers_max,
                    (uint32_t)texts_max, &builder->baseline->fields[i]);
    }
    return builder;
}

void baseline_builder_free(struct baseline_builder *builder)
{
    if (!builder)
        return;
    for (uint32_t i = 0; i < builder->column_count; i++)
        column_release(&builder->columns[i]);
    for (uint32_t s = 0; s < builder->segment_count; s++) {
        free(builder->segments[s].rows);
        free(builder->segments[s].cells);
        free(builder->segments[s].missing);
    }
    effects_free(builder->effects);
    baseline_free(builder->baseline);
    free(builder->columns);
    free(builder->cells);
    free(builder->coarse_cells);
    free(builder->first_cell);
    free(builder);
}

static void observe_time(struct baseline *baseline, struct event_time time)
{
    if (time.ms > TIME_LIMIT || time.ms < -TIME_LIMIT)
        return;
    if (!baseline->has_times || time.ms < baseline->first.ms)
        baseline->first = time;
    if (!baseline->has_times || time.ms > baseline->last.ms)
        baseline->last = time;
    baseline->has_times = true;
}

static void count_segment(const struct baseline_builder *builder, struct segment_counts *segment)
{
    uint32_t cell = builder->cells[segment->column];
    size_t value = cell < segment->value_count ? cell : segment->value_count;
    segment->rows[value]++;
    for (uint32_t i = 0; i < builder->column_count; i++) {
        if (builder->cells[i] >= CELL_MISSING)
            segment->missing[value * builder->column_count + i]++;
        else
            segment
                ->cells[value * builder->cell_total + builder->first_cell[i] + builder->cells[i]]++;
    }
}

static uint8_t coarse_cell(const struct column *column, uint32_t cell)
{
    if (cell >= CELL_MISSING)
        return cell == CELL_MISSING ? EFFECT_MISSING : EFFECT_INVALID;
    return (uint8_t)column->coarse[cell];
}

static void count_row(struct baseline_builder *builder, const struct builder_value *values,
                      const struct event_time *time)
{
    for (uint32_t i = 0; i < builder->column_count; i++) {
        builder->cells[i] = column_count(&builder->columns[i], &values[i]);
        builder->coarse_cells[i] = coarse_cell(&builder->columns[i], builder->cells[i]);
    }
    for (uint32_t s = 0; s < builder->segment_count; s++)
        count_segment(builder, &builder->segments[s]);
    if (builder->effects && time)
        effects_add(builder->effects, *time, builder->coarse_cells);
}

void baseline_builder_add(struct baseline_builder *builder, const struct builder_value *values,
                          const struct event_time *time)
{
    builder->rows++;
    if (builder->pass == SECOND_PASS) {
        count_row(builder, values, time);
        return;
    }
    for (uint32_t i = 0; i < builder->column_count; i++)
        column_observe(&builder->columns[i], &values[i]);
    if (time)
        observe_time(builder->baseline, *time);
}

static void prepare_segment(const struct baseline_builder *builder, struct segment_counts *segment)
{
    uint32_t levels = builder->columns[segment->column].field->level_count;
    segment->value_count =
        levels < BASELINE_SEGMENT_VALUES_MAX ? levels : BASELINE_SEGMENT_VALUES_MAX;
    size_t values = (size_t)segment->value_count + 1;
    segment->rows = mem_new(values, sizeof(*segment->rows));
    segment->cells = mem_new(values * builder->cell_total, sizeof(*segment->cells));
    segment->missing = mem_new(values * builder->column_count, sizeof(*segment->missing));
}

int baseline_builder_cells(struct baseline_builder *builder, struct err *reterr)
{
    struct baseline *baseline = builder->baseline;
    if (builder->rows == 0)
        return err_set(reterr, ERR_INVALID, "there are no rows");
    for (uint32_t i = 0; i < builder->column_count; i++) {
        int code = column_resolve(&builder->columns[i], reterr);
        if (code)
            return code;
        builder->first_cell[i] = builder->cell_total;
        builder->cell_total += builder->columns[i].field->cell_count;
    }
    for (uint32_t s = 0; s < builder->segment_count; s++)
        prepare_segment(builder, &builder->segments[s]);
    if (baseline->has_times)
        builder->effects = effects_new(builder->column_count, builder->windows_ms,
                                       builder->window_count, baseline->first, baseline->last);
    baseline->rows = builder->rows;
    builder->rows = 0;
    builder->pass = SECOND_PASS;
    return 0;
}

/* Before the levels are sorted: the design effects know the cells of the second pass. */
static void finish_effects(struct baseline_builder *builder, uint32_t index)
{
    const struct column *column = &builder->columns[index];
    struct baseline_field *field = column->field;
    int64_t totals[EFFECT_CELLS] = {0};
    if (!builder->effects)
        return;
    for (uint32_t i = 0; i < field->cell_count; i++)
        totals[column->coarse[i]] += field->counts[i];
    totals[EFFECT_MISSING] = field->missing;
    totals[EFFECT_INVALID] = field->invalid;
    effects_estimate(builder->effects, index, totals, column->coarse_count,
                     field->type == FIELD_NUMBER || field->type == FIELD_INTEGER, field);
}

static void finish_segment_field(const struct baseline_builder *builder, uint32_t index,
                                 const uint32_t *order, const uint32_t *map)
{
    struct baseline *baseline = builder->baseline;
    for (uint32_t s = 0; s < builder->segment_count; s++) {
        const struct segment_counts *counts = &builder->segments[s];
        for (size_t v = 0; v <= counts->value_count; v++) {
            size_t row = v * builder->column_count + index;
            const int64_t *cells =
                counts->cells + v * builder->cell_total + builder->first_cell[index];
            for (uint32_t i = 0; i < baseline->fields[index].cell_count; i++)
                baseline->segments[s].coarse[row * BASELINE_COARSE_CELLS + map[order[i]]] +=
                    cells[i];
        }
    }
}

static void finish_segments(struct baseline_builder *builder)
{
    struct baseline *baseline = builder->baseline;
    baseline->segment_count = builder->segment_count;
    for (uint32_t s = 0; s < builder->segment_count; s++) {
        struct segment_counts *counts = &builder->segments[s];
        struct baseline_segment *segment = &baseline->segments[s];
        size_t values = (size_t)counts->value_count + 1;
        segment->field = counts->column;
        segment->value_count = counts->value_count;
        segment->rows = counts->rows;
        segment->missing = counts->missing;
        segment->coarse =
            mem_new(values * builder->column_count * BASELINE_COARSE_CELLS, sizeof(int64_t));
        counts->rows = counts->missing = NULL;
    }
}

static int check_passes(const struct baseline_builder *builder, struct err *reterr)
{
    const struct baseline *baseline = builder->baseline;
    bool same = builder->pass == SECOND_PASS && builder->rows == baseline->rows;
    for (uint32_t i = 0; i < baseline->field_count && same; i++) {
        const struct baseline_field *field = &baseline->fields[i];
        if (field->type == FIELD_NUMBER || field->type == FIELD_INTEGER)
            same = field->counts[0] == 0 && field->counts[field->cell_count - 1] == 0;
    }
    if (same)
        return 0;
    err_set(reterr, ERR_INVALID, "the second pass did not see the rows of the first");
    err_hint(reterr, "The input changed while it was read.");
    return ERR_INVALID;
}

struct baseline *baseline_builder_finish(struct baseline_builder *builder, const char *provenance,
                                         struct err *reterr)
{
    struct baseline *baseline = builder->baseline;
    uint32_t order[CELLS_MAX], map[CELLS_MAX];
    if (check_passes(builder, reterr))
        return NULL;
    finish_segments(builder);
    for (uint32_t i = 0; i < builder->column_count; i++) {
        finish_effects(builder, i);
        column_finish(&builder->columns[i], order);
        baseline_coarse_map(&baseline->fields[i], map);
        finish_segment_field(builder, i, order, map);
    }
    baseline->provenance = mem_copy(provenance ? provenance : "{}");
    if (baseline_check(baseline, reterr))
        return NULL;
    baseline_seal(baseline);
    builder->baseline = NULL;
    return baseline;
}
