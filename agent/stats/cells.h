/* Cells: how a numeric value becomes a small integer that every agent and every pane agree on.
 *
 * A numeric field has `count` cells. Cell 0 holds everything below the baseline's minimum, cell
 * count-1 everything above its maximum; the baseline itself has nothing in these two tails. Between
 * them lie about 128 half-open cells [edges[i-1], edges[i]) of equal baseline mass, and one cell of
 * its own for each heavy value ("atom"). Cells are made once from the baseline and never from the
 * data under test: statistics.md section 2.1. */
#ifndef LEEWAY_STATS_CELLS_H
#define LEEWAY_STATS_CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CELLS_DEFAULT = 128, CELLS_MAX = 1024 };

/* Borrowed view; whoever made the arrays owns them. */
struct cells {
    uint32_t count;      /* cells with both tails: number of edges + 1; at least 3 */
    const double *edges; /* count-1 strictly ascending finite values; edges[0] is the baseline's
                          * minimum, edges[count-2] the next double above its maximum */
};

/* The cell of `x`: the number of edges that are <= x. `x` must not be NaN; infinities fall into the
 * tails. Branch-free binary search. */
uint32_t cells_find(const struct cells *cells, double x);

/* Where sums of a cell are counted from: its left edge, or for cell 0 its right one. */
double cells_origin(const struct cells *cells, uint32_t cell);

/* One distinct value and how often it occurred, or (for a sketch) an interval's representative. */
struct weighted_value {
    double value;
    int64_t weight; /* > 0 */
};

/* Makes the edges from the baseline's values: sorted by value ascending, strictly, `size` >= 1, all
 * finite, total weight m. `wanted` quantile cells (2 to CELLS_MAX/4; CELLS_DEFAULT normally). Atoms
 * are values with weight > m / wanted; if there are at most `wanted` distinct values each gets its
 * own cell. Edges: the minimum; the value of rank floor(k M / wanted) among the M values that are
 * not atoms, for each k; both ends of each atom; the next double above the maximum. With at most
 * `wanted` distinct values all of which are integers, an atom's cell reaches to the next value
 * instead. DBL_MAX is not told from the double before it. Writes at most 2 * wanted + 2 * (number
 * of atoms <= wanted) + 2 <= CELLS_MAX - 1 edges to `ret_edges` (capacity CELLS_MAX) and returns
 * how many. Atom cells are [v, nextafter(v, +inf)).
 */
uint32_t cells_make(const struct weighted_value *values, size_t size, uint32_t wanted,
                    double *ret_edges);

/* True if cell i (not a tail) can only hold one double value. */
bool cells_is_atom(const struct cells *cells, uint32_t cell);

/* Groups consecutive interior cells so that there are at most `wanted` groups of about equal
 * baseline mass: ret_group[i] for i in 0..count-1 is the group of cell i. Tails go to the first and
 * the last group. A group boundary never splits a cell. Returns the number of groups (1..wanted).
 * `mass` has `count` baseline counts. Deterministic: cells go to the current group until the next
 * one would take it further above an equal share of what remains than it is below. A cell heavier
 * than a share has few neighbours in its group; each group has mass, unless there is none at all.
 */
uint32_t cells_group(const int64_t *mass, uint32_t count, uint32_t wanted, uint32_t *ret_group);

#endif
