/* From the body of a request to its events. Pure: bytes in, spans out. Private to this folder. */
#ifndef LEEWAY_SOURCE_HTTP_BODY_H
#define LEEWAY_SOURCE_HTTP_BODY_H

#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "source/http_cloud.h"

enum http_format {
    HTTP_LINES,      /* one event a line; blank lines are none */
    HTTP_JSON,       /* one event, or an array of them */
    HTTP_DATA,       /* all of it is one event, whatever it is: CloudEvents in binary mode */
    HTTP_CLOUD,      /* one envelope */
    HTTP_CLOUD_BATCH /* an array of envelopes */
};

/* An event in the body. */
struct http_event {
    uint32_t start, size;
    int64_t time_ms; /* of its envelope; TIME_NONE (INT64_MIN): it has none */
};

struct http_events {
    struct http_event *items; /* free with free() */
    uint32_t count, capacity;
};

struct http_split_limits {
    uint32_t event_bytes; /* longer ones are cut to one byte more, so that decoding refuses them */
    uint32_t events;
};

enum { HTTP_BODY_PADDING = CLOUD_PADDING };

/* Cuts the body (of less than 4 GiB, with HTTP_BODY_PADDING bytes of 0 behind it) into its events,
 * in their order; each line, element or envelope is one, also if it is no JSON: the pipeline
 * quarantines that at its own position. A byte-order mark at the beginning is dropped. Envelopes
 * overwrite parts of the body. Adds to the empty `ret_events`; the caller frees what is in it also
 * after a failure: ERR_INVALID if it cannot be told where the events end (not an array, cut off,
 * something behind the end), with the place in the body; ERR_LIMIT beyond limits->events. Time: a
 * pass or two over the body. */
int http_body_split(char *body, size_t size, enum http_format format,
                    const struct http_split_limits *limits, struct http_events *ret_events,
                    struct err *reterr);

#endif
