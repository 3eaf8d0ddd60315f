#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/metrics_verdicts.h"
#include "support/random.h"

static struct verdict_book book;

static void tear_down(void)
{
    verdict_book_release(&book);
}

TestSuite(metrics_verdicts, .fini = tear_down);

static void put(const char *field, int64_t end_ms, int64_t n)
{
    const struct verdict_key key = {
        .version = "7", .segment = "", .field = field, .window_ms = HOUR_MS};
    const struct verdict_values values = {.n = n};
    verdict_book_put(&book, &key, end_ms, &values);
}

Test(metrics_verdicts, the_latest_is_kept)
{
    put("amount", 1000, 1);
    put("amount", 2000, 2);
    put("amount", 1500, 3); /* read from the store after it was judged again */
    cr_assert_eq(book.count, 1);
    cr_assert_eq(book.items[0].end_ms, 2000);
    cr_assert_eq(book.items[0].values.n, 2);
    put("amount", 2000, 4);
    cr_assert_eq(book.items[0].values.n, 4, "the same window again");
}

/* Each part of the key makes another series; the strings are the book's own. */
Test(metrics_verdicts, keys)
{
    char version[] = "7", segment[] = "", field[] = "amount";
    const struct verdict_values values = {.n = 1};
    struct verdict_key key = {
        .version = version, .segment = segment, .field = field, .window_ms = HOUR_MS};
    verdict_book_put(&book, &key, 1, &values);
    version[0] = '8';
    verdict_book_put(&book, &key, 1, &values);
    field[0] = 'A';
    verdict_book_put(&book, &key, 1, &values);
    key.segment = "country=MX";
    verdict_book_put(&book, &key, 1, &values);
    key.window_ms *= 2;
    verdict_book_put(&book, &key, 1, &values);
    key.monitor = 1;
    verdict_book_put(&book, &key, 1, &values);
    cr_assert_eq(book.count, 6);
    verdict_book_put(&book, &key, 1, &values);
    cr_assert_eq(book.count, 6);
    cr_assert_str_eq(book.items[0].key.version, "7");
    cr_assert_str_eq(book.items[1].key.version, "8");
    cr_assert_str_eq(book.items[1].key.field, "amount");
    cr_assert_str_eq(book.items[2].key.field, "Amount");
    cr_assert_str_eq(book.items[5].key.segment, "country=MX");
}

Test(metrics_verdicts, a_full_book_refuses_and_counts)
{
    char field[16];
    for (int i = 0; i < VERDICT_SERIES_MAX + 5; i++) {
        snprintf(field, sizeof field, "f%d", i);
        put(field, 1, i);
    }
    cr_assert_eq(book.count, VERDICT_SERIES_MAX);
    cr_assert_eq(book.refused, 5);
    put("f0", 2, 77); /* what is kept goes on */
    cr_assert_eq(book.items[0].values.n, 77);
    cr_assert_eq(book.refused, 5);
}

static bool is_odd(void *context, const struct verdict_series *series)
{
    ++*(int *)context;
    return series->values.n % 2;
}

Test(metrics_verdicts, pruning_keeps_the_order)
{
    char field[16];
    int asked = 0;
    for (int i = 0; i < 1000; i++) {
        snprintf(field, sizeof field, "f%d", i);
        put(field, 1, i);
    }
    verdict_book_prune(&book, is_odd, &asked);
    cr_assert_eq(asked, 1000);
    cr_assert_eq(book.count, 500);
    for (uint32_t i = 0; i < book.count; i++)
        cr_assert_eq(book.items[i].values.n, 2 * i);
    put("f2", 5, 1002); /* found again */
    cr_assert_eq(book.count, 500);
    cr_assert_eq(book.items[1].values.n, 1002);
    put("f3", 5, 3); /* gone, so new */
    cr_assert_eq(book.count, 501);
}

static bool is_of(void *context, const struct verdict_series *series)
{
    return !strcmp(series->key.field, context);
}

/* Against a plain array. */
Test(metrics_verdicts, is_what_an_array_would_be)
{
    struct random random = random_new(7);
    int64_t expected[64];
    for (int i = 0; i < 64; i++)
        expected[i] = -1;
    for (int round = 0; round < 20000; round++) {
        uint32_t i = random_below(&random, 64);
        char field[16];
        snprintf(field, sizeof field, "field %u", i);
        if (random_below(&random, 5)) {
            put(field, round, round);
            expected[i] = round;
        } else {
            verdict_book_prune(&book, is_of, field);
            expected[i] = -1;
        }
        uint32_t count = 0;
        for (int k = 0; k < 64; k++)
            count += expected[k] >= 0;
        cr_assert_eq(book.count, count);
    }
    for (uint32_t i = 0; i < book.count; i++)
        cr_assert_eq(book.items[i].values.n,
                     expected[strtol(book.items[i].key.field + 6, NULL, 10)]);
}
