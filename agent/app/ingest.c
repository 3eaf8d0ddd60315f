/* The way of a record. Memory holds one set of counts for each (monitor, version, pane) that was
 * touched since the last commit; they, the partitions' offsets and the dispositions go to the store
 * in one transaction and are forgotten. Nothing here judges. */
#include "app/ingest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/log.h"

enum { QUARANTINE_MAX = 1024, VERSION_BYTES_MAX = 64 };

/* All versions beyond the limit share this name. */
#define OTHER "(other)"

struct partition {
    char *topic;
    int32_t partition;
    int64_t epoch, committed_offset, next_offset;
    struct partition_clock clock;
    bool idle, sent_idle, committed_idle; /* drained and silent: finality does not wait for it */
    int64_t committed_max_event_ms;
    int64_t records[DISPOSITIONS], skipped; /* since the last commit */
};

/* Counts of one pane since the last commit. */
struct delta {
    uint32_t monitor, version;
    int64_t pane_start_ms;
    struct counts *counts;
};

struct counted_version {
    char *name;
    uint32_t track;
    bool known;      /* named by the configuration, or none is */
    bool registered; /* its generation is in the store */
};

struct spare {
    struct counts **items;
    uint32_t count, capacity;
};

struct monitor_state {
    struct counted_version *versions; /* as seen; behind the last one allowed is "(other)" */
    uint32_t version_count;
    struct observation *observations; /* one for each field of the largest baseline */
    struct spare *spares;             /* for each track: cleared counts to use again */
};

struct ingest {
    const struct setup *setup;
    struct store *store;
    struct partition *partitions;
    uint32_t partition_count;
    struct monitor_state *monitors;
    bool versions_loaded;
    struct delta *deltas;
    uint32_t delta_count, delta_capacity, delta_last;
    size_t delta_bytes;
    struct store_quarantine *quarantine;
    uint32_t quarantine_count;
    struct value *values;
    uint32_t *unknown;
    struct ingest_totals totals;
    struct event_clock *event_clock; /* NULL: records have times of their own */
    /* a take under way */
    struct ingest_want *wants;
    uint32_t want_count;
    struct store_take *takes;
    store_done_fn taken;
    void *taken_context;
    /* a commit under way */
    struct arena *commit_arena;
    struct store_commit commit;
    struct text encoded;
    bool released; /* its partitions are gone */
    store_done_fn done;
    void *done_context;
};

static uint32_t largest_baseline(const struct monitor *monitor)
{
    uint32_t largest = 0;
    for (uint32_t i = 0; i < monitor->track_count; i++)
        if (monitor->tracks[i].baseline->field_count > largest)
            largest = monitor->tracks[i].baseline->field_count;
    return largest;
}

struct ingest *ingest_new(const struct setup *setup, struct store *store)
{
    struct ingest *ingest = mem_new(1, sizeof *ingest);
    uint32_t limit = setup->config->limits.versions;
    ingest->setup = setup;
    ingest->store = store;
    ingest->monitors = mem_new(setup->monitor_count, sizeof *ingest->monitors);
    for (uint32_t i = 0; i < setup->monitor_count; i++) {
        const struct monitor *monitor = &setup->monitors[i];
        struct monitor_state *state = &ingest->monitors[i];
        uint32_t field_count = largest_baseline(monitor);
        state->observations = mem_new(field_count, sizeof *state->observations);
        state->spares = mem_new(monitor->track_count, sizeof *state->spares);
        state->versions = mem_new(limit + 1, sizeof *state->versions);
        state->versions[limit] = (struct counted_version){
            .name = mem_copy(OTHER), .known = monitor->config->version_count == 0};
    }
    ingest->values = mem_new(decode_plan_slots(setup->plan), sizeof *ingest->values);
    ingest->unknown = mem_new(decode_plan_counters(setup->plan), sizeof *ingest->unknown);
    ingest->quarantine = mem_new(QUARANTINE_MAX, sizeof *ingest->quarantine);
    ingest->commit_arena = arena_new();
    return ingest;
}

static void monitor_state_release(struct monitor_state *state, const struct monitor *monitor,
                                  uint32_t version_limit)
{
    for (uint32_t i = 0; i < state->version_count; i++)
        free(state->versions[i].name);
    free(state->versions[version_limit].name);
    for (uint32_t i = 0; i < monitor->track_count; i++) {
        for (uint32_t k = 0; k < state->spares[i].count; k++)
            counts_free(state->spares[i].items[k]);
        free(state->spares[i].items);
    }
    free(state->versions);
    free(state->observations);
    free(state->spares);
}

void ingest_free(struct ingest *ingest)
{
    if (!ingest)
        return;
    for (uint32_t i = 0; i < ingest->delta_count; i++)
        counts_free(ingest->deltas[i].counts);
    for (uint32_t i = 0; i < ingest->setup->monitor_count; i++)
        monitor_state_release(&ingest->monitors[i], &ingest->setup->monitors[i],
                              ingest->setup->config->limits.versions);
    for (uint32_t i = 0; i < ingest->partition_count; i++)
        free(ingest->partitions[i].topic);
    free(ingest->partitions);
    free(ingest->monitors);
    free(ingest->deltas);
    free(ingest->takes);
    free(ingest->values);
    free(ingest->unknown);
    free(ingest->quarantine);
    text_release(&ingest->encoded);
    arena_free(ingest->commit_arena);
    free(ingest);
}

static struct partition *find_partition(struct ingest *ingest, const char *topic, int32_t number)
{
    for (uint32_t i = 0; i < ingest->partition_count; i++) {
        struct partition *partition = &ingest->partitions[i];
        if (partition->partition == number && !strcmp(partition->topic, topic))
            return partition;
    }
    return NULL;
}

static struct partition *add_partition(struct ingest *ingest, const char *topic, int32_t number)
{
    ingest->partitions =
        mem_resize(ingest->partitions, ingest->partition_count + 1, sizeof *ingest->partitions);
    struct partition *partition = &ingest->partitions[ingest->partition_count++];
    memset(partition, 0, sizeof *partition);
    partition->topic = mem_copy(topic);
    partition->partition = number;
    return partition;
}

static uint32_t version_add(struct ingest *ingest, uint32_t monitor, struct bytes text)
{
    struct monitor_state *state = &ingest->monitors[monitor];
    const struct monitor *setup = &ingest->setup->monitors[monitor];
    struct counted_version *version = &state->versions[state->version_count];
    version->name = mem_text(text);
    version->track = monitor_track(setup, version->name);
    version->known = monitor_knows(setup, version->name);
    if (!version->known)
        log_warning("a model version has no baseline of its own; it is measured against the "
                    "monitor's",
                    "monitor", setup->config->name, "version", version->name);
    return state->version_count++;
}

/* ---- taking partitions over ---- */

/* The first versions that were counted keep their names whatever process counts. */
static int read_version(void *context, const struct store_generation *generation)
{
    struct ingest *ingest = context;
    for (uint32_t i = 0; i < ingest->setup->monitor_count; i++) {
        const struct monitor *monitor = &ingest->setup->monitors[i];
        struct monitor_state *state = &ingest->monitors[i];
        const char *version = generation->version;
        const struct track *track = &monitor->tracks[monitor_track(monitor, version)];
        if (strcmp(generation->monitor, monitor->config->name) != 0 ||
            strcmp(generation->hash, track->generation) != 0 || !strcmp(version, OTHER) ||
            state->version_count == ingest->setup->config->limits.versions)
            continue;
        state->versions[version_add(ingest, i, bytes_of(version))].registered = true;
    }
    return 0;
}

static void forget_versions(struct ingest *ingest)
{
    for (uint32_t i = 0; i < ingest->setup->monitor_count; i++) {
        struct monitor_state *state = &ingest->monitors[i];
        while (state->version_count) {
            struct counted_version *version = &state->versions[--state->version_count];
            free(version->name);
            *version = (struct counted_version){0};
        }
    }
}

static void own(struct ingest *ingest, const struct store_partition *row)
{
    struct partition *partition = find_partition(ingest, row->topic, row->partition);
    if (!partition)
        partition = add_partition(ingest, row->topic, row->partition);
    partition->epoch = row->epoch;
    partition->committed_offset = partition->next_offset = row->next_offset;
    partition->clock.max_event_ms = partition->committed_max_event_ms = row->max_event_ms;
    partition->idle = partition->sent_idle = partition->committed_idle = false;
    memset(partition->records, 0, sizeof partition->records);
    partition->skipped = 0;
}

static void on_taken(void *context, enum store_result result, const struct err *err)
{
    struct ingest *ingest = context;
    for (uint32_t i = 0; result == STORE_DONE && i < ingest->want_count; i++) {
        own(ingest, &ingest->takes[i].ret);
        ingest->wants[i].next_offset = ingest->takes[i].ret.next_offset;
    }
    ingest->taken(ingest->taken_context, result, err);
}

static void on_versions(void *context, enum store_result result, const struct err *err)
{
    struct ingest *ingest = context;
    if (result != STORE_DONE) {
        forget_versions(ingest);
        ingest->taken(ingest->taken_context, result, err);
        return;
    }
    ingest->versions_loaded = true;
    store_take(ingest->store, ingest->takes, ingest->want_count, on_taken, ingest);
}

void ingest_take(struct ingest *ingest, struct ingest_want *wants, uint32_t count,
                 store_done_fn done, void *context)
{
    ingest->wants = wants;
    ingest->want_count = count;
    ingest->taken = done;
    ingest->taken_context = context;
    ingest->takes = mem_resize(ingest->takes, count + 1, sizeof *ingest->takes);
    for (uint32_t i = 0; i < count; i++)
        ingest->takes[i] = (struct store_take){.topic = wants[i].topic,
                                               .partition = wants[i].partition,
                                               .start_offset = wants[i].start_offset};
    if (ingest->versions_loaded)
        store_take(ingest->store, ingest->takes, count, on_taken, ingest);
    else
        store_generations(ingest->store, NULL, NULL, read_version, ingest, on_versions, ingest);
}

/* ---- one record ---- */

static bool text_is(const struct value *value, const char *wanted)
{
    if (value->kind == VALUE_TRUE || value->kind == VALUE_FALSE)
        return !strcmp(wanted, value->kind == VALUE_TRUE ? "true" : "false");
    return (value->kind == VALUE_STRING || value->kind == VALUE_NUMBER) &&
           bytes_equal(value->text, bytes_of(wanted));
}

static bool monitor_matches(const struct ingest *ingest, const struct monitor *monitor,
                            const char *topic)
{
    const struct config_monitor *config = monitor->config;
    bool on_topic = false;
    for (uint32_t i = 0; i < config->topic_count && !on_topic; i++)
        on_topic = !strcmp(config->topics[i], topic);
    for (uint32_t i = 0; i < config->match_count && on_topic; i++)
        on_topic = text_is(&ingest->values[monitor->match_slots[i]], config->matches[i].value);
    return on_topic;
}

/* The record's own time, or the broker's if the monitor maps none. False: there is none to be had.
 */
static bool record_time(const struct ingest *ingest, const struct monitor *monitor,
                        const struct record *record, struct event_time *ret_time)
{
    if (monitor->time_slot < 0) {
        ret_time->ms = record->broker_ms;
        return record->broker_ms != TIME_NONE;
    }
    const struct value *value = &ingest->values[monitor->time_slot];
    if (value->kind == VALUE_STRING)
        return event_time_parse(value->text, ret_time);
    return value->kind == VALUE_NUMBER && event_time_from_number(value->number, ret_time);
}

/* The index of the record's model version. Beyond the limit, and if the name is too long, it is
 * that of "(other)". */
static uint32_t record_version(struct ingest *ingest, uint32_t monitor)
{
    struct monitor_state *state = &ingest->monitors[monitor];
    int slot = ingest->setup->monitors[monitor].version_slot;
    struct bytes text = bytes_of("");
    if (slot >= 0 &&
        (ingest->values[slot].kind == VALUE_STRING || ingest->values[slot].kind == VALUE_NUMBER))
        text = ingest->values[slot].text;
    uint32_t limit = ingest->setup->config->limits.versions;
    if (text.size > VERSION_BYTES_MAX || bytes_equal(text, bytes_of(OTHER)))
        return limit;
    if (!text.size)
        text = bytes_of("-");
    for (uint32_t i = 0; i < state->version_count; i++)
        if (bytes_equal(bytes_of(state->versions[i].name), text))
            return i;
    return state->version_count < limit ? version_add(ingest, monitor, text) : limit;
}

static struct counts *take_counts(struct ingest *ingest, uint32_t monitor, uint32_t track)
{
    struct spare *spare = &ingest->monitors[monitor].spares[track];
    if (spare->count)
        return spare->items[--spare->count];
    return counts_new(ingest->setup->monitors[monitor].tracks[track].layout);
}

static struct counts *delta_counts(struct ingest *ingest, uint32_t monitor, uint32_t version,
                                   int64_t pane_start_ms)
{
    for (uint32_t k = 0; k < ingest->delta_count; k++) {
        uint32_t i = (ingest->delta_last + k) % ingest->delta_count;
        struct delta *delta = &ingest->deltas[i];
        if (delta->pane_start_ms == pane_start_ms && delta->monitor == monitor &&
            delta->version == version) {
            ingest->delta_last = i;
            return delta->counts;
        }
    }
    if (ingest->delta_count == ingest->delta_capacity) {
        ingest->delta_capacity = ingest->delta_capacity ? ingest->delta_capacity * 2 : 16;
        ingest->deltas = mem_resize(ingest->deltas, ingest->delta_capacity, sizeof *ingest->deltas);
    }
    uint32_t track = ingest->monitors[monitor].versions[version].track;
    struct counts *counts = take_counts(ingest, monitor, track);
    ingest->delta_last = ingest->delta_count;
    ingest->deltas[ingest->delta_count++] = (struct delta){monitor, version, pane_start_ms, counts};
    ingest->delta_bytes += layout_counts_bytes(counts->layout);
    return counts;
}

static void count_record(struct ingest *ingest, uint32_t index, struct event_time time)
{
    const struct monitor *monitor = &ingest->setup->monitors[index];
    struct monitor_state *state = &ingest->monitors[index];
    uint32_t at = record_version(ingest, index);
    const struct track *track = &monitor->tracks[state->versions[at].track];
    ingest->totals.unknown_versions += !state->versions[at].known;
    validator_check(track->validator, ingest->values, state->observations);
    struct counts *counts =
        delta_counts(ingest, index, at, event_time_floor(time, monitor->pane_ms).ms);
    counts_add_record(counts, state->observations,
                      monitor->unknown_counter >= 0 ? ingest->unknown[monitor->unknown_counter]
                                                    : 0);
}

static enum disposition offer(struct ingest *ingest, uint32_t index, struct partition *partition,
                              const struct record *record)
{
    const struct monitor *monitor = &ingest->setup->monitors[index];
    struct event_time time;
    if (!monitor_matches(ingest, monitor, record->topic))
        return DISPOSED_NOT_MONITORED;
    bool timed = record_time(ingest, monitor, record, &time);
    if (ingest->event_clock) {
        if (!timed)
            time.ms = TIME_NONE;
        time = event_clock_tick(ingest->event_clock, time);
        partition->clock.max_event_ms = time.ms;
        count_record(ingest, index, time);
        return DISPOSED_COUNTED;
    }
    if (!timed)
        return DISPOSED_BAD_TIME;
    switch (partition_clock_step(&partition->clock, time, record->broker_ms,
                                 monitor->config->lateness_ms)) {
    case TIME_LATE:
        return DISPOSED_LATE;
    case TIME_BAD:
        return DISPOSED_BAD_TIME;
    case TIME_GOOD:
        break;
    }
    count_record(ingest, index, time);
    return DISPOSED_COUNTED;
}

static void quarantine(struct ingest *ingest, const struct record *record,
                       enum decode_result result)
{
    if (ingest->quarantine_count == QUARANTINE_MAX)
        return; /* the ledger has the count; rows are a sample */
    struct store_quarantine *row = &ingest->quarantine[ingest->quarantine_count++];
    *row = (struct store_quarantine){
        .topic = find_partition(ingest, record->topic, record->partition)->topic,
        .partition = record->partition,
        .offset = record->offset,
        .reason = decode_result_name(result),
        .size_bytes = (int64_t)record->value.size};
    hash_sha256(record->value, row->sha256);
}

/* One disposition a record, also when several monitors want it: the first of this order that any
 * monitor gave. */
static enum disposition dispose(struct ingest *ingest, struct partition *partition,
                                const struct record *record)
{
    enum decode_result result =
        decode_event(ingest->setup->plan, record->value, ingest->values, ingest->unknown);
    ingest->totals.decode_results[result]++;
    if (result != DECODE_OK) {
        quarantine(ingest, record, result);
        return DISPOSED_QUARANTINED;
    }
    enum disposition best = DISPOSED_NOT_MONITORED;
    for (uint32_t i = 0; i < ingest->setup->monitor_count; i++) {
        enum disposition disposition = offer(ingest, i, partition, record);
        if (disposition < best)
            best = disposition;
    }
    return best;
}

bool ingest_is_full(const struct ingest *ingest)
{
    return (int64_t)ingest->delta_bytes > ingest->setup->config->limits.commit_bytes ||
           ingest->quarantine_count == QUARANTINE_MAX;
}

enum ingest_result ingest_record(struct ingest *ingest, const struct record *record)
{
    struct partition *partition = find_partition(ingest, record->topic, record->partition);
    if (!partition)
        return INGEST_STRANGER;
    if (record->offset < partition->next_offset) {
        ingest->totals.repeated++;
        return INGEST_REPEATED;
    }
    if (ingest_is_full(ingest))
        return INGEST_FULL;
    enum disposition disposition = dispose(ingest, partition, record);
    partition->records[disposition]++;
    partition->skipped += record->offset - partition->next_offset;
    partition->next_offset = record->offset + 1;
    partition->idle = false;
    ingest->totals.records[disposition]++;
    ingest->totals.bytes += (int64_t)record->value.size;
    return INGEST_TAKEN;
}

/* ---- commit ---- */

static bool is_pending(const struct partition *partition)
{
    return partition->next_offset != partition->committed_offset ||
           partition->idle != partition->committed_idle;
}

bool ingest_pending(const struct ingest *ingest)
{
    for (uint32_t i = 0; i < ingest->partition_count; i++)
        if (is_pending(&ingest->partitions[i]))
            return true;
    return false;
}

/* Everything that is handed to the store is copied: partitions may be given up before it answers.
 */
static void fill_advances(struct ingest *ingest, struct store_commit *commit)
{
    commit->advances =
        arena_alloc(ingest->commit_arena, ingest->partition_count, sizeof *commit->advances);
    for (uint32_t i = 0; i < ingest->partition_count; i++) {
        struct partition *partition = &ingest->partitions[i];
        partition->sent_idle = partition->idle;
        if (!is_pending(partition))
            continue;
        struct store_advance *advance = &commit->advances[commit->advance_count++];
        *advance = (struct store_advance){
            .topic = arena_text(ingest->commit_arena, bytes_of(partition->topic)),
            .partition = partition->partition,
            .epoch = partition->epoch,
            .old_offset = partition->committed_offset,
            .new_offset = partition->next_offset,
            .max_event_ms = partition->clock.max_event_ms,
            .skipped = partition->skipped,
            .idle = partition->idle};
        memcpy(advance->records, partition->records, sizeof advance->records);
    }
}

static void fill_quarantine(struct ingest *ingest, struct store_commit *commit)
{
    commit->quarantine_count = ingest->quarantine_count;
    commit->quarantine =
        arena_alloc(ingest->commit_arena, ingest->quarantine_count + 1, sizeof *commit->quarantine);
    for (uint32_t i = 0; i < ingest->quarantine_count; i++) {
        commit->quarantine[i] = ingest->quarantine[i];
        commit->quarantine[i].topic =
            arena_text(ingest->commit_arena, bytes_of(ingest->quarantine[i].topic));
    }
}

static void fill_deltas(struct ingest *ingest, struct store_commit *commit)
{
    commit->deltas = arena_alloc(ingest->commit_arena, ingest->delta_count, sizeof *commit->deltas);
    commit->delta_count = ingest->delta_count;
    for (uint32_t i = 0; i < ingest->delta_count; i++) {
        const struct delta *delta = &ingest->deltas[i];
        const struct monitor *monitor = &ingest->setup->monitors[delta->monitor];
        const struct counted_version *version =
            &ingest->monitors[delta->monitor].versions[delta->version];
        text_clear(&ingest->encoded);
        counts_encode(delta->counts, &ingest->encoded);
        const char *copy = arena_text(ingest->commit_arena,
                                      bytes_make(ingest->encoded.data, ingest->encoded.size));
        commit->deltas[i] =
            (struct store_delta){.monitor = monitor->config->name,
                                 .version = version->name,
                                 .generation = monitor->tracks[version->track].generation,
                                 .pane_start_ms = delta->pane_start_ms,
                                 .pane_ms = monitor->pane_ms,
                                 .rows = delta->counts->rows,
                                 .counts = bytes_make(copy, ingest->encoded.size)};
    }
}

static bool is_listed(const struct store_commit *commit, const struct store_register *wanted)
{
    for (uint32_t i = 0; i < commit->register_count; i++)
        if (commit->registers[i].monitor == wanted->monitor &&
            commit->registers[i].version == wanted->version)
            return true;
    return false;
}

/* Every version's generation is registered with its first count. */
static void fill_registers(struct ingest *ingest, struct store_commit *commit)
{
    commit->registers =
        arena_alloc(ingest->commit_arena, ingest->delta_count + 1, sizeof *commit->registers);
    for (uint32_t i = 0; i < ingest->delta_count; i++) {
        const struct delta *delta = &ingest->deltas[i];
        const struct monitor *monitor = &ingest->setup->monitors[delta->monitor];
        const struct counted_version *version =
            &ingest->monitors[delta->monitor].versions[delta->version];
        const struct track *track = &monitor->tracks[version->track];
        const struct store_register wanted = {.monitor = monitor->config->name,
                                              .version = version->name,
                                              .hash = track->generation,
                                              .baseline_hash = track->baseline->hash,
                                              .first_pane_ms = delta->pane_start_ms};
        if (!version->registered && !is_listed(commit, &wanted))
            commit->registers[commit->register_count++] = wanted;
    }
}

static void note_registered(struct ingest *ingest)
{
    for (uint32_t i = 0; i < ingest->delta_count; i++)
        ingest->monitors[ingest->deltas[i].monitor].versions[ingest->deltas[i].version].registered =
            true;
}

static void forget_deltas(struct ingest *ingest)
{
    for (uint32_t i = 0; i < ingest->delta_count; i++) {
        const struct delta *delta = &ingest->deltas[i];
        struct monitor_state *state = &ingest->monitors[delta->monitor];
        struct spare *spare = &state->spares[state->versions[delta->version].track];
        if (spare->count == spare->capacity) {
            spare->capacity = spare->capacity ? spare->capacity * 2 : 4;
            spare->items = mem_resize(spare->items, spare->capacity, sizeof *spare->items);
        }
        counts_clear(delta->counts);
        spare->items[spare->count++] = delta->counts;
    }
    ingest->delta_count = ingest->delta_last = 0;
    ingest->delta_bytes = 0;
    ingest->quarantine_count = 0;
}

void ingest_release(struct ingest *ingest)
{
    forget_deltas(ingest);
    for (uint32_t i = 0; i < ingest->partition_count; i++)
        free(ingest->partitions[i].topic);
    ingest->partition_count = 0;
    ingest->released = true;
}

static void partition_settled(struct partition *partition, bool committed)
{
    if (committed) {
        partition->committed_offset = partition->next_offset;
        partition->committed_max_event_ms = partition->clock.max_event_ms;
        partition->committed_idle = partition->sent_idle;
    } else { /* fenced: somebody else counts these records */
        partition->next_offset = partition->committed_offset;
        partition->clock.max_event_ms = partition->committed_max_event_ms;
    }
    memset(partition->records, 0, sizeof partition->records);
    partition->skipped = 0;
}

static void committed(void *context, enum store_result result, const struct err *err)
{
    struct ingest *ingest = context;
    ingest->totals.commits += result == STORE_DONE;
    ingest->totals.fenced += result == STORE_FENCED;
    if (!ingest->released && (result == STORE_DONE || result == STORE_FENCED)) {
        for (uint32_t i = 0; i < ingest->partition_count; i++)
            partition_settled(&ingest->partitions[i], result == STORE_DONE);
        if (result == STORE_DONE)
            note_registered(ingest);
        forget_deltas(ingest);
    }
    ingest->done(ingest->done_context, result, err);
}

void ingest_commit(struct ingest *ingest, store_done_fn done, void *context)
{
    ingest->commit = (struct store_commit){0};
    ingest->done = done;
    ingest->done_context = context;
    ingest->released = false;
    arena_clear(ingest->commit_arena);
    fill_advances(ingest, &ingest->commit);
    fill_quarantine(ingest, &ingest->commit);
    fill_deltas(ingest, &ingest->commit);
    fill_registers(ingest, &ingest->commit);
    store_commit(ingest->store, &ingest->commit, committed, ingest);
}

void ingest_idle(struct ingest *ingest, const char *topic, int32_t number)
{
    struct partition *partition = find_partition(ingest, topic, number);
    if (partition)
        partition->idle = true;
}

void ingest_all_idle(struct ingest *ingest)
{
    for (uint32_t i = 0; i < ingest->partition_count; i++)
        ingest->partitions[i].idle = true;
}

void ingest_use_event_clock(struct ingest *ingest, struct event_clock *clock)
{
    ingest->event_clock = clock;
}

int64_t ingest_seen(const struct ingest *ingest)
{
    int64_t latest = TIME_NONE;
    for (uint32_t i = 0; i < ingest->partition_count; i++)
        if (ingest->partitions[i].clock.max_event_ms > latest)
            latest = ingest->partitions[i].clock.max_event_ms;
    return latest;
}

const struct ingest_totals *ingest_totals(const struct ingest *ingest)
{
    return &ingest->totals;
}
