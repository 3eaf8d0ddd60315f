/* Columns keep the names they have in the store; instants are RFC 3339 text in UTC, durations
 * milliseconds, what is not defined null. Documents come from the store as text; a damaged one
 * becomes null, so that one bad row cannot spoil a list. */
#include "expose/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "expose/routes.h"
#include "sys/log.h"

static const char content_type[] = "application/json";

json_t *json_from_text(const char *text)
{
    json_t *value = text ? json_string(text) : json_null();
    if (value)
        return value;
    char *ascii = mem_copy(text);
    for (char *c = ascii; *c; c++) {
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    }
    value = json_string(ascii);
    free(ascii);
    return value;
}

json_t *json_from_real(double number)
{
    return isfinite(number) ? json_real(number) : json_null();
}

json_t *json_from_ms(int64_t ms)
{
    char text[32];
    if (ms == 0 || ms == INT64_MIN)
        return json_null();
    return json_string(event_time_format((struct event_time){ms}, text));
}

json_t *json_from_document(const char *text)
{
    json_t *value = text && text[0] ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    return value ? value : json_null();
}

void json_add_once(json_t *list, json_t *value)
{
    size_t i;
    json_t *known;
    json_array_foreach(list, i, known)
    {
        if (json_equal(known, value)) {
            json_decref(value);
            return;
        }
    }
    json_array_append_new(list, value);
}

static int compare(const void *a, const void *b)
{
    const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
    if (json_is_string(x) && json_is_string(y))
        return strcmp(json_string_value(x), json_string_value(y));
    return (json_integer_value(x) > json_integer_value(y)) -
           (json_integer_value(x) < json_integer_value(y));
}

void json_sort(json_t *list)
{
    size_t count = json_array_size(list);
    json_t **items = mem_new(count + 1, sizeof *items);
    for (size_t i = 0; i < count; i++)
        items[i] = json_incref(json_array_get(list, i));
    qsort(items, count, sizeof *items, compare);
    json_array_clear(list);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, items[i]);
    free(items);
}

static json_t *noise_floors(const json_t *document)
{
    json_t *floors = json_object();
    const char *name;
    json_t *score;
    json_object_foreach(json_object_get(document, "scores"), name, score)
    {
        json_t *floor = json_object_get(score, "noise_floor");
        if (json_is_number(floor))
            json_object_set(floors, name, floor);
    }
    return floors;
}

static void set_scores(json_t *row, const struct store_verdict *v)
{
    json_object_set_new(row, "p", json_from_real(v->p));
    json_object_set_new(row, "effect", json_from_real(v->effect));
    json_object_set_new(row, "psi", json_from_real(v->psi));
    json_object_set_new(row, "js", json_from_real(v->js));
    json_object_set_new(row, "ks", json_from_real(v->ks));
    json_object_set_new(row, "wasserstein", json_from_real(v->wasserstein));
    json_object_set_new(row, "g", json_from_real(v->g));
    json_object_set_new(row, "missing_rate", json_from_real(v->missing_rate));
}

json_t *json_from_verdict(const struct store_verdict *v, unsigned parts)
{
    char window[24] = "";
    json_t *row = json_object();
    json_object_set_new(row, "id", json_from_text(v->id));
    json_object_set_new(row, "monitor", json_from_text(v->monitor));
    json_object_set_new(row, "version", json_from_text(v->version));
    json_object_set_new(row, "segment", json_from_text(v->segment));
    json_object_set_new(row, "field", json_from_text(v->field));
    json_object_set_new(row, "generation", json_from_text(v->generation));
    bool of_window = v->window_ms > 0;
    json_object_set_new(row, "method", json_string(of_window ? "window" : "edetector"));
    json_object_set_new(row, "window",
                        of_window ? json_string(duration_format(v->window_ms, window))
                                  : json_null());
    json_object_set_new(row, "window_ms", json_integer(v->window_ms));
    json_object_set_new(row, "start", json_from_ms(v->start_ms));
    json_object_set_new(row, "end", json_from_ms(v->end_ms));
    json_object_set_new(row, "n", json_integer(v->n));
    json_object_set_new(row, "baseline_n", json_integer(v->baseline_n));
    json_object_set_new(row, "state", json_from_text(v->state));
    json_object_set_new(row, "severity", json_from_text(v->severity));
    json_object_set_new(row, "significant", json_boolean(v->significant));
    json_object_set_new(row, "provisional", json_boolean(v->provisional));
    json_object_set_new(row, "detail", json_from_text(v->detail));
    set_scores(row, v);
    if (parts != VERDICT_ROW) {
        json_t *document = json_from_document(v->document);
        if (parts & VERDICT_NOISE_FLOOR)
            json_object_set_new(row, "noise_floor", noise_floors(document));
        if (parts & VERDICT_DOCUMENT)
            json_object_set(row, "document", document);
        json_decref(document);
    }
    return row;
}

json_t *json_from_incident(const struct store_incident *i, bool evidence)
{
    json_t *row = json_object();
    json_object_set_new(row, "id", json_from_text(i->id));
    json_object_set_new(row, "monitor", json_from_text(i->monitor));
    json_object_set_new(row, "version", json_from_text(i->version));
    json_object_set_new(row, "rule", json_from_text(i->rule));
    json_object_set_new(row, "state", json_from_text(i->state));
    json_object_set_new(row, "severity", json_from_text(i->severity));
    json_object_set_new(row, "title", json_from_text(i->title));
    json_object_set_new(row, "opened", json_from_ms(i->opened_ms));
    json_object_set_new(row, "updated", json_from_ms(i->updated_ms));
    json_object_set_new(row, "resolved", json_from_ms(i->resolved_ms));
    json_object_set_new(row, "sequence", json_integer(i->sequence));
    if (evidence)
        json_object_set_new(row, "evidence", json_from_document(i->evidence));
    return row;
}

json_t *json_from_baseline(const struct store_baseline *b)
{
    json_t *row = json_object();
    json_object_set_new(row, "name", json_from_text(b->name));
    json_object_set_new(row, "version", json_integer(b->version));
    json_object_set_new(row, "hash", json_from_text(b->hash));
    json_object_set_new(row, "created", json_from_text(b->created));
    json_object_set_new(row, "rows", json_integer(b->rows));
    json_object_set_new(row, "promoted", json_boolean(b->promoted));
    return row;
}

json_t *json_from_quarantine(const struct store_quarantine *q)
{
    json_t *row = json_object();
    json_object_set_new(row, "topic", json_from_text(q->topic));
    json_object_set_new(row, "partition", json_integer(q->partition));
    json_object_set_new(row, "offset", json_integer(q->offset));
    json_object_set_new(row, "reason", json_from_text(q->reason));
    json_object_set_new(row, "size_bytes", json_integer(q->size_bytes));
    json_object_set_new(row, "sha256", json_from_text(q->sha256));
    return row;
}

static int append(const char *data, size_t size, void *context)
{
    text_add(context, data, size);
    return 0;
}

void reply_json(struct reply *reply, json_t *value)
{
    text_clear(&reply->body);
    json_dump_callback(value, append, &reply->body, JSON_COMPACT | JSON_REAL_PRECISION(10));
    text_puts(&reply->body, "\n");
    reply->type = content_type;
    json_decref(value);
}

void reply_store_error(struct reply *reply, const struct err *err)
{
    log_err(LOG_WARNING_LEVEL, "could not answer an HTTP request from the store", err);
    if (err->code == ERR_UNAVAILABLE)
        reply_error(reply, 503, "the store does not answer now; try again");
    else
        reply_error(reply, 500, "the store could not be read; the log says why");
}
