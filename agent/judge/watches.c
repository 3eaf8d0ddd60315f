/* A short sorted list of versions, each with an array of watches. An agent follows a handful of
 * versions at a time. */
#include "judge/watches.h"

#include <stdlib.h>
#include <string.h>

static void version_release(struct watched_version *version)
{
    for (uint32_t i = 0; i < version->field_count; i++)
        free(version->fields[i]);
    free(version->fields);
    free(version->name);
}

void watches_release(struct watches *watches)
{
    for (uint32_t i = 0; i < watches->count; i++)
        version_release(&watches->versions[i]);
    free(watches->versions);
    *watches = (struct watches){0};
}

/* Another number of fields is another baseline: nothing that was seen counts. */
static void resize_fields(struct watched_version *version, uint32_t field_count)
{
    if (version->field_count == field_count)
        return;
    for (uint32_t i = 0; i < version->field_count; i++)
        free(version->fields[i]);
    free(version->fields);
    version->fields = mem_new(field_count, sizeof(*version->fields));
    version->field_count = field_count;
}

struct watched_version *watches_at(struct watches *watches, const char *name, uint32_t field_count)
{
    uint32_t at = 0;
    while (at < watches->count && strcmp(watches->versions[at].name, name) < 0)
        at++;
    if (at == watches->count || strcmp(watches->versions[at].name, name) != 0) {
        watches->versions =
            mem_resize(watches->versions, watches->count + 1, sizeof *watches->versions);
        struct watched_version *version = &watches->versions[at];
        memmove(version + 1, version, (watches->count - at) * sizeof *version);
        watches->count++;
        *version = (struct watched_version){.name = mem_copy(name)};
    }
    resize_fields(&watches->versions[at], field_count);
    return &watches->versions[at];
}

const struct watch *watches_find(const struct watches *watches, const char *name, uint32_t field)
{
    for (uint32_t i = 0; i < watches->count; i++)
        if (!strcmp(watches->versions[i].name, name))
            return field < watches->versions[i].field_count ? watches->versions[i].fields[field]
                                                            : NULL;
    return NULL;
}

void watches_prune(struct watches *watches, int64_t before_ms)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < watches->count; i++) {
        if (watches->versions[i].end_ms < before_ms)
            version_release(&watches->versions[i]);
        else
            watches->versions[kept++] = watches->versions[i];
    }
    watches->count = kept;
}

/* ---- text ---- */

static json_t *version_to_json(const struct watched_version *version)
{
    json_t *fields = json_array();
    struct text text = {0};
    for (uint32_t i = 0; i < version->field_count; i++) {
        text_clear(&text);
        if (version->fields[i])
            watch_format(version->fields[i], &text);
        json_array_append_new(fields, json_stringn(text.size ? text.data : "", text.size));
    }
    text_release(&text);
    return json_pack("[I,i,o]", (json_int_t)version->end_ms, (int)version->version_count, fields);
}

json_t *watches_to_json(const struct watches *watches)
{
    json_t *object = json_object();
    for (uint32_t i = 0; i < watches->count; i++)
        json_object_set_new(object, watches->versions[i].name,
                            version_to_json(&watches->versions[i]));
    return object;
}

static bool parse_field(const json_t *json, struct watch **ret_watch)
{
    const char *text = json_string_value(json);
    if (!text || !json_string_length(json))
        return text != NULL;
    struct watch *watch = mem_new(1, sizeof *watch);
    *ret_watch = watch;
    return watch_parse(bytes_make(text, json_string_length(json)), watch);
}

static bool parse_version(const json_t *json, const char *name, struct watches *watches)
{
    json_int_t end_ms;
    int version_count;
    json_t *fields;
    if (json_unpack((json_t *)(uintptr_t)json, "[I,i,o!]", &end_ms, &version_count, &fields) != 0 ||
        !json_is_array(fields) || version_count < 1 || json_array_size(fields) > UINT16_MAX)
        return false;
    struct watched_version *version = watches_at(watches, name, (uint32_t)json_array_size(fields));
    version->end_ms = end_ms;
    version->version_count = (uint32_t)version_count;
    for (uint32_t i = 0; i < version->field_count; i++)
        if (!parse_field(json_array_get(fields, i), &version->fields[i]))
            return false;
    return true;
}

int watches_from_json(const json_t *json, struct watches *ret_watches, struct err *reterr)
{
    struct watches watches = {0};
    const char *name;
    json_t *value;
    bool good = json_is_object(json);
    json_object_foreach((json_t *)(uintptr_t)json, name, value)
    {
        good = good && parse_version(value, name, &watches);
    }
    if (!good) {
        watches_release(&watches);
        return err_set(reterr, ERR_INVALID, "judge state is damaged");
    }
    *ret_watches = watches;
    return 0;
}
