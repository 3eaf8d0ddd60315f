/* What the HTTP source and its adapter count. Labels are the program's own words. */
#include "app/metrics_http.h"

#include <stdio.h>

static void write_events(const struct http_input_totals *totals, struct families *families)
{
    static const struct family events = {"leeway_http_events_total", FAMILY_COUNTER, NULL,
                                         "Events offered to counting, by result; repeated ones "
                                         "were counted before."},
                               told = {"leeway_http_events_acknowledged_total", FAMILY_COUNTER,
                                       NULL, "Events whose client was told that they are stored."},
                               fenced = {"leeway_http_fenced_total", FAMILY_COUNTER, NULL,
                                         "Times that another agent took over a partition."};
    static const struct label accepted = {"result", "accepted"}, repeated = {"result", "repeated"};
    families_begin(families, &events);
    families_add_whole(families, &accepted, 1, totals->accepted);
    families_add_whole(families, &repeated, 1, totals->repeated);
    families_one_whole(families, &told, totals->acknowledged);
    families_one_whole(families, &fenced, totals->fenced);
}

static void write_waiting(const struct http_input_totals *totals,
                          const struct http_counters *counters, struct families *families)
{
    static const struct family batches = {"leeway_http_batches", FAMILY_GAUGE, NULL,
                                          "Requests that wait, by what for."},
                               held = {"leeway_http_held_bytes", FAMILY_GAUGE, "bytes",
                                       "Memory of bodies that are read or wait; at most 32 MiB."};
    static const struct label counting = {"for", "counting"}, commit = {"for", "commit"};
    families_begin(families, &batches);
    families_add_whole(families, &counting, 1, totals->counting);
    families_add_whole(families, &commit, 1, totals->waiting);
    families_one_whole(families, &held, counters->held_bytes);
}

static void write_traffic(const struct http_counters *counters, struct families *families)
{
    static const struct family requests = {"leeway_http_requests_total", FAMILY_COUNTER, NULL,
                                           "Requests answered, by status."},
                               bytes = {"leeway_http_body_bytes_total", FAMILY_COUNTER, "bytes",
                                        "Bodies as they came, compressed ones too."},
                               open = {"leeway_http_connections", FAMILY_GAUGE, NULL,
                                       "Open connections."},
                               cut = {"leeway_http_connections_cut_total", FAMILY_COUNTER, NULL,
                                      "Connections closed at a deadline, idle ones too."};
    families_begin(families, &requests);
    for (int i = 0; i < HTTP_STATUSES && counters->answers[i].status; i++) {
        char code[16];
        const struct label label = {"code", code};
        snprintf(code, sizeof code, "%d", counters->answers[i].status);
        families_add_whole(families, &label, 1, counters->answers[i].count);
    }
    families_one_whole(families, &bytes, counters->bytes);
    families_one_whole(families, &open, counters->connections);
    families_one_whole(families, &cut, counters->cut);
}

void metrics_http(const struct http_input_totals *totals, const struct http_counters *counters,
                  struct families *families)
{
    static const struct family up = {"leeway_http_up", FAMILY_GAUGE, NULL,
                                     "1 if the HTTP source takes events, else 0."};
    families_one_whole(families, &up, totals->up);
    write_events(totals, families);
    write_waiting(totals, counters, families);
    write_traffic(counters, families);
}
