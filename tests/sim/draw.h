/* Random draws for the simulation: exact laws, the same numbers everywhere. */
#ifndef LEEWAY_SIM_DRAW_H
#define LEEWAY_SIM_DRAW_H

#include <stdint.h>

struct draw {
    uint64_t s[4];
};

void draw_seed(struct draw *draw, uint64_t seed);
double draw_unit(struct draw *draw); /* (0, 1) */
double draw_normal(struct draw *draw);
double draw_gamma(struct draw *draw, double shape); /* shape >= 1 */

/* Binomial, exactly: inversion for small means, else Hörmann's BTRS (1993). */
int64_t draw_binomial(struct draw *draw, int64_t n, double p);

/* n into `count` cells with these shares (they need not sum to 1), by binomial splitting. */
void draw_multinomial(struct draw *draw, int64_t n, const double *shares, uint32_t count,
                      int64_t *ret_counts);

#endif
