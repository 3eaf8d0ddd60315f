/* See the diagram in the header. A step does a bounded amount of work: some records, one commit, or
 * one batch of panes. Trouble with the store is waited out with growing pauses; nothing is dropped,
 * the same commit is tried again. */
#include "app/pump.h"

#include <stdlib.h>
#include <string.h>

enum {
    RECORDS_A_STEP = 2048,
    RECORDS_A_PACED_STEP = 128,
    RETRY_MIN_MS = 100,
    RETRY_MAX_MS = 30000
};

enum pump_state { PUMP_READ, PUMP_COMMIT, PUMP_JUDGE, PUMP_LATE, PUMP_DONE };

struct pump {
    const struct setup *setup;
    struct ingest *ingest;
    struct evaluate *evaluate;
    struct replay *replay;
    struct pump_options options;
    enum pump_state state;
    bool in_flight, committing, ended, stopped, full;
    struct record held; /* offered again after a commit */
    bool has_held;
    uint32_t monitor; /* being judged */
    bool more;
    int64_t retry_ms;
    struct loop_time last_commit, started;
    bool has_started;
    int64_t first_event_ms;
    enum store_result result;
    struct err trouble;
};

static int take_partitions(struct pump *pump, struct err *reterr)
{
    struct replay_partition *partitions;
    uint32_t count;
    int64_t next;
    int code = replay_scan(pump->replay, &partitions, &count, reterr);
    if (code)
        return code;
    for (uint32_t i = 0; i < count && !code; i++)
        code = ingest_take(pump->ingest, partitions[i].topic, partitions[i].partition,
                           partitions[i].first_offset, &next, reterr);
    replay_partitions_free(partitions, count);
    return code;
}

struct pump *pump_new(struct ingest *ingest, struct evaluate *evaluate, const struct setup *setup,
                      struct replay *replay, const struct pump_options *options, struct err *reterr)
{
    struct pump *pump = mem_new(1, sizeof *pump);
    pump->setup = setup;
    pump->ingest = ingest;
    pump->evaluate = evaluate;
    pump->replay = replay;
    pump->options = *options;
    pump->retry_ms = RETRY_MIN_MS;
    pump->first_event_ms = TIME_NONE;
    if (replay && !options->judge_at_end && take_partitions(pump, reterr) != 0) {
        pump_free(pump);
        return NULL;
    }
    return pump;
}

void pump_free(struct pump *pump)
{
    free(pump);
}

void pump_stop(struct pump *pump)
{
    pump->stopped = true;
    if (pump->state == PUMP_READ)
        pump->state = PUMP_COMMIT;
}

const char *pump_trouble(const struct pump *pump)
{
    return pump->trouble.code ? pump->trouble.text : "ok";
}

/* ---- reading ---- */

/* How long to wait so that event time does not run ahead of the wished pace. */
static int64_t pace_wait_ms(struct pump *pump, struct loop_time now)
{
    int64_t latest = ingest_seen(pump->ingest);
    if (pump->options.pace <= 0 || latest == TIME_NONE)
        return 0;
    if (pump->first_event_ms == TIME_NONE) {
        pump->first_event_ms = latest;
        pump->started = now;
    }
    double wanted = (double)(latest - pump->first_event_ms) / pump->options.pace;
    double elapsed = (double)(now.ms - pump->started.ms);
    return wanted > elapsed ? (int64_t)(wanted - elapsed) + 1 : 0;
}

static bool commit_is_due(const struct pump *pump, struct loop_time now)
{
    return now.ms - pump->last_commit.ms >= pump->options.commit_interval_ms &&
           ingest_pending(pump->ingest);
}

/* Offers the held record, or the next one. False: stop reading for now. */
static bool read_one(struct pump *pump, struct err *reterr)
{
    if (!pump->has_held) {
        enum replay_result result = replay_next(pump->replay, &pump->held, reterr);
        if (result == REPLAY_RECORD) {
            pump->has_held = true;
        } else {
            pump->ended = result == REPLAY_END;
            pump->state = PUMP_COMMIT;
            return false;
        }
    }
    int64_t next;
    enum ingest_result result = ingest_record(pump->ingest, &pump->held);
    if (result == INGEST_STRANGER &&
        ingest_take(pump->ingest, pump->held.topic, pump->held.partition, pump->held.offset, &next,
                    reterr) == 0)
        result = ingest_record(pump->ingest, &pump->held);
    if (result == INGEST_STRANGER)
        return false;
    if (result == INGEST_FULL) {
        pump->state = PUMP_COMMIT;
        return false;
    }
    pump->has_held = false;
    return true;
}

/* A live source offers by itself; here it is only time to commit, or not yet. Idle partitions can
 * make panes final without a new record, so judging follows every interval. */
static enum pump_result step_live(struct pump *pump, struct loop_time now, int64_t *ret_wait_ms)
{
    int64_t elapsed = now.ms - pump->last_commit.ms;
    if (!pump->full && elapsed < pump->options.commit_interval_ms) {
        *ret_wait_ms = pump->options.commit_interval_ms - elapsed;
        return PUMP_WAIT;
    }
    pump->full = false;
    pump->state = PUMP_COMMIT;
    return PUMP_AGAIN;
}

enum ingest_result pump_offer(struct pump *pump, const struct record *record)
{
    if (pump->committing)
        return INGEST_FULL;
    enum ingest_result result = ingest_record(pump->ingest, record);
    pump->full = pump->full || result == INGEST_FULL;
    return result;
}

static enum pump_result step_read(struct pump *pump, struct loop_time now, int64_t *ret_wait_ms,
                                  struct err *reterr)
{
    int count = pump->options.pace > 0 ? RECORDS_A_PACED_STEP : RECORDS_A_STEP;
    if (!pump->has_started) {
        pump->has_started = true;
        pump->last_commit = now;
    }
    if (!pump->replay)
        return step_live(pump, now, ret_wait_ms);
    *ret_wait_ms = pace_wait_ms(pump, now);
    if (*ret_wait_ms > 0 && !commit_is_due(pump, now)) {
        *ret_wait_ms = *ret_wait_ms < 100 ? *ret_wait_ms : 100;
        return PUMP_WAIT;
    }
    reterr->code = 0;
    for (int i = 0; i < count && *ret_wait_ms <= 0; i++) {
        if (!read_one(pump, reterr)) {
            if (reterr->code)
                return PUMP_FAILED;
            break;
        }
    }
    if (pump->state == PUMP_READ && commit_is_due(pump, now))
        pump->state = PUMP_COMMIT;
    return PUMP_AGAIN;
}

/* ---- committing and judging ---- */

static void finished(void *context, enum store_result result, const struct err *err)
{
    struct pump *pump = context;
    pump->in_flight = pump->committing = false;
    pump->result = result;
    pump->trouble = (struct err){0};
    if (result != STORE_DONE && err)
        pump->trouble = *err;
    else if (result != STORE_DONE)
        err_set(&pump->trouble, ERR_UNAVAILABLE, "the store could not be written");
}

/* After an operation: PUMP_AGAIN if it was done, PUMP_WAIT to try it again, PUMP_FAILED. */
static enum pump_result settle(struct pump *pump, int64_t *ret_wait_ms, struct err *reterr)
{
    switch (pump->result) {
    case STORE_DONE:
        pump->retry_ms = RETRY_MIN_MS;
        return PUMP_AGAIN;
    case STORE_UNAVAILABLE:
        *ret_wait_ms = pump->retry_ms;
        pump->retry_ms = pump->retry_ms * 2 < RETRY_MAX_MS ? pump->retry_ms * 2 : RETRY_MAX_MS;
        return PUMP_WAIT;
    case STORE_FENCED:
        err_set(reterr, ERR_CONFLICT, "another agent has taken over the same input and store");
        err_hint(reterr, "Stop one of them; nothing was counted twice.");
        return PUMP_FAILED;
    case STORE_FAILED:
        break;
    }
    *reterr = pump->trouble;
    return PUMP_FAILED;
}

bool pump_flush(struct pump *pump)
{
    if (pump->in_flight || !ingest_pending(pump->ingest))
        return !pump->in_flight;
    pump->in_flight = pump->committing = true;
    ingest_commit(pump->ingest, finished, pump);
    return !pump->in_flight && pump->result == STORE_DONE;
}

static enum pump_result step_commit(struct pump *pump, struct loop_time now, int64_t *ret_wait_ms,
                                    struct err *reterr)
{
    pump->last_commit = now;
    if (ingest_pending(pump->ingest)) {
        pump->in_flight = pump->committing = true;
        ingest_commit(pump->ingest, finished, pump);
        if (pump->in_flight)
            return PUMP_WAIT;
        enum pump_result result = settle(pump, ret_wait_ms, reterr);
        if (result != PUMP_AGAIN)
            return result;
    }
    pump->monitor = 0;
    bool judge = !pump->options.judge_at_end || pump->ended;
    pump->state = judge ? PUMP_JUDGE : pump->stopped ? PUMP_DONE : PUMP_READ;
    return PUMP_AGAIN;
}

static enum pump_result step_judge(struct pump *pump, int64_t *ret_wait_ms, struct err *reterr)
{
    if (pump->monitor == pump->setup->monitor_count) {
        bool done = pump->ended || pump->stopped;
        pump->state = done ? PUMP_DONE : PUMP_READ;
        return PUMP_AGAIN;
    }
    const struct monitor *monitor = &pump->setup->monitors[pump->monitor];
    if (pump->ended)
        ingest_all_idle(pump->ingest);
    int64_t final_ms = ingest_final(pump->ingest, monitor);
    int64_t certain_ms = ingest_watermark(pump->ingest, monitor);
    pump->in_flight = true;
    if (pump->state == PUMP_JUDGE)
        evaluate_monitor(pump->evaluate, pump->monitor, final_ms, certain_ms, &pump->more, finished,
                         pump);
    else
        evaluate_merge_late(pump->evaluate, pump->monitor, finished, pump);
    if (pump->in_flight)
        return PUMP_WAIT;
    enum pump_result result = settle(pump, ret_wait_ms, reterr);
    if (result != PUMP_AGAIN)
        return result;
    if (pump->state == PUMP_LATE) {
        pump->monitor++;
        pump->state = PUMP_JUDGE;
    } else if (!pump->more) {
        pump->state = PUMP_LATE;
    }
    return PUMP_AGAIN;
}

enum pump_result pump_step(struct pump *pump, struct loop_time now, int64_t *ret_wait_ms,
                           struct err *reterr)
{
    *ret_wait_ms = 1000;
    if (pump->in_flight)
        return PUMP_WAIT;
    switch (pump->state) {
    case PUMP_READ:
        return step_read(pump, now, ret_wait_ms, reterr);
    case PUMP_COMMIT:
        return step_commit(pump, now, ret_wait_ms, reterr);
    case PUMP_JUDGE:
    case PUMP_LATE:
        return step_judge(pump, ret_wait_ms, reterr);
    case PUMP_DONE:
        break;
    }
    return PUMP_END;
}
