/* Clients on the same loop as the server, which is run while they wait. */
#ifndef TEST_HTTP_CLIENT_H
#define TEST_HTTP_CLIENT_H

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "sys/file.h"

enum { CLIENT_PATIENCE_MS = 20000 };

struct client {
    struct event_base *base;
    int fd;
    struct text in;
    size_t used; /* of it, by answers that were looked at */
    bool closed; /* by the server */
};

/* `room`: of its receive buffer; 0: as it is. */
static inline struct client client_connect(struct event_base *base, uint16_t port, int room)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct client client = {.base = base, .fd = socket(AF_INET, SOCK_STREAM, 0)};
    const int yes = 1;
    if (room)
        setsockopt(client.fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    setsockopt(client.fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    cr_assert_eq(connect(client.fd, (struct sockaddr *)&address, sizeof address), 0);
    fcntl(client.fd, F_SETFL, O_NONBLOCK);
    return client;
}

static inline void client_close(struct client *client)
{
    close(client->fd);
    text_release(&client->in);
}

static inline void pull(struct client *client)
{
    char buffer[4096];
    ssize_t size;
    event_base_loop(client->base, EVLOOP_NONBLOCK);
    while ((size = recv(client->fd, buffer, sizeof buffer, 0)) > 0)
        text_add(&client->in, buffer, (size_t)size);
    client->closed = client->closed || size == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

static inline void send_bytes(struct client *client, const void *data, size_t size)
{
    int64_t until_ms = clock_loop().ms + CLIENT_PATIENCE_MS;
    for (size_t sent = 0; sent < size;) {
        ssize_t more = send(client->fd, (const char *)data + sent, size - sent, MSG_NOSIGNAL);
        if (more < 0 && errno != EAGAIN)
            return;
        sent += more > 0 ? (size_t)more : 0;
        pull(client);
        cr_assert_lt(clock_loop().ms, until_ms, "the server does not read");
    }
}

static inline void send_text(struct client *client, const char *text)
{
    send_bytes(client, text, strlen(text));
}

#define WAIT_FOR(client, condition)                                                                \
    for (int64_t until_ms = clock_loop().ms + CLIENT_PATIENCE_MS; !(condition);) {                 \
        pull(client);                                                                              \
        cr_assert_lt(clock_loop().ms, until_ms, "in vain: %s; answers: %s", #condition,            \
                     (client)->in.data ? (client)->in.data : "");                                  \
    }

/* An answer as it lies in client->in, whole; NULL while it is not. */
struct answer {
    int status;
    char head[1024], body[512];
};

static inline bool next_answer(struct client *client, struct answer *ret)
{
    const char *at = client->in.data ? client->in.data + client->used : "";
    const char *body = strstr(at, "\r\n\r\n");
    if (!body)
        return false;
    body += 4;
    snprintf(ret->head, sizeof ret->head, "%.*s", (int)(body - at), at);
    const char *length = strstr(ret->head, "Content-Length: ");
    size_t size = length ? strtoul(length + 16, NULL, 10) : 0;
    if (client->in.size - (size_t)(body - client->in.data) < size)
        return false;
    snprintf(ret->body, sizeof ret->body, "%.*s", (int)size, body);
    ret->status = (int)strtol(at + 9, NULL, 10);
    client->used = (size_t)(body - client->in.data) + size;
    return true;
}

static inline struct answer wait_answer(struct client *client)
{
    struct answer answer = {0};
    WAIT_FOR(client, next_answer(client, &answer));
    return answer;
}

static inline void expect(struct client *client, int status, const char *body)
{
    struct answer answer = wait_answer(client);
    cr_assert_eq(answer.status, status, "%d: %s", answer.status, answer.body);
    cr_assert(strstr(answer.body, body), "\"%s\", not \"%s\"", answer.body, body);
}

static inline void expect_closed(struct client *client)
{
    WAIT_FOR(client, client->closed);
    cr_assert_eq(client->used, client->in.size, "more came: %s", client->in.data + client->used);
    client_close(client);
}

#define POST_LINE  "POST /v1/events HTTP/1.1\r\nHost: localhost\r\n"
#define PLAIN_TYPE "Content-Type: text/plain\r\n"

static inline void send_post(struct client *client, const char *headers, const void *body,
                             size_t size)
{
    struct text text = {0};
    text_printf(&text, POST_LINE "%sContent-Length: %zu\r\n\r\n", headers, size);
    text_add(&text, body, size);
    send_bytes(client, text.data, text.size);
    text_release(&text);
}

static inline void send_lines(struct client *client, const char *lines)
{
    send_post(client, PLAIN_TYPE, lines, strlen(lines));
}

#endif
