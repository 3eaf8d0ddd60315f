/* A YAML document as a tree that remembers lines and columns. libyaml's events do the reading;
 * anchors, tags and multiple documents are refused (a configuration has no need of them). */
#ifndef LEEWAY_CONFIG_TREE_H
#define LEEWAY_CONFIG_TREE_H

#include "config/config.h"

enum node_kind { NODE_SCALAR, NODE_MAP, NODE_LIST };

struct node {
    enum node_kind kind;
    struct place place;
    const char *key; /* in a map: the key of this entry; else NULL */
    struct place key_place;
    const char *text; /* scalar */
    bool quoted;      /* scalar written in quotes (or as a block), without variables: a string */
    bool is_null;     /* scalar: empty, ~ or null, unquoted */
    struct node **children;
    uint32_t child_count;
};

/* Parses; everything in `arena`. NULL on failure: ERR_INVALID with file:line:col, ERR_LIMIT beyond
 * 1 MiB (also of text made by interpolation), depth 32 or 100,000 nodes. `file` is used in places
 * and must outlive the tree. Duplicate keys are errors that name both places. An empty document is
 * a null scalar at 1:1.
 *
 * In values, ${VAR} and ${VAR:-default} (for a variable that is unset or empty) are replaced
 * through `getvar` (may be NULL: no variables); $${ is a literal ${. What a variable holds is text:
 * it can neither add structure nor become null, except by being empty without quotes. */
struct node *tree_parse(struct arena *arena, struct bytes yaml, const char *file,
                        config_getvar_fn getvar, struct err *reterr);

/* The map's entry, or NULL. */
struct node *node_get(const struct node *map, const char *key);

/* The candidate nearest to `word` by edit distance, at most a third of its length away; or NULL. */
const char *nearest_word(const char *word, const char *const *candidates, uint32_t count);

#endif
