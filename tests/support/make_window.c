#include "support/make_window.h"

#include <math.h>
#include <string.h>

#include "stats/cells.h"

static void observe_number(const struct baseline *baseline, uint32_t field, double x,
                           struct observation *ret)
{
    struct cells cells = baseline_cells(&baseline->fields[field]);
    *ret = (struct observation){.cell = cells_find(&cells, x), .number = x};
}

/* A level drawn with the baseline's own shares. */
static uint32_t draw_level(const struct baseline_field *field, struct random *random)
{
    int64_t total = 0, at;
    for (uint32_t i = 0; i < field->level_count; i++)
        total += field->counts[i];
    at = (int64_t)(random_unit(random) * (double)total);
    for (uint32_t i = 0; i + 1 < field->level_count; i++)
        if ((at -= field->counts[i]) < 0)
            return i;
    return field->level_count - 1;
}

static uint32_t level_named(const struct baseline_field *field, const char *name)
{
    for (uint32_t i = 0; i < field->level_count; i++)
        if (!strcmp(field->levels[i], name))
            return i;
    return 0;
}

/* Values drawn again from the baseline's cells, so that nothing has changed when nothing is asked
 * for. */
static double draw_number(const struct baseline_field *field, struct random *random)
{
    int64_t at = (int64_t)(random_unit(random) * (double)field->valid);
    for (uint32_t i = 1; i + 1 < field->cell_count; i++)
        if ((at -= field->counts[i]) < 0)
            return field->edges[i - 1] +
                   random_unit(random) * (field->edges[i] - field->edges[i - 1]);
    return field->maximum;
}

struct counts *make_window(const struct layout *layout, const struct window_recipe *recipe,
                           struct random *random)
{
    const struct baseline *baseline = layout->baseline;
    const struct baseline_field *amount = &baseline->fields[0], *channel = &baseline->fields[2];
    struct counts *counts = counts_new(layout);
    double scale = recipe->scale > 0 ? recipe->scale : 1;
    for (int64_t i = 0; i < recipe->rows; i++) {
        struct observation o[4];
        double x = (draw_number(amount, random) - amount->mean) * scale + amount->mean +
                   recipe->shift * amount->sd;
        observe_number(baseline, 0, x, &o[0]);
        if (random_unit(random) < recipe->missing)
            o[0] = (struct observation){.cell = amount->cell_count + COUNT_MISSING};
        observe_number(baseline, 1, floor(draw_number(&baseline->fields[1], random)), &o[1]);
        uint32_t level = draw_level(channel, random);
        if (random_unit(random) < recipe->partner)
            level = level_named(channel, "partner");
        if (random_unit(random) < recipe->unseen)
            level = channel->cell_count - 1;
        o[2] = (struct observation){.cell = level};
        o[3] = (struct observation){.cell = draw_level(&baseline->fields[3], random)};
        counts_add_record(counts, o, 0);
    }
    return counts;
}
