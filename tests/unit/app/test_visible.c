#include <criterion/criterion.h>
#include <string.h>

#include "app/visible.h"

static const char *shown(const char *raw)
{
    static char text[VISIBLE_BYTES];
    return visible(raw, text);
}

Test(visible, ordinary_text_stays)
{
    cr_assert_str_eq(shown(""), "");
    cr_assert_str_eq(shown("v7 <b>\"x\"</b> & 'y'"), "v7 <b>\"x\"</b> & 'y'");
    cr_assert_str_eq(shown("Zürich 東京 😀 → 2.6 %"), "Zürich 東京 😀 → 2.6 %");
}

Test(visible, nothing_that_a_terminal_obeys_is_left)
{
    cr_assert_str_eq(shown("\x1b[2J\x1b]0;title\x07"), "?[2J?]0;title?");
    cr_assert_str_eq(shown("a\nb\rc\td\x7f"), "a?b?c?d?");
    cr_assert_str_eq(shown("\xc2\x9b"
                           "31m"),
                     "?31m"); /* C1: CSI */
    cr_assert_str_eq(shown("\xe2\x80\xae"
                           "gpj\xe2\x81\xa6.\xd8\x9c\xe2\x80\xa8"),
                     "?gpj?.??"); /* direction, separator */
}

Test(visible, bytes_that_are_no_utf8_become_question_marks)
{
    cr_assert_str_eq(shown("a\xff"
                           "b\x9b"
                           "c"),
                     "a?b?c");
    cr_assert_str_eq(shown("cut off \xe2\x82"), "cut off ?");
    cr_assert_str_eq(shown("overlong \xc0\x9b."), "overlong ??.");
}

Test(visible, long_text_is_cut_between_characters)
{
    char raw[2003] = "x";
    for (size_t i = 0; i < 1000; i++)
        memcpy(raw + 1 + 2 * i, "é", 3);
    const char *text = shown(raw);
    cr_assert_eq(strlen(text), VISIBLE_BYTES - 1);
    cr_assert_str_eq(text + VISIBLE_BYTES - 3, "é");
    raw[1] = 'y';
    raw[2] = 'z'; /* an even number of bytes before the others */
    memmove(raw + 2, raw + 3, 1999);
    text = shown(raw);
    cr_assert_eq(strlen(text), VISIBLE_BYTES - 2, "an é does not fit whole");
}
