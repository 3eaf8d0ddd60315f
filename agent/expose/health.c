/* Liveness asks nobody, so that a broken database never gets a healthy process killed. Metrics are
 * made anew for each scrape; what is gone from the process is gone from the text. */
#include "expose/health.h"

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

static void add_family(struct text *text, const char *name, const char *type, const char *help)
{
    text_printf(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void add_whole(struct text *text, const char *name, const char *type, const char *help,
                      int64_t value)
{
    if (value < 0)
        return;
    add_family(text, name, type, help);
    text_printf(text, "%s %lld\n", name, (long long)value);
}

static void add_seconds(struct text *text, const char *name, const char *type, const char *help,
                        double value)
{
    add_family(text, name, type, help);
    text_printf(text, "%s %.2f\n", name, value);
}

static void add_process(const struct web *web, struct text *text)
{
    struct process_usage usage;
    if (process_read(&usage)) {
        add_seconds(text, "process_cpu_seconds_total", "counter",
                    "User and system CPU time spent, in seconds.", usage.cpu_seconds);
        add_whole(text, "process_resident_memory_bytes", "gauge", "Resident memory, in bytes.",
                  usage.resident_bytes);
    }
    if (web->start_seconds > 0)
        add_seconds(text, "process_start_time_seconds", "gauge",
                    "Start of the process, in seconds since 1970.", web->start_seconds);
    add_whole(text, "process_open_fds", "gauge", "Open file descriptors.", process_open_fds());
    add_whole(text, "process_max_fds", "gauge", "Limit of open file descriptors.",
              process_max_fds());
}

static void add_web(const struct web *web, struct text *text)
{
    add_family(text, "leeway_build_info", "gauge", "Constant 1; what this program is.");
    text_printf(text, "leeway_build_info{version=\"%s\",compiler=\"%s\"} 1\n", LEEWAY_VERSION,
#ifdef __clang__
                "clang " __clang_version__);
#else
                "gcc " __VERSION__);
#endif
    add_whole(text, "leeway_web_requests_total", "counter", "HTTP requests answered.",
              (int64_t)web->requests);
    add_whole(text, "leeway_web_requests_failed_total", "counter",
              "HTTP requests answered with a 5xx status.", (int64_t)web->failed);
    add_whole(text, "leeway_web_connections", "gauge", "Open HTTP connections.",
              (int64_t)guard_open_count(web->guard));
    add_whole(text, "leeway_web_connections_cut_total", "counter",
              "HTTP connections closed because a deadline had passed.",
              (int64_t)guard_cut_count(web->guard));
}

void health_metrics(const struct request *request, struct reply *reply)
{
    const struct web *web = request->web;
    if (web->hooks.metrics)
        web->hooks.metrics(web->hooks.context, &reply->body);
    if (reply->body.size > 0 && reply->body.data[reply->body.size - 1] != '\n')
        text_puts(&reply->body, "\n");
    add_web(web, &reply->body);
    add_process(web, &reply->body);
    if (reply->body.size > METRICS_MAX_BYTES) {
        reply_error(reply, 500, "the metrics are larger than %d bytes", METRICS_MAX_BYTES);
        return;
    }
    reply->type = "text/plain; version=0.0.4; charset=utf-8";
}

void health_reload(const struct request *request, struct reply *reply)
{
    const struct web_hooks *hooks = &request->web->hooks;
    struct err err = {0};
    char line[sizeof err];
    if (!hooks->reload) {
        reply_error(reply, 501, "this command cannot reload its configuration");
        return;
    }
    if (hooks->reload(hooks->context, &err) < 0) {
        reply_error(reply, 500, "the old configuration stays: %s",
                    err_line(&err, line, sizeof line));
        return;
    }
    text_puts(&reply->body, "reloaded\n");
}
