/* What evaluate keeps of one monitor between batches, and how it comes back from the store.
 *
 * Windows are not stored: they are made again from the panes. Assumes that panes of the longest
 * window and more are kept. What was judged in memory but not written is thrown away by loading
 * again. Knows nothing of verdicts and rules. */
#include "app/judged.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading panes ---- */

static void note_foreign(struct read_panes *read, const struct store_pane *row)
{
    read->foreign_rows++;
    for (uint32_t i = 0; i < read->foreign_count; i++)
        if (!strcmp(read->foreign[i].version, row->version) &&
            !strcmp(read->foreign[i].generation, row->generation))
            return;
    if (read->foreign_count < FOREIGN_MAX)
        read->foreign[read->foreign_count++] =
            (struct foreign){arena_text(read->arena, bytes_of(row->version)),
                             arena_text(read->arena, bytes_of(row->generation))};
}

int read_panes_row(void *context, const struct store_pane *row)
{
    struct read_panes *read = context;
    const struct track *track = &read->monitor->tracks[monitor_track(read->monitor, row->version)];
    if (strcmp(row->generation, track->generation) != 0) {
        note_foreign(read, row);
        return 0;
    }
    if (read->count == read->capacity) {
        read->capacity = read->capacity ? read->capacity * 2 : 64;
        read->items = mem_resize(read->items, read->capacity, sizeof *read->items);
    }
    read->items[read->count++] = (struct read_pane){
        .start_ms = row->start_ms,
        .version = arena_text(read->arena, bytes_of(row->version)),
        .counts = bytes_make(arena_text(read->arena, row->counts), row->counts.size),
        .rows = row->rows,
        .revision = row->revision};
    return 0;
}

void read_panes_clear(struct read_panes *read)
{
    free(read->items);
    *read = (struct read_panes){.monitor = read->monitor, .arena = read->arena};
}

/* ---- windows ---- */

struct version *judged_version(struct judged *judged, const char *name, int64_t begin_ms)
{
    uint32_t at = 0;
    while (at < judged->version_count && strcmp(judged->versions[at].name, name) < 0)
        at++;
    if (at < judged->version_count && !strcmp(judged->versions[at].name, name)) {
        if (judged->versions[at].begin_ms == TIME_NONE)
            judged->versions[at].begin_ms = begin_ms;
        return &judged->versions[at];
    }
    judged->versions =
        mem_resize(judged->versions, judged->version_count + 1, sizeof *judged->versions);
    struct version *version = &judged->versions[at];
    memmove(version + 1, version, (judged->version_count - at) * sizeof *version);
    judged->version_count++;
    *version =
        (struct version){.name = mem_copy(name),
                         .track = &judged->monitor->tracks[monitor_track(judged->monitor, name)],
                         .begin_ms = begin_ms,
                         .last_ms = TIME_NONE,
                         .state = judge_state_new()};
    return version;
}

struct counts *judged_scratch(struct judged *judged, const char *version)
{
    struct counts *scratch = judged->scratch[monitor_track(judged->monitor, version)];
    counts_clear(scratch);
    return scratch;
}

void version_wake(struct version *version, const struct monitor *monitor)
{
    if (version->rolling)
        return;
    version->rolling = rolling_new(version->track->layout, monitor->config->windows_ms,
                                   monitor->config->window_count, monitor->pane_ms);
    rolling_skip(version->rolling, (struct event_time){version->begin_ms});
}

void version_add(struct version *version, const struct monitor *monitor, int64_t start_ms,
                 const struct counts *counts)
{
    version_wake(version, monitor);
    rolling_add(version->rolling, (struct event_time){start_ms}, counts);
    if (counts)
        version->last_ms = start_ms;
}

void version_rest(struct version *version)
{
    if (!version->rolling || !rolling_is_empty(version->rolling))
        return;
    rolling_free(version->rolling);
    version->rolling = NULL;
}

static void version_forget_former(struct version *version)
{
    free(version->former_baseline);
    free(version->former_hash);
    version->former_baseline = version->former_hash = NULL;
}

static void version_release(struct version *version)
{
    free(version->name);
    rolling_free(version->rolling);
    judge_state_free(version->state);
    verdict_list_release(&version->alarms);
    version_forget_former(version);
}

/* ---- state ---- */

static json_t *version_json(const struct version *version)
{
    struct text judge = {0};
    judge_state_format(version->state, &judge);
    json_t *json =
        json_pack("{s:I,s:s,s:s,s:s,s:s}", "begin_ms", (json_int_t)version->begin_ms, "generation",
                  version->track->generation, "baseline", version->track->label, "baseline_hash",
                  version->track->baseline->hash, "judge", judge.data);
    text_release(&judge);
    return json;
}

void judged_format(const struct judged *judged, struct text *text)
{
    struct text book = {0};
    incident_book_format(judged->book, &book);
    json_t *versions = json_object();
    for (uint32_t i = 0; i < judged->version_count; i++)
        json_object_set_new(versions, judged->versions[i].name, version_json(&judged->versions[i]));
    json_t *json =
        json_pack("{s:i,s:o,s:s}", "format", 2, "versions", versions, "incidents", book.data);
    if (judged->passed_over_ms != TIME_NONE)
        json_object_set_new(json, "passed_over_ms", json_integer(judged->passed_over_ms));
    char *dump = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    text_puts(text, dump ? dump : "{}");
    free(dump);
    json_decref(json);
    text_release(&book);
}

void judged_init(struct judged *judged, const struct monitor *monitor)
{
    *judged =
        (struct judged){.monitor = monitor, .position_ms = TIME_NONE, .passed_over_ms = TIME_NONE};
    judged->scratch = mem_new(monitor->track_count, sizeof *judged->scratch);
    judged->tables = mem_new(monitor->track_count, sizeof *judged->tables);
    for (uint32_t i = 0; i < monitor->track_count; i++) {
        const struct track *track = &monitor->tracks[i];
        judged->scratch[i] = counts_new(track->layout);
        judged->tables[i] =
            judge_tables_new(&monitor->policy, track->baseline, track->ignored, monitor->pane_ms);
    }
}

/* All but position and scratch. */
static void judged_clear(struct judged *judged)
{
    for (uint32_t i = 0; i < judged->version_count; i++)
        version_release(&judged->versions[i]);
    free(judged->versions);
    judged->versions = NULL;
    judged->version_count = 0;
    incident_book_free(judged->book);
    judged->book = NULL;
    judged->passed_over_ms = TIME_NONE;
    judged->loaded = false;
}

void judged_release(struct judged *judged)
{
    judged_clear(judged);
    for (uint32_t i = 0; i < judged->monitor->track_count; i++) {
        counts_free(judged->scratch[i]);
        judge_tables_free(judged->tables[i]);
    }
    free(judged->scratch);
    free(judged->tables);
    read_panes_clear(&judged->read);
    text_release(&judged->text);
}

void judged_moved(struct judged *judged, int64_t position_ms)
{
    judged->position_ms = position_ms;
    for (uint32_t i = 0; i < judged->version_count; i++)
        version_forget_former(&judged->versions[i]);
}

/* A version of another generation than today's starts with empty windows and judge state; its
 * incidents are to be closed. */
static int parse_version(struct judged *judged, const char *name, const json_t *json,
                         struct err *reterr)
{
    const char *generation = json_string_value(json_object_get(json, "generation"));
    const char *judge = json_string_value(json_object_get(json, "judge"));
    const char *baseline = json_string_value(json_object_get(json, "baseline"));
    const char *hash = json_string_value(json_object_get(json, "baseline_hash"));
    if (!generation || !judge || !baseline || !hash)
        return err_set(reterr, ERR_INVALID, "judge state of %s is damaged",
                       judged->monitor->config->name);
    int64_t begin_ms = json_integer_value(json_object_get(json, "begin_ms"));
    struct version *version = judged_version(judged, name, TIME_NONE);
    if (strcmp(generation, version->track->generation) != 0) {
        version->former_baseline = mem_copy(baseline);
        version->former_hash = mem_copy(hash);
        return 0;
    }
    version->begin_ms = begin_ms;
    judge_state_free(version->state);
    version->state = judge_state_parse(bytes_of(judge), reterr);
    return version->state ? 0 : ERR_INVALID;
}

static int parse_versions(struct judged *judged, json_t *versions, struct err *reterr)
{
    const char *name;
    json_t *version;
    json_object_foreach(versions, name, version)
    {
        if (parse_version(judged, name, version, reterr) != 0)
            return ERR_INVALID;
    }
    return 0;
}

static int parse_state(struct judged *judged, struct bytes text, struct err *reterr)
{
    if (!text.size) {
        judged->book = incident_book_new();
        return 0;
    }
    json_t *json = json_loadb(text.data, text.size, JSON_REJECT_DUPLICATES, NULL);
    const char *book = json_string_value(json_object_get(json, "incidents"));
    json_t *passed = json_object_get(json, "passed_over_ms");
    json_t *versions = json_object_get(json, "versions");
    int code;
    if (!book || !json_is_object(versions)) {
        code = err_set(reterr, ERR_INVALID, "judge state of %s is damaged",
                       judged->monitor->config->name);
    } else {
        judged->passed_over_ms = passed ? json_integer_value(passed) : TIME_NONE;
        judged->book = incident_book_parse(bytes_of(book), reterr);
        code = judged->book ? parse_versions(judged, versions, reterr) : ERR_INVALID;
    }
    json_decref(json);
    return code;
}

/* ---- loading ---- */

static void finish(struct judged *judged, int code, const struct err *err)
{
    read_panes_clear(&judged->read);
    text_clear(&judged->text);
    judged->loaded = code == 0;
    if (code)
        judged->done(judged->done_context,
                     code == ERR_UNAVAILABLE ? STORE_UNAVAILABLE : STORE_FAILED, err);
    else
        judged->done(judged->done_context, STORE_DONE, NULL);
}

static struct version *version_find(struct judged *judged, const char *name)
{
    for (uint32_t i = 0; i < judged->version_count; i++)
        if (!strcmp(judged->versions[i].name, name))
            return &judged->versions[i];
    return NULL;
}

/* Adds stored panes of the longest window to the windows again. Late counts, and a configuration
 * that is back, may have panes from before a version's begin: no window that is judged holds them.
 */
static int rebuild(struct judged *judged, struct err *reterr)
{
    const struct read_panes *read = &judged->read;
    int code = 0;
    for (uint32_t i = 0; i < read->count && !code; i++) {
        const struct read_pane *pane = &read->items[i];
        struct version *version = version_find(judged, pane->version);
        if (version && version->begin_ms == TIME_NONE)
            continue;
        if (!version)
            version = judged_version(judged, pane->version, pane->start_ms);
        struct counts *counts = judged_scratch(judged, pane->version);
        code = counts_add_encoded(counts, pane->counts, 1, reterr);
        if (!code && pane->start_ms >= version->begin_ms)
            version_add(version, judged->monitor, pane->start_ms, counts);
    }
    /* Roll on to the position: what had left the windows there has to be gone here, too. */
    int64_t last_ms = judged->position_ms - judged->monitor->pane_ms;
    for (uint32_t i = 0; i < judged->version_count && !code; i++) {
        struct version *version = &judged->versions[i];
        if (version->rolling && version->last_ms < last_ms)
            version_add(version, judged->monitor, last_ms, NULL);
        version_rest(version);
    }
    return code;
}

static void on_panes(void *context, enum store_result result, const struct err *err)
{
    struct judged *judged = context;
    struct err own;
    if (result != STORE_DONE)
        finish(judged, err->code, err);
    else
        finish(judged, rebuild(judged, &own), &own);
}

static void on_state(void *context, enum store_result result, const struct err *err)
{
    struct judged *judged = context;
    const struct config_monitor *config = judged->monitor->config;
    struct err own;
    if (result != STORE_DONE) {
        finish(judged, err->code, err);
        return;
    }
    int code = parse_state(judged, bytes_make(judged->text.data, judged->text.size), &own);
    if (code || judged->position_ms == TIME_NONE) {
        finish(judged, code, &own);
        return;
    }
    int64_t longest = config->windows_ms[config->window_count - 1];
    store_panes(judged->store, config->name, judged->position_ms - 2 * longest, judged->position_ms,
                read_panes_row, &judged->read, on_panes, judged);
}

void judged_load(struct judged *judged, struct store *store, struct arena *arena,
                 store_done_fn done, void *context)
{
    judged_clear(judged);
    arena_clear(arena);
    judged->read = (struct read_panes){.monitor = judged->monitor, .arena = arena};
    judged->store = store;
    judged->done = done;
    judged->done_context = context;
    text_clear(&judged->text);
    store_judge_load(store, judged->monitor->config->name, &judged->position_ms, &judged->text,
                     on_state, judged);
}
