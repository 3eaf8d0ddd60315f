/* The table itself: rows that nobody could reach, store or explain are mistakes. */
#include "config/settings.h"

#include "base/when.h"
#include "config/kinds.h"
#include "unit/config/parse.h"

Test(settings, rows_are_whole_and_unique)
{
    for (uint32_t i = 0; i < settings_count; i++) {
        const struct setting *setting = &settings_table[i];
        char path[SETTING_PATH_BYTES];
        setting_path(setting, path);
        cr_expect(setting_find(setting->section, setting->key) == setting, "%s twice", path);
        cr_expect(setting->help && setting->help[strlen(setting->help) - 1] == '.', "%s", path);
        cr_expect(!setting->preset || !setting->no_preset, "%s", path);
        bool word = setting->kind == KIND_WORD || setting->kind == KIND_CHOICE;
        cr_expect_eq(word, setting->choices != NULL, "%s", path);
        bool amount = setting->kind == KIND_INTEGER || setting->kind == KIND_SIZE ||
                      setting->kind == KIND_DURATION;
        cr_expect(!amount || setting->maximum > setting->minimum, "%s has no range", path);
        bool many = setting->flags & SETTING_LIST || setting->kind == KIND_ITEMS ||
                    setting->kind == KIND_ENTRIES || setting->kind == KIND_PAIRS;
        cr_expect_eq(many, setting->most > 0, "%s has no ceiling", path);
    }
}

Test(settings, widths_fit_kinds)
{
    for (uint32_t i = 0; i < settings_count; i++) {
        const struct setting *setting = &settings_table[i];
        char path[SETTING_PATH_BYTES];
        size_t width = setting->width;
        setting_path(setting, path);
        if (setting->flags & SETTING_LIST || setting->kind <= KIND_URL ||
            setting->kind >= KIND_ITEMS)
            cr_expect_eq(width, sizeof(void *), "%s", path);
        else if (setting->kind == KIND_BOOL)
            cr_expect_eq(width, sizeof(bool), "%s", path);
        else if (setting->kind == KIND_NUMBER)
            cr_expect_eq(width, sizeof(double), "%s", path);
        else if (setting->kind == KIND_DURATION)
            cr_expect_eq(width, sizeof(int64_t), "%s", path);
        else if (setting->kind == KIND_INTEGER || setting->kind == KIND_SIZE)
            cr_expect(width == 4 || width == 8, "%s", path);
        if (width == 4 && setting->kind != KIND_CHOICE && setting->kind != KIND_VARIANT)
            cr_expect(setting->maximum <= UINT32_MAX, "%s", path);
    }
}

Test(settings, sections_have_an_owner)
{
    for (uint32_t i = 0; i < settings_count; i++) {
        const char *section = settings_table[i].section;
        bool owned = section[0] == '\0';
        for (uint32_t j = 0; j < settings_count; j++) {
            char inside[SETTING_PATH_BYTES];
            owned = owned || (setting_is_container(&settings_table[j]) &&
                              strcmp(setting_inside(&settings_table[j], inside), section) == 0);
        }
        cr_expect(owned, "%s", section);
    }
}

Test(settings, find)
{
    cr_expect(setting_find("", "store"));
    cr_expect(setting_find("monitors[]", "windows"));
    cr_expect_null(setting_find("", "windows"));
    cr_expect_null(setting_find("", "web.listen"));
    cr_expect_null(setting_find("nowhere", "store"));
}

Test(settings, paths_and_ranges)
{
    char text[SETTING_PATH_BYTES];
    cr_expect_str_eq(setting_path(setting_find("", "store"), text), "store");
    const struct setting *fields = setting_find("monitors[]", "fields");
    cr_expect_str_eq(setting_inside(fields, text), "monitors[].fields.*");
    cr_expect_str_eq(setting_inside(setting_find("", "monitors"), text), "monitors[]");
    cr_expect_str_eq(setting_range(setting_find("limits", "event_bytes"), text), "1KiB to 16MiB");
    cr_expect_str_eq(setting_range(setting_find("monitors[]", "lateness"), text), "0s to 7d");
    cr_expect_str_eq(setting_range(setting_find("limits", "depth"), text), "1 to 64");
    cr_expect_str_eq(setting_range(fields, text), "");
    cr_expect_str_eq(setting_range(setting_find("receivers[]", "slack"), text), "");
}
