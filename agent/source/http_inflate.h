/* Bodies with `Content-Encoding: gzip`, as the bytes come. Private to this folder. */
#ifndef LEEWAY_SOURCE_HTTP_INFLATE_H
#define LEEWAY_SOURCE_HTTP_INFLATE_H

#include <stdbool.h>

#include "base/bytes.h"

struct http_inflate;

struct http_inflate *http_inflate_new(void);
void http_inflate_free(struct http_inflate *zipped); /* takes NULL */

enum inflate_result {
    INFLATE_MORE, /* the input is used up */
    INFLATE_BYTES,
    INFLATE_BAD /* not gzip, or damaged; stays so */
};

/* Takes from the front of `input`. For INFLATE_BYTES `ret_data` is what it stands for, at most 16
 * KiB, valid until the next call: who has enough stops calling, so a bomb is never larger than what
 * was asked for. Several members one after the other are one body, as RFC 1952 has it. */
enum inflate_result http_inflate_next(struct http_inflate *zipped, struct bytes *input,
                                      struct bytes *ret_data);

/* True if what was given so far ends where a member ends: the body is whole. */
bool http_inflate_ended(const struct http_inflate *zipped);

#endif
