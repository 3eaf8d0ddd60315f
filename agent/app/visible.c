/* A version, a category or a key is what a producer wrote. Printed as it is, it could clear the
 * screen, retitle the window or rewrite the line above, so whatever a terminal would obey is
 * replaced. JSON output escapes for itself and does not come here. */
#include "app/visible.h"

#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"

static unsigned code_point(const char *at, size_t size)
{
    static const unsigned char first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    unsigned code = (unsigned char)at[0] & first_bits[size];
    for (size_t i = 1; i < size; i++)
        code = code << 6 | ((unsigned char)at[i] & 0x3f);
    return code;
}

static bool is_obeyed(unsigned code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x061c ||
           (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2060 && code <= 0x206f) || code == 0xfeff;
}

const char *visible(const char *raw, char ret_text[static VISIBLE_BYTES])
{
    size_t left = strlen(raw), used = 0;
    while (left > 0) {
        bool valid;
        size_t size = utf8_character(raw, left, &valid);
        bool shown = valid && !is_obeyed(code_point(raw, size));
        size = size ? size : 1;
        if (used + (shown ? size : 1) >= VISIBLE_BYTES)
            break;
        memcpy(ret_text + used, shown ? raw : "?", shown ? size : 1);
        used += shown ? size : 1;
        raw += size;
        left -= size;
    }
    ret_text[used] = '\0';
    return ret_text;
}
