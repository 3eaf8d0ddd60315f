/* A scripted store for the tests of this folder: an implementation (store/ops.h) of what notify
 * calls, in memory. It answers at once, or when the test says so; and it can be away. */
#ifndef TESTS_NOTIFY_FAKE_STORE_H
#define TESTS_NOTIFY_FAKE_STORE_H

#include "store/ops.h"

enum { FAKE_ROWS = 64, FAKE_INCIDENTS = 1100 };

struct fake_row {
    struct store_delivery delivery; /* its strings are the test's */
    enum delivery_state state;
    int64_t next_unix_ms, created_unix_ms;
    int32_t http_status;
    uint32_t records; /* how often a result was written */
    char error[256];
};

enum fake_kind {
    FAKE_DUE,
    FAKE_NEXT_DUE,
    FAKE_DELIVERED,
    FAKE_COUNTS,
    FAKE_INCIDENTS_OF,
    FAKE_KINDS
};

struct fake_call;

struct fake_store {
    struct store store; /* give its address away */
    struct fake_row rows[FAKE_ROWS];
    uint32_t row_count;
    struct store_incident incidents[FAKE_INCIDENTS];
    uint32_t incident_count;
    enum store_result answers[FAKE_KINDS]; /* STORE_DONE, or what calls of the kind fail with, */
    uint32_t failures[FAKE_KINDS];         /* for so many times; 0: always */
    uint32_t asked[FAKE_KINDS];            /* so often */
    uint32_t guards_asked;                 /* FAKE_COUNTS of a span, not of everything */
    bool later;                            /* answers wait for fake_store_answer */
    struct fake_call *calls;               /* that wait, the oldest first */
    uint32_t waiting;
};

void fake_store_start(struct fake_store *fake);

/* Adds a pending row that is due at once; message id is "message-<id>". */
struct fake_row *fake_store_add(struct fake_store *fake, const char *receiver, const char *incident,
                                const char *event, uint32_t sequence, const char *payload);

/* Answers the calls that wait now, in order. */
void fake_store_answer(struct fake_store *fake);

/* Drops them, as store_close does. */
void fake_store_drop(struct fake_store *fake);

#endif
