/* Batches: what the receiver holds while the client waits. A batch outlives its connection, since
 * what was received whole may be counted also if nobody hears the answer. */
#include <stdlib.h>

#include "source/http_internal.h"
#include "sys/file.h"

static struct batch_box *box_of(struct http_batch *batch)
{
    return (struct batch_box *)batch; /* its first member */
}

void batch_deliver(struct http_conn *conn, struct http_events *events)
{
    struct batch_box *box = mem_new(1, sizeof *box);
    const struct http_ask *ask = &conn->ask;
    box->batch = (struct http_batch){.topic = ask->topic,
                                     .partition = ask->partition,
                                     .offset = ask->offset,
                                     .wait = ask->wait,
                                     .skip = ask->skip,
                                     .event_count = events->count};
    box->source = conn->source;
    box->conn = conn;
    box->body = conn->body;
    box->events = *events;
    box->arrived_ms = clock_unix_ms();
    box->time_ms = ask->time_ms;
    *events = (struct http_events){0};
    conn->body = (struct http_body){0};
    conn->box = box;
    conn->state = CONN_WAITING;
    conn->deadline_ms = INT64_MAX; /* the receiver has patience of its own */
    conn->source->options.hooks.batch(conn->source->options.hooks.context, &box->batch);
}

void http_batch_record(const struct http_batch *batch, uint32_t index, struct record *ret_record)
{
    const struct batch_box *box = (const struct batch_box *)batch;
    const struct http_event *event = &box->events.items[index];
    int64_t time_ms = event->time_ms != INT64_MIN ? event->time_ms : box->time_ms;
    bool known = time_ms != INT64_MIN && time_ms <= box->arrived_ms;
    ret_record->value = bytes_make(event->size ? box->body.data + event->start : "", event->size);
    ret_record->broker_ms = known ? time_ms : box->arrived_ms;
}

void http_batch_drop(struct http_batch *batch)
{
    struct batch_box *box = box_of(batch);
    source_unhold(box->source,
                  box->body.capacity + box->events.capacity * sizeof(struct http_event));
    free(box->body.data);
    free(box->events.items);
    box->body = (struct http_body){0};
    box->events = (struct http_events){0};
}

void http_batch_answer(struct http_batch *batch, const struct http_answer *answer)
{
    struct http_conn *conn = box_of(batch)->conn;
    if (!conn)
        return;
    box_of(batch)->conn = NULL;
    conn->box = NULL;
    conn_answer(conn, answer);
}

void http_batch_free(struct http_batch *batch)
{
    const struct http_answer answer = http_answer_error(503, "not counted; send it again", 1);
    if (!batch)
        return;
    http_batch_answer(batch, &answer);
    http_batch_drop(batch);
    source_unhold(box_of(batch)->source, HTTP_BATCH_BYTES);
    free(box_of(batch));
}
