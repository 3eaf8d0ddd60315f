/* Names from the request line: the parts of a path and the pairs of a query, decoded and checked.
 *
 * Decoded text is valid UTF-8 without control characters, so it can be compared, logged and put
 * into JSON as it is. */
#ifndef LEEWAY_EXPOSE_QUERY_H
#define LEEWAY_EXPOSE_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { QUERY_PAIRS_MAX = 16, QUERY_TEXT_MAX = 512, PATH_PARTS_MAX = 8 };

/* Decodes %XX (and "+" as a space if `plus`) of `raw` into `ret_text` of QUERY_TEXT_MAX bytes.
 * False if it is too long, not UTF-8, or has a control character or a broken escape. */
bool query_decode(const char *raw, size_t size, bool plus, char *ret_text);

struct query_pair {
    char name[64];
    char value[QUERY_TEXT_MAX]; /* "" if there was no "=" */
};

struct query {
    struct query_pair pairs[QUERY_PAIRS_MAX];
    uint32_t count;
};

/* Parses what stands after the "?" (NULL: nothing). ERR_INVALID for bad escapes, long names or
 * values, a name that comes twice; ERR_LIMIT for too many pairs. */
int query_parse(const char *raw, struct query *ret_query, struct err *reterr);

/* The value, or NULL if the name is not there. */
const char *query_get(const struct query *query, const char *name);

/* Whole number in [1, max]; `preset` if the name is not there or empty. */
int query_limit(const struct query *query, const char *name, uint32_t preset, uint32_t max,
                uint32_t *ret_limit, struct err *reterr);

/* "1h" or milliseconds; 0 if the name is not there or empty. */
int query_duration(const struct query *query, const char *name, int64_t *ret_ms,
                   struct err *reterr);

/* An RFC 3339 instant or milliseconds since 1970; 0 if the name is not there or empty. */
int query_instant(const struct query *query, const char *name, int64_t *ret_ms, struct err *reterr);

struct path {
    char parts[PATH_PARTS_MAX][QUERY_TEXT_MAX];
    uint32_t count;
};

/* Cuts "/a/b%2Fc" into decoded parts "a", "b/c"; "/" has none. False for anything that no route can
 * match: not starting with "/", an empty part, too many, or bad escapes. */
bool path_parse(const char *raw, struct path *ret_path);

#endif
