/* YAML as a tree with places: libyaml's events in, nodes in an arena out.
 *
 * Messages are worth as much as the line they point to, so every node keeps where it stood. A
 * configuration has no need of anchors, aliases, tags or several documents, and they are the parts
 * of YAML that hurt (expansion bombs, types by surprise), so they are refused. Everything is
 * bounded: bytes, depth, nodes, interpolated text. Refuses to know any setting. */
#include "config/tree.h"

#include <stdlib.h>
#include <yaml.h>

#include "base/hash.h"
#include "config/interpolate.h"
#include "config/words.h"

enum { TREE_BYTES_MAX = 1 << 20, TREE_DEPTH_MAX = 32, TREE_NODES_MAX = 100000, KEY_MAX = 256 };

struct builder {
    yaml_parser_t parser;
    struct arena *arena;
    struct bytes input;
    const char *file;
    config_getvar_fn getvar;
    struct err *reterr;
    uint32_t nodes;
    size_t text_bytes;   /* of all values so far, interpolated */
    struct text scratch; /* one value while it is interpolated */
};

static struct place place_at(const struct builder *builder, yaml_mark_t mark)
{
    return (struct place){builder->file, (uint32_t)mark.line + 1, (uint32_t)mark.column + 1};
}

/* Sets the place of an error that was just set, in the one form that all messages have. */
static void place_error(const struct builder *builder, struct place place)
{
    if (!builder->reterr)
        return;
    struct config_problems one = {0};
    config_problems_add(&one, place, builder->reterr);
    *builder->reterr = one.items[0];
    config_problems_release(&one);
}

static void *refuse(const struct builder *builder, yaml_mark_t mark, const char *text,
                    const char *hint)
{
    err_set(builder->reterr, ERR_INVALID, "%s", text);
    err_hint(builder->reterr, "%s", hint);
    place_error(builder, place_at(builder, mark));
    return NULL;
}

/* The reader's errors know only a byte offset. */
static struct place place_of_offset(const struct builder *builder, size_t offset)
{
    struct place place = {builder->file, 1, 1};
    for (size_t i = 0; i < offset && i < builder->input.size; i++) {
        unsigned char c = (unsigned char)builder->input.data[i];
        if (c == '\n') {
            place.line++;
            place.column = 1;
        } else if ((c & 0xc0) != 0x80) {
            place.column++;
        }
    }
    return place;
}

static void parser_error(const struct builder *builder)
{
    const yaml_parser_t *parser = &builder->parser;
    const char *problem = parser->problem ? parser->problem : "unknown error";
    err_set(builder->reterr, ERR_INVALID, "cannot read this as YAML: %s", problem);
    if (strstr(problem, "cannot start any token"))
        err_hint(builder->reterr,
                 "Indent with spaces, not tabs, and put text that begins with @, ` or %% in "
                 "quotes.");
    bool reader = parser->error == YAML_READER_ERROR;
    place_error(builder, reader ? place_of_offset(builder, parser->problem_offset)
                                : place_at(builder, parser->problem_mark));
}

static bool next_event(struct builder *builder, yaml_event_t *ret_event)
{
    if (yaml_parser_parse(&builder->parser, ret_event))
        return true;
    parser_error(builder);
    return false;
}

static struct node *new_node(struct builder *builder, enum node_kind kind, yaml_mark_t mark)
{
    if (++builder->nodes > TREE_NODES_MAX) {
        err_set(builder->reterr, ERR_LIMIT, "more than %d values in one file", TREE_NODES_MAX);
        place_error(builder, place_at(builder, mark));
        return NULL;
    }
    struct node *node = arena_alloc(builder->arena, 1, sizeof *node);
    node->kind = kind;
    node->place = place_at(builder, mark);
    return node;
}

static bool is_null_text(struct bytes raw)
{
    return raw.size == 0 || bytes_equal(raw, bytes_of("~")) || bytes_equal(raw, bytes_of("null")) ||
           bytes_equal(raw, bytes_of("Null")) || bytes_equal(raw, bytes_of("NULL"));
}

static struct node *read_scalar(struct builder *builder, const yaml_event_t *event)
{
    struct bytes raw = bytes_make(event->data.scalar.value, event->data.scalar.length);
    struct node *node = new_node(builder, NODE_SCALAR, event->start_mark);
    if (!node)
        return NULL;
    text_clear(&builder->scratch);
    text_puts(&builder->scratch, "");
    int code = interpolate(raw, builder->getvar, TREE_BYTES_MAX - builder->text_bytes,
                           &builder->scratch, builder->reterr);
    struct bytes value = bytes_make(builder->scratch.data, builder->scratch.size);
    if (code || text_acceptable(value, builder->reterr)) {
        place_error(builder, node->place);
        return NULL;
    }
    builder->text_bytes += value.size;
    node->text = arena_text(builder->arena, value);
    bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    node->is_null = plain && (value.size == 0 || is_null_text(raw));
    node->quoted = !plain && bytes_equal(raw, value); /* in {}, variables cannot go without */
    return node;
}

/* A list that grows on the heap until its size is known. */
struct children {
    struct node **items;
    uint32_t count, capacity;
};

static void children_add(struct children *children, struct node *node)
{
    if (children->count == children->capacity) {
        children->capacity = children->capacity ? children->capacity * 2 : 8;
        children->items = mem_resize(children->items, children->capacity, sizeof(struct node *));
    }
    children->items[children->count++] = node;
}

static void children_move(struct builder *builder, struct children *children, struct node *node)
{
    node->child_count = children->count;
    node->children = arena_alloc(builder->arena, children->count, sizeof(struct node *));
    if (children->count)
        memcpy(node->children, children->items, children->count * sizeof(struct node *));
}

static struct node *read_node(struct builder *builder, const yaml_event_t *event, uint32_t depth);

static struct node *read_list(struct builder *builder, const yaml_event_t *start, uint32_t depth)
{
    struct node *list = new_node(builder, NODE_LIST, start->start_mark);
    struct children children = {0};
    while (list) {
        yaml_event_t event;
        if (!next_event(builder, &event)) {
            list = NULL;
            break;
        }
        bool end = event.type == YAML_SEQUENCE_END_EVENT;
        struct node *child = end ? NULL : read_node(builder, &event, depth + 1);
        yaml_event_delete(&event);
        if (end) {
            children_move(builder, &children, list);
            break;
        }
        if (child)
            children_add(&children, child);
        else
            list = NULL;
    }
    free(children.items);
    return list;
}

static const char *read_key(struct builder *builder, const yaml_event_t *event)
{
    if (event->type != YAML_SCALAR_EVENT || event->data.scalar.anchor || event->data.scalar.tag)
        return refuse(builder, event->start_mark, "a key must be plain text", "");
    struct bytes key = bytes_make(event->data.scalar.value, event->data.scalar.length);
    if (key.size == 0)
        return refuse(builder, event->start_mark, "a key is empty", "");
    if (key.size > KEY_MAX || memchr(key.data, '\n', key.size))
        return refuse(builder, event->start_mark, "a key must be one line of at most 256 bytes",
                      "");
    if (text_acceptable(key, builder->reterr)) {
        place_error(builder, place_at(builder, event->start_mark));
        return NULL;
    }
    return arena_text(builder->arena, key);
}

/* One "key: value"; `event` is the key's. */
static struct node *read_entry(struct builder *builder, const yaml_event_t *event, uint32_t depth)
{
    struct place key_place = place_at(builder, event->start_mark);
    const char *key = read_key(builder, event);
    yaml_event_t value;
    if (!key || !next_event(builder, &value))
        return NULL;
    struct node *node = read_node(builder, &value, depth + 1);
    yaml_event_delete(&value);
    if (!node)
        return NULL;
    node->key = key;
    node->key_place = key_place;
    if (node->is_null) /* nothing stands there: libyaml's mark may be on a later line */
        node->place = key_place;
    return node;
}

static struct node *refuse_duplicate(const struct builder *builder, const struct node *first,
                                     const struct node *second)
{
    err_set(builder->reterr, ERR_INVALID, "key %s is given twice, first at %u:%u",
            word_shown(second->key).text, first->key_place.line, first->key_place.column);
    err_hint(builder->reterr, "Remove one of the two.");
    place_error(builder, second->key_place);
    return NULL;
}

/* A hash table, since a map may have as many keys as the file has room for. */
static struct node *check_duplicates(const struct builder *builder, struct node *map)
{
    size_t size = 16;
    while (size < 2 * (size_t)map->child_count)
        size *= 2;
    struct node **slots = mem_new(size, sizeof *slots);
    struct node *result = map;
    for (uint32_t i = 0; i < map->child_count && result; i++) {
        struct node *child = map->children[i];
        size_t at = hash_bytes(bytes_of(child->key), 0) & (size - 1);
        while (slots[at] && strcmp(slots[at]->key, child->key) != 0)
            at = (at + 1) & (size - 1);
        if (slots[at])
            result = refuse_duplicate(builder, slots[at], child);
        slots[at] = child;
    }
    free(slots);
    return result;
}

static struct node *read_map(struct builder *builder, const yaml_event_t *start, uint32_t depth)
{
    struct node *map = new_node(builder, NODE_MAP, start->start_mark);
    struct children children = {0};
    while (map) {
        yaml_event_t event;
        if (!next_event(builder, &event)) {
            map = NULL;
            break;
        }
        bool end = event.type == YAML_MAPPING_END_EVENT;
        struct node *child = end ? NULL : read_entry(builder, &event, depth);
        yaml_event_delete(&event);
        if (end) {
            children_move(builder, &children, map);
            map = check_duplicates(builder, map);
            break;
        }
        if (child)
            children_add(&children, child);
        else
            map = NULL;
    }
    free(children.items);
    return map;
}

static const char no_anchors[] = "Write the value out where it is needed.";

static struct node *read_node(struct builder *builder, const yaml_event_t *event, uint32_t depth)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;
    if (event->type == YAML_SCALAR_EVENT) {
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
    } else {
        return refuse(builder, event->start_mark, "aliases are not supported", no_anchors);
    }
    if (anchor)
        return refuse(builder, event->start_mark, "anchors are not supported", no_anchors);
    if (tag)
        return refuse(builder, event->start_mark, "tags are not supported",
                      "Put text that begins with ! in quotes.");
    if (event->type == YAML_SCALAR_EVENT)
        return read_scalar(builder, event);
    if (depth >= TREE_DEPTH_MAX) {
        err_set(builder->reterr, ERR_LIMIT, "nested more than %d deep", TREE_DEPTH_MAX);
        place_error(builder, place_at(builder, event->start_mark));
        return NULL;
    }
    return event->type == YAML_MAPPING_START_EVENT ? read_map(builder, event, depth)
                                                   : read_list(builder, event, depth);
}

/* What must follow the document: its end, and nothing else. */
static bool read_end(struct builder *builder)
{
    for (;;) {
        yaml_event_t event;
        if (!next_event(builder, &event))
            return false;
        yaml_event_type_t type = event.type;
        yaml_mark_t mark = event.start_mark;
        yaml_event_delete(&event);
        if (type == YAML_STREAM_END_EVENT)
            return true;
        if (type == YAML_DOCUMENT_START_EVENT) {
            refuse(builder, mark, "a second document begins here",
                   "A configuration is one document: remove the line with ---.");
            return false;
        }
    }
}

static struct node *read_stream(struct builder *builder)
{
    for (;;) {
        yaml_event_t event;
        if (!next_event(builder, &event))
            return NULL;
        yaml_event_type_t type = event.type;
        struct node *root = NULL;
        if (type == YAML_STREAM_END_EVENT) {
            root = arena_alloc(builder->arena, 1, sizeof *root);
            root->place = (struct place){builder->file, 1, 1};
            root->text = "";
            root->is_null = true;
        } else if (type != YAML_STREAM_START_EVENT && type != YAML_DOCUMENT_START_EVENT) {
            root = read_node(builder, &event, 0);
            root = root && read_end(builder) ? root : NULL;
        }
        yaml_event_delete(&event);
        if (type != YAML_STREAM_START_EVENT && type != YAML_DOCUMENT_START_EVENT)
            return root;
    }
}

struct node *tree_parse(struct arena *arena, struct bytes yaml, const char *file,
                        config_getvar_fn getvar, struct err *reterr)
{
    struct builder builder = {
        .arena = arena, .input = yaml, .file = file, .getvar = getvar, .reterr = reterr};
    if (yaml.size > TREE_BYTES_MAX) {
        err_set(reterr, ERR_LIMIT, "the file is larger than 1 MiB");
        place_error(&builder, (struct place){file, 1, 1});
        return NULL;
    }
    if (!yaml_parser_initialize(&builder.parser))
        mem_fail(sizeof builder.parser);
    yaml_parser_set_input_string(&builder.parser,
                                 (const unsigned char *)(yaml.size ? yaml.data : ""), yaml.size);
    yaml_parser_set_encoding(&builder.parser, YAML_UTF8_ENCODING);
    struct node *root = read_stream(&builder);
    yaml_parser_delete(&builder.parser);
    text_release(&builder.scratch);
    return root;
}

struct node *node_get(const struct node *map, const char *key)
{
    if (!map || map->kind != NODE_MAP)
        return NULL;
    for (uint32_t i = 0; i < map->child_count; i++)
        if (strcmp(map->children[i]->key, key) == 0)
            return map->children[i];
    return NULL;
}
