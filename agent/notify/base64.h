/* Base64 (RFC 4648 section 4, with padding), for webhook signatures. */
#ifndef LEEWAY_NOTIFY_BASE64_H
#define LEEWAY_NOTIFY_BASE64_H

#include <stdbool.h>

#include "base/mem.h"

/* Appends the encoding of `bytes` to `text`. */
void base64_encode(struct bytes bytes, struct text *text);

/* Appends what `encoded` stands for; padding may be missing, nothing else may deviate. False (and
 * `text` is unchanged) for anything that is not base64. */
bool base64_decode(struct bytes encoded, struct text *text);

#endif
