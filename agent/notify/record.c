/* What came of a delivery is written down, one result at a time and in order. While the store is
 * away results wait here, and their lanes with them: a row whose result is not written is not sent
 * again. If another agent has the receiver's rows by now and has settled this one, the store says
 * so, and that is as good. */
#include <event2/event.h>
#include <stdlib.h>

#include "notify/internal.h"
#include "sys/log.h"

static void settle_done(struct notify *notify, struct delivery *delivery)
{
    struct lane *lane = delivery->lane;
    notify->results = delivery->next;
    if (lane)
        lane->current = NULL;
    else
        notify->stray = NULL;
    delivery_free(delivery);
    notify->stale = true;
    look_in(notify, 0);
}

static void write_results(struct notify *notify);

static void on_recorded(struct call *call, enum store_result result, const struct err *err)
{
    struct notify *notify = call->owner;
    struct delivery *delivery = notify->results;
    notify->recording = false;
    if (result == STORE_UNAVAILABLE) {
        if (notify->record_pause_ms == 0)
            log_err(LOG_WARNING_LEVEL, "could not record a delivery; trying again", err);
        notify->record_pause_ms = pause_after(notify->record_pause_ms);
        event_arm(notify->record, notify->record_pause_ms);
        return;
    }
    notify->record_pause_ms = 0;
    if (result == STORE_FENCED)
        log_info("somebody else has recorded a delivery", "receiver", delivery->row.receiver,
                 "incident", delivery->row.incident);
    if (result == STORE_FAILED) {
        /* The row comes back as due. Held, so that this is no storm of messages. */
        log_err(LOG_ERROR_LEVEL, "could not record a delivery", err);
        if (delivery->lane)
            delivery->lane->hold_unix_ms = notify->now_unix_ms() + BROKEN_HOLD_MS;
    }
    settle_done(notify, delivery);
    if (!notify->pumping)
        write_results(notify);
}

/* The store may answer before it returns: a loop, so that this does not go deeper with each. */
static void write_results(struct notify *notify)
{
    notify->pumping = true;
    while (notify->store && notify->results && !notify->recording &&
           !evtimer_pending(notify->record, NULL)) {
        struct call *call = notify_call_new(&notify->calls, notify, on_recorded);
        notify->recording = true;
        delivery_enter(notify->results, STAGE_RECORDING);
        call_hold(call, notify->results);
        store_delivered(notify->store, &notify->results->result, call_done, call);
    }
    notify->pumping = false;
}

void record_on_timer(int fd, short what, void *context)
{
    (void)fd;
    (void)what;
    write_results(context);
}

void record_settle(struct notify *notify, struct delivery *delivery)
{
    struct delivery **end = &notify->results;
    delivery_enter(delivery, STAGE_SETTLED);
    delivery->result.error = *delivery->error ? delivery->error : NULL;
    delivery_log(delivery);
    if (delivery->lane)
        delivery->lane->told.results[delivery->result.state]++;
    if (notify->watch)
        notify->watch(notify->watch_context, &delivery->row, &delivery->result);
    while (*end)
        end = &(*end)->next;
    *end = delivery;
    write_results(notify);
}
