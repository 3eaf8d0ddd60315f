#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "decode/plan.h"

static struct decode_plan *plan;

static void setup(void)
{
    plan = decode_plan_new(&decode_limits_default);
}

static void teardown(void)
{
    decode_plan_free(plan);
}

TestSuite(plan, .init = setup, .fini = teardown);

static int want(const char *pointer)
{
    struct err err = {0};
    int slot = decode_plan_want(plan, bytes_of(pointer), &err);
    cr_assert_eq(err.code, slot < 0 ? slot : 0, "%s: %s", pointer, err.text);
    return slot;
}

static int count_unknown(const char *pointer)
{
    return decode_plan_count_unknown(plan, bytes_of(pointer), NULL);
}

Test(plan, slots_are_counted_from_zero_and_shared)
{
    cr_assert_eq(want("/a"), 0);
    cr_assert_eq(want("/b/c"), 1);
    cr_assert_eq(want("/a"), 0);
    cr_assert_eq(want("/b"), 2);
    cr_assert_eq(want("/b/c"), 1);
    cr_assert_eq(decode_plan_slots(plan), 3);
    cr_assert_eq(decode_plan_counters(plan), 0);
}

Test(plan, counters_are_numbered_apart)
{
    cr_assert_eq(count_unknown("/features"), 0);
    cr_assert_eq(count_unknown(""), 1);
    cr_assert_eq(count_unknown("/features"), 0);
    cr_assert_eq(want("/features"), 0);
    cr_assert_eq(decode_plan_counters(plan), 2);
    cr_assert_eq(decode_plan_slots(plan), 1);
}

Test(plan, malformed_pointers)
{
    static const char *const pointers[] = {
        "",        "a",    "a/b",   "#/a",    " /a",           "/~", "/a~", "/~2",
        "/a/~x/b", "/~~0", "/\xff", "/a\xc3", "/\xed\xa0\x80",
    };
    for (size_t i = 0; i < sizeof pointers / sizeof pointers[0]; i++)
        cr_assert_eq(want(pointers[i]), ERR_INVALID, "\"%s\"", pointers[i]);
    cr_assert_eq(count_unknown("a"), ERR_INVALID);
    cr_assert_eq(decode_plan_slots(plan), 0);
    cr_assert_eq(plan->nodes, 1, "a refused path leaves nothing behind");
}

Test(plan, the_error_may_be_left_out)
{
    cr_assert_eq(decode_plan_want(plan, bytes_of("x"), NULL), ERR_INVALID);
    cr_assert_eq(decode_plan_want(plan, bytes_make(NULL, 0), NULL), ERR_INVALID);
}

Test(plan, paths_that_no_record_could_hold)
{
    char pointer[256] = "/";
    memset(pointer + 1, 'k', 128);
    cr_assert_geq(want(pointer), 0, "128 bytes are the limit");
    strncat(pointer, "k", 2);
    cr_assert_eq(want(pointer), ERR_LIMIT);
    cr_assert_geq(want("/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16"), 0);
    uint32_t nodes = plan->nodes;
    cr_assert_eq(want("/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17"), ERR_LIMIT);
    cr_assert_eq(plan->nodes, nodes);
}

Test(plan, no_more_than_8192_slots)
{
    char pointer[32];
    for (int i = 0; i < 8192; i++) {
        snprintf(pointer, sizeof pointer, "/features/f%d", i);
        cr_assert_eq(want(pointer), i);
    }
    uint32_t nodes = plan->nodes;
    cr_assert_eq(want("/features/g"), ERR_LIMIT);
    cr_assert_eq(want("/features"), ERR_LIMIT, "it is on the way, but was not wanted");
    cr_assert_eq(want("/features/f17"), 17);
    cr_assert_eq(plan->nodes, nodes);
    cr_assert_eq(count_unknown("/features"), 0);
    decode_plan_compile(plan);
    cr_assert_eq(decode_plan_slots(plan), 8192);
}

Test(plan, tokens_are_unescaped)
{
    want("/a~1b/~0~1/~01/");
    struct plan_node *node = plan_find(plan, plan->root, bytes_of("a/b"));
    cr_assert(node);
    node = plan_find(plan, node, bytes_of("~/"));
    cr_assert(node);
    node = plan_find(plan, node, bytes_of("~1"));
    cr_assert(node);
    node = plan_find(plan, node, bytes_of(""));
    cr_assert(node);
    cr_assert_eq(node->slot, 0);
    cr_assert_null(plan_find(plan, plan->root, bytes_of("a~1b")));
}

Test(plan, find_knows_parents_apart)
{
    want("/a/x");
    want("/b/y");
    struct plan_node *a = plan_find(plan, plan->root, bytes_of("a"));
    struct plan_node *b = plan_find(plan, plan->root, bytes_of("b"));
    cr_assert(plan_find(plan, a, bytes_of("x")) && plan_find(plan, b, bytes_of("y")));
    cr_assert_null(plan_find(plan, a, bytes_of("y")));
    cr_assert_null(plan_find(plan, b, bytes_of("x")));
    cr_assert_null(plan_find(plan, plan->root, bytes_of("x")));
}

static bool matches(const char *key, const char *record)
{
    char buffer[256] = {0};
    cr_assert_lt(strlen(record), sizeof buffer - 160);
    memcpy(buffer, record, strlen(record));
    return plan_node_matches(plan_find(plan, plan->root, bytes_of(key)), buffer);
}

Test(plan, a_node_matches_its_key_with_the_quote_and_nothing_else)
{
    static const char *const keys[] = {"",
                                       "a",
                                       "fourteen bytes",
                                       "fifteen bytes..",
                                       "sixteen bytes...",
                                       "seventeen bytes..",
                                       "a key that is longer than two blocks"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char pointer[64], record[64];
        snprintf(pointer, sizeof pointer, "/%s", keys[i]);
        want(pointer);
        snprintf(record, sizeof record, "%s\":1", keys[i]);
        cr_assert(matches(keys[i], record), "%s", record);
        snprintf(record, sizeof record, "%s.\":1", keys[i]);
        cr_assert_not(matches(keys[i], record), "%s", record);
        snprintf(record, sizeof record, "%s", keys[i]);
        cr_assert_not(matches(keys[i], record), "%s", record);
        for (size_t at = 0; at < strlen(keys[i]); at++) {
            snprintf(record, sizeof record, "%s\":1", keys[i]);
            record[at] ^= 1;
            cr_assert_not(matches(keys[i], record), "%s", record);
        }
    }
}

/* Otherwise raw bytes that are no JSON would be taken for the key. */
Test(plan, keys_that_need_escapes_are_not_plain)
{
    want("/a\"b");
    want("/a\\b");
    want("/a\nb");
    want("/a\x7f");
    cr_assert_not(plan_find(plan, plan->root, bytes_of("a\"b"))->plain);
    cr_assert_not(plan_find(plan, plan->root, bytes_of("a\\b"))->plain);
    cr_assert_not(plan_find(plan, plan->root, bytes_of("a\nb"))->plain);
    cr_assert(plan_find(plan, plan->root, bytes_of("a\x7f"))->plain);
    cr_assert_eq(plan->root->first, plan_find(plan, plan->root, bytes_of("a\x7f")));
}

Test(plan, indexes_are_sorted_and_written_as_the_rfc_says)
{
    static const char *const pointers[] = {"/a/10", "/a/9",          "/a/0",         "/a/00",
                                           "/a/01", "/a/x",          "/b/3",         "/a/-",
                                           "/a/-1", "/a/1234567890", "/a/123456789", "/a/"};
    for (size_t i = 0; i < sizeof pointers / sizeof pointers[0]; i++)
        want(pointers[i]);
    decode_plan_compile(plan);
    struct plan_node *a = plan_find(plan, plan->root, bytes_of("a"));
    struct plan_node *b = plan_find(plan, plan->root, bytes_of("b"));
    static const uint32_t expected[] = {0, 9, 10, 123456789};
    cr_assert_eq(a->indexed_count, 4);
    for (unsigned i = 0; i < 4; i++)
        cr_assert_eq(a->indexed[i]->index, expected[i]);
    cr_assert_eq(b->indexed_count, 1);
    cr_assert_eq(b->indexed[0]->index, 3);
    cr_assert_eq(plan->root->indexed_count, 0);
}

Test(plan, free_takes_null_and_a_plan_that_was_not_compiled)
{
    decode_plan_free(NULL);
    want("/a"); /* the fixture frees it */
}
