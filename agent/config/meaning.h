/* What a configuration means, as bytes that can be hashed. */
#ifndef LEEWAY_CONFIG_MEANING_H
#define LEEWAY_CONFIG_MEANING_H

#include "config/settings.h"

/* Appends every setting of the struct at `base` that has all of `flags` (0: all), in the table's
 * order, defaults included. Elements with names are in the order of their names, sets sorted; so
 * the order of keys, comments and layout of the file do not matter. File names are as they were
 * written, without `directory`. Injective: values carry their lengths. */
void meaning_add(struct text *text, const char *section, const void *base, unsigned flags,
                 struct bytes directory);

#endif
