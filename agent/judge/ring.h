/* A ring of yes/no answers, one for each hop of a rolling window, for "k of the last n
 * non-overlapping windows".
 *
 * Windows move by a twelfth, so answers twelve hops apart come from windows that share no record.
 */
#ifndef LEEWAY_JUDGE_RING_H
#define LEEWAY_JUDGE_RING_H

#include <stdbool.h>
#include <stdint.h>

enum { RING_HOPS = 12, RING_WINDOWS_MAX = 5 };

struct ring {
    int64_t end_ms; /* end of the newest window; meaningless when `known` is 0 */
    uint64_t bits;  /* bit i: the answer i hops ago */
    uint32_t known; /* answers since the last one before which all were no, at most 64; hops without
                       an answer count as no */
};

/* Adds the answer of the window that ends at `end_ms` (ascending). An end between two hops counts
 * as the earlier one, and of two answers for one hop a yes stays: the e-detector answers between
 * windows. */
void ring_push(struct ring *ring, int64_t end_ms, int64_t hop_ms, bool answer);

/* How many of the newest `windows` (<= RING_WINDOWS_MAX) non-overlapping windows said yes. */
uint32_t ring_hits(const struct ring *ring, uint32_t windows);

#endif
