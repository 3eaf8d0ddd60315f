/* An open-addressing table of named rings. Names come from the configuration and the baseline, so
 * their number is bounded. */
#include "judge/rings.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"

struct slot {
    char *name; /* NULL: empty */
    size_t size;
    struct ring ring;
};

struct rings {
    struct slot *slots;
    size_t capacity, used; /* capacity is a power of two */
};

struct rings *rings_new(void)
{
    struct rings *rings = mem_new(1, sizeof *rings);
    rings->capacity = 64;
    rings->slots = mem_new(rings->capacity, sizeof *rings->slots);
    return rings;
}

void rings_free(struct rings *rings)
{
    if (!rings)
        return;
    for (size_t i = 0; i < rings->capacity; i++)
        free(rings->slots[i].name);
    free(rings->slots);
    free(rings);
}

static struct slot *find_slot(struct slot *slots, size_t capacity, struct bytes name)
{
    size_t at = (size_t)hash_bytes(name, 0) & (capacity - 1);
    while (slots[at].name && !bytes_equal(bytes_make(slots[at].name, slots[at].size), name))
        at = (at + 1) & (capacity - 1);
    return &slots[at];
}

/* Moves every slot that `keep_from_ms` allows into a table of `capacity`. */
static void rebuild(struct rings *rings, size_t capacity, int64_t keep_from_ms)
{
    struct slot *slots = mem_new(capacity, sizeof *slots);
    rings->used = 0;
    for (size_t i = 0; i < rings->capacity; i++) {
        struct slot *old = &rings->slots[i];
        if (!old->name)
            continue;
        if (old->ring.known && old->ring.end_ms < keep_from_ms) {
            free(old->name);
            continue;
        }
        *find_slot(slots, capacity, bytes_make(old->name, old->size)) = *old;
        rings->used++;
    }
    free(rings->slots);
    rings->slots = slots;
    rings->capacity = capacity;
}

struct ring *rings_at(struct rings *rings, struct bytes name)
{
    if (rings->used * 2 >= rings->capacity)
        rebuild(rings, rings->capacity * 2, INT64_MIN);
    struct slot *slot = find_slot(rings->slots, rings->capacity, name);
    if (!slot->name) {
        slot->name = mem_text(name);
        slot->size = name.size;
        rings->used++;
    }
    return &slot->ring;
}

void rings_prune(struct rings *rings, int64_t before_ms)
{
    rebuild(rings, rings->capacity, before_ms);
}

json_t *rings_to_json(const struct rings *rings)
{
    json_t *object = json_object();
    for (size_t i = 0; i < rings->capacity; i++) {
        const struct slot *slot = &rings->slots[i];
        if (!slot->name || !slot->ring.bits)
            continue;
        char bits[20];
        snprintf(bits, sizeof bits, "%016" PRIx64, slot->ring.bits);
        json_object_set_new(
            object, slot->name,
            json_pack("[I,i,s]", (json_int_t)slot->ring.end_ms, (int)slot->ring.known, bits));
    }
    return object;
}

static bool parse_ring(const json_t *json, struct ring *ret_ring)
{
    json_int_t end_ms;
    int known;
    const char *bits;
    if (json_unpack((json_t *)(uintptr_t)json, "[I,i,s!]", &end_ms, &known, &bits) != 0)
        return false;
    char *end;
    ret_ring->bits = strtoull(bits, &end, 16);
    ret_ring->end_ms = end_ms;
    ret_ring->known = (uint32_t)known;
    return *end == '\0' && known > 0 && known <= 64;
}

struct rings *rings_from_json(const json_t *json, struct err *reterr)
{
    struct rings *rings = rings_new();
    const char *name;
    json_t *value;
    if (!json_is_object(json))
        goto damaged;
    json_object_foreach((json_t *)(uintptr_t)json, name, value)
    {
        if (!parse_ring(value, rings_at(rings, bytes_of(name))))
            goto damaged;
    }
    return rings;
damaged:
    rings_free(rings);
    err_set(reterr, ERR_INVALID, "judge state is damaged");
    return NULL;
}
