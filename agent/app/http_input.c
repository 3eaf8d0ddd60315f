/* The adapter between the HTTP source and the pump. Batches are counted in the order in which they
 * came, one after the other, because offsets of a partition are given out in that order; a batch
 * that does not fit before the next commit holds up those behind it. It refuses to know how a
 * commit is made: it asks for one and is told. */
#include "app/http_input.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>

#include "app/http_slots.h"
#include "app/metrics_http.h"
#include "sys/file.h"
#include "sys/log.h"

enum {
    RECORDS_A_TURN = 2048,
    LOOK_MS = 1000,
    TAKE_AGAIN_MS = 1000,
    STRANGER_MS = 100,
    RETRY_S = 5
};

/* A batch on its way. */
struct job {
    struct http_batch *batch;
    uint32_t slot;
    uint32_t done; /* events offered */
    int64_t accepted, repeated, next_offset;
    struct loop_time since;
    struct job *next;
};

struct jobs {
    struct job *first, **end;
    uint32_t count;
};

struct http_input {
    const struct config *config;
    struct http_input_hooks hooks;
    struct http_source *source;
    struct event *work;
    struct slots slots;
    struct jobs queue;           /* not yet offered, or in part */
    struct jobs waiting;         /* for a commit */
    int64_t waiting_records;     /* of these */
    struct loop_time ask_again;  /* for that commit: not before */
    struct loop_time full_until; /* ingest, at the latest; a commit ends it before */
    struct loop_time look_again; /* for batches that have waited too long: not before */
    bool away;                   /* the store: a batch lost its patience */
    bool stopped;
    bool ticking, want_soon, want_commit; /* asked for in a tick: see press */
    struct http_input_totals totals;
};

/* ---- lists ---- */

static void jobs_init(struct jobs *jobs)
{
    *jobs = (struct jobs){.end = &jobs->first};
}

static void jobs_add(struct jobs *jobs, struct job *job)
{
    job->next = NULL;
    *jobs->end = job;
    jobs->end = &job->next;
    jobs->count++;
}

static struct job *jobs_take(struct jobs *jobs)
{
    struct job *job = jobs->first;
    if (!job)
        return NULL;
    jobs->first = job->next;
    jobs->count--;
    if (!jobs->first)
        jobs->end = &jobs->first;
    return job;
}

/* Moves all jobs, so that answering, which may bring new ones, does not meet them. */
static void jobs_move(struct jobs *from, struct jobs *ret_to)
{
    *ret_to = *from;
    if (!ret_to->first)
        ret_to->end = &ret_to->first;
    jobs_init(from);
}

static void job_finish(struct job *job, const struct http_answer *answer)
{
    http_batch_answer(job->batch, answer);
    http_batch_free(job->batch);
    free(job);
}

static void job_refuse(struct job *job, int status, const char *why)
{
    const struct http_answer answer = http_answer_error(status, why, RETRY_S);
    job_finish(job, &answer);
}

/* Not as a timeout: event_add would take that back. */
static void work_soon(struct http_input *input)
{
    event_active(input->work, EV_READ, 0);
}

/* ---- from a batch to records ---- */

/* Asks for a step of the pump. Who ticks is in the middle of one and decides afterwards when the
 * next one is, so what is asked for in a tick is said later, from the loop. */
static void press(struct http_input *input, bool commit)
{
    if (input->ticking) {
        input->want_soon = input->want_soon || !commit;
        input->want_commit = input->want_commit || commit;
        work_soon(input);
    } else if (commit) {
        input->hooks.commit_soon(input->hooks.context);
    } else {
        input->hooks.soon(input->hooks.context);
    }
}

static void press_again(struct http_input *input)
{
    bool soon = input->want_soon, commit = input->want_commit;
    input->want_soon = input->want_commit = false;
    if (soon)
        press(input, false);
    if (commit)
        press(input, true);
}

/* Offers one event. False: not now. */
static bool offer_event(struct http_input *input, struct job *job, struct slot *slot,
                        struct loop_time now)
{
    bool numbered = job->batch->offset >= 0;
    struct record record = {.topic = slot->topic,
                            .partition = slot->partition,
                            .offset =
                                numbered ? job->batch->offset + job->done : slot->next_offset};
    http_batch_record(job->batch, job->done, &record);
    switch (input->hooks.offer(input->hooks.context, &record)) {
    case INGEST_TAKEN:
        job->accepted++;
        slot->next_offset = record.offset + 1;
        break;
    case INGEST_REPEATED:
        if (!numbered) { /* the offset is somebody else's, not the event: it gets the next one */
            slot->next_offset++;
            return true;
        }
        job->repeated++;
        break;
    case INGEST_FULL:
        input->full_until.ms = now.ms + LOOK_MS;
        press(input, false);
        return false;
    case INGEST_STRANGER:
        slots_lose(&input->slots, slot);
        return false;
    }
    job->done++;
    return true;
}

/* A numbered batch that begins beyond the next expected offset: the ones between may be on their
 * way on another connection, and would be dropped as repeated. */
static bool has_gap(const struct job *job, const struct slot *slot)
{
    return !job->done && job->batch->event_count && !job->batch->skip &&
           job->batch->offset > slot->next_offset;
}

static void refuse_gap(struct job *job, const struct slot *slot)
{
    char line[112];
    snprintf(line, sizeof line,
             "events before offset %" PRId64 " are missing; go on at next_offset, or add ?gap=skip",
             job->batch->offset);
    struct http_answer answer = http_answer_error(409, line, 0);
    answer.next = slot->next_offset;
    job_finish(job, &answer);
}

static void answer_counted(struct http_input *input, struct job *job)
{
    const struct http_answer answer = {.status = 200,
                                       .accepted = job->accepted,
                                       .repeated = job->repeated,
                                       .next = job->next_offset};
    input->totals.acknowledged += job->accepted;
    job_finish(job, &answer);
}

/* All of it is offered. */
static void job_offered(struct http_input *input, struct job *job)
{
    job->next_offset = input->slots.items[job->slot].next_offset;
    input->totals.accepted += job->accepted;
    input->totals.repeated += job->repeated;
    http_batch_drop(job->batch);
    if (!job->batch->wait) {
        http_batch_free(job->batch); /* was answered when it came */
        free(job);
    } else if (input->hooks.flushed(input->hooks.context)) {
        answer_counted(input, job); /* nothing in it was new */
    } else {
        input->waiting_records += job->accepted;
        jobs_add(&input->waiting, job);
    }
}

/* Offers from the front of the queue. True: there is more that can be offered now. */
static bool offer_some(struct http_input *input, struct loop_time now, uint32_t budget)
{
    while (input->queue.first && now.ms >= input->full_until.ms) {
        struct job *job = input->queue.first;
        struct slot *slot = &input->slots.items[job->slot];
        if (slot->state != SLOT_TAKEN)
            return false;
        if (has_gap(job, slot)) {
            refuse_gap(jobs_take(&input->queue), slot);
            continue;
        }
        for (; job->done < job->batch->event_count; budget--) {
            if (!budget)
                return true;
            if (!offer_event(input, job, slot, now))
                return false;
            slot->idle = false;
            slot->last_record = job->since;
        }
        job_offered(input, jobs_take(&input->queue));
    }
    return false;
}

/* ---- waiting ---- */

static void expire_jobs(struct http_input *input, struct jobs *jobs, struct loop_time now)
{
    struct jobs all;
    struct job *job;
    jobs_move(jobs, &all);
    while ((job = jobs_take(&all))) {
        if (!job->batch->wait || now.ms - job->since.ms < HTTP_INPUT_PATIENCE_MS) {
            jobs_add(jobs, job);
            continue;
        }
        input->away = true;
        job_refuse(job, 503, "the store does not answer; send it again later");
    }
}

static void expire(struct http_input *input, struct loop_time now)
{
    if (now.ms < input->look_again.ms)
        return;
    input->look_again.ms = now.ms + LOOK_MS / 4;
    expire_jobs(input, &input->waiting, now);
    expire_jobs(input, &input->queue, now);
    if (!input->waiting.count)
        input->waiting_records = 0;
}

/* While the store is away new requests would only wait in vain. */
static void judge_store(struct http_input *input)
{
    bool pending = !input->hooks.flushed(input->hooks.context) || input->slots.failed ||
                   slots_is_asking(&input->slots);
    input->away = input->away && pending;
    http_source_refuse(input->source,
                       input->away ? "the store does not answer; send it again later" : NULL);
}

/* Milliseconds until the commit for those who wait is due. */
static int64_t linger_left(const struct http_input *input, struct loop_time now)
{
    int64_t linger_ms = input->config->http.linger_ms;
    if (input->waiting_records >= HTTP_INPUT_HURRY || input->stopped)
        return 0;
    return input->waiting.first->since.ms + linger_ms - now.ms;
}

/* Asks for a commit if it is time; again if nobody listened. Returns when to look again. */
static int64_t ask_for_commit(struct http_input *input, struct loop_time now)
{
    if (!input->waiting.first || now.ms < input->ask_again.ms)
        return LOOK_MS;
    int64_t left_ms = linger_left(input, now);
    if (left_ms > 0)
        return left_ms < LOOK_MS ? left_ms : LOOK_MS;
    input->ask_again.ms = now.ms + LOOK_MS;
    press(input, true);
    return LOOK_MS;
}

static void turn(struct http_input *input, struct loop_time now)
{
    slots_ask(&input->slots, now);
    bool more = offer_some(input, now, input->stopped ? UINT32_MAX : RECORDS_A_TURN);
    expire(input, now);
    judge_store(input);
    if (!input->queue.first) /* what waits may be of any partition */
        slots_mark_idle(&input->slots, now);
    int64_t wait_ms = more ? 0 : slots_wait_ms(&input->slots, now, ask_for_commit(input, now));
    struct timeval wait = {wait_ms / SECOND_MS, wait_ms % SECOND_MS * 1000};
    event_add(input->work, &wait);
}

static void on_work(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    press_again(context);
    turn(context, clock_loop());
}

void http_input_tick(struct http_input *input, struct loop_time now)
{
    input->ticking = true;
    turn(input, now);
    input->ticking = false;
}

void http_input_committed(struct http_input *input)
{
    struct jobs all;
    struct job *job;
    jobs_move(&input->waiting, &all);
    input->waiting_records = 0;
    input->ask_again.ms = input->full_until.ms = 0;
    input->away = false;
    while ((job = jobs_take(&all)))
        answer_counted(input, job);
    work_soon(input);
}

void http_input_fenced(struct http_input *input)
{
    static const char why[] = "another agent has taken over this partition; send it again";
    struct jobs all;
    struct job *job;
    input->totals.fenced++;
    log_warning("another agent counts the same partition", "hint",
                "Agents that share a database need an http.partition of their own, and a client "
                "that numbers its batches should stay with one agent.");
    input->hooks.release(input->hooks.context);
    slots_lose_all(&input->slots);
    jobs_move(&input->waiting, &all);
    input->waiting_records = 0;
    input->ask_again.ms = input->full_until.ms = 0;
    while ((job = jobs_take(&all)))
        job_refuse(job, 503, why);
    if (input->queue.first && input->queue.first->done)
        job_refuse(jobs_take(&input->queue), 503, why); /* a part of it was dropped */
    work_soon(input);
}

/* ---- life ---- */

static void on_batch(void *context, struct http_batch *batch)
{
    struct http_input *input = context;
    bool numbered = batch->offset >= 0;
    int32_t partition = numbered ? batch->partition : (int32_t)input->config->http.partition;
    struct job *job = mem_new(1, sizeof *job);
    int64_t slot = slots_want(&input->slots, batch->topic, partition, batch->offset);
    *job = (struct job){.batch = batch, .slot = (uint32_t)slot, .since = clock_loop()};
    if (slot < 0) {
        const struct http_answer full = http_answer_error(400, "there are too many partitions", 0);
        job_finish(job, &full);
        return;
    }
    jobs_add(&input->queue, job);
    work_soon(input);
    if (batch->wait)
        return;
    const struct http_answer answer = {
        .status = 202, .accepted = batch->event_count, .repeated = -1, .next = -1};
    http_batch_answer(batch, &answer);
}

static void on_changed(void *context)
{
    struct http_input *input = context;
    work_soon(input);
}

struct http_input *http_input_new(const struct config *config, struct event_base *base,
                                  const struct http_input_hooks *hooks, struct err *reterr)
{
    struct http_input *input = mem_new(1, sizeof *input);
    input->config = config;
    input->hooks = *hooks;
    jobs_init(&input->queue);
    jobs_init(&input->waiting);
    slots_init(&input->slots, config, hooks, on_changed, input);
    const struct http_options options = {.listen = config->http.listen,
                                         .topics = (const char *const *)input->slots.topics,
                                         .topic_count = input->slots.topic_count,
                                         .body_bytes = config->http.body_bytes,
                                         .event_bytes = config->limits.event_bytes,
                                         .hooks = {.context = input, .batch = on_batch}};
    input->work = event_new(base, -1, 0, on_work, input);
    if (!input->work)
        mem_fail(sizeof *input);
    input->source = http_source_new(&options, base, reterr);
    if (!input->source) {
        http_input_free(input);
        return NULL;
    }
    work_soon(input);
    return input;
}

static void free_jobs(struct jobs *jobs)
{
    struct job *job;
    while ((job = jobs_take(jobs))) {
        http_batch_free(job->batch);
        free(job);
    }
}

void http_input_free(struct http_input *input)
{
    if (!input)
        return;
    if (input->source)
        http_source_stop(input->source); /* so that an answer brings no new batch */
    free_jobs(&input->waiting);
    free_jobs(&input->queue);
    http_source_free(input->source);
    event_free(input->work);
    slots_release(&input->slots);
    free(input);
}

void http_input_stop(struct http_input *input)
{
    input->stopped = true;
    http_source_stop(input->source);
    turn(input, clock_loop());
}

bool http_input_is_quiet(const struct http_input *input)
{
    return !slots_is_asking(&input->slots);
}

const char *http_input_state(const struct http_input *input)
{
    if (input->stopped)
        return "stopping";
    if (input->away)
        return "the store does not answer";
    return input->slots.ready ? "ok" : "taking over partitions";
}

uint16_t http_input_port(const struct http_input *input)
{
    return http_source_port(input->source);
}

bool http_input_is_local(const struct http_input *input)
{
    return http_source_is_local(input->source);
}

void http_input_metrics(const struct http_input *input, struct families *families)
{
    struct http_input_totals totals = input->totals;
    totals.counting = input->queue.count;
    totals.waiting = input->waiting.count;
    totals.up = input->slots.ready && !input->away && !input->stopped;
    metrics_http(&totals, http_source_counters(input->source), families);
}
