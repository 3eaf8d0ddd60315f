/* The book: every incident that is open or may become one, for one monitor. Internal to incident/.
 */
#ifndef LEEWAY_INCIDENT_BOOK_H
#define LEEWAY_INCIDENT_BOOK_H

#include <jansson.h>

#include "incident/incident.h"
#include "judge/ring.h"

enum { BOOK_MEMBERS_MAX = 4096 }; /* of one incident; more are counted, not kept */

/* One (window, segment, field) that hits or has hit. */
struct member {
    char *segment, *field;
    int64_t window_ms;
    struct ring ring;
    int64_t first_hit_ms, last_hit_ms, seen_ms; /* window ends */
    bool firing;
    enum severity severity; /* worst so far */
    double effect;          /* at the worst */
    json_t *snapshot;       /* the verdict at its worst, as evidence shows it */
};

struct entry {
    char *version, *rule;
    char generation[17];
    char id[ID_BYTES]; /* empty while pending */
    enum incident_state state;
    enum rule_severity told; /* highest severity told */
    int64_t opened_ms, updated_ms;
    uint32_t sequence;
    struct member *members;
    uint32_t member_count, member_capacity;
};

struct incident_book {
    struct entry *entries;
    uint32_t count, capacity;
};

/* The entry of (version, rule), made pending if it is not there. Valid until the next book_entry.
 */
struct entry *book_entry(struct incident_book *book, const char *version, const char *rule,
                         const char *generation);
struct entry *book_find(struct incident_book *book, const char *version, const char *rule);
void book_remove(struct incident_book *book, struct entry *entry);

struct member *entry_find(struct entry *entry, const char *segment, const char *field,
                          int64_t window_ms);
/* NULL beyond BOOK_MEMBERS_MAX. Valid until the next entry_add. */
struct member *entry_add(struct entry *entry, const char *segment, const char *field,
                         int64_t window_ms);
void entry_remove_member(struct entry *entry, uint32_t index);

/* incident/evidence.c: the told form. */
/* `ended` is NULL, or why the incident ends although nobody saw its fields quiet; `rule` is NULL if
 * it is gone. */
const char *evidence_title(const struct entry *entry, const struct incident_context *context,
                           const char *ended, struct arena *arena);
const char *evidence_format(const struct entry *entry, const struct incident_context *context,
                            const struct rule *rule, const char *ended, struct arena *arena);
json_t *evidence_snapshot(const struct verdict *verdict);

#endif
