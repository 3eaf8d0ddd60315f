/* Exact detection of duplicate keys within an object, for the keys that no plan names.
 *
 * An object with few such keys compares them one by one; one with many goes over to a hash table
 * that all objects of an event share, and that is emptied by counting on instead of being cleared.
 * The table's seed comes from the whole event, so that keys that collide cannot be prepared without
 * knowing the event that they are a part of; and a hit is always confirmed byte by byte. */
#ifndef LEEWAY_DECODE_KEYS_H
#define LEEWAY_DECODE_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

struct keys_slot;

struct keys {
    struct bytes *stack; /* keys of the objects that are open, the innermost last */
    struct keys_slot *table;
    uint32_t capacity, top, mask;
    uint64_t object; /* number of the newest object, over all events */
    uint64_t oldest; /* number before the first object of this event */
    struct bytes event;
    uint64_t seed;
    bool seeded;
};

/* One object's keys; begins with keys_open and ends with keys_close. */
struct keys_scope {
    uint64_t object;
    uint32_t base;
    bool hashed;
};

/* At most `capacity` keys in an event. Release with keys_release. */
void keys_init(struct keys *keys, uint32_t capacity);
void keys_release(struct keys *keys);

/* Forgets everything. `event` must stay readable and unchanged until the next call. */
static inline void keys_start(struct keys *keys, struct bytes event)
{
    keys->top = 0;
    keys->oldest = keys->object;
    keys->event = event;
    keys->seeded = false;
}

/* Objects nest: the one opened last is closed first, and only its keys are added. */
static inline struct keys_scope keys_open(struct keys *keys)
{
    return (struct keys_scope){.object = ++keys->object, .base = keys->top};
}

static inline void keys_close(struct keys *keys, const struct keys_scope *scope)
{
    keys->top = scope->base;
}

/* Adds a key (a view that stays valid for the event). False if the object has it already. */
bool keys_add(struct keys *keys, struct keys_scope *scope, struct bytes key);

#endif
