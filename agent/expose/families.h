/* Families: the one writer of metrics, in both text formats that Prometheus reads.
 *
 * A family is begun, then gets its samples; families_end closes the text. Names and help texts are
 * the program's own; values of labels may be anything that came from outside: they are escaped, and
 * bytes that are not UTF-8 become U+FFFD. A label without a value is left out, which means the same
 * to Prometheus. No sample has a time of its own.
 *
 * The text has a budget of series and of bytes. What is beyond it is left out, counted, and told in
 * leeway_metrics_series_missing{family=…}, so that nothing is missing silently.
 *
 * Pure: text in memory. Format 0.0.4 and OpenMetrics 1.0 differ in the name of a counter's family
 * (without _total), in units, in info metrics and in the last line. */
#ifndef LEEWAY_EXPOSE_FAMILIES_H
#define LEEWAY_EXPOSE_FAMILIES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"

enum families_format { FAMILIES_TEXT, FAMILIES_OPENMETRICS };

/* Content-Type of a format. */
const char *families_content_type(enum families_format format);

enum family_type {
    FAMILY_COUNTER, /* name ends in "_total" */
    FAMILY_GAUGE,
    FAMILY_INFO /* name ends in "_info"; every sample is 1 */
};

struct family {
    const char *name; /* of the samples */
    enum family_type type;
    const char *unit; /* "seconds", "bytes", "ratio": the name (of a counter: before "_total") ends
                         in it; NULL: none */
    const char *help; /* a sentence */
};

struct label {
    const char *name;
    const char *value; /* NULL or "": the label is left out */
};

enum { FAMILIES_SERIES_MAX = 20000, FAMILIES_BYTES_MAX = 12 << 20, FAMILIES_DROPPED_MAX = 128 };

/* Where a family's samples were left out. */
struct families_dropped {
    const struct family *family;
    int64_t series;
};

struct families {
    struct text text;
    enum families_format format;
    uint32_t series, series_max; /* written; at most */
    size_t bytes_max;
    const struct family *family; /* begun, or NULL */
    bool headed;                 /* its first lines are written */
    int64_t dropped;             /* series left out so far */
    struct families_dropped dropped_of[FAMILIES_DROPPED_MAX];
    uint32_t dropped_count;
};

/* An empty text with a budget. Release with families_release. */
void families_init(struct families *families, enum families_format format, uint32_t series_max,
                   size_t bytes_max);
void families_release(struct families *families);

/* How many more samples there is room for. */
uint32_t families_room(const struct families *families);

/* Begins a family (borrowed until families_end); each once. Without a sample it leaves no trace. */
void families_begin(struct families *families, const struct family *family);

/* One sample of the family begun: ten digits, a whole number, or milliseconds as seconds. The
 * labels, with those whose value is empty, tell it from the family's others. */
void families_add(struct families *families, const struct label *labels, uint32_t count,
                  double value);
void families_add_whole(struct families *families, const struct label *labels, uint32_t count,
                        int64_t value);
void families_add_ms(struct families *families, const struct label *labels, uint32_t count,
                     int64_t ms);

/* For series that are in many families: their labels as text, made once (appended), and a sample of
 * them with one label more (its value NULL: none). */
void families_labels(const struct label *labels, uint32_t count, struct text *text);
void families_add_of(struct families *families, struct bytes labels, struct label more,
                     double value);

/* Counts samples of the family begun that the caller left out for want of room. */
void families_drop(struct families *families, int64_t series);

/* A family of one sample without labels. */
void families_one(struct families *families, const struct family *family, double value);
void families_one_whole(struct families *families, const struct family *family, int64_t value);
void families_one_ms(struct families *families, const struct family *family, int64_t ms);

/* Writes what the text itself is like (series, series left out; `dropped_before` were left out of
 * earlier texts) and its end. */
void families_end(struct families *families, int64_t dropped_before);

#endif
