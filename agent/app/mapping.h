/* Which fields a baseline has and where they stand in the events: from a monitor's configuration,
 * from options, and from a look at the data. */
#ifndef LEEWAY_APP_MAPPING_H
#define LEEWAY_APP_MAPPING_H

#include "app/input.h"
#include "config/config.h"

struct mapping {
    struct arena *arena;
    struct builder_field *fields;
    uint32_t field_count;
    const char *segments[BASELINE_SEGMENTS_MAX]; /* names */
    uint32_t segment_count;
    const char *time_path; /* NULL: unknown */
    const struct config_match *matches;
    uint32_t match_count;
};

/* What the user asked for. Every list may be empty. */
struct mapping_request {
    const struct config_monitor *monitor; /* NULL: none */
    const char *features;                 /* a path that ends in an asterisk; NULL: the default, or
                                             none if there are fields */
    const char *const *fields;            /* name=/path[:type] */
    uint32_t field_count;
    const char *const *predictions, *const *labels; /* paths */
    uint32_t prediction_count, label_count;
    const char *const *segments; /* names or paths */
    uint32_t segment_count;
    const char *time_path; /* NULL: the monitor's */
};

/* Looks at the columns or the first 1,000 events. Prints notes (fields of the monitor that the data
 * do not have) to standard error. ERR_INVALID, ERR_NOT_FOUND for what cannot be mapped. Release
 * with mapping_release, also on failure. */
int mapping_make(const struct mapping_request *request, const struct input *input,
                 struct mapping *ret_mapping, struct err *reterr);
void mapping_release(struct mapping *mapping);

#endif
