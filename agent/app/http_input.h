/* HTTP input: batches of the HTTP source into the pump, answered once they are committed.
 *
 * Positions. A record's topic is the monitor's; its partition says who counts it. Batches that are
 * not numbered are partition `http.partition` of this agent, with offsets that go on where the
 * store is: at least once, since a client that lost its answer sends again. A client that numbers
 * its batches has a partition of its own (1 to 1023): what the store has already is dropped by its
 * offset, and a batch that begins beyond the next expected offset is refused (409), so that
 * nothing can be lost between two batches: exactly once.
 *
 * A batch is queued ─► offered record by record ─► waits for a commit ─► is answered 200.
 * While batches wait, a commit is asked for `http.linger` after the first of them, or at once when
 * HTTP_INPUT_HURRY records wait. One that has waited for HTTP_INPUT_PATIENCE_MS is answered 503,
 * and so is every new one until the store answers again. What was counted of them stays counted. */
#ifndef LEEWAY_APP_HTTP_INPUT_H
#define LEEWAY_APP_HTTP_INPUT_H

#include "app/ingest.h"
#include "expose/families.h"
#include "source/http.h"

enum {
    HTTP_INPUT_HURRY = 1000,        /* records */
    HTTP_INPUT_PATIENCE_MS = 10000, /* of a batch */
    HTTP_INPUT_SILENT_MS = 60000,   /* then a partition is idle; a new one is so at once */
    HTTP_INPUT_PARTITIONS_MAX = 4096
};

struct event_base;
struct http_input;

/* What it needs of store, ingest and pump. All are needed. None may call http_input_committed or
 * http_input_fenced before it returns; `list` and `take` may call `done`. */
struct http_input_hooks {
    void *context;
    bool alone; /* no other agent shares the store: all partitions in it are this agent's */
    void (*list)(void *context, store_partition_fn row, void *row_context, store_done_fn done,
                 void *done_context); /* as store_partitions; one at a time */
    void (*take)(void *context, struct ingest_want *wants, uint32_t count, store_done_fn done,
                 void *done_context); /* as ingest_take; one at a time */
    enum ingest_result (*offer)(void *context, const struct record *record); /* as pump_offer */
    void (*idle)(void *context, const char *topic, int32_t partition);       /* as ingest_idle */
    void (*release)(void *context);     /* gives up all partitions, as ingest_release */
    bool (*flushed)(void *context);     /* as pump_is_flushed */
    void (*soon)(void *context);        /* step the pump soon, and then tick */
    void (*commit_soon)(void *context); /* the same, and commit at that step */
    void (*ready)(void *context);       /* once: the partitions that are this agent's already are
                                           taken, so what is final may be judged */
};

/* Listens on config->http.listen, for the topics of all monitors. Takes what the store knows of
 * this agent's partitions: `http.partition` of each topic, or all of them if it is alone, so that
 * those whose clients do not come back become idle. Others are taken with their first batch.
 * `config` is borrowed. NULL with ERR_INVALID or ERR_IO as http_source_new. */
struct http_input *http_input_new(const struct config *config, struct event_base *base,
                                  const struct http_input_hooks *hooks, struct err *reterr);

/* Batches that are not answered are answered 503. Takes NULL. */
void http_input_free(struct http_input *input);

/* After each turn of the pump. */
void http_input_tick(struct http_input *input, struct loop_time now);

/* Everything that was offered before is committed: answers who waits. */
void http_input_committed(struct http_input *input);

/* Somebody else has taken one of the partitions; what was not committed is dropped. Answers who
 * waits 503 and takes the partitions again. */
void http_input_fenced(struct http_input *input);

/* No more requests; offers what is queued. Before an orderly end: then pump_stop. */
void http_input_stop(struct http_input *input);

/* True if no call to the store is under way: only then may it be freed before the store. */
bool http_input_is_quiet(const struct http_input *input);

/* "ok", or what it waits for. It does not decide about readiness: a sidecar is ready as soon as it
 * listens, and says by its answers when it cannot count. */
const char *http_input_state(const struct http_input *input);

uint16_t http_input_port(const struct http_input *input);
bool http_input_is_local(const struct http_input *input);

/* Answers, events, connections, bytes that wait. */
void http_input_metrics(const struct http_input *input, struct families *families);

#endif
