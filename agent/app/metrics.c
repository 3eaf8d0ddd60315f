/* Totals of the stages, positions of the monitors, and what was last said of every field. Labels
 * are names from the configuration and the baseline, and model versions, which are bounded by a
 * limit of the configuration; nothing else from events becomes one. */
#include "app/metrics.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/metrics_internal.h"
#include "judge/ring.h"
#include "sys/file.h"

/* Room for the setup's monitors and receivers. */
static void make_room(struct metrics *metrics, const struct setup *setup)
{
    metrics->setup = setup;
    metrics->loaded_unix_ms = clock_unix_ms();
    metrics->reload_failed = false;
    metrics->incidents = mem_new(setup->monitor_count, sizeof *metrics->incidents);
    metrics->reading = mem_new(setup->monitor_count, sizeof *metrics->reading);
    metrics->incidents_known = false;
    metrics->alarms = mem_new(setup->monitor_count, sizeof *metrics->alarms);
    for (uint32_t i = 0; i < setup->monitor_count; i++)
        metrics->alarms[i].latest_ms = TIME_NONE;
    metrics->receivers = mem_new(setup->config->receiver_count, sizeof *metrics->receivers);
}

static void release_room(struct metrics *metrics)
{
    verdict_book_release(&metrics->verdicts);
    free(metrics->incidents);
    free(metrics->reading);
    free(metrics->alarms);
}

struct metrics *metrics_new(const struct setup *setup)
{
    struct metrics *metrics = mem_new(1, sizeof *metrics);
    make_room(metrics, setup);
    return metrics;
}

void metrics_reload(struct metrics *metrics, const struct setup *setup)
{
    const struct config *former = metrics->setup->config;
    struct receiver_counts *receivers = metrics->receivers;
    if (!setup) {
        metrics->reload_failed = true;
        return;
    }
    release_room(metrics);
    make_room(metrics, setup);
    for (uint32_t i = 0; i < setup->config->receiver_count; i++)
        for (uint32_t k = 0; k < former->receiver_count; k++)
            if (!strcmp(setup->config->receivers[i].name, former->receivers[k].name))
                metrics->receivers[i] = receivers[k];
    free(receivers);
}

void metrics_free(struct metrics *metrics)
{
    if (!metrics)
        return;
    release_room(metrics);
    free(metrics->receivers);
    free(metrics);
}

/* ---- verdicts ---- */

/* The monitor of that name that judges against that generation, of which a verdict knows the
 * beginning. */
static bool find_monitor(const struct metrics *metrics, const char *name, const char *generation,
                         uint32_t *ret_index)
{
    const struct setup *setup = metrics->setup;
    for (uint32_t i = 0; i < setup->monitor_count; i++) {
        const struct monitor *monitor = &setup->monitors[i];
        if (strcmp(monitor->config->name, name) != 0)
            continue;
        for (uint32_t t = 0; t < monitor->track_count; t++) {
            *ret_index = i;
            if (!strncmp(monitor->tracks[t].generation, generation, strlen(generation)))
                return true;
        }
    }
    return false;
}

static void count_alarm(struct alarm_counts *counts, int64_t end_ms)
{
    counts->alarms++;
    counts->latest_ms = end_ms > counts->latest_ms ? end_ms : counts->latest_ms;
}

void metrics_verdict(struct metrics *metrics, const struct verdict *verdict)
{
    const struct comparison *c = &verdict->comparison;
    struct verdict_key key = {.version = verdict->version,
                              .segment = verdict->segment,
                              .field = verdict->field,
                              .window_ms = verdict->window_ms};
    struct verdict_values values = {
        .effect = verdict->effect,
        .effect_low = verdict->effect_low,
        .p = verdict->p,
        .missing_ratio = c->total > 0 ? (double)c->missing / (double)c->total : (double)NAN,
        .n = c->total,
        .state = verdict->state,
        .severity = verdict->severity};
    for (int i = 0; i < SCORE_KINDS; i++) {
        values.scores[i] = c->scores[i].value;
        values.noise_floors[i] = c->scores[i].noise_floor;
    }
    if (!find_monitor(metrics, verdict->monitor, verdict->generation, &key.monitor))
        return;
    if (verdict->method == METHOD_WINDOW)
        verdict_book_put(&metrics->verdicts, &key, verdict->end.ms, &values);
    else
        count_alarm(&metrics->alarms[key.monitor], verdict->end.ms);
}

static double number_or_nan(const json_t *json)
{
    return json_is_number(json) ? json_number_value(json) : (double)NAN;
}

/* What only the document has. False if it is not of a window. */
static bool read_document(const char *document, struct verdict_values *values)
{
    json_t *json = document ? json_loads(document, JSON_REJECT_DUPLICATES, NULL) : NULL;
    const char *method = json_string_value(json_object_get(json, "method"));
    bool of_window = !method || !strcmp(method, verdict_method_name(METHOD_WINDOW));
    const json_t *scores = json_object_get(json, "scores");
    values->effect_low = number_or_nan(json_object_get(json, "effect_low"));
    for (int i = 0; i < SCORE_KINDS; i++) {
        const json_t *score = json_object_get(scores, score_name((enum score_kind)i));
        values->noise_floors[i] = number_or_nan(json_object_get(score, "noise_floor"));
    }
    json_decref(json);
    return of_window;
}

void metrics_verdict_row(struct metrics *metrics, const struct store_verdict *row)
{
    struct verdict_key key = {.version = row->version,
                              .segment = row->segment,
                              .field = row->field,
                              .window_ms = row->window_ms};
    struct verdict_values values = {.scores = {row->psi, row->js, row->ks, row->wasserstein},
                                    .effect = row->effect,
                                    .p = row->p,
                                    .missing_ratio = row->missing_rate,
                                    .n = row->n,
                                    .state = STATE_SILENT};
    if (!row->generation[0] || !find_monitor(metrics, row->monitor, row->generation, &key.monitor))
        return;
    while (values.state > STATE_OK && strcmp(row->state, verdict_state_name(values.state)) != 0)
        values.state--;
    severity_parse(bytes_of(row->severity), &values.severity);
    if (read_document(row->document, &values))
        verdict_book_put(&metrics->verdicts, &key, row->end_ms, &values);
}

static bool is_of_monitor(void *context, const struct verdict_series *series)
{
    return series->key.monitor == *(const uint32_t *)context;
}

void metrics_forget(struct metrics *metrics, uint32_t monitor)
{
    verdict_book_prune(&metrics->verdicts, is_of_monitor, &monitor);
}

/* ---- versions that rest ---- */

struct position {
    int64_t judged_ms; /* end of the latest window or pane */
    int64_t final_ms;  /* TIME_NONE: not known */
};

/* A window is judged at every hop as long as there is a record in one of its version's windows. One
 * that is a whole window behind what is final is somebody else's to judge. */
static bool has_rested(void *context, const struct verdict_series *series)
{
    const struct position *position = (struct position *)context + series->key.monitor;
    int64_t window_ms = series->key.window_ms, hop_ms = window_ms / RING_HOPS;
    return position->judged_ms - series->end_ms >= hop_ms ||
           (position->final_ms != TIME_NONE &&
            position->final_ms - series->end_ms >= window_ms + hop_ms);
}

static void prune(struct metrics *metrics, const struct evaluate *evaluate,
                  const struct watermarks *watermarks)
{
    uint32_t count = metrics->setup->monitor_count;
    struct position *positions = mem_new(count, sizeof *positions);
    for (uint32_t i = 0; i < count; i++)
        positions[i] =
            (struct position){evaluate_position(evaluate, i),
                              watermarks_certain(watermarks, &metrics->setup->monitors[i])};
    for (uint32_t i = 0; i < metrics->verdicts.count; i++) {
        const struct verdict_series *series = &metrics->verdicts.items[i];
        int64_t *judged_ms = &positions[series->key.monitor].judged_ms;
        *judged_ms = series->end_ms > *judged_ms ? series->end_ms : *judged_ms;
    }
    verdict_book_prune(&metrics->verdicts, has_rested, positions);
    free(positions);
}

/* Nothing is said of the fields of a monitor without records in any window. They are kept: after a
 * start it has none until it is judged for the first time. */
static bool is_shown(const void *context, const struct verdict_series *series)
{
    return evaluate_live_versions(context, series->key.monitor) > 0;
}

/* ---- totals ---- */

static void write_records(const struct ingest_totals *totals, struct families *families)
{
    static const struct family records = {"leeway_records_total", FAMILY_COUNTER, NULL,
                                          "Records read, by what became of them."},
                               errors = {"leeway_decode_errors_total", FAMILY_COUNTER, NULL,
                                         "Records that could not be decoded, by reason."},
                               bytes = {"leeway_record_bytes_total", FAMILY_COUNTER, "bytes",
                                        "Bytes of records read."},
                               repeated = {"leeway_records_repeated_total", FAMILY_COUNTER, NULL,
                                           "Records offered again and dropped, because they are "
                                           "counted already."},
                               strange = {"leeway_records_unknown_version_total", FAMILY_COUNTER,
                                          NULL,
                                          "Records of model versions that the configuration does "
                                          "not name, though it names others."},
                               commits = {"leeway_commits_total", FAMILY_COUNTER, NULL,
                                          "Commits of counts and offsets."},
                               fenced = {"leeway_fenced_writes_total", FAMILY_COUNTER, NULL,
                                         "Commits that lost against another owner of a "
                                         "partition."};
    families_begin(families, &records);
    for (int i = 0; i < DISPOSITIONS; i++) {
        const struct label label = {"disposition", disposition_name((enum disposition)i)};
        families_add_whole(families, &label, 1, totals->records[i]);
    }
    families_begin(families, &errors);
    for (int i = DECODE_OK + 1; i < DECODE_RESULT_COUNT; i++) {
        const struct label label = {"reason", decode_result_name((enum decode_result)i)};
        families_add_whole(families, &label, 1, totals->decode_results[i]);
    }
    families_one_whole(families, &bytes, totals->bytes);
    families_one_whole(families, &repeated, totals->repeated);
    families_one_whole(families, &strange, totals->unknown_versions);
    families_one_whole(families, &commits, totals->commits);
    families_one_whole(families, &fenced, totals->fenced);
}

static void write_judging(const struct metrics *metrics, const struct evaluate_totals *totals,
                          struct families *families)
{
    static const struct family panes = {"leeway_panes_judged_total", FAMILY_COUNTER, NULL,
                                        "Panes judged, empty ones too."},
                               windows = {"leeway_windows_judged_total", FAMILY_COUNTER, NULL,
                                          "Windows judged."},
                               verdicts = {"leeway_verdicts_total", FAMILY_COUNTER, NULL,
                                           "Verdicts made."},
                               opened = {"leeway_incidents_opened_total", FAMILY_COUNTER, NULL,
                                         "Incidents opened by this agent."},
                               closed = {"leeway_incidents_closed_total", FAMILY_COUNTER, NULL,
                                         "Incidents closed by this agent."},
                               foreign = {"leeway_deltas_foreign_total", FAMILY_COUNTER, NULL,
                                          "Counts of another configuration or baseline that were "
                                          "not judged."},
                               refused = {"leeway_verdicts_unlisted_total", FAMILY_COUNTER, NULL,
                                          "Verdicts that are not among these metrics, because "
                                          "there are too many fields."};
    families_one_whole(families, &panes, totals->panes);
    families_one_whole(families, &windows, totals->windows);
    families_one_whole(families, &verdicts, totals->verdicts);
    families_one_whole(families, &opened, totals->opened);
    families_one_whole(families, &closed, totals->closed);
    families_one_whole(families, &foreign, totals->skipped_generations);
    families_one_whole(families, &refused, metrics->verdicts.refused);
}

/* ---- monitors ---- */

static void write_instants(const struct metrics *metrics, const struct evaluate *evaluate,
                           const struct watermarks *watermarks, struct families *families)
{
    static const struct family kinds[] = {
        {"leeway_event_timestamp_seconds", FAMILY_GAUGE, "seconds",
         "Largest event time that is committed."},
        {"leeway_watermark_timestamp_seconds", FAMILY_GAUGE, "seconds",
         "Event time before which no record counts any more; panes up to it are final."},
        {"leeway_judged_timestamp_seconds", FAMILY_GAUGE, "seconds",
         "Event time up to which a monitor is judged."},
        {"leeway_edetector_alarm_timestamp_seconds", FAMILY_GAUGE, "seconds",
         "Event time of the latest alarm of an e-detector since the agent started."}};
    for (int k = 0; k < 4; k++) {
        families_begin(families, &kinds[k]);
        for (uint32_t i = 0; i < metrics->setup->monitor_count; i++) {
            const struct monitor *monitor = &metrics->setup->monitors[i];
            const struct label label = {"monitor", monitor->config->name};
            int64_t ms = k == 0   ? watermarks_latest(watermarks, monitor)
                         : k == 1 ? watermarks_certain(watermarks, monitor)
                         : k == 2 ? evaluate_position(evaluate, i)
                                  : metrics->alarms[i].latest_ms;
            if (ms != TIME_NONE)
                families_add_ms(families, &label, 1, ms);
        }
    }
}

static void write_alarms(const struct metrics *metrics, struct families *families)
{
    static const struct family family = {"leeway_edetector_alarms_total", FAMILY_COUNTER, NULL,
                                         "Alarms of e-detectors, which look at every pane."};
    families_begin(families, &family);
    for (uint32_t i = 0; i < metrics->setup->monitor_count; i++) {
        const struct label label = {"monitor", metrics->setup->monitors[i].config->name};
        families_add_whole(families, &label, 1, metrics->alarms[i].alarms);
    }
}

static void write_partitions(const struct watermarks *watermarks, struct families *families)
{
    static const struct family partitions = {"leeway_partitions", FAMILY_GAUGE, NULL,
                                             "Partitions known to the store, of all agents."},
                               idle = {"leeway_partitions_idle", FAMILY_GAUGE, NULL,
                                       "Partitions that are drained and silent: nobody waits for "
                                       "them."},
                               mismatch = {"leeway_ledger_mismatch", FAMILY_GAUGE, NULL,
                                           "Offsets without a disposition, or counted twice; 0 as "
                                           "long as every record counts exactly once."};
    int64_t idle_count = 0;
    for (uint32_t i = 0; i < watermarks->count; i++)
        idle_count += watermarks->items[i].idle;
    families_one_whole(families, &partitions, watermarks->count);
    families_one_whole(families, &idle, idle_count);
    families_one_whole(families, &mismatch, watermarks->unaccounted);
}

static void write_track(const struct monitor *monitor, const struct track *track,
                        struct families *families)
{
    char generation[17];
    memcpy(generation, track->generation, 16);
    generation[16] = '\0';
    const struct label labels[] = {
        {"monitor", monitor->config->name}, {"baseline", track->label}, {"generation", generation}};
    families_add_whole(families, labels, 3, 1);
}

static void write_infos(const struct metrics *metrics, struct families *families)
{
    static const struct family config = {"leeway_config_info", FAMILY_INFO, NULL,
                                         "The configuration in use, by its hash."},
                               good = {"leeway_config_last_reload_successful", FAMILY_GAUGE, NULL,
                                       "1 unless the last reload failed; then the configuration "
                                       "before it stays."},
                               loaded = {"leeway_config_last_reload_success_timestamp_seconds",
                                         FAMILY_GAUGE, "seconds",
                                         "When the configuration in use was read."},
                               monitors = {"leeway_monitor_info", FAMILY_INFO, NULL,
                                           "A monitor's baselines, each with its generation: the "
                                           "hash of all that decides how it is judged."};
    const struct setup *setup = metrics->setup;
    const struct label hash = {"hash", setup->config->hash};
    families_begin(families, &config);
    families_add_whole(families, &hash, 1, 1);
    families_one_whole(families, &good, !metrics->reload_failed);
    families_one_ms(families, &loaded, metrics->loaded_unix_ms);
    families_begin(families, &monitors);
    for (uint32_t i = 0; i < setup->monitor_count; i++)
        for (uint32_t t = 0; t < setup->monitors[i].track_count; t++)
            write_track(&setup->monitors[i], &setup->monitors[i].tracks[t], families);
}

/* What the values of fields are measured against. */
static void write_thresholds(const struct metrics *metrics, struct families *families)
{
    static const struct family kinds[] = {
        {"leeway_monitor_effect_negligible", FAMILY_GAUGE, NULL,
         "Effect up to which a change is no change, on the scale of PSI."},
        {"leeway_monitor_effect_threshold", FAMILY_GAUGE, NULL,
         "Effect from which a change is worth telling, on the scale of PSI."},
        {"leeway_monitor_rate_threshold_ratio", FAMILY_GAUGE, "ratio",
         "The same for the share of missing and invalid values."},
        {"leeway_monitor_tail_threshold_ratio", FAMILY_GAUGE, "ratio",
         "The same for the share of values outside the baseline's range or categories."},
        {"leeway_monitor_min_records", FAMILY_GAUGE, NULL,
         "Records that a window needs to be judged."}};
    for (int k = 0; k < 5; k++) {
        families_begin(families, &kinds[k]);
        for (uint32_t i = 0; i < metrics->setup->monitor_count; i++) {
            const struct monitor *monitor = &metrics->setup->monitors[i];
            const double values[] = {monitor->policy.delta_0, monitor->policy.delta_1,
                                     monitor->policy.rate_delta, monitor->policy.tail_delta,
                                     (double)monitor->policy.min_count};
            const struct label label = {"monitor", monitor->config->name};
            families_add(families, &label, 1, values[k]);
        }
    }
}

static void write_levels(const struct metrics *metrics, const struct evaluate *evaluate,
                         struct families *families)
{
    static const struct family
        level = {"leeway_monitor_significance_level", FAMILY_GAUGE, NULL,
                 "False discovery rate allowed in one window, so that the alarm budget is kept."},
        live = {"leeway_monitor_live_versions", FAMILY_GAUGE, NULL,
                "Model versions with records in some window."};
    const struct setup *setup = metrics->setup;
    families_begin(families, &level);
    for (uint32_t i = 0; i < setup->monitor_count; i++) {
        const struct config_monitor *config = setup->monitors[i].config;
        for (uint32_t w = 0; w < config->window_count; w++) {
            char window[24];
            const struct label labels[] = {
                {"monitor", config->name},
                {"window", duration_format(config->windows_ms[w], window)}};
            families_add(families, labels, 2,
                         judge_levels_of(&setup->monitors[i].policy, config->windows_ms[w], 1).q);
        }
    }
    families_begin(families, &live);
    for (uint32_t i = 0; i < setup->monitor_count; i++) {
        const struct label label = {"monitor", setup->monitors[i].config->name};
        families_add_whole(families, &label, 1, evaluate_live_versions(evaluate, i));
    }
}

void metrics_write(struct metrics *metrics, const struct ingest *ingest,
                   const struct evaluate *evaluate, const struct watermarks *watermarks,
                   struct families *families)
{
    prune(metrics, evaluate, watermarks);
    write_records(ingest_totals(ingest), families);
    write_judging(metrics, evaluate_totals(evaluate), families);
    write_partitions(watermarks, families);
    metrics_write_store(metrics, families);
    metrics_write_notifications(metrics, families);
    write_infos(metrics, families);
    write_instants(metrics, evaluate, watermarks, families);
    write_alarms(metrics, families);
    write_thresholds(metrics, families);
    write_levels(metrics, evaluate, families);
    verdict_book_write(&metrics->verdicts, metrics->setup, is_shown, evaluate, families);
}
