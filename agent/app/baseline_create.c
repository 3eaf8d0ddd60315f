/* `leeway baseline create`: two passes over a file, one document.
 *
 * Everything about the file is said once at the end: rows, what was left out and why. Nothing is
 * stored if anything failed. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "app/baseline_command.h"
#include "app/mapping.h"
#include "app/options.h"
#include "app/setup.h"
#include "app/visible.h"
#include "sys/file.h"

#define USAGE "leeway baseline create --name NAME --file FILE [OPTIONS]"
#define ABOUT                                                                                      \
    "Makes a baseline from training data: CSV with a header, or NDJSON events as they are sent "   \
    "(- is standard input). With --config and --monitor the fields are those of the monitor; "     \
    "otherwise every key under /features, or every column."

enum { PROGRESS_ROWS = 1 << 14 };

struct create {
    const char *name, *file, *config_path, *monitor_name, *features, *time_path;
    const char *since_text, *until_text, *store_url, *output;
    struct option_values fields, predictions, labels, segments, missing;
    bool promote, no_promote;
    /* Derived. */
    char own_name[NAME_MAX_BYTES + 1];
    bool has_since, has_until;
    struct event_time since, until;
    struct config *config;
    const struct config_monitor *monitor;
    struct input *input;
    struct mapping mapping;
    int *slots;    /* of each field */
    int time_slot; /* -1: none */
    int *match_slots;
    struct builder_value *values; /* of the row, in order of the fields */
    /* Counted in the second pass. */
    int64_t rejected, outside, unmatched, untimed;
    char first_reason[64];
};

static int usage_error(const char *problem)
{
    fprintf(stderr, "leeway: %s\nusage: %s\n", problem, USAGE);
    return EXIT_USAGE;
}

static int parse_options(struct create *create, int argc, char **argv)
{
    struct option_values words = {0};
    const struct option options[] = {
        {"name", 'n', OPTION_TEXT, &create->name, "NAME", "of the baseline"},
        {"file", 'f', OPTION_TEXT, &create->file, "FILE", "CSV or NDJSON; - is standard input"},
        {"config", 'c', OPTION_TEXT, &create->config_path, "FILE", "configuration to map by"},
        {"monitor", 'm', OPTION_TEXT, &create->monitor_name, "NAME", "monitor in it"},
        {"features", 0, OPTION_TEXT, &create->features, "/PATH/*",
         "object whose keys are features"},
        {"field", 0, OPTION_LIST, &create->fields, "NAME=/PATH[:TYPE]", "one field (repeatable)"},
        {"time", 0, OPTION_TEXT, &create->time_path, "PATH", "of the event time"},
        {"prediction", 0, OPTION_LIST, &create->predictions, "PATH",
         "of a prediction (repeatable)"},
        {"label", 0, OPTION_LIST, &create->labels, "PATH", "of the label"},
        {"segment", 0, OPTION_LIST, &create->segments, "NAME", "field to segment by (at most 2)"},
        {"missing", 0, OPTION_LIST, &create->missing, "TEXT",
         "CSV text for a missing value, e.g. NA"},
        {"since", 0, OPTION_TEXT, &create->since_text, "TIME", "only events at or after it"},
        {"until", 0, OPTION_TEXT, &create->until_text, "TIME", "only events before it"},
        {"store", 0, OPTION_TEXT, &create->store_url, "URL", "where to (default sqlite:leeway.db)"},
        {"output", 'o', OPTION_TEXT, &create->output, "FILE", "write the document there instead"},
        {"promote", 0, OPTION_FLAG, &create->promote, NULL, "make it the one in use (default)"},
        {"no-promote", 0, OPTION_FLAG, &create->no_promote, NULL, "do not"},
        {.name = NULL}};
    int code = options_parse(argc, argv, USAGE, ABOUT, options, &words);
    if (code >= 0)
        return code;
    if (words.count)
        return usage_error("there is a word too many");
    if (!create->file)
        return usage_error("which file? --file is wanted");
    if (create->promote && create->no_promote)
        return usage_error("--promote and --no-promote contradict each other");
    if (!create->config_path != !create->monitor_name)
        return usage_error("--config and --monitor go together");
    create->has_since = create->since_text != NULL;
    create->has_until = create->until_text != NULL;
    if ((create->has_since && !event_time_parse(bytes_of(create->since_text), &create->since)) ||
        (create->has_until && !event_time_parse(bytes_of(create->until_text), &create->until)))
        return usage_error("--since and --until take a time such as 2026-11-23T06:00:00Z");
    return -1;
}

/* The monitor, and the baseline's name if it was not given. */
static int find_monitor(struct create *create)
{
    uint32_t version;
    struct err err = {0};
    if (create->config_path) {
        create->config = setup_config(create->config_path);
        if (!create->config)
            return EXIT_FAILED;
        create->monitor = config_monitor_find(create->config, create->monitor_name);
        if (!create->monitor) {
            err_set(&err, ERR_NOT_FOUND, "%s has no monitor %s", create->config_path,
                    create->monitor_name);
            return baseline_fail(&err);
        }
        if (!create->name && create->monitor->baseline) {
            if (baseline_reference(create->monitor->baseline, create->own_name, &version, &err))
                return baseline_fail(&err);
            create->name = create->own_name;
        }
        if (!create->store_url && !create->output)
            create->store_url = create->config->store;
    }
    if (!create->name || !baseline_name_valid(bytes_of(create->name)))
        return usage_error("--name is wanted: a-z 0-9 _ . - only, at most 128 bytes");
    return -1;
}

static int map_fields(struct create *create, struct err *reterr)
{
    const struct mapping_request request = {.monitor = create->monitor,
                                            .features = create->features,
                                            .fields = create->fields.items,
                                            .field_count = create->fields.count,
                                            .predictions = create->predictions.items,
                                            .prediction_count = create->predictions.count,
                                            .labels = create->labels.items,
                                            .label_count = create->labels.count,
                                            .segments = create->segments.items,
                                            .segment_count = create->segments.count,
                                            .time_path = create->time_path};
    struct mapping *mapping = &create->mapping;
    int code = mapping_make(&request, create->input, mapping, reterr);
    if (code)
        return code;
    create->slots = mem_new(mapping->field_count, sizeof *create->slots);
    create->values = mem_new(mapping->field_count, sizeof *create->values);
    create->match_slots = mem_new(mapping->match_count, sizeof *create->match_slots);
    create->time_slot = -1;
    for (uint32_t i = 0; i < mapping->field_count; i++) {
        create->slots[i] = input_want(create->input, mapping->fields[i].path, reterr);
        if (create->slots[i] < 0)
            return create->slots[i];
    }
    for (uint32_t i = 0; i < mapping->match_count; i++)
        create->match_slots[i] = input_want(create->input, mapping->matches[i].path, NULL);
    if (mapping->time_path)
        create->time_slot = input_want(create->input, mapping->time_path, reterr);
    if (create->time_slot < 0 && (create->has_since || create->has_until))
        return err_set(reterr, ERR_INVALID, "--since and --until need the event time: --time PATH");
    return 0;
}

/* A CSV without the column is taken to be all of this monitor. */
static bool row_matches(const struct create *create, const struct builder_value *row)
{
    for (uint32_t i = 0; i < create->mapping.match_count; i++) {
        if (create->match_slots[i] < 0)
            continue;
        const struct builder_value *value = &row[create->match_slots[i]];
        if ((value->kind != BUILDER_TEXT && value->kind != BUILDER_NUMBER) ||
            !bytes_equal(value->text, bytes_of(create->mapping.matches[i].value)))
            return false;
    }
    return true;
}

static void add_row(struct create *create, struct baseline_builder *builder,
                    const struct builder_value *row)
{
    struct event_time time = {0};
    bool has_time = create->time_slot >= 0 && input_time(&row[create->time_slot], &time);
    if (!row_matches(create, row)) {
        create->unmatched++;
        return;
    }
    if ((create->has_since && (!has_time || time.ms < create->since.ms)) ||
        (create->has_until && (!has_time || time.ms >= create->until.ms))) {
        create->outside++;
        return;
    }
    create->untimed += create->time_slot >= 0 && !has_time;
    for (uint32_t i = 0; i < create->mapping.field_count; i++)
        create->values[i] = row[create->slots[i]];
    baseline_builder_add(builder, create->values, has_time ? &time : NULL);
}

static void show_progress(const struct create *create, int pass)
{
    int64_t read, total;
    input_progress(create->input, &read, &total);
    if (total > 0)
        fprintf(stderr, "\rpass %d of 2: %3d %%", pass,
                (int)(100.0 * (double)read / (double)total));
}

static int read_pass(struct create *create, struct baseline_builder *builder, int pass,
                     struct err *reterr)
{
    const struct builder_value *row;
    const char *reason = "";
    bool terminal = isatty(STDERR_FILENO);
    enum input_result result = INPUT_ROW;
    create->rejected = create->outside = create->unmatched = create->untimed = 0;
    int code = input_rewind(create->input, reterr);
    for (int64_t rows = 1; code == 0 && result != INPUT_END; rows++) {
        result = input_next(create->input, &row, &reason, reterr);
        if (result == INPUT_ROW)
            add_row(create, builder, row);
        else if (result == INPUT_REJECTED && create->rejected++ == 0)
            snprintf(create->first_reason, sizeof create->first_reason, "%s", reason);
        else if (result == INPUT_ERROR)
            code = ERR_INVALID;
        if (terminal && rows % PROGRESS_ROWS == 0)
            show_progress(create, pass);
    }
    if (terminal)
        fprintf(stderr, "\r%*s\r", 24, "");
    return code;
}

static int compare_lengths(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The usual window lengths and the monitor's, so that each has its own design effect. */
static void choose_windows(const struct create *create, struct builder_spec *spec)
{
    int64_t lengths[BASELINE_EFFECTS_MAX + 64] = {15 * MINUTE_MS, HOUR_MS, DAY_MS, WEEK_MS};
    uint32_t count = 4;
    for (uint32_t i = 0; create->monitor && i < create->monitor->window_count && i < 64; i++)
        lengths[count++] = create->monitor->windows_ms[i];
    qsort(lengths, count, sizeof *lengths, compare_lengths);
    for (uint32_t i = 0; i < count && spec->window_count < BASELINE_EFFECTS_MAX; i++) {
        if (spec->window_count == 0 || spec->windows_ms[spec->window_count - 1] < lengths[i])
            spec->windows_ms[spec->window_count++] = lengths[i];
    }
}

static char *make_provenance(const struct create *create, struct err *reterr)
{
    char hash[HASH_HEX_BYTES];
    const char *slash = strrchr(create->file, '/');
    if (input_sha256(create->input, hash, reterr))
        return NULL;
    json_t *object = json_pack(
        "{s:s, s:s, s:s, s:s, s:I, s:I, s:I}", "source",
        strcmp(create->file, "-") == 0 ? "standard input"
        : slash                        ? slash + 1
                                       : create->file,
        "source_sha256", hash, "format", input_is_csv(create->input) ? "csv" : "ndjson", "tool",
        "leeway " LEEWAY_VERSION, "rejected", (json_int_t)create->rejected, "outside",
        (json_int_t)create->outside, "unmatched", (json_int_t)create->unmatched);
    if (!object) {
        err_set(reterr, ERR_INVALID, "the file's name is not UTF-8");
        return NULL;
    }
    if (create->has_since)
        json_object_set_new(object, "since", json_string(create->since_text));
    if (create->has_until)
        json_object_set_new(object, "until", json_string(create->until_text));
    if (create->monitor)
        json_object_set_new(object, "monitor", json_string(create->monitor->name));
    char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(object);
    return text;
}

static int run_builder(struct create *create, struct baseline_builder *builder,
                       struct baseline **ret_baseline, struct err *reterr)
{
    int code = read_pass(create, builder, 1, reterr);
    if (code == 0)
        code = baseline_builder_cells(builder, reterr);
    if (code == ERR_INVALID && create->rejected)
        err_hint(reterr, "Lines that are no events: %lld, the first because of: %s.",
                 (long long)create->rejected, create->first_reason);
    if (code == 0)
        code = read_pass(create, builder, 2, reterr);
    if (code)
        return code;
    char *provenance __attribute__((cleanup(mem_cleanup))) = make_provenance(create, reterr);
    if (!provenance)
        return ERR_IO;
    *ret_baseline = baseline_builder_finish(builder, provenance, reterr);
    return *ret_baseline ? 0 : ERR_INVALID;
}

static struct baseline *build(struct create *create, struct err *reterr)
{
    struct baseline *baseline = NULL;
    struct builder_spec spec = {0};
    create->input = input_open(create->file, create->missing.items, create->missing.count, reterr);
    if (!create->input || map_fields(create, reterr))
        return NULL;
    spec.fields = create->mapping.fields;
    spec.field_count = create->mapping.field_count;
    spec.segment_count = create->mapping.segment_count;
    for (uint32_t i = 0; i < spec.segment_count; i++)
        spec.segments[i] = create->mapping.segments[i];
    choose_windows(create, &spec);
    struct baseline_builder *builder = baseline_builder_new(&spec, reterr);
    if (!builder || run_builder(create, builder, &baseline, reterr)) {
        baseline_builder_free(builder);
        return NULL;
    }
    baseline_builder_free(builder);
    free(baseline->name);
    baseline->name = mem_copy(create->name);
    event_time_format((struct event_time){clock_unix_ms()}, baseline->created);
    return baseline;
}

static void tell_field(const struct baseline *baseline, const struct baseline_field *field)
{
    char name[VISIBLE_BYTES];
    if (field->valid == 0)
        fprintf(stderr, "leeway: note: field %s has no value in any row\n",
                visible(field->name, name));
    else if (field->type == FIELD_CATEGORY && field->singletons * 10 > field->valid * 9 &&
             field->valid > 100)
        fprintf(stderr, "leeway: note: hardly a value of field %s repeats; is it an id?\n",
                visible(field->name, name));
    else if ((double)field->invalid > 0.01 * (double)baseline->rows)
        fprintf(stderr, "leeway: note: field %s: %lld of %lld rows are no %s\n",
                visible(field->name, name), (long long)field->invalid, (long long)baseline->rows,
                field_type_name(field->type));
}

static void tell(const struct create *create, const struct baseline *baseline)
{
    for (uint32_t i = 0; i < baseline->field_count; i++)
        tell_field(baseline, &baseline->fields[i]);
    if (create->rejected)
        fprintf(stderr, "leeway: note: lines that are no events: %lld, the first because of: %s\n",
                (long long)create->rejected, create->first_reason);
    if (create->outside || create->unmatched)
        fprintf(stderr, "leeway: note: left out: %lld rows outside the time span, %lld of others\n",
                (long long)create->outside, (long long)create->unmatched);
    if (create->untimed)
        fprintf(stderr, "leeway: note: %lld rows have no readable time\n",
                (long long)create->untimed);
    if (baseline->rows < 2000)
        fprintf(stderr, "leeway: note: %lld rows are few; 2,000 or more make sharper tests\n",
                (long long)baseline->rows);
    bool effects = false;
    for (uint32_t i = 0; i < baseline->field_count; i++)
        effects = effects || baseline->fields[i].effect_count > 0;
    if (!effects)
        fprintf(stderr,
                "leeway: note: no design effects: they need event times (--time) over at least 10 "
                "windows of 50 rows\n");
}

static int deliver(const struct create *create, struct baseline *baseline, struct err *reterr)
{
    if (create->output) {
        char *document __attribute__((cleanup(mem_cleanup))) = baseline_format(baseline);
        if (strcmp(create->output, "-") == 0)
            return fputs(document, stdout) == EOF || fflush(stdout) != 0
                       ? err_set(reterr, ERR_IO, "could not write to standard output")
                       : 0;
        int code = file_write(create->output, bytes_of(document), reterr);
        if (code || !create->store_url) {
            if (code == 0)
                printf("%s: %lld rows, %u fields, %.12s\n", create->output,
                       (long long)baseline->rows, baseline->field_count, baseline->hash);
            return code;
        }
    }
    struct store *store =
        store_open(create->store_url ? create->store_url : "sqlite:leeway.db", NULL, reterr);
    if (!store)
        return ERR_IO;
    int code = baseline_save(store, baseline, !create->no_promote, reterr);
    store_close(store);
    if (code == 0)
        printf("%s@%u: %lld rows, %u fields, %.12s%s\n", baseline->name, baseline->version,
               (long long)baseline->rows, baseline->field_count, baseline->hash,
               create->no_promote ? "" : ", promoted");
    return code;
}

static void create_release(struct create *create)
{
    input_close(create->input);
    mapping_release(&create->mapping);
    config_free(create->config);
    free(create->slots);
    free(create->values);
    free(create->match_slots);
}

int baseline_create(int argc, char **argv)
{
    struct create create = {0};
    struct err err = {0};
    int code = parse_options(&create, argc, argv);
    if (code < 0)
        code = find_monitor(&create);
    if (code < 0) {
        struct baseline *baseline = build(&create, &err);
        if (baseline)
            tell(&create, baseline);
        code = baseline && deliver(&create, baseline, &err) == 0 ? EXIT_OK : baseline_fail(&err);
        baseline_free(baseline);
    }
    create_release(&create);
    return code;
}
