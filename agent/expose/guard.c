/* evhttp owns its connections and tells nobody when one goes before its request was complete. So
 * the guard makes the bufferevent of each connection itself and keeps a reference; when evhttp has
 * let go of it, its callbacks are gone, which a sweep sees. The sweep runs after every reply, at
 * every accept, and by a timer as long as a connection is open.
 *
 * Whoever takes the last place makes the oldest slow connection go, so that a place stays free. If
 * none is slow yet the listener is switched off, and clients wait in the kernel's queue until one
 * is. A connection is asking, waiting (for us) or answering; the one that waits is never slow, and
 * fewer may wait than there are places. It refuses to know what is asked and answered. */
#include "expose/guard.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <stdlib.h>

#include "sys/file.h"

enum phase { ASKING, WAITING, ANSWERING };

struct slot {
    struct bufferevent *connection; /* NULL: free */
    enum phase phase;
    int64_t since_ms; /* loop time: when the phase began */
};

struct guard {
    struct web_limits limits;
    struct evconnlistener *listener;
    struct event *timer;
    struct slot *slots; /* limits.connections */
    uint32_t open;
    uint64_t cut;
    bool paused; /* the listener is switched off */
};

static bool slot_is_released(const struct slot *slot)
{
    bufferevent_event_cb callback = NULL;
    bufferevent_getcb(slot->connection, NULL, NULL, &callback, NULL);
    return !callback;
}

static void slot_release(struct guard *guard, struct slot *slot)
{
    bufferevent_decref(slot->connection); /* the last reference: closes the socket */
    slot->connection = NULL;
    guard->open--;
}

static void guard_schedule(struct guard *guard)
{
    int64_t wait_ms = guard->limits.sweep_ms;
    if (guard->paused && guard->limits.pressed_request_ms < wait_ms)
        wait_ms = guard->limits.pressed_request_ms;
    struct timeval wait = {wait_ms / SECOND_MS, wait_ms % SECOND_MS * 1000};
    if (guard->open > 0 || guard->paused)
        event_add(guard->timer, &wait);
}

/* How long the slot may go on in its phase. */
static int64_t slot_allowance_ms(const struct slot *slot, const struct web_limits *limits,
                                 bool pressed)
{
    if (slot->phase == ASKING)
        return pressed ? limits->pressed_request_ms : limits->request_ms;
    if (slot->phase == ANSWERING)
        return pressed ? limits->pressed_response_ms : limits->response_ms;
    return INT64_MAX;
}

static bool slot_is_slow(const struct slot *slot, const struct web_limits *limits, bool pressed,
                         int64_t now_ms)
{
    return now_ms - slot->since_ms >= slot_allowance_ms(slot, limits, pressed);
}

static void slot_cut(struct guard *guard, struct slot *slot)
{
    guard->cut++;
    bufferevent_trigger_event(slot->connection, BEV_EVENT_READING | BEV_EVENT_TIMEOUT, 0);
    if (slot_is_released(slot))
        slot_release(guard, slot);
}

static void guard_sweep(struct guard *guard, int64_t now_ms)
{
    for (uint32_t i = 0; i < guard->limits.connections; i++) {
        struct slot *slot = &guard->slots[i];
        if (!slot->connection)
            continue;
        if (slot_is_released(slot))
            slot_release(guard, slot);
        else if (slot_is_slow(slot, &guard->limits, false, now_ms))
            slot_cut(guard, slot);
    }
}

/* The oldest of those that have asked nothing yet, else of those that do not take their answer. */
static struct slot *guard_victim(struct guard *guard, int64_t now_ms)
{
    struct slot *victim = NULL;
    for (uint32_t i = 0; i < guard->limits.connections; i++) {
        struct slot *slot = &guard->slots[i];
        if (!slot->connection || !slot_is_slow(slot, &guard->limits, true, now_ms))
            continue;
        if (!victim || slot->phase < victim->phase ||
            (slot->phase == victim->phase && slot->since_ms < victim->since_ms))
            victim = slot;
    }
    return victim;
}

/* Keeps a place free for the next one, or nobody else is let in. */
static void guard_keep_place(struct guard *guard, int64_t now_ms)
{
    if (guard->open == guard->limits.connections) {
        struct slot *victim = guard_victim(guard, now_ms);
        if (victim)
            slot_cut(guard, victim);
    }
    bool full = guard->open == guard->limits.connections;
    if (full && !guard->paused)
        evconnlistener_disable(guard->listener);
    if (!full && guard->paused)
        evconnlistener_enable(guard->listener);
    guard->paused = full;
}

static void on_sweep(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    struct guard *guard = context;
    int64_t now_ms = clock_loop().ms;
    guard_sweep(guard, now_ms);
    guard_keep_place(guard, now_ms);
    guard_schedule(guard);
}

static struct bufferevent *on_accept(struct event_base *base, void *context)
{
    struct guard *guard = context;
    int64_t now_ms = clock_loop().ms;
    guard_sweep(guard, now_ms);
    struct bufferevent *connection = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    if (!connection)
        mem_fail(sizeof(struct slot));
    /* evhttp goes on reading while it writes a reply; more than this it must not buffer. */
    bufferevent_setwatermark(connection, EV_READ, 0, 2 * guard->limits.header_bytes);
    for (uint32_t i = 0; i < guard->limits.connections; i++) {
        struct slot *slot = &guard->slots[i];
        if (slot->connection)
            continue;
        bufferevent_incref(connection);
        *slot = (struct slot){connection, ASKING, now_ms};
        guard->open++;
        break;
    }
    guard_keep_place(guard, now_ms);
    guard_schedule(guard);
    return connection;
}

static void on_complete(struct evhttp_request *request, void *context)
{
    (void)request;
    struct guard *guard = context;
    event_active(guard->timer, EV_TIMEOUT, 0); /* evhttp closes after this call */
}

struct guard *guard_new(struct event_base *base, struct evhttp *http,
                        struct evconnlistener *listener, const struct web_limits *limits)
{
    struct guard *guard = mem_new(1, sizeof *guard);
    guard->limits = *limits;
    guard->listener = listener;
    guard->slots = mem_new(limits->connections, sizeof *guard->slots);
    guard->timer = event_new(base, -1, 0, on_sweep, guard);
    if (!guard->timer)
        mem_fail(sizeof *guard);
    evhttp_set_bevcb(http, on_accept, guard);
    return guard;
}

void guard_free(struct guard *guard)
{
    if (!guard)
        return;
    for (uint32_t i = 0; i < guard->limits.connections; i++) {
        if (guard->slots[i].connection)
            slot_release(guard, &guard->slots[i]);
    }
    event_free(guard->timer);
    free(guard->slots);
    free(guard);
}

static void guard_enter(struct guard *guard, struct evhttp_request *request, enum phase phase)
{
    struct evhttp_connection *of = evhttp_request_get_connection(request);
    struct bufferevent *connection = of ? evhttp_connection_get_bufferevent(of) : NULL;
    for (uint32_t i = 0; connection && i < guard->limits.connections; i++) {
        if (guard->slots[i].connection == connection)
            guard->slots[i] = (struct slot){connection, phase, clock_loop().ms};
    }
}

void guard_waiting(struct guard *guard, struct evhttp_request *request)
{
    guard_enter(guard, request, WAITING);
}

void guard_answering(struct guard *guard, struct evhttp_request *request)
{
    guard_enter(guard, request, ANSWERING);
    evhttp_request_set_on_complete_cb(request, on_complete, guard);
}

uint32_t guard_open_count(const struct guard *guard)
{
    return guard->open;
}

uint64_t guard_cut_count(const struct guard *guard)
{
    return guard->cut;
}
