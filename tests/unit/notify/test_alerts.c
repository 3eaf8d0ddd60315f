#include <criterion/criterion.h>
#include <stdio.h>

#include "notify/alerts.h"
#include "unit/notify/fake_store.h"
#include "unit/notify/samples.h"

#define NOW   INT64_C(1790000000000)
#define LEASE INT64_C(240000)

static struct fake_store fake;
static struct alerts *alerts;
static struct alerts_scope scope;

static void setup(void)
{
    fake_store_start(&fake);
    alerts = alerts_new();
    scope = (struct alerts_scope){.receiver = "am", .send_resolved = true};
}

static void teardown(void)
{
    alerts_free(alerts);
}

static struct store_incident *incident(const char *id, const char *state, uint32_t sequence)
{
    struct store_incident *row = &fake.incidents[fake.incident_count++];
    *row = (struct store_incident){.id = id,
                                   .monitor = "m",
                                   .version = "1",
                                   .rule = "r",
                                   .state = state,
                                   .severity = "warning",
                                   .title = "t",
                                   .evidence = "{\"members\":[]}",
                                   .opened_ms = NOW - 3600000,
                                   .sequence = sequence};
    return row;
}

static enum store_result refreshed;
static int refreshes;

static void on_refreshed(void *context, enum store_result result, const struct err *err)
{
    cr_assert_eq(context, &scope);
    cr_assert_eq(err == NULL, result == STORE_DONE);
    refreshed = result;
    refreshes++;
}

static bool begin_refresh(int64_t now)
{
    return alerts_refresh(alerts, &fake.store, &scope, now, on_refreshed, &scope);
}

static void refresh(int64_t now)
{
    refreshed = STORE_FAILED;
    cr_assert(begin_refresh(now));
    cr_assert_eq(refreshed, STORE_DONE);
}

/* "id severity end" of each alert, the end in ms after NOW. */
static const char *told(int64_t now)
{
    static char line[4096];
    struct text body = {0};
    size_t used = 0, i;
    json_t *alert;
    alerts_render(alerts, 0, UINT32_MAX, now, LEASE, &body);
    json_t *array = json_loadb(body.data, body.size, 0, NULL);
    line[0] = '\0';
    json_array_foreach(array, i, alert)
    {
        struct event_time end;
        json_t *labels = json_object_get(alert, "labels");
        const char *ends = json_string_value(json_object_get(alert, "endsAt"));
        cr_assert(event_time_parse(bytes_of(ends), &end));
        used += (size_t)snprintf(line + used, sizeof line - used, "%s %s %ld|",
                                 json_string_value(json_object_get(labels, "incident")),
                                 json_string_value(json_object_get(labels, "severity")),
                                 (long)(end.ms - NOW));
    }
    json_decref(array);
    text_release(&body);
    return line;
}

Test(alerts, firing_ones_get_a_lease, .init = setup, .fini = teardown)
{
    incident("a", "firing", 1);
    incident("b", "resolving", 2);
    incident("c", "pending", 1);
    refresh(NOW);
    cr_assert_str_eq(told(NOW), "a warning 240000|b warning 240000|");
    cr_assert_str_eq(told(NOW + 60000), "a warning 300000|b warning 300000|");
}

Test(alerts, resolved_ones_are_told_for_15_minutes, .init = setup, .fini = teardown)
{
    struct store_incident *row = incident("a", "firing", 1);
    refresh(NOW);
    row->state = "resolved";
    row->sequence = 2;
    row->resolved_ms = NOW + 1000;
    refresh(NOW + 60000);
    cr_assert_str_eq(told(NOW + 60000), "a warning 1000|");
    refresh(NOW + 60000 + ALERTS_RESOLVED_MS - 1);
    cr_assert_str_eq(told(NOW), "a warning 1000|");
    refresh(NOW + 60000 + ALERTS_RESOLVED_MS);
    cr_assert_eq(alerts_count(alerts), 0);
    refresh(NOW + 60000 + ALERTS_RESOLVED_MS);
    cr_assert_eq(alerts_count(alerts), 0, "and not again");
}

Test(alerts, a_restart_tells_what_resolved_lately, .init = setup, .fini = teardown)
{
    incident("old", "resolved", 2)->resolved_ms = NOW - ALERTS_RESOLVED_MS - 1;
    incident("new", "resolved", 2)->resolved_ms = NOW - 5000;
    refresh(NOW);
    cr_assert_str_eq(told(NOW), "new warning -5000|");
}

Test(alerts, without_send_resolved_they_just_end, .init = setup, .fini = teardown)
{
    scope.send_resolved = false;
    struct store_incident *row = incident("a", "firing", 1);
    incident("b", "resolved", 1)->resolved_ms = NOW;
    refresh(NOW);
    cr_assert_str_eq(told(NOW), "a warning 240000|");
    row->state = "resolved";
    row->resolved_ms = NOW;
    refresh(NOW);
    cr_assert_eq(alerts_count(alerts), 0);
}

Test(alerts, what_the_store_forgot_is_forgotten, .init = setup, .fini = teardown)
{
    incident("a", "firing", 1);
    refresh(NOW);
    fake.incident_count = 0;
    refresh(NOW);
    cr_assert_eq(alerts_count(alerts), 1, "it may have changed between two questions");
    refresh(NOW);
    cr_assert_eq(alerts_count(alerts), 0);
}

Test(alerts, what_was_missed_once_is_not_forgotten_later, .init = setup, .fini = teardown)
{
    incident("a", "firing", 1);
    for (int i = 0; i < 3; i++) {
        fake.incident_count = 1;
        refresh(NOW);
        fake.incident_count = 0;
        refresh(NOW);
        cr_assert_eq(alerts_count(alerts), 1);
    }
}

Test(alerts, nothing_is_forgotten_when_the_store_is_away, .init = setup, .fini = teardown)
{
    incident("a", "firing", 1);
    refresh(NOW);
    fake.answers[FAKE_INCIDENTS_OF] = STORE_UNAVAILABLE;
    for (int i = 0; i < 3; i++) {
        cr_assert(begin_refresh(NOW));
        cr_assert_eq(refreshed, STORE_UNAVAILABLE);
        cr_assert_str_eq(told(NOW), "a warning 240000|");
    }
}

/* The first question is answered, the second is not. */
Test(alerts, half_a_picture_is_none, .init = setup, .fini = teardown)
{
    incident("a", "firing", 1);
    refresh(NOW);
    fake.incident_count = 0;
    fake.later = true;
    for (int i = 0; i < 3; i++) {
        cr_assert(begin_refresh(NOW));
        fake_store_answer(&fake);
        fake.answers[FAKE_INCIDENTS_OF] = STORE_UNAVAILABLE;
        fake_store_answer(&fake);
        cr_assert_eq(refreshed, STORE_UNAVAILABLE);
        cr_assert_eq(alerts_count(alerts), 1);
        fake.answers[FAKE_INCIDENTS_OF] = STORE_DONE;
    }
}

Test(alerts, answers_may_come_later, .init = setup, .fini = teardown)
{
    struct text opened = sample_payload("opened", "firing", "x", 1, 1);
    incident("a", "firing", 1);
    incident("b", "resolving", 1);
    fake.later = true;
    refreshes = 0;
    cr_assert(begin_refresh(NOW));
    cr_assert_not(begin_refresh(NOW), "one at a time");
    for (int i = 0; i < 3; i++) {
        cr_assert(fake.waiting == 1 && refreshes == 0);
        if (i == 1)
            alerts_note(alerts, bytes_in(&opened), NULL, NOW);
        fake_store_answer(&fake);
    }
    cr_assert(fake.waiting == 0 && refreshes == 1);
    cr_assert_eq(alerts_count(alerts), 3, "what was noted meanwhile stays");
    cr_assert(begin_refresh(NOW));
    fake_store_drop(&fake);
    alerts_store_closed(alerts);
    cr_assert_eq(refreshes, 1);
    text_release(&opened);
}

Test(alerts, may_be_freed_during_a_refresh, .init = setup, .fini = teardown)
{
    incident("a", "firing", 1);
    fake.later = true;
    for (int answered = 0; answered < 3; answered++) {
        refreshes = 0;
        fake.answers[FAKE_INCIDENTS_OF] = STORE_DONE;
        cr_assert(begin_refresh(NOW));
        for (int i = 0; i < answered; i++)
            fake_store_answer(&fake);
        alerts_free(alerts);
        if (answered == 1)
            fake.answers[FAKE_INCIDENTS_OF] = STORE_UNAVAILABLE;
        fake_store_answer(&fake);
        cr_assert(fake.waiting == 0 && refreshes == 0);
        alerts = alerts_new();
    }
}

Test(alerts, another_severity_ends_the_first, .init = setup, .fini = teardown)
{
    struct store_incident *row = incident("a", "firing", 1);
    refresh(NOW);
    row->severity = "critical";
    row->sequence = 2;
    refresh(NOW + 60000);
    cr_assert_str_eq(told(NOW + 60000), "a warning 60000|a critical 300000|");
}

Test(alerts, rows_are_noted_unless_outdated, .init = setup, .fini = teardown)
{
    const int64_t now = NOW + 100 * DAY_MS; /* after the samples were opened */
    struct text opened = sample_payload("opened", "firing", "x", 1, 1);
    struct text closed = sample_payload("closed", "resolved", "x", 1, 1);
    alerts_note(alerts, bytes_in(&opened), NULL, now);
    cr_assert_eq(alerts_count(alerts), 1);
    json_t *late = json_loadb(closed.data, closed.size, 0, NULL);
    json_object_set_new(late, "sequence", json_integer(2));
    char *text = json_dumps(late, 0);
    alerts_note(alerts, bytes_of(text), NULL, now + 7000);
    alerts_note(alerts, bytes_in(&opened), NULL, now + 9000);
    cr_assert_not_null(strstr(told(now + 9000), " warning 8640007000|"), "%s", told(now));
    alerts_note(alerts, bytes_of("nonsense"), NULL, now);
    cr_assert_eq(alerts_count(alerts), 1);
    free(text);
    json_decref(late);
    text_release(&opened);
    text_release(&closed);
}

static bool only_b(void *context, const char *monitor, const char *rule, const char *receiver)
{
    (void)context;
    cr_assert_str_eq(receiver, "am");
    return !strcmp(monitor, "m") && !strcmp(rule, "b");
}

Test(alerts, only_what_is_routed_here, .init = setup, .fini = teardown)
{
    incident("a", "firing", 1);
    incident("b", "firing", 1)->rule = "b";
    scope.route = only_b;
    refresh(NOW);
    cr_assert_str_eq(told(NOW), "b warning 240000|");
}

Test(alerts, unreadable_incidents_are_left_out, .init = setup, .fini = teardown)
{
    incident("a", "firing", 1)->evidence = "{";
    incident("b", "firing", 1);
    refresh(NOW);
    cr_assert_str_eq(told(NOW), "b warning 240000|");
}

Test(alerts, are_capped, .init = setup, .fini = teardown)
{
    static char ids[FAKE_INCIDENTS][8];
    for (int i = 0; i < FAKE_INCIDENTS; i++) {
        snprintf(ids[i], sizeof ids[i], "%d", i);
        incident(ids[i], i % 2 ? "firing" : "resolving", 1);
    }
    refresh(NOW);
    cr_assert_eq(alerts_count(alerts), ALERTS_MAX);
    refresh(NOW);
    cr_assert_eq(alerts_count(alerts), ALERTS_MAX);
}
