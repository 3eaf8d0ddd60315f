/* The levels of a category field as a table that is asked once for each value. */
#ifndef LEEWAY_VALIDATE_TABLE_H
#define LEEWAY_VALIDATE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/mem.h"

enum { TABLE_HEAD_BYTES = 16 };

/* A text as it is looked up: its first bytes in two words, zeros behind it. Together with the size
 * they are all of a text of up to TABLE_HEAD_BYTES. */
struct table_key {
    uint64_t head[2];
    struct bytes text;
};

struct level {
    uint64_t head[2];
    struct bytes text; /* data NULL: an empty slot */
    uint32_t cell;
    bool allowed;
    bool canonical; /* the canonical text of this text is itself */
};

/* Open addressing, at most half full. Everything lives in the arena it was made in. */
struct level_table {
    struct arena *arena;
    struct level *slots;
    uint32_t mask;   /* slots - 1, a power of two less one */
    uint32_t shift;  /* of a hash, to make it an index */
    uint64_t factor; /* odd */
};

/* The key of a text of which 16 bytes from the first may be read, however short it is. */
static inline struct table_key table_key_wide(struct bytes text)
{
    /* As many ones as the text is long, then zeros: no branch, since lengths vary from value to
     * value. */
    static const unsigned char ones[2 * TABLE_HEAD_BYTES] = {
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    struct table_key key = {.text = text};
    size_t size = text.size < TABLE_HEAD_BYTES ? text.size : TABLE_HEAD_BYTES;
    uint64_t mask[2];
    memcpy(key.head, text.data, TABLE_HEAD_BYTES);
    memcpy(mask, ones + TABLE_HEAD_BYTES - size, TABLE_HEAD_BYTES);
    key.head[0] &= mask[0];
    key.head[1] &= mask[1];
    return key;
}

/* The key of any text. */
static inline struct table_key table_key_of(struct bytes text)
{
    struct table_key key = {.text = text};
    if (text.size)
        memcpy(key.head, text.data, text.size < TABLE_HEAD_BYTES ? text.size : TABLE_HEAD_BYTES);
    return key;
}

/* An empty table with room for `count` texts. */
struct level_table level_table_make(struct arena *arena, uint32_t count);

/* The text's entry; if it is new, a copy of the text with `cell`, and neither allowed nor
 * canonical. Never more than `count` of them. */
struct level *level_table_add(struct level_table *table, struct bytes text, uint32_t cell);

/* When all texts are there: looks for an order in which most of them stand where they are looked
 * for first. Entries move. */
void level_table_settle(struct level_table *table);

/* The entry, or NULL. Usually the first that is looked at is the one, or empty. */
const struct level *level_table_find(const struct level_table *table, struct bytes text);

/* Where a text is looked for first, if it is no longer than a head. */
static inline uint32_t level_table_place(const struct level_table *table,
                                         const struct table_key *key)
{
    uint64_t hash = (key->head[0] ^ key->text.size) * table->factor;
    hash = (hash ^ hash >> 29 ^ key->head[1]) * table->factor;
    return (uint32_t)(hash >> table->shift);
}

/* level_table_find for a text no longer than a head. */
static inline const struct level *level_table_find_short(const struct level_table *table,
                                                         const struct table_key *key)
{
    uint32_t at = level_table_place(table, key);
    for (;; at = (at + 1) & table->mask) {
        const struct level *level = &table->slots[at];
        uint64_t differ = (level->head[0] ^ key->head[0]) | (level->head[1] ^ key->head[1]) |
                          (level->text.size ^ key->text.size);
        if (!differ && level->text.data)
            return level;
        if (!level->text.data)
            return NULL;
    }
}

#endif
