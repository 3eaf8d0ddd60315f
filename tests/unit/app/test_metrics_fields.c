#include "metrics_support.h"

#include <math.h>
#include <stdio.h>

static struct verdict_book book;
static struct families families;

static const char *hidden; /* a field that is not shown */

static bool shown(const void *context, const struct verdict_series *series)
{
    return !context || strcmp(series->key.field, context) != 0;
}

static void begin(uint32_t room)
{
    families_release(&families);
    families_init(&families, FAMILIES_TEXT, room, 1 << 20);
}

static void set_up(void)
{
    begin(10000);
}

static void tear_down(void)
{
    verdict_book_release(&book);
    families_release(&families);
}

TestSuite(metrics_fields, .init = set_up, .fini = tear_down);

static void put(const char *segment, const char *field, enum severity severity, double effect_low)
{
    const struct verdict_key key = {
        .version = "7", .segment = segment, .field = field, .window_ms = HOUR_MS};
    const struct verdict_values values = {.scores = {.25, .125, NAN, NAN},
                                          .noise_floors = {.5, NAN, NAN, NAN},
                                          .effect = 2,
                                          .effect_low = effect_low,
                                          .p = 1e-30,
                                          .missing_ratio = .75,
                                          .n = 300,
                                          .state = severity ? STATE_DRIFT : STATE_OK,
                                          .severity = severity};
    verdict_book_put(&book, &key, 1360281600000, &values);
}

enum { LINES_OF_A_SERIES = 10, LINES_OF_THE_WINDOW = 8 }; /* as `put` makes them */

Test(metrics_fields, every_number_of_a_field)
{
    put("", "amount", SEVERITY_HIGH, 1.5);
    verdict_book_write(&book, &metrics_setup, shown, hidden, &families);
    const char *lines[] = {
        "leeway_window_end_timestamp_seconds{monitor=\"fraud\",version=\"7\",window=\"1h\"} "
        "1360281600.000",
        "leeway_window_records{monitor=\"fraud\",version=\"7\",window=\"1h\"} 300",
        "leeway_window_fields{monitor=\"fraud\",version=\"7\",window=\"1h\",state=\"drift\"} 1",
        "leeway_window_fields{monitor=\"fraud\",version=\"7\",window=\"1h\",state=\"silent\"} 0",
        "leeway_field_effect{monitor=\"fraud\",version=\"7\",field=\"amount\",window=\"1h\"} 2",
        "leeway_field_effect_lower{monitor=\"fraud\",version=\"7\",field=\"amount\",window=\"1h\"} "
        "1.5",
        "leeway_field_p_value{monitor=\"fraud\",version=\"7\",field=\"amount\",window=\"1h\"} "
        "1e-30",
        "leeway_field_state{monitor=\"fraud\",version=\"7\",field=\"amount\",window=\"1h\"} 1",
        "leeway_field_severity{monitor=\"fraud\",version=\"7\",field=\"amount\",window=\"1h\"} 4",
        "leeway_field_records{monitor=\"fraud\",version=\"7\",field=\"amount\",window=\"1h\"} 300",
        "leeway_field_missing_ratio{monitor=\"fraud\",version=\"7\",field=\"amount\",window="
        "\"1h\"} 0.75",
        "leeway_field_score{monitor=\"fraud\",version=\"7\",field=\"amount\",window=\"1h\",method="
        "\"psi\"} 0.25",
        "leeway_field_score{monitor=\"fraud\",version=\"7\",field=\"amount\",window=\"1h\",method="
        "\"js\"} 0.125",
        "leeway_field_score_noise_floor{monitor=\"fraud\",version=\"7\",field=\"amount\",window="
        "\"1h\",method=\"psi\"} 0.5"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        has_line(&families, lines[i]);
    cr_assert_eq(lines_with(&families, "leeway_"), LINES_OF_A_SERIES + LINES_OF_THE_WINDOW,
                 "nothing that is not defined");
    cr_assert_eq(families.dropped, 0);
}

Test(metrics_fields, an_empty_book_writes_nothing)
{
    verdict_book_write(&book, &metrics_setup, shown, hidden, &families);
    cr_assert_eq(families.series, 0);
    cr_assert_eq(families.text.size, 0);
}

Test(metrics_fields, what_is_hidden_takes_no_room)
{
    put("", "amount", SEVERITY_HIGH, 1.5);
    put("", "age", SEVERITY_HIGH, 1.5);
    hidden = "amount";
    begin(LINES_OF_A_SERIES + LINES_OF_THE_WINDOW);
    verdict_book_write(&book, &metrics_setup, shown, hidden, &families);
    cr_assert_eq(families.dropped, 0);
    cr_assert_eq(families.series, LINES_OF_A_SERIES + LINES_OF_THE_WINDOW);
    cr_assert_null(strstr(families.text.data, "amount"));
    has_line(
        &families,
        "leeway_window_fields{monitor=\"fraud\",version=\"7\",window=\"1h\",state=\"drift\"} 1");
}

Test(metrics_fields, segments_are_counted_apart)
{
    put("", "amount", SEVERITY_NONE, 0);
    put("country=MX", "amount", SEVERITY_LOW, .1);
    put("country=\"\n", "amount", SEVERITY_LOW, .1);
    verdict_book_write(&book, &metrics_setup, shown, hidden, &families);
    has_line(&families,
             "leeway_window_fields{monitor=\"fraud\",version=\"7\",window=\"1h\",state=\"ok\"} 1");
    has_line(
        &families,
        "leeway_window_fields{monitor=\"fraud\",version=\"7\",window=\"1h\",state=\"drift\"} 0");
    has_line(&families, "leeway_window_segment_fields{monitor=\"fraud\",version=\"7\",window="
                        "\"1h\",state=\"drift\"} 2");
    has_line(&families, "leeway_field_effect{monitor=\"fraud\",version=\"7\",segment=\"country="
                        "MX\",field=\"amount\",window=\"1h\"} 2");
    has_line(&families, "leeway_field_effect{monitor=\"fraud\",version=\"7\",segment=\"country="
                        "\\\"\\n\",field=\"amount\",window=\"1h\"} 2");
}

static bool shows(const char *segment, const char *field)
{
    char label[100];
    snprintf(label, sizeof label, "version=\"7\",%sfield=\"%s\"", segment, field);
    return strstr(families.text.data, label) != NULL;
}

/* Fields of all records come before segments, then what drifts most; a field is there whole or not
 * at all, and what is left out is counted. */
Test(metrics_fields, when_there_is_no_room_for_all)
{
    put("", "calm", SEVERITY_NONE, -.1);
    put("country=MX", "worst", SEVERITY_HIGH, 9);
    put("", "loud", SEVERITY_HIGH, .3);
    put("", "louder", SEVERITY_HIGH, .4);
    put("", "notice", SEVERITY_NOTICE, 5);
    uint32_t window = LINES_OF_THE_WINDOW + 6;
    begin(window + 2 * LINES_OF_A_SERIES + LINES_OF_A_SERIES - 1);
    verdict_book_write(&book, &metrics_setup, shown, hidden, &families);
    cr_assert(shows("", "louder") && shows("", "loud"));
    cr_assert(!shows("", "notice") && !shows("", "calm"));
    cr_assert(!shows("segment=\"country=MX\",", "worst"));
    cr_assert_eq(families.series, window + 2 * LINES_OF_A_SERIES);
    cr_assert_eq(families.dropped, 3 * LINES_OF_A_SERIES);
    has_line(
        &families,
        "leeway_window_fields{monitor=\"fraud\",version=\"7\",window=\"1h\",state=\"drift\"} 3");
    begin(window + 4 * LINES_OF_A_SERIES);
    verdict_book_write(&book, &metrics_setup, shown, hidden, &families);
    cr_assert(shows("", "calm") && !shows("segment=\"country=MX\",", "worst"));
    begin(window + 5 * LINES_OF_A_SERIES);
    verdict_book_write(&book, &metrics_setup, shown, hidden, &families);
    cr_assert(shows("segment=\"country=MX\",", "worst"));
    cr_assert_eq(families.dropped, 0);
}

Test(metrics_fields, all_records_come_before_segments)
{
    put("country=MX", "part", SEVERITY_HIGH, 9);
    put("", "whole", SEVERITY_NONE, 0);
    begin(LINES_OF_THE_WINDOW + 6 + LINES_OF_A_SERIES);
    verdict_book_write(&book, &metrics_setup, shown, hidden, &families);
    cr_assert(shows("", "whole") && !shows("segment=\"country=MX\",", "part"));
}

/* What says less does not take the place of what did not fit. */
Test(metrics_fields, the_first_that_does_not_fit_is_the_last)
{
    const struct verdict_key key = {
        .version = "7", .segment = "", .field = "small", .window_ms = HOUR_MS};
    const struct verdict_values values = {.scores = {NAN, NAN, NAN, NAN},
                                          .noise_floors = {NAN, NAN, NAN, NAN},
                                          .missing_ratio = NAN,
                                          .n = 1};
    put("", "large", SEVERITY_HIGH, 1);
    verdict_book_put(&book, &key, 1000, &values);
    begin(LINES_OF_THE_WINDOW + LINES_OF_A_SERIES - 1);
    verdict_book_write(&book, &metrics_setup, shown, hidden, &families);
    cr_assert_eq(lines_with(&families, "leeway_field_"), 0);
}

Test(metrics_fields, no_room_at_all)
{
    put("", "amount", SEVERITY_HIGH, 1);
    begin(0);
    verdict_book_write(&book, &metrics_setup, shown, hidden, &families);
    cr_assert_eq(families.series, 0);
    cr_assert_eq(families.dropped, LINES_OF_A_SERIES + LINES_OF_THE_WINDOW);
}
