/* Incidents: a rule's verdicts over time, told as one story.
 *
 *                first hit            k of n                 every member quiet for one window
 *     (nothing) ──────────► pending ────────► firing ─────────────────────────► resolving
 *         ▲                    │                 ▲                                │   │
 *         └──── no k of n ─────┘                 └─────────── hit again ──────────┘   │ clear_after
 * quiet windows ▲                                                                           ▼
 *         └────────────────────────────────────────────────────────────────────── resolved
 *
 * One incident for (monitor, version, rule): forty drifting features of one broken producer are
 * members of one incident. A pure function of verdicts; ids are deterministic. `pending` is kept in
 * the book and tells nobody. A window that could not be judged (too few records, silent) is neither
 * a hit nor quiet: it changes nothing. */
#ifndef LEEWAY_INCIDENT_INCIDENT_H
#define LEEWAY_INCIDENT_INCIDENT_H

#include "incident/rule.h"
#include "judge/judge.h"

enum incident_state { INCIDENT_PENDING, INCIDENT_FIRING, INCIDENT_RESOLVING, INCIDENT_RESOLVED };
const char *incident_state_name(enum incident_state state);

/* A snapshot, as stored and told. Strings live in the arena given to incident_step. */
struct incident {
    char id[ID_BYTES]; /* from monitor, generation, version, rule, opened */
    const char *monitor, *version, *rule;
    char generation[17];
    enum incident_state state;
    enum rule_severity severity;
    struct event_time opened;   /* end of the first window that counted */
    struct event_time updated;  /* end of the latest window */
    struct event_time resolved; /* if resolved; else 0 */
    uint32_t sequence;          /* 1, 2, … number of changes told */
    const char *title;          /* one line: "flights 7: 3 fields drift, dep_delay high" */
    const char *evidence; /* JSON object: members ranked (field, segment, window, severity, effect,
                           * p, detail, n, histogram before/after), windows, baseline, generation,
                           * reproduce command */
};

enum incident_event {
    INCIDENT_OPENED,
    INCIDENT_WORSENED, /* a higher severity than was told before */
    INCIDENT_CLOSED,
    INCIDENT_CHANGED /* state or members changed: stored, not told */
};
const char *incident_event_name(enum incident_event event); /* "opened", "worsened", … */

struct incident_change {
    enum incident_event event;
    struct incident incident;
    const struct rule *rule; /* NULL: it is gone (incident_close_*) */
};
struct incident_changes {
    struct incident_change *items;
    uint32_t count, capacity;
};

/* Sequential state of all rules of one monitor; as text it is part of judge_state in the store. */
struct incident_book;
struct incident_book *incident_book_new(void);
void incident_book_free(struct incident_book *book);
void incident_book_format(const struct incident_book *book, struct text *text);
struct incident_book *incident_book_parse(struct bytes text, struct err *reterr);

/* What an incident is about, beside the verdicts. All borrowed. */
struct incident_context {
    const struct config_monitor *monitor; /* name, importance of fields */
    const char *baseline;                 /* "flights@1" */
    const char *baseline_hash;
    const char *reproduce; /* a command to which --since and --until are appended; NULL: none */
};

/* Takes the verdicts of one pane end of one monitor version (any windows, fields, segments) and
 * appends what changed; strings of the changes live in `arena`. Caller frees changes with
 * incident_changes_release. */
void incident_step(const struct ruleset *ruleset, struct incident_book *book,
                   const struct incident_context *context, const struct verdict *verdicts,
                   uint32_t count, struct arena *arena, struct incident_changes *changes);
/* Ends what no verdict will end: all incidents of a model version (they are of another
 * configuration or baseline than it has now), or those whose rule is gone from the set or leaves
 * this monitor out. Each open one is told as closed at `now`, with `reason` ("ended by a new
 * configuration") in title and evidence; pending ones are forgotten. Other arguments as for
 * incident_step. */
void incident_close_version(const struct ruleset *ruleset, struct incident_book *book,
                            const char *version, const struct incident_context *context,
                            struct event_time now, const char *reason, struct arena *arena,
                            struct incident_changes *changes);
void incident_close_orphans(const struct ruleset *ruleset, struct incident_book *book,
                            const struct incident_context *context, struct event_time now,
                            const char *reason, struct arena *arena,
                            struct incident_changes *changes);
void incident_changes_release(struct incident_changes *changes);

#endif
