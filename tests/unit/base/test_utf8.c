/* Well-formedness after table 3-7 of the Unicode standard, at every border of it. */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"

/* In memory of its own size, so that a look behind it is seen. */
static bool valid(const char *data, size_t size)
{
    char *copy = mem_resize(NULL, size, 1);
    memcpy(copy, data, size);
    bool result = utf8_valid(bytes_make(copy, size));
    free(copy);
    return result;
}

static size_t encode(uint32_t code, char *ret)
{
    if (code < 0x80) {
        ret[0] = (char)code;
        return 1;
    }
    size_t size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--, code >>= 6)
        ret[i] = (char)(0x80 | (code & 0x3F));
    ret[0] = (char)((0xF00u >> size & 0xF0) | code);
    return size;
}

Test(utf8, every_code_point_and_none_beyond)
{
    for (uint32_t code = 0; code < 0x110400; code++) {
        char bytes[4];
        size_t size = encode(code, bytes);
        bool good = code < 0x110000 && (code < 0xD800 || code > 0xDFFF), said;
        cr_assert_eq(utf8_valid(bytes_make(bytes, size)), good, "U+%04X", code);
        cr_assert(!good || utf8_character(bytes, size, &said) == size, "U+%04X", code);
    }
}

Test(utf8, cut_short_is_never_well_formed_and_never_read_over)
{
    static const uint32_t codes[] = {0x80, 0x7FF, 0x800, 0xFFFF, 0x10000, 0x10FFFF};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        char bytes[8] = "ab";
        size_t size = encode(codes[i], bytes + 2);
        cr_assert(valid(bytes, 2 + size));
        for (size_t k = 1; k < size; k++)
            cr_assert_not(valid(bytes, 2 + k), "U+%04X cut to %zu", codes[i], k);
    }
    cr_assert(valid("", 0));
    cr_assert(utf8_valid(bytes_make(NULL, 0)));
}

Test(utf8, what_is_not_well_formed)
{
    static const struct {
        const char *bytes;
        size_t good; /* bytes before the offending one */
    } cases[] = {
        {"\x80", 0},
        {"\xbf", 0},
        {"\xc0\x80", 0},
        {"\xc1\xbf", 0},
        {"\xc2(", 1},
        {"\xc2\xc2", 1},
        {"\xe0\x9f\xbf", 1},
        {"\xe0\xa0(", 2},
        {"\xed\xa0\x80", 1},
        {"\xed\xbf\xbf", 1},
        {"\xf0\x8f\xbf\xbf", 1},
        {"\xf0\x90\x80(", 3},
        {"\xf4\x90", 1},
        {"\xf5\x80", 0},
        {"\xfe", 0},
        {"\xff", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool good = true;
        size_t size = strlen(cases[i].bytes);
        cr_expect_not(valid(cases[i].bytes, size), "case %zu", i);
        cr_expect_eq(utf8_character(cases[i].bytes, size, &good), cases[i].good, "case %zu", i);
        cr_expect_not(good, "case %zu", i);
    }
}

Test(utf8, nul_is_a_character)
{
    cr_assert(valid("a\0b", 3));
}

Test(utf8, cuts_between_characters)
{
    static const char text[] = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z"; /* 1, 2, 3, 4, 1 bytes */
    static const size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        cr_expect_eq(utf8_cut(bytes_of(text), i), expected[i], "at %zu", i);
    cr_assert_eq(utf8_cut(bytes_of("\x80\x80\x80\x80\x80\x80\x80\x80"), 6), 3,
                 "no more is lost than a character has");
    cr_assert_eq(utf8_cut(bytes_make(NULL, 0), 5), 0);
}
