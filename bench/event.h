/* The events of the benchmarks: the reference event, 459 bytes of JSON with 20 features and one
 * prediction, as a fraud model would send it; and the same event with fewer or more features. The
 * values change from event to event; the size of the reference event does not. */
#ifndef LEEWAY_BENCH_EVENT_H
#define LEEWAY_BENCH_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

enum {
    EVENT_BYTES = 459,
    EVENT_FEATURES = 20,
    EVENT_HEAD = 4, /* paths in front of the features: id, time, model, version */
    EVENT_PATHS = EVENT_HEAD + EVENT_FEATURES + 2
};

/* Paths of all values of the reference event: id, time, model, version, the features, score, class.
 */
extern const char *const event_paths[EVENT_PATHS];

/* Writes event number `number` of the stream named `seed` into a buffer of EVENT_BYTES + 1 and ends
 * it with a NUL. The same arguments give the same bytes. */
void event_write(uint64_t seed, uint64_t number, char *ret_event);

/* `count` events, one behind the other without anything in between; free with free(). */
char *event_stream(uint64_t seed, size_t count);

static inline struct bytes event_at(const char *stream, size_t i)
{
    return bytes_make(stream + i * EVENT_BYTES, EVENT_BYTES);
}

/* Events of one stream with any number of features. 20 gives the reference event; fewer leave
 * features out, every fourth a category; more repeat the 20 under other names. */
struct event_set {
    uint32_t features, path_count;
    char **paths; /* EVENT_HEAD, the features, score, class */
    size_t count;
    size_t bytes;         /* of all events */
    struct bytes *events; /* views; at least EVENT_PADDING readable bytes behind each */
    char *data;
};

enum { EVENT_PADDING = 64 };

/* Release with event_set_release. */
void event_set_init(struct event_set *set, uint64_t seed, uint32_t features, size_t count);
void event_set_release(struct event_set *set);

#endif
