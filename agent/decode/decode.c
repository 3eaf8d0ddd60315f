/* The walk over a record. It works on a copy with a NUL behind it (scan.h), goes down one level for
 * each container, at most as deep as the limit, and carries the node of the plan that belongs to
 * where it stands, or NULL where nobody wants anything. Functions return the byte behind what they
 * read, or NULL with the fault in `walk->result`.
 *
 * Keys that the plan names are marked with the number of the event, so that a second one is a
 * duplicate; keys.h looks after all others. A key can only be a duplicate of one of its own kind.
 */
#include "decode/decode.h"

#include <assert.h>

#include "decode/plan.h"
#include "decode/scalar.h"

struct walk {
    struct decode_plan *plan;
    struct bytes event;
    const char *end; /* of the copy */
    struct value *values;
    uint32_t *unknown;
    uint32_t keys, depth;
    enum decode_result result;
};

/* The object that is being read. */
struct members {
    struct plan_node *node;
    struct plan_node *last;  /* the newest member that the plan names */
    struct plan_node *guess; /* what came next last time */
    struct keys_scope scope;
};

static const char *const result_names[DECODE_RESULT_COUNT] = {
    [DECODE_OK] = "ok",
    [DECODE_EMPTY] = "empty",
    [DECODE_TOO_LARGE] = "too_large",
    [DECODE_NOT_OBJECT] = "not_object",
    [DECODE_TRUNCATED] = "truncated",
    [DECODE_SYNTAX] = "syntax",
    [DECODE_UTF8] = "utf8",
    [DECODE_DUPLICATE_KEY] = "duplicate_key",
    [DECODE_TOO_DEEP] = "too_deep",
    [DECODE_TOO_MANY_KEYS] = "too_many_keys",
    [DECODE_KEY_TOO_LONG] = "key_too_long",
    [DECODE_STRING_TOO_LONG] = "string_too_long",
    [DECODE_TRAILING] = "trailing",
};

const char *decode_result_name(enum decode_result result)
{
    return (unsigned)result < DECODE_RESULT_COUNT ? result_names[result] : "unknown";
}

static char *walk_value(struct walk *walk, char *p, struct plan_node *node);

static char *walk_fail(struct walk *walk, enum decode_result result)
{
    walk->result = result;
    return NULL;
}

static char *walk_unexpected(struct walk *walk, const char *p)
{
    return scan_fault(p, walk->end, DECODE_SYNTAX, &walk->result);
}

static inline struct value *wanted(const struct walk *walk, const struct plan_node *node)
{
    return node && node->slot >= 0 ? &walk->values[node->slot] : NULL;
}

/* A key that was not expected where it stands: with escapes, out of order, or unknown. Sets the
 * member's node to NULL if the plan does not name it. */
static char *walk_key(struct walk *walk, struct members *members, char *p,
                      struct plan_node **ret_child)
{
    struct decode_plan *plan = walk->plan;
    struct bytes key;
    p = text_read(p, walk->end, &key, &walk->result);
    if (!p)
        return NULL;
    if (key.size > plan->limits.key_bytes)
        return walk_fail(walk, DECODE_KEY_TOO_LONG);
    struct plan_node *node = members->node;
    struct plan_node *child = node ? plan_find(plan, node, key) : NULL;
    *ret_child = child;
    if (child) {
        if (child->plain)
            *(members->last ? &members->last->next : &node->first) = child;
        return p;
    }
    if (!keys_add(&plan->keys, &members->scope, key))
        return walk_fail(walk, DECODE_DUPLICATE_KEY);
    if (node && node->counter >= 0)
        walk->unknown[node->counter]++;
    return p;
}

/* A member from its key to its value. */
static inline char *walk_member(struct walk *walk, struct members *members, char *p)
{
    struct plan_node *child = members->guess;
    if (*p != '"')
        return walk_unexpected(walk, p);
    if (++walk->keys > walk->plan->limits.keys)
        return walk_fail(walk, DECODE_TOO_MANY_KEYS);
    p++;
    if (child && plan_node_matches(child, p)) {
        p += child->key_size + 1;
    } else {
        p = walk_key(walk, members, p, &child);
        if (!p)
            return NULL;
    }
    if (child) {
        if (child->seen == walk->plan->events)
            return walk_fail(walk, DECODE_DUPLICATE_KEY);
        child->seen = walk->plan->events;
        members->last = child;
        members->guess = child->next;
    }
    p = scan_space(p);
    if (*p != ':')
        return walk_unexpected(walk, p);
    return walk_value(walk, scan_space(p + 1), child);
}

/* `p` is behind the brace. */
static char *walk_object(struct walk *walk, char *p, struct plan_node *node)
{
    struct keys *keys = &walk->plan->keys;
    if (++walk->depth > walk->plan->limits.depth)
        return walk_fail(walk, DECODE_TOO_DEEP);
    struct members members = {
        .node = node, .guess = node ? node->first : NULL, .scope = keys_open(keys)};
    p = scan_space(p);
    if (*p != '}') {
        for (;;) {
            p = walk_member(walk, &members, p);
            if (!p)
                return NULL;
            p = scan_space(p);
            if (*p != ',')
                break;
            p = scan_space(p + 1);
        }
        if (*p != '}')
            return walk_unexpected(walk, p);
    }
    keys_close(keys, &members.scope);
    walk->depth--;
    return p + 1;
}

/* `p` is behind the bracket. */
static char *walk_array(struct walk *walk, char *p, const struct plan_node *node)
{
    uint32_t next = 0, count = node ? node->indexed_count : 0;
    if (++walk->depth > walk->plan->limits.depth)
        return walk_fail(walk, DECODE_TOO_DEEP);
    p = scan_space(p);
    if (*p != ']') {
        for (uint32_t i = 0;; i++) {
            struct plan_node *child = NULL;
            if (next < count && node->indexed[next]->index == i)
                child = node->indexed[next++];
            p = walk_value(walk, p, child);
            if (!p)
                return NULL;
            p = scan_space(p);
            if (*p != ',')
                break;
            p = scan_space(p + 1);
        }
        if (*p != ']')
            return walk_unexpected(walk, p);
    }
    walk->depth--;
    return p + 1;
}

/* The container at `p`. Its text is given as it came, because strings within the copy may be
 * unescaped by then. */
static char *walk_container(struct walk *walk, char *p, struct plan_node *node)
{
    bool object = *p == '{';
    const char *copy = walk->plan->buffer;
    const char *start = walk->event.data + (p - copy);
    p = object ? walk_object(walk, p + 1, node) : walk_array(walk, p + 1, node);
    struct value *value = wanted(walk, node);
    if (p && value) {
        walk->plan->shape.unfit = true; /* it has no room for the text of a container */
        value->kind = object ? VALUE_OBJECT : VALUE_ARRAY;
        value->text = bytes_make(start, (size_t)(walk->event.data + (p - copy) - start));
    }
    return p;
}

static char *walk_value(struct walk *walk, char *p, struct plan_node *node)
{
    struct decode_plan *plan = walk->plan;
    if (*p == '{' || *p == '[')
        return walk_container(walk, p, node);
    char *next =
        scalar_read(p, walk->end, plan->limits.string_bytes, wanted(walk, node), &walk->result);
    if (next && plan->shape.learning)
        shape_mark(&plan->shape, (size_t)(p - plan->buffer), (size_t)(next - plan->buffer),
                   node ? node->slot : PLAN_NONE);
    return next;
}

static enum decode_result walk_event(struct walk *walk)
{
    char *p = scan_space(walk->plan->buffer);
    if (p == walk->end)
        return DECODE_EMPTY;
    if (*p != '{') {
        /* Garbage is garbage; only what is JSON is called a scalar or an array. */
        return walk_value(walk, p, NULL) ? DECODE_NOT_OBJECT : walk->result;
    }
    p = walk_object(walk, p + 1, walk->plan->root);
    if (!p)
        return walk->result;
    return scan_space(p) == walk->end ? DECODE_OK : DECODE_TRAILING;
}

/* The copy that can be read beyond its end and written to. */
static const char *copy_event(struct decode_plan *plan, struct bytes event)
{
    memcpy(plan->buffer, event.data, event.size);
    plan->buffer[event.size] = '\0';
    return plan->buffer + event.size;
}

static void clear_values(const struct decode_plan *plan, struct value *values)
{
    if (plan->slots)
        memset(values, 0, plan->slots * sizeof *values); /* VALUE_ABSENT */
}

static enum decode_result decode_walk(struct decode_plan *plan, struct bytes event,
                                      struct value *ret_values, uint32_t *ret_unknown)
{
    const char *end = copy_event(plan, event);
    clear_values(plan, ret_values);
    if (plan->counters)
        memset(ret_unknown, 0, plan->counters * sizeof *ret_unknown);
    plan->events++;
    keys_start(&plan->keys, event);
    shape_start(&plan->shape);
    struct walk walk = {
        .plan = plan, .event = event, .end = end, .values = ret_values, .unknown = ret_unknown};
    enum decode_result result = walk_event(&walk);
    if (result == DECODE_OK)
        shape_learn(&plan->shape, event, ret_unknown, plan->slots);
    return result;
}

enum decode_result decode_event(struct decode_plan *plan, struct bytes event,
                                struct value *ret_values, uint32_t *ret_unknown)
{
    struct shape *shape = &plan->shape;
    assert(plan->compiled);
    if (event.size > plan->limits.event_bytes)
        return DECODE_TOO_LARGE;
    if (event.size == 0)
        return DECODE_EMPTY;
    if (shape->gap_count) {
        const char *end = copy_event(plan, event);
        if (!shape->fills_all)
            clear_values(plan, ret_values);
        if (shape_read(shape, plan->buffer, end, plan->limits.string_bytes, ret_values,
                       ret_unknown))
            return DECODE_OK;
    }
    return decode_walk(plan, event, ret_values, ret_unknown);
}
