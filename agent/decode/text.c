/* The slow half of reading strings: escapes and bytes beyond ASCII. Unescaping happens in place,
 * because no escape is shorter than what it stands for. Assumes the NUL and the padding of scan.h.
 * Does not know what a string is for, nor how long one may be. */
#include "decode/text.h"

#include "base/utf8.h"

static size_t utf8_encode(uint32_t code, char *ret_bytes)
{
    if (code < 0x80) {
        ret_bytes[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        ret_bytes[0] = (char)(0xC0 | code >> 6);
        ret_bytes[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        ret_bytes[0] = (char)(0xE0 | code >> 12);
        ret_bytes[1] = (char)(0x80 | (code >> 6 & 0x3F));
        ret_bytes[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    ret_bytes[0] = (char)(0xF0 | code >> 18);
    ret_bytes[1] = (char)(0x80 | (code >> 12 & 0x3F));
    ret_bytes[2] = (char)(0x80 | (code >> 6 & 0x3F));
    ret_bytes[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* `\uXXXX` at `p`. */
static char *read_unit(char *p, const char *end, uint32_t *ret_unit, enum decode_result *ret_fault)
{
    /* Whatever stands where the second half of a surrogate pair should be is half a character. */
    if (p[0] != '\\')
        return scan_fault(p, end, DECODE_UTF8, ret_fault);
    if (p[1] != 'u')
        return scan_fault(p + 1, end, DECODE_UTF8, ret_fault);
    uint32_t unit = 0;
    p += 2;
    for (unsigned i = 0; i < 4; i++, p++) {
        int digit = hex_digit(*p);
        if (digit < 0)
            return scan_fault(p, end, DECODE_SYNTAX, ret_fault);
        unit = unit << 4 | (uint32_t)digit;
    }
    *ret_unit = unit;
    return p;
}

static char *read_unicode(char *p, const char *end, uint32_t *ret_code,
                          enum decode_result *ret_fault)
{
    uint32_t code, low;
    p = read_unit(p, end, &code, ret_fault);
    if (!p)
        return NULL;
    if (code >= 0xD800 && code < 0xDC00) {
        p = read_unit(p, end, &low, ret_fault);
        if (!p)
            return NULL;
        if (low < 0xDC00 || low > 0xDFFF)
            code = 0;
        else
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code >= 0xDC00 && code <= 0xDFFF) {
        code = 0;
    }
    if (code == 0) { /* \u0000 or a lone surrogate */
        *ret_fault = DECODE_UTF8;
        return NULL;
    }
    *ret_code = code;
    return p;
}

/* The escape at `p` is written at `*out`, which moves on. Returns the byte behind the escape. */
static char *unescape(char *p, const char *end, char **out, enum decode_result *ret_fault)
{
    uint32_t code;
    char *next = p + 2;
    switch (p[1]) {
    case '"':
    case '\\':
    case '/':
        code = (uint32_t)p[1];
        break;
    case 'b':
        code = '\b';
        break;
    case 'f':
        code = '\f';
        break;
    case 'n':
        code = '\n';
        break;
    case 'r':
        code = '\r';
        break;
    case 't':
        code = '\t';
        break;
    case 'u':
        next = read_unicode(p, end, &code, ret_fault);
        if (!next)
            return NULL;
        break;
    default:
        return scan_fault(p + 1, end, DECODE_SYNTAX, ret_fault);
    }
    *out += utf8_encode(code, *out);
    return next;
}

char *text_read_rest(char *start, char *p, const char *end, struct bytes *ret_text,
                     enum decode_result *ret_fault)
{
    char *out = p;
    while (*p != '"') {
        char *from = p;
        if (*p == '\\') {
            from = unescape(p, end, &out, ret_fault);
            if (!from)
                return NULL;
            p = from;
        } else if ((unsigned char)*p >= 0x80) {
            bool valid;
            p += utf8_character(p, 4, &valid); /* the NUL ends one that is cut short */
            if (!valid)
                return scan_fault(p, end, DECODE_UTF8, ret_fault);
        } else {
            return scan_fault(p, end, DECODE_SYNTAX, ret_fault);
        }
        /* Texts beyond ASCII are runs of such bytes: leave those to the next round. */
        if ((unsigned char)*p < 0x80)
            p = scan_plain(p);
        size_t size = (size_t)(p - from);
        if (out != from)
            memmove(out, from, size);
        out += size;
    }
    *ret_text = bytes_make(start, (size_t)(out - start));
    return p + 1;
}
