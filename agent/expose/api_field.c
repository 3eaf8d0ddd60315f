/* /api/v1/monitors/M/fields/F: everything of one field in one version, window and segment.
 *
 * First the latest verdicts of the field say what there is to choose from; what the request leaves
 * open is filled in from the newest of them. Then the history of the chosen series is read. */
#include <stdlib.h>
#include <string.h>

#include "expose/api.h"
#include "expose/json.h"
#include "expose/request.h"
#include "expose/routes.h"

enum { SERIES_MAX = 10000, HISTORY_PRESET = 300, HISTORY_MAX = 2000 };

struct series {
    struct request *request;
    struct store_query all, query; /* first, then */
    const char *version, *segment; /* NULL: not asked for */
    int64_t window_ms;             /* 0: not asked for */
    uint32_t limit;
    json_t *versions, *windows, *segments; /* what there is */
    json_t *latest, *histogram;            /* of the best match so far; NULL: none */
    int64_t latest_window_ms;
    json_t *history;
    bool truncated;
};

/* Newest first, so the first match of a version decides the version; of its windows the shortest
 * is taken. */
static int choose(void *context, const struct store_verdict *v)
{
    struct series *series = context;
    if (!request_is_open(series->request))
        return 1;
    json_add_once(series->versions, json_from_text(v->version));
    json_add_once(series->windows, json_integer(v->window_ms));
    json_add_once(series->segments, json_from_text(v->segment));
    if (strcmp(v->segment, series->segment) != 0 ||
        (series->version && strcmp(v->version, series->version) != 0) ||
        (series->window_ms > 0 && v->window_ms != series->window_ms))
        return 0;
    const char *chosen = json_string_value(json_object_get(series->latest, "version"));
    if (series->latest &&
        ((chosen && strcmp(chosen, v->version) != 0) || v->window_ms >= series->latest_window_ms))
        return 0;
    json_decref(series->latest);
    json_decref(series->histogram);
    series->latest = json_from_verdict(v, VERDICT_DOCUMENT);
    series->histogram = json_from_document(v->histogram);
    series->latest_window_ms = v->window_ms;
    return 0;
}

static int add_history(void *context, const struct store_verdict *v)
{
    struct series *series = context;
    if (json_array_size(series->history) == series->limit) {
        series->truncated = true;
        return 1;
    }
    /* Newest first in, oldest first out: a chart reads from the left. */
    json_array_append_new(series->history, json_from_verdict(v, VERDICT_NOISE_FLOOR));
    return 0;
}

static json_t *reversed(const json_t *list)
{
    json_t *result = json_array();
    for (size_t i = json_array_size(list); i > 0; i--)
        json_array_append(result, json_array_get(list, i - 1));
    return result;
}

static json_t *series_json(const struct series *series)
{
    static const char *const copied[] = {"monitor", "field",  "version",
                                         "segment", "window", "window_ms"};
    json_t *object = json_object();
    for (size_t i = 0; i < sizeof copied / sizeof *copied; i++)
        json_object_set(object, copied[i], json_object_get(series->latest, copied[i]));
    json_sort(series->windows);
    json_sort(series->segments);
    json_object_set(object, "versions", series->versions);
    json_object_set(object, "windows", series->windows);
    json_object_set(object, "segments", series->segments);
    json_object_set(object, "latest", series->latest);
    json_object_set(object, "histogram", series->histogram);
    json_object_set_new(object, "history", reversed(series->history));
    return object;
}

static void series_free(void *job)
{
    struct series *series = job;
    json_decref(series->versions);
    json_decref(series->windows);
    json_decref(series->segments);
    json_decref(series->history);
    json_decref(series->latest);
    json_decref(series->histogram);
    free(series);
}

static struct series *series_new(struct request *request)
{
    struct series *series = mem_new(1, sizeof *series);
    const char *segment = query_get(request->query, "segment");
    request->job = series;
    request->free_job = series_free;
    series->request = request;
    series->version = query_get(request->query, "version");
    series->segment = segment ? segment : "";
    series->all = (struct store_query){
        .monitor = request->names[0], .field = request->names[1], .limit = SERIES_MAX};
    series->query = series->all;
    series->versions = json_array();
    series->windows = json_array();
    series->segments = json_array();
    series->history = json_array();
    return series;
}

static int series_parse(struct series *series, struct err *reterr)
{
    const struct query *query = series->request->query;
    int result = query_duration(query, "window", &series->window_ms, reterr);
    if (result == 0)
        result = query_instant(query, "since", &series->query.since_ms, reterr);
    if (result == 0)
        result = query_instant(query, "until", &series->query.until_ms, reterr);
    if (result == 0)
        result = query_limit(query, "limit", HISTORY_PRESET, HISTORY_MAX, &series->limit, reterr);
    return result;
}

static void on_history(void *context, enum store_result result, const struct err *err)
{
    struct series *series = context;
    struct request *request = series->request;
    if (!request_told(request, result, err))
        return;
    request->reply.truncated = series->truncated;
    reply_json(&request->reply, series_json(series));
    request_answer(request);
}

static void on_latest(void *context, enum store_result result, const struct err *err)
{
    struct series *series = context;
    struct request *request = series->request;
    struct store_query *query = &series->query;
    if (!request_told(request, result, err))
        return;
    if (!series->latest) {
        reply_error(&request->reply, 404,
                    "there is no verdict of field %s in monitor %s with these filters",
                    query->field, query->monitor);
        request_answer(request);
        return;
    }
    query->version = json_string_value(json_object_get(series->latest, "version"));
    query->segment = series->segment;
    query->window_ms = series->latest_window_ms;
    query->limit = series->limit + 1;
    store_verdicts(request->web->store, query, add_history, series, on_history, series);
}

void api_field(struct request *request)
{
    struct series *series = series_new(request);
    struct err err = {0};
    if (series_parse(series, &err) < 0) {
        reply_error(&request->reply, 400, "%s", err.text);
        request_answer(request);
        return;
    }
    store_latest(request->web->store, &series->all, choose, series, on_latest, series);
}
