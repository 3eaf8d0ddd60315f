#include <criterion/criterion.h>
#include <event2/event.h>
#include <signal.h>
#include <string.h>

#include "support.h"

static struct web *try_listen(struct event_base *base, const char *listen, struct err *reterr)
{
    return web_new(base, listen, NULL, NULL, NULL, reterr);
}

Test(web, listens_on_a_free_port)
{
    struct event_base *base = event_base_new();
    struct err err;
    struct web *first = try_listen(base, "127.0.0.1:0", &err);
    struct web *second = try_listen(base, "localhost:0", &err);
    cr_assert(first && second);
    cr_assert(web_port(first) != 0 && web_port(second) != 0);
    web_free(first);
    web_free(second);
    web_free(NULL);
    event_base_free(base);
}

Test(web, listens_on_ipv6)
{
    struct event_base *base = event_base_new();
    struct err err;
    struct web *web = try_listen(base, "[::1]:0", &err);
    if (!web)
        cr_skip_test("no IPv6 here");
    cr_assert(web_port(web) != 0);
    web_free(web);
    event_base_free(base);
}

Test(web, an_address_in_use_is_an_error)
{
    struct event_base *base = event_base_new();
    struct err err = {0};
    char again[32];
    struct web *web = try_listen(base, "127.0.0.1:0", &err);
    snprintf(again, sizeof again, "127.0.0.1:%u", web_port(web));
    cr_assert_null(try_listen(base, again, &err));
    cr_assert_eq(err.code, ERR_IO);
    cr_assert(err.hint[0]);
    cr_assert_null(try_listen(base, "9464", &err));
    cr_assert_eq(err.code, ERR_INVALID);
    cr_assert_null(try_listen(base, "203.0.113.7:1", &err), "not an address of this machine");
    cr_assert_eq(err.code, ERR_IO);
    web_free(web);
    event_base_free(base);
}

Test(web, works_without_hooks)
{
    struct site site;
    struct answer answer;
    site_start(&site, NULL);
    site.web->hooks = (struct web_hooks){0};
    const char *paths[] = {"/livez", "/readyz?verbose", "/metrics", "/api/v1/status", NULL};
    for (int i = 0; paths[i]; i++) {
        site_get(&site, paths[i], &answer);
        cr_assert_eq(answer.status, 200, "%s", paths[i]);
        answer_release(&answer);
    }
    site_stop(&site);
}

Test(web, a_new_configuration_is_shown)
{
    struct site site;
    struct config other = {0};
    site_start(&site, NULL);
    json_t *before = site_json(&site, "/api/v1/monitors");
    cr_assert_eq(json_array_size(before), 2);
    web_set_config(site.web, &other);
    json_t *after = site_json(&site, "/api/v1/monitors");
    cr_assert_eq(json_array_size(after), 0);
    json_decref(before);
    json_decref(after);
    site_stop(&site);
}

Test(web, stops_with_open_connections)
{
    struct site site;
    site_start(&site, NULL);
    for (int i = 0; i < 5; i++)
        site_connect(&site);
    event_base_loop(site.base, EVLOOP_NONBLOCK);
    site_stop(&site); /* the sanitizer sees what is left */
}
