/* What a request asks for, from its head. Pure. Private to this folder. */
#ifndef LEEWAY_SOURCE_HTTP_ASK_H
#define LEEWAY_SOURCE_HTTP_ASK_H

#include "source/http_body.h"
#include "source/http_head.h"

enum { HTTP_CLIENT_PARTITION_MAX = 1023 };

struct http_ask {
    const char *topic; /* one of those that were given */
    enum http_format format;
    bool gzip;
    bool wait;         /* for the commit */
    bool skip;         /* offsets that nobody sent may be left out */
    int32_t partition; /* numbered by the client: 1 to HTTP_CLIENT_PARTITION_MAX; else -1 */
    int64_t offset;    /* of the first event; -1: not numbered */
    int64_t time_ms;   /* CloudEvents in binary mode: its time; TIME_NONE: there is none */
};

struct http_topics {
    const char *const *names;
    uint32_t count;
};

/* 0, or the status to answer: 400, 403, 404, 405, 411, 413 (Content-Length above `body_bytes`) or
 * 415, with a line for the client in `reterr` (never NULL), which tells what would do. */
int http_ask_read(const struct http_head *head, const struct http_topics *topics,
                  uint32_t body_bytes, struct http_ask *ret_ask, struct err *reterr);

#endif
