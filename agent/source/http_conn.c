/* One connection: see the diagram in http_internal.h. What comes in is fed through the states a
 * piece at a time; what goes out is written at once if the socket takes it. Requests are read one
 * after the other: the next one waits in the socket until this one is answered, so a client that
 * does not read its answers is not read from either. */
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "source/http_internal.h"
#include "sys/file.h"

enum { READS_A_TURN = 8 };

static void conn_feed(struct http_conn *conn, struct bytes bytes);

/* ---- going out ---- */

static void conn_listen(struct http_conn *conn)
{
    bool reads = conn->state == CONN_HEAD || conn->state == CONN_BODY ||
                 conn->state == CONN_DISCARD || conn->state == CONN_LINGER;
    if (conn->state == CONN_CLOSED)
        return;
    if (reads)
        event_add(conn->readable, NULL);
    else
        event_del(conn->readable);
    if (conn->sent < conn->out.size)
        event_add(conn->writable, NULL);
}

static void conn_close(struct http_conn *conn)
{
    conn->state = CONN_CLOSED;
    event_del(conn->readable);
    event_del(conn->writable);
}

void conn_drop_body(struct http_conn *conn)
{
    source_unhold(conn->source, conn->body.capacity);
    free(conn->body.data);
    conn->body = (struct http_body){0};
    http_inflate_free(conn->zipped);
    conn->zipped = NULL;
}

/* Ready for the next request. */
static void conn_rest(struct http_conn *conn)
{
    conn_drop_body(conn);
    conn->state = CONN_HEAD;
    conn->begun = false;
    conn->served = true;
    conn->deadline_ms = clock_loop().ms + conn->source->limits.idle_ms;
}

/* The answer is out. */
static void answer_is_out(struct http_conn *conn)
{
    if (conn->keep_alive) {
        conn_rest(conn);
        return;
    }
    conn_drop_body(conn);
    text_release(&conn->in);
    conn->state = CONN_LINGER;
    conn->deadline_ms = clock_loop().ms + conn->source->limits.linger_ms;
    if (shutdown(conn->fd, SHUT_WR) < 0)
        conn_close(conn);
}

void conn_flush(struct http_conn *conn)
{
    while (conn->sent < conn->out.size) {
        ssize_t size =
            send(conn->fd, conn->out.data + conn->sent, conn->out.size - conn->sent, MSG_NOSIGNAL);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (size < 0) {
            conn_close(conn);
            return;
        }
        conn->sent += (size_t)size;
    }
    text_clear(&conn->out);
    conn->sent = 0;
    if (conn->state == CONN_ANSWERING)
        answer_is_out(conn);
}

/* After everything that may have moved the connection. It may be gone afterwards. */
static void conn_settle(struct http_conn *conn)
{
    while (conn->state == CONN_HEAD && conn->in.size && !conn->begun) {
        struct text rest = conn->in; /* the next request came behind the last one */
        conn->in = (struct text){0};
        conn_feed(conn, bytes_make(rest.data, rest.size));
        text_release(&rest);
    }
    if (conn->state != CONN_CLOSED) {
        conn_listen(conn);
        return;
    }
    source_forget(conn->source, conn);
    conn_free(conn);
}

static void count_answer(struct http_counters *counters, int status)
{
    for (int i = 0; i < HTTP_STATUSES; i++)
        if (counters->answers[i].status == status || !counters->answers[i].status) {
            counters->answers[i].status = status;
            counters->answers[i].count++;
            return;
        }
}

void conn_answer(struct http_conn *conn, const struct http_answer *answer)
{
    count_answer(&conn->source->counters, answer->status);
    conn->keep_alive = conn->keep_alive && !conn->source->stopping;
    answer_write(&conn->out, answer, conn->keep_alive, conn->no_content);
    conn->state = CONN_ANSWERING;
    conn->deadline_ms = clock_loop().ms + conn->source->limits.response_ms;
    conn_flush(conn);
    if (!conn->feeding)
        conn_settle(conn);
}

void conn_answer_error(struct http_conn *conn, int status, const char *line)
{
    const struct http_answer answer = http_answer_error(status, line,
                                                        status == 429   ? 1
                                                        : status == 503 ? 5
                                                                        : 0);
    conn_answer(conn, &answer);
}

/* Refuses in the middle of a request: where the next one begins is not known. */
void conn_break_off(struct http_conn *conn, int status, const char *line)
{
    conn->keep_alive = false;
    conn_answer_error(conn, status, line);
}

void conn_answer_err(struct http_conn *conn, int status, const struct err *err)
{
    char line[sizeof err->text + sizeof err->hint + 4];
    snprintf(line, sizeof line, "%s%s%s", err->text, err->hint[0] ? ". " : "", err->hint);
    conn_answer_error(conn, status, line);
}

/* ---- coming in ---- */

static void conn_feed(struct http_conn *conn, struct bytes bytes)
{
    conn->feeding = true;
    while (bytes.size && conn->state < CONN_WAITING) {
        if (conn->state == CONN_HEAD)
            conn_feed_head(conn, &bytes);
        else if (conn->state == CONN_BODY)
            conn_feed_body(conn, &bytes);
        else
            conn_feed_discard(conn, &bytes);
    }
    if (bytes.size && (conn->state == CONN_WAITING || conn->state == CONN_ANSWERING))
        text_add(&conn->in, bytes.data, bytes.size);
    conn->feeding = false;
}

/* How much may be read without taking what belongs to the next request, if that is known. */
static size_t wanted(const struct http_conn *conn)
{
    bool known = (conn->state == CONN_BODY && !conn->chunked) || conn->state == CONN_DISCARD;
    return known && conn->left < HTTP_SCRATCH_BYTES ? (size_t)conn->left : HTTP_SCRATCH_BYTES;
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    struct http_conn *conn = context;
    (void)what;
    for (int i = 0; i < READS_A_TURN && (conn->state < CONN_WAITING || conn->state == CONN_LINGER);
         i++) {
        size_t most = wanted(conn);
        ssize_t size = recv(fd, conn->source->scratch, most, 0);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            break;
        if (size <= 0) {
            conn_close(conn);
            break;
        }
        conn_feed(conn, bytes_make(conn->source->scratch, (size_t)size));
        if ((size_t)size < most)
            break;
    }
    conn_settle(conn);
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
    struct http_conn *conn = context;
    (void)fd;
    (void)what;
    conn_flush(conn);
    conn_settle(conn);
}

/* ---- life ---- */

struct http_conn *conn_new(struct http_source *source, evutil_socket_t fd)
{
    struct http_conn *conn = mem_new(1, sizeof *conn);
    conn->source = source;
    conn->fd = fd;
    conn->readable = event_new(source->base, fd, EV_READ | EV_PERSIST, on_readable, conn);
    conn->writable = event_new(source->base, fd, EV_WRITE, on_writable, conn);
    if (!conn->readable || !conn->writable)
        mem_fail(sizeof *conn);
    conn->deadline_ms = clock_loop().ms + source->limits.request_ms;
    conn_listen(conn);
    return conn;
}

void conn_free(struct http_conn *conn)
{
    if (conn->box)
        conn->box->conn = NULL;
    conn_drop_body(conn);
    event_free(conn->readable);
    event_free(conn->writable);
    evutil_closesocket(conn->fd);
    text_release(&conn->in);
    text_release(&conn->out);
    free(conn);
}

bool conn_is_idle(const struct http_conn *conn)
{
    return conn->state == CONN_HEAD && !conn->begun && !conn->in.size;
}

bool conn_check(struct http_conn *conn, struct loop_time now)
{
    if (now.ms < conn->deadline_ms)
        return false;
    bool late = conn->begun && conn->state < CONN_WAITING;
    conn->source->counters.cut++;
    if (late && !conn->source->stopping) {
        conn_break_off(conn, 408, "the request did not arrive in time");
        return true;
    }
    conn_close(conn);
    conn_settle(conn);
    return true;
}
