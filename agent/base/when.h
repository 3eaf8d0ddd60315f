/* Two kinds of time that cannot be mixed, and the text forms of instants and durations.
 *
 * `struct event_time` is when something happened, as the record says: milliseconds since
 * 1970-01-01T00:00:00Z. `struct loop_time` is the machine's monotonic clock, in milliseconds since
 * an unknown start; only the shell reads it. */
#ifndef LEEWAY_BASE_WHEN_H
#define LEEWAY_BASE_WHEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

struct event_time {
    int64_t ms;
};

struct loop_time {
    int64_t ms;
};

enum { SECOND_MS = 1000, MINUTE_MS = 60 * SECOND_MS, HOUR_MS = 60 * MINUTE_MS };
#define DAY_MS  ((int64_t)24 * HOUR_MS)
#define WEEK_MS ((int64_t)7 * DAY_MS)

/* The largest multiple of `step_ms` (> 0) that is not after `time`, also before 1970. */
struct event_time event_time_floor(struct event_time time, int64_t step_ms);

/* Parses an RFC 3339 instant ("2026-11-23T06:42:12.123Z", offsets, a space for T, seconds may have
 * any number of decimals, a date alone is midnight UTC). Without an offset UTC is meant.
 * Returns false for anything else. No allocation, no locale, no errno. */
bool event_time_parse(struct bytes text, struct event_time *ret_time);

/* A number as an instant: seconds, milliseconds, microseconds or nanoseconds since 1970, told apart
 * by size (|x| < 1e11 seconds, < 1e14 ms, < 1e17 us). False for NaN and infinities. */
bool event_time_from_number(double number, struct event_time *ret_time);

/* "2013-02-08T06:00:00Z", with ".123" only if milliseconds are not 0. Buffer of 32 bytes or more.
 */
const char *event_time_format(struct event_time time, char *ret_text);

/* "5s", "15m", "1h", "24h", "7d", "2w", "90 days", "1h30m", "250ms"; > 0, numbers of at most 18
 * digits. False for anything else, also for what is too long for an int64_t of milliseconds. */
bool duration_parse(struct bytes text, int64_t *ret_ms);

/* The shortest exact form with one unit: 3600000 is "1h", 5400000 is "90m". 24 bytes or more. */
const char *duration_format(int64_t ms, char *ret_text);

#endif
