/* The levels of a category field as a table that is asked once for each value. */
#ifndef LEEWAY_VALIDATE_TABLE_H
#define LEEWAY_VALIDATE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/mem.h"

struct level {
    uint64_t hash;
    struct bytes text; /* data NULL: an empty slot */
    uint32_t cell;
    bool allowed;
};

/* Open addressing, at most half full. Everything lives in the arena it was made in. */
struct level_table {
    struct arena *arena;
    struct level *slots;
    uint32_t mask; /* slots - 1, a power of two less one */
};

/* An empty table with room for `count` texts. */
struct level_table level_table_make(struct arena *arena, uint32_t count);

/* The text's entry; if it is new, a copy of the text with `cell` and not allowed. Never more than
 * `count` of them. */
struct level *level_table_add(struct level_table *table, struct bytes text, uint32_t cell);

/* The entry, or NULL. Cost: one hash, usually one comparison. */
const struct level *level_table_find(const struct level_table *table, struct bytes text);

#endif
