/* The world that is simulated: fields with known laws, a baseline sampled from them, and the true
 * shares of the baseline's cells, unchanged or moved on purpose. */
#ifndef LEEWAY_SIM_WORLD_H
#define LEEWAY_SIM_WORLD_H

#include "draw.h"
#include "window/counts.h"

enum {
    WORLD_FIELDS_MAX = 512,
    WORLD_CELLS = 32, /* quantile cells of numbers: as many as tests ever use */
    WORLD_LEVELS_MAX = 50,
    WORLD_CELLS_MAX = WORLD_LEVELS_MAX + 4
};

/* How events follow each other. */
enum process {
    PROCESS_IID,
    PROCESS_AR,        /* normal, correlation 0.7 from one event to the next */
    PROCESS_DUPLICATED /* every event five times */
};

enum change {
    CHANGE_NONE,
    CHANGE_MEAN,     /* by `size` sd */
    CHANGE_SCALE,    /* sd times `size` */
    CHANGE_DEFAULT,  /* a share of `size` becomes the median */
    CHANGE_OUTLIERS, /* a share of `size` is 6 sd up */
    CHANGE_MISSING,  /* a share of `size` is missing */
    CHANGE_SHARES,   /* total variation `size` from the first level to the last */
    CHANGE_NEW_LEVEL /* a share of `size` is a level never seen */
};

enum law { LAW_NORMAL, LAW_LOGNORMAL, LAW_EXPONENTIAL, LAW_UNIFORM, LAW_T5, LAW_BIMODAL, LAWS };

struct world_field {
    bool is_number;
    enum law law;
    double levels[WORLD_LEVELS_MAX]; /* true shares of a category's levels */
    uint32_t level_count;
    int32_t cell_of[WORLD_LEVELS_MAX];
    double shares[WORLD_CELLS_MAX]; /* of the baseline's cells, then missing */
    double latest;                  /* AR: of the last event */
};

struct world {
    struct draw draw;
    enum process process;
    struct baseline *baseline;
    struct layout *layout;
    struct world_field *fields;
    uint32_t field_count;
};

struct world_spec {
    uint32_t fields; /* two thirds numbers of six laws, one third categories of 2 to 50 levels */
    int64_t rows;    /* of the baseline */
    enum process process;
    int64_t window_rows; /* > 0: design effects from windows of so many baseline rows */
    int64_t window_ms;
};

/* Draws a baseline. Free with world_release. */
void world_init(struct world *world, const struct world_spec *spec, uint64_t seed);
void world_release(struct world *world);

/* Moves one field. */
void world_change(struct world *world, uint32_t field, enum change change, double size);

/* Adds `n` events to counts (which are cleared first). */
void world_pane(struct world *world, int64_t n, struct counts *counts);

#endif
