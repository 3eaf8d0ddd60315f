/* Reading a document that anybody may have written.
 *
 * jansson checks the JSON; this file turns it into a baseline and refuses every key, type and
 * length that the format does not have. Whether the numbers agree with each other is check.c's
 * question. Each problem is reported with its JSON path. */
#include <stdlib.h>

#include <jansson.h>

#include "base/mem.h"
#include "baseline/baseline.h"
#include "baseline/check.h"

enum { DOCUMENT_MAX_BYTES = 256 * 1024 * 1024 };

/* Where we are in the document, for messages. */
struct reader {
    struct err *err;
    char place[128];
};

static int refuse(struct reader *reader, const char *key, const char *problem)
{
    err_set(reader->err, ERR_INVALID, "baseline document: %s", problem);
    err_place(reader->err, "%s%s%s", reader->place, reader->place[0] && key[0] ? "." : "", key);
    return ERR_INVALID;
}

/* `keys` is a space-separated list with a space at both ends. */
static int only_keys(struct reader *reader, json_t *object, const char *keys)
{
    const char *key;
    json_t *value;
    char wanted[80];
    if (!json_is_object(object))
        return refuse(reader, "", "an object is wanted");
    json_object_foreach(object, key, value)
    {
        int length = snprintf(wanted, sizeof(wanted), " %s ", key);
        if (length >= (int)sizeof(wanted) || strchr(key, ' ') || !strstr(keys, wanted))
            return refuse(reader, "", "there is a key that this format does not have");
    }
    return 0;
}

static int read_text(struct reader *reader, json_t *object, const char *key, size_t max_bytes,
                     char **ret)
{
    json_t *value = json_object_get(object, key);
    if (!json_is_string(value))
        return refuse(reader, key, "a string is wanted");
    if (json_string_length(value) > max_bytes)
        return refuse(reader, key, "the string is too long");
    *ret = mem_text(bytes_make(json_string_value(value), json_string_length(value)));
    return 0;
}

static int read_integer(struct reader *reader, json_t *object, const char *key, int64_t *ret)
{
    json_t *value = json_object_get(object, key);
    if (!json_is_integer(value))
        return refuse(reader, key, "an integer is wanted");
    *ret = json_integer_value(value);
    return 0;
}

static int read_double(struct reader *reader, json_t *object, const char *key, double *ret)
{
    json_t *value = json_object_get(object, key);
    if (!json_is_number(value))
        return refuse(reader, key, "a number is wanted");
    *ret = json_number_value(value);
    return 0;
}

static int read_integers(struct reader *reader, json_t *array, const char *key, size_t count,
                         int64_t *ret)
{
    if (!json_is_array(array) || json_array_size(array) != count)
        return refuse(reader, key, "an array of another length is wanted");
    for (size_t i = 0; i < count; i++) {
        json_t *value = json_array_get(array, i);
        if (!json_is_integer(value))
            return refuse(reader, key, "an array of integers is wanted");
        ret[i] = json_integer_value(value);
    }
    return 0;
}

static int read_doubles(struct reader *reader, json_t *array, const char *key, size_t count,
                        double *ret)
{
    if (!json_is_array(array) || json_array_size(array) != count)
        return refuse(reader, key, "an array of another length is wanted");
    for (size_t i = 0; i < count; i++) {
        json_t *value = json_array_get(array, i);
        if (!json_is_number(value))
            return refuse(reader, key, "an array of numbers is wanted");
        ret[i] = json_number_value(value);
    }
    return 0;
}

static int read_number_cells(struct reader *reader, json_t *object, struct baseline_field *field)
{
    size_t edges = json_array_size(json_object_get(object, "edges"));
    if (edges < 2 || edges > CELLS_MAX - 1)
        return refuse(reader, "edges", "2 to 1023 edges are wanted");
    field->cell_count = (uint32_t)edges + 1;
    field->edges = mem_new(edges, sizeof(*field->edges));
    field->sums = mem_new(field->cell_count, sizeof(*field->sums));
    if (read_double(reader, object, "minimum", &field->minimum) ||
        read_double(reader, object, "maximum", &field->maximum) ||
        read_double(reader, object, "mean", &field->mean) ||
        read_double(reader, object, "sd", &field->sd) ||
        read_double(reader, object, "unit", &field->unit) ||
        read_double(reader, object, "mean_reference", &field->mean_reference) ||
        read_double(reader, object, "rank_error", &field->rank_error) ||
        read_integer(reader, object, "sum", &field->sum) ||
        read_doubles(reader, json_object_get(object, "edges"), "edges", edges, field->edges))
        return ERR_INVALID;
    return read_integers(reader, json_object_get(object, "sums"), "sums", field->cell_count,
                         field->sums);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int read_others(struct reader *reader, json_t *object, struct baseline_field *field)
{
    json_t *complete = json_object_get(object, "others_complete");
    json_t *value = json_object_get(object, "others");
    size_t size = json_is_string(value) ? json_string_length(value) : 1;
    if (!json_is_boolean(complete))
        return refuse(reader, "others_complete", "true or false is wanted");
    if (size % 8 || size / 8 > BASELINE_OTHERS_MAX)
        return refuse(reader, "others", "at most 16384 times 8 hexadecimal digits are wanted");
    field->others_complete = json_is_true(complete);
    field->other_count = (uint32_t)(size / 8);
    field->others = mem_new(field->other_count, sizeof(*field->others));
    for (size_t i = 0; i < size; i++) {
        int digit = hex_digit(json_string_value(value)[i]);
        if (digit < 0)
            return refuse(reader, "others", "lower-case hexadecimal digits are wanted");
        field->others[i / 8] = field->others[i / 8] << 4 | (uint32_t)digit;
    }
    return 0;
}

static int read_levels(struct reader *reader, json_t *object, struct baseline_field *field)
{
    json_t *levels = json_object_get(object, "levels");
    size_t count = json_array_size(levels);
    if (!json_is_array(levels) || count > BASELINE_LEVELS_MAX)
        return refuse(reader, "levels", "an array of at most 255 levels is wanted");
    field->level_count = (uint32_t)count;
    field->cell_count = field->level_count + 2;
    field->levels = mem_new(count, sizeof(*field->levels));
    for (size_t i = 0; i < count; i++) {
        json_t *level = json_array_get(levels, i);
        if (!json_is_string(level) || json_string_length(level) > LEVEL_MAX_BYTES)
            return refuse(reader, "levels", "strings of at most 256 bytes are wanted");
        field->levels[i] = mem_copy(json_string_value(level));
    }
    if (read_integer(reader, object, "singletons", &field->singletons) ||
        read_integer(reader, object, "doubletons", &field->doubletons) ||
        read_integer(reader, object, "distinct", &field->distinct))
        return ERR_INVALID;
    return read_others(reader, object, field);
}

static int read_effect(struct reader *reader, json_t *object, struct design_effect *effect)
{
    int64_t windows = 0;
    if (only_keys(reader, object, " window_ms windows components rest missing ") ||
        read_integer(reader, object, "window_ms", &effect->window_ms) ||
        read_integer(reader, object, "windows", &windows) ||
        read_doubles(reader, json_object_get(object, "components"), "components", 4,
                     effect->components) ||
        read_double(reader, object, "rest", &effect->rest) ||
        read_double(reader, object, "missing", &effect->missing))
        return ERR_INVALID;
    if (windows < 0 || windows > UINT32_MAX)
        return refuse(reader, "windows", "the number of windows is out of range");
    effect->windows = (uint32_t)windows;
    return 0;
}

static int read_effects(struct reader *reader, json_t *object, struct baseline_field *field)
{
    json_t *effects = json_object_get(object, "effects");
    size_t count = json_array_size(effects);
    if (!json_is_array(effects) || count > BASELINE_EFFECTS_MAX)
        return refuse(reader, "effects", "an array of at most 8 is wanted");
    field->effect_count = (uint32_t)count;
    for (size_t i = 0; i < count; i++) {
        if (read_effect(reader, json_array_get(effects, i), &field->effects[i]))
            return ERR_INVALID;
    }
    return 0;
}

static int read_kind(struct reader *reader, json_t *object, struct baseline_field *field)
{
    const char *type = json_string_value(json_object_get(object, "type"));
    const char *role = json_string_value(json_object_get(object, "role"));
    if (!type || !field_type_parse(bytes_of(type), &field->type))
        return refuse(reader, "type", "number, integer, category or boolean is wanted");
    if (!role || !field_role_parse(bytes_of(role), &field->role))
        return refuse(reader, "role", "feature, prediction, label or segment is wanted");
    return 0;
}

#define FIELD_KEYS  " name path type role valid missing invalid counts effects "
#define NUMBER_KEYS "minimum maximum mean sd unit mean_reference sum rank_error edges sums "
#define LEVEL_KEYS  "singletons doubletons distinct others_complete others levels "

static int read_field(struct reader *reader, json_t *object, struct baseline_field *field)
{
    bool number;
    if (read_kind(reader, object, field))
        return ERR_INVALID;
    number = field->type == FIELD_NUMBER || field->type == FIELD_INTEGER;
    if (only_keys(reader, object, number ? FIELD_KEYS NUMBER_KEYS : FIELD_KEYS LEVEL_KEYS) ||
        read_text(reader, object, "name", NAME_MAX_BYTES, &field->name) ||
        read_text(reader, object, "path", PATH_MAX_BYTES, &field->path) ||
        read_integer(reader, object, "valid", &field->valid) ||
        read_integer(reader, object, "missing", &field->missing) ||
        read_integer(reader, object, "invalid", &field->invalid) ||
        (number ? read_number_cells(reader, object, field) : read_levels(reader, object, field)))
        return ERR_INVALID;
    field->counts = mem_new(field->cell_count, sizeof(*field->counts));
    if (read_integers(reader, json_object_get(object, "counts"), "counts", field->cell_count,
                      field->counts))
        return ERR_INVALID;
    return read_effects(reader, object, field);
}

static int read_coarse(struct reader *reader, json_t *array, size_t rows, int64_t *ret)
{
    if (!json_is_array(array) || json_array_size(array) != rows)
        return refuse(reader, "coarse", "an array for each value and field is wanted");
    for (size_t i = 0; i < rows; i++) {
        json_t *row = json_array_get(array, i);
        size_t count = json_array_size(row);
        if (count > BASELINE_COARSE_CELLS)
            return refuse(reader, "coarse", "at most 32 cells are wanted");
        if (read_integers(reader, row, "coarse", count, ret + i * BASELINE_COARSE_CELLS))
            return ERR_INVALID;
    }
    return 0;
}

static int read_segment(struct reader *reader, json_t *object, const struct baseline *baseline,
                        struct baseline_segment *segment)
{
    if (only_keys(reader, object, " field rows missing coarse "))
        return ERR_INVALID;
    const char *name = json_string_value(json_object_get(object, "field"));
    int field = name ? baseline_find(baseline, bytes_of(name)) : -1;
    if (field < 0)
        return refuse(reader, "field", "the name of a field is wanted");
    size_t values = json_array_size(json_object_get(object, "rows"));
    if (values < 1 || values > BASELINE_SEGMENT_VALUES_MAX + 1)
        return refuse(reader, "rows", "an array of 1 to 51 counts is wanted");
    size_t cells = values * baseline->field_count;
    segment->field = (uint32_t)field;
    segment->value_count = (uint32_t)values - 1;
    segment->rows = mem_new(values, sizeof(*segment->rows));
    segment->missing = mem_new(cells, sizeof(*segment->missing));
    segment->coarse = mem_new(cells * BASELINE_COARSE_CELLS, sizeof(*segment->coarse));
    if (read_integers(reader, json_object_get(object, "rows"), "rows", values, segment->rows) ||
        read_integers(reader, json_object_get(object, "missing"), "missing", cells,
                      segment->missing))
        return ERR_INVALID;
    return read_coarse(reader, json_object_get(object, "coarse"), cells, segment->coarse);
}

static int read_lists(struct reader *reader, json_t *root, struct baseline *baseline)
{
    json_t *fields = json_object_get(root, "fields");
    json_t *segments = json_object_get(root, "segments");
    if (!json_is_array(fields) || json_array_size(fields) > BASELINE_FIELDS_MAX)
        return refuse(reader, "fields", "an array of at most 512 fields is wanted");
    if (!json_is_array(segments) || json_array_size(segments) > BASELINE_SEGMENTS_MAX)
        return refuse(reader, "segments", "an array of at most 2 segments is wanted");
    size_t count = json_array_size(fields);
    baseline->fields = mem_new(count, sizeof(*baseline->fields));
    for (size_t i = 0; i < count; i++) {
        snprintf(reader->place, sizeof(reader->place), "fields[%zu]", i);
        baseline->field_count = (uint32_t)i + 1;
        if (read_field(reader, json_array_get(fields, i), &baseline->fields[i]))
            return ERR_INVALID;
    }
    count = json_array_size(segments);
    for (size_t i = 0; i < count; i++) {
        snprintf(reader->place, sizeof(reader->place), "segments[%zu]", i);
        baseline->segment_count = (uint32_t)i + 1;
        if (read_segment(reader, json_array_get(segments, i), baseline, &baseline->segments[i]))
            return ERR_INVALID;
    }
    reader->place[0] = '\0';
    return 0;
}

static int read_times(struct reader *reader, json_t *root, struct baseline *baseline)
{
    baseline->has_times = json_object_get(root, "first_ms") || json_object_get(root, "last_ms");
    if (!baseline->has_times)
        return 0;
    if (read_integer(reader, root, "first_ms", &baseline->first.ms))
        return ERR_INVALID;
    return read_integer(reader, root, "last_ms", &baseline->last.ms);
}

static int read_head(struct reader *reader, json_t *root, struct baseline *baseline)
{
    int64_t format = 0, version = 0;
    char *created __attribute__((cleanup(mem_cleanup))) = NULL;
    json_t *provenance = json_object_get(root, "provenance");
    if (only_keys(reader, root,
                  " leeway_baseline name version hash created rows first_ms last_ms provenance "
                  "fields segments "))
        return ERR_INVALID;
    if (read_integer(reader, root, "leeway_baseline", &format))
        return ERR_INVALID;
    if (format != 1)
        return refuse(reader, "leeway_baseline", "this program reads format 1");
    if (read_text(reader, root, "name", NAME_MAX_BYTES, &baseline->name) ||
        read_integer(reader, root, "version", &version) ||
        read_text(reader, root, "created", sizeof(baseline->created) - 1, &created) ||
        read_integer(reader, root, "rows", &baseline->rows))
        return ERR_INVALID;
    if (version < 0 || version > UINT32_MAX)
        return refuse(reader, "version", "0 to 4294967295 is wanted");
    if (!json_is_object(provenance))
        return refuse(reader, "provenance", "an object is wanted");
    baseline->version = (uint32_t)version;
    memcpy(baseline->created, created, strlen(created) + 1);
    char *text = json_dumps(provenance, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII);
    baseline->provenance = text ? text : mem_copy("{}");
    return read_times(reader, root, baseline);
}

static int read_hash(struct reader *reader, json_t *root, struct baseline *baseline)
{
    json_t *hash = json_object_get(root, "hash");
    baseline_seal(baseline);
    if (!hash)
        return 0;
    if (!json_is_string(hash))
        return refuse(reader, "hash", "a string is wanted");
    if (json_string_length(hash) && strcmp(json_string_value(hash), baseline->hash) != 0) {
        refuse(reader, "hash", "the content does not have this hash");
        err_hint(reader->err, "The document was changed after it was made; remove \"hash\" if "
                              "that was on purpose.");
        return ERR_INVALID;
    }
    return 0;
}

static struct baseline *read_document(json_t *root, struct err *reterr)
{
    struct reader reader = {.err = reterr};
    struct baseline *baseline = mem_new(1, sizeof(*baseline));
    if (read_head(&reader, root, baseline) || read_lists(&reader, root, baseline) ||
        baseline_check(baseline, reterr) || read_hash(&reader, root, baseline)) {
        baseline_free(baseline);
        return NULL;
    }
    return baseline;
}

struct baseline *baseline_parse(struct bytes document, struct err *reterr)
{
    json_error_t error;
    if (document.size > DOCUMENT_MAX_BYTES) {
        err_set(reterr, ERR_LIMIT, "baseline document: larger than 256 MiB");
        return NULL;
    }
    json_t *root = json_loadb(document.data ? document.data : "", document.size,
                              JSON_REJECT_DUPLICATES, &error);
    if (!root) {
        err_set(reterr, ERR_INVALID, "baseline document: not JSON: %s", error.text);
        err_place(reterr, "line %d column %d", error.line, error.column);
        return NULL;
    }
    struct baseline *baseline = read_document(root, reterr);
    json_decref(root);
    return baseline;
}
