/* Where the judging of one monitor stands: windows, judge state and incident book, as the store has
 * them. Internal to evaluate. */
#ifndef LEEWAY_APP_JUDGED_H
#define LEEWAY_APP_JUDGED_H

#include "app/setup.h"
#include "window/rolling.h"

/* One delta or pane as read, copied. */
struct read_pane {
    int64_t start_ms;
    const char *version;
    struct bytes counts;
    int64_t rows;
    uint32_t revision;
};

/* A reading of one generation; rows of others are counted only. Free `items`. */
struct read_panes {
    struct arena *arena;
    const char *generation;
    struct read_pane *items;
    uint32_t count, capacity;
    int64_t foreign;
};

/* The row function of store_deltas and store_panes for struct read_panes. */
int read_panes_row(void *context, const struct store_pane *row);

/* Windows of one model version. */
struct version {
    char *name;
    int64_t begin_ms;        /* first pane of the version in this generation */
    int64_t last_ms;         /* start of the last pane with data */
    struct rolling *rolling; /* NULL while nothing is in any window */
};

struct judged {
    bool loaded;            /* false after a failed judged_load: nothing below counts */
    int64_t position_ms;    /* end of the last judged pane; TIME_NONE before the first */
    int64_t passed_over_ms; /* end of the last pane that was judged without being certain */
    struct judge_state *state;
    struct incident_book *book;
    struct version *versions; /* by name; as many as ingest's limit allows */
    uint32_t version_count;
    struct counts *scratch;
    /* Incidents of the generation before this one, which are still to be closed; NULL: none. */
    struct incident_book *former;
    char *former_baseline, *former_hash;
};

/* Reads the monitor's state from the store and rebuilds the windows from stored panes. `judged` is
 * {0} with a position and scratch counts, or loaded before. `arena` is cleared. */
int judged_load(struct judged *judged, const struct monitor *monitor, struct store *store,
                struct arena *arena, struct err *reterr);
void judged_clear(struct judged *judged); /* all but position and scratch */

/* What was judged is in the store: the position moves on, and the former incidents are closed. */
void judged_moved(struct judged *judged, int64_t position_ms);

/* The state as JSON, as judged_load reads it. */
void judged_format(const struct judged *judged, const struct monitor *monitor, struct text *text);

/* The version of that name, made if it is not there. Sorted by name, so that verdicts come in the
 * same order whatever version was seen first. Valid until the next call. */
struct version *judged_version(struct judged *judged, const char *name, int64_t begin_ms);

/* Adds a pane to the windows; NULL is an empty one, for versions whose windows are not. */
void version_add(struct version *version, const struct monitor *monitor, int64_t start_ms,
                 const struct counts *counts);
/* Gives the windows back if nothing is in them any more: the next pane with data makes the same
 * windows again. */
void version_rest(struct version *version);

#endif
