/* The status object: where the agent stands, for people and `leeway status`. */
#include "app/metrics.h"

#include <jansson.h>
#include <stdlib.h>

static json_t *time_or_null(int64_t ms)
{
    char text[32];
    if (ms == TIME_NONE)
        return json_null();
    return json_string(event_time_format((struct event_time){ms}, text));
}

void metrics_status(const struct setup *setup, const struct ingest *ingest,
                    const struct evaluate *evaluate, const struct watermarks *watermarks,
                    const char *agent, const char *source, double share_read, struct text *json)
{
    json_t *records = json_object(), *monitors = json_array();
    for (int i = 0; i < DISPOSITIONS; i++)
        json_object_set_new(records, disposition_name((enum disposition)i),
                            json_integer(ingest_totals(ingest)->records[i]));
    for (uint32_t i = 0; i < setup->monitor_count; i++) {
        const struct monitor *monitor = &setup->monitors[i];
        json_array_append_new(monitors,
                              json_pack("{s:s,s:s,s:s,s:o,s:o}", "monitor", monitor->config->name,
                                        "baseline", monitor->tracks[0].label, "generation",
                                        monitor->tracks[0].generation, "judged_until",
                                        time_or_null(evaluate_position(evaluate, i)), "watermark",
                                        time_or_null(watermarks_certain(watermarks, monitor))));
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
