/* The position in a line that is not JSON. Private to this folder. */
#ifndef LEEWAY_SOURCE_SALVAGE_H
#define LEEWAY_SOURCE_SALVAGE_H

#include "source/envelope.h"

/* Reads the members of an object from the left until its event. Returns the event's slot, or -1 if
 * there is none. values[slot] is set for each member of an envelope before it that is a text
 * without escapes, an integer or null, and for the event, whose text is all the rest of the line
 * but a brace at its end. All of `values` must be absent before; they are unspecified after -1. */
int salvage_envelope(struct bytes line, struct value *values);

#endif
