/* The book and its text form. What is parsed back is checked: the text lives in a database that
 * others can reach. */
#include "incident/book.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct incident_book *incident_book_new(void)
{
    return mem_new(1, sizeof(struct incident_book));
}

static void member_release(struct member *member)
{
    free(member->segment);
    free(member->field);
    json_decref(member->snapshot);
}

static void entry_release(struct entry *entry)
{
    for (uint32_t i = 0; i < entry->member_count; i++)
        member_release(&entry->members[i]);
    free(entry->members);
    free(entry->version);
    free(entry->rule);
}

void incident_book_free(struct incident_book *book)
{
    if (!book)
        return;
    for (uint32_t i = 0; i < book->count; i++)
        entry_release(&book->entries[i]);
    free(book->entries);
    free(book);
}

struct entry *book_find(struct incident_book *book, const char *version, const char *rule)
{
    for (uint32_t i = 0; i < book->count; i++)
        if (!strcmp(book->entries[i].version, version) && !strcmp(book->entries[i].rule, rule))
            return &book->entries[i];
    return NULL;
}

struct entry *book_entry(struct incident_book *book, const char *version, const char *rule,
                         const char *generation)
{
    struct entry *entry = book_find(book, version, rule);
    if (entry)
        return entry;
    if (book->count == book->capacity) {
        book->capacity = book->capacity ? book->capacity * 2 : 4;
        book->entries = mem_resize(book->entries, book->capacity, sizeof *book->entries);
    }
    entry = &book->entries[book->count++];
    memset(entry, 0, sizeof *entry);
    entry->version = mem_copy(version);
    entry->rule = mem_copy(rule);
    snprintf(entry->generation, sizeof entry->generation, "%s", generation);
    return entry;
}

void book_remove(struct incident_book *book, struct entry *entry)
{
    entry_release(entry);
    *entry = book->entries[--book->count];
}

struct member *entry_find(struct entry *entry, const char *segment, const char *field,
                          int64_t window_ms)
{
    for (uint32_t i = 0; i < entry->member_count; i++) {
        struct member *member = &entry->members[i];
        if (member->window_ms == window_ms && !strcmp(member->field, field) &&
            !strcmp(member->segment, segment))
            return member;
    }
    return NULL;
}

struct member *entry_add(struct entry *entry, const char *segment, const char *field,
                         int64_t window_ms)
{
    if (entry->member_count == BOOK_MEMBERS_MAX)
        return NULL;
    if (entry->member_count == entry->member_capacity) {
        entry->member_capacity = entry->member_capacity ? entry->member_capacity * 2 : 8;
        entry->members = mem_resize(entry->members, entry->member_capacity, sizeof *entry->members);
    }
    struct member *member = &entry->members[entry->member_count++];
    memset(member, 0, sizeof *member);
    member->segment = mem_copy(segment);
    member->field = mem_copy(field);
    member->window_ms = window_ms;
    return member;
}

void entry_remove_member(struct entry *entry, uint32_t index)
{
    member_release(&entry->members[index]);
    /* Order is kept: it is what makes equal books have equal texts. */
    memmove(&entry->members[index], &entry->members[index + 1],
            (entry->member_count - index - 1) * sizeof *entry->members);
    entry->member_count--;
}

static json_t *member_json(const struct member *m)
{
    char bits[20];
    snprintf(bits, sizeof bits, "%016" PRIx64, m->ring.bits);
    return json_pack(
        "{s:s,s:s,s:I,s:I,s:i,s:s,s:I,s:I,s:I,s:b,s:i,s:f,s:O?}", "segment", m->segment, "field",
        m->field, "window_ms", (json_int_t)m->window_ms, "end_ms", (json_int_t)m->ring.end_ms,
        "known", (int)m->ring.known, "bits", bits, "first_hit_ms", (json_int_t)m->first_hit_ms,
        "last_hit_ms", (json_int_t)m->last_hit_ms, "seen_ms", (json_int_t)m->seen_ms, "firing",
        m->firing, "severity", (int)m->severity, "effect", m->effect, "snapshot", m->snapshot);
}

static json_t *entry_json(const struct entry *entry)
{
    json_t *members = json_array();
    for (uint32_t i = 0; i < entry->member_count; i++)
        json_array_append_new(members, member_json(&entry->members[i]));
    return json_pack("{s:s,s:s,s:s,s:s,s:i,s:i,s:I,s:I,s:i,s:o}", "version", entry->version, "rule",
                     entry->rule, "generation", entry->generation, "id", entry->id, "state",
                     (int)entry->state, "told", (int)entry->told, "opened_ms",
                     (json_int_t)entry->opened_ms, "updated_ms", (json_int_t)entry->updated_ms,
                     "sequence", (int)entry->sequence, "members", members);
}

void incident_book_format(const struct incident_book *book, struct text *text)
{
    json_t *entries = json_array();
    for (uint32_t i = 0; i < book->count; i++)
        json_array_append_new(entries, entry_json(&book->entries[i]));
    json_t *json = json_pack("{s:i,s:o}", "format", 1, "incidents", entries);
    char *dump = json_dumps(json, JSON_COMPACT); /* in the order made: snapshots are told so */
    text_puts(text, dump ? dump : "{}");
    free(dump);
    json_decref(json);
}

static bool parse_member(json_t *json, struct entry *entry)
{
    const char *segment, *field, *bits;
    json_int_t window_ms, end_ms, first_ms, last_ms, seen_ms;
    int known, firing, severity;
    double effect;
    json_t *snapshot = NULL;
    if (json_unpack(json, "{s:s,s:s,s:I,s:I,s:i,s:s,s:I,s:I,s:I,s:b,s:i,s:F,s?o}", "segment",
                    &segment, "field", &field, "window_ms", &window_ms, "end_ms", &end_ms, "known",
                    &known, "bits", &bits, "first_hit_ms", &first_ms, "last_hit_ms", &last_ms,
                    "seen_ms", &seen_ms, "firing", &firing, "severity", &severity, "effect",
                    &effect, "snapshot", &snapshot) != 0)
        return false;
    if (window_ms <= 0 || known < 0 || known > 64 || severity < 0 || severity > SEVERITY_HIGH)
        return false;
    struct member *member = entry_add(entry, segment, field, window_ms);
    if (!member)
        return false;
    member->ring =
        (struct ring){.end_ms = end_ms, .bits = strtoull(bits, NULL, 16), .known = (uint32_t)known};
    member->first_hit_ms = first_ms;
    member->last_hit_ms = last_ms;
    member->seen_ms = seen_ms;
    member->firing = firing;
    member->severity = (enum severity)severity;
    member->effect = effect;
    member->snapshot = snapshot ? json_incref(snapshot) : NULL;
    return true;
}

static bool parse_entry(json_t *json, struct incident_book *book)
{
    const char *version, *rule, *generation, *id;
    int state, told, sequence;
    json_int_t opened_ms, updated_ms;
    json_t *members, *member;
    size_t i;
    if (json_unpack(json, "{s:s,s:s,s:s,s:s,s:i,s:i,s:I,s:I,s:i,s:o}", "version", &version, "rule",
                    &rule, "generation", &generation, "id", &id, "state", &state, "told", &told,
                    "opened_ms", &opened_ms, "updated_ms", &updated_ms, "sequence", &sequence,
                    "members", &members) != 0)
        return false;
    if (state < 0 || state > INCIDENT_RESOLVED || told < 0 || told > RULE_CRITICAL ||
        strlen(generation) > 16 || strlen(id) >= ID_BYTES || !json_is_array(members) ||
        book_find(book, version, rule))
        return false;
    struct entry *entry = book_entry(book, version, rule, generation);
    snprintf(entry->id, sizeof entry->id, "%s", id);
    entry->state = (enum incident_state)state;
    entry->told = (enum rule_severity)told;
    entry->opened_ms = opened_ms;
    entry->updated_ms = updated_ms;
    entry->sequence = (uint32_t)sequence;
    json_array_foreach(members, i, member)
    {
        if (!parse_member(member, entry))
            return false;
    }
    return true;
}

struct incident_book *incident_book_parse(struct bytes text, struct err *reterr)
{
    json_t *json = json_loadb(text.data, text.size, JSON_REJECT_DUPLICATES, NULL), *entry;
    json_t *entries = json_object_get(json, "incidents");
    struct incident_book *book = incident_book_new();
    bool good = json_integer_value(json_object_get(json, "format")) == 1 && json_is_array(entries);
    size_t i;
    if (good) {
        json_array_foreach(entries, i, entry)
        {
            good = good && parse_entry(entry, book);
        }
    }
    json_decref(json);
    if (good)
        return book;
    incident_book_free(book);
    err_set(reterr, ERR_INVALID, "incident book is damaged");
    return NULL;
}
