/* The change point by maximum likelihood.
 *
 * Walks from the last pane to the first, so that the moved part is a running sum and the other is
 * the whole less it; twice, because the interval needs the maximum first and memory for all splits
 * would grow with the panes. Deviances are taken from differences of integers, which keeps their
 * digits when both parts have nearly the same law. Refuses to know what a pane's length is. */
#include "stats/changepoint.h"

#include <math.h>
#include <stddef.h>

#include "stats/pmf.h"

struct split {
    const int64_t *b, *c;
    uint32_t cells, panes;
    double pooled[CHANGEPOINT_CELLS_MAX]; /* baseline and all panes */
    double moved[CHANGEPOINT_CELLS_MAX];  /* panes from tau on */
    double rows, pooled_total, moved_total;
};

static double count_of(int64_t count)
{
    return count > 0 ? (double)count : 0;
}

static void split_init(struct split *split, const int64_t *b, uint32_t cells, const int64_t *c,
                       uint32_t panes)
{
    *split = (struct split){.b = b, .c = c, .cells = cells, .panes = panes};
    for (uint32_t i = 0; i < cells; i++) {
        split->pooled[i] = count_of(b[i]);
        split->rows += split->pooled[i];
        for (uint32_t t = 0; t < panes; t++)
            split->pooled[i] += count_of(c[(size_t)t * cells + i]);
        split->pooled_total += split->pooled[i];
    }
}

/* Moves the border one pane back and returns ln L there. */
static double split_back(struct split *split, uint32_t tau)
{
    const int64_t *pane = split->c + (size_t)tau * split->cells;
    for (uint32_t i = 0; i < split->cells; i++) {
        split->moved[i] += count_of(pane[i]);
        split->moved_total += count_of(pane[i]);
    }
    double n = split->pooled_total, n_c = split->moved_total, sum = 0;
    double n_a = n - n_c; /* > 0 within the header's range */
    for (uint32_t i = 0; i < split->cells; i++) {
        double share = split->pooled[i] / n;
        double before = fmax(0, split->pooled[i] - split->moved[i]);
        /* C_i - n_C s_i; the part before tau has the opposite difference. */
        double more = difference_of_products(split->moved[i], n, n_c, split->pooled[i]) / n;
        double less = difference_of_products(before, n, n_a, split->pooled[i]) / n;
        if (share > 0 && n_a > 0)
            sum += deviance_from(n_c * share, more) + deviance_from(n_a * share, less);
    }
    return sum;
}

static void split_rewind(struct split *split)
{
    for (uint32_t i = 0; i < split->cells; i++)
        split->moved[i] = 0;
    split->moved_total = 0;
}

bool changepoint_find(const int64_t *b, uint32_t cells, const int64_t *c, uint32_t panes,
                      double phi, double coverage, struct changepoint *ret_change)
{
    if (cells < 2 || cells > CHANGEPOINT_CELLS_MAX || panes == 0)
        return false;
    struct split split;
    split_init(&split, b, cells, c, panes);
    struct changepoint best = {0, 0, 0, -1};
    for (uint32_t tau = panes; tau-- > 0;) {
        double log_ratio = split_back(&split, tau);
        if (split.moved_total > 0 && log_ratio > best.log_ratio)
            best = (struct changepoint){tau, tau, tau, log_ratio};
    }
    if (!(split.moved_total > 0) || !(split.rows > 0))
        return false;
    double level = coverage > 0 && coverage < 1 ? coverage : 0.95;
    double room = -log1p(-sqrt(level)) * (phi >= 1 ? phi : 1);
    split_rewind(&split);
    for (uint32_t tau = panes; tau-- > 0;) {
        if (split_back(&split, tau) < best.log_ratio - room || !(split.moved_total > 0))
            continue;
        best.low = tau;
        best.high = tau > best.high ? tau : best.high;
    }
    *ret_change = best;
    return true;
}
