/* Ways in which a distribution on cells may have moved: a finite family around the baseline, placed
 * at chosen distances, which the e-detector mixes over. statistics.md 3.4 "Alternatives". */
#ifndef LEEWAY_STATS_ALTERNATIVES_H
#define LEEWAY_STATS_ALTERNATIVES_H

#include <stdbool.h>
#include <stdint.h>

enum {
    ALTERNATIVES_CELLS_MAX = 34,
    ALTERNATIVES_MULTIPLES = 4,
    /* nominal: a gain and a loss of each cell; ordinal: 8 tilts and a gain of each cell */
    ALTERNATIVES_MAX = 2 * ALTERNATIVES_CELLS_MAX * ALTERNATIVES_MULTIPLES
};

enum alternative_kind {
    ALTERNATIVE_TILT, /* shares times exp(t polynomial): location, scale, skew, tails */
    ALTERNATIVE_GAIN, /* one cell takes from all others in proportion */
    ALTERNATIVE_LOSS, /* one cell gives to all others in proportion */
    ALTERNATIVE_RATE  /* more of a cell among some, or less: edetector_table_extend */
};

/* Which family of alternatives. */
enum alternative_set {
    ALTERNATIVES_TILTS,           /* ordinal cells, tilts only */
    ALTERNATIVES_TILTS_AND_GAINS, /* ordinal cells: also spikes */
    ALTERNATIVES_NOMINAL          /* cells without order: gains and losses */
};

struct alternative {
    enum alternative_kind kind;
    uint32_t which;  /* tilt: polynomial, 0 location to 3 tails; else the cell */
    int sign;        /* tilt and rate: +1 or -1 */
    double multiple; /* KL(p || this) = multiple * radius; rate: this over the bound */
    double t;        /* how far along its direction: see the .c */
};

/* Makes the alternatives with KL(p || r) = c radius, c = 2.5, 6, 15, 40, in a fixed order. p_counts
 * (> 0 in each of `count` <= ALTERNATIVES_CELLS_MAX cells) are the baseline, p their shares. One
 * that cannot be so far away (a tilt beyond t = 6, a gain beyond 99.9 % of all, a loss beyond all
 * but a millionth) is left out, so is the loss of a cell with 99.9 %. Writes what they are to
 * `ret_list`, the shares of number k to ret_shares[k * count …] (both of ALTERNATIVES_MAX) and
 * returns how many; 0 unless 2 <= count <= ALTERNATIVES_CELLS_MAX. */
uint32_t alternatives_make(const int64_t *p_counts, const double *p, uint32_t count,
                           enum alternative_set set, double radius, struct alternative *ret_list,
                           double *ret_shares);

/* Where a gain or loss of `cell` meets KL(p || r) = radius: its t, for alternative.t's of the same
 * direction. 0 < p_cell < 1. */
double alternative_border(enum alternative_kind kind, double p_cell, double radius);

/* A gain or loss of a cell with share p_cell at t: ln(r / p) of that cell, and of every other. */
void alternative_log_ratios(enum alternative_kind kind, double p_cell, double t, double *ret_cell,
                            double *ret_others);

enum { ALTERNATIVE_NAME_BYTES = 32 };

/* "location up", "scale down", "skew up", "tails down", "cell 7 gains", "cell 2 loses",
 * "cell 9 more often", "cell 9 less often". Buffer of
 * ALTERNATIVE_NAME_BYTES; returned. */
const char *alternative_name(const struct alternative *alternative, char *ret_name);

#endif
