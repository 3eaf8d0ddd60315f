/* Renderers that need little: Alertmanager and retraining. Bodies are always built as JSON values
 * and never by pasting text, so nothing in a name can change their structure. */
#include "notify/render.h"

#include <string.h>

#include "notify/alert.h"
#include "notify/notify.h"

static int add_piece(const char *data, size_t size, void *context)
{
    text_add(context, data, size);
    return 0;
}

void render_json(json_t *json, struct text *text)
{
    if (!json)
        mem_fail(sizeof *json); /* every string was checked: only memory can be lacking */
    json_dump_callback(json, add_piece, text, JSON_COMPACT);
    json_decref(json);
}

int render_alertmanager(struct bytes payload, const char *external_url, int64_t now_unix_ms,
                        int64_t lease_ms, struct text *text, struct err *reterr)
{
    struct message message;
    int code = message_parse(payload, &message, reterr);
    if (code)
        return code;
    int64_t ends_ms = now_unix_ms + lease_ms;
    if (message_is_resolved(&message))
        ends_ms = message.resolved ? message.resolved_at.ms : now_unix_ms;
    json_t *alert = alert_make(&message, external_url);
    alert_set_end(alert, message.opened_at, ends_ms);
    render_json(json_pack("[o]", alert), text);
    message_release(&message);
    return 0;
}

static json_t *field_names(const struct message *message)
{
    json_t *fields = json_array();
    for (size_t i = 0; i < message->shown; i++) {
        json_t *name = json_string(message_member(message, i).field);
        bool known = false;
        for (size_t k = 0; k < json_array_size(fields) && !known; k++)
            known = json_equal(json_array_get(fields, k), name);
        if (known)
            json_decref(name);
        else
            json_array_append_new(fields, name);
    }
    return fields;
}

static json_t *text_or_null(const char *text)
{
    return *text ? json_string(text) : json_null();
}

int render_retrain(struct bytes payload, const char *message_id, struct text *text,
                   struct err *reterr)
{
    struct message m;
    int code = message_parse(payload, &m, reterr);
    if (code)
        return code;
    struct member top = {.window = "", .start = "", .end = ""};
    if (m.shown)
        top = message_member(&m, 0);
    json_t *body = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:{s:o, s:o, s:o}, s:o, s:o, s:o, s:o}",
        "type", "io.leeway.retrain.requested", "id", message_id, "monitor", m.monitor, "version",
        m.version, "reason", m.title, "incident", m.id, "rule", m.rule, "severity", m.severity,
        "opened", m.opened, "window", "length", text_or_null(top.window), "start",
        text_or_null(top.start), "end", text_or_null(top.end), "fields", field_names(&m),
        "baseline", text_or_null(message_evidence(&m, "baseline")), "baseline_hash",
        text_or_null(message_evidence(&m, "baseline_hash")), "reproduce",
        text_or_null(message_evidence(&m, "reproduce")));
    render_json(body, text);
    message_release(&m);
    return 0;
}
