/* The e-detectors of all versions of a monitor: the part of the judge's state that moves with every
 * pane. */
#ifndef LEEWAY_JUDGE_WATCHES_H
#define LEEWAY_JUDGE_WATCHES_H

#include <jansson.h>

#include "judge/watch.h"

/* One version's. */
struct watched_version {
    char *name;
    int64_t end_ms;         /* of its latest pane */
    uint32_t version_count; /* the most versions that were ever judged beside it, with it */
    uint32_t field_count;   /* of the baseline */
    struct watch **fields;  /* NULL: nothing seen of this field */
};

struct watches {
    struct watched_version *versions; /* by name */
    uint32_t count;
};

/* The version of that name, made if it is not there, with room for `field_count` fields. Valid
 * until the next call. */
struct watched_version *watches_at(struct watches *watches, const char *name, uint32_t field_count);
/* The watch of a field; NULL: none. */
const struct watch *watches_find(const struct watches *watches, const char *name, uint32_t field);
void watches_release(struct watches *watches);

/* Forgets versions whose latest pane ended before `before_ms`. */
void watches_prune(struct watches *watches, int64_t before_ms);

/* {"7": [end_ms, version_count, ["…", …]], …}: the text of each field's watch, empty for
 * none. New reference; parsing gives an equal state, or ERR_INVALID and nothing. */
json_t *watches_to_json(const struct watches *watches);
int watches_from_json(const json_t *json, struct watches *ret_watches, struct err *reterr);

#endif
