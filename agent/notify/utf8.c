/* A name may be as long and as strange as an event made it; a message has limits. Cuts fall between
 * code points, so that what leaves is valid UTF-8 whatever came. */
#include "notify/utf8.h"

#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"

size_t utf8_bytes(const char *at)
{
    bool valid;
    size_t size = utf8_character(at, 4, &valid); /* the NUL ends one that is cut short */
    return size ? size : 1;
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
    text_add(text, value, utf8_cut(bytes_of(value), max_bytes));
}
