/* The pump moves records from a replay source through ingest, store and evaluate, one bounded step
 * at a time, so that an event loop (or a plain loop) can drive it.
 *
 *     READ ──► COMMIT ──► JUDGE ──► READ … at the end of the input: COMMIT ──► JUDGE (all that is
 * left, provisional) ──► END
 */
#ifndef LEEWAY_APP_PUMP_H
#define LEEWAY_APP_PUMP_H

#include "app/evaluate.h"
#include "app/ingest.h"

struct pump;

struct pump_options {
    double pace;       /* event-time milliseconds per millisecond; 0: as fast as it goes */
    bool judge_at_end; /* partitions are not known beforehand (standard input): judge nothing before
                          the end */
    int64_t commit_interval_ms;
};

/* All borrowed. `replay` may be NULL: then records are offered by somebody else (pump_offer), and
 * there is no end. Takes over every partition that the file holds (with options.judge_at_end: each
 * when it is first seen). NULL on failure. */
struct pump *pump_new(struct ingest *ingest, struct evaluate *evaluate, const struct setup *setup,
                      struct replay *replay, const struct pump_options *options,
                      struct err *reterr);
void pump_free(struct pump *pump); /* takes NULL */

enum pump_result {
    PUMP_AGAIN, /* there is more to do at once */
    PUMP_WAIT,  /* call again after `ret_wait_ms` at the latest */
    PUMP_END,   /* everything is read, committed and judged */
    PUMP_FAILED /* see reterr; nothing was lost, the same input can be run again */
};
enum pump_result pump_step(struct pump *pump, struct loop_time now, int64_t *ret_wait_ms,
                           struct err *reterr);

/* Offers a record from a live source, between steps. INGEST_FULL: offer it again after the next
 * steps have committed. */
enum ingest_result pump_offer(struct pump *pump, const struct record *record);

/* Commits what was counted, now, before partitions are handed over. False: the store could not;
 * what was not committed will be counted by the next owner. */
bool pump_flush(struct pump *pump);

/* Goes to COMMIT, JUDGE and END without reading on, for an orderly stop; what is not final stays
 * for the next run. */
void pump_stop(struct pump *pump);

/* "ok", or why the store cannot be written at the moment. */
const char *pump_trouble(const struct pump *pump);

#endif
