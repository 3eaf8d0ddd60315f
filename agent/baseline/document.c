/* The baseline as text: one writer for the document and for what its hash is taken over.
 *
 * The text must be the same to the byte wherever it is made, so numbers are printed by their
 * shortest form that reads back, keys stand in a fixed order, and arrays are wrapped by count. The
 * hash is SHA-256 of the same text without name, version, hash and creation time. */
#include <stdlib.h>

#include <jansson.h>

#include "base/mem.h"
#include "baseline/baseline.h"
#include "baseline/text.h"

enum { NUMBERS_A_LINE = 16, NUMBERS_INDENT = 8 };

static void put_key(struct text *text, const char *key)
{
    text_printf(text, ",\n      \"%s\": ", key);
}

static void put_integer(struct text *text, const char *key, int64_t number)
{
    put_key(text, key);
    text_printf(text, "%lld", (long long)number);
}

static void put_double(struct text *text, const char *key, double number)
{
    put_key(text, key);
    text_double(text, number);
}

static void put_separator(struct text *text, size_t index)
{
    if (index == 0)
        return;
    text_puts(text, index % NUMBERS_A_LINE ? ", " : ",\n");
    if (index % NUMBERS_A_LINE == 0)
        text_printf(text, "%*s", NUMBERS_INDENT, "");
}

static void put_integers(struct text *text, const int64_t *numbers, size_t count)
{
    text_puts(text, "[");
    for (size_t i = 0; i < count; i++) {
        put_separator(text, i);
        text_printf(text, "%lld", (long long)numbers[i]);
    }
    text_puts(text, "]");
}

static void put_doubles(struct text *text, const double *numbers, size_t count)
{
    text_puts(text, "[");
    for (size_t i = 0; i < count; i++) {
        put_separator(text, i);
        text_double(text, numbers[i]);
    }
    text_puts(text, "]");
}

static void format_number(struct text *text, const struct baseline_field *field)
{
    put_double(text, "minimum", field->minimum);
    put_double(text, "maximum", field->maximum);
    put_double(text, "mean", field->mean);
    put_double(text, "sd", field->sd);
    put_double(text, "unit", field->unit);
    put_double(text, "mean_reference", field->mean_reference);
    put_integer(text, "sum", field->sum);
    put_double(text, "rank_error", field->rank_error);
    put_key(text, "edges");
    put_doubles(text, field->edges, field->cell_count - 1);
    put_key(text, "sums");
    put_integers(text, field->sums, field->cell_count);
}

static void format_category(struct text *text, const struct baseline_field *field)
{
    put_integer(text, "singletons", field->singletons);
    put_integer(text, "doubletons", field->doubletons);
    put_integer(text, "distinct", field->distinct);
    put_key(text, "others_complete");
    text_puts(text, field->others_complete ? "true" : "false");
    put_key(text, "others");
    text_puts(text, "\"");
    for (uint32_t i = 0; i < field->other_count; i++)
        text_printf(text, "%08x", field->others[i]);
    text_puts(text, "\"");
    put_key(text, "levels");
    text_puts(text, "[");
    for (uint32_t i = 0; i < field->level_count; i++) {
        text_printf(text, "%s\n%*s", i ? "," : "", NUMBERS_INDENT, "");
        text_json(text, bytes_of(field->levels[i]));
    }
    text_puts(text, "]");
}

static void format_effects(struct text *text, const struct baseline_field *field)
{
    put_key(text, "effects");
    text_puts(text, "[");
    for (uint32_t i = 0; i < field->effect_count; i++) {
        const struct design_effect *effect = &field->effects[i];
        text_printf(text,
                    "%s\n%*s{\"window_ms\": %lld, \"windows\": %u, \"components\": ", i ? "," : "",
                    NUMBERS_INDENT, "", (long long)effect->window_ms, effect->windows);
        put_doubles(text, effect->components, 4);
        text_puts(text, ", \"rest\": ");
        text_double(text, effect->rest);
        text_puts(text, ", \"missing\": ");
        text_double(text, effect->missing);
        text_puts(text, "}");
    }
    text_puts(text, "]");
}

static void format_field(struct text *text, const struct baseline_field *field)
{
    text_puts(text, "    {\n      \"name\": ");
    text_json(text, bytes_of(field->name));
    put_key(text, "path");
    text_json(text, bytes_of(field->path));
    put_key(text, "type");
    text_printf(text, "\"%s\"", field_type_name(field->type));
    put_key(text, "role");
    text_printf(text, "\"%s\"", field_role_name(field->role));
    put_integer(text, "valid", field->valid);
    put_integer(text, "missing", field->missing);
    put_integer(text, "invalid", field->invalid);
    if (field->type == FIELD_NUMBER || field->type == FIELD_INTEGER)
        format_number(text, field);
    else
        format_category(text, field);
    put_key(text, "counts");
    put_integers(text, field->counts, field->cell_count);
    format_effects(text, field);
    text_puts(text, "\n    }");
}

/* Trailing zeros are left out: most values of a segment fill few cells. */
static void format_coarse(struct text *text, const int64_t *coarse)
{
    size_t count = BASELINE_COARSE_CELLS;
    while (count && coarse[count - 1] == 0)
        count--;
    text_puts(text, "[");
    for (size_t i = 0; i < count; i++)
        text_printf(text, "%s%lld", i ? ", " : "", (long long)coarse[i]);
    text_puts(text, "]");
}

static void format_segment(struct text *text, const struct baseline *baseline,
                           const struct baseline_segment *segment)
{
    size_t values = (size_t)segment->value_count + 1;
    text_puts(text, "    {\n      \"field\": ");
    text_json(text, bytes_of(baseline->fields[segment->field].name));
    put_key(text, "rows");
    put_integers(text, segment->rows, values);
    put_key(text, "missing");
    put_integers(text, segment->missing, values * baseline->field_count);
    put_key(text, "coarse");
    text_puts(text, "[");
    for (size_t i = 0; i < values * baseline->field_count; i++) {
        text_printf(text, "%s\n%*s", i ? "," : "", NUMBERS_INDENT, "");
        format_coarse(text, segment->coarse + i * BASELINE_COARSE_CELLS);
    }
    text_puts(text, "]\n    }");
}

/* One form for the same object, however it was written. Anything but an object is an empty one. */
static void format_provenance(struct text *text, const char *provenance)
{
    json_t *object = provenance ? json_loads(provenance, JSON_REJECT_DUPLICATES, NULL) : NULL;
    char *canonical = json_is_object(object)
                          ? json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII)
                          : NULL;
    text_puts(text, canonical ? canonical : "{}");
    free(canonical);
    json_decref(object);
}

static void format_content(struct text *text, const struct baseline *baseline)
{
    text_printf(text, "  \"rows\": %lld", (long long)baseline->rows);
    if (baseline->has_times)
        text_printf(text, ",\n  \"first_ms\": %lld,\n  \"last_ms\": %lld",
                    (long long)baseline->first.ms, (long long)baseline->last.ms);
    text_puts(text, ",\n  \"provenance\": ");
    format_provenance(text, baseline->provenance);
    text_puts(text, ",\n  \"fields\": [");
    for (uint32_t i = 0; i < baseline->field_count; i++) {
        text_puts(text, i ? ",\n" : "\n");
        format_field(text, &baseline->fields[i]);
    }
    text_puts(text, "],\n  \"segments\": [");
    for (uint32_t i = 0; i < baseline->segment_count; i++) {
        text_puts(text, i ? ",\n" : "\n");
        format_segment(text, baseline, &baseline->segments[i]);
    }
    text_puts(text, "]\n");
}

void baseline_seal(struct baseline *baseline)
{
    struct text text = {0};
    format_content(&text, baseline);
    hash_sha256(bytes_make(text.data, text.size), baseline->hash);
    text_release(&text);
}

char *baseline_format(const struct baseline *baseline)
{
    struct text text = {0};
    text_puts(&text, "{\n  \"leeway_baseline\": 1,\n  \"name\": ");
    text_json(&text, bytes_of(baseline->name));
    text_printf(&text, ",\n  \"version\": %u,\n  \"hash\": ", baseline->version);
    text_json(&text, bytes_of(baseline->hash));
    text_puts(&text, ",\n  \"created\": ");
    text_json(&text, bytes_of(baseline->created));
    text_puts(&text, ",\n");
    format_content(&text, baseline);
    text_puts(&text, "}\n");
    return text.data;
}
