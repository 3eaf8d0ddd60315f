/* Comparison: how far a window is from the baseline, in the names people know, each with what noise
 * alone would give.
 *
 * Pure functions of counts. Definitions and null distributions: docs/STATISTICS.md and
 * statistics.md 1.3. Nothing here decides whether something is an alarm; that is judge's. */
#ifndef LEEWAY_COMPARE_COMPARE_H
#define LEEWAY_COMPARE_COMPARE_H

#include "window/counts.h"

/* A reported score. NaN where it is not defined (no values, zero variance). */
struct score {
    double value;
    double noise_floor; /* its expected value if nothing had changed, at these sample sizes */
    double debiased;    /* value less the floor, on the score's own scale; may be negative */
};

enum score_kind {
    SCORE_PSI, /* Jeffreys divergence on the test cells, 1/2 added to each; nats; [0, inf) */
    SCORE_JS,  /* Jensen-Shannon distance, base 2, on the test cells; [0, 1] */
    SCORE_KS,  /* lower bound of Kolmogorov-Smirnov D on the fine cells; [0, 1]; numbers only */
    SCORE_WASSERSTEIN, /* W1 over the baseline's sd, from cells with sums; [0, inf); numbers only */
    SCORE_KINDS
};

const char *score_name(enum score_kind kind); /* "psi", "js", "ks", "wasserstein" */

/* A test of "no more than a negligible effect". */
struct component {
    double statistic; /* z^2, T or G */
    double df;
    double effect; /* debiased, on the PSI scale: (statistic - phi df) / N */
    double z;      /* signed, for one-degree components; 0 else */
};

enum { COMPONENTS = 4 };

/* Everything computed from one field of one window against its baseline. */
struct comparison {
    int64_t n; /* live values: all cells with both tails (tails join the outermost test cells), all
                * levels and "other" without unseen ones */
    int64_t m; /* the same in the baseline */
    double n_effective; /* N = n m / (n + m) of the test cells, where unseen values join "other" if
                           the baseline has any of these */
    struct score scores[SCORE_KINDS];

    /* Test cells: fine cells merged to 8, 16 or 32 of equal baseline mass by n; levels merged by
     * expected count. */
    uint32_t test_cells;
    /* The test cell whose share moved most for its size. */
    int32_t
        moved_level; /* its level in the baseline, or -1: numbers, or the levels that were merged */
    int64_t moved_base, moved_live;
    struct component smooth[COMPONENTS]; /* numbers: location, scale, skew, tails */
    uint32_t smooth_count;               /* 0 for categories or too few cells */
    struct component smooth_all;         /* sum of the smooth components */
    struct component g;                  /* G on the test cells */
    double mean_shift_sd;                /* (live mean - baseline mean) / sd; NaN if not a number */

    /* Rates, live and baseline: how many of how many. */
    int64_t total;                             /* records: values, missing, invalid */
    int64_t missing, invalid;                  /* absent, null, NaN; wrong type, infinite */
    int64_t below, above, unseen;              /* tails of numbers; categories never seen */
    int64_t below_min, above_max, not_allowed; /* violations of the config */
};

/* Compares window counts of `field` with the baseline. With n = 0 all scores are NaN and statistics
 * 0. Never NaN in statistics. */
void compare_field(const struct counts *window, uint32_t field, struct comparison *ret);

/* The same for one segment value, on coarse cells: only G and PSI, missing. The segment's own
 * baseline marginal is the reference. */
void compare_segment(const struct counts *window, uint32_t segment, uint32_t value, uint32_t field,
                     struct comparison *ret);

enum { CELL_COUNTS_MAX = 34 };

/* Counts that are not a window's: on few cells, summed by somebody else. */
struct cell_counts {
    const int64_t *base, *live; /* values only; `count` <= CELL_COUNTS_MAX cells */
    uint32_t count;
    const int32_t *levels; /* a category's level of each cell, or -1; NULL: a number, whose cells
                              are in ascending order */
    /* Live. Below and above are in the first and the last cell; of what is unseen some may be in
     * the last. */
    int64_t missing, invalid, below, above, unseen, unseen_in_last;
};

/* The same from such counts: no KS, no Wasserstein, no mean. */
void compare_cell_counts(const struct cell_counts *counts, struct comparison *ret);

#endif
