#include <criterion/criterion.h>
#include <event2/event.h>
#include <string.h>

#include "later_store.h"
#include "support.h"

static const char *text_at(const json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));
    return text ? text : "(none)";
}

static struct site site; /* of each test; every test is its own process */

static void start(void)
{
    site_start(&site, NULL);
    site_fill(site.store);
}

static void stop(void)
{
    site_stop(&site);
}

TestSuite(api, .init = start, .fini = stop);

Test(api, status_is_the_agents_and_has_a_version)
{
    json_t *status = site_json(&site, "/api/v1/status");
    cr_assert(json_is_true(json_object_get(status, "ready")));
    cr_assert_str_eq(text_at(status, "version"), LEEWAY_VERSION);
    cr_assert_eq(json_integer_value(json_object_get(json_object_get(status, "records"), "late")),
                 1204);
    json_decref(status);
}

static void broken_status(void *context, struct text *json)
{
    (void)context;
    text_puts(json, "[1,");
}

Test(api, a_broken_status_is_an_error)
{
    struct answer answer;
    site.web->hooks.status = broken_status;
    site_get(&site, "/api/v1/status", &answer);
    cr_assert_eq(answer.status, 500);
    answer_release(&answer);
}

Test(api, fields_can_be_chosen)
{
    json_t *all = site_json(&site, "/api/v1/monitors/fraud/fields");
    json_t *hour = site_json(&site, "/api/v1/monitors/fraud/fields?version=7&segment=&window=1h");
    json_t *same =
        site_json(&site, "/api/v1/monitors/fraud/fields?version=7&segment=&window=3600000");
    json_t *segment = site_json(&site, "/api/v1/monitors/fraud/fields?segment=country%3DMX");
    json_t *drift =
        site_json(&site, "/api/v1/monitors/fraud/fields?version=7&segment=&state=drift");
    cr_assert_eq(json_array_size(all), 14 * 4 + 3);
    cr_assert_eq(json_array_size(hour), 14);
    cr_assert(json_equal(hour, same));
    cr_assert_eq(json_array_size(segment), 3);
    cr_assert_eq(json_array_size(drift), 8);
    json_t *row = json_array_get(drift, 0);
    cr_assert_str_eq(text_at(row, "state"), "drift");
    cr_assert(json_is_object(json_object_get(row, "document")));
    cr_assert_str_eq(text_at(row, "monitor"), "fraud");
    json_decref(all);
    json_decref(hour);
    json_decref(same);
    json_decref(segment);
    json_decref(drift);
}

Test(api, lists_say_when_they_are_cut)
{
    static const struct {
        const char *path;
        size_t rows;
        const char *truncated;
    } cases[] = {{"/api/v1/monitors/fraud/fields?limit=7&document=0", 7, "true"},
                 {"/api/v1/monitors/fraud/fields?limit=59&document=0", 59, ""},
                 {"/api/v1/incidents?limit=1", 1, "true"},
                 {"/api/v1/incidents?limit=2", 2, ""},
                 {"/api/v1/quarantine?limit=2", 2, "true"},
                 {"/api/v1/quarantine?limit=3", 3, ""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer answer;
        site_get(&site, cases[i].path, &answer);
        json_t *list = json_loads(answer.body, 0, NULL);
        cr_assert_eq(json_array_size(list), cases[i].rows, "%s", cases[i].path);
        cr_assert_str_eq(answer_header(&answer, "Leeway-Truncated"), cases[i].truncated);
        json_decref(list);
        answer_release(&answer);
    }
}

Test(api, document_can_be_left_out)
{
    json_t *rows = site_json(&site, "/api/v1/monitors/fraud/fields?document=0&limit=1");
    cr_assert_null(json_object_get(json_array_get(rows, 0), "document"));
    json_decref(rows);
}

Test(api, unknown_names_are_not_found)
{
    static const char *const paths[] = {"/api/v1/monitors/nobody/fields",
                                        "/api/v1/monitors/fraud/fields/nothing",
                                        "/api/v1/monitors/%2e%2e/fields",
                                        "/api/v1/monitors/fraud/fields/amount?version=99",
                                        "/api/v1/incidents/none",
                                        "/api/v1/baselines/none",
                                        "/api/v1/baselines/fraud?version=77"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct answer answer;
        site_get(&site, paths[i], &answer);
        cr_assert_eq(answer.status, 404, "%s: %d", paths[i], answer.status);
        json_t *json = json_loads(answer.body, 0, NULL);
        cr_assert(json_is_string(json_object_get(json, "error")));
        json_decref(json);
        answer_release(&answer);
    }
    json_t *known = site_json(&site, "/api/v1/monitors/pricing/fields");
    cr_assert_eq(json_array_size(known), 0, "configured, not judged yet");
    json_decref(known);
}

Test(api, incidents_can_be_chosen)
{
    json_t *all = site_json(&site, "/api/v1/incidents");
    json_t *open = site_json(&site, "/api/v1/incidents?state=open&evidence=0");
    json_t *resolved = site_json(&site, "/api/v1/incidents?state=resolved");
    json_t *other = site_json(&site, "/api/v1/incidents?monitor=pricing");
    cr_assert_eq(json_array_size(all), 2);
    cr_assert_eq(json_array_size(open), 1);
    cr_assert_str_eq(text_at(json_array_get(open, 0), "id"), "i-open");
    cr_assert_null(json_object_get(json_array_get(open, 0), "evidence"));
    cr_assert(json_is_null(json_object_get(json_array_get(open, 0), "resolved")));
    cr_assert_eq(json_array_size(resolved), 1);
    cr_assert_str_eq(text_at(json_array_get(resolved, 0), "resolved"), "2026-11-12T18:00:00Z");
    cr_assert_eq(json_array_size(other), 0);
    json_t *one = site_json(&site, "/api/v1/incidents/i-open");
    json_t *evidence = json_object_get(one, "evidence");
    cr_assert_eq(json_array_size(json_object_get(evidence, "members")), 3);
    json_decref(all);
    json_decref(open);
    json_decref(resolved);
    json_decref(other);
    json_decref(one);
}

Test(api, baselines_and_quarantine)
{
    json_t *list = site_json(&site, "/api/v1/baselines");
    cr_assert_eq(json_array_size(list), 2);
    cr_assert(json_is_true(json_object_get(json_array_get(list, 1), "promoted")));
    json_t *promoted = site_json(&site, "/api/v1/baselines/fraud");
    cr_assert_eq(json_array_size(json_object_get(promoted, "fields")), 1);
    json_t *first = site_json(&site, "/api/v1/baselines/fraud?version=1");
    cr_assert_eq(json_array_size(json_object_get(first, "fields")), 0);
    json_t *aside = site_json(&site, "/api/v1/quarantine");
    cr_assert_eq(json_integer_value(json_object_get(json_array_get(aside, 0), "offset")), 780);
    cr_assert_str_eq(text_at(json_array_get(aside, 2), "reason"), "not JSON");
    json_decref(list);
    json_decref(promoted);
    json_decref(first);
    json_decref(aside);
}

/* ---- answers that come later ---- */

static const char *const store_paths[] = {"/api/v1/monitors",
                                          "/api/v1/monitors/fraud/fields",
                                          "/api/v1/monitors/fraud/fields?segment=x",
                                          "/api/v1/monitors/nobody/fields",
                                          "/api/v1/monitors/fraud/fields/amount",
                                          "/api/v1/monitors/fraud/fields/amount?window=1h&limit=5",
                                          "/api/v1/monitors/fraud/fields/nothing",
                                          "/api/v1/incidents?state=open",
                                          "/api/v1/incidents?limit=1",
                                          "/api/v1/incidents/i-closed",
                                          "/api/v1/incidents/none",
                                          "/api/v1/baselines",
                                          "/api/v1/baselines?name=other",
                                          "/api/v1/baselines/fraud",
                                          "/api/v1/baselines/fraud?version=77",
                                          "/api/v1/quarantine?limit=2"};
enum { STORE_PATHS = sizeof store_paths / sizeof *store_paths };

static struct later_store later;

static void answer_tick(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context;
    later_answer(&later);
}

/* From now on the store answers, but each time a turn of the loop later. */
static struct event *answer_later(void)
{
    struct timeval tick = {0, 2000};
    struct event *event = event_new(site.base, -1, EV_PERSIST, answer_tick, NULL);
    later_start(&later, site.store);
    site.web->store = &later.store;
    event_add(event, &tick);
    return event;
}

Test(api, late_answers_are_the_same)
{
    struct answer at_once[STORE_PATHS], late;
    for (int i = 0; i < STORE_PATHS; i++)
        site_get(&site, store_paths[i], &at_once[i]);
    struct event *event = answer_later();
    for (int i = 0; i < STORE_PATHS; i++) {
        site_get(&site, store_paths[i], &late);
        cr_assert_eq(late.status, at_once[i].status, "%s: %d", store_paths[i], late.status);
        cr_assert_str_eq(late.head.data, at_once[i].head.data);
        cr_assert_str_eq(late.body, at_once[i].body);
        answer_release(&late);
        answer_release(&at_once[i]);
    }
    cr_assert_geq(later.asked, STORE_PATHS);
    cr_assert_eq(later.waiting, 0);
    event_free(event);
}

Test(api, an_incident_is_looked_up_by_its_id)
{
    json_t *one = site_json(&site, "/api/v1/incidents/i-closed");
    cr_assert_str_eq(text_at(one, "id"), "i-closed", "not the newest one");
    json_decref(one);
}

/* ---- a store that fails ---- */

static enum store_result failure;
static int failure_code;

static void fail_tick(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context;
    later_fail(&later, failure, failure_code);
}

static void expect_failures(enum store_result result, int code, int status)
{
    failure = result;
    failure_code = code;
    for (int i = 0; i < STORE_PATHS; i++) {
        struct answer answer;
        site_get(&site, store_paths[i], &answer);
        cr_assert_eq(answer.status, status, "%s: %d", store_paths[i], answer.status);
        cr_assert_null(strstr(answer.all.data, "secret"), "no SQL leaves");
        json_t *json = json_loads(answer.body, 0, NULL);
        cr_assert(json_is_string(json_object_get(json, "error")), "%s", store_paths[i]);
        json_decref(json);
        answer_release(&answer);
    }
}

Test(api, a_failing_store_is_said_but_not_why)
{
    struct timeval tick = {0, 2000};
    struct event *event = event_new(site.base, -1, EV_PERSIST, fail_tick, NULL);
    later_start(&later, site.store);
    site.web->store = &later.store;
    event_add(event, &tick);
    expect_failures(STORE_FAILED, ERR_IO, 500);
    expect_failures(STORE_UNAVAILABLE, ERR_UNAVAILABLE, 503);
    cr_assert_eq(site.web->failed, 2 * STORE_PATHS);
    event_free(event);
}

/* What is asked second may fail when the first was answered. */
Test(api, a_store_that_fails_halfway)
{
    static const char *const paths[] = {"/api/v1/monitors/nobody/fields",
                                        "/api/v1/monitors/fraud/fields/amount"};
    for (int i = 0; i < 2; i++) {
        struct answer answer = {0};
        later_start(&later, site.store);
        site.web->store = &later.store;
        struct client client = site_ask(&site, paths[i]);
        cr_assert(site_wait(&site, later_waits, &later));
        later_answer(&later);
        cr_assert_eq(later.waiting, 1, "%s", paths[i]);
        later_fail(&later, STORE_UNAVAILABLE, ERR_UNAVAILABLE);
        site_receive(&site, &client, &answer);
        cr_assert_eq(answer.status, 503);
        answer_release(&answer);
    }
}
