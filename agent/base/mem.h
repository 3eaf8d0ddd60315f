/* Memory: allocation that cannot fail, arenas with one lifetime, and a growing text.
 *
 * Everything that comes from outside has a ceiling in the settings, so running out of memory is a
 * broken promise of the machine, not an input: `mem_fail` ends the process, in this one place. */
#ifndef LEEWAY_BASE_MEM_H
#define LEEWAY_BASE_MEM_H

#include <stddef.h>

#include "base/bytes.h"

_Noreturn void mem_fail(size_t size);

/* Zeroed memory for `count` objects of `size` bytes; free with free(). Aborts when there is none.
 */
void *mem_new(size_t count, size_t size);

/* `old` (may be NULL) grown or shrunk to `count` objects; the new part is not zeroed. */
void *mem_resize(void *old, size_t count, size_t size);

/* A NUL-terminated copy; free with free(). NULL data gives an empty string. */
char *mem_text(struct bytes bytes);

static inline char *mem_copy(const char *text)
{
    return mem_text(bytes_of(text));
}

/* For `__attribute__((cleanup(mem_cleanup)))` on a `char *`. */
void mem_cleanup(void *pointer_to_pointer);

/* An arena: allocations live until the arena is cleared or freed. */
struct arena;
struct arena *arena_new(void);
void arena_free(struct arena *arena);                              /* takes NULL */
void arena_clear(struct arena *arena);                             /* keeps the first block */
void *arena_alloc(struct arena *arena, size_t count, size_t size); /* zeroed, 16-byte aligned */
char *arena_text(struct arena *arena, struct bytes bytes);
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A growing, always NUL-terminated text. `{0}` is an empty one; release with text_release. */
struct text {
    char *data;
    size_t size;     /* without the NUL */
    size_t capacity; /* 0: nothing allocated, data may be NULL */
};
void text_add(struct text *text, const void *data, size_t size);
void text_puts(struct text *text, const char *line);
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_clear(struct text *text);
void text_release(struct text *text);

#endif
