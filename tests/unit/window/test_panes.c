/* Event time: lengths of panes, and the table of good, late and bad. */
#include <criterion/criterion.h>

#include "support/random.h"
#include "window/panes.h"

static const struct {
    int64_t windows[4];
    uint32_t count;
    int64_t pane_ms; /* 0: refused */
} lengths[] = {
    {{HOUR_MS}, 1, 5 * MINUTE_MS},
    {{HOUR_MS, 24 * HOUR_MS}, 2, 5 * MINUTE_MS},
    {{15 * MINUTE_MS, HOUR_MS, 24 * HOUR_MS}, 3, 5 * SECOND_MS}, /* hop of 75 s */
    {{12 * MINUTE_MS}, 1, MINUTE_MS},
    {{12 * HOUR_MS, 7 * 24 * HOUR_MS}, 2, HOUR_MS},
    {{24 * HOUR_MS}, 1, HOUR_MS},
    {{6 * HOUR_MS, 24 * HOUR_MS}, 2, 15 * MINUTE_MS}, /* hop of 30 min */
    {{3 * HOUR_MS}, 1, 15 * MINUTE_MS},
    {{6 * MINUTE_MS}, 1, 30 * SECOND_MS},
    {{2 * MINUTE_MS}, 1, 10 * SECOND_MS},
    {{MINUTE_MS}, 1, 5 * SECOND_MS},
    {{MINUTE_MS, 7 * MINUTE_MS}, 2, 5 * SECOND_MS},
    {{59 * SECOND_MS}, 1, 0},
    {{90 * SECOND_MS}, 1, 0},
    {{5 * SECOND_MS}, 1, 0},
    {{HOUR_MS, HOUR_MS + 1}, 2, 0},
    {{0}, 1, 0},
    {{-HOUR_MS}, 1, 0},
    {{0}, 0, 0},
};

Test(panes, length_table)
{
    for (unsigned i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        int64_t pane_ms = -1;
        struct err err = {0};
        int code = pane_length(lengths[i].windows, lengths[i].count, &pane_ms, &err);
        if (lengths[i].pane_ms) {
            cr_assert_eq(code, 0, "row %u: %s", i, err.text);
            cr_assert_eq(pane_ms, lengths[i].pane_ms, "row %u: %lld", i, (long long)pane_ms);
        } else {
            cr_assert_eq(code, ERR_INVALID, "row %u", i);
            cr_assert_eq(pane_ms, -1, "row %u", i);
            cr_assert(err.text[0]);
        }
    }
}

Test(panes, too_many_windows)
{
    int64_t windows[WINDOWS_MAX + 1], pane_ms;
    for (int i = 0; i <= WINDOWS_MAX; i++)
        windows[i] = (i + 1) * HOUR_MS;
    cr_assert_eq(pane_length(windows, WINDOWS_MAX, &pane_ms, NULL), 0);
    cr_assert_eq(pane_length(windows, WINDOWS_MAX + 1, &pane_ms, NULL), ERR_INVALID);
}

Test(panes, length_message_names_the_window)
{
    int64_t window = 90 * SECOND_MS, pane_ms;
    struct err err;
    pane_length(&window, 1, &pane_ms, &err);
    cr_assert_str_eq(err.text, "a window of 90s is not whole minutes");
    cr_assert(strstr(err.hint, "1m"));
}

/* Every hop of every window is whole panes, and no longer pane would do. */
Test(panes, length_property)
{
    static const int64_t all[] = {5, 10, 30, 60, 300, 900, 3600};
    struct random random = random_new(31);
    for (int round = 0; round < 500; round++) {
        int64_t windows[3], pane_ms;
        for (int i = 0; i < 3; i++)
            windows[i] = (1 + random_below(&random, 2000)) * (int64_t)MINUTE_MS;
        cr_assert_eq(pane_length(windows, 3, &pane_ms, NULL), 0);
        for (unsigned l = 0; l < 7; l++) {
            bool fits = true;
            for (int i = 0; i < 3; i++)
                fits = fits && windows[i] % (12 * 1000 * all[l]) == 0;
            cr_assert(fits ? pane_ms >= all[l] * 1000 : pane_ms != all[l] * 1000);
        }
    }
}

#define T0 INT64_C(1700000000000) /* 2023-11-14T22:13:20Z */
enum { LATENESS = 2 * MINUTE_MS };

static const struct {
    const char *what;
    int64_t max_ms, event_ms, broker_ms;
    enum time_result result;
    int64_t max_after_ms;
} steps[] = {
    {"first", TIME_NONE, T0, T0, TIME_GOOD, T0},
    {"first, no broker time", TIME_NONE, T0, TIME_NONE, TIME_GOOD, T0},
    {"later", T0, T0 + 1, T0, TIME_GOOD, T0 + 1},
    {"the same", T0, T0, T0, TIME_GOOD, T0},
    {"earlier within lateness", T0, T0 - LATENESS + 1, T0, TIME_GOOD, T0},
    {"at the watermark", T0, T0 - LATENESS, T0, TIME_GOOD, T0},
    {"before the watermark", T0, T0 - LATENESS - 1, T0, TIME_LATE, T0},
    {"a day late", T0, T0 - DAY_MS, T0, TIME_LATE, T0},
    {"5 min ahead of the broker", T0, T0 + AHEAD_MAX_MS, T0, TIME_GOOD, T0 + AHEAD_MAX_MS},
    {"more than that", T0, T0 + AHEAD_MAX_MS + 1, T0, TIME_BAD, T0},
    {"a day ahead", T0, T0 + DAY_MS, T0, TIME_BAD, T0},
    {"a day ahead, no broker time", T0, T0 + DAY_MS, TIME_NONE, TIME_GOOD, T0 + DAY_MS},
    {"late and ahead of a slow broker", T0, T0 - DAY_MS, T0 - 2 * DAY_MS, TIME_BAD, T0},
    {"long behind the broker", TIME_NONE, T0 - DAY_MS, T0, TIME_GOOD, T0 - DAY_MS},
    {"2000-01-01", TIME_NONE, 946684800000, TIME_NONE, TIME_GOOD, 946684800000},
    {"just before", TIME_NONE, 946684799999, TIME_NONE, TIME_BAD, TIME_NONE},
    {"2100-01-01", TIME_NONE, 4102444800000, TIME_NONE, TIME_GOOD, 4102444800000},
    {"just after", TIME_NONE, 4102444800001, TIME_NONE, TIME_BAD, TIME_NONE},
    {"1970", T0, 0, TIME_NONE, TIME_BAD, T0},
    {"seconds as milliseconds", T0, T0 / 1000, TIME_NONE, TIME_BAD, T0},
    {"negative", T0, -1, TIME_NONE, TIME_BAD, T0},
    {"smallest", T0, INT64_MIN, T0, TIME_BAD, T0},
    {"largest", T0, INT64_MAX, TIME_NONE, TIME_BAD, T0},
    {"a thousand years ahead", T0, T0 + 1000 * 365 * DAY_MS, T0, TIME_BAD, T0},
    {"hostile broker time", T0, T0, INT64_MAX, TIME_GOOD, T0},
    {"hostile broker time, negative", T0, T0, INT64_MIN + 1, TIME_BAD, T0},
};

Test(panes, clock_table)
{
    for (unsigned i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct partition_clock clock = {steps[i].max_ms};
        enum time_result result = partition_clock_step(
            &clock, (struct event_time){steps[i].event_ms}, steps[i].broker_ms, LATENESS);
        cr_assert_eq(result, steps[i].result, "%s: %d", steps[i].what, result);
        cr_assert_eq(clock.max_event_ms, steps[i].max_after_ms, "%s", steps[i].what);
    }
}

Test(panes, watermark)
{
    struct partition_clock clock = {TIME_NONE};
    cr_assert_eq(partition_clock_watermark(&clock, LATENESS), TIME_NONE);
    partition_clock_step(&clock, (struct event_time){T0}, TIME_NONE, LATENESS);
    cr_assert_eq(partition_clock_watermark(&clock, LATENESS), T0 - LATENESS);
    cr_assert_eq(partition_clock_watermark(&clock, 0), T0);
}

/* Within the lateness no order makes a record late; the clock never goes back. */
Test(panes, clock_property)
{
    struct random random = random_new(32);
    struct partition_clock clock = {TIME_NONE};
    for (int i = 0; i < 20000; i++) {
        int64_t before = clock.max_event_ms;
        int64_t event = T0 + i * 100 - random_below(&random, 2 * LATENESS);
        enum time_result result =
            partition_clock_step(&clock, (struct event_time){event}, TIME_NONE, LATENESS);
        cr_assert_geq(clock.max_event_ms, before);
        cr_assert_eq(result == TIME_LATE, before != TIME_NONE && event < before - LATENESS);
    }
}
