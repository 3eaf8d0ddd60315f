#include <criterion/criterion.h>

#include "base/mem.h"
#include "baseline/csv.h"
#include "support/random.h"

/* All rows as "cell|cell;cell|cell;", or "! line N: text". Fed in chunks of `chunk` bytes. */
static char *parse(const char *input, size_t size, size_t chunk)
{
    struct csv *csv = csv_new(',');
    struct text out = {0};
    struct csv_row row;
    struct err err;
    char *copy = NULL;
    size_t at = 0;
    text_puts(&out, "");
    for (;;) {
        enum csv_result result = csv_next(csv, &row, &err);
        if (result == CSV_ROW) {
            for (uint32_t i = 0; i < row.count; i++) {
                text_puts(&out, i ? "|" : "");
                text_add(&out, row.cells[i].data, row.cells[i].size);
            }
            text_puts(&out, ";");
        } else if (result == CSV_MORE) {
            size_t left = size - at < chunk ? size - at : chunk;
            /* Each chunk in memory of its own, so that a view that is kept too long is seen. */
            free(copy);
            copy = mem_text(bytes_make(input + at, left));
            if (left)
                csv_feed(csv, bytes_make(copy, left));
            else
                csv_end(csv);
            at += left;
        } else {
            if (result == CSV_ERROR) {
                text_printf(&out, "! %s: %s", err.place, err.text);
                cr_expect_eq(csv_next(csv, &row, &err), CSV_ERROR);
            }
            break;
        }
    }
    free(copy);
    csv_free(csv);
    return out.data;
}

static const struct {
    const char *input, *output;
} cases[] = {
    {"", ""},
    {"a", "a;"},
    {"a,b\n1,2\n", "a|b;1|2;"},
    {"a,b\r\n1,2\r\n", "a|b;1|2;"},
    {"a,b\n1,2", "a|b;1|2;"},
    {"a,b\r\n1,2\r", "a|b;1|2;"},
    {"a,b\n,\n", "a|b;|;"},
    {"a,b\n\"\",x\n", "a|b;|x;"},
    {"a\n\n\n1\n\n", "a;1;"},
    {"\"a\",\"b\"\n\"x,y\",\"l1\nl2\"\n", "a|b;x,y|l1\nl2;"},
    {"a\n\"say \"\"hi\"\"\"\n", "a;say \"hi\";"},
    {"a\n\"\"\"\"\n", "a;\";"},
    {"\xef\xbb\xbf\"id\",b\n1,2\n", "id|b;1|2;"},
    {"\xef\xbb\xbf", ""},
    {"\xef\xbbx,b\n1,2\n", "\xef\xbbx|b;1|2;"},
    {"a,b\n1\n", "a|b;! line 2: CSV: a row has not as many cells as the header"},
    {"a\n1,2\n", "a;! line 2: CSV: a row has not as many cells as the header"},
    {"a\nx\"y\n", "a;! line 2: CSV: there is a quote inside a cell without quotes"},
    {"a\n\"x\"y\n", "a;! line 2: CSV: there is text after a closing quote"},
    {"a\n\"x\ny", "a;! line 3: CSV: the file ends inside quotes"},
    {"a\nx\ry\n", "a;! line 2: CSV: there is a carriage return inside a line"},
    {"a,b,\n1,2,3\n", "a|b|;1|2|3;"},
};

Test(csv, table)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t size = strlen(cases[i].input);
        for (size_t chunk = 1; chunk <= size + 1; chunk++) {
            char *output = parse(cases[i].input, size, chunk);
            cr_expect_str_eq(output, cases[i].output, "case %zu, chunks of %zu: %s", i, chunk,
                             output);
            free(output);
        }
    }
}

Test(csv, line_of_a_row_counts_lines_inside_quotes)
{
    struct csv *csv = csv_new(';');
    struct csv_row row;
    csv_feed(csv, bytes_of("a;b\n\"1\n2\";3\n4;5\n"));
    cr_assert_eq(csv_next(csv, &row, NULL), CSV_ROW);
    cr_expect_eq(row.line, 1);
    cr_assert_eq(csv_next(csv, &row, NULL), CSV_ROW);
    cr_expect_eq(row.line, 2);
    cr_assert_eq(csv_next(csv, &row, NULL), CSV_ROW);
    cr_expect_eq(row.line, 4);
    cr_expect_eq(csv_next(csv, &row, NULL), CSV_MORE);
    csv_free(csv);
}

Test(csv, a_row_has_a_ceiling)
{
    struct csv *csv = csv_new(',');
    struct csv_row row;
    struct err err;
    char *block = mem_new(1 << 20, 1);
    memset(block, 'x', 1 << 20);
    enum csv_result result = CSV_MORE;
    for (int i = 0; i < 6 && result == CSV_MORE; i++) {
        csv_feed(csv, bytes_make(block, 1 << 20));
        result = csv_next(csv, &row, &err);
    }
    cr_expect_eq(result, CSV_ERROR);
    cr_expect_eq(err.code, ERR_LIMIT);
    memset(block, ',', 1 << 20);
    csv_free(csv);
    csv = csv_new(',');
    csv_feed(csv, bytes_make(block, 1 << 20));
    cr_expect_eq(csv_next(csv, &row, &err), CSV_ERROR);
    cr_expect_eq(err.code, ERR_LIMIT);
    csv_free(csv);
    free(block);
}

Test(csv, any_bytes_end_in_rows_or_an_error)
{
    static const char alphabet[] = "a,\"\n\r;\xef\xbb\xbf\0";
    struct random random = random_new(21);
    for (int i = 0; i < 5000; i++) {
        char input[40];
        size_t size = random_below(&random, sizeof input);
        for (size_t k = 0; k < size; k++)
            input[k] = alphabet[random_below(&random, sizeof alphabet)];
        char *one = parse(input, size, 1), *all = parse(input, size, size + 1);
        cr_assert_str_eq(one, all);
        free(one);
        free(all);
    }
}

Test(csv, separator_is_guessed_from_the_first_line)
{
    cr_expect_eq(csv_separator(bytes_of("a,b\n;;;;")), ',');
    cr_expect_eq(csv_separator(bytes_of("\"a,b,c\";d;e\n")), ';');
    cr_expect_eq(csv_separator(bytes_of("a\tb\tc,d")), '\t');
    cr_expect_eq(csv_separator(bytes_of("a")), ',');
    cr_expect_eq(csv_separator(bytes_make(NULL, 0)), ',');
}
