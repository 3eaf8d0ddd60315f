/* Bodies against files that tests/data/notify/make_golden.py made. */
#include <criterion/criterion.h>

#include "notify/notify.h"
#include "unit/notify/samples.h"

#define EXTERNAL "https://leeway.example/base"
#define NOW_MS   INT64_C(1360339200000)

static int render(const char *how, struct bytes payload, struct text *body)
{
    struct err err;
    if (!strcmp(how, "webhook"))
        return render_webhook(payload, "hook", EXTERNAL, body, &err);
    if (!strcmp(how, "slack"))
        return render_slack(payload, EXTERNAL, body, &err);
    if (!strcmp(how, "alertmanager"))
        return render_alertmanager(payload, EXTERNAL, NOW_MS, 240000, body, &err);
    return render_retrain(payload, "msg-7", body, &err);
}

static void is_golden(const char *how, const char *payload_name, const char *golden_name)
{
    struct text payload = sample_file(payload_name), golden = sample_file(golden_name), body = {0};
    cr_assert_eq(render(how, bytes_in(&payload), &body), 0);
    json_t *got = json_loadb(body.data, body.size, 0, NULL);
    json_t *expected = json_loadb(golden.data, golden.size, 0, NULL);
    cr_assert_not_null(expected);
    cr_assert(json_equal(got, expected), "%s:\n%s", golden_name, body.data);
    json_decref(got);
    json_decref(expected);
    text_release(&payload);
    text_release(&golden);
    text_release(&body);
}

Test(render, webhook)
{
    is_golden("webhook", "payload_opened.json", "webhook_opened.json");
    is_golden("webhook", "payload_closed.json", "webhook_closed.json");
}

Test(render, slack)
{
    is_golden("slack", "payload_opened.json", "slack_opened.json");
    is_golden("slack", "payload_closed.json", "slack_closed.json");
}

Test(render, alertmanager)
{
    is_golden("alertmanager", "payload_opened.json", "alertmanager_opened.json");
    is_golden("alertmanager", "payload_closed.json", "alertmanager_closed.json");
}

Test(render, retrain)
{
    is_golden("retrain", "payload_retrain.json", "retrain.json");
}

static const char *const kinds[] = {"webhook", "slack", "alertmanager", "retrain"};

Test(render, refuses_what_is_not_a_payload)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct text body = {0};
        cr_assert_eq(render(kinds[i], bytes_of("{\"event\":\"opened\"}"), &body), ERR_INVALID);
        cr_assert_eq(render(kinds[i], bytes_of("nonsense"), &body), ERR_INVALID);
        cr_assert_eq(body.size, 0);
    }
}

/* Whatever a name is, the body is JSON of the same shape. */
Test(render, names_cannot_change_the_shape)
{
    size_t count;
    const char *const *names = sample_names(&count);
    for (size_t i = 0; i < count * 4; i++) {
        struct text payload = sample_payload("opened", "firing", names[i / 4], 3, 3);
        struct text plain = sample_payload("opened", "firing", "plain", 3, 3);
        struct text body = {0}, expected = {0};
        cr_assert_eq(render(kinds[i % 4], bytes_in(&payload), &body), 0);
        cr_assert_eq(render(kinds[i % 4], bytes_in(&plain), &expected), 0);
        json_t *got = json_loadb(body.data, body.size, 0, NULL);
        json_t *like = json_loadb(expected.data, expected.size, 0, NULL);
        cr_assert_eq(json_typeof(got), json_typeof(like));
        cr_assert_eq(json_object_size(got), json_object_size(like), "%s: %s", kinds[i % 4],
                     body.data);
        json_decref(got);
        json_decref(like);
        text_release(&payload);
        text_release(&plain);
        text_release(&body);
        text_release(&expected);
    }
}

Test(render, without_external_url_and_members)
{
    struct text payload = sample_payload("opened", "firing", "plain", 0, 0);
    struct text body = {0};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        cr_assert_eq(render(kinds[i], bytes_in(&payload), &body), 0);
    text_clear(&body);
    cr_assert_eq(render_alertmanager(bytes_in(&payload), NULL, NOW_MS, 1, &body, NULL), 0);
    cr_assert_null(strstr(body.data, "generatorURL"));
    text_clear(&body);
    cr_assert_eq(render_slack(bytes_in(&payload), NULL, &body, NULL), 0);
    cr_assert_null(strstr(body.data, "mrkdwn"));
    text_clear(&body);
    cr_assert_eq(render_webhook(bytes_in(&payload), "r", NULL, &body, NULL), 0);
    cr_assert_not_null(strstr(body.data, "\"generatorURL\":\"\""));
    text_release(&payload);
    text_release(&body);
}

/* An alert must keep its identity from opened to closed, whatever values change. */
Test(render, labels_do_not_hold_values)
{
    struct text opened = sample_payload("opened", "firing", "plain", 3, 3);
    struct text closed = sample_payload("closed", "resolved", "plain", 2, 9);
    struct text one = {0}, other = {0};
    cr_assert_eq(render("alertmanager", bytes_in(&opened), &one), 0);
    cr_assert_eq(render("alertmanager", bytes_in(&closed), &other), 0);
    json_t *a = json_loadb(one.data, one.size, 0, NULL);
    json_t *b = json_loadb(other.data, other.size, 0, NULL);
    cr_assert(json_equal(json_object_get(json_array_get(a, 0), "labels"),
                         json_object_get(json_array_get(b, 0), "labels")));
    cr_assert(json_equal(json_object_get(json_array_get(a, 0), "startsAt"),
                         json_object_get(json_array_get(b, 0), "startsAt")));
    json_decref(a);
    json_decref(b);
    text_release(&opened);
    text_release(&closed);
    text_release(&one);
    text_release(&other);
}
