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
#include "notify/call.h"
#include "notify/render.h"
#include "sys/log.h"

struct entry {
    char *id, *severity;
    uint32_t sequence;
    struct event_time opened_at;
    bool resolved, seen;
    uint32_t missed;          /* refreshes in a row that did not find it */
    int64_t ends_ms;          /* resolved: what is told */
    int64_t resolved_unix_ms; /* resolved: when we learnt it */
    json_t *alert;
};

/* What the store is asked for, one after the other. */
static const char *const states[] = {"resolved", "firing", "resolving"};
enum { STATES = sizeof states / sizeof states[0] };

struct refresh {
    bool running;
    uint32_t step; /* in states */
    struct store *store;
    struct alerts_scope scope;
    int64_t now_unix_ms;
    store_done_fn done;
    void *context;
};

struct alerts {
    struct entry *entries;
    uint32_t count;
    bool refreshed, full_logged;
    struct refresh refresh;
    struct calls calls;
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
    calls_forsake(&alerts->calls);
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

static bool is_known_open(const struct alerts *alerts, const char *id)
{
    for (uint32_t i = 0; i < alerts->count; i++) {
        if (!strcmp(alerts->entries[i].id, id) && !alerts->entries[i].resolved)
            return true;
    }
    return false;
}

static bool is_wanted(const struct alerts *alerts, const struct store_incident *incident)
{
    const struct refresh *refresh = &alerts->refresh;
    const struct alerts_scope *scope = &refresh->scope;
    bool resolved = !strcmp(states[refresh->step], "resolved");
    if (resolved && !is_known_open(alerts, incident->id)) {
        bool recent = incident->resolved_ms >= refresh->now_unix_ms - ALERTS_RESOLVED_MS;
        if (alerts->refreshed || !recent || !scope->send_resolved)
            return false;
    }
    return !scope->route ||
           scope->route(scope->context, incident->monitor, incident->rule, scope->receiver);
}

static int take_incident(void *context, const struct store_incident *incident)
{
    const struct call *call = context;
    struct alerts *alerts = call->owner;
    struct message message;
    struct err err = {0};
    if (!alerts)
        return 1;
    if (!is_wanted(alerts, incident))
        return 0;
    if (message_from_incident(incident, &message, &err) != 0) {
        log_err(LOG_ERROR_LEVEL, "could not send an incident again", &err);
        return 0;
    }
    take_message(alerts, &message, alerts->refresh.scope.external_url, alerts->refresh.now_unix_ms);
    message_release(&message);
    return 0;
}

/* An incident may change between two of the questions, from a state that is still to be asked for
 * to one that was: so one refresh that does not find it says nothing. */
static void forget(struct alerts *alerts)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < alerts->count; i++) {
        struct entry *entry = &alerts->entries[i];
        bool old = alerts->refresh.now_unix_ms - entry->resolved_unix_ms >= ALERTS_RESOLVED_MS;
        entry->missed = entry->seen ? 0 : entry->missed + 1;
        if (entry->resolved ? old || !alerts->refresh.scope.send_resolved : entry->missed > 1)
            entry_release(entry);
        else
            alerts->entries[kept++] = *entry;
    }
    alerts->count = kept;
}

static void ask(struct alerts *alerts);

static void on_incidents(struct call *call, enum store_result result, const struct err *err)
{
    struct alerts *alerts = call->owner;
    struct refresh *refresh = &alerts->refresh;
    if (result == STORE_DONE && ++refresh->step < STATES) {
        ask(alerts);
        return;
    }
    refresh->running = false;
    if (result == STORE_DONE) { /* nothing is forgotten on half a picture */
        alerts->refreshed = true;
        alerts->full_logged = false;
        forget(alerts);
    }
    refresh->done(refresh->context, result, err);
}

static void ask(struct alerts *alerts)
{
    struct call *call = notify_call_new(&alerts->calls, alerts, on_incidents);
    call->query = (struct store_query){.state = states[alerts->refresh.step], .limit = ALERTS_MAX};
    store_incidents(alerts->refresh.store, &call->query, take_incident, call, call_done, call);
}

bool alerts_refresh(struct alerts *alerts, struct store *store, const struct alerts_scope *scope,
                    int64_t now_unix_ms, store_done_fn done, void *context)
{
    if (alerts->refresh.running)
        return false;
    alerts->refresh = (struct refresh){.running = true,
                                       .store = store,
                                       .scope = *scope,
                                       .now_unix_ms = now_unix_ms,
                                       .done = done,
                                       .context = context};
    for (uint32_t i = 0; i < alerts->count; i++)
        alerts->entries[i].seen = false;
    ask(alerts);
    return true;
}

void alerts_store_closed(struct alerts *alerts)
{
    calls_drop(&alerts->calls);
    alerts->refresh.running = false;
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
