/* yyjson's tree of an event, in one block of memory that is used again and again, which is the
 * fastest of the ways that its manual names. */
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "base/mem.h"
#include "decode_contest.h"

enum { EVENT_MAX = 65536 };

struct yyjson_state {
    char *const *paths;
    unsigned path_count;
    yyjson_alc alc;
    void *pool;
    char *copy; /* yyjson writes into what it reads */
};

static void *yyjson_start(char *const *paths, unsigned path_count, const struct event_set *training)
{
    struct yyjson_state *state = mem_new(1, sizeof *state);
    size_t size = yyjson_read_max_memory_usage(EVENT_MAX, YYJSON_READ_INSITU);
    (void)training;
    state->paths = paths;
    state->path_count = path_count;
    state->pool = mem_new(size, 1);
    state->copy = mem_new(EVENT_MAX + YYJSON_PADDING_SIZE, 1);
    if (!yyjson_alc_pool_init(&state->alc, state->pool, size))
        contest_fail("yyjson's pool is too small");
    return state;
}

static void yyjson_read_all(const struct yyjson_state *state, yyjson_val *root,
                            struct reading *reading)
{
    for (unsigned i = 0; i < state->path_count; i++) {
        yyjson_val *value = yyjson_ptr_get(root, state->paths[i]);
        if (yyjson_is_num(value))
            reading->numbers += yyjson_get_num(value);
        else if (yyjson_is_str(value))
            reading->text_bytes += yyjson_get_len(value);
        else
            reading->numbers += yyjson_is_true(value);
    }
}

static void yyjson_run(void *pointer, const char *data, size_t size, struct reading *reading)
{
    struct yyjson_state *state = pointer;
    if (size > EVENT_MAX)
        contest_fail("event too large for yyjson's buffer");
    memcpy(state->copy, data, size);
    memset(state->copy + size, 0, YYJSON_PADDING_SIZE);
    yyjson_doc *doc = yyjson_read_opts(state->copy, size, YYJSON_READ_INSITU, &state->alc, NULL);
    if (!doc)
        contest_fail("event refused by yyjson");
    if (reading)
        yyjson_read_all(state, yyjson_doc_get_root(doc), reading);
    yyjson_doc_free(doc);
}

static void yyjson_stop(void *pointer)
{
    struct yyjson_state *state = pointer;
    free(state->pool);
    free(state->copy);
    free(state);
}

const struct contestant contest_yyjson = {.name = "yyjson",
                                          .what = "yyjson's tree in place, nothing read from it",
                                          .start = yyjson_start,
                                          .run = yyjson_run,
                                          .stop = yyjson_stop};
