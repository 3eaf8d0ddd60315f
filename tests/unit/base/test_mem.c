/* Allocation, arenas and texts. Sanitizers see what the asserts do not. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"

static void is_zero(const unsigned char *memory, size_t size)
{
    for (size_t i = 0; i < size; i++)
        cr_assert_eq(memory[i], 0, "byte %zu", i);
}

Test(mem, new_is_zeroed_also_for_nothing)
{
    unsigned char *memory = mem_new(7, 13);
    is_zero(memory, 91);
    free(memory);
    memory = mem_new(0, 8);
    cr_assert_not_null(memory);
    free(memory);
}

Test(mem, resize_keeps_what_was_there)
{
    uint32_t *items = mem_resize(NULL, 2, sizeof *items);
    items[0] = 1;
    items[1] = 2;
    items = mem_resize(items, 1000, sizeof *items);
    cr_assert_eq(items[0] * 10 + items[1], 12);
    items = mem_resize(items, 0, sizeof *items);
    cr_assert_not_null(items);
    free(items);
}

Test(mem, resize_beyond_the_address_space_ends_the_process, .signal = SIGABRT)
{
    mem_resize(NULL, SIZE_MAX / 2, 3);
}

Test(mem, arena_beyond_reason_ends_the_process, .signal = SIGABRT)
{
    arena_alloc(arena_new(), SIZE_MAX / 2, 3);
}

Test(mem, texts_are_copies_with_an_end)
{
    char bytes[] = {'a', '\0', 'b'};
    char *copy = mem_text(bytes_make(bytes, 3)), *empty = mem_text(bytes_make(NULL, 0));
    bytes[0] = 'x';
    cr_assert_eq(memcmp(copy, "a\0b", 4), 0);
    cr_assert_str_eq(empty, "");
    free(copy);
    free(empty);
    {
        __attribute__((cleanup(mem_cleanup))) char *owned = mem_copy("freed at the brace");
        cr_assert_eq(strlen(owned), 18);
    }
}

Test(mem, arena_memory_is_aligned_zeroed_and_apart)
{
    struct arena *arena = arena_new();
    unsigned char *blocks[300];
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < 300; i++) {
            blocks[i] = arena_alloc(arena, i * 7 + 1, 3);
            cr_assert_eq((uintptr_t)blocks[i] % 16, 0);
            is_zero(blocks[i], (i * 7 + 1) * 3);
            memset(blocks[i], (int)(i % 255) + 1, (i * 7 + 1) * 3);
        }
        for (size_t i = 0; i < 300; i++)
            cr_assert_eq(blocks[i][(i * 7 + 1) * 3 - 1], i % 255 + 1);
        arena_clear(arena);
    }
    arena_free(arena);
}

Test(mem, arena_takes_pieces_larger_than_its_blocks)
{
    struct arena *arena = arena_new();
    unsigned char *large = arena_alloc(arena, 1, 1 << 20);
    large[(1 << 20) - 1] = 1;
    cr_assert_not_null(arena_alloc(arena, 0, 0));
    arena_clear(arena);
    is_zero(arena_alloc(arena, 1, 1 << 20), 1 << 20);
    arena_free(arena);
    arena_free(NULL);
    arena = arena_new();
    arena_clear(arena); /* of nothing */
    arena_free(arena);
}

Test(mem, arena_texts)
{
    struct arena *arena = arena_new();
    cr_assert_str_eq(arena_text(arena, bytes_of("abc")), "abc");
    cr_assert_str_eq(arena_text(arena, bytes_make(NULL, 0)), "");
    cr_assert_str_eq(arena_printf(arena, "%s-%d", "a", 5), "a-5");
    cr_assert_eq(strlen(arena_printf(arena, "%0100000d", 1)), 100000);
    arena_free(arena);
}

Test(mem, text_grows_and_always_ends)
{
    struct text text = {0};
    text_clear(&text); /* of nothing */
    text_puts(&text, "");
    cr_assert_str_eq(text.data, "");
    text_add(&text, NULL, 0);
    text_add(&text, "a\0b", 3);
    text_printf(&text, "%d", 12345);
    cr_assert_eq(text.size, 8);
    cr_assert_eq(memcmp(text.data, "a\0b12345", 9), 0);
    for (int i = 0; i < 2000; i++)
        text_printf(&text, "%05d", i);
    cr_assert_eq(text.size, 8 + 2000 * 5);
    cr_assert_str_eq(text.data + text.size - 10, "0199801999");
    text_clear(&text);
    cr_assert_eq(text.size, 0);
    cr_assert_str_eq(text.data, "");
    text_printf(&text, "%0100000d", 7);
    cr_assert_eq(text.size, 100000);
    cr_assert_eq(text.data[100000], '\0');
    text_release(&text);
    cr_assert_null(text.data);
    cr_assert_eq(text.capacity, 0);
    text_release(&text); /* again */
}

/* Sizes at which the buffer is just full. */
Test(mem, text_at_the_edge_of_its_capacity)
{
    for (size_t size = 250; size < 262; size++) {
        struct text text = {0};
        for (size_t i = 0; i < size; i++)
            text_add(&text, "x", 1);
        text_printf(&text, "%s", "y");
        cr_assert_eq(strlen(text.data), size + 1);
        cr_assert_gt(text.capacity, text.size);
        text_release(&text);
    }
}
