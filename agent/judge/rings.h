/* Rings by name, with a text form: the part of the sequential state that both judge and incident
 * keep. */
#ifndef LEEWAY_JUDGE_RINGS_H
#define LEEWAY_JUDGE_RINGS_H

#include <jansson.h>

#include "base/bytes.h"
#include "base/err.h"
#include "judge/ring.h"

struct rings; /* a table from name to ring */

struct rings *rings_new(void);
void rings_free(struct rings *rings); /* takes NULL */

/* The ring of that name, made empty if it is not there. Valid until the next rings_at. */
struct ring *rings_at(struct rings *rings, struct bytes name);

/* Forgets rings whose newest window ended before `before_ms`. */
void rings_prune(struct rings *rings, int64_t before_ms);

/* {"name": [end_ms, known, "hex bits"], …}, sorted by name; only rings with a yes in them (an empty
 * ring says the same as no ring). New reference. */
json_t *rings_to_json(const struct rings *rings);
/* NULL and `reterr` for anything else. */
struct rings *rings_from_json(const json_t *json, struct err *reterr);

#endif
