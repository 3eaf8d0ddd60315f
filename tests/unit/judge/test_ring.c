#include <criterion/criterion.h>

#include "judge/rings.h"

Test(ring, counts_windows_that_share_no_record)
{
    struct ring ring = {0};
    ring_push(&ring, 1200, 100, true);
    cr_assert_eq(ring_hits(&ring, 3), 1);
    for (int i = 1; i < 12; i++)
        ring_push(&ring, 1200 + i * 100, 100, true);
    cr_assert_eq(ring_hits(&ring, 3), 1, "windows eleven hops apart overlap");
    ring_push(&ring, 2400, 100, true);
    cr_assert_eq(ring_hits(&ring, 3), 2);
    cr_assert_eq(ring_hits(&ring, 1), 1);
    ring_push(&ring, 2500, 100, false);
    cr_assert_eq(ring_hits(&ring, 1), 0);
}

Test(ring, gaps_count_as_no)
{
    struct ring ring = {0};
    ring_push(&ring, 1200, 100, true);
    ring_push(&ring, 3600, 100, true);
    cr_assert_eq(ring_hits(&ring, 3), 2);
    ring_push(&ring, 1000000, 100, false);
    cr_assert_eq(ring_hits(&ring, 5), 0);
}

/* The e-detector answers between two windows and beside them. */
Test(ring, of_one_hop_a_yes_stays)
{
    struct ring ring = {0};
    ring_push(&ring, 1200, 100, true);
    ring_push(&ring, 1200, 100, false);
    cr_assert_eq(ring_hits(&ring, 1), 1);
    ring_push(&ring, 1300, 100, false);
    cr_assert_eq(ring_hits(&ring, 1), 0);
    ring_push(&ring, 1350, 100, true);
    cr_assert_eq(ring_hits(&ring, 1), 1);
    ring_push(&ring, 1400, 100, false);
    cr_assert_eq(ring_hits(&ring, 1), 0);
    ring_push(&ring, 2500, 100, true);
    cr_assert_eq(ring_hits(&ring, 2), 2, "twelve hops after 1350, which counts as 1300");
}

Test(ring, table_survives_its_text)
{
    struct rings *rings = rings_new();
    char name[32];
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "v|1h||field-%d", i);
        ring_push(rings_at(rings, bytes_of(name)), 3600000, 300000, i % 3 == 0);
    }
    json_t *json = rings_to_json(rings);
    cr_assert_eq(json_object_size(json), 334);
    struct err err;
    struct rings *copy = rings_from_json(json, &err);
    cr_assert_not_null(copy);
    cr_assert_eq(ring_hits(rings_at(copy, bytes_of("v|1h||field-999")), 1), 1);
    cr_assert_eq(ring_hits(rings_at(copy, bytes_of("v|1h||field-1")), 1), 0);
    json_t *again = rings_to_json(copy);
    cr_assert(json_equal(json, again));
    rings_prune(copy, 3600001);
    json_t *empty = rings_to_json(copy);
    cr_assert_eq(json_object_size(empty), 0);
    json_decref(json);
    json_decref(again);
    json_decref(empty);
    rings_free(rings);
    rings_free(copy);
}

Test(ring, damaged_text_is_refused)
{
    static const char *const bad[] = {"[]", "{\"a\":1}", "{\"a\":[1,2]}", "{\"a\":[1,65,\"0\"]}",
                                      "{\"a\":[1,1,\"xyz\"]}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err err;
        json_t *json = json_loads(bad[i], 0, NULL);
        cr_assert_null(rings_from_json(json, &err), "%s", bad[i]);
        json_decref(json);
    }
}

/* What is not kept for want of a yes must go on as if it had been. */
Test(ring, forgotten_or_not_is_the_same_after_the_next_yes)
{
    static const int last_no[] = {64, 3, 70};
    for (int i = 0; i < 3; i++) {
        struct rings *kept = rings_new();
        ring_push(rings_at(kept, bytes_of("a")), 0, 100, i != 1);
        ring_push(rings_at(kept, bytes_of("a")), last_no[i] * 100, 100, false);
        json_t *text = rings_to_json(kept);
        struct rings *again = rings_from_json(text, NULL);
        cr_assert_eq(json_object_size(text), 0);
        ring_push(rings_at(kept, bytes_of("a")), 10000, 100, true);
        ring_push(rings_at(again, bytes_of("a")), 10000, 100, true);
        json_t *one = rings_to_json(kept), *other = rings_to_json(again);
        cr_assert_eq(json_object_size(one), 1);
        cr_assert(json_equal(one, other), "case %d", i);
        json_decref(text);
        json_decref(one);
        json_decref(other);
        rings_free(kept);
        rings_free(again);
    }
}
