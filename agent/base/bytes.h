/* Bytes from outside: a pointer and a length, by value, never NUL-terminated, never owned. */
#ifndef LEEWAY_BASE_BYTES_H
#define LEEWAY_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct bytes {
    const char *data;
    size_t size;
};

static inline struct bytes bytes_make(const void *data, size_t size)
{
    return (struct bytes){data, size};
}

static inline struct bytes bytes_of(const char *text)
{
    return (struct bytes){text, text ? strlen(text) : 0};
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Without leading and trailing ASCII white space. */
struct bytes bytes_trim(struct bytes bytes);

#endif
