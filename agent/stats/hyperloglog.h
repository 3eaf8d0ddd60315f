/* How many different values: HyperLogLog with 2^12 one-byte registers (Flajolet et al. 2007).
 * 4 KiB, the same for any order and any split of the stream, mergeable. */
#ifndef LEEWAY_STATS_HYPERLOGLOG_H
#define LEEWAY_STATS_HYPERLOGLOG_H

#include <stdbool.h>
#include <stdint.h>

enum { HYPERLOGLOG_REGISTERS = 4096, HYPERLOGLOG_RANK_MAX = 53 };

/* A plain value; `{0}` is empty. The registers may be stored as they are. */
struct hyperloglog {
    uint8_t registers[HYPERLOGLOG_REGISTERS]; /* 0 .. HYPERLOGLOG_RANK_MAX */
};

/* Adds a value by a hash of it whose 64 bits are all equally good (base/hash.h). Adding one again
 * changes nothing. */
void hyperloglog_add(struct hyperloglog *sketch, uint64_t hash);

/* `sketch` becomes that of both streams: register by register the larger. */
void hyperloglog_merge(struct hyperloglog *sketch, const struct hyperloglog *other);

/* Estimated number of different values, >= 0, finite. Up to 3100 by linear counting (Whang et al.
 * 1990; the limit is that of Heule, Nunkesser and Hall 2013), standard error at most 1.3 %; above
 * by Ertl's improved estimator ("New cardinality estimation algorithms for HyperLogLog sketches",
 * 2017, algorithm 6), which has no bias to be corrected by tables, standard error 1.04 / 64 = 1.6
 * %. Valid to about 1e17. Cost: one pass over the registers. */
double hyperloglog_estimate(const struct hyperloglog *sketch);

/* False if a register has a rank that no hash gives: bytes that are not such a sketch. */
bool hyperloglog_check(const struct hyperloglog *sketch);

#endif
