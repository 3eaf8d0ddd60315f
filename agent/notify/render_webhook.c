/* The generic webhook: the body that Alertmanager posts to its webhooks, version 4, so that every
 * bridge that was written for Alertmanager understands leeway. Nothing is added to that shape. */
#include <string.h>

#include "notify/alert.h"
#include "notify/notify.h"
#include "notify/render.h"

enum { WEBHOOK_ALERTS = 100 };

/* Go's zero time: what Alertmanager sends as the end of an alert that has none. */
static const char no_end[] = "0001-01-01T00:00:00Z";

static json_t *alert_of(const struct message *m, const struct member *member, const char *link)
{
    char fingerprint[ALERT_FINGERPRINT_BYTES];
    bool resolved = message_is_resolved(m);
    const char *end = resolved && m->resolved ? m->resolved : no_end;
    json_t *labels = alert_labels(m, member);
    alert_fingerprint(labels, fingerprint);
    return json_pack("{s:s, s:o, s:o, s:s, s:s, s:s, s:s}", "status",
                     resolved ? "resolved" : "firing", "labels", labels, "annotations",
                     alert_annotations(m, member), "startsAt", m->opened, "endsAt", end,
                     "generatorURL", link, "fingerprint", fingerprint);
}

static json_t *alerts_of(const struct message *message, const char *link)
{
    json_t *alerts = json_array();
    for (size_t i = 0; i < message->shown && i < WEBHOOK_ALERTS; i++) {
        struct member member = message_member(message, i);
        json_array_append_new(alerts, alert_of(message, &member, link));
    }
    if (!message->shown)
        json_array_append_new(alerts, alert_of(message, NULL, link));
    return alerts;
}

/* The pairs that every alert has in its object `part`. */
static json_t *common_of(const json_t *alerts, const char *part)
{
    json_t *first = json_object_get(json_array_get(alerts, 0), part);
    json_t *common = json_object();
    const char *name;
    json_t *value;
    json_object_foreach(first, name, value)
    {
        bool everywhere = true;
        for (size_t i = 1; i < json_array_size(alerts) && everywhere; i++) {
            json_t *other = json_object_get(json_array_get(alerts, i), part);
            everywhere = json_equal(value, json_object_get(other, name));
        }
        if (everywhere)
            json_object_set(common, name, value);
    }
    return common;
}

/* {}:{alertname="…", incident="…"}, with the quoting of Go's %q as far as labels need it. */
static void add_group_key(const json_t *labels, struct text *text)
{
    const char *name;
    json_t *value;
    const char *between = "";
    text_puts(text, "{}:{");
    json_object_foreach((json_t *)(uintptr_t)labels, name, value)
    {
        text_printf(text, "%s%s=\"", between, name);
        for (const char *at = json_string_value(value); *at; at++) {
            if (*at == '"' || *at == '\\')
                text_puts(text, "\\");
            text_add(text, at, 1);
        }
        text_puts(text, "\"");
        between = ", ";
    }
    text_puts(text, "}");
}

static json_t *group_labels(const json_t *common)
{
    return json_pack("{s:O, s:O}", "alertname", json_object_get(common, "alertname"), "incident",
                     json_object_get(common, "incident"));
}

int render_webhook(struct bytes payload, const char *receiver, const char *external_url,
                   struct text *text, struct err *reterr)
{
    struct message message;
    int code = message_parse(payload, &message, reterr);
    if (code)
        return code;
    struct text link = {0}, key = {0};
    message_link(&message, external_url, &link);
    json_t *alerts = alerts_of(&message, link.data ? link.data : "");
    json_t *labels = common_of(alerts, "labels");
    json_t *group = group_labels(labels);
    add_group_key(group, &key);
    size_t sent = message.shown < WEBHOOK_ALERTS ? message.shown : WEBHOOK_ALERTS;
    render_json(json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:s, s:s, s:s, s:I}", "receiver",
                          receiver, "status", message_is_resolved(&message) ? "resolved" : "firing",
                          "alerts", alerts, "groupLabels", group, "commonLabels", labels,
                          "commonAnnotations", common_of(alerts, "annotations"), "externalURL",
                          external_url ? external_url : "", "version", "4", "groupKey", key.data,
                          "truncatedAlerts", (json_int_t)(message.total - sent)),
                text);
    text_release(&link);
    text_release(&key);
    message_release(&message);
    return 0;
}
