#include <criterion/criterion.h>

#include "notify/notify.h"
#include "unit/notify/samples.h"

Test(render_webhook, many_members_are_counted_not_sent)
{
    struct text payload = sample_payload("opened", "firing", "field", 500, 730), body = {0};
    cr_assert_eq(render_webhook(bytes_in(&payload), "r", NULL, &body, NULL), 0);
    json_t *root = json_loadb(body.data, body.size, 0, NULL);
    cr_assert_eq(json_array_size(json_object_get(root, "alerts")), 100);
    cr_assert_eq(json_integer_value(json_object_get(root, "truncatedAlerts")), 630);
    json_decref(root);
    text_release(&payload);
    text_release(&body);
}

/* The keys that Alertmanager's own body has (notify/webhook, template.Data), and no other. */
Test(render_webhook, has_the_documented_keys_only)
{
    static const char *const keys[] = {
        "receiver",          "status",      "alerts",  "groupLabels", "commonLabels",
        "commonAnnotations", "externalURL", "version", "groupKey",    "truncatedAlerts"};
    static const char *const of_alert[] = {"status", "labels",       "annotations", "startsAt",
                                           "endsAt", "generatorURL", "fingerprint"};
    struct text payload = sample_file("payload_opened.json"), body = {0};
    cr_assert_eq(render_webhook(bytes_in(&payload), "r", NULL, &body, NULL), 0);
    json_t *root = json_loadb(body.data, body.size, 0, NULL);
    json_t *alert = json_array_get(json_object_get(root, "alerts"), 0);
    cr_assert_eq(json_object_size(root), 10);
    cr_assert_eq(json_object_size(alert), 7);
    for (size_t i = 0; i < 10; i++)
        cr_assert_not_null(json_object_get(root, keys[i]), "%s", keys[i]);
    for (size_t i = 0; i < 7; i++)
        cr_assert_not_null(json_object_get(alert, of_alert[i]), "%s", of_alert[i]);
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(alert, "annotations"), name, value)
        cr_assert(json_is_string(value), "%s", name);
    json_decref(root);
    text_release(&payload);
    text_release(&body);
}
