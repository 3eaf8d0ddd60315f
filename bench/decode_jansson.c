/* jansson's tree of an event, made and thrown away. */
#include <jansson.h>
#include <stdlib.h>

#include "base/mem.h"
#include "decode_contest.h"

struct tree_paths {
    unsigned count;
    char *const *paths;
};

static void *tree_start(char *const *paths, unsigned path_count, const struct event_set *training)
{
    struct tree_paths *copy = mem_new(1, sizeof *copy);
    (void)training;
    *copy = (struct tree_paths){path_count, paths};
    return copy;
}

static void tree_read(const struct tree_paths *paths, const json_t *tree, struct reading *reading)
{
    for (unsigned i = 0; i < paths->count; i++) {
        const json_t *value = tree;
        const char *p = paths->paths[i];
        while (*p == '/' && value) {
            size_t size = strcspn(++p, "/");
            value = json_object_getn(value, p, size);
            p += size;
        }
        if (json_is_number(value))
            reading->numbers += json_number_value(value);
        else if (json_is_string(value))
            reading->text_bytes += json_string_length(value);
        else
            reading->numbers += json_is_true(value);
    }
}

static void tree_run(void *state, const char *data, size_t size, struct reading *reading)
{
    json_t *tree = json_loadb(data, size, 0, NULL);
    if (!tree)
        contest_fail("event refused by jansson");
    if (reading)
        tree_read(state, tree, reading);
    json_decref(tree);
}

const struct contestant contest_jansson = {.name = "jansson",
                                           .what = "jansson's tree, nothing read from it",
                                           .start = tree_start,
                                           .run = tree_run,
                                           .stop = free};
