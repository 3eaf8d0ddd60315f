#include <criterion/criterion.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "support.h"

/* Where libevent 2.1 leaves a connection open, as after CONNECT, the deadline closes it. */
static const struct web_limits short_limits = {.connections = 64,
                                               .waiting = 32,
                                               .request_ms = 200,
                                               .wait_ms = 200,
                                               .response_ms = 200,
                                               .pressed_request_ms = 200,
                                               .pressed_response_ms = 200,
                                               .sweep_ms = 10,
                                               .header_bytes = 8192};

static void send_line(struct site *site, const char *line, struct answer *ret_answer)
{
    struct text request = {0};
    text_printf(&request, "%s\r\nHost: 127.0.0.1\r\n\r\n", line);
    site_exchange(site, request.data, request.size, ret_answer);
    text_release(&request);
}

static int status_of(struct site *site, const char *line)
{
    struct answer answer;
    send_line(site, line, &answer);
    cr_assert(answer.closed, "%s", line);
    int status = answer.status;
    answer_release(&answer);
    return status;
}

Test(routes, every_path_has_its_type)
{
    static const char *const expected[][2] = {
        {"/", "text/html; charset=utf-8"},
        {"/page/app.js", "text/javascript; charset=utf-8"},
        {"/page/style.css", "text/css; charset=utf-8"},
        {"/page/icon.svg", "image/svg+xml"},
        {"/livez", "text/plain; charset=utf-8"},
        {"/healthz", "text/plain; charset=utf-8"},
        {"/-/healthy", "text/plain; charset=utf-8"},
        {"/readyz", "text/plain; charset=utf-8"},
        {"/-/ready", "text/plain; charset=utf-8"},
        {"/metrics", "text/plain; version=0.0.4; charset=utf-8"},
        {"/api/v1/status", "application/json"},
        {"/api/v1/monitors", "application/json"},
        {"/api/v1/monitors/fraud/fields", "application/json"},
        {"/api/v1/incidents", "application/json"},
        {"/api/v1/baselines", "application/json"},
        {"/api/v1/quarantine", "application/json"},
    };
    struct site site;
    site_start(&site, NULL);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        struct answer answer;
        site_get(&site, expected[i][0], &answer);
        cr_assert_eq(answer.status, 200, "%s", expected[i][0]);
        cr_assert_str_eq(answer_header(&answer, "Content-Type"), expected[i][1]);
        cr_assert_str_eq(answer_header(&answer, "X-Content-Type-Options"), "nosniff");
        cr_assert(strstr(answer_header(&answer, "Content-Security-Policy"), "default-src 'self'"));
        cr_assert_str_eq(answer_header(&answer, "Access-Control-Allow-Origin"), "");
        cr_assert_str_eq(answer_header(&answer, "Connection"), "close");
        answer_release(&answer);
    }
    site_stop(&site);
}

static int status_with_host(struct site *site, const char *host)
{
    struct text request = {0};
    struct answer answer;
    text_printf(&request, "GET /api/v1/monitors HTTP/1.1\r\nHost: %s\r\n\r\n", host);
    site_exchange(site, request.data, request.size, &answer);
    int status = answer.status;
    answer_release(&answer);
    text_release(&request);
    return status;
}

Test(routes, a_listener_on_loopback_answers_to_its_own_names_only)
{
    struct site site;
    struct answer answer;
    site_start(&site, NULL);
    cr_assert(web_is_local(site.web));
    cr_assert_eq(status_with_host(&site, "localhost:9464"), 200);
    cr_assert_eq(status_with_host(&site, "[::1]:9464"), 200);
    cr_assert_eq(status_with_host(&site, "rebound.example:9464"), 421);
    cr_assert_eq(status_with_host(&site, "127.0.0.1.rebound.example"), 421);
    site.config.external_url = "https://leeway.example/x";
    cr_assert_eq(status_with_host(&site, "leeway.example"), 200);
    cr_assert_eq(status_with_host(&site, "rebound.example"), 421);
    static const char old[] = "GET /livez HTTP/1.0\r\n\r\n";
    site_exchange(&site, old, sizeof old - 1, &answer);
    cr_assert_eq(answer.status, 200);
    answer_release(&answer);
    site.web->local = false; /* whoever reaches it may ask */
    cr_assert_eq(status_with_host(&site, "rebound.example"), 200);
    site_stop(&site);
}

Test(routes, head_is_get_without_a_body)
{
    static const char *const paths[] = {"/", "/livez", "/api/v1/monitors", "/nothing"};
    struct site site;
    site_start(&site, NULL);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct answer get, head;
        char line[100];
        snprintf(line, sizeof line, "HEAD %s HTTP/1.1", paths[i]);
        site_get(&site, paths[i], &get);
        send_line(&site, line, &head);
        cr_assert_eq(head.status, get.status);
        cr_assert_str_eq(head.body, "");
        char length[32];
        snprintf(length, sizeof length, "%zu", strlen(get.body));
        cr_assert_str_eq(answer_header(&head, "Content-Length"), length);
        answer_release(&get);
        answer_release(&head);
    }
    site_stop(&site);
}

Test(routes, other_methods_are_refused)
{
    struct site site;
    struct answer answer;
    site_start(&site, &short_limits);
    send_line(&site, "POST /metrics HTTP/1.1", &answer);
    cr_assert_eq(answer.status, 405);
    cr_assert_str_eq(answer_header(&answer, "Allow"), "GET, HEAD");
    answer_release(&answer);
    send_line(&site, "GET /-/reload HTTP/1.1", &answer);
    cr_assert_eq(answer.status, 405);
    cr_assert_str_eq(answer_header(&answer, "Allow"), "POST");
    answer_release(&answer);
    cr_assert_eq(status_of(&site, "DELETE /api/v1/incidents HTTP/1.1"), 405);
    cr_assert_eq(status_of(&site, "PUT / HTTP/1.1"), 405);
    cr_assert_eq(status_of(&site, "OPTIONS / HTTP/1.1"), 405);
    cr_assert_eq(status_of(&site, "TRACE / HTTP/1.1"), 405);
    cr_assert_eq(status_of(&site, "CONNECT example.org:443 HTTP/1.1") / 100 >= 4, 1);
    cr_assert_eq(status_of(&site, "BREW / HTTP/1.1"), 501);
    cr_assert_eq(site.reloads, 0);
    site_stop(&site);
}

Test(routes, unknown_paths_are_not_found)
{
    static const char *const paths[] = {"/nothing",
                                        "/api",
                                        "/api/v1",
                                        "/api/v1/",
                                        "/api/v1/monitors/fraud",
                                        "/livez/",
                                        "/page",
                                        "/page/",
                                        "/page/web.c",
                                        "/page/../web.c",
                                        "/page/%2e%2e%2fweb.c",
                                        "/../etc/passwd",
                                        "/../../../../etc/passwd",
                                        "/%2e%2e/%2e%2e/etc/passwd",
                                        "/..%2f..%2fetc%2fpasswd",
                                        "//",
                                        "//metrics",
                                        "/metrics%00",
                                        "/%00",
                                        "/metrics%0d%0aX: y",
                                        "/%",
                                        "/%ff",
                                        "/%c0%af",
                                        "/\\..\\x",
                                        "/api/v1/incidents/%00",
                                        "/*",
                                        "/api/v1/monitors/*/*",
                                        "/page/*"};
    struct site site;
    site_start(&site, NULL);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct answer answer;
        site_get(&site, paths[i], &answer);
        cr_assert(answer.status == 404 || answer.status == 400, "%s: %d", paths[i], answer.status);
        cr_assert_not(strstr(answer.all.data, "root:"));
        if (answer.status == 404 && !strncmp(paths[i], "/api/", 5)) {
            json_t *json = json_loads(answer.body, 0, NULL);
            cr_assert(json_is_string(json_object_get(json, "error")), "%s", paths[i]);
            json_decref(json);
        }
        answer_release(&answer);
    }
    site_stop(&site);
}

Test(routes, bad_queries_are_bad_requests)
{
    static const char *const paths[] = {"/livez?a=%00",
                                        "/livez?a=1&a=2",
                                        "/livez?%zz",
                                        "/livez?a&b&c&d&e&f&g&h&i&j&k&l&m&n&o&p&q",
                                        "/api/v1/incidents?limit=0",
                                        "/api/v1/incidents?limit=10001",
                                        "/api/v1/incidents?limit=x",
                                        "/api/v1/incidents?since=yesterday",
                                        "/api/v1/incidents?evidence=yes",
                                        "/api/v1/quarantine?limit=-5",
                                        "/api/v1/monitors/fraud/fields?window=soon",
                                        "/api/v1/monitors/fraud/fields?document=2",
                                        "/api/v1/monitors/fraud/fields/amount?limit=0",
                                        "/api/v1/monitors/fraud/fields/amount?window=1y",
                                        "/api/v1/baselines/fraud?version=0",
                                        "/api/v1/baselines/fraud?version=x"};
    struct site site;
    site_start(&site, NULL);
    site_fill(site.store);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct answer answer;
        site_get(&site, paths[i], &answer);
        cr_assert_eq(answer.status, 400, "%s: %d", paths[i], answer.status);
        answer_release(&answer);
    }
    site_stop(&site);
}

/* `size` letters between two pieces. */
static int status_of_long(struct site *site, const char *before, size_t size, const char *after)
{
    struct text request = {0};
    struct answer answer;
    char *filler = mem_new(size + 1, 1);
    memset(filler, 'a', size);
    text_printf(&request, "%s%s%s", before, filler, after);
    site_exchange(site, request.data, request.size, &answer);
    int status = answer.status;
    cr_assert(answer.closed);
    answer_release(&answer);
    text_release(&request);
    free(filler);
    return status;
}

/* libevent says 400, not 431. */
Test(routes, long_requests_are_refused)
{
    struct site site;
    site_start(&site, NULL);
    cr_assert_eq(status_of_long(&site, "GET /", 400, " HTTP/1.1\r\nHost: localhost\r\n\r\n"), 404);
    cr_assert_eq(status_of_long(&site, "GET /", 4000, " HTTP/1.1\r\nHost: localhost\r\n\r\n"), 404);
    cr_assert_eq(
        status_of_long(&site, "GET / HTTP/1.1\r\nHost: localhost\r\nX: ", 7000, "\r\n\r\n"), 200);
    cr_assert_eq(
        status_of_long(&site, "GET / HTTP/1.1\r\nHost: localhost\r\nX: ", 8200, "\r\n\r\n"), 400);
    cr_assert_eq(status_of_long(&site, "GET /", 9000, " HTTP/1.1\r\nHost: localhost\r\n\r\n"), 400);
    cr_assert_eq(status_of_long(&site, "", 9000, ""), 400);
    site_stop(&site);
}

Test(routes, bodies_are_refused)
{
    struct site site;
    struct answer answer;
    static const char *const requests[] = {
        "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello",
        "POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello",
        "POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n",
        "POST /-/reload HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: "
        "chunked\r\n\r\n5\r\nhello\r\n0\r\n"
        "\r\n"};
    site_start(&site, NULL);
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        site_exchange(&site, requests[i], strlen(requests[i]), &answer);
        cr_assert_eq(answer.status, 413, "%zu: %d", i, answer.status);
        answer_release(&answer);
    }
    cr_assert_eq(site.reloads, 0);
    site_stop(&site);
}

Test(routes, one_request_a_connection)
{
    struct site site;
    struct answer answer;
    const char twice[] = "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n"
                         "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";
    site_start(&site, NULL);
    site_exchange(&site, twice, strlen(twice), &answer);
    cr_assert(answer.closed);
    cr_assert_eq(answer.status, 200);
    cr_assert_null(strstr(answer.body, "HTTP/1."));
    answer_release(&answer);
    site_stop(&site);
}

Test(routes, bytes_that_are_not_http_do_no_harm)
{
    static const char *const texts[] = {"\r\n\r\n",
                                        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
                                        "GET\r\n\r\n",
                                        "GET  / HTTP/1.1\r\n\r\n",
                                        "GET / HTTP/9.9\r\n\r\n",
                                        "GET / FTP/1.1\r\n\r\n",
                                        "GET / HTTP/1.1\r\nno colon\r\n\r\n",
                                        "GET http://[::1/ HTTP/1.1\r\n\r\n",
                                        "POST /-/reload HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                                        "GET / HTTP/1.1\r\n: x\r\n\r\n"};
    struct site site;
    site_start(&site, &short_limits);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct answer answer;
        site_exchange(&site, texts[i], strlen(texts[i]), &answer);
        cr_assert(answer.closed, "%zu", i);
        answer_release(&answer);
    }
    cr_assert_eq(site.reloads, 0);
    cr_assert_eq(status_of(&site, "GET /livez HTTP/1.1"), 200);
    site_stop(&site);
}

Test(routes, http_1_0_and_absolute_paths_work)
{
    struct site site;
    site_start(&site, NULL);
    cr_assert_eq(status_of(&site, "GET /livez HTTP/1.0"), 200);
    cr_assert_eq(status_of(&site, "GET http://elsewhere/livez HTTP/1.1"), 200);
    site_stop(&site);
}

Test(routes, posts_of_other_sites_are_refused)
{
    static const struct {
        const char *header;
        int status;
    } cases[] = {{"Host: 127.0.0.1:9464\r\nOrigin: http://evil.example\r\n", 403},
                 {"Host: 127.0.0.1:9464\r\nOrigin: null\r\n", 403},
                 {"Host: 127.0.0.1:9464\r\nOrigin: http://127.0.0.1:1\r\n", 403},
                 {"Host: 127.0.0.1:9464\r\nOrigin: http://127.0.0.1:9464\r\n", 200},
                 {"Host: 127.0.0.1:9464\r\n", 200}};
    struct site site;
    site_start(&site, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer answer;
        struct text request = {0};
        text_printf(&request, "POST /-/reload HTTP/1.1\r\n%sContent-Length: 0\r\n\r\n",
                    cases[i].header);
        site_exchange(&site, request.data, request.size, &answer);
        cr_assert_eq(answer.status, cases[i].status, "%zu: %d", i, answer.status);
        answer_release(&answer);
        text_release(&request);
    }
    cr_assert_eq(site.reloads, 2);
    site_stop(&site);
}
