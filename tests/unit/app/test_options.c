/* Options in all their forms, and what is said about wrong ones. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/options.h"
#include "base/mem.h"

static const char *file;
static bool flag, second;
static int64_t number;
static struct option_values list, rest;
static char printed[4096], complained[4096];

static const struct option table[] = {{"file", 'f', OPTION_TEXT, &file, "FILE", "a file"},
                                      {"flag", 'x', OPTION_FLAG, &flag, NULL, "a flag"},
                                      {"second", 0, OPTION_FLAG, &second, NULL, "another"},
                                      {"number", 'n', OPTION_NUMBER, &number, "N", "a number"},
                                      {"list", 'l', OPTION_LIST, &list, "ITEM", "again and again"},
                                      {0}};

static void take(FILE *stream, int fd, int kept, FILE *captured, char *ret, size_t size)
{
    fflush(stream);
    dup2(kept, fd);
    close(kept);
    rewind(captured);
    ret[fread(ret, 1, size - 1, captured)] = '\0';
    fclose(captured);
}

static void forget(void)
{
    free((char *)file);
    for (uint32_t i = 0; i < list.count; i++)
        free((char *)list.items[i]);
    for (uint32_t i = 0; i < rest.count; i++)
        free((char *)rest.items[i]);
    file = NULL;
    list.count = rest.count = 0;
}

/* Words are separated by one space; "_" is an empty word. */
static int parse(const char *line)
{
    char words[8192], *argv[256] = {0}, *save = NULL;
    int argc = 0;
    forget();
    FILE *out = tmpfile(), *err = tmpfile();
    int kept_out = dup(STDOUT_FILENO), kept_err = dup(STDERR_FILENO);
    snprintf(words, sizeof words, "%s", line);
    for (char *word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save))
        argv[argc++] = strcmp(word, "_") ? word : word + 1;
    dup2(fileno(out), STDOUT_FILENO);
    dup2(fileno(err), STDERR_FILENO);
    int code = options_parse(argc, argv, "leeway test [options]", "About it.", table, &rest);
    take(stdout, STDOUT_FILENO, kept_out, out, printed, sizeof printed);
    take(stderr, STDERR_FILENO, kept_err, err, complained, sizeof complained);
    /* what was stored points into `words` */
    file = file ? mem_copy(file) : NULL;
    for (uint32_t i = 0; i < list.count; i++)
        list.items[i] = mem_copy(list.items[i]);
    for (uint32_t i = 0; i < rest.count; i++)
        rest.items[i] = mem_copy(rest.items[i]);
    return code;
}

TestSuite(options, .fini = forget);

Test(options, nothing)
{
    cr_assert_eq(parse("test"), -1);
    cr_assert(!file && !flag && number == 0 && list.count == 0 && rest.count == 0);
    cr_assert_str_eq(printed, "");
    cr_assert_str_eq(complained, "");
}

Test(options, long_forms)
{
    cr_assert_eq(parse("test --file a --flag --number=-7 --list=x --list y --second"), -1);
    cr_assert_str_eq(file, "a");
    cr_assert(flag && second && number == -7 && list.count == 2);
    cr_assert_str_eq(list.items[0], "x");
    cr_assert_str_eq(list.items[1], "y");
}

Test(options, short_forms)
{
    cr_assert_eq(parse("test -f a -x -n5 -l x -ly"), -1);
    cr_assert_str_eq(file, "a");
    cr_assert(flag && number == 5 && list.count == 2);
    cr_assert_str_eq(list.items[1], "y");
}

Test(options, values_may_look_like_anything)
{
    cr_assert_eq(parse("test --file --flag -n -5 --list=a=b"), -1);
    cr_assert_str_eq(file, "--flag");
    cr_assert(!flag && number == -5);
    cr_assert_str_eq(list.items[0], "a=b");
}

Test(options, an_empty_value_is_a_value)
{
    cr_assert_eq(parse("test --file="), -1);
    cr_assert_str_eq(file, "");
}

Test(options, the_last_one_counts)
{
    cr_assert_eq(parse("test --number 1 --number 2"), -1);
    cr_assert_eq(number, 2);
}

Test(options, the_rest_keeps_its_order)
{
    cr_assert_eq(parse("test a --flag - b -- --file -x --"), -1);
    cr_assert_eq(rest.count, 6);
    cr_assert_str_eq(rest.items[0], "a");
    cr_assert_str_eq(rest.items[1], "-");
    cr_assert_str_eq(rest.items[3], "--file");
    cr_assert_str_eq(rest.items[5], "--");
    cr_assert(flag && !file);
}

Test(options, empty_words_are_arguments)
{
    cr_assert_eq(parse("test _"), -1);
    cr_assert_eq(rest.count, 1);
}

Test(options, wrong_ones)
{
    static const struct {
        const char *line, *complaint;
    } cases[] = {
        {"test --unknown", "unknown option: --unknown"},
        {"test --fil a", "unknown option: --fil"},
        {"test --files a", "unknown option: --files"},
        {"test --=a", "unknown option: --=a"},
        {"test -y", "unknown option: -y"},
        {"test -hx", "unknown option: -hx"},
        {"test --flag=yes", "option takes no value: --flag=yes"},
        {"test -xy", "option takes no value: -xy"},
        {"test --file", "option needs a value: --file"},
        {"test -n", "option needs a value: -n"},
        {"test --number=", "invalid value for option: --number="},
        {"test --number seven", "invalid value for option: --number"},
        {"test --number 7x", "invalid value for option: --number"},
        {"test --number 9223372036854775808", "invalid value for option"},
        {"test --number 1.5", "invalid value for option"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_expect_eq(parse(cases[i].line), EXIT_USAGE, "%s", cases[i].line);
        cr_expect(strstr(complained, cases[i].complaint), "%s: %s", cases[i].line, complained);
        cr_expect(strstr(complained, "usage: leeway test [options]\n"), "%s", complained);
        cr_expect_str_eq(printed, "");
    }
}

Test(options, too_many)
{
    struct text line = {0};
    text_puts(&line, "test");
    for (int i = 0; i < OPTION_VALUES_MAX; i++)
        text_puts(&line, " -l a b");
    cr_assert_eq(parse(line.data), -1);
    cr_assert(list.count == OPTION_VALUES_MAX && rest.count == OPTION_VALUES_MAX);
    text_puts(&line, " b");
    cr_assert_eq(parse(line.data), EXIT_USAGE);
    cr_assert(strstr(complained, "too many arguments at: b"), "%s", complained);
    text_release(&line);
}

Test(options, help)
{
    static const char *const lines[] = {"test --help", "test -h", "test a --flag -h --unknown"};
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(parse(lines[i]), EXIT_OK, "%s", lines[i]);
        cr_assert_str_eq(complained, "");
        cr_assert_eq(strncmp(printed, "usage: leeway test [options]\n\nAbout it.\n", 40), 0);
        for (const struct option *o = table; o->name; o++)
            cr_assert(strstr(printed, o->name) && strstr(printed, o->help), "%s", o->name);
        cr_assert(strstr(printed, "-f, --file FILE"), "%s", printed);
        cr_assert(strstr(printed, "-h, --help"));
    }
    cr_assert_eq(parse("test -- --help"), -1);
}
