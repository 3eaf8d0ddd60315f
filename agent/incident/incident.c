/* The state machine of incidents. Each rule looks at each verdict once; what hits becomes a member
 * of the rule's one incident for that model version. The diagram is in the header; transitions are
 * made in entry_settle alone. */
#include "incident/incident.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "incident/book.h"

static const char *const state_names[] = {"pending", "firing", "resolving", "resolved"};
static const char *const event_names[] = {"opened", "worsened", "closed", "changed"};

const char *incident_state_name(enum incident_state state)
{
    return state_names[state];
}

const char *incident_event_name(enum incident_event event)
{
    return event_names[event];
}

void incident_changes_release(struct incident_changes *changes)
{
    free(changes->items);
    *changes = (struct incident_changes){0};
}

enum answer { ANSWER_QUIET, ANSWER_HIT, ANSWER_NONE /* could not be judged */ };

static bool rule_covers(const struct rule *rule, const struct verdict *verdict)
{
    /* An alarm's counts are not a window's: it says that something drifts, and no score. */
    if (verdict->method == METHOD_EDETECTOR && rule->subject != RULE_DRIFT)
        return false;
    if (!glob_match(rule->monitor, verdict->monitor))
        return false;
    if (verdict->segment[0] && !rule->segments)
        return false;
    if (rule->window_ms && rule->window_ms != verdict->window_ms)
        return false;
    for (uint32_t i = 0; i < rule->field_count; i++)
        if (glob_match(rule->fields[i], verdict->field))
            return true;
    return rule->field_count == 0;
}

static double share(int64_t part, int64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : 0;
}

/* The number a rule compares; NaN if it is not defined for this verdict. */
static double quantity_of(enum rule_subject subject, const struct verdict *verdict)
{
    const struct comparison *c = &verdict->comparison;
    switch (subject) {
    case RULE_PSI:
        return c->scores[SCORE_PSI].value;
    case RULE_JS:
        return c->scores[SCORE_JS].value;
    case RULE_KS:
        return c->scores[SCORE_KS].value;
    case RULE_WASSERSTEIN:
        return c->scores[SCORE_WASSERSTEIN].value;
    case RULE_MISSING_RATE:
        return share(c->missing, c->total);
    case RULE_INVALID_RATE:
        return share(c->invalid, c->total);
    case RULE_UNSEEN_RATE:
        return share(c->unseen, c->n + c->unseen);
    case RULE_DRIFT:
    case RULE_DRIFTED_SHARE:
        break;
    }
    return (double)NAN;
}

static bool exceeds(const struct rule *rule, double quantity)
{
    return rule->operator== RULE_AT_LEAST ? quantity >= rule->threshold : quantity> rule->threshold;
}

static enum answer answer_of(const struct rule *rule, const struct verdict *verdict)
{
    if (verdict->state != STATE_OK && verdict->state != STATE_DRIFT)
        return ANSWER_NONE;
    if (rule->subject == RULE_DRIFT) {
        bool counts = rule->for_windows ? verdict->significant : verdict->state == STATE_DRIFT;
        return counts && exceeds(rule, verdict->severity) ? ANSWER_HIT : ANSWER_QUIET;
    }
    return exceeds(rule, quantity_of(rule->subject, verdict)) ? ANSWER_HIT : ANSWER_QUIET;
}

/* A hit of a rule that does not ask for drift may be no drift: it is at least worth a warning. */
static enum severity hit_severity(const struct rule *rule, const struct verdict *verdict)
{
    if (rule->subject == RULE_DRIFT)
        return verdict->severity;
    return verdict->severity > SEVERITY_LOW ? verdict->severity : SEVERITY_LOW;
}

static void member_hit(struct member *member, const struct rule *rule,
                       const struct verdict *verdict)
{
    enum severity severity = hit_severity(rule, verdict);
    if (!member->first_hit_ms)
        member->first_hit_ms = verdict->end.ms;
    member->last_hit_ms = verdict->end.ms;
    bool worse = severity > member->severity ||
                 (severity == member->severity && verdict->effect > member->effect);
    if (member->snapshot && !worse)
        return;
    member->severity = severity;
    member->effect = verdict->effect;
    json_decref(member->snapshot);
    member->snapshot = evidence_snapshot(verdict);
}

static void member_answer(struct member *member, const struct rule *rule,
                          const struct verdict *verdict, bool hit)
{
    ring_push(&member->ring, verdict->end.ms, verdict->window_ms / RING_HOPS, hit);
    member->seen_ms = verdict->end.ms;
    if (!hit)
        return;
    member_hit(member, rule, verdict);
    if (!rule->for_windows || ring_hits(&member->ring, rule->for_windows) >= rule->for_hits)
        member->firing = true;
}

static bool member_is_over(const struct member *member, const struct rule *rule)
{
    int64_t quiet_ms = member->seen_ms - member->last_hit_ms;
    uint32_t windows = member->firing ? rule->clear_after : RING_WINDOWS_MAX;
    return quiet_ms >= (int64_t)windows * member->window_ms;
}

static void entry_drop_members(struct entry *entry, const struct rule *rule)
{
    for (uint32_t i = entry->member_count; i-- > 0;)
        if (member_is_over(&entry->members[i], rule))
            entry_remove_member(entry, i);
}

static bool entry_fires(const struct entry *entry, bool *ret_is_quiet)
{
    bool fires = false;
    *ret_is_quiet = true;
    for (uint32_t i = 0; i < entry->member_count; i++) {
        const struct member *member = &entry->members[i];
        if (!member->firing)
            continue;
        fires = true;
        if (member->seen_ms - member->last_hit_ms < member->window_ms)
            *ret_is_quiet = false;
    }
    return fires;
}

static enum rule_severity entry_severity(const struct entry *entry, const struct rule *rule)
{
    enum severity worst = SEVERITY_NONE;
    if (rule->severity != RULE_SEVERITY_AUTO)
        return rule->severity;
    for (uint32_t i = 0; i < entry->member_count; i++)
        if (entry->members[i].firing && entry->members[i].severity > worst)
            worst = entry->members[i].severity;
    return worst >= SEVERITY_HIGH  ? RULE_CRITICAL
           : worst >= SEVERITY_LOW ? RULE_WARNING
                                   : RULE_INFO;
}

static void name_incident(struct entry *entry, const char *monitor)
{
    struct text name = {0};
    text_printf(&name, "incident|%s|%s|%s|%s|%lld", monitor, entry->generation, entry->version,
                entry->rule, (long long)entry->opened_ms);
    id_from_name(bytes_make(name.data, name.size), entry->id);
    text_release(&name);
}

/* What is being stepped. */
struct step {
    const struct incident_context *context;
    struct arena *arena;
    struct incident_changes *changes;
    int64_t now_ms;    /* latest window end among the verdicts */
    const char *ended; /* as for evidence_title */
};

static void tell(struct step *step, struct entry *entry, const struct rule *rule,
                 enum incident_event event)
{
    struct incident_changes *changes = step->changes;
    if (changes->count == changes->capacity) {
        changes->capacity = changes->capacity ? changes->capacity * 2 : 4;
        changes->items = mem_resize(changes->items, changes->capacity, sizeof *changes->items);
    }
    if (event != INCIDENT_CHANGED)
        entry->sequence++;
    entry->updated_ms = step->now_ms;
    struct incident_change *change = &changes->items[changes->count++];
    memset(change, 0, sizeof *change);
    change->event = event;
    change->rule = rule;
    struct incident *incident = &change->incident;
    memcpy(incident->id, entry->id, sizeof incident->id);
    memcpy(incident->generation, entry->generation, sizeof incident->generation);
    incident->monitor = step->context->monitor->name;
    incident->version = arena_text(step->arena, bytes_of(entry->version));
    incident->rule = arena_text(step->arena, bytes_of(entry->rule));
    incident->state = entry->state;
    incident->severity = entry->told;
    incident->opened.ms = entry->opened_ms;
    incident->updated.ms = step->now_ms;
    incident->resolved.ms = entry->state == INCIDENT_RESOLVED ? step->now_ms : 0;
    incident->sequence = entry->sequence;
    incident->title = evidence_title(entry, step->context, step->ended, step->arena);
    incident->evidence = evidence_format(entry, step->context, rule, step->ended, step->arena);
}

static void entry_open(struct step *step, struct entry *entry, const struct rule *rule)
{
    entry->opened_ms = step->now_ms;
    entry->state = INCIDENT_FIRING;
    entry->told = entry_severity(entry, rule);
    name_incident(entry, step->context->monitor->name);
    tell(step, entry, rule, INCIDENT_OPENED);
}

/* An incident that is open already: worse, quieter, or as before. */
static void entry_go_on(struct step *step, struct entry *entry, const struct rule *rule,
                        bool is_quiet, bool changed)
{
    enum incident_state state = is_quiet ? INCIDENT_RESOLVING : INCIDENT_FIRING;
    enum rule_severity severity = entry_severity(entry, rule);
    changed = changed || state != entry->state;
    entry->state = state;
    if (severity > entry->told) {
        entry->told = severity;
        tell(step, entry, rule, INCIDENT_WORSENED);
    } else if (changed) {
        tell(step, entry, rule, INCIDENT_CHANGED);
    }
}

/* True if the incident is open and every firing member has been quiet long enough. */
static bool entry_is_over(const struct entry *entry, const struct rule *rule)
{
    for (uint32_t i = 0; i < entry->member_count; i++)
        if (entry->members[i].firing && !member_is_over(&entry->members[i], rule))
            return false;
    return entry->id[0] != '\0';
}

/* Moves the entry along the diagram after its members have had their answers; `entry` may be gone
 * afterwards. */
static void entry_settle(struct step *step, struct incident_book *book, struct entry *entry,
                         const struct rule *rule, bool changed)
{
    if (entry_is_over(entry,
                      rule)) { /* before members are dropped: the last message still names them */
        entry->state = INCIDENT_RESOLVED;
        tell(step, entry, rule, INCIDENT_CLOSED);
        book_remove(book, entry);
        return;
    }
    uint32_t count_before = entry->member_count;
    entry_drop_members(entry, rule);
    changed = changed || entry->member_count != count_before;
    bool is_quiet, fires = entry_fires(entry, &is_quiet);
    if (fires && !entry->id[0])
        entry_open(step, entry, rule);
    else if (fires)
        entry_go_on(step, entry, rule, is_quiet, changed);
    else if (!entry->member_count)
        book_remove(book, entry);
}

static bool take_verdict(struct incident_book *book, const struct rule *rule,
                         const struct verdict *verdict)
{
    enum answer answer = answer_of(rule, verdict);
    struct entry *entry = book_find(book, verdict->version, rule->name);
    struct member *member = NULL;
    if (answer == ANSWER_NONE || (answer == ANSWER_QUIET && !entry))
        return false;
    if (!entry)
        entry = book_entry(book, verdict->version, rule->name, verdict->generation);
    member = entry_find(entry, verdict->segment, verdict->field, verdict->window_ms);
    if (!member && answer == ANSWER_HIT)
        member = entry_add(entry, verdict->segment, verdict->field, verdict->window_ms);
    if (!member)
        return false;
    bool fired = member->firing;
    const json_t *snapshot = member->snapshot;
    /* The level for clearing is not the level for opening, or what hovers between them would open
     * and close again and again. */
    if (fired && answer == ANSWER_QUIET && rule->subject == RULE_DRIFT && verdict->lingering)
        member->last_hit_ms = verdict->end.ms;
    member_answer(member, rule, verdict, answer == ANSWER_HIT);
    return member->firing != fired || (member->firing && member->snapshot != snapshot);
}

/* drifted_share: one answer for each window, from all verdicts of the window together. */
static bool take_share(struct incident_book *book, const struct rule *rule,
                       const struct verdict *verdicts, uint32_t count, int64_t window_ms)
{
    uint32_t judged = 0, drifted = 0;
    const struct verdict *worst = NULL;
    for (uint32_t i = 0; i < count; i++) {
        const struct verdict *v = &verdicts[i];
        if (v->window_ms != window_ms || v->segment[0] || !rule_covers(rule, v) ||
            (v->state != STATE_OK && v->state != STATE_DRIFT))
            continue;
        judged++;
        drifted += v->state == STATE_DRIFT;
        if (!worst || v->severity > worst->severity)
            worst = v;
    }
    if (!judged)
        return false;
    bool hit = exceeds(rule, (double)drifted / judged);
    struct entry *entry = hit ? book_entry(book, worst->version, rule->name, worst->generation)
                              : book_find(book, worst->version, rule->name);
    struct member *member = entry ? entry_find(entry, "", "*", window_ms) : NULL;
    if (!member && hit)
        member = entry_add(entry, "", "*", window_ms);
    if (!member)
        return false;
    bool fired = member->firing;
    member_answer(member, rule, worst, hit);
    return member->firing != fired;
}

static bool apply_rule(const struct rule *rule, struct incident_book *book,
                       const struct verdict *verdicts, uint32_t count)
{
    bool changed = false;
    int64_t last_window_ms = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct verdict *verdict = &verdicts[i];
        if (rule->subject == RULE_DRIFTED_SHARE) {
            if (verdict->window_ms != last_window_ms)
                changed |= take_share(book, rule, verdicts, count, verdict->window_ms);
            last_window_ms = verdict->window_ms;
        } else if (rule_covers(rule, verdict)) {
            changed |= take_verdict(book, rule, verdict);
        }
    }
    return changed;
}

void incident_step(const struct ruleset *ruleset, struct incident_book *book,
                   const struct incident_context *context, const struct verdict *verdicts,
                   uint32_t count, struct arena *arena, struct incident_changes *changes)
{
    if (!count)
        return;
    struct step step = {
        .context = context, .arena = arena, .changes = changes, .now_ms = INT64_MIN};
    for (uint32_t i = 0; i < count; i++)
        if (verdicts[i].end.ms > step.now_ms)
            step.now_ms = verdicts[i].end.ms;
    for (uint32_t r = 0; r < ruleset->count; r++) {
        const struct rule *rule = &ruleset->rules[r];
        bool changed = apply_rule(rule, book, verdicts, count);
        struct entry *entry = book_find(book, verdicts[0].version, rule->name);
        if (entry)
            entry_settle(&step, book, entry, rule, changed);
    }
}

/* ---- ends that no verdict makes ---- */

static const struct rule *rule_of(const struct ruleset *ruleset, const struct entry *entry,
                                  const char *monitor)
{
    for (uint32_t i = 0; i < ruleset->count; i++)
        if (!strcmp(ruleset->rules[i].name, entry->rule) &&
            glob_match(ruleset->rules[i].monitor, monitor))
            return &ruleset->rules[i];
    return NULL;
}

static void entry_end(struct step *step, struct incident_book *book, struct entry *entry,
                      const struct rule *rule)
{
    if (entry->id[0]) {
        entry->state = INCIDENT_RESOLVED;
        tell(step, entry, rule, INCIDENT_CLOSED);
    }
    book_remove(book, entry);
}

static void close_entries(const struct ruleset *ruleset, struct incident_book *book,
                          struct step *step, const char *version, bool orphans_only)
{
    for (uint32_t i = book->count; i-- > 0;) {
        struct entry *entry = &book->entries[i];
        if (version && strcmp(entry->version, version) != 0)
            continue;
        const struct rule *rule = rule_of(ruleset, entry, step->context->monitor->name);
        if (!rule || !orphans_only)
            entry_end(step, book, entry, rule);
    }
}

void incident_close_version(const struct ruleset *ruleset, struct incident_book *book,
                            const char *version, const struct incident_context *context,
                            struct event_time now, const char *reason, struct arena *arena,
                            struct incident_changes *changes)
{
    struct step step = {context, arena, changes, now.ms, reason};
    close_entries(ruleset, book, &step, version, false);
}

void incident_close_orphans(const struct ruleset *ruleset, struct incident_book *book,
                            const struct incident_context *context, struct event_time now,
                            const char *reason, struct arena *arena,
                            struct incident_changes *changes)
{
    struct step step = {context, arena, changes, now.ms, reason};
    close_entries(ruleset, book, &step, NULL, true);
}
