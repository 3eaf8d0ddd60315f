#include <criterion/criterion.h>

#include "baseline/reading.h"
#include "sample.h"

static enum reading read(enum field_type type, struct builder_value value, struct bytes *ret_text)
{
    static char scratch[READING_BYTES];
    double number;
    return reading_of(type, &value, scratch, &number, ret_text);
}

Test(reading, table)
{
    const struct {
        struct builder_value value;
        enum reading number, integer, boolean, category;
    } cases[] = {
        {{.kind = BUILDER_ABSENT}, READ_MISSING, READ_MISSING, READ_MISSING, READ_MISSING},
        {{.kind = BUILDER_NULL}, READ_MISSING, READ_MISSING, READ_MISSING, READ_MISSING},
        {{.kind = BUILDER_NAN}, READ_MISSING, READ_MISSING, READ_MISSING, READ_MISSING},
        {{.kind = BUILDER_INFINITE}, READ_INVALID, READ_INVALID, READ_INVALID, READ_INVALID},
        {{.kind = BUILDER_OTHER}, READ_INVALID, READ_INVALID, READ_INVALID, READ_INVALID},
        {{.kind = BUILDER_TRUE}, READ_INVALID, READ_INVALID, READ_TEXT, READ_TEXT},
        {value_number(1), READ_NUMBER, READ_NUMBER, READ_TEXT, READ_TEXT},
        {value_number(1.5), READ_NUMBER, READ_INVALID, READ_INVALID, READ_TEXT},
        {value_number(1e151), READ_INVALID, READ_INVALID, READ_INVALID, READ_TEXT},
        {value_text("2.5"), READ_NUMBER, READ_INVALID, READ_INVALID, READ_TEXT},
        {value_text("0"), READ_NUMBER, READ_NUMBER, READ_TEXT, READ_TEXT},
        {value_text("TRUE"), READ_INVALID, READ_INVALID, READ_TEXT, READ_TEXT},
        {value_text(""), READ_INVALID, READ_INVALID, READ_INVALID, READ_TEXT},
        {value_text("nan"), READ_INVALID, READ_INVALID, READ_INVALID, READ_TEXT},
        {value_text("1e999"), READ_INVALID, READ_INVALID, READ_INVALID, READ_TEXT},
        {value_text("\xff"), READ_INVALID, READ_INVALID, READ_INVALID, READ_INVALID},
    };
    struct bytes text;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_expect_eq(read(FIELD_NUMBER, cases[i].value, &text), cases[i].number, "case %zu", i);
        cr_expect_eq(read(FIELD_INTEGER, cases[i].value, &text), cases[i].integer, "case %zu", i);
        cr_expect_eq(read(FIELD_BOOLEAN, cases[i].value, &text), cases[i].boolean, "case %zu", i);
        cr_expect_eq(read(FIELD_CATEGORY, cases[i].value, &text), cases[i].category, "case %zu", i);
    }
}

Test(reading, categories_are_canonical)
{
    struct builder_value literal = {
        .kind = BUILDER_NUMBER, .number = 2.5, .text = bytes_of("2.50")};
    struct bytes text;
    cr_assert_eq(read(FIELD_CATEGORY, value_text(" 3.0 "), &text), READ_TEXT);
    cr_expect(bytes_equal(text, bytes_of("3")));
    cr_assert_eq(read(FIELD_CATEGORY, value_number(-4), &text), READ_TEXT);
    cr_expect(bytes_equal(text, bytes_of("-4")));
    cr_assert_eq(read(FIELD_CATEGORY, value_number(0.25), &text), READ_TEXT);
    cr_expect(bytes_equal(text, bytes_of("0.25")));
    cr_assert_eq(read(FIELD_CATEGORY, literal, &text), READ_TEXT);
    cr_expect(bytes_equal(text, bytes_of("2.50")));
    cr_assert_eq(read(FIELD_BOOLEAN, value_text(" True"), &text), READ_TEXT);
    cr_expect(bytes_equal(text, bytes_of("true")));
    cr_assert_eq(read(FIELD_BOOLEAN, value_number(0), &text), READ_TEXT);
    cr_expect(bytes_equal(text, bytes_of("false")));
}

Test(reading, a_text_longer_than_live_ones_is_invalid)
{
    static char longest[4098];
    struct bytes text;
    memset(longest, 'x', sizeof longest - 1);
    cr_expect_eq(read(FIELD_CATEGORY, value_text(longest), &text), READ_INVALID);
    longest[4096] = '\0';
    cr_expect_eq(read(FIELD_CATEGORY, value_text(longest), &text), READ_TEXT);
}
