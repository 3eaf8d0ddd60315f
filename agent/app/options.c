/* Command-line options from a table. The same table parses and prints help, so they agree. */
#include "app/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_help(const char *usage, const char *about, const struct option *options)
{
    printf("usage: %s\n\n%s\n\noptions:\n", usage, about);
    for (const struct option *o = options; o->name; o++) {
        char left[64];
        snprintf(left, sizeof left, "%s%c%s--%s%s%s", o->letter ? "-" : " ",
                 o->letter ? o->letter : ' ', o->letter ? ", " : "  ", o->name,
                 o->value_name ? " " : "", o->value_name ? o->value_name : "");
        printf("  %-30s %s\n", left, o->help);
    }
    printf("  %-30s %s\n", "-h, --help", "this text");
}

static int usage_error(const char *usage, const char *what, const char *word)
{
    fprintf(stderr, "leeway: %s: %s\nusage: %s\n", what, word, usage);
    return EXIT_USAGE;
}

static const struct option *find_long(const struct option *options, const char *name, size_t size)
{
    for (const struct option *o = options; o->name; o++)
        if (strlen(o->name) == size && !memcmp(o->name, name, size))
            return o;
    return NULL;
}

static const struct option *find_letter(const struct option *options, char letter)
{
    for (const struct option *o = options; o->name; o++)
        if (o->letter && o->letter == letter)
            return o;
    return NULL;
}

static bool store_number(const char *text, int64_t *ret_number)
{
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno || end == text || *end)
        return false;
    *ret_number = number;
    return true;
}

/* False if the value does not fit the option. */
static bool store_value(const struct option *option, const char *value)
{
    switch (option->type) {
    case OPTION_FLAG:
        *(bool *)option->target = true;
        return true;
    case OPTION_TEXT:
        *(const char **)option->target = value;
        return true;
    case OPTION_NUMBER:
        return store_number(value, option->target);
    case OPTION_LIST: {
        struct option_values *values = option->target;
        if (values->count == OPTION_VALUES_MAX)
            return false;
        values->items[values->count++] = value;
        return true;
    }
    }
    return false;
}

/* Takes argv[*at] as an option, and argv[*at + 1] as its value if it needs one. */
static int take_option(int argc, char **argv, int *at, const char *usage,
                       const struct option *options)
{
    const char *word = argv[*at], *value = NULL;
    const struct option *option;
    if (word[1] == '-') {
        size_t size = strcspn(word + 2, "=");
        option = find_long(options, word + 2, size);
        value = word[2 + size] ? word + 3 + size : NULL;
    } else {
        option = find_letter(options, word[1]);
        value = word[2] ? word + 2 : NULL;
    }
    if (!option)
        return usage_error(usage, "unknown option", word);
    if (option->type == OPTION_FLAG && value)
        return usage_error(usage, "option takes no value", word);
    if (option->type != OPTION_FLAG && !value) {
        if (*at + 1 >= argc)
            return usage_error(usage, "option needs a value", word);
        value = argv[++*at];
    }
    return store_value(option, value) ? -1 : usage_error(usage, "invalid value for option", word);
}

int options_parse(int argc, char **argv, const char *usage, const char *about,
                  const struct option *options, struct option_values *ret_positional)
{
    bool only_positional = false;
    if (ret_positional)
        ret_positional->count = 0;
    for (int at = 1; at < argc; at++) {
        const char *word = argv[at];
        if (only_positional || word[0] != '-' || !word[1]) {
            if (!ret_positional)
                return usage_error(usage, "unexpected argument", word);
            if (ret_positional->count == OPTION_VALUES_MAX)
                return usage_error(usage, "too many arguments at", word);
            ret_positional->items[ret_positional->count++] = word;
        } else if (!strcmp(word, "--")) {
            only_positional = true;
        } else if (!strcmp(word, "-h") || !strcmp(word, "--help")) {
            print_help(usage, about, options);
            return EXIT_OK;
        } else {
            int code = take_option(argc, argv, &at, usage, options);
            if (code >= 0)
                return code;
        }
    }
    return -1;
}
