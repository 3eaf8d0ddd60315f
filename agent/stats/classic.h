/* Classic change detectors on one number after the other: CUSUM, EWMA, Page-Hinkley, ADWIN.
 * statistics.md 3.2. Options beside the e-detector: they see the mean only and know nothing of a
 * baseline's own error.
 *
 * Each is a rule (constant) and a state (a plain value: copy it, store it). A state of zeros,
 * `{0}`, is fresh; a detector that alarms is fresh again, so that the next value starts a new run.
 * A value that is NaN or beyond +-1e100 is skipped: the state stays and there is no alarm. With a
 * NaN in the rule there is never an alarm. */
#ifndef LEEWAY_STATS_CLASSIC_H
#define LEEWAY_STATS_CLASSIC_H

#include <stdbool.h>
#include <stdint.h>

/* Alarm, and where the mean went. */
enum change { CHANGE_NONE = 0, CHANGE_UP = 1, CHANGE_DOWN = -1 };

/* CUSUM (Page 1954) of standardised values (mean 0, sd 1 when nothing has changed): C+ = max(0, C+
 * + x - k), C- = max(0, C- - x - k), alarm above h. k (>= 0) is half the shift to be found soonest;
 * h > 0. Average run length without change, two-sided: k = 0.5, h = 4: 168; h = 5: 465; h = 4.77:
 * 369. One-sided (up): twice that; k = 0.5, h = 7.361: 1e4, 9.662: 1e5, 11.964: 1e6. */
struct cusum_rule {
    double k, h;
    bool is_one_sided; /* up only */
};
struct cusum {
    double up, down;
};
enum change cusum_update(struct cusum *cusum, const struct cusum_rule *rule, double x);

/* EWMA (Roberts 1959; Lucas and Saccucci 1990) of standardised values: z = lambda x + (1 - lambda)
 * z, alarm beyond +-limit sqrt(lambda / (2 - lambda)), the limits of the long run also for the
 * first values. 0 < lambda <= 1, else there is no alarm; limit > 0. Run length 500 without change:
 * (0.4, 3.054), (0.25, 2.998), (0.2, 2.962), (0.1, 2.814), (0.05, 2.615). */
struct ewma_rule {
    double lambda, limit;
};
struct ewma {
    double z;
};
enum change ewma_update(struct ewma *ewma, const struct ewma_rule *rule, double x);

/* Page-Hinkley as river 0.23 defines it: m the running mean (with x), S = alpha S + x - m - delta,
 * alarm up if S - min S > threshold; and mirrored, T = alpha T + x - m + delta, alarm down if max T
 * - T > threshold. No alarm before `least` values. river: delta 0.005, threshold 50, alpha 0.9999,
 * least 30, both sides. All in units of x: for N(0, 1) and these numbers the first false alarm came
 * after 924 values in the reference's stream. delta >= 0, threshold > 0, 0 < alpha <= 1. */
struct page_hinkley_rule {
    double delta, threshold, alpha;
    int64_t least;
    bool is_one_sided; /* up only */
};
struct page_hinkley {
    int64_t count;
    double mean;
    double up, up_least;    /* S, min S; of no meaning while count is 0 */
    double down, down_most; /* T, max T */
};
enum change page_hinkley_update(struct page_hinkley *state, const struct page_hinkley_rule *rule,
                                double x);

/* ADWIN (Bifet and Gavalda 2007) as river 0.23 defines it: a window of the newest values in an
 * exponential histogram with at most 5 buckets of each size 2^i. Every `clock` values (and with
 * more than 10) each cut into an older part of n0 and a newer one of n1 values (both >= 5) is
 * tried: a change if |mean0 - mean1| > sqrt(2 s v L) + 2/3 s L with s = 1/(n0 - 4) + 1/(n1 - 4), v
 * the window's variance, L = ln(2 ln n / delta). River then shortens the window and throws it away
 * at its next value; here it goes at once. Meant for values of a bounded range; 0 < delta < 1
 * (river: 0.002), else there is no alarm; clock >= 1 (river: 32; 0 counts as 1). 5 KiB; a value
 * costs a few additions, a try up to 5 log2(n) square roots. At 5e12 values, when the last size is
 * full, the oldest bucket goes. */
enum { ADWIN_SIZES = 40, ADWIN_BUCKETS = 5 };
struct adwin_rule {
    double delta;
    uint32_t clock;
};
struct adwin_bucket {
    double total;
    double deviation; /* sum of squares about the bucket's mean */
};
struct adwin {
    double width, total, deviation; /* of the window; width is a whole number */
    uint32_t ticks;                 /* values since the last try */
    uint32_t sizes;                 /* rows in use */
    uint32_t filled[ADWIN_SIZES];   /* buckets of size 2^i, oldest first */
    struct adwin_bucket rows[ADWIN_SIZES][ADWIN_BUCKETS + 1];
};
enum change adwin_update(struct adwin *adwin, const struct adwin_rule *rule, double x);

#endif
