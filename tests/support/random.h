/* Pseudo-random numbers for property tests: printed seed, same numbers everywhere. */
#ifndef LEEWAY_SUPPORT_RANDOM_H
#define LEEWAY_SUPPORT_RANDOM_H

#include <stdint.h>

struct random {
    uint64_t state;
};

/* The seed is LEEWAY_SEED if set, else `seed`; it is printed, so that a failure can be repeated. */
struct random random_new(uint64_t seed);

uint64_t random_next(struct random *random);
uint32_t random_below(struct random *random, uint32_t limit); /* 0 .. limit-1 */
double random_unit(struct random *random);                    /* [0, 1) */
double random_normal(struct random *random);                  /* mean 0, sd 1, nearly */

#endif
