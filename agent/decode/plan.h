/* The paths that somebody wants, as a tree with a node for each key or array index on the way; and
 * the memory that decoding needs. Private to this folder. */
#ifndef LEEWAY_DECODE_PLAN_H
#define LEEWAY_DECODE_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"
#include "decode/keys.h"
#include "decode/scan.h"
#include "decode/shape.h"

enum { PLAN_SLOTS = 8192, PLAN_DEPTH = 64, PLAN_NONE = -1, PLAN_HEAD_BYTES = 16 };

struct plan_node {
    /* The start of the key as it stands in a record without escapes, closing quote included. */
    _Alignas(PLAN_HEAD_BYTES) char head[PLAN_HEAD_BYTES];
    uint32_t head_mask; /* a bit for each byte of `head` that counts */
    uint32_t key_size;
    const char *key; /* unescaped, with a quote behind it */
    int32_t slot;    /* of the wanted value, or PLAN_NONE */
    int32_t counter; /* of unknown keys, or PLAN_NONE */
    bool plain;      /* the key can stand in a record without escapes */
    bool is_index;   /* the key is an array index as well */
    uint32_t index;
    uint64_t seen;              /* number of the last event that had it */
    struct plan_node *first;    /* child that came first in its object last time */
    struct plan_node *next;     /* sibling that came behind this one last time */
    struct plan_node *newest;   /* child, while paths are collected */
    struct plan_node *parent;   /* NULL for the root */
    struct plan_node **indexed; /* children that are indexes, ascending */
    uint32_t indexed_count;
    uint32_t id;
};

struct decode_plan {
    struct decode_limits limits;
    struct arena *arena; /* nodes and their keys */
    struct plan_node *root;
    struct plan_node **table; /* all nodes but the root, by parent and key */
    struct plan_node **indexed;
    uint32_t table_mask, nodes;
    uint32_t slots, counters;
    bool compiled;
    uint64_t events;
    char *buffer; /* the record's copy that is decoded */
    struct keys keys;
    struct shape shape;
};

/* The child of `parent` with this unescaped key, or NULL. */
struct plan_node *plan_find(const struct decode_plan *plan, const struct plan_node *parent,
                            struct bytes key);

/* Whether the key of a plain node, and nothing longer, stands at `p`. May look at key_bytes and
 * PLAN_HEAD_BYTES behind `p`. */
static inline bool plan_node_matches(const struct plan_node *node, const char *p)
{
#ifdef __SSE2__
    __m128i chunk = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i head = _mm_load_si128((const __m128i *)(const void *)node->head);
    unsigned equal = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(chunk, head));
    if ((equal & node->head_mask) != node->head_mask)
        return false;
    if (node->key_size < PLAN_HEAD_BYTES)
        return true;
#endif
    return memcmp(p, node->key, (size_t)node->key_size + 1) == 0;
}

#endif
