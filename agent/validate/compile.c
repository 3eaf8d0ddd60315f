/* Making a validator from a baseline and a configuration.
 *
 * Problem: a configuration that says something of a field which the baseline does not know, or
 * knows as something else, would silently check nothing; it is refused here, with a place and a
 * hint. It assumes that either is sound by itself. */
#include <math.h>
#include <stdlib.h>

#include "config/tree.h"
#include "validate/compile.h"

static void place_of(const struct config_field *config, struct err *reterr)
{
    if (config->place.file)
        err_place(reterr, "%s:%u:%u", config->place.file, config->place.line, config->place.column);
}

static int unknown_field(const struct baseline *baseline, const struct config_field *config,
                         struct err *reterr)
{
    const char *names[BASELINE_FIELDS_MAX];
    uint32_t count = 0;
    for (; count < baseline->field_count && count < BASELINE_FIELDS_MAX; count++)
        names[count] = baseline->fields[count].name;
    const char *near = nearest_word(config->name, names, count);
    err_set(reterr, ERR_INVALID, "the baseline \"%s\" has no field \"%s\"", baseline->name,
            config->name);
    place_of(config, reterr);
    if (near)
        err_hint(reterr, "Did you mean \"%s\"?", near);
    else
        err_hint(reterr, "`leeway baseline show %s` lists its fields.", baseline->name);
    return ERR_INVALID;
}

static int contradiction(const struct config_field *config, const char *what, enum field_type type,
                         struct err *reterr)
{
    err_set(reterr, ERR_INVALID, "field \"%s\" has %s, but its type in the baseline is %s",
            config->name, what, field_type_name(type));
    place_of(config, reterr);
    return ERR_INVALID;
}

static int check_type(const struct config_field *config, enum field_type type, struct err *reterr)
{
    bool is_number = type == FIELD_NUMBER || type == FIELD_INTEGER;
    enum field_type wanted;
    if (config->type && (!field_type_parse(bytes_of(config->type), &wanted) || wanted != type))
        return contradiction(config, "another type", type, reterr);
    if (config->has_min && !is_number)
        return contradiction(config, "a minimum", type, reterr);
    if (config->has_max && !is_number)
        return contradiction(config, "a maximum", type, reterr);
    if (config->allowed && is_number)
        return contradiction(config, "a list of allowed values", type, reterr);
    return 0;
}

static struct level *add_level(struct check *check, struct bytes text, uint32_t cell)
{
    char buffer[CANONICAL_BYTES];
    struct level *level = level_table_add(&check->levels, text, cell);
    level->canonical = bytes_equal(category_canonical(text, buffer, sizeof buffer), text);
    return level;
}

/* Values that are allowed get an entry even if the baseline has never seen them. */
static void compile_category(struct check *check, const struct config_field *config,
                             struct arena *arena)
{
    const struct baseline_field *field = check->field;
    uint32_t allowed = config && config->allowed ? config->allowed_count : 0;
    check->not_allowed = config && config->allowed ? 1u << COUNT_NOT_ALLOWED : 0;
    check->levels = level_table_make(arena, field->level_count + allowed);
    for (uint32_t i = 0; i < field->level_count; i++)
        add_level(check, bytes_of(field->levels[i]), i);
    for (uint32_t i = 0; i < allowed; i++) {
        char buffer[CANONICAL_BYTES];
        struct bytes text = category_canonical(bytes_of(config->allowed[i]), buffer, sizeof buffer);
        add_level(check, text, check_cell_beyond(check, text))->allowed = true;
    }
    level_table_settle(&check->levels);
}

static struct observation compile_truth(const struct check *check,
                                        const struct config_field *config, const char *truth)
{
    const struct baseline_field *field = check->field;
    struct observation observation = {.cell = check_cell_beyond(check, bytes_of(truth))};
    for (uint32_t i = 0; i < field->level_count; i++)
        if (!strcmp(field->levels[i], truth))
            observation.cell = i;
    if (config && config->allowed)
        observation.violations = 1u << COUNT_NOT_ALLOWED;
    for (uint32_t i = 0; config && i < config->allowed_count; i++)
        if (!strcmp(config->allowed[i], truth))
            observation.violations = 0;
    return observation;
}

static void compile_number(struct check *check, const struct config_field *config,
                           struct arena *arena)
{
    struct cells cells = baseline_cells(check->field);
    check->integral = check->type == FIELD_INTEGER;
    check->limited = config && (config->has_min || config->has_max);
    check->min = config && config->has_min ? config->min : (double)-INFINITY;
    check->max = config && config->has_max ? config->max : (double)INFINITY;
    check->search = search_make(&cells, arena);
}

static void compile_field(struct check *check, const struct baseline_field *field,
                          const struct config_field *config, struct arena *arena)
{
    check->field = field;
    check->type = field->type;
    check->cell_count = field->cell_count;
    if (field->type == FIELD_CATEGORY) {
        compile_category(check, config, arena);
    } else if (field->type == FIELD_BOOLEAN) {
        check->truths[0] = compile_truth(check, config, "false");
        check->truths[1] = compile_truth(check, config, "true");
    } else {
        compile_number(check, config, arena);
    }
}

struct validator *validator_new(const struct baseline *baseline,
                                const struct config_monitor *monitor, struct err *reterr)
{
    uint32_t count = baseline->field_count;
    struct validator *validator =
        mem_new(1, sizeof *validator + count * sizeof validator->checks[0]);
    validator->arena = arena_new();
    validator->field_count = count;
    for (uint32_t i = 0; i < count; i++)
        compile_field(&validator->checks[i], &baseline->fields[i], NULL, validator->arena);
    for (uint32_t i = 0; i < count; i++)
        validator->checks[i].slot = i;
    for (uint32_t i = 0; i < monitor->field_count; i++) {
        const struct config_field *config = &monitor->fields[i];
        int field = baseline_find(baseline, bytes_of(config->name));
        if (field < 0 && config->ignore)
            continue;
        if (field < 0 ? unknown_field(baseline, config, reterr)
                      : check_type(config, baseline->fields[field].type, reterr)) {
            validator_free(validator);
            return NULL;
        }
        compile_field(&validator->checks[field], &baseline->fields[field], config,
                      validator->arena);
    }
    return validator;
}

void validator_map(struct validator *validator, const int *slots)
{
    for (uint32_t i = 0; i < validator->field_count; i++)
        validator->checks[i].slot = (uint32_t)slots[i];
}

void validator_free(struct validator *validator)
{
    if (!validator)
        return;
    arena_free(validator->arena);
    free(validator);
}
