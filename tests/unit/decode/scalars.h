/* Short cuts for scalars against the general readers; included with and without SSE2. */
#ifndef LEEWAY_TEST_DECODE_SCALARS_H
#define LEEWAY_TEST_DECODE_SCALARS_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "decode/scalar.h"
#include "support/random.h"

enum { SCALAR_STRING_BYTES = 40 };

static inline bool values_same(const struct value *a, const struct value *b)
{
    return a->kind == b->kind && a->integral == b->integral && a->wide == b->wide &&
           memcmp(&a->number, &b->number, sizeof a->number) == 0 && bytes_equal(a->text, b->text);
}

/* What scalar_usual reads, scalar_read must read alike, if the scalar ends where it says. */
static inline size_t check_scalar(const char *text)
{
    size_t size = strlen(text);
    char *copy = mem_new(size + 1 + SCAN_PADDING, 1), *again = mem_new(size + 1 + SCAN_PADDING, 1);
    struct value usual, general = {0};
    enum decode_result fault;
    memcpy(copy, text, size);
    memcpy(again, text, size);
    size_t found = scalar_usual(copy, SCALAR_STRING_BYTES, &usual);
    if (found) {
        char behind = copy[found];
        bool goes_on = *text != '"' && behind && strchr("0123456789.eE", behind);
        char *next = scalar_read(again, again + size, SCALAR_STRING_BYTES, &general, &fault);
        if (!goes_on) {
            cr_assert_not_null(next, "%s", text);
            cr_assert_eq((size_t)(next - again), found, "%s", text);
            usual.text.data = again + (usual.text.data - copy);
            cr_assert(values_same(&usual, &general), "%s", text);
        }
    }
    free(copy);
    free(again);
    return found;
}

static inline void check_usual_scalars(void)
{
    static const char *const usual[] = {
        "0,",      "7}",       "-7]",    "2029 ",   "0.5,",
        "-0,",     "-0.0,",    "36.87,", "-99.72",  "123.456",
        "1234567", "-1234567", "\"\",",  "\"a\"",   "\"web\"",
        "true,",   "false}",   "null",   "0.0000,", "\"0123456789abcdef0123456789\""};
    for (unsigned i = 0; i < sizeof usual / sizeof usual[0]; i++) {
        char text[64];
        snprintf(text, sizeof text, "%s,", usual[i]);
        cr_assert_neq(check_scalar(text), 0, "%s", text);
    }
}

static inline void check_unusual_scalars(void)
{
    static const char *const unusual[] = {"",
                                          "-",
                                          "-,",
                                          "01,",
                                          "-01,",
                                          "00.5,",
                                          "1.,",
                                          "-1.,",
                                          ".5,",
                                          "-.5,",
                                          "+1,",
                                          "12345678",
                                          "--1,",
                                          "-x",
                                          "tru",
                                          "trux",
                                          "fals",
                                          "falsx",
                                          "nul",
                                          "NaN",
                                          "Infinity",
                                          "\"",
                                          "\"a",
                                          "{",
                                          "]",
                                          "\"\\n\"",
                                          "\"\xc3\xa9\"",
                                          "\"\n\"",
                                          "\"\x7f\xff\"",
                                          "1234.5678",
                                          "\"01234567890123456789012345678901234567890\""};
    for (unsigned i = 0; i < sizeof unusual / sizeof unusual[0]; i++)
        cr_assert_eq(check_scalar(unusual[i]), 0, "%s", unusual[i]);
}

/* Bytes that are likely to be misread, in any order. */
static inline void check_random_scalars(void)
{
    static const char likely[] = "00123456789..-+eE,}] \"\"\\tfalsenulNI\x01\x1f\x80\xba\xff";
    struct random random = random_new(61);
    char text[64];
    unsigned found = 0;
    for (int round = 0; round < 200000; round++) {
        size_t size = 1 + random_below(&random, round % 4 ? 10 : 60),
               digits = round % 3 ? 15 : sizeof likely;
        for (size_t i = 0; i < size; i++)
            text[i] = likely[random_below(&random, (uint32_t)digits)];
        if (round % 5 == 0)
            text[0] = '"';
        text[size] = '\0';
        found += check_scalar(text) != 0;
    }
    cr_assert_gt(found, 10000);
}

/* A quote at every distance, with something odd before it, behind it, or nowhere. */
static inline void check_quotes(void)
{
    for (size_t size = 0; size < 100; size++) {
        char *text = mem_new(size + 2 + SCAN_PADDING, 1);
        memset(text, 'x', size);
        memcpy(text + size, "\"", 2);
        cr_assert_eq(scan_quote(text), text + size, "%zu", size);
        text[size + 1] = '\\';
        cr_assert_eq(scan_quote(text), text + size, "%zu", size);
        for (size_t odd = 0; odd < size; odd++) {
            static const char odds[] = {'\\', '\0', '\x1f', '\x80', '\xff'};
            text[odd] = odds[(odd + size) % sizeof odds];
            cr_assert_null(scan_quote(text), "%zu %zu", size, odd);
            text[odd] = 'x';
        }
        text[size] = '\0';
        cr_assert_null(scan_quote(text), "%zu", size);
        free(text);
    }
}

#endif
