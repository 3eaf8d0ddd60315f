/* The generic half of parsing: unknown and missing keys, defaults, containers, and where a value is
 * stored. Assumes that offsets and widths of the table are right (they are made by offsetof);
 * refuses to know any single setting: what needs two of them is in check.c. */
#include "config/read.h"

#include <stdarg.h>
#include <stdio.h>

#include "config/kinds.h"
#include "config/values.h"
#include "config/words.h"

enum { NAMES_MAX = 32 };

void reader_problem(struct reader *reader, struct place place, const char *hint, const char *format,
                    ...)
{
    struct err err;
    char line[sizeof err.text];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    err_set(&err, ERR_INVALID, "%s", line);
    if (hint)
        err_hint(&err, "%s", hint);
    config_problems_add(reader->problems, place, &err);
}

static void *member(void *base, size_t offset)
{
    return (char *)base + offset;
}

static const char *resolve(struct reader *reader, const char *path)
{
    if (path[0] == '/' || !reader->directory.size)
        return path;
    return arena_printf(reader->arena, "%.*s%s", (int)reader->directory.size,
                        reader->directory.data, path);
}

/* "sqlite:FILE" with a relative FILE. */
static const char *resolve_store(struct reader *reader, const char *url)
{
    const size_t scheme = strlen("sqlite:");
    if (strncmp(url, "sqlite:", scheme) != 0 || url[scheme] == ':')
        return url;
    return arena_printf(reader->arena, "sqlite:%s", resolve(reader, url + scheme));
}

static int store_text(struct reader *reader, const struct setting *setting, const struct node *node,
                      const char **ret_text, struct err *reterr)
{
    uint32_t index;
    const char *text = node->text;
    int code = setting->kind == KIND_WORD ? value_choice(setting, node, &index, reterr)
                                          : value_text(setting, node, &text, reterr);
    if (!code)
        *ret_text = setting->kind == KIND_FILE    ? resolve(reader, text)
                    : setting->kind == KIND_STORE ? resolve_store(reader, text)
                                                  : text;
    return code;
}

static int store_amount(const struct setting *setting, const struct node *node, void *target,
                        struct err *reterr)
{
    int64_t value;
    int code = value_amount(setting, node, &value, reterr);
    if (code)
        return code;
    if (setting->width == sizeof(uint32_t))
        *(uint32_t *)target = (uint32_t)value;
    else
        *(int64_t *)target = value;
    return 0;
}

static int store_number(const struct setting *setting, const struct node *node, void *base,
                        struct err *reterr)
{
    int code = value_number(setting, node, member(base, setting->offset), reterr);
    if (!code && setting->extra)
        *(bool *)member(base, setting->extra) = true;
    return code;
}

/* A URL is kept as a list of one. */
static int store_url(struct reader *reader, const struct setting *setting, const struct node *node,
                     void *base, struct err *reterr)
{
    const char **urls = arena_alloc(reader->arena, 1, sizeof *urls);
    int code = value_text(setting, node, urls, reterr);
    if (code)
        return code;
    *(const char ***)member(base, setting->offset) = urls;
    *(uint32_t *)member(base, setting->extra) = 1;
    return 0;
}

static void read_scalar(struct reader *reader, const struct setting *setting,
                        const struct node *node, void *base)
{
    struct err err;
    int code;
    void *target = member(base, setting->offset);
    switch (setting->kind) {
    case KIND_URL:
        code = store_url(reader, setting, node, base, &err);
        break;
    case KIND_BOOL:
        code = value_bool(setting, node, target, &err);
        break;
    case KIND_NUMBER:
        code = store_number(setting, node, base, &err);
        break;
    case KIND_CHOICE:
        code = value_choice(setting, node, target, &err);
        break;
    case KIND_INTEGER:
    case KIND_SIZE:
    case KIND_DURATION:
        code = store_amount(setting, node, target, &err);
        break;
    case KIND_RATE:
        code = value_rate(setting, node, target, member(base, setting->extra), &err);
        break;
    default:
        code = store_text(reader, setting, node, target, &err);
    }
    if (code)
        config_problems_add(reader->problems, node->place, &err);
}

/* True if the container has as many elements as its setting allows. */
static bool count_fits(struct reader *reader, const struct setting *setting,
                       const struct node *node)
{
    char path[SETTING_PATH_BYTES];
    if (node->child_count < setting->least)
        reader_problem(reader, node->place, NULL, "%s needs at least %u",
                       setting_path(setting, path), setting->least);
    else if (node->child_count > setting->most)
        reader_problem(reader, node->place, NULL, "%s has %u entries; at most %u are possible",
                       setting_path(setting, path), node->child_count, setting->most);
    else
        return true;
    return false;
}

static bool is_container(struct reader *reader, const struct setting *setting,
                         const struct node *node, enum node_kind wanted)
{
    char path[SETTING_PATH_BYTES];
    struct err err;
    if (node->kind == wanted)
        return true;
    if (wanted == NODE_LIST && setting->flags & SETTING_LIST && !node->is_null)
        reader_problem(reader, node->place, "Put it in brackets: [a, b].", "%s must be a list",
                       setting_path(setting, path));
    else if (value_refuse(setting, node, &err))
        config_problems_add(reader->problems, node->place, &err);
    return false;
}

/* A list of scalars. Elements with problems are left out. */
static void read_list(struct reader *reader, const struct setting *setting, const struct node *node,
                      void *base)
{
    if (!is_container(reader, setting, node, NODE_LIST) || !count_fits(reader, setting, node))
        return;
    bool durations = setting->kind == KIND_DURATION;
    size_t width = durations ? sizeof(int64_t) : sizeof(const char *);
    char *items = arena_alloc(reader->arena, node->child_count, width);
    uint32_t count = 0;
    for (uint32_t i = 0; i < node->child_count; i++) {
        const struct node *child = node->children[i];
        void *target = items + count * width;
        struct err err;
        int code = durations ? value_amount(setting, child, target, &err)
                             : store_text(reader, setting, child, target, &err);
        if (code)
            config_problems_add(reader->problems, child->place, &err);
        else
            count++;
    }
    *(void **)member(base, setting->offset) = items;
    *(uint32_t *)member(base, setting->extra) = count;
}

/* A list of maps or a map of maps. */
static void read_elements(struct reader *reader, const struct setting *setting,
                          const struct node *node, void *base)
{
    char inside[SETTING_PATH_BYTES], path[SETTING_PATH_BYTES];
    bool entries = setting->kind == KIND_ENTRIES;
    if ((entries && node->is_null) ||
        !is_container(reader, setting, node, entries ? NODE_MAP : NODE_LIST) ||
        !count_fits(reader, setting, node))
        return;
    char *items = arena_alloc(reader->arena, node->child_count, setting->element);
    setting_inside(setting, inside);
    for (uint32_t i = 0; i < node->child_count; i++) {
        const struct node *child = node->children[i];
        void *item = items + i * setting->element;
        *(struct place *)member(item, setting->place) = entries ? child->key_place : child->place;
        if (entries)
            *(const char **)item = child->key;
        if (entries && strlen(child->key) > NAME_BYTES_MAX)
            reader_problem(reader, child->key_place, NULL, "a key of %s has more than %d bytes",
                           setting_path(setting, path), NAME_BYTES_MAX);
        read_section(reader, inside, child, item);
    }
    *(void **)member(base, setting->offset) = items;
    *(uint32_t *)member(base, setting->extra) = node->child_count;
}

static bool pair_valid(struct reader *reader, const struct setting *setting,
                       const struct node *child)
{
    char path[SETTING_PATH_BYTES];
    struct err err;
    const char *text;
    const struct kind *keys = kind_of_keys(setting);
    if (keys->accepts && !keys->accepts(child->key)) {
        reader_problem(reader, child->key_place, keys->hint, "a key of %s must be %s, not %s",
                       setting_path(setting, path), keys->what, word_shown(child->key).text);
        return false;
    }
    struct setting value = *setting;
    value.kind = KIND_TEXT;
    if (value_text(&value, child, &text, &err)) {
        config_problems_add(reader->problems, child->place, &err);
        return false;
    }
    return true;
}

/* A map of texts; its structs begin with key and value. */
static void read_pairs(struct reader *reader, const struct setting *setting,
                       const struct node *node, void *base)
{
    if (!is_container(reader, setting, node, NODE_MAP) || !count_fits(reader, setting, node))
        return;
    char *items = arena_alloc(reader->arena, node->child_count, setting->element);
    uint32_t count = 0;
    for (uint32_t i = 0; i < node->child_count; i++) {
        const struct node *child = node->children[i];
        if (!pair_valid(reader, setting, child))
            continue;
        char *item = items + count++ * setting->element;
        ((const char **)(void *)item)[0] = child->key;
        ((const char **)(void *)item)[1] = child->text;
        if (setting->place)
            *(struct place *)member(item, setting->place) = child->key_place;
    }
    *(void **)member(base, setting->offset) = items;
    *(uint32_t *)member(base, setting->extra) = count;
}

static void read_setting(struct reader *reader, const struct setting *setting,
                         const struct node *node, void *base)
{
    char inside[SETTING_PATH_BYTES];
    if (setting->kind == KIND_ITEMS || setting->kind == KIND_ENTRIES) {
        read_elements(reader, setting, node, base);
    } else if (setting->kind == KIND_PAIRS) {
        read_pairs(reader, setting, node, base);
    } else if (setting->kind == KIND_SECTION) {
        read_section(reader, setting_inside(setting, inside), node, member(base, setting->offset));
    } else if (setting->kind == KIND_VARIANT) {
        *(unsigned *)member(base, setting->offset) = (unsigned)setting->minimum;
        read_section(reader, setting_inside(setting, inside), node, base);
    } else if (setting->flags & SETTING_LIST) {
        read_list(reader, setting, node, base);
    } else {
        read_scalar(reader, setting, node, base);
    }
}

/* Presets are YAML, so that they mean what they would mean in the file. Those of one word, which
 * nearly all are, need no parser. */
static void read_preset(struct reader *reader, const struct setting *setting, void *base)
{
    struct node word = {.kind = NODE_SCALAR, .text = setting->preset};
    const struct node *node = &word;
    if (setting->flags & SETTING_LIST)
        node = tree_parse(reader->arena, bytes_of(setting->preset), "default", NULL, NULL);
    read_setting(reader, setting, node, base);
}

static void read_presets(struct reader *reader, const char *section, void *base)
{
    char inside[SETTING_PATH_BYTES];
    for (uint32_t i = 0; i < settings_count; i++) {
        const struct setting *setting = &settings_table[i];
        if (strcmp(setting->section, section) != 0)
            continue;
        if (setting->kind == KIND_SECTION)
            read_presets(reader, setting_inside(setting, inside), member(base, setting->offset));
        if (setting->preset)
            read_preset(reader, setting, base);
    }
}

/* The keys of a section that have all of `flags`; returns how many. */
static uint32_t names_of(const char *section, unsigned flags, const char **ret_names)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < settings_count && count < NAMES_MAX; i++)
        if (strcmp(settings_table[i].section, section) == 0 &&
            (settings_table[i].flags & flags) == flags)
            ret_names[count++] = settings_table[i].key;
    return count;
}

static const char *join(struct reader *reader, const char *const *names, uint32_t count,
                        const char *last)
{
    struct text list = {0};
    text_puts(&list, "");
    for (uint32_t i = 0; i < count; i++)
        text_printf(&list, "%s%s", i == 0 ? "" : i + 1 == count ? last : ", ", names[i]);
    char *joined = arena_text(reader->arena, bytes_make(list.data, list.size));
    text_release(&list);
    return joined;
}

/* Where else a key of this name belongs, or NULL. */
static const struct setting *find_elsewhere(const char *key)
{
    for (uint32_t i = 0; i < settings_count; i++)
        if (strcmp(settings_table[i].key, key) == 0)
            return &settings_table[i];
    return NULL;
}

static void unknown_key(struct reader *reader, const char *section, const struct node *child)
{
    const char *names[NAMES_MAX] = {0}, *hint, *near;
    char inside[SETTING_PATH_BYTES];
    if (reader->problems->count >= CONFIG_PROBLEMS_MAX)
        return;
    const struct setting *elsewhere = find_elsewhere(child->key);
    bool receiver = strcmp(section, "receivers[]") == 0 && child->kind == NODE_MAP;
    uint32_t count = names_of(section, receiver ? SETTING_EITHER : 0, names);
    near = nearest_word(child->key, names, count);
    if (near)
        hint = arena_printf(reader->arena, "Did you mean \"%s\"?", near);
    else if (elsewhere && !receiver)
        hint = arena_printf(reader->arena, "It belongs to %s.",
                            elsewhere->section[0] ? elsewhere->section : "the top of the file");
    else
        hint = arena_printf(reader->arena, "Known %s: %s.", receiver ? "types" : "here",
                            join(reader, names, count, " and "));
    snprintf(inside, sizeof inside, " in %s", section);
    reader_problem(reader, child->key_place, hint, "unknown %s %s%s",
                   receiver ? "receiver type" : "setting", word_shown(child->key).text,
                   receiver || !section[0] ? "" : inside);
}

/* Of the settings of which exactly one is wanted, exactly one; `all_known` is false if what is
 * missing may be what has been misspelt. */
static void check_either(struct reader *reader, const char *section, const struct node *node,
                         bool all_known)
{
    const char *names[NAMES_MAX];
    const struct node *first = NULL;
    uint32_t count = names_of(section, SETTING_EITHER, names);
    for (uint32_t i = 0; i < node->child_count; i++) {
        const struct node *given = node->children[i];
        const struct setting *setting = setting_find(section, given->key);
        if (!setting || !(setting->flags & SETTING_EITHER))
            continue;
        if (first)
            reader_problem(reader, given->key_place, NULL,
                           "%s cannot have both %s and %s, which is at %u:%u", section, given->key,
                           first->key, first->key_place.line, first->key_place.column);
        first = first ? first : given;
    }
    if (count && !first && all_known)
        reader_problem(reader, node->place, NULL, "%s needs %s", section,
                       join(reader, names, count, " or "));
}

static void check_required(struct reader *reader, const char *section, const struct node *node)
{
    const char *names[NAMES_MAX];
    uint32_t count = names_of(section, SETTING_REQUIRED, names);
    for (uint32_t i = 0; i < count; i++)
        if (!node_get(node, names[i]))
            reader_problem(reader, node->place, NULL, "%s is missing in %s", names[i],
                           section[0] ? section : "the file");
}

void read_section(struct reader *reader, const char *section, const struct node *node, void *base)
{
    bool all_known = true;
    read_presets(reader, section, base);
    if (node->kind != NODE_MAP && !node->is_null) {
        reader_problem(reader, node->place, NULL, "%s must be a map of settings",
                       section[0] ? section : "the file");
        return;
    }
    for (uint32_t i = 0; i < node->child_count; i++) {
        const struct node *child = node->children[i];
        const struct setting *setting = setting_find(section, child->key);
        if (setting)
            read_setting(reader, setting, child, base);
        else
            unknown_key(reader, section, child);
        all_known = all_known && setting;
    }
    check_required(reader, section, node);
    check_either(reader, section, node, all_known);
}
