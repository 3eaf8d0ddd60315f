/* Cell edges from a baseline, and the cell of a value.
 *
 * Live data never move an edge: one outlier among them must not be able to squeeze everything else
 * into a single cell, as it does where bins span both samples. Assumes values sorted and distinct;
 * refuses to know fields, units or time. */
#include "stats/cells.h"

#include <float.h>
#include <math.h>

uint32_t cells_find(const struct cells *cells, double x)
{
    const double *base = cells->edges;
    uint32_t size = cells->count - 1;
    while (size > 1) {
        uint32_t half = size / 2;
        base += base[half - 1] <= x ? half : 0;
        size -= half;
    }
    return (uint32_t)(base - cells->edges) + (base[0] <= x ? 1 : 0);
}

double cells_origin(const struct cells *cells, uint32_t cell)
{
    return cells->edges[cell > 0 ? cell - 1 : 0];
}

bool cells_is_atom(const struct cells *cells, uint32_t cell)
{
    if (cell == 0 || cell + 1 >= cells->count)
        return false;
    return !(cells->edges[cell] > nextafter(cells->edges[cell - 1], HUGE_VAL));
}

/* Edges come in ascending order; what is not above the last one is there already. */
static uint32_t edge_add(double *edges, uint32_t size, double edge)
{
    if (size > 0 && !(edge > edges[size - 1]))
        return size;
    edges[size] = edge;
    return size + 1;
}

/* The next double is finite too, so that every value has an edge above it. */
static double edge_below(double value)
{
    return fmin(value, nextafter(DBL_MAX, 0));
}

static bool is_integral(const struct weighted_value *values, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (floor(values[i].value) < values[i].value)
            return false;
    return true;
}

/* Ranks of the quantile edges among the values that are not atoms: floor(k total / wanted). */
struct ranks {
    int64_t total;
    int64_t passed; /* non-atoms so far */
    int64_t next;   /* k of the next edge */
    uint32_t wanted;
};

/* floor(k total / wanted) without the overflow of k total. */
static int64_t ranks_at(const struct ranks *ranks, int64_t k)
{
    int64_t wanted = ranks->wanted;
    return ranks->total / wanted * k + ranks->total % wanted * k / wanted;
}

/* Takes `weight` equal values; true if one of them is an edge. */
static bool ranks_pass(struct ranks *ranks, int64_t weight)
{
    bool is_edge = false;
    ranks->passed += weight;
    while (ranks->next < ranks->wanted && ranks_at(ranks, ranks->next) < ranks->passed) {
        is_edge = true;
        ranks->next++;
    }
    return is_edge;
}

uint32_t cells_make(const struct weighted_value *values, size_t size, uint32_t wanted,
                    double *ret_edges)
{
    int64_t total = 0;
    for (size_t i = 0; i < size; i++)
        total += values[i].weight;
    int64_t light = total / wanted; /* an atom is heavier; total / wanted need not be whole */
    struct ranks ranks = {.wanted = wanted};
    for (size_t i = 0; i < size; i++)
        ranks.total += values[i].weight > light ? 0 : values[i].weight;
    bool is_each = size <= wanted;
    /* Between integers there is nothing to separate an atom from. */
    bool is_split = !(is_each && is_integral(values, size));
    uint32_t count = 0;
    for (size_t i = 0; i < size; i++) {
        double value = edge_below(values[i].value);
        bool is_atom = values[i].weight > light;
        bool is_edge = is_atom || ranks_pass(&ranks, values[i].weight);
        if (is_edge || is_each || i == 0)
            count = edge_add(ret_edges, count, value);
        if (is_atom && is_split)
            count = edge_add(ret_edges, count, nextafter(value, HUGE_VAL));
    }
    return edge_add(ret_edges, count, nextafter(edge_below(values[size - 1].value), HUGE_VAL));
}

uint32_t cells_group(const int64_t *mass, uint32_t count, uint32_t wanted, uint32_t *ret_group)
{
    int64_t remaining = 0;
    for (uint32_t i = 0; i < count; i++)
        remaining += mass[i];
    uint32_t group = 0;
    int64_t left = wanted; /* groups that may still be filled, with the current one */
    int64_t filled = 0;
    for (uint32_t i = 0; i < count; i++) {
        bool is_tail = i == 0 || i + 1 == count;
        /* Close the group if this cell would take it further above an equal share of what remains
         * than it is below now: 2 filled + mass > 2 remaining / left. */
        bool is_over = (2 * filled + mass[i]) * left > 2 * remaining;
        if (is_over && filled > 0 && mass[i] > 0 && left > 1 && !is_tail) {
            remaining -= filled;
            filled = 0;
            left--;
            group++;
        }
        filled += mass[i];
        ret_group[i] = group;
    }
    return group + 1;
}
