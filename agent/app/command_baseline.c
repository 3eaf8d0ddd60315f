/* `leeway baseline`: the store's baselines, by hand. create and show have files of their own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/baseline_command.h"
#include "app/commands.h"
#include "app/options.h"
#include "app/setup.h"
#include "sys/file.h"

enum { DOCUMENT_MAX_BYTES = 256 << 20 };

int baseline_fail(const struct err *err)
{
    char line[1024];
    fprintf(stderr, "leeway: %s\n", err_line(err, line, sizeof line));
    return EXIT_FAILED;
}

struct store *baseline_open_store(const char *url, const char *config_path)
{
    struct err err = {0};
    struct config *config = NULL;
    if (!url && config_path) {
        config = setup_config(config_path);
        if (!config)
            return NULL;
        url = config->store;
    }
    struct store *store = store_open(url ? url : "sqlite:leeway.db", NULL, &err);
    if (!store)
        baseline_fail(&err);
    config_free(config);
    return store;
}

int baseline_reference(const char *text, char *ret_name, uint32_t *ret_version, struct err *reterr)
{
    const char *at = strchr(text, '@');
    size_t size = at ? (size_t)(at - text) : strlen(text);
    char *end = NULL;
    unsigned long version = at ? strtoul(at + 1, &end, 10) : 0;
    if (!baseline_name_valid(bytes_make(text, size)) ||
        (at && (at[1] < '1' || at[1] > '9' || *end || version > UINT32_MAX))) {
        err_set(reterr, ERR_INVALID, "%s is not a baseline such as fraud or fraud@7", text);
        return ERR_INVALID;
    }
    memcpy(ret_name, text, size);
    ret_name[size] = '\0';
    *ret_version = (uint32_t)version;
    return 0;
}

struct baseline *baseline_load(struct store *store, const char *reference, struct err *reterr)
{
    char name[NAME_MAX_BYTES + 1];
    uint32_t version;
    struct text document = {0};
    struct baseline *baseline = NULL;
    if (baseline_reference(reference, name, &version, reterr) == 0 &&
        store_sync_baseline_get(store, name, version, &document, &version, reterr) == 0)
        baseline = baseline_parse(bytes_make(document.data, document.size), reterr);
    if (baseline)
        baseline->version = version;
    text_release(&document);
    return baseline;
}

int baseline_save(struct store *store, struct baseline *baseline, bool promote, struct err *reterr)
{
    baseline->version = 0;
    char *document __attribute__((cleanup(mem_cleanup))) = baseline_format(baseline);
    const struct store_baseline row = {.name = baseline->name,
                                       .hash = baseline->hash,
                                       .created = baseline->created,
                                       .rows = baseline->rows,
                                       .document = document};
    return store_sync_baseline_put(store, &row, promote, &baseline->version, reterr);
}

static int print_row(void *context, const struct store_baseline *row)
{
    bool *any = context;
    if (!*any)
        printf("%-32s %12s  %-10s %-24s %s\n", "BASELINE", "ROWS", "STATE", "CREATED", "HASH");
    *any = true;
    char label[NAME_MAX_BYTES + 16];
    snprintf(label, sizeof label, "%s@%u", row->name, row->version);
    printf("%-32s %12lld  %-10s %-24s %.12s\n", label, (long long)row->rows,
           row->promoted ? "promoted" : "-", row->created[0] ? row->created : "-", row->hash);
    return 0;
}

static int run_list(int argc, char **argv)
{
    const char *url = NULL, *config = NULL;
    struct option_values words = {0};
    const struct option options[] = {
        {"store", 0, OPTION_TEXT, &url, "URL", "where baselines are (default sqlite:leeway.db)"},
        {"config", 'c', OPTION_TEXT, &config, "FILE", "take the store from this configuration"},
        {.name = NULL}};
    struct err err = {0};
    bool any = false;
    int code = options_parse(argc, argv, "leeway baseline list [--store URL]",
                             "Lists all baselines and their versions.", options, &words);
    if (code >= 0)
        return code;
    struct store *store = baseline_open_store(url, config);
    if (!store)
        return EXIT_FAILED;
    code = store_sync_baseline_list(store, print_row, &any, &err) ? baseline_fail(&err) : EXIT_OK;
    if (code == EXIT_OK && !any)
        printf("no baselines; `leeway baseline create` makes one\n");
    store_close(store);
    return code;
}

static int run_promote(int argc, char **argv)
{
    const char *url = NULL, *config = NULL;
    struct option_values words = {0};
    const struct option options[] = {
        {"store", 0, OPTION_TEXT, &url, "URL", "where baselines are (default sqlite:leeway.db)"},
        {"config", 'c', OPTION_TEXT, &config, "FILE", "take the store from this configuration"},
        {.name = NULL}};
    struct err err = {0};
    char name[NAME_MAX_BYTES + 1];
    uint32_t version;
    const char *usage = "leeway baseline promote NAME@VERSION [--store URL]";
    int code = options_parse(argc, argv, usage,
                             "Makes a version the one that monitors without a version use.",
                             options, &words);
    if (code >= 0)
        return code;
    if (words.count != 1 || baseline_reference(words.items[0], name, &version, &err) || !version) {
        fprintf(stderr, "leeway: which baseline? NAME@VERSION is wanted\nusage: %s\n", usage);
        return EXIT_USAGE;
    }
    struct store *store = baseline_open_store(url, config);
    if (!store)
        return EXIT_FAILED;
    code = store_sync_baseline_promote(store, name, version, &err) ? baseline_fail(&err) : EXIT_OK;
    if (code == EXIT_OK)
        printf("%s@%u is promoted\n", name, version);
    store_close(store);
    return code;
}

static int export_to(const struct baseline *baseline, const char *output, struct err *reterr)
{
    char *document __attribute__((cleanup(mem_cleanup))) = baseline_format(baseline);
    if (output && strcmp(output, "-") != 0)
        return file_write(output, bytes_of(document), reterr);
    if (fputs(document, stdout) == EOF || fflush(stdout) != 0)
        return err_set(reterr, ERR_IO, "could not write to standard output");
    return 0;
}

static int run_export(int argc, char **argv)
{
    const char *url = NULL, *config = NULL, *output = NULL;
    struct option_values words = {0};
    const struct option options[] = {
        {"output", 'o', OPTION_TEXT, &output, "FILE", "where to (default: standard output)"},
        {"store", 0, OPTION_TEXT, &url, "URL", "where baselines are (default sqlite:leeway.db)"},
        {"config", 'c', OPTION_TEXT, &config, "FILE", "take the store from this configuration"},
        {.name = NULL}};
    struct err err = {0};
    const char *usage = "leeway baseline export NAME[@VERSION] [--output FILE]";
    int code = options_parse(argc, argv, usage, "Writes a baseline's document.", options, &words);
    if (code >= 0)
        return code;
    if (words.count != 1) {
        fprintf(stderr, "leeway: which baseline? NAME[@VERSION] is wanted\nusage: %s\n", usage);
        return EXIT_USAGE;
    }
    struct store *store = baseline_open_store(url, config);
    if (!store)
        return EXIT_FAILED;
    struct baseline *baseline = baseline_load(store, words.items[0], &err);
    code = !baseline || export_to(baseline, output, &err) ? baseline_fail(&err) : EXIT_OK;
    baseline_free(baseline);
    store_close(store);
    return code;
}

static struct baseline *read_document(const char *file, const char *name, struct err *reterr)
{
    struct text document = {0};
    struct baseline *baseline = NULL;
    if (file_read(file, DOCUMENT_MAX_BYTES, &document, reterr) == 0)
        baseline = baseline_parse(bytes_make(document.data, document.size), reterr);
    text_release(&document);
    if (baseline && name) {
        free(baseline->name);
        baseline->name = mem_copy(name);
    }
    return baseline;
}

static int run_import(int argc, char **argv)
{
    const char *url = NULL, *config = NULL, *file = NULL, *name = NULL;
    bool no_promote = false;
    struct option_values words = {0};
    const struct option options[] = {
        {"file", 'f', OPTION_TEXT, &file, "FILE", "the document, - for standard input"},
        {"name", 'n', OPTION_TEXT, &name, "NAME", "another name than the document's"},
        {"no-promote", 0, OPTION_FLAG, &no_promote, NULL, "do not make it the one in use"},
        {"store", 0, OPTION_TEXT, &url, "URL", "where to (default sqlite:leeway.db)"},
        {"config", 'c', OPTION_TEXT, &config, "FILE", "take the store from this configuration"},
        {.name = NULL}};
    struct err err = {0};
    const char *usage = "leeway baseline import --file FILE [--name NAME] [--no-promote]";
    int code = options_parse(argc, argv, usage,
                             "Checks a document and stores it as the next version of its name.",
                             options, &words);
    if (code >= 0)
        return code;
    if (!file || words.count || (name && !baseline_name_valid(bytes_of(name)))) {
        fprintf(stderr, "leeway: %s\nusage: %s\n",
                name ? "a name has a-z 0-9 _ . - only" : "which document? --file is wanted", usage);
        return EXIT_USAGE;
    }
    struct baseline *baseline = read_document(file, name, &err);
    if (!baseline)
        return baseline_fail(&err);
    struct store *store = baseline_open_store(url, config);
    code = EXIT_FAILED;
    if (store && baseline_save(store, baseline, !no_promote, &err))
        baseline_fail(&err);
    else if (store)
        code = EXIT_OK;
    if (code == EXIT_OK)
        printf("%s@%u %.12s\n", baseline->name, baseline->version, baseline->hash);
    store_close(store);
    baseline_free(baseline);
    return code;
}

static const struct part {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *about;
} parts[] = {
    {"create", baseline_create, "make one from training data, CSV or NDJSON"},
    {"list", run_list, "all baselines and versions"},
    {"show", baseline_show, "its fields, or one field's histogram"},
    {"promote", run_promote, "make a version the one in use"},
    {"export", run_export, "write the document"},
    {"import", run_import, "check and store a document"},
};
enum { PARTS = sizeof parts / sizeof *parts };

static void print_parts(FILE *out)
{
    fprintf(out,
            "usage: leeway baseline PART [OPTIONS]\n\nBaselines: the statistics of training data "
            "that live data are measured against.\n\n");
    for (int i = 0; i < PARTS; i++)
        fprintf(out, "  %-10s %s\n", parts[i].name, parts[i].about);
}

int command_baseline(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    for (int i = 0; i < PARTS; i++) {
        if (strcmp(name, parts[i].name) == 0)
            return parts[i].run(argc - 1, argv + 1);
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        print_parts(stdout);
        return EXIT_OK;
    }
    if (name[0])
        fprintf(stderr, "leeway: unknown part of baseline: %s\n\n", name);
    print_parts(stderr);
    return EXIT_USAGE;
}
