/* Tells the scalars apart by their first byte. Assumes the NUL and the padding of scan.h. */
#include "decode/scalar.h"

#include <math.h>

static inline char *read_word(char *p, const char *end, const char *word, struct value value,
                              struct value *ret_value, enum decode_result *ret_fault)
{
    size_t size = strlen(word);
    if (memcmp(p, word, size) != 0) {
        while (*p == *word)
            p++, word++;
        return scan_fault(p, end, DECODE_SYNTAX, ret_fault);
    }
    if (ret_value) {
        *ret_value = value;
        ret_value->wide = true;
        ret_value->text = bytes_make(p, size);
    }
    return p + size;
}

static char *read_nonfinite(char *p, const char *end, struct value *ret_value,
                            enum decode_result *ret_fault)
{
    static const struct value nan = {.kind = VALUE_NAN, .number = (double)NAN};
    static const struct value above = {.kind = VALUE_INFINITE, .number = (double)INFINITY};
    static const struct value below = {.kind = VALUE_INFINITE, .number = -(double)INFINITY};
    if (*p == 'N')
        return read_word(p, end, "NaN", nan, ret_value, ret_fault);
    if (*p == 'I')
        return read_word(p, end, "Infinity", above, ret_value, ret_fault);
    if (p[1] == 'N')
        return read_word(p, end, "-NaN", nan, ret_value, ret_fault);
    return read_word(p, end, "-Infinity", below, ret_value, ret_fault);
}

static char *read_string(char *p, const char *end, uint32_t string_bytes, struct value *ret_value,
                         enum decode_result *ret_fault)
{
    struct bytes text;
    p = text_read(p, end, &text, ret_fault);
    if (!p)
        return NULL;
    if (text.size > string_bytes) {
        *ret_fault = DECODE_STRING_TOO_LONG;
        return NULL;
    }
    if (ret_value)
        *ret_value = (struct value){.kind = VALUE_STRING, .wide = true, .text = text};
    return p;
}

char *scalar_read(char *p, const char *end, uint32_t string_bytes, struct value *ret_value,
                  enum decode_result *ret_fault)
{
    switch (*p) {
    case '"':
        return read_string(p + 1, end, string_bytes, ret_value, ret_fault);
    case 't':
        return read_word(p, end, "true", (struct value){.kind = VALUE_TRUE}, ret_value, ret_fault);
    case 'f':
        return read_word(p, end, "false", (struct value){.kind = VALUE_FALSE}, ret_value,
                         ret_fault);
    case 'n':
        return read_word(p, end, "null", (struct value){.kind = VALUE_NULL}, ret_value, ret_fault);
    case '-':
        if (p[1] != 'N' && p[1] != 'I')
            break;
        return read_nonfinite(p, end, ret_value, ret_fault);
    case 'N':
    case 'I':
        return read_nonfinite(p, end, ret_value, ret_fault);
    default: /* number_read refuses what is not a number */
        break;
    }
    if (!ret_value)
        return number_skip(p, end, ret_fault);
    return number_read(p, end, ret_value, ret_fault);
}
