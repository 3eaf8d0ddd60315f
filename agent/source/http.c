/* The listener's life: bind, accept as many as there are places, look after deadlines, count. It
 * refuses to know what is sent. */
#include "source/http.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "source/http_internal.h"
#include "sys/file.h"

const struct http_limits http_limits_default = {
    .connections = 128,
    .head_bytes = 16384,
    .held_bytes = (size_t)32 << 20,
    .events = 131072,
    .idle_ms = 75 * SECOND_MS,
    .request_ms = 30 * SECOND_MS,
    .response_ms = 20 * SECOND_MS,
    .linger_ms = 2 * SECOND_MS,
    .sweep_ms = SECOND_MS,
};

enum { BACKLOG = 128, HOST_BYTES = 256 };

/* ---- memory ---- */

bool source_hold(struct http_source *source, size_t bytes)
{
    struct http_counters *counters = &source->counters;
    if (counters->held_bytes + (int64_t)bytes > (int64_t)source->limits.held_bytes)
        return false;
    counters->held_bytes += (int64_t)bytes;
    if (counters->held_bytes > counters->held_bytes_max)
        counters->held_bytes_max = counters->held_bytes;
    return true;
}

void source_unhold(struct http_source *source, size_t bytes)
{
    source->counters.held_bytes -= (int64_t)bytes;
}

/* ---- connections ---- */

static struct http_conn **place_of(const struct http_source *source, const struct http_conn *conn)
{
    for (uint32_t i = 0; i < source->limits.connections; i++)
        if (source->conns[i] == conn)
            return &source->conns[i];
    return NULL;
}

/* At the cap, and without file descriptors, clients wait in the kernel's queue. */
static void source_pause(struct http_source *source)
{
    source->paused = true;
    evconnlistener_disable(source->listener);
}

static void source_listen(struct http_source *source)
{
    if (!source->paused || !source->listener || source->open == source->limits.connections)
        return;
    source->paused = false;
    evconnlistener_enable(source->listener);
}

void source_forget(struct http_source *source, const struct http_conn *conn)
{
    *place_of(source, conn) = NULL;
    source->counters.connections = --source->open;
    source_listen(source);
}

/* The place of the connection that has been without a request for longest goes to a new one. */
static void make_room(struct http_source *source)
{
    struct http_conn *oldest = NULL;
    for (uint32_t i = 0; i < source->limits.connections; i++) {
        struct http_conn *conn = source->conns[i];
        if (conn && conn_is_idle(conn) && (!oldest || conn->deadline_ms < oldest->deadline_ms))
            oldest = conn;
    }
    if (!oldest)
        return;
    source_forget(source, oldest);
    conn_free(oldest);
}

static void source_schedule(struct http_source *source)
{
    struct timeval wait = {source->limits.sweep_ms / SECOND_MS,
                           source->limits.sweep_ms % SECOND_MS * 1000};
    bool needed = source->open || (source->paused && source->listener);
    if (needed && !event_pending(source->sweep, EV_TIMEOUT, NULL))
        event_add(source->sweep, &wait);
}

static void on_sweep(evutil_socket_t fd, short what, void *context)
{
    struct http_source *source = context;
    struct loop_time now = clock_loop();
    (void)fd;
    (void)what;
    for (uint32_t i = 0; i < source->limits.connections; i++)
        if (source->conns[i])
            conn_check(source->conns[i], now);
    source_listen(source);
    source_schedule(source);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
                      int size, void *context)
{
    struct http_source *source = context;
    const int yes = 1;
    (void)listener;
    (void)address;
    (void)size;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (source->open + 1 == source->limits.connections)
        make_room(source);
    *place_of(source, NULL) = conn_new(source, fd);
    source->counters.connections = ++source->open;
    if (source->open == source->limits.connections)
        source_pause(source);
    source_schedule(source);
}

/* Mostly there is no file descriptor: the sweep tries again. */
static void on_accept_error(struct evconnlistener *listener, void *context)
{
    struct http_source *source = context;
    (void)listener;
    source_pause(source);
    source_schedule(source);
}

/* ---- binding ---- */

/* "host:port", "[host]:port"; the host without brackets. */
static bool split_address(const char *listen, char *ret_host, const char **ret_port)
{
    const char *colon = strrchr(listen, ':');
    size_t size = colon ? (size_t)(colon - listen) : 0;
    bool brackets = size > 2 && listen[0] == '[' && listen[size - 1] == ']';
    if (brackets) {
        listen++;
        size -= 2;
    }
    if (!size || size >= HOST_BYTES || memchr(listen, '[', size) ||
        (!brackets && memchr(listen, ':', size)))
        return false;
    memcpy(ret_host, listen, size);
    ret_host[size] = '\0';
    *ret_port = colon + 1;
    return **ret_port && strspn(*ret_port, "0123456789") == strlen(*ret_port);
}

static struct evconnlistener *listener_bind(struct http_source *source, struct err *reterr)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    const unsigned flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE;
    const char *listen = source->options.listen, *port;
    struct addrinfo *found = NULL;
    char host[HOST_BYTES];
    if (!split_address(listen, host, &port)) {
        err_set(reterr, ERR_INVALID, "cannot listen on \"%.200s\"", listen);
        err_hint(reterr, "Write host:port, such as 127.0.0.1:9465 or [::1]:9465.");
        return NULL;
    }
    int result = getaddrinfo(host, port, &hints, &found);
    if (result) {
        err_set(reterr, ERR_IO, "could not listen on %.200s: %s", listen, gai_strerror(result));
        return NULL;
    }
    struct evconnlistener *listener = NULL;
    for (struct addrinfo *at = found; at && !listener; at = at->ai_next)
        listener = evconnlistener_new_bind(source->base, on_accept, source, flags, BACKLOG,
                                           at->ai_addr, (int)at->ai_addrlen);
    if (!listener) {
        err_set(reterr, ERR_IO, "could not listen on %.200s: %s", listen, strerror(errno));
        err_hint(reterr, "Another program may use the port; `http.listen` chooses another one.");
    }
    freeaddrinfo(found);
    return listener;
}

/* What was bound in the end: the port, and whether only this machine reaches it. */
static void read_name(struct http_source *source)
{
    struct sockaddr_storage name = {0};
    socklen_t size = sizeof name;
    if (getsockname(evconnlistener_get_fd(source->listener), (struct sockaddr *)&name, &size))
        return;
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&name;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&name;
    if (name.ss_family == AF_INET) {
        source->port = ntohs(v4->sin_port);
        source->local = ntohl(v4->sin_addr.s_addr) >> 24 == 127;
    } else if (name.ss_family == AF_INET6) {
        source->port = ntohs(v6->sin6_port);
        source->local = IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
    }
}

/* ---- life ---- */

static void copy_topics(struct http_source *source)
{
    uint32_t count = source->options.topic_count;
    source->topics = mem_new(count, sizeof *source->topics);
    for (uint32_t i = 0; i < count; i++)
        source->topics[i] = mem_copy(source->options.topics[i]);
    source->options.topics = (const char *const *)source->topics;
}

struct http_source *http_source_new_limited(const struct http_options *options,
                                            struct event_base *base,
                                            const struct http_limits *limits, struct err *reterr)
{
    struct http_source *source = mem_new(1, sizeof *source);
    source->options = *options;
    source->limits = *limits;
    source->base = base;
    copy_topics(source);
    source->conns = mem_new(limits->connections, sizeof *source->conns);
    source->scratch = mem_new(HTTP_SCRATCH_BYTES, 1);
    source->sweep = event_new(base, -1, 0, on_sweep, source);
    if (!source->sweep)
        mem_fail(sizeof *source);
    source->listener = listener_bind(source, reterr);
    if (!source->listener) {
        http_source_free(source);
        return NULL;
    }
    evconnlistener_set_error_cb(source->listener, on_accept_error);
    source->options.listen = NULL; /* was borrowed */
    read_name(source);
    return source;
}

struct http_source *http_source_new(const struct http_options *options, struct event_base *base,
                                    struct err *reterr)
{
    return http_source_new_limited(options, base, &http_limits_default, reterr);
}

void http_source_free(struct http_source *source)
{
    if (!source)
        return;
    if (source->listener)
        evconnlistener_free(source->listener);
    for (uint32_t i = 0; i < source->limits.connections; i++)
        if (source->conns[i])
            conn_free(source->conns[i]);
    for (uint32_t i = 0; i < source->options.topic_count; i++)
        free(source->topics[i]);
    event_free(source->sweep);
    free(source->topics);
    free(source->conns);
    free(source->scratch);
    free(source);
}

uint16_t http_source_port(const struct http_source *source)
{
    return source->port;
}

bool http_source_is_local(const struct http_source *source)
{
    return source->local;
}

void http_source_refuse(struct http_source *source, const char *why)
{
    source->refusal = why;
}

void http_source_stop(struct http_source *source)
{
    source->stopping = true;
    if (source->listener)
        evconnlistener_free(source->listener);
    source->listener = NULL;
    for (uint32_t i = 0; i < source->limits.connections; i++) {
        struct http_conn *conn = source->conns[i];
        if (!conn || !conn_is_idle(conn))
            continue;
        source_forget(source, conn);
        conn_free(conn);
    }
}

const struct http_counters *http_source_counters(const struct http_source *source)
{
    return &source->counters;
}
