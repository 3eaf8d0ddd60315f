/* One attempt of one delivery: rendered once, posted to every URL that has not accepted it yet, all
 * answers weighed into one outcome. */
#ifndef LEEWAY_NOTIFY_ATTEMPT_H
#define LEEWAY_NOTIFY_ATTEMPT_H

#include "notify/outcome.h"
#include "notify/receiver.h"

struct attempt;

struct attempt_result {
    enum outcome outcome;
    int32_t status;         /* of the answer that decided; 0: none */
    int64_t retry_after_ms; /* the longest that was asked for; -1: none */
    bool throttled;         /* the receiver asked for fewer requests: 429 or Retry-After */
    uint64_t accepted;      /* bit for each URL that has accepted, now or before */
    char error[200];        /* one line without URL or secret; empty if delivered */
};

typedef void (*attempt_done_fn)(void *context, const struct attempt_result *result);

struct attempt_input {
    const struct receiver *receiver;
    const struct store_delivery *delivery;
    const char *external_url;
    uint64_t accepted;
    int64_t now_unix_ms;
};

/* Everything in `input` must stay until `done`, which is called once, later, from the loop. NULL
 * and ERR_INVALID if the payload cannot be rendered. */
struct attempt *attempt_new(struct http_client *http, const struct attempt_input *input,
                            attempt_done_fn done, void *context, struct err *reterr);

/* Ends an attempt whose `done` was not called. Takes NULL. */
void attempt_free(struct attempt *attempt);

#endif
