/* From a path to something that can run. Everything that can be wrong is found here, before the
 * first record is read. */
#include "app/setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/file.h"

enum { CONFIG_BYTES_MAX = 1 << 20, BASELINE_BYTES_MAX = 256 << 20 };

static void print_err(const struct err *err)
{
    char line[1024];
    fprintf(stderr, "leeway: %s\n", err_line(err, line, sizeof line));
}

static void print_problems(const struct config_problems *problems)
{
    for (uint32_t i = 0; i < problems->count; i++)
        print_err(&problems->items[i]);
}

struct config *setup_config(const char *path)
{
    struct text yaml = {0};
    struct err err;
    struct config_problems problems = {0};
    struct config *config = NULL;
    if (file_read(path, CONFIG_BYTES_MAX, &yaml, &err) != 0) {
        if (err.code == ERR_NOT_FOUND)
            err_hint(&err,
                     "`leeway init --file SAMPLE.ndjson` writes a configuration to start from.");
        print_err(&err);
    } else {
        config = config_parse(bytes_make(yaml.data, yaml.size), path, (config_getvar_fn)getenv,
                              &problems);
        print_problems(&problems);
    }
    config_problems_release(&problems);
    text_release(&yaml);
    return config;
}

static int load_rules(struct setup *setup)
{
    struct config_problems problems = {0};
    const struct config *config = setup->config;
    int failed = 0;
    for (uint32_t i = 0; i < config->rule_file_count; i++) {
        struct text yaml = {0};
        struct err err;
        if (file_read(config->rule_files[i], CONFIG_BYTES_MAX, &yaml, &err) != 0) {
            err_place(&err, "%s:%u:%u", config->path, config->rules_place.line,
                      config->rules_place.column);
            print_err(&err);
            failed = 1;
        } else {
            /* Rules keep views into the tree, which is copied into the arena by the parser. */
            failed |= ruleset_parse(setup->arena, config, bytes_make(yaml.data, yaml.size),
                                    config->rule_files[i], &setup->ruleset, &problems) != 0;
        }
        text_release(&yaml);
    }
    if (!config->rule_file_count)
        ruleset_default(setup->arena, &setup->ruleset);
    print_problems(&problems);
    config_problems_release(&problems);
    return failed;
}

/* "fraud@7" -> "fraud", 7; "fraud" -> "fraud", 0 (newest promoted). */
static uint32_t split_baseline(const char *reference, char *ret_name, size_t size)
{
    const char *at = strchr(reference, '@');
    snprintf(ret_name, size, "%.*s", at ? (int)(at - reference) : (int)strlen(reference),
             reference);
    return at ? (uint32_t)strtoul(at + 1, NULL, 10) : 0;
}

static int read_baseline(const struct monitor *monitor, const char *config_path,
                         struct store *store, const char *file, struct text *document,
                         uint32_t *ret_version, struct err *reterr)
{
    char name[NAME_MAX_BYTES + 1];
    uint32_t version = split_baseline(monitor->config->baseline, name, sizeof name);
    if (file)
        return file_read(file, BASELINE_BYTES_MAX, document, reterr);
    if (!store)
        return err_set(reterr, ERR_NOT_FOUND, "no store to read baseline %s from", name);
    int code = store_baseline_get(store, name, version, document, ret_version, reterr);
    if (code == ERR_NOT_FOUND)
        err_hint(reterr,
                 "`leeway baseline create --name %s --config %s --monitor %s --file TRAINING` "
                 "makes one from CSV or NDJSON.",
                 name, config_path, monitor->config->name);
    return code;
}

static int load_baseline(struct monitor *monitor, const char *config_path, struct store *store,
                         const char *file, struct err *reterr)
{
    struct text document = {0};
    uint32_t version = 0;
    int code = read_baseline(monitor, config_path, store, file, &document, &version, reterr);
    if (!code) {
        monitor->baseline = baseline_parse(bytes_make(document.data, document.size), reterr);
        code = monitor->baseline ? 0 : ERR_INVALID;
    }
    text_release(&document);
    if (code)
        return code;
    monitor->baseline->version = version ? version : monitor->baseline->version;
    snprintf(monitor->baseline_label, sizeof monitor->baseline_label, "%s@%u",
             monitor->baseline->name, monitor->baseline->version);
    return 0;
}

static void name_generation(struct monitor *monitor)
{
    char config_hex[HASH_HEX_BYTES];
    struct text name = {0};
    text_printf(&name, "generation|%s|%s", config_monitor_hash(monitor->config, config_hex),
                monitor->baseline->hash);
    hash_sha256(bytes_make(name.data, name.size), monitor->generation);
    text_release(&name);
}

static int want(struct decode_plan *plan, const char *path, int *ret_slot, struct err *reterr)
{
    *ret_slot = -1;
    if (!path)
        return 0;
    int slot = decode_plan_want(plan, bytes_of(path), reterr);
    if (slot < 0)
        return slot;
    *ret_slot = slot;
    return 0;
}

/* "/features/" + "*": extra keys under the object are counted. */
static int want_unknown(struct decode_plan *plan, const char *features, int *ret_counter,
                        struct err *reterr)
{
    size_t size = features ? strlen(features) : 0;
    *ret_counter = -1;
    if (size < 2 || strcmp(features + size - 2, "/*") != 0)
        return 0;
    int counter = decode_plan_count_unknown(plan, bytes_make(features, size - 2), reterr);
    if (counter < 0)
        return counter;
    *ret_counter = counter;
    return 0;
}

static const struct config_field *field_config(const struct config_monitor *config,
                                               const char *name)
{
    for (uint32_t i = 0; i < config->field_count; i++)
        if (!strcmp(config->fields[i].name, name))
            return &config->fields[i];
    return NULL;
}

static int map_paths(struct setup *setup, struct monitor *monitor, struct err *reterr)
{
    const struct config_monitor *config = monitor->config;
    const struct baseline *baseline = monitor->baseline;
    monitor->slots = arena_alloc(setup->arena, baseline->field_count, sizeof *monitor->slots);
    monitor->ignored = arena_alloc(setup->arena, baseline->field_count, sizeof *monitor->ignored);
    monitor->match_slots =
        arena_alloc(setup->arena, config->match_count + 1, sizeof *monitor->match_slots);
    for (uint32_t i = 0; i < baseline->field_count; i++) {
        const struct baseline_field *field = &baseline->fields[i];
        const struct config_field *said = field_config(config, field->name);
        const char *path = said && said->path ? said->path : field->path;
        monitor->ignored[i] = said && said->ignore;
        if (want(setup->plan, path, &monitor->slots[i], reterr) != 0)
            return reterr->code;
    }
    for (uint32_t i = 0; i < config->match_count; i++)
        if (want(setup->plan, config->matches[i].path, &monitor->match_slots[i], reterr) != 0)
            return reterr->code;
    if (want(setup->plan, config->time_path, &monitor->time_slot, reterr) != 0 ||
        want(setup->plan, config->version_path, &monitor->version_slot, reterr) != 0)
        return reterr->code;
    return want_unknown(setup->plan, config->features, &monitor->unknown_counter, reterr);
}

static int monitor_setup(struct setup *setup, struct monitor *monitor, struct store *store,
                         const char *baseline_file, struct err *reterr)
{
    const struct config_monitor *config = monitor->config;
    if (load_baseline(monitor, setup->config->path, store, baseline_file, reterr) != 0)
        return reterr->code;
    if (pane_length(config->windows_ms, config->window_count, &monitor->pane_ms, reterr) != 0)
        return reterr->code;
    name_generation(monitor);
    monitor->layout = layout_new(monitor->baseline);
    monitor->validator = validator_new(monitor->baseline, config, reterr);
    if (!monitor->validator)
        return reterr->code;
    monitor->policy =
        judge_policy_of((int)config->sensitivity, config->min_count, config->alarm_count,
                        config->alarm_period_ms, config->window_count);
    return map_paths(setup, monitor, reterr);
}

static int load_monitors(struct setup *setup, struct store *store, const char *baseline_file)
{
    const struct config *config = setup->config;
    int failed = 0;
    setup->monitor_count = config->monitor_count;
    setup->monitors = arena_alloc(setup->arena, config->monitor_count + 1, sizeof *setup->monitors);
    for (uint32_t i = 0; i < config->monitor_count; i++) {
        struct err err = {0};
        setup->monitors[i].config = &config->monitors[i];
        if (monitor_setup(setup, &setup->monitors[i], store, baseline_file, &err) == 0)
            continue;
        if (!err.place[0])
            err_place(&err, "%s:%u:%u: monitor %s", config->path, config->monitors[i].place.line,
                      config->monitors[i].place.column, config->monitors[i].name);
        print_err(&err);
        failed = 1;
    }
    return failed;
}

struct setup *setup_new(struct config *config, struct store *store, const char *baseline_file)
{
    if (!config)
        return NULL;
    struct setup *setup = mem_new(1, sizeof *setup);
    setup->config = config;
    setup->arena = arena_new();
    const struct decode_limits limits = {.event_bytes = config->limits.event_bytes,
                                         .depth = config->limits.depth,
                                         .keys = config->limits.keys,
                                         .key_bytes = config->limits.key_bytes,
                                         .string_bytes = config->limits.string_bytes};
    setup->plan = decode_plan_new(&limits);
    int failed = load_rules(setup);
    failed |= load_monitors(setup, store, baseline_file);
    if (failed) {
        setup_free(setup);
        return NULL;
    }
    decode_plan_compile(setup->plan);
    return setup;
}

void setup_free(struct setup *setup)
{
    if (!setup)
        return;
    for (uint32_t i = 0; i < setup->monitor_count; i++) {
        validator_free(setup->monitors[i].validator);
        layout_free(setup->monitors[i].layout);
        baseline_free(setup->monitors[i].baseline);
    }
    decode_plan_free(setup->plan);
    arena_free(setup->arena);
    config_free(setup->config);
    free(setup);
}
