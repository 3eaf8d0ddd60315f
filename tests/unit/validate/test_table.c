/* The table of levels against a plain search. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "support/random.h"
#include "validate/table.h"

Test(table, finds_what_was_added_and_nothing_else)
{
    struct random random = random_new(51);
    struct arena *arena = arena_new();
    struct level_table table = level_table_make(arena, 255);
    char text[32];
    for (uint32_t i = 0; i < 255; i++) {
        snprintf(text, sizeof text, "level %u", i);
        struct level *level = level_table_add(&table, bytes_of(text), i);
        cr_assert_eq(level->cell, i);
        cr_assert(!level->allowed);
        level->allowed = i % 2;
    }
    for (int round = 0; round < 2000; round++) {
        uint32_t i = random_below(&random, 400);
        snprintf(text, sizeof text, "level %u", i);
        const struct level *level = level_table_find(&table, bytes_of(text));
        cr_assert_eq(level != NULL, i < 255);
        if (level) {
            cr_assert_eq(level->cell, i);
            cr_assert_eq(level->allowed, i % 2);
        }
    }
    arena_free(arena);
}

Test(table, the_same_text_twice_is_one_entry)
{
    struct arena *arena = arena_new();
    struct level_table table = level_table_make(arena, 2);
    struct level *level = level_table_add(&table, bytes_of("a"), 7);
    cr_assert_eq(level_table_add(&table, bytes_of("a"), 8), level);
    cr_assert_eq(level->cell, 7);
    arena_free(arena);
}

/* Prefixes, the empty text, and texts with zero bytes are different levels. */
Test(table, whole_texts_are_compared)
{
    struct arena *arena = arena_new();
    struct level_table table = level_table_make(arena, 8);
    cr_assert_null(level_table_find(&table, bytes_make("", 0)));
    level_table_add(&table, bytes_make("a\0b", 3), 0);
    level_table_add(&table, bytes_make("a", 1), 1);
    level_table_add(&table, bytes_make("", 0), 2);
    cr_assert_eq(level_table_find(&table, bytes_make("a\0b", 3))->cell, 0);
    cr_assert_eq(level_table_find(&table, bytes_make("a", 1))->cell, 1);
    cr_assert_eq(level_table_find(&table, bytes_make(NULL, 0))->cell, 2);
    cr_assert_null(level_table_find(&table, bytes_make("a\0", 2)));
    cr_assert_null(level_table_find(&table, bytes_make("ab", 2)));
    arena_free(arena);
}

Test(table, room_for_none)
{
    struct arena *arena = arena_new();
    struct level_table table = level_table_make(arena, 0);
    cr_assert_null(level_table_find(&table, bytes_of("a")));
    arena_free(arena);
}

/* The short way, wherever the text stands, is the long way. */
Test(table, short_texts_are_found_by_their_heads)
{
    struct random random = random_new(53);
    struct arena *arena = arena_new();
    struct level_table table = level_table_make(arena, 200);
    char padded[64] = "", text[64];
    for (uint32_t i = 0; i < 200; i++) {
        snprintf(text, sizeof text, "%.*s%u", (int)(i % 14), "a level before", i / 2);
        level_table_add(&table, bytes_of(text), i);
    }
    level_table_settle(&table);
    for (int round = 0; round < 20000; round++) {
        snprintf(text, sizeof text, "%.*s%u", (int)random_below(&random, 14), "a level before",
                 random_below(&random, 110));
        size_t size = strlen(text), at = random_below(&random, 20);
        memset(padded, (int)random_below(&random, 256), sizeof padded);
        memcpy(padded + at, text, size);
        struct table_key wide = table_key_wide(bytes_make(padded + at, size));
        struct table_key exact = table_key_of(bytes_make(text, size));
        cr_assert_eq(memcmp(wide.head, exact.head, sizeof wide.head), 0, "%s", text);
        if (size <= TABLE_HEAD_BYTES)
            cr_assert_eq(level_table_find_short(&table, &wide),
                         level_table_find(&table, bytes_make(text, size)), "%s", text);
    }
    arena_free(arena);
}

/* A head is filled with zeros, and so may a text be. */
Test(table, short_texts_differ_by_their_sizes_alone)
{
    struct arena *arena = arena_new();
    struct level_table table = level_table_make(arena, 3);
    char text[32] = "a";
    level_table_add(&table, bytes_make(text, 2), 2);
    for (size_t size = 0; size < 20; size++) {
        struct table_key key = table_key_wide(bytes_make(text, size));
        const struct level *level =
            size > TABLE_HEAD_BYTES ? NULL : level_table_find_short(&table, &key);
        cr_assert_eq(level != NULL, size == 2, "%zu", size);
    }
    /* However few slots there are, each is looked at with the wrong size. */
    struct table_key one = table_key_of(bytes_make(text, 1));
    for (uint32_t i = 0; i <= table.mask; i++)
        if (!table.slots[i].text.data)
            table.slots[i] = *level_table_find(&table, bytes_make(text, 2));
    table.slots[(level_table_place(&table, &one) + 1) & table.mask] = (struct level){0};
    cr_assert_null(level_table_find_short(&table, &one));
    arena_free(arena);
}

Test(table, settling_loses_nothing)
{
    struct arena *arena = arena_new();
    char text[64];
    for (uint32_t count = 0; count < 40; count++) {
        struct level_table table = level_table_make(arena, count);
        for (uint32_t i = 0; i < count; i++) {
            snprintf(text, sizeof text, "%.*s%u", (int)(i % 3 * 10),
                     "texts of different lengths...", i);
            level_table_add(&table, bytes_of(text), i)->allowed = i % 2;
        }
        level_table_settle(&table);
        for (uint32_t i = 0; i <= count; i++) {
            snprintf(text, sizeof text, "%.*s%u", (int)(i % 3 * 10),
                     "texts of different lengths...", i);
            const struct level *level = level_table_find(&table, bytes_of(text));
            cr_assert_eq(level != NULL, i < count);
            cr_assert(!level || (level->cell == i && level->allowed == i % 2));
        }
    }
    arena_free(arena);
}
