/* Adding records to counts, and counts to counts.
 *
 * Problem: the same records must give the same bits whatever their order and however they are split
 * among agents, panes and merges, at a few nanoseconds a value. So all are integers, one value is
 * rounded once, and a record touches one cell of each field by an index that validate has already
 * worked out. It assumes that observations fit the layout. It refuses to know where they come from
 * and what a pane or a window is. */
#include "window/counts.h"

#include <math.h>
#include <stdlib.h>

/* Wrapping is wanted (see the header), so it is spelt out and not left to a compiler flag. */
static inline void add_wrapping(int64_t *into, int64_t number)
{
    *into = (int64_t)((uint64_t)*into + (uint64_t)number);
}

struct counts *counts_new(const struct layout *layout)
{
    struct counts *counts = mem_new(1, layout_counts_bytes(layout));
    counts->layout = layout;
    counts->extents = (struct extent *)(counts + 1);
    counts->cells = (int64_t *)(counts->extents + layout->extent_total);
    counts->sums = counts->cells + layout->cell_total;
    counts_clear(counts);
    return counts;
}

void counts_free(struct counts *counts)
{
    free(counts);
}

void counts_clear(struct counts *counts)
{
    const struct layout *layout = counts->layout;
    counts->rows = counts->saturated = counts->unknown_fields = 0;
    memset(counts->cells, 0,
           ((size_t)layout->cell_total + layout->sum_total) * sizeof *counts->cells);
    counts_clear_extents(counts);
}

void counts_clear_extents(struct counts *counts)
{
    for (uint32_t i = 0; i < counts->layout->extent_total; i++)
        counts->extents[i] = (struct extent){(double)INFINITY, (double)-INFINITY};
}

static void add_violations(int64_t *counters, uint32_t violations)
{
    for (uint32_t i = FIELD_NOT_VALUE; i < FIELD_COUNTERS; i++)
        counters[i] += violations >> i & 1;
}

static void add_number(struct counts *counts, const struct field_layout *f,
                       const struct observation *o)
{
    int64_t *sums = counts->sums + f->sums;
    double from_mean = o->number - f->mean_reference;
    bool clamped = false;
    add_wrapping(&sums[o->cell],
                 fixed_from(o->number - f->origins[o->cell], f->per_unit, &clamped));
    sums += f->cell_count;
    add_wrapping(&sums[0], fixed_from(from_mean, f->per_unit, &clamped));
    add_wrapping(&sums[1], fixed_from(from_mean * from_mean, f->per_square, &clamped));
    counts->saturated += clamped;

    /* Which of -0 and +0 came first must not show in the bits. */
    double number = o->number + 0.0;
    struct extent *extent = &counts->extents[f->extent];
    extent->min = number < extent->min ? number : extent->min;
    extent->max = number > extent->max ? number : extent->max;
}

static void add_segment(struct counts *counts, const struct segment_layout *s,
                        const struct observation *observations)
{
    const struct layout *layout = counts->layout;
    uint32_t other = s->value_count - 1;
    uint32_t cell = observations[s->field].cell;
    uint32_t value = cell < other ? cell : other;
    uint32_t fields = layout->baseline->field_count;
    counts->cells[s->rows + value]++;
    int64_t *row = counts->cells + s->cells + (size_t)value * fields * (BASELINE_COARSE_CELLS + 1);
    for (uint32_t i = 0; i < fields; i++, row += BASELINE_COARSE_CELLS + 1)
        row[layout->fields[i].coarse[observations[i].cell]]++;
}

void counts_add_record(struct counts *counts, const struct observation *observations,
                       uint32_t unknown_fields)
{
    const struct layout *layout = counts->layout;
    counts->rows++;
    counts->unknown_fields += unknown_fields;
    for (uint32_t i = 0; i < layout->baseline->field_count; i++) {
        const struct field_layout *f = &layout->fields[i];
        const struct observation *o = &observations[i];
        counts->cells[f->cells + o->cell]++;
        if (o->violations)
            add_violations(counts->cells + f->counters, o->violations);
        if (f->is_number && o->cell < f->cell_count)
            add_number(counts, f, o);
    }
    for (uint32_t s = 0; s < layout->segment_count; s++)
        add_segment(counts, &layout->segments[s], observations);
}

/* Two's complement: times -1 is exact for every number that was added before. */
static inline void add_signed(int64_t *into, int64_t number, int sign)
{
    *into = (int64_t)((uint64_t)*into + (uint64_t)number * (uint64_t)(int64_t)sign);
}

void counts_add(struct counts *into, const struct counts *from, int sign)
{
    const struct layout *layout = into->layout;
    add_signed(&into->rows, from->rows, sign);
    add_signed(&into->saturated, from->saturated, sign);
    add_signed(&into->unknown_fields, from->unknown_fields, sign);
    /* Cells and sums are one array. */
    size_t total = (size_t)layout->cell_total + layout->sum_total;
    for (size_t i = 0; i < total; i++)
        add_signed(&into->cells[i], from->cells[i], sign);
    if (sign < 0)
        return;
    for (uint32_t i = 0; i < layout->extent_total; i++) {
        struct extent *extent = &into->extents[i];
        const struct extent *other = &from->extents[i];
        extent->min = other->min < extent->min ? other->min : extent->min;
        extent->max = other->max > extent->max ? other->max : extent->max;
    }
}
