#include <criterion/criterion.h>

#include "notify/utf8.h"

static void line_is(const char *line, size_t max_units, const char *expected)
{
    struct text text = {0};
    text_puts(&text, "");
    utf8_add_line(&text, line, max_units);
    cr_assert_str_eq(text.data, expected, "%s at %zu", line, max_units);
    text_release(&text);
}

Test(utf8, lines)
{
    line_is("", 5, "");
    line_is("hello", 5, "hello");
    line_is("hello!", 5, "hell…");
    line_is("a\nb\r\tc\x7f", 10, "a b  c ");
    line_is("a\xc2\x85"
            "b\xe2\x80\xa8"
            "c",
            10, "a b c");
    line_is("äöü", 3, "äöü");
    line_is("äöüß", 3, "äö…");
    line_is("€€€€", 3, "€€…");
    line_is("😀😀", 4, "😀😀");
    line_is("😀😀", 3, "😀…");
    line_is("😀😀", 2, "…");
}

Test(utf8, units_are_those_of_utf16)
{
    cr_assert_eq(utf8_units("a"), 1);
    cr_assert_eq(utf8_units("€"), 1);
    cr_assert_eq(utf8_units("😀"), 2);
    cr_assert_eq(utf8_bytes("😀"), 4);
    cr_assert_eq(utf8_bytes("\xf0\x9f"), 2, "a truncated one never reads past the end");
}

Test(utf8, cuts_by_bytes)
{
    struct text text = {0};
    utf8_add_cut(&text, "ab€", 4);
    cr_assert_str_eq(text.data, "ab");
    utf8_add_cut(&text, "€", 3);
    cr_assert_str_eq(text.data, "ab€");
    text_release(&text);
}
