#include "expose/reload.h"

#include <criterion/criterion.h>
#include <event2/event.h>
#include <string.h>

#include "later_store.h"
#include "support.h"

static struct site site;

static void start(void)
{
    struct web_limits limits = web_limits_default;
    limits.wait_ms = 3600000;
    site_start(&site, &limits);
}

static void stop(void)
{
    site_stop(&site);
}

TestSuite(reload, .init = start, .fini = stop);

static const char path[] = "/-/reload";

static void expect(struct client client, int status, const char *text)
{
    struct answer answer;
    site_receive(&site, &client, &answer);
    cr_assert_eq(answer.status, status, "%d", answer.status);
    cr_assert(strstr(answer.body, text), "%s", answer.body);
    answer_release(&answer);
}

Test(reload, is_told_at_once)
{
    expect(site_post(&site, path), 200, "reloaded\n");
    cr_assert_eq(site.reloads, 1);
    site.reload_fails = true;
    expect(site_post(&site, path), 500,
           "the old configuration stays: leeway.yaml:12:5: unknown setting widnows");
    cr_assert_eq(site.reloads, 2);
}

Test(reload, not_every_command_can)
{
    site.web->hooks.reload = NULL;
    expect(site_post(&site, path), 501, "cannot reload");
}

static bool reloads_are(struct site *of, void *context)
{
    return of->reloads == *(int *)context;
}

/* Starts one that waits for site_reloaded. */
static struct client begin(int reloads)
{
    site.reload_later = true;
    struct client client = site_post(&site, path);
    cr_assert(site_wait(&site, reloads_are, &reloads));
    return client;
}

Test(reload, is_told_later_and_one_at_a_time)
{
    struct client first = begin(1);
    expect(site_post(&site, path), 409, "another reload is under way");
    cr_assert_eq(site.reloads, 1);
    site_reloaded(&site);
    expect(first, 200, "reloaded");
    site.reload_fails = true;
    struct client second = begin(2);
    site_reloaded(&site);
    expect(second, 500, "widnows");
}

Test(reload, its_client_goes)
{
    struct client client = begin(1);
    client_close(&client);
    event_base_loop(site.base, EVLOOP_NONBLOCK);
    expect(site_post(&site, path), 409, "under way");
    site_reloaded(&site);
    struct client next = begin(2);
    site_reloaded(&site);
    expect(next, 200, "reloaded");
}

Test(reload, the_listener_goes)
{
    struct client client = begin(1);
    web_free(site.web);
    site.web = NULL;
    site_reloaded(&site);
    client_close(&client);
}

Test(reload, takes_too_long)
{
    site.web->limits.wait_ms = 20;
    struct client client = begin(1);
    expect(client, 503, "still under way");
    expect(site_post(&site, path), 409, "under way");
    site_reloaded(&site);
    cr_assert_eq(site.web->waiting_count, 0);
}

/* A reload may close one store and open another; who waits for it is not who waits for the store.
 */
Test(reload, outlives_the_store)
{
    struct later_store later;
    struct client client = begin(1);
    later_start(&later, site.store);
    site.web->store = &later.store;
    struct client reader = site_ask(&site, "/api/v1/incidents");
    cr_assert(site_wait(&site, later_waits, &later));
    later_drop(&later);
    web_store_closed(site.web);
    expect(reader, 503, "closed");
    site_reloaded(&site);
    expect(client, 200, "reloaded");
}
