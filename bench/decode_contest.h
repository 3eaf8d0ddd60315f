/* What takes part in bench_decode: a row for each way of reading an event. */
#ifndef LEEWAY_BENCH_DECODE_CONTEST_H
#define LEEWAY_BENCH_DECODE_CONTEST_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What was read of the events, so that all contestants can be compared. */
struct reading {
    double numbers; /* sum of all numbers, and one for each true */
    uint64_t text_bytes;
};

struct event_set; /* event.h */

struct contestant {
    const char *name;
    const char *what;
    /* The paths of all values of an event, and events of the same kind that are not those of the
     * contest; both stay until stop. */
    void *(*start)(char *const *paths, unsigned path_count, const struct event_set *training);
    /* Reads one event, which has EVENT_PADDING readable bytes behind it. `reading` is NULL while
     * time is taken: then nothing is done but what the contestant is for. Aborts on failure. */
    void (*run)(void *state, const char *data, size_t size, struct reading *reading);
    void (*stop)(void *state);
};

extern const struct contestant contest_decode, contest_count, contest_jansson;
#ifdef BENCH_SIMDJSON
extern const struct contestant contest_simdjson;
#endif
#ifdef BENCH_YYJSON
extern const struct contestant contest_yyjson;
#endif

/* Says what is wrong and aborts. */
void contest_fail(const char *what);

#ifdef __cplusplus
}
#endif

#endif
