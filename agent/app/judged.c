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

int read_panes_row(void *context, const struct store_pane *row)
{
    struct read_panes *read = context;
    if (strcmp(row->generation, read->generation) != 0) {
        read->foreign++;
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

/* ---- windows ---- */

struct version *judged_version(struct judged *judged, const char *name, int64_t begin_ms)
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
    return version;
}

void version_add(struct version *version, const struct monitor *monitor, int64_t start_ms,
                 const struct counts *counts)
{
    if (!version->rolling) {
        version->rolling = rolling_new(monitor->layout, monitor->config->windows_ms,
                                       monitor->config->window_count, monitor->pane_ms);
        rolling_skip(version->rolling, (struct event_time){version->begin_ms});
    }
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

/* ---- state ---- */

void judged_format(const struct judged *judged, const struct monitor *monitor, struct text *text)
{
    struct text judge = {0}, book = {0};
    judge_state_format(judged->state, &judge);
    incident_book_format(judged->book, &book);
    json_t *versions = json_object();
    for (uint32_t i = 0; i < judged->version_count; i++)
        json_object_set_new(versions, judged->versions[i].name,
                            json_integer(judged->versions[i].begin_ms));
    json_t *json =
        json_pack("{s:i,s:s,s:s,s:s,s:o,s:s,s:s}", "format", 1, "generation", monitor->generation,
                  "baseline", monitor->baseline_label, "baseline_hash", monitor->baseline->hash,
                  "versions", versions, "judge", judge.data, "incidents", book.data);
    if (judged->passed_over_ms != TIME_NONE)
        json_object_set_new(json, "passed_over_ms", json_integer(judged->passed_over_ms));
    char *dump = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    text_puts(text, dump ? dump : "{}");
    free(dump);
    json_decref(json);
    text_release(&judge);
    text_release(&book);
}

static void former_clear(struct judged *judged)
{
    incident_book_free(judged->former);
    free(judged->former_baseline);
    free(judged->former_hash);
    judged->former = NULL;
    judged->former_baseline = judged->former_hash = NULL;
}

void judged_clear(struct judged *judged)
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
    former_clear(judged);
}

void judged_moved(struct judged *judged, int64_t position_ms)
{
    judged->position_ms = position_ms;
    former_clear(judged);
}

static int parse_own(struct judged *judged, const json_t *json, const char *judge, const char *book,
                     struct err *reterr)
{
    const char *name;
    json_t *begin = json_object_get(json, "passed_over_ms");
    judged->state = judge_state_parse(bytes_of(judge), reterr);
    judged->book = incident_book_parse(bytes_of(book), reterr);
    judged->passed_over_ms = begin ? json_integer_value(begin) : TIME_NONE;
    json_object_foreach(json_object_get(json, "versions"), name, begin)
    {
        judged_version(judged, name, json_integer_value(begin));
    }
    return judged->state && judged->book ? 0 : ERR_INVALID;
}

static char *copy_of(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    return mem_copy(text ? text : "");
}

/* Another generation starts with empty windows and judge state; its incidents are to be closed. */
static int parse_former(struct judged *judged, const json_t *json, const char *book,
                        struct err *reterr)
{
    judged->state = judge_state_new();
    judged->book = incident_book_new();
    judged->former = incident_book_parse(bytes_of(book), reterr);
    judged->former_baseline = copy_of(json, "baseline");
    judged->former_hash = copy_of(json, "baseline_hash");
    return judged->former ? 0 : ERR_INVALID;
}

static int parse_state(struct judged *judged, const struct monitor *monitor, struct bytes text,
                       struct err *reterr)
{
    if (!text.size) {
        judged->state = judge_state_new();
        judged->book = incident_book_new();
        return 0;
    }
    json_t *json = json_loadb(text.data, text.size, JSON_REJECT_DUPLICATES, NULL);
    const char *generation = json_string_value(json_object_get(json, "generation"));
    const char *judge = json_string_value(json_object_get(json, "judge"));
    const char *book = json_string_value(json_object_get(json, "incidents"));
    int code;
    if (!generation || !judge || !book)
        code = err_set(reterr, ERR_INVALID, "judge state of %s is damaged", monitor->config->name);
    else if (!strcmp(generation, monitor->generation))
        code = parse_own(judged, json, judge, book, reterr);
    else
        code = parse_former(judged, json, book, reterr);
    json_decref(json);
    return code;
}

/* Adds stored panes of the longest window to the windows again. Late counts may have made panes
 * from before a version's begin: no window that is judged holds them. */
static int rebuild(struct judged *judged, const struct monitor *monitor, struct store *store,
                   struct arena *arena, struct err *reterr)
{
    struct read_panes read = {.arena = arena, .generation = monitor->generation};
    if (judged->position_ms == TIME_NONE)
        return 0;
    int64_t longest = monitor->config->windows_ms[monitor->config->window_count - 1];
    int code = store_panes(store, monitor->config->name, judged->position_ms - 2 * longest,
                           judged->position_ms, read_panes_row, &read, reterr);
    for (uint32_t i = 0; i < read.count && !code; i++) {
        const struct read_pane *pane = &read.items[i];
        struct version *version = judged_version(judged, pane->version, pane->start_ms);
        counts_clear(judged->scratch);
        code = counts_add_encoded(judged->scratch, pane->counts, 1, reterr);
        if (!code && pane->start_ms >= version->begin_ms)
            version_add(version, monitor, pane->start_ms, judged->scratch);
    }
    /* Roll on to the position: what had left the windows there has to be gone here, too. */
    int64_t last_ms = judged->position_ms - monitor->pane_ms;
    for (uint32_t i = 0; i < judged->version_count && !code; i++) {
        struct version *version = &judged->versions[i];
        if (version->rolling && version->last_ms < last_ms)
            version_add(version, monitor, last_ms, NULL);
        version_rest(version);
    }
    free(read.items);
    return code;
}

int judged_load(struct judged *judged, const struct monitor *monitor, struct store *store,
                struct arena *arena, struct err *reterr)
{
    struct text text = {0};
    judged_clear(judged);
    arena_clear(arena);
    judged->loaded = false;
    int code = store_judge_load(store, monitor->config->name, &judged->position_ms, &text, reterr);
    if (!code)
        code = parse_state(judged, monitor, bytes_make(text.data, text.size), reterr);
    if (!code)
        code = rebuild(judged, monitor, store, arena, reterr);
    text_release(&text);
    judged->loaded = code == 0;
    return code;
}
