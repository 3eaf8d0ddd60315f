/* Errors as values: what is kept, what is cut, and that nobody has to look. */
#include <criterion/criterion.h>

#include "base/err.h"

Test(err, set_fills_and_returns_the_code)
{
    struct err err;
    memset(&err, 'x', sizeof err);
    cr_assert_eq(err_set(&err, ERR_LIMIT, "%d of %s", 3, "them"), ERR_LIMIT);
    cr_assert_eq(err.code, ERR_LIMIT);
    cr_assert_str_eq(err.text, "3 of them");
    cr_assert_str_eq(err.place, "");
    cr_assert_str_eq(err.hint, "");
}

Test(err, nobody_has_to_look)
{
    cr_assert_eq(err_set(NULL, ERR_IO, "%s", "unread"), ERR_IO);
    err_place(NULL, "%d", 1);
    err_hint(NULL, "%d", 1);
}

Test(err, long_texts_are_cut_to_their_buffers)
{
    struct err err;
    char line[64];
    err_set(&err, ERR_IO, "%01000d", 7);
    err_place(&err, "%01000d", 7);
    err_hint(&err, "%01000d", 7);
    cr_assert_eq(strlen(err.text), sizeof err.text - 1);
    cr_assert_eq(strlen(err.place), sizeof err.place - 1);
    cr_assert_eq(strlen(err.hint), sizeof err.hint - 1);
    cr_assert_eq(strlen(err_line(&err, line, sizeof line)), sizeof line - 1);
}

Test(err, a_second_set_forgets_place_and_hint)
{
    struct err err;
    err_set(&err, ERR_IO, "one");
    err_place(&err, "here");
    err_hint(&err, "Do this.");
    err_set(&err, ERR_INVALID, "two");
    cr_assert_str_eq(err.place, "");
    cr_assert_str_eq(err.hint, "");
}

Test(err, line_leaves_out_what_is_empty)
{
    struct err err;
    char line[256];
    err_set(&err, ERR_INVALID, "no such field");
    cr_assert_str_eq(err_line(&err, line, sizeof line), "no such field");
    err_place(&err, "a.yaml:%d:%d", 3, 5);
    cr_assert_str_eq(err_line(&err, line, sizeof line), "a.yaml:3:5: no such field");
    err_hint(&err, "Did you mean %s?", "b");
    cr_assert_str_eq(err_line(&err, line, sizeof line),
                     "a.yaml:3:5: no such field\n  hint: Did you mean b?");
    err_place(&err, "%s", "");
    cr_assert_str_eq(err_line(&err, line, sizeof line), "no such field\n  hint: Did you mean b?");
}
