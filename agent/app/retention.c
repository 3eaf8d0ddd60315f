/* Ages count from what each monitor has judged, not from the wall clock: a replayed year keeps its
 * last days, not none. */
#include "app/retention.h"

static int64_t longest_window(const struct setup *setup)
{
    int64_t longest = 0;
    for (uint32_t i = 0; i < setup->monitor_count; i++) {
        const struct config_monitor *monitor = setup->monitors[i].config;
        int64_t last = monitor->windows_ms[monitor->window_count - 1];
        longest = last > longest ? last : longest;
    }
    return longest;
}

void retention_prune(const struct setup *setup, const struct evaluate *evaluate,
                     struct store *store, store_done_fn done, void *context)
{
    const struct config_retention *retention = &setup->config->retention;
    int64_t judged = INT64_MAX, panes_ms = 2 * longest_window(setup) + HOUR_MS;
    for (uint32_t i = 0; i < setup->monitor_count; i++) {
        int64_t position = evaluate_position(evaluate, i);
        if (position == TIME_NONE && evaluate_knows(evaluate, i))
            continue; /* never judged: it has no panes */
        judged = position < judged ? position : judged;
    }
    if (judged == INT64_MAX || judged == TIME_NONE) {
        if (done)
            done(context, STORE_DONE, NULL);
        return;
    }
    panes_ms = retention->panes_ms > panes_ms ? retention->panes_ms : panes_ms;
    store_prune(store, judged - panes_ms, judged - retention->verdicts_ms,
                setup->config->limits.quarantine_rows, done, context);
}
