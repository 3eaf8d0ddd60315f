/* A hash table of texts with a ceiling, and a hash sample for what lies beyond it. */
#include "baseline/levels.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "baseline/baseline.h"

enum { SAMPLE_SLOTS = 32768, SAMPLE_MAX = 16384 };

/* Texts whose key has `bits` leading zeros, counted exactly: each text is in with chance 2^-bits.
 */
struct sample {
    struct {
        uint64_t key;
        int64_t count; /* 0: free */
    } slots[SAMPLE_SLOTS];
    uint32_t size, bits;
};

struct levels {
    struct level_entry *entries; /* dense; `slots` holds index + 1, 0 is free */
    uint32_t size, distinct_max;
    uint32_t *slots;
    uint32_t slot_count; /* a power of two, at least twice distinct_max when full */
    struct sample *sample;
};

struct levels *levels_new(uint32_t distinct_max)
{
    struct levels *levels = mem_new(1, sizeof(*levels));
    levels->distinct_max = distinct_max;
    levels->slot_count = 64;
    levels->slots = mem_new(levels->slot_count, sizeof(*levels->slots));
    levels->entries = mem_new(levels->slot_count / 2, sizeof(*levels->entries));
    return levels;
}

void levels_free(struct levels *levels)
{
    if (!levels)
        return;
    for (uint32_t i = 0; i < levels->size; i++)
        free(levels->entries[i].text);
    free(levels->entries);
    free(levels->slots);
    free(levels->sample);
    free(levels);
}

static bool sample_wants(const struct sample *sample, uint64_t key)
{
    return sample->bits == 0 || key >> (64 - sample->bits) == 0;
}

static void sample_put(struct sample *sample, uint64_t key, int64_t count)
{
    uint32_t slot = (uint32_t)key % SAMPLE_SLOTS;
    while (sample->slots[slot].count && sample->slots[slot].key != key)
        slot = (slot + 1) % SAMPLE_SLOTS;
    sample->size += sample->slots[slot].count == 0;
    sample->slots[slot].key = key;
    sample->slots[slot].count += count;
}

/* Halves the sample by asking for one more leading zero. */
static void sample_halve(struct sample *sample)
{
    struct sample *old = mem_new(1, sizeof(*old));
    memcpy(old, sample, sizeof(*old));
    memset(sample, 0, sizeof(*sample));
    sample->bits = old->bits + 1;
    for (uint32_t i = 0; i < SAMPLE_SLOTS; i++) {
        if (old->slots[i].count && sample_wants(sample, old->slots[i].key))
            sample_put(sample, old->slots[i].key, old->slots[i].count);
    }
    free(old);
}

static void sample_add(struct sample *sample, uint64_t key, int64_t count)
{
    if (!sample_wants(sample, key))
        return;
    sample_put(sample, key, count);
    while (sample->size > SAMPLE_MAX && sample->bits < 63)
        sample_halve(sample);
}

static void levels_place(struct levels *levels, uint32_t index)
{
    uint32_t mask = levels->slot_count - 1;
    uint32_t slot = (uint32_t)levels->entries[index].key & mask;
    while (levels->slots[slot])
        slot = (slot + 1) & mask;
    levels->slots[slot] = index + 1;
}

static void levels_rehash(struct levels *levels)
{
    memset(levels->slots, 0, levels->slot_count * sizeof(*levels->slots));
    for (uint32_t i = 0; i < levels->size; i++)
        levels_place(levels, i);
}

static void levels_grow(struct levels *levels)
{
    levels->slot_count *= 2;
    levels->slots = mem_resize(levels->slots, levels->slot_count, sizeof(*levels->slots));
    levels->entries = mem_resize(levels->entries, levels->slot_count / 2, sizeof(*levels->entries));
    levels_rehash(levels);
}

static int compare_counts(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int64_t levels_median(const struct levels *levels)
{
    int64_t *counts = mem_new(levels->size, sizeof(*counts));
    for (uint32_t i = 0; i < levels->size; i++)
        counts[i] = levels->entries[i].count;
    qsort(counts, levels->size, sizeof(*counts), compare_counts);
    int64_t median = counts[levels->size / 2];
    free(counts);
    return median;
}

static void levels_prune(struct levels *levels)
{
    int64_t median = levels_median(levels);
    uint32_t kept = 0;
    if (!levels->sample) {
        levels->sample = mem_new(1, sizeof(*levels->sample));
        for (uint32_t i = 0; i < levels->size; i++)
            sample_add(levels->sample, levels->entries[i].key, levels->entries[i].count);
    }
    for (uint32_t i = 0; i < levels->size; i++) {
        levels->entries[i].count -= median;
        if (levels->entries[i].count > 0)
            levels->entries[kept++] = levels->entries[i];
        else
            free(levels->entries[i].text);
    }
    levels->size = kept;
    levels_rehash(levels);
}

static struct level_entry *levels_find(struct levels *levels, struct bytes text, uint64_t key)
{
    size_t kept = text.size < LEVEL_MAX_BYTES ? text.size : LEVEL_MAX_BYTES;
    uint32_t mask = levels->slot_count - 1;
    for (uint32_t slot = (uint32_t)key & mask; levels->slots[slot]; slot = (slot + 1) & mask) {
        struct level_entry *entry = &levels->entries[levels->slots[slot] - 1];
        if (entry->key == key && entry->size == text.size &&
            memcmp(entry->text, text.data ? text.data : "", kept) == 0)
            return entry;
    }
    return NULL;
}

static void levels_insert(struct levels *levels, struct bytes text, uint64_t key)
{
    size_t kept = text.size < LEVEL_MAX_BYTES ? text.size : LEVEL_MAX_BYTES;
    if (levels->size == levels->distinct_max)
        levels_prune(levels);
    if (levels->size == levels->slot_count / 2)
        levels_grow(levels);
    levels->entries[levels->size] =
        (struct level_entry){.text = mem_text(bytes_make(text.data, kept)),
                             .size = (uint32_t)text.size,
                             .hash = other_hash(text),
                             .key = key,
                             .count = 1};
    levels_place(levels, levels->size++);
}

void levels_add(struct levels *levels, struct bytes text)
{
    uint64_t key = hash_bytes(text, 0);
    struct level_entry *entry = levels_find(levels, text, key);
    if (entry)
        entry->count++;
    else
        levels_insert(levels, text, key);
    if (levels->sample)
        sample_add(levels->sample, key, 1);
}

void levels_summarize(const struct levels *levels, struct levels_summary *ret_summary)
{
    struct levels_summary summary = {.exact = !levels->sample};
    if (summary.exact) {
        summary.distinct = levels->size;
        for (uint32_t i = 0; i < levels->size; i++) {
            summary.singletons += levels->entries[i].count == 1;
            summary.doubletons += levels->entries[i].count == 2;
        }
        *ret_summary = summary;
        return;
    }
    const struct sample *sample = levels->sample;
    for (uint32_t i = 0; i < SAMPLE_SLOTS; i++) {
        summary.distinct += sample->slots[i].count != 0;
        summary.singletons += sample->slots[i].count == 1;
        summary.doubletons += sample->slots[i].count == 2;
    }
    summary.distinct <<= sample->bits;
    summary.singletons <<= sample->bits;
    summary.doubletons <<= sample->bits;
    *ret_summary = summary;
}

static int compare_entries(const void *a, const void *b)
{
    const struct level_entry *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    int order = strcmp(x->text, y->text);
    return order ? order : (x->key > y->key) - (x->key < y->key);
}

const struct level_entry *levels_sorted(struct levels *levels, uint32_t *ret_count)
{
    if (levels->size > 1)
        qsort(levels->entries, levels->size, sizeof(*levels->entries), compare_entries);
    levels_rehash(levels);
    *ret_count = levels->size;
    return levels->entries;
}
