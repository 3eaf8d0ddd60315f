#include <criterion/criterion.h>

#include "notify/alert.h"
#include "unit/notify/samples.h"

/* Python: FNV-1a 64 as in tests/data/notify/make_golden.py over {"a": "b"}; the empty set is the
 * offset basis, as in prometheus/common. */
Test(alert, fingerprint)
{
    char hex[ALERT_FINGERPRINT_BYTES];
    json_t *labels = json_object();
    cr_assert_str_eq(alert_fingerprint(labels, hex), "cbf29ce484222325");
    json_object_set_new(labels, "a", json_string("b"));
    cr_assert_str_eq(alert_fingerprint(labels, hex), "d2b371819297f98a");
    json_decref(labels);
}

Test(alert, labels_are_sorted_short_and_never_empty)
{
    size_t count;
    const char *const *names = sample_names(&count);
    for (size_t i = 0; i < count; i++) {
        struct text payload = sample_payload("opened", "firing", names[i], 1, 1);
        struct message m;
        cr_assert_eq(message_parse(bytes_in(&payload), &m, NULL), 0);
        struct member member = message_member(&m, 0);
        member.window = "";
        json_t *labels = alert_labels(&m, &member);
        const char *last = "", *name;
        json_t *value;
        json_object_foreach(labels, name, value)
        {
            cr_assert(strcmp(last, name) < 0, "%s, %s", last, name);
            cr_assert(json_string_length(value) > 0 &&
                      json_string_length(value) <= ALERT_LABEL_BYTES);
            last = name;
        }
        cr_assert_null(json_object_get(labels, "window"));
        json_decref(labels);
        message_release(&m);
        text_release(&payload);
    }
}

Test(alert, long_names_stay_apart)
{
    struct text payload = sample_payload("opened", "firing", "x", 1, 1);
    struct message m;
    char one[300], other[300];
    memset(one, 'n', sizeof one);
    one[299] = '\0';
    memcpy(other, one, sizeof one);
    other[298] = 'm';
    cr_assert_eq(message_parse(bytes_in(&payload), &m, NULL), 0);
    struct member a = {.field = one, .segment = "", .window = ""}, b = a;
    b.field = other;
    json_t *first = alert_labels(&m, &a), *second = alert_labels(&m, &b);
    cr_assert_not(json_equal(first, second));
    json_decref(first);
    json_decref(second);
    message_release(&m);
    text_release(&payload);
}

Test(alert, never_ends_before_it_starts)
{
    json_t *alert = json_object();
    alert_set_end(alert, (struct event_time){5000}, 4000);
    cr_assert_str_eq(json_string_value(json_object_get(alert, "endsAt")), "1970-01-01T00:00:05Z");
    alert_set_end(alert, (struct event_time){5000}, 7000);
    cr_assert_str_eq(json_string_value(json_object_get(alert, "endsAt")), "1970-01-01T00:00:07Z");
    json_decref(alert);
}
