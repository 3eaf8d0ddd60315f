/* leeway check: everything that `run` would find out at start, and the memory it would take. */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/commands.h"
#include "app/options.h"
#include "app/setup.h"
#include "notify/notify.h"

/* Windows keep twelve hop buckets, the one being filled and the sum; buckets are encoded and
 * smaller than this bound. Every version might be of the largest baseline. */
static double monitor_mib(const struct setup *setup, const struct monitor *monitor)
{
    size_t counts = 0;
    for (uint32_t i = 0; i < monitor->track_count; i++) {
        size_t bytes = layout_counts_bytes(monitor->tracks[i].layout);
        counts = bytes > counts ? bytes : counts;
    }
    double windows = monitor->config->window_count * 14.0 * (double)counts;
    return (windows * setup->config->limits.versions + (double)setup->config->limits.commit_bytes) /
           (1024 * 1024);
}

/* A line for each further baseline, with the model versions that it is for. */
static void print_versions(const struct monitor *monitor)
{
    for (uint32_t i = 1; i < monitor->track_count; i++) {
        const struct track *track = &monitor->tracks[i];
        printf("monitor %s: baseline %s (%lld rows, %u fields) for", monitor->config->name,
               track->label, (long long)track->baseline->rows, track->baseline->field_count);
        for (uint32_t v = 0; v < monitor->config->version_count; v++)
            if (monitor->version_tracks[v] == i)
                printf(" %s", monitor->config->versions[v].version);
        printf(", generation %.16s\n", track->generation);
    }
}

static void print_setup(const struct setup *setup)
{
    printf("configuration %s is good (hash %.16s)\n", setup->config->path, setup->config->hash);
    for (uint32_t i = 0; i < setup->monitor_count; i++) {
        const struct monitor *monitor = &setup->monitors[i];
        const struct track *track = &monitor->tracks[0];
        char pane[24];
        printf("monitor %s: baseline %s (%lld rows, %u fields), panes of %s, generation %.16s, "
               "at most %.1f MiB with %u versions\n",
               monitor->config->name, track->label, (long long)track->baseline->rows,
               track->baseline->field_count, duration_format(monitor->pane_ms, pane),
               track->generation, monitor_mib(setup, monitor), setup->config->limits.versions);
        print_versions(monitor);
    }
    printf("rules: %u; receivers: %u\n", setup->ruleset.count, setup->config->receiver_count);
}

/* Secrets and addresses of receivers are read as `run` would read them; nothing is sent. */
static int check_receivers(const struct setup *setup, struct store *store)
{
    struct err err = {0};
    struct event_base *base = event_base_new();
    struct notify *notify = base ? notify_new(base, setup->config, store, &err) : NULL;
    char line[1024];
    if (!notify)
        fprintf(stderr, "leeway: %s\n", err_line(&err, line, sizeof line));
    int code = notify ? EXIT_OK : EXIT_FAILED;
    notify_free(notify);
    if (base)
        event_base_free(base);
    return code;
}

/* The reference page and the JSON Schema, from the same table that parses. */
static int print_generated(const char *kind)
{
    struct text text = {0};
    if (!strcmp(kind, "manual"))
        config_manual(&text);
    else if (!strcmp(kind, "schema"))
        config_schema(&text);
    else
        fprintf(stderr, "leeway: --print takes manual or schema\n");
    int code = text.size ? EXIT_OK : EXIT_USAGE;
    fwrite(text.data, 1, text.size, stdout);
    text_release(&text);
    return code;
}

int command_check(int argc, char **argv)
{
    const char *path = "leeway.yaml", *baseline = NULL, *print = NULL;
    const struct option options[] = {
        {"config", 'c', OPTION_TEXT, &path, "FILE", "configuration (leeway.yaml)"},
        {"baseline", 'b', OPTION_TEXT, &baseline, "FILE",
         "baseline document, instead of the store's"},
        {"print", 0, OPTION_TEXT, &print, "KIND",
         "print the reference of all settings (manual) or their JSON Schema (schema)"},
        {0}};
    struct err err = {0};
    int code = options_parse(argc, argv, "leeway check [--config FILE]",
                             "Checks configuration, rules, store, baselines and secrets, and "
                             "prints every problem with its place.",
                             options, NULL);
    if (code >= 0)
        return code;
    if (print)
        return print_generated(print);
    struct config *config = setup_config(path);
    if (!config)
        return EXIT_FAILED;
    struct store *store = baseline ? NULL : store_open(config->store, NULL, &err);
    if (!baseline && !store) {
        char line[1024];
        fprintf(stderr, "leeway: %s\n", err_line(&err, line, sizeof line));
        config_free(config);
        return EXIT_FAILED;
    }
    struct setup *setup = setup_open(config, store, baseline);
    code = setup ? check_receivers(setup, store) : EXIT_FAILED;
    if (!code)
        print_setup(setup);
    setup_free(setup);
    store_close(store);
    return code;
}
