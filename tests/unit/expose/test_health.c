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

static void too_much(void *context, struct text *text)
{
    (void)context;
    char block[4096];
    memset(block, '#', sizeof block);
    for (size_t size = 0; size <= METRICS_MAX_BYTES; size += sizeof block)
        text_add(text, block, sizeof block);
}

Test(health, metrics_have_a_ceiling)
{
    struct site site;
    struct answer answer;
    site_start(&site, NULL);
    site.web->hooks.metrics = too_much;
    site_get(&site, "/metrics", &answer);
    cr_assert_eq(answer.status, 500);
    cr_assert(strlen(answer.body) < 200);
    cr_assert_eq(site.web->failed, 1);
    answer_release(&answer);
    site_stop(&site);
}

Test(health, reload)
{
    struct site site;
    struct answer answer;
    const char request[] =
        "POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";
    site_start(&site, NULL);
    site_exchange(&site, request, strlen(request), &answer);
    cr_assert_eq(answer.status, 200);
    cr_assert_str_eq(answer.body, "reloaded\n");
    cr_assert_eq(site.reloads, 1);
    answer_release(&answer);
    site.reload_fails = true;
    site_exchange(&site, request, strlen(request), &answer);
    cr_assert_eq(answer.status, 500);
    cr_assert(strstr(answer.body, "leeway.yaml:12:5: unknown setting widnows"));
    answer_release(&answer);
    site.web->hooks.reload = NULL;
    site_exchange(&site, request, strlen(request), &answer);
    cr_assert_eq(answer.status, 501);
    answer_release(&answer);
    site_stop(&site);
}
