/* The HTTP source as families. */
#ifndef LEEWAY_APP_METRICS_HTTP_H
#define LEEWAY_APP_METRICS_HTTP_H

#include "expose/families.h"
#include "source/http.h"

/* Totals since the start, but for those that say "now". */
struct http_input_totals {
    int64_t accepted, repeated; /* records */
    int64_t acknowledged;       /* records whose client was told that they are stored */
    int64_t fenced;
    int64_t counting, waiting; /* batches now: to be counted, for a commit */
    bool up;                   /* now */
};

void metrics_http(const struct http_input_totals *totals, const struct http_counters *counters,
                  struct families *families);

#endif
