/* A call to the store, and what the store reads and writes until it has answered. On the heap,
 * because the answer may come when whoever asked is gone. */
#ifndef LEEWAY_NOTIFY_CALL_H
#define LEEWAY_NOTIFY_CALL_H

#include "notify/delivery.h"
#include "store/store.h"

/* Those under way of one owner. `{0}` is none. */
struct calls {
    struct call *first;
};

struct call;

/* `call` is freed afterwards; its owner is there. May begin other calls. */
typedef void (*call_answer_fn)(struct call *call, enum store_result result, const struct err *err);

struct call {
    void *owner; /* NULL: gone. Row functions look, and want no more then */
    call_answer_fn answer;
    struct delivery *delivery; /* that the store reads; see call_hold */
    struct store_query query;
    char *receiver; /* ours */
    int64_t now_unix_ms, next_due_unix_ms, counts[DELIVERY_STATES];
    uint32_t lane;

    struct call *next, **link;
};

/* Hand it to the store as the context of call_done. Once that is done it may be gone already. */
struct call *notify_call_new(struct calls *calls, void *owner, call_answer_fn answer);
void call_done(void *call, enum store_result result, const struct err *err);

/* The store reads the delivery: it lives as long as the call, even without owner. */
void call_hold(struct call *call, struct delivery *delivery);

/* The owner goes: answers are not told any more. Deliveries that are held are the calls' then. */
void calls_forsake(struct calls *calls);

/* The store is closed and answers no more. */
void calls_drop(struct calls *calls);

#endif
