/* The quantile sketch; see the header for what it promises. Levels are made when they are first
 * needed, so the memory is that of the levels in use: 64 KiB each. */
#include "baseline/sketch.h"

#include <stdlib.h>

#include "base/mem.h"
#include "baseline/numbers.h"

enum { LEVELS = 63, LEVEL_CAPACITY = 2 * SKETCH_LEVEL_SIZE };

struct level {
    double *values;
    uint32_t size;
    bool keep_odd; /* which of each two goes up next time */
};

struct sketch {
    struct level levels[LEVELS];
    int64_t rows;
    double error_rows; /* sum of 2^h over all compactions; exact up to 2^53 */
};

struct sketch *sketch_new(void)
{
    return mem_new(1, sizeof(struct sketch));
}

void sketch_free(struct sketch *sketch)
{
    for (int h = 0; sketch && h < LEVELS; h++)
        free(sketch->levels[h].values);
    free(sketch);
}

static void level_add(struct level *level, double value)
{
    if (!level->values)
        level->values = mem_new(LEVEL_CAPACITY, sizeof(*level->values));
    level->values[level->size++] = value;
}

/* A level that is not full (less than SIZE) gets at most half of a level below, and so never holds
 * twice SIZE: s < SIZE + s' / 2 with s' < 2 SIZE. */
static void sketch_compact(struct sketch *sketch, int h)
{
    struct level *level = &sketch->levels[h];
    if (level->size < SKETCH_LEVEL_SIZE || h + 1 == LEVELS)
        return;
    uint32_t pairs = level->size / 2;
    bool left_over = level->size % 2;
    doubles_sort(level->values, level->size);
    for (uint32_t i = 0; i < pairs; i++)
        level_add(&sketch->levels[h + 1], level->values[2 * i + level->keep_odd]);
    level->values[0] = level->values[level->size - 1];
    level->size = left_over;
    level->keep_odd = !level->keep_odd;
    sketch->error_rows += (double)(INT64_C(1) << h);
    sketch_compact(sketch, h + 1);
}

void sketch_add(struct sketch *sketch, double value, int64_t weight)
{
    sketch->rows += weight;
    for (int h = 0; h < LEVELS && weight >> h; h++) {
        if (!((weight >> h) & 1))
            continue;
        level_add(&sketch->levels[h], value);
        sketch_compact(sketch, h);
    }
}

struct weighted_value *sketch_values(const struct sketch *sketch, size_t *ret_size)
{
    size_t size = 0;
    for (int h = 0; h < LEVELS; h++)
        size += sketch->levels[h].size;
    struct weighted_value *values = mem_new(size, sizeof(*values));
    size = 0;
    for (int h = 0; h < LEVELS; h++) {
        for (uint32_t i = 0; i < sketch->levels[h].size; i++)
            values[size++] = (struct weighted_value){sketch->levels[h].values[i], INT64_C(1) << h};
    }
    *ret_size = weighted_merge(values, size);
    return values;
}

double sketch_rank_error(const struct sketch *sketch)
{
    double share = sketch->rows ? sketch->error_rows / (double)sketch->rows : 0;
    return share < 1 ? share : 1;
}
