#include <criterion/criterion.h>

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "baseline/baseline.h"
#include "baseline/text.h"
#include "support/random.h"

static const char *canonical(const char *text)
{
    static char copy[600];
    char scratch[64];
    struct bytes view = category_canonical(bytes_of(text), scratch, sizeof scratch);
    memcpy(copy, view.data, view.size);
    copy[view.size] = '\0';
    return copy;
}

Test(text, canonical_prints_integral_numbers_as_integers)
{
    static const char *const cases[][2] = {
        {"1", "1"},
        {"1.0", "1"},
        {" 1.000 ", "1"},
        {"-2.0", "-2"},
        {"1e3", "1000"},
        {"-0", "0"},
        {"-0.0", "0"},
        {"0.0", "0"},
        {".0", "0"},
        {"1.5", "1.5"},
        {"1.50", "1.50"},
        {"007", "007"},
        {"-01", "-01"},
        {"+1", "+1"},
        {"", ""},
        {"  ", ""},
        {" a b ", "a b"},
        {"-", "-"},
        {"1e400", "1e400"},
        {"9007199254740991", "9007199254740991"},
        {"9007199254740993", "9007199254740993"},
        {"12abc", "12abc"},
        {"0x10", "0x10"},
        {"1e", "1e"},
        {"nan", "nan"},
        {"-inf", "-inf"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_expect_str_eq(canonical(cases[i][0]), cases[i][1], "of \"%s\"", cases[i][0]);
}

Test(text, canonical_of_canonical_is_itself)
{
    static const char *const cases[] = {"1.0", "-0", "1e15", "4.5e1", "x", " y "};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char once[64];
        snprintf(once, sizeof once, "%s", canonical(cases[i]));
        cr_expect_str_eq(canonical(once), once);
    }
}

Test(text, numbers_are_whole_decimal_literals)
{
    static const char *const good[] = {"0", "-1", "+7", ".5", "5.", "1e5", "1E-5", " 12 ", "1e999"};
    static const char *const bad[] = {"",    " ",     "-",    ".",       "e5",  "1e",
                                      "1e+", "0x1",   "1 2",  "inf",     "nan", "1,5",
                                      "--1", "1.2.3", "1e5x", "\xc2\xb2"};
    double number;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        cr_expect(number_from_text(bytes_of(good[i]), &number), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_not(number_from_text(bytes_of(bad[i]), &number), "%s", bad[i]);
    cr_assert(number_from_text(bytes_of("1e999"), &number));
    cr_expect(isinf(number));
    cr_expect_not(number_from_text(bytes_make(NULL, 0), &number));
}

/* strtod is the reference: glibc's is correctly rounded. */
Test(text, numbers_are_correctly_rounded)
{
    struct random random = random_new(11);
    for (int i = 0; i < 20000; i++) {
        char literal[64];
        int digits = 1 + (int)random_below(&random, 19),
            exponent = (int)random_below(&random, 60) - 30;
        uint64_t mantissa = random_next(&random);
        for (int k = 19; k > digits; k--)
            mantissa /= 10;
        snprintf(literal, sizeof literal, "%s%llu.%ue%d", i % 2 ? "-" : "",
                 (unsigned long long)mantissa, random_below(&random, 1000), exponent);
        double number = 0;
        cr_assert(number_from_text(bytes_of(literal), &number));
        cr_assert_not(islessgreater(number, strtod(literal, NULL)), "%s is %.17g", literal, number);
    }
}

Test(text, doubles_read_back)
{
    static const double cases[] = {
        0.1,  1.0 / 3,           1e22, 1e-5, DBL_MAX, DBL_MIN, 4.9e-324, 123456789012345680.0, -2.5,
        1e15, 9007199254740993.0};
    struct random random = random_new(12);
    for (size_t i = 0; i < sizeof cases / sizeof *cases + 5000; i++) {
        struct text text = {0};
        double number = i < sizeof cases / sizeof *cases
                            ? cases[i]
                            : ldexp(random_normal(&random), (int)random_below(&random, 400) - 200);
        text_double(&text, number);
        cr_assert_not(islessgreater(strtod(text.data, NULL), number), "%s for %.17g", text.data,
                      number);
        text_release(&text);
    }
}

Test(text, doubles_are_short_and_zero_has_no_sign)
{
    struct text text = {0};
    text_double(&text, 0.1);
    text_puts(&text, " ");
    text_double(&text, -0.0);
    text_puts(&text, " ");
    text_double(&text, 100);
    cr_expect_str_eq(text.data, "0.1 0 100");
    text_release(&text);
}

Test(text, utf8)
{
    static const struct {
        const char *bytes;
        size_t size;
        bool good;
    } cases[] = {
        {"", 0, true},
        {"abc", 3, true},
        {"\xc3\xa9", 2, true},
        {"\xe2\x82\xac", 3, true},
        {"\xf0\x9f\x98\x80", 4, true},
        {"\xff", 1, false},
        {"\xc0\x80", 2, false},
        {"\xed\xa0\x80", 3, false},
        {"\xf4\x90\x80\x80", 4, false},
        {"\xe2\x82", 2, false},
        {"a\0b", 3, false},
        {"\x80", 1, false},
        {"\xe0\x80\x80", 3, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_expect_eq(text_valid_utf8(bytes_make(cases[i].bytes, cases[i].size)), cases[i].good,
                     "case %zu", i);
}
