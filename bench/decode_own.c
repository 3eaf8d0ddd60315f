/* leeway's own stages: decoding alone, and decoding, validating and counting, as ingest does it.
 * The baseline is made of other events of the same kind. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "baseline/build.h"
#include "decode/decode.h"
#include "decode_contest.h"
#include "event.h"
#include "validate/validate.h"

struct own {
    uint32_t path_count, field_count; /* fields are the paths from EVENT_HEAD on */
    struct decode_plan *plan;
    struct value *values;
    uint32_t unknown[1];
    struct baseline *baseline;
    struct config_monitor monitor;
    struct validator *validator;
    struct layout *layout;
    struct counts *counts;
    struct observation *observations;
};

static void *decode_start(char *const *paths, unsigned path_count, const struct event_set *training)
{
    struct own *own = mem_new(1, sizeof *own);
    (void)training;
    own->plan = decode_plan_new(&decode_limits_default);
    own->path_count = path_count;
    own->field_count = path_count - EVENT_HEAD;
    for (unsigned i = 0; i < path_count; i++)
        if (decode_plan_want(own->plan, bytes_of(paths[i]), NULL) != (int)i)
            contest_fail("path refused");
    decode_plan_count_unknown(own->plan, bytes_of("/features"), NULL);
    decode_plan_compile(own->plan);
    own->values = mem_new(path_count, sizeof *own->values);
    return own;
}

static void decode_one(struct own *own, struct bytes event)
{
    if (decode_event(own->plan, event, own->values, own->unknown) != DECODE_OK ||
        own->unknown[0] != 0)
        contest_fail("event refused by decode");
}

static void read_values(const struct own *own, struct reading *reading)
{
    for (unsigned i = 0; i < own->path_count; i++) {
        const struct value *value = &own->values[i];
        if (value->kind == VALUE_STRING)
            reading->text_bytes += value->text.size;
        else
            reading->numbers += value->number + (value->kind == VALUE_TRUE);
    }
}

static void decode_run(void *state, const char *data, size_t size, struct reading *reading)
{
    decode_one(state, bytes_make(data, size));
    if (reading)
        read_values(state, reading);
}

static void decode_stop(void *state)
{
    struct own *own = state;
    decode_plan_free(own->plan);
    free(own->values);
    free(own);
}

/* ---- and validate, count ---- */

static struct builder_value builder_value_of(const struct value *value)
{
    switch (value->kind) {
    case VALUE_NUMBER:
        return (struct builder_value){BUILDER_NUMBER, value->number, value->text};
    case VALUE_STRING:
        return (struct builder_value){.kind = BUILDER_TEXT, .text = value->text};
    case VALUE_TRUE:
        return (struct builder_value){.kind = BUILDER_TRUE};
    case VALUE_FALSE:
        return (struct builder_value){.kind = BUILDER_FALSE};
    default:
        return (struct builder_value){.kind = BUILDER_ABSENT};
    }
}

static void add_rows(struct baseline_builder *builder, struct own *own,
                     const struct event_set *training)
{
    struct builder_value *row = mem_new(own->field_count, sizeof *row);
    for (unsigned i = 0; i < training->count; i++) {
        decode_one(own, training->events[i]);
        for (unsigned k = 0; k < own->field_count; k++)
            row[k] = builder_value_of(&own->values[EVENT_HEAD + k]);
        baseline_builder_add(builder, row, NULL);
    }
    free(row);
}

static void own_baseline(struct own *own, const struct event_set *training)
{
    struct builder_field *fields = mem_new(own->field_count, sizeof *fields);
    for (unsigned k = 0; k < own->field_count; k++) {
        fields[k].path = training->paths[EVENT_HEAD + k];
        fields[k].name = strrchr(fields[k].path, '/') + 1;
    }
    const struct builder_spec spec = {.fields = fields, .field_count = own->field_count};
    struct err err = {0};
    struct baseline_builder *builder = baseline_builder_new(&spec, &err);
    if (!builder)
        contest_fail(err.text);
    add_rows(builder, own, training);
    if (baseline_builder_cells(builder, &err) != 0)
        contest_fail(err.text);
    add_rows(builder, own, training);
    own->baseline = baseline_builder_finish(builder, NULL, &err);
    if (!own->baseline)
        contest_fail(err.text);
    baseline_builder_free(builder);
    free(fields);
}

static void *count_start(char *const *paths, unsigned path_count, const struct event_set *training)
{
    struct own *own = decode_start(paths, path_count, training);
    struct err err = {0};
    own_baseline(own, training);
    own->monitor.name = "bench";
    own->validator = validator_new(own->baseline, &own->monitor, &err);
    if (!own->validator)
        contest_fail(err.text);
    own->layout = layout_new(own->baseline);
    own->counts = counts_new(own->layout);
    own->observations = mem_new(own->field_count, sizeof *own->observations);
    int *slots = mem_new(own->field_count, sizeof *slots);
    for (unsigned i = 0; i < own->field_count; i++)
        slots[i] = (int)i + EVENT_HEAD;
    validator_map(own->validator, slots);
    free(slots);
    return own;
}

static void count_run(void *state, const char *data, size_t size, struct reading *reading)
{
    struct own *own = state;
    decode_one(own, bytes_make(data, size));
    validator_check(own->validator, own->values, own->observations);
    counts_add_record(own->counts, own->observations, own->unknown[0]);
    if (reading)
        read_values(own, reading);
}

/* Every value of every event stands in a cell: the events have no other. */
static void count_check(const struct own *own)
{
    for (unsigned i = 0; i < own->field_count; i++) {
        const int64_t *cells = counts_field_cells(own->counts, i);
        int64_t valid = 0;
        for (uint32_t k = 0; k < own->baseline->fields[i].cell_count; k++)
            valid += cells[k];
        if (valid != own->counts->rows || valid == 0)
            contest_fail("not every value was counted");
    }
}

static void count_stop(void *state)
{
    struct own *own = state;
    count_check(own);
    free(own->observations);
    counts_free(own->counts);
    layout_free(own->layout);
    validator_free(own->validator);
    baseline_free(own->baseline);
    decode_stop(own);
}

const struct contestant contest_decode = {.name = "decode",
                                          .what = "leeway's decoder, all values read",
                                          .start = decode_start,
                                          .run = decode_run,
                                          .stop = decode_stop};
const struct contestant contest_count = {.name = "decode_validate_count",
                                         .what = "the same, each feature checked and counted",
                                         .start = count_start,
                                         .run = count_run,
                                         .stop = count_stop};
