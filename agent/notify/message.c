/* Reads the payload once, so that no renderer has to doubt it. The payload was made by this program
 * but has lain in a database, and the names in it came from events: they may hold anything that is
 * UTF-8. Refuses to know any receiver. */
#include "notify/message.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "notify/utf8.h"

enum { NAME_UNITS = 80, DETAIL_UNITS = 160 };

static const char *text_of(const json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));
    return value ? value : "";
}

static double number_of(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

static int need(const json_t *object, const char *name, const char **ret, struct err *reterr)
{
    const char *value = json_string_value(json_object_get(object, name));
    if (!value || !*value)
        return err_set(reterr, ERR_INVALID, "payload of a message lacks %s", name);
    *ret = value;
    return 0;
}

static int need_time(const char *text, const char *name, struct event_time *ret, struct err *reterr)
{
    if (!event_time_parse(bytes_of(text), ret))
        return err_set(reterr, ERR_INVALID, "payload of a message has no time in %s", name);
    return 0;
}

static int bind_times(const json_t *incident, struct message *m, struct err *reterr)
{
    m->resolved = json_string_value(json_object_get(incident, "resolved"));
    int code = need(incident, "opened", &m->opened, reterr);
    code = code ? code : need_time(m->opened, "opened", &m->opened_at, reterr);
    if (!code && m->resolved)
        code = need_time(m->resolved, "resolved", &m->resolved_at, reterr);
    return code;
}

static int bind_members(const json_t *incident, struct message *m, struct err *reterr)
{
    m->evidence = json_object_get(incident, "evidence");
    m->members = json_object_get(m->evidence, "members");
    if (!json_is_array(m->members))
        return err_set(reterr, ERR_INVALID, "payload of a message lacks its members");
    m->shown = json_array_size(m->members);
    for (size_t i = 0; i < m->shown; i++) {
        const char *field;
        if (need(json_array_get(m->members, i), "field", &field, reterr))
            return ERR_INVALID;
    }
    json_int_t count = json_integer_value(json_object_get(m->evidence, "member_count"));
    m->total = count > 0 && (size_t)count > m->shown ? (size_t)count : m->shown;
    return 0;
}

/* Takes over `root`. */
static int message_bind(json_t *root, struct message *ret_message, struct err *reterr)
{
    struct message m = {.root = root};
    const json_t *incident = json_object_get(root, "incident");
    const json_t *sequence = json_object_get(root, "sequence");
    m.sequence = (uint32_t)json_integer_value(sequence);
    const struct {
        const json_t *object;
        const char *name;
        const char **ret;
    } texts[] = {{root, "event", &m.event},           {incident, "id", &m.id},
                 {incident, "monitor", &m.monitor},   {incident, "version", &m.version},
                 {incident, "rule", &m.rule},         {incident, "state", &m.state},
                 {incident, "severity", &m.severity}, {incident, "title", &m.title}};
    int code = 0;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0] && !code; i++)
        code = need(texts[i].object, texts[i].name, texts[i].ret, reterr);
    code = code ? code : bind_times(incident, &m, reterr);
    code = code ? code : bind_members(incident, &m, reterr);
    if (code) {
        json_decref(root);
        return code;
    }
    *ret_message = m;
    return 0;
}

int message_parse(struct bytes payload, struct message *ret_message, struct err *reterr)
{
    json_error_t error;
    if (payload.size > MESSAGE_BYTES)
        return err_set(reterr, ERR_LIMIT, "payload of a message is larger than %d bytes",
                       MESSAGE_BYTES);
    json_t *root = json_loadb(payload.data ? payload.data : "", payload.size, 0, &error);
    if (!root)
        return err_set(reterr, ERR_INVALID, "payload of a message is not JSON: %s", error.text);
    return message_bind(root, ret_message, reterr);
}

static json_t *time_json(int64_t ms)
{
    char text[32];
    return json_string(event_time_format((struct event_time){ms}, text));
}

int message_from_incident(const struct store_incident *incident, struct message *ret_message,
                          struct err *reterr)
{
    const char *evidence_text = incident->evidence ? incident->evidence : "";
    json_t *evidence = json_loads(evidence_text, 0, NULL);
    json_t *root =
        json_pack("{s:s, s:I, s:{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o}}", "event",
                  "opened", "sequence", (json_int_t)incident->sequence, "incident", "id",
                  incident->id, "monitor", incident->monitor, "version", incident->version, "rule",
                  incident->rule, "state", incident->state, "severity", incident->severity, "title",
                  incident->title, "opened", time_json(incident->opened_ms), "resolved",
                  incident->resolved_ms ? time_json(incident->resolved_ms) : json_null(),
                  "evidence", evidence ? evidence : json_null());
    if (!root)
        return err_set(reterr, ERR_INVALID, "incident cannot be told: it is not UTF-8");
    return message_bind(root, ret_message, reterr);
}

void message_release(struct message *message)
{
    json_decref(message->root);
    *message = (struct message){0};
}

bool message_is_resolved(const struct message *message)
{
    return !strcmp(message->state, "resolved") || !strcmp(message->event, "closed");
}

struct member message_member(const struct message *message, size_t i)
{
    const json_t *o = json_array_get(message->members, i);
    const json_t *histogram = json_object_get(o, "histogram");
    return (struct member){.field = text_of(o, "field"),
                           .segment = text_of(o, "segment"),
                           .window = text_of(o, "window"),
                           .start = text_of(o, "start"),
                           .end = text_of(o, "end"),
                           .severity = text_of(o, "severity"),
                           .detail = text_of(o, "detail"),
                           .effect = number_of(o, "effect"),
                           .p = number_of(o, "p"),
                           .n = number_of(o, "n"),
                           .baseline_n = number_of(o, "baseline_n"),
                           .histogram = json_is_object(histogram) ? histogram : NULL};
}

const char *message_evidence(const struct message *message, const char *name)
{
    return text_of(message->evidence, name);
}

void message_link(const struct message *message, const char *external_url, struct text *text)
{
    if (!external_url || !*external_url)
        return;
    size_t size = strlen(external_url);
    while (size && external_url[size - 1] == '/')
        size--;
    text_add(text, external_url, size);
    text_puts(text, "/#/incidents/");
    for (const char *at = message->id; *at; at++) {
        if (isalnum((unsigned char)*at) || strchr("-_.~", *at))
            text_add(text, at, 1);
        else
            text_printf(text, "%%%02X", (unsigned)(unsigned char)*at);
    }
}

static void member_line(const struct member *member, struct text *text)
{
    utf8_add_line(text, member->field, NAME_UNITS);
    if (*member->segment) {
        text_puts(text, " (");
        utf8_add_line(text, member->segment, NAME_UNITS);
        text_puts(text, ")");
    }
    if (*member->window)
        text_puts(text, ", ");
    utf8_add_line(text, member->window, NAME_UNITS);
    if (*member->severity)
        text_puts(text, ", ");
    utf8_add_line(text, member->severity, NAME_UNITS);
    if (isfinite(member->effect))
        text_printf(text, ", effect %.3g", member->effect);
    if (*member->detail)
        text_puts(text, ": ");
    utf8_add_line(text, member->detail, DETAIL_UNITS);
}

void message_list(const struct message *message, size_t limit, struct text *text)
{
    for (size_t i = 0; i < message->shown && i < limit; i++) {
        struct member member = message_member(message, i);
        text_printf(text, "%s%zu. ", i ? "\n" : "", i + 1);
        member_line(&member, text);
    }
}
