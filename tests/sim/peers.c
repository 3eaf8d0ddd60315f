/* Distances are computed from the same 32 cells that leeway is given: the tools themselves would
 * read the rows. W1 takes F - G as straight between the edges. */
#include "peers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "stats/divergence.h"
#include "stats/evidence.h"
#include "stats/special.h"

struct peer_field {
    double log_p, psi, column;
};

static double shares_difference(const int64_t *b, const int64_t *c, double m, double n, uint32_t i)
{
    return (double)b[i] / m - (double)c[i] / n;
}

static void peer_number(const struct baseline_field *field, const int64_t *c,
                        struct peer_field *ret)
{
    uint32_t group[CELLS_MAX], groups = cells_group(field->counts, field->cell_count, 10, group);
    int64_t base[10] = {0}, live[10] = {0};
    double m = (double)field->valid, n = (double)counts_total(c, field->cell_count);
    double difference = 0, largest = 0, area = 0, last = 0;
    for (uint32_t i = 0; i < field->cell_count; i++) {
        base[group[i]] += field->counts[i];
        live[group[i]] += c[i];
        difference += shares_difference(field->counts, c, m, n, i);
        largest = fmax(largest, fabs(difference));
        if (i && i + 1 < field->cell_count)
            area += .5 * (fabs(difference) + fabs(last)) * (field->edges[i] - field->edges[i - 1]);
        last = difference;
    }
    ret->log_p = log(kolmogorov_sf(largest, n * m / (n + m)));
    ret->psi = divergence_psi(base, live, groups);
    ret->column = area / field->sd;
}

static void peer_category(const struct baseline_field *field, const int64_t *c,
                          struct peer_field *ret)
{
    uint32_t cells = field->cell_count;
    double m = (double)counts_total(field->counts, cells), n = (double)counts_total(c, cells);
    double x2 = 0, df = -1;
    for (uint32_t i = 0; i < cells; i++) {
        double both = (double)(field->counts[i] + c[i]) / (m + n);
        double d = shares_difference(field->counts, c, m, n, i);
        x2 += both > 0 ? d * d / both : 0;
        df += both > 0;
    }
    ret->log_p = df > 0 ? chi2_log_sf(x2 * n * m / (n + m), df) : 0;
    ret->psi = divergence_psi(field->counts, c, field->level_count);
    ret->column = distance_js(field->counts, c, cells) * sqrt(M_LN2); /* natural logarithms */
}

static bool column_drifts(const struct baseline_field *field, const struct peer_field *peer)
{
    return field->valid <= 1000 ? peer->log_p <= log(.05) : peer->column >= .1;
}

uint32_t peers_judge(const struct world *world, const struct counts *window, int only)
{
    const struct baseline *baseline = world->baseline;
    double *log_p = mem_new(world->field_count, sizeof *log_p);
    bool *reject = mem_new(world->field_count, sizeof *reject);
    uint32_t says = 0, columns = 0;
    for (uint32_t i = 0; i < world->field_count; i++) {
        struct peer_field peer;
        const struct baseline_field *field = &baseline->fields[i];
        const int64_t *live = counts_field_cells(window, i);
        if (world->fields[i].is_number)
            peer_number(field, live, &peer);
        else
            peer_category(field, live, &peer);
        log_p[i] = peer.log_p;
        columns += column_drifts(field, &peer);
        if (only >= 0 && only != (int)i)
            continue;
        says |= (peer.log_p <= log(.05)) ? 1u << PEER_P : 0;
        says |= peer.psi > .1 ? 1u << PEER_PSI : 0;
        says |= column_drifts(field, &peer) ? 1u << PEER_COLUMN : 0;
    }
    benjamini_hochberg(log_p, world->field_count, .05, reject);
    for (uint32_t i = 0; i < world->field_count; i++)
        if (reject[i] && (only < 0 || only == (int)i))
            says |= 1u << PEER_P_BH;
    if (2 * columns >= world->field_count)
        says |= 1u << PEER_DATASET;
    free(log_p);
    free(reject);
    return says;
}
