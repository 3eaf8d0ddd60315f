/* The lists of the API: each reads rows of the store, at most `limit`, and hands them on. One row
 * more is asked for, so that a cut is noticed and said. Row functions only collect; the store
 * cannot be called from within them. */
#include "expose/api.h"

#include <stdlib.h>
#include <string.h>

#include "expose/json.h"
#include "expose/routes.h"
#include "sys/file.h"

enum { ROWS_PRESET = 1000, ROWS_MAX = 10000, BASELINE_VERSION_MAX = 1000000 };

/* Rows on their way into an array. */
struct rows {
    json_t *array;
    uint32_t limit;
    bool truncated;
    unsigned parts;  /* of verdicts */
    bool evidence;   /* of incidents */
    const char *id;  /* of incidents: only this one */
    bool only_open;  /* of incidents */
    const char *key; /* of baselines: only this name */
};

static int rows_add(struct rows *rows, json_t *row)
{
    if (json_array_size(rows->array) == rows->limit) {
        rows->truncated = true;
        json_decref(row);
        return 1;
    }
    json_array_append_new(rows->array, row);
    return 0;
}

/* Replies with the rows, or with the store's error unless it is only that reading was stopped. */
static void rows_reply(struct rows *rows, int result, const struct err *err, struct reply *reply)
{
    if (result < 0 && !rows->truncated) {
        json_decref(rows->array);
        reply_store_error(reply, err);
        return;
    }
    reply->truncated = rows->truncated;
    reply_json(reply, rows->array);
}

static bool bad_request(struct reply *reply, int result, const struct err *err)
{
    if (result < 0)
        reply_error(reply, 400, "%s", err->text);
    return result < 0;
}

/* A parameter that is "0" or "1"; `preset` if it is not there. */
static int query_switch(const struct query *query, const char *name, bool preset, bool *ret_on,
                        struct err *reterr)
{
    const char *value = query_get(query, name);
    if (value && strcmp(value, "0") != 0 && strcmp(value, "1") != 0)
        return err_set(reterr, ERR_INVALID, "%s must be 0 or 1", name);
    *ret_on = value ? value[0] == '1' : preset;
    return 0;
}

void api_error(struct reply *reply)
{
    reply_json(reply, json_pack("{s:o}", "error", json_from_text(reply->body.data)));
}

void api_status(const struct request *request, struct reply *reply)
{
    const struct web_hooks *hooks = &request->web->hooks;
    struct text told = {0};
    if (hooks->status)
        hooks->status(hooks->context, &told);
    else
        text_puts(&told, "{}");
    json_t *status = json_from_document(told.data);
    text_release(&told);
    if (!json_is_object(status)) {
        json_decref(status);
        reply_error(reply, 500, "the agent gave no status");
        return;
    }
    if (!json_object_get(status, "version"))
        json_object_set_new(status, "version", json_string(LEEWAY_VERSION));
    if (!json_object_get(status, "now"))
        json_object_set_new(status, "now", json_from_ms(clock_unix_ms()));
    reply_json(reply, status);
}

static int add_verdict(void *context, const struct store_verdict *verdict)
{
    struct rows *rows = context;
    return rows_add(rows, json_from_verdict(verdict, rows->parts));
}

static bool monitor_is_known(const struct request *request, const char *name)
{
    const struct config *config = request->web->config;
    struct rows rows = {.array = json_array(), .limit = 1};
    struct store_query query = {.monitor = name, .limit = 1};
    bool known = config && config_monitor_find(config, name);
    if (!known) {
        store_latest(request->web->store, &query, add_verdict, &rows, NULL);
        known = json_array_size(rows.array) > 0;
    }
    json_decref(rows.array);
    return known;
}

void api_fields(const struct request *request, struct reply *reply)
{
    struct rows rows = {0};
    struct store_query query = {.monitor = request->names[0],
                                .version = query_get(request->query, "version"),
                                .segment = query_get(request->query, "segment"),
                                .state = query_get(request->query, "state")};
    struct err err = {0};
    bool document = true;
    if (bad_request(reply, query_duration(request->query, "window", &query.window_ms, &err),
                    &err) ||
        bad_request(reply, query_switch(request->query, "document", true, &document, &err), &err) ||
        bad_request(reply,
                    query_limit(request->query, "limit", ROWS_PRESET, ROWS_MAX, &rows.limit, &err),
                    &err))
        return;
    rows.array = json_array();
    rows.parts = document ? VERDICT_DOCUMENT : VERDICT_ROW;
    query.limit = rows.limit + 1;
    int result = store_latest(request->web->store, &query, add_verdict, &rows, &err);
    if (result == 0 && json_array_size(rows.array) == 0 &&
        !monitor_is_known(request, query.monitor)) {
        json_decref(rows.array);
        reply_error(reply, 404, "there is no monitor %s", query.monitor);
        return;
    }
    rows_reply(&rows, result, &err, reply);
}

static int add_incident(void *context, const struct store_incident *incident)
{
    struct rows *rows = context;
    if (rows->only_open && !strcmp(incident->state, "resolved"))
        return 0;
    if (rows->id && strcmp(incident->id, rows->id) != 0)
        return 0;
    return rows_add(rows, json_from_incident(incident, rows->evidence));
}

void api_incidents(const struct request *request, struct reply *reply)
{
    struct rows rows = {0};
    struct store_query query = {.monitor = query_get(request->query, "monitor"),
                                .version = query_get(request->query, "version"),
                                .state = query_get(request->query, "state"),
                                .limit = ROWS_MAX + 1};
    struct err err = {0};
    if (bad_request(reply, query_instant(request->query, "since", &query.since_ms, &err), &err) ||
        bad_request(reply, query_instant(request->query, "until", &query.until_ms, &err), &err) ||
        bad_request(reply, query_switch(request->query, "evidence", true, &rows.evidence, &err),
                    &err) ||
        bad_request(reply, query_limit(request->query, "limit", 100, ROWS_MAX, &rows.limit, &err),
                    &err))
        return;
    if (query.state && !strcmp(query.state, "open")) {
        rows.only_open = true;
        query.state = NULL;
    } else {
        query.limit = rows.limit + 1;
    }
    rows.array = json_array();
    int result = store_incidents(request->web->store, &query, add_incident, &rows, &err);
    rows_reply(&rows, result, &err, reply);
}

void api_incident(const struct request *request, struct reply *reply)
{
    struct rows rows = {
        .array = json_array(), .limit = 1, .evidence = true, .id = request->names[0]};
    struct store_query query = {.limit = ROWS_MAX};
    struct err err = {0};
    int result = store_incidents(request->web->store, &query, add_incident, &rows, &err);
    json_t *incident = json_incref(json_array_get(rows.array, 0));
    json_decref(rows.array);
    if (incident)
        reply_json(reply, incident);
    else if (result < 0)
        reply_store_error(reply, &err);
    else
        reply_error(reply, 404, "there is no incident %s", request->names[0]);
}

static int add_baseline(void *context, const struct store_baseline *baseline)
{
    struct rows *rows = context;
    if (rows->key && strcmp(baseline->name, rows->key) != 0)
        return 0;
    return rows_add(rows, json_from_baseline(baseline));
}

void api_baselines(const struct request *request, struct reply *reply)
{
    struct rows rows = {
        .array = json_array(), .limit = ROWS_MAX, .key = query_get(request->query, "name")};
    struct err err = {0};
    int result = store_baseline_list(request->web->store, add_baseline, &rows, &err);
    rows_reply(&rows, result, &err, reply);
}

void api_baseline(const struct request *request, struct reply *reply)
{
    uint32_t version = 0;
    struct err err = {0};
    struct text document = {0};
    if (query_get(request->query, "version") &&
        bad_request(reply,
                    query_limit(request->query, "version", 1, BASELINE_VERSION_MAX, &version, &err),
                    &err))
        return;
    int result = store_baseline_get(request->web->store, request->names[0], version, &document,
                                    &version, &err);
    if (result == 0) {
        text_add(&reply->body, document.data, document.size);
        reply->type = "application/json";
    } else if (result == ERR_NOT_FOUND) {
        reply_error(reply, 404, "there is no such baseline, or no promoted version of it");
    } else {
        reply_store_error(reply, &err);
    }
    text_release(&document);
}

static int add_quarantine(void *context, const struct store_quarantine *quarantine)
{
    return rows_add(context, json_from_quarantine(quarantine));
}

void api_quarantine(const struct request *request, struct reply *reply)
{
    struct rows rows = {0};
    struct err err = {0};
    if (bad_request(reply, query_limit(request->query, "limit", 100, ROWS_MAX, &rows.limit, &err),
                    &err))
        return;
    rows.array = json_array();
    int result =
        store_quarantine_list(request->web->store, rows.limit + 1, add_quarantine, &rows, &err);
    rows_reply(&rows, result, &err, reply);
}
