/* Coarse histograms as JSON. Labels of numbers are the bounds of the coarse cell, of categories the
 * level. */
#include "judge/histogram.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stats/divergence.h"

struct shares {
    const char *labels[BASELINE_COARSE_CELLS + 1];
    char text[BASELINE_COARSE_CELLS + 1][64];
    double base[BASELINE_COARSE_CELLS + 1], live[BASELINE_COARSE_CELLS + 1];
    uint32_t count;
};

/* Interior edges around the fine cells first..last of a coarse cell. */
static void label_number(const struct baseline_field *field, uint32_t first, uint32_t last,
                         char *ret, size_t size)
{
    uint32_t edges = field->cell_count - 1;
    if (first == 0 && last >= edges)
        snprintf(ret, size, "all");
    else if (first == 0)
        snprintf(ret, size, "< %.4g", field->edges[last]);
    else if (last >= edges)
        snprintf(ret, size, ">= %.4g", field->edges[first - 1]);
    else if (first == last && field->edges[last] - field->edges[first - 1] <= field->sd * 1e-9)
        snprintf(ret, size, "%.6g", field->edges[first - 1]);
    else
        snprintf(ret, size, "%.4g – %.4g", field->edges[first - 1], field->edges[last]);
}

static void label_cells(const struct layout *layout, uint32_t index, struct shares *ret)
{
    const struct baseline_field *field = &layout->baseline->fields[index];
    const uint32_t *coarse = layout->fields[index].coarse;
    for (uint32_t i = 0; i < field->cell_count; i++) {
        uint32_t group = coarse[i], last = i;
        if (i && coarse[i - 1] == group)
            continue;
        while (last + 1 < field->cell_count && coarse[last + 1] == group)
            last++;
        ret->labels[group] = ret->text[group];
        if (layout->fields[index].is_number)
            label_number(field, i, last, ret->text[group], sizeof ret->text[group]);
        else if (i < field->level_count && last == i)
            ret->labels[group] = field->levels[i];
        else
            snprintf(ret->text[group], sizeof ret->text[group], "%s",
                     i == field->cell_count - 1 ? "unseen" : "other");
    }
}

static void format_shares(struct shares *shares, struct text *text)
{
    json_t *labels = json_array(), *base = json_array(), *live = json_array();
    for (uint32_t i = 0; i < shares->count; i++) {
        json_array_append_new(labels, json_string(shares->labels[i] ? shares->labels[i] : ""));
        json_array_append_new(base, json_real(shares->base[i]));
        json_array_append_new(live, json_real(shares->live[i]));
    }
    json_t *object = json_pack("{s:o,s:o,s:o}", "labels", labels, "baseline", base, "live", live);
    char *dump = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(5));
    text_puts(text, dump ? dump : "{}");
    free(dump);
    json_decref(object);
}

/* Turns counts into shares of all records and adds the missing ones as the last cell. */
static void finish(struct shares *shares, uint32_t cells, double base_missing, double base_total,
                   double live_missing, double live_total, struct text *text)
{
    shares->count = cells + 1;
    shares->labels[cells] = "missing";
    shares->base[cells] = base_missing;
    shares->live[cells] = live_missing;
    for (uint32_t i = 0; i <= cells; i++) {
        shares->base[i] = base_total > 0 ? shares->base[i] / base_total : 0;
        shares->live[i] = live_total > 0 ? shares->live[i] / live_total : 0;
    }
    format_shares(shares, text);
}

void histogram_format(const struct counts *window, uint32_t field, struct text *text)
{
    const struct layout *layout = window->layout;
    const struct baseline_field *base = &layout->baseline->fields[field];
    const int64_t *live = counts_field_cells(window, field);
    struct shares shares;
    memset(&shares, 0, sizeof shares);
    label_cells(layout, field, &shares);
    for (uint32_t i = 0; i < base->cell_count; i++) {
        shares.base[layout->fields[field].coarse[i]] += (double)base->counts[i];
        shares.live[layout->fields[field].coarse[i]] += (double)live[i];
    }
    double values = (double)counts_total(live, base->cell_count), missing = 0;
    for (int i = 0; i < FIELD_NOT_VALUE; i++)
        missing += (double)counts_field_counter(window, field, (enum field_counter)i);
    finish(&shares, layout->fields[field].coarse_count, (double)(base->missing + base->invalid),
           (double)(base->valid + base->missing + base->invalid), missing, values + missing, text);
}

void histogram_format_segment(const struct counts *window, uint32_t segment, uint32_t value,
                              uint32_t field, struct text *text)
{
    const struct layout *layout = window->layout;
    const struct baseline_segment *base = &layout->baseline->segments[segment];
    const int64_t *live = counts_segment_cells(window, segment, value, field);
    size_t at = (size_t)value * layout->baseline->field_count + field;
    uint32_t cells = layout->fields[field].coarse_count;
    struct shares shares;
    memset(&shares, 0, sizeof shares);
    label_cells(layout, field, &shares);
    double base_total = (double)base->missing[at], live_total = (double)live[BASELINE_COARSE_CELLS];
    for (uint32_t i = 0; i < cells; i++) {
        shares.base[i] = (double)base->coarse[at * BASELINE_COARSE_CELLS + i];
        shares.live[i] = (double)live[i];
        base_total += shares.base[i];
        live_total += shares.live[i];
    }
    finish(&shares, cells, (double)base->missing[at], base_total,
           (double)live[BASELINE_COARSE_CELLS], live_total, text);
}
