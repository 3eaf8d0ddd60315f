/* Nothing is cut short here: rolling windows, every look at a twelfth of a window, every pane. */
#include "watchman.h"

enum { QUIET_WINDOWS = 3 };

void watchman_init(struct watchman *watchman, struct world *world,
                   const struct judge_policy *policy, uint32_t window_count, int64_t rows)
{
    *watchman = (struct watchman){.world = world,
                                  .policy = policy,
                                  .windows_ms = {HOUR_MS, DAY_MS, DAY_MS},
                                  .window_count = window_count,
                                  .rows = rows};
    int64_t pane_ms = HOUR_MS / PANES;
    if (window_count == 3)
        watchman->windows_ms[1] = (int64_t)4 * HOUR_MS;
    watchman->state = judge_state_new();
    watchman->tables = judge_tables_new(policy, world->baseline, NULL, pane_ms);
    watchman->rolling = rolling_new(world->layout, watchman->windows_ms, window_count, pane_ms);
    watchman->counts = counts_new(world->layout);
    watchman->names = arena_new();
}

void watchman_release(struct watchman *watchman)
{
    judge_state_free(watchman->state);
    judge_tables_free(watchman->tables);
    rolling_free(watchman->rolling);
    counts_free(watchman->counts);
    arena_free(watchman->names);
    verdict_list_release(&watchman->verdicts);
}

static void judge_windows(struct watchman *watchman, int64_t end_ms)
{
    uint32_t due = rolling_due(watchman->rolling);
    for (uint32_t w = 0; w < watchman->window_count; w++) {
        if (!(due >> w & 1))
            continue;
        struct judge_input input = {.monitor = "sim",
                                    .version = "1",
                                    .start = {end_ms - watchman->windows_ms[w]},
                                    .end = {end_ms},
                                    .window_ms = watchman->windows_ms[w],
                                    .counts = rolling_window(watchman->rolling, w)};
        judge_window(watchman->policy, &input, watchman->state, watchman->names,
                     &watchman->verdicts);
    }
}

static void count_alarms(struct watchman *watchman, int64_t end_ms)
{
    for (uint32_t i = 0; i < watchman->verdicts.count; i++) {
        const struct verdict *verdict = &watchman->verdicts.items[i];
        if (verdict->state != STATE_DRIFT)
            continue;
        if (end_ms >= watchman->open_until_ms)
            watchman->alarms[verdict->method]++;
        watchman->open_until_ms = end_ms + QUIET_WINDOWS * watchman->windows_ms[0];
    }
}

bool watchman_step(struct watchman *watchman)
{
    int64_t pane_ms = HOUR_MS / PANES, start_ms = watchman->pane * pane_ms;
    int64_t at = watchman->pane % PANES;
    int64_t n = watchman->rows * (at + 1) / PANES - watchman->rows * at / PANES;
    world_pane(watchman->world, n, watchman->counts);
    rolling_add(watchman->rolling, (struct event_time){start_ms}, watchman->counts);
    struct judge_pane_input input = {.monitor = "sim",
                                     .version = "1",
                                     .start = {start_ms},
                                     .end = {start_ms + pane_ms},
                                     .window_ms = watchman->windows_ms[0],
                                     .counts = watchman->counts};
    arena_clear(watchman->names);
    watchman->verdicts.count = 0;
    judge_pane(watchman->policy, &input, watchman->tables, watchman->state, watchman->names,
               &watchman->verdicts);
    judge_windows(watchman, start_ms + pane_ms);
    count_alarms(watchman, start_ms + pane_ms);
    watchman->pane++;
    return at + 1 == PANES;
}
