/* leeway replay: recorded events through the same core, into a store in memory, every verdict
 * printed. Same records, same output, to the byte. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/commands.h"
#include "app/complaint.h"
#include "app/options.h"
#include "app/pump.h"
#include "app/visible.h"
#include "sys/file.h"

struct replay_run {
    struct config *config;
    struct store *baselines, *store;
    struct setup *setup;
    struct ingest *ingest;
    struct evaluate *evaluate;
    struct replay *replay;
    struct pump *pump;
    bool as_table, incidents_only;
    const char *monitor, *field;
    int64_t since_ms, until_ms;
    int64_t verdicts, opened;
    struct text line;
    int64_t events; /* a window; 0: windows of time */
    struct event_clock clock;
};

static bool wanted(const struct replay_run *run, const struct verdict *verdict)
{
    return !run->incidents_only && verdict->end.ms >= run->since_ms &&
           verdict->end.ms <= run->until_ms &&
           (!run->monitor || !strcmp(run->monitor, verdict->monitor)) &&
           (!run->field || !strcmp(run->field, verdict->field));
}

/* Times and windows as they are to people. */
static json_t *translated(const struct replay_run *run, const char *text)
{
    json_t *json = json_loads(text, 0, NULL);
    if (run->events)
        event_clock_translate(&run->clock, json);
    return json;
}

static void print_row(struct replay_run *run, const struct verdict *v)
{
    char end[32], window[24];
    char version[VISIBLE_BYTES], field[VISIBLE_BYTES], segment[VISIBLE_BYTES],
        detail[VISIBLE_BYTES];
    const struct comparison *c = &v->comparison;
    event_time_format(v->end, end);
    duration_format(v->window_ms, window);
    json_t *names = json_pack("{s:s,s:s}", "end", end, "window", window);
    if (run->events)
        event_clock_translate(&run->clock, names);
    printf("%-20s %-6s %-10s %-7s %-16s %-16s %8lld %-12s %-8s %8.4f %8.4f %9.2e  %s\n",
           json_string_value(json_object_get(names, "end")),
           json_string_value(json_object_get(names, "window")), v->monitor,
           visible(v->version, version), visible(v->field, field),
           visible(v->segment[0] ? v->segment : "-", segment), (long long)c->total,
           verdict_state_name(v->state), severity_name(v->severity), c->scores[SCORE_PSI].value,
           v->effect, v->p, visible(v->detail, detail));
    json_decref(names);
}

static void on_verdict(void *context, const struct verdict *verdict)
{
    struct replay_run *run = context;
    if (!wanted(run, verdict))
        return;
    run->verdicts++;
    if (run->as_table) {
        print_row(run, verdict);
        return;
    }
    text_clear(&run->line);
    verdict_format(verdict, &run->line);
    if (run->events) {
        json_t *json = translated(run, run->line.data);
        char *dump = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(10));
        text_clear(&run->line);
        text_puts(&run->line, dump);
        free(dump);
        json_decref(json);
    }
    text_puts(&run->line, "\n");
    fwrite(run->line.data, 1, run->line.size, stdout);
}

static void print_incident(struct replay_run *run, const struct incident_change *change)
{
    char updated[32], opened[32], title[VISIBLE_BYTES];
    const struct incident *i = &change->incident;
    event_time_format(i->updated, updated);
    if (run->as_table) {
        json_t *when = json_pack("{s:s}", "updated", updated);
        if (run->events)
            event_clock_translate(&run->clock, when);
        printf("%-20s %-8s %-8s %s\n", json_string_value(json_object_get(when, "updated")),
               incident_event_name(change->event), rule_severity_name(i->severity),
               visible(i->title, title));
        json_decref(when);
        return;
    }
    json_t *evidence = translated(run, i->evidence);
    json_t *json = json_pack(
        "{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:o}", "event", incident_event_name(change->event),
        "id", i->id, "monitor", i->monitor, "version", i->version, "rule", i->rule, "severity",
        rule_severity_name(i->severity), "opened", event_time_format(i->opened, opened), "updated",
        updated, "title", i->title, "evidence", evidence ? evidence : json_object());
    if (run->events)
        event_clock_translate(&run->clock, json);
    json_dumpf(json, stdout, JSON_COMPACT | JSON_REAL_PRECISION(10));
    putchar('\n');
    json_decref(json);
}

static void on_change(void *context, const struct incident_change *change)
{
    struct replay_run *run = context;
    run->opened += change->event == INCIDENT_OPENED;
    if (run->incidents_only && change->event != INCIDENT_CHANGED &&
        change->incident.updated.ms >= run->since_ms &&
        change->incident.updated.ms <= run->until_ms)
        print_incident(run, change);
}

/* Baselines are read from the configured store, which is not made if it is not there. */
static int open_baselines(struct replay_run *run, struct err *reterr)
{
    const char *url = run->config->store, *path = url + strlen("sqlite:");
    bool is_file = !strncmp(url, "sqlite:", strlen("sqlite:")) && path[0] != ':';
    struct text probe = {0};
    if (is_file && file_read(path, 1, &probe, reterr) == ERR_NOT_FOUND) {
        err_set(reterr, ERR_NOT_FOUND, "store %s does not exist, so it has no baseline", path);
        err_hint(reterr, "`leeway baseline create --config FILE --monitor NAME --file TRAINING` "
                         "makes both; or give a document with --baseline.");
        return ERR_NOT_FOUND;
    }
    text_release(&probe);
    run->baselines = store_open(url, NULL, reterr);
    return run->baselines ? 0 : reterr->code;
}

/* Windows of so many records, of the one monitor. */
static int use_events(struct replay_run *run, struct err *reterr)
{
    struct config *config = run->config;
    uint32_t at = 0;
    while (run->monitor && at < config->monitor_count &&
           strcmp(config->monitors[at].name, run->monitor) != 0)
        at++;
    if (at == config->monitor_count)
        return err_set(reterr, ERR_NOT_FOUND, "there is no monitor %s", run->monitor);
    if (!run->monitor && config->monitor_count > 1)
        return err_set(reterr, ERR_INVALID,
                       "records are counted for one monitor; name it with "
                       "--monitor");
    struct config_monitor *monitor = &config->monitors[0];
    *monitor = config->monitors[at];
    config->monitor_count = 1;
    monitor->window_count = 1;
    monitor->lateness_ms = 0;
    event_clock_init(&run->clock, run->events, monitor->windows_ms[0]);
    return 0;
}

static int replay_run_open(struct replay_run *run, const char *config_path, const char *file,
                           const char *topic, const char *baseline, struct err *reterr)
{
    run->config = setup_config(config_path);
    if (!run->config)
        return ERR_INVALID;
    if (!topic)
        topic = run->config->monitor_count ? run->config->monitors[0].topics[0] : "events";
    struct config *config = run->config;
    if (run->events && use_events(run, reterr) != 0)
        return reterr->code;
    if (!baseline && open_baselines(run, reterr) != 0)
        return reterr->code;
    run->config = NULL;
    run->setup = setup_open(config, run->baselines, baseline);
    if (!run->setup)
        return ERR_INVALID;
    run->store = store_open("sqlite::memory:", &(struct store_options){.agent = "replay"}, reterr);
    run->replay =
        run->store ? replay_open(file, topic, config->limits.event_bytes + 4096, reterr) : NULL;
    if (!run->replay)
        return reterr->code;
    const struct evaluate_hooks hooks = {
        .context = run, .verdict = on_verdict, .change = on_change};
    const struct pump_options options = {.judge_at_end = !strcmp(file, "-"),
                                         .renumber = run->events > 0,
                                         .commit_interval_ms = config->limits.commit_interval_ms};
    run->ingest = ingest_new(run->setup, run->store);
    if (run->events)
        ingest_use_event_clock(run->ingest, &run->clock);
    run->evaluate = evaluate_new(run->setup, run->store, &hooks);
    run->pump = pump_new(run->ingest, run->evaluate, run->setup, run->store, run->replay, &options);
    return 0;
}

static void replay_run_close(struct replay_run *run)
{
    pump_free(run->pump);
    evaluate_free(run->evaluate);
    ingest_free(run->ingest);
    replay_close(run->replay);
    setup_free(run->setup);
    config_free(run->config);
    store_close(run->store);
    store_close(run->baselines);
    text_release(&run->line);
    event_clock_release(&run->clock);
}

static int replay_run_pump(struct replay_run *run, struct err *reterr)
{
    int64_t wait_ms;
    for (;;) {
        switch (pump_step(run->pump, clock_loop(), &wait_ms, reterr)) {
        case PUMP_END:
            return 0;
        case PUMP_FAILED:
            return reterr->code;
        case PUMP_WAIT: /* a store in memory that cannot write has no reason to recover */
            return err_set(reterr, ERR_IO, "could not write the store in memory: %s",
                           pump_trouble(run->pump));
        case PUMP_AGAIN:
            break;
        }
    }
}

static void print_counts(const struct replay_run *run)
{
    const struct ingest_totals *totals = ingest_totals(run->ingest);
    fprintf(
        stderr, "leeway: %lld verdicts, %lld incidents opened; records:",
        (long long)(run->incidents_only ? evaluate_totals(run->evaluate)->verdicts : run->verdicts),
        (long long)run->opened);
    for (int i = 0; i < DISPOSITIONS; i++)
        fprintf(stderr, " %s %lld", disposition_name((enum disposition)i),
                (long long)totals->records[i]);
    fputc('\n', stderr);
}

static void print_error(const struct err *err)
{
    char line[1024];
    fprintf(stderr, "leeway: %s\n", err_line(err, line, sizeof line));
}

static bool parse_time(const char *text, int64_t otherwise, int64_t *ret_ms)
{
    struct event_time time = {otherwise};
    bool good = !text || event_time_parse(bytes_of(text), &time);
    *ret_ms = time.ms;
    return good;
}

static int run_replay(struct replay_run *run, const char *config, const char *file,
                      const char *topic, const char *baseline, bool fail_on_drift)
{
    struct err err = {0};
    if (run->as_table && !run->incidents_only)
        printf("%-20s %-6s %-10s %-7s %-16s %-16s %8s %-12s %-8s %8s %8s %9s  %s\n", "END",
               "WINDOW", "MONITOR", "VERSION", "FIELD", "SEGMENT", "N", "STATE", "SEVERITY", "PSI",
               "EFFECT", "P", "DETAIL");
    int code = replay_run_open(run, config, file, topic, baseline, &err);
    if (!code)
        code = replay_run_pump(run, &err);
    if (code && err.code)
        print_error(&err);
    if (!code)
        print_counts(run);
    /* Records of which none could be counted must not look like records without drift. */
    if (!code && complaint(ingest_totals(run->ingest), &err) != 0) {
        print_error(&err);
        code = err.code == ERR_INVALID ? err.code : 0;
    }
    bool drift = fail_on_drift && run->opened;
    replay_run_close(run);
    return code ? EXIT_FAILED : drift ? EXIT_DRIFT : EXIT_OK;
}

int command_replay(int argc, char **argv)
{
    struct replay_run run = {0};
    const char *config = "leeway.yaml", *file = NULL, *topic = NULL, *baseline = NULL;
    const char *output = "json", *since = NULL, *until = NULL, *window = NULL;
    bool fail_on_drift = false;
    const struct option options[] = {
        {"config", 'c', OPTION_TEXT, &config, "FILE", "configuration (leeway.yaml)"},
        {"file", 'f', OPTION_TEXT, &file, "FILE",
         "events, one JSON object a line; - reads standard input"},
        {"baseline", 'b', OPTION_TEXT, &baseline, "FILE",
         "baseline document, instead of the store's"},
        {"output", 'o', OPTION_TEXT, &output, "FORMAT", "json (a line each, default) or table"},
        {"incidents", 0, OPTION_FLAG, &run.incidents_only, NULL,
         "print incidents instead of verdicts"},
        {"monitor", 'm', OPTION_TEXT, &run.monitor, "NAME", "only verdicts of this monitor"},
        {"field", 0, OPTION_TEXT, &run.field, "NAME", "only verdicts of this field"},
        {"since", 0, OPTION_TEXT, &since, "TIME", "only what ends at or after this event time"},
        {"until", 0, OPTION_TEXT, &until, "TIME", "only what ends at or before this event time"},
        {"window", 'w', OPTION_TEXT, &window, "EVENTS",
         "windows of so many records instead of the configured ones, as in \"10000 events\""},
        {"topic", 0, OPTION_TEXT, &topic, "NAME", "topic of lines that name none"},
        {"fail-on-drift", 0, OPTION_FLAG, &fail_on_drift, NULL,
         "exit with 3 if an incident opened"},
        {0}};
    const char *usage = "leeway replay --config FILE --file FILE [--output json|table]";
    int code = options_parse(
        argc, argv, usage,
        "Runs recorded events through the pipeline and prints every verdict. Nothing is stored and "
        "nobody\n"
        "is told. The same records give the same output, however their partitions are interleaved.",
        options, NULL);
    if (code >= 0)
        return code;
    run.as_table = !strcmp(output, "table");
    const char *wrong = !file                                     ? "an input is needed (--file)"
                        : !run.as_table && strcmp(output, "json") ? "invalid --output"
                        : window && !event_clock_parse(window, &run.events)
                            ? "invalid --window; 10000 events is one"
                        : window && (since || until) ? "--window goes without --since and --until"
                        : !parse_time(since, INT64_MIN, &run.since_ms) ? "invalid --since"
                        : !parse_time(until, INT64_MAX, &run.until_ms) ? "invalid --until"
                                                                       : NULL;
    if (wrong) {
        fprintf(stderr, "leeway: %s\nusage: %s\n", wrong, usage);
        return EXIT_USAGE;
    }
    return run_replay(&run, config, file, topic, baseline, fail_on_drift);
}
