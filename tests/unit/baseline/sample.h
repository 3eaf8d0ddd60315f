/* A baseline made by the builder from seeded rows, for the tests of this folder. */
#ifndef LEEWAY_TEST_BASELINE_SAMPLE_H
#define LEEWAY_TEST_BASELINE_SAMPLE_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "baseline/build.h"
#include "support/random.h"

enum { SAMPLE_FIELDS = 6 };

static const struct builder_field sample_fields[SAMPLE_FIELDS] = {
    {.name = "amount", .path = "/features/amount", .role = ROLE_FEATURE},
    {.name = "age", .path = "/features/age", .role = ROLE_FEATURE},
    {.name = "channel", .path = "/features/channel", .role = ROLE_SEGMENT},
    {.name = "vip", .path = "/features/vip", .role = ROLE_FEATURE},
    {.name = "score", .path = "/prediction/score", .role = ROLE_PREDICTION},
    {.name = "city", .path = "/features/ci~1ty", .role = ROLE_FEATURE},
};

static inline struct builder_value value_number(double number)
{
    return (struct builder_value){.kind = BUILDER_NUMBER, .number = number};
}

static inline struct builder_value value_text(const char *text)
{
    return (struct builder_value){.kind = BUILDER_TEXT, .text = bytes_of(text)};
}

static inline void sample_row(struct random *random, struct builder_value *values,
                              struct event_time *ret_time, int row)
{
    static const char *const channels[] = {"web",           "ios", "android",
                                           "partner \"x\"", "fax", "t\xc3\xa9lex"};
    static char city[32];
    double u = random_unit(random);
    snprintf(city, sizeof city, "city %u", (unsigned)(400 * u * u * u * u));
    values[0] = value_number(exp(random_normal(random)));
    if (random_below(random, 50) == 0)
        values[0].kind = BUILDER_NULL;
    values[1] = value_number(18 + random_below(random, 60));
    values[2] = value_text(channels[(int)(6 * u * u)]);
    values[3] =
        (struct builder_value){.kind = random_below(random, 10) ? BUILDER_FALSE : BUILDER_TRUE};
    values[4] = value_number(random_below(random, 4) ? random_unit(random) : 0.5);
    values[5] = value_text(city);
    ret_time->ms = INT64_C(1700000000000) + (int64_t)row * 60000;
}

static inline struct baseline *sample_baseline(uint64_t seed, int rows)
{
    struct builder_spec spec = {.fields = sample_fields,
                                .field_count = SAMPLE_FIELDS,
                                .segments = {"channel"},
                                .segment_count = 1};
    struct err err = {0};
    struct baseline_builder *builder = baseline_builder_new(&spec, &err);
    struct baseline *baseline = NULL;
    for (int pass = 0; builder && pass < 2; pass++) {
        struct random random = {seed};
        for (int row = 0; row < rows; row++) {
            struct builder_value values[SAMPLE_FIELDS];
            struct event_time time;
            sample_row(&random, values, &time, row);
            baseline_builder_add(builder, values, &time);
        }
        if (pass == 0 && baseline_builder_cells(builder, &err))
            break;
        if (pass == 1)
            baseline = baseline_builder_finish(builder, "{\"source\":\"sample\"}", &err);
    }
    if (!baseline)
        fprintf(stderr, "%s: %s\n", err.place, err.text);
    baseline_builder_free(builder);
    return baseline;
}

#endif
