/* Requests that wait for the store, and everything that may go away meanwhile. What is left behind
 * the sanitizer sees. */
#include "expose/request.h"

#include <criterion/criterion.h>
#include <event2/event.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "expose/guard.h"
#include "later_store.h"
#include "support.h"

/* Long enough never to be reached within a test. */
static const struct web_limits patient = {.connections = 8,
                                          .waiting = 3,
                                          .request_ms = 3600000,
                                          .wait_ms = 3600000,
                                          .response_ms = 3600000,
                                          .pressed_request_ms = 3600000,
                                          .pressed_response_ms = 3600000,
                                          .sweep_ms = 10,
                                          .header_bytes = 8192};

static struct site site;
static struct later_store later;

static void start_with(const struct web_limits *limits)
{
    site_start(&site, limits);
    site_fill(site.store);
    later_start(&later, site.store);
    site.web->store = &later.store;
}

static void start(void)
{
    start_with(&patient);
}

static void stop(void)
{
    site_stop(&site);
    cr_assert_eq(later.waiting, 0);
}

TestSuite(request, .fini = stop);

static const char *const paths[] = {"/api/v1/monitors",
                                    "/api/v1/monitors/nobody/fields",
                                    "/api/v1/monitors/fraud/fields/amount",
                                    "/api/v1/incidents",
                                    "/api/v1/incidents/i-open",
                                    "/api/v1/baselines",
                                    "/api/v1/baselines/fraud",
                                    "/api/v1/quarantine"};
enum { PATHS = sizeof paths / sizeof *paths };

static struct client ask(const char *path)
{
    uint32_t asked = later.asked;
    struct client client = site_ask(&site, path);
    cr_assert(site_wait(&site, later_waits, &later));
    cr_assert_eq(later.asked, asked + 1);
    return client;
}

static bool nobody_is_left(struct site *of, void *context)
{
    (void)context;
    return guard_open_count(of->web->guard) == 0;
}

static int status_of(const char *path)
{
    struct answer answer;
    site_get(&site, path, &answer);
    int status = answer.status;
    answer_release(&answer);
    return status;
}

static int status_for(struct client *client)
{
    struct answer answer;
    site_receive(&site, client, &answer);
    int status = answer.status;
    answer_release(&answer);
    return status;
}

static void turn_loop(void)
{
    for (int i = 0; i < 10; i++)
        event_base_loop(site.base, EVLOOP_NONBLOCK);
}

static void reset(struct client *client)
{
    struct linger now = {1, 0};
    setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    client_close(client);
}

Test(request, clients_hang_up, .init = start)
{
    for (int i = 0; i < 3 * PATHS; i++) {
        struct client client = ask(paths[i % PATHS]);
        if (i / PATHS == 0)
            client_close(&client);
        else
            reset(&client);
        if (i / PATHS < 2)
            turn_loop(); /* else the answer finds it out */
        while (later.waiting)
            later_answer(&later);
        cr_assert_eq(site.web->waiting_count, 0);
        cr_assert(site_wait(&site, nobody_is_left, NULL));
    }
    cr_assert_eq(status_of("/livez"), 200);
}

Test(request, clients_hang_up_and_the_store_fails, .init = start)
{
    for (int i = 0; i < PATHS; i++) {
        struct client client = ask(paths[i]);
        reset(&client);
        turn_loop();
        later_fail(&later, STORE_UNAVAILABLE, ERR_UNAVAILABLE);
        cr_assert(site_wait(&site, nobody_is_left, NULL));
    }
}

/* As netcat does: nothing more to say, but still listening. */
Test(request, a_client_that_only_stops_talking_is_answered, .init = start)
{
    struct client client = ask("/api/v1/incidents");
    shutdown(client.fd, SHUT_WR);
    turn_loop();
    later_answer(&later);
    cr_assert_eq(status_for(&client), 200);
}

Test(request, what_is_sent_on_meanwhile_is_not_read, .init = start)
{
    char more[4096];
    struct client client = ask("/api/v1/incidents");
    memset(more, 'x', sizeof more);
    for (int i = 0; i < 100; i++)
        cr_assert(write(client.fd, more, sizeof more) != 0);
    turn_loop();
    later_answer(&later);
    turn_loop();
    client_close(&client);
    cr_assert(site_wait(&site, nobody_is_left, NULL));
}

Test(request, the_listener_goes_first, .init = start)
{
    struct client clients[3] = {ask(paths[2]), site_ask(&site, paths[6]),
                                site_ask(&site, paths[0])};
    reset(&clients[0]);
    turn_loop();
    cr_assert_eq(later.waiting, 3);
    web_free(site.web);
    site.web = NULL;
    later_answer(&later);
    cr_assert_eq(later.asked, 3, "nobody is there to ask on for");
    client_close(&clients[1]);
    client_close(&clients[2]);
}

Test(request, the_listener_goes_first_and_the_store_fails, .init = start)
{
    struct client client = ask(paths[4]);
    web_free(site.web);
    site.web = NULL;
    later_fail(&later, STORE_FAILED, ERR_IO);
    client_close(&client);
}

Test(request, a_closed_store_is_said, .init = start)
{
    struct client clients[2] = {ask(paths[2]), site_ask(&site, paths[6])};
    turn_loop();
    later_drop(&later);
    web_store_closed(site.web);
    cr_assert_eq(site.web->waiting_count, 0);
    cr_assert_eq(status_for(&clients[0]), 503);
    cr_assert_eq(status_for(&clients[1]), 503);
    cr_assert_eq(status_of(paths[0]), 503);
    cr_assert_eq(status_of("/livez"), 200);
    web_store_closed(NULL);
}

/* The order at the end of a process. */
Test(request, store_and_listener_go, .init = start)
{
    struct client client = ask(paths[2]);
    later_drop(&later);
    web_store_closed(site.web);
    web_free(site.web);
    site.web = NULL;
    client_close(&client);
}

Test(request, not_too_many_at_once, .init = start)
{
    struct client clients[3] = {ask(paths[0]), site_ask(&site, paths[1]),
                                site_ask(&site, paths[2])};
    turn_loop();
    cr_assert_eq(later.waiting, 3);
    cr_assert_eq(status_of(paths[3]), 503);
    cr_assert_eq(status_of("/livez"), 200);
    cr_assert_eq(status_of("/api/v1/incidents?limit=x"), 503,
                 "before its parameters are looked at");
    reset(&clients[0]);
    turn_loop();
    cr_assert_eq(status_of(paths[3]), 503, "the store still has to answer");
    later_answer(&later);
    later_answer(&later);
    cr_assert_eq(status_for(&clients[1]), 404);
    cr_assert_eq(status_for(&clients[2]), 200);
    struct client next = ask(paths[3]);
    later_answer(&later);
    cr_assert_eq(status_for(&next), 200);
}

static void start_impatient(void)
{
    struct web_limits limits = patient;
    limits.wait_ms = 50;
    limits.waiting = 1;
    start_with(&limits);
}

Test(request, a_store_that_takes_too_long, .init = start_impatient)
{
    struct answer answer;
    struct client client = ask(paths[2]);
    site_receive(&site, &client, &answer);
    cr_assert_eq(answer.status, 503);
    cr_assert(strstr(answer.body, "does not answer now"));
    answer_release(&answer);
    cr_assert(site_wait(&site, nobody_is_left, NULL));
    cr_assert_eq(site.web->waiting_count, 1);
    cr_assert_eq(status_of(paths[0]), 503, "the first is still to be answered");
    cr_assert_eq(later.asked, 1);
    later_answer(&later);
    cr_assert_eq(later.asked, 1, "nobody is there to ask on for");
    cr_assert_eq(site.web->waiting_count, 0);
}

Test(request, too_late_and_then_all_goes, .init = start_impatient)
{
    struct client client = ask(paths[2]);
    cr_assert_eq(status_for(&client), 503);
    web_free(site.web);
    site.web = NULL;
    later_answer(&later);
}

Test(request, too_late_and_then_the_store_closes, .init = start_impatient)
{
    struct client client = ask(paths[2]);
    cr_assert_eq(status_for(&client), 503);
    later_drop(&later);
    web_store_closed(site.web);
}

static void start_strict(void)
{
    struct web_limits limits = patient;
    limits.request_ms = limits.response_ms = 30;
    limits.pressed_request_ms = limits.pressed_response_ms = 10;
    limits.connections = 2;
    start_with(&limits);
}

static bool is_shed(struct site *of, void *context)
{
    return guard_cut_count(of->web->guard) >= *(uint64_t *)context;
}

/* To wait for us is not slow, whoever else wants the place. */
Test(request, who_waits_is_not_cut, .init = start_strict)
{
    uint64_t cut = 6;
    int fds[6];
    struct client client = ask(paths[3]);
    for (int i = 0; i < 6; i++)
        fds[i] = site_connect(&site); /* say nothing */
    cr_assert(site_wait(&site, is_shed, &cut));
    later_answer(&later);
    cr_assert_eq(status_for(&client), 200);
    for (int i = 0; i < 6; i++)
        close(fds[i]);
}
