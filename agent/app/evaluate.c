/* The way from final panes to what is told. For each monitor: read the deltas of the next panes,
 * merge them, roll the windows, judge what is due, step the incidents, and write all of it with the
 * new state in one transaction that names the position it started from. A crash anywhere repeats
 * the same reading and writes the same rows under the same ids. */
#include "app/evaluate.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/rows.h"
#include "judge/histogram.h"
#include "window/rolling.h"

enum { BATCH_PANES = 48 };

/* Windows of one model version. */
struct version {
    char *name;
    int64_t begin_ms; /* first pane of the generation */
    int64_t last_ms;  /* start of the last pane with data */
    struct rolling *rolling;
};

struct judged_monitor {
    bool loaded;            /* false after a failed load_monitor: nothing below counts */
    int64_t position_ms;    /* end of the last judged pane; TIME_NONE before the first */
    int64_t passed_over_ms; /* end of the last pane that was judged without being certain */
    struct judge_state *state;
    struct incident_book *book;
    struct version *versions;
    uint32_t version_count;
    struct counts *scratch;
};

/* One delta or pane as read, copied. */
struct read_pane {
    int64_t start_ms;
    const char *version;
    struct bytes counts;
    int64_t rows;
    uint32_t revision;
};

struct read_panes {
    struct evaluate *evaluate;
    const char *generation;
    struct read_pane *items;
    uint32_t count, capacity;
};

struct evaluate {
    const struct setup *setup;
    struct store *store;
    struct evaluate_hooks hooks;
    struct judged_monitor *monitors;
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

/* ---- reading panes ---- */

static int read_row(void *context, const struct store_pane *row)
{
    struct read_panes *read = context;
    if (strcmp(row->generation, read->generation) != 0) {
        read->evaluate->totals.skipped_generations++;
        return 0;
    }
    if (read->count == read->capacity) {
        read->capacity = read->capacity ? read->capacity * 2 : 64;
        read->items = mem_resize(read->items, read->capacity, sizeof *read->items);
    }
    struct arena *arena = read->evaluate->arena;
    read->items[read->count++] =
        (struct read_pane){.start_ms = row->start_ms,
                           .version = arena_text(arena, bytes_of(row->version)),
                           .counts = bytes_make(arena_text(arena, row->counts), row->counts.size),
                           .rows = row->rows,
                           .revision = row->revision};
    return 0;
}

/* Sorted by name, so that verdicts come in the same order whatever version was seen first. The
 * result is valid until the next call. */
static struct version *version_of(const struct monitor *monitor, struct judged_monitor *judged,
                                  const char *name, int64_t begin_ms)
{
    uint32_t at = 0;
    while (at < judged->version_count && strcmp(judged->versions[at].name, name) < 0)
        at++;
    if (at < judged->version_count && !strcmp(judged->versions[at].name, name))
        return &judged->versions[at];
    judged->versions =
        mem_resize(judged->versions, judged->version_count + 1, sizeof *judged->versions);
    struct version *version = &judged->versions[at];
    memmove(version + 1, version, (judged->version_count - at) * sizeof *version);
    judged->version_count++;
    *version = (struct version){.name = mem_copy(name), .begin_ms = begin_ms, .last_ms = TIME_NONE};
    version->rolling = rolling_new(monitor->layout, monitor->config->windows_ms,
                                   monitor->config->window_count, monitor->pane_ms);
    rolling_skip(version->rolling, (struct event_time){begin_ms});
    return version;
}

static void add_pane(struct version *version, int64_t start_ms, const struct counts *counts)
{
    rolling_add(version->rolling, (struct event_time){start_ms}, counts);
    if (counts)
        version->last_ms = start_ms;
}

/* ---- state ---- */

static void state_format(const struct evaluate *evaluate, uint32_t index, struct text *text)
{
    const struct judged_monitor *judged = &evaluate->monitors[index];
    struct text judge = {0}, book = {0};
    judge_state_format(judged->state, &judge);
    incident_book_format(judged->book, &book);
    json_t *versions = json_object();
    for (uint32_t i = 0; i < judged->version_count; i++)
        json_object_set_new(versions, judged->versions[i].name,
                            json_integer(judged->versions[i].begin_ms));
    json_t *json = json_pack("{s:i,s:s,s:o,s:s,s:s}", "format", 1, "generation",
                             evaluate->setup->monitors[index].generation, "versions", versions,
                             "judge", judge.data, "incidents", book.data);
    if (judged->passed_over_ms != TIME_NONE)
        json_object_set_new(json, "passed_over_ms", json_integer(judged->passed_over_ms));
    char *dump = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    text_puts(text, dump ? dump : "{}");
    free(dump);
    json_decref(json);
    text_release(&judge);
    text_release(&book);
}

static void judged_clear(struct judged_monitor *judged)
{
    for (uint32_t i = 0; i < judged->version_count; i++) {
        free(judged->versions[i].name);
        rolling_free(judged->versions[i].rolling);
    }
    free(judged->versions);
    judged->versions = NULL;
    judged->version_count = 0;
    judge_state_free(judged->state);
    incident_book_free(judged->book);
    judged->state = NULL;
    judged->book = NULL;
    judged->passed_over_ms = TIME_NONE;
}

/* Another generation starts with empty windows and judge state; its incidents stay in the store as
 * they were. */
static int state_parse(const struct monitor *monitor, struct judged_monitor *judged,
                       struct bytes text, struct err *reterr)
{
    json_t *json = json_loadb(text.data, text.size, JSON_REJECT_DUPLICATES, NULL), *begin;
    const char *generation = json_string_value(json_object_get(json, "generation")), *name;
    const char *judge = json_string_value(json_object_get(json, "judge"));
    const char *book = json_string_value(json_object_get(json, "incidents"));
    int code = 0;
    if (text.size && (!generation || !judge || !book))
        code = err_set(reterr, ERR_INVALID, "judge state of %s is damaged", monitor->config->name);
    if (!code && generation && !strcmp(generation, monitor->generation)) {
        judged->state = judge_state_parse(bytes_of(judge), reterr);
        judged->book = incident_book_parse(bytes_of(book), reterr);
        code = judged->state && judged->book ? 0 : ERR_INVALID;
        begin = json_object_get(json, "passed_over_ms");
        judged->passed_over_ms = begin ? json_integer_value(begin) : TIME_NONE;
        json_object_foreach(json_object_get(json, "versions"), name, begin)
        {
            version_of(monitor, judged, name, json_integer_value(begin));
        }
    } else if (!code) {
        judged->state = judge_state_new();
        judged->book = incident_book_new();
    }
    json_decref(json);
    return code;
}

/* Adds stored panes of the longest window to the windows again. */
static int rebuild(struct evaluate *evaluate, uint32_t index, struct err *reterr)
{
    const struct monitor *monitor = &evaluate->setup->monitors[index];
    struct judged_monitor *judged = &evaluate->monitors[index];
    struct read_panes read = {.evaluate = evaluate, .generation = monitor->generation};
    if (judged->position_ms == TIME_NONE)
        return 0;
    int64_t longest = monitor->config->windows_ms[monitor->config->window_count - 1];
    arena_clear(evaluate->arena);
    int code =
        store_panes(evaluate->store, monitor->config->name, judged->position_ms - 2 * longest,
                    judged->position_ms, read_row, &read, reterr);
    for (uint32_t i = 0; i < read.count && !code; i++) {
        const struct read_pane *pane = &read.items[i];
        struct version *version = version_of(monitor, judged, pane->version, pane->start_ms);
        counts_clear(judged->scratch);
        code = counts_add_encoded(judged->scratch, pane->counts, 1, reterr);
        if (!code)
            add_pane(version, pane->start_ms, judged->scratch);
    }
    /* Roll on to the position: what had left the windows there has to be gone here, too. */
    int64_t last_ms = judged->position_ms - monitor->pane_ms;
    for (uint32_t i = 0; i < judged->version_count && !code; i++)
        if (judged->versions[i].last_ms < last_ms && judged->versions[i].begin_ms <= last_ms)
            add_pane(&judged->versions[i], last_ms, NULL);
    free(read.items);
    return code;
}

static int load_monitor(struct evaluate *evaluate, uint32_t index, struct err *reterr)
{
    const struct monitor *monitor = &evaluate->setup->monitors[index];
    struct judged_monitor *judged = &evaluate->monitors[index];
    struct text text = {0};
    judged_clear(judged);
    judged->loaded = false;
    int code = store_judge_load(evaluate->store, monitor->config->name, &judged->position_ms, &text,
                                reterr);
    if (!code)
        code = state_parse(monitor, judged, bytes_make(text.data, text.size), reterr);
    if (!code)
        code = rebuild(evaluate, index, reterr);
    text_release(&text);
    judged->loaded = code == 0;
    return code;
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

static void step_incidents(struct evaluate *evaluate, const struct verdict_list *verdicts)
{
    const struct monitor *monitor = &evaluate->setup->monitors[evaluate->monitor];
    const struct incident_context context = {.monitor = monitor->config,
                                             .baseline = monitor->baseline_label,
                                             .baseline_hash = monitor->baseline->hash,
                                             .reproduce = evaluate->hooks.reproduce};
    struct incident_changes changes = {0};
    incident_step(&evaluate->setup->ruleset, evaluate->monitors[evaluate->monitor].book, &context,
                  verdicts->items, verdicts->count, evaluate->arena, &changes);
    for (uint32_t i = 0; i < changes.count; i++) {
        const struct incident_change *change = &changes.items[i];
        evaluate->totals.opened += change->event == INCIDENT_OPENED;
        evaluate->totals.closed += change->event == INCIDENT_CLOSED;
        if (evaluate->hooks.change)
            evaluate->hooks.change(evaluate->hooks.context, change);
        rows_add_incident(&evaluate->rows, evaluate->arena, &change->incident);
        if (evaluate->hooks.keep_outbox)
            rows_add_messages(&evaluate->rows, evaluate->arena, evaluate->setup->config, change);
    }
    incident_changes_release(&changes);
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
    struct judged_monitor *judged = &evaluate->monitors[evaluate->monitor];
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
static int merge_deltas(struct judged_monitor *judged, const struct read_panes *read, uint32_t *at,
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

/* One pane for all versions: those with deltas get them, the others an empty pane. */
static int judge_pane(struct evaluate *evaluate, const struct read_panes *read, uint32_t *at,
                      int64_t start_ms, bool provisional, struct err *reterr)
{
    const struct monitor *monitor = &evaluate->setup->monitors[evaluate->monitor];
    struct judged_monitor *judged = &evaluate->monitors[evaluate->monitor];
    while (*at < read->count && read->items[*at].start_ms == start_ms) {
        const char *name = read->items[*at].version;
        int code = merge_deltas(judged, read, at, reterr);
        if (code)
            return code;
        struct version *version = version_of(monitor, judged, name, start_ms);
        rows_add_pane(&evaluate->rows, evaluate->arena, monitor->generation, name, start_ms,
                      judged->scratch);
        add_pane(version, start_ms, judged->scratch);
    }
    if (provisional)
        judged->passed_over_ms = start_ms + monitor->pane_ms;
    for (uint32_t i = 0; i < judged->version_count; i++) {
        struct version *version = &judged->versions[i];
        bool has_data = version->last_ms == start_ms;
        if (!has_data && rolling_is_empty(version->rolling))
            continue;
        if (!has_data)
            add_pane(version, start_ms, NULL);
        judge_version(evaluate, version, start_ms + monitor->pane_ms);
    }
    evaluate->totals.panes++;
    return 0;
}

static bool windows_are_empty(const struct judged_monitor *judged)
{
    for (uint32_t i = 0; i < judged->version_count; i++)
        if (!rolling_is_empty(judged->versions[i].rolling))
            return false;
    return true;
}

/* Where the next pane starts: right after the position, or, when nothing is in any window, at the
 * next delta. INT64_MAX: nowhere. Position and delta may be those of an earlier generation with
 * panes of another length. */
static int next_pane(struct evaluate *evaluate, int64_t *ret_start_ms, struct err *reterr)
{
    const struct monitor *monitor = &evaluate->setup->monitors[evaluate->monitor];
    struct judged_monitor *judged = &evaluate->monitors[evaluate->monitor];
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
        evaluate->monitors[evaluate->monitor].position_ms = evaluate->new_position_ms;
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
    state_format(evaluate, evaluate->monitor, &evaluate->state_text);
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
    struct read_panes read = {.evaluate = evaluate, .generation = monitor->generation};
    uint32_t at = 0;
    int code = store_deltas(evaluate->store, monitor->config->name, first_ms, end_ms, read_row,
                            &read, ret_mark, reterr);
    for (int64_t start = first_ms; start < end_ms && !code; start += monitor->pane_ms)
        code =
            judge_pane(evaluate, &read, &at, start, start + monitor->pane_ms > certain_ms, reterr);
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
    struct read_panes stored = {.evaluate = evaluate, .generation = monitor->generation};
    int code = store_panes(evaluate->store, monitor->config->name, start_ms, start_ms + 1, read_row,
                           &stored, reterr);
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
    struct judged_monitor *judged = &evaluate->monitors[index];
    struct read_panes read = {.evaluate = evaluate, .generation = monitor->generation};
    struct err err = {0};
    int64_t mark = 0;
    uint32_t at = 0;
    evaluate->monitor = index;
    evaluate->done = done;
    evaluate->done_context = context;
    arena_clear(evaluate->arena);
    rows_clear(&evaluate->rows);
    int code = judged->loaded ? 0 : load_monitor(evaluate, index, &err);
    if (!code && judged->position_ms != TIME_NONE)
        code = store_deltas(evaluate->store, monitor->config->name, INT64_MIN, judged->position_ms,
                            read_row, &read, &mark, &err);
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
