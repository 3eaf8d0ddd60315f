/* The verdicts as families: one line a number for each field, and totals a window. If there is no
 * room for all, a field is written whole or not at all: all records before segments, then by how
 * far it drifts, so that what is left out is what says least. */
#include "app/metrics_verdicts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_FAMILIES = 7, STATES = STATE_SILENT + 1 };

static const struct family score_family = {
    "leeway_field_score", FAMILY_GAUGE, NULL,
    "Distance of a field's latest window from its baseline, by method."};
static const struct family floor_family = {
    "leeway_field_score_noise_floor", FAMILY_GAUGE, NULL,
    "What the score is expected to be at these sample sizes if nothing has changed."};
static const struct family value_families[VALUE_FAMILIES] = {
    {"leeway_field_effect", FAMILY_GAUGE, NULL,
     "Size of the change without what noise adds, on the scale of PSI."},
    {"leeway_field_effect_lower", FAMILY_GAUGE, NULL,
     "Lower 95 % limit of the effect; severity is judged by it."},
    {"leeway_field_p_value", FAMILY_GAUGE, NULL,
     "How likely such a window is if the change is negligible; 1 if no test applied."},
    {"leeway_field_state", FAMILY_GAUGE, NULL,
     "0 ok, 1 drift, 2 insufficient, 3 incomplete, 4 learning, 5 silent."},
    {"leeway_field_severity", FAMILY_GAUGE, NULL,
     "Of the latest window alone: 0 none, 1 notice, 2 low, 3 medium, 4 high."},
    {"leeway_field_records", FAMILY_GAUGE, NULL,
     "Records in the window, with and without a value."},
    {"leeway_field_missing_ratio", FAMILY_GAUGE, "ratio",
     "Share of the window's records without a value."},
};

static double value_at(const struct verdict_values *values, int family)
{
    const double all[VALUE_FAMILIES] = {
        values->effect,        values->effect_low,       values->p,
        (double)values->state, (double)values->severity, (double)values->n,
        values->missing_ratio};
    return all[family];
}

/* How many lines the series takes. */
static uint32_t cost_of(const struct verdict_values *values)
{
    uint32_t lines = 0;
    for (int i = 0; i < VALUE_FAMILIES; i++)
        lines += (uint32_t)!isnan(value_at(values, i));
    for (int i = 0; i < SCORE_KINDS; i++)
        lines += (uint32_t)!isnan(values->scores[i]) + (uint32_t)!isnan(values->noise_floors[i]);
    return lines;
}

/* ---- choosing ---- */

struct ranked {
    const struct verdict_series *series;
    uint32_t index;
};

static int by_importance(const void *first, const void *second)
{
    const struct ranked *a = first, *b = second;
    const struct verdict_values *x = &a->series->values, *y = &b->series->values;
    bool a_part = a->series->key.segment[0], b_part = b->series->key.segment[0];
    if (a_part != b_part)
        return a_part - b_part;
    if (x->severity != y->severity)
        return x->severity < y->severity ? 1 : -1;
    if (x->effect_low > y->effect_low || x->effect_low < y->effect_low)
        return x->effect_low < y->effect_low ? 1 : -1;
    return a->index < b->index ? -1 : 1;
}

/* True for each series that is written; whole series, as many as there is room for. */
static bool *choose(const struct verdict_series *const *series, uint32_t count, uint32_t room)
{
    bool *chosen = mem_new(count, sizeof *chosen);
    uint64_t wanted = 0;
    for (uint32_t i = 0; i < count; i++) {
        chosen[i] = true;
        wanted += cost_of(&series[i]->values);
    }
    if (wanted <= room)
        return chosen;
    struct ranked *ranked = mem_new(count, sizeof *ranked);
    for (uint32_t i = 0; i < count; i++)
        ranked[i] = (struct ranked){series[i], i};
    qsort(ranked, count, sizeof *ranked, by_importance);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t cost = cost_of(&ranked[i].series->values);
        chosen[ranked[i].index] = cost <= room;
        room = cost <= room ? room - cost : 0;
    }
    free(ranked);
    return chosen;
}

/* ---- writing ---- */

static void render_labels(const struct verdict_key *key, const struct setup *setup,
                          struct text *text)
{
    char window[24];
    const struct label labels[] = {{"monitor", setup->monitors[key->monitor].config->name},
                                   {"version", key->version},
                                   {"segment", key->segment},
                                   {"field", key->field},
                                   {"window", duration_format(key->window_ms, window)}};
    families_labels(labels, sizeof labels / sizeof *labels, text);
}

struct writing {
    const struct verdict_series *const *series;
    uint32_t count;
    const bool *chosen;
    const struct bytes *labels; /* of those that are chosen, rendered */
    struct families *families;
};

static void write_value(const struct writing *writing, uint32_t index, const char *method,
                        double value)
{
    if (isnan(value))
        return;
    if (writing->chosen[index])
        families_add_of(writing->families, writing->labels[index], (struct label){"method", method},
                        value);
    else
        families_drop(writing->families, 1);
}

static void write_scores(const struct writing *writing, const struct family *family, bool floors)
{
    families_begin(writing->families, family);
    for (uint32_t i = 0; i < writing->count; i++) {
        const struct verdict_values *values = &writing->series[i]->values;
        for (int k = 0; k < SCORE_KINDS; k++)
            write_value(writing, i, score_name((enum score_kind)k),
                        floors ? values->noise_floors[k] : values->scores[k]);
    }
}

/* ---- totals of a window ---- */

/* What the series of one (monitor, version, window) add up to. */
struct group {
    struct verdict_key key; /* without segment and field */
    int64_t end_ms, n;
    int64_t states[2][STATES]; /* all records; segments */
    bool has_segments;
};

struct groups {
    struct group *items;
    uint32_t count, capacity;
};

static bool in_group(const struct group *group, const struct verdict_key *key)
{
    return group->key.monitor == key->monitor && group->key.window_ms == key->window_ms &&
           !strcmp(group->key.version, key->version);
}

static struct group *group_of(struct groups *groups, const struct verdict_key *key)
{
    for (uint32_t i = groups->count; i-- > 0;) /* mostly the last */
        if (in_group(&groups->items[i], key))
            return &groups->items[i];
    if (groups->count == groups->capacity) {
        groups->capacity = groups->capacity ? groups->capacity * 2 : 16;
        groups->items = mem_resize(groups->items, groups->capacity, sizeof *groups->items);
    }
    groups->items[groups->count] = (struct group){.key = *key, .end_ms = TIME_NONE};
    return &groups->items[groups->count++];
}

static void groups_add(struct groups *groups, const struct verdict_series *series)
{
    struct group *group = group_of(groups, &series->key);
    bool part = series->key.segment[0];
    group->states[part][series->values.state]++;
    group->has_segments |= part;
    group->end_ms = series->end_ms > group->end_ms ? series->end_ms : group->end_ms;
    if (!part && series->values.n > group->n)
        group->n = series->values.n;
}

static void group_labels(const struct group *group, const struct setup *setup, char *window,
                         struct label labels[3])
{
    labels[0] = (struct label){"monitor", setup->monitors[group->key.monitor].config->name};
    labels[1] = (struct label){"version", group->key.version};
    labels[2] = (struct label){"window", duration_format(group->key.window_ms, window)};
}

static void write_states(const struct groups *groups, const struct setup *setup,
                         const struct family *family, bool part, struct families *families)
{
    families_begin(families, family);
    for (uint32_t i = 0; i < groups->count; i++) {
        const struct group *group = &groups->items[i];
        struct label labels[4];
        char window[24];
        if (part && !group->has_segments)
            continue;
        group_labels(group, setup, window, labels);
        for (int state = 0; state < STATES; state++) {
            labels[3] = (struct label){"state", verdict_state_name((enum verdict_state)state)};
            families_add_whole(families, labels, 4, group->states[part][state]);
        }
    }
}

static void write_groups(const struct groups *groups, const struct setup *setup,
                         struct families *families)
{
    static const struct family
        end = {"leeway_window_end_timestamp_seconds", FAMILY_GAUGE, "seconds",
               "Event time at which the latest window ends."},
        records = {"leeway_window_records", FAMILY_GAUGE, NULL, "Records in the latest window."},
        fields = {"leeway_window_fields", FAMILY_GAUGE, NULL,
                  "Fields of the latest window by the state of their verdict."},
        parts = {"leeway_window_segment_fields", FAMILY_GAUGE, NULL,
                 "Pairs of segment value and field by the state of their verdict."};
    struct label labels[3];
    char window[24];
    families_begin(families, &end);
    for (uint32_t i = 0; i < groups->count; i++) {
        group_labels(&groups->items[i], setup, window, labels);
        families_add_ms(families, labels, 3, groups->items[i].end_ms);
    }
    families_begin(families, &records);
    for (uint32_t i = 0; i < groups->count; i++) {
        group_labels(&groups->items[i], setup, window, labels);
        families_add_whole(families, labels, 3, groups->items[i].n);
    }
    write_states(groups, setup, &fields, false, families);
    write_states(groups, setup, &parts, true, families);
}

static void write_families(const struct writing *writing)
{
    for (int k = 0; k < VALUE_FAMILIES; k++) {
        families_begin(writing->families, &value_families[k]);
        for (uint32_t i = 0; i < writing->count; i++)
            write_value(writing, i, NULL, value_at(&writing->series[i]->values, k));
    }
    write_scores(writing, &score_family, false);
    write_scores(writing, &floor_family, true);
}

/* Each series is in a dozen families: its labels are made once. */
static void write_fields(const struct verdict_series *const *series, uint32_t count,
                         const struct setup *setup, struct families *families)
{
    bool *chosen = choose(series, count, families_room(families));
    struct bytes *labels = mem_new(count, sizeof *labels);
    size_t *ends = mem_new(count, sizeof *ends);
    struct text text = {0};
    text_puts(&text, ""); /* so that there is something to point into */
    for (uint32_t i = 0; i < count; i++) {
        if (chosen[i])
            render_labels(&series[i]->key, setup, &text);
        ends[i] = text.size;
    }
    for (uint32_t i = 0; i < count; i++) {
        size_t begin = i ? ends[i - 1] : 0;
        labels[i] = bytes_make(text.data + begin, ends[i] - begin);
    }
    const struct writing writing = {series, count, chosen, labels, families};
    write_families(&writing);
    text_release(&text);
    free(ends);
    free(labels);
    free(chosen);
}

void verdict_book_write(const struct verdict_book *book, const struct setup *setup,
                        bool (*shown)(const void *context, const struct verdict_series *series),
                        const void *context, struct families *families)
{
    const struct verdict_series **series = mem_new(book->count, sizeof *series);
    struct groups groups = {0};
    uint32_t count = 0;
    for (uint32_t i = 0; i < book->count; i++) {
        if (!shown(context, &book->items[i]))
            continue;
        series[count++] = &book->items[i];
        groups_add(&groups, &book->items[i]);
    }
    write_groups(&groups, setup, families);
    free(groups.items);
    write_fields(series, count, setup, families);
    free(series);
}
