/* Strings of a record: finds their end, validates them and takes out the escapes, in place. */
#ifndef LEEWAY_DECODE_TEXT_H
#define LEEWAY_DECODE_TEXT_H

#include <stdbool.h>

#include "base/bytes.h"
#include "decode/scan.h"

/* text_read from the first byte `p` that needs a look on; `start` is where the body began. */
char *text_read_rest(char *start, char *p, const char *end, struct bytes *ret_text,
                     enum decode_result *ret_fault);

/* Reads the string whose body starts at `p`, behind the opening quote. Returns the byte behind the
 * closing quote and a view of the unescaped text, which overwrites the body if there are escapes.
 * NULL with DECODE_TRUNCATED, DECODE_SYNTAX or DECODE_UTF8. */
static inline char *text_read(char *p, const char *end, struct bytes *ret_text,
                              enum decode_result *ret_fault)
{
    char *stop = scan_plain(p);
    if (__builtin_expect(*stop != '"', 0))
        return text_read_rest(p, stop, end, ret_text, ret_fault);
    *ret_text = bytes_make(p, (size_t)(stop - p));
    return stop + 1;
}

#endif
