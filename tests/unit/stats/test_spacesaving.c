#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "stats/spacesaving.h"
#include "support/random.h"

enum { WORDS = 300 };

/* A word and its true weight. */
struct truth {
    char word[16];
    int64_t weight;
};

static void truth_init(struct truth *truth)
{
    for (int i = 0; i < WORDS; i++) {
        snprintf(truth[i].word, sizeof truth[i].word, "word %d", i);
        truth[i].weight = 0;
    }
}

/* Small numbers are frequent; half of a stream drifts to other words. */
static void feed(struct random *random, struct spacesaving *sketch, struct truth *truth, int events)
{
    for (int k = 0; k < events; k++) {
        double u = random_unit(random);
        int i = (int)(u * u * u * (k % 2 ? WORDS : WORDS / 2));
        int64_t weight = 1 + random_below(random, 3);
        truth[i].weight += weight;
        spacesaving_add(sketch, bytes_of(truth[i].word), weight);
    }
}

static const struct spacesaving_item *find(const struct spacesaving *sketch, const char *word)
{
    for (uint32_t i = 0; i < sketch->size; i++) {
        struct bytes bytes = bytes_make(sketch->items[i].data, sketch->items[i].size);
        if (bytes_equal(bytes, bytes_of(word)))
            return &sketch->items[i];
    }
    return NULL;
}

static void check_promise(const struct spacesaving *sketch, const struct truth *truth)
{
    int64_t total = 0;
    for (int i = 0; i < WORDS; i++) {
        const struct spacesaving_item *item = find(sketch, truth[i].word);
        total += truth[i].weight;
        if (!item) {
            cr_expect_leq(truth[i].weight, sketch->floor, "%s is not held", truth[i].word);
            continue;
        }
        cr_expect_leq(truth[i].weight, item->count, "%s", truth[i].word);
        cr_expect_geq(truth[i].weight, item->count - item->error, "%s", truth[i].word);
    }
    cr_expect_eq(total, sketch->total);
}

Test(spacesaving, counts_and_errors_bound_the_truth)
{
    struct random random = random_new(81);
    for (uint32_t capacity = 1; capacity <= 64; capacity += 9) {
        struct spacesaving sketch;
        struct truth truth[WORDS];
        truth_init(truth);
        spacesaving_init(&sketch, capacity);
        feed(&random, &sketch, truth, 4000);
        check_promise(&sketch, truth);
        cr_expect_leq(sketch.floor, sketch.total / capacity);
        for (uint32_t i = 0; i < sketch.size; i++)
            cr_expect_leq(sketch.items[i].error, sketch.floor);
    }
}

Test(spacesaving, merging_keeps_the_promise)
{
    struct random random = random_new(82);
    for (int round = 0; round < 60; round++) {
        struct truth truth[WORDS];
        struct spacesaving parts[4];
        truth_init(truth);
        for (int k = 0; k < 4; k++) {
            spacesaving_init(&parts[k], 1 + random_below(&random, 64));
            feed(&random, &parts[k], truth, (int)random_below(&random, 600));
        }
        spacesaving_merge(&parts[0], &parts[1]);
        spacesaving_merge(&parts[2], &parts[3]);
        spacesaving_merge(&parts[0], &parts[2]);
        check_promise(&parts[0], truth);
        feed(&random, &parts[0], truth, 300);
        check_promise(&parts[0], truth);
    }
}

Test(spacesaving, few_strings_are_exact_and_ordered)
{
    struct spacesaving sketch, other;
    spacesaving_init(&sketch, 8);
    spacesaving_init(&other, 8);
    static const char *const words[] = {"b", "a", "", "aa", "b", "b", "a"};
    for (int i = 0; i < 7; i++)
        spacesaving_add(i % 2 ? &sketch : &other, bytes_of(words[i]), 1);
    spacesaving_merge(&sketch, &other);
    spacesaving_sort(&sketch);
    static const char *const sorted[] = {"b", "a", "", "aa"};
    static const int64_t counts[] = {3, 2, 1, 1};
    cr_assert_eq(sketch.size, 4u);
    for (int i = 0; i < 4; i++) {
        struct bytes bytes = bytes_make(sketch.items[i].data, sketch.items[i].size);
        cr_expect(bytes_equal(bytes, bytes_of(sorted[i])) && sketch.items[i].count == counts[i]);
        cr_expect_eq(sketch.items[i].error, 0);
    }
    cr_expect(sketch.floor == 0 && sketch.total == 7);
}

Test(spacesaving, long_strings_are_cut_between_characters)
{
    struct spacesaving sketch;
    spacesaving_init(&sketch, 4);
    char text[100];
    memset(text, 'x', sizeof text);
    memcpy(text + 62, "\xe2\x82\xac", 3); /* the sign would end at 65 */
    spacesaving_add(&sketch, bytes_make(text, 100), 1);
    cr_expect_eq(sketch.items[0].size, 62u);
    memset(text, 'x', sizeof text);
    spacesaving_add(&sketch, bytes_make(text, 64), 1);
    spacesaving_add(&sketch, bytes_make(text, 65), 1);
    cr_expect(sketch.size == 2 && sketch.items[1].count == 2);
}

Test(spacesaving, hostile_numbers)
{
    struct spacesaving sketch;
    spacesaving_init(&sketch, 0);
    cr_expect_eq(sketch.capacity, 1u);
    spacesaving_init(&sketch, UINT32_MAX);
    cr_expect_eq(sketch.capacity, (uint32_t)SPACESAVING_ITEMS_MAX);
    spacesaving_add(&sketch, bytes_of("none"), 0);
    spacesaving_add(&sketch, bytes_of("less"), INT64_MIN);
    cr_expect(sketch.size == 0 && sketch.total == 0);
    spacesaving_add(&sketch, bytes_of("much"), INT64_MAX);
    spacesaving_add(&sketch, bytes_of("much"), INT64_MAX);
    spacesaving_add(&sketch, bytes_make(NULL, 0), 1);
    cr_expect(sketch.items[0].count == INT64_MAX && sketch.total == INT64_MAX);
    struct spacesaving other = sketch;
    spacesaving_merge(&sketch, &other);
    cr_expect(sketch.items[0].count == INT64_MAX && sketch.size == 2);
}
