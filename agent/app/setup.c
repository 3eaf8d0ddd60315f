/* From a path to something that can run. Everything that can be wrong is found here, before the
 * first record is read. */
#include "app/setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/file.h"

enum { CONFIG_BYTES_MAX = 1 << 20, BASELINE_BYTES_MAX = 256 << 20 };

/* What setting up is made from. */
struct builder {
    struct setup *setup;
    const struct shelf *shelf;
    const char *baseline_file;
    bool wrong; /* something else than a missing baseline */
};

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

uint32_t monitor_track(const struct monitor *monitor, const char *version)
{
    for (uint32_t i = 0; i < monitor->config->version_count; i++)
        if (!strcmp(monitor->config->versions[i].version, version))
            return monitor->version_tracks[i];
    return 0;
}

bool monitor_knows(const struct monitor *monitor, const char *version)
{
    for (uint32_t i = 0; i < monitor->config->version_count; i++)
        if (!strcmp(monitor->config->versions[i].version, version))
            return true;
    return monitor->config->version_count == 0;
}

static int read_baseline(const struct builder *builder, const struct monitor *monitor,
                         const char *reference, struct text *document, uint32_t *ret_version,
                         struct err *reterr)
{
    struct bytes bytes;
    if (builder->baseline_file)
        return file_read(builder->baseline_file, BASELINE_BYTES_MAX, document, reterr);
    if (!builder->shelf)
        return err_set(reterr, ERR_NOT_FOUND, "no store to read baseline %s from", reference);
    int code = shelf_find(builder->shelf, reference, &bytes, ret_version, reterr);
    if (code)
        err_hint(reterr,
                 "`leeway baseline create --name %.*s --config %s --monitor %s --file TRAINING` "
                 "makes one from CSV or NDJSON.",
                 (int)strcspn(reference, "@"), reference, builder->setup->config->path,
                 monitor->config->name);
    else
        text_add(document, bytes.data, bytes.size);
    return code;
}

static int load_baseline(const struct builder *builder, const struct monitor *monitor,
                         struct track *track, struct err *reterr)
{
    struct text document = {0};
    uint32_t version = 0;
    int code = read_baseline(builder, monitor, track->reference, &document, &version, reterr);
    if (!code) {
        track->baseline = baseline_parse(bytes_make(document.data, document.size), reterr);
        code = track->baseline ? 0 : ERR_INVALID;
    }
    text_release(&document);
    if (code)
        return code;
    track->baseline->version = version ? version : track->baseline->version;
    snprintf(track->label, sizeof track->label, "%s@%u", track->baseline->name,
             track->baseline->version);
    return 0;
}

static void name_generation(const struct monitor *monitor, struct track *track)
{
    char config_hex[HASH_HEX_BYTES];
    struct text name = {0};
    text_printf(&name, "generation|%s|%s", config_monitor_hash(monitor->config, config_hex),
                track->baseline->hash);
    hash_sha256(bytes_make(name.data, name.size), track->generation);
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

static int map_fields(struct setup *setup, const struct monitor *monitor, struct track *track,
                      struct err *reterr)
{
    const struct baseline *baseline = track->baseline;
    track->slots = arena_alloc(setup->arena, baseline->field_count, sizeof *track->slots);
    track->ignored = arena_alloc(setup->arena, baseline->field_count, sizeof *track->ignored);
    for (uint32_t i = 0; i < baseline->field_count; i++) {
        const struct baseline_field *field = &baseline->fields[i];
        const struct config_field *said = field_config(monitor->config, field->name);
        const char *path = said && said->path ? said->path : field->path;
        track->ignored[i] = said && said->ignore;
        if (want(setup->plan, path, &track->slots[i], reterr) != 0)
            return reterr->code;
    }
    return 0;
}

static int map_paths(struct setup *setup, struct monitor *monitor, struct err *reterr)
{
    const struct config_monitor *config = monitor->config;
    monitor->match_slots =
        arena_alloc(setup->arena, config->match_count + 1, sizeof *monitor->match_slots);
    for (uint32_t i = 0; i < config->match_count; i++)
        if (want(setup->plan, config->matches[i].path, &monitor->match_slots[i], reterr) != 0)
            return reterr->code;
    if (want(setup->plan, config->time_path, &monitor->time_slot, reterr) != 0 ||
        want(setup->plan, config->version_path, &monitor->version_slot, reterr) != 0)
        return reterr->code;
    return want_unknown(setup->plan, config->features, &monitor->unknown_counter, reterr);
}

static int track_setup(const struct builder *builder, const struct monitor *monitor,
                       struct track *track, struct err *reterr)
{
    if (load_baseline(builder, monitor, track, reterr) != 0)
        return reterr->code;
    name_generation(monitor, track);
    track->layout = layout_new(track->baseline);
    track->validator = validator_new(track->baseline, monitor->config, reterr);
    if (!track->validator)
        return reterr->code;
    int code = map_fields(builder->setup, monitor, track, reterr);
    if (!code)
        validator_map(track->validator, track->slots);
    return code;
}

static uint32_t add_track(struct monitor *monitor, const char *reference)
{
    for (uint32_t i = 0; i < monitor->track_count; i++)
        if (!strcmp(monitor->tracks[i].reference, reference))
            return i;
    monitor->tracks[monitor->track_count] = (struct track){.reference = reference};
    return monitor->track_count++;
}

static int monitor_setup(const struct builder *builder, struct monitor *monitor, struct err *reterr)
{
    struct setup *setup = builder->setup;
    const struct config_monitor *config = monitor->config;
    uint32_t versions = config->version_count;
    monitor->tracks = arena_alloc(setup->arena, versions + 1, sizeof *monitor->tracks);
    monitor->version_tracks =
        arena_alloc(setup->arena, versions + 1, sizeof *monitor->version_tracks);
    add_track(monitor, config->baseline);
    for (uint32_t i = 0; i < versions; i++)
        monitor->version_tracks[i] = add_track(monitor, config->versions[i].baseline);
    if (pane_length(config->windows_ms, config->window_count, &monitor->pane_ms, reterr) != 0)
        return reterr->code;
    for (uint32_t i = 0; i < monitor->track_count; i++)
        if (track_setup(builder, monitor, &monitor->tracks[i], reterr) != 0)
            return reterr->code;
    monitor->policy =
        judge_policy_of((int)config->sensitivity, config->min_count, config->alarm_count,
                        config->alarm_period_ms, config->window_count);
    return map_paths(setup, monitor, reterr);
}

static int load_monitors(struct builder *builder)
{
    struct setup *setup = builder->setup;
    const struct config *config = setup->config;
    int failed = 0;
    setup->monitor_count = config->monitor_count;
    setup->monitors = arena_alloc(setup->arena, config->monitor_count + 1, sizeof *setup->monitors);
    for (uint32_t i = 0; i < config->monitor_count; i++) {
        struct err err = {0};
        setup->monitors[i].config = &config->monitors[i];
        if (monitor_setup(builder, &setup->monitors[i], &err) == 0)
            continue;
        if (!err.place[0])
            err_place(&err, "%s:%u:%u: monitor %s", config->path, config->monitors[i].place.line,
                      config->monitors[i].place.column, config->monitors[i].name);
        print_err(&err);
        failed = 1;
        builder->wrong |= err.code != ERR_NOT_FOUND;
    }
    return failed;
}

struct setup *setup_new(struct config *config, const struct shelf *shelf, const char *baseline_file,
                        bool *ret_missing)
{
    if (ret_missing)
        *ret_missing = false;
    if (!config)
        return NULL;
    struct setup *setup = mem_new(1, sizeof *setup);
    struct builder builder = {.setup = setup, .shelf = shelf, .baseline_file = baseline_file};
    setup->config = config;
    setup->arena = arena_new();
    const struct decode_limits limits = {.event_bytes = config->limits.event_bytes,
                                         .depth = config->limits.depth,
                                         .keys = config->limits.keys,
                                         .key_bytes = config->limits.key_bytes,
                                         .string_bytes = config->limits.string_bytes};
    setup->plan = decode_plan_new(&limits);
    builder.wrong = load_rules(setup) != 0;
    if (load_monitors(&builder) || builder.wrong) {
        if (ret_missing)
            *ret_missing = !builder.wrong;
        setup_free(setup);
        return NULL;
    }
    decode_plan_compile(setup->plan);
    return setup;
}

struct setup *setup_open(struct config *config, struct store *store, const char *baseline_file)
{
    if (!config || !store || baseline_file)
        return setup_new(config, NULL, baseline_file, NULL);
    struct shelf *shelf = shelf_new(config);
    struct store_answer answer = {0};
    struct setup *setup = NULL;
    struct err err;
    shelf_fetch(shelf, store, store_answered, &answer);
    if (store_wait(store, &answer, &err) == 0) {
        setup = setup_new(config, shelf, NULL, NULL);
    } else {
        print_err(&err);
        config_free(config);
    }
    shelf_free(shelf);
    return setup;
}

void setup_free(struct setup *setup)
{
    if (!setup)
        return;
    for (uint32_t i = 0; i < setup->monitor_count; i++) {
        for (uint32_t k = 0; k < setup->monitors[i].track_count; k++) {
            struct track *track = &setup->monitors[i].tracks[k];
            validator_free(track->validator);
            layout_free(track->layout);
            baseline_free(track->baseline);
        }
    }
    decode_plan_free(setup->plan);
    arena_free(setup->arena);
    config_free(setup->config);
    free(setup);
}
