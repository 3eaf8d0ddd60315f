/* Borrowed bytes, also empty ones and ones with a NUL inside. */
#include <criterion/criterion.h>

#include "base/bytes.h"

Test(bytes, of_a_missing_text_is_empty)
{
    cr_assert_eq(bytes_of(NULL).size, 0);
    cr_assert_eq(bytes_of("").size, 0);
    cr_assert_eq(bytes_of("abc").size, 3);
}

Test(bytes, equal)
{
    cr_assert(bytes_equal(bytes_of(NULL), bytes_of("")));
    cr_assert(bytes_equal(bytes_make("a\0b", 3), bytes_make("a\0b", 3)));
    cr_assert_not(bytes_equal(bytes_make("a\0b", 3), bytes_make("a\0c", 3)));
    cr_assert_not(bytes_equal(bytes_of("ab"), bytes_of("abc")));
    cr_assert_not(bytes_equal(bytes_of("A"), bytes_of("a")));
}

Test(bytes, trim)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"", ""},     {" ", ""},          {" \t\r\n\v\f ", ""},     {"a", "a"},
        {" a ", "a"}, {"\ta b\n", "a b"}, {"\xc2\xa0", "\xc2\xa0"}, /* a no-break space is a
                                                                       character like any other */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_expect(bytes_equal(bytes_trim(bytes_of(cases[i].text)), bytes_of(cases[i].expected)),
                  "case %zu", i);
    cr_assert_eq(bytes_trim(bytes_make(NULL, 0)).size, 0);
    cr_assert_eq(bytes_trim(bytes_make(" \0 ", 3)).size, 1, "a NUL is no space");
}
