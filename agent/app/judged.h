/* Where the judging of one monitor stands: windows, judge states and incident book, as the store
 * has them. Internal to evaluate. */
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

/* What a version had under another configuration or baseline. */
struct foreign {
    const char *version, *generation;
};

enum { FOREIGN_MAX = 64 }; /* told apart in one reading; others are found by the next */

/* A reading of a monitor's panes: those of each version's present generation; of others only which
 * there are. Free with read_panes_clear. */
struct read_panes {
    const struct monitor *monitor;
    struct arena *arena;
    struct read_pane *items;
    uint32_t count, capacity;
    struct foreign foreign[FOREIGN_MAX];
    uint32_t foreign_count;
    int64_t foreign_rows;
};

/* The row function of store_deltas and store_panes for struct read_panes. */
int read_panes_row(void *context, const struct store_pane *row);
void read_panes_clear(struct read_panes *read);

/* One model version: its windows and what judging it remembers. */
struct version {
    char *name;
    const struct track *track;
    int64_t begin_ms;        /* first pane of the version in this generation; TIME_NONE: none yet */
    int64_t last_ms;         /* start of the last pane with data */
    struct rolling *rolling; /* NULL while nothing is in any window */
    struct judge_state *state;
    struct verdict_list alarms; /* of the pane being judged, until its windows are */
    /* The baseline of the generation before this one, whose incidents are still to be closed; NULL:
     * there are none. */
    char *former_baseline, *former_hash;
};

struct judged {
    const struct monitor *monitor;
    bool loaded;            /* false: nothing below counts; load it */
    int64_t position_ms;    /* end of the last judged pane; TIME_NONE before the first */
    int64_t passed_over_ms; /* end of the last pane that was judged without being certain */
    struct incident_book *book;
    struct version *versions; /* by name; as many as ingest's limit allows */
    uint32_t version_count;
    /* One for each track. */
    struct counts **scratch;
    struct judge_tables **tables;
    /* a load under way */
    struct store *store;
    struct text text;
    struct read_panes read;
    store_done_fn done;
    void *done_context;
};

void judged_init(struct judged *judged, const struct monitor *monitor);
void judged_release(struct judged *judged);

/* Reads the monitor's state from the store and rebuilds the windows from stored panes. `arena` is
 * cleared. */
void judged_load(struct judged *judged, struct store *store, struct arena *arena,
                 store_done_fn done, void *context);

/* What was judged is in the store: the position moves on, and the former incidents are closed. */
void judged_moved(struct judged *judged, int64_t position_ms);

/* The state as JSON, as judged_load reads it. */
void judged_format(const struct judged *judged, struct text *text);

/* The version of that name, made if it is not there; it begins then, if it has not yet. Sorted by
 * name, so that verdicts come in the same order whatever version was seen first. Valid until the
 * next call. */
struct version *judged_version(struct judged *judged, const char *name, int64_t begin_ms);

/* Cleared counts in the cells of the version's baseline. */
struct counts *judged_scratch(struct judged *judged, const char *version);

/* Makes empty windows if there are none. */
void version_wake(struct version *version, const struct monitor *monitor);
/* Adds a pane to the windows; NULL is an empty one, for versions whose windows are not. */
void version_add(struct version *version, const struct monitor *monitor, int64_t start_ms,
                 const struct counts *counts);
/* Gives the windows back if nothing is in them any more: the next pane with data makes the same
 * windows again. */
void version_rest(struct version *version);

#endif
