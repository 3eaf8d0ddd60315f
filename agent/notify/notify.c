/* The way of an outbox row to its receiver, and nothing else: what is said is rendered elsewhere,
 * what an answer means is decided elsewhere, what is durable is in the store.
 *
 *                      store_due               guard says no
 *        (in store) ──────────────► TAKEN ──────────────────────► SETTLED
 *            ▲                        │ guard says send            ▲   │
 *            │                        ▼                            │   │ its turn
 *            │                     SENDING ────────────────────────┘   ▼
 *            │                             answer or deadline      RECORDING ──┐
 *            └─────────────────────────────────────────────────────────┘  ▲   │ store away:
 *               written, lost to another writer, or never writable        └───┘ again in 1 s
 *
 * Each receiver has a lane that holds at most one row, so a receiver that hangs holds up its own
 * lane only. Order within an incident is the store's: it gives the first undelivered row of each
 * (receiver, incident) and no other. A lane may also be held until a moment: the receiver asked for
 * it (429, Retry-After), or it is Slack, which takes one message a second. While a result cannot be
 * written the row is not sent again.
 *
 * Assumes one notify to a store, and that the store's answer to store_delivered may come now or
 * later. Refuses to keep anything that a restart would miss: what is lost in memory is only which
 * replicas had already accepted a row, and hearing of an alert twice is harmless. */
#include "notify/notify.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "notify/delivery.h"
#include "notify/guard.h"
#include "notify/resend.h"
#include "sys/file.h"
#include "sys/log.h"

enum {
    LOOK_MAX_MS = 30 * 1000, /* looks at the store at least this often */
    RECORD_AGAIN_MS = 1000,  /* the store was away when a result was to be written */
    BROKEN_HOLD_MS = 60 * 1000,
    SLACK_PACE_MS = 1000,
    DUE_LIMIT = 1000 * 1000 /* reading stops as soon as every lane has a row */
};

struct lane {
    struct notify *notify;
    struct receiver receiver;
    struct resend *resend; /* Alertmanager only */
    struct delivery *current;
    int64_t hold_unix_ms;
    struct partials partials;
};

struct notify {
    struct event_base *base;
    const struct config *config;
    struct store *store;
    struct http_client *http;
    struct event *look, *record;
    struct lane *lanes;
    uint32_t lane_count;
    struct delivery *stray;   /* a row without lane */
    struct delivery *results; /* to be written, the oldest first */
    bool recording, pumping;
    int64_t (*now_unix_ms)(void);
    notify_route_fn route;
    void *route_context;
    notify_watch_fn watch;
    void *watch_context;
};

/* ---- when to look ---- */

static void arm(struct event *event, int64_t delay_ms)
{
    struct timeval delay = {(time_t)(delay_ms / 1000), (suseconds_t)(delay_ms % 1000 * 1000)};
    evtimer_add(event, &delay);
}

void notify_wake(struct notify *notify)
{
    arm(notify->look, 0);
}

/* When something may become possible that is not now, as far as time alone decides it. What waits
 * for a lane to become free is woken by that. */
static void look_later(struct notify *notify, int64_t now)
{
    int64_t at = INT64_MAX;
    struct err err = {0};
    if (store_next_due(notify->store, &at, &err) != 0)
        log_err(LOG_ERROR_LEVEL, "could not ask when the next message is due", &err);
    if (at <= now)
        at = INT64_MAX;
    for (uint32_t i = 0; i < notify->lane_count; i++) {
        const struct lane *lane = &notify->lanes[i];
        if (!lane->current && lane->hold_unix_ms > now && lane->hold_unix_ms < at)
            at = lane->hold_unix_ms;
    }
    int64_t delay_ms = at < now + LOOK_MAX_MS ? at - now : LOOK_MAX_MS;
    if (!evtimer_pending(notify->look, NULL))
        arm(notify->look, delay_ms);
}

/* ---- writing results down ---- */

static void settle_done(struct notify *notify, struct delivery *delivery)
{
    struct lane *lane = delivery->lane;
    notify->results = delivery->next;
    if (lane)
        lane->current = NULL;
    else
        notify->stray = NULL;
    delivery_free(delivery);
    notify_wake(notify);
}

static void record_results(struct notify *notify);

static void on_recorded(void *context, enum store_result result, const struct err *err)
{
    struct notify *notify = context;
    struct delivery *delivery = notify->results;
    notify->recording = false;
    if (result == STORE_UNAVAILABLE) {
        log_warning("could not record a delivery, trying again", "receiver",
                    delivery->row.receiver);
        arm(notify->record, RECORD_AGAIN_MS);
        return;
    }
    if (result == STORE_FAILED) {
        /* The row comes back as due. Held, so that this is no storm of messages. */
        if (err)
            log_err(LOG_ERROR_LEVEL, "could not record a delivery", err);
        if (delivery->lane)
            delivery->lane->hold_unix_ms = notify->now_unix_ms() + BROKEN_HOLD_MS;
    }
    settle_done(notify, delivery);
    if (!notify->pumping)
        record_results(notify);
}

/* One call of a kind at a time is what a store takes; it may answer before it returns. */
static void record_results(struct notify *notify)
{
    notify->pumping = true;
    while (notify->results && !notify->recording && !evtimer_pending(notify->record, NULL)) {
        notify->recording = true;
        delivery_enter(notify->results, STAGE_RECORDING);
        store_delivered(notify->store, &notify->results->result, on_recorded, notify);
    }
    notify->pumping = false;
}

static void on_record_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    record_results(context);
}

static void settle(struct notify *notify, struct delivery *delivery)
{
    struct delivery **end = &notify->results;
    delivery_enter(delivery, STAGE_SETTLED);
    delivery->result.error = *delivery->error ? delivery->error : NULL;
    delivery_log(delivery);
    if (notify->watch)
        notify->watch(notify->watch_context, &delivery->row, &delivery->result);
    while (*end)
        end = &(*end)->next;
    *end = delivery;
    record_results(notify);
}

static void settle_as(struct notify *notify, struct delivery *delivery, enum delivery_state state,
                      const char *reason)
{
    delivery->result.state = state;
    snprintf(delivery->error, sizeof delivery->error, "%s", reason ? reason : "");
    settle(notify, delivery);
}

/* ---- sending ---- */

static void on_attempt(void *context, const struct attempt_result *result)
{
    struct delivery *delivery = context;
    struct lane *lane = delivery->lane;
    struct notify *notify = lane->notify;
    int64_t now = notify->now_unix_ms();
    delivery->attempt = NULL;
    delivery->result.attempts++;
    delivery->result.http_status = result->status;
    memcpy(delivery->error, result->error, sizeof delivery->error);
    outcome_decide(result->outcome, delivery->row.message_id, result->retry_after_ms, now,
                   &delivery->result);
    bool again = delivery->result.next_attempt_unix_ms > 0;
    partials_set(&lane->partials, delivery->row.id, again ? result->accepted : 0);
    if (lane->receiver.config->type == RECEIVER_SLACK)
        lane->hold_unix_ms = now + SLACK_PACE_MS;
    if (result->throttled && again)
        lane->hold_unix_ms = delivery->result.next_attempt_unix_ms;
    settle(notify, delivery);
}

static void send_row(struct notify *notify, struct delivery *delivery, int64_t now)
{
    struct lane *lane = delivery->lane;
    struct attempt_input input = {.receiver = &lane->receiver,
                                  .delivery = &delivery->row,
                                  .external_url = notify->config->external_url,
                                  .accepted = partials_get(&lane->partials, delivery->row.id),
                                  .now_unix_ms = now};
    struct err err = {0};
    delivery_enter(delivery, STAGE_SENDING);
    if (lane->resend)
        resend_note(lane->resend, &delivery->row);
    delivery->attempt = attempt_new(notify->http, &input, on_attempt, delivery, &err);
    if (!delivery->attempt)
        settle_as(notify, delivery, DELIVERY_DEAD, err.text);
}

static void start(struct notify *notify, struct delivery *delivery, int64_t now)
{
    const char *reason = NULL;
    if (!delivery->lane) {
        delivery->result.next_attempt_unix_ms = now + PARKED_MS;
        settle_as(notify, delivery, DELIVERY_PARKED, "receiver is not in the configuration");
        return;
    }
    switch (
        guard_check(delivery->lane->receiver.config, notify->store, &delivery->row, now, &reason)) {
    case GUARD_SEND:
        send_row(notify, delivery, now);
        break;
    case GUARD_DRY_RUN:
        settle_as(notify, delivery, DELIVERY_DRY_RUN, reason);
        break;
    case GUARD_SUPPRESSED:
        settle_as(notify, delivery, DELIVERY_SUPPRESSED, reason);
        break;
    case GUARD_SKIPPED:
        settle_as(notify, delivery, DELIVERY_DELIVERED, NULL);
        break;
    case GUARD_UNKNOWN:
        delivery->result.next_attempt_unix_ms = now + BROKEN_HOLD_MS;
        settle_as(notify, delivery, DELIVERY_PENDING, reason);
        break;
    }
}

/* ---- taking rows ---- */

struct look {
    struct notify *notify;
    int64_t now;
    uint32_t free; /* lanes that could take a row */
};

static bool is_free(const struct lane *lane, int64_t now)
{
    return !lane->current && lane->hold_unix_ms <= now;
}

static struct lane *lane_of(struct notify *notify, const char *receiver)
{
    for (uint32_t i = 0; i < notify->lane_count; i++) {
        if (!strcmp(notify->lanes[i].receiver.config->name, receiver))
            return &notify->lanes[i];
    }
    return NULL;
}

static int take_row(void *context, const struct store_delivery *row)
{
    struct look *look = context;
    struct lane *lane = lane_of(look->notify, row->receiver);
    if (!lane && !look->notify->stray)
        look->notify->stray = delivery_new(row, NULL);
    if (!lane || !is_free(lane, look->now))
        return 0;
    lane->current = delivery_new(row, lane);
    return --look->free == 0;
}

static void on_look(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    struct notify *notify = context;
    struct look look = {.notify = notify, .now = notify->now_unix_ms()};
    struct err err = {0};
    for (uint32_t i = 0; i < notify->lane_count; i++)
        look.free += is_free(&notify->lanes[i], look.now);
    if ((look.free || !notify->stray) &&
        store_due(notify->store, look.now, DUE_LIMIT, take_row, &look, &err) != 0)
        log_err(LOG_ERROR_LEVEL, "could not read the outbox", &err);
    for (uint32_t i = 0; i < notify->lane_count; i++) {
        struct delivery *current = notify->lanes[i].current;
        if (current && current->stage == STAGE_TAKEN)
            start(notify, current, look.now);
    }
    if (notify->stray && notify->stray->stage == STAGE_TAKEN)
        start(notify, notify->stray, look.now);
    look_later(notify, look.now);
}

/* ---- life ---- */

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
    notify->look = evtimer_new(base, on_look, notify);
    notify->record = evtimer_new(base, on_record_timer, notify);
    notify->lanes = mem_new(config->receiver_count, sizeof *notify->lanes);
    if (!notify->look || !notify->record)
        mem_fail(sizeof *notify);
    for (uint32_t i = 0; i < config->receiver_count; i++) {
        if (open_lane(notify, &config->receivers[i], reterr) != 0) {
            notify_free(notify);
            return NULL;
        }
    }
    notify_wake(notify);
    return notify;
}

void notify_free(struct notify *notify)
{
    if (!notify)
        return;
    for (uint32_t i = 0; i < notify->lane_count; i++) {
        struct lane *lane = &notify->lanes[i];
        resend_free(lane->resend);
        delivery_free(lane->current);
        receiver_close(&lane->receiver);
    }
    delivery_free(notify->stray);
    http_client_free(notify->http);
    event_free(notify->look);
    event_free(notify->record);
    free(notify->lanes);
    free(notify);
}

bool notify_idle(const struct notify *notify, int64_t *ret_waiting)
{
    int64_t next = INT64_MAX, waiting = 0;
    bool busy = notify->stray != NULL;
    bool known = store_next_due(notify->store, &next, NULL) == 0;
    for (uint32_t i = 0; i < notify->lane_count; i++) {
        const struct lane *lane = &notify->lanes[i];
        int64_t counts[DELIVERY_STATES] = {0};
        busy |= lane->current != NULL;
        known &=
            store_delivery_counts(notify->store, lane->receiver.config->name, 0, counts, NULL) == 0;
        waiting += counts[DELIVERY_PENDING] + counts[DELIVERY_PARKED];
    }
    if (ret_waiting)
        *ret_waiting = waiting;
    return known && !busy && next > notify->now_unix_ms();
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
