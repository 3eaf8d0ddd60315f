/* Seeded randomness for property tests: LEEWAY_SEED or 1; the seed is printed. */
#ifndef LEEWAY_TESTS_STATS_RANDOM_H
#define LEEWAY_TESTS_STATS_RANDOM_H

#include <criterion/criterion.h>
#include <criterion/logging.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

struct random {
    uint64_t state;
};

static inline struct random random_start(void)
{
    const char *text = getenv("LEEWAY_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : 1;
    cr_log_info("LEEWAY_SEED=%llu", (unsigned long long)seed);
    return (struct random){seed};
}

/* splitmix64 */
static inline uint64_t random_bits(struct random *random)
{
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline double random_unit(struct random *random)
{
    return (double)(random_bits(random) >> 11) * 0x1p-53;
}

static inline double random_between(struct random *random, double low, double high)
{
    return low + (high - low) * random_unit(random);
}

static inline uint32_t random_below(struct random *random, uint32_t limit)
{
    return (uint32_t)(random_bits(random) % limit);
}

static inline double random_normal(struct random *random)
{
    return sqrt(-2 * log(1 - random_unit(random))) * cos(2 * M_PI * random_unit(random));
}

#endif
