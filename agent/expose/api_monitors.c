/* /api/v1/monitors: what there is, and how bad it is, in one look.
 *
 * Sums up the latest verdict of every field, window and segment. The store gives the newest first;
 * a verdict that ends more than its own window before the monitor's newest one is of a version or
 * segment that is not fed any more, and says nothing about now. */
#include <stdlib.h>
#include <string.h>

#include "expose/api.h"
#include "expose/json.h"
#include "expose/request.h"

enum { VERDICTS_MAX = 50000 };

static const char *const severities[] = {"none", "notice", "low", "medium", "high"};

struct summary {
    struct request *request;
    struct store_query query;
    json_t *array;
    json_t *by_name; /* borrowed views into array, by monitor */
    uint32_t verdicts;
};

static int severity_rank(const char *name)
{
    for (int i = 0; i < (int)(sizeof severities / sizeof *severities); i++) {
        if (name && !strcmp(name, severities[i]))
            return i;
    }
    return 0;
}

static json_t *monitor_new(struct summary *summary, const char *name,
                           const struct config_monitor *config)
{
    json_t *monitor = json_object();
    json_object_set_new(monitor, "monitor", json_from_text(name));
    json_object_set_new(monitor, "configured", json_boolean(config));
    json_object_set_new(monitor, "baseline", json_from_text(config ? config->baseline : NULL));
    json_object_set_new(monitor, "versions", json_array());
    json_object_set_new(monitor, "windows", json_array());
    json_object_set_new(monitor, "segments", json_array());
    json_object_set_new(monitor, "fields", json_object());
    json_object_set_new(monitor, "severity", json_string("none"));
    json_object_set_new(monitor, "states", json_object());
    json_object_set_new(monitor, "last_window_end", json_null());
    for (uint32_t i = 0; config && i < config->window_count; i++)
        json_array_append_new(json_object_get(monitor, "windows"),
                              json_integer(config->windows_ms[i]));
    json_array_append_new(summary->array, monitor);
    json_object_set_nocheck(summary->by_name, name, monitor);
    return monitor;
}

static void count_state(json_t *monitor, const char *state)
{
    json_t *states = json_object_get(monitor, "states");
    json_int_t count = json_integer_value(json_object_get(states, state));
    json_object_set_new(states, state, json_integer(count + 1));
}

static int add_verdict(void *context, const struct store_verdict *v)
{
    struct summary *summary = context;
    if (++summary->verdicts > VERDICTS_MAX || !request_is_open(summary->request))
        return 1;
    json_t *monitor = json_object_get(summary->by_name, v->monitor);
    if (!monitor)
        monitor = monitor_new(summary, v->monitor, NULL);
    json_t *newest = json_object_get(monitor, "newest");
    if (!newest || json_integer_value(newest) < v->end_ms) {
        json_object_set_new(monitor, "newest", json_integer(v->end_ms));
        json_object_set_new(monitor, "last_window_end", json_from_ms(v->end_ms));
        newest = json_object_get(monitor, "newest");
    }
    json_add_once(json_object_get(monitor, "versions"), json_from_text(v->version));
    json_add_once(json_object_get(monitor, "windows"), json_integer(v->window_ms));
    json_add_once(json_object_get(monitor, "segments"), json_from_text(v->segment));
    json_object_set_new_nocheck(json_object_get(monitor, "fields"), v->field, json_true());
    if (v->end_ms < json_integer_value(newest) - v->window_ms)
        return 0;
    if (!strcmp(v->state, "drift") &&
        severity_rank(v->severity) >
            severity_rank(json_string_value(json_object_get(monitor, "severity"))))
        json_object_set_new(monitor, "severity", json_from_text(v->severity));
    if (v->segment[0] == '\0')
        count_state(monitor, v->state);
    return 0;
}

static void monitor_finish(json_t *monitor)
{
    json_object_del(monitor, "newest");
    json_object_set_new(
        monitor, "fields",
        json_integer((json_int_t)json_object_size(json_object_get(monitor, "fields"))));
    json_sort(json_object_get(monitor, "windows"));
    json_sort(json_object_get(monitor, "segments"));
}

static void summary_free(void *job)
{
    struct summary *summary = job;
    json_decref(summary->by_name);
    json_decref(summary->array);
    free(summary);
}

static void on_verdicts(void *context, enum store_result result, const struct err *err)
{
    struct summary *summary = context;
    struct request *request = summary->request;
    size_t i;
    json_t *monitor;
    if (!request_told(request, result, err))
        return;
    json_array_foreach(summary->array, i, monitor)
    {
        monitor_finish(monitor);
    }
    request->reply.truncated = summary->verdicts > VERDICTS_MAX;
    reply_json(&request->reply, json_incref(summary->array));
    request_answer(request);
}

void api_monitors(struct request *request)
{
    const struct config *config = request->web->config;
    struct summary *summary = mem_new(1, sizeof *summary);
    request->job = summary;
    request->free_job = summary_free;
    summary->request = request;
    summary->query.limit = VERDICTS_MAX + 1;
    summary->array = json_array();
    summary->by_name = json_object();
    for (uint32_t i = 0; config && i < config->monitor_count; i++)
        monitor_new(summary, config->monitors[i].name, &config->monitors[i]);
    store_latest(request->web->store, &summary->query, add_verdict, summary, on_verdicts, summary);
}
