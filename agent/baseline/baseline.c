/* The baseline in memory: names of its enums, look-ups and what others derive from it.
 *
 * Assumes a baseline that was built or parsed, that is, one whose invariants hold. Knows nothing of
 * how it is written or made. */
#include "baseline/baseline.h"

#include <stdlib.h>

#include "base/mem.h"

static const char *const type_names[] = {"number", "integer", "category", "boolean"};
static const char *const role_names[] = {"feature", "prediction", "label", "segment"};

static int name_index(const char *const *names, struct bytes name)
{
    for (int i = 0; i < 4; i++) {
        if (bytes_equal(bytes_of(names[i]), name))
            return i;
    }
    return -1;
}

const char *field_type_name(enum field_type type)
{
    return type_names[type];
}

bool field_type_parse(struct bytes name, enum field_type *ret_type)
{
    int index = name_index(type_names, name);
    if (index >= 0)
        *ret_type = (enum field_type)index;
    return index >= 0;
}

const char *field_role_name(enum field_role role)
{
    return role_names[role];
}

bool field_role_parse(struct bytes name, enum field_role *ret_role)
{
    int index = name_index(role_names, name);
    if (index >= 0)
        *ret_role = (enum field_role)index;
    return index >= 0;
}

bool baseline_name_valid(struct bytes name)
{
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!letter && (i == 0 || (c != '_' && c != '.' && c != '-')))
            return false;
    }
    return name.size >= 1 && name.size <= NAME_MAX_BYTES;
}

static void field_release(struct baseline_field *field)
{
    for (uint32_t i = 0; field->levels && i < field->level_count; i++)
        free(field->levels[i]);
    free(field->levels);
    free(field->others);
    free(field->name);
    free(field->path);
    free(field->edges);
    free(field->sums);
    free(field->counts);
}

void baseline_free(struct baseline *baseline)
{
    if (!baseline)
        return;
    for (uint32_t i = 0; baseline->fields && i < baseline->field_count; i++)
        field_release(&baseline->fields[i]);
    for (uint32_t i = 0; i < BASELINE_SEGMENTS_MAX; i++) {
        free(baseline->segments[i].rows);
        free(baseline->segments[i].coarse);
        free(baseline->segments[i].missing);
    }
    free(baseline->fields);
    free(baseline->provenance);
    free(baseline->name);
    free(baseline);
}

int baseline_find(const struct baseline *baseline, struct bytes name)
{
    for (uint32_t i = 0; i < baseline->field_count; i++) {
        if (bytes_equal(bytes_of(baseline->fields[i].name), name))
            return (int)i;
    }
    return -1;
}

struct cells baseline_cells(const struct baseline_field *field)
{
    return (struct cells){.count = field->cell_count, .edges = field->edges};
}

uint32_t baseline_coarse_map(const struct baseline_field *field, uint32_t *ret_map)
{
    const uint32_t levels_alone = BASELINE_COARSE_CELLS - 2;
    if (field->type == FIELD_NUMBER || field->type == FIELD_INTEGER)
        return cells_group(field->counts, field->cell_count, BASELINE_COARSE_CELLS, ret_map);
    uint32_t together = field->level_count < levels_alone ? field->level_count : levels_alone;
    for (uint32_t i = 0; i < field->cell_count; i++)
        ret_map[i] = i < together ? i : together;
    ret_map[field->cell_count - 1] = together + 1;
    return together + 2;
}

static void effect_scale(double *effect, double share)
{
    *effect = 1 + (*effect - 1) * share;
}

struct design_effect baseline_effect(const struct baseline_field *field, int64_t window_ms)
{
    struct design_effect effect = {
        .window_ms = window_ms, .components = {1, 1, 1, 1}, .rest = 1, .missing = 1};
    for (uint32_t i = 0; i < field->effect_count; i++) {
        if (field->effects[i].window_ms >= window_ms)
            return field->effects[i];
    }
    if (field->effect_count == 0)
        return effect;
    effect = field->effects[field->effect_count - 1];
    double share = (double)window_ms / (double)effect.window_ms;
    for (int j = 0; j < 4; j++)
        effect_scale(&effect.components[j], share);
    effect_scale(&effect.rest, share);
    effect_scale(&effect.missing, share);
    return effect;
}

uint32_t other_hash(struct bytes canonical)
{
    uint32_t hash = UINT32_C(2166136261);
    for (size_t i = 0; i < canonical.size; i++)
        hash = (hash ^ (unsigned char)canonical.data[i]) * UINT32_C(16777619);
    return hash;
}

bool baseline_is_other(const struct baseline_field *field, struct bytes canonical)
{
    if (!field->others_complete)
        return true;
    uint32_t hash = other_hash(canonical);
    uint32_t low = 0, high = field->other_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (field->others[middle] < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return low < field->other_count && field->others[low] == hash;
}
