#include "config/interpolate.h"

#include "unit/config/parse.h"

static void expect(const char *raw, const char *expected)
{
    struct text text = {0};
    struct err err = {0};
    int code = interpolate(bytes_of(raw), test_getvar, 1000, &text, &err);
    cr_expect_eq(code, 0, "%s: %s", raw, err.text);
    cr_expect_str_eq(text.data ? text.data : "", expected);
    text_release(&text);
}

static void expect_error(const char *raw, const char *expected)
{
    struct text text = {0};
    struct err err = {0};
    cr_expect_eq(interpolate(bytes_of(raw), test_getvar, 1000, &text, &err), ERR_INVALID, "%s",
                 raw);
    cr_expect_str_eq(err.text, expected);
    text_release(&text);
}

Test(interpolate, values)
{
    expect("", "");
    expect("plain", "plain");
    expect("${MODEL}", "fraud");
    expect("a${MODEL}b${MODEL}", "afraudbfraud");
    expect("${EMPTY}", "");
    expect("${EMPTY:-x y}", "x y");
    expect("${NOT_SET:-}", "");
    expect("${NOT_SET:-a:-b}", "a:-b");
    expect("${MODEL:-x}", "fraud");
}

Test(interpolate, literals)
{
    expect("$", "$");
    expect("$$", "$$");
    expect("$MODEL $(x) $1", "$MODEL $(x) $1");
    expect("$${MODEL}", "${MODEL}");
    expect("$$${MODEL}", "$${MODEL}");
    expect("}{", "}{");
}

Test(interpolate, values_are_not_looked_at_again)
{
    expect("${PASSWORD}", "a: b # \"{}[] ${MODEL}");
    expect("${NOT_SET:-$MODEL}", "$MODEL");
}

Test(interpolate, errors)
{
    expect_error("${", "${ is not closed by }");
    expect_error("x ${MODEL", "${ is not closed by }");
    expect_error("${}", "what stands in ${…} is not the name of a variable");
    expect_error("${:-x}", "what stands in ${…} is not the name of a variable");
    expect_error("${1A}", "what stands in ${…} is not the name of a variable");
    expect_error("${A B}", "what stands in ${…} is not the name of a variable");
    expect_error("${MODEL-x}", "what stands in ${…} is not the name of a variable");
    expect_error("${MODEL:}", "what stands in ${…} is not the name of a variable");
    expect_error("${NOT_SET}", "variable NOT_SET is not set");
    char name[80];
    memset(name, 'A', sizeof name);
    memcpy(name, "${", 2);
    memcpy(name + 78, "}", 2);
    expect_error(name, "what stands in ${…} is not the name of a variable");
}

Test(interpolate, limit)
{
    struct text text = {0};
    cr_assert_eq(interpolate(bytes_of("${MODEL}"), test_getvar, 5, &text, NULL), 0);
    cr_assert_eq(interpolate(bytes_of("x"), test_getvar, 5, &text, NULL), ERR_LIMIT);
    cr_assert_eq(interpolate(bytes_of("${MODEL}"), test_getvar, 4, &text, NULL), ERR_LIMIT);
    text_release(&text);
}

Test(interpolate, text_acceptable)
{
    static const char *const good[] = {"",     "a\tb\r\n",    "ä€𝄞", "\xf4\x8f\xbf\xbf",
                                       "\x7e", "\xed\x9f\xbf"};
    static const char *const bad[] = {"\x01",
                                      "\x7f",
                                      "\x1b[0m",
                                      "\xff",
                                      "\x80",
                                      "\xc3",
                                      "\xc0\x80",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xf4\x90\x80\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xe2\x82"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        cr_expect_eq(text_acceptable(bytes_of(good[i]), NULL), 0, "good %zu", i);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_eq(text_acceptable(bytes_of(bad[i]), NULL), ERR_INVALID, "bad %zu", i);
    cr_expect_eq(text_acceptable(bytes_make("a\0b", 3), NULL), ERR_INVALID);
}
