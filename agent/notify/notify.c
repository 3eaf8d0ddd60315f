/* The way of an outbox row to its receiver: what is said is rendered elsewhere, what an answer
 * means is decided elsewhere, what is durable is in the store.
 *
 *                                     guard wants to know
 *                                    ┌──────────► ASKING ──┐ store away: given back
 *                      store_due     │              │      └──────────────► (in store)
 *        (in store) ──────────────► TAKEN           │ guard says send or no
 *            ▲                       │ │            ▼
 *            │       guard says send │ └──────► SETTLED ◄────┐
 *            │                       ▼             │ its turn│ answer or deadline
 *            │                     SENDING ────────┼─────────┘
 *            │                                     ▼
 *            └──────────────────────────────── RECORDING ◄─┐
 *               written, lost to another agent,      └─────┘ store away: again after a pause
 *               or never writable
 *
 * Each receiver has a lane that holds at most one row, so a receiver that hangs holds up its own
 * lane only. Order within an incident is the store's: it gives the first undelivered row of each
 * (receiver, incident) and no other, and a receiver's rows to one agent at a time. A lane may also
 * be held until a moment: the receiver asked for it (429, Retry-After), or it is Slack, which takes
 * one message a second. While a result cannot be written the row is not sent again.
 *
 * The parts: look.c takes rows, send.c sends, record.c writes results, count.c counts for metrics,
 * this file makes and frees them. Assumes that the store may answer now or later, and answers in
 * the order of the calls: rows that come are not older than a result that was written before they
 * were asked for. Refuses to keep anything that a restart would miss: what is lost in memory is
 * only which replicas had already accepted a row, and hearing of an alert twice is harmless. */
#include "notify/notify.h"

#include <event2/event.h>
#include <stdlib.h>

#include "notify/internal.h"
#include "sys/file.h"

static int64_t machine_clock(void)
{
    return clock_unix_ms();
}

static int open_lane(struct notify *notify, const struct config_receiver *config,
                     struct err *reterr)
{
    struct lane *lane = &notify->lanes[notify->lane_count];
    int code = receiver_open(&lane->receiver, config, reterr);
    if (code)
        return code;
    lane->notify = notify;
    lane->told.name = config->name;
    notify->lane_count++;
    if (config->type == RECEIVER_ALERTMANAGER && config->enabled) {
        struct resend_input input = {.base = notify->base,
                                     .http = notify->http,
                                     .store = notify->store,
                                     .receiver = &lane->receiver,
                                     .external_url = notify->config->external_url,
                                     .now_unix_ms = &notify->now_unix_ms,
                                     .route = &notify->route,
                                     .context = &notify->route_context};
        lane->resend = resend_new(&input);
    }
    return 0;
}

struct notify *notify_new(struct event_base *base, const struct config *config, struct store *store,
                          struct err *reterr)
{
    struct http_client *http = http_client_new(base, reterr);
    if (!http)
        return NULL;
    struct notify *notify = mem_new(1, sizeof *notify);
    notify->base = base;
    notify->config = config;
    notify->store = store;
    notify->http = http;
    notify->now_unix_ms = machine_clock;
    notify->next_due_unix_ms = INT64_MAX;
    notify->look_at.ms = INT64_MAX;
    notify->looked_at.ms = INT64_MIN / 2;
    notify->look = evtimer_new(base, look_on_timer, notify);
    notify->record = evtimer_new(base, record_on_timer, notify);
    notify->count = evtimer_new(base, count_on_timer, notify);
    notify->lanes = mem_new(config->receiver_count, sizeof *notify->lanes);
    if (!notify->look || !notify->record || !notify->count)
        mem_fail(sizeof *notify);
    for (uint32_t i = 0; i < config->receiver_count; i++) {
        if (open_lane(notify, &config->receivers[i], reterr) != 0) {
            notify_free(notify);
            return NULL;
        }
    }
    notify_wake(notify);
    if (store && notify->lane_count)
        event_arm(notify->count, 0);
    return notify;
}

void notify_store_closed(struct notify *notify)
{
    if (!notify)
        return;
    for (uint32_t i = 0; i < notify->lane_count; i++)
        resend_store_closed(notify->lanes[i].resend);
    calls_drop(&notify->calls);
    evtimer_del(notify->look);
    evtimer_del(notify->record);
    evtimer_del(notify->count);
    notify->store = NULL;
}

/* What the store still reads stays with its call. */
static void leave(struct delivery *delivery)
{
    if (delivery && !delivery->held)
        delivery_free(delivery);
}

void notify_free(struct notify *notify)
{
    if (!notify)
        return;
    calls_forsake(&notify->calls);
    for (uint32_t i = 0; i < notify->lane_count; i++) {
        struct lane *lane = &notify->lanes[i];
        resend_free(lane->resend);
        leave(lane->current);
        receiver_close(&lane->receiver);
    }
    leave(notify->stray);
    http_client_free(notify->http);
    event_free(notify->look);
    event_free(notify->record);
    event_free(notify->count);
    free(notify->lanes);
    free(notify);
}

void notify_watch(struct notify *notify, notify_watch_fn watch, void *context)
{
    notify->watch = watch;
    notify->watch_context = context;
}

void notify_route(struct notify *notify, notify_route_fn route, void *context)
{
    notify->route = route;
    notify->route_context = context;
}

void notify_clock(struct notify *notify, int64_t (*now_unix_ms)(void))
{
    notify->now_unix_ms = now_unix_ms;
}
