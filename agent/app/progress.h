/* What a person sees while `leeway demo` (or `run --progress`) works: one line that moves, and a
 * line for each incident. */
#ifndef LEEWAY_APP_PROGRESS_H
#define LEEWAY_APP_PROGRESS_H

#include "app/evaluate.h"
#include "app/ingest.h"

struct progress {
    bool shown, is_terminal, finished;
    int64_t delivered; /* messages that receivers took */
    uint32_t opened, closed;
    struct loop_time last, started;
};

void progress_init(struct progress *progress, bool shown);
void progress_listening(const struct progress *progress, const char *listen, unsigned port);
void progress_show(struct progress *progress, const struct ingest *ingest,
                   const struct replay *replay, struct loop_time now);
void progress_incident(struct progress *progress, const struct incident_change *change);
void progress_finish(struct progress *progress, const struct ingest *ingest,
                     const struct evaluate *evaluate);
/* At the end of the process. */
void progress_summary(const struct progress *progress, const struct ingest *ingest,
                      const struct evaluate *evaluate);

#endif
