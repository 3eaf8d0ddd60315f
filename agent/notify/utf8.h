/* Cutting and cleaning UTF-8 for messages. Input must be valid UTF-8 (jansson has checked it). */
#ifndef LEEWAY_NOTIFY_UTF8_H
#define LEEWAY_NOTIFY_UTF8_H

#include "base/mem.h"

/* Bytes of the code point that begins at `at` (1 to 4), and how many UTF-16 units it is (1 or 2):
 * that is how receivers written in JavaScript count. */
size_t utf8_bytes(const char *at);
size_t utf8_units(const char *at);

/* Appends `line` with control characters and line ends as spaces, at most `max_units` long; an
 * ellipsis shows that something was cut. */
void utf8_add_line(struct text *text, const char *line, size_t max_units);

/* Appends `value`, cut at a code point to at most `max_bytes`. */
void utf8_add_cut(struct text *text, const char *value, size_t max_bytes);

#endif
