/* An HTTP server in the test's own loop that answers by script and remembers what it was sent. */
#ifndef TESTS_NOTIFY_COLLECTOR_H
#define TESTS_NOTIFY_COLLECTOR_H

#include <criterion/criterion.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"

enum collector_action { ANSWER, HANG, RESET, DRIP, HUGE_BODY };

struct collector_step {
    enum collector_action action;
    int status;
    const char *header, *value; /* one extra header; NULL: none */
    const char *body;           /* NULL: empty */
};

enum { COLLECTOR_PATHS = 8, COLLECTOR_SEEN = 256 };

struct collector_path {
    const char *path;
    struct collector_step steps[24]; /* the last one is repeated */
    uint32_t step_count, hits;
};

struct collector_request {
    char path[64], id[64], signature[96], timestamp[32], authorization[96], key[64], agent[64];
    char content_type[64];
    bool expects;
    char *body;
};

struct collector {
    struct event_base *base;
    struct evhttp *http;
    uint16_t port;
    struct collector_path paths[COLLECTOR_PATHS];
    uint32_t path_count;
    struct collector_request seen[COLLECTOR_SEEN];
    uint32_t seen_count;
};

static inline void collector_copy(struct evhttp_request *request, const char *name, char *ret,
                                  size_t size)
{
    const char *value = evhttp_find_header(evhttp_request_get_input_headers(request), name);
    snprintf(ret, size, "%s", value ? value : "");
}

static inline void collector_remember(struct collector *collector, struct evhttp_request *request)
{
    cr_assert_lt(collector->seen_count, COLLECTOR_SEEN);
    struct collector_request *seen = &collector->seen[collector->seen_count++];
    struct evbuffer *input = evhttp_request_get_input_buffer(request);
    snprintf(seen->path, sizeof seen->path, "%s", evhttp_request_get_uri(request));
    collector_copy(request, "webhook-id", seen->id, sizeof seen->id);
    collector_copy(request, "webhook-signature", seen->signature, sizeof seen->signature);
    collector_copy(request, "webhook-timestamp", seen->timestamp, sizeof seen->timestamp);
    collector_copy(request, "Authorization", seen->authorization, sizeof seen->authorization);
    collector_copy(request, "Idempotency-Key", seen->key, sizeof seen->key);
    collector_copy(request, "User-Agent", seen->agent, sizeof seen->agent);
    collector_copy(request, "Content-Type", seen->content_type, sizeof seen->content_type);
    seen->expects = evhttp_find_header(evhttp_request_get_input_headers(request), "Expect") != NULL;
    size_t size = evbuffer_get_length(input);
    seen->body = mem_text(bytes_make(evbuffer_pullup(input, -1), size));
}

static inline void collector_reset(struct evhttp_request *request)
{
    struct evhttp_connection *connection = evhttp_request_get_connection(request);
    struct linger now = {1, 0};
    int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(connection));
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    evhttp_connection_free(connection);
}

static inline void collector_chunk(struct evhttp_request *request, size_t size)
{
    struct evbuffer *chunk = evbuffer_new();
    char block[4096];
    memset(block, 'x', sizeof block);
    for (size_t left = size; left; left -= left < sizeof block ? left : sizeof block)
        evbuffer_add(chunk, block, left < sizeof block ? left : sizeof block);
    evhttp_send_reply_start(request, 200, "OK");
    evhttp_send_reply_chunk(request, chunk);
    evbuffer_free(chunk);
}

static inline void collector_answer(struct evhttp_request *request,
                                    const struct collector_step *step)
{
    struct evbuffer *body = evbuffer_new();
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    if (step->header)
        evhttp_add_header(headers, step->header, step->value);
    if (step->body)
        evbuffer_add(body, step->body, strlen(step->body));
    evhttp_send_reply(request, step->status, "Scripted", body);
    evbuffer_free(body);
}

static inline void collector_on_request(struct evhttp_request *request, void *context)
{
    struct collector *collector = context;
    const char *uri = evhttp_request_get_uri(request);
    struct collector_path *path = NULL;
    collector_remember(collector, request);
    for (uint32_t i = 0; i < collector->path_count; i++) {
        if (!strcmp(collector->paths[i].path, uri))
            path = &collector->paths[i];
    }
    struct collector_step step = {ANSWER, 200, NULL, NULL, NULL};
    if (path && path->step_count)
        step = path->steps[path->hits < path->step_count ? path->hits : path->step_count - 1];
    if (path)
        path->hits++;
    if (step.action == ANSWER)
        collector_answer(request, &step);
    else if (step.action == RESET)
        collector_reset(request);
    else if (step.action == DRIP)
        collector_chunk(request, 1); /* and nothing more, ever */
    else if (step.action == HUGE_BODY)
        collector_chunk(request, 1 << 20);
}

static inline void collector_start(struct collector *collector, struct event_base *base)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    collector->base = base;
    collector->http = evhttp_new(base);
    struct evhttp_bound_socket *socket =
        evhttp_bind_socket_with_handle(collector->http, "127.0.0.1", 0);
    cr_assert_not_null(socket);
    getsockname(evhttp_bound_socket_get_fd(socket), (struct sockaddr *)&address, &size);
    memcpy(&collector->port, (char *)&address + 2, 2); /* sin_port, network order */
    collector->port = (uint16_t)(collector->port << 8 | collector->port >> 8);
    evhttp_set_gencb(collector->http, collector_on_request, collector);
}

static inline void collector_stop(struct collector *collector)
{
    evhttp_free(collector->http);
    for (uint32_t i = 0; i < collector->seen_count; i++)
        free(collector->seen[i].body);
}

static inline struct collector_path *collector_path(struct collector *collector, const char *path)
{
    for (uint32_t i = 0; i < collector->path_count; i++) {
        if (!strcmp(collector->paths[i].path, path))
            return &collector->paths[i];
    }
    collector->paths[collector->path_count].path = path;
    return &collector->paths[collector->path_count++];
}

/* Adds a step to the script of a path. */
static inline void collector_will(struct collector *collector, const char *path,
                                  struct collector_step step)
{
    struct collector_path *at = collector_path(collector, path);
    at->steps[at->step_count++] = step;
}

static inline void collector_give_up(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    *(bool *)context = true;
}

/* Runs the loop until `done(context)` is true. False if that takes absurdly long. */
static inline bool run_until(struct event_base *base, bool (*done)(void *context), void *context)
{
    bool late = false;
    struct event *deadline = evtimer_new(base, collector_give_up, &late);
    struct timeval patience = {20, 0};
    evtimer_add(deadline, &patience);
    while (!late && !done(context))
        event_base_loop(base, EVLOOP_ONCE);
    event_free(deadline);
    return !late;
}

#endif
