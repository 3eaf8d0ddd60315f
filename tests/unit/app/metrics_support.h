/* A setup that exists only as names, and families to look at. */
#ifndef LEEWAY_TEST_APP_METRICS_SUPPORT_H
#define LEEWAY_TEST_APP_METRICS_SUPPORT_H

#include <criterion/criterion.h>

#include "app/metrics_internal.h"

static struct config_receiver metrics_receivers[] = {{.name = "oncall", .type = RECEIVER_SLACK},
                                                     {.name = "train", .type = RECEIVER_RETRAIN}};
static struct config metrics_config = {
    .hash = "c0ffee", .receivers = metrics_receivers, .receiver_count = 2};
static struct config_monitor metrics_monitor_configs[] = {{.name = "fraud"}, {.name = "ads"}};
static struct track metrics_tracks[] = {
    {.label = "fraud@3",
     .generation = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"},
    {.label = "fraud@4",
     .generation = "4444456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"},
    {.label = "ads@1",
     .generation = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"}};
static struct monitor metrics_monitors[] = {
    {.config = &metrics_monitor_configs[0], .tracks = &metrics_tracks[0], .track_count = 2},
    {.config = &metrics_monitor_configs[1], .tracks = &metrics_tracks[2], .track_count = 1}};
static const struct setup metrics_setup = {
    .config = &metrics_config, .monitors = metrics_monitors, .monitor_count = 2};

/* How many lines begin so. */
static inline int lines_with(const struct families *families, const char *beginning)
{
    int count = 0;
    const char *line = families->text.data ? families->text.data : "";
    for (; *line; line = strchr(line, '\n') + 1)
        count += !strncmp(line, beginning, strlen(beginning));
    return count;
}

/* There is exactly this line. */
static inline void has_line(const struct families *families, const char *wanted)
{
    const char *line = families->text.data ? families->text.data : "";
    size_t size = strlen(wanted);
    for (; *line; line = strchr(line, '\n') + 1)
        if (!strncmp(line, wanted, size) && line[size] == '\n')
            return;
    cr_assert(false, "no line %s in\n%s", wanted, families->text.data);
}

#endif
