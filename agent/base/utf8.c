/* Texts come from producers of every kind, and what is told on must be valid for its reader. One
 * place knows what valid is; it does not know what a text is for. */
#include "base/utf8.h"

size_t utf8_character(const char *at, size_t left, bool *ret_valid)
{
    unsigned char lead = (unsigned char)*at, low = 0x80, high = 0xBF;
    size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    *ret_valid = false;
    if ((lead >= 0x80 && lead < 0xC2) || lead > 0xF4)
        return 0;
    if (lead == 0xE0)
        low = 0xA0; /* shorter ones are overlong */
    else if (lead == 0xED)
        high = 0x9F; /* surrogates */
    else if (lead == 0xF0)
        low = 0x90;
    else if (lead == 0xF4)
        high = 0x8F; /* above U+10FFFF */
    for (size_t i = 1; i < length; i++) {
        if (i == left || (unsigned char)at[i] < low || (unsigned char)at[i] > high)
            return i;
        low = 0x80;
        high = 0xBF;
    }
    *ret_valid = true;
    return length;
}

bool utf8_valid(struct bytes bytes)
{
    bool valid = true;
    for (size_t i = 0; i < bytes.size && valid;) {
        if ((unsigned char)bytes.data[i] < 0x80)
            i++;
        else
            i += utf8_character(bytes.data + i, bytes.size - i, &valid);
    }
    return valid;
}

size_t utf8_cut(struct bytes bytes, size_t max_size)
{
    if (bytes.size <= max_size)
        return bytes.size;
    size_t cut = max_size;
    while (cut && max_size - cut < 3 && ((unsigned char)bytes.data[cut] & 0xC0) == 0x80)
        cut--;
    return cut;
}
