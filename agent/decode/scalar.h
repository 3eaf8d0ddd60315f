/* Strings, numbers and words of a record: the values that have no others inside. */
#ifndef LEEWAY_DECODE_SCALAR_H
#define LEEWAY_DECODE_SCALAR_H

#include "decode/number.h"
#include "decode/text.h"

/* Reads the scalar at `p` into `ret_value`, which may be NULL if nobody wants it. A string may have
 * `string_bytes`. Returns the byte behind it, or NULL with the fault. */
char *scalar_read(char *p, const char *end, uint32_t string_bytes, struct value *ret_value,
                  enum decode_result *ret_fault);

/* ---- the usual ones, without a call ---- */

static inline size_t scalar_usual_string(char *p, uint32_t string_bytes, struct value *ret_value)
{
    char *body = p + 1, *stop = scan_quote(body);
    if (__builtin_expect(!stop, 0))
        return 0;
    size_t size = (size_t)(stop - body);
    if (__builtin_expect(size > string_bytes, 0))
        return 0;
    *ret_value = (struct value){.kind = VALUE_STRING, .wide = true, .text = {body, size}};
    return size + 2;
}

/* true, false, null. Which one it is varies from value to value, so that it is not asked by a
 * branch. */
static inline size_t scalar_usual_word(char *p, struct value *ret_value)
{
    static const struct {
        char word[4];
        unsigned char size, kind;
    } words[3] = {
        {{'t', 'r', 'u', 'e'}, 4, VALUE_TRUE},
        {{'f', 'a', 'l', 's'}, 5, VALUE_FALSE},
        {{'n', 'u', 'l', 'l'}, 4, VALUE_NULL},
    };
    unsigned i = (unsigned)(*p == 'f') + 2 * (unsigned)(*p == 'n');
    uint32_t found, wanted;
    memcpy(&found, p, sizeof found);
    memcpy(&wanted, words[i].word, sizeof wanted);
    size_t size = words[i].size;
    if (__builtin_expect(found != wanted || (size == 5 && p[4] != 'e'), 0))
        return 0;
    *ret_value =
        (struct value){.kind = (enum value_kind)words[i].kind, .wide = true, .text = {p, size}};
    return size;
}

/* The size of the scalar at `p`, which is read as scalar_read does; or 0 if it is not one of the
 * usual ones: for escapes, bytes beyond ASCII, long numbers, exponents, NaN and infinities, and
 * faults. A size is right if the scalar ends there (number_usual). */
static inline size_t scalar_usual(char *p, uint32_t string_bytes, struct value *ret_value)
{
    if (*p == '"')
        return scalar_usual_string(p, string_bytes, ret_value);
    if (*p <= '9')
        return number_usual_signed(p, ret_value);
    return scalar_usual_word(p, ret_value);
}

#endif
