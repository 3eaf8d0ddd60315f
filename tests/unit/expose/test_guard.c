#include <criterion/criterion.h>
#include <errno.h>
#include <event2/event.h>
#include <string.h>
#include <unistd.h>

#include "expose/guard.h"
#include "support.h"

static const struct web_limits quick = {.connections = 4,
                                        .waiting = 2,
                                        .request_ms = 300,
                                        .wait_ms = 300,
                                        .response_ms = 300,
                                        .pressed_request_ms = 300,
                                        .pressed_response_ms = 300,
                                        .sweep_ms = 10,
                                        .header_bytes = 8192};

/* Long enough never to be reached within a test. */
static const struct web_limits patient = {.connections = 4,
                                          .waiting = 2,
                                          .request_ms = 3600000,
                                          .wait_ms = 3600000,
                                          .response_ms = 3600000,
                                          .pressed_request_ms = 3600000,
                                          .pressed_response_ms = 3600000,
                                          .sweep_ms = 10,
                                          .header_bytes = 8192};

/* Slow clients may stay, unless somebody else wants the place. */
static struct web_limits pressed(void)
{
    struct web_limits limits = patient;
    limits.pressed_request_ms = 20;
    limits.pressed_response_ms = 20;
    return limits;
}

static bool open_is(struct site *site, void *context)
{
    return guard_open_count(site->web->guard) == *(uint32_t *)context;
}

static bool is_closed(struct site *site, void *context)
{
    char byte;
    (void)site;
    ssize_t size = read(*(int *)context, &byte, 1);
    return size == 0 || (size < 0 && errno == ECONNRESET);
}

Test(guard, connections_beyond_the_cap_wait)
{
    struct site site;
    int fds[10];
    uint32_t wanted = 4;
    site_start(&site, &patient);
    for (int i = 0; i < 10; i++)
        fds[i] = site_connect(&site);
    cr_assert(site_wait(&site, open_is, &wanted));
    for (int i = 0; i < 20; i++) {
        event_base_loop(site.base, EVLOOP_ONCE); /* the sweep goes on; nobody else comes in */
        cr_assert_eq(guard_open_count(site.web->guard), 4);
    }
    for (int i = 0; i < 9; i++)
        close(fds[i]);
    wanted = 1;
    cr_assert(site_wait(&site, open_is, &wanted), "those who go make room for the last");
    cr_assert_eq(guard_cut_count(site.web->guard), 0);
    close(fds[9]);
    wanted = 0;
    cr_assert(site_wait(&site, open_is, &wanted));
    site_stop(&site);
}

Test(guard, a_request_behind_full_places_is_answered_at_last)
{
    struct site site;
    struct answer answer;
    int fds[4];
    uint32_t wanted = 4;
    site_start(&site, &quick);
    for (int i = 0; i < 4; i++)
        fds[i] = site_connect(&site); /* say nothing */
    cr_assert(site_wait(&site, open_is, &wanted));
    site_get(&site, "/livez", &answer);
    cr_assert_eq(answer.status, 200);
    cr_assert_eq(guard_cut_count(site.web->guard), 4);
    answer_release(&answer);
    for (int i = 0; i < 4; i++)
        close(fds[i]);
    site_stop(&site);
}

/* One byte of header at every turn of the loop: never idle, never done. */
struct drip {
    int fd;
    size_t sent;
};

static bool drip_step(struct site *site, void *context)
{
    struct drip *drip = context;
    const char *start = "GET / HTTP/1.1\r\nX: ";
    char byte = drip->sent < strlen(start) ? start[drip->sent] : 'x';
    drip->sent += write(drip->fd, &byte, 1) == 1;
    return is_closed(site, &drip->fd);
}

Test(guard, a_dripping_client_is_cut)
{
    struct site site;
    uint32_t none = 0;
    struct web_limits limits = quick;
    limits.header_bytes = 64 << 20; /* the drip must meet the deadline, not this limit */
    site_start(&site, &limits);
    struct drip drip = {site_connect(&site), 0};
    cr_assert(site_wait(&site, drip_step, &drip));
    cr_assert(drip.sent > 1);
    cr_assert_eq(guard_cut_count(site.web->guard), 1);
    cr_assert(site_wait(&site, open_is, &none));
    close(drip.fd);
    site_stop(&site);
}

/* Made as fast as memory is copied, so that the time it takes does not count. */
static void huge_metrics(void *context, struct families *families)
{
    static const struct family family = {"leeway_huge", FAMILY_GAUGE, NULL, "Takes room."};
    static char labels[8192];
    (void)context;
    memset(labels, 'x', sizeof labels);
    families_begin(families, &family);
    while (families_room(families))
        families_add_of(families, bytes_make(labels, sizeof labels), (struct label){NULL, NULL}, 1);
}

Test(guard, a_client_that_does_not_read_is_cut)
{
    struct site site;
    uint32_t none = 0;
    const char request[] = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
    site_start(&site, &quick);
    site.web->hooks.metrics = huge_metrics;
    int fd = site_connect(&site);
    uint32_t one = 1;
    cr_assert(site_wait(&site, open_is, &one));
    cr_assert_eq(write(fd, request, strlen(request)), (ssize_t)strlen(request));
    cr_assert(site_wait(&site, open_is, &none));
    cr_assert_eq(guard_cut_count(site.web->guard), 1);
    close(fd);
    site_stop(&site);
}

Test(guard, a_large_reply_arrives_whole)
{
    struct site site;
    struct answer answer;
    site_start(&site, &patient);
    site.web->hooks.metrics = huge_metrics;
    site_get(&site, "/metrics", &answer);
    cr_assert(answer.closed);
    cr_assert_eq(answer.status, 200);
    size_t wanted = strtoul(answer_header(&answer, "Content-Length"), NULL, 10);
    cr_assert_eq(answer.all.size - (size_t)(answer.body - answer.all.data), wanted);
    cr_assert_eq(guard_cut_count(site.web->guard), 0);
    answer_release(&answer);
    site_stop(&site);
}

Test(guard, places_are_given_back_after_each_reply)
{
    struct site site;
    uint32_t none = 0;
    site_start(&site, &patient);
    for (int i = 0; i < 50; i++) {
        struct answer answer;
        site_get(&site, i % 2 ? "/livez" : "/nothing", &answer);
        cr_assert_eq(answer.status, i % 2 ? 200 : 404);
        answer_release(&answer);
    }
    cr_assert(site_wait(&site, open_is, &none));
    site_stop(&site);
}

/* All who come before say nothing, and would be allowed to for an hour. */
Test(guard, who_says_nothing_gives_way)
{
    enum { SILENT = 40 };
    struct site site;
    struct answer answer;
    int fds[SILENT];
    uint32_t three = 3;
    struct web_limits limits = pressed();
    site_start(&site, &limits);
    for (int i = 0; i < 3; i++)
        fds[i] = site_connect(&site);
    cr_assert(site_wait(&site, open_is, &three));
    for (int i = 0; i < 30; i++)
        event_base_loop(site.base, EVLOOP_ONCE);
    cr_assert_eq(guard_open_count(site.web->guard), 3, "nobody wants their places");
    for (int i = 3; i < SILENT; i++)
        fds[i] = site_connect(&site);
    site_get(&site, "/livez", &answer);
    cr_assert_eq(answer.status, 200);
    answer_release(&answer);
    cr_assert_geq(guard_cut_count(site.web->guard), SILENT - 4);
    for (int i = 0; i < SILENT; i++)
        close(fds[i]);
    site_stop(&site);
}

/* Fills the reply's way to the client, and takes nothing. */
static struct client not_reading(struct site *site)
{
    return site_ask(site, "/metrics");
}

Test(guard, who_does_not_read_gives_way)
{
    enum { LAZY = 12 };
    struct site site;
    struct answer answer;
    struct client clients[LAZY];
    struct web_limits limits = pressed();
    site_start(&site, &limits);
    site.web->hooks.metrics = huge_metrics;
    for (int i = 0; i < LAZY; i++)
        clients[i] = not_reading(&site);
    site_get(&site, "/livez", &answer);
    cr_assert_eq(answer.status, 200);
    answer_release(&answer);
    cr_assert_geq(guard_cut_count(site.web->guard), LAZY - 4);
    for (int i = 0; i < LAZY; i++)
        client_close(&clients[i]);
    site_stop(&site);
}

/* Who has asked nothing goes before who is being answered. */
Test(guard, the_silent_go_first)
{
    struct site site;
    struct web_limits limits = pressed();
    uint32_t three = 3;
    limits.pressed_request_ms = 0; /* at once: the reader may be past its own time already */
    site_start(&site, &limits);
    site.web->hooks.metrics = huge_metrics;
    struct client reader = not_reading(&site);
    for (int i = 0; i < 20; i++)
        event_base_loop(site.base, EVLOOP_ONCE);
    int silent = site_connect(&site), other = site_connect(&site);
    cr_assert(site_wait(&site, open_is, &three));
    int last = site_connect(&site);
    cr_assert(site_wait(&site, is_closed, &silent), "the older of the silent");
    struct answer answer;
    site_receive(&site, &reader, &answer);
    cr_assert_eq(answer.status, 200);
    size_t wanted = strtoul(answer_header(&answer, "Content-Length"), NULL, 10);
    cr_assert_eq(answer.all.size - (size_t)(answer.body - answer.all.data), wanted);
    answer_release(&answer);
    close(silent);
    close(other);
    close(last);
    site_stop(&site);
}
