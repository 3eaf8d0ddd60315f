/* How a value of a row is read for a field of a given type. */
#ifndef LEEWAY_BASELINE_READING_H
#define LEEWAY_BASELINE_READING_H

#include "baseline/build.h"

enum { READING_BYTES = 64 };

enum reading { READ_MISSING, READ_INVALID, READ_NUMBER, READ_TEXT };

/* Numbers and integers: READ_NUMBER sets ret_number. Categories and booleans: READ_TEXT sets
 * ret_text to the canonical text, which may lie in `scratch` (READING_BYTES). */
enum reading reading_of(enum field_type type, const struct builder_value *value, char *scratch,
                        double *ret_number, struct bytes *ret_text);

/* True, false, or a text that is one of these words in any case. */
bool reading_is_boolean(const struct builder_value *value);

/* The text is `word`, in any case. */
bool reading_is_word(struct bytes text, const char *word);

#endif
