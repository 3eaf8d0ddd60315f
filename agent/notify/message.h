/* A message: the neutral payload of an outbox row, read and checked, as the renderers see it. */
#ifndef LEEWAY_NOTIFY_MESSAGE_H
#define LEEWAY_NOTIFY_MESSAGE_H

#include <jansson.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/when.h"
#include "store/store.h"

enum { MESSAGE_BYTES = 4 * 1024 * 1024 };

/* Strings are never NULL unless said so, and live as long as the message. */
struct message {
    json_t *root;
    const char *event;
    uint32_t sequence;
    const char *id, *monitor, *version, *rule, *state, *severity, *title;
    const char *opened;   /* RFC 3339 */
    const char *resolved; /* NULL: not yet */
    struct event_time opened_at, resolved_at;
    const json_t *evidence, *members; /* an object, an array */
    size_t shown;                     /* members in the payload */
    size_t total;                     /* members of the incident, >= shown */
};

/* One drifting field; what the payload does not say is "" or NAN. */
struct member {
    const char *field, *segment, *window, *start, *end, *severity, *detail;
    double effect, p, n, baseline_n;
    const json_t *histogram; /* NULL: none */
};

/* ERR_INVALID (not JSON, or something needed is missing or of another type) or ERR_LIMIT. */
int message_parse(struct bytes payload, struct message *ret_message, struct err *reterr);

/* The same from a row of the incident table, as an event "opened". */
int message_from_incident(const struct store_incident *incident, struct message *ret_message,
                          struct err *reterr);
void message_release(struct message *message);

bool message_is_resolved(const struct message *message);

/* Member `i` < shown. */
struct member message_member(const struct message *message, size_t i);

/* A text of the evidence, or "". */
const char *message_evidence(const struct message *message, const char *name);

/* Appends where a person can read on: a page under `external_url`, nothing if that is NULL. */
void message_link(const struct message *message, const char *external_url, struct text *text);

/* Appends the members as numbered lines, at most `limit`, for people: no control characters, each
 * name and detail cut to a length. */
void message_list(const struct message *message, size_t limit, struct text *text);

#endif
