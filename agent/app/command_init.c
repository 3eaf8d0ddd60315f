/* `leeway init`: a configuration to start from, written from a sample.
 *
 * What was seen is written as settings; what only the owner can know (allowed ranges, segments,
 * receivers) is written as comments. The text is parsed before it is written, so that the first
 * thing a new user runs does not fail on a file that this program made. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/guess.h"
#include "app/options.h"
#include "baseline/text.h"
#include "config/config.h"
#include "sys/file.h"

enum { ALLOWED_SHOWN = 12, SEGMENT_VALUES_MAX = 50, FIELDS_SHOWN = 200 };

#define USAGE "leeway init --file SAMPLE [--name NAME] [--topic TOPIC] [--output FILE] [--force]"

static int fail(const struct err *err)
{
    char line[1024];
    fprintf(stderr, "leeway: %s\n", err_line(err, line, sizeof line));
    return EXIT_FAILED;
}

static const struct guess_path *at(const struct guess *guess, int index)
{
    return index < 0 ? NULL : &guess->paths[index];
}

static void put_path(struct text *yaml, const char *key, const struct guess_path *path, bool *any)
{
    if (!path)
        return;
    text_printf(yaml, "%s%s: ", *any ? ", " : "", key);
    text_json(yaml, bytes_of(path->path));
    *any = true;
}

static void put_event(struct text *yaml, const struct guess *guess)
{
    bool any = false;
    const struct guess_path *model = at(guess, guess->model);
    if (model && model->distinct == 1) {
        text_puts(yaml, "    match: { ");
        text_json(yaml, bytes_of(model->path));
        text_puts(yaml, ": ");
        text_json(yaml, bytes_of(model->values[0]));
        text_puts(yaml, " }   # several models may share the topic\n");
    }
    if (guess->id >= 0 || guess->time >= 0 || guess->version >= 0) {
        text_puts(yaml, "    event: { ");
        put_path(yaml, "id", at(guess, guess->id), &any);
        put_path(yaml, "time", at(guess, guess->time), &any);
        put_path(yaml, "version", at(guess, guess->version), &any);
        text_puts(yaml, " }\n");
    }
    if (guess->time < 0)
        text_puts(yaml, "    # No event time was found; the broker's timestamp is used. If the "
                        "events hold it:\n    # event: { time: /ts }\n");
}

static void put_prediction(struct text *yaml, const struct guess *guess)
{
    bool any = false;
    if (guess->score >= 0 || guess->class >= 0 || guess->value >= 0) {
        text_puts(yaml, "    prediction: { ");
        put_path(yaml, "score", at(guess, guess->score), &any);
        put_path(yaml, "class", at(guess, guess->class), &any);
        put_path(yaml, "value", at(guess, guess->value), &any);
        text_puts(yaml, " }\n");
    } else {
        text_puts(yaml, "    # No prediction was found. If the events hold it:\n"
                        "    # prediction: { score: /prediction/score }\n");
    }
    if (guess->label >= 0) {
        text_puts(yaml, "    label: ");
        text_json(yaml, bytes_of(guess->paths[guess->label].path));
        text_puts(yaml, "\n");
    }
}

static bool can_segment(const struct guess *guess, const struct guess_path *path)
{
    return guess_is_feature(guess, path) && guess_is_category(path) && path->distinct >= 2 &&
           path->distinct <= SEGMENT_VALUES_MAX;
}

static void put_segments(struct text *yaml, const struct guess *guess)
{
    bool any = false;
    for (uint32_t i = 0; i < guess->path_count; i++) {
        const struct guess_path *path = &guess->paths[i];
        if (!can_segment(guess, path))
            continue;
        if (!any)
            text_puts(yaml, "    # Also judge apart by at most two of these:\n");
        any = true;
        text_puts(yaml, "    # segments: [");
        text_json(yaml, bytes_of(path->path));
        text_printf(yaml, "]   # %u values\n", path->distinct);
    }
}

static void put_field(struct text *yaml, const struct guess_path *path)
{
    text_puts(yaml, "    #   ");
    text_json(yaml, bytes_of(path->name));
    if (!guess_is_category(path)) {
        text_puts(yaml, ": { min: ");
        text_double(yaml, path->minimum);
        text_puts(yaml, ", max: ");
        text_double(yaml, path->maximum);
        text_puts(yaml, " }\n");
        return;
    }
    if (path->distinct > ALLOWED_SHOWN) {
        text_printf(yaml, ": {}   # %s%u values\n",
                    path->distinct > GUESS_DISTINCT_MAX ? "more than " : "",
                    path->distinct > GUESS_DISTINCT_MAX ? GUESS_DISTINCT_MAX : path->distinct);
        return;
    }
    text_puts(yaml, ": { allowed: [");
    for (uint32_t i = 0; i < path->distinct; i++) {
        text_puts(yaml, i ? ", " : "");
        text_json(yaml, bytes_of(path->values[i]));
    }
    text_puts(yaml, "] }\n");
}

static void put_fields(struct text *yaml, const struct guess *guess)
{
    uint32_t shown = 0;
    text_puts(yaml, "    # What is allowed is yours to say; these are the values of the sample.\n"
                    "    # fields:\n");
    for (uint32_t i = 0; i < guess->path_count && shown < FIELDS_SHOWN; i++) {
        const struct guess_path *path = &guess->paths[i];
        bool readable = path->name[0] && text_valid_utf8(bytes_of(path->name));
        for (uint32_t k = 0; k < path->distinct && k < ALLOWED_SHOWN; k++)
            readable = readable && text_valid_utf8(bytes_of(path->values[k]));
        if (!readable || !guess_is_feature(guess, path))
            continue;
        put_field(yaml, path);
        shown++;
    }
}

/* A file's name as a word of a command; in quotes unless it is plain, so that it can neither end
 * the comment it stands in nor mean something to a shell. */
static void put_command(struct text *text, const char *before, const char *file)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-";
    text_puts(text, before);
    if (!strcmp(file, "-"))
        text_puts(text, "FILE");
    else if (file[strspn(file, plain)] == '\0')
        text_puts(text, file);
    else
        text_json(text, bytes_of(file));
}

static void put_config(struct text *yaml, const struct guess *guess, const char *name,
                       const char *topic, const char *file, const char *output)
{
    text_printf(yaml,
                "# Written by `leeway init` from %lld events. Paths and roles are guesses: "
                "read them.\n",
                (long long)guess->rows);
    put_command(yaml, "# Check with: leeway check --config ", output);
    text_puts(yaml, "\n");
    if (guess->is_csv)
        text_puts(yaml, "# The sample was CSV, so where the live events hold these fields is "
                        "assumed to be the\n# canonical form: /ts, /features/…, /prediction/….\n");
    text_puts(yaml, "\nkafka: { bootstrap.servers: \"localhost:9092\" }\n"
                    "store: sqlite:leeway.db\nweb: { listen: \"127.0.0.1:9464\" }\n\nmonitors:\n"
                    "  - monitor: ");
    text_json(yaml, bytes_of(name));
    text_puts(yaml, "\n    topics: [");
    text_json(yaml, bytes_of(topic));
    text_puts(yaml, "]\n");
    put_event(yaml, guess);
    text_puts(yaml, "    features: ");
    text_json(yaml, bytes_of(guess->features));
    text_puts(yaml, "\n");
    put_prediction(yaml, guess);
    text_printf(yaml, "    # leeway baseline create --name %s --monitor %s", name, name);
    put_command(yaml, " --config ", output);
    put_command(yaml, " --file ", file);
    text_puts(yaml, "\n");
    text_puts(yaml, "    baseline: ");
    text_json(yaml, bytes_of(name));
    text_puts(yaml, "\n    windows: [1h, 24h]\n    alarms: 1 per 90 days\n");
    put_segments(yaml, guess);
    put_fields(yaml, guess);
    text_puts(yaml, "\n# receivers:\n"
                    "#   - { name: oncall, slack: { webhook_url_file: slack-webhook-url } }\n"
                    "#   - { name: am, alertmanager: { urls: [\"http://127.0.0.1:9093\"] } }\n");
}

/* A name that may stand in the configuration, from whatever there is. */
static void make_name(const struct guess *guess, const char *file, char *ret_name, size_t size)
{
    const struct guess_path *model = at(guess, guess->model);
    const char *slash = strrchr(file, '/');
    const char *from = model ? model->values[0] : slash ? slash + 1 : file;
    size_t used = 0;
    for (; *from && (model || *from != '.') && used + 1 < size; from++) {
        char c = (char)tolower((unsigned char)*from);
        bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (letter || used)
            ret_name[used++] = letter ? c : '-';
    }
    ret_name[used] = '\0';
    if (used == 0)
        snprintf(ret_name, size, "model");
}

static int verify(const struct text *yaml, const char *output)
{
    struct config_problems problems = {0};
    struct config *config =
        config_parse(bytes_make(yaml->data, yaml->size), output, NULL, &problems);
    int code = config ? 0 : EXIT_FAILED;
    for (uint32_t i = 0; i < problems.count; i++)
        fail(&problems.items[i]);
    if (!config)
        fprintf(stderr,
                "leeway: nothing was written: a configuration from this sample would not be "
                "valid\n");
    config_problems_release(&problems);
    config_free(config);
    return code;
}

static int put_out(const struct text *yaml, const char *output, const struct guess *guess,
                   const char *name)
{
    struct err err = {0};
    uint32_t features = 0;
    for (uint32_t i = 0; i < guess->path_count; i++)
        features += guess_is_feature(guess, &guess->paths[i]);
    if (!features) {
        err_set(&err, ERR_INVALID, "the sample has nothing that could be a feature");
        err_hint(&err, "Give events with numbers, texts or booleans in them, one object a line.");
        return fail(&err);
    }
    if (strcmp(output, "-") == 0)
        return fputs(yaml->data, stdout) == EOF || fflush(stdout) != 0 ? EXIT_FAILED : EXIT_OK;
    if (file_write(output, bytes_make(yaml->data, yaml->size), &err))
        return fail(&err);
    printf("wrote %s: %u features under %s, time %s, prediction %s\n", output, features,
           guess->features, guess->time >= 0 ? guess->paths[guess->time].path : "not found",
           guess->score >= 0 || guess->class >= 0 || guess->value >= 0 ? "found" : "not found");
    struct text next = {0};
    text_printf(&next, "next: leeway baseline create --name %s --monitor %s", name, name);
    put_command(&next, " --config ", output);
    put_command(&next, " --file TRAINING   # CSV or NDJSON\n      leeway check --config ", output);
    printf("%s\n", next.data);
    text_release(&next);
    if (guess->rejected)
        fprintf(stderr, "leeway: note: lines of the sample that are no events: %lld\n",
                (long long)guess->rejected);
    return EXIT_OK;
}

static int usage_error(const char *problem)
{
    fprintf(stderr, "leeway: %s\nusage: %s\n", problem, USAGE);
    return EXIT_USAGE;
}

int command_init(int argc, char **argv)
{
    const char *file = NULL, *name = NULL, *topic = NULL, *output = "leeway.yaml";
    bool force = false;
    struct option_values words = {0};
    const struct option options[] = {
        {"file", 'f', OPTION_TEXT, &file, "FILE",
         "a sample: NDJSON events or CSV; - is standard input"},
        {"name", 'n', OPTION_TEXT, &name, "NAME", "of the monitor (default: from the sample)"},
        {"topic", 't', OPTION_TEXT, &topic, "TOPIC",
         "Kafka topic of the events (default: the name)"},
        {"output", 'o', OPTION_TEXT, &output, "FILE", "where to (default leeway.yaml)"},
        {"force", 0, OPTION_FLAG, &force, NULL, "replace the file if it exists"},
        {.name = NULL}};
    int code = options_parse(argc, argv, USAGE,
                             "Looks at a sample of events and writes a commented configuration.",
                             options, &words);
    if (code >= 0)
        return code;
    if (!file || words.count)
        return usage_error("which sample? --file is wanted");
    struct guess guess;
    struct err err = {0};
    struct text yaml = {0};
    char own_name[64];
    bool exists = strcmp(output, "-") != 0 && access(output, F_OK) == 0;
    if (exists && !force) {
        err_set(&err, ERR_CONFLICT, "%s exists", output);
        err_hint(&err, "Use another --output, or --force to replace it.");
        return fail(&err);
    }
    if (guess_make(file, &guess, &err)) {
        guess_release(&guess);
        return fail(&err);
    }
    make_name(&guess, file, own_name, sizeof own_name);
    put_config(&yaml, &guess, name ? name : own_name,
               topic  ? topic
               : name ? name
                      : own_name,
               file, output);
    code = verify(&yaml, output);
    if (code == 0)
        code = put_out(&yaml, output, &guess, name ? name : own_name);
    text_release(&yaml);
    guess_release(&guess);
    return code;
}
