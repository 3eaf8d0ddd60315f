/* Pure arithmetic on the rows of partition_state. Reads no clock: whether a partition is idle its
 * owner has found out. */
#include "app/watermarks.h"

#include <stdlib.h>
#include <string.h>

void watermarks_clear(struct watermarks *watermarks)
{
    for (uint32_t i = 0; i < watermarks->count; i++)
        free(watermarks->items[i].topic);
    free(watermarks->items);
    *watermarks = (struct watermarks){0};
}

int watermarks_row(void *context, const struct store_partition *partition, const int64_t *records)
{
    struct watermarks *watermarks = context;
    int64_t disposed = 0;
    for (int i = 0; i <= DISPOSITIONS; i++)
        disposed += records[i];
    int64_t missing = partition->next_offset - partition->start_offset - disposed;
    watermarks->unaccounted += missing < 0 ? -missing : missing;
    if (watermarks->count == watermarks->capacity) {
        watermarks->capacity = watermarks->capacity ? watermarks->capacity * 2 : 16;
        watermarks->items =
            mem_resize(watermarks->items, watermarks->capacity, sizeof *watermarks->items);
    }
    watermarks->items[watermarks->count++] =
        (struct watermark){.topic = mem_copy(partition->topic),
                           .partition = partition->partition,
                           .max_event_ms = partition->max_event_ms,
                           .idle = partition->idle};
    return 0;
}

static bool on_topic(const struct monitor *monitor, const struct watermark *watermark)
{
    for (uint32_t t = 0; t < monitor->config->topic_count; t++)
        if (!strcmp(monitor->config->topics[t], watermark->topic))
            return true;
    return false;
}

/* INT64_MAX: there is no such partition. */
static int64_t smallest(const struct watermarks *watermarks, const struct monitor *monitor,
                        bool with_idle)
{
    int64_t result = INT64_MAX;
    for (uint32_t i = 0; i < watermarks->count; i++) {
        const struct watermark *item = &watermarks->items[i];
        const struct partition_clock clock = {item->max_event_ms};
        if (!on_topic(monitor, item) || (item->idle && !with_idle))
            continue;
        int64_t watermark = partition_clock_watermark(&clock, monitor->config->lateness_ms);
        result = watermark < result ? watermark : result;
    }
    return result;
}

int64_t watermarks_certain(const struct watermarks *watermarks, const struct monitor *monitor)
{
    int64_t result = smallest(watermarks, monitor, true);
    return result == INT64_MAX ? TIME_NONE : result;
}

int64_t watermarks_latest(const struct watermarks *watermarks, const struct monitor *monitor)
{
    int64_t latest = TIME_NONE;
    for (uint32_t i = 0; i < watermarks->count; i++) {
        const struct watermark *item = &watermarks->items[i];
        if (on_topic(monitor, item) && item->max_event_ms > latest)
            latest = item->max_event_ms;
    }
    return latest;
}

int64_t watermarks_final(const struct watermarks *watermarks, const struct monitor *monitor)
{
    int64_t result = smallest(watermarks, monitor, false);
    int64_t latest = watermarks_latest(watermarks, monitor);
    if (result != INT64_MAX || latest == TIME_NONE)
        return result == INT64_MAX ? TIME_NONE : result;
    return event_time_floor((struct event_time){latest}, monitor->pane_ms).ms + monitor->pane_ms;
}
