#include <criterion/criterion.h>
#include <event2/event.h>
#include <math.h>
#include <string.h>

#include "support.h"

static json_int_t state_count(const json_t *monitor, const char *state)
{
    return json_integer_value(json_object_get(json_object_get(monitor, "states"), state));
}

Test(api_monitors, sums_up_the_latest_verdicts)
{
    struct site site;
    site_start(&site, NULL);
    site_fill(site.store);
    json_t *list = site_json(&site, "/api/v1/monitors"), *fraud = json_array_get(list, 0);
    cr_assert_eq(json_array_size(list), 2);
    cr_assert_str_eq(json_string_value(json_object_get(fraud, "monitor")), "fraud");
    cr_assert_eq(json_integer_value(json_object_get(fraud, "fields")), 14);
    cr_assert_str_eq(json_string_value(json_object_get(fraud, "severity")), "high");
    cr_assert_str_eq(json_string_value(json_object_get(fraud, "last_window_end")),
                     "2026-11-14T00:00:00Z");
    json_t *versions = json_object_get(fraud, "versions");
    cr_assert_str_eq(json_string_value(json_array_get(versions, 0)), "7", "newest first");
    cr_assert_eq(json_array_size(versions), 2);
    json_t *windows = json_object_get(fraud, "windows");
    cr_assert_eq(json_array_size(windows), 3);
    cr_assert_eq(json_integer_value(json_array_get(windows, 0)), 900000);
    cr_assert_eq(json_array_size(json_object_get(fraud, "segments")), 2);
    cr_assert_eq(state_count(fraud, "drift"), 8);
    cr_assert_eq(state_count(fraud, "insufficient"), 1);
    json_t *pricing = json_array_get(list, 1);
    cr_assert(json_is_true(json_object_get(pricing, "configured")));
    cr_assert(json_is_null(json_object_get(pricing, "last_window_end")));
    cr_assert_eq(json_array_size(json_object_get(pricing, "windows")), 2);
    cr_assert_null(json_object_get(fraud, "newest"));
    json_decref(list);
    site_stop(&site);
}

static void on_done(void *context, enum store_result result, const struct err *err)
{
    (void)context;
    (void)err;
    cr_assert_eq(result, STORE_DONE);
}

/* A version that went out of use while it drifted must not colour the monitor for ever; a monitor
 * that no configuration names any more is still shown. */
Test(api_monitors, old_verdicts_do_not_count)
{
    struct store_verdict verdicts[2];
    for (int i = 0; i < 2; i++)
        verdicts[i] = (struct store_verdict){.id = i ? "new" : "old",
                                             .monitor = "gone",
                                             .version = i ? "2" : "1",
                                             .segment = "",
                                             .field = "f",
                                             .generation = "g",
                                             .window_ms = 3600000,
                                             .state = i ? "ok" : "drift",
                                             .severity = i ? "none" : "high",
                                             .detail = "",
                                             .document = "{}",
                                             .start_ms = 0,
                                             .end_ms = i ? 36000000 : 3600000};
    struct store_judged judged = {.monitor = "gone",
                                  .old_position_ms = INT64_MIN,
                                  .new_position_ms = 36000000,
                                  .state = "{}",
                                  .verdicts = verdicts,
                                  .verdict_count = 2};
    struct site site;
    site_start(&site, NULL);
    store_judged(site.store, &judged, on_done, NULL);
    json_t *list = site_json(&site, "/api/v1/monitors"), *gone = json_array_get(list, 2);
    cr_assert(json_is_false(json_object_get(gone, "configured")));
    cr_assert_str_eq(json_string_value(json_object_get(gone, "severity")), "none");
    cr_assert_eq(state_count(gone, "drift"), 0);
    cr_assert_eq(state_count(gone, "ok"), 1);
    cr_assert_eq(json_array_size(json_object_get(gone, "versions")), 2);
    json_decref(list);
    site_stop(&site);
}
