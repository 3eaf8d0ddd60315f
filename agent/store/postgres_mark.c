/* A reading of deltas is followed by a write that deletes exactly what was read. With several
 * agents a delta with a smaller id can become visible after one with a larger id, so what was read
 * is a set and not a bound. Assumes that nobody comes back to a reading after several later ones of
 * the same monitor. Knows nothing of what is in a delta. */
#include "store/postgres_ops.h"

#include <inttypes.h>
#include <stdlib.h>

enum { MARKS_A_MONITOR = 8 };

struct postgres_mark {
    struct postgres_mark *next;
    char *monitor;
    int64_t number;
    int64_t *ids;
    size_t count, capacity;
};

struct postgres_mark *postgres_mark_new(const char *monitor)
{
    struct postgres_mark *mark = mem_new(1, sizeof *mark);
    mark->monitor = mem_copy(monitor);
    return mark;
}

void postgres_mark_free(struct postgres_mark *mark)
{
    if (!mark)
        return;
    free(mark->monitor);
    free(mark->ids);
    free(mark);
}

void postgres_mark_add(struct postgres_mark *mark, int64_t id)
{
    if (mark->count == mark->capacity) {
        mark->capacity = mark->capacity ? 2 * mark->capacity : 16;
        mark->ids = mem_resize(mark->ids, mark->capacity, sizeof *mark->ids);
    }
    mark->ids[mark->count++] = id;
}

static void unlink_mark(struct postgres_mark **at)
{
    struct postgres_mark *mark = *at;
    *at = mark->next;
    postgres_mark_free(mark);
}

int64_t postgres_mark_keep(struct postgres_store *store, struct postgres_mark *mark)
{
    unsigned same = 1;
    mark->number = ++store->last_mark;
    mark->next = store->marks;
    store->marks = mark;
    for (struct postgres_mark **at = &mark->next; *at;)
        if (!strcmp((*at)->monitor, mark->monitor) && ++same > MARKS_A_MONITOR)
            unlink_mark(at);
        else
            at = &(*at)->next;
    return mark->number;
}

bool postgres_mark_ids(const struct postgres_store *store, const char *monitor, int64_t number,
                       struct text *ret)
{
    text_puts(ret, "{");
    for (const struct postgres_mark *mark = store->marks; mark; mark = mark->next)
        if (mark->number == number && !strcmp(mark->monitor, monitor)) {
            for (size_t i = 0; i < mark->count; i++)
                text_printf(ret, "%s%" PRId64, i ? "," : "", mark->ids[i]);
            text_puts(ret, "}");
            return true;
        }
    text_puts(ret, "}");
    return number == 0;
}

void postgres_marks_free(struct postgres_store *store)
{
    while (store->marks)
        unlink_mark(&store->marks);
}
