/* A name may be as long and as strange as an event made it; a message has limits. Cuts fall between
 * code points, so that what leaves is valid UTF-8 whatever came. */
#include "notify/utf8.h"

#include <stdbool.h>
#include <string.h>

size_t utf8_bytes(const char *at)
{
    unsigned char first = (unsigned char)*at;
    size_t wanted = first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    size_t size = 1;
    while (size < wanted && ((unsigned char)at[size] & 0xc0) == 0x80)
        size++;
    return size;
}

size_t utf8_units(const char *at)
{
    return utf8_bytes(at) == 4 ? 2 : 1;
}

/* C0, DEL, and what JSON and terminals also take for a line end: U+0080..9F, U+2028, U+2029. */
static bool is_control(const char *at)
{
    const unsigned char *c = (const unsigned char *)at;
    return c[0] < 0x20 || c[0] == 0x7f || (c[0] == 0xc2 && c[1] < 0xa0) ||
           (c[0] == 0xe2 && c[1] == 0x80 && (c[2] == 0xa8 || c[2] == 0xa9));
}

static size_t count_units(const char *line)
{
    size_t units = 0;
    for (const char *at = line; *at; at += utf8_bytes(at))
        units += utf8_units(at);
    return units;
}

void utf8_add_line(struct text *text, const char *line, size_t max_units)
{
    bool cut = count_units(line) > max_units;
    size_t left = cut ? max_units - 1 : max_units;
    for (const char *at = line; *at && utf8_units(at) <= left; at += utf8_bytes(at)) {
        left -= utf8_units(at);
        if (is_control(at))
            text_puts(text, " ");
        else
            text_add(text, at, utf8_bytes(at));
    }
    text_puts(text, cut ? "…" : "");
}

void utf8_add_cut(struct text *text, const char *value, size_t max_bytes)
{
    size_t size = 0;
    while (value[size] && size + utf8_bytes(value + size) <= max_bytes)
        size += utf8_bytes(value + size);
    text_add(text, value, size);
}
