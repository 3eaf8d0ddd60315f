/* The texts of a category in the first pass: every distinct one with its count while there are few
 * enough.
 *
 * Beyond the cap the table keeps the frequent ones (Misra and Gries 1982: when it is full, the
 * median count is taken from all and what falls to zero is dropped, so that a text with a share
 * above 2 / cap is always there), and distinct, singletons and doubletons are estimated from a
 * sample of the texts chosen by their hashes (Gibbons 2001), about 1 % off. */
#ifndef LEEWAY_BASELINE_LEVELS_H
#define LEEWAY_BASELINE_LEVELS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

struct levels;

struct level_entry {
    char *text;    /* NUL-terminated; the first LEVEL_MAX_BYTES of a longer one */
    uint32_t size; /* of the whole text */
    uint32_t hash; /* other_hash of the whole text */
    uint64_t key;
    int64_t count; /* exact unless the levels are approximate */
};

struct levels *levels_new(uint32_t distinct_max); /* >= 16 */
void levels_free(struct levels *levels);          /* takes NULL */

/* Adds a canonical text (well-formed UTF-8 without NUL). */
void levels_add(struct levels *levels, struct bytes text);

struct levels_summary {
    bool exact;
    int64_t distinct, singletons, doubletons;
};
void levels_summarize(const struct levels *levels, struct levels_summary *ret_summary);

/* The entries by count descending, then by bytes; a view until the next call with `levels`. */
const struct level_entry *levels_sorted(struct levels *levels, uint32_t *ret_count);

#endif
