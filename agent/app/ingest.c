/* The way of a record. Memory holds one set of counts for each (monitor, version, pane) that was
 * touched since the last commit; they, the partitions' offsets and the dispositions go to the store
 * in one transaction and are forgotten. Nothing here judges. */
#include "app/ingest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUARANTINE_MAX = 1024, VERSION_BYTES_MAX = 64 };

/* All versions beyond the limit share this name. */
#define OTHER "(other)"

struct partition {
    char *topic;
    int32_t partition;
    int64_t epoch, committed_offset, next_offset;
    struct partition_clock clock;
    bool idle; /* drained and silent: finality does not wait for it */
    int64_t committed_max_event_ms;
    int64_t records[DISPOSITIONS], skipped; /* since the last commit */
};

/* Counts of one pane since the last commit. */
struct delta {
    uint32_t monitor, version;
    int64_t pane_start_ms;
    struct counts *counts;
};

struct monitor_state {
    char **versions; /* as seen; behind the last one allowed is "(other)" */
    uint32_t version_count;
    bool versions_loaded;
    bool *registered;     /* generation of that version is in the store */
    struct value *fields; /* one for each baseline field: what the record held */
    struct observation *observations;
    struct counts **spare; /* cleared counts to use again */
    uint32_t spare_count, spare_capacity;
};

struct ingest {
    const struct setup *setup;
    struct store *store;
    const char *agent;
    struct partition *partitions;
    uint32_t partition_count;
    struct monitor_state *monitors;
    struct delta *deltas;
    uint32_t delta_count, delta_capacity, delta_last;
    size_t delta_bytes;
    struct store_quarantine *quarantine;
    uint32_t quarantine_count;
    struct value *values;
    uint32_t *unknown;
    struct ingest_totals totals;
    /* a commit under way */
    struct arena *commit_arena;
    struct text encoded;
    store_done_fn done;
    void *done_context;
};

struct ingest *ingest_new(const struct setup *setup, struct store *store, const char *agent)
{
    struct ingest *ingest = mem_new(1, sizeof *ingest);
    ingest->setup = setup;
    ingest->store = store;
    ingest->agent = agent;
    ingest->monitors = mem_new(setup->monitor_count, sizeof *ingest->monitors);
    for (uint32_t i = 0; i < setup->monitor_count; i++) {
        struct monitor_state *state = &ingest->monitors[i];
        uint32_t field_count = setup->monitors[i].baseline->field_count;
        state->observations = mem_new(field_count, sizeof *state->observations);
        state->fields = mem_new(field_count, sizeof *state->fields);
        state->versions = mem_new(setup->config->limits.versions + 1, sizeof *state->versions);
        state->versions[setup->config->limits.versions] = mem_copy(OTHER);
        state->registered = mem_new(setup->config->limits.versions + 1, sizeof *state->registered);
    }
    ingest->values = mem_new(decode_plan_slots(setup->plan), sizeof *ingest->values);
    ingest->unknown = mem_new(decode_plan_counters(setup->plan), sizeof *ingest->unknown);
    ingest->quarantine = mem_new(QUARANTINE_MAX, sizeof *ingest->quarantine);
    ingest->commit_arena = arena_new();
    return ingest;
}

static void forget_versions(struct monitor_state *state)
{
    while (state->version_count)
        free(state->versions[--state->version_count]);
}

static void monitor_state_release(struct monitor_state *state, uint32_t version_limit)
{
    forget_versions(state);
    free(state->versions[version_limit]);
    for (uint32_t i = 0; i < state->spare_count; i++)
        counts_free(state->spare[i]);
    free(state->versions);
    free(state->registered);
    free(state->observations);
    free(state->fields);
    free(state->spare);
}

void ingest_free(struct ingest *ingest)
{
    if (!ingest)
        return;
    for (uint32_t i = 0; i < ingest->delta_count; i++)
        counts_free(ingest->deltas[i].counts);
    for (uint32_t i = 0; i < ingest->setup->monitor_count; i++)
        monitor_state_release(&ingest->monitors[i], ingest->setup->config->limits.versions);
    for (uint32_t i = 0; i < ingest->partition_count; i++)
        free(ingest->partitions[i].topic);
    free(ingest->partitions);
    free(ingest->monitors);
    free(ingest->deltas);
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

static uint32_t version_add(struct monitor_state *state, struct bytes text)
{
    state->versions[state->version_count] = mem_text(text);
    return state->version_count++;
}

struct version_reading {
    struct monitor_state *state;
    uint32_t limit;
};

static int read_version(void *context, const struct store_generation *generation)
{
    struct version_reading *reading = context;
    if (reading->state->version_count == reading->limit)
        return 1;
    if (strcmp(generation->version, OTHER) != 0) {
        uint32_t index = version_add(reading->state, bytes_of(generation->version));
        reading->state->registered[index] = true;
    }
    return 0;
}

/* The first versions that were counted keep their names whatever process counts. */
static int load_versions(struct ingest *ingest, struct err *reterr)
{
    for (uint32_t i = 0; i < ingest->setup->monitor_count; i++) {
        const struct monitor *monitor = &ingest->setup->monitors[i];
        struct monitor_state *state = &ingest->monitors[i];
        struct version_reading reading = {state, ingest->setup->config->limits.versions};
        if (state->versions_loaded)
            continue;
        int code = store_generations(ingest->store, monitor->config->name, monitor->generation,
                                     read_version, &reading, reterr);
        if (code) {
            forget_versions(state);
            return code;
        }
        state->versions_loaded = true;
    }
    return 0;
}

int ingest_take(struct ingest *ingest, const char *topic, int32_t number, int64_t start_offset,
                int64_t *ret_next_offset, struct err *reterr)
{
    struct store_partition row;
    int code = load_versions(ingest, reterr);
    if (!code)
        code = store_take_partition(ingest->store, topic, number, start_offset, ingest->agent, &row,
                                    reterr);
    if (code)
        return code;
    struct partition *partition = find_partition(ingest, topic, number);
    if (!partition)
        partition = add_partition(ingest, topic, number);
    partition->epoch = row.epoch;
    partition->committed_offset = partition->next_offset = row.next_offset;
    partition->clock.max_event_ms = partition->committed_max_event_ms = row.max_event_ms;
    memset(partition->records, 0, sizeof partition->records);
    partition->skipped = 0;
    *ret_next_offset = row.next_offset;
    return 0;
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
        if (bytes_equal(bytes_of(state->versions[i]), text))
            return i;
    return state->version_count < limit ? version_add(state, text) : limit;
}

static struct counts *take_counts(struct ingest *ingest, uint32_t monitor)
{
    struct monitor_state *state = &ingest->monitors[monitor];
    if (state->spare_count)
        return state->spare[--state->spare_count];
    return counts_new(ingest->setup->monitors[monitor].layout);
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
    struct counts *counts = take_counts(ingest, monitor);
    ingest->delta_last = ingest->delta_count;
    ingest->deltas[ingest->delta_count++] = (struct delta){monitor, version, pane_start_ms, counts};
    ingest->delta_bytes += layout_counts_bytes(ingest->setup->monitors[monitor].layout);
    return counts;
}

static void count_record(struct ingest *ingest, uint32_t index, struct event_time time)
{
    const struct monitor *monitor = &ingest->setup->monitors[index];
    struct observation *observations = ingest->monitors[index].observations;
    struct value *fields = ingest->monitors[index].fields;
    for (uint32_t i = 0; i < monitor->baseline->field_count; i++)
        fields[i] = ingest->values[monitor->slots[i]];
    validator_check(monitor->validator, fields, observations);
    struct counts *counts = delta_counts(ingest, index, record_version(ingest, index),
                                         event_time_floor(time, monitor->pane_ms).ms);
    counts_add_record(counts, observations,
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
    if (!record_time(ingest, monitor, record, &time))
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

enum ingest_result ingest_record(struct ingest *ingest, const struct record *record)
{
    struct partition *partition = find_partition(ingest, record->topic, record->partition);
    if (!partition)
        return INGEST_STRANGER;
    if (record->offset < partition->next_offset) {
        ingest->totals.repeated++;
        return INGEST_REPEATED;
    }
    if ((int64_t)ingest->delta_bytes > ingest->setup->config->limits.commit_bytes ||
        ingest->quarantine_count == QUARANTINE_MAX)
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

bool ingest_pending(const struct ingest *ingest)
{
    for (uint32_t i = 0; i < ingest->partition_count; i++)
        if (ingest->partitions[i].next_offset != ingest->partitions[i].committed_offset)
            return true;
    return false;
}

static void fill_advances(struct ingest *ingest, struct store_commit *commit)
{
    commit->advances =
        arena_alloc(ingest->commit_arena, ingest->partition_count, sizeof *commit->advances);
    for (uint32_t i = 0; i < ingest->partition_count; i++) {
        const struct partition *partition = &ingest->partitions[i];
        if (partition->next_offset == partition->committed_offset)
            continue;
        struct store_advance *advance = &commit->advances[commit->advance_count++];
        *advance = (struct store_advance){.topic = partition->topic,
                                          .partition = partition->partition,
                                          .epoch = partition->epoch,
                                          .old_offset = partition->committed_offset,
                                          .new_offset = partition->next_offset,
                                          .max_event_ms = partition->clock.max_event_ms,
                                          .skipped = partition->skipped};
        memcpy(advance->records, partition->records, sizeof advance->records);
    }
}

static void fill_deltas(struct ingest *ingest, struct store_commit *commit)
{
    commit->deltas = arena_alloc(ingest->commit_arena, ingest->delta_count, sizeof *commit->deltas);
    commit->delta_count = ingest->delta_count;
    for (uint32_t i = 0; i < ingest->delta_count; i++) {
        const struct delta *delta = &ingest->deltas[i];
        const struct monitor *monitor = &ingest->setup->monitors[delta->monitor];
        text_clear(&ingest->encoded);
        counts_encode(delta->counts, &ingest->encoded);
        const char *copy = arena_text(ingest->commit_arena,
                                      bytes_make(ingest->encoded.data, ingest->encoded.size));
        commit->deltas[i] = (struct store_delta){
            .monitor = monitor->config->name,
            .version = ingest->monitors[delta->monitor].versions[delta->version],
            .generation = monitor->generation,
            .pane_start_ms = delta->pane_start_ms,
            .pane_ms = monitor->pane_ms,
            .rows = delta->counts->rows,
            .counts = bytes_make(copy, ingest->encoded.size)};
    }
}

/* Every version's generation is known to the store before its first count is. */
static int register_generations(struct ingest *ingest, struct err *reterr)
{
    for (uint32_t i = 0; i < ingest->delta_count; i++) {
        const struct delta *delta = &ingest->deltas[i];
        const struct monitor *monitor = &ingest->setup->monitors[delta->monitor];
        struct monitor_state *state = &ingest->monitors[delta->monitor];
        if (state->registered[delta->version])
            continue;
        int code = store_generation(ingest->store, monitor->config->name,
                                    state->versions[delta->version], monitor->generation,
                                    monitor->baseline->hash, delta->pane_start_ms, reterr);
        if (code)
            return code;
        state->registered[delta->version] = true;
    }
    return 0;
}

static void forget_deltas(struct ingest *ingest)
{
    for (uint32_t i = 0; i < ingest->delta_count; i++) {
        struct monitor_state *state = &ingest->monitors[ingest->deltas[i].monitor];
        if (state->spare_count == state->spare_capacity) {
            state->spare_capacity = state->spare_capacity ? state->spare_capacity * 2 : 4;
            state->spare = mem_resize(state->spare, state->spare_capacity, sizeof *state->spare);
        }
        counts_clear(ingest->deltas[i].counts);
        state->spare[state->spare_count++] = ingest->deltas[i].counts;
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
}

static void partition_settled(struct partition *partition, bool committed)
{
    if (committed) {
        partition->committed_offset = partition->next_offset;
        partition->committed_max_event_ms = partition->clock.max_event_ms;
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
    if (result == STORE_DONE || result == STORE_FENCED) {
        for (uint32_t i = 0; i < ingest->partition_count; i++)
            partition_settled(&ingest->partitions[i], result == STORE_DONE);
        forget_deltas(ingest);
    }
    ingest->done(ingest->done_context, result, err);
}

void ingest_commit(struct ingest *ingest, store_done_fn done, void *context)
{
    struct err err = {0};
    struct store_commit commit = {.agent = ingest->agent,
                                  .quarantine = ingest->quarantine,
                                  .quarantine_count = ingest->quarantine_count};
    ingest->done = done;
    ingest->done_context = context;
    arena_clear(ingest->commit_arena);
    int code = register_generations(ingest, &err);
    if (code) {
        done(context, code == ERR_UNAVAILABLE ? STORE_UNAVAILABLE : STORE_FAILED, &err);
        return;
    }
    fill_advances(ingest, &commit);
    fill_deltas(ingest, &commit);
    store_commit(ingest->store, &commit, committed, ingest);
}

static bool on_topic(const struct monitor *monitor, const struct partition *partition)
{
    for (uint32_t t = 0; t < monitor->config->topic_count; t++)
        if (!strcmp(monitor->config->topics[t], partition->topic))
            return true;
    return false;
}

/* Smallest watermark as committed, of all partitions or of those that are not idle. INT64_MAX:
 * there is none. */
static int64_t smallest_watermark(const struct ingest *ingest, const struct monitor *monitor,
                                  bool with_idle)
{
    int64_t smallest = INT64_MAX;
    for (uint32_t i = 0; i < ingest->partition_count; i++) {
        const struct partition *partition = &ingest->partitions[i];
        struct partition_clock clock = {partition->committed_max_event_ms};
        int64_t watermark = partition_clock_watermark(&clock, monitor->config->lateness_ms);
        if (on_topic(monitor, partition) && (with_idle || !partition->idle) && watermark < smallest)
            smallest = watermark;
    }
    return smallest;
}

int64_t ingest_watermark(const struct ingest *ingest, const struct monitor *monitor)
{
    int64_t smallest = smallest_watermark(ingest, monitor, true);
    return smallest == INT64_MAX ? TIME_NONE : smallest;
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

int64_t ingest_latest(const struct ingest *ingest, const struct monitor *monitor)
{
    int64_t latest = TIME_NONE;
    for (uint32_t i = 0; i < ingest->partition_count; i++) {
        const struct partition *partition = &ingest->partitions[i];
        if (on_topic(monitor, partition) && partition->committed_max_event_ms > latest)
            latest = partition->committed_max_event_ms;
    }
    return latest;
}

int64_t ingest_final(const struct ingest *ingest, const struct monitor *monitor)
{
    int64_t smallest = smallest_watermark(ingest, monitor, false);
    int64_t latest = ingest_latest(ingest, monitor);
    if (smallest != INT64_MAX || latest == TIME_NONE)
        return smallest == INT64_MAX ? TIME_NONE : smallest;
    return event_time_floor((struct event_time){latest}, monitor->pane_ms).ms + monitor->pane_ms;
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
