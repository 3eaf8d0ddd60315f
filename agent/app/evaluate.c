/* The way from final panes to what is told. For each monitor: read the deltas of the next panes,
 * merge them, roll the windows, judge what is due, step the incidents, and write all of it with the
 * new state in one transaction that names the position it started from. A crash anywhere repeats
 * the same reading and writes the same rows under the same ids. */
#include "app/evaluate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/judged.h"
#include "app/rows.h"
#include "judge/histogram.h"
#include "judge/ring.h"

enum { BATCH_PANES = 48 };

struct evaluate {
    const struct setup *setup;
    struct store *store;
    struct evaluate_hooks hooks;
    struct judged *monitors;
    struct evaluate_totals totals;
    /* the call under way */
    struct arena *arena;
    struct rows rows;
    struct text state_text;
    uint32_t monitor;
    bool late;
    int64_t final_ms, certain_ms, first_ms, end_ms, mark;
    struct read_panes read, stored;
    struct store_judged writing;
    uint32_t foreign; /* of read.foreign: the next to be set aside */
    bool more, *ret_more;
    store_done_fn done;
    void *done_context;
    /* what is told once it is written */
    struct verdict_list verdicts;
    struct incident_changes changes;
    struct evaluate_totals batch;
};

struct evaluate *evaluate_new(const struct setup *setup, struct store *store,
                              const struct evaluate_hooks *hooks)
{
    struct evaluate *evaluate = mem_new(1, sizeof *evaluate);
    evaluate->setup = setup;
    evaluate->store = store;
    evaluate->hooks = *hooks;
    evaluate->arena = arena_new();
    evaluate->monitors = mem_new(setup->monitor_count, sizeof *evaluate->monitors);
    for (uint32_t i = 0; i < setup->monitor_count; i++)
        judged_init(&evaluate->monitors[i], &setup->monitors[i]);
    return evaluate;
}

void evaluate_free(struct evaluate *evaluate)
{
    if (!evaluate)
        return;
    for (uint32_t i = 0; i < evaluate->setup->monitor_count; i++)
        judged_release(&evaluate->monitors[i]);
    free(evaluate->monitors);
    read_panes_clear(&evaluate->read);
    read_panes_clear(&evaluate->stored);
    verdict_list_release(&evaluate->verdicts);
    incident_changes_release(&evaluate->changes);
    rows_release(&evaluate->rows);
    text_release(&evaluate->state_text);
    arena_free(evaluate->arena);
    free(evaluate);
}

static struct judged *judged_of(struct evaluate *evaluate)
{
    return &evaluate->monitors[evaluate->monitor];
}

/* The end of a call. After trouble what is in memory is not what is stored: it is loaded again. */
static void finish(struct evaluate *evaluate, enum store_result result, const struct err *err)
{
    read_panes_clear(&evaluate->read);
    read_panes_clear(&evaluate->stored);
    if (result != STORE_DONE)
        judged_of(evaluate)->loaded = false;
    evaluate->done(evaluate->done_context, result, err);
}

static void finish_code(struct evaluate *evaluate, int code, const struct err *err)
{
    finish(evaluate, code == ERR_UNAVAILABLE ? STORE_UNAVAILABLE : STORE_FAILED, err);
}

/* ---- judging ---- */

static void keep_verdicts(struct evaluate *evaluate, const struct verdict_list *verdicts)
{
    struct verdict_list *kept = &evaluate->verdicts;
    for (uint32_t i = 0; i < verdicts->count; i++) {
        if (evaluate->hooks.verdict) {
            if (kept->count == kept->capacity) {
                kept->capacity = kept->capacity ? kept->capacity * 2 : 64;
                kept->items = mem_resize(kept->items, kept->capacity, sizeof *kept->items);
            }
            kept->items[kept->count++] = verdicts->items[i];
        }
        if (evaluate->hooks.keep_verdicts)
            rows_add_verdict(&evaluate->rows, evaluate->arena, &verdicts->items[i]);
    }
    evaluate->batch.verdicts += verdicts->count;
}

static struct incident_context context_of(const struct evaluate *evaluate,
                                          const struct track *track)
{
    const struct monitor *monitor = &evaluate->setup->monitors[evaluate->monitor];
    return (struct incident_context){.monitor = monitor->config,
                                     .baseline = track->label,
                                     .baseline_hash = track->baseline->hash,
                                     .reproduce = evaluate->hooks.reproduce};
}

/* Takes the changes from `first` on to rows. */
static void keep_changes(struct evaluate *evaluate, uint32_t first)
{
    for (uint32_t i = first; i < evaluate->changes.count; i++) {
        const struct incident_change *change = &evaluate->changes.items[i];
        evaluate->batch.opened += change->event == INCIDENT_OPENED;
        evaluate->batch.closed += change->event == INCIDENT_CLOSED;
        rows_add_incident(&evaluate->rows, evaluate->arena, &change->incident);
        if (evaluate->hooks.keep_outbox)
            rows_add_messages(&evaluate->rows, evaluate->arena, evaluate->setup->config, change);
    }
}

static void step_incidents(struct evaluate *evaluate, const struct version *version,
                           const struct verdict_list *verdicts)
{
    const struct incident_context context = context_of(evaluate, version->track);
    uint32_t first = evaluate->changes.count;
    incident_step(&evaluate->setup->ruleset, judged_of(evaluate)->book, &context, verdicts->items,
                  verdicts->count, evaluate->arena, &evaluate->changes);
    keep_changes(evaluate, first);
}

/* Closes incidents that no verdict will close: those of a configuration or baseline that is judged
 * no longer, and those whose rule is gone. They end where they were last judged, so that a repeat
 * says the same. */
static void end_incidents(struct evaluate *evaluate)
{
    const struct ruleset *ruleset = &evaluate->setup->ruleset;
    struct judged *judged = judged_of(evaluate);
    struct incident_context context = context_of(evaluate, &judged->monitor->tracks[0]);
    const struct event_time now = {judged->position_ms};
    uint32_t first = evaluate->changes.count;
    incident_close_orphans(ruleset, judged->book, &context, now, "ended because its rule is gone",
                           evaluate->arena, &evaluate->changes);
    for (uint32_t i = 0; i < judged->version_count; i++) {
        const struct version *version = &judged->versions[i];
        if (!version->former_baseline)
            continue;
        context.baseline = version->former_baseline;
        context.baseline_hash = version->former_hash;
        context.reproduce = NULL; /* the configuration that would is gone */
        incident_close_version(ruleset, judged->book, version->name, &context, now,
                               "ended by a new configuration or baseline", evaluate->arena,
                               &evaluate->changes);
    }
    keep_changes(evaluate, first);
}

/* Histograms are kept as evidence of what drifts, and for every verdict that is stored. */
static void add_histograms(struct evaluate *evaluate, const struct counts *counts,
                           struct verdict_list *verdicts, uint32_t first)
{
    struct text text = {0};
    for (uint32_t i = first; i < verdicts->count; i++) {
        struct verdict *verdict = &verdicts->items[i];
        bool wanted = verdict->state == STATE_DRIFT || evaluate->hooks.keep_verdicts;
        int field = baseline_find(counts->layout->baseline, bytes_of(verdict->field));
        if (!wanted || verdict->segment[0] || field < 0)
            continue;
        text_clear(&text);
        histogram_format(counts, (uint32_t)field, &text);
        verdict->histogram = arena_text(evaluate->arena, bytes_make(text.data, text.size));
    }
    text_release(&text);
}

static uint32_t judged_versions(const struct judged *judged)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < judged->version_count; i++)
        count += judged->versions[i].rolling != NULL;
    return count;
}

/* The e-detectors look at every pane; the alarms wait for the windows that end with it. */
static void judge_alarms(struct evaluate *evaluate, struct version *version, int64_t start_ms,
                         const struct counts *counts)
{
    struct judged *judged = judged_of(evaluate);
    const struct monitor *monitor = judged->monitor;
    int64_t end_ms = start_ms + monitor->pane_ms;
    struct judge_pane_input input = {.monitor = monitor->config->name,
                                     .version = version->name,
                                     .start = {start_ms},
                                     .end = {end_ms},
                                     .window_ms = monitor->config->windows_ms[0],
                                     .counts = counts,
                                     .provisional = end_ms > evaluate->certain_ms,
                                     .version_count = judged_versions(judged)};
    snprintf(input.generation, sizeof input.generation, "%.16s", version->track->generation);
    judge_pane(&monitor->policy, &input, judged->tables[version->track - monitor->tracks],
               version->state, evaluate->arena, &version->alarms);
}

/* Counts may still arrive for a pane that was passed over, and windows get them when they do: so
 * every window that holds one is provisional. */
static void judge_version(struct evaluate *evaluate, struct version *version, int64_t end_ms)
{
    struct judged *judged = judged_of(evaluate);
    const struct monitor *monitor = judged->monitor;
    struct verdict_list *verdicts = &version->alarms;
    uint32_t due = rolling_due(version->rolling);
    /* An alarm's own counts are the judge's; people see the shortest window as it is. */
    if (verdicts->count)
        add_histograms(evaluate, rolling_window(version->rolling, 0), verdicts, 0);
    for (uint32_t w = 0; w < monitor->config->window_count; w++) {
        if (!(due >> w & 1))
            continue;
        int64_t window_ms = monitor->config->windows_ms[w];
        uint32_t first = verdicts->count;
        struct judge_input input = {.monitor = monitor->config->name,
                                    .version = version->name,
                                    .start = {end_ms - window_ms},
                                    .end = {end_ms},
                                    .window_ms = window_ms,
                                    .counts = rolling_window(version->rolling, w),
                                    .ignored = version->track->ignored,
                                    .provisional = end_ms - window_ms < judged->passed_over_ms,
                                    .version_count = judged_versions(judged)};
        snprintf(input.generation, sizeof input.generation, "%.16s", version->track->generation);
        judge_window(&monitor->policy, &input, version->state, evaluate->arena, verdicts);
        add_histograms(evaluate, input.counts, verdicts, first);
        evaluate->batch.windows++;
    }
    step_incidents(evaluate, version, verdicts);
    keep_verdicts(evaluate, verdicts);
    verdicts->count = 0;
}

/* Sums the deltas items[*at …] of one pane and version, and moves *at behind them. NULL on failure.
 */
static struct counts *merge_deltas(struct judged *judged, const struct read_panes *read,
                                   uint32_t *at, struct err *reterr)
{
    const struct read_pane *first = &read->items[*at];
    struct counts *counts = judged_scratch(judged, first->version);
    while (*at < read->count && read->items[*at].start_ms == first->start_ms &&
           !strcmp(read->items[*at].version, first->version)) {
        if (counts_add_encoded(counts, read->items[(*at)++].counts, 1, reterr) != 0)
            return NULL;
    }
    return counts;
}

/* At each hop of the longest window: answers that no window looks back to any more. Never in a pane
 * with empty windows, which may be skipped: the state is the same wherever batches begin. */
static void forget_answers(const struct monitor *monitor, struct judged *judged, int64_t end_ms)
{
    int64_t longest = monitor->config->windows_ms[monitor->config->window_count - 1];
    if (end_ms % (longest / RING_HOPS) == 0)
        for (uint32_t i = 0; i < judged->version_count; i++)
            judge_state_prune(judged->versions[i].state, end_ms - RING_WINDOWS_MAX * longest);
}

/* One pane for all versions: those with deltas get them, the others an empty pane. */
static int step_pane(struct evaluate *evaluate, uint32_t *at, int64_t start_ms, struct err *reterr)
{
    const struct monitor *monitor = &evaluate->setup->monitors[evaluate->monitor];
    const struct read_panes *read = &evaluate->read;
    struct judged *judged = judged_of(evaluate);
    for (uint32_t i = *at; i < read->count && read->items[i].start_ms == start_ms; i++)
        version_wake(judged_version(judged, read->items[i].version, start_ms), monitor);
    while (*at < read->count && read->items[*at].start_ms == start_ms) {
        const char *name = read->items[*at].version;
        const struct counts *counts = merge_deltas(judged, read, at, reterr);
        if (!counts)
            return reterr->code;
        struct version *version = judged_version(judged, name, start_ms);
        rows_add_pane(&evaluate->rows, evaluate->arena, version->track->generation, name, start_ms,
                      counts);
        version_add(version, monitor, start_ms, counts);
        judge_alarms(evaluate, version, start_ms, counts);
    }
    if (start_ms + monitor->pane_ms > evaluate->certain_ms)
        judged->passed_over_ms = start_ms + monitor->pane_ms;
    bool any = false;
    for (uint32_t i = 0; i < judged->version_count; i++) {
        struct version *version = &judged->versions[i];
        if (!version->rolling)
            continue;
        if (version->last_ms != start_ms)
            version_add(version, monitor, start_ms, NULL);
        judge_version(evaluate, version, start_ms + monitor->pane_ms);
        version_rest(version);
        any = true;
    }
    if (any)
        forget_answers(monitor, judged, start_ms + monitor->pane_ms);
    evaluate->batch.panes++;
    return 0;
}

static bool windows_are_empty(const struct judged *judged)
{
    for (uint32_t i = 0; i < judged->version_count; i++)
        if (judged->versions[i].rolling)
            return false;
    return true;
}

/* ---- one batch: where it begins, its deltas, its verdicts, its writing ---- */

static void add_totals(struct evaluate_totals *totals, const struct evaluate_totals *batch)
{
    totals->panes += batch->panes;
    totals->windows += batch->windows;
    totals->verdicts += batch->verdicts;
    totals->opened += batch->opened;
    totals->closed += batch->closed;
}

static void tell(struct evaluate *evaluate)
{
    const struct evaluate_hooks *hooks = &evaluate->hooks;
    for (uint32_t i = 0; i < evaluate->verdicts.count; i++)
        hooks->verdict(hooks->context, &evaluate->verdicts.items[i]);
    for (uint32_t i = 0; hooks->change && i < evaluate->changes.count; i++)
        hooks->change(hooks->context, &evaluate->changes.items[i]);
    add_totals(&evaluate->totals, &evaluate->batch);
}

static void written(void *context, enum store_result result, const struct err *err)
{
    struct evaluate *evaluate = context;
    if (result == STORE_DONE) {
        judged_moved(judged_of(evaluate), evaluate->end_ms);
        tell(evaluate);
        *evaluate->ret_more = evaluate->more;
    }
    finish(evaluate, result, err);
}

static void write_batch(struct evaluate *evaluate)
{
    const struct rows *rows = &evaluate->rows;
    struct judged *judged = judged_of(evaluate);
    text_clear(&evaluate->state_text);
    judged_format(judged, &evaluate->state_text);
    struct store_judged batch = {.monitor = judged->monitor->config->name,
                                 .old_position_ms = judged->position_ms,
                                 .new_position_ms = evaluate->end_ms,
                                 .state = evaluate->state_text.data,
                                 .panes = rows->panes,
                                 .pane_count = rows->pane_count,
                                 .delta_mark = evaluate->mark,
                                 .verdicts = rows->verdicts,
                                 .verdict_count = rows->verdict_count,
                                 .incidents = rows->incidents,
                                 .incident_count = rows->incident_count,
                                 .outbox = rows->outbox,
                                 .outbox_count = rows->outbox_count};
    evaluate->writing = batch;
    store_judged(evaluate->store, &evaluate->writing, written, evaluate);
}

/* Judges [first_ms, end_ms), which is whole panes. */
static void on_deltas(void *context, enum store_result result, const struct err *err)
{
    struct evaluate *evaluate = context;
    struct err own;
    uint32_t at = 0;
    int code = 0;
    if (result != STORE_DONE) {
        finish(evaluate, result, err);
        return;
    }
    end_incidents(evaluate);
    int64_t pane_ms = judged_of(evaluate)->monitor->pane_ms;
    for (int64_t start = evaluate->first_ms; start < evaluate->end_ms && !code; start += pane_ms)
        code = step_pane(evaluate, &at, start, &own);
    if (code)
        finish_code(evaluate, code, &own);
    else
        write_batch(evaluate);
}

/* The first pane is known. */
static void read_deltas(struct evaluate *evaluate)
{
    const struct monitor *monitor = judged_of(evaluate)->monitor;
    int64_t pane_ms = monitor->pane_ms;
    if (evaluate->first_ms > evaluate->final_ms - pane_ms) {
        finish(evaluate, STORE_DONE, NULL);
        return;
    }
    int64_t panes = (evaluate->final_ms - evaluate->first_ms) / pane_ms;
    evaluate->more = panes > BATCH_PANES;
    panes = evaluate->more ? BATCH_PANES : panes;
    evaluate->end_ms = evaluate->first_ms + panes * pane_ms;
    store_deltas(evaluate->store, monitor->config->name, evaluate->first_ms, evaluate->end_ms,
                 read_panes_row, &evaluate->read, &evaluate->mark, on_deltas, evaluate);
}

/* Position and delta may be those of an earlier generation with panes of another length. */
static void on_first_delta(void *context, enum store_result result, const struct err *err)
{
    struct evaluate *evaluate = context;
    const struct judged *judged = judged_of(evaluate);
    int64_t pane_ms = judged->monitor->pane_ms;
    if (result != STORE_DONE) {
        finish(evaluate, result, err);
        return;
    }
    if (evaluate->first_ms != INT64_MAX) {
        int64_t floor_ms = event_time_floor((struct event_time){evaluate->first_ms}, pane_ms).ms;
        evaluate->first_ms = floor_ms < judged->position_ms ? floor_ms + pane_ms : floor_ms;
    }
    read_deltas(evaluate);
}

/* Where the next pane starts: right after the position, or, when nothing is in any window, at the
 * next delta. */
static void find_first(struct evaluate *evaluate)
{
    const struct judged *judged = judged_of(evaluate);
    if (evaluate->final_ms == TIME_NONE) {
        finish(evaluate, STORE_DONE, NULL);
    } else if (judged->position_ms != TIME_NONE && !windows_are_empty(judged)) {
        evaluate->first_ms = judged->position_ms;
        read_deltas(evaluate);
    } else {
        store_first_delta(evaluate->store, judged->monitor->config->name, judged->position_ms,
                          &evaluate->first_ms, on_first_delta, evaluate);
    }
}

static void read_late(struct evaluate *evaluate);

static void begin(struct evaluate *evaluate)
{
    arena_clear(evaluate->arena);
    rows_clear(&evaluate->rows);
    evaluate->verdicts.count = 0;
    evaluate->changes.count = 0;
    evaluate->batch = (struct evaluate_totals){0};
    evaluate->read = evaluate->stored =
        (struct read_panes){.monitor = judged_of(evaluate)->monitor, .arena = evaluate->arena};
    if (evaluate->late)
        read_late(evaluate);
    else
        find_first(evaluate);
}

static void on_loaded(void *context, enum store_result result, const struct err *err)
{
    struct evaluate *evaluate = context;
    if (result != STORE_DONE)
        finish(evaluate, result, err);
    else
        begin(evaluate);
}

static void start(struct evaluate *evaluate, uint32_t index, bool late, store_done_fn done,
                  void *context)
{
    evaluate->monitor = index;
    evaluate->late = late;
    evaluate->done = done;
    evaluate->done_context = context;
    if (evaluate->monitors[index].loaded)
        begin(evaluate);
    else
        judged_load(judged_of(evaluate), evaluate->store, evaluate->arena, on_loaded, evaluate);
}

void evaluate_monitor(struct evaluate *evaluate, uint32_t index, int64_t final_ms,
                      int64_t certain_ms, bool *ret_more, store_done_fn done, void *context)
{
    evaluate->final_ms = final_ms;
    evaluate->certain_ms = certain_ms;
    evaluate->ret_more = ret_more;
    *ret_more = false;
    start(evaluate, index, false, done, context);
}

void evaluate_forget(struct evaluate *evaluate, uint32_t monitor)
{
    evaluate->monitors[monitor].loaded = false;
}

/* ---- late deltas ---- */

/* The windows take the late counts as well, as they would after a restart. */
static void merged(void *context, enum store_result result, const struct err *err)
{
    struct evaluate *evaluate = context;
    judged_of(evaluate)->loaded = false;
    finish(evaluate, result, err);
}

/* Adds the stored pane to `counts`. */
static int add_stored(const struct evaluate *evaluate, const struct read_pane *pane,
                      struct counts *counts, uint32_t *ret_revision, struct err *reterr)
{
    *ret_revision = 0;
    for (uint32_t i = 0; i < evaluate->stored.count; i++) {
        const struct read_pane *stored = &evaluate->stored.items[i];
        if (stored->start_ms != pane->start_ms || strcmp(stored->version, pane->version) != 0)
            continue;
        *ret_revision = stored->revision;
        return counts_add_encoded(counts, stored->counts, 1, reterr);
    }
    return 0;
}

static void on_stored(void *context, enum store_result result, const struct err *err)
{
    struct evaluate *evaluate = context;
    struct judged *judged = judged_of(evaluate);
    struct err own;
    uint32_t at = 0, revision = 0;
    if (result != STORE_DONE) {
        finish(evaluate, result, err);
        return;
    }
    while (at < evaluate->read.count) {
        const struct read_pane *first = &evaluate->read.items[at];
        struct counts *counts = merge_deltas(judged, &evaluate->read, &at, &own);
        if (!counts || add_stored(evaluate, first, counts, &revision, &own) != 0) {
            finish_code(evaluate, own.code, &own);
            return;
        }
        const struct track *track =
            &judged->monitor->tracks[monitor_track(judged->monitor, first->version)];
        rows_add_pane(&evaluate->rows, evaluate->arena, track->generation, first->version,
                      first->start_ms, counts)
            ->revision = revision;
    }
    store_merge_late(evaluate->store, judged->monitor->config->name, evaluate->rows.panes,
                     evaluate->rows.pane_count, evaluate->mark, merged, evaluate);
}

static void set_aside(void *context, enum store_result result, const struct err *err)
{
    struct evaluate *evaluate = context;
    const struct read_panes *read = &evaluate->read;
    const char *name = judged_of(evaluate)->monitor->config->name;
    if (result != STORE_DONE) {
        finish(evaluate, result, err);
    } else if (evaluate->foreign < read->foreign_count) {
        const struct foreign *foreign = &read->foreign[evaluate->foreign++];
        store_set_aside(evaluate->store, name, foreign->version, foreign->generation, set_aside,
                        evaluate);
    } else if (!read->count) {
        finish(evaluate, STORE_DONE, NULL);
    } else {
        store_panes(evaluate->store, name, read->items[0].start_ms,
                    read->items[read->count - 1].start_ms + 1, read_panes_row, &evaluate->stored,
                    on_stored, evaluate);
    }
}

static void on_late(void *context, enum store_result result, const struct err *err)
{
    struct evaluate *evaluate = context;
    evaluate->totals.skipped_generations += evaluate->read.foreign_rows;
    evaluate->foreign = 0;
    set_aside(evaluate, result, err);
}

static void read_late(struct evaluate *evaluate)
{
    const struct judged *judged = judged_of(evaluate);
    if (judged->position_ms == TIME_NONE)
        finish(evaluate, STORE_DONE, NULL);
    else
        store_deltas(evaluate->store, judged->monitor->config->name, INT64_MIN, judged->position_ms,
                     read_panes_row, &evaluate->read, &evaluate->mark, on_late, evaluate);
}

void evaluate_merge_late(struct evaluate *evaluate, uint32_t index, store_done_fn done,
                         void *context)
{
    start(evaluate, index, true, done, context);
}

const struct evaluate_totals *evaluate_totals(const struct evaluate *evaluate)
{
    return &evaluate->totals;
}

int64_t evaluate_position(const struct evaluate *evaluate, uint32_t monitor)
{
    return evaluate->monitors[monitor].position_ms;
}

bool evaluate_knows(const struct evaluate *evaluate, uint32_t monitor)
{
    return evaluate->monitors[monitor].loaded;
}

uint32_t evaluate_live_versions(const struct evaluate *evaluate, uint32_t monitor)
{
    const struct judged *judged = &evaluate->monitors[monitor];
    uint32_t live = 0;
    for (uint32_t i = 0; i < judged->version_count; i++)
        live += judged->versions[i].rolling != NULL;
    return live;
}
