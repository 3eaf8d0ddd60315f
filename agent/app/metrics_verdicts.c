/* A table of what was last said of every field. Series come in groups (one window of one version at
 * a time), which the totals make use of. It refuses to know when a series has had its time: whoever
 * knows the positions prunes. */
#include "app/metrics_verdicts.h"

#include <stdlib.h>
#include <string.h>

/* ---- the table ---- */

static uint64_t key_hash(const struct verdict_key *key)
{
    uint64_t seed = hash_bytes(bytes_make(&key->window_ms, sizeof key->window_ms), key->monitor);
    seed = hash_bytes(bytes_of(key->version), seed);
    seed = hash_bytes(bytes_of(key->segment), seed);
    return hash_bytes(bytes_of(key->field), seed);
}

static bool key_equal(const struct verdict_key *a, const struct verdict_key *b)
{
    return a->monitor == b->monitor && a->window_ms == b->window_ms &&
           !strcmp(a->field, b->field) && !strcmp(a->segment, b->segment) &&
           !strcmp(a->version, b->version);
}

/* The slot of the key, or the empty one where it belongs. There is always an empty one. */
static uint32_t *slot_of(const struct verdict_book *book, const struct verdict_key *key)
{
    uint32_t mask = book->slot_count - 1, at = (uint32_t)key_hash(key) & mask;
    while (book->slots[at] && !key_equal(&book->items[book->slots[at] - 1].key, key))
        at = (at + 1) & mask;
    return &book->slots[at];
}

static void index_again(struct verdict_book *book)
{
    memset(book->slots, 0, book->slot_count * sizeof *book->slots);
    for (uint32_t i = 0; i < book->count; i++)
        *slot_of(book, &book->items[i].key) = i + 1;
}

static void grow(struct verdict_book *book)
{
    book->capacity = book->capacity ? book->capacity * 2 : 64;
    book->slot_count = book->capacity * 2;
    book->items = mem_resize(book->items, book->capacity, sizeof *book->items);
    book->slots = mem_resize(book->slots, book->slot_count, sizeof *book->slots);
    index_again(book);
}

/* One block for the three strings, which begins with the version. */
static struct verdict_key key_copy(const struct verdict_key *key)
{
    size_t version = strlen(key->version) + 1, segment = strlen(key->segment) + 1,
           field = strlen(key->field) + 1;
    char *block = mem_new(version + segment + field, 1);
    struct verdict_key copy = *key;
    copy.version = memcpy(block, key->version, version);
    copy.segment = memcpy(block + version, key->segment, segment);
    copy.field = memcpy(block + version + segment, key->field, field);
    return copy;
}

static void series_release(struct verdict_series *series)
{
    free((char *)series->key.version);
}

void verdict_book_release(struct verdict_book *book)
{
    for (uint32_t i = 0; i < book->count; i++)
        series_release(&book->items[i]);
    free(book->items);
    free(book->slots);
    *book = (struct verdict_book){0};
}

void verdict_book_put(struct verdict_book *book, const struct verdict_key *key, int64_t end_ms,
                      const struct verdict_values *values)
{
    uint32_t *slot = book->slot_count ? slot_of(book, key) : NULL;
    if (slot && *slot) {
        struct verdict_series *series = &book->items[*slot - 1];
        if (end_ms >= series->end_ms) {
            series->end_ms = end_ms;
            series->values = *values;
        }
        return;
    }
    if (book->count == VERDICT_SERIES_MAX) {
        book->refused++;
        return;
    }
    if (book->count == book->capacity)
        grow(book);
    book->items[book->count++] =
        (struct verdict_series){.key = key_copy(key), .end_ms = end_ms, .values = *values};
    *slot_of(book, key) = book->count;
}

void verdict_book_prune(struct verdict_book *book,
                        bool (*gone)(void *context, const struct verdict_series *series),
                        void *context)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < book->count; i++) {
        if (gone(context, &book->items[i]))
            series_release(&book->items[i]);
        else
            book->items[kept++] = book->items[i];
    }
    if (kept == book->count)
        return;
    book->count = kept;
    index_again(book);
}
