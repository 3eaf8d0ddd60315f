/* When the outbox is looked at, and what is taken from it. A look asks the store twice, for the
 * rows that are due and for the moment when the next one will be:
 *
 *     RESTING ──timer──► LOOKING: rows ──answer──► LOOKING: next ──answer──► RESTING
 *        ▲                  │ store away             │
 *        └── after a pause, doubled each time ───────┘
 *
 * Only one look is under way; who wants one meanwhile gets it afterwards. Looks that others ask for
 * are paced, because they are asked for whenever something might have changed. While the store is
 * away nothing makes the pause shorter. */
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "notify/internal.h"
#include "sys/file.h"
#include "sys/log.h"

enum {
    LOOK_MAX_MS = 30 * 1000, /* at least this often: the store gives our receivers' rows to others a
                                minute after we last asked */
    WAKE_PACE_MS = 100,
    STRAYS_MAX = 16 /* rows of receivers that the configuration lacks, in one look */
};

int64_t pause_after(int64_t pause_ms)
{
    if (pause_ms == 0)
        return PAUSE_MIN_MS;
    return pause_ms < PAUSE_MAX_MS / 2 ? 2 * pause_ms : PAUSE_MAX_MS;
}

void event_arm(struct event *event, int64_t delay_ms)
{
    int64_t ms = delay_ms > 0 ? delay_ms : 0;
    struct timeval delay = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000)};
    evtimer_add(event, &delay);
}

/* ---- when ---- */

static void look_set(struct notify *notify, int64_t at_ms)
{
    notify->look_at.ms = at_ms;
    event_arm(notify->look, at_ms - clock_loop().ms);
}

void look_in(struct notify *notify, int64_t delay_ms)
{
    int64_t at_ms = clock_loop().ms + delay_ms;
    if (!notify->store || at_ms >= notify->look_at.ms)
        return;
    if (notify->looking)
        notify->look_at.ms = at_ms; /* its end sets the timer */
    else if (notify->look_pause_ms == 0)
        look_set(notify, at_ms);
}

void notify_wake(struct notify *notify)
{
    notify->stale = true;
    int64_t paced_ms = notify->looked_at.ms + WAKE_PACE_MS - clock_loop().ms;
    look_in(notify, paced_ms > 0 ? paced_ms : 0);
}

static void look_failed(struct notify *notify, enum store_result result, const struct err *err)
{
    if (notify->look_pause_ms == 0)
        log_err(result == STORE_UNAVAILABLE ? LOG_WARNING_LEVEL : LOG_ERROR_LEVEL,
                "could not read the outbox; trying again", err);
    notify->look_pause_ms = pause_after(notify->look_pause_ms);
    notify->looking = false;
    notify->stale = true;
    look_set(notify, clock_loop().ms + notify->look_pause_ms);
}

/* When something may become possible that is not now, as far as time alone decides it. What waits
 * for a lane to become free is woken by that. */
static int64_t next_chance(const struct notify *notify, int64_t now)
{
    int64_t at = notify->next_due_unix_ms > now ? notify->next_due_unix_ms : INT64_MAX;
    for (uint32_t i = 0; i < notify->lane_count; i++) {
        const struct lane *lane = &notify->lanes[i];
        if (!lane->current && lane->hold_unix_ms > now && lane->hold_unix_ms < at)
            at = lane->hold_unix_ms;
    }
    return at;
}

static void on_next(struct call *call, enum store_result result, const struct err *err)
{
    struct notify *notify = call->owner;
    if (result != STORE_DONE) {
        look_failed(notify, result, err);
        return;
    }
    if (notify->look_pause_ms > 0)
        log_info("the outbox can be read again");
    int64_t now = notify->now_unix_ms();
    notify->look_pause_ms = 0;
    notify->looking = false;
    notify->next_due_unix_ms = call->next_due_unix_ms;
    int64_t chance = next_chance(notify, now);
    int64_t delay_ms = chance < now + LOOK_MAX_MS ? chance - now : LOOK_MAX_MS;
    int64_t at_ms = clock_loop().ms + delay_ms;
    look_set(notify, at_ms < notify->look_at.ms ? at_ms : notify->look_at.ms);
}

/* ---- what ---- */

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
    const struct call *call = context;
    struct notify *notify = call->owner;
    if (!notify)
        return 1;
    struct lane *lane = lane_of(notify, row->receiver);
    if (!lane && !notify->stray)
        notify->stray = delivery_new(row, NULL);
    if (lane && is_free(lane, call->now_unix_ms))
        lane->current = delivery_new(row, lane);
    return 0;
}

static void start_taken(struct notify *notify)
{
    for (uint32_t i = 0; i < notify->lane_count; i++) {
        struct delivery *current = notify->lanes[i].current;
        if (current && current->stage == STAGE_TAKEN)
            send_start(notify, current);
    }
    if (notify->stray && notify->stray->stage == STAGE_TAKEN)
        send_start(notify, notify->stray);
}

static void on_due(struct call *call, enum store_result result, const struct err *err)
{
    struct notify *notify = call->owner;
    start_taken(notify); /* also what came before a failure */
    if (result != STORE_DONE) {
        look_failed(notify, result, err);
        return;
    }
    struct call *next = notify_call_new(&notify->calls, notify, on_next);
    store_next_due(notify->store, &next->next_due_unix_ms, call_done, next);
}

void look_on_timer(int fd, short what, void *context)
{
    (void)fd;
    (void)what;
    struct notify *notify = context;
    notify->looking = true;
    notify->stale = false;
    notify->looked_at = clock_loop();
    notify->look_at.ms = INT64_MAX;
    struct call *call = notify_call_new(&notify->calls, notify, on_due);
    call->now_unix_ms = notify->now_unix_ms();
    /* Receivers take turns, so this has a row of each. */
    store_due(notify->store, call->now_unix_ms, notify->lane_count + STRAYS_MAX, take_row, call,
              call_done, call);
}

bool notify_idle(const struct notify *notify, bool *ret_waiting)
{
    bool busy = notify->stray || notify->looking || notify->stale;
    for (uint32_t i = 0; i < notify->lane_count; i++)
        busy |= notify->lanes[i].current != NULL;
    if (ret_waiting)
        *ret_waiting = notify->next_due_unix_ms < INT64_MAX;
    return !busy && notify->next_due_unix_ms > notify->now_unix_ms();
}
