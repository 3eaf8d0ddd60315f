/* Adding records to counts, and counts to counts.
 *
 * Problem: the same records must give the same bits whatever their order and however they are split
 * among agents, panes and merges, at a few nanoseconds a value. So all are integers, one value is
 * rounded once, and a record touches one cell of each field by an index that validate has already
 * worked out. It assumes that observations fit the layout. It refuses to know where they come from
 * and what a pane or a window is. */
#include "window/counts.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif
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

/* The rare cases are calls, so that they take no registers from the others. */
static __attribute__((noinline)) void widen(struct extent *extent, double number)
{
    number += 0.0; /* which of -0 and +0 came first must not show in the bits */
    extent->min = number < extent->min ? number : extent->min;
    extent->max = number > extent->max ? number : extent->max;
}

static __attribute__((noinline)) void add_violations(int64_t *counters, uint32_t violations)
{
    for (uint32_t i = FIELD_NOT_VALUE; i < FIELD_COUNTERS; i++)
        counters[i] += violations >> i & 1;
}

#ifdef __SSE2__
/* Rounded as llrint does, without a call: beyond 2^52 a double has no room for a fraction, so that
 * adding 1.5 * 2^52 rounds to the nearest integer, ties to even, and leaves it in the lowest bits.
 * Within FIXED_LIMIT. */
static inline __m128i round_fixed(__m128d scaled)
{
    const __m128d shift = _mm_set1_pd(0x1.8p52);
    return _mm_sub_epi64(_mm_castpd_si128(_mm_add_pd(scaled, shift)), _mm_castpd_si128(shift));
}

/* Adds the sums if they are surely within FIXED_LIMIT. The same arithmetic as below, two at a time,
 * by hand because compilers find worse pairs. */
static inline bool add_sums(const struct field_layout *f, const struct observation *o,
                            int64_t *in_cell, int64_t *whole)
{
    __m128d references = _mm_set_pd(f->mean_reference, field_layout_origin(f, o->cell));
    __m128d from = _mm_sub_pd(_mm_set1_pd(o->number), references);
    __m128d units = _mm_mul_pd(from, _mm_set1_pd(f->per_unit)); /* in_cell, sum */
    __m128d from_mean = _mm_unpackhi_pd(from, from);
    __m128d square = _mm_mul_sd(_mm_mul_sd(from_mean, from_mean), _mm_set_sd(f->per_square));
    __m128d magnitude = _mm_andnot_pd(_mm_set1_pd(-0.0), units);
    if (__builtin_expect(!_mm_comile_sd(magnitude, _mm_set_sd((double)FIXED_LIMIT)), 0) ||
        __builtin_expect(!_mm_comile_sd(square, _mm_set_sd(f->square_limit)), 0))
        return false;
    __m128i fixed = round_fixed(units), fixed_square = round_fixed(square);
    __m128i both = _mm_unpacklo_epi64(_mm_unpackhi_epi64(fixed, fixed), fixed_square);
    __m128i *at = (__m128i *)(void *)whole;
    *in_cell = (int64_t)((uint64_t)*in_cell + (uint64_t)_mm_cvtsi128_si64(fixed));
    _mm_storeu_si128(at, _mm_add_epi64(_mm_loadu_si128(at), both));
    return true;
}
#else
static inline bool add_sums(const struct field_layout *f, const struct observation *o,
                            int64_t *in_cell, int64_t *whole)
{
    (void)f, (void)o, (void)in_cell, (void)whole;
    return false;
}
#endif

/* Any sums. */
static __attribute__((noinline)) void add_clamped(struct counts *counts,
                                                  const struct field_layout *f,
                                                  const struct observation *o, int64_t *in_cell,
                                                  int64_t *whole)
{
    double from_mean = o->number - f->mean_reference;
    bool clamped = false;
    add_wrapping(in_cell,
                 fixed_from(o->number - field_layout_origin(f, o->cell), f->per_unit, &clamped));
    add_wrapping(&whole[0], fixed_from(from_mean, f->per_unit, &clamped));
    add_wrapping(&whole[1], fixed_from(from_mean * from_mean, f->per_square, &clamped));
    counts->saturated += clamped;
}

static inline void add_number(struct counts *counts, const struct field_layout *f,
                              const struct observation *o, int64_t *sums, struct extent *extent)
{
    int64_t *in_cell = sums + o->cell, *whole = sums + f->cell_count;
    if (__builtin_expect(!add_sums(f, o, in_cell, whole), 0))
        add_clamped(counts, f, o, in_cell, whole);
    if (__builtin_expect(o->number < extent->min || o->number > extent->max, 0))
        widen(extent, o->number);
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
    const struct field_layout *f = layout->fields;
    uint32_t field_count = layout->baseline->field_count;
    /* Copies, since for all that a compiler knows counting could change the pointers. */
    int64_t *cells = counts->cells, *sums = counts->sums;
    struct extent *extents = counts->extents;
    counts->rows++;
    counts->unknown_fields += unknown_fields;
    for (const struct observation *o = observations; o < observations + field_count; o++, f++) {
        cells[f->cells + o->cell]++;
        if (__builtin_expect(o->violations != 0, 0))
            add_violations(cells + f->counters, o->violations);
        if (o->cell < f->number_cells)
            add_number(counts, f, o, sums + f->sums, extents + f->extent);
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
