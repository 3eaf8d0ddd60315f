/* See the header. Assumes that the caller keeps to the capacity; an event's objects are numbered,
 * so that a slot whose number is older than the event is free. */
#include "decode/keys.h"

#include <assert.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"

/* Up to here comparing beats hashing. */
enum { COMPARED_KEYS = 8 };

struct keys_slot {
    uint64_t object;
    uint64_t hash;
    struct bytes key;
};

void keys_init(struct keys *keys, uint32_t capacity)
{
    uint64_t slots = 16;
    while (slots < 2 * (uint64_t)capacity)
        slots *= 2;
    *keys = (struct keys){.capacity = capacity, .mask = (uint32_t)(slots - 1)};
    keys->stack = mem_new(capacity, sizeof *keys->stack);
    keys->table = mem_new(slots, sizeof *keys->table);
}

void keys_release(struct keys *keys)
{
    free(keys->stack);
    free(keys->table);
    *keys = (struct keys){0};
}

/* The same key in many objects must not share one chain: the object's number goes into the hash. */
static bool table_add(struct keys *keys, uint64_t object, struct bytes key)
{
    uint64_t hash = hash_bytes(key, keys->seed + (object - keys->oldest));
    for (uint64_t i = hash & keys->mask;; i = (i + 1) & keys->mask) {
        struct keys_slot *slot = &keys->table[i];
        if (slot->object <= keys->oldest) {
            *slot = (struct keys_slot){object, hash, key};
            return true;
        }
        if (slot->object == object && slot->hash == hash && bytes_equal(slot->key, key))
            return false;
    }
}

/* The keys so far differ from each other, so that adding them cannot fail. */
static void scope_hash(struct keys *keys, struct keys_scope *scope)
{
    if (!keys->seeded) {
        keys->seed = hash_bytes(keys->event, 0);
        keys->seeded = true;
    }
    for (uint32_t i = scope->base; i < keys->top; i++)
        table_add(keys, scope->object, keys->stack[i]);
    scope->hashed = true;
}

bool keys_add(struct keys *keys, struct keys_scope *scope, struct bytes key)
{
    if (!scope->hashed && keys->top - scope->base == COMPARED_KEYS)
        scope_hash(keys, scope);
    if (scope->hashed)
        return table_add(keys, scope->object, key);
    for (uint32_t i = scope->base; i < keys->top; i++)
        if (bytes_equal(keys->stack[i], key))
            return false;
    assert(keys->top < keys->capacity);
    keys->stack[keys->top++] = key;
    return true;
}
