/* Choosing the buckets of a field's edges.
 *
 * Problem: edges are quantiles of the baseline, so that they crowd where the values are. Buckets of
 * equal width fit values that are spread evenly or normally; amounts, counts and durations, whose
 * size varies by powers of ten, are spread evenly by the bits of a double. Both are tried with more
 * and more buckets, and the one with the fewest edges in its fullest bucket is taken. Whatever is
 * taken, the result is the same. The last edge is the double behind the largest value, too near to
 * share a bucket with anything, so that it is compared by itself. It assumes edges as cells.h makes
 * them. */
#include "validate/search.h"

#include <math.h>

enum { BUCKETS_AN_EDGE = 4, BUCKETS_MAX = 2048 };

/* The most edges in one bucket. */
static uint32_t fullest(const struct search *search, uint32_t count)
{
    uint32_t most = 0, in_bucket = 0;
    for (uint32_t i = 0; i < count; i++) {
        bool same = i > 0 && search_bucket(search, search->edges[i]) ==
                                 search_bucket(search, search->edges[i - 1]);
        in_bucket = same ? in_bucket + 1 : 1;
        most = in_bucket > most ? in_bucket : most;
    }
    return most;
}

static uint32_t half_of(uint32_t most)
{
    uint32_t half = 1;
    while (2 * half - 1 < most)
        half *= 2;
    return half;
}

/* False if the range is too wide or too narrow for the arithmetic. */
static bool scale_linear(struct search *search, uint32_t buckets)
{
    search->by_bits = false;
    search->last_bucket = buckets - 1;
    search->least = search->edges[0];
    search->per_unit = buckets / (search->end - search->edges[0]);
    return isnormal(search->per_unit);
}

static void scale_bits(struct search *search, uint32_t buckets)
{
    uint64_t range = (uint64_t)search_bits(search->end) - (uint64_t)search_bits(search->edges[0]);
    search->by_bits = true;
    search->last_bucket = buckets - 1;
    search->least_bits = search_bits(search->edges[0]);
    search->shift = 0;
    while (range >> search->shift >= buckets)
        search->shift++;
}

static void choose(struct search *search, uint32_t count)
{
    struct search best = {.half = UINT32_MAX};
    for (uint32_t buckets = 16; buckets <= BUCKETS_MAX && buckets <= BUCKETS_AN_EDGE * count + 16;
         buckets *= 2) {
        for (int by_bits = 0; by_bits < 2; by_bits++) {
            struct search scale = *search;
            if (by_bits)
                scale_bits(&scale, buckets);
            else if (!scale_linear(&scale, buckets))
                continue;
            scale.half = half_of(fullest(&scale, count));
            if (scale.half < best.half)
                best = scale;
        }
    }
    *search = best;
}

/* A copy with infinities behind it, for the rare field that is searched further than it has edges.
 */
static const double *extend(const double *edges, uint32_t count, uint32_t reach,
                            struct arena *arena)
{
    double *copy = arena_alloc(arena, reach, sizeof *copy);
    for (uint32_t i = 0; i < reach; i++)
        copy[i] = i < count ? edges[i] : (double)INFINITY;
    return copy;
}

struct search search_make(const struct cells *cells, struct arena *arena)
{
    uint32_t count = cells->count - 2; /* the last edge is compared apart */
    struct search search = {.edges = cells->edges, .end = cells->edges[count]};
    choose(&search, count);
    uint32_t reach = 2 * search.half - 1;
    /* Begun so early that the search ends with the edges; what stands before is surely less. */
    uint32_t latest = reach < count ? count - reach : 0;
    uint16_t *first = arena_alloc(arena, search.last_bucket + 1, sizeof *first);
    for (uint32_t i = 0, bucket = 0; i <= count; i++) {
        uint32_t end = i < count ? search_bucket(&search, cells->edges[i]) : search.last_bucket;
        for (; bucket <= end; bucket++)
            first[bucket] = (uint16_t)(i < latest ? i : latest);
    }
    if (reach > count)
        search.edges = extend(cells->edges, count, reach, arena);
    search.first = first;
    return search;
}
