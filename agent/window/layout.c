/* Where each counter stands.
 *
 * Problem: agents that never talk to each other must be able to add each other's counts. So the
 * order is a function of the baseline alone: field by field its cells and then its counters, then
 * for each segment its rows and its coarse cells. Everything the hot path would otherwise look up
 * or compute for each value (edges, powers of two, coarse cells) is laid out here once. It
 * assumes that the baseline was checked when it was parsed, and knows nothing of records. */
#include "window/layout.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "window/counts.h"

const char *field_counter_name(enum field_counter counter)
{
    static const char *const names[FIELD_COUNTERS] = {
        [COUNT_MISSING] = "missing",       [COUNT_NULL] = "null",
        [COUNT_WRONG_TYPE] = "wrong_type", [COUNT_NAN] = "nan",
        [COUNT_INFINITE] = "infinite",     [COUNT_BELOW_MIN] = "below_min",
        [COUNT_ABOVE_MAX] = "above_max",   [COUNT_NOT_ALLOWED] = "not_allowed",
    };
    return names[counter];
}

/* Kept where 2^exponent and 2^-exponent are normal numbers: a hostile unit cannot make an infinity.
 */
static int clamp_exponent(int exponent)
{
    return exponent < -1022 ? -1022 : exponent > 1022 ? 1022 : exponent;
}

static void lay_out_number(struct layout *layout, struct field_layout *f,
                           const struct baseline_field *field)
{
    int exponent = clamp_exponent(ilogb(field->unit));
    f->is_number = true;
    f->number_cells = field->cell_count;
    f->sums = layout->sum_total;
    f->extent = layout->extent_total;
    f->per_unit = ldexp(1, -exponent);
    f->per_square = ldexp(1, -clamp_exponent(2 * exponent + 20));
    f->mean_reference = field->mean_reference;
    /* A square of 2^42 units is a distance of 2^31, if neither exponent was clamped. */
    bool exact =
        exponent == ilogb(field->unit) && clamp_exponent(2 * exponent + 20) == 2 * exponent + 20;
    f->square_limit = exact ? (double)FIXED_LIMIT : -1;
    f->edges = field->edges;
    layout->sum_total += field->cell_count + 2;
    layout->extent_total++;
}

static void lay_out_field(struct layout *layout, struct field_layout *f,
                          const struct baseline_field *field)
{
    f->cells = layout->cell_total;
    f->cell_count = field->cell_count;
    f->counters = f->cells + field->cell_count;
    layout->cell_total = f->counters + FIELD_COUNTERS;
    f->coarse = mem_new((size_t)field->cell_count + FIELD_NOT_VALUE, sizeof *f->coarse);
    f->coarse_count = baseline_coarse_map(field, f->coarse);
    for (uint32_t i = 0; i < FIELD_NOT_VALUE; i++)
        f->coarse[field->cell_count + i] = BASELINE_COARSE_CELLS;
    if (field->type == FIELD_NUMBER || field->type == FIELD_INTEGER)
        lay_out_number(layout, f, field);
}

static void lay_out_segment(struct layout *layout, struct segment_layout *s,
                            const struct baseline_segment *segment)
{
    uint32_t fields = layout->baseline->field_count;
    s->field = segment->field;
    s->value_count = segment->value_count + 1;
    s->rows = layout->cell_total;
    s->cells = s->rows + s->value_count;
    layout->cell_total = s->cells + s->value_count * fields * (BASELINE_COARSE_CELLS + 1);
}

/* The baseline's hash fixes the cells; the totals and the coarse maps also depend on this program,
 * and counts of a program that cuts them otherwise must not be added. */
static uint64_t take_fingerprint(const struct layout *layout)
{
    struct text text = {0};
    text_printf(&text, "%.*s %u %u %u %d", HASH_HEX_BYTES - 1, layout->baseline->hash,
                layout->cell_total, layout->sum_total, layout->extent_total, FIELD_COUNTERS);
    for (uint32_t s = 0; s < layout->segment_count; s++)
        text_printf(&text, " %u:%u", layout->segments[s].field, layout->segments[s].value_count);
    for (uint32_t i = 0; layout->segment_count && i < layout->baseline->field_count; i++)
        for (uint32_t cell = 0; cell < layout->fields[i].cell_count; cell++)
            text_printf(&text, " %u", layout->fields[i].coarse[cell]);
    char hex[HASH_HEX_BYTES];
    hash_sha256(bytes_make(text.data, text.size), hex);
    text_release(&text);
    hex[16] = '\0';
    return strtoull(hex, NULL, 16);
}

struct layout *layout_new(const struct baseline *baseline)
{
    struct layout *layout = mem_new(1, sizeof *layout);
    layout->baseline = baseline;
    layout->fields = mem_new(baseline->field_count, sizeof *layout->fields);
    for (uint32_t i = 0; i < baseline->field_count; i++)
        lay_out_field(layout, &layout->fields[i], &baseline->fields[i]);
    layout->segment_count = baseline->segment_count;
    for (uint32_t s = 0; s < baseline->segment_count; s++)
        lay_out_segment(layout, &layout->segments[s], &baseline->segments[s]);
    layout->fingerprint = take_fingerprint(layout);
    return layout;
}

void layout_free(struct layout *layout)
{
    if (!layout)
        return;
    for (uint32_t i = 0; i < layout->baseline->field_count; i++)
        free(layout->fields[i].coarse);
    free(layout->fields);
    free(layout);
}

size_t layout_counts_bytes(const struct layout *layout)
{
    return sizeof(struct counts) +
           ((size_t)layout->cell_total + layout->sum_total) * sizeof(int64_t) +
           layout->extent_total * sizeof(struct extent);
}
