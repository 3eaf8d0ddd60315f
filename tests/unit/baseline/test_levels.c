#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>

#include "baseline/baseline.h"
#include "baseline/levels.h"
#include "support/random.h"

static void add(struct levels *levels, const char *prefix, unsigned number)
{
    char text[64];
    int size = snprintf(text, sizeof text, "%s%u", prefix, number);
    levels_add(levels, bytes_make(text, (size_t)size));
}

Test(levels, exact_below_the_ceiling)
{
    struct levels *levels = levels_new(5000);
    struct levels_summary summary;
    uint32_t count;
    for (unsigned i = 1; i <= 3000; i++) {
        for (unsigned k = 0; k < 1 + i % 3; k++)
            add(levels, "t", i);
    }
    levels_summarize(levels, &summary);
    cr_expect(summary.exact);
    cr_expect_eq(summary.distinct, 3000);
    cr_expect_eq(summary.singletons, 1000);
    cr_expect_eq(summary.doubletons, 1000);
    const struct level_entry *entries = levels_sorted(levels, &count);
    cr_assert_eq(count, 3000);
    for (uint32_t i = 1; i < count; i++)
        cr_assert(entries[i - 1].count > entries[i].count ||
                  (entries[i - 1].count == entries[i].count &&
                   strcmp(entries[i - 1].text, entries[i].text) < 0));
    add(levels, "t", 1);
    levels_summarize(levels, &summary);
    cr_expect_eq(summary.distinct, 3000, "still found after sorting");
    levels_free(levels);
}

Test(levels, beyond_the_ceiling_the_frequent_ones_are_kept_and_the_rest_is_estimated)
{
    struct random random = random_new(71);
    struct levels *levels = levels_new(1000);
    struct levels_summary summary;
    uint32_t count, found = 0;
    enum { DISTINCT = 200000 };
    /* 100,000 singletons, 100,000 doubletons, and 20 texts that come late with 1 % each. */
    for (unsigned i = 0; i < DISTINCT; i++) {
        add(levels, "rare", i);
        if (i % 2)
            add(levels, "rare", i);
    }
    for (unsigned i = 0; i < 60000; i++)
        add(levels, "frequent", random_below(&random, 20));
    levels_summarize(levels, &summary);
    cr_expect_not(summary.exact);
    cr_expect_float_eq((double)summary.distinct, DISTINCT, DISTINCT * 0.05);
    cr_expect_float_eq((double)summary.singletons, DISTINCT / 2, DISTINCT * 0.03);
    cr_expect_float_eq((double)summary.doubletons, DISTINCT / 2, DISTINCT * 0.03);
    const struct level_entry *entries = levels_sorted(levels, &count);
    cr_expect_leq(count, 1000);
    for (uint32_t i = 0; i < 20 && i < count; i++)
        found += strncmp(entries[i].text, "frequent", 8) == 0;
    cr_expect_eq(found, 20);
    levels_free(levels);
}

/* A share above 2 / cap is enough, however many others come and go. */
Test(levels, moderately_frequent_texts_survive)
{
    struct levels *levels = levels_new(1000);
    uint32_t count, found = 0;
    for (unsigned i = 0; i < 200000; i++) {
        add(levels, "rare", i);
        if (i % 12 == 0)
            add(levels, "moderate", i / 12 % 20);
    }
    const struct level_entry *entries = levels_sorted(levels, &count);
    for (uint32_t i = 0; i < 20 && i < count; i++)
        found += strncmp(entries[i].text, "moderate", 8) == 0;
    cr_expect_eq(found, 20);
    levels_free(levels);
}

Test(levels, long_texts_with_the_same_beginning_are_different)
{
    char text[2 * LEVEL_MAX_BYTES];
    struct levels *levels = levels_new(100);
    struct levels_summary summary;
    uint32_t count;
    memset(text, 'x', sizeof text);
    levels_add(levels, bytes_make(text, sizeof text));
    levels_add(levels, bytes_make(text, sizeof text));
    levels_add(levels, bytes_make(text, sizeof text - 1));
    text[sizeof text - 1] = 'y';
    levels_add(levels, bytes_make(text, sizeof text));
    levels_add(levels, bytes_make(NULL, 0));
    levels_summarize(levels, &summary);
    cr_expect_eq(summary.distinct, 4);
    cr_expect_eq(summary.doubletons, 1);
    const struct level_entry *entries = levels_sorted(levels, &count);
    cr_expect_eq(strlen(entries[0].text), LEVEL_MAX_BYTES);
    cr_expect_eq(entries[0].size, sizeof text);
    levels_free(levels);
    levels_free(NULL);
}
