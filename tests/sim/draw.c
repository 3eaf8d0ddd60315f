/* xoshiro256++ (Blackman and Vigna) seeded by SplitMix64, and laws on top of it. */
#include "draw.h"

#include <math.h>

static uint64_t rotate(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

void draw_seed(struct draw *draw, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        uint64_t mixed = seed += 0x9e3779b97f4a7c15u;
        mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9u;
        mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
        draw->s[i] = mixed ^ mixed >> 31;
    }
}

static uint64_t next(struct draw *draw)
{
    uint64_t *s = draw->s, result = rotate(s[0] + s[3], 23) + s[0], t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

double draw_unit(struct draw *draw)
{
    return ((double)(next(draw) >> 12) + .5) * 0x1p-52;
}

/* Marsaglia's polar method; the second normal is thrown away, which keeps the state small. */
double draw_normal(struct draw *draw)
{
    double u, v, square;
    do {
        u = 2 * draw_unit(draw) - 1;
        v = 2 * draw_unit(draw) - 1;
        square = u * u + v * v;
    } while (square >= 1);
    return u * sqrt(-2 * log(square) / square);
}

/* Marsaglia and Tsang 2000. */
double draw_gamma(struct draw *draw, double shape)
{
    double d = shape - 1. / 3, c = 1 / sqrt(9 * d);
    for (;;) {
        double x = draw_normal(draw), v = 1 + c * x;
        if (v <= 0)
            continue;
        v = v * v * v;
        if (log(draw_unit(draw)) < .5 * x * x + d - d * v + d * log(v))
            return d * v;
    }
}

static int64_t invert(struct draw *draw, int64_t n, double p)
{
    double q = 1 - p, s = p / q, a = (double)(n + 1) * s, r = pow(q, (double)n);
    double u = draw_unit(draw);
    int64_t k = 0;
    while (u > r && k <= n) {
        u -= r;
        k++;
        r *= a / (double)k - s;
    }
    return k <= n ? k : n;
}

/* n p >= 10, p <= 1/2. */
static int64_t reject(struct draw *draw, int64_t count, double p)
{
    double n = (double)count, sd = sqrt(n * p * (1 - p));
    double b = 1.15 + 2.53 * sd, a = -.0873 + .0248 * b + .01 * p, c = n * p + .5;
    double v_r = .92 - 4.2 / b, alpha = (2.83 + 5.1 / b) * sd, odds = log(p / (1 - p));
    double m = floor((n + 1) * p), h = lgamma(m + 1) + lgamma(n - m + 1);
    for (;;) {
        double u = draw_unit(draw) - .5, v = draw_unit(draw), us = .5 - fabs(u);
        double k = floor((2 * a / us + b) * u + c);
        if (us >= .07 && v <= v_r)
            return (int64_t)k;
        if (k < 0 || k > n)
            continue;
        v = log(v * alpha / (a / (us * us) + b));
        if (v <= h - lgamma(k + 1) - lgamma(n - k + 1) + (k - m) * odds)
            return (int64_t)k;
    }
}

int64_t draw_binomial(struct draw *draw, int64_t n, double p)
{
    if (n <= 0 || p <= 0)
        return 0;
    if (p >= 1)
        return n;
    if (p > .5)
        return n - draw_binomial(draw, n, 1 - p);
    return (double)n * p < 10 ? invert(draw, n, p) : reject(draw, n, p);
}

void draw_multinomial(struct draw *draw, int64_t n, const double *shares, uint32_t count,
                      int64_t *ret_counts)
{
    double left = 0;
    for (uint32_t i = 0; i < count; i++) {
        left += shares[i];
        ret_counts[i] = 0;
    }
    for (uint32_t i = 0; i < count && n > 0; i++) {
        ret_counts[i] = i + 1 == count ? n : draw_binomial(draw, n, shares[i] / left);
        n -= ret_counts[i];
        left -= shares[i];
    }
}
