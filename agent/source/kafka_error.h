/* Errors of librdkafka: what is done about each, and how often it happened. Private to this folder.
 */
#ifndef LEEWAY_SOURCE_KAFKA_ERROR_H
#define LEEWAY_SOURCE_KAFKA_ERROR_H

#include <librdkafka/rdkafka.h>

#include <stdbool.h>
#include <stdint.h>

#include "base/when.h"

enum error_class {
    ERROR_COUNTED, /* the library deals with it */
    ERROR_FATAL,   /* this client is of no more use */
    ERROR_RESET,   /* the offset does not exist */
    ERROR_REFUSED, /* not authenticated or not allowed: stay up, not ready */
    ERROR_MISSING, /* the topic is not there */
    ERROR_END      /* end of a partition: no error */
};

enum error_class error_class(rd_kafka_resp_err_t code);

enum { ERRORS_MAX = 64, ERROR_LOG_EVERY_MS = 30 * SECOND_MS };

struct error_count {
    const char *name; /* librdkafka's, static */
    int64_t count;
    struct loop_time logged_at; /* meaningful from the first count on */
};

/* Names in order of first appearance; the last entry is for all that found no room. `{0}` is empty.
 */
struct error_counts {
    struct error_count entries[ERRORS_MAX];
    uint32_t count;
};

/* Counts; true if it is time to log this name: the first time, then every ERROR_LOG_EVERY_MS. */
bool error_count(struct error_counts *counts, rd_kafka_resp_err_t code, struct loop_time now);

#endif
