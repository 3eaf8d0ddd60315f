/* Where values end. */
#include "source/http_skim.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "base/mem.h"

/* The size of the value at the start of `text`, -1: it has no end. The copy is exact. */
static long size_of(const char *text)
{
    size_t size = strlen(text);
    char *copy = malloc(size ? size : 1);
    memcpy(copy, text, size);
    const char *end = skim_value(copy, copy + size);
    long result = end ? (long)(end - copy) : -1;
    free(copy);
    return result;
}

Test(http_skim, scalars)
{
    cr_assert_eq(size_of("12,"), 2);
    cr_assert_eq(size_of("-1.5e3 "), 6);
    cr_assert_eq(size_of("null]"), 4);
    cr_assert_eq(size_of("true}"), 4);
    cr_assert_eq(size_of("NaN"), 3);
    cr_assert_eq(size_of("a\"b\"c,"), 5);
    cr_assert_eq(size_of(""), 0);
    cr_assert_eq(size_of(","), 0);
    cr_assert_eq(size_of("]"), 0);
}

Test(http_skim, strings)
{
    cr_assert_eq(size_of("\"\","), 2);
    cr_assert_eq(size_of("\"a,b]c}\" "), 8);
    cr_assert_eq(size_of("\"a\\\"b\"x"), 6);
    cr_assert_eq(size_of("\"a\\\\\"b"), 5);
    cr_assert_eq(size_of("\"a\\\\\\\""), -1);
    cr_assert_eq(size_of("\""), -1);
    cr_assert_eq(size_of("\"\\"), -1);
    cr_assert_eq(size_of("\"a\nb\""), 5);
}

Test(http_skim, nested)
{
    cr_assert_eq(size_of("{}{"), 2);
    cr_assert_eq(size_of("{\"a\":[1,{\"b\":\"]}\"}]},"), 20);
    cr_assert_eq(size_of("[[],[[]]]]"), 9);
    cr_assert_eq(size_of("{\"a\":\"\\\"}\"}"), 11);
    cr_assert_eq(size_of("{\"a\":[1}"), -1);
    cr_assert_eq(size_of("[[]"), -1);
    cr_assert_eq(size_of("{\"a"), -1);
    cr_assert_eq(size_of("["), -1);
    cr_assert_eq(size_of("{]"), 2); /* brackets are counted: the decoder refuses it */
}

Test(http_skim, deep)
{
    size_t depth = 1000000;
    char *text = mem_new(2 * depth, 1);
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    cr_assert_eq(skim_value(text, text + 2 * depth), text + 2 * depth);
    cr_assert_null(skim_value(text, text + 2 * depth - 1));
    free(text);
}

Test(http_skim, space)
{
    static const char text[] = " \t\r\n\vx";
    cr_assert_eq(skim_space(text, text + 6), text + 4);
    cr_assert_eq(skim_space(text, text + 3), text + 3);
}
