#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "decode/keys.h"

enum { CAPACITY = 1000 };

static char texts[CAPACITY][8];

static struct bytes key(unsigned i)
{
    snprintf(texts[i], sizeof texts[i], "k%u", i);
    return bytes_of(texts[i]);
}

Test(keys, distinct_keys_are_taken_and_each_second_one_refused)
{
    struct keys keys;
    keys_init(&keys, CAPACITY);
    for (unsigned count = 1; count < 40; count++) {
        for (unsigned again = 0; again < count; again++) {
            keys_start(&keys, bytes_of("event"));
            struct keys_scope scope = keys_open(&keys);
            for (unsigned i = 0; i < count; i++)
                cr_assert(keys_add(&keys, &scope, key(i)), "key %u of %u", i, count);
            cr_assert_not(keys_add(&keys, &scope, key(again)), "key %u of %u again", again, count);
            keys_close(&keys, &scope);
        }
    }
    keys_release(&keys);
}

Test(keys, capacity_can_be_used_up)
{
    struct keys keys;
    keys_init(&keys, CAPACITY);
    for (unsigned event = 0; event < 5; event++) {
        keys_start(&keys, bytes_of("event"));
        struct keys_scope scope = keys_open(&keys);
        for (unsigned i = 0; i < CAPACITY; i++)
            cr_assert(keys_add(&keys, &scope, key(i)));
        keys_close(&keys, &scope);
    }
    keys_release(&keys);
}

Test(keys, objects_do_not_see_each_others_keys)
{
    struct keys keys;
    keys_init(&keys, CAPACITY);
    keys_start(&keys, bytes_of("event"));
    struct keys_scope outer = keys_open(&keys);
    for (unsigned i = 0; i < 20; i++) {
        cr_assert(keys_add(&keys, &outer, key(i)));
        struct keys_scope inner = keys_open(&keys);
        for (unsigned j = 0; j < 20; j++)
            cr_assert(keys_add(&keys, &inner, key(j)), "%u in %u", j, i);
        cr_assert_not(keys_add(&keys, &inner, key(i)));
        keys_close(&keys, &inner);
        cr_assert_not(keys_add(&keys, &outer, key(i / 2)));
    }
    keys_close(&keys, &outer);
    cr_assert_eq(keys.top, 0);
    keys_release(&keys);
}

Test(keys, a_prefix_or_the_empty_key_is_another_key)
{
    struct keys keys;
    keys_init(&keys, CAPACITY);
    keys_start(&keys, bytes_of("event"));
    struct keys_scope scope = keys_open(&keys);
    const char *text = "abcdefghijklmnop";
    for (size_t size = 0; size <= 16; size++)
        cr_assert(keys_add(&keys, &scope, bytes_make(text, size)));
    for (size_t size = 0; size <= 16; size++)
        cr_assert_not(keys_add(&keys, &scope, bytes_make(text, size)));
    keys_release(&keys);
}

Test(keys, no_capacity)
{
    struct keys keys;
    keys_init(&keys, 0);
    keys_start(&keys, bytes_of(""));
    struct keys_scope scope = keys_open(&keys);
    keys_close(&keys, &scope);
    keys_release(&keys);
}
