/* One field under the e-detector: the statistic, what it has counted since a change may have begun,
 * and the alarm that holds. */
#ifndef LEEWAY_JUDGE_WATCH_H
#define LEEWAY_JUDGE_WATCH_H

#include "judge/tables.h"

/* From an alarm until it is forgotten. */
struct episode {
    int64_t alarm_ms;  /* end of the pane of the latest alarm; 0: there was none */
    int64_t since_ms;  /* most likely beginning of the change */
    int64_t told_ms;   /* end of the pane whose alarm was told last */
    int64_t over_ms;   /* end of the pane since which nothing holds; 0: it holds */
    int64_t window_ms; /* of the windows whose verdicts carry it on */
    double needed;     /* records that the alarm took: the most of all alarms of the episode */
    double seen;       /* records since the latest alarm */
};

struct watch {
    struct edetector detector;
    uint32_t cells;                 /* of the table it follows */
    int64_t start_ms;               /* expected beginning of a change, if there is one */
    double counts[TABLE_CELLS_MAX]; /* expected counts since then */
    struct episode episode;
};

/* What an alarm found. */
struct alarm {
    double log_evidence;
    enum reason reason; /* what most of the evidence is about */
    int64_t since_ms;
    int64_t counts[TABLE_CELLS_MAX];
    bool is_told; /* false: an earlier alarm of this episode was told less than a hop ago */
};

/* One pane with counts `c` (a sum of `n` > 0) on the table's cells. True if it alarms, and then the
 * statistic begins again. A rate that has moved for certain, but by less than is worth an alarm,
 * begins again in silence. */
bool watch_step(struct watch *watch, const struct field_table *table, const int64_t *c, int64_t n,
                const struct judge_pane_input *pane, double log_threshold, struct alarm *ret_alarm);

static inline bool watch_holds(const struct watch *watch)
{
    return watch->episode.alarm_ms && !watch->episode.over_ms;
}

/* An alarm held and does no more, and is not forgotten. */
static inline bool watch_is_over(const struct watch *watch)
{
    return watch->episode.alarm_ms && watch->episode.over_ms;
}

/* As text of [0-9a-z,;-]: times, then each number as a float in hexadecimal, runs of zeros as "z"
 * and their number. Parsing gives back every bit, or false. */
void watch_format(const struct watch *watch, struct text *text);
bool watch_parse(struct bytes text, struct watch *ret_watch);

#endif
