/* HyperLogLog: the longest run of leading zeros in each of 4096 parts of the hashes tells how many
 * there were.
 *
 * Assumes good hashes; a value that repeats costs nothing. The textbook estimator is biased where
 * registers are few-valued (up to 5 times their number) and needs empirical tables; Ertl's uses the
 * counts of all ranks and corrects both ends in closed form. */
#include "stats/hyperloglog.h"

#include <math.h>

enum { INDEX_BITS = 12, RANK_BITS = 64 - INDEX_BITS };
static const double linear_max = 3100;

void hyperloglog_add(struct hyperloglog *sketch, uint64_t hash)
{
    uint64_t rest = hash << INDEX_BITS;
    uint8_t rank = (uint8_t)(rest ? __builtin_clzll(rest) + 1 : RANK_BITS + 1);
    uint8_t *at = &sketch->registers[hash >> RANK_BITS];
    if (rank > *at)
        *at = rank;
}

void hyperloglog_merge(struct hyperloglog *sketch, const struct hyperloglog *other)
{
    for (int i = 0; i < HYPERLOGLOG_REGISTERS; i++) {
        if (other->registers[i] > sketch->registers[i])
            sketch->registers[i] = other->registers[i];
    }
}

/* x + sum 2^(k-1) x^(2^k) for 0 <= x < 1: what empty registers add. */
static double small_term(double x)
{
    double power = x, weight = 1, sum = x;
    for (double before = -1; sum > before;) {
        before = sum;
        power *= power;
        sum += power * weight;
        weight += weight;
    }
    return sum;
}

/* (1 - x - sum 2^-k (1 - x^(2^-k))^2) / 3 for 0 <= x <= 1: what saturated registers take. */
static double large_term(double x)
{
    if (!(x > 0 && x < 1))
        return 0;
    double root = x, weight = 1, sum = 1 - x;
    for (double before = 2; sum < before;) {
        before = sum;
        root = sqrt(root);
        weight *= 0.5;
        sum -= (1 - root) * (1 - root) * weight;
    }
    return sum / 3;
}

double hyperloglog_estimate(const struct hyperloglog *sketch)
{
    const double m = HYPERLOGLOG_REGISTERS;
    uint32_t ranks[256] = {0};
    for (int i = 0; i < HYPERLOGLOG_REGISTERS; i++)
        ranks[sketch->registers[i]]++;
    double linear = ranks[0] > 0 ? m * log(m / ranks[0]) : HUGE_VAL;
    if (linear <= linear_max)
        return linear;
    double z = m * large_term(1 - ranks[HYPERLOGLOG_RANK_MAX] / m);
    for (int rank = RANK_BITS; rank >= 1; rank--)
        z = 0.5 * (z + ranks[rank]);
    z += m * small_term(ranks[0] / m);
    /* All registers saturated: z is 0, and the answer "more than can be told". */
    return m * m / (2 * M_LN2 * fmax(z, 0x1p-60));
}

bool hyperloglog_check(const struct hyperloglog *sketch)
{
    for (int i = 0; i < HYPERLOGLOG_REGISTERS; i++) {
        if (sketch->registers[i] > HYPERLOGLOG_RANK_MAX)
            return false;
    }
    return true;
}
