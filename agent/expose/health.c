/* Liveness asks nobody, so that a broken database never gets a healthy process killed. Metrics are
 * made anew for each scrape; what is gone from the process is gone from the text. */
#include "expose/health.h"

#include <event2/http.h>

#include "base/when.h"
#include "expose/accept.h"
#include "expose/guard.h"
#include "expose/process.h"
#include "expose/routes.h"

void health_live(const struct request *request, struct reply *reply)
{
    (void)request;
    text_puts(&reply->body, "alive\n");
}

void health_ready(const struct request *request, struct reply *reply)
{
    const struct web_hooks *hooks = &request->web->hooks;
    struct text reasons = {0};
    bool ready = !hooks->ready || hooks->ready(hooks->context, &reasons);
    if (query_get(request->query, "verbose") && reasons.size > 0) {
        text_add(&reply->body, reasons.data, reasons.size);
        if (reasons.data[reasons.size - 1] != '\n')
            text_puts(&reply->body, "\n");
    }
    text_puts(&reply->body, ready ? "ready\n" : "not ready\n");
    reply->status = ready ? 200 : 503;
    reply->type = "text/plain; charset=utf-8";
    text_release(&reasons);
}

static void add_process(const struct web *web, struct families *families)
{
    static const struct family cpu = {"process_cpu_seconds_total", FAMILY_COUNTER, "seconds",
                                      "User and system CPU time spent."},
                               resident = {"process_resident_memory_bytes", FAMILY_GAUGE, "bytes",
                                           "Resident memory."},
                               start = {"process_start_time_seconds", FAMILY_GAUGE, "seconds",
                                        "Start of the process since 1970."},
                               open = {"process_open_fds", FAMILY_GAUGE, NULL,
                                       "Open file descriptors."},
                               most = {"process_max_fds", FAMILY_GAUGE, NULL,
                                       "Limit of open file descriptors."};
    struct process_usage usage;
    int64_t open_fds = process_open_fds(), max_fds = process_max_fds();
    if (process_read(&usage)) {
        families_one(families, &cpu, usage.cpu_seconds);
        families_one_whole(families, &resident, usage.resident_bytes);
    }
    if (web->start_seconds > 0)
        families_one_ms(families, &start, (int64_t)(web->start_seconds * SECOND_MS));
    if (open_fds >= 0)
        families_one_whole(families, &open, open_fds);
    if (max_fds >= 0)
        families_one_whole(families, &most, max_fds);
}

static void add_build(struct families *families)
{
    static const struct family family = {"leeway_build_info", FAMILY_INFO, NULL,
                                         "What this program is."};
    static const struct label labels[] = {{"version", LEEWAY_VERSION},
#ifdef __clang__
                                          {"compiler", "clang " __clang_version__}};
#else
                                          {"compiler", "gcc " __VERSION__}};
#endif
    families_begin(families, &family);
    families_add_whole(families, labels, 2, 1);
}

static void add_ready(const struct web *web, struct families *families)
{
    static const struct family family = {
        "leeway_ready", FAMILY_GAUGE, NULL,
        "1 if /readyz says so: the store can be written and the source is reading, else 0."};
    struct text reasons = {0};
    if (web->hooks.ready)
        families_one_whole(families, &family, web->hooks.ready(web->hooks.context, &reasons));
    text_release(&reasons);
}

static void add_web(const struct web *web, struct families *families)
{
    static const struct family requests = {"leeway_web_requests_total", FAMILY_COUNTER, NULL,
                                           "HTTP requests answered."},
                               failed = {"leeway_web_requests_failed_total", FAMILY_COUNTER, NULL,
                                         "HTTP requests answered with a 5xx status."},
                               connections = {"leeway_web_connections", FAMILY_GAUGE, NULL,
                                              "Open HTTP connections."},
                               cut = {"leeway_web_connections_cut_total", FAMILY_COUNTER, NULL,
                                      "HTTP connections closed because a deadline had passed."};
    families_one_whole(families, &requests, (int64_t)web->requests);
    families_one_whole(families, &failed, (int64_t)web->failed);
    families_one_whole(families, &connections, (int64_t)guard_open_count(web->guard));
    families_one_whole(families, &cut, (int64_t)guard_cut_count(web->guard));
}

/* What tells how the agent is comes first, so that it is there when the budget is used up. */
void health_metrics(const struct request *request, struct reply *reply)
{
    struct web *web = request->web;
    struct families families;
    enum families_format format = accept_metrics(
        evhttp_find_header(evhttp_request_get_input_headers(request->http), "Accept"));
    families_init(&families, format, FAMILIES_SERIES_MAX, FAMILIES_BYTES_MAX);
    add_build(&families);
    add_ready(web, &families);
    add_process(web, &families);
    add_web(web, &families);
    if (web->hooks.metrics)
        web->hooks.metrics(web->hooks.context, &families);
    families_end(&families, web->series_dropped);
    web->series_dropped += families.dropped;
    reply->type = families_content_type(format);
    reply->body = families.text; /* goes with it */
}
