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
    /* the batch under way */
    struct arena *arena;
    struct rows rows;
    struct text state_text;
    uint32_t monitor;
    int64_t new_position_ms;
    bool more, *ret_more;
    store_done_fn done;
    void *done_context;
};

static int load_monitor(struct evaluate *evaluate, uint32_t index, struct err *reterr)
{
    return judged_load(&evaluate->monitors[index], &evaluate->setup->monitors[index],
                       evaluate->store, evaluate->arena, reterr);
}

/* A reading for the monitor under way. */
static struct read_panes reading(struct evaluate *evaluate)
{
    return (struct read_panes){.arena = evaluate->arena,
                               .generation =
                                   evaluate->setup->monitors[evaluate->monitor].generation};
}

struct evaluate *evaluate_new(const struct setup *setup, struct store *store,
                              const struct evaluate_hooks *hooks, struct err *reterr)
{
    struct evaluate *evaluate = mem_new(1, sizeof *evaluate);
    evaluate->setup = setup;
    evaluate->store = store;
    evaluate->hooks = *hooks;
    evaluate->arena = arena_new();
    evaluate->monitors = mem_new(setup->monitor_count, sizeof *evaluate->monitors);
    for (uint32_t i = 0; i < setup->monitor_count; i++) {
        evaluate->monitors[i].scratch = counts_new(setup->monitors[i].layout);
        if (load_monitor(evaluate, i, reterr) != 0) {
            evaluate_free(evaluate);
            return NULL;
        }
    }
    return evaluate;
}

void evaluate_free(struct evaluate *evaluate)
{
    if (!evaluate)
        return;
    for (uint32_t i = 0; i < evaluate->setup->monitor_count; i++) {
        judged_clear(&evaluate->monitors[i]);
        counts_free(evaluate->monitors[i].scratch);
    }
    free(evaluate->monitors);
    rows_release(&evaluate->rows);
    text_release(&evaluate->state_text);
    arena_free(evaluate->arena);
    free(evaluate);
}

/* ---- judging ---- */

static void keep_verdicts(struct evaluate *evaluate, const struct verdict_list *verdicts)
{
    for (uint32_t i = 0; i < verdicts->count; i++) {
        if (evaluate->hooks.verdict)
            evaluate->hooks.verdict(evaluate->hooks.context, &verdicts->items[i]);
        if (evaluate->hooks.keep_verdicts)
            rows_add_verdict(&evaluate->rows, evaluate->arena, &verdicts->items[i]);
    }
    evaluate->totals.verdicts += verdicts->count;
}

static struct incident_context context_of(const struct evaluate *evaluate)
{
    const struct monitor *monitor = &evaluate->setup->monitors[evaluate->monitor];
    return (struct incident_context){.monitor = monitor->config,
                                     .baseline = monitor->baseline_label,
                                     .baseline_hash = monitor->baseline->hash,
                                     .reproduce = evaluate->hooks.reproduce};
}

/* Takes the changes to rows, and releases them. */
static void keep_changes(struct evaluate *evaluate, struct incident_changes *changes)
{
    for (uint32_t i = 0; i < changes->count; i++) {
        const struct incident_change *change = &changes->items[i];
        evaluate->totals.opened += change->event == INCIDENT_OPENED;
        evaluate->totals.closed += change->event == INCIDENT_CLOSED;
        if (evaluate->hooks.change)
            evaluate->hooks.change(evaluate->hooks.context, change);
        rows_add_incident(&evaluate->rows, evaluate->arena, &change->incident);
        if (evaluate->hooks.keep_outbox)
            rows_add_messages(&evaluate->rows, evaluate->arena, evaluate->setup->config, change);
    }
    incident_changes_release(changes);
}

static void step_incidents(struct evaluate *evaluate, const struct verdict_list *verdicts)
{
    const struct incident_context context = context_of(evaluate);
    struct incident_changes changes = {0};
    incident_step(&evaluate->setup->ruleset, evaluate->monitors[evaluate->monitor].book, &context,
                  verdicts->items, verdicts->count, evaluate->arena, &changes);
    keep_changes(evaluate, &changes);
}

/* Closes incidents that no verdict will close: those of a configuration or baseline that is judged
 * no longer, and those whose rule is gone. They end where they were last judged, so that a repeat
 * says the same. */
static void end_incidents(struct evaluate *evaluate)
{
    const struct ruleset *ruleset = &evaluate->setup->ruleset;
    struct judged *judged = &evaluate->monitors[evaluate->monitor];
    struct incident_context context = context_of(evaluate);
    struct incident_changes changes = {0};
    const struct event_time now = {judged->position_ms};
    incident_close_orphans(ruleset, judged->book, &context, now, "ended because its rule is gone",
                           evaluate->arena, &changes);
    if (judged->former) {
        context.baseline = judged->former_baseline;
        context.baseline_hash = judged->former_hash;
        context.reproduce = NULL; /* the configuration that would is gone */
        incident_close_all(ruleset, judged->former, &context, now,
                           "ended by a new configuration or baseline", evaluate->arena, &changes);
    }
    keep_changes(evaluate, &changes);
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

/* Counts may still arrive for a pane that was passed over, and windows get them when they do: so
 * every window that holds one is provisional. */
static void judge_version(struct evaluate *evaluate, struct version *version, int64_t end_ms)
{
    const struct monitor *monitor = &evaluate->setup->monitors[evaluate->monitor];
    struct judged *judged = &evaluate->monitors[evaluate->monitor];
    struct verdict_list verdicts = {0};
    uint32_t due = rolling_due(version->rolling);
    for (uint32_t w = 0; w < monitor->config->window_count; w++) {
        if (!(due >> w & 1))
            continue;
        int64_t window_ms = monitor->config->windows_ms[w];
        uint32_t first = verdicts.count;
        struct judge_input input = {.monitor = monitor->config->name,
                                    .version = version->name,
                                    .start = {end_ms - window_ms},
                                    .end = {end_ms},
                                    .window_ms = window_ms,
                                    .counts = rolling_window(version->rolling, w),
                                    .ignored = monitor->ignored,
                                    .provisional = end_ms - window_ms < judged->passed_over_ms};
        snprintf(input.generation, sizeof input.generation, "%.16s", monitor->generation);
        judge_window(&monitor->policy, &input, judged->state, evaluate->arena, &verdicts);
        add_histograms(evaluate, input.counts, &verdicts, first);
        evaluate->totals.windows++;
    }
    step_incidents(evaluate, &verdicts);
    keep_verdicts(evaluate, &verdicts);
    verdict_list_release(&verdicts);
}

/* Sums the deltas items[*at …] of one pane and version into scratch, and moves *at behind them. */
static int merge_deltas(struct judged *judged, const struct read_panes *read, uint32_t *at,
                        struct err *reterr)
{
    const struct read_pane *first = &read->items[*at];
    counts_clear(judged->scratch);
    while (*at < read->count && read->items[*at].start_ms == first->start_ms &&
           !strcmp(read->items[*at].version, first->version)) {
        int code = counts_add_encoded(judged->scratch, read->items[(*at)++].counts, 1, reterr);
        if (code)
            return code;
    }
    return 0;
}

/* At each hop of the longest window: answers that no window looks back to any more. Never in a pane
 * with empty windows, which may be skipped: the state is the same wherever batches begin. */
static void forget_answers(const struct monitor *monitor, struct judged *judged, int64_t end_ms)
{
    int64_t longest = monitor->config->windows_ms[monitor->config->window_count - 1];
    if (end_ms % (longest / RING_HOPS) == 0)
        judge_state_prune(judged->state, end_ms - RING_WINDOWS_MAX * longest);
}

/* One pane for all versions: those with deltas get them, the others an empty pane. */
static int judge_pane(struct evaluate *evaluate, const struct read_panes *read, uint32_t *at,
                      int64_t start_ms, bool provisional, struct err *reterr)
{
    const struct monitor *monitor = &evaluate->setup->monitors[evaluate->monitor];
    struct judged *judged = &evaluate->monitors[evaluate->monitor];
    while (*at < read->count && read->items[*at].start_ms == start_ms) {
        const char *name = read->items[*at].version;
        int code = merge_deltas(judged, read, at, reterr);
        if (code)
            return code;
        rows_add_pane(&evaluate->rows, evaluate->arena, monitor->generation, name, start_ms,
                      judged->scratch);
        version_add(judged_version(judged, name, start_ms), monitor, start_ms, judged->scratch);
    }
    if (provisional)
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
    evaluate->totals.panes++;
    return 0;
}

static bool windows_are_empty(const struct judged *judged)
{
    for (uint32_t i = 0; i < judged->version_count; i++)
        if (judged->versions[i].rolling)
            return false;
    return true;
}

/* Where the next pane starts: right after the position, or, when nothing is in any window, at the
 * next delta. INT64_MAX: nowhere. Position and delta may be those of an earlier generation with
 * panes of another length. */
static int next_pane(struct evaluate *evaluate, int64_t *ret_start_ms, struct err *reterr)
{
    const struct monitor *monitor = &evaluate->setup->monitors[evaluate->monitor];
    struct judged *judged = &evaluate->monitors[evaluate->monitor];
    if (judged->position_ms != TIME_NONE && !windows_are_empty(judged)) {
        *ret_start_ms = judged->position_ms;
        return 0;
    }
    int code = store_first_delta(evaluate->store, monitor->config->name, judged->position_ms,
                                 ret_start_ms, reterr);
    if (!code && *ret_start_ms != INT64_MAX) {
        int64_t floor_ms =
            event_time_floor((struct event_time){*ret_start_ms}, monitor->pane_ms).ms;
        *ret_start_ms = floor_ms < judged->position_ms ? floor_ms + monitor->pane_ms : floor_ms;
    }
    return code;
}

static void written(void *context, enum store_result result, const struct err *err)
{
    struct evaluate *evaluate = context;
    struct err reload = {0};
    if (result == STORE_DONE) {
        judged_moved(&evaluate->monitors[evaluate->monitor], evaluate->new_position_ms);
        *evaluate->ret_more = evaluate->more;
    } else {
        /* What was judged in memory was not written: begin again from what is. */
        if (load_monitor(evaluate, evaluate->monitor, &reload) != 0) {
            err = &reload;
            result = reload.code == ERR_UNAVAILABLE ? STORE_UNAVAILABLE : STORE_FAILED;
        }
    }
    evaluate->done(evaluate->done_context, result, err);
}

static void write_batch(struct evaluate *evaluate, int64_t mark)
{
    const struct rows *rows = &evaluate->rows;
    text_clear(&evaluate->state_text);
    judged_format(&evaluate->monitors[evaluate->monitor],
                  &evaluate->setup->monitors[evaluate->monitor], &evaluate->state_text);
    struct store_judged judged = {
        .monitor = evaluate->setup->monitors[evaluate->monitor].config->name,
        .old_position_ms = evaluate->monitors[evaluate->monitor].position_ms,
        .new_position_ms = evaluate->new_position_ms,
        .state = evaluate->state_text.data,
        .panes = rows->panes,
        .pane_count = rows->pane_count,
        .delta_mark = mark,
        .verdicts = rows->verdicts,
        .verdict_count = rows->verdict_count,
        .incidents = rows->incidents,
        .incident_count = rows->incident_count,
        .outbox = rows->outbox,
        .outbox_count = rows->outbox_count};
    store_judged(evaluate->store, &judged, written, evaluate);
}

/* Judges [first_ms, end_ms), which is whole panes. */
static int judge_range(struct evaluate *evaluate, int64_t first_ms, int64_t end_ms,
                       int64_t certain_ms, int64_t *ret_mark, struct err *reterr)
{
    const struct monitor *monitor = &evaluate->setup->monitors[evaluate->monitor];
    struct read_panes read = reading(evaluate);
    uint32_t at = 0;
    int code = store_deltas(evaluate->store, monitor->config->name, first_ms, end_ms,
                            read_panes_row, &read, ret_mark, reterr);
    for (int64_t start = first_ms; start < end_ms && !code; start += monitor->pane_ms)
        code =
            judge_pane(evaluate, &read, &at, start, start + monitor->pane_ms > certain_ms, reterr);
    evaluate->totals.skipped_generations += read.foreign;
    free(read.items);
    return code;
}

void evaluate_monitor(struct evaluate *evaluate, uint32_t index, int64_t final_ms,
                      int64_t certain_ms, bool *ret_more, store_done_fn done, void *context)
{
    int64_t pane_ms = evaluate->setup->monitors[index].pane_ms, first_ms = 0, mark = 0;
    struct err err = {0};
    evaluate->monitor = index;
    evaluate->done = done;
    evaluate->done_context = context;
    evaluate->ret_more = ret_more;
    *ret_more = false;
    arena_clear(evaluate->arena);
    rows_clear(&evaluate->rows);
    int code = evaluate->monitors[index].loaded ? 0 : load_monitor(evaluate, index, &err);
    if (!code && final_ms != TIME_NONE)
        code = next_pane(evaluate, &first_ms, &err);
    if (!code && (final_ms == TIME_NONE || first_ms > final_ms - pane_ms)) {
        done(context, STORE_DONE, NULL);
        return;
    }
    int64_t panes = 0;
    if (!code) {
        panes = (final_ms - first_ms) / pane_ms;
        evaluate->more = panes > BATCH_PANES;
        panes = evaluate->more ? BATCH_PANES : panes;
        evaluate->new_position_ms = first_ms + panes * pane_ms;
        end_incidents(evaluate);
        code = judge_range(evaluate, first_ms, evaluate->new_position_ms, certain_ms, &mark, &err);
    }
    if (code) {
        struct err ignored;
        load_monitor(evaluate, index, &ignored);
        done(context, code == ERR_UNAVAILABLE ? STORE_UNAVAILABLE : STORE_FAILED, &err);
        return;
    }
    write_batch(evaluate, mark);
}

/* ---- late deltas ---- */

static int add_stored(struct evaluate *evaluate, const char *version, int64_t start_ms,
                      uint32_t *ret_revision, struct err *reterr)
{
    const struct monitor *monitor = &evaluate->setup->monitors[evaluate->monitor];
    struct read_panes stored = reading(evaluate);
    int code = store_panes(evaluate->store, monitor->config->name, start_ms, start_ms + 1,
                           read_panes_row, &stored, reterr);
    *ret_revision = 0;
    for (uint32_t i = 0; i < stored.count && !code; i++) {
        if (strcmp(stored.items[i].version, version) != 0)
            continue;
        *ret_revision = stored.items[i].revision;
        code = counts_add_encoded(evaluate->monitors[evaluate->monitor].scratch,
                                  stored.items[i].counts, 1, reterr);
    }
    free(stored.items);
    return code;
}

/* The windows take the late counts as well, as they would after a restart. */
static void merged(void *context, enum store_result result, const struct err *err)
{
    struct evaluate *evaluate = context;
    struct err reload = {0};
    if (result == STORE_DONE && load_monitor(evaluate, evaluate->monitor, &reload) != 0) {
        err = &reload;
        result = reload.code == ERR_UNAVAILABLE ? STORE_UNAVAILABLE : STORE_FAILED;
    }
    evaluate->done(evaluate->done_context, result, err);
}

void evaluate_merge_late(struct evaluate *evaluate, uint32_t index, store_done_fn done,
                         void *context)
{
    const struct monitor *monitor = &evaluate->setup->monitors[index];
    struct judged *judged = &evaluate->monitors[index];
    struct err err = {0};
    int64_t mark = 0;
    uint32_t at = 0;
    evaluate->monitor = index;
    struct read_panes read = reading(evaluate);
    evaluate->done = done;
    evaluate->done_context = context;
    arena_clear(evaluate->arena);
    rows_clear(&evaluate->rows);
    int code = judged->loaded ? 0 : load_monitor(evaluate, index, &err);
    if (!code && judged->position_ms != TIME_NONE)
        code = store_deltas(evaluate->store, monitor->config->name, INT64_MIN, judged->position_ms,
                            read_panes_row, &read, &mark, &err);
    evaluate->totals.skipped_generations += read.foreign;
    if (!code && read.foreign)
        code = store_set_aside(evaluate->store, monitor->config->name, monitor->generation, &err);
    while (at < read.count && !code) {
        const struct read_pane *first = &read.items[at];
        uint32_t revision;
        code = merge_deltas(judged, &read, &at, &err);
        if (!code)
            code = add_stored(evaluate, first->version, first->start_ms, &revision, &err);
        if (!code)
            rows_add_pane(&evaluate->rows, evaluate->arena, monitor->generation, first->version,
                          first->start_ms, judged->scratch)
                ->revision = revision;
    }
    free(read.items);
    if (code)
        done(context, code == ERR_UNAVAILABLE ? STORE_UNAVAILABLE : STORE_FAILED, &err);
    else if (!evaluate->rows.pane_count)
        done(context, STORE_DONE, NULL);
    else
        store_merge_late(evaluate->store, monitor->config->name, evaluate->rows.panes,
                         evaluate->rows.pane_count, mark, merged, evaluate);
}

const struct evaluate_totals *evaluate_totals(const struct evaluate *evaluate)
{
    return &evaluate->totals;
}

int64_t evaluate_position(const struct evaluate *evaluate, uint32_t monitor)
{
    return evaluate->monitors[monitor].position_ms;
}

uint32_t evaluate_live_versions(const struct evaluate *evaluate, uint32_t monitor)
{
    const struct judged *judged = &evaluate->monitors[monitor];
    uint32_t live = 0;
    for (uint32_t i = 0; i < judged->version_count; i++)
        live += judged->versions[i].rolling != NULL;
    return live;
}
