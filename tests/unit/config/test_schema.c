/* The generated reference: complete, and the committed copies are what the table makes.
 * LEEWAY_UPDATE=1 in the environment writes them anew. */
#include <jansson.h>

#include "config/settings.h"
#include "unit/config/parse.h"

#define DOCS TEST_DATA "/../../docs/"

static void check_fresh(const char *path, const struct text *text)
{
    if (getenv("LEEWAY_UPDATE")) {
        FILE *file = fopen(path, "wb");
        cr_assert(file && fwrite(text->data, 1, text->size, file) == text->size, "%s", path);
        fclose(file);
    }
    struct text stored = test_read(path);
    cr_assert(stored.size == text->size && memcmp(stored.data, text->data, text->size) == 0,
              "%s is stale: run unit_config with LEEWAY_UPDATE=1", path);
    text_release(&stored);
}

Test(schema, committed_copy_is_fresh)
{
    struct text text = {0};
    config_schema(&text);
    check_fresh(DOCS "config.schema.json", &text);
    text_release(&text);
}

Test(manual, committed_copy_is_fresh)
{
    struct text text = {0};
    config_manual(&text);
    check_fresh(DOCS "CONFIG.md", &text);
    text_release(&text);
}

static const json_t *property(const json_t *schema, const char *key)
{
    const json_t *found = json_object_get(json_object_get(schema, "properties"), key);
    cr_assert(found, "%s", key);
    return found;
}

Test(schema, structure)
{
    struct text text = {0};
    config_schema(&text);
    json_t *root = json_loads(text.data, 0, NULL);
    cr_assert(root);
    cr_assert_str_eq(json_string_value(json_object_get(root, "$schema")),
                     "https://json-schema.org/draft/2020-12/schema");
    const json_t *monitor = json_object_get(property(root, "monitors"), "items");
    cr_assert_eq(json_array_size(json_object_get(monitor, "required")), 2);
    const json_t *windows = property(monitor, "windows");
    cr_assert_str_eq(json_string_value(json_array_get(json_object_get(windows, "default"), 1)),
                     "24h");
    const json_t *min_count = property(monitor, "min_count");
    cr_assert_eq(json_integer_value(json_object_get(min_count, "default")), 200);
    const json_t *receiver = json_object_get(property(root, "receivers"), "items");
    cr_assert_eq(json_array_size(json_object_get(receiver, "oneOf")), 4);
    cr_assert(json_is_false(json_object_get(receiver, "additionalProperties")));
    const json_t *field = json_object_get(property(monitor, "fields"), "additionalProperties");
    cr_assert(property(field, "importance"));
    json_decref(root);
    text_release(&text);
}

Test(manual, every_setting_is_in_it)
{
    struct text text = {0};
    config_manual(&text);
    for (uint32_t i = 0; i < settings_count; i++) {
        char wanted[SETTING_PATH_BYTES + 8], inside[SETTING_PATH_BYTES];
        const struct setting *setting = &settings_table[i];
        setting_inside(setting, inside);
        if (setting_is_container(setting))
            snprintf(wanted, sizeof wanted, "# `%s`\n", inside);
        else
            snprintf(wanted, sizeof wanted, "| `%s` |", setting->key);
        cr_expect(strstr(text.data, wanted), "%s", wanted);
        cr_expect(strstr(text.data, setting->help), "%s", setting->help);
    }
    text_release(&text);
}

Test(manual, its_example_parses)
{
    struct text text = {0};
    config_manual(&text);
    char *begin = strstr(text.data, "```yaml\n"), *end = begin ? strstr(begin, "\n```\n") : NULL;
    cr_assert(begin && end);
    end[1] = '\0';
    struct config *config = test_parse(begin + 8, "leeway.yaml");
    cr_assert_eq(config->receiver_count, 3);
    config_free(config);
    text_release(&text);
}
