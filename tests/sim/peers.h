/* What other tools' default rules say of the same window, for the table to compare with. */
#ifndef LEEWAY_SIM_PEERS_H
#define LEEWAY_SIM_PEERS_H

#include "world.h"

enum peer {
    PEER_P,       /* any field with p <= 0.05: KS for numbers, chi-squared for categories */
    PEER_P_BH,    /* any field left by Benjamini-Hochberg at 0.05 */
    PEER_PSI,     /* any field with PSI > 0.1 on deciles or levels */
    PEER_COLUMN,  /* any field with W1/sd >= 0.1 (numbers), JS distance >= 0.1 (categories); if the
                     baseline has at most 1,000 rows PEER_P: Evidently's default of a column */
    PEER_DATASET, /* the same for at least half of the fields: Evidently's default of a data set */
    PEERS
};

/* Bit (1 << enum peer) for each rule that says "drift". With `only` >= 0: for that field alone,
 * among all. */
uint32_t peers_judge(const struct world *world, const struct counts *window, int only);

#endif
