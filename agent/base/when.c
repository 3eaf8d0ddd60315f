/* Instants and durations as text, without the C library's calendar functions: those read the
 * environment and are not all thread-safe. Calendar arithmetic is Howard Hinnant's days-from-civil.
 */
#include "base/when.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

struct event_time event_time_floor(struct event_time time, int64_t step_ms)
{
    int64_t rest = time.ms % step_ms;
    return (struct event_time){time.ms - (rest < 0 ? rest + step_ms : rest)};
}

static int64_t days_from_civil(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void civil_from_days(int64_t days, int64_t *ret_year, int *ret_month, int *ret_day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted_month = (5 * day_of_year + 2) / 153;
    *ret_day = (int)(day_of_year - (153 * shifted_month + 2) / 5 + 1);
    *ret_month = (int)(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
    *ret_year = year_of_era + era * 400 + (*ret_month <= 2);
}

/* Reads exactly `digits` digits; false if they are not there. */
static bool take_digits(struct bytes *text, int digits, int *ret_number)
{
    if (text->size < (size_t)digits)
        return false;
    int number = 0;
    for (int i = 0; i < digits; i++) {
        char c = text->data[i];
        if (c < '0' || c > '9')
            return false;
        number = number * 10 + (c - '0');
    }
    text->data += digits;
    text->size -= (size_t)digits;
    *ret_number = number;
    return true;
}

static bool take_char(struct bytes *text, char wanted)
{
    if (!text->size || text->data[0] != wanted)
        return false;
    text->data++;
    text->size--;
    return true;
}

static bool take_date(struct bytes *text, int64_t *ret_days)
{
    static const int month_days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year, month, day;
    if (!take_digits(text, 4, &year) || !take_char(text, '-') || !take_digits(text, 2, &month) ||
        !take_char(text, '-') || !take_digits(text, 2, &day))
        return false;
    if (month < 1 || month > 12 || day < 1 || day > month_days[month - 1])
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (month == 2 && day == 29 && !leap)
        return false;
    *ret_days = days_from_civil(year, month, day);
    return true;
}

static bool take_clock(struct bytes *text, int64_t *ret_ms)
{
    int hour, minute, second = 0, milli = 0;
    if (!take_digits(text, 2, &hour) || !take_char(text, ':') || !take_digits(text, 2, &minute))
        return false;
    if (take_char(text, ':')) {
        if (!take_digits(text, 2, &second))
            return false;
        if (take_char(text, '.')) {
            int digit, scale = 100, seen = 0;
            for (; take_digits(text, 1, &digit); seen++, scale /= 10)
                milli += digit * scale;
            if (!seen)
                return false;
        }
    }
    if (hour > 23 || minute > 59 || second > 60)
        return false;
    *ret_ms = ((int64_t)hour * 60 + minute) * MINUTE_MS + (int64_t)second * SECOND_MS + milli;
    return true;
}

static bool take_zone(struct bytes *text, int64_t *ret_ms)
{
    *ret_ms = 0;
    if (!text->size || take_char(text, 'Z') || take_char(text, 'z'))
        return true;
    int sign = take_char(text, '+') ? 1 : take_char(text, '-') ? -1 : 0, hour, minute = 0;
    if (!sign || !take_digits(text, 2, &hour))
        return false;
    bool colon = take_char(text, ':');
    if ((colon || text->size) && !take_digits(text, 2, &minute))
        return false;
    if (hour > 23 || minute > 59)
        return false;
    *ret_ms = sign * ((int64_t)hour * HOUR_MS + (int64_t)minute * MINUTE_MS);
    return true;
}

bool event_time_parse(struct bytes text, struct event_time *ret_time)
{
    int64_t days, clock_ms = 0, zone_ms = 0;
    if (!take_date(&text, &days))
        return false;
    if (text.size) {
        if (!take_char(&text, 'T') && !take_char(&text, 't') && !take_char(&text, ' '))
            return false;
        if (!take_clock(&text, &clock_ms) || !take_zone(&text, &zone_ms) || text.size)
            return false;
    }
    ret_time->ms = days * DAY_MS + clock_ms - zone_ms;
    return true;
}

bool event_time_from_number(double number, struct event_time *ret_time)
{
    double size = fabs(number);
    if (!(size < 1e20))
        return false;
    double scale = size < 1e11 ? 1e3 : size < 1e14 ? 1.0 : size < 1e17 ? 1e-3 : 1e-6;
    /* Seconds with decimals are inexact: half a microsecond keeps .123 from becoming .122. */
    double inexact = size < 1e11 ? 0.0005 : 0;
    ret_time->ms = (int64_t)floor(number * scale + inexact);
    return true;
}

const char *event_time_format(struct event_time time, char *ret_text)
{
    int64_t day_ms = event_time_floor(time, DAY_MS).ms, rest = time.ms - day_ms, year;
    int month, day;
    civil_from_days(day_ms / DAY_MS, &year, &month, &day);
    int size =
        snprintf(ret_text, 32, "%04" PRId64 "-%02d-%02dT%02d:%02d:%02d", year, month, day,
                 (int)(rest / HOUR_MS), (int)(rest / MINUTE_MS % 60), (int)(rest / SECOND_MS % 60));
    size = size > 0 && size < 27 ? size : 26;
    if (rest % SECOND_MS)
        snprintf(ret_text + size, 32 - (size_t)size, ".%03dZ", (int)(rest % SECOND_MS));
    else
        snprintf(ret_text + size, 32 - (size_t)size, "Z");
    return ret_text;
}

static const struct {
    const char *name;
    int64_t ms;
} units[] = {
    {"ms", 1},
    {"seconds", SECOND_MS},
    {"second", SECOND_MS},
    {"minutes", MINUTE_MS},
    {"minute", MINUTE_MS},
    {"min", MINUTE_MS},
    {"hours", HOUR_MS},
    {"hour", HOUR_MS},
    {"days", 0},
    {"day", 0},
    {"weeks", -1},
    {"week", -1},
    {"s", SECOND_MS},
    {"m", MINUTE_MS},
    {"h", HOUR_MS},
    {"d", 0},
    {"w", -1},
};

static int64_t unit_ms(size_t i)
{
    return units[i].ms > 0 ? units[i].ms : units[i].ms == 0 ? DAY_MS : WEEK_MS;
}

static bool take_unit(struct bytes *text, int64_t *ret_ms)
{
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        size_t size = strlen(units[i].name);
        bool here = text->size >= size && memcmp(text->data, units[i].name, size) == 0;
        char next = here && text->size > size ? text->data[size] : ' ';
        if (!here || (next >= 'a' && next <= 'z'))
            continue;
        text->data += size;
        text->size -= size;
        *ret_ms = unit_ms(i);
        return true;
    }
    return false;
}

bool duration_parse(struct bytes text, int64_t *ret_ms)
{
    int64_t total = 0;
    text = bytes_trim(text);
    if (!text.size)
        return false;
    while (text.size) {
        int64_t number = 0, unit;
        int digit, seen = 0;
        for (; seen < 18 && take_digits(&text, 1, &digit); seen++)
            number = number * 10 + digit;
        while (take_char(&text, ' '))
            ;
        if (!seen || !take_unit(&text, &unit))
            return false;
        if (__builtin_mul_overflow(number, unit, &number) ||
            __builtin_add_overflow(total, number, &total))
            return false;
        while (take_char(&text, ' '))
            ;
    }
    if (total == 0)
        return false;
    *ret_ms = total;
    return true;
}

const char *duration_format(int64_t ms, char *ret_text)
{
    static const struct {
        int64_t ms;
        const char *name;
    } steps[] = {{HOUR_MS, "h"}, {MINUTE_MS, "m"}, {SECOND_MS, "s"}, {1, "ms"}};
    if (ms > DAY_MS && ms % DAY_MS == 0) { /* "24h" is how this field writes one day */
        snprintf(ret_text, 24, "%" PRId64 "d", ms / DAY_MS);
        return ret_text;
    }
    size_t i = 0;
    while (ms % steps[i].ms)
        i++;
    snprintf(ret_text, 24, "%" PRId64 "%s", ms / steps[i].ms, steps[i].name);
    return ret_text;
}
