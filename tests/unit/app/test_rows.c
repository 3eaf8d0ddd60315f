/* Who is told what: a message for each receiver, one to retrain when an incident opens. */
#include <criterion/criterion.h>
#include <jansson.h>

#include "app/rows.h"

static struct rows rows;
static struct arena *arena;
static struct config_receiver receivers[] = {{.name = "oncall", .type = RECEIVER_SLACK},
                                             {.name = "train", .type = RECEIVER_RETRAIN},
                                             {.name = "hook", .type = RECEIVER_WEBHOOK}};
static struct config config = {.receivers = receivers, .receiver_count = 3};
static const char *notify[] = {"hook"};
static struct rule rule;
static struct incident_change change;

static void set_up(void)
{
    arena = arena_new();
    change = (struct incident_change){.event = INCIDENT_OPENED,
                                      .rule = &rule,
                                      .incident = {.id = "0a1b2c3d-0000-8000-8000-000000000000",
                                                   .monitor = "fraud",
                                                   .version = "7",
                                                   .rule = "drift",
                                                   .generation = "0123456789abcdef",
                                                   .state = INCIDENT_FIRING,
                                                   .severity = RULE_WARNING,
                                                   .opened = {1360303200000},
                                                   .updated = {1360306800000},
                                                   .sequence = 1,
                                                   .title = "fraud 7: \"amount\" drifts",
                                                   .evidence = "{\"members\":[1,2]}"}};
}

static void tear_down(void)
{
    rows_release(&rows);
    arena_free(arena);
}

TestSuite(rows, .init = set_up, .fini = tear_down);

static void told(const char *expected)
{
    struct text got = {0};
    text_puts(&got, "");
    rows_clear(&rows);
    rows_add_messages(&rows, arena, &config, &change);
    for (uint32_t i = 0; i < rows.outbox_count; i++)
        text_printf(&got, "%s %s;", rows.outbox[i].receiver, rows.outbox[i].event);
    cr_assert_str_eq(got.data, expected);
    text_release(&got);
}

Test(rows, all_receivers_but_those_that_retrain)
{
    told("oncall opened;hook opened;");
    change.event = INCIDENT_WORSENED;
    told("oncall worsened;hook worsened;");
    change.event = INCIDENT_CLOSED;
    told("oncall closed;hook closed;");
}

Test(rows, the_rule_names_its_receivers)
{
    rule.notify = notify;
    rule.notify_count = 1;
    told("hook opened;");
}

Test(rows, retraining_is_asked_for_once)
{
    rule.retrain = "train";
    told("oncall opened;hook opened;train retrain;");
    change.event = INCIDENT_WORSENED;
    told("oncall worsened;hook worsened;");
    change.event = INCIDENT_CLOSED;
    told("oncall closed;hook closed;");
}

Test(rows, a_rule_that_is_gone_names_nobody)
{
    change.rule = NULL;
    change.event = INCIDENT_CLOSED;
    told("oncall closed;hook closed;");
}

Test(rows, what_only_changed_is_told_to_nobody)
{
    rule.retrain = "train";
    rule.notify = notify;
    rule.notify_count = 1;
    change.event = INCIDENT_CHANGED;
    told("");
}

Test(rows, ids_are_of_receiver_incident_event_and_sequence)
{
    char first[ID_BYTES];
    told("oncall opened;hook opened;");
    snprintf(first, sizeof first, "%s", rows.outbox[0].message_id);
    cr_assert_str_neq(first, rows.outbox[1].message_id);
    told("oncall opened;hook opened;");
    cr_assert_str_eq(first, rows.outbox[0].message_id, "the same cause, the same id");
    change.incident.sequence = 2;
    told("oncall opened;hook opened;");
    cr_assert_str_neq(first, rows.outbox[0].message_id);
    cr_assert_eq(rows.outbox[0].sequence, 2);
}

static json_t *payload(void)
{
    rows_clear(&rows);
    rows_add_messages(&rows, arena, &config, &change);
    json_t *json = json_loads(rows.outbox[0].payload, JSON_REJECT_DUPLICATES, NULL);
    cr_assert_not_null(json, "%s", rows.outbox[0].payload);
    return json;
}

Test(rows, payload)
{
    const char *event, *id, *opened, *updated, *title;
    int sequence, second;
    json_t *resolved, *json = payload();
    cr_assert_eq(json_unpack(json, "{s:s,s:i,s:{s:s,s:s,s:s,s:s,s:o,s:{s:[i,i]}}}", "event", &event,
                             "sequence", &sequence, "incident", "id", &id, "opened", &opened,
                             "updated", &updated, "title", &title, "resolved", &resolved,
                             "evidence", "members", &second, &second),
                 0);
    cr_assert_str_eq(event, "opened");
    cr_assert_str_eq(id, change.incident.id);
    cr_assert_str_eq(opened, "2013-02-08T06:00:00Z");
    cr_assert_str_eq(updated, "2013-02-08T07:00:00Z");
    cr_assert_str_eq(title, change.incident.title);
    cr_assert(sequence == 1 && second == 2 && json_is_null(resolved));
    json_decref(json);
    change.incident.resolved.ms = 1360306800000;
    change.incident.evidence = "damaged";
    json = payload();
    cr_assert_eq(json_unpack(json, "{s:{s:s,s:{}}}", "incident", "resolved", &opened, "evidence"),
                 0);
    cr_assert_str_eq(opened, "2013-02-08T07:00:00Z");
    json_decref(json);
}

Test(rows, an_incident_has_one_row_the_latest)
{
    rows_add_incident(&rows, arena, &change.incident);
    change.incident.sequence = 2;
    change.incident.state = INCIDENT_RESOLVED;
    rows_add_incident(&rows, arena, &change.incident);
    cr_assert_eq(rows.incident_count, 1);
    cr_assert_eq(rows.incidents[0].sequence, 2);
    cr_assert_str_eq(rows.incidents[0].state, incident_state_name(INCIDENT_RESOLVED));
    for (int i = 0; i < 200; i++) { /* more than the first allocation */
        snprintf(change.incident.id, sizeof change.incident.id, "%d", i);
        rows_add_incident(&rows, arena, &change.incident);
    }
    cr_assert_eq(rows.incident_count, 201);
    cr_assert_str_eq(rows.incidents[200].id, "199");
}
