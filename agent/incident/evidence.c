/* What an incident tells: a title for people and evidence as data. */
#include "incident/book.h"

#include <stdlib.h>
#include <string.h>

enum { MEMBERS_TOLD_MAX = 20 };

json_t *evidence_snapshot(const struct verdict *v)
{
    char start[32], end[32], window[24];
    json_t *reasons = json_array();
    for (int i = 0; i < REASONS; i++)
        if (v->reasons >> i & 1)
            json_array_append_new(reasons, json_string(reason_name((enum reason)i)));
    json_t *histogram =
        v->histogram ? json_loads(v->histogram, JSON_REJECT_DUPLICATES, NULL) : NULL;
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:f,s:f,s:I,s:I,s:s,s:o,s:o?}", "verdict", v->id,
                     "field", v->field, "segment", v->segment, "window",
                     duration_format(v->window_ms, window), "start",
                     event_time_format(v->start, start), "end", event_time_format(v->end, end),
                     "severity", severity_name(v->severity), "effect", v->effect, "p", v->p, "n",
                     (json_int_t)v->comparison.total, "baseline_n", (json_int_t)v->comparison.m,
                     "detail", v->detail, "reasons", reasons, "histogram", histogram);
}

static double importance_of(const struct incident_context *context, const char *field)
{
    for (uint32_t i = 0; i < context->monitor->field_count; i++)
        if (!strcmp(context->monitor->fields[i].name, field))
            return context->monitor->fields[i].importance;
    return 1;
}

struct ranked {
    const struct member *member;
    double weight; /* effect x importance */
};

static int by_rank(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->member->severity != y->member->severity)
        return x->member->severity < y->member->severity ? 1 : -1;
    if (x->weight < y->weight || x->weight > y->weight)
        return x->weight < y->weight ? 1 : -1;
    int order = strcmp(x->member->field, y->member->field);
    if (!order)
        order = strcmp(x->member->segment, y->member->segment);
    return order ? order
                 : (x->member->window_ms > y->member->window_ms) -
                       (x->member->window_ms < y->member->window_ms);
}

/* The firing members, most important first. */
static struct ranked *rank(const struct entry *entry, const struct incident_context *context,
                           struct arena *arena, uint32_t *ret_count)
{
    struct ranked *ranked = arena_alloc(arena, entry->member_count + 1, sizeof *ranked);
    *ret_count = 0;
    for (uint32_t i = 0; i < entry->member_count; i++) {
        const struct member *member = &entry->members[i];
        if (member->firing)
            ranked[(*ret_count)++] =
                (struct ranked){member, member->effect * importance_of(context, member->field)};
    }
    qsort(ranked, *ret_count, sizeof *ranked, by_rank);
    return ranked;
}

static uint32_t distinct_fields(const struct ranked *ranked, uint32_t count)
{
    uint32_t fields = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t before = 0;
        while (before < i && strcmp(ranked[before].member->field, ranked[i].member->field) != 0)
            before++;
        fields += before == i;
    }
    return fields;
}

const char *evidence_title(const struct entry *entry, const struct incident_context *context,
                           const char *ended, struct arena *arena)
{
    uint32_t count;
    if (ended)
        return arena_printf(arena, "%s %s: %s", context->monitor->name, entry->version, ended);
    const struct ranked *ranked = rank(entry, context, arena, &count);
    if (!count)
        return arena_printf(arena, "%s %s: all fields are back to normal", context->monitor->name,
                            entry->version);
    const struct member *worst = ranked[0].member;
    const char *detail = json_string_value(json_object_get(worst->snapshot, "detail"));
    uint32_t fields = distinct_fields(ranked, count);
    const char *separator = detail && detail[0] ? ": " : "";
    if (fields == 1)
        return arena_printf(arena, "%s %s: %s drifts (%s)%s%s", context->monitor->name,
                            entry->version, worst->field, severity_name(worst->severity), separator,
                            detail ? detail : "");
    return arena_printf(arena, "%s %s: %u fields drift, most of all %s (%s)%s%s",
                        context->monitor->name, entry->version, fields, worst->field,
                        severity_name(worst->severity), separator, detail ? detail : "");
}

/* From the first window that hit to the last: what a replay has to cover to show the same. */
static json_t *reproduce(const struct entry *entry, const struct incident_context *context)
{
    char since[32], until[32];
    int64_t first = INT64_MAX, last = INT64_MIN;
    if (!context->reproduce)
        return json_null();
    for (uint32_t i = 0; i < entry->member_count; i++) {
        const struct member *member = &entry->members[i];
        if (member->first_hit_ms < first)
            first = member->first_hit_ms;
        if (member->last_hit_ms > last)
            last = member->last_hit_ms;
    }
    if (last < first)
        return json_string(context->reproduce);
    return json_sprintf("%s --since %s --until %s", context->reproduce,
                        event_time_format((struct event_time){first}, since),
                        event_time_format((struct event_time){last}, until));
}

const char *evidence_format(const struct entry *entry, const struct incident_context *context,
                            const struct rule *rule, const char *ended, struct arena *arena)
{
    uint32_t count;
    const struct ranked *ranked = rank(entry, context, arena, &count);
    json_t *members = json_array();
    for (uint32_t i = 0; i < count && i < MEMBERS_TOLD_MAX; i++)
        json_array_append(members, ranked[i].member->snapshot);
    json_t *json =
        json_pack("{s:s,s:s,s:s,s:i,s:i,s:o,s:o}", "condition", rule ? rule->condition : "",
                  "baseline", context->baseline, "baseline_hash", context->baseline_hash,
                  "member_count", (int)count, "field_count", (int)distinct_fields(ranked, count),
                  "members", members, "reproduce", reproduce(entry, context));
    if (ended)
        json_object_set_new(json, "ended", json_string(ended));
    char *dump = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(10));
    const char *copy = arena_text(arena, bytes_of(dump ? dump : "{}"));
    free(dump);
    json_decref(json);
    return copy;
}
