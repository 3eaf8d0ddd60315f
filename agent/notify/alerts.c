/* A small table keyed by (incident, severity): both are labels, so a change of severity makes a
 * second alert, and the first must be ended or it would stay until its lease does.
 *
 *     (unknown) ──row or store: firing──► firing ──row or store: resolved; other severity──►
 * resolved │                                                   │ └── the store does not know it ──►
 * (forgotten) ◄────┘ 15 min later
 *
 * Kept are finished JSON values of about a kilobyte and not whole payloads, so that the cap on the
 * table is also one on memory. Refuses to know how they are sent. */
#include "notify/alerts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "notify/alert.h"
#include "notify/render.h"
#include "sys/log.h"

struct entry {
    char *id, *severity;
    uint32_t sequence;
    struct event_time opened_at;
    bool resolved, seen;
    int64_t ends_ms;          /* resolved: what is told */
    int64_t resolved_unix_ms; /* resolved: when we learnt it */
    json_t *alert;
};

struct alerts {
    struct entry *entries;
    uint32_t count;
    bool refreshed, full_logged;
};

struct alerts *alerts_new(void)
{
    struct alerts *alerts = mem_new(1, sizeof *alerts);
    alerts->entries = mem_new(ALERTS_MAX, sizeof *alerts->entries);
    return alerts;
}

static void entry_release(struct entry *entry)
{
    free(entry->id);
    free(entry->severity);
    json_decref(entry->alert);
}

void alerts_free(struct alerts *alerts)
{
    if (!alerts)
        return;
    for (uint32_t i = 0; i < alerts->count; i++)
        entry_release(&alerts->entries[i]);
    free(alerts->entries);
    free(alerts);
}

static void entry_resolve(struct entry *entry, int64_t ends_ms, int64_t now_unix_ms)
{
    if (entry->resolved)
        return;
    entry->resolved = true;
    entry->ends_ms = ends_ms;
    entry->resolved_unix_ms = now_unix_ms;
}

static struct entry *entry_find(struct alerts *alerts, const char *id, const char *severity)
{
    for (uint32_t i = 0; i < alerts->count; i++) {
        struct entry *entry = &alerts->entries[i];
        if (!strcmp(entry->id, id) && !strcmp(entry->severity, severity))
            return entry;
    }
    return NULL;
}

static struct entry *entry_add(struct alerts *alerts, const struct message *message)
{
    if (alerts->count == ALERTS_MAX) {
        if (!alerts->full_logged)
            log_warning("too many incidents fire; not all of them are sent again");
        alerts->full_logged = true;
        return NULL;
    }
    struct entry *entry = &alerts->entries[alerts->count++];
    *entry = (struct entry){.id = mem_copy(message->id), .severity = mem_copy(message->severity)};
    return entry;
}

static bool is_outdated(const struct alerts *alerts, const struct message *message)
{
    for (uint32_t i = 0; i < alerts->count; i++) {
        const struct entry *entry = &alerts->entries[i];
        if (!strcmp(entry->id, message->id) && entry->sequence > message->sequence)
            return true;
    }
    return false;
}

/* Ends the alerts of the same incident that had another severity. */
static void end_others(struct alerts *alerts, const struct message *message, int64_t now_unix_ms)
{
    for (uint32_t i = 0; i < alerts->count; i++) {
        struct entry *entry = &alerts->entries[i];
        if (!strcmp(entry->id, message->id) && strcmp(entry->severity, message->severity) != 0)
            entry_resolve(entry, now_unix_ms, now_unix_ms);
    }
}

static void take_message(struct alerts *alerts, const struct message *message,
                         const char *external_url, int64_t now_unix_ms)
{
    if (is_outdated(alerts, message))
        return;
    end_others(alerts, message, now_unix_ms);
    struct entry *entry = entry_find(alerts, message->id, message->severity);
    if (!entry)
        entry = entry_add(alerts, message);
    if (!entry)
        return;
    json_decref(entry->alert);
    entry->alert = alert_make(message, external_url);
    entry->sequence = message->sequence;
    entry->opened_at = message->opened_at;
    entry->seen = true;
    if (message_is_resolved(message))
        entry_resolve(entry, message->resolved ? message->resolved_at.ms : now_unix_ms,
                      now_unix_ms);
    else
        entry->resolved = false;
}

void alerts_note(struct alerts *alerts, struct bytes payload, const char *external_url,
                 int64_t now_unix_ms)
{
    struct message message;
    if (message_parse(payload, &message, NULL) != 0)
        return; /* rendering it says so */
    take_message(alerts, &message, external_url, now_unix_ms);
    message_release(&message);
}

/* ---- refreshing from the store ---- */

struct refresh {
    struct alerts *alerts;
    const struct alerts_scope *scope;
    int64_t now_unix_ms;
    bool resolved; /* the rows at hand are resolved incidents */
};

static bool is_wanted(const struct refresh *refresh, const struct store_incident *incident)
{
    const struct alerts_scope *scope = refresh->scope;
    if (refresh->resolved) {
        const struct entry *known = NULL;
        for (uint32_t i = 0; i < refresh->alerts->count && !known; i++) {
            const struct entry *entry = &refresh->alerts->entries[i];
            known = !strcmp(entry->id, incident->id) && !entry->resolved ? entry : NULL;
        }
        bool recent = incident->resolved_ms >= refresh->now_unix_ms - ALERTS_RESOLVED_MS;
        if (!known && (refresh->alerts->refreshed || !recent || !scope->send_resolved))
            return false;
    }
    return !scope->route ||
           scope->route(scope->context, incident->monitor, incident->rule, scope->receiver);
}

static int take_incident(void *context, const struct store_incident *incident)
{
    struct refresh *refresh = context;
    struct message message;
    struct err err = {0};
    if (!is_wanted(refresh, incident))
        return 0;
    if (message_from_incident(incident, &message, &err) != 0) {
        log_err(LOG_ERROR_LEVEL, "could not send an incident again", &err);
        return 0;
    }
    take_message(refresh->alerts, &message, refresh->scope->external_url, refresh->now_unix_ms);
    message_release(&message);
    return 0;
}

static int take_state(struct refresh *refresh, struct store *store, const char *state,
                      struct err *reterr)
{
    struct store_query query = {.state = state, .limit = ALERTS_MAX};
    refresh->resolved = !strcmp(state, "resolved");
    return store_incidents(store, &query, take_incident, refresh, reterr);
}

static void forget(struct alerts *alerts, bool send_resolved, int64_t now_unix_ms)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < alerts->count; i++) {
        struct entry *entry = &alerts->entries[i];
        bool old = now_unix_ms - entry->resolved_unix_ms >= ALERTS_RESOLVED_MS;
        if (entry->resolved ? old || !send_resolved : !entry->seen)
            entry_release(entry);
        else
            alerts->entries[kept++] = *entry;
    }
    alerts->count = kept;
}

int alerts_refresh(struct alerts *alerts, struct store *store, const struct alerts_scope *scope,
                   int64_t now_unix_ms, struct err *reterr)
{
    static const char *const states[] = {"resolved", "firing", "resolving"};
    struct refresh refresh = {.alerts = alerts, .scope = scope, .now_unix_ms = now_unix_ms};
    for (uint32_t i = 0; i < alerts->count; i++)
        alerts->entries[i].seen = false;
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        int code = take_state(&refresh, store, states[i], reterr);
        if (code)
            return code; /* nothing is forgotten on half a picture */
    }
    alerts->refreshed = true;
    alerts->full_logged = false;
    forget(alerts, scope->send_resolved, now_unix_ms);
    return 0;
}

uint32_t alerts_count(const struct alerts *alerts)
{
    return alerts->count;
}

void alerts_render(const struct alerts *alerts, uint32_t from, uint32_t limit, int64_t now_unix_ms,
                   int64_t lease_ms, struct text *text)
{
    json_t *array = json_array();
    for (uint32_t i = from; i < alerts->count && i - from < limit; i++) {
        const struct entry *entry = &alerts->entries[i];
        alert_set_end(entry->alert, entry->opened_at,
                      entry->resolved ? entry->ends_ms : now_unix_ms + lease_ms);
        json_array_append(array, entry->alert);
    }
    render_json(array, text);
}
