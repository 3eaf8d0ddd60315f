/* What the metrics say of a small world that has judged, and that a restart says the same. */
#include "world.h"

#include "app/rows.h"
#include "metrics_support.h"

static struct world world;
static struct metrics *metrics;
static struct families families;
static struct watermarks watermarks;

static void write_again(void)
{
    families_release(&families);
    families_init(&families, FAMILIES_TEXT, 10000, 1 << 20);
    metrics_write(metrics, world.ingest, world.evaluate, &watermarks, &families);
}

/* Four hours of records, the last ones of version 8 too, judged. */
static void set_up(void)
{
    world_open(&world, WORLD_YAML, 2);
    metrics = metrics_new(world.setup);
}

static void judge_all(void)
{
    struct stream stream = stream_make(1, 4000, 4, 2);
    for (uint32_t i = 0; i < stream.count; i++)
        ingest_record(world.ingest, &stream.records[i]);
    stream_release(&stream);
    world_commit(&world);
    world_finish(&world);
}

static void tear_down(void)
{
    metrics_free(metrics);
    families_release(&families);
    watermarks_clear(&watermarks);
    world_close(&world);
}

TestSuite(metrics, .init = set_up, .fini = tear_down);

Test(metrics, before_the_first_record)
{
    write_again();
    has_line(&families, "leeway_records_total{disposition=\"counted\"} 0");
    has_line(&families, "leeway_decode_errors_total{reason=\"truncated\"} 0");
    has_line(&families, "leeway_verdicts_total 0");
    has_line(&families, "leeway_monitor_live_versions{monitor=\"fraud\"} 0");
    cr_assert_eq(lines_with(&families, "leeway_judged_timestamp_seconds"), 0, "nothing is judged");
    cr_assert_eq(lines_with(&families, "leeway_field_"), 0);
    cr_assert_eq(lines_with(&families, "leeway_monitor_info{monitor=\"fraud\",baseline=\""), 1);
    cr_assert_eq(lines_with(&families, "leeway_config_info{hash="), 1);
    cr_assert_eq(lines_with(&families, "leeway_monitor_significance_level{monitor=\"fraud\""), 2);
    has_line(&families, "leeway_monitor_effect_threshold{monitor=\"fraud\"} 0.02");
    has_line(&families, "leeway_monitor_min_records{monitor=\"fraud\"} 50");
}

Test(metrics, totals_and_positions)
{
    judge_all();
    write_again();
    has_line(&families, "leeway_records_total{disposition=\"counted\"} 4000");
    has_line(&families, "leeway_commits_total 2"); /* the second one says that all are idle */
    has_line(&families, "leeway_monitor_live_versions{monitor=\"fraud\"} 2");
    char line[100];
    snprintf(line, sizeof line,
             "leeway_judged_timestamp_seconds{monitor=\"fraud\"} %" PRId64 ".000",
             evaluate_position(world.evaluate, 0) / 1000);
    has_line(&families, line);
}

static void stand(int32_t partition, int64_t next_offset, int64_t max_event_ms, bool idle)
{
    const int64_t records[DISPOSITIONS + 1] = {10};
    const struct store_partition row = {.topic = "fraud",
                                        .partition = partition,
                                        .next_offset = next_offset,
                                        .max_event_ms = max_event_ms,
                                        .idle = idle};
    watermarks_row(&watermarks, &row, records);
}

/* A verdict of the monitor as judging makes it. */
static struct verdict make_verdict(const char *version, const char *field, int64_t end_ms)
{
    struct verdict verdict = {.monitor = "fraud",
                              .version = version,
                              .segment = "",
                              .field = field,
                              .end = {end_ms},
                              .start = {end_ms - HOUR_MS},
                              .window_ms = HOUR_MS,
                              .state = STATE_DRIFT,
                              .severity = SEVERITY_MEDIUM,
                              .p = 3e-9,
                              .effect = .31,
                              .effect_low = .28,
                              .comparison = {.n = 70, .total = 80, .missing = 10}};
    const struct score scores[SCORE_KINDS] = {
        {.31, .01, .3}, {.2, .02, .18}, {.125, .03, .1}, {NAN, NAN, NAN}};
    memcpy(verdict.comparison.scores, scores, sizeof scores);
    memcpy(verdict.generation, world.setup->monitors[0].tracks[0].generation, 16);
    return verdict;
}

/* The end of the latest window of an hour that is judged. */
static int64_t latest_end(void)
{
    return event_time_floor((struct event_time){evaluate_position(world.evaluate, 0)}, HOUR_MS / 12)
        .ms;
}

Test(metrics, a_stored_row_says_what_the_verdict_said)
{
    judge_all();
    struct verdict verdict = make_verdict("7", "amount", latest_end());
    metrics_verdict(metrics, &verdict);
    write_again();
    cr_assert_eq(lines_with(&families, "leeway_field_"), 7 + 3 + 3);
    has_line(&families, "leeway_field_score_noise_floor{monitor=\"fraud\",version=\"7\",field="
                        "\"amount\",window=\"1h\",method=\"ks\"} 0.03");
    has_line(&families, "leeway_field_missing_ratio{monitor=\"fraud\",version=\"7\",field="
                        "\"amount\",window=\"1h\"} 0.125");
    char *judged = mem_copy(families.text.data);
    struct rows rows = {0};
    struct arena *arena = arena_new();
    rows_add_verdict(&rows, arena, &verdict);
    metrics_forget(metrics, 0);
    metrics_verdict_row(metrics, &rows.verdicts[0]);
    write_again();
    /* Times of the process differ from call to call; these two texts have none but the load's. */
    cr_assert_str_eq(families.text.data, judged);
    free(judged);
    rows_release(&rows);
    arena_free(arena);
}

Test(metrics, strange_rows)
{
    judge_all();
    struct store_verdict row = {.monitor = "fraud",
                                .version = "7",
                                .segment = "",
                                .field = "amount",
                                .generation = world.setup->monitors[0].tracks[0].generation,
                                .window_ms = HOUR_MS,
                                .end_ms = latest_end(),
                                .state = "ok",
                                .severity = "none"};
    row.document = "{\"scores\":[1,2],\"effect_low\":\"x\"}";
    metrics_verdict_row(metrics, &row);
    row.document = "{";
    metrics_verdict_row(metrics, &row);
    row.document = NULL;
    row.state = "odd";
    row.severity = "odd";
    metrics_verdict_row(metrics, &row);
    row.generation = "0000000000000000";
    row.field = "of another generation";
    metrics_verdict_row(metrics, &row);
    row.generation = "";
    metrics_verdict_row(metrics, &row);
    row.generation = world.setup->monitors[0].tracks[0].generation;
    row.monitor = "of another monitor";
    metrics_verdict_row(metrics, &row);
    write_again();
    cr_assert_eq(lines_with(&families, "leeway_field_state"), 1);
    cr_assert_null(strstr(families.text.data, "field=\"of another"));
    cr_assert_eq(lines_with(&families, "leeway_field_effect_lower"), 0, "not known, so not there");
}

Test(metrics, a_version_that_rests_vanishes)
{
    judge_all();
    int64_t end = latest_end();
    struct verdict live = make_verdict("7", "amount", end),
                   resting = make_verdict("6", "amount", end - HOUR_MS / 12),
                   longer = make_verdict("7", "age", end - HOUR_MS / 12);
    longer.window_ms = 2 * HOUR_MS; /* its hop is ten minutes, so its latest window may be older */
    metrics_verdict(metrics, &live);
    metrics_verdict(metrics, &resting);
    metrics_verdict(metrics, &longer);
    write_again();
    cr_assert(strstr(families.text.data, "version=\"7\",field=\"amount\""));
    cr_assert(strstr(families.text.data, "version=\"7\",field=\"age\""));
    cr_assert_null(strstr(families.text.data, "version=\"6\""));
}

Test(metrics, a_monitor_without_records_says_nothing_of_its_fields)
{
    struct verdict verdict = make_verdict("7", "amount", WORLD_START_MS + 5 * HOUR_MS);
    metrics_verdict(metrics, &verdict); /* nothing is in any window: nothing is judged yet */
    write_again();
    cr_assert_eq(lines_with(&families, "leeway_field_"), 0);
    judge_all();
    write_again();
    cr_assert_neq(lines_with(&families, "leeway_field_"), 0, "it was kept");
}

/* The right to judge has gone to another agent, which commits panes that this one never sees. */
Test(metrics, far_behind_what_is_final)
{
    judge_all();
    struct verdict verdict = make_verdict("7", "amount", latest_end());
    metrics_verdict(metrics, &verdict);
    int64_t lateness_ms = world.setup->monitors[0].config->lateness_ms;
    stand(0, 10, latest_end() + HOUR_MS + HOUR_MS / 12 - 1 + lateness_ms, false);
    write_again();
    cr_assert_neq(lines_with(&families, "leeway_field_"), 0);
    watermarks_clear(&watermarks);
    stand(0, 10, latest_end() + HOUR_MS + HOUR_MS / 12 + lateness_ms, false);
    write_again();
    cr_assert_eq(lines_with(&families, "leeway_field_"), 0);
}

Test(metrics, alarms_of_e_detectors_are_events)
{
    judge_all();
    struct verdict verdict = make_verdict("7", "amount", latest_end());
    verdict.method = METHOD_EDETECTOR;
    metrics_verdict(metrics, &verdict);
    verdict.end.ms -= 1000;
    metrics_verdict(metrics, &verdict);
    struct rows rows = {0};
    struct arena *arena = arena_new();
    rows_add_verdict(&rows, arena, &verdict);
    metrics_verdict_row(metrics, &rows.verdicts[0]); /* was counted when it was judged */
    write_again();
    char line[100];
    snprintf(line, sizeof line,
             "leeway_edetector_alarm_timestamp_seconds{monitor=\"fraud\"} %" PRId64 ".000",
             latest_end() / 1000);
    has_line(&families, line);
    has_line(&families, "leeway_edetector_alarms_total{monitor=\"fraud\"} 2");
    cr_assert_eq(lines_with(&families, "leeway_field_"), 0);
    rows_release(&rows);
    arena_free(arena);
}

Test(metrics, where_partitions_stand)
{
    stand(0, 10, WORLD_START_MS + HOUR_MS, false);
    stand(1, 10, WORLD_START_MS + 5, true);
    write_again();
    has_line(&families, "leeway_partitions 2");
    has_line(&families, "leeway_partitions_idle 1");
    has_line(&families, "leeway_ledger_mismatch 0");
    has_line(&families, "leeway_event_timestamp_seconds{monitor=\"fraud\"} 1360285200.000");
    has_line(&families, "leeway_watermark_timestamp_seconds{monitor=\"fraud\"} 1360281480.005");
    stand(2, 13, WORLD_START_MS + HOUR_MS, false);
    write_again();
    has_line(&families, "leeway_ledger_mismatch 3");
}

Test(metrics, reloads)
{
    judge_all();
    struct verdict verdict = make_verdict("7", "amount", latest_end());
    metrics_verdict(metrics, &verdict);
    write_again();
    has_line(&families, "leeway_config_last_reload_successful 1");
    metrics_reload(metrics, NULL);
    write_again();
    has_line(&families, "leeway_config_last_reload_successful 0");
    cr_assert_neq(lines_with(&families, "leeway_field_"), 0, "the former setup goes on");
    metrics_reload(metrics, world.setup);
    write_again();
    has_line(&families, "leeway_config_last_reload_successful 1");
    cr_assert_eq(lines_with(&families, "leeway_field_"), 0, "to be read or judged again");
}

Test(metrics, another_agent_judges)
{
    judge_all();
    struct verdict verdict = make_verdict("7", "amount", latest_end());
    metrics_verdict(metrics, &verdict);
    metrics_forget(metrics, 1);
    write_again();
    cr_assert_neq(lines_with(&families, "leeway_field_"), 0, "that was another monitor");
    metrics_forget(metrics, 0);
    write_again();
    cr_assert_eq(lines_with(&families, "leeway_field_"), 0);
}
