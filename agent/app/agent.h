/* The agent: everything put together on one event loop. */
#ifndef LEEWAY_APP_AGENT_H
#define LEEWAY_APP_AGENT_H

#include <stdbool.h>

#include "app/setup.h"

struct agent_options {
    const char *config_path;
    const char *file;   /* replay source: path or "-" */
    const char *topic;  /* of lines that name none; NULL: the first monitor's first topic */
    const char *listen; /* overrides web.listen; NULL: as configured */
    double pace;        /* event time per wall time; 0: as fast as it goes */
    bool once;          /* end when everything is judged and told */
    bool show_progress; /* progress and incidents on standard output */
};

/* Runs until the input has ended (with `once`), or SIGTERM or SIGINT. Returns the process's exit
 * code. */
int agent_run(const struct agent_options *options);

#endif
