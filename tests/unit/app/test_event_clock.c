/* Records in place of time: hops of a twelfth of a window's records, and the way back. */
#include <criterion/criterion.h>
#include <inttypes.h>

#include "app/event_clock.h"
#include "base/when.h"

TestSuite(event_clock);

Test(event_clock, what_is_a_window_of_events)
{
    int64_t events = 7;
    cr_assert(event_clock_parse("10000 events", &events));
    cr_assert_eq(events, 10000);
    static const char *const bad[] = {"",
                                      "events",
                                      "10000",
                                      "10000events",
                                      "11 events",
                                      "-5 events",
                                      "0 events",
                                      " 5000 events",
                                      "1h",
                                      "5000 event",
                                      "5e3 events",
                                      "5000 events ",
                                      "1000000001 events",
                                      "99999999999999999999 events"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert_not(event_clock_parse(bad[i], &events), "%s", bad[i]);
    cr_assert_eq(events, 10000, "untouched");
}

/* The k-th hop begins with record ceil(k N / 12), also where 12 does not divide N. */
Test(event_clock, a_window_is_twelve_hops_of_its_records)
{
    static const int64_t sizes[] = {12, 13, 100, 5000, 4999};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        struct event_clock clock;
        int64_t first = 0, hops = 0, before = 0;
        event_clock_init(&clock, sizes[s], HOUR_MS);
        for (int64_t i = 0; i < 3 * sizes[s]; i++) {
            int64_t now = event_clock_tick(&clock, (struct event_time){TIME_NONE}).ms;
            first = i ? first : now;
            cr_assert_eq(now, first + i * 12 / sizes[s] * (HOUR_MS / 12));
            hops += now != before;
            before = now;
        }
        cr_assert_eq(hops, 36, "three windows of %" PRId64, sizes[s]);
        cr_assert_eq(first % HOUR_MS, 0, "windows begin with the first record");
        event_clock_release(&clock);
    }
}

static const char *text_at(const json_t *json, const char *key)
{
    return json_string_value(json_object_get(json, key));
}

static json_t *span(struct event_time start, struct event_time end)
{
    char from[32], to[32];
    json_t *inner =
        json_pack("[{s:s,s:s}]", "start", event_time_format(start, from), "window", "1h");
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:o,s:i}", "start", event_time_format(start, from),
                     "end", event_time_format(end, to), "window", "1h", "title",
                     event_time_format(start, from), "other", "24h", "members", inner, "n", 1);
}

Test(event_clock, back_to_real_times)
{
    struct event_clock clock;
    struct event_time begin, end;
    event_clock_init(&clock, 24, HOUR_MS);
    begin = event_clock_tick(&clock, (struct event_time){1000});
    for (int64_t i = 1; i < 36; i++)
        end = event_clock_tick(&clock, (struct event_time){1000 + i * 60000});
    json_t *json = span(begin, end);
    event_clock_translate(&clock, json);
    cr_assert_str_eq(text_at(json, "start"), "1970-01-01T00:00:01Z");
    cr_assert_str_eq(text_at(json, "end"), "1970-01-01T00:34:01Z", "hop 17 begins with record 34");
    cr_assert_str_eq(text_at(json, "window"), "24 events");
    cr_assert_neq(text_at(json, "title")[0], '1', "only times are translated");
    cr_assert_str_eq(text_at(json, "other"), "24h");
    const json_t *inner = json_array_get(json_object_get(json, "members"), 0);
    cr_assert_str_eq(text_at(inner, "start"), "1970-01-01T00:00:01Z");
    cr_assert_str_eq(text_at(inner, "window"), "24 events");
    json_decref(json);
    event_clock_release(&clock);
}

Test(event_clock, records_without_times_are_numbered)
{
    struct event_clock clock;
    struct event_time begin, end;
    event_clock_init(&clock, 120, HOUR_MS);
    begin = event_clock_tick(&clock, (struct event_time){TIME_NONE});
    for (int64_t i = 1; i < 120; i++)
        end = event_clock_tick(&clock, (struct event_time){TIME_NONE});
    json_t *json = span(begin, (struct event_time){end.ms + HOUR_MS / 12});
    event_clock_translate(&clock, json);
    cr_assert_str_eq(text_at(json, "start"), "event 0");
    cr_assert_str_eq(text_at(json, "end"), "event 120");
    json_decref(json);
    event_clock_release(&clock);
}
