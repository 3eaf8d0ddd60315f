/* Names from events on a terminal. */
#ifndef LEEWAY_APP_VISIBLE_H
#define LEEWAY_APP_VISIBLE_H

#include <stddef.h>

enum { VISIBLE_BYTES = 512 };

/* Copies `raw` so that a terminal shows it and does nothing else: control characters (C0, DEL, C1),
 * those that turn the direction of writing, line separators and bytes that are no UTF-8 become "?".
 * What does not fit is cut between characters. Returns `ret_text`. */
const char *visible(const char *raw, char ret_text[static VISIBLE_BYTES]);

#endif
