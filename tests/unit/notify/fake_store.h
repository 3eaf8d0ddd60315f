/* A scripted store for the tests of this folder: the part of store.h that notify calls, in memory.
 * Because it defines those functions the linker takes them from here and not from the real store.
 */
#ifndef TESTS_NOTIFY_FAKE_STORE_H
#define TESTS_NOTIFY_FAKE_STORE_H

#include "store/store.h"

enum { FAKE_ROWS = 64, FAKE_INCIDENTS = 1100 };

struct fake_row {
    struct store_delivery delivery; /* its strings are the test's */
    enum delivery_state state;
    int64_t next_unix_ms, created_unix_ms;
    int32_t http_status;
    uint32_t records; /* how often a result was written */
    char error[256];
};

struct store {
    struct fake_row rows[FAKE_ROWS];
    uint32_t row_count;
    struct store_incident incidents[FAKE_INCIDENTS];
    uint32_t incident_count;
    enum store_result record_result; /* what store_delivered answers, `record_failures` times */
    uint32_t record_failures;
    bool cannot_count, cannot_read;
    uint32_t due_calls;
};

/* Adds a pending row that is due at once; message id is "message-<id>". */
struct fake_row *fake_store_add(struct store *store, const char *receiver, const char *incident,
                                const char *event, uint32_t sequence, const char *payload);

#endif
