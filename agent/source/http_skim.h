/* Finding where JSON values end, without judging them. Private to this folder. */
#ifndef LEEWAY_SOURCE_HTTP_SKIM_H
#define LEEWAY_SOURCE_HTTP_SKIM_H

#include "base/bytes.h"

/* The first byte from `p` on that is not JSON's white space, or `end`. */
const char *skim_space(const char *p, const char *end);

/* The byte behind the value that begins at `p`, which is not white space. `p` itself if there is
 * none (a comma, a closing bracket, the end); NULL if it has no end. Brackets are counted, not
 * matched, and scalars are what stands before white space, a comma or a closing bracket: whether
 * it is JSON is the decoder's to say. Time: a pass over the value, however deep it nests. */
const char *skim_value(const char *p, const char *end);

#endif
