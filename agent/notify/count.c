/* How many rows wait for each receiver, for metrics: a scrape must not ask the store, so one
 * receiver is counted after the other, each some times a minute, and the last count is kept. Says
 * nothing when the store is away; the looks do. */
#include <event2/event.h>
#include <string.h>

#include "notify/internal.h"

enum { COUNT_MS = 15 * 1000, COUNT_MIN_MS = 100 };

static void on_counted(struct call *call, enum store_result result, const struct err *err)
{
    struct notify *notify = call->owner;
    struct notify_receiver *told = &notify->lanes[call->lane].told;
    (void)err;
    if (result == STORE_DONE) {
        memcpy(told->rows, call->counts, sizeof told->rows);
        told->counted = true;
    }
    notify->count_next = (call->lane + 1) % notify->lane_count;
    int64_t delay_ms = COUNT_MS / notify->lane_count;
    if (delay_ms < COUNT_MIN_MS || (result == STORE_DONE && notify->count_next > 0 &&
                                    !notify->lanes[notify->count_next].told.counted))
        delay_ms = COUNT_MIN_MS;
    event_arm(notify->count, delay_ms);
}

void count_on_timer(int fd, short what, void *context)
{
    (void)fd;
    (void)what;
    struct notify *notify = context;
    struct call *call = notify_call_new(&notify->calls, notify, on_counted);
    call->lane = notify->count_next;
    call->receiver = mem_copy(notify->lanes[call->lane].receiver.config->name);
    store_delivery_counts(notify->store, call->receiver, 0, call->counts, call_done, call);
}

uint32_t notify_receiver_count(const struct notify *notify)
{
    return notify->lane_count;
}

const struct notify_receiver *notify_receiver_at(const struct notify *notify, uint32_t index)
{
    return &notify->lanes[index].told;
}
