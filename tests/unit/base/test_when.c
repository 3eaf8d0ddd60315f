/* Instants and durations as text, both ways. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/when.h"
#include "support/random.h"

/* By Python: (datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=utc)) /
 * timedelta(milliseconds=1) */
static const struct {
    const char *text;
    int64_t ms;
} instants[] = {
    {"1970-01-01T00:00:00Z", INT64_C(0)},
    {"2013-02-08T06:00:00Z", INT64_C(1360303200000)},
    {"2026-11-23T06:42:12.123Z", INT64_C(1795416132123)},
    {"2000-02-29T00:00:00Z", INT64_C(951782400000)},
    {"2024-02-29T23:59:59.999Z", INT64_C(1709251199999)},
    {"1969-12-31T23:59:59.999Z", INT64_C(-1)},
    {"1900-03-01T00:00:00Z", INT64_C(-2203891200000)},
    {"0001-01-01T00:00:00Z", INT64_C(-62135596800000)},
    {"9999-12-31T23:59:59.999Z", INT64_C(253402300799999)},
    {"2100-03-01T00:00:00Z", INT64_C(4107542400000)},
};

/* Other ways to write them. */
static const struct {
    const char *text;
    int64_t ms;
} forms[] = {
    {"2013-02-08", INT64_C(1360281600000)},
    {"2013-02-08T06:00", INT64_C(1360303200000)},
    {"2013-02-08T06:00:00", INT64_C(1360303200000)},
    {"2013-02-08t06:00:00z", INT64_C(1360303200000)},
    {"2013-02-08 06:00:00Z", INT64_C(1360303200000)},
    {"2013-02-08T06:00:00+05:30", INT64_C(1360283400000)},
    {"2013-02-08T06:00:00+0530", INT64_C(1360283400000)},
    {"2013-02-08T06:00:00-08:00", INT64_C(1360332000000)},
    {"2013-02-08T06:00:00-08", INT64_C(1360332000000)},
    {"2013-02-08T06:00:00-00:00", INT64_C(1360303200000)},
    {"1970-01-01T00:00:00+23:59", INT64_C(-86340000)},
    {"2013-02-08T06:00:00.1Z", INT64_C(1360303200100)},
    {"2013-02-08T06:00:00.12Z", INT64_C(1360303200120)},
    {"2013-02-08T06:00:00.123999999999999Z", INT64_C(1360303200123)}, /* cut, as a clock is */
    {"2013-02-08T06:00:00.000999Z", INT64_C(1360303200000)},
    {"1969-12-31T23:59:59.9999Z", INT64_C(-1)},
    {"2016-12-31T23:59:60Z", INT64_C(1483228800000)}, /* a leap second is the next one */
};

static const char *const no_instants[] = {
    "",
    "2013",
    "2013-02",
    "2013-2-8",
    "2013-02-30",
    "2013-02-00",
    "2013-00-08",
    "2013-13-08",
    "2013-04-31",
    "2013-02-29",
    "1900-02-29",
    "2100-02-29",
    "2013/02/08",
    "02/08/2013",
    "2013-02-08T",
    "2013-02-08T6:00:00Z",
    "2013-02-08T24:00:00Z",
    "2013-02-08T06:60:00Z",
    "2013-02-08T06:00:61Z",
    "2013-02-08T06:00:00.Z",
    "2013-02-08T06:00:00,5Z",
    "2013-02-08T06:00:00Zx",
    "2013-02-08T06:00:00ZZ",
    "2013-02-08T06:00:00 Z",
    "2013-02-08T06:00:00+",
    "2013-02-08T06:00:00+5",
    "2013-02-08T06:00:00+05:",
    "2013-02-08T06:00:00+05:3",
    "2013-02-08T06:00:00+05:300",
    "2013-02-08T06:00:00+24:00",
    "2013-02-08T06:00:00+05:60",
    "2013-02-08T06:00:00 +05:30",
    " 2013-02-08T06:00:00Z",
    "2013-02-08T06:00:00Z ",
    "+2013-02-08",
    "-013-02-08",
    "12013-02-08",
    "2013-02-08_06:00:00Z",
    "2013-02-08T06:00:00.\xd9\xa1Z",
};

Test(when, instants_both_ways)
{
    for (size_t i = 0; i < sizeof instants / sizeof *instants; i++) {
        struct event_time time;
        char text[32];
        cr_expect(event_time_parse(bytes_of(instants[i].text), &time), "%s", instants[i].text);
        cr_expect_eq(time.ms, instants[i].ms, "%s: %" PRId64, instants[i].text, time.ms);
        time.ms = instants[i].ms;
        cr_expect_str_eq(event_time_format(time, text), instants[i].text);
    }
}

Test(when, other_forms)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct event_time time;
        cr_expect(event_time_parse(bytes_of(forms[i].text), &time), "%s", forms[i].text);
        cr_expect_eq(time.ms, forms[i].ms, "%s: %" PRId64, forms[i].text, time.ms);
    }
}

Test(when, no_instants)
{
    for (size_t i = 0; i < sizeof no_instants / sizeof *no_instants; i++) {
        struct event_time time = {42};
        cr_expect_not(event_time_parse(bytes_of(no_instants[i]), &time), "%s", no_instants[i]);
        cr_expect_eq(time.ms, 42, "%s", no_instants[i]);
    }
    struct event_time time;
    cr_assert_not(event_time_parse(bytes_make(NULL, 0), &time));
    cr_assert_not(event_time_parse(bytes_make("2013-02-08T06:00:00\0Z", 21), &time));
    cr_assert(event_time_parse(bytes_make("2013-02-08T06:00:00Zx", 20), &time), "no NUL needed");
}

/* Every day of eight centuries is one after the day before. */
Test(when, days_follow_one_another)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    struct event_time time, last = {0};
    char text[32];
    for (int year = 1700; year < 2500; year++) {
        bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        for (int month = 1; month <= 12; month++) {
            for (int day = 1; day <= days[month - 1] + (month == 2 && leap); day++) {
                snprintf(text, sizeof text, "%04d-%02d-%02d", year, month, day);
                cr_assert(event_time_parse(bytes_of(text), &time), "%s", text);
                cr_assert(last.ms == 0 || time.ms == last.ms + DAY_MS, "%s", text);
                last = time;
            }
        }
    }
}

Test(when, random_instants_both_ways)
{
    struct random random = random_new(11);
    for (int i = 0; i < 20000; i++) {
        struct event_time time = {(int64_t)(random_next(&random) % 315537897600000u) -
                                  INT64_C(62135596800000)},
                          back;
        char text[32];
        cr_assert(event_time_parse(bytes_of(event_time_format(time, text)), &back), "%s", text);
        cr_assert_eq(back.ms, time.ms, "%s", text);
    }
}

/* What cannot be parsed back still has a text and stays in its buffer. */
Test(when, instants_beyond_four_digits_of_year)
{
    char text[32];
    cr_assert_str_eq(event_time_format((struct event_time){INT64_C(253402300800000)}, text),
                     "10000-01-01T00:00:00Z");
    cr_assert_str_eq(event_time_format((struct event_time){INT64_MAX}, text),
                     "292278994-08-17T07:12:55.807Z");
    cr_assert_str_eq(event_time_format((struct event_time){INT64_MIN / 2}, text),
                     "-146136543-09-08T08:23:32.096Z");
}

Test(when, floor)
{
    static const struct {
        int64_t ms, step, expected;
    } cases[] = {
        {0, 1000, 0},         {1, 1000, 0},
        {999, 1000, 0},       {1000, 1000, 1000},
        {-1, 1000, -1000},    {-1000, 1000, -1000},
        {-1001, 1000, -2000}, {7, 1, 7},
        {-7, 1, -7},          {INT64_MAX, INT64_MAX, INT64_MAX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_expect_eq(event_time_floor((struct event_time){cases[i].ms}, cases[i].step).ms,
                     cases[i].expected, "case %zu", i);
}

Test(when, numbers)
{
    static const struct {
        double number;
        int64_t ms;
    } cases[] = {
        {0, 0},
        {-0.0, 0},
        {1360303200, INT64_C(1360303200000)},
        {1360303200.123, INT64_C(1360303200123)},
        {1360303200.1239, INT64_C(1360303200123)},
        {1360303200000, INT64_C(1360303200000)},
        {1360303200123.9, INT64_C(1360303200123)},
        {1360303200123000, INT64_C(1360303200123)},
        {1360303200123999, INT64_C(1360303200123)},
        {1360303200123456512, INT64_C(1360303200123)},
        {-1, -1000},
        {-0.5, -500},
        {-1e12, INT64_C(-1000000000000)},
        {99999999999.0, INT64_C(99999999999000)}, /* the largest that is seconds */
        {1e11, INT64_C(100000000000)},
        {1e14, INT64_C(100000000000)},
        {1e17, INT64_C(100000000000)},
        {9.9e19, INT64_C(99000000000000)},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct event_time time;
        cr_expect(event_time_from_number(cases[i].number, &time), "case %zu", i);
        cr_expect_eq(time.ms, cases[i].ms, "case %zu: %" PRId64, i, time.ms);
    }
    static const double refused[] = {(double)NAN, HUGE_VAL, -HUGE_VAL, 1e20, -1e300};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct event_time time = {42};
        cr_expect_not(event_time_from_number(refused[i], &time), "case %zu", i);
        cr_expect_eq(time.ms, 42);
    }
}

/* 1073741824.001 * 1000 is 1073741824000.9999 in doubles. */
Test(when, seconds_with_decimals_are_the_millisecond_that_is_written)
{
    static const int64_t seconds[] = {946684800,  1073741824, 1099511627, 1360303200,
                                      1795416132, 2147483648, 2199023255, 4102444799};
    for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
        for (int milli = 0; milli < 1000; milli++) {
            char text[32];
            struct event_time time;
            snprintf(text, sizeof text, "%" PRId64 ".%03d", seconds[i], milli);
            cr_assert(event_time_from_number(strtod(text, NULL), &time));
            cr_assert_eq(time.ms, seconds[i] * 1000 + milli, "%s: %" PRId64, text, time.ms);
        }
    }
}

Test(when, durations)
{
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        {"5s", 5000},
        {"15m", 900000},
        {"1h", HOUR_MS},
        {"24h", 24 * HOUR_MS},
        {"7d", 7 * DAY_MS},
        {"2w", 2 * WEEK_MS},
        {"90 days", 90 * DAY_MS},
        {"1 day", DAY_MS},
        {"1 week", WEEK_MS},
        {"3 weeks", 3 * WEEK_MS},
        {"1 hour", HOUR_MS},
        {"2 hours", 2 * HOUR_MS},
        {"1 minute", MINUTE_MS},
        {"2 minutes", 2 * MINUTE_MS},
        {"2min", 2 * MINUTE_MS},
        {"1 second", SECOND_MS},
        {"2 seconds", 2 * SECOND_MS},
        {"250ms", 250},
        {"1h30m", 90 * MINUTE_MS},
        {" 1h 30m ", 90 * MINUTE_MS},
        {"0h1s", SECOND_MS},
        {"000000000001s", SECOND_MS},
        {"999999999999999999ms", INT64_C(999999999999999999)},
        {"15250284452w", INT64_C(15250284452) * WEEK_MS}, /* the most that there are */
        {"15250284452w3d7h12m55s807ms", INT64_MAX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t ms = 0;
        cr_expect(duration_parse(bytes_of(cases[i].text), &ms), "%s", cases[i].text);
        cr_expect_eq(ms, cases[i].ms, "%s: %" PRId64, cases[i].text, ms);
    }
}

Test(when, no_durations)
{
    static const char *const cases[] = {
        "",
        " ",
        "1",
        "h",
        "0s",
        "0h0m",
        "-1h",
        "+1h",
        "1.5h",
        "1x",
        "1hh",
        "1h30",
        "1 h m",
        "1H",
        "1 fortnight",
        "1hours2",
        "1daysx",
        "h1",
        "1e3s",
        "9999999999999999999s", /* too many digits */
        "15250284453w",
        "15250284452w3d7h12m55s808ms",
        "999999999999999999w",
        "9000000000000000000ms 9000000000000000000ms",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t ms = 42;
        cr_expect_not(duration_parse(bytes_of(cases[i]), &ms), "%s: %" PRId64, cases[i], ms);
        cr_expect_eq(ms, 42, "%s", cases[i]);
    }
}

/* Sums that leave int64_t, also those that would come round to something positive. */
Test(when, durations_do_not_overflow)
{
    char text[16 * 16 + 1] = "";
    for (size_t i = 0, at = 0; i < 16; i++) {
        at += (size_t)snprintf(text + at, sizeof text - at, "%s", "9999999999w");
        int64_t ms = 42;
        cr_expect_eq(duration_parse(bytes_of(text), &ms), i == 0, "%zu times", i + 1);
        cr_expect(ms > 0);
    }
}

Test(when, durations_are_shown_in_their_largest_unit)
{
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        {1, "1ms"},
        {999, "999ms"},
        {1000, "1s"},
        {1001, "1001ms"},
        {MINUTE_MS, "1m"},
        {90 * SECOND_MS, "90s"},
        {HOUR_MS, "1h"},
        {90 * MINUTE_MS, "90m"},
        {DAY_MS, "24h"},
        {2 * DAY_MS, "2d"},
        {36 * HOUR_MS, "36h"},
        {WEEK_MS, "7d"},
        {INT64_MAX, "9223372036854775807ms"},
    };
    char text[24];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_expect_str_eq(duration_format(cases[i].ms, text), cases[i].text);
}

Test(when, random_durations_both_ways)
{
    static const int64_t units[] = {1, SECOND_MS, MINUTE_MS, HOUR_MS, 24 * HOUR_MS};
    struct random random = random_new(12);
    for (int i = 0; i < 20000; i++) {
        int64_t ms = ((int64_t)(random_next(&random) >> (32 + random_below(&random, 32))) + 1) *
                     units[random_below(&random, 5)],
                back = 0;
        char text[24];
        cr_assert(duration_parse(bytes_of(duration_format(ms, text)), &back), "%s", text);
        cr_assert_eq(back, ms, "%s", text);
    }
}
