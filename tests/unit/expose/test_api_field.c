#include <criterion/criterion.h>
#include <event2/event.h>
#include <math.h>
#include <string.h>

#include "support.h"

static struct site site;

static void start(void)
{
    site_start(&site, NULL);
    site_fill(site.store);
}

static void stop(void)
{
    site_stop(&site);
}

TestSuite(api_field, .init = start, .fini = stop);

static const char *text_at(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "(none)";
}

static double sum(const json_t *list)
{
    double total = 0;
    size_t i;
    json_t *share;
    json_array_foreach(list, i, share) total += json_number_value(share);
    return total;
}

Test(api_field, what_is_left_open_is_filled_in)
{
    json_t *field = site_json(&site, "/api/v1/monitors/fraud/fields/amount");
    cr_assert_str_eq(text_at(field, "version"), "7", "the newest");
    cr_assert_str_eq(text_at(field, "window"), "15m", "the shortest");
    cr_assert_str_eq(text_at(field, "segment"), "");
    cr_assert_eq(json_array_size(json_object_get(field, "versions")), 2);
    cr_assert_eq(json_array_size(json_object_get(field, "windows")), 3);
    cr_assert_eq(json_array_size(json_object_get(field, "segments")), 2);
    json_decref(field);
}

Test(api_field, histogram_and_history_belong_together)
{
    json_t *field = site_json(&site, "/api/v1/monitors/fraud/fields/amount?window=1h&version=7");
    json_t *histogram = json_object_get(field, "histogram");
    json_t *history = json_object_get(field, "history");
    size_t cells = json_array_size(json_object_get(histogram, "labels"));
    cr_assert_eq(json_array_size(json_object_get(histogram, "baseline")), cells);
    cr_assert_eq(json_array_size(json_object_get(histogram, "live")), cells);
    cr_assert_float_eq(sum(json_object_get(histogram, "baseline")), 1, 1e-3);
    cr_assert_float_eq(sum(json_object_get(histogram, "live")), 1, 1e-3);
    cr_assert_eq(json_array_size(history), 48);
    json_t *first = json_array_get(history, 0), *last = json_array_get(history, 47);
    cr_assert(strcmp(text_at(first, "end"), text_at(last, "end")) < 0, "oldest first");
    cr_assert_str_eq(text_at(last, "end"), "2026-11-14T00:00:00Z");
    cr_assert_str_eq(text_at(last, "state"), "drift");
    cr_assert_float_eq(
        json_number_value(json_object_get(json_object_get(last, "noise_floor"), "psi")), .012,
        1e-9);
    cr_assert_null(json_object_get(last, "document"));
    json_t *latest = json_object_get(field, "latest");
    cr_assert_str_eq(text_at(latest, "id"), text_at(last, "id"));
    cr_assert(json_is_object(json_object_get(json_object_get(latest, "document"), "scores")));
    json_decref(field);
}

Test(api_field, history_can_be_cut)
{
    struct answer answer;
    site_get(&site, "/api/v1/monitors/fraud/fields/amount?window=1h&limit=5", &answer);
    json_t *field = json_loads(answer.body, 0, NULL);
    json_t *history = json_object_get(field, "history");
    cr_assert_eq(json_array_size(history), 5);
    cr_assert_str_eq(text_at(json_array_get(history, 4), "end"), "2026-11-14T00:00:00Z",
                     "the newest stay");
    cr_assert_str_eq(answer_header(&answer, "Leeway-Truncated"), "true");
    json_decref(field);
    answer_release(&answer);
    field = site_json(&site, "/api/v1/monitors/fraud/fields/amount?window=1h&since="
                             "2026-11-13T20:00:00Z&until=2026-11-13T22:30:00Z");
    cr_assert_eq(json_array_size(json_object_get(field, "history")), 3);
    json_decref(field);
}

Test(api_field, segments_and_old_versions_can_be_seen)
{
    json_t *segment = site_json(&site, "/api/v1/monitors/fraud/fields/amount?segment=country%3DMX");
    cr_assert_str_eq(text_at(segment, "segment"), "country=MX");
    cr_assert_str_eq(text_at(segment, "window"), "1h", "what the segment has");
    cr_assert_eq(json_array_size(json_object_get(segment, "history")), 1);
    json_t *old = site_json(&site, "/api/v1/monitors/fraud/fields/amount?version=6");
    cr_assert_str_eq(text_at(old, "version"), "6");
    json_decref(segment);
    json_decref(old);
}
