/* Panes and event time: which pane a record belongs to, and when a pane is final.
 *
 * A pane is the smallest interval of event time that is counted: the longest of 5 s, 10 s, 30 s, 1
 * min, 5 min, 15 min, 1 h of which every window has a multiple of twelve, so that a twelfth of each
 * window, its hop, is whole panes. (So 15 min needs 5 s: its hop of 75 s is not whole minutes.)
 * Each partition has a watermark, its largest event time minus the lateness; a record older than
 * its own partition's watermark is late. A time too far ahead of the broker's timestamp, or absurd,
 * is bad and moves nothing. Pure; the wall clock is never read. */
#ifndef LEEWAY_WINDOW_PANES_H
#define LEEWAY_WINDOW_PANES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/when.h"

#define TIME_NONE INT64_MIN /* "no event time yet"; "no broker timestamp" */

enum { AHEAD_MAX_MS = 5 * MINUTE_MS, WINDOW_HOPS = 12, WINDOWS_MAX = 8 };

/* The pane length for these windows (ascending, 1 to WINDOWS_MAX), or ERR_INVALID if there are none
 * or too many, or if one is not whole minutes: those and only those have twelve panes of 5 s. */
int pane_length(const int64_t *windows_ms, uint32_t count, int64_t *ret_pane_ms,
                struct err *reterr);

/* One partition's clock. Start with max_event_ms = TIME_NONE. */
struct partition_clock {
    int64_t max_event_ms; /* largest good event time seen, or TIME_NONE */
};

enum time_result { TIME_GOOD, TIME_LATE, TIME_BAD };

/* Judges a record's event time. In this order: bad if before 2000 or after 2100-01-01T00:00Z, or
 * more than AHEAD_MAX_MS after the broker's timestamp `broker_ms` (TIME_NONE: not known, not
 * compared); late if older than the clock's watermark; else good, and the clock moves to it if it
 * is the latest so far. Late and bad times move nothing. `lateness_ms` >= 0. */
enum time_result partition_clock_step(struct partition_clock *clock, struct event_time event,
                                      int64_t broker_ms, int64_t lateness_ms);

/* max_event_ms - lateness, or TIME_NONE before the first good record. Panes that end at or before
 * the smallest watermark of all partitions are final. */
int64_t partition_clock_watermark(const struct partition_clock *clock, int64_t lateness_ms);

#endif
