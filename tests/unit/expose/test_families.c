/* Both formats to the byte, written by hand after their specifications;
 * tests/system/test_prometheus.py lets a real Prometheus read what the agent makes of them. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "expose/families.h"
#include "support/random.h"

static const struct family records = {"leeway_records_total", FAMILY_COUNTER, NULL,
                                      "Records read, by what became of them."},
                           bytes = {"leeway_record_bytes_total", FAMILY_COUNTER, "bytes", "Bytes."},
                           at = {"leeway_watermark_timestamp_seconds", FAMILY_GAUGE, "seconds",
                                 "A \"quoted\" help\nwith a \\ in it."},
                           info = {"leeway_build_info", FAMILY_INFO, NULL, "What this is."},
                           score = {"leeway_field_score", FAMILY_GAUGE, NULL, "Distance."};

static void write_all(struct families *families)
{
    const struct label disposition[] = {{"disposition", "counted"}},
                       build[] = {{"version", "1.0"}, {"compiler", "gcc 12"}},
                       field[] = {{"monitor", "fraud"},
                                  {"segment", ""},
                                  {"field", "amount"},
                                  {"method", NULL}};
    families_begin(families, &records);
    families_add_whole(families, disposition, 1, INT64_MAX);
    families_one(families, &bytes, 0.1);
    families_one_ms(families, &at, INT64_C(1360281600123));
    families_begin(families, &info);
    families_add_whole(families, build, 2, 1);
    families_begin(families, &score);
    families_add(families, field, 4, 1.0 / 3);
}

static void expect(enum families_format format, const char *text)
{
    struct families families;
    families_init(&families, format, 100, 100000);
    write_all(&families);
    families_end(&families, 7);
    cr_assert_str_eq(families.text.data, text);
    families_release(&families);
}

Test(families, text_as_prometheus_has_it)
{
    cr_assert_str_eq(families_content_type(FAMILIES_TEXT),
                     "text/plain; version=0.0.4; charset=utf-8");
    expect(
        FAMILIES_TEXT,
        "# TYPE leeway_records_total counter\n"
        "# HELP leeway_records_total Records read, by what became of them.\n"
        "leeway_records_total{disposition=\"counted\"} 9223372036854775807\n"
        "# TYPE leeway_record_bytes_total counter\n"
        "# HELP leeway_record_bytes_total Bytes.\n"
        "leeway_record_bytes_total 0.1\n"
        "# TYPE leeway_watermark_timestamp_seconds gauge\n"
        "# HELP leeway_watermark_timestamp_seconds A \"quoted\" help\\nwith a \\\\ in it.\n"
        "leeway_watermark_timestamp_seconds 1360281600.123\n"
        "# TYPE leeway_build_info gauge\n"
        "# HELP leeway_build_info What this is.\n"
        "leeway_build_info{version=\"1.0\",compiler=\"gcc 12\"} 1\n"
        "# TYPE leeway_field_score gauge\n"
        "# HELP leeway_field_score Distance.\n"
        "leeway_field_score{monitor=\"fraud\",field=\"amount\"} 0.3333333333\n"
        "# TYPE leeway_metrics_series gauge\n"
        "# HELP leeway_metrics_series Series in this text, without those about the text itself.\n"
        "leeway_metrics_series 5\n"
        "# TYPE leeway_metrics_series_dropped_total counter\n"
        "# HELP leeway_metrics_series_dropped_total Series left out of all texts so far because "
        "the budget was used up.\n"
        "leeway_metrics_series_dropped_total 7\n");
}

Test(families, openmetrics)
{
    cr_assert_str_eq(families_content_type(FAMILIES_OPENMETRICS),
                     "application/openmetrics-text; version=1.0.0; charset=utf-8");
    expect(
        FAMILIES_OPENMETRICS,
        "# TYPE leeway_records counter\n"
        "# HELP leeway_records Records read, by what became of them.\n"
        "leeway_records_total{disposition=\"counted\"} 9223372036854775807\n"
        "# TYPE leeway_record_bytes counter\n"
        "# UNIT leeway_record_bytes bytes\n"
        "# HELP leeway_record_bytes Bytes.\n"
        "leeway_record_bytes_total 0.1\n"
        "# TYPE leeway_watermark_timestamp_seconds gauge\n"
        "# UNIT leeway_watermark_timestamp_seconds seconds\n"
        "# HELP leeway_watermark_timestamp_seconds A \\\"quoted\\\" help\\nwith a \\\\ in it.\n"
        "leeway_watermark_timestamp_seconds 1360281600.123\n"
        "# TYPE leeway_build info\n"
        "# HELP leeway_build What this is.\n"
        "leeway_build_info{version=\"1.0\",compiler=\"gcc 12\"} 1\n"
        "# TYPE leeway_field_score gauge\n"
        "# HELP leeway_field_score Distance.\n"
        "leeway_field_score{monitor=\"fraud\",field=\"amount\"} 0.3333333333\n"
        "# TYPE leeway_metrics_series gauge\n"
        "# HELP leeway_metrics_series Series in this text, without those about the text itself.\n"
        "leeway_metrics_series 5\n"
        "# TYPE leeway_metrics_series_dropped counter\n"
        "# HELP leeway_metrics_series_dropped Series left out of all texts so far because the "
        "budget was used up.\n"
        "leeway_metrics_series_dropped_total 7\n"
        "# EOF\n");
}

Test(families, a_family_without_samples_leaves_no_trace)
{
    struct families families;
    families_init(&families, FAMILIES_TEXT, 100, 100000);
    families_begin(&families, &records);
    families_one(&families, &score, 1);
    families_end(&families, 0);
    cr_assert_null(strstr(families.text.data, "leeway_records"));
    families_release(&families);
}

/* The one sample's line for a value. */
static const char *line_of(struct families *families, const char *value)
{
    const struct label label = {"field", value};
    families_release(families);
    families_init(families, FAMILIES_OPENMETRICS, 100, 1 << 20);
    families_begin(families, &score);
    families_add_whole(families, &label, 1, 1);
    return strstr(families->text.data, "\nleeway_field_score") + 1;
}

Test(families, hostile_values_of_labels)
{
    struct families families = {0};
    cr_assert_str_eq(line_of(&families, "a\"} 7\nleeway_up 1\n\\"),
                     "leeway_field_score{field=\"a\\\"} 7\\nleeway_up 1\\n\\\\\"} 1\n");
    cr_assert_str_eq(line_of(&families, "caf\xc3\xa9 \xf0\x9f\x9a\x80"),
                     "leeway_field_score{field=\"caf\xc3\xa9 \xf0\x9f\x9a\x80\"} 1\n");
    /* a lone byte, an overlong slash, a surrogate, a cut character, one before a quote */
    cr_assert_str_eq(line_of(&families, "\xff"), "leeway_field_score{field=\"\xef\xbf\xbd\"} 1\n");
    cr_assert_str_eq(line_of(&families, "\xc0\xaf"),
                     "leeway_field_score{field=\"\xef\xbf\xbd\xef\xbf\xbd\"} 1\n");
    cr_assert_str_eq(line_of(&families, "\xe2\x82"),
                     "leeway_field_score{field=\"\xef\xbf\xbd\"} 1\n");
    cr_assert_str_eq(line_of(&families, "\xe2\x82\""),
                     "leeway_field_score{field=\"\xef\xbf\xbd\\\"\"} 1\n");
    cr_assert(!strstr(line_of(&families, "\xed\xa0\x80"), "\xed\xa0"));
    families_release(&families);
}

/* Whatever is in a label: one line, in which every quote but two has an odd number of backslashes
 * before it. */
Test(families, any_bytes_stay_in_their_line)
{
    struct random random = random_new(20261123);
    struct families families = {0};
    for (int round = 0; round < 3000; round++) {
        char value[24] = "";
        uint32_t size = random_below(&random, sizeof value - 1);
        for (uint32_t i = 0; i < size; i++)
            value[i] = (char)(1 + random_below(&random, 255));
        if (random_below(&random, 2))
            value[size / 2] = "\"\\\n"[random_below(&random, 3)];
        if (!value[0])
            continue;
        const char *line = line_of(&families, value);
        int quotes = 0, backslashes = 0;
        for (const char *byte = line; *byte; byte++) {
            quotes += *byte == '"' && backslashes % 2 == 0;
            backslashes = *byte == '\\' ? backslashes + 1 : 0;
        }
        cr_assert_eq(quotes, 2, "%s", line);
        cr_assert_eq(strchr(line, '\n'), line + strlen(line) - 1, "%s", line);
    }
    families_release(&families);
}

static void number(struct families *families, double value, const char *text)
{
    families_release(families);
    families_init(families, FAMILIES_TEXT, 100, 100000);
    families_one(families, &score, value);
    cr_assert_str_eq(strrchr(families->text.data, ' ') + 1, text);
}

Test(families, numbers)
{
    struct families families = {0};
    number(&families, 0, "0\n");
    number(&families, 1e-300, "1e-300\n");
    number(&families, -12345.5, "-12345.5\n");
    number(&families, (double)NAN, "NaN\n");
    number(&families, (double)INFINITY, "+Inf\n");
    number(&families, -(double)INFINITY, "-Inf\n");
    families_one_ms(&families, &at, -1);
    cr_assert_str_eq(strrchr(families.text.data, ' '), " -0.001\n");
    families_one_ms(&families, &at, INT64_MIN);
    cr_assert_str_eq(strrchr(families.text.data, ' '), " -9223372036854775.808\n");
    families_one_ms(&families, &at, 61000);
    cr_assert_str_eq(strrchr(families.text.data, ' '), " 61.000\n");
    families_release(&families);
}

Test(families, what_is_beyond_the_budget_is_told)
{
    struct families families;
    const struct label a = {"field", "a"}, b = {"field", "b"};
    families_init(&families, FAMILIES_OPENMETRICS, 3, 100000);
    cr_assert_eq(families_room(&families), 3);
    families_begin(&families, &score);
    families_add_whole(&families, &a, 1, 1);
    families_add_whole(&families, &b, 1, 2);
    families_drop(&families, 40);
    families_begin(&families, &records);
    families_add_whole(&families, &a, 1, 3);
    cr_assert_eq(families_room(&families), 0);
    families_add_whole(&families, &b, 1, 4);
    families_add(&families, &b, 1, 4);
    families_add_ms(&families, &b, 1, 4);
    families_one_whole(&families, &bytes, 5);
    cr_assert_eq(families.dropped, 44);
    families_end(&families, 100);
    const char *text = families.text.data;
    cr_assert(strstr(text, "leeway_field_score{field=\"b\"} 2\n"));
    cr_assert(strstr(text, "leeway_records_total{field=\"a\"} 3\n"));
    cr_assert_null(strstr(text, "leeway_records_total{field=\"b\"}"));
    cr_assert_null(strstr(text, "leeway_record_bytes_total 5"));
    cr_assert(strstr(text, "leeway_metrics_series 3\n"));
    cr_assert(strstr(text, "leeway_metrics_series_missing{family=\"leeway_field_score\"} 40\n"));
    cr_assert(strstr(text, "leeway_metrics_series_missing{family=\"leeway_records_total\"} 3\n"));
    cr_assert(
        strstr(text, "leeway_metrics_series_missing{family=\"leeway_record_bytes_total\"} 1\n"));
    cr_assert(strstr(text, "leeway_metrics_series_dropped_total 144\n"));
    families_release(&families);
}

Test(families, bytes_are_bounded_too)
{
    struct families families;
    char long_value[1000];
    memset(long_value, '"', sizeof long_value - 1); /* twice as long when escaped */
    long_value[sizeof long_value - 1] = '\0';
    const struct label label = {"field", long_value};
    families_init(&families, FAMILIES_TEXT, UINT32_MAX, 10000);
    families_begin(&families, &score);
    for (int i = 0; i < 1000; i++)
        families_add_whole(&families, &label, 1, i);
    families_end(&families, 0);
    cr_assert_eq(families.series, 5);
    cr_assert_eq(families.dropped, 995);
    cr_assert(families.text.size < 13000);
    families_release(&families);
}

Test(families, more_families_are_dropped_than_are_listed)
{
    static struct family many[FAMILIES_DROPPED_MAX + 10];
    struct families families;
    families_init(&families, FAMILIES_TEXT, 0, 100000);
    for (size_t i = 0; i < sizeof many / sizeof *many; i++) {
        many[i] = score;
        families_one(&families, &many[i], 1);
    }
    families_end(&families, 0);
    cr_assert_eq(families.dropped, FAMILIES_DROPPED_MAX + 10);
    cr_assert_eq(families.dropped_count, FAMILIES_DROPPED_MAX);
    families_release(&families);
}
