/* The latest verdict of each series, as numbers, for /metrics. Internal to metrics.
 *
 * Bounded twice: at most VERDICT_SERIES_MAX series are kept, and of these as many are written as
 * there is room for. Totals by state are made of all that are kept. */
#ifndef LEEWAY_APP_METRICS_VERDICTS_H
#define LEEWAY_APP_METRICS_VERDICTS_H

#include "app/setup.h"
#include "expose/families.h"

enum { VERDICT_SERIES_MAX = 16384 };

struct verdict_values {
    double scores[SCORE_KINDS], noise_floors[SCORE_KINDS]; /* NaN: not defined */
    double effect, effect_low, p, missing_ratio;
    int64_t n;
    enum verdict_state state;
    enum severity severity;
};

/* Names a series; strings are borrowed. */
struct verdict_key {
    uint32_t monitor;
    const char *version, *segment, *field;
    int64_t window_ms;
};

struct verdict_series {
    struct verdict_key key; /* strings are the book's */
    int64_t end_ms;
    struct verdict_values values;
};

struct verdict_book {
    struct verdict_series *items; /* in the order they came first */
    uint32_t count, capacity;
    uint32_t *slots; /* hash table of index + 1; a power of two, twice the capacity */
    uint32_t slot_count;
    int64_t refused; /* verdicts not kept, because the book was full */
};

void verdict_book_release(struct verdict_book *book);

/* Keeps the values if they are not older than what is kept. */
void verdict_book_put(struct verdict_book *book, const struct verdict_key *key, int64_t end_ms,
                      const struct verdict_values *values);

/* Forgets the series for which `gone` is true. */
void verdict_book_prune(struct verdict_book *book,
                        bool (*gone)(void *context, const struct verdict_series *series),
                        void *context);

/* The families leeway_field_* and leeway_window_* of the series for which `shown` is true. */
void verdict_book_write(const struct verdict_book *book, const struct setup *setup,
                        bool (*shown)(const void *context, const struct verdict_series *series),
                        const void *context, struct families *families);

#endif
