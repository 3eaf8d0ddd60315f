/* When is a partition stuck? Pure: times and offsets in, a step out. Private to this folder. */
#ifndef LEEWAY_SOURCE_KAFKA_STALL_H
#define LEEWAY_SOURCE_KAFKA_STALL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/when.h"

enum { STALL_QUIET_MS = 30 * SECOND_MS };

enum stall_step {
    STALL_NONE,
    STALL_RESTART, /* assign the partition again at its next offset */
    STALL_REBUILD, /* destroy the client and make a new one */
    STALL_GIVE_UP
};

struct stall {
    struct loop_time quiet_since;
    uint32_t strikes;
};

/* Begins with `strikes` of an earlier life of the partition (0: none). */
void stall_init(struct stall *stall, struct loop_time now, uint32_t strikes);

/* A record, or the end of the partition, was seen: all is well. */
void stall_progress(struct stall *stall, struct loop_time now);

/* Silence until now was meant (paused, restarted): strikes stay. */
void stall_excuse(struct stall *stall, struct loop_time now);

/* True if it was quiet for STALL_QUIET_MS: time to ask a broker where the end is. */
bool stall_due(const struct stall *stall, struct loop_time now);

/* The broker's answer: `end` is one after the last readable offset (-1: no answer, which is no
 * proof of anything), `position` the next offset to be read. Strike 1 and 2 restart, 3 rebuilds, 4
 * restarts, 5 gives up; the silence starts anew. A partition that is at its end has no strikes. */
enum stall_step stall_judge(struct stall *stall, struct loop_time now, int64_t position,
                            int64_t end);

#endif
