/* Time and records are proportional, so translation is a division; only real times are kept, one
 * for each hop. Assumes that records come in an order that means something. */
#include "app/event_clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"

/* Midnight, 2000-01-01: the first time that is not absurd. */
#define BEGIN_MS INT64_C(946684800000)

bool event_clock_parse(const char *text, int64_t *ret_events)
{
    char *end;
    long long events = text[0] >= '1' && text[0] <= '9' ? strtoll(text, &end, 10) : 0;
    if (events < EVENTS_MIN || events > EVENTS_MAX || strcmp(end, " events") != 0)
        return false;
    *ret_events = events;
    return true;
}

static int64_t hop_ms(const struct event_clock *clock)
{
    return clock->window_ms / WINDOW_HOPS;
}

/* The first whole window. */
static int64_t begin_ms(const struct event_clock *clock)
{
    return event_time_floor((struct event_time){BEGIN_MS}, clock->window_ms).ms + clock->window_ms;
}

void event_clock_init(struct event_clock *clock, int64_t events, int64_t window_ms)
{
    *clock = (struct event_clock){.events = events, .window_ms = window_ms, .last_ms = TIME_NONE};
}

void event_clock_release(struct event_clock *clock)
{
    free(clock->hops);
    *clock = (struct event_clock){0};
}

struct event_time event_clock_tick(struct event_clock *clock, struct event_time real)
{
    int64_t hop = clock->seen++ * WINDOW_HOPS / clock->events;
    if (hop == clock->hop_count) {
        if (clock->hop_count == clock->hop_capacity) {
            clock->hop_capacity = clock->hop_capacity ? clock->hop_capacity * 2 : 64;
            clock->hops = mem_resize(clock->hops, clock->hop_capacity, sizeof *clock->hops);
        }
        clock->hops[clock->hop_count++] = real.ms;
    }
    clock->last_ms = real.ms;
    return (struct event_time){begin_ms(clock) + hop * hop_ms(clock)};
}

/* What a time of this clock is to people. False: it is none of this clock's. */
static bool translate_time(const struct event_clock *clock, const char *text, char ret[48])
{
    struct event_time time;
    if (!event_time_parse(bytes_of(text), &time) || time.ms < begin_ms(clock))
        return false;
    int64_t hop = (time.ms - begin_ms(clock)) / hop_ms(clock);
    int64_t real = hop < clock->hop_count ? clock->hops[hop] : clock->last_ms;
    if (hop > clock->hop_count)
        return false;
    if (real != TIME_NONE)
        event_time_format((struct event_time){real}, ret);
    else
        snprintf(ret, 48, "event %" PRId64, hop * clock->events / WINDOW_HOPS);
    return true;
}

static void translate_text(const struct event_clock *clock, json_t *object, const char *key,
                           const char *text)
{
    static const char *const times[] = {"start", "end", "opened", "updated", "resolved"};
    char window[24], translated[48];
    if (!strcmp(key, "window") && !strcmp(text, duration_format(clock->window_ms, window))) {
        snprintf(translated, sizeof translated, "%" PRId64 " events", clock->events);
        json_object_set_new(object, key, json_string(translated));
    }
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        if (!strcmp(key, times[i]) && translate_time(clock, text, translated))
            json_object_set_new(object, key, json_string(translated));
}

void event_clock_translate(const struct event_clock *clock, json_t *json)
{
    const char *key;
    json_t *value;
    size_t index;
    json_array_foreach(json, index, value)
    {
        event_clock_translate(clock, value);
    }
    json_object_foreach(json, key, value)
    {
        if (json_is_string(value))
            translate_text(clock, json, key, json_string_value(value));
        else
            event_clock_translate(clock, value);
    }
}
