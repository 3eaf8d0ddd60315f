/* A listener on a free port, a receiver that answers or keeps what comes, and clients on its loop.
 */
#ifndef TEST_HTTP_FIXTURE_H
#define TEST_HTTP_FIXTURE_H

#include <inttypes.h>

#include "source/http_internal.h"
#include "unit/source/test_http_client.h"

enum { BODY_BYTES = 200000, KEPT = 64 };

static struct event_base *base;
static struct http_source *source;
static struct http_limits limits;
static struct err err;

/* The receiver: answers at once, or keeps what came. */
static bool keeps;
static struct http_batch *kept[KEPT];
static uint32_t kept_count;
static struct text seen; /* "topic:partition:offset|event|event|\n" for each batch */
static int64_t seen_ms;  /* broker time of the last event */

static inline void on_batch(void *context, struct http_batch *batch)
{
    (void)context;
    text_printf(&seen, "%s:%d:%" PRId64 "|", batch->topic, batch->partition, batch->offset);
    for (uint32_t i = 0; i < batch->event_count; i++) {
        struct record record = {0};
        http_batch_record(batch, i, &record);
        text_add(&seen, record.value.data, record.value.size < 40 ? record.value.size : 40);
        text_puts(&seen, "|");
        seen_ms = record.broker_ms;
    }
    text_puts(&seen, "\n");
    if (keeps && kept_count < KEPT) {
        kept[kept_count++] = batch;
        return;
    }
    const struct http_answer answer = {200, batch->event_count, 0, 9, NULL, 0};
    http_batch_answer(batch, &answer);
    http_batch_free(batch);
}

static inline void start(void)
{
    static const char *const topics[] = {"t"};
    const struct http_options options = {.listen = "127.0.0.1:0",
                                         .topics = topics,
                                         .topic_count = 1,
                                         .body_bytes = BODY_BYTES,
                                         .event_bytes = 1000,
                                         .hooks = {.batch = on_batch}};
    source = http_source_new_limited(&options, base, &limits, &err);
    cr_assert_not_null(source, "%s", err.text);
}

static inline void set_up(void)
{
    base = event_base_new();
    limits = http_limits_default;
    limits.sweep_ms = 5;
    limits.linger_ms = 50;
}

static inline void tear_down(void)
{
    for (uint32_t i = 0; i < kept_count; i++)
        http_batch_free(kept[i]);
    http_source_free(source);
    event_base_free(base);
    text_release(&seen);
}

/* ---- clients ---- */

static inline struct client connect_client(void)
{
    return client_connect(base, http_source_port(source), 0);
}

static inline void expect_alive(struct client *client)
{
    send_text(client, "POST /v1/events HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n"
                      "Content-Length: 2\r\n\r\n{}");
    expect(client, 200, "\"accepted\":1");
}

static inline void expect_no_memory_held(void)
{
    cr_assert_eq(http_source_counters(source)->held_bytes, 0);
}

static inline void send_get(struct client *client)
{
    send_text(client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
}

#endif
