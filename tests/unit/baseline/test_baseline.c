#include <criterion/criterion.h>

#include "sample.h"

Test(baseline, names_of_types_and_roles)
{
    enum field_type type = FIELD_BOOLEAN;
    enum field_role role = ROLE_SEGMENT;
    cr_expect(field_type_parse(bytes_of("integer"), &type));
    cr_expect_eq(type, FIELD_INTEGER);
    cr_expect_not(field_type_parse(bytes_of("int"), &type));
    cr_expect_eq(type, FIELD_INTEGER);
    cr_expect(field_role_parse(bytes_of("label"), &role));
    cr_expect_eq(role, ROLE_LABEL);
    cr_expect_not(field_role_parse(bytes_of(""), &role));
}

Test(baseline, names)
{
    char longest[NAME_MAX_BYTES + 2];
    memset(longest, 'a', sizeof longest);
    cr_expect(baseline_name_valid(bytes_of("fraud-2.x_y")));
    cr_expect(baseline_name_valid(bytes_make(longest, NAME_MAX_BYTES)));
    cr_expect_not(baseline_name_valid(bytes_make(longest, NAME_MAX_BYTES + 1)));
    cr_expect_not(baseline_name_valid(bytes_of("")));
    cr_expect_not(baseline_name_valid(bytes_of("-a")));
    cr_expect_not(baseline_name_valid(bytes_of("a/b")));
    cr_expect_not(baseline_name_valid(bytes_of("Fraud")));
}

Test(baseline, find_by_name)
{
    struct baseline *baseline = sample_baseline(1, 500);
    cr_assert(baseline);
    cr_expect_eq(baseline_find(baseline, bytes_of("score")), 4);
    cr_expect_eq(baseline_find(baseline, bytes_of("scor")), -1);
    cr_expect_eq(baseline_find(baseline, bytes_of("")), -1);
    baseline_free(baseline);
    baseline_free(NULL);
}

Test(baseline, effect_takes_the_length_the_next_longer_or_scales_the_longest)
{
    struct baseline_field field = {.effect_count = 2};
    field.effects[0] = (struct design_effect){HOUR_MS, 20, {2, 1, 1, 1}, 3, 1.5};
    field.effects[1] = (struct design_effect){DAY_MS, 12, {5, 2, 1, 1}, 7, 1};
    cr_expect_float_eq(baseline_effect(&field, HOUR_MS).components[0], 2, 0);
    cr_expect_float_eq(baseline_effect(&field, MINUTE_MS).rest, 3, 0);
    cr_expect_float_eq(baseline_effect(&field, 2 * HOUR_MS).rest, 7, 0);
    struct design_effect week = baseline_effect(&field, WEEK_MS);
    cr_expect_float_eq(week.components[0], 1 + 4 * 7, 1e-12);
    cr_expect_float_eq(week.missing, 1, 0);
    cr_expect_eq(week.windows, 12);
    field.effect_count = 0;
    cr_expect_float_eq(baseline_effect(&field, HOUR_MS).rest, 1, 0);
    cr_expect_eq(baseline_effect(&field, HOUR_MS).windows, 0);
}

Test(baseline, coarse_map_of_categories)
{
    struct baseline_field field = {.type = FIELD_CATEGORY, .level_count = 40, .cell_count = 42};
    uint32_t map[64];
    cr_expect_eq(baseline_coarse_map(&field, map), 32);
    cr_expect_eq(map[0], 0);
    cr_expect_eq(map[29], 29);
    cr_expect_eq(map[30], 30);
    cr_expect_eq(map[40], 30, "other");
    cr_expect_eq(map[41], 31, "unseen");
    field.level_count = 2;
    field.cell_count = 4;
    cr_expect_eq(baseline_coarse_map(&field, map), 4);
    cr_expect_eq(map[1], 1);
    cr_expect_eq(map[2], 2);
    cr_expect_eq(map[3], 3);
}

Test(baseline, others_are_known_and_the_rest_is_unseen)
{
    uint32_t others[2] = {other_hash(bytes_of("x")), other_hash(bytes_of("y"))};
    if (others[0] > others[1]) {
        uint32_t swap = others[0];
        others[0] = others[1];
        others[1] = swap;
    }
    struct baseline_field field = {.others = others, .other_count = 2, .others_complete = true};
    cr_expect(baseline_is_other(&field, bytes_of("x")));
    cr_expect(baseline_is_other(&field, bytes_of("y")));
    cr_expect_not(baseline_is_other(&field, bytes_of("z")));
    cr_expect_not(baseline_is_other(&field, bytes_of("")));
    field.others_complete = false;
    cr_expect(baseline_is_other(&field, bytes_of("z")));
    /* Published FNV-1a test vector: "foobar" is 0xbf9cf968 (IETF draft-eastlake-fnv). */
    cr_expect_eq(other_hash(bytes_of("foobar")), 0xbf9cf968);
}

Test(baseline, fixed_point_rounds_to_even_and_clamps)
{
    bool saturated = false;
    cr_expect_eq(fixed_from(2.5, 1, &saturated), 2);
    cr_expect_eq(fixed_from(-3.5, 1, &saturated), -4);
    cr_expect_eq(fixed_from(0.25, 4, &saturated), 1);
    cr_expect_eq(fixed_from(0x1p42, 1, &saturated), FIXED_LIMIT);
    cr_expect_not(saturated);
    cr_expect_eq(fixed_from(0x1.00001p42, 1, &saturated), FIXED_LIMIT);
    cr_expect(saturated);
    saturated = false;
    cr_expect_eq(fixed_from(-INFINITY, 0x1p-900, &saturated), -FIXED_LIMIT);
    cr_expect(saturated);
}
