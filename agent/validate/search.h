/* The cell of a number, found by looking near where it must be.
 *
 * A number's place on a scale (linear, or nearly logarithmic: the bits of a double in order) names
 * a bucket, the bucket where its edges begin, and a short search without branches decides among
 * them. The scale only says where to begin to look: the result is that of cells_find. */
#ifndef LEEWAY_VALIDATE_SEARCH_H
#define LEEWAY_VALIDATE_SEARCH_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/mem.h"
#include "stats/cells.h"

struct search {
    double least;          /* linear: where the first bucket begins */
    double per_unit;       /* linear: buckets for each unit */
    double last;           /* linear: the last bucket */
    double end;            /* the last edge, which is not among those below */
    const double *edges;   /* the others */
    const uint16_t *first; /* of each bucket: where the search begins */
    uint32_t half;         /* 2 * half - 1 edges are searched, at least as many as a bucket has */
    bool by_bits;
    uint32_t last_bucket;
    uint32_t shift; /* log2 of a bucket's width */
    int64_t least_bits;
};

/* What it needs lives in `arena`; the edges of `cells` are borrowed. */
struct search search_make(const struct cells *cells, struct arena *arena);

/* The bits of a double as an integer of the same order. -0 is taken as 0. */
static inline int64_t search_bits(double number)
{
    int64_t bits;
    number += 0.0;
    memcpy(&bits, &number, sizeof bits);
    return bits < 0 ? bits ^ INT64_MAX : bits;
}

/* Never falls as `number` rises, which is all that the search needs of it: each step of the
 * arithmetic is monotone, also where it is rounded. `number` is not NaN. */
static inline uint32_t search_bucket(const struct search *search, double number)
{
    if (search->by_bits) {
        int64_t bits = search_bits(number);
        uint64_t above =
            bits > search->least_bits ? (uint64_t)bits - (uint64_t)search->least_bits : 0;
        uint64_t bucket = above >> search->shift;
        return bucket < search->last_bucket ? (uint32_t)bucket : search->last_bucket;
    }
    double place = (number - search->least) * search->per_unit;
#ifdef __SSE2__
    /* What does not fit becomes the least integer, and as an unsigned one is beyond the last. */
    uint64_t bucket = (uint64_t)_mm_cvttsd_si64(_mm_set_sd(place));
    if (__builtin_expect(bucket <= search->last_bucket, 1))
        return (uint32_t)bucket;
#endif
    if (!(place > 0))
        return 0;
    return place < search->last_bucket ? (uint32_t)(int32_t)place : search->last_bucket;
}

/* The number of edges <= `number`, which is not NaN. */
static inline uint32_t search_find(const struct search *search, double number)
{
    const double *edges = search->edges;
    uint32_t at = search->first[search_bucket(search, number)];
    for (uint32_t half = search->half; half > 1; half /= 2)
        at += half & -(uint32_t)(edges[at + half - 1] <= number);
    return at + (edges[at] <= number) + (search->end <= number);
}

#endif
