/* The outbox: which message is next for whom, and what came of sending it.
 *
 *     pending ──► delivered | dead | dry_run | suppressed   (settled)
 *        ▲ └────► parked ──► pending | …            (waits longer, still blocks its successors)
 *        └─ another attempt
 *
 * Messages of one incident go to one receiver in order of sequence, so only the first waiting one
 * of each pair can be due. A receiver belongs to the agent that asked last, for a minute by the
 * server's clock. Knows no receiver and no payload. */
#include <inttypes.h>

#include "store/check.h"
#include "store/postgres_ops.h"

/* Waiting, and no message of the same receiver and incident waits before it. The condition on the
 * state is the one of the index outbox_waiting. */
#define FIRST_WAITING                                                                              \
    " o.state in ('pending', 'parked') and not exists (select from leeway.outbox b"                \
    " where b.state in ('pending', 'parked') and b.receiver = o.receiver"                          \
    " and b.incident = o.incident and (b.sequence, b.id) < (o.sequence, o.id))"

struct due {
    store_delivery_fn row;
    void *context;
};

static const char due_sql[] =
    "with waiting as materialized (select o.id, o.receiver, o.next_attempt_at"
    " from leeway.outbox o where o.next_attempt_at <= leeway.time_of($1::bigint) and" FIRST_WAITING
    "), mine as (insert into leeway.claim as c (kind, name, agent, claimed_until)"
    " select 'receiver', w.receiver, $3, clock_timestamp() + interval '60 seconds'"
    " from (select distinct receiver from waiting) as w order by w.receiver"
    " on conflict (kind, name) do update set agent = excluded.agent,"
    " claimed_until = excluded.claimed_until"
    " where c.agent = excluded.agent or c.claimed_until <= clock_timestamp() returning name),"
    " turns as (select w.id, w.next_attempt_at, row_number() over (partition by w.receiver"
    " order by w.next_attempt_at, w.id) as turn from waiting w join mine on mine.name = w.receiver)"
    " select o.id, o.receiver, o.incident, o.event, o.message_id, o.payload, o.sequence,"
    " o.attempts from turns t join leeway.outbox o on o.id = t.id"
    " order by t.turn, t.next_attempt_at, t.id limit $2::bigint";

static int due_row(struct call *call, struct row *row)
{
    struct due *due = call->what;
    struct store_delivery delivery = {.id = row_int(row)};
    delivery.receiver = row_text(row);
    delivery.incident = row_text(row);
    delivery.event = row_text(row);
    delivery.message_id = row_text(row);
    delivery.payload = row_text(row);
    delivery.sequence = (uint32_t)row_int(row);
    delivery.attempts = (uint32_t)row_int(row);
    return due->row(due->context, &delivery);
}

void postgres_due(struct store *store, int64_t now_unix_ms, uint32_t limit, store_delivery_fn row,
                  void *row_context, store_done_fn done, void *context)
{
    struct call *call =
        call_new("read the due messages", due_sql, sizeof(struct due), done, context);
    *(struct due *)call->what = (struct due){row, row_context};
    call_int(call, now_unix_ms);
    call_int(call, limit);
    call_text(call, postgres_store_of(store)->agent);
    call->row = due_row;
    postgres_start(store, call);
}

struct next_due {
    int64_t unix_ms, *ret;
};

static int next_due_row(struct call *call, struct row *row)
{
    ((struct next_due *)call->what)->unix_ms = row_int_or(row, INT64_MAX);
    return 0;
}

static int next_due_finish(struct call *call, struct err *reterr)
{
    struct next_due *next = call->what;
    (void)reterr;
    *next->ret = next->unix_ms;
    return 0;
}

void postgres_next_due(struct store *store, int64_t *ret_unix_ms, store_done_fn done, void *context)
{
    struct call *call = call_new("find the next message",
                                 "select leeway.ms_of(min(o.next_attempt_at))"
                                 " from leeway.outbox o where" FIRST_WAITING,
                                 sizeof(struct next_due), done, context);
    *(struct next_due *)call->what = (struct next_due){INT64_MAX, ret_unix_ms};
    call->row = next_due_row;
    call->finish = next_due_finish;
    postgres_start(store, call);
}

/* ---- what came of it */

struct settling {
    int64_t id;
    bool settled;
    char state[32]; /* as it was; empty: there is no such message */
};

static const char delivered_sql[] =
    "with settled as (update leeway.outbox set state = $2, attempts = $3::bigint,"
    " next_attempt_at = leeway.time_of($4::bigint), http_status = $5::integer, error = $6,"
    " updated_at = now() where id = $1::bigint and state in ('pending', 'parked') returning id),"
    " logged as (insert into leeway.delivery (outbox, attempt, state, http_status, error)"
    " select id, $3::bigint, $2, $5::integer, $6 from settled returning id),"
    " old as (delete from leeway.delivery where id <= (select max(id) from logged) - 10000)"
    " select exists (select from settled),"
    " (select state from leeway.outbox where id = $1::bigint)";

static int settled_row(struct call *call, struct row *row)
{
    struct settling *settling = call->what;
    settling->settled = row_bool(row);
    const char *state = row_text(row);
    memcpy(settling->state, state, strnlen(state, sizeof settling->state - 1));
    return 0;
}

static int settled_finish(struct call *call, struct err *reterr)
{
    struct settling *settling = call->what;
    if (settling->settled)
        return 0;
    if (settling->state[0])
        return err_set(reterr, ERR_CONFLICT, "message %" PRId64 " is settled already: %s",
                       settling->id, settling->state);
    return err_set(reterr, ERR_NOT_FOUND, "there is no message %" PRId64, settling->id);
}

void postgres_delivered(struct store *store, const struct store_delivery_result *result,
                        store_done_fn done, void *context)
{
    bool waits = result->state == DELIVERY_PENDING || result->state == DELIVERY_PARKED;
    struct call *call = call_new("write what came of a message", delivered_sql,
                                 sizeof(struct settling), done, context);
    ((struct settling *)call->what)->id = result->id;
    call_int(call, result->id);
    call_text(call, delivery_state_name(result->state));
    call_int(call, result->attempts);
    if (waits)
        call_int(call, result->next_attempt_unix_ms);
    else
        call_text(call, NULL);
    call_int_or_null(call, result->http_status, 0);
    call_text(call, result->error);
    call->row = settled_row;
    call->finish = settled_finish;
    call->loss = LOSS_GIVE_UP;
    postgres_start(store, call);
}

/* ---- counting */

struct counting {
    int64_t counts[DELIVERY_STATES], *ret;
};

static int count_row(struct call *call, struct row *row)
{
    struct counting *counting = call->what;
    const char *name = row_text(row);
    int64_t count = row_int(row);
    for (int state = 0; state < DELIVERY_STATES; state++)
        if (!strcmp(name, delivery_state_name((enum delivery_state)state)))
            counting->counts[state] = count;
    return 0;
}

static int count_finish(struct call *call, struct err *reterr)
{
    struct counting *counting = call->what;
    (void)reterr;
    memcpy(counting->ret, counting->counts, sizeof counting->counts);
    return 0;
}

void postgres_delivery_counts(struct store *store, const char *receiver, int64_t since_unix_ms,
                              int64_t ret_counts[DELIVERY_STATES], store_done_fn done,
                              void *context)
{
    struct call *call = call_new("count the messages",
                                 "select state, count(*) from leeway.outbox"
                                 " where created_at >= leeway.time_of($1::bigint)"
                                 " and ($2::text is null or receiver = $2) group by state",
                                 sizeof(struct counting), done, context);
    ((struct counting *)call->what)->ret = ret_counts;
    call_int(call, since_unix_ms);
    call_text(call, receiver);
    call->row = count_row;
    call->finish = count_finish;
    postgres_start(store, call);
}
