/* The only question that matters about a lost connection is what has become of the statement that
 * was under way. So every call is one transaction of its own that ends with its own synchronisation
 * point, is known to be durable only when that point comes back, and says beforehand what to do if
 * it never does:
 *
 *     waiting ──► sent ──► answered
 *        ▲          │ lost
 *        ├─ repeat ─┤
 *        │          └─► asking ──► done, fenced: answered
 *        └─────────────── not done
 *
 * Assumes one thread. Knows no statement but the one that sets the limits of each transaction. */
#include "store/postgres_traffic.h"

#include <event2/event.h>
#include <stdio.h>

#include "store/check.h"
#include "store/postgres_error.h"
#include "sys/file.h"

/* A statement that ends the connection each time must not do so for ever. */
enum { REPEATS_MAX = 3 };

/* The statements of a call, by its stage. */
enum { STAGE_LIMITS, STAGE_STATEMENT, STAGE_END };

/* ---- answers */

/* Takes the call out of the queue, answers and frees it. */
static void answer(struct postgres_link *link, struct call *call, const struct err *err)
{
    struct call **at = &link->head;
    while (*at != call)
        at = &(*at)->next;
    *at = call->next;
    if (!*at)
        link->end = at;
    store_tell(call->done, call->context, err->code, err);
    call_free(call);
}

static void answer_down(struct postgres_link *link, struct call *call)
{
    struct err err = {0};
    err_set(&err, ERR_UNAVAILABLE, "could not %s: database: %s", call->doing, link->why.text);
    if (link->why.hint[0])
        err_hint(&err, "%s", link->why.hint);
    answer(link, call, &err);
}

static bool is_late(const struct postgres_link *link, const struct call *call)
{
    return !call->sent && !call->asking && link->state != LINK_READY &&
           clock_loop().ms - call->since.ms >= POSTGRES_WAIT_MS;
}

/* Answers those who have waited long enough, or all who wait. A callback may change the queue, so
 * each look begins at its head. */
void traffic_time_out(struct postgres_link *link, bool all)
{
    struct loop_time now = clock_loop();
    for (struct call *call = link->head; call && !link->freed;) {
        bool mine = !call->sent && !call->asking && call->since.ms <= now.ms;
        if (mine && link->state != LINK_READY && (all || is_late(link, call))) {
            answer_down(link, call);
            call = link->head;
        } else {
            call = call->next;
        }
    }
}

static bool gives_up(struct call *call)
{
    if (!call->sent || call->asking)
        return false;
    call->repeats++;
    if (call->loss == LOSS_REPEAT)
        return call->rows || call->repeats > REPEATS_MAX;
    return call->loss == LOSS_GIVE_UP;
}

void traffic_return(struct postgres_link *link)
{
    struct loop_time now = clock_loop();
    for (struct call *call = link->head; call && !link->freed;) {
        if (gives_up(call)) {
            answer_down(link, call);
            call = link->head;
            continue;
        }
        if (call->sent) {
            call->asking = call->loss == LOSS_ASK;
            call->since = now;
            call->sent = false;
            call->err.code = 0;
        }
        call = call->next;
    }
}

/* ---- sending */

/* Within the transaction only. A lock that is asked for here comes before the statement looks at
 * the tables. */
#define LIMITS                                                                                     \
    "select set_config('statement_timeout', '30s', true), set_config('lock_timeout', '5s', true)"

static bool send_statements(struct postgres_link *link, struct call *call)
{
    char limits[sizeof LIMITS + 128];
    bool locks = call->lock && !call->asking;
    snprintf(limits, sizeof limits, LIMITS "%s%s", locks ? ", " : "", locks ? call->lock : "");
    return PQsendQueryParams(link->conn, limits, 0, NULL, NULL, NULL, NULL, 1) == 1 &&
           PQsendQueryParams(link->conn, call->asking ? call->ask : call->sql,
                             call->asking ? 1 : call->count, NULL, call->values, call->sizes,
                             call->formats, 1) == 1 &&
           PQpipelineSync(link->conn) == 1;
}

static void flush(struct postgres_link *link)
{
    int unsent = PQflush(link->conn);
    if (unsent >= 0)
        link_watch(link, unsent ? EV_READ | EV_WRITE : EV_READ);
    else
        link->lost = true; /* what has come is still read */
}

void traffic_send(struct postgres_link *link)
{
    bool idle = !link->head || !link->head->sent;
    if (link->state != LINK_READY || link->lost)
        return;
    if (idle)
        link->heard = clock_loop();
    for (struct call *call = link->head; call; call = call->next) {
        if (!call->sent) {
            call->stage = STAGE_LIMITS;
            call->stopped = false;
            call->answer = ASKED_FENCED;
            call->sent = true;
            link->lost |= !send_statements(link, call);
        }
        if (call->asking || call->doubted || link->lost)
            break;
    }
    flush(link);
    if (link->lost)
        event_active(link->wake, EV_TIMEOUT, 0);
}

/* ---- receiving */

static void hand_out(struct postgres_link *link, struct call *call, const PGresult *result)
{
    int count = PQntuples(result);
    for (int i = 0; i < count && !call->stopped && !link->freed; i++) {
        struct row row = {.result = result, .row = i};
        call->rows++;
        if (call->asking) {
            call->answer = call->asked(call, &row);
            continue;
        }
        if (!call->row)
            return;
        *link->busy = true;
        call->stopped = call->row(call, &row) != 0;
        *link->busy = false;
    }
}

/* The transaction has ended well. Whether the call has, it says itself. */
static void finish(struct postgres_link *link, struct call *call)
{
    struct err err = {0};
    if (call->finish)
        call->finish(call, &err);
    if (err.code == ERR_CONFLICT && call->doubted == 1) {
        /* Sent again, and yet somebody was faster: perhaps the first sending, late. */
        call->doubted++;
        call->asking = true;
        call->sent = false;
        return;
    }
    if (!err.code && call->again) {
        call->again = call->sent = false;
        call->rows = 0;
        call->since = clock_loop();
        if (call->next) { /* behind the others */
            link->head = call->next;
            call->next = NULL;
            *link->end = call;
            link->end = &call->next;
        }
        return;
    }
    answer(link, call, &err);
}

/* The question has been answered. */
static void finish_asking(struct postgres_link *link, struct call *call)
{
    struct err err = {0};
    call->asking = false;
    call->rows = 0;
    if (call->answer == ASKED_NOT_DONE && call->repeats <= REPEATS_MAX) {
        call->doubted += !call->doubted;
        call->sent = false;
        call->since = clock_loop();
        return;
    }
    if (call->answer == ASKED_NOT_DONE)
        err_set(&err, ERR_UNAVAILABLE, "could not %s: the connection is lost each time",
                call->doing);
    else if (call->answer == ASKED_FENCED)
        err_set(&err, ERR_CONFLICT, "could not %s: somebody else has taken over", call->doing);
    answer(link, call, &err);
}

static void end_call(struct postgres_link *link, struct call *call)
{
    struct err err = call->err;
    if (!err.code && call->asking) {
        finish_asking(link, call);
    } else if (!err.code) {
        finish(link, call);
    } else if (call->asking && err.code == ERR_UNAVAILABLE) {
        link->lost = true; /* a lock is still held, perhaps by what we ask about: ask again */
    } else {
        answer(link, call, &err);
    }
}

static void take_failure(struct postgres_link *link, struct call *call, const PGresult *result)
{
    struct err err = {0};
    enum postgres_after after = postgres_result_err(result, call->doing, &err);
    if (!call->err.code)
        call->err = err;
    if (after == POSTGRES_LOST)
        link->lost = true;
    if (after == POSTGRES_RECONNECT) {
        event_active(link->timer, EV_TIMEOUT, 0); /* when the answers under way have come */
        err_set(&link->why, ERR_UNAVAILABLE, "the server is read-only");
    }
}

static void take_result(struct postgres_link *link, const PGresult *result)
{
    struct call *call = link->head;
    if (!result) {
        call->stage++;
        link->lost |= call->stage > STAGE_END; /* the protocol does not allow it */
        if (call->stage == STAGE_STATEMENT) /* rows as they come; if it is too late, all at once */
            (void)PQsetSingleRowMode(link->conn);
        link->lost |= PQstatus(link->conn) == CONNECTION_BAD;
        return;
    }
    switch (PQresultStatus(result)) {
    case PGRES_SINGLE_TUPLE:
    case PGRES_TUPLES_OK:
        if (call->stage == STAGE_STATEMENT)
            hand_out(link, call, result);
        break;
    case PGRES_PIPELINE_SYNC:
        end_call(link, call);
        break;
    case PGRES_COMMAND_OK:
    case PGRES_PIPELINE_ABORTED:
        break;
    default:
        take_failure(link, call, result);
    }
}

void traffic_receive(struct postgres_link *link)
{
    while (!link->freed && !link->lost && link->head && link->head->sent && !PQisBusy(link->conn)) {
        PGresult *result = PQgetResult(link->conn);
        take_result(link, result);
        PQclear(result);
    }
}

void traffic_drop(struct postgres_link *link)
{
    while (link->head) {
        struct call *call = link->head;
        link->head = call->next;
        call_free(call);
    }
}
