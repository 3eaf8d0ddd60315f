/* Makes a baseline from rows in two passes and bounded memory.
 *
 * The first pass finds the types, cells and levels; the second counts. The caller adds the same
 * rows twice:
 *
 *     builder = baseline_builder_new(&spec, err);
 *     for each row: baseline_builder_add(builder, values, time);
 *     baseline_builder_cells(builder, err);
 *     for each row: baseline_builder_add(builder, values, time);
 *     baseline = baseline_builder_finish(builder, provenance, err);
 *     baseline_builder_free(builder);
 *
 * Counts and sums are exact whatever the size. Edges come from all distinct values while a field
 * has few enough of them, beyond that from a sketch (sketch.h) whose bound stands in the field as
 * rank_error; levels likewise (levels.h). The same rows give the same baseline, to the bit; while
 * nothing is approximate also in any other order. */
#ifndef LEEWAY_BASELINE_BUILD_H
#define LEEWAY_BASELINE_BUILD_H

#include "baseline/baseline.h"

enum builder_kind {
    BUILDER_ABSENT, /* not there; an empty CSV cell */
    BUILDER_NULL,
    BUILDER_FALSE,
    BUILDER_TRUE,
    BUILDER_NUMBER, /* finite; `number`, and in `text` the literal if there was one */
    BUILDER_NAN,
    BUILDER_INFINITE,
    BUILDER_TEXT, /* `text`, any bytes */
    BUILDER_OTHER /* an object or array */
};

struct builder_value {
    enum builder_kind kind;
    double number;
    struct bytes text;
};

struct builder_field {
    const char *name, *path;
    bool has_type; /* false: found out in the first pass */
    enum field_type type;
    enum field_role role;
};

struct builder_spec {
    const struct builder_field *fields;
    uint32_t field_count;
    const char *segments[BASELINE_SEGMENTS_MAX]; /* names of fields; they become categories */
    uint32_t segment_count;
    /* Windows for design effects, ascending; 0 of them: 15 min, 1 h, 24 h, 7 d. */
    int64_t windows_ms[BASELINE_EFFECTS_MAX];
    uint32_t window_count;
    /* Ceilings of all fields together, 0: 2^22 distinct numbers (64 MiB) and 2^20 distinct texts.
     * A field gets its share, at most 2^20 numbers and 100,000 texts. */
    size_t numbers_max;
    uint32_t texts_max;
};

struct baseline_builder;

/* The strings of `spec` are copied. ERR_INVALID for no fields, bad or repeated names, paths that
 * are no pointers, segments that are not fields or have a numeric type; ERR_LIMIT for too many
 * fields. NULL on failure. */
struct baseline_builder *baseline_builder_new(const struct builder_spec *spec, struct err *reterr);
void baseline_builder_free(struct baseline_builder *builder); /* takes NULL */

/* Adds a row: values[field_count], views that are not kept. `time` may be NULL: unknown. */
void baseline_builder_add(struct baseline_builder *builder, const struct builder_value *values,
                          const struct event_time *time);

/* Ends the first pass. Types that were not given are found by these rules, over values that are
 * there: 99 % true or false: boolean; 99 % numbers or texts that are numbers: number, or integer if
 * there are at most 128 distinct ones and all are integers; else category. A field without any
 * value is a category without levels. ERR_INVALID if there were no rows, if a field turned from
 * numbers into texts after its first 10,000 values, or if a segment has too many values. */
int baseline_builder_cells(struct baseline_builder *builder, struct err *reterr);

/* Ends the second pass. The result has its hash; name "baseline", version 0, no creation time: the
 * caller sets these. `provenance` is a JSON object or NULL. ERR_INVALID if the second pass was not
 * over the same rows as the first. NULL on failure. */
struct baseline *baseline_builder_finish(struct baseline_builder *builder, const char *provenance,
                                         struct err *reterr);

#endif
