/* The first events of a file as trees, to find out what they look like. */
#ifndef LEEWAY_APP_SAMPLE_H
#define LEEWAY_APP_SAMPLE_H

#include <stdint.h>

#include <jansson.h>

#include "base/err.h"
#include "base/mem.h"

/* Reads at most `max` events that are JSON objects. Free with json_decref: an array. NULL on
 * failure, also if none of the lines is an object. */
json_t *sample_read(const char *path, uint32_t max, struct err *reterr);

/* The value at a JSON Pointer, borrowed; NULL if there is none. "" is the root. */
json_t *sample_at(json_t *root, const char *pointer);

/* How many of the events have something at `pointer`, and a scalar. */
uint32_t sample_count(json_t *events, const char *pointer);

/* Calls `found` for each key with a scalar (or null) in the objects at `pointer`, in the order of
 * its first appearance; the pointer to the value is given. */
void sample_keys(json_t *events, const char *pointer,
                 void (*found)(void *context, const char *key, const char *path), void *context);

#endif
