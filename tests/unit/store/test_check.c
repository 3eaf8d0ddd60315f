/* Arithmetic and misuse that no implementation sees. */
#include "unit/store/fixture.h"

Test(check, names)
{
    cr_assert_str_eq(disposition_name(DISPOSED_COUNTED), "counted");
    cr_assert_str_eq(disposition_name(DISPOSED_LATE), "late");
    cr_assert_str_eq(disposition_name(DISPOSED_BAD_TIME), "bad_time");
    cr_assert_str_eq(disposition_name(DISPOSED_QUARANTINED), "quarantined");
    cr_assert_str_eq(disposition_name(DISPOSED_NOT_MONITORED), "not_monitored");
    cr_assert_str_eq(disposition_name(DISPOSITIONS), "unknown");
    cr_assert_str_eq(disposition_name((enum disposition) - 1), "unknown");
    cr_assert_str_eq(delivery_state_name(DELIVERY_PENDING), "pending");
    cr_assert_str_eq(delivery_state_name(DELIVERY_DRY_RUN), "dry_run");
    cr_assert_str_eq(delivery_state_name(DELIVERY_SUPPRESSED), "suppressed");
    cr_assert_str_eq(delivery_state_name(DELIVERY_STATES), "unknown");
}

Test(check, results)
{
    cr_assert_eq(store_result_of(0), STORE_DONE);
    cr_assert_eq(store_result_of(ERR_CONFLICT), STORE_FENCED);
    cr_assert_eq(store_result_of(ERR_UNAVAILABLE), STORE_UNAVAILABLE);
    cr_assert_eq(store_result_of(ERR_INVALID), STORE_FAILED);
    cr_assert_eq(store_result_of(ERR_IO), STORE_FAILED);
    store_tell(NULL, NULL, ERR_IO, NULL);
}

static int check_one(struct store_advance advance)
{
    struct store_commit commit = {.advances = &advance, .advance_count = 1};
    struct err err = {0};
    int code = store_check_commit(&commit, &err);
    cr_assert_eq(code, err.code);
    return code;
}

Test(check, every_offset_is_accounted_for)
{
    struct store_advance advance = {.topic = "t", .old_offset = 10, .new_offset = 21, .skipped = 1};
    for (int i = 0; i < DISPOSITIONS; i++)
        advance.records[i] = 2;
    cr_assert_eq(check_one(advance), 0);
    advance.skipped = 0;
    cr_assert_eq(check_one(advance), ERR_INVALID);
    advance.skipped = 2;
    cr_assert_eq(check_one(advance), ERR_INVALID);
    advance.skipped = 1;
    advance.records[DISPOSED_BAD_TIME]++;
    cr_assert_eq(check_one(advance), ERR_INVALID);
    cr_assert_eq(check_one((struct store_advance){.topic = "t"}), 0, "nothing at all is fine");
}

Test(check, impossible_numbers)
{
    struct store_advance back = {.topic = "t", .old_offset = 10, .new_offset = 9, .skipped = -1};
    struct store_advance negative = {.topic = "t", .new_offset = 1, .skipped = 2};
    negative.records[DISPOSED_LATE] = -1;
    struct store_advance before = {.topic = "t", .old_offset = -1, .new_offset = 0, .skipped = 1};
    struct store_advance overflow = {.topic = "t", .new_offset = 5, .skipped = INT64_MAX};
    overflow.records[DISPOSED_COUNTED] = INT64_MAX;
    overflow.records[DISPOSED_LATE] = 7;
    cr_assert_eq(check_one(back), ERR_INVALID);
    cr_assert_eq(check_one(negative), ERR_INVALID);
    cr_assert_eq(check_one(before), ERR_INVALID);
    cr_assert_eq(check_one(overflow), ERR_INVALID, "2^63 - 1 twice and 7 wraps to 5");
    cr_assert_eq(check_one((struct store_advance){.topic = NULL}), ERR_INVALID);
}

Test(check, message_names_partition_and_numbers)
{
    struct store_advance advance = {
        .topic = "predictions", .partition = 3, .old_offset = 10, .new_offset = 15};
    struct store_commit commit = {.advances = &advance, .advance_count = 1};
    struct err err = {0};
    store_check_commit(&commit, &err);
    cr_assert_str_eq(err.text, "cannot advance predictions/3 from 10 to 15: 5 offsets, but 0"
                               " accounted for");
}

Test(check, partition_twice)
{
    struct store_advance advances[] = {make_advance("t", 1, 1, 0, 1), make_advance("u", 1, 1, 0, 1),
                                       make_advance("t", 1, 1, 1, 1)};
    struct store_commit commit = {.advances = advances, .advance_count = 2};
    cr_assert_eq(store_check_commit(&commit, NULL), 0);
    commit.advance_count = 3;
    cr_assert_eq(store_check_commit(&commit, NULL), ERR_INVALID);
}

Test(check, taking)
{
    struct store_take takes[] = {{.topic = "t", .partition = 1},
                                 {.topic = "u", .partition = 1, .start_offset = 5},
                                 {.topic = "t", .partition = 1}};
    struct err err = {0};
    cr_assert_eq(store_check_take(takes, 0, NULL), 0);
    cr_assert_eq(store_check_take(takes, 2, NULL), 0);
    cr_assert_eq(store_check_take(takes, 3, &err), ERR_INVALID);
    cr_assert_str_eq(err.text, "cannot take t/1 twice at once");
    takes[1].start_offset = -1;
    cr_assert_eq(store_check_take(takes, 2, &err), ERR_INVALID);
    cr_assert_str_eq(err.text, "cannot start u/1 before offset 0");
    takes[0].partition = -1;
    cr_assert_eq(store_check_take(takes, 1, NULL), ERR_INVALID);
    takes[0] = (struct store_take){.topic = NULL};
    cr_assert_eq(store_check_take(takes, 1, NULL), ERR_INVALID);
}

Test(check, expecting)
{
    cr_assert_eq(store_check_expect("t", 0, NULL), 0);
    cr_assert_eq(store_check_expect("t", INT32_MAX, NULL), 0);
    cr_assert_eq(store_check_expect("t", UINT32_MAX, NULL), ERR_INVALID);
    cr_assert_eq(store_check_expect(NULL, 1, NULL), ERR_INVALID);
}

Test(check, lease)
{
    cr_assert_eq(store_check_lease(0, NULL), 0);
    cr_assert_eq(store_check_lease(INT64_MAX, NULL), 0);
    cr_assert_eq(store_check_lease(-1, NULL), ERR_INVALID);
}

Test(check, counts_need_an_advance)
{
    struct store_delta delta = make_delta("m", 0, "x");
    struct store_quarantine bad = {.topic = "t", .reason = "json"};
    struct store_commit deltas = {.deltas = &delta, .delta_count = 1};
    struct store_commit quarantine = {.quarantine = &bad, .quarantine_count = 1};
    struct store_register one = {"m", "1", "g", "b", 0};
    struct store_commit registers = {.registers = &one, .register_count = 1};
    struct store_commit nothing = {0};
    cr_assert_eq(store_check_commit(&deltas, NULL), ERR_INVALID);
    cr_assert_eq(store_check_commit(&quarantine, NULL), ERR_INVALID);
    cr_assert_eq(store_check_commit(&nothing, NULL), 0);
    cr_assert_eq(store_check_commit(&registers, NULL), 0, "they can be repeated");
}

Test(check, judged)
{
    struct store_pane pane = make_pane(20, "x", 0);
    struct store_judged judged = make_judged(10, 20);
    cr_assert_eq(store_check_judged(&judged, NULL), 0);
    judged.panes = &pane;
    judged.pane_count = 1;
    cr_assert_eq(store_check_judged(&judged, NULL), ERR_INVALID, "a pane at the position");
    pane.start_ms = 19;
    cr_assert_eq(store_check_judged(&judged, NULL), 0);
    judged = make_judged(20, 10);
    cr_assert_eq(store_check_judged(&judged, NULL), ERR_INVALID, "backwards");
    judged = make_judged(INT64_MIN, INT64_MIN);
    cr_assert_eq(store_check_judged(&judged, NULL), ERR_INVALID, "to nowhere");
}

Test(check, delivery_and_limit)
{
    struct store_delivery_result result = {.state = DELIVERY_SUPPRESSED};
    cr_assert_eq(store_check_delivery(&result, NULL), 0);
    result.state = DELIVERY_STATES;
    cr_assert_eq(store_check_delivery(&result, NULL), ERR_INVALID);
    cr_assert_eq(store_check_limit(1, NULL), 0);
    cr_assert_eq(store_check_limit(0, NULL), ERR_INVALID);
}
