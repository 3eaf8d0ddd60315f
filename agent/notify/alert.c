/* Labels, annotations and fingerprints of alerts. Assumes that a severity may change while an
 * incident lasts (then it is another alert, and alerts.c ends the first). Refuses to know how and
 * to whom alerts are sent. */
#include "notify/alert.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "notify/utf8.h"

enum { LISTED_MEMBERS = 10, ANNOTATION_UNITS = 1024 };

static void set_label(json_t *labels, const char *name, const char *value)
{
    struct text text = {0};
    if (!*value)
        return;
    if (strlen(value) > ALERT_LABEL_BYTES) {
        char hex[HASH_HEX_BYTES];
        hash_sha256(bytes_of(value), hex);
        utf8_add_cut(&text, value, ALERT_LABEL_BYTES - 17);
        text_printf(&text, "~%.16s", hex);
    } else {
        text_puts(&text, value);
    }
    json_object_set_new(labels, name, json_stringn(text.data, text.size));
    text_release(&text);
}

json_t *alert_labels(const struct message *message, const struct member *member)
{
    json_t *labels = json_object();
    set_label(labels, "alertname", "LeewayDrift");
    set_label(labels, "field", member ? member->field : "");
    set_label(labels, "incident", message->id);
    set_label(labels, "monitor", message->monitor);
    set_label(labels, "rule", message->rule);
    set_label(labels, "segment", member ? member->segment : "");
    set_label(labels, "severity", message->severity);
    set_label(labels, "version", message->version);
    set_label(labels, "window", member ? member->window : "");
    return labels;
}

static uint64_t fnv_add(uint64_t sum, const char *text)
{
    const uint64_t prime = 1099511628211u;
    for (const char *at = text; *at; at++)
        sum = (sum ^ (unsigned char)*at) * prime;
    return (sum ^ 0xff) * prime; /* the separator, which UTF-8 never contains */
}

const char *alert_fingerprint(const json_t *labels, char *ret_hex)
{
    uint64_t sum = 14695981039346656037u;
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)labels, name, value)
    {
        sum = fnv_add(sum, name);
        sum = fnv_add(sum, json_string_value(value));
    }
    snprintf(ret_hex, ALERT_FINGERPRINT_BYTES, "%016" PRIx64, sum);
    return ret_hex;
}

static void annotate(json_t *annotations, const char *name, const char *value)
{
    struct text text = {0};
    utf8_add_line(&text, value, ANNOTATION_UNITS);
    if (text.size)
        json_object_set_new(annotations, name, json_stringn(text.data, text.size));
    text_release(&text);
}

static void annotate_number(json_t *annotations, const char *name, const char *format, double value)
{
    char text[40];
    if (!isfinite(value))
        return;
    /* Two fixed formats; a variable one would go unchecked. */
    if (*format == 'd')
        snprintf(text, sizeof text, "%.0f", value);
    else
        snprintf(text, sizeof text, "%.4g", value);
    annotate(annotations, name, text);
}

static void annotate_incident(json_t *annotations, const struct message *message)
{
    struct text list = {0};
    message_list(message, LISTED_MEMBERS, &list);
    size_t more =
        message->total - (message->shown < LISTED_MEMBERS ? message->shown : LISTED_MEMBERS);
    if (more)
        text_printf(&list, "\nand %zu more", more);
    json_object_set_new(annotations, "description",
                        json_stringn(list.data ? list.data : "", list.size));
    text_release(&list);
}

static void annotate_member(json_t *annotations, const struct member *member)
{
    annotate(annotations, "description", member->detail);
    annotate(annotations, "drift", member->severity);
    annotate_number(annotations, "effect", "g", member->effect);
    annotate_number(annotations, "p", "g", member->p);
    annotate_number(annotations, "n", "d", member->n);
    annotate_number(annotations, "baseline_n", "d", member->baseline_n);
    annotate(annotations, "window_start", member->start);
    annotate(annotations, "window_end", member->end);
}

json_t *alert_annotations(const struct message *message, const struct member *member)
{
    json_t *annotations = json_object();
    annotate(annotations, "summary", message->title);
    if (member)
        annotate_member(annotations, member);
    else
        annotate_incident(annotations, message);
    annotate(annotations, "event", message->event);
    annotate(annotations, "condition", message_evidence(message, "condition"));
    annotate(annotations, "baseline", message_evidence(message, "baseline"));
    annotate(annotations, "reproduce", message_evidence(message, "reproduce"));
    return annotations;
}

json_t *alert_make(const struct message *message, const char *external_url)
{
    json_t *annotations = alert_annotations(message, NULL);
    json_object_del(annotations, "event"); /* one alert through all events of its incident */
    json_t *alert = json_pack("{s:o, s:o, s:s}", "labels", alert_labels(message, NULL),
                              "annotations", annotations, "startsAt", message->opened);
    struct text link = {0};
    message_link(message, external_url, &link);
    if (link.size)
        json_object_set_new(alert, "generatorURL", json_stringn(link.data, link.size));
    text_release(&link);
    return alert;
}

void alert_set_end(json_t *alert, struct event_time opened_at, int64_t ends_ms)
{
    char text[32];
    struct event_time end = {ends_ms > opened_at.ms ? ends_ms : opened_at.ms};
    json_object_set_new(alert, "endsAt", json_string(event_time_format(end, text)));
}
