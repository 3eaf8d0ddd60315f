#include <criterion/criterion.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static void expect(struct site *site, const char *path, int status, const char *body)
{
    struct answer answer;
    site_get(site, path, &answer);
    cr_assert_eq(answer.status, status, "%s", path);
    cr_assert_str_eq(answer.body, body);
    cr_assert_str_eq(answer_header(&answer, "Cache-Control"), "no-store");
    answer_release(&answer);
}

Test(health, readiness_says_why)
{
    struct site site;
    site_start(&site, NULL);
    expect(&site, "/readyz", 200, "ready\n");
    expect(&site, "/readyz?verbose", 200, "store ok\nsource waiting for broker\nready\n");
    site.ready = false;
    expect(&site, "/readyz", 503, "not ready\n");
    expect(&site, "/-/ready?verbose", 503, "store ok\nsource waiting for broker\nnot ready\n");
    expect(&site, "/livez", 200, "alive\n");
    site_stop(&site);
}

/* The value of a metric without labels; NaN if it is not there. */
static double metric(const char *text, const char *name)
{
    size_t length = strlen(name);
    for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        if (!strncmp(line, name, length) && line[length] == ' ')
            return strtod(line + length, NULL);
    }
    return __builtin_nan("");
}

Test(health, metrics_are_whole_families)
{
    struct site site;
    struct answer answer;
    site_start(&site, NULL);
    site_get(&site, "/livez", &answer);
    answer_release(&answer);
    site_get(&site, "/metrics", &answer);
    cr_assert_eq(metric(answer.body, "leeway_records_total"), 42);
    cr_assert_eq(metric(answer.body, "leeway_web_requests_total"), 1);
    cr_assert_eq(metric(answer.body, "leeway_web_connections"), 1);
    cr_assert(metric(answer.body, "process_resident_memory_bytes") > 100000);
    cr_assert(metric(answer.body, "process_open_fds") > 2);
    cr_assert(metric(answer.body, "process_start_time_seconds") > 1.5e9);
    cr_assert(metric(answer.body, "process_cpu_seconds_total") >= 0);
    cr_assert(strstr(answer.body, "leeway_build_info{version=\"" LEEWAY_VERSION "\",compiler="));
    for (const char *line = answer.body; *line; line = strchr(line, '\n') + 1) {
        char name[100] = "", help[120];
        cr_assert(strchr(line, '\n'), "the last line ends");
        if (line[0] == '#')
            continue;
        cr_assert_eq(sscanf(line, "%99[a-z_]", name), 1, "%s", line);
        snprintf(help, sizeof help, "# TYPE %s ", name);
        cr_assert(strstr(answer.body, help), "%s has a type", name);
        snprintf(help, sizeof help, "# HELP %s ", name);
        cr_assert(strstr(answer.body, help), "%s has a help text", name);
    }
    answer_release(&answer);
    site_stop(&site);
}

static void open_text(struct site *site, const char *accept, struct answer *ret_answer)
{
    char request[300];
    snprintf(request, sizeof request,
             "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: %s\r\n\r\n", accept);
    site_exchange(site, request, strlen(request), ret_answer);
    cr_assert_eq(ret_answer->status, 200);
}

Test(health, metrics_as_the_client_wants_them)
{
    struct site site;
    struct answer answer;
    site_start(&site, NULL);
    open_text(&site, "application/openmetrics-text;version=1.0.0,text/plain;q=0.5", &answer);
    cr_assert_str_eq(answer_header(&answer, "Content-Type"),
                     "application/openmetrics-text; version=1.0.0; charset=utf-8");
    cr_assert(strstr(answer.body, "# TYPE leeway_records counter\n"));
    cr_assert(strstr(answer.body, "# TYPE leeway_build info\n"));
    cr_assert(strstr(answer.body, "# UNIT process_cpu_seconds seconds\n"));
    cr_assert_str_eq(answer.body + strlen(answer.body) - 6, "# EOF\n");
    answer_release(&answer);
    open_text(&site, "text/plain;version=0.0.4", &answer);
    cr_assert_str_eq(answer_header(&answer, "Content-Type"),
                     "text/plain; version=0.0.4; charset=utf-8");
    cr_assert(strstr(answer.body, "# TYPE leeway_records_total counter\n"));
    cr_assert_null(strstr(answer.body, "# EOF"));
    answer_release(&answer);
    site_stop(&site);
}

static void too_much(void *context, struct families *families)
{
    static const struct family family = {"leeway_many", FAMILY_GAUGE, NULL, "Too many."};
    (void)context;
    families_begin(families, &family);
    for (int i = 0; i < FAMILIES_SERIES_MAX; i++) {
        char number[16];
        snprintf(number, sizeof number, "%d", i);
        const struct label label = {"number", number};
        families_add_whole(families, &label, 1, i);
    }
}

/* Whole all the same: what is missing is counted, and the agent's own state is there. */
Test(health, metrics_have_a_budget)
{
    struct site site;
    struct answer answer;
    site_start(&site, NULL);
    site.web->hooks.metrics = too_much;
    for (int round = 1; round <= 3; round++) {
        site_get(&site, "/metrics", &answer);
        cr_assert_eq(answer.status, 200);
        cr_assert_eq(metric(answer.body, "leeway_ready"), 1);
        cr_assert_eq(metric(answer.body, "leeway_metrics_series"), FAMILIES_SERIES_MAX);
        cr_assert_eq(metric(answer.body, "leeway_metrics_series_dropped_total"), 11 * round);
        cr_assert(
            strstr(answer.body, "leeway_metrics_series_missing{family=\"leeway_many\"} 11\n"));
        answer_release(&answer);
    }
    site_stop(&site);
}

Test(health, readiness_is_a_metric)
{
    struct site site;
    struct answer answer;
    site_start(&site, NULL);
    site.ready = false;
    site_get(&site, "/metrics", &answer);
    cr_assert_eq(metric(answer.body, "leeway_ready"), 0);
    answer_release(&answer);
    site.web->hooks.ready = NULL;
    site_get(&site, "/metrics", &answer);
    cr_assert(metric(answer.body, "leeway_ready") != metric(answer.body, "leeway_ready"),
              "is not there");
    answer_release(&answer);
    site_stop(&site);
}
