#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/input.h"

/* A file with this content; the test removes it. */
static char *write_file(const char *name, const char *content)
{
    char *path = mem_new(64, 1);
    snprintf(path, 64, "/tmp/leeway-test-XXXXXX%s", name);
    int fd = mkstemps(path, (int)strlen(name));
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
    close(fd);
    return path;
}

/* Rows of the wanted paths as "kind:text|…;", rejected lines as "!reason;". */
static char *rows(const char *name, const char *content, const char *const *paths)
{
    static const char *const missing[] = {"NA"};
    static const char kinds[] = "-0ft#NI'{";
    char *path = write_file(name, content);
    struct err err = {0};
    struct input *input = input_open(path, missing, 1, &err);
    struct text out = {0};
    uint32_t wanted = 0;
    text_puts(&out, "");
    cr_assert(input, "%s", err.text);
    for (; paths[wanted]; wanted++)
        cr_assert_eq(input_want(input, paths[wanted], &err), (int)wanted, "%s", err.text);
    for (int pass = 0; pass < 2; pass++) {
        const struct builder_value *row;
        const char *reason;
        enum input_result result;
        text_clear(&out);
        cr_assert_eq(input_rewind(input, &err), 0);
        while ((result = input_next(input, &row, &reason, &err)) <= INPUT_REJECTED) {
            if (result == INPUT_REJECTED)
                text_printf(&out, "!%s;", reason);
            for (uint32_t i = 0; i < wanted && result == INPUT_ROW; i++) {
                text_printf(&out, "%s%c", i ? "|" : "", kinds[row[i].kind]);
                if (row[i].kind == BUILDER_TEXT || row[i].kind == BUILDER_NUMBER)
                    text_add(&out, row[i].text.data, row[i].text.size);
            }
            text_puts(&out, result == INPUT_ROW ? ";" : "");
        }
        if (result == INPUT_ERROR)
            text_printf(&out, "E %s", err.place);
    }
    input_close(input);
    unlink(path);
    free(path);
    return out.data;
}

static void expect(const char *name, const char *content, const char *const *paths,
                   const char *expected)
{
    char *got = rows(name, content, paths);
    cr_expect_str_eq(got, expected, "%s instead of %s", got, expected);
    free(got);
}

Test(input, csv_and_events_give_the_same_values)
{
    static const char *const paths[] = {"/features/x", "/features/c", NULL};
    expect(".csv", "x,c\n1.5,a\n,NA\nnan, b \n", paths, "'1.5|'a;-|-;N|'b;");
}

Test(input, events)
{
    static const char *const paths[] = {"/a", "/b/c", NULL};
    expect(
        ".ndjson",
        "{\"a\":1.50,\"b\":{\"c\":\"x\"}}\n{\"a\":null}\nrubbish\n{\"a\":NaN,\"b\":{\"c\":[1]}}\n"
        "{\"partition\":1,\"offset\":7,\"value\":{\"a\":true,\"b\":{\"c\":1e999}}}\n",
        paths, "#1.50|'x;0|-;!syntax;N|{;t|I;");
}

Test(input, format_by_first_byte)
{
    static const char *const paths[] = {"/a", NULL};
    expect(".txt", "{\"a\":2}\n", paths, "#2;");
    expect(".txt", "a;b\n2;3\n", paths, "'2;");
    expect(".tsv", "b\ta\n2\t3\n", paths, "'3;");
}

Test(input, damaged_csv_is_an_error_with_its_line)
{
    static const char *const paths[] = {"/a", NULL};
    expect(".csv", "a,b\n1,2\n3\n", paths, "'1;E line 3");
}

Test(input, two_columns_of_one_name_are_refused)
{
    struct err err = {0};
    char *path = write_file(".csv", "a,b, a\n1,2,3\n");
    cr_assert_null(input_open(path, NULL, 0, &err));
    cr_assert_eq(err.code, ERR_INVALID);
    cr_assert(strstr(err.text, "columns 1 and 3 are both \"a\""), "%s", err.text);
    unlink(path);
    free(path);
}

Test(input, what_cannot_be_opened)
{
    struct err err = {0};
    cr_expect_not(input_open("/nonexistent/file.csv", NULL, 0, &err));
    cr_expect_eq(err.code, ERR_NOT_FOUND);
    cr_expect_not(input_open("/tmp", NULL, 0, &err));
    char *path = write_file(".csv", "");
    cr_expect_not(input_open(path, NULL, 0, &err));
    cr_expect_eq(err.code, ERR_INVALID);
    unlink(path);
    free(path);
    path = write_file(".csv", "a\n1\n");
    struct input *input = input_open(path, NULL, 0, &err);
    cr_assert(input);
    cr_expect_eq(input_want(input, "/b", &err), ERR_NOT_FOUND);
    input_close(input);
    unlink(path);
    free(path);
}

Test(input, times)
{
    struct builder_value text = {.kind = BUILDER_TEXT, .text = bytes_of("2026-11-23T06:00:00Z")};
    struct builder_value digits = {.kind = BUILDER_TEXT, .text = bytes_of("1700000000")};
    struct builder_value number = {.kind = BUILDER_NUMBER, .number = 1.7e12};
    struct builder_value word = {.kind = BUILDER_TEXT, .text = bytes_of("noon")};
    struct builder_value none = {.kind = BUILDER_NULL};
    struct event_time time;
    cr_assert(input_time(&text, &time));
    cr_expect_eq(time.ms, INT64_C(1795413600000));
    cr_assert(input_time(&digits, &time));
    cr_expect_eq(time.ms, INT64_C(1700000000000));
    cr_assert(input_time(&number, &time));
    cr_expect_eq(time.ms, INT64_C(1700000000000));
    cr_expect_not(input_time(&word, &time));
    cr_expect_not(input_time(&none, &time));
}

Test(input, pointers)
{
    struct text text = {0};
    pointer_last("/features/a~1b~0c", &text);
    cr_expect_str_eq(text.data, "a/b~c");
    text_clear(&text);
    pointer_escape(&text, bytes_of("a/b~c"));
    cr_expect_str_eq(text.data, "a~1b~0c");
    text_release(&text);
}
