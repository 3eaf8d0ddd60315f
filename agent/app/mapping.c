/* From what was asked and what is there to the list of fields.
 *
 * Paths that have another meaning (event id, time, version, match) are never features. Order of the
 * fields: features as they appear, predictions, labels, segments that are no features. */
#include "app/mapping.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/sample.h"

enum { SAMPLE_EVENTS = 1000 };

struct maker {
    const struct mapping_request *request;
    const struct input *input;
    json_t *events; /* NULL: CSV */
    struct mapping *mapping;
    struct text prefix; /* of the features, without "/" and asterisk */
    bool wildcard;
    struct err *err;
    int code;
};

static int find_path(const struct mapping *mapping, const char *path)
{
    for (uint32_t i = 0; i < mapping->field_count; i++) {
        if (strcmp(mapping->fields[i].path, path) == 0)
            return (int)i;
    }
    return -1;
}

static struct builder_field *find_name(struct mapping *mapping, const char *name)
{
    for (uint32_t i = 0; i < mapping->field_count; i++) {
        if (strcmp(mapping->fields[i].name, name) == 0)
            return &mapping->fields[i];
    }
    return NULL;
}

/* The last part of the path; if that is taken, all parts with dots between. */
static const char *make_name(struct mapping *mapping, const char *path)
{
    struct text name = {0};
    pointer_last(path, &name);
    const char *chosen = arena_text(mapping->arena, bytes_make(name.data, name.size));
    text_release(&name);
    if (!find_name(mapping, chosen))
        return chosen;
    char *dotted = arena_text(mapping->arena, bytes_of(path + 1));
    for (char *at = dotted; *at; at++)
        *at = *at == '/' ? '.' : *at;
    return dotted;
}

/* Adds a field unless the path has one already. Returns it. */
static struct builder_field *add_field(struct maker *maker, const char *name, const char *path,
                                       enum field_role role)
{
    struct mapping *mapping = maker->mapping;
    int found = find_path(mapping, path);
    if (found >= 0)
        return &mapping->fields[found];
    if (mapping->field_count == BASELINE_FIELDS_MAX) {
        maker->code =
            err_set(maker->err, ERR_LIMIT, "there are more than %d fields", BASELINE_FIELDS_MAX);
        return &mapping->fields[0];
    }
    const char *chosen =
        name ? arena_text(mapping->arena, bytes_of(name)) : make_name(mapping, path);
    struct builder_field *field = &mapping->fields[mapping->field_count++];
    *field = (struct builder_field){
        .name = chosen, .path = arena_text(mapping->arena, bytes_of(path)), .role = role};
    return field;
}

static bool is_same(const char *path, const char *other)
{
    return other && strcmp(path, other) == 0;
}

static bool in_list(const char *path, const char *const *list, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(path, list[i]) == 0)
            return true;
    }
    return false;
}

/* The path is not a feature, whatever the wildcard says. */
static bool is_special(const struct maker *maker, const char *path)
{
    const struct mapping_request *request = maker->request;
    const struct config_monitor *monitor = request->monitor;
    if (is_same(path, maker->mapping->time_path) ||
        in_list(path, request->predictions, request->prediction_count) ||
        in_list(path, request->labels, request->label_count))
        return true;
    if (!monitor)
        return false;
    for (uint32_t i = 0; i < monitor->match_count; i++) {
        if (strcmp(path, monitor->matches[i].path) == 0)
            return true;
    }
    for (uint32_t i = 0; i < monitor->field_count; i++) {
        if (monitor->fields[i].ignore && is_same(path, monitor->fields[i].path))
            return true;
    }
    return is_same(path, monitor->id_path) || is_same(path, monitor->version_path) ||
           is_same(path, monitor->score_path) || is_same(path, monitor->class_path) ||
           is_same(path, monitor->value_path) || is_same(path, monitor->label_path);
}

static bool is_ignored_name(const struct maker *maker, const char *name)
{
    const struct config_monitor *monitor = maker->request->monitor;
    for (uint32_t i = 0; monitor && i < monitor->field_count; i++) {
        if (monitor->fields[i].ignore && !monitor->fields[i].path &&
            strcmp(name, monitor->fields[i].name) == 0)
            return true;
    }
    return false;
}

static void add_feature(void *context, const char *key, const char *path)
{
    struct maker *maker = context;
    if (!is_special(maker, path) && !is_ignored_name(maker, key))
        add_field(maker, NULL, path, ROLE_FEATURE);
}

/* The path among `paths` that the column stands for, or NULL. */
static const char *path_of_column(const struct maker *maker, uint32_t column, const char *path)
{
    return path && input_column_for(maker->input, path) == (int)column ? path : NULL;
}

/* A column's path: the one that the monitor or an option has for it; else below the features. */
static const char *column_path(const struct maker *maker, uint32_t column, const char *name)
{
    const struct mapping_request *request = maker->request;
    const struct config_monitor *monitor = request->monitor;
    const char *path = path_of_column(maker, column, maker->mapping->time_path);
    for (uint32_t i = 0; !path && i < request->prediction_count; i++)
        path = path_of_column(maker, column, request->predictions[i]);
    for (uint32_t i = 0; !path && i < request->label_count; i++)
        path = path_of_column(maker, column, request->labels[i]);
    if (monitor) {
        const char *const paths[] = {monitor->id_path,    monitor->version_path,
                                     monitor->score_path, monitor->class_path,
                                     monitor->value_path, monitor->label_path};
        for (size_t i = 0; !path && i < sizeof paths / sizeof *paths; i++)
            path = path_of_column(maker, column, paths[i]);
        for (uint32_t i = 0; !path && i < monitor->match_count; i++)
            path = path_of_column(maker, column, monitor->matches[i].path);
        for (uint32_t i = 0; !path && i < monitor->segment_count; i++)
            path = path_of_column(maker, column, monitor->segments[i]);
        for (uint32_t i = 0; !path && i < monitor->field_count; i++)
            path = path_of_column(maker, column, monitor->fields[i].path);
    }
    if (path || name[0] == '/')
        return path ? path : name;
    struct text text = {0};
    text_printf(&text, "%s/", maker->prefix.data);
    pointer_escape(&text, bytes_of(name));
    path = arena_text(maker->mapping->arena, bytes_make(text.data, text.size));
    text_release(&text);
    return path;
}

static void add_columns(struct maker *maker)
{
    uint32_t count;
    const char *const *columns = input_columns(maker->input, &count);
    for (uint32_t i = 0; i < count && maker->code == 0; i++) {
        const char *path = column_path(maker, i, columns[i]);
        if (columns[i][0] == '\0')
            fprintf(stderr, "leeway: note: column %u has no name and is left out\n", i + 1);
        else
            add_feature(maker, columns[i], path);
    }
}

static bool is_there(const struct maker *maker, const char *path)
{
    return maker->events ? sample_count(maker->events, path) > 0
                         : input_column_for(maker->input, path) >= 0;
}

/* A path of the monitor is only wanted if the data have it. */
static struct builder_field *add_if_there(struct maker *maker, const char *path,
                                          enum field_role role)
{
    if (!path)
        return NULL;
    if (is_there(maker, path))
        return add_field(maker, NULL, path, role);
    fprintf(stderr, "leeway: note: the data have nothing for %s (%s); the baseline is without it\n",
            path, field_role_name(role));
    return NULL;
}

/* A path, or for CSV the name of a column, which then gets its place in the canonical event. */
static void add_asked_path(struct maker *maker, const char *asked, enum field_role role)
{
    struct text path = {0};
    if (asked[0] != '/')
        text_puts(&path, role == ROLE_PREDICTION ? "/prediction/" : "/");
    if (asked[0] != '/')
        pointer_escape(&path, bytes_of(asked));
    else
        text_puts(&path, asked);
    if (asked[0] != '/' && maker->events)
        maker->code =
            err_set(maker->err, ERR_INVALID, "%s is not a path such as %s", asked, path.data);
    else if (!is_there(maker, asked))
        maker->code = err_set(maker->err, ERR_NOT_FOUND, "the data have nothing for the %s %s",
                              field_role_name(role), asked);
    else
        add_field(maker, NULL, path.data, role);
    text_release(&path);
}

static void add_asked(struct maker *maker, const char *const *paths, uint32_t count,
                      enum field_role role)
{
    for (uint32_t i = 0; i < count && maker->code == 0; i++)
        add_asked_path(maker, paths[i], role);
}

static void set_type(struct builder_field *field, enum field_type type)
{
    if (!field)
        return;
    field->has_type = true;
    field->type = type;
}

/* name=/path[:type] */
static void add_spec(struct maker *maker, const char *spec)
{
    const char *equals = strchr(spec, '='), *colon = strrchr(spec, ':');
    enum field_type type = FIELD_NUMBER;
    bool has_type = colon && field_type_parse(bytes_of(colon + 1), &type);
    if (!equals || equals == spec || equals[1] != '/') {
        maker->code =
            err_set(maker->err, ERR_INVALID, "--field %s: not of the form name=/path[:type]", spec);
        return;
    }
    struct arena *arena = maker->mapping->arena;
    size_t size = has_type ? (size_t)(colon - equals - 1) : strlen(equals + 1);
    const char *name = arena_text(arena, bytes_make(spec, (size_t)(equals - spec)));
    const char *path = arena_text(arena, bytes_make(equals + 1, size));
    if (!maker->events && !is_there(maker, path)) {
        maker->code =
            err_set(maker->err, ERR_NOT_FOUND, "--field %s: there is no column for %s", spec, path);
        return;
    }
    struct builder_field *field = add_field(maker, name, path, ROLE_FEATURE);
    field->name = name;
    if (has_type)
        set_type(field, type);
}

static void add_monitor(struct maker *maker, const struct config_monitor *monitor)
{
    for (uint32_t i = 0; i < monitor->field_count; i++) {
        const struct config_field *config = &monitor->fields[i];
        enum field_type type;
        if (config->ignore)
            continue;
        struct builder_field *field =
            config->path ? add_field(maker, config->name, config->path, ROLE_FEATURE)
                         : find_name(maker->mapping, config->name);
        if (config->type && field_type_parse(bytes_of(config->type), &type))
            set_type(field, type);
    }
    struct builder_field *score = add_if_there(maker, monitor->score_path, ROLE_PREDICTION);
    struct builder_field *class = add_if_there(maker, monitor->class_path, ROLE_PREDICTION);
    struct builder_field *value = add_if_there(maker, monitor->value_path, ROLE_PREDICTION);
    set_type(score, FIELD_NUMBER);
    set_type(class, FIELD_CATEGORY);
    set_type(value, FIELD_NUMBER);
    add_if_there(maker, monitor->label_path, ROLE_LABEL);
}

static void add_segment(struct maker *maker, const char *name_or_path)
{
    struct mapping *mapping = maker->mapping;
    struct builder_field *field = NULL;
    for (uint32_t i = 0; i < mapping->field_count; i++) {
        if (strcmp(mapping->fields[i].name, name_or_path) == 0 ||
            strcmp(mapping->fields[i].path, name_or_path) == 0)
            field = &mapping->fields[i];
    }
    if (!field && name_or_path[0] == '/' && is_there(maker, name_or_path))
        field = add_field(maker, NULL, name_or_path, ROLE_SEGMENT);
    if (!field)
        maker->code =
            err_set(maker->err, ERR_NOT_FOUND, "there is no field %s to segment by", name_or_path);
    else if (mapping->segment_count == BASELINE_SEGMENTS_MAX)
        maker->code = err_set(maker->err, ERR_LIMIT, "there are more than %d segments",
                              BASELINE_SEGMENTS_MAX);
    else
        mapping->segments[mapping->segment_count++] = field->name;
}

static int choose_features(struct maker *maker)
{
    const struct mapping_request *request = maker->request;
    const char *features = request->features;
    if (!features && request->monitor)
        features = request->monitor->features;
    else if (!features && request->field_count == 0)
        features = "/features/*";
    maker->wildcard = features != NULL;
    if (!features)
        features = "/features/*";
    size_t size = strlen(features);
    if (size < 2 || features[0] != '/' || strcmp(features + size - 2, "/*") != 0)
        return err_set(maker->err, ERR_INVALID, "features: %s is not a path that ends in /*",
                       features);
    text_puts(&maker->prefix, "");
    text_add(&maker->prefix, features, size - 2);
    return 0;
}

static void make_fields(struct maker *maker)
{
    const struct mapping_request *request = maker->request;
    const struct config_monitor *monitor = request->monitor;
    if (maker->wildcard && maker->events)
        sample_keys(maker->events, maker->prefix.data, add_feature, maker);
    else if (maker->wildcard)
        add_columns(maker);
    for (uint32_t i = 0; i < request->field_count && maker->code == 0; i++)
        add_spec(maker, request->fields[i]);
    if (monitor && maker->code == 0)
        add_monitor(maker, monitor);
    add_asked(maker, request->predictions, request->prediction_count, ROLE_PREDICTION);
    add_asked(maker, request->labels, request->label_count, ROLE_LABEL);
    for (uint32_t i = 0; i < request->segment_count && maker->code == 0; i++)
        add_segment(maker, request->segments[i]);
    for (uint32_t i = 0; monitor && request->segment_count == 0 && i < monitor->segment_count;
         i++) {
        if (maker->code == 0)
            add_segment(maker, monitor->segments[i]);
    }
    if (maker->code == 0 && maker->mapping->field_count == 0) {
        maker->code = err_set(maker->err, ERR_INVALID, "no fields were found");
        err_hint(maker->err, "Say where they are: --features '/features/*' or --field name=/path.");
    }
}

int mapping_make(const struct mapping_request *request, const struct input *input,
                 struct mapping *ret_mapping, struct err *reterr)
{
    const struct config_monitor *monitor = request->monitor;
    *ret_mapping = (struct mapping){.arena = arena_new()};
    struct maker maker = {
        .request = request, .input = input, .mapping = ret_mapping, .err = reterr};
    ret_mapping->fields =
        arena_alloc(ret_mapping->arena, BASELINE_FIELDS_MAX, sizeof *ret_mapping->fields);
    ret_mapping->time_path = request->time_path;
    if (monitor) {
        ret_mapping->matches = monitor->matches;
        ret_mapping->match_count = monitor->match_count;
        if (!ret_mapping->time_path)
            ret_mapping->time_path = monitor->time_path;
    }
    maker.code = choose_features(&maker);
    if (maker.code == 0 && !input_is_csv(input)) {
        maker.events = sample_read(input_file(input), SAMPLE_EVENTS, reterr);
        maker.code = maker.events ? 0 : ERR_INVALID;
    }
    if (maker.code == 0 && ret_mapping->time_path && !is_there(&maker, ret_mapping->time_path)) {
        fprintf(stderr, "leeway: note: the data have nothing for the time %s\n",
                ret_mapping->time_path);
        ret_mapping->time_path = NULL;
    }
    if (maker.code == 0)
        make_fields(&maker);
    json_decref(maker.events);
    text_release(&maker.prefix);
    return maker.code;
}

void mapping_release(struct mapping *mapping)
{
    arena_free(mapping->arena);
    mapping->arena = NULL;
}
