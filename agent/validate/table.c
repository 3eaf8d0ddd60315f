/* A hash table that is filled once and then only read.
 *
 * Problem: each category of each record is looked up by its text. Only texts of the baseline and
 * the configuration get in, so events cannot make it grow or degenerate: a value that is not there
 * ends at the first empty slot. Most texts are short, so that their bytes fit two words, and
 * neither hashing nor comparing needs a loop. It refuses to know what a level is of. */
#include "validate/table.h"

#include <stdlib.h>

#include "base/hash.h"

struct level_table level_table_make(struct arena *arena, uint32_t count)
{
    uint32_t bits = 4;
    while ((uint32_t)1 << bits < 2 * count)
        bits++;
    struct level *slots = arena_alloc(arena, (size_t)1 << bits, sizeof *slots);
    return (struct level_table){
        .arena = arena,
        .slots = slots,
        .mask = ((uint32_t)1 << bits) - 1,
        .shift = 64 - bits,
        .factor = 0x9E3779B97F4A7C15u, /* the golden ratio's bits */
    };
}

static uint32_t place_of(const struct level_table *table, const struct table_key *key)
{
    if (key->text.size > TABLE_HEAD_BYTES)
        return (uint32_t)hash_bytes(key->text, 0) & table->mask;
    return level_table_place(table, key);
}

/* The slot of the text, or the empty one where it belongs. */
static struct level *find_slot(const struct level_table *table, const struct table_key *key)
{
    uint32_t at = place_of(table, key);
    while (table->slots[at].text.data && !bytes_equal(table->slots[at].text, key->text))
        at = (at + 1) & table->mask;
    return &table->slots[at];
}

struct level *level_table_add(struct level_table *table, struct bytes text, uint32_t cell)
{
    struct table_key key = table_key_of(text);
    struct level *level = find_slot(table, &key);
    if (!level->text.data) {
        char *copy = arena_text(table->arena, text);
        *level = (struct level){
            .head = {key.head[0], key.head[1]}, .text = {copy, text.size}, .cell = cell};
    }
    return level;
}

/* How many texts do not stand where they are looked for first. */
static uint32_t moved_on(const struct level_table *table)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i <= table->mask; i++) {
        const struct level *level = &table->slots[i];
        struct table_key key = table_key_of(level->text);
        count += level->text.data && place_of(table, &key) != i;
    }
    return count;
}

/* Puts the levels of `from`, by its own factor, into `into`, which is cleared. */
static void fill(struct level_table *into, const struct level *from)
{
    memset(into->slots, 0, ((size_t)into->mask + 1) * sizeof *into->slots);
    for (uint32_t i = 0; i <= into->mask; i++)
        if (from[i].text.data) {
            struct table_key key = table_key_of(from[i].text);
            *find_slot(into, &key) = from[i];
        }
}

void level_table_settle(struct level_table *table)
{
    enum { TRIALS = 64 };
    size_t size = ((size_t)table->mask + 1) * sizeof *table->slots;
    struct level *levels = mem_new(table->mask + 1, sizeof *levels);
    struct level_table trial = *table;
    uint32_t best = moved_on(table);
    memcpy(levels, table->slots, size);
    trial.slots = mem_new(table->mask + 1, sizeof *trial.slots);
    for (int i = 0; i < TRIALS && best; i++) {
        trial.factor = trial.factor * 0xD1342543DE82EF95u + 2; /* another odd number */
        fill(&trial, levels);
        uint32_t count = moved_on(&trial);
        if (count < best) {
            best = count;
            table->factor = trial.factor;
        }
    }
    fill(table, levels);
    free(trial.slots);
    free(levels);
}

const struct level *level_table_find(const struct level_table *table, struct bytes text)
{
    struct table_key key = table_key_of(text);
    const struct level *level = find_slot(table, &key);
    return level->text.data ? level : NULL;
}
