/* CloudEvents in the JSON format (v1.0): from an envelope to the event in it. Private to this
 * folder. */
#ifndef LEEWAY_SOURCE_HTTP_CLOUD_H
#define LEEWAY_SOURCE_HTTP_CLOUD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

/* Bytes that must be readable and 0 behind the body that an envelope is in. */
enum { CLOUD_PADDING = 64 };

struct cloud_event {
    struct bytes value;
    int64_t time_ms; /* TIME_NONE: the envelope has none */
};

/* Unwraps the value at [text, text + size): `data` as it stands, `data` that is a string as its
 * text, or `data_base64` decoded; the latter two overwrite the envelope. Never fails: each envelope
 * is one record, and what has no event in it is given so that decoding refuses it with a fitting
 * reason: without data nothing at all, with bad base64 its text, with a key twice or if it is no
 * object the envelope itself. */
struct cloud_event cloud_unwrap(char *text, size_t size);

/* Base64 (RFC 4648 section 4; padding may be missing) in place. False, and nothing is changed, for
 * anything else. */
bool base64_in_place(char *text, size_t size, size_t *ret_size);

#endif
