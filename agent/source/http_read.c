/* What comes in, state by state: the head, then its body into memory that was reserved for it, cut
 * into events once it is whole. Whatever is wrong is answered as soon as it is known. */
#include <stdio.h>
#include <stdlib.h>

#include "source/http_internal.h"
#include "sys/file.h"

enum { BODY_FIRST_BYTES = 16384 };

static const char too_much[] = "too much is waiting to be counted; send it again later";

/* ---- the body ---- */

static bool body_grow(struct http_conn *conn, size_t needed)
{
    struct http_body *body = &conn->body;
    size_t capacity = body->capacity ? body->capacity : BODY_FIRST_BYTES;
    while (capacity < needed)
        capacity *= 2;
    bool known = !conn->chunked && !conn->zipped;
    size_t most =
        (known ? (size_t)conn->length : conn->source->options.body_bytes) + HTTP_BODY_PADDING;
    if (capacity > most)
        capacity = most;
    if (!source_hold(conn->source, capacity - body->capacity))
        return false;
    body->data = mem_resize(body->data, capacity, 1);
    body->capacity = capacity;
    return true;
}

/* False: it was refused. */
static bool body_add(struct http_conn *conn, struct bytes bytes)
{
    struct http_body *body = &conn->body;
    uint32_t most = conn->source->options.body_bytes;
    if (bytes.size > most - body->size) {
        char line[80];
        snprintf(line, sizeof line, "a body has at most %u bytes", most);
        conn_break_off(conn, 413, line);
        return false;
    }
    size_t needed = body->size + bytes.size + HTTP_BODY_PADDING;
    if (needed > body->capacity && !body_grow(conn, needed)) {
        conn_break_off(conn, 429, too_much);
        return false;
    }
    memcpy(body->data + body->size, bytes.data, bytes.size);
    body->size += bytes.size;
    return true;
}

/* Nothing that is text begins so: a logger may pass a compressed body on without saying so. */
static bool looks_zipped(const struct http_conn *conn, struct bytes bytes)
{
    return !conn->zipped && !conn->body.size && bytes.size >= 2 && bytes.data[0] == '\x1f' &&
           bytes.data[1] == '\x8b';
}

/* Content as it came over the wire, without chunks. False: it was refused. */
static bool take_content(struct http_conn *conn, struct bytes content)
{
    struct bytes piece;
    enum inflate_result result;
    conn->source->counters.bytes += (int64_t)content.size;
    if (looks_zipped(conn, content))
        conn->zipped = http_inflate_new();
    if (!conn->zipped)
        return body_add(conn, content);
    while ((result = http_inflate_next(conn->zipped, &content, &piece)) == INFLATE_BYTES)
        if (!body_add(conn, piece))
            return false;
    if (result == INFLATE_BAD)
        conn_break_off(conn, 400, "the body is not gzip, or damaged");
    return result != INFLATE_BAD;
}

static void end_body(struct http_conn *conn)
{
    const struct http_source *source = conn->source;
    const struct http_split_limits limits = {source->options.event_bytes, source->limits.events};
    struct http_events events = {0};
    struct err err = {0};
    if (conn->zipped && !http_inflate_ended(conn->zipped)) {
        conn_answer_error(conn, 400, "the gzip body is cut off");
        return;
    }
    if (conn->body.capacity < HTTP_BODY_PADDING && !body_grow(conn, HTTP_BODY_PADDING)) {
        conn_answer_error(conn, 429, too_much);
        return;
    }
    memset(conn->body.data + conn->body.size, 0, HTTP_BODY_PADDING);
    int code =
        http_body_split(conn->body.data, conn->body.size, conn->ask.format, &limits, &events, &err);
    http_inflate_free(conn->zipped);
    conn->zipped = NULL;
    if (!code &&
        source_hold(conn->source, HTTP_BATCH_BYTES + events.capacity * sizeof *events.items)) {
        batch_deliver(conn, &events);
        return;
    }
    free(events.items);
    if (code)
        conn_answer_err(conn, code == ERR_LIMIT ? 413 : 400, &err);
    else
        conn_answer_error(conn, 429, too_much);
}

static struct bytes take(struct bytes *bytes, size_t size)
{
    struct bytes taken = bytes_make(bytes->data, size);
    *bytes = bytes_make(bytes->data + size, bytes->size - size);
    return taken;
}

static void feed_chunks(struct http_conn *conn, struct bytes *bytes)
{
    struct bytes data;
    switch (http_chunks_next(&conn->chunks, bytes, &data)) {
    case CHUNK_MORE:
        break;
    case CHUNK_BYTES:
        take_content(conn, data);
        break;
    case CHUNK_END:
        end_body(conn);
        break;
    case CHUNK_BAD:
        conn_break_off(conn, 400, "the chunks of the body are damaged");
        break;
    }
}

void conn_feed_body(struct http_conn *conn, struct bytes *bytes)
{
    if (conn->chunked) {
        feed_chunks(conn, bytes);
        return;
    }
    size_t size = (uint64_t)conn->left < bytes->size ? (size_t)conn->left : bytes->size;
    conn->left -= (int64_t)size;
    if (take_content(conn, take(bytes, size)) && !conn->left)
        end_body(conn);
}

void conn_feed_discard(struct http_conn *conn, struct bytes *bytes)
{
    size_t size = (uint64_t)conn->left < bytes->size ? (size_t)conn->left : bytes->size;
    take(bytes, size);
    conn->left -= (int64_t)size;
    if (!conn->left)
        conn_answer_err(conn, conn->refused, &conn->refusal);
}

/* ---- the head ---- */

/* A refusal by the head. If the body is known and small it is read first, so that the connection
 * can stay; a client that asked whether to send it may not do so. */
static void refuse_head(struct http_conn *conn, int status, const struct err *err, bool expects)
{
    bool small = conn->length <= (int64_t)conn->source->options.body_bytes && !expects;
    if (conn->length > 0 && small) {
        conn->state = CONN_DISCARD;
        conn->left = conn->length;
        conn->refused = status;
        conn->refusal = *err;
        return;
    }
    conn->keep_alive = conn->keep_alive && small && !conn->chunked && status != 411;
    conn_answer_err(conn, status, err);
}

/* What does not depend on the request: whether there is room for it at all. */
static int judge_room(const struct http_conn *conn, struct err *reterr)
{
    const struct http_source *source = conn->source;
    const char *refusal = source->stopping ? "this agent is stopping" : source->refusal;
    if (refusal) {
        err_set(reterr, ERR_UNAVAILABLE, "%s", refusal);
        return 503;
    }
    int64_t length = conn->length > 0 ? conn->length : 0;
    if (source->counters.held_bytes + length <= (int64_t)source->limits.held_bytes)
        return 0;
    err_set(reterr, ERR_LIMIT, "%s", too_much);
    return 429;
}

static void begin_body(struct http_conn *conn, bool expects)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    conn->state = CONN_BODY;
    conn->left = conn->length;
    conn->chunks = (struct http_chunks){0};
    if (conn->ask.gzip)
        conn->zipped = http_inflate_new();
    if (!conn->chunked && !conn->left) {
        end_body(conn);
        return;
    }
    if (expects) {
        text_add(&conn->out, go_on, sizeof go_on - 1);
        conn_flush(conn);
    }
}

static void head_is_there(struct http_conn *conn, struct bytes bytes)
{
    const struct http_source *source = conn->source;
    const struct http_topics topics = {source->options.topics, source->options.topic_count};
    struct http_head head;
    struct err err = {0};
    struct http_refusal refusal = http_head_parse(bytes, &head);
    if (refusal.status) {
        conn_break_off(conn, refusal.status, refusal.why);
        return;
    }
    conn->keep_alive = head.keep_alive;
    conn->chunked = head.chunked;
    conn->length = head.length;
    conn->no_content = bytes_equal(head.method, bytes_of("HEAD"));
    int status = http_ask_read(&head, &topics, source->options.body_bytes, &conn->ask, &err);
    if (!status)
        status = judge_room(conn, &err);
    if (status)
        refuse_head(conn, status, &err, head.expects_continue);
    else
        begin_body(conn, head.expects_continue);
}

void conn_feed_head(struct http_conn *conn, struct bytes *bytes)
{
    size_t most = conn->source->limits.head_bytes, before = conn->in.size;
    size_t room = most - before;
    if (!conn->begun) {
        conn->begun = true;
        if (conn->served)
            conn->deadline_ms = clock_loop().ms + conn->source->limits.request_ms;
    }
    text_add(&conn->in, bytes->data, bytes->size < room ? bytes->size : room);
    size_t size = http_head_size(bytes_make(conn->in.data, conn->in.size));
    if (size) {
        struct text head = conn->in;
        conn->in = (struct text){0};
        take(bytes, size - before);
        head_is_there(conn, bytes_make(head.data, size));
        text_release(&head);
        return;
    }
    take(bytes, conn->in.size - before);
    if (conn->in.size == most)
        conn_break_off(conn, 431, "the request line and the headers are too long");
}
