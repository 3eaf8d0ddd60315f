/* Progress for people, on standard output. The moving line is only drawn on a terminal; elsewhere a
 * line every few seconds would be noise. */
#include "app/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/visible.h"
#include "sys/file.h"

enum { REDRAW_MS = 100 };

void progress_init(struct progress *progress, bool shown)
{
    progress->shown = shown;
    progress->is_terminal = isatty(STDOUT_FILENO);
    progress->started = clock_loop();
}

void progress_listening(const struct progress *progress, const char *listen, unsigned port)
{
    const char *colon = strrchr(listen, ':');
    if (progress->shown)
        printf("page: http://%.*s:%u/\n", colon ? (int)(colon - listen) : (int)strlen(listen),
               listen, port);
    fflush(stdout);
}

static int64_t records_total(const struct ingest *ingest)
{
    int64_t total = 0;
    for (int i = 0; i < DISPOSITIONS; i++)
        total += ingest_totals(ingest)->records[i];
    return total;
}

void progress_show(struct progress *progress, const struct ingest *ingest,
                   const struct replay *replay, struct loop_time now)
{
    int64_t read, size, seen = ingest_seen(ingest);
    char time[32] = "";
    if (!progress->shown || !progress->is_terminal || progress->finished ||
        now.ms - progress->last.ms < REDRAW_MS)
        return;
    progress->last = now;
    replay_progress(replay, &read, &size);
    if (seen != TIME_NONE)
        event_time_format((struct event_time){seen}, time);
    printf("\r\033[K%.10s  %3.0f %%  %" PRId64 " records  %u incidents opened, %u closed", time,
           size > 0 ? 100.0 * (double)read / (double)size : 0.0, records_total(ingest),
           progress->opened, progress->closed);
    fflush(stdout);
}

void progress_incident(struct progress *progress, const struct incident_change *change)
{
    static const char *const words[] = {"OPENED", "WORSE", "CLOSED"};
    char time[32], title[VISIBLE_BYTES];
    progress->opened += change->event == INCIDENT_OPENED;
    progress->closed += change->event == INCIDENT_CLOSED;
    if (!progress->shown || change->event == INCIDENT_CHANGED)
        return;
    event_time_format(change->incident.updated, time);
    printf("%s%.10s %.5s  %-6s %-8s %s\n", progress->is_terminal ? "\r\033[K" : "", time, time + 11,
           words[change->event], rule_severity_name(change->incident.severity),
           visible(change->incident.title, title));
    fflush(stdout);
}

void progress_finish(struct progress *progress, const struct ingest *ingest,
                     const struct evaluate *evaluate)
{
    if (!progress->shown || progress->finished)
        return;
    progress->finished = true;
    double seconds = (double)(clock_loop().ms - progress->started.ms) / 1000;
    printf("%sread to the end: %" PRId64 " records in %.1f s, %" PRId64 " windows, %" PRId64
           " verdicts\n",
           progress->is_terminal ? "\r\033[K" : "", records_total(ingest), seconds,
           evaluate_totals(evaluate)->windows, evaluate_totals(evaluate)->verdicts);
    fflush(stdout);
}

void progress_summary(const struct progress *progress, const struct ingest *ingest,
                      const struct evaluate *evaluate)
{
    if (!progress->shown)
        return;
    printf("\nsummary\n");
    for (int i = 0; i < DISPOSITIONS; i++)
        printf("  records %-14s %" PRId64 "\n", disposition_name((enum disposition)i),
               ingest_totals(ingest)->records[i]);
    printf("  panes judged           %" PRId64 "\n  verdicts               %" PRId64
           "\n  incidents opened       %u\n  incidents closed       %u\n"
           "  messages delivered     %" PRId64 "\n",
           evaluate_totals(evaluate)->panes, evaluate_totals(evaluate)->verdicts, progress->opened,
           progress->closed, progress->delivered);
    fflush(stdout);
}
