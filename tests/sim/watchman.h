/* The judge at work on a simulated world: panes go in, verdicts come out, alarms are counted as a
 * rule `drift >= low` without more would open incidents. */
#ifndef LEEWAY_SIM_WATCHMAN_H
#define LEEWAY_SIM_WATCHMAN_H

#include "judge/judge.h"
#include "window/rolling.h"
#include "world.h"

enum { PANES = 12 }; /* of the shortest window */

struct watchman {
    struct world *world;
    const struct judge_policy *policy;
    int64_t windows_ms[3];
    uint32_t window_count;
    int64_t rows; /* of the shortest window */
    int64_t pane; /* how many were seen */
    struct judge_state *state;
    struct judge_tables *tables;
    struct rolling *rolling;
    struct counts *counts;
    struct arena *names;
    struct verdict_list verdicts; /* of the latest pane */
    int64_t open_until_ms;        /* an alarm before this is no new one */
    uint32_t alarms[VERDICT_METHODS];
};

/* One window length: an hour; two: and a day; three: 1h, 4h, 24h. */
void watchman_init(struct watchman *watchman, struct world *world,
                   const struct judge_policy *policy, uint32_t window_count, int64_t rows);
void watchman_release(struct watchman *watchman);

/* Draws and judges the next pane. True if it ends a shortest window. */
bool watchman_step(struct watchman *watchman);

#endif
