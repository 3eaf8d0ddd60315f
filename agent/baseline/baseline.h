/* The baseline: immutable, versioned statistics of training data, with a content hash.
 *
 * Everything else is measured against it, and it fixes the cells in which live data are counted.
 * The document is JSON; docs/BASELINE.md is its reference. It holds counts and edges; the only
 * values of the data in it are minimum, maximum, category levels and cell edges. */
#ifndef LEEWAY_BASELINE_BASELINE_H
#define LEEWAY_BASELINE_BASELINE_H

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
    NAME_MAX_BYTES = 128
};

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

    /* Categories and booleans: levels sorted by count descending, then by bytes. */
    char **levels; /* level_count canonical texts; "false","true" for booleans */
    uint32_t level_count;
    int64_t singletons, doubletons; /* distinct texts seen once, twice (Good-Turing) */
    int64_t distinct;               /* distinct texts (estimate beyond the builder's cap) */

    /* All types. For numbers: cells_find's index. For categories: 0..level_count-1 the levels, then
     * "other" (known, beyond the cap), then "unseen" (0 in the baseline). */
    uint32_t cell_count;
    int64_t *counts; /* cell_count */

    struct design_effect effects[BASELINE_EFFECTS_MAX]; /* ascending window_ms */
    uint32_t effect_count;                              /* 0: not enough consecutive windows */
};

/* Marginal counts by the values of one segment field. */
struct baseline_segment {
    uint32_t field; /* index of the (category) field in baseline.fields */
    uint32_t
        value_count; /* without "other"; <= BASELINE_SEGMENT_VALUES_MAX, the field's first levels */
    /* rows[v], v = value_count is "other" (also missing); coarse[v][field][cell] below. */
    int64_t *rows;
    /* (value_count + 1) x field_count x BASELINE_COARSE_CELLS counts in coarse cells (see
     * baseline_coarse_map) followed for each by nothing else; missing per (value, field) apart. */
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
 * is "1"). Writes at most `size` bytes into `ret`, returns the view (which may be `text` itself).
 */
struct bytes category_canonical(struct bytes text, char *ret, size_t size);

#endif
