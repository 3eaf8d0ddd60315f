/* A clock that ticks with records, for count windows ("10000 events"): each twelfth of a window's
 * records gets the time of the next hop of a nominal window, so that everything behind it works as
 * with time. Pure.
 *
 * For budget and hysteresis a window of records counts as one of the nominal length. */
#ifndef LEEWAY_APP_EVENT_CLOCK_H
#define LEEWAY_APP_EVENT_CLOCK_H

#include <jansson.h>

#include "base/mem.h"
#include "window/panes.h"

enum { EVENTS_MIN = 12, EVENTS_MAX = 1000000000 };

struct event_clock {
    int64_t events;    /* a window */
    int64_t window_ms; /* nominal; pane_length must be defined for it */
    int64_t seen;
    int64_t *hops; /* real time of the first record of each hop; TIME_NONE: it has none */
    uint32_t hop_count, hop_capacity;
    int64_t last_ms; /* real time of the last record */
};

/* "10000 events", EVENTS_MIN to EVENTS_MAX. False for anything else. */
bool event_clock_parse(const char *text, int64_t *ret_events);

void event_clock_init(struct event_clock *clock, int64_t events, int64_t window_ms);
void event_clock_release(struct event_clock *clock);

/* The time of the next record, whose real one is `real` (TIME_NONE: none). */
struct event_time event_clock_tick(struct event_clock *clock, struct event_time real);

/* In verdicts and incidents as JSON: times of this clock become real ones ("event 12000" if there
 * is none), the nominal window becomes "10000 events". */
void event_clock_translate(const struct event_clock *clock, json_t *json);

#endif
