/* Compiles JSON Pointers (RFC 6901) into a tree. One hash table holds all nodes by parent and key;
 * it serves while paths are collected and when a record has a key that was not expected where it
 * stands. Knows nothing about records but their limits. */
#include "decode/plan.h"

#include <assert.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/utf8.h"
#include "decode/text.h"

const struct decode_limits decode_limits_default = {
    .event_bytes = 262144,
    .depth = 16,
    .keys = 1024,
    .key_bytes = 128,
    .string_bytes = 4096,
};

static struct plan_node *node_new(struct decode_plan *plan, struct plan_node *parent,
                                  struct bytes key);

struct decode_plan *decode_plan_new(const struct decode_limits *limits)
{
    struct decode_plan *plan = mem_new(1, sizeof *plan);
    plan->limits = *limits;
    if (plan->limits.depth > PLAN_DEPTH)
        plan->limits.depth = PLAN_DEPTH;
    plan->arena = arena_new();
    plan->root = node_new(plan, NULL, bytes_of(""));
    return plan;
}

void decode_plan_free(struct decode_plan *plan)
{
    if (!plan)
        return;
    arena_free(plan->arena);
    free(plan->table);
    free(plan->indexed);
    free(plan->buffer);
    keys_release(&plan->keys);
    shape_release(&plan->shape);
    free(plan);
}

uint32_t decode_plan_slots(const struct decode_plan *plan)
{
    return plan->slots;
}

uint32_t decode_plan_counters(const struct decode_plan *plan)
{
    return plan->counters;
}

/* An array index as RFC 6901 writes it: digits without a leading zero. */
static bool parse_index(struct bytes key, uint32_t *ret_index)
{
    if (key.size == 0 || key.size > 9 || (key.data[0] == '0' && key.size > 1))
        return false;
    uint32_t index = 0;
    for (size_t i = 0; i < key.size; i++) {
        if (key.data[i] < '0' || key.data[i] > '9')
            return false;
        index = index * 10 + (uint32_t)(key.data[i] - '0');
    }
    *ret_index = index;
    return true;
}

static bool key_is_plain(struct bytes key)
{
    for (size_t i = 0; i < key.size; i++)
        if ((unsigned char)key.data[i] < ' ' || key.data[i] == '"' || key.data[i] == '\\')
            return false;
    return true;
}

static struct plan_node *node_new(struct decode_plan *plan, struct plan_node *parent,
                                  struct bytes key)
{
    struct plan_node *node = arena_alloc(plan->arena, 1, sizeof *node);
    char *copy = arena_alloc(plan->arena, key.size + 1, 1);
    if (key.size)
        memcpy(copy, key.data, key.size);
    copy[key.size] = '"';
    size_t head_size = key.size + 1 < PLAN_HEAD_BYTES ? key.size + 1 : PLAN_HEAD_BYTES;
    memcpy(node->head, copy, head_size);
    node->head_mask = ((uint32_t)1 << head_size) - 1;
    node->key = copy;
    node->key_size = (uint32_t)key.size;
    node->slot = PLAN_NONE;
    node->counter = PLAN_NONE;
    node->plain = key_is_plain(key);
    node->is_index = parse_index(key, &node->index);
    node->parent = parent;
    node->id = plan->nodes++;
    return node;
}

/* The table's place of the child, or the free place where it belongs. */
static struct plan_node **table_place(struct plan_node **table, uint32_t mask, uint32_t parent,
                                      struct bytes key)
{
    uint64_t i = hash_bytes(key, parent) & mask;
    for (; table[i]; i = (i + 1) & mask)
        if (table[i]->parent->id == parent &&
            bytes_equal(bytes_make(table[i]->key, table[i]->key_size), key))
            break;
    return &table[i];
}

struct plan_node *plan_find(const struct decode_plan *plan, const struct plan_node *parent,
                            struct bytes key)
{
    return plan->table ? *table_place(plan->table, plan->table_mask, parent->id, key) : NULL;
}

/* At most half full. */
static void table_grow(struct decode_plan *plan)
{
    uint32_t old_size = plan->table ? plan->table_mask + 1 : 0;
    if (2 * (plan->nodes + 1) <= old_size)
        return;
    uint32_t size = old_size ? 2 * old_size : 64;
    struct plan_node **table = mem_new(size, sizeof(struct plan_node *));
    for (uint32_t i = 0; i < old_size; i++) {
        struct plan_node *node = plan->table[i];
        if (node)
            *table_place(table, size - 1, node->parent->id, bytes_make(node->key, node->key_size)) =
                node;
    }
    free(plan->table);
    plan->table = table;
    plan->table_mask = size - 1;
}

/* The child, made if it is not there. The order of wanting is the first guess at the order in
 * records. */
static struct plan_node *node_enter(struct decode_plan *plan, struct plan_node *parent,
                                    struct bytes key)
{
    struct plan_node *node = plan_find(plan, parent, key);
    if (node)
        return node;
    table_grow(plan);
    node = node_new(plan, parent, key);
    *table_place(plan->table, plan->table_mask, parent->id, key) = node;
    if (node->plain) {
        if (parent->newest)
            parent->newest->next = node;
        else
            parent->first = node;
        parent->newest = node;
    }
    return node;
}

/* Takes the first token with its slash off `pointer` and writes it, unescaped, into `buffer`, which
 * has room for the pointer and a NUL. False for a ~ that is not ~0 or ~1, and invalid UTF-8. */
static bool take_token(struct bytes *pointer, char *buffer, struct bytes *ret_key)
{
    const char *p = pointer->data + 1, *end = pointer->data + pointer->size;
    char *out = buffer;
    for (; p < end && *p != '/'; p++) {
        if (*p == '~') {
            p++;
            if (p == end || (*p != '0' && *p != '1'))
                return false;
            *out++ = *p == '0' ? '~' : '/';
        } else {
            *out++ = *p;
        }
    }
    *out = '\0';
    *pointer = bytes_make(p, (size_t)(end - p));
    *ret_key = bytes_make(buffer, (size_t)(out - buffer));
    return utf8_valid(*ret_key);
}

static int pointer_check(const struct decode_plan *plan, struct bytes pointer, char *buffer,
                         struct err *reterr)
{
    struct bytes rest = pointer, key;
    if (pointer.size > 0 && pointer.data[0] != '/')
        return err_set(reterr, ERR_INVALID, "a JSON Pointer begins with \"/\"");
    for (uint32_t depth = 1; rest.size > 0; depth++) {
        if (!take_token(&rest, buffer, &key))
            return err_set(reterr, ERR_INVALID,
                           "malformed JSON Pointer: \"~\" stands only in "
                           "\"~0\" and \"~1\", and the text must be UTF-8");
        if (depth > plan->limits.depth)
            return err_set(reterr, ERR_LIMIT, "path is deeper than the limit of %u",
                           plan->limits.depth);
        if (key.size > plan->limits.key_bytes)
            return err_set(reterr, ERR_LIMIT, "path has a key longer than the limit of %u bytes",
                           plan->limits.key_bytes);
    }
    return 0;
}

/* The node at the pointer, made with all nodes on the way if it is new. `full` says that nothing
 * may be added any more; then the node is NULL if it is not there. */
static int plan_enter(struct decode_plan *plan, struct bytes pointer, bool full,
                      struct plan_node **ret_node, struct err *reterr)
{
    assert(!plan->compiled);
    char *buffer = mem_new(pointer.size + 1, 1);
    int code = pointer_check(plan, pointer, buffer, reterr);
    struct plan_node *node = plan->root;
    struct bytes key;
    while (code == 0 && node && pointer.size > 0 && take_token(&pointer, buffer, &key))
        node = full ? plan_find(plan, node, key) : node_enter(plan, node, key);
    free(buffer);
    *ret_node = node;
    return code;
}

int decode_plan_want(struct decode_plan *plan, struct bytes pointer, struct err *reterr)
{
    struct plan_node *node;
    bool full = plan->slots == PLAN_SLOTS;
    if (pointer.size == 0)
        return err_set(reterr, ERR_INVALID, "path is empty: it would be the whole document");
    int code = plan_enter(plan, pointer, full, &node, reterr);
    if (code)
        return code;
    if (full && (!node || node->slot == PLAN_NONE))
        return err_set(reterr, ERR_LIMIT, "more than %d paths", PLAN_SLOTS);
    if (node->slot == PLAN_NONE)
        node->slot = (int32_t)plan->slots++;
    return node->slot;
}

int decode_plan_count_unknown(struct decode_plan *plan, struct bytes pointer, struct err *reterr)
{
    struct plan_node *node;
    bool full = plan->counters == PLAN_SLOTS;
    int code = plan_enter(plan, pointer, full, &node, reterr);
    if (code)
        return code;
    if (full && (!node || node->counter == PLAN_NONE))
        return err_set(reterr, ERR_LIMIT, "more than %d counted objects", PLAN_SLOTS);
    if (node->counter == PLAN_NONE)
        node->counter = (int32_t)plan->counters++;
    return node->counter;
}

static int compare_indexed(const void *a, const void *b)
{
    const struct plan_node *x = *(struct plan_node *const *)a, *y = *(struct plan_node *const *)b;
    if (x->parent != y->parent)
        return x->parent->id < y->parent->id ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

/* Gives each node the list of its children that are array indexes. */
static void plan_index(struct decode_plan *plan)
{
    uint32_t count = 0, size = plan->table ? plan->table_mask + 1 : 0;
    plan->indexed = mem_new(plan->nodes, sizeof(struct plan_node *));
    for (uint32_t i = 0; i < size; i++)
        if (plan->table[i] && plan->table[i]->is_index)
            plan->indexed[count++] = plan->table[i];
    qsort(plan->indexed, count, sizeof(struct plan_node *), compare_indexed);
    for (uint32_t i = 0; i < count; i++) {
        struct plan_node *parent = plan->indexed[i]->parent;
        if (parent->indexed_count++ == 0)
            parent->indexed = &plan->indexed[i];
    }
}

void decode_plan_compile(struct decode_plan *plan)
{
    assert(!plan->compiled);
    plan_index(plan);
    plan->buffer =
        mem_new((size_t)plan->limits.event_bytes + plan->limits.key_bytes + SCAN_PADDING, 1);
    keys_init(&plan->keys, plan->limits.keys);
    shape_init(&plan->shape, plan->counters);
    plan->compiled = true;
}
