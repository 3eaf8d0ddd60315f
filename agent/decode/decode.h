/* From the bytes of a record to the values at the paths somebody wants, in a single pass, without a
 * tree and without allocation.
 *
 * A plan is compiled once from all paths that any monitor on the topic needs; a record is then
 * decoded once for all of them. The whole document is validated (grammar, UTF-8, escapes, depth,
 * sizes, duplicate keys), also the parts that nobody asked for. Tolerances per field, as they occur
 * in machine-learning events: bare NaN, -NaN, Infinity, -Infinity (exactly so); numbers beyond
 * double; integers of any length. Everything else that RFC 8259 forbids sends the record to
 * quarantine with a reason: reliability.md section 2.6. */
#ifndef LEEWAY_DECODE_DECODE_H
#define LEEWAY_DECODE_DECODE_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "decode/value.h"

struct decode_limits {
    uint32_t event_bytes;  /* default 262144 */
    uint32_t depth;        /* nesting of objects and arrays; default 16, at most 64 */
    uint32_t keys;         /* keys in the whole event; default 1024 */
    uint32_t key_bytes;    /* of a key after unescaping; default 128 */
    uint32_t string_bytes; /* of a string value after unescaping; default 4096 */
};

extern const struct decode_limits decode_limits_default;

/* What became of the bytes. Everything but DECODE_OK is a reason for quarantine. If a record has
 * several faults, the first from the left is named (duplicate keys at the second one). */
enum decode_result {
    DECODE_OK,
    DECODE_EMPTY,         /* no bytes, a tombstone, or only white space */
    DECODE_TOO_LARGE,     /* event_bytes */
    DECODE_NOT_OBJECT,    /* a scalar or array at the top */
    DECODE_TRUNCATED,     /* ends inside the document; so far it could have become one */
    DECODE_SYNTAX,        /* not JSON; a byte-order mark is not either */
    DECODE_UTF8,          /* invalid UTF-8, a lone surrogate, \u0000 */
    DECODE_DUPLICATE_KEY, /* in one object, after unescaping */
    DECODE_TOO_DEEP,
    DECODE_TOO_MANY_KEYS,
    DECODE_KEY_TOO_LONG,
    DECODE_STRING_TOO_LONG,
    DECODE_TRAILING, /* bytes after the document */
    DECODE_RESULT_COUNT
};

/* Stable snake_case name, e.g. "duplicate_key"; used as reason in store, metrics and logs. */
const char *decode_result_name(enum decode_result result);

/* Collects paths, then compiles. A path is a JSON Pointer (RFC 6901) to a scalar; "" is refused.
 * Array indexes ("/instances/0/age") are allowed; "0" also names the key "0" of an object. */
struct decode_plan;

/* Copies `limits`; a depth of more than 64 becomes 64. Free with decode_plan_free. */
struct decode_plan *decode_plan_new(const struct decode_limits *limits);
void decode_plan_free(struct decode_plan *plan); /* takes NULL */

/* Wants the value at `pointer`; the same pointer twice gives the same slot. Returns the slot (0, 1,
 * …) or a negative code: ERR_INVALID for a malformed pointer, ERR_LIMIT beyond 8192 slots or when
 * no record within the limits could hold the path (too deep, a key too long). A failed call leaves
 * the plan as it was. Not after compile. */
int decode_plan_want(struct decode_plan *plan, struct bytes pointer, struct err *reterr);

/* Wants the number of keys under the object at `pointer` that no path names ("unknown extra
 * fields"); "" is the document itself. A key is named if a wanted or counted path is it or passes
 * through it. Returns a counter (0, 1, …) or a negative code as decode_plan_want does. The same
 * pointer twice gives the same counter; it counts 0 where there is no object. Not after compile. */
int decode_plan_count_unknown(struct decode_plan *plan, struct bytes pointer, struct err *reterr);

/* Allocates all that decoding needs: event_bytes, some 100 bytes for each key of the limit, and 100
 * KiB. Once. */
void decode_plan_compile(struct decode_plan *plan);

uint32_t decode_plan_slots(const struct decode_plan *plan);
uint32_t decode_plan_counters(const struct decode_plan *plan);

/* Decodes one record. On DECODE_OK fills ret_values[0..slots) and ret_unknown[0..counters);
 * otherwise both are unspecified. Values are views into `event` and the plan's scratch space, until
 * the next call. The plan's scratch makes a plan usable by one thread at a time. The plan learns
 * the order of keys and what stands between the values from the records it sees; that changes the
 * speed and never a result. Cost: one pass, or part of one in vain and another; no allocation after
 * compile. */
enum decode_result decode_event(struct decode_plan *plan, struct bytes event,
                                struct value *ret_values, uint32_t *ret_unknown);

#endif
