/* Fields are filled as the header of baseline.h says, by the plainest code that does it. */
#include "support/make_baseline.h"

#include <stdlib.h>

#include "base/mem.h"

enum { QUANTILES = 64, SAMPLE_ROWS = 10000 };

struct baseline *make_baseline(void)
{
    struct baseline *baseline = mem_new(1, sizeof *baseline);
    baseline->name = mem_copy("test");
    baseline->version = 1;
    baseline->provenance = mem_copy("{}");
    baseline->fields = mem_new(BASELINE_FIELDS_MAX, sizeof *baseline->fields);
    return baseline;
}

static struct baseline_field *add_field(struct baseline *baseline, const char *name,
                                        enum field_type type)
{
    struct baseline_field *field = &baseline->fields[baseline->field_count++];
    struct text path = {0};
    text_printf(&path, "/features/%s", name);
    field->name = mem_copy(name);
    field->path = path.data;
    field->type = type;
    field->role = ROLE_FEATURE;
    return field;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Order statistics at equal steps without repetition, and the next double above the maximum. */
static void cut_cells(struct baseline_field *field, const double *sorted, size_t count)
{
    uint32_t edges = 0;
    field->edges = mem_new(QUANTILES + 1, sizeof *field->edges);
    for (size_t k = 0; k < QUANTILES; k++) {
        double edge = sorted[k * count / QUANTILES];
        if (!edges || edge > field->edges[edges - 1])
            field->edges[edges++] = edge;
    }
    field->edges[edges++] = nextafter(sorted[count - 1], (double)INFINITY);
    field->cell_count = edges + 1;
    field->counts = mem_new(field->cell_count, sizeof *field->counts);
    field->sums = mem_new(field->cell_count, sizeof *field->sums);
}

static void count_values(struct baseline_field *field, const double *values, size_t count)
{
    bool clamped = false;
    for (size_t i = 0; i < count; i++) {
        uint32_t cell = 0;
        while (cell < field->cell_count - 1 && field->edges[cell] <= values[i])
            cell++;
        field->counts[cell]++;
        field->sums[cell] +=
            fixed_from(values[i] - field->edges[cell - 1], 1 / field->unit, &clamped);
        field->sum += fixed_from(values[i] - field->mean_reference, 1 / field->unit, &clamped);
    }
}

uint32_t make_baseline_number(struct baseline *baseline, const char *name, enum field_type type,
                              const double *values, size_t count)
{
    struct baseline_field *field = add_field(baseline, name, type);
    double *sorted = mem_new(count, sizeof *sorted);
    double squares = 0;
    for (size_t i = 0; i < count; i++)
        field->mean += values[i] / (double)count;
    for (size_t i = 0; i < count; i++)
        squares += (values[i] - field->mean) * (values[i] - field->mean) / (double)count;
    memcpy(sorted, values, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, ascending);
    field->sd = sqrt(squares);
    field->unit = field->sd > 0 ? ldexp(1, ilogb(field->sd) - 20) : 0x1p-20;
    field->mean_reference = field->mean;
    field->minimum = sorted[0];
    field->maximum = sorted[count - 1];
    field->valid = (int64_t)count;
    cut_cells(field, sorted, count);
    count_values(field, values, count);
    free(sorted);
    return baseline->field_count - 1;
}

uint32_t make_baseline_category(struct baseline *baseline, const char *name,
                                const char *const *levels, const int64_t *counts,
                                uint32_t level_count, int64_t other)
{
    struct baseline_field *field = add_field(baseline, name, FIELD_CATEGORY);
    field->level_count = level_count;
    field->levels = mem_new(level_count, sizeof *field->levels);
    field->cell_count = level_count + 2;
    field->counts = mem_new(field->cell_count, sizeof *field->counts);
    for (uint32_t i = 0; i < level_count; i++) {
        field->levels[i] = mem_copy(levels[i]);
        field->counts[i] = counts[i];
        field->valid += counts[i];
    }
    field->counts[level_count] = other;
    field->valid += other;
    field->distinct = level_count + (other > 0);
    field->others_complete = other == 0;
    return baseline->field_count - 1;
}

uint32_t make_baseline_boolean(struct baseline *baseline, const char *name, int64_t falses,
                               int64_t trues)
{
    const char *levels[] = {"false", "true"};
    int64_t counts[] = {falses, trues};
    uint32_t field = make_baseline_category(baseline, name, levels, counts, 2, 0);
    baseline->fields[field].type = FIELD_BOOLEAN;
    return field;
}

void make_baseline_segment(struct baseline *baseline, uint32_t field, uint32_t value_count)
{
    struct baseline_segment *segment = &baseline->segments[baseline->segment_count++];
    const struct baseline_field *by = &baseline->fields[field];
    size_t pairs = (value_count + 1) * (size_t)baseline->field_count;
    segment->field = field;
    segment->value_count = value_count;
    segment->rows = mem_new(value_count + 1, sizeof *segment->rows);
    segment->coarse = mem_new(pairs * BASELINE_COARSE_CELLS, sizeof *segment->coarse);
    segment->missing = mem_new(pairs, sizeof *segment->missing);
    for (uint32_t i = 0; i < by->cell_count; i++)
        segment->rows[i < value_count ? i : value_count] += by->counts[i];
    for (size_t i = 0; i < pairs; i++)
        segment->coarse[i * BASELINE_COARSE_CELLS] = segment->rows[i / baseline->field_count];
}

void make_baseline_seal(struct baseline *baseline)
{
    struct text text = {0};
    for (uint32_t i = 0; i < baseline->field_count; i++) {
        struct baseline_field *field = &baseline->fields[i];
        text_printf(&text, "%s %u:", field->path, field->cell_count);
        for (uint32_t cell = 0; cell < field->cell_count; cell++)
            text_printf(&text, " %lld", (long long)field->counts[cell]);
        for (uint32_t edge = 0; field->edges && edge < field->cell_count - 1; edge++)
            text_printf(&text, " %a", field->edges[edge]);
        for (uint32_t level = 0; level < field->level_count; level++)
            text_printf(&text, " %s", field->levels[level]);
        int64_t rows = field->valid + field->missing + field->invalid;
        baseline->rows = rows > baseline->rows ? rows : baseline->rows;
    }
    hash_sha256(bytes_make(text.data, text.size), baseline->hash);
    text_release(&text);
}

struct baseline *make_baseline_sample(void)
{
    static const char *const channels[] = {"web", "ios", "android", "partner"};
    static const int64_t rows[] = {5000, 2500, 2000, 500};
    double *values = mem_new(SAMPLE_ROWS, sizeof *values);
    struct baseline *baseline = make_baseline();
    /* The sum of three uniform values over a period that shares no factor with the others. */
    for (uint32_t i = 0; i < SAMPLE_ROWS; i++)
        values[i] = 100 + 20 * ((i % 97 + i * 7 % 101 + i * 13 % 103) / 50.0 - 3);
    make_baseline_number(baseline, "amount", FIELD_NUMBER, values, SAMPLE_ROWS);
    for (uint32_t i = 0; i < SAMPLE_ROWS; i++)
        values[i] = 18 + i * 31 % 63;
    make_baseline_number(baseline, "age", FIELD_INTEGER, values, SAMPLE_ROWS);
    make_baseline_category(baseline, "channel", channels, rows, 4, 0);
    make_baseline_boolean(baseline, "vip", 9000, 1000);
    make_baseline_segment(baseline, 2, 3);
    make_baseline_seal(baseline);
    free(values);
    return baseline;
}
