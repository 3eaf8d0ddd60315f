/* SplitMix64 (Steele, Lea, Flood 2014): one word of state, good enough to shake a table. */
#include "support/random.h"

#include <stdio.h>
#include <stdlib.h>

struct random random_new(uint64_t seed)
{
    const char *text = getenv("LEEWAY_SEED");
    struct random random = {text ? strtoull(text, NULL, 0) : seed};
    fprintf(stderr, "LEEWAY_SEED=%llu\n", (unsigned long long)random.state);
    return random;
}

uint64_t random_next(struct random *random)
{
    uint64_t mixed = random->state += 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
    return mixed ^ mixed >> 31;
}

uint32_t random_below(struct random *random, uint32_t limit)
{
    return (uint32_t)(random_next(random) >> 33) % limit;
}

double random_unit(struct random *random)
{
    return (double)(random_next(random) >> 11) * 0x1p-53;
}

double random_normal(struct random *random)
{
    double sum = 0;
    for (int i = 0; i < 12; i++)
        sum += random_unit(random);
    return sum - 6;
}
