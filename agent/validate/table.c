/* A hash table that is filled once and then only read.
 *
 * Problem: each category of each record is looked up by its text. Only texts of the baseline and
 * the configuration get in, so events cannot make it grow or degenerate: a value that is not there
 * ends at the first empty slot. It refuses to know what a level is of. */
#include "validate/table.h"

#include "base/hash.h"

struct level_table level_table_make(struct arena *arena, uint32_t count)
{
    uint32_t size = 4;
    while (size < 2 * count)
        size *= 2;
    struct level *slots = arena_alloc(arena, size, sizeof *slots);
    return (struct level_table){.arena = arena, .slots = slots, .mask = size - 1};
}

/* The slot of the text, or the empty one where it belongs. */
static struct level *find_slot(const struct level_table *table, struct bytes text, uint64_t hash)
{
    uint32_t at = (uint32_t)hash & table->mask;
    while (table->slots[at].text.data &&
           (table->slots[at].hash != hash || !bytes_equal(table->slots[at].text, text)))
        at = (at + 1) & table->mask;
    return &table->slots[at];
}

struct level *level_table_add(struct level_table *table, struct bytes text, uint32_t cell)
{
    uint64_t hash = hash_bytes(text, 0);
    struct level *level = find_slot(table, text, hash);
    if (!level->text.data) {
        char *copy = arena_text(table->arena, text);
        *level = (struct level){.hash = hash, .text = {copy, text.size}, .cell = cell};
    }
    return level;
}

const struct level *level_table_find(const struct level_table *table, struct bytes text)
{
    const struct level *level = find_slot(table, text, hash_bytes(text, 0));
    return level->text.data ? level : NULL;
}
