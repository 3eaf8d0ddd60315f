/* Panes and event time: which pane a record belongs to, and when a pane is final.
 *
 * A pane is the smallest interval of event time that is counted: the longest of 5 s, 10 s, 30 s, 1
 * min, 5 min, 15 min, 1 h that is at most a twelfth of the shortest window and divides all windows
 * (DESIGN section 7). Each partition has a watermark, its largest event time minus the lateness; a
 * record older than its own partition's watermark is late. A time too far ahead of the broker's
 * timestamp, or absurd, is bad and moves nothing. Pure; the wall clock is never read. */
#ifndef LEEWAY_WINDOW_PANES_H
#define LEEWAY_WINDOW_PANES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/when.h"

#define TIME_NONE INT64_MIN /* "no event time yet"; "no broker timestamp" */

enum { AHEAD_MAX_MS = 5 * MINUTE_MS, WINDOW_HOPS = 12, WINDOWS_MAX = 8 };

/* The pane length for these windows (ascending, count >= 1), or ERR_INVALID if a window is shorter
 * than a minute or not a multiple of 12 panes. */
int pane_length(const int64_t *windows_ms, uint32_t count, int64_t *ret_pane_ms,
                struct err *reterr);

/* One partition's clock. Start with max_event_ms = TIME_NONE. */
struct partition_clock {
    int64_t max_event_ms; /* largest good event time seen, or TIME_NONE */
};

enum time_result { TIME_GOOD, TIME_LATE, TIME_BAD };

/* Judges a record's event time and advances the clock if it is good or... exactly: good and later
 * than the maximum. `broker_ms` is the broker's timestamp or TIME_NONE (then only absurd times,
 * before 2000 or after 2100, are bad). */
enum time_result partition_clock_step(struct partition_clock *clock, struct event_time event,
                                      int64_t broker_ms, int64_t lateness_ms);

/* max_event_ms - lateness, or TIME_NONE. Panes that end at or before the smallest watermark of all
 * partitions are final. */
int64_t partition_clock_watermark(const struct partition_clock *clock, int64_t lateness_ms);

#endif
