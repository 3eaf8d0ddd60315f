/* Space-Saving: when there is no room the rarest string gives its place, and its count, to the new
 * one; so counts are never too small, and too large by at most what the place had.
 *
 * `floor` is the largest count that was ever given away, which bounds every string not held; with
 * it a merge is: counts add, and a string that one side does not hold may have had that side's
 * floor. Assumes nothing of the bytes. */
#include "stats/spacesaving.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/utf8.h"

static int64_t sum_up_to_max(int64_t a, int64_t b)
{
    return a > INT64_MAX - b ? INT64_MAX : a + b;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static struct bytes item_bytes(const struct spacesaving_item *item)
{
    return bytes_make(item->data, item->size);
}

static int compare_bytes(struct bytes a, struct bytes b)
{
    int order = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

/* Count descending, then bytes ascending. */
static int compare_items(const void *left, const void *right)
{
    const struct spacesaving_item *a = left, *b = right;
    if (a->count != b->count)
        return a->count < b->count ? 1 : -1;
    return compare_bytes(item_bytes(a), item_bytes(b));
}

void spacesaving_init(struct spacesaving *sketch, uint32_t capacity)
{
    memset(sketch, 0, sizeof *sketch);
    sketch->capacity = capacity < SPACESAVING_ITEMS_MAX ? capacity : SPACESAVING_ITEMS_MAX;
    if (sketch->capacity == 0)
        sketch->capacity = 1;
}

static struct spacesaving_item *find(struct spacesaving_item *items, uint32_t size,
                                     struct bytes bytes)
{
    for (uint32_t i = 0; i < size; i++) {
        if (bytes_equal(item_bytes(&items[i]), bytes))
            return &items[i];
    }
    return NULL;
}

/* A place for a string that is not held. */
static struct spacesaving_item *make_room(struct spacesaving *sketch)
{
    if (sketch->size < sketch->capacity)
        return &sketch->items[sketch->size++];
    struct spacesaving_item *last = &sketch->items[0];
    for (uint32_t i = 1; i < sketch->size; i++) {
        if (compare_items(&sketch->items[i], last) > 0)
            last = &sketch->items[i];
    }
    sketch->floor = larger(sketch->floor, last->count);
    return last;
}

void spacesaving_add(struct spacesaving *sketch, struct bytes bytes, int64_t weight)
{
    if (weight <= 0)
        return;
    if (bytes.size > SPACESAVING_BYTES_MAX)
        bytes.size = utf8_cut(bytes, SPACESAVING_BYTES_MAX);
    sketch->total = sum_up_to_max(sketch->total, weight);
    struct spacesaving_item *item = find(sketch->items, sketch->size, bytes);
    if (!item) {
        item = make_room(sketch);
        memset(item, 0, sizeof *item);
        item->count = item->error = sketch->floor;
        item->size = (uint32_t)bytes.size;
        if (bytes.size > 0)
            memcpy(item->data, bytes.data, bytes.size);
    }
    item->count = sum_up_to_max(item->count, weight);
}

static void item_add(struct spacesaving_item *item, int64_t count, int64_t error)
{
    item->count = sum_up_to_max(item->count, count);
    item->error = sum_up_to_max(item->error, error);
}

void spacesaving_merge(struct spacesaving *sketch, const struct spacesaving *other)
{
    struct spacesaving_item all[2 * SPACESAVING_ITEMS_MAX];
    uint32_t size = sketch->size;
    memcpy(all, sketch->items, size * sizeof *all);
    bool is_shared[SPACESAVING_ITEMS_MAX] = {false};
    for (uint32_t i = 0; i < other->size; i++) {
        const struct spacesaving_item *theirs = &other->items[i];
        struct spacesaving_item *ours = find(all, sketch->size, item_bytes(theirs));
        if (ours) {
            item_add(ours, theirs->count, theirs->error);
            is_shared[ours - all] = true;
        } else {
            all[size] = *theirs;
            item_add(&all[size++], sketch->floor, sketch->floor);
        }
    }
    for (uint32_t i = 0; i < sketch->size; i++) {
        if (!is_shared[i])
            item_add(&all[i], other->floor, other->floor);
    }
    qsort(all, size, sizeof *all, compare_items);
    sketch->total = sum_up_to_max(sketch->total, other->total);
    sketch->floor = sum_up_to_max(sketch->floor, other->floor);
    if (size > sketch->capacity) {
        sketch->floor = larger(sketch->floor, all[sketch->capacity].count);
        size = sketch->capacity;
    }
    sketch->size = size;
    memcpy(sketch->items, all, size * sizeof *all);
}

void spacesaving_sort(struct spacesaving *sketch)
{
    qsort(sketch->items, sketch->size, sizeof *sketch->items, compare_items);
}
