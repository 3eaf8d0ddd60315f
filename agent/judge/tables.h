/* Score tables of the e-detector, one for each monitored field of a baseline, and the cells they
 * are on. Pure functions of baseline, policy and pane length: they are no part of the state.
 *
 * Cells: numbers have one below the baseline's minimum, 16 of equal baseline mass (8 if the
 * baseline has fewer than 2,000 values), and one above the maximum, in this order; categories their
 * 16 largest levels with at least 5 rows, the rest, and what was never seen. Both then have one for
 * missing and one for invalid values. Bets on the shape join the tails to the outermost cells; each
 * of the rare cells is a rate with bets of its own, whose null reaches to the baseline's
 * Clopper-Pearson bound (unseen levels: or Good and Turing's), as in the window tests. */
#ifndef LEEWAY_JUDGE_TABLES_H
#define LEEWAY_JUDGE_TABLES_H

#include "judge/judge.h"
#include "stats/edetector.h"

enum { TABLE_GROUPS = 16, TABLE_CELLS_MAX = TABLE_GROUPS + 4, TABLE_RATES_MAX = 6 };

struct field_table {
    bool is_built;
    bool is_watched;               /* monitored, and the baseline has enough rows */
    struct edetector_table *table; /* NULL: nothing to tell apart */
    double phi;                    /* design effect of panes, the largest of its components */
    bool is_number;
    uint32_t cells;                 /* of the table */
    uint32_t values;                /* leading cells that hold values; missing, invalid follow */
    uint32_t shape_cells;           /* of the bets on the shape */
    uint32_t unseen;                /* its cell, or `cells` if unseen values have none */
    int64_t base[TABLE_CELLS_MAX];  /* baseline counts */
    int32_t level[TABLE_CELLS_MAX]; /* categories: the level, -1 for several */
    struct watched_rate {
        enum reason reason;
        double rate, delta; /* the baseline's, and what is worth an alarm: both absolute */
        uint32_t cell, among;
    } rates[TABLE_RATES_MAX];
    uint32_t rate_count;
    uint32_t shape_bets; /* alternatives before those of the rates */
    uint8_t *cell_of;    /* of each of the baseline field's cells */
};

struct judge_tables {
    const struct judge_policy *policy;
    const struct baseline *baseline;
    int64_t pane_ms;
    uint32_t field_count, watched;
    struct field_table *fields; /* field_count */
};

/* The table of a field, built if it is not there yet. */
const struct field_table *tables_field(struct judge_tables *tables, uint32_t field);

/* A pane's or window's counts on the table's cells; returns their sum. */
int64_t field_table_counts(const struct field_table *table, const struct counts *counts,
                           uint32_t field, int64_t *ret_cells);

/* Sums on the table's cells against the baseline. */
void field_table_compare(const struct field_table *table, const int64_t *live,
                         struct comparison *ret);

/* What an alternative that carries an alarm is about. False: it is a rate that the counts since the
 * change do not move by as much as is worth an alarm (statistics.md 7.2). */
bool field_table_reason(const struct field_table *table, uint32_t alternative,
                        const int64_t *counts, enum reason *ret_reason);

#endif
