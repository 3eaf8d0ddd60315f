/* What the parts of notify share: its lanes, and when it looks. Not for other folders. */
#ifndef LEEWAY_NOTIFY_INTERNAL_H
#define LEEWAY_NOTIFY_INTERNAL_H

#include "base/when.h"
#include "notify/call.h"
#include "notify/notify.h"
#include "notify/receiver.h"
#include "notify/resend.h"

enum {
    BROKEN_HOLD_MS = 60 * 1000, /* what cannot be recorded or checked is held so long */
    PAUSE_MIN_MS = 1000,        /* between two tries of a store that is away, */
    PAUSE_MAX_MS = 30 * 1000    /* doubled each time up to this */
};

struct event;

struct lane {
    struct notify *notify;
    struct receiver receiver;
    struct resend *resend; /* Alertmanager only */
    struct delivery *current;
    int64_t hold_unix_ms;
    struct partials partials;
    struct notify_receiver told;
};

struct notify {
    struct event_base *base;
    const struct config *config;
    struct store *store; /* NULL: closed */
    struct http_client *http;
    struct calls calls;
    struct lane *lanes;
    uint32_t lane_count;
    struct delivery *stray; /* a row without lane */
    int64_t (*now_unix_ms)(void);
    notify_route_fn route;
    void *route_context;
    notify_watch_fn watch;
    void *watch_context;

    /* look.c */
    struct event *look;
    struct loop_time looked_at, look_at; /* the last began, the next is due (INT64_MAX: not set) */
    bool looking;                        /* a look is under way */
    bool stale;                          /* there may be more than the last look has seen */
    int64_t look_pause_ms;               /* after a failure; 0: the last look went well */
    int64_t next_due_unix_ms;            /* as the last look has seen it; INT64_MAX: none waits */

    /* record.c */
    struct event *record;
    struct delivery *results; /* to be written, the oldest first */
    bool recording, pumping;
    int64_t record_pause_ms;

    /* count.c */
    struct event *count;
    uint32_t count_next; /* lane */
};

/* 0 is PAUSE_MIN_MS. */
int64_t pause_after(int64_t pause_ms);
void event_arm(struct event *event, int64_t delay_ms);

/* look.c */
void look_on_timer(int fd, short what, void *notify);
void look_in(struct notify *notify, int64_t delay_ms); /* or sooner */

/* send.c: a row that was just taken goes its way. */
void send_start(struct notify *notify, struct delivery *delivery);

/* record.c: the result of a delivery is known and shall be written. */
void record_settle(struct notify *notify, struct delivery *delivery);
void record_on_timer(int fd, short what, void *notify);

/* count.c: what is waiting, for metrics. */
void count_on_timer(int fd, short what, void *notify);

#endif
