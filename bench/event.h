/* The reference event of the benchmarks: 459 bytes of JSON with 20 features and one prediction, as
 * a fraud model would send it. The values change from event to event, the size does not. */
#ifndef LEEWAY_BENCH_EVENT_H
#define LEEWAY_BENCH_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

enum { EVENT_BYTES = 459, EVENT_FEATURES = 20, EVENT_PATHS = EVENT_FEATURES + 6 };

/* Paths of all values: id, time, model, version, the features, score, class. */
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

#endif
