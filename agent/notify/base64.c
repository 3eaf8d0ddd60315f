/* Base64 in both directions. Small inputs (keys, digests), so clarity before speed. Assumes nothing
 * of its input; refuses foreign characters, stray bits and white space, because a key that is
 * silently decoded to something else signs every message wrongly. */
#include "notify/base64.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct bytes bytes, struct text *text)
{
    const unsigned char *data = (const unsigned char *)bytes.data;
    for (size_t i = 0; i < bytes.size; i += 3) {
        size_t left = bytes.size - i;
        unsigned group = (unsigned)data[i] << 16;
        group |= left > 1 ? (unsigned)data[i + 1] << 8 : 0;
        group |= left > 2 ? (unsigned)data[i + 2] : 0;
        char four[4] = {alphabet[group >> 18], alphabet[group >> 12 & 63],
                        left > 1 ? alphabet[group >> 6 & 63] : '=',
                        left > 2 ? alphabet[group & 63] : '='};
        text_add(text, four, sizeof four);
    }
}

static int digit_of(char c)
{
    const char *at = c ? strchr(alphabet, c) : NULL;
    return at ? (int)(at - alphabet) : -1;
}

static struct bytes without_padding(struct bytes encoded)
{
    if (encoded.size % 4 != 0)
        return encoded;
    for (int i = 0; i < 2 && encoded.size && encoded.data[encoded.size - 1] == '='; i++)
        encoded.size--;
    return encoded;
}

bool base64_decode(struct bytes encoded, struct text *text)
{
    encoded = without_padding(encoded);
    size_t before = text->size;
    unsigned bits = 0, held = 0;
    for (size_t i = 0; i < encoded.size; i++) {
        int digit = digit_of(encoded.data[i]);
        if (digit < 0)
            goto refuse;
        held = (held << 6 | (unsigned)digit) & 0xffff;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            char byte = (char)(held >> bits & 0xff);
            text_add(text, &byte, 1);
        }
    }
    if (encoded.size % 4 == 1 || (held & ((1u << bits) - 1)) != 0)
        goto refuse;
    return true;
refuse:
    text->size = before;
    if (text->data)
        text->data[before] = '\0';
    return false;
}
