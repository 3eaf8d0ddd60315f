/* ${VAR} and ${VAR:-default} in one text. */
#ifndef LEEWAY_CONFIG_INTERPOLATE_H
#define LEEWAY_CONFIG_INTERPOLATE_H

#include "config/config.h"

/* Appends `raw` to `text` with every ${VAR} replaced by what `getvar` (may be NULL: no variables)
 * says, ${VAR:-default} by the default if that is nothing or empty, and $${ by a literal ${.
 * Replacements are not looked at again. ERR_INVALID for a variable that is not set and for a
 * malformed ${; ERR_LIMIT if `text` would grow beyond `size_max` bytes. No place is set; values of
 * variables are never in the error. */
int interpolate(struct bytes raw, config_getvar_fn getvar, size_t size_max, struct text *text,
                struct err *reterr);

/* Whether these bytes may be a value: valid UTF-8 without control characters other than tab and
 * line ends. ERR_INVALID says which rule is broken. */
int text_acceptable(struct bytes bytes, struct err *reterr);

#endif
