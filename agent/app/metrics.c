/* Metrics and status. Names follow the Prometheus conventions; nothing from events becomes a label
 * here. */
#include "app/metrics.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static void family(struct text *text, const char *name, const char *type, const char *help)
{
    text_printf(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void write_records(const struct ingest_totals *totals, struct text *text)
{
    family(text, "leeway_records_total", "counter", "Records read, by what became of them.");
    for (int i = 0; i < DISPOSITIONS; i++)
        text_printf(text, "leeway_records_total{disposition=\"%s\"} %" PRId64 "\n",
                    disposition_name((enum disposition)i), totals->records[i]);
    family(text, "leeway_decode_errors_total", "counter", "Records sent to quarantine, by reason.");
    for (int i = DECODE_OK + 1; i < DECODE_RESULT_COUNT; i++)
        text_printf(text, "leeway_decode_errors_total{reason=\"%s\"} %" PRId64 "\n",
                    decode_result_name((enum decode_result)i), totals->decode_results[i]);
    family(text, "leeway_record_bytes_total", "counter", "Bytes of records read.");
    text_printf(text, "leeway_record_bytes_total %" PRId64 "\n", totals->bytes);
    family(text, "leeway_commits_total", "counter", "Commits of counts and offsets.");
    text_printf(text, "leeway_commits_total %" PRId64 "\n", totals->commits);
    family(text, "leeway_fenced_writes_total", "counter",
           "Commits that lost against another owner of the partition.");
    text_printf(text, "leeway_fenced_writes_total %" PRId64 "\n", totals->fenced);
}

static void write_judging(const struct setup *setup, const struct evaluate *evaluate,
                          struct text *text)
{
    const struct evaluate_totals *totals = evaluate_totals(evaluate);
    family(text, "leeway_verdicts_total", "counter", "Verdicts made.");
    text_printf(text, "leeway_verdicts_total %" PRId64 "\n", totals->verdicts);
    family(text, "leeway_incidents_opened_total", "counter", "Incidents opened.");
    text_printf(text, "leeway_incidents_opened_total %" PRId64 "\n", totals->opened);
    family(text, "leeway_incidents_closed_total", "counter", "Incidents closed.");
    text_printf(text, "leeway_incidents_closed_total %" PRId64 "\n", totals->closed);
    family(text, "leeway_window_end_timestamp_seconds", "gauge",
           "Event time up to which a monitor is judged.");
    for (uint32_t i = 0; i < setup->monitor_count; i++) {
        int64_t position = evaluate_position(evaluate, i);
        if (position != TIME_NONE)
            text_printf(text, "leeway_window_end_timestamp_seconds{monitor=\"%s\"} %" PRId64 "\n",
                        setup->monitors[i].config->name, position / 1000);
    }
}

static void write_store(struct store *store, struct text *text)
{
    struct store_stats stats;
    struct err err;
    bool up = store_stats(store, &stats, &err) == 0;
    family(text, "leeway_store_up", "gauge", "Whether the store answers.");
    text_printf(text, "leeway_store_up %d\n", up);
    if (!up)
        return;
    family(text, "leeway_store_size_bytes", "gauge", "Size of the store.");
    text_printf(text, "leeway_store_size_bytes %" PRId64 "\n", stats.size_bytes);
    family(text, "leeway_incidents_open", "gauge", "Incidents that are not resolved.");
    text_printf(text, "leeway_incidents_open %" PRId64 "\n", stats.incidents_open);
    family(text, "leeway_outbox_pending", "gauge", "Messages that wait for their receivers.");
    text_printf(text, "leeway_outbox_pending %" PRId64 "\n", stats.outbox_pending);
    family(text, "leeway_outbox_parked", "gauge", "Messages whose receiver refuses them for now.");
    text_printf(text, "leeway_outbox_parked %" PRId64 "\n", stats.outbox_parked);
}

void metrics_write(const struct setup *setup, const struct ingest *ingest,
                   const struct evaluate *evaluate, struct store *store, struct text *text)
{
    write_records(ingest_totals(ingest), text);
    write_judging(setup, evaluate, text);
    write_store(store, text);
}

static json_t *time_or_null(int64_t ms)
{
    char text[32];
    if (ms == TIME_NONE)
        return json_null();
    return json_string(event_time_format((struct event_time){ms}, text));
}

void metrics_status(const struct setup *setup, const struct ingest *ingest,
                    const struct evaluate *evaluate, const char *agent, const char *source,
                    double share_read, struct text *json)
{
    json_t *records = json_object(), *monitors = json_array();
    for (int i = 0; i < DISPOSITIONS; i++)
        json_object_set_new(records, disposition_name((enum disposition)i),
                            json_integer(ingest_totals(ingest)->records[i]));
    for (uint32_t i = 0; i < setup->monitor_count; i++) {
        const struct monitor *monitor = &setup->monitors[i];
        json_array_append_new(monitors,
                              json_pack("{s:s,s:s,s:s,s:o,s:o}", "monitor", monitor->config->name,
                                        "baseline", monitor->baseline_label, "generation",
                                        monitor->generation, "judged_until",
                                        time_or_null(evaluate_position(evaluate, i)), "watermark",
                                        time_or_null(ingest_watermark(ingest, monitor))));
    }
    json_t *status = json_pack(
        "{s:s,s:s,s:s,s:o,s:o,s:o,s:o}", "agent", agent, "version", LEEWAY_VERSION, "source",
        source, "share_read", share_read >= 0 ? json_real(share_read) : json_null(), "seen_until",
        time_or_null(ingest_seen(ingest)), "records", records, "monitors", monitors);
    char *dump = json_dumps(status, JSON_COMPACT | JSON_REAL_PRECISION(6));
    text_puts(json, dump ? dump : "{}");
    free(dump);
    json_decref(status);
}
