/* Rolling windows: sums of panes that move by a twelfth.
 *
 * For each window length there are twelve hop buckets, the one being filled, and their running sum.
 * When a hop is complete the sum gains it and loses the one that expired: exact, since counts are
 * integers. Memory does not depend on how many panes a window has. Buckets are kept encoded.
 * Hops begin at whole multiples of the hop since 1970, so two that were given the same panes agree
 * whenever they began. Rebuilt after a restart by adding the stored panes again: rolling_skip to
 * the first pane of all, then the panes of the longest window. */
#ifndef LEEWAY_WINDOW_ROLLING_H
#define LEEWAY_WINDOW_ROLLING_H

#include "window/counts.h"
#include "window/panes.h"

struct rolling;

/* `windows_ms` ascending, `pane_ms` from pane_length. */
struct rolling *rolling_new(const struct layout *layout, const int64_t *windows_ms, uint32_t count,
                            int64_t pane_ms);
void rolling_free(struct rolling *rolling); /* takes NULL */

/* Adds the final pane [start, start + pane_ms), in ascending order of start without repetition
 * (gaps are empty panes; `counts` may be NULL for an empty pane, and one without rows is the same).
 * `start` is a multiple of pane_ms. First start fixes the beginning: windows that would begin
 * before it are not due. Cost: one addition of counts for each window; at a hop also one encoding
 * and one subtraction. A gap of any length costs at most thirteen hops. */
void rolling_add(struct rolling *rolling, struct event_time start, const struct counts *counts);

/* Which windows end exactly at the end of the last added pane and are full (began at or after the
 * first pane): bit i for windows_ms[i]. 0 before the first pane and right after rolling_skip.
 * Windows that end inside a gap are never due: add empty panes for those that should be judged. */
uint32_t rolling_due(const struct rolling *rolling);

/* The sum of window i as of the last complete hop; its extents cover exactly the window. Valid
 * until the next rolling_add. */
const struct counts *rolling_window(struct rolling *rolling, uint32_t i);

/* Rows in the window being filled and all buckets: 0 means that empty panes can be skipped. */
bool rolling_is_empty(const struct rolling *rolling);

/* Starts again at `start` with nothing in any window, as after a gap longer than every window,
 * keeping the beginning. If there is none yet, `start` becomes it. The next pane is at `start` or
 * later. */
void rolling_skip(struct rolling *rolling, struct event_time start);

#endif
