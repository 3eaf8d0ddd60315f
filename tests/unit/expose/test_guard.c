#include <criterion/criterion.h>
#include <errno.h>
#include <event2/event.h>
#include <string.h>
#include <unistd.h>

#include "expose/guard.h"
#include "support.h"

static const struct web_limits quick = {
    .connections = 4, .request_ms = 300, .response_ms = 300, .sweep_ms = 10, .header_bytes = 8192};

/* Long enough never to be reached within a test. */
static const struct web_limits patient = {.connections = 4,
                                          .request_ms = 3600000,
                                          .response_ms = 3600000,
                                          .sweep_ms = 10,
                                          .header_bytes = 8192};

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

static void huge_metrics(void *context, struct text *text)
{
    (void)context;
    for (int i = 0; i < 200000; i++)
        text_puts(text, "# a comment that only takes room in the buffers\n");
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
