/* Evaluate: from final panes to verdicts, incidents and outbox. The other file that knows the order
 * of stages:
 *
 *     store ─► window ─► compare ─► judge ─► incident ─► store (─► notify)
 */
#ifndef LEEWAY_APP_EVALUATE_H
#define LEEWAY_APP_EVALUATE_H

#include "app/setup.h"

struct evaluate;

/* What the caller wants to see; any may be NULL. Called after what they show is stored, in order.
 */
struct evaluate_hooks {
    void *context;
    void (*verdict)(void *context, const struct verdict *verdict);
    void (*change)(void *context, const struct incident_change *change);
    bool keep_verdicts; /* store verdict rows and histograms; false for replays that only print */
    bool keep_outbox;   /* fill the outbox */
    const char *reproduce; /* command for the evidence, or NULL */
};

/* `setup` and `store` are borrowed. */
struct evaluate *evaluate_new(const struct setup *setup, struct store *store,
                              const struct evaluate_hooks *hooks);
void evaluate_free(struct evaluate *evaluate); /* takes NULL; no call may be under way */

/* Judges panes of one monitor that end at or before `final_ms`, at most a batch of them, in one
 * transaction; panes that end after `certain_ms` are passed over without all partitions having been
 * there, and every window that holds one makes provisional verdicts. The first call of a monitor,
 * and the next one after any trouble, reads where judging stands and rebuilds the windows from
 * stored panes.
 *
 * `done` is called with STORE_DONE; `ret_more` (valid then) says whether there is more to judge up
 * to `final_ms`. On any other result nothing is known to be judged: STORE_FENCED means that another
 * judge was faster, STORE_UNAVAILABLE that the same call may be repeated. One call at a time, of
 * this or evaluate_merge_late. */
void evaluate_monitor(struct evaluate *evaluate, uint32_t monitor, int64_t final_ms,
                      int64_t certain_ms, bool *ret_more, store_done_fn done, void *context);

/* Adds deltas that arrived for panes already judged to their stored panes and to the windows;
 * judged state is not touched. Deltas of other generations are set aside (store_set_aside): nobody
 * will judge them. */
void evaluate_merge_late(struct evaluate *evaluate, uint32_t monitor, store_done_fn done,
                         void *context);

/* Somebody else may have judged meanwhile: the next call reads the state again. */
void evaluate_forget(struct evaluate *evaluate, uint32_t monitor);

struct evaluate_totals {
    int64_t panes, windows, verdicts, opened, closed, skipped_generations;
};
const struct evaluate_totals *evaluate_totals(const struct evaluate *evaluate);

/* End of the last judged pane of a monitor; TIME_NONE before the first. */
int64_t evaluate_position(const struct evaluate *evaluate, uint32_t monitor);

/* Whether this process has read where the judging of a monitor stands. */
bool evaluate_knows(const struct evaluate *evaluate, uint32_t monitor);

/* Model versions of a monitor that have records in some window; the others cost a name. */
uint32_t evaluate_live_versions(const struct evaluate *evaluate, uint32_t monitor);

#endif
