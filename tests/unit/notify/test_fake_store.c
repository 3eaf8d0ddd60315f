/* The fake store, and what it must have in common with a real one. */
#include "unit/notify/fake_store.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

struct fake_call {
    enum fake_kind kind;
    int64_t ms; /* now, since */
    uint32_t limit;
    const char *receiver;
    const struct store_query *query;
    const struct store_delivery_result *result;
    store_delivery_fn delivery;
    store_incident_fn incident;
    void *row_context;
    int64_t *ret;
    store_done_fn done;
    void *context;
    struct fake_call *next;
};

struct fake_row *fake_store_add(struct fake_store *fake, const char *receiver, const char *incident,
                                const char *event, uint32_t sequence, const char *payload)
{
    static char ids[FAKE_ROWS][32];
    struct fake_row *row = &fake->rows[fake->row_count];
    snprintf(ids[fake->row_count], sizeof ids[0], "message-%u", fake->row_count + 1);
    row->delivery = (struct store_delivery){.id = ++fake->row_count,
                                            .receiver = receiver,
                                            .incident = incident,
                                            .event = event,
                                            .message_id = ids[fake->row_count - 1],
                                            .payload = payload,
                                            .sequence = sequence};
    return row;
}

/* ---- the answers ---- */

static bool waits(const struct fake_row *row)
{
    return row->state == DELIVERY_PENDING || row->state == DELIVERY_PARKED;
}

static bool is_first(const struct fake_store *fake, const struct fake_row *row)
{
    for (uint32_t i = 0; i < fake->row_count; i++) {
        const struct fake_row *other = &fake->rows[i];
        if (waits(other) && !strcmp(other->delivery.receiver, row->delivery.receiver) &&
            !strcmp(other->delivery.incident, row->delivery.incident) &&
            other->delivery.sequence < row->delivery.sequence)
            return false;
    }
    return waits(row);
}

/* The row's turn: how many due rows of its receiver come before it. */
static uint32_t turn_of(const struct fake_store *fake, const struct fake_row *row, int64_t now)
{
    uint32_t turn = 0;
    for (const struct fake_row *at = fake->rows; at < row; at++)
        turn += is_first(fake, at) && at->next_unix_ms <= now &&
                !strcmp(at->delivery.receiver, row->delivery.receiver);
    return turn;
}

static void give_due(struct fake_store *fake, const struct fake_call *call)
{
    uint32_t left = call->limit;
    for (uint32_t turn = 0; turn < fake->row_count; turn++) {
        for (uint32_t i = 0; i < fake->row_count && left; i++) {
            const struct fake_row *at = &fake->rows[i];
            if (!is_first(fake, at) || at->next_unix_ms > call->ms ||
                turn_of(fake, at, call->ms) != turn)
                continue;
            left--;
            if (call->delivery(call->row_context, &at->delivery))
                return;
        }
    }
}

static void give_next_due(struct fake_store *fake, const struct fake_call *call)
{
    *call->ret = INT64_MAX;
    for (uint32_t i = 0; i < fake->row_count; i++) {
        const struct fake_row *at = &fake->rows[i];
        if (is_first(fake, at) && at->next_unix_ms < *call->ret)
            *call->ret = at->next_unix_ms;
    }
}

static enum store_result record(struct fake_store *fake, const struct fake_call *call)
{
    const struct store_delivery_result *result = call->result;
    struct fake_row *row = &fake->rows[result->id - 1];
    if (!waits(row))
        return STORE_FENCED;
    row->state = result->state;
    row->delivery.attempts = result->attempts;
    row->next_unix_ms = result->next_attempt_unix_ms;
    row->http_status = result->http_status;
    row->records++;
    snprintf(row->error, sizeof row->error, "%s", result->error ? result->error : "");
    return STORE_DONE;
}

static void give_counts(struct fake_store *fake, const struct fake_call *call)
{
    memset(call->ret, 0, DELIVERY_STATES * sizeof call->ret[0]);
    for (uint32_t i = 0; i < fake->row_count; i++) {
        const struct fake_row *row = &fake->rows[i];
        if (!strcmp(row->delivery.receiver, call->receiver) && row->created_unix_ms >= call->ms)
            call->ret[row->state]++;
    }
}

static void give_incidents(struct fake_store *fake, const struct fake_call *call)
{
    uint32_t left = call->query->limit;
    for (uint32_t i = 0; i < fake->incident_count && left; i++) {
        const char *state = call->query->state;
        if (state && strcmp(state, fake->incidents[i].state) != 0)
            continue;
        left--;
        if (call->incident(call->row_context, &fake->incidents[i]))
            break;
    }
}

static enum store_result give(struct fake_store *fake, const struct fake_call *call)
{
    enum store_result failure = fake->answers[call->kind];
    if (failure != STORE_DONE) {
        if (fake->failures[call->kind] && --fake->failures[call->kind] == 0)
            fake->answers[call->kind] = STORE_DONE;
        return failure;
    }
    switch (call->kind) {
    case FAKE_DUE:
        give_due(fake, call);
        break;
    case FAKE_NEXT_DUE:
        give_next_due(fake, call);
        break;
    case FAKE_DELIVERED:
        return record(fake, call);
    case FAKE_COUNTS:
        give_counts(fake, call);
        break;
    case FAKE_INCIDENTS_OF:
        give_incidents(fake, call);
        break;
    case FAKE_KINDS:
        cr_assert_fail();
    }
    return STORE_DONE;
}

static void answer(struct fake_store *fake, const struct fake_call *call)
{
    static const int codes[] = {ERR_NONE, ERR_CONFLICT, ERR_UNAVAILABLE, ERR_IO};
    struct err err;
    enum store_result result = give(fake, call);
    err_set(&err, codes[result], "the fake store does not want to");
    call->done(call->context, result, result == STORE_DONE ? NULL : &err);
}

static void ask(struct store *store, struct fake_call call, store_done_fn done, void *context)
{
    struct fake_store *fake = (struct fake_store *)store;
    call.done = done;
    call.context = context;
    fake->asked[call.kind]++;
    fake->guards_asked += call.kind == FAKE_COUNTS && call.ms > 0;
    if (!fake->later) {
        answer(fake, &call);
        return;
    }
    struct fake_call *kept = mem_new(1, sizeof *kept), **end = &fake->calls;
    *kept = call;
    while (*end)
        end = &(*end)->next;
    *end = kept;
    fake->waiting++;
}

static struct fake_call *take(struct fake_store *fake)
{
    struct fake_call *call = fake->calls;
    fake->calls = call->next;
    fake->waiting--;
    return call;
}

void fake_store_answer(struct fake_store *fake)
{
    for (uint32_t left = fake->waiting; left; left--) {
        struct fake_call *call = take(fake);
        answer(fake, call);
        free(call);
    }
}

void fake_store_drop(struct fake_store *fake)
{
    while (fake->calls)
        free(take(fake));
}

/* ---- the calls ---- */

static void fake_due(struct store *store, int64_t now_unix_ms, uint32_t limit,
                     store_delivery_fn row, void *row_context, store_done_fn done, void *context)
{
    ask(store,
        (struct fake_call){.kind = FAKE_DUE,
                           .ms = now_unix_ms,
                           .limit = limit,
                           .delivery = row,
                           .row_context = row_context},
        done, context);
}

static void fake_next_due(struct store *store, int64_t *ret_unix_ms, store_done_fn done,
                          void *context)
{
    ask(store, (struct fake_call){.kind = FAKE_NEXT_DUE, .ret = ret_unix_ms}, done, context);
}

static void fake_delivered(struct store *store, const struct store_delivery_result *result,
                           store_done_fn done, void *context)
{
    ask(store, (struct fake_call){.kind = FAKE_DELIVERED, .result = result}, done, context);
}

static void fake_counts(struct store *store, const char *receiver, int64_t since_unix_ms,
                        int64_t ret_counts[DELIVERY_STATES], store_done_fn done, void *context)
{
    ask(store,
        (struct fake_call){
            .kind = FAKE_COUNTS, .ms = since_unix_ms, .receiver = receiver, .ret = ret_counts},
        done, context);
}

static void fake_incidents(struct store *store, const struct store_query *query,
                           store_incident_fn row, void *row_context, store_done_fn done,
                           void *context)
{
    ask(store,
        (struct fake_call){
            .kind = FAKE_INCIDENTS_OF, .query = query, .incident = row, .row_context = row_context},
        done, context);
}

void fake_store_start(struct fake_store *fake)
{
    static const struct store_ops ops = {.due = fake_due,
                                         .next_due = fake_next_due,
                                         .delivered = fake_delivered,
                                         .delivery_counts = fake_counts,
                                         .incidents = fake_incidents};
    *fake = (struct fake_store){.store.ops = &ops};
}

/* ---- what it must be like ---- */

static struct fake_store fake;

static int collect(void *context, const struct store_delivery *delivery)
{
    text_printf(context, "%s/%s/%u ", delivery->receiver, delivery->incident, delivery->sequence);
    return 0;
}

static void on_done(void *context, enum store_result result, const struct err *err)
{
    cr_assert_eq(err == NULL, result == STORE_DONE);
    *(enum store_result *)context = result;
}

static const char *due(int64_t now, uint32_t limit)
{
    static struct text seen;
    enum store_result result = STORE_FAILED;
    text_clear(&seen);
    text_puts(&seen, "");
    store_due(&fake.store, now, limit, collect, &seen, on_done, &result);
    cr_assert_eq(result, STORE_DONE);
    return seen.data;
}

Test(fake_store, gives_the_first_waiting_row_of_each_pair)
{
    fake_store_start(&fake);
    fake_store_add(&fake, "a", "i", "opened", 1, "{}");
    fake_store_add(&fake, "a", "i", "closed", 2, "{}");
    fake_store_add(&fake, "a", "j", "opened", 1, "{}")->next_unix_ms = 11;
    fake_store_add(&fake, "b", "i", "opened", 1, "{}");
    cr_assert_str_eq(due(10, 100), "a/i/1 b/i/1 ");
    fake.rows[0].state = DELIVERY_DEAD;
    cr_assert_str_eq(due(11, 100), "a/i/2 b/i/1 a/j/1 ", "receivers take turns");
    cr_assert_str_eq(due(11, 2), "a/i/2 b/i/1 ");
}

Test(fake_store, answers_when_told_and_fails_when_told)
{
    enum store_result result = STORE_FENCED;
    int64_t next = 0;
    fake_store_start(&fake);
    fake.later = true;
    fake.answers[FAKE_NEXT_DUE] = STORE_UNAVAILABLE;
    fake.failures[FAKE_NEXT_DUE] = 1;
    store_next_due(&fake.store, &next, on_done, &result);
    cr_assert(result == STORE_FENCED && fake.waiting == 1);
    fake_store_answer(&fake);
    cr_assert(result == STORE_UNAVAILABLE && fake.waiting == 0);
    store_next_due(&fake.store, &next, on_done, &result);
    fake_store_answer(&fake);
    cr_assert(result == STORE_DONE && next == INT64_MAX);
    store_next_due(&fake.store, &next, on_done, &result);
    fake_store_drop(&fake);
    cr_assert_eq(fake.waiting, 0);
}
