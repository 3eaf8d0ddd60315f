/* The settings table as JSON Schema, for editors that complete and check while one types.
 *
 * It is a little wider than config_parse: what needs two settings at once (unique names, windows in
 * order) no schema says well, and any scalar may be ${VAR}, which is text until it is replaced. */
#include <jansson.h>
#include <stdlib.h>

#include "config/kinds.h"

static json_t *text_of(const char *text)
{
    json_t *json = json_string(text);
    if (!json)
        mem_fail(strlen(text));
    return json;
}

/* Steals `value`. */
static void set(json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, value))
        mem_fail(sizeof value);
}

static void append(json_t *array, json_t *value)
{
    if (json_array_append_new(array, value))
        mem_fail(sizeof value);
}

static json_t *object_of_type(const char *type)
{
    json_t *object = json_object();
    set(object, "type", text_of(type));
    return object;
}

static json_t *section_schema(const char *section);

static json_t *reference(const char *name)
{
    json_t *object = json_object();
    set(object, "$ref", text_of(name));
    return object;
}

static json_t *any_of(json_t *first, json_t *second)
{
    json_t *object = json_object(), *list = json_array();
    append(list, first);
    append(list, second);
    set(object, "anyOf", list);
    return object;
}

static json_t *choices_schema(const char *choices)
{
    json_t *object = json_object(), *list = json_array();
    while (*choices) {
        size_t size = strcspn(choices, " ");
        append(list, json_stringn(choices, size));
        choices += size + (choices[size] == ' ');
    }
    set(object, "enum", list);
    return object;
}

static json_t *number_schema(const struct setting *setting)
{
    json_t *object = object_of_type(setting->kind == KIND_NUMBER ? "number" : "integer");
    if (setting->minimum || setting->maximum) {
        set(object, "minimum", json_integer(setting->minimum));
        set(object, "maximum", json_integer(setting->maximum));
    }
    return object;
}

static json_t *pattern_schema(const char *pattern)
{
    json_t *object = object_of_type("string");
    set(object, "pattern", text_of(pattern));
    return object;
}

/* A scalar as it is without variables. */
static json_t *plain_schema(const struct setting *setting)
{
    const struct kind *kind = kind_of(setting->kind);
    switch (setting->kind) {
    case KIND_TEXT:
        return reference("#/$defs/text");
    case KIND_WORD:
    case KIND_CHOICE:
        return choices_schema(setting->choices);
    case KIND_BOOL:
        return object_of_type("boolean");
    case KIND_NUMBER:
    case KIND_INTEGER:
        return number_schema(setting);
    case KIND_SIZE:
        return any_of(number_schema(setting), pattern_schema(kind->pattern));
    default:
        return pattern_schema(kind->pattern);
    }
}

static json_t *scalar_schema(const struct setting *setting)
{
    json_t *plain = plain_schema(setting);
    return setting->kind == KIND_TEXT ? plain : any_of(plain, reference("#/$defs/variable"));
}

static void set_counts(json_t *object, const struct setting *setting, const char *least,
                       const char *most)
{
    if (setting->least)
        set(object, least, json_integer(setting->least));
    set(object, most, json_integer(setting->most));
}

static json_t *list_schema(const struct setting *setting, json_t *items)
{
    json_t *object = object_of_type("array");
    set(object, "items", items);
    set_counts(object, setting, "minItems", "maxItems");
    if (setting->flags & SETTING_LIST)
        set(object, "uniqueItems", json_true());
    return object;
}

/* "web:" with everything under it commented out is null. */
static json_t *object_or_null(void)
{
    json_t *types = json_array();
    append(types, text_of("object"));
    append(types, text_of("null"));
    return types;
}

static json_t *map_schema(const struct setting *setting, json_t *values)
{
    json_t *object = object_of_type("object");
    const char *pattern = kind_of_keys(setting)->pattern;
    if (setting->kind == KIND_ENTRIES)
        set(object, "type", object_or_null());
    if (setting->kind == KIND_PAIRS && pattern)
        set(object, "propertyNames", pattern_schema(pattern));
    set(object, "additionalProperties", values);
    set_counts(object, setting, "minProperties", "maxProperties");
    return object;
}

static json_t *value_schema(const struct setting *setting)
{
    char inside[SETTING_PATH_BYTES];
    setting_inside(setting, inside);
    switch (setting->kind) {
    case KIND_SECTION:
    case KIND_VARIANT:
        return section_schema(inside);
    case KIND_ITEMS:
        return list_schema(setting, section_schema(inside));
    case KIND_ENTRIES:
        return map_schema(setting, section_schema(inside));
    case KIND_PAIRS:
        return map_schema(setting, reference("#/$defs/text"));
    default:
        return setting->flags & SETTING_LIST ? list_schema(setting, scalar_schema(setting))
                                             : scalar_schema(setting);
    }
}

/* A default as JSON: numbers and booleans are JSON already, and so are lists of words, quoted. */
static json_t *preset_json(const struct setting *setting)
{
    json_t *list = json_array(), *value;
    if (!(setting->flags & SETTING_LIST)) {
        json_decref(list);
        value = json_loads(setting->preset, JSON_DECODE_ANY, NULL);
        return value ? value : text_of(setting->preset);
    }
    const char *at = setting->preset + strspn(setting->preset, "[ ");
    while (*at && *at != ']') {
        size_t size = strcspn(at, ", ]");
        append(list, json_stringn(at, size));
        at += size + strspn(at + size, ", ");
    }
    return list;
}

static json_t *required_list(const char *key)
{
    json_t *object = json_object(), *list = json_array();
    append(list, text_of(key));
    set(object, "required", list);
    return object;
}

static json_t *setting_schema(const struct setting *setting)
{
    json_t *schema = value_schema(setting);
    set(schema, "description", text_of(setting->help));
    if (setting->preset)
        set(schema, "default", preset_json(setting));
    return schema;
}

static json_t *section_schema(const char *section)
{
    json_t *object = json_object(), *properties = json_object();
    json_t *required = json_array(), *either = json_array();
    for (uint32_t i = 0; i < settings_count; i++) {
        const struct setting *setting = &settings_table[i];
        if (strcmp(setting->section, section) != 0)
            continue;
        set(properties, setting->key, setting_schema(setting));
        if (setting->flags & SETTING_REQUIRED)
            append(required, text_of(setting->key));
        if (setting->flags & SETTING_EITHER)
            append(either, required_list(setting->key));
    }
    bool optional = json_array_size(required) == 0 && json_array_size(either) == 0;
    set(object, "type", optional ? object_or_null() : text_of("object"));
    set(object, "properties", properties);
    set(object, "additionalProperties", json_false());
    if (json_array_size(required))
        set(object, "required", json_incref(required));
    if (json_array_size(either))
        set(object, "oneOf", json_incref(either));
    json_decref(required);
    json_decref(either);
    return object;
}

static json_t *definitions(void)
{
    json_t *object = json_object(), *types = json_array();
    json_t *text = json_object(), *variable = pattern_schema("\\$\\{");
    append(types, text_of("string"));
    append(types, text_of("number"));
    append(types, text_of("boolean"));
    set(text, "type", types);
    set(text, "description", text_of("Text; a number or a truth value is taken as it is written."));
    set(variable, "description", text_of("A text with ${VAR} or ${VAR:-default}."));
    set(object, "text", text);
    set(object, "variable", variable);
    return object;
}

void config_schema(struct text *text)
{
    json_t *root = json_object(), *body = section_schema("");
    set(root, "$schema", text_of("https://json-schema.org/draft/2020-12/schema"));
    set(root, "title", text_of("leeway.yaml"));
    set(root, "description",
        text_of("The configuration of leeway. Made from its settings table; "
                "docs/CONFIG.md is the same for people."));
    json_object_update(root, body);
    json_decref(body);
    set(root, "$defs", definitions());
    char *dump = json_dumps(root, JSON_INDENT(2));
    json_decref(root);
    if (!dump)
        mem_fail(0);
    text_puts(text, dump);
    text_puts(text, "\n");
    free(dump);
}
