/* What is final, from rows of partitions that several agents may own. */
#include "app/watermarks.h"
#include "unit/app/world.h"

static struct world world;
static struct watermarks marks;

static void set_up(void)
{
    world_open(&world, WORLD_YAML, 0);
}

static void tear_down(void)
{
    watermarks_clear(&marks);
    world_close(&world);
}

TestSuite(watermarks, .init = set_up, .fini = tear_down);

static void add(const char *topic, int32_t number, int64_t max_event_ms, bool idle)
{
    const int64_t records[DISPOSITIONS + 1] = {3, 1};
    const struct store_partition row = {.topic = topic,
                                        .partition = number,
                                        .start_offset = 10,
                                        .next_offset = 14,
                                        .max_event_ms = max_event_ms,
                                        .idle = idle};
    cr_assert_eq(watermarks_row(&marks, &row, records), 0);
}

static int64_t final_ms(void)
{
    return watermarks_final(&marks, &world.setup->monitors[0]);
}

static int64_t certain_ms(void)
{
    return watermarks_certain(&marks, &world.setup->monitors[0]);
}

Test(watermarks, nothing_is_final_without_partitions)
{
    cr_assert_eq(final_ms(), TIME_NONE);
    cr_assert_eq(certain_ms(), TIME_NONE);
    add("elsewhere", 0, WORLD_START_MS, false);
    cr_assert_eq(final_ms(), TIME_NONE, "other topics say nothing");
    cr_assert_eq(watermarks_latest(&marks, &world.setup->monitors[0]), TIME_NONE);
}

Test(watermarks, the_slowest_partition_decides)
{
    int64_t lateness_ms = world.setup->monitors[0].config->lateness_ms;
    add("fraud", 0, WORLD_START_MS + HOUR_MS, false);
    add("fraud", 1, WORLD_START_MS, false);
    add("elsewhere", 0, WORLD_START_MS - DAY_MS, false);
    cr_assert_eq(final_ms(), WORLD_START_MS - lateness_ms);
    cr_assert_eq(certain_ms(), WORLD_START_MS - lateness_ms);
    cr_assert_eq(watermarks_latest(&marks, &world.setup->monitors[0]), WORLD_START_MS + HOUR_MS);
}

Test(watermarks, a_partition_that_nobody_has_taken_holds_everything_up)
{
    add("fraud", 0, WORLD_START_MS, false);
    add("fraud", 1, TIME_NONE, false);
    cr_assert_eq(final_ms(), TIME_NONE);
    cr_assert_eq(certain_ms(), TIME_NONE);
}

Test(watermarks, idle_ones_are_passed_over_but_not_certain)
{
    int64_t lateness_ms = world.setup->monitors[0].config->lateness_ms;
    add("fraud", 0, WORLD_START_MS + HOUR_MS, false);
    add("fraud", 1, WORLD_START_MS, true);
    cr_assert_eq(final_ms(), WORLD_START_MS + HOUR_MS - lateness_ms);
    cr_assert_eq(certain_ms(), WORLD_START_MS - lateness_ms);
    add("fraud", 2, TIME_NONE, true);
    cr_assert_eq(final_ms(), WORLD_START_MS + HOUR_MS - lateness_ms);
    cr_assert_eq(certain_ms(), TIME_NONE);
}

Test(watermarks, if_all_are_idle_the_last_pane_is_final)
{
    int64_t pane_ms = world.setup->monitors[0].pane_ms;
    add("fraud", 0, WORLD_START_MS + 1, true);
    add("fraud", 1, WORLD_START_MS - HOUR_MS, true);
    cr_assert_eq(final_ms(), WORLD_START_MS + pane_ms);
}

Test(watermarks, offsets_and_ledger_are_compared)
{
    const int64_t records[DISPOSITIONS + 1] = {3, 1, 0, 0, 0, 2};
    struct store_partition row = {.topic = "fraud", .start_offset = 10, .next_offset = 16};
    watermarks_row(&marks, &row, records);
    cr_assert_eq(marks.unaccounted, 0);
    row.next_offset = 19;
    watermarks_row(&marks, &row, records);
    row.next_offset = 12;
    watermarks_row(&marks, &row, records);
    cr_assert_eq(marks.unaccounted, 3 + 4);
}
