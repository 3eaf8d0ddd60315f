/* The pump drives ingest and evaluate in short steps, so that an event loop (or a plain loop) can
 * drive it. Two lanes, which wait for the store independently:
 *
 *     commit   records ──► commit when the interval is over, the deltas are full, or it is asked
 * for judge    after each commit: where all partitions stand ──► for each monitor: the right to
 *              judge it ──► batches of final panes ──► late deltas
 *
 * With a replay source the pump reads the records itself, and not while a lane is busy, so that
 * memory stays bounded; at the end of the input everything left is committed and judged, and the
 * pump ends. A live source offers its records, and there is no end. */
#ifndef LEEWAY_APP_PUMP_H
#define LEEWAY_APP_PUMP_H

#include "app/evaluate.h"
#include "app/ingest.h"
#include "app/watermarks.h"

struct pump;

struct pump_options {
    double pace;       /* event-time milliseconds per millisecond; 0: as fast as it goes */
    bool judge_at_end; /* partitions are not known beforehand (standard input): judge nothing before
                          the end */
    bool renumber;     /* all records of a topic are one partition, in the order of the file */
    int64_t commit_interval_ms;
    void *context;                    /* of the functions, which may be NULL */
    void (*wake)(void *context);      /* an answer of the store came later: step soon */
    void (*committed)(void *context); /* a commit is in the store */
    void (*lost)(void *context, uint32_t monitor); /* another agent judges it from now on */
    void (*fenced)(void *context); /* somebody else counts our partitions: what was not committed
                                      is dropped; they have to be taken again. NULL: PUMP_FAILED */
};

/* All borrowed. `replay` may be NULL: then records are offered by somebody else (pump_offer), and
 * there is no end. Takes over every partition that the file holds (with options.judge_at_end: each
 * when it is first seen). */
struct pump *pump_new(struct ingest *ingest, struct evaluate *evaluate, const struct setup *setup,
                      struct store *store, struct replay *replay,
                      const struct pump_options *options);
void pump_free(struct pump *pump); /* no call to the store may be under way; takes NULL */

enum pump_result {
    PUMP_AGAIN, /* there is more to do at once */
    PUMP_WAIT,  /* call again after `ret_wait_ms` at the latest, or when woken */
    PUMP_END,   /* everything is read, committed and judged; or stopped */
    PUMP_FAILED /* see reterr; nothing was lost, the same input can be run again */
};
enum pump_result pump_step(struct pump *pump, struct loop_time now, int64_t *ret_wait_ms,
                           struct err *reterr);

/* Offers a record from a live source. INGEST_FULL: offer it again after a commit. */
enum ingest_result pump_offer(struct pump *pump, const struct record *record);

/* False while every record would be INGEST_FULL: a commit is under way, or has to come first. */
bool pump_has_room(const struct pump *pump);

/* Commit at the next step, whatever the interval says. */
void pump_hurry(struct pump *pump);

/* True if everything that was counted is committed and no commit is under way. */
bool pump_is_flushed(const struct pump *pump);

/* True if no call to the store is under way. */
bool pump_is_quiet(const struct pump *pump);

/* While false (the default for a live source) nothing is judged: not all partitions are known to
 * the store yet. */
void pump_allow_judging(struct pump *pump, bool allowed);

/* Commits, judges what is final and ends, without reading on, for an orderly stop; what is not
 * final stays for the next run. */
void pump_stop(struct pump *pump);

/* "ok", or why the store cannot be used at the moment. */
const char *pump_trouble(const struct pump *pump);

/* Where all partitions stood when judging last looked. */
const struct watermarks *pump_watermarks(const struct pump *pump);

#endif
