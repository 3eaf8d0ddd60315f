/* ADWIN: a window that is as long as its mean has been the same.
 *
 * The window is an exponential histogram: row i holds up to 5 buckets of 2^i values each, as total
 * and sum of squared deviations; a sixth makes the two oldest of the row one bucket of the next.
 * So 200 buckets stand for any window, and only the borders between buckets are tried as cuts.
 * Sums of squares are merged by the parallel formula, never as sum of x squared. Refuses to know
 * the scale of the values, which its bound assumes to be about 1. */
#include <math.h>

#include "stats/classic.h"

static const double value_max = 1e100;
static const double window_least = 10; /* no try with this many values or fewer */
static const double part_least = 5;

/* Between-groups sum of squares of n1 and n2 values whose means differ by `difference`. */
static double between(double n1, double n2, double difference)
{
    return n1 * n2 * difference * difference / (n1 + n2);
}

static void row_shift(struct adwin *adwin, uint32_t row, uint32_t gone)
{
    adwin->filled[row] -= gone;
    for (uint32_t j = 0; j < adwin->filled[row]; j++)
        adwin->rows[row][j] = adwin->rows[row][j + gone];
}

static void drop_oldest(struct adwin *adwin)
{
    uint32_t row = adwin->sizes - 1;
    double n = ldexp(1, (int)row);
    struct adwin_bucket oldest = adwin->rows[row][0];
    adwin->width -= n;
    adwin->total -= oldest.total;
    double rest = adwin->width > 0 ? adwin->total / adwin->width : 0;
    double apart = between(n, adwin->width, oldest.total / n - rest);
    adwin->deviation = fmax(0, adwin->deviation - oldest.deviation - apart);
    row_shift(adwin, row, 1);
    if (adwin->filled[row] == 0)
        adwin->sizes--;
}

/* Row `row` has one bucket too many: its two oldest become one of the next row. */
static void merge_oldest(struct adwin *adwin, uint32_t row)
{
    double n = ldexp(1, (int)row);
    const struct adwin_bucket *a = &adwin->rows[row][0], *b = &adwin->rows[row][1];
    double apart = between(n, n, a->total / n - b->total / n);
    struct adwin_bucket merged = {a->total + b->total, a->deviation + b->deviation + apart};
    row_shift(adwin, row, 2);
    if (adwin->sizes == row + 1)
        adwin->sizes++;
    adwin->rows[row + 1][adwin->filled[row + 1]++] = merged;
}

static void append(struct adwin *adwin, double x)
{
    if (adwin->sizes == 0)
        adwin->sizes = 1;
    if (adwin->width > 0)
        adwin->deviation += between(1, adwin->width, x - adwin->total / adwin->width);
    adwin->width += 1;
    adwin->total += x;
    adwin->rows[0][adwin->filled[0]++] = (struct adwin_bucket){x, 0};
    for (uint32_t row = 0; adwin->filled[row] > ADWIN_BUCKETS; row++) {
        if (row + 1 == ADWIN_SIZES) {
            drop_oldest(adwin);
            break;
        }
        merge_oldest(adwin, row);
    }
}

/* What all cuts of a window share. */
struct bound {
    double log_term, variance;
};

/* Whether the means of the n0 oldest values and the others differ by more than chance, and how. */
static enum change cut_change(const struct adwin *adwin, const struct bound *bound, double n0,
                              double total0)
{
    double n1 = adwin->width - n0;
    if (n0 < part_least || n1 < part_least)
        return CHANGE_NONE;
    double difference = total0 / n0 - (adwin->total - total0) / n1;
    double rate = 1 / (n0 - part_least + 1) + 1 / (n1 - part_least + 1);
    double epsilon =
        sqrt(2 * rate * bound->variance * bound->log_term) + 2.0 / 3 * bound->log_term * rate;
    if (!(fabs(difference) > epsilon))
        return CHANGE_NONE;
    return difference < 0 ? CHANGE_UP : CHANGE_DOWN;
}

/* The first cut, from the oldest on, with a change. */
static enum change window_change(const struct adwin *adwin, double delta)
{
    struct bound bound = {log(2 * log(adwin->width) / delta), adwin->deviation / adwin->width};
    double n0 = 0, total0 = 0;
    for (uint32_t row = adwin->sizes; row-- > 0;) {
        double size = ldexp(1, (int)row);
        for (uint32_t j = 0; j < adwin->filled[row]; j++) {
            n0 += size;
            total0 += adwin->rows[row][j].total;
            enum change change = cut_change(adwin, &bound, n0, total0);
            if (change != CHANGE_NONE)
                return change;
        }
    }
    return CHANGE_NONE;
}

enum change adwin_update(struct adwin *adwin, const struct adwin_rule *rule, double x)
{
    if (!(fabs(x) <= value_max))
        return CHANGE_NONE;
    append(adwin, x);
    if (++adwin->ticks < rule->clock)
        return CHANGE_NONE;
    adwin->ticks = 0;
    if (adwin->width <= window_least || !(rule->delta > 0 && rule->delta < 1))
        return CHANGE_NONE;
    enum change change = window_change(adwin, rule->delta);
    if (change != CHANGE_NONE)
        *adwin = (struct adwin){0};
    return change;
}
