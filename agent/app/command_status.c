/* leeway status: what the store knows of monitors and incidents, for a terminal or a script. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/commands.h"
#include "app/options.h"
#include "app/setup.h"
#include "app/visible.h"
#include "store/sync.h"

struct listing {
    bool as_json;
    json_t *items;
    int rows;
};

static const char *time_text(int64_t ms, char *ret)
{
    return ms ? event_time_format((struct event_time){ms}, ret) : "";
}

static int verdict_row(void *context, const struct store_verdict *v)
{
    struct listing *listing = context;
    char end[32], window[24];
    char version[VISIBLE_BYTES], field[VISIBLE_BYTES], detail[VISIBLE_BYTES];
    time_text(v->end_ms, end);
    duration_format(v->window_ms, window);
    if (listing->as_json) {
        json_t *document = json_loads(v->document, 0, NULL);
        json_array_append_new(listing->items, document ? document : json_null());
        return 0;
    }
    if (v->segment[0])
        return 0;
    if (!listing->rows++)
        printf("%-12s %-8s %-18s %-6s %-20s %9s %-12s %-8s %s\n", "MONITOR", "VERSION", "FIELD",
               "WINDOW", "END", "N", "STATE", "SEVERITY", "DETAIL");
    printf("%-12s %-8s %-18s %-6s %-20s %9lld %-12s %-8s %s\n", v->monitor,
           visible(v->version, version), visible(v->field, field), window, end, (long long)v->n,
           v->state, v->severity, visible(v->detail ? v->detail : "", detail));
    return 0;
}

static int incident_row(void *context, const struct store_incident *i)
{
    struct listing *listing = context;
    char opened[32], resolved[32], title[VISIBLE_BYTES];
    if (listing->as_json) {
        json_array_append_new(listing->items,
                              json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "id", i->id, "monitor",
                                        i->monitor, "version", i->version, "rule", i->rule, "state",
                                        i->state, "severity", i->severity, "opened",
                                        time_text(i->opened_ms, opened), "title", i->title));
        return 0;
    }
    if (!listing->rows++)
        printf("\n%-10s %-9s %-20s %-20s %s\n", "INCIDENT", "SEVERITY", "OPENED", "RESOLVED",
               "TITLE");
    printf("%-10s %-9s %-20s %-20s %s\n", i->state, i->severity, time_text(i->opened_ms, opened),
           i->resolved_ms ? time_text(i->resolved_ms, resolved) : "-", visible(i->title, title));
    return 0;
}

static int print_status(struct store *store, bool as_json, const char *monitor, struct err *reterr)
{
    struct store_query query = {.monitor = monitor, .limit = 10000};
    struct listing fields = {.as_json = as_json, .items = json_array()};
    struct listing incidents = {.as_json = as_json, .items = json_array()};
    int code = store_sync_latest(store, &query, verdict_row, &fields, reterr);
    query.limit = 20;
    if (!code)
        code = store_sync_incidents(store, &query, incident_row, &incidents, reterr);
    json_t *json = json_pack("{s:o,s:o}", "fields", fields.items, "incidents", incidents.items);
    if (!code && as_json) {
        json_dumpf(json, stdout, JSON_COMPACT | JSON_REAL_PRECISION(10));
        putchar('\n');
    } else if (!code && !fields.rows) {
        printf("nothing has been judged yet\n");
    }
    json_decref(json);
    return code;
}

int command_status(int argc, char **argv)
{
    const char *path = "leeway.yaml", *output = "table", *monitor = NULL;
    const struct option options[] = {
        {"config", 'c', OPTION_TEXT, &path, "FILE", "configuration (leeway.yaml)"},
        {"monitor", 'm', OPTION_TEXT, &monitor, "NAME", "only this monitor"},
        {"output", 'o', OPTION_TEXT, &output, "FORMAT", "table (default) or json"},
        {0}};
    struct err err = {0};
    int code = options_parse(
        argc, argv, "leeway status [--config FILE]",
        "The latest verdict of each field, and the latest 20 incidents, from the store.", options,
        NULL);
    if (code >= 0)
        return code;
    if (strcmp(output, "table") && strcmp(output, "json")) {
        fprintf(stderr, "leeway: invalid --output\n");
        return EXIT_USAGE;
    }
    struct config *config = setup_config(path);
    if (!config)
        return EXIT_FAILED;
    struct store *store = store_open(config->store, NULL, &err);
    if (!store || print_status(store, !strcmp(output, "json"), monitor, &err) != 0) {
        char line[1024];
        fprintf(stderr, "leeway: %s\n", err_line(&err, line, sizeof line));
        code = EXIT_FAILED;
    }
    store_close(store);
    config_free(config);
    return code > 0 ? code : EXIT_OK;
}
