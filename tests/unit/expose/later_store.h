/* A store whose answers come when the test says so: a queue in front of another one. Of the calls
 * it has those that the API makes. */
#ifndef TEST_EXPOSE_LATER_STORE_H
#define TEST_EXPOSE_LATER_STORE_H

#include "store/ops.h"

struct later_call;

struct later_store {
    struct store store; /* give its address away */
    struct store *behind;
    struct later_call *calls; /* not answered yet, the oldest first */
    uint32_t waiting, asked;  /* of these; ever */
};

void later_start(struct later_store *later, struct store *behind);

/* Answers those that wait now with what the store behind says. */
void later_answer(struct later_store *later);

/* Answers them with a failure. */
void later_fail(struct later_store *later, enum store_result result, int code);

/* Drops them without an answer, as store_close does. */
void later_drop(struct later_store *later);

/* For site_wait with the later_store: whether something waits. */
struct site;
bool later_waits(struct site *site, void *later);

#endif
