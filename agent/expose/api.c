/* The lists of the API: each reads rows of the store, at most `limit`, and hands them on. One row
 * more is asked for, so that a cut is noticed and said. Row functions only collect; the store
 * cannot be called from within them, and what they collect in is on the heap, because the rows may
 * come later. */
#include "expose/api.h"

#include <stdlib.h>
#include <string.h>

#include "expose/json.h"
#include "expose/request.h"
#include "expose/routes.h"
#include "sys/file.h"

enum {
    ROWS_PRESET = 1000,
    INCIDENTS_PRESET = 100,
    QUARANTINE_PRESET = 100,
    ROWS_MAX = 10000,
    BASELINE_VERSION_MAX = 1000000
};

/* Rows on their way into an array. */
struct rows {
    struct request *request;
    struct store_query query;
    json_t *array;
    uint32_t limit;
    bool truncated;
    unsigned parts;  /* of verdicts */
    bool evidence;   /* of incidents */
    bool only_open;  /* of incidents */
    const char *key; /* of baselines: only this name */
};

static void rows_free(void *job)
{
    struct rows *rows = job;
    json_decref(rows->array);
    free(rows);
}

static struct rows *rows_new(struct request *request)
{
    struct rows *rows = mem_new(1, sizeof *rows);
    rows->request = request;
    rows->array = json_array();
    request->job = rows;
    request->free_job = rows_free;
    return rows;
}

/* Takes the row; non-zero if no more are wanted. */
static int rows_add(struct rows *rows, json_t *row)
{
    bool full = json_array_size(rows->array) == rows->limit;
    rows->truncated |= full;
    if (full || !request_is_open(rows->request)) {
        json_decref(row);
        return 1;
    }
    json_array_append_new(rows->array, row);
    return 0;
}

static void on_rows(void *context, enum store_result result, const struct err *err)
{
    struct rows *rows = context;
    struct request *request = rows->request;
    if (!request_told(request, result, err))
        return;
    request->reply.truncated = rows->truncated;
    reply_json(&request->reply, json_incref(rows->array));
    request_answer(request);
}

/* Answers 400 if a parameter was wrong. */
static bool bad_request(struct request *request, int result, const struct err *err)
{
    if (result < 0) {
        reply_error(&request->reply, 400, "%s", err->text);
        request_answer(request);
    }
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

/* ---- status ---- */

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

/* ---- verdicts ---- */

static int add_verdict(void *context, const struct store_verdict *verdict)
{
    struct rows *rows = context;
    return rows_add(rows, json_from_verdict(verdict, rows->parts));
}

/* Whether the monitor has verdicts at all: without any of the kind that was asked for the list is
 * empty, without a monitor there is none. */
static void on_known(void *context, enum store_result result, const struct err *err)
{
    struct rows *rows = context;
    struct request *request = rows->request;
    if (!request_told(request, result, err))
        return;
    if (json_array_size(rows->array) > 0)
        reply_json(&request->reply, json_array());
    else
        reply_error(&request->reply, 404, "there is no monitor %s", request->names[0]);
    request_answer(request);
}

static void on_fields(void *context, enum store_result result, const struct err *err)
{
    struct rows *rows = context;
    struct request *request = rows->request;
    if (!request_told(request, result, err))
        return;
    const struct config *config = request->web->config;
    bool configured = config && config_monitor_find(config, request->names[0]);
    if (json_array_size(rows->array) > 0 || configured) {
        on_rows(rows, result, err);
        return;
    }
    rows->query = (struct store_query){.monitor = request->names[0], .limit = 1};
    store_latest(request->web->store, &rows->query, add_verdict, rows, on_known, rows);
}

static int parse_fields(const struct request *request, struct rows *rows, struct err *reterr)
{
    const struct query *query = request->query;
    bool document = true;
    int result = query_duration(query, "window", &rows->query.window_ms, reterr);
    if (result == 0)
        result = query_switch(query, "document", true, &document, reterr);
    if (result == 0)
        result = query_limit(query, "limit", ROWS_PRESET, ROWS_MAX, &rows->limit, reterr);
    rows->parts = document ? VERDICT_DOCUMENT : VERDICT_ROW;
    return result;
}

void api_fields(struct request *request)
{
    struct rows *rows = rows_new(request);
    struct err err = {0};
    rows->query = (struct store_query){.monitor = request->names[0],
                                       .version = query_get(request->query, "version"),
                                       .segment = query_get(request->query, "segment"),
                                       .state = query_get(request->query, "state")};
    if (bad_request(request, parse_fields(request, rows, &err), &err))
        return;
    rows->query.limit = rows->limit + 1;
    store_latest(request->web->store, &rows->query, add_verdict, rows, on_fields, rows);
}

/* ---- incidents ---- */

static int add_incident(void *context, const struct store_incident *incident)
{
    struct rows *rows = context;
    if (rows->only_open && !strcmp(incident->state, "resolved"))
        return 0;
    return rows_add(rows, json_from_incident(incident, rows->evidence));
}

static int parse_incidents(const struct request *request, struct rows *rows, struct err *reterr)
{
    const struct query *query = request->query;
    int result = query_instant(query, "since", &rows->query.since_ms, reterr);
    if (result == 0)
        result = query_instant(query, "until", &rows->query.until_ms, reterr);
    if (result == 0)
        result = query_switch(query, "evidence", true, &rows->evidence, reterr);
    if (result == 0)
        result = query_limit(query, "limit", INCIDENTS_PRESET, ROWS_MAX, &rows->limit, reterr);
    return result;
}

void api_incidents(struct request *request)
{
    struct rows *rows = rows_new(request);
    struct err err = {0};
    rows->query = (struct store_query){.monitor = query_get(request->query, "monitor"),
                                       .version = query_get(request->query, "version"),
                                       .state = query_get(request->query, "state")};
    if (bad_request(request, parse_incidents(request, rows, &err), &err))
        return;
    rows->query.limit = rows->limit + 1;
    if (rows->query.state && !strcmp(rows->query.state, "open")) {
        rows->only_open = true;
        rows->query.state = NULL;
        rows->query.limit = ROWS_MAX + 1;
    }
    store_incidents(request->web->store, &rows->query, add_incident, rows, on_rows, rows);
}

static void on_incident(void *context, enum store_result result, const struct err *err)
{
    struct rows *rows = context;
    struct request *request = rows->request;
    if (!request_told(request, result, err))
        return;
    json_t *incident = json_array_get(rows->array, 0);
    if (incident)
        reply_json(&request->reply, json_incref(incident));
    else
        reply_error(&request->reply, 404, "there is no incident %s", request->names[0]);
    request_answer(request);
}

void api_incident(struct request *request)
{
    struct rows *rows = rows_new(request);
    rows->limit = 1;
    rows->evidence = true;
    rows->query = (struct store_query){.incident = request->names[0], .limit = 1};
    store_incidents(request->web->store, &rows->query, add_incident, rows, on_incident, rows);
}

/* ---- baselines ---- */

static int add_baseline(void *context, const struct store_baseline *baseline)
{
    struct rows *rows = context;
    if (rows->key && strcmp(baseline->name, rows->key) != 0)
        return 0;
    return rows_add(rows, json_from_baseline(baseline));
}

void api_baselines(struct request *request)
{
    struct rows *rows = rows_new(request);
    rows->limit = ROWS_MAX;
    rows->key = query_get(request->query, "name");
    store_baseline_list(request->web->store, add_baseline, rows, on_rows, rows);
}

struct document {
    struct request *request;
    struct text text;
    uint32_t version;
};

static void document_free(void *job)
{
    struct document *document = job;
    text_release(&document->text);
    free(document);
}

static void on_document(void *context, enum store_result result, const struct err *err)
{
    struct document *document = context;
    struct request *request = document->request;
    struct reply *reply = &request->reply;
    bool missing = result == STORE_FAILED && err->code == ERR_NOT_FOUND;
    if (!request_told(request, missing ? STORE_DONE : result, err))
        return;
    if (missing) {
        reply_error(reply, 404, "there is no such baseline, or no promoted version of it");
    } else {
        text_add(&reply->body, document->text.data, document->text.size);
        reply->type = "application/json";
    }
    request_answer(request);
}

void api_baseline(struct request *request)
{
    struct document *document = mem_new(1, sizeof *document);
    struct err err = {0};
    document->request = request;
    request->job = document;
    request->free_job = document_free;
    if (query_get(request->query, "version") &&
        bad_request(request,
                    query_limit(request->query, "version", 1, BASELINE_VERSION_MAX,
                                &document->version, &err),
                    &err))
        return;
    store_baseline_get(request->web->store, request->names[0], document->version, &document->text,
                       &document->version, on_document, document);
}

/* ---- quarantine ---- */

static int add_quarantine(void *context, const struct store_quarantine *quarantine)
{
    return rows_add(context, json_from_quarantine(quarantine));
}

void api_quarantine(struct request *request)
{
    struct rows *rows = rows_new(request);
    struct err err = {0};
    if (bad_request(
            request,
            query_limit(request->query, "limit", QUARANTINE_PRESET, ROWS_MAX, &rows->limit, &err),
            &err))
        return;
    store_quarantine_list(request->web->store, rows->limit + 1, add_quarantine, rows, on_rows,
                          rows);
}
