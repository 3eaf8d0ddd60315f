/* Windows that move by a twelfth.
 *
 * Problem: a day of five-second panes is 17,280 panes; neither keeping nor re-adding them is
 * possible. A window is the sum of its last twelve hops; each hop is kept once, encoded, so that it
 * can be subtracted when it expires. Extents cannot be subtracted, so they are merged again from
 * the twelve hops when somebody asks. It assumes that panes are final and come in order. It refuses
 * to know what a window is for. */
#include "window/rolling.h"

#include <assert.h>
#include <stdlib.h>

struct window {
    int64_t length_ms, hop_ms;
    int64_t hop_end_ms;               /* of the hop being filled */
    struct counts *filling;           /* panes of that hop */
    struct counts *sum;               /* the twelve hops before it */
    struct text buckets[WINDOW_HOPS]; /* those hops, encoded; size 0: without rows */
    uint32_t oldest;                  /* the bucket that expires next */
    bool extents_stale;               /* of `sum` */
};

struct rolling {
    int64_t pane_ms;
    int64_t beginning_ms, end_ms; /* TIME_NONE before the first pane; end of the last pane */
    uint32_t due;
    uint32_t count;
    struct window windows[];
};

struct rolling *rolling_new(const struct layout *layout, const int64_t *windows_ms, uint32_t count,
                            int64_t pane_ms)
{
    struct rolling *rolling = mem_new(1, sizeof *rolling + count * sizeof rolling->windows[0]);
    rolling->pane_ms = pane_ms;
    rolling->beginning_ms = rolling->end_ms = TIME_NONE;
    rolling->count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct window *window = &rolling->windows[i];
        window->length_ms = windows_ms[i];
        window->hop_ms = windows_ms[i] / WINDOW_HOPS;
        window->filling = counts_new(layout);
        window->sum = counts_new(layout);
    }
    return rolling;
}

void rolling_free(struct rolling *rolling)
{
    if (!rolling)
        return;
    for (uint32_t i = 0; i < rolling->count; i++) {
        struct window *window = &rolling->windows[i];
        counts_free(window->filling);
        counts_free(window->sum);
        for (uint32_t b = 0; b < WINDOW_HOPS; b++)
            text_release(&window->buckets[b]);
    }
    free(rolling);
}

/* The hop being filled is complete: the sum loses the oldest and gains it. */
static void window_hop(struct window *window)
{
    struct text *bucket = &window->buckets[window->oldest];
    if (bucket->size) {
        int code =
            counts_add_encoded(window->sum, bytes_make(bucket->data, bucket->size), -1, NULL);
        assert(code == 0); /* our own bytes */
        (void)code;
    }
    text_clear(bucket);
    if (window->filling->rows) {
        counts_encode(window->filling, bucket);
        counts_add(window->sum, window->filling, 1);
        counts_clear(window->filling);
    }
    window->oldest = (window->oldest + 1) % WINDOW_HOPS;
    window->hop_end_ms += window->hop_ms;
    window->extents_stale = true;
}

/* Completes the hops that end at or before `time_ms`. After the one being filled and twelve empty
 * ones there is nothing left, so a gap of years is a jump. */
static void window_advance(struct window *window, int64_t time_ms)
{
    for (uint32_t i = 0; i <= WINDOW_HOPS && window->hop_end_ms <= time_ms; i++)
        window_hop(window);
    if (window->hop_end_ms <= time_ms)
        window->hop_end_ms +=
            ((time_ms - window->hop_end_ms) / window->hop_ms + 1) * window->hop_ms;
}

static void rolling_begin(struct rolling *rolling, int64_t start_ms)
{
    if (rolling->beginning_ms == TIME_NONE)
        rolling->beginning_ms = start_ms;
    rolling->end_ms = start_ms;
    for (uint32_t i = 0; i < rolling->count; i++) {
        struct window *window = &rolling->windows[i];
        struct event_time hop = event_time_floor((struct event_time){start_ms}, window->hop_ms);
        window->hop_end_ms = hop.ms + window->hop_ms;
    }
}

void rolling_add(struct rolling *rolling, struct event_time start, const struct counts *counts)
{
    if (rolling->end_ms == TIME_NONE)
        rolling_begin(rolling, start.ms);
    assert(start.ms >= rolling->end_ms && start.ms % rolling->pane_ms == 0);
    rolling->end_ms = start.ms + rolling->pane_ms;
    rolling->due = 0;
    for (uint32_t i = 0; i < rolling->count; i++) {
        struct window *window = &rolling->windows[i];
        window_advance(window, start.ms);
        if (counts && counts->rows)
            counts_add(window->filling, counts, 1);
        if (window->hop_end_ms != rolling->end_ms)
            continue;
        window_hop(window);
        if (rolling->end_ms - window->length_ms >= rolling->beginning_ms)
            rolling->due |= 1u << i;
    }
}

uint32_t rolling_due(const struct rolling *rolling)
{
    return rolling->due;
}

const struct counts *rolling_window(struct rolling *rolling, uint32_t i)
{
    struct window *window = &rolling->windows[i];
    if (!window->extents_stale)
        return window->sum;
    counts_clear_extents(window->sum);
    for (uint32_t b = 0; b < WINDOW_HOPS; b++) {
        const struct text *bucket = &window->buckets[b];
        if (bucket->size)
            counts_merge_extents(window->sum, bytes_make(bucket->data, bucket->size), NULL);
    }
    window->extents_stale = false;
    return window->sum;
}

bool rolling_is_empty(const struct rolling *rolling)
{
    for (uint32_t i = 0; i < rolling->count; i++)
        if (rolling->windows[i].filling->rows || rolling->windows[i].sum->rows)
            return false;
    return true;
}

void rolling_skip(struct rolling *rolling, struct event_time start)
{
    for (uint32_t i = 0; i < rolling->count; i++) {
        struct window *window = &rolling->windows[i];
        counts_clear(window->filling);
        counts_clear(window->sum);
        for (uint32_t b = 0; b < WINDOW_HOPS; b++)
            text_clear(&window->buckets[b]);
        window->extents_stale = false;
    }
    rolling->due = 0;
    rolling_begin(rolling, start.ms);
}
