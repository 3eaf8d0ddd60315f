/* See the header for the lanes. Trouble with the store is waited out with growing pauses; nothing
 * is dropped, the same commit is tried again. */
#include "app/pump.h"

#include <stdlib.h>
#include <string.h>

enum {
    RECORDS_A_STEP = 2048,
    RECORDS_A_PACED_STEP = 128,
    RETRY_MIN_MS = 100,
    RETRY_MAX_MS = 30000,
    CLAIM_MS = 30000
};

/* A call to the store: at most one for each lane. */
struct call {
    struct pump *pump;
    bool open, answered;
    enum store_result result;
    struct err err;
    int64_t pause_ms;       /* the next one after trouble */
    struct loop_time again; /* not before */
};

enum judging { JUDGE_REST, JUDGE_LOOK, JUDGE_CLAIM, JUDGE_PANES, JUDGE_LATE };

struct pump {
    const struct setup *setup;
    struct store *store;
    struct ingest *ingest;
    struct evaluate *evaluate;
    struct replay *replay;
    struct pump_options options;
    bool ended, stopped, hurry;
    /* reading */
    struct record held; /* offered again after a commit or when its partition is taken */
    bool has_held, taken;
    int64_t renumbered;
    struct ingest_want *wants;
    uint32_t want_count;
    struct replay_partition *partitions;
    uint32_t partition_count;
    struct call take;
    /* committing */
    struct call commit;
    struct loop_time last_commit;
    bool has_started;
    /* judging */
    struct call judge;
    enum judging judging;
    bool judge_wanted, judge_allowed, judged_all;
    uint32_t monitor; /* being judged */
    bool more, claimed;
    bool *held_claims;                     /* by monitor: the last answer */
    struct watermarks watermarks, looking; /* as last read, and as they are being read */
    /* pace */
    struct loop_time started;
    int64_t first_event_ms;
};

struct pump *pump_new(struct ingest *ingest, struct evaluate *evaluate, const struct setup *setup,
                      struct store *store, struct replay *replay,
                      const struct pump_options *options)
{
    struct pump *pump = mem_new(1, sizeof *pump);
    pump->setup = setup;
    pump->store = store;
    pump->ingest = ingest;
    pump->evaluate = evaluate;
    pump->replay = replay;
    pump->options = *options;
    pump->judge_allowed = replay != NULL;
    pump->held_claims = mem_new(setup->monitor_count + 1, sizeof *pump->held_claims);
    pump->take = pump->commit = pump->judge = (struct call){.pump = pump, .pause_ms = RETRY_MIN_MS};
    pump->first_event_ms = TIME_NONE;
    return pump;
}

void pump_free(struct pump *pump)
{
    if (!pump)
        return;
    replay_partitions_free(pump->partitions, pump->partition_count);
    watermarks_clear(&pump->watermarks);
    watermarks_clear(&pump->looking);
    free(pump->held_claims);
    free(pump->wants);
    free(pump);
}

void pump_stop(struct pump *pump)
{
    pump->stopped = pump->hurry = true;
}

void pump_hurry(struct pump *pump)
{
    pump->hurry = true;
}

void pump_allow_judging(struct pump *pump, bool allowed)
{
    pump->judge_allowed = allowed;
}

bool pump_is_flushed(const struct pump *pump)
{
    return !pump->commit.open && !pump->commit.answered && !ingest_pending(pump->ingest);
}

bool pump_is_quiet(const struct pump *pump)
{
    return !pump->commit.open && !pump->judge.open && !pump->take.open;
}

const char *pump_trouble(const struct pump *pump)
{
    const struct call *calls[] = {&pump->commit, &pump->judge, &pump->take};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (calls[i]->err.code && calls[i]->err.code != ERR_CONFLICT)
            return calls[i]->err.text;
    return "ok";
}

const struct watermarks *pump_watermarks(const struct pump *pump)
{
    return &pump->watermarks;
}

/* ---- calls ---- */

static void call_answered(void *context, enum store_result result, const struct err *err)
{
    struct call *call = context;
    call->answered = true;
    call->open = false;
    call->result = result;
    call->err = (struct err){0};
    if (result != STORE_DONE)
        call->err = *err;
    if (call->pump->options.wake)
        call->pump->options.wake(call->pump->options.context);
}

static struct call *call_open(struct call *call)
{
    call->open = true;
    call->answered = false;
    return call;
}

/* Looks at the answer: PUMP_AGAIN if it is done, PUMP_WAIT to try again later, PUMP_FAILED. */
static enum pump_result call_settle(struct call *call, struct loop_time now, struct err *reterr)
{
    call->answered = false;
    switch (call->result) {
    case STORE_DONE:
        call->pause_ms = RETRY_MIN_MS;
        return PUMP_AGAIN;
    case STORE_FENCED:
    case STORE_UNAVAILABLE:
        call->again.ms = now.ms + call->pause_ms;
        call->pause_ms = call->pause_ms * 2 < RETRY_MAX_MS ? call->pause_ms * 2 : RETRY_MAX_MS;
        return PUMP_WAIT;
    case STORE_FAILED:
        break;
    }
    *reterr = call->err;
    return PUMP_FAILED;
}

static int fenced_for_good(struct err *reterr)
{
    err_set(reterr, ERR_CONFLICT, "another agent has taken over the same input and store");
    err_hint(reterr, "Stop one of them; nothing was counted twice.");
    return ERR_CONFLICT;
}

/* ---- the commit lane ---- */

static enum pump_result settle_commit(struct pump *pump, struct loop_time now, struct err *reterr)
{
    enum pump_result result = call_settle(&pump->commit, now, reterr);
    if (pump->commit.result == STORE_FENCED) {
        pump->commit.again = now;
        if (!pump->options.fenced)
            return fenced_for_good(reterr) ? PUMP_FAILED : PUMP_WAIT;
        pump->options.fenced(pump->options.context);
        return PUMP_AGAIN;
    }
    if (pump->commit.result == STORE_UNAVAILABLE)
        pump->hurry = true; /* as soon as the pause is over */
    if (pump->commit.result == STORE_DONE) {
        pump->judge_wanted = true;
        if (pump->options.committed)
            pump->options.committed(pump->options.context);
    }
    return result;
}

static enum pump_result commit_lane(struct pump *pump, struct loop_time now, struct err *reterr)
{
    if (pump->commit.answered)
        return settle_commit(pump, now, reterr);
    bool due = pump->hurry || now.ms - pump->last_commit.ms >= pump->options.commit_interval_ms;
    if (pump->commit.open || !due || now.ms < pump->commit.again.ms)
        return PUMP_WAIT;
    bool asked = pump->hurry;
    pump->hurry = false;
    pump->last_commit = now;
    if (!ingest_pending(pump->ingest)) {
        pump->commit.err.code = 0;  /* what could not be committed was given up */
        if (asked || !pump->replay) /* others may have made panes final */
            pump->judge_wanted = true;
        return PUMP_WAIT;
    }
    ingest_commit(pump->ingest, call_answered, call_open(&pump->commit));
    return PUMP_AGAIN;
}

/* ---- the judge lane ---- */

static void open_look(struct pump *pump)
{
    watermarks_clear(&pump->looking);
    pump->judge_wanted = false;
    store_partitions(pump->store, watermarks_row, &pump->looking, call_answered,
                     call_open(&pump->judge));
}

static void take_look(struct pump *pump)
{
    watermarks_clear(&pump->watermarks);
    pump->watermarks = pump->looking;
    pump->looking = (struct watermarks){0};
}

static void open_judging(struct pump *pump)
{
    const struct monitor *monitor = &pump->setup->monitors[pump->monitor];
    struct call *call = call_open(&pump->judge);
    if (pump->judging == JUDGE_CLAIM)
        store_claim(pump->store, monitor->config->name, CLAIM_MS, &pump->claimed, call_answered,
                    call);
    else if (pump->judging == JUDGE_PANES)
        evaluate_monitor(
            pump->evaluate, pump->monitor, watermarks_final(&pump->watermarks, monitor),
            watermarks_certain(&pump->watermarks, monitor), &pump->more, call_answered, call);
    else
        evaluate_merge_late(pump->evaluate, pump->monitor, call_answered, call);
}

static void next_monitor(struct pump *pump)
{
    pump->monitor++;
    pump->judging = JUDGE_CLAIM;
    if (pump->monitor < pump->setup->monitor_count)
        return;
    pump->judging = JUDGE_REST;
    pump->judged_all = true;
}

/* What comes after an answer that was good. */
static void advance_judging(struct pump *pump)
{
    switch (pump->judging) {
    case JUDGE_REST:
        break;
    case JUDGE_LOOK:
        take_look(pump);
        pump->monitor = UINT32_MAX;
        next_monitor(pump);
        break;
    case JUDGE_CLAIM:
        if (pump->claimed && !pump->held_claims[pump->monitor])
            evaluate_forget(pump->evaluate, pump->monitor);
        if (!pump->claimed && pump->held_claims[pump->monitor] && pump->options.lost)
            pump->options.lost(pump->options.context, pump->monitor);
        pump->held_claims[pump->monitor] = pump->claimed;
        if (pump->claimed)
            pump->judging = JUDGE_PANES;
        else
            next_monitor(pump);
        break;
    case JUDGE_PANES:
        if (!pump->more)
            pump->judging = JUDGE_LATE;
        break;
    case JUDGE_LATE:
        next_monitor(pump);
        break;
    }
}

static bool may_judge(const struct pump *pump)
{
    return pump->judge_allowed && (!pump->options.judge_at_end || pump->ended);
}

static enum pump_result judge_lane(struct pump *pump, struct loop_time now, struct err *reterr)
{
    if (pump->judge.answered) {
        enum pump_result result = call_settle(&pump->judge, now, reterr);
        if (pump->judge.result == STORE_FENCED && pump->judging != JUDGE_REST) {
            next_monitor(pump); /* another judge was faster: it has done the work */
            return PUMP_AGAIN;
        }
        if (result == PUMP_AGAIN)
            advance_judging(pump);
        return result;
    }
    if (pump->judge.open || now.ms < pump->judge.again.ms)
        return PUMP_WAIT;
    if (pump->judging == JUDGE_REST) {
        if (!pump->judge_wanted || !may_judge(pump))
            return PUMP_WAIT;
        pump->judged_all = false;
        pump->judging = JUDGE_LOOK;
    }
    if (pump->judging == JUDGE_LOOK)
        open_look(pump);
    else
        open_judging(pump);
    return PUMP_AGAIN;
}

/* ---- reading a file ---- */

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

static void take(struct pump *pump, const char *topic, int32_t partition, int64_t start_offset)
{
    pump->wants = mem_resize(pump->wants, pump->want_count + 1, sizeof *pump->wants);
    pump->wants[pump->want_count++] =
        (struct ingest_want){.topic = topic, .partition = partition, .start_offset = start_offset};
}

/* All partitions of the file, once, before the first record. */
static int want_all(struct pump *pump, struct err *reterr)
{
    int code = replay_scan(pump->replay, &pump->partitions, &pump->partition_count, reterr);
    for (uint32_t i = 0; i < pump->partition_count && !code; i++)
        take(pump, pump->partitions[i].topic, pump->partitions[i].partition,
             pump->partitions[i].first_offset);
    return code;
}

/* Takes what is wanted; PUMP_AGAIN once it is owned. */
static enum pump_result take_lane(struct pump *pump, struct loop_time now, struct err *reterr)
{
    if (pump->take.answered) {
        enum pump_result result = call_settle(&pump->take, now, reterr);
        if (result == PUMP_AGAIN)
            pump->want_count = 0;
        return result;
    }
    if (pump->take.open || now.ms < pump->take.again.ms)
        return PUMP_WAIT;
    if (pump->want_count)
        ingest_take(pump->ingest, pump->wants, pump->want_count, call_answered,
                    call_open(&pump->take));
    return PUMP_AGAIN;
}

/* True if the record was taken and the next can follow. */
static bool read_one(struct pump *pump, struct err *reterr)
{
    if (!pump->has_held) {
        enum replay_result result = replay_next(pump->replay, &pump->held, reterr);
        if (result != REPLAY_RECORD) {
            pump->ended = pump->hurry = true;
            if (result == REPLAY_END)
                ingest_all_idle(pump->ingest);
            return false;
        }
        pump->has_held = true;
        if (pump->options.renumber) {
            pump->held.partition = 0;
            pump->held.offset = pump->renumbered++;
        }
    }
    enum ingest_result result = ingest_record(pump->ingest, &pump->held);
    if (result == INGEST_STRANGER)
        take(pump, pump->held.topic, pump->held.partition, pump->held.offset);
    if (result == INGEST_FULL)
        pump->hurry = true;
    if (result == INGEST_STRANGER || result == INGEST_FULL)
        return false;
    pump->has_held = false;
    return true;
}

static enum pump_result read_some(struct pump *pump, struct loop_time now, int64_t *ret_wait_ms,
                                  struct err *reterr)
{
    int count = pump->options.pace > 0 ? RECORDS_A_PACED_STEP : RECORDS_A_STEP;
    if (!pump->taken && !pump->options.judge_at_end && !pump->options.renumber) {
        pump->taken = true;
        return want_all(pump, reterr) ? PUMP_FAILED : PUMP_AGAIN;
    }
    int64_t wait_ms = pace_wait_ms(pump, now);
    if (wait_ms > 0) {
        *ret_wait_ms = wait_ms < 100 ? wait_ms : 100;
        return PUMP_WAIT;
    }
    reterr->code = 0;
    while (count-- > 0 && read_one(pump, reterr))
        if (pump->options.pace > 0 && pace_wait_ms(pump, now) > 0)
            break;
    return reterr->code ? PUMP_FAILED : PUMP_AGAIN;
}

bool pump_has_room(const struct pump *pump)
{
    return !pump->commit.open && !pump->commit.answered && !ingest_is_full(pump->ingest);
}

enum ingest_result pump_offer(struct pump *pump, const struct record *record)
{
    if (pump->commit.open || pump->commit.answered)
        return INGEST_FULL;
    enum ingest_result result = ingest_record(pump->ingest, record);
    pump->hurry = pump->hurry || result == INGEST_FULL;
    return result;
}

/* ---- one step ---- */

static bool is_over(const struct pump *pump)
{
    return (pump->ended || pump->stopped) && !pump->hurry && pump_is_flushed(pump) &&
           pump->judging == JUDGE_REST && !pump->judge.open && !pump->judge.answered &&
           (!may_judge(pump) || (pump->judged_all && !pump->judge_wanted));
}

static int64_t until(struct loop_time now, int64_t at_ms)
{
    return at_ms > now.ms ? at_ms - now.ms : 0;
}

/* What a live pump waits for without a call: the next commit, or the end of a pause. An answer
 * wakes it. */
static int64_t wait_of(const struct pump *pump, struct loop_time now)
{
    int64_t wait_ms = pump->options.commit_interval_ms;
    if (!pump->commit.open)
        wait_ms = until(now, pump->last_commit.ms + wait_ms);
    if (!pump->commit.open && pump->commit.again.ms > now.ms)
        wait_ms = until(now, pump->commit.again.ms);
    if (!pump->judge.open && pump->judging != JUDGE_REST && pump->judge.again.ms > now.ms &&
        until(now, pump->judge.again.ms) < wait_ms)
        wait_ms = until(now, pump->judge.again.ms);
    return wait_ms > 1 ? wait_ms : 1;
}

enum pump_result pump_step(struct pump *pump, struct loop_time now, int64_t *ret_wait_ms,
                           struct err *reterr)
{
    if (!pump->has_started) {
        pump->has_started = true;
        pump->last_commit = now;
    }
    *ret_wait_ms = wait_of(pump, now);
    enum pump_result committed = commit_lane(pump, now, reterr);
    if (committed == PUMP_FAILED)
        return PUMP_FAILED;
    enum pump_result judged = judge_lane(pump, now, reterr);
    if (judged == PUMP_FAILED)
        return PUMP_FAILED;
    if (is_over(pump))
        return PUMP_END;
    bool busy = pump->commit.open || pump->judge.open || pump->judging != JUDGE_REST ||
                pump->commit.answered;
    if (committed == PUMP_AGAIN || judged == PUMP_AGAIN)
        return PUMP_AGAIN;
    *ret_wait_ms = wait_of(pump, now);
    if (busy || !pump->replay || pump->ended || pump->stopped)
        return PUMP_WAIT;
    if (pump->want_count || pump->take.open || pump->take.answered)
        return take_lane(pump, now, reterr);
    return read_some(pump, now, ret_wait_ms, reterr);
}
