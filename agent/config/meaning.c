/* The canonical rendering behind config.hash and config_monitor_hash.
 *
 * Made from the structs and not from the file, so that what means the same is the same: 60m and 1h,
 * a default that is written out, any order of keys. Numbers are rendered as their bits, since
 * decimal digits depend on who prints them. */
#include "config/meaning.h"

#include <inttypes.h>
#include <stdlib.h>

static const void *member(const void *base, size_t offset)
{
    return (const char *)base + offset;
}

static void add_text(struct text *text, const char *value)
{
    if (value)
        text_printf(text, "%zu:%s;", strlen(value), value);
    else
        text_puts(text, "-;");
}

static void add_file(struct text *text, const char *path, struct bytes directory)
{
    bool inside = path && directory.size && strlen(path) > directory.size &&
                  memcmp(path, directory.data, directory.size) == 0;
    add_text(text, inside ? path + directory.size : path);
}

static void add_number(struct text *text, double value)
{
    uint64_t bits;
    value += 0.0; /* -0 becomes 0 */
    memcpy(&bits, &value, sizeof bits);
    text_printf(text, "%016" PRIx64 ";", bits);
}

static void add_store(struct text *text, const char *url, struct bytes directory)
{
    const size_t scheme = strlen("sqlite:");
    if (strncmp(url, "sqlite:", scheme) != 0) {
        add_text(text, url);
        return;
    }
    text_puts(text, "sqlite:");
    add_file(text, url + scheme, directory);
}

static void add_scalar(struct text *text, const struct setting *setting, const void *base,
                       struct bytes directory)
{
    const void *target = member(base, setting->offset);
    switch (setting->kind) {
    case KIND_BOOL:
        text_puts(text, *(const bool *)target ? "1;" : "0;");
        break;
    case KIND_NUMBER:
        if (setting->extra && !*(const bool *)member(base, setting->extra))
            text_puts(text, "-;");
        else
            add_number(text, *(const double *)target);
        break;
    case KIND_CHOICE:
    case KIND_INTEGER:
    case KIND_SIZE:
    case KIND_DURATION:
        if (setting->width == sizeof(uint32_t))
            text_printf(text, "%" PRIu32 ";", *(const uint32_t *)target);
        else
            text_printf(text, "%" PRId64 ";", *(const int64_t *)target);
        break;
    case KIND_RATE:
        text_printf(text, "%" PRIu32 "/%" PRId64 ";", *(const uint32_t *)target,
                    *(const int64_t *)member(base, setting->extra));
        break;
    case KIND_FILE:
        add_file(text, *(const char *const *)target, directory);
        break;
    case KIND_STORE:
        add_store(text, *(const char *const *)target, directory);
        break;
    default:
        add_text(text, *(const char *const *)target);
    }
}

/* Orders elements by the text that their structs begin with. */
static int compare_names(const void *a, const void *b)
{
    const char *const *left = *(const char *const *const *)a;
    const char *const *right = *(const char *const *const *)b;
    return strcmp(*left, *right);
}

/* Pointers to the `count` elements of `width` bytes, sorted if wanted. Caller frees. */
static const void **elements_of(const void *items, uint32_t count, size_t width, bool sorted)
{
    const void **elements = mem_new(count, sizeof *elements);
    for (uint32_t i = 0; i < count; i++)
        elements[i] = member(items, i * width);
    if (sorted && count)
        qsort(elements, count, sizeof *elements, compare_names);
    return elements;
}

static void add_list(struct text *text, const struct setting *setting, const void *items,
                     uint32_t count, struct bytes directory)
{
    bool durations = setting->kind == KIND_DURATION;
    size_t width = durations ? sizeof(int64_t) : sizeof(const char *);
    struct setting scalar = *setting;
    scalar.offset = 0;
    const void **elements = elements_of(items, count, width, setting->flags & SETTING_SET);
    for (uint32_t i = 0; i < count; i++)
        add_scalar(text, &scalar, elements[i], directory);
    free(elements);
}

static void add_elements(struct text *text, const struct setting *setting, const void *items,
                         uint32_t count, unsigned flags, struct bytes directory)
{
    char inside[SETTING_PATH_BYTES];
    const void **elements = elements_of(items, count, setting->element, true);
    setting_inside(setting, inside);
    for (uint32_t i = 0; i < count; i++) {
        add_text(text, *(const char *const *)elements[i]);
        if (setting->kind == KIND_PAIRS)
            add_text(text, ((const char *const *)elements[i])[1]);
        else
            meaning_add(text, inside, elements[i], flags, directory);
    }
    free(elements);
}

static void add_setting(struct text *text, const struct setting *setting, const void *base,
                        unsigned flags, struct bytes directory)
{
    char path[SETTING_PATH_BYTES];
    bool list = setting->flags & SETTING_LIST || setting->kind == KIND_URL;
    if (setting->kind == KIND_SECTION) {
        meaning_add(text, setting_inside(setting, path), member(base, setting->offset), flags,
                    directory);
        return;
    }
    if (setting->kind == KIND_VARIANT) {
        if (*(const unsigned *)member(base, setting->offset) == (unsigned)setting->minimum)
            meaning_add(text, setting_inside(setting, path), base, flags, directory);
        return;
    }
    text_printf(text, "%s=", setting_path(setting, path));
    if (!list && setting->kind < KIND_SECTION) {
        add_scalar(text, setting, base, directory);
    } else {
        const void *items = *(const void *const *)member(base, setting->offset);
        uint32_t count = *(const uint32_t *)member(base, setting->extra);
        text_printf(text, "%" PRIu32 ";", count);
        if (list)
            add_list(text, setting, items, count, directory);
        else
            add_elements(text, setting, items, count, flags, directory);
    }
    text_puts(text, "\n");
}

void meaning_add(struct text *text, const char *section, const void *base, unsigned flags,
                 struct bytes directory)
{
    for (uint32_t i = 0; i < settings_count; i++) {
        const struct setting *setting = &settings_table[i];
        if (strcmp(setting->section, section) == 0 && (setting->flags & flags) == flags)
            add_setting(text, setting, base, flags, directory);
    }
}
