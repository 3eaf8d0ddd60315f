/* Well-formed UTF-8 after table 3-7 of the Unicode standard: no overlong forms, no surrogates,
 * nothing above U+10FFFF. U+0000 is a character like any other. */
#ifndef LEEWAY_BASE_UTF8_H
#define LEEWAY_BASE_UTF8_H

#include "base/bytes.h"

/* The character that begins at `at`, of which at most `left` (> 0) bytes may be looked at. Returns
 * its bytes (1 to 4) and true, or false and the number of bytes before the offending one (0 to 3).
 */
size_t utf8_character(const char *at, size_t left, bool *ret_valid);

/* True if all of `bytes` is well-formed. Looks at nothing behind the bytes. */
bool utf8_valid(struct bytes bytes);

/* How many of the first `max_size` bytes remain if the cut must not fall inside a character.
 * Of bytes that are not well-formed at most 3 more than needed are left out. */
size_t utf8_cut(struct bytes bytes, size_t max_size);

#endif
