/* Texts of the builder and of documents: what may stand in a JSON document as it is. */
#ifndef LEEWAY_BASELINE_TEXT_H
#define LEEWAY_BASELINE_TEXT_H

#include "base/bytes.h"
#include "base/mem.h"

/* Well-formed UTF-8 (RFC 3629) without U+0000. */
bool text_valid_utf8(struct bytes bytes);

/* Appends a JSON string, escaped; `bytes` is well-formed UTF-8. */
void text_json(struct text *text, struct bytes bytes);

/* Appends the shortest of 15, 16 or 17 digits that reads back as the same double. Finite. Both
 * zeros are "0". */
void text_double(struct text *text, double number);

#endif
