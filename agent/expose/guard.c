/* evhttp owns its connections and tells nobody when one goes before its request was complete. So
 * the guard makes the bufferevent of each connection itself and keeps a reference; when evhttp has
 * let go of it, its callbacks are gone, which a sweep sees. The sweep runs after every reply, at
 * every accept, and by a timer as long as a connection is open. At the cap the listener is
 * switched off, and clients wait in the kernel's queue until a place is free, at the latest when a
 * deadline has passed. It refuses to know what is asked and answered. */
#include "expose/guard.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <stdlib.h>

#include "sys/file.h"

struct slot {
    struct bufferevent *connection; /* NULL: free */
    int64_t deadline_ms;            /* loop time */
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

static void guard_pause(struct guard *guard)
{
    evconnlistener_disable(guard->listener);
    guard->paused = true;
}

static void guard_schedule(struct guard *guard)
{
    struct timeval wait = {guard->limits.sweep_ms / SECOND_MS,
                           guard->limits.sweep_ms % SECOND_MS * 1000};
    if ((guard->open > 0 || guard->paused) && !event_pending(guard->timer, EV_TIMEOUT, NULL))
        event_add(guard->timer, &wait);
}

static void guard_sweep(struct guard *guard)
{
    int64_t now_ms = clock_loop().ms;
    for (uint32_t i = 0; i < guard->limits.connections; i++) {
        struct slot *slot = &guard->slots[i];
        if (!slot->connection)
            continue;
        if (now_ms >= slot->deadline_ms && !slot_is_released(slot)) {
            guard->cut++;
            bufferevent_trigger_event(slot->connection, BEV_EVENT_READING | BEV_EVENT_TIMEOUT, 0);
        }
        if (slot_is_released(slot))
            slot_release(guard, slot);
    }
}

static void on_sweep(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    struct guard *guard = context;
    guard_sweep(guard);
    if (guard->paused && guard->open < guard->limits.connections) {
        guard->paused = false;
        evconnlistener_enable(guard->listener);
    }
    guard_schedule(guard);
}

static struct bufferevent *on_accept(struct event_base *base, void *context)
{
    struct guard *guard = context;
    guard_sweep(guard);
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
        slot->connection = connection;
        slot->deadline_ms = clock_loop().ms + guard->limits.request_ms;
        guard->open++;
        break;
    }
    if (guard->open == guard->limits.connections)
        guard_pause(guard);
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

void guard_answering(struct guard *guard, struct evhttp_request *request)
{
    struct evhttp_connection *of = evhttp_request_get_connection(request);
    struct bufferevent *connection = of ? evhttp_connection_get_bufferevent(of) : NULL;
    for (uint32_t i = 0; connection && i < guard->limits.connections; i++) {
        if (guard->slots[i].connection == connection)
            guard->slots[i].deadline_ms = clock_loop().ms + guard->limits.response_ms;
    }
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
