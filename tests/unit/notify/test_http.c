#include "notify/http.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "unit/notify/collector.h"

static struct event_base *base;
static struct collector collector;
static struct http_client *client;

struct answer {
    bool done;
    int32_t status;
    bool refused, failed;
    char error[128], retry_after[HTTP_RETRY_AFTER_BYTES];
    size_t body_size;
};

static void setup(void)
{
    base = event_base_new();
    collector_start(&collector, base);
    client = http_client_new(base, NULL);
}

static void teardown(void)
{
    http_client_free(client);
    collector_stop(&collector);
    event_base_free(base);
}

static void on_done(void *context, const struct http_response *response)
{
    struct answer *answer = context;
    cr_assert_not(answer->done, "called twice");
    answer->done = true;
    answer->status = response->status;
    answer->refused = response->refused;
    answer->failed = response->error != NULL;
    answer->body_size = response->body.size;
    snprintf(answer->error, sizeof answer->error, "%s", response->error ? response->error : "");
    memcpy(answer->retry_after, response->retry_after, sizeof answer->retry_after);
}

static bool is_done(void *context)
{
    return ((struct answer *)context)->done;
}

static struct answer post_with(const char *scheme, const char *path, int64_t timeout_ms,
                               struct http_headers *headers)
{
    struct answer answer = {.done = false};
    struct text url = {0};
    text_printf(&url, "%s://127.0.0.1:%u%s", scheme, collector.port, path);
    struct http_request request = {.url = url.data,
                                   .body = bytes_of("{\"a\":1}"),
                                   .headers = headers,
                                   .timeout_ms = timeout_ms};
    http_post(client, &request, on_done, &answer);
    cr_assert(run_until(base, is_done, &answer));
    text_release(&url);
    return answer;
}

static struct answer post(const char *path, int64_t timeout_ms)
{
    return post_with("http", path, timeout_ms, NULL);
}

Test(http, posts_json, .init = setup, .fini = teardown)
{
    struct http_headers *headers = http_headers_add(NULL, "webhook-id", "a\r\nX-Evil: 1");
    collector_will(&collector, "/a?b=c",
                   (struct collector_step){ANSWER, 202, "Retry-After", " 7 ", "ok"});
    struct answer answer = post_with("http", "/a?b=c", 10000, headers);
    cr_assert_eq(answer.status, 202);
    cr_assert_not(answer.failed);
    cr_assert_eq(answer.body_size, 2);
    cr_assert_str_eq(answer.retry_after, "7");
    struct collector_request *seen = &collector.seen[0];
    cr_assert_str_eq(seen->body, "{\"a\":1}");
    cr_assert_str_eq(seen->content_type, "application/json");
    cr_assert_str_eq(seen->agent, "leeway/" LEEWAY_VERSION);
    cr_assert_str_eq(seen->id, "a??X-Evil: 1");
    cr_assert_not(seen->expects);
}

Test(http, redirects_are_not_followed, .init = setup, .fini = teardown)
{
    static const int statuses[] = {301, 302, 303, 307, 308};
    for (size_t i = 0; i < 5; i++)
        collector_will(&collector, "/from",
                       (struct collector_step){ANSWER, statuses[i], "Location", "/to", NULL});
    for (size_t i = 0; i < 5; i++)
        cr_assert_eq(post("/from", 10000).status, statuses[i]);
    cr_assert_eq(collector.seen_count, 5);
}

Test(http, proxies_of_the_environment_are_not_used, .init = setup, .fini = teardown)
{
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    cr_assert_eq(post("/a", 10000).status, 200);
}

Test(http, answers_are_cut, .init = setup, .fini = teardown)
{
    collector_will(&collector, "/a", (struct collector_step){.action = HUGE_BODY});
    struct answer answer = post("/a", 10000);
    cr_assert_eq(answer.status, 200);
    cr_assert_not(answer.failed);
    cr_assert_eq(answer.body_size, HTTP_BODY_BYTES);
}

Test(http, one_deadline_for_all_of_it, .init = setup, .fini = teardown)
{
    collector_will(&collector, "/hang", (struct collector_step){.action = HANG});
    collector_will(&collector, "/drip", (struct collector_step){.action = DRIP});
    struct answer answer = post("/hang", 100);
    cr_assert(answer.failed && answer.status == 0 && !answer.refused);
    answer = post("/drip", 100);
    cr_assert(answer.failed && answer.status == 0);
}

Test(http, a_reset_is_no_answer, .init = setup, .fini = teardown)
{
    collector_will(&collector, "/a", (struct collector_step){.action = RESET});
    struct answer answer = post("/a", 10000);
    cr_assert(answer.failed && answer.status == 0);
}

Test(http, tls_is_not_skipped, .init = setup, .fini = teardown)
{
    struct answer answer = post_with("https", "/a", 10000, NULL);
    cr_assert(answer.failed && answer.status == 0);
    cr_assert_eq(collector.seen_count, 0);
}

static struct answer post_to(const char *url, bool insecure_http)
{
    struct answer answer = {.done = false};
    struct http_request request = {
        .url = url, .body = bytes_of("{}"), .timeout_ms = 10000, .insecure_http = insecure_http};
    http_post(client, &request, on_done, &answer);
    cr_assert(run_until(base, is_done, &answer));
    return answer;
}

Test(http, forbidden_addresses_are_not_connected_to, .init = setup, .fini = teardown)
{
    static const char *const urls[] = {"http://169.254.169.254/CANARY",
                                       "https://169.254.169.254/CANARY",
                                       "http://[fe80::1]/CANARY",
                                       "http://0.0.0.0/CANARY",
                                       "http://[::ffff:169.254.169.254]/CANARY",
                                       "http://2852039166/CANARY"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct answer answer = post_to(urls[i], true);
        cr_assert(answer.failed && answer.refused && answer.status == 0, "%s", urls[i]);
        cr_assert_null(strstr(answer.error, "CANARY"));
    }
    cr_assert(post_to("http://192.0.2.1/", false).refused, "http that would leave this machine");
}

Test(http, other_protocols_are_not_spoken, .init = setup, .fini = teardown)
{
    static const char *const urls[] = {"file:///etc/passwd",
                                       "ftp://127.0.0.1/",
                                       "dict://127.0.0.1/",
                                       "gopher://127.0.0.1/",
                                       "nonsense://127.0.0.1/",
                                       "",
                                       "http://"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct answer answer = post_to(urls[i], true);
        cr_assert(answer.failed && answer.status == 0, "%s", urls[i]);
    }
}

static bool was_seen(void *context)
{
    (void)context;
    return collector.seen_count > 0;
}

Test(http, calls_can_be_cancelled_and_left_behind, .init = setup, .fini = teardown)
{
    struct answer answer = {.done = false};
    struct text url = {0};
    collector_will(&collector, "/hang", (struct collector_step){.action = HANG});
    text_printf(&url, "http://127.0.0.1:%u/hang", collector.port);
    struct http_request request = {.url = url.data, .body = bytes_of("{}"), .timeout_ms = 10000};
    struct http_call *first = http_post(client, &request, on_done, &answer);
    http_post(client, &request, on_done, &answer);
    http_cancel(first);
    cr_assert(run_until(base, was_seen, NULL));
    text_release(&url); /* teardown frees the client under the second call */
    cr_assert_not(answer.done);
}
