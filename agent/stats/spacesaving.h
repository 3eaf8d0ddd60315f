/* The most frequent of an unbounded number of strings: Space-Saving (Metwally, Agrawal and El
 * Abbadi 2005), mergeable after Agarwal et al. (2012). Fixed memory (6 KiB), no allocation.
 *
 * Promise, for every string that was added: if it is held, count - error <= its true weight <=
 * count; if not, its true weight <= `floor`. error and floor are at most total / capacity for a
 * sketch that was not merged, and at most the sum of both sketches' after a merge. What is held
 * depends on the order of the stream, the promise does not. */
#ifndef LEEWAY_STATS_SPACESAVING_H
#define LEEWAY_STATS_SPACESAVING_H

#include <stdint.h>

#include "base/bytes.h"

enum { SPACESAVING_ITEMS_MAX = 64, SPACESAVING_BYTES_MAX = 64 };

struct spacesaving_item {
    int64_t count, error;
    uint32_t size;
    char data[SPACESAVING_BYTES_MAX];
};

/* A plain value. */
struct spacesaving {
    uint32_t capacity; /* 1 .. SPACESAVING_ITEMS_MAX */
    uint32_t size;     /* items held, in no order */
    int64_t floor;
    int64_t total;
    struct spacesaving_item items[SPACESAVING_ITEMS_MAX];
};

/* Empty, for the `capacity` most frequent; a capacity outside of its range is moved into it. */
void spacesaving_init(struct spacesaving *sketch, uint32_t capacity);

/* Adds `weight` (> 0; else nothing happens) of a string. A string longer than SPACESAVING_BYTES_MAX
 * is cut there, not inside a UTF-8 character: those that begin alike are one. Sums stop at
 * INT64_MAX. When full the string with the smallest count gives way, of equals the last in byte
 * order. Cost: one pass over the items. */
void spacesaving_add(struct spacesaving *sketch, struct bytes bytes, int64_t weight);

/* `sketch` becomes one of both streams, with its own capacity. */
void spacesaving_merge(struct spacesaving *sketch, const struct spacesaving *other);

/* Puts the items in order: count descending, then bytes ascending. The promise is not touched. */
void spacesaving_sort(struct spacesaving *sketch);

#endif
