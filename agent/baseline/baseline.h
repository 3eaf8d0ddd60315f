/* The baseline: immutable, versioned statistics of training data, with a content hash.
 *
 * Everything else is measured against it, and it fixes the cells in which live data are counted.
 * The document is JSON; docs/BASELINE.md is its reference. It holds counts and edges; the only
 * values of the data in it are minimum, maximum, category levels and cell edges. */
#ifndef LEEWAY_BASELINE_BASELINE_H
#define LEEWAY_BASELINE_BASELINE_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/when.h"
#include "stats/cells.h"

enum field_type { FIELD_NUMBER, FIELD_INTEGER, FIELD_CATEGORY, FIELD_BOOLEAN };
enum field_role { ROLE_FEATURE, ROLE_PREDICTION, ROLE_LABEL, ROLE_SEGMENT };

const char *field_type_name(enum field_type type); /* "number", "integer", "category", "boolean" */
bool field_type_parse(struct bytes name, enum field_type *ret_type);
const char *field_role_name(enum field_role role); /* "feature", "prediction", "label", "segment" */
bool field_role_parse(struct bytes name, enum field_role *ret_role);

enum {
    BASELINE_FIELDS_MAX = 512,
    BASELINE_LEVELS_MAX = 255,
    BASELINE_EFFECTS_MAX = 8,
    BASELINE_SEGMENTS_MAX = 2,
    BASELINE_SEGMENT_VALUES_MAX = 50,
    BASELINE_COARSE_CELLS = 32,
    BASELINE_OTHERS_MAX = 16384,
    LEVEL_MAX_BYTES = 256,
    PATH_MAX_BYTES = 1024,
    NAME_MAX_BYTES = 128
};

/* The builder counts numbers beyond this as invalid, so that moments and edges stay finite. */
#define BASELINE_NUMBER_MAX 1e150
#define BASELINE_ROWS_MAX   ((int64_t)1 << 52)

/* Overdispersion of one window length, from consecutive windows of the baseline
 * (statistics.md 3.5). All >= 1; 1 means "as independent events". */
struct design_effect {
    int64_t window_ms;
    uint32_t windows;     /* how many consecutive windows it was estimated from (>= 10) */
    double components[4]; /* location, scale, skew, tails (numbers); all equal to `rest` for
                             categories */
    double rest;          /* remaining cells of G */
    double missing;       /* of the missing rate */
};

struct baseline_field {
    char *name; /* unique in the baseline; last part of the path, e.g. "amount" or "score" */
    char *path; /* JSON Pointer in the event, e.g. "/features/amount" */
    enum field_type type;
    enum field_role role;

    /* Counts of rows by what the field was; they add up to baseline.rows. */
    int64_t valid;   /* counted in a cell or level */
    int64_t missing; /* absent, null, empty CSV cell, NaN */
    int64_t invalid; /* wrong type, infinite */

    /* Numbers and integers. */
    double *edges; /* cell_count - 1 */
    double mean, sd, minimum, maximum;
    int64_t *sums; /* per cell: sum of (x - cells_origin) in units of `unit`, rounded per value */
    double unit;   /* a power of two, about sd / 2^20; > 0 */
    int64_t sum;   /* of (x - mean_reference) in `unit` */
    double mean_reference; /* what `sum` and live moments are counted from */
    double rank_error;     /* bound of the edges' rank error as a share of `valid`; 0: exact */

    /* Categories and booleans: levels sorted by count descending, then by bytes. */
    char **levels; /* level_count canonical texts; "false","true" for booleans */
    uint32_t level_count;
    int64_t singletons, doubletons; /* distinct texts seen once, twice (Good-Turing) */
    int64_t distinct;               /* distinct texts (estimate beyond the builder's cap) */
    /* Texts that the baseline has seen and that have no level: other_hash of each, ascending,
     * without repetition. If there were too many to keep, others_complete is false and the list
     * empty: then "other" and "unseen" cannot be told apart (baseline_is_other). */
    uint32_t *others;
    uint32_t other_count;
    bool others_complete;

    /* All types. For numbers: cells_find's index. For categories: 0..level_count-1 the levels, then
     * "other" (known, beyond the cap), then "unseen" (0 in the baseline). */
    uint32_t cell_count;
    int64_t *counts; /* cell_count */

    struct design_effect effects[BASELINE_EFFECTS_MAX]; /* ascending window_ms */
    uint32_t effect_count;                              /* 0: not enough consecutive windows */
};

/* Marginal counts by the values of one segment field. */
struct baseline_segment {
    uint32_t field; /* index of the (category or boolean) field in baseline.fields */
    uint32_t
        value_count; /* without "other"; <= BASELINE_SEGMENT_VALUES_MAX, the field's first levels */
    /* rows[v], v = value_count is "other" (also missing); coarse[v][field][cell] below. */
    int64_t *rows;
    /* (value_count + 1) x field_count x BASELINE_COARSE_CELLS counts in coarse cells (see
     * baseline_coarse_map); missing and invalid rows per (value, field) apart, so that coarse cells
     * and `missing` of a (value, field) add up to rows[value]. */
    int64_t *coarse;
    int64_t *missing; /* (value_count + 1) x field_count */
};

struct baseline {
    char *name;                /* [a-z0-9][a-z0-9_.-]*, at most NAME_MAX_BYTES */
    uint32_t version;          /* 1, 2, …; 0 until stored */
    char hash[HASH_HEX_BYTES]; /* SHA-256 of the content: all below, not name or version or
                                  `created` */
    char created[32];          /* when it was made, for people; empty in reproducible output */

    int64_t rows;
    struct event_time first, last; /* event time span; both 0 if unknown */
    bool has_times;
    char *provenance; /* JSON object text: source, source_sha256, tool, … */

    struct baseline_field *fields;
    uint32_t field_count;
    struct baseline_segment segments[BASELINE_SEGMENTS_MAX];
    uint32_t segment_count;
};

/* Reads a document. Everything is checked (lengths, order, sums, limits): a damaged or hostile
 * document is ERR_INVALID with the JSON path in the place, never a crash. The hash is recomputed
 * and, if the document has one, compared. Caller frees. NULL on failure. */
struct baseline *baseline_parse(struct bytes document, struct err *reterr);

/* The document, pretty enough to diff, deterministic to the byte. Caller frees. */
char *baseline_format(const struct baseline *baseline);

void baseline_free(struct baseline *baseline); /* takes NULL */

/* Sets `hash` from the content. After anything but name, version or `created` was changed. */
void baseline_seal(struct baseline *baseline);

/* True if `name` can name a baseline or monitor: [a-z0-9][a-z0-9_.-]*, at most NAME_MAX_BYTES. */
bool baseline_name_valid(struct bytes name);

/* The field's index, or -1. */
int baseline_find(const struct baseline *baseline, struct bytes name);

/* The cells of a number or integer field, as a view. */
struct cells baseline_cells(const struct baseline_field *field);

/* Maps each of the field's cells to one of at most BASELINE_COARSE_CELLS coarse ones for segments
 * and small windows: numbers by cells_group over the counts, categories the first 30 levels, all
 * others together, unseen apart. `ret_map` has cell_count entries. Returns the number of coarse
 * cells. */
uint32_t baseline_coarse_map(const struct baseline_field *field, uint32_t *ret_map);

/* The design effect for windows of `window_ms`: the entry of that length; else the next longer one;
 * else the longest, its excess over 1 scaled by window_ms / its length; all 1 with windows = 0 if
 * there is none. */
struct design_effect baseline_effect(const struct baseline_field *field, int64_t window_ms);

/* Canonical text of a category: trimmed; a number that is integral is printed as an integer ("1.0"
 * is "1", "1e3" is "1000"; texts with leading zeros or a plus sign are codes and stay as they are).
 * Writes at most `size` bytes into `ret`, returns the view (which may be inside `text` itself). */
struct bytes category_canonical(struct bytes text, char *ret, size_t size);

/* True if a canonical text that is no level was seen in the baseline (cell "other"), or if that
 * cannot be known; false: "unseen". Binary search. */
bool baseline_is_other(const struct baseline_field *field, struct bytes canonical);

/* FNV-1a, 32 bits: the same on every machine, since it is part of documents. */
uint32_t other_hash(struct bytes canonical);

/* True if the text without surrounding white space is wholly a decimal number ("-1.5e3", ".5",
 * "+7"; no hexadecimal, no "inf" or "nan"). Correctly rounded; infinite if beyond the range of
 * double. */
bool number_from_text(struct bytes text, double *ret_number);

/* Fixed point. All sums, of the baseline and live, add fixed_from(x - origin, 1 / unit): rounded to
 * the nearest integer once a value (ties to even) and clamped to FIXED_LIMIT units either way, so
 * that adding and subtracting is exact and 2^20 clamped values still fit. `ret_saturated` is set to
 * true if the value was clamped, else left alone. `difference` is not NaN. */
#define FIXED_LIMIT ((int64_t)1 << 42)

static inline int64_t fixed_from(double difference, double per_unit, bool *ret_saturated)
{
    double scaled = difference * per_unit;
    if (scaled >= -(double)FIXED_LIMIT && scaled <= (double)FIXED_LIMIT)
        return llrint(scaled);
    *ret_saturated = true;
    return scaled > 0 ? FIXED_LIMIT : -FIXED_LIMIT;
}

#endif
