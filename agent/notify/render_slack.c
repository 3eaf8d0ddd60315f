/* Slack's Block Kit. Slack refuses a message that breaks one limit (150 for a header, 3000 for a
 * section, about 13,000 for all), so every text is cut to a budget, counted in UTF-16 units after
 * escaping. Whatever came from data is in plain_text, where no link, mention or style is read, and
 * `& < >` are escaped there too; the only markup is our own link to the incident. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "notify/message.h"
#include "notify/notify.h"
#include "notify/render.h"
#include "notify/utf8.h"

enum {
    HEADER_UNITS = 150,
    SECTION_UNITS = 2900,
    SMALL_UNITS = 600,
    SLACK_MEMBERS = 10,
    SPARK_COLUMNS = 40
};

static const char *escape_of(const char *at)
{
    return *at == '&' ? "&amp;" : *at == '<' ? "&lt;" : *at == '>' ? "&gt;" : NULL;
}

/* Appends `raw` escaped, never more than `max_units` and never half an escape. */
static void add_escaped(struct text *text, const char *raw, size_t max_units)
{
    size_t units = 0, room_at = 0; /* room_at: how much fits beside an ellipsis */
    struct text all = {0};
    text_puts(&all, "");
    for (const char *at = raw; *at && units <= max_units; at += utf8_bytes(at)) {
        const char *escape = escape_of(at);
        units += escape ? strlen(escape) : utf8_units(at);
        if (escape)
            text_puts(&all, escape);
        else
            text_add(&all, at, utf8_bytes(at));
        if (units < max_units)
            room_at = all.size;
    }
    bool cut = units > max_units;
    text_add(text, all.data, cut ? room_at : all.size);
    text_puts(text, cut ? "…" : "");
    text_release(&all);
}

static json_t *plain_text(const char *raw, size_t max_units)
{
    struct text escaped = {0};
    add_escaped(&escaped, *raw ? raw : " ", max_units);
    json_t *json =
        json_pack("{s:s, s:s, s:b}", "type", "plain_text", "text", escaped.data, "emoji", 0);
    text_release(&escaped);
    return json;
}

static json_t *section(const char *raw)
{
    return json_pack("{s:s, s:o}", "type", "section", "text", plain_text(raw, SECTION_UNITS));
}

/* ---- the picture: one bar for each bin, both rows to one scale ---- */

static double share_at(const json_t *shares, size_t i)
{
    double share = json_number_value(json_array_get(shares, i));
    return isfinite(share) && share > 0 ? share : 0;
}

/* Sums neighbouring bins until at most SPARK_COLUMNS are left. Returns how many. */
static size_t columns_of(const json_t *shares, double *ret_columns)
{
    size_t bins = json_array_size(shares);
    size_t each = (bins + SPARK_COLUMNS - 1) / SPARK_COLUMNS;
    for (size_t i = 0; i < bins; i++) {
        ret_columns[i / each] = i % each ? ret_columns[i / each] : 0;
        ret_columns[i / each] += share_at(shares, i);
    }
    return bins ? (bins + each - 1) / each : 0;
}

static void add_bars(struct text *text, const double *columns, size_t count, double top)
{
    static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    for (size_t i = 0; i < count; i++) {
        double level = columns[i] / top * 7 + 0.5;
        text_puts(text, bars[level < 7 ? (int)level : 7]);
    }
}

static bool add_sparkline(const struct member *member, struct text *text)
{
    double before[SPARK_COLUMNS], after[SPARK_COLUMNS], top = 0;
    size_t count = columns_of(json_object_get(member->histogram, "baseline"), before);
    size_t live = columns_of(json_object_get(member->histogram, "live"), after);
    for (size_t i = 0; i < count && count == live; i++)
        top = fmax(top, fmax(before[i], after[i]));
    if (count != live || !(top > 0))
        return false;
    utf8_add_line(text, member->field, SPARK_COLUMNS);
    text_puts(text, "\nbefore ");
    add_bars(text, before, count, top);
    text_puts(text, "\nnow    ");
    add_bars(text, after, count, top);
    return true;
}

/* ---- the blocks ---- */

static const char *color_of(const struct message *message)
{
    if (message_is_resolved(message))
        return "#2eb67d";
    if (!strcmp(message->severity, "critical"))
        return "#e01e5a";
    return !strcmp(message->severity, "warning") ? "#ecb22e" : "#439fe0";
}

static const char *word_of(const struct message *message)
{
    if (message_is_resolved(message))
        return "Resolved";
    if (!strcmp(message->event, "worsened"))
        return "Worse";
    return !strcmp(message->event, "retrain") ? "Retraining requested" : "Drift";
}

static void add_headline(const struct message *message, struct text *text)
{
    text_printf(text, "%s: ", word_of(message));
    utf8_add_line(text, message->title, SMALL_UNITS);
}

static json_t *facts(const struct message *message)
{
    struct text text = {0};
    utf8_add_line(&text, message->monitor, 100);
    text_puts(&text, " ");
    utf8_add_line(&text, message->version, 100);
    text_puts(&text, ", rule ");
    utf8_add_line(&text, message->rule, 100);
    text_puts(&text, ", ");
    utf8_add_line(&text, message->severity, 20);
    text_printf(&text, "\nsince %s", message->opened);
    if (message->resolved)
        text_printf(&text, ", resolved %s", message->resolved);
    json_t *block = section(text.data);
    text_release(&text);
    return block;
}

static void add_members(const struct message *message, json_t *blocks)
{
    struct text list = {0}, picture = {0};
    message_list(message, SLACK_MEMBERS, &list);
    if (list.size)
        json_array_append_new(blocks, section(list.data));
    text_release(&list);
    for (size_t i = 0; i < message->shown && i < 1; i++) {
        struct member top = message_member(message, i);
        if (add_sparkline(&top, &picture))
            json_array_append_new(blocks, section(picture.data));
    }
    text_release(&picture);
}

static json_t *link_of(const char *link)
{
    struct text text = {0};
    text_puts(&text, "<");
    add_escaped(&text, link, SECTION_UNITS - 100);
    text_puts(&text, "|Open in leeway>");
    json_t *json = json_pack("{s:s, s:s, s:b}", "type", "mrkdwn", "text", text.data, "verbatim", 1);
    text_release(&text);
    return json;
}

static void add_context(const struct message *message, const char *external_url, json_t *blocks)
{
    json_t *elements = json_array();
    struct text text = {0};
    size_t listed = message->shown < SLACK_MEMBERS ? message->shown : SLACK_MEMBERS;
    text_printf(&text, "and %zu more", message->total - listed);
    if (message->total > listed)
        json_array_append_new(elements, plain_text(text.data, SMALL_UNITS));
    text_clear(&text);
    utf8_add_line(&text, message_evidence(message, "reproduce"), SMALL_UNITS);
    if (text.size)
        json_array_append_new(elements, plain_text(text.data, SMALL_UNITS));
    text_clear(&text);
    message_link(message, external_url, &text);
    if (text.size)
        json_array_append_new(elements, link_of(text.data));
    text_release(&text);
    if (json_array_size(elements))
        json_array_append_new(blocks,
                              json_pack("{s:s, s:o}", "type", "context", "elements", elements));
    else
        json_decref(elements);
}

int render_slack(struct bytes payload, const char *external_url, struct text *text,
                 struct err *reterr)
{
    struct message message;
    int code = message_parse(payload, &message, reterr);
    if (code)
        return code;
    struct text headline = {0}, fallback = {0};
    add_headline(&message, &headline);
    add_escaped(&fallback, headline.data, SMALL_UNITS);
    json_t *blocks = json_pack("[o]", facts(&message));
    add_members(&message, blocks);
    add_context(&message, external_url, blocks);
    /* The bar of colour exists only beside attachments. */
    render_json(json_pack("{s:s, s:[{s:s, s:o}], s:[{s:s, s:o}]}", "text", fallback.data, "blocks",
                          "type", "header", "text", plain_text(headline.data, HEADER_UNITS),
                          "attachments", "color", color_of(&message), "blocks", blocks),
                text);
    text_release(&headline);
    text_release(&fallback);
    message_release(&message);
    return 0;
}
