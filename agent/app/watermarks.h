/* Where all partitions stand as committed, whoever counts them: what is final follows from it.
 *
 * A partition that nobody has taken yet has no clock, and so holds everything up. */
#ifndef LEEWAY_APP_WATERMARKS_H
#define LEEWAY_APP_WATERMARKS_H

#include "app/setup.h"

struct watermark {
    char *topic;
    int32_t partition;
    int64_t max_event_ms; /* TIME_NONE: none yet */
    bool idle;
};

struct watermarks {
    struct watermark *items;
    uint32_t count, capacity;
    int64_t unaccounted; /* offsets that the ledger and the positions do not agree on: 0 */
};

void watermarks_clear(struct watermarks *watermarks);

/* The row function of store_partitions for struct watermarks. */
int watermarks_row(void *context, const struct store_partition *partition, const int64_t *records);

/* Smallest watermark of the monitor's partitions; TIME_NONE: one has none, or there are none. Panes
 * that end at or before it are certain. */
int64_t watermarks_certain(const struct watermarks *watermarks, const struct monitor *monitor);

/* Event time up to which panes may be judged: the smallest watermark of the partitions that are not
 * idle; if all are, the end of the last pane with a record. TIME_NONE: nothing yet. */
int64_t watermarks_final(const struct watermarks *watermarks, const struct monitor *monitor);

/* Largest committed event time of the monitor's partitions; TIME_NONE: none yet. */
int64_t watermarks_latest(const struct watermarks *watermarks, const struct monitor *monitor);

#endif
