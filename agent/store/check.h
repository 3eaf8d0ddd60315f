/* What no implementation of the store accepts: arithmetic that cannot be true, and misuse. Pure, so
 * that every implementation refuses the same. */
#ifndef LEEWAY_STORE_CHECK_H
#define LEEWAY_STORE_CHECK_H

#include "store/store.h"

/* 0, or ERR_INVALID with the partition and the numbers: offsets that go backwards, records that do
 * not account for every offset, a partition named twice, counts without an advance. An advance by
 * nothing is fine: it says whether the partition is idle. O(n²) in the partitions of one commit. */
int store_check_commit(const struct store_commit *commit, struct err *reterr);

/* 0, or ERR_INVALID: a partition without a topic, below 0 or named twice, a start before offset 0.
 * O(n²) in the partitions. */
int store_check_take(const struct store_take *takes, uint32_t count, struct err *reterr);

/* 0, or ERR_INVALID: no topic, more partitions than have a number. */
int store_check_expect(const char *topic, uint32_t count, struct err *reterr);

/* 0, or ERR_INVALID: a lease of less than nothing. */
int store_check_lease(int64_t lease_ms, struct err *reterr);

/* 0, or ERR_INVALID: a position that goes backwards or is none, a pane at or after it. */
int store_check_judged(const struct store_judged *judged, struct err *reterr);

/* 0, or ERR_INVALID: a state that is none. */
int store_check_delivery(const struct store_delivery_result *result, struct err *reterr);

/* 0, or ERR_INVALID: a limit of 0. */
int store_check_limit(uint32_t limit, struct err *reterr);

/* What a callback is told for a code: 0 done, ERR_CONFLICT fenced, ERR_UNAVAILABLE unavailable,
 * everything else failed. */
enum store_result store_result_of(int code);

/* Calls `done` (NULL: nobody) with the result of `code`; `err` is handed on if it is not 0. */
void store_tell(store_done_fn done, void *context, int code, const struct err *err);

/* "pending", "delivered", "parked", "dead", "dry_run", "suppressed", as stored. */
const char *delivery_state_name(enum delivery_state state);

#endif
