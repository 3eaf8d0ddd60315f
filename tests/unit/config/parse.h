/* What the tests of this folder share: files, a fixed environment, parsing. */
#ifndef LEEWAY_TESTS_CONFIG_PARSE_H
#define LEEWAY_TESTS_CONFIG_PARSE_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/config.h"

#define CONFIG_DATA TEST_DATA "/config/"

static inline const char *test_getvar(const char *name)
{
    static const char *const variables[][2] = {
        {"MODEL", "fraud"},
        {"EMPTY", ""},
        {"PASSWORD", "a: b # \"{}[] ${MODEL}"},
        {"STRUCTURE", "x, external_url: y"},
        {"NULL_WORD", "null"},
        {"BAD_UTF8", "\xff"},
    };
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        if (strcmp(variables[i][0], name) == 0)
            return variables[i][1];
    return NULL;
}

static inline struct text test_read(const char *path)
{
    struct text text = {0};
    char block[4096];
    FILE *file = fopen(path, "rb");
    cr_assert(file, "cannot open %s", path);
    for (size_t size; (size = fread(block, 1, sizeof block, file)) > 0;)
        text_add(&text, block, size);
    fclose(file);
    return text;
}

/* Fails the test with the first problem if there is any. */
static inline struct config *test_parse(const char *yaml, const char *path)
{
    struct config_problems problems;
    char line[800] = "";
    struct config *config = config_parse(bytes_of(yaml), path, test_getvar, &problems);
    if (problems.count)
        err_line(&problems.items[0], line, sizeof line);
    cr_assert(config, "%s", line);
    cr_assert_eq(problems.count, 0);
    config_problems_release(&problems);
    return config;
}

#define ONE_MONITOR "monitors: [{ monitor: a, topics: [t] }]\n"

#endif
