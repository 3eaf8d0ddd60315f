/* leeway run, leeway demo: the agent, with and without a stage. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/agent.h"
#include "app/commands.h"
#include "app/options.h"
#include "base/when.h"

/* "12d" a second of wall time, as a factor. "" and "max": as fast as it goes. */
static bool parse_pace(const char *text, double *ret_pace)
{
    int64_t ms;
    *ret_pace = 0;
    if (!text || !strcmp(text, "max"))
        return true;
    if (!duration_parse(bytes_of(text), &ms))
        return false;
    *ret_pace = (double)ms / 1000.0;
    return true;
}

int command_run(int argc, char **argv)
{
    struct agent_options agent = {.config_path = "leeway.yaml"};
    const char *pace = NULL;
    const struct option options[] = {
        {"config", 'c', OPTION_TEXT, &agent.config_path, "FILE", "configuration (leeway.yaml)"},
        {"file", 'f', OPTION_TEXT, &agent.file, "FILE",
         "events, one JSON object a line; - reads standard input"},
        {"topic", 0, OPTION_TEXT, &agent.topic, "NAME", "topic of lines that name none"},
        {"listen", 0, OPTION_TEXT, &agent.listen, "HOST:PORT",
         "page and API, instead of web.listen; \"\" for none"},
        {"pace", 0, OPTION_TEXT, &pace, "DURATION",
         "event time replayed a second, e.g. 12d; max (default)"},
        {"once", 0, OPTION_FLAG, &agent.once, NULL, "end when all is judged and told"},
        {"progress", 0, OPTION_FLAG, &agent.show_progress, NULL,
         "progress and incidents on standard output"},
        {0}};
    const char *usage = "leeway run [--config FILE] [--file FILE [--once]]";
    int code = options_parse(
        argc, argv, usage,
        "Counts events (of Kafka, or of FILE), judges every window against the baseline, "
        "and tells receivers.\n"
        "Stops at SIGTERM; what was committed is never counted again.",
        options, NULL);
    if (code >= 0)
        return code;
    if (!parse_pace(pace, &agent.pace)) {
        fprintf(stderr, "leeway: invalid --pace\nusage: %s\n", usage);
        return EXIT_USAGE;
    }
    return agent_run(&agent);
}

/* The demo's files lie in one directory; its configuration names them relative to itself. */
static int demo_baseline(const char *directory)
{
    char training[512], config[512];
    snprintf(training, sizeof training, "%s/training.ndjson", directory);
    snprintf(config, sizeof config, "%s/leeway.yaml", directory);
    char *arguments[] = {(char[]){"baseline"},  (char[]){"create"},
                         (char[]){"--config"},  config,
                         (char[]){"--monitor"}, (char[]){"flights"},
                         (char[]){"--name"},    (char[]){"flights"},
                         (char[]){"--file"},    training,
                         (char[]){"--promote"}, NULL};
    return command_baseline(11, arguments);
}

int command_demo(int argc, char **argv)
{
    struct agent_options agent = {.show_progress = true};
    const char *pace = "10d", *directory = "build/demo";
    char config[512], events[512];
    const struct option options[] = {
        {"dir", 'd', OPTION_TEXT, &directory, "DIR",
         "leeway.yaml, training.ndjson, events.ndjson (build/demo)"},
        {"listen", 0, OPTION_TEXT, &agent.listen, "HOST:PORT",
         "page and API, instead of web.listen"},
        {"pace", 0, OPTION_TEXT, &pace, "DURATION", "event time replayed a second (10d); max"},
        {"once", 0, OPTION_FLAG, &agent.once, NULL, "as fast as it goes, then end"},
        {0}};
    int code = options_parse(
        argc, argv, "leeway demo [--dir DIR] [--once]",
        "Replays a recorded year of flights through the whole agent: January is the training "
        "data,\n"
        "the rest of 2013 the live stream. `script/demo` prepares the files and starts this.",
        options, NULL);
    if (code >= 0)
        return code;
    if (!parse_pace(agent.once ? "max" : pace, &agent.pace)) {
        fprintf(stderr, "leeway: %s\n", "invalid --pace");
        return EXIT_USAGE;
    }
    snprintf(config, sizeof config, "%s/leeway.yaml", directory);
    snprintf(events, sizeof events, "%s/events.ndjson", directory);
    if (access(config, R_OK) != 0 || access(events, R_OK) != 0) {
        fprintf(stderr, "leeway: no demo in %s\n  hint: `script/demo` prepares it.\n", directory);
        return EXIT_FAILED;
    }
    code = demo_baseline(directory);
    agent.config_path = config;
    agent.file = events;
    return code ? code : agent_run(&agent);
}
