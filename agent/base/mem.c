/* Allocation that cannot fail; see the header for why. An arena is a list of blocks, newest first.
 */
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { ARENA_BLOCK_BYTES = 64 * 1024, ARENA_ALIGN = 16 };

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    _Alignas(ARENA_ALIGN) char data[];
};

struct arena {
    struct arena_block *blocks;
};

void mem_fail(size_t size)
{
    fprintf(stderr, "leeway: out of memory (%zu bytes wanted)\n", size);
    abort();
}

void *mem_new(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size ? size : 1);
    if (!memory)
        mem_fail(count * size);
    return memory;
}

void *mem_resize(void *old, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        mem_fail((size_t)-1);
    void *memory = realloc(old, total ? total : 1);
    if (!memory)
        mem_fail(total);
    return memory;
}

char *mem_text(struct bytes bytes)
{
    char *copy = mem_new(bytes.size + 1, 1);
    if (bytes.size)
        memcpy(copy, bytes.data, bytes.size);
    return copy;
}

void mem_cleanup(void *pointer_to_pointer)
{
    free(*(void **)pointer_to_pointer);
}

struct arena *arena_new(void)
{
    return mem_new(1, sizeof(struct arena));
}

void arena_clear(struct arena *arena)
{
    while (arena->blocks && arena->blocks->next) {
        struct arena_block *block = arena->blocks;
        arena->blocks = block->next;
        free(block);
    }
    if (arena->blocks)
        arena->blocks->used = 0;
}

void arena_free(struct arena *arena)
{
    if (!arena)
        return;
    arena_clear(arena);
    free(arena->blocks);
    free(arena);
}

static struct arena_block *arena_grow(struct arena *arena, size_t total)
{
    size_t size = total > ARENA_BLOCK_BYTES ? total : ARENA_BLOCK_BYTES;
    struct arena_block *block = mem_new(1, sizeof *block + size);
    block->size = size;
    block->next = arena->blocks;
    arena->blocks = block;
    return block;
}

void *arena_alloc(struct arena *arena, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total) || total > (size_t)1 << 40)
        mem_fail(total);
    total = (total + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    struct arena_block *block = arena->blocks;
    if (!block || block->size - block->used < total)
        block = arena_grow(arena, total);
    void *memory = block->data + block->used;
    block->used += total;
    return memset(memory, 0, total);
}

char *arena_text(struct arena *arena, struct bytes bytes)
{
    char *copy = arena_alloc(arena, bytes.size + 1, 1);
    if (bytes.size)
        memcpy(copy, bytes.data, bytes.size);
    return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *copy = arena_alloc(arena, (size_t)size + 1, 1);
    va_start(args, format);
    vsnprintf(copy, (size_t)size + 1, format, args);
    va_end(args);
    return copy;
}

static void text_reserve(struct text *text, size_t more)
{
    size_t need = text->size + more + 1;
    if (need <= text->capacity)
        return;
    size_t capacity = text->capacity ? text->capacity * 2 : 256;
    if (capacity < need)
        capacity = need;
    text->data = mem_resize(text->data, capacity, 1);
    text->capacity = capacity;
}

void text_add(struct text *text, const void *data, size_t size)
{
    text_reserve(text, size);
    if (size)
        memcpy(text->data + text->size, data, size);
    text->size += size;
    text->data[text->size] = '\0';
}

void text_puts(struct text *text, const char *line)
{
    text_add(text, line, strlen(line));
}

void text_printf(struct text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    text_reserve(text, (size_t)size);
    va_start(args, format);
    vsnprintf(text->data + text->size, (size_t)size + 1, format, args);
    va_end(args);
    text->size += (size_t)size;
}

void text_clear(struct text *text)
{
    text->size = 0;
    if (text->data)
        text->data[0] = '\0';
}

void text_release(struct text *text)
{
    free(text->data);
    *text = (struct text){0};
}
