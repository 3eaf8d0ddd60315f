/* An outbox row while notify has it in hand. */
#ifndef LEEWAY_NOTIFY_DELIVERY_H
#define LEEWAY_NOTIFY_DELIVERY_H

#include "notify/attempt.h"

/* The diagram is in notify.c. */
enum delivery_stage { STAGE_TAKEN, STAGE_ASKING, STAGE_SENDING, STAGE_SETTLED, STAGE_RECORDING };

struct lane;

struct delivery {
    enum delivery_stage stage;
    struct store_delivery row; /* its strings are ours */
    struct store_delivery_result result;
    struct lane *lane;       /* NULL: its receiver is not in the configuration */
    struct attempt *attempt; /* STAGE_SENDING only */
    struct delivery *next;   /* in the list of results to be written */
    bool held;               /* a call to the store reads it: not to be freed */
    int64_t recent;          /* STAGE_ASKING: how many were delivered within the cooldown */
    char error[200];         /* of the result; empty: none */
};

/* A copy of `row` in STAGE_TAKEN. */
struct delivery *delivery_new(const struct store_delivery *row, struct lane *lane);
void delivery_free(struct delivery *delivery); /* ends its attempt; takes NULL */

/* Whether `stage` may follow the present one. */
bool delivery_may_enter(const struct delivery *delivery, enum delivery_stage stage);

/* Goes on to `stage`; ends the process if that is not in the diagram. */
void delivery_enter(struct delivery *delivery, enum delivery_stage stage);

/* One log line about the result: receiver, incident, state, redacted error. */
void delivery_log(const struct delivery *delivery);

/* Which replicas have accepted rows that others have not, for the last few rows; 0: none known.
 * Forgetting one is harmless. `{0}` is empty. */
enum { PARTIALS_MAX = 64 };

struct partials {
    struct {
        int64_t id;
        uint64_t accepted;
    } rows[PARTIALS_MAX];
    uint32_t next;
};

uint64_t partials_get(const struct partials *partials, int64_t id);
void partials_set(struct partials *partials, int64_t id, uint64_t accepted); /* 0: forget */

#endif
