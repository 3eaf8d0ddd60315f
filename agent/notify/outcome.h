/* What an answer means for a delivery, and when to try again. Pure: time is passed in. */
#ifndef LEEWAY_NOTIFY_OUTCOME_H
#define LEEWAY_NOTIFY_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "store/store.h"

/* In order of weight: of several URLs of one receiver the greatest outcome is the delivery's. */
enum outcome {
    OUTCOME_DELIVERED, /* 2xx */
    OUTCOME_REJECTED, /* 400, 413, 422 and other 4xx: our message is wrong; dead after 3 attempts */
    OUTCOME_PARKED,   /* 401, 403, 404, 410, 3xx: the configuration is wrong; again every 15 min */
    OUTCOME_RETRY     /* no answer, 408, 425, 429, 5xx and what HTTP does not know */
};

enum {
    RETRY_CAP_MS = 5 * 60 * 1000,
    RETRY_AFTER_CAP_MS = 60 * 60 * 1000,
    PARKED_MS = 15 * 60 * 1000,
    REJECTED_ATTEMPTS = 3
};

/* `status` 0: no answer. */
enum outcome outcome_of_status(int32_t status);

/* 1 s * 2^(attempts - 1), +-50 %, never over 5 min. `attempts` (>= 1) counts the one that just
 * failed. The jitter is a hash of message and attempt: the same for the same two, so that a test
 * or a second reader can recompute it. */
int64_t outcome_backoff_ms(const char *message_id, uint32_t attempts);

/* The Retry-After header: seconds, or an HTTP date against `now`. At least 0, at most an hour.
 * False if it is neither; `ret_ms` is then unchanged. */
bool outcome_retry_after(struct bytes value, int64_t now_unix_ms, int64_t *ret_ms);

/* Fills state and next_attempt_unix_ms of `ret` from the outcome; `ret->attempts` must already
 * count this attempt. `retry_after_ms` < 0: the receiver did not say; a wait that it did say is
 * kept, but for one second at least, so that "0" is not a busy loop. */
void outcome_decide(enum outcome outcome, const char *message_id, int64_t retry_after_ms,
                    int64_t now_unix_ms, struct store_delivery_result *ret);

#endif
