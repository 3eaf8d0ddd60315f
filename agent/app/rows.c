/* From the core's structures to rows. Nothing is decided here. */
#include "app/rows.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void rows_clear(struct rows *rows)
{
    rows->pane_count = rows->verdict_count = rows->incident_count = rows->outbox_count = 0;
}

void rows_release(struct rows *rows)
{
    free(rows->panes);
    free(rows->verdicts);
    free(rows->incidents);
    free(rows->outbox);
    *rows = (struct rows){0};
}

/* Room for one more item in a growing array. */
static void *grow(void *items, uint32_t count, uint32_t *capacity, size_t size)
{
    if (count < *capacity)
        return items;
    *capacity = *capacity ? *capacity * 2 : 64;
    return mem_resize(items, *capacity, size);
}

struct store_pane *rows_add_pane(struct rows *rows, struct arena *arena, const char *generation,
                                 const char *version, int64_t start_ms, const struct counts *counts)
{
    rows->panes = grow(rows->panes, rows->pane_count, &rows->pane_capacity, sizeof *rows->panes);
    struct store_pane *pane = &rows->panes[rows->pane_count++];
    struct text encoded = {0};
    counts_encode(counts, &encoded);
    const char *copy = arena_text(arena, bytes_make(encoded.data, encoded.size));
    *pane = (struct store_pane){.start_ms = start_ms,
                                .version = version,
                                .generation = generation,
                                .counts = bytes_make(copy, encoded.size),
                                .rows = counts->rows};
    text_release(&encoded);
    return pane;
}

void rows_add_verdict(struct rows *rows, struct arena *arena, const struct verdict *v)
{
    const struct comparison *c = &v->comparison;
    struct text document = {0};
    rows->verdicts =
        grow(rows->verdicts, rows->verdict_count, &rows->verdict_capacity, sizeof *rows->verdicts);
    verdict_format(v, &document);
    rows->verdicts[rows->verdict_count++] = (struct store_verdict){
        .id = arena_text(arena, bytes_of(v->id)),
        .monitor = v->monitor,
        .version = arena_text(arena, bytes_of(v->version)),
        .segment = v->segment,
        .field = v->field,
        .generation = arena_text(arena, bytes_of(v->generation)),
        .window_ms = v->method == METHOD_WINDOW ? v->window_ms : 0,
        .start_ms = v->start.ms,
        .end_ms = v->end.ms,
        .n = c->total,
        .baseline_n = c->m,
        .state = verdict_state_name(v->state),
        .severity = severity_name(v->severity),
        .significant = v->significant,
        .provisional = v->provisional,
        .p = v->p,
        .effect = v->effect,
        .psi = c->scores[SCORE_PSI].value,
        .js = c->scores[SCORE_JS].value,
        .ks = c->scores[SCORE_KS].value,
        .wasserstein = c->scores[SCORE_WASSERSTEIN].value,
        .g = c->g.statistic,
        .missing_rate = c->total > 0 ? (double)c->missing / (double)c->total : (double)NAN,
        .detail = arena_text(arena, bytes_of(v->detail)),
        .document = arena_text(arena, bytes_make(document.data, document.size)),
        .histogram = v->histogram};
    text_release(&document);
}

void rows_add_incident(struct rows *rows, struct arena *arena, const struct incident *i)
{
    struct store_incident row = {.id = arena_text(arena, bytes_of(i->id)),
                                 .monitor = i->monitor,
                                 .version = i->version,
                                 .rule = i->rule,
                                 .state = incident_state_name(i->state),
                                 .severity = rule_severity_name(i->severity),
                                 .title = i->title,
                                 .evidence = i->evidence,
                                 .opened_ms = i->opened.ms,
                                 .updated_ms = i->updated.ms,
                                 .resolved_ms = i->resolved.ms,
                                 .sequence = i->sequence};
    for (uint32_t k = 0; k < rows->incident_count; k++) {
        if (!strcmp(rows->incidents[k].id, row.id)) {
            rows->incidents[k] = row;
            return;
        }
    }
    rows->incidents = grow(rows->incidents, rows->incident_count, &rows->incident_capacity,
                           sizeof *rows->incidents);
    rows->incidents[rows->incident_count++] = row;
}

/* The payload that notify documents. */
static const char *payload_of(struct arena *arena, const struct incident *i, const char *event)
{
    char opened[32], updated[32], resolved[32];
    json_t *evidence = json_loads(i->evidence, JSON_REJECT_DUPLICATES, NULL);
    json_t *incident = json_pack(
        "{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s?,s:s,s:o}", "id", i->id, "monitor", i->monitor,
        "version", i->version, "rule", i->rule, "state", incident_state_name(i->state), "severity",
        rule_severity_name(i->severity), "generation", i->generation, "opened",
        event_time_format(i->opened, opened), "updated", event_time_format(i->updated, updated),
        "resolved", i->resolved.ms ? event_time_format(i->resolved, resolved) : NULL, "title",
        i->title, "evidence", evidence ? evidence : json_object());
    json_t *json = json_pack("{s:s,s:i,s:o}", "event", event, "sequence", (int)i->sequence,
                             "incident", incident);
    char *dump = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(10));
    const char *copy = arena_text(arena, bytes_of(dump ? dump : "{}"));
    free(dump);
    json_decref(json);
    return copy;
}

static void add_message(struct rows *rows, struct arena *arena, const char *receiver,
                        const struct incident *incident, const char *event)
{
    char id[ID_BYTES];
    const char *name = arena_printf(arena, "message|%s|%s|%s|%u", receiver, incident->id, event,
                                    incident->sequence);
    rows->outbox =
        grow(rows->outbox, rows->outbox_count, &rows->outbox_capacity, sizeof *rows->outbox);
    rows->outbox[rows->outbox_count++] = (struct store_outbox){
        .receiver = receiver,
        .incident = arena_text(arena, bytes_of(incident->id)),
        .event = event,
        .sequence = incident->sequence,
        .message_id = arena_text(arena, bytes_of(id_from_name(bytes_of(name), id))),
        .payload = payload_of(arena, incident, event)};
}

void rows_add_messages(struct rows *rows, struct arena *arena, const struct config *config,
                       const struct incident_change *change)
{
    const struct rule *rule = change->rule;
    const char *event = incident_event_name(change->event);
    uint32_t named = rule ? rule->notify_count : 0;
    if (change->event == INCIDENT_CHANGED)
        return;
    for (uint32_t i = 0; i < named; i++)
        add_message(rows, arena, rule->notify[i], &change->incident, event);
    for (uint32_t i = 0; i < config->receiver_count && !named; i++)
        if (config->receivers[i].type != RECEIVER_RETRAIN)
            add_message(rows, arena, config->receivers[i].name, &change->incident, event);
    if (rule && rule->retrain && change->event == INCIDENT_OPENED)
        add_message(rows, arena, rule->retrain, &change->incident, "retrain");
}
