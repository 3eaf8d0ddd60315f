/* The safety net for every way in which a client can forget to fetch a partition (librdkafka#5591,
 * #5153): it only looks at what must be true, that there is more to read and nothing comes.
 *
 *   quiet 30 s ─► ask ─► at the end, or no answer: 0 strikes / unchanged
 *                   └──► behind: strike 1 restart, 2 restart, 3 rebuild, 4 restart, 5 give up
 *
 * A record or an end-of-partition at any time clears the strikes. It refuses to know clocks,
 * librdkafka, and what a restart is. The end must be asked from a broker: the client's own cached
 * end is only moved by the very fetches that may be missing. */
#include "source/kafka_stall.h"

enum { STRIKES_REBUILD = 3, STRIKES_GIVE_UP = 5 };

void stall_init(struct stall *stall, struct loop_time now, uint32_t strikes)
{
    *stall = (struct stall){.quiet_since = now, .strikes = strikes};
}

void stall_progress(struct stall *stall, struct loop_time now)
{
    *stall = (struct stall){.quiet_since = now};
}

void stall_excuse(struct stall *stall, struct loop_time now)
{
    stall->quiet_since = now;
}

bool stall_due(const struct stall *stall, struct loop_time now)
{
    return now.ms - stall->quiet_since.ms >= STALL_QUIET_MS;
}

enum stall_step stall_judge(struct stall *stall, struct loop_time now, int64_t position,
                            int64_t end)
{
    stall->quiet_since = now;
    if (end < 0)
        return STALL_NONE;
    if (end <= position) {
        stall->strikes = 0;
        return STALL_NONE;
    }
    stall->strikes++;
    if (stall->strikes >= STRIKES_GIVE_UP)
        return STALL_GIVE_UP;
    return stall->strikes == STRIKES_REBUILD ? STALL_REBUILD : STALL_RESTART;
}
