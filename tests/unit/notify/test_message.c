#include <criterion/criterion.h>
#include <math.h>

#include "notify/message.h"
#include "unit/notify/samples.h"

Test(message, reads_what_incident_made)
{
    struct text payload = sample_file("payload_opened.json");
    struct message m;
    cr_assert_eq(message_parse(bytes_in(&payload), &m, NULL), 0);
    cr_assert_str_eq(m.event, "opened");
    cr_assert_eq(m.sequence, 1);
    cr_assert_str_eq(m.monitor, "flights");
    cr_assert_eq(m.opened_at.ms, 1360303200000);
    cr_assert_null(m.resolved);
    cr_assert(m.shown == 2 && m.total == 7);
    cr_assert_not(message_is_resolved(&m));
    struct member top = message_member(&m, 0), next = message_member(&m, 1);
    cr_assert_str_eq(top.field, "dep_delay");
    cr_assert_eq(top.n, 930);
    cr_assert_not_null(top.histogram);
    cr_assert(isnan(next.p));
    cr_assert_null(next.histogram);
    cr_assert_str_eq(message_evidence(&m, "baseline"), "flights@1");
    cr_assert_str_eq(message_evidence(&m, "nothing"), "");
    message_release(&m);
    text_release(&payload);
}

/* Each key that must be there is taken away, or becomes a number, in turn. */
Test(message, refuses_a_payload_that_lacks_something)
{
    static const char *const needed[] = {"id",    "monitor",  "version", "rule",    "state",
                                         "title", "severity", "opened",  "evidence"};
    struct text payload = sample_file("payload_opened.json");
    for (size_t i = 0; i < 2 * sizeof needed / sizeof needed[0]; i++) {
        json_t *root = json_loadb(payload.data, payload.size, 0, NULL);
        json_t *incident = json_object_get(root, "incident");
        if (i % 2)
            json_object_set_new(incident, needed[i / 2], json_integer(7));
        else
            json_object_del(incident, needed[i / 2]);
        char *changed = json_dumps(root, 0);
        struct message m;
        struct err err = {0};
        cr_assert_eq(message_parse(bytes_of(changed), &m, &err), ERR_INVALID, "%s", needed[i / 2]);
        cr_assert(*err.text);
        free(changed);
        json_decref(root);
    }
    text_release(&payload);
}

Test(message, refuses_bad_input)
{
    static const char *const bad[] = {"",
                                      "{",
                                      "[]",
                                      "7",
                                      "null",
                                      "\"x\"",
                                      "{}",
                                      "{\"event\":\"opened\"}",
                                      "{\"event\":\"opened\",\"incident\":[]}",
                                      "{\"event\":\"\xff\"}",
                                      "{\"event\":\"a\\u0000b\"}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct message m;
        cr_assert_eq(message_parse(bytes_of(bad[i]), &m, NULL), ERR_INVALID, "%s", bad[i]);
    }
    struct message m;
    cr_assert_eq(message_parse(bytes_make(NULL, 0), &m, NULL), ERR_INVALID);
}

Test(message, refuses_every_truncation)
{
    struct text payload = sample_file("payload_closed.json");
    while (payload.data[payload.size - 1] == '\n')
        payload.size--;
    for (size_t size = 0; size < payload.size; size++) {
        struct message m;
        cr_assert_eq(message_parse(bytes_make(payload.data, size), &m, NULL), ERR_INVALID);
    }
    text_release(&payload);
}

Test(message, refuses_a_huge_payload)
{
    char *huge = mem_new(MESSAGE_BYTES + 1, 1);
    struct message m;
    memset(huge, ' ', MESSAGE_BYTES + 1);
    cr_assert_eq(message_parse(bytes_make(huge, MESSAGE_BYTES + 1), &m, NULL), ERR_LIMIT);
    free(huge);
}

Test(message, from_a_row_of_the_store)
{
    struct store_incident row = {.id = "i",
                                 .monitor = "m",
                                 .version = "1",
                                 .rule = "r",
                                 .state = "resolving",
                                 .severity = "info",
                                 .title = "t",
                                 .evidence = "{\"members\":[{\"field\":\"f\"}]}",
                                 .opened_ms = 1360303200000,
                                 .sequence = 4};
    struct message m;
    cr_assert_eq(message_from_incident(&row, &m, NULL), 0);
    cr_assert_str_eq(m.opened, "2013-02-08T06:00:00Z");
    cr_assert_eq(m.sequence, 4);
    cr_assert_null(m.resolved);
    cr_assert_not(message_is_resolved(&m));
    message_release(&m);
    row.state = "resolved";
    row.resolved_ms = 1360303201000;
    cr_assert_eq(message_from_incident(&row, &m, NULL), 0);
    cr_assert_str_eq(m.resolved, "2013-02-08T06:00:01Z");
    cr_assert(message_is_resolved(&m));
    message_release(&m);
    row.evidence = "not json";
    cr_assert_eq(message_from_incident(&row, &m, NULL), ERR_INVALID);
    row.evidence = NULL;
    cr_assert_eq(message_from_incident(&row, &m, NULL), ERR_INVALID);
    row.title = "\xff";
    cr_assert_eq(message_from_incident(&row, &m, NULL), ERR_INVALID);
}

Test(message, links)
{
    struct text payload = sample_file("payload_opened.json");
    struct text link = {0};
    struct message m;
    cr_assert_eq(message_parse(bytes_in(&payload), &m, NULL), 0);
    message_link(&m, NULL, &link);
    message_link(&m, "", &link);
    cr_assert_eq(link.size, 0);
    message_link(&m, "https://h/x//", &link);
    cr_assert_str_eq(link.data, "https://h/x/#/incidents/5f0c7a52-6d8e-8b3c-9a41-1d2e3f405162");
    m.id = "a b|<\xc3\xa4";
    text_clear(&link);
    message_link(&m, "https://h", &link);
    cr_assert_str_eq(link.data, "https://h/#/incidents/a%20b%7C%3C%C3%A4");
    text_release(&link);
    message_release(&m);
    text_release(&payload);
}
