/* Event time: the length of a pane, and the clock of a partition.
 *
 * Problem: a verdict may be given only when no record for it can come any more, and records come
 * out of order, late, and with wrong clocks. It assumes that a partition's records come in offset
 * order. It refuses to read a clock: what is late or bad follows from the records alone, so a
 * replay says the same. */
#include "window/panes.h"

/* 2000-01-01 and 2100-01-01, both T00:00:00Z (`date -u -d 2000-01-01 +%s`). */
static const int64_t earliest_ms = 946684800000, latest_ms = 4102444800000;

static bool all_have_twelve(const int64_t *windows_ms, uint32_t count, int64_t pane_ms)
{
    for (uint32_t i = 0; i < count; i++)
        if (windows_ms[i] % (WINDOW_HOPS * pane_ms) != 0)
            return false;
    return true;
}

int pane_length(const int64_t *windows_ms, uint32_t count, int64_t *ret_pane_ms, struct err *reterr)
{
    static const int64_t lengths[] = {HOUR_MS,        15 * MINUTE_MS, 5 * MINUTE_MS, MINUTE_MS,
                                      30 * SECOND_MS, 10 * SECOND_MS, 5 * SECOND_MS};
    if (count < 1 || count > WINDOWS_MAX)
        return err_set(reterr, ERR_INVALID, "%u windows, but 1 to %d are possible", count,
                       WINDOWS_MAX);
    for (uint32_t i = 0; i < count; i++)
        if (windows_ms[i] <= 0 || windows_ms[i] % MINUTE_MS != 0) {
            char text[24];
            err_set(reterr, ERR_INVALID, "a window of %s is not whole minutes",
                    windows_ms[i] > 0 ? duration_format(windows_ms[i], text) : "no length");
            err_hint(reterr, "Use a multiple of 1m, so that a twelfth of it is whole panes.");
            return ERR_INVALID;
        }
    for (unsigned i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
        if (all_have_twelve(windows_ms, count, lengths[i])) {
            *ret_pane_ms = lengths[i];
            break;
        }
    return 0;
}

enum time_result partition_clock_step(struct partition_clock *clock, struct event_time event,
                                      int64_t broker_ms, int64_t lateness_ms)
{
    if (event.ms < earliest_ms || event.ms > latest_ms)
        return TIME_BAD;
    /* Subtracted from the time that is known to be sane: the broker's may be anything. */
    if (broker_ms != TIME_NONE && event.ms - AHEAD_MAX_MS > broker_ms)
        return TIME_BAD;
    if (clock->max_event_ms != TIME_NONE && event.ms < clock->max_event_ms - lateness_ms)
        return TIME_LATE;
    if (event.ms > clock->max_event_ms)
        clock->max_event_ms = event.ms;
    return TIME_GOOD;
}

int64_t partition_clock_watermark(const struct partition_clock *clock, int64_t lateness_ms)
{
    return clock->max_event_ms == TIME_NONE ? TIME_NONE : clock->max_event_ms - lateness_ms;
}
