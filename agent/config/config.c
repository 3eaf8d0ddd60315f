/* The order of reading a configuration: tree, structs, checks, hash. Everything is in one arena, so
 * that a half-read configuration goes as easily as a whole one. Refuses to open any file: secrets,
 * rules and URL files are the shell's. */
#include "config/config.h"

#include <stdlib.h>

#include "config/check.h"
#include "config/meaning.h"

/* "dir/" of "dir/leeway.yaml"; empty for a plain name. */
static struct bytes directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return bytes_make(path, slash ? (size_t)(slash - path) + 1 : 0);
}

/* The line and column at the end of a place. */
static uint64_t position_of(const struct err *problem)
{
    const char *colon = strrchr(problem->place, ':'), *before = colon;
    while (before && before > problem->place && before[-1] != ':')
        before--;
    if (!before)
        return 0;
    return (uint64_t)strtoul(before, NULL, 10) << 32 | strtoul(colon + 1, NULL, 10);
}

/* Into the order of the file; there are at most CONFIG_PROBLEMS_MAX. */
static void sort_problems(struct config_problems *problems)
{
    for (uint32_t i = 1; i < problems->count; i++) {
        struct err item = problems->items[i];
        uint32_t at = i;
        for (; at > 0 && position_of(&problems->items[at - 1]) > position_of(&item); at--)
            problems->items[at] = problems->items[at - 1];
        problems->items[at] = item;
    }
}

static void set_hash(struct config *config, struct bytes directory)
{
    struct text text = {0};
    meaning_add(&text, "", config, 0, directory);
    hash_sha256(bytes_make(text.data, text.size), config->hash);
    text_release(&text);
}

static void read_root(struct reader *reader, const struct node *root, struct config *config)
{
    if (root->is_null) {
        reader_problem(reader, root->place, "leeway init writes one to begin with.",
                       "the configuration is empty");
        return;
    }
    read_section(reader, "", root, config);
    if (root->kind == NODE_MAP)
        check_config(reader, root, config);
}

struct config *config_parse(struct bytes yaml, const char *path, config_getvar_fn getvar,
                            struct config_problems *ret_problems)
{
    struct arena *arena = arena_new();
    struct config *config = arena_alloc(arena, 1, sizeof *config);
    struct err err = {0};
    *ret_problems = (struct config_problems){0};
    config->arena = arena;
    config->path = arena_text(arena, bytes_of(path ? path : "leeway.yaml"));
    struct reader reader = {
        .arena = arena, .problems = ret_problems, .directory = directory_of(config->path)};
    const struct node *root = tree_parse(arena, yaml, config->path, getvar, &err);
    if (root) {
        read_root(&reader, root, config);
    } else { /* has its place already */
        ret_problems->items = mem_new(1, sizeof err);
        ret_problems->items[0] = err;
        ret_problems->count = ret_problems->capacity = 1;
    }
    if (!ret_problems->count) {
        set_hash(config, reader.directory);
        return config;
    }
    sort_problems(ret_problems);
    arena_free(arena);
    return NULL;
}

void config_free(struct config *config)
{
    if (config)
        arena_free(config->arena);
}

const struct config_monitor *config_monitor_find(const struct config *config, const char *name)
{
    for (uint32_t i = 0; i < config->monitor_count; i++)
        if (strcmp(config->monitors[i].name, name) == 0)
            return &config->monitors[i];
    return NULL;
}

const struct config_receiver *config_receiver_find(const struct config *config, const char *name)
{
    for (uint32_t i = 0; i < config->receiver_count; i++)
        if (strcmp(config->receivers[i].name, name) == 0)
            return &config->receivers[i];
    return NULL;
}

const char *config_monitor_hash(const struct config_monitor *monitor, char *ret_hex)
{
    struct text text = {0};
    meaning_add(&text, "monitors[]", monitor, SETTING_JUDGES, bytes_make("", 0));
    hash_sha256(bytes_make(text.data, text.size), ret_hex);
    text_release(&text);
    return ret_hex;
}
