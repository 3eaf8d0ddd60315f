/* Searches against cells_find; included with and without SSE2. */
#ifndef LEEWAY_TEST_VALIDATE_SEARCHES_H
#define LEEWAY_TEST_VALIDATE_SEARCHES_H

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "support/random.h"
#include "validate/search.h"

enum { EDGES_MAX = 1023 };

static inline int compare_edges(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorted, without repetition; the last one is the double above the one before. */
static inline uint32_t finish_edges(double *edges, uint32_t count)
{
    uint32_t kept = 0;
    qsort(edges, count, sizeof *edges, compare_edges);
    for (uint32_t i = 0; i < count; i++)
        if (kept == 0 || edges[i] > edges[kept - 1])
            edges[kept++] = edges[i] + 0.0;
    edges[kept] = nextafter(edges[kept - 1], HUGE_VAL);
    return kept + 1;
}

static inline void check_near(const struct cells *cells, const struct search *search, double x)
{
    double near[] = {x, nextafter(x, HUGE_VAL), nextafter(x, -HUGE_VAL), -x};
    for (unsigned i = 0; i < sizeof near / sizeof near[0]; i++)
        if (!isinf(near[i]))
            cr_assert_eq(search_find(search, near[i]), cells_find(cells, near[i]),
                         "%a among %u edges from %a to %a", near[i], cells->count - 1,
                         cells->edges[0], cells->edges[cells->count - 2]);
}

/* From a copy that has no byte more than it should. */
static inline void check_edges(const double *given, uint32_t count, struct random *random)
{
    static const double odd[] = {0,      5e-324, 2.3e-308, 1,     1e15,
                                 9.3e18, 1.9e19, 1e100,    1e300, 1.7976931348623157e308};
    double *edges = mem_new(count, sizeof *edges);
    memcpy(edges, given, count * sizeof *edges);
    struct cells cells = {.count = count + 1, .edges = edges};
    struct arena *arena = arena_new();
    const struct search search = search_make(&cells, arena);
    for (uint32_t i = 0; i < count; i++)
        check_near(&cells, &search, edges[i]);
    for (unsigned i = 0; i < sizeof odd / sizeof odd[0]; i++)
        check_near(&cells, &search, odd[i]);
    for (int i = 0; i < 500; i++) {
        double low = edges[0], high = edges[count - 1];
        check_near(&cells, &search, low + (high / 2 - low / 2) * 2 * random_unit(random));
        check_near(&cells, &search, random_normal(random) * (high / 4 - low / 4));
    }
    arena_free(arena);
    free(edges);
}

enum spread { UNIFORM, NORMAL, LOGNORMAL, WIDE, WHOLE, TWINS, DENORMAL, SPREADS };

static inline double draw(struct random *random, enum spread spread)
{
    uint64_t bits = random_next(random);
    double number;
    switch (spread) {
    case UNIFORM:
        return 1000 * random_unit(random);
    case NORMAL:
        return 1e6 + random_normal(random);
    case LOGNORMAL:
        return exp(5 * random_normal(random));
    case WIDE: /* any bits at all */
        memcpy(&number, &bits, sizeof number);
        return isfinite(number) ? number : 0;
    case WHOLE:
        return (double)random_below(random, 300) - 20;
    case TWINS: /* atoms have an edge at either end */
        number = (double)random_below(random, 100) / 7;
        return bits % 2 ? number : nextafter(number, HUGE_VAL);
    default:
        return (double)random_below(random, 1000) * 5e-324;
    }
}

static inline void check_all_spreads(void)
{
    struct random random = random_new(81);
    for (int spread = 0; spread < SPREADS; spread++) {
        static const uint32_t counts[] = {1, 2, 3, 17, 130, 700, EDGES_MAX - 1};
        for (unsigned i = 0; i < sizeof counts / sizeof counts[0]; i++) {
            double edges[EDGES_MAX];
            for (uint32_t k = 0; k < counts[i]; k++)
                edges[k] = draw(&random, (enum spread)spread);
            check_edges(edges, finish_edges(edges, counts[i]), &random);
        }
    }
}

#endif
