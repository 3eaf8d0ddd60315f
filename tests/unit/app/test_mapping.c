#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/mapping.h"

static const char events[] =
    "{\"id\":\"a\",\"ts\":1,\"model\":\"m\",\"features\":{\"x\":1,\"score\":2,\"c/d\":\"e\"},"
    "\"prediction\":{\"score\":0.5},\"country\":\"MX\"}\n"
    "{\"id\":\"b\",\"ts\":2,\"model\":\"m\",\"features\":{\"y\":1,\"deep\":{\"z\":1}},\"truth\":1}"
    "\n";

static const char table[] = "ts,x,score,c/d,label\n1,2,0.5,e,0\n";

/* "path=name:role[:type] …; segments" or "! text". */
static char *map(const char *ending, const char *content, const struct mapping_request *request)
{
    char path[64];
    snprintf(path, sizeof path, "/tmp/leeway-test-XXXXXX%s", ending);
    int fd = mkstemps(path, (int)strlen(ending));
    cr_assert_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
    close(fd);
    struct err err = {0};
    struct mapping mapping;
    struct text out = {0};
    struct input *input = input_open(path, NULL, 0, &err);
    cr_assert(input);
    text_puts(&out, "");
    if (mapping_make(request, input, &mapping, &err)) {
        text_printf(&out, "! %s", err.text);
    } else {
        for (uint32_t i = 0; i < mapping.field_count; i++) {
            const struct builder_field *field = &mapping.fields[i];
            text_printf(&out, "%s=%s:%s", field->path, field->name, field_role_name(field->role));
            text_printf(&out, "%s%s ", field->has_type ? ":" : "",
                        field->has_type ? field_type_name(field->type) : "");
        }
        for (uint32_t i = 0; i < mapping.segment_count; i++)
            text_printf(&out, "; %s", mapping.segments[i]);
    }
    mapping_release(&mapping);
    input_close(input);
    unlink(path);
    return out.data;
}

static void expect(const char *ending, const char *content, const struct mapping_request *request,
                   const char *expected)
{
    char *got = map(ending, content, request);
    cr_expect_str_eq(got, expected, "%s instead of %s", got, expected);
    free(got);
}

Test(mapping, keys_of_the_events)
{
    static const char *const predictions[] = {"/prediction/score"};
    static const char *const segments[] = {"/country", "x"};
    struct mapping_request request = {.predictions = predictions,
                                      .prediction_count = 1,
                                      .segments = segments,
                                      .segment_count = 2};
    expect(".ndjson", events, &request,
           "/features/x=x:feature /features/score=score:feature /features/c~1d=c/d:feature "
           "/features/y=y:feature /prediction/score=prediction.score:prediction "
           "/country=country:segment ; country; x");
    request = (struct mapping_request){.features = "/*", .time_path = "/ts"};
    expect(".ndjson", events, &request,
           "/id=id:feature /model=model:feature /country=country:feature /truth=truth:feature ");
}

Test(mapping, fields_that_were_named)
{
    static const char *const fields[] = {"amount=/features/x:number", "t=/truth"};
    struct mapping_request request = {.fields = fields, .field_count = 2};
    expect(".ndjson", events, &request, "/features/x=amount:feature:number /truth=t:feature ");
    request.features = "/features/*";
    expect(".ndjson", events, &request,
           "/features/x=amount:feature:number /features/score=score:feature "
           "/features/c~1d=c/d:feature /features/y=y:feature /truth=t:feature ");
}

Test(mapping, columns)
{
    static const char *const predictions[] = {"score"}, *const labels[] = {"/outcome/label"};
    struct mapping_request request = {.time_path = "ts",
                                      .predictions = predictions,
                                      .prediction_count = 1,
                                      .labels = labels,
                                      .label_count = 1};
    expect(".csv", table, &request,
           "/features/x=x:feature /features/c~1d=c/d:feature /prediction/score=score:prediction "
           "/outcome/label=label:label ");
}

Test(mapping, by_a_monitor)
{
    const char *segments[] = {"/country"};
    struct config_match match = {"/model", "m"};
    struct config_field fields[] = {{.name = "score", .ignore = true},
                                    {.name = "x", .type = "integer"}};
    struct config_monitor monitor = {.id_path = "/id",
                                     .time_path = "/ts",
                                     .matches = &match,
                                     .match_count = 1,
                                     .features = "/features/*",
                                     .score_path = "/prediction/score",
                                     .class_path = "/prediction/class",
                                     .label_path = "/truth",
                                     .segments = segments,
                                     .segment_count = 1,
                                     .fields = fields,
                                     .field_count = 2};
    struct mapping_request request = {.monitor = &monitor};
    expect(".ndjson", events, &request,
           "/features/x=x:feature:integer /features/c~1d=c/d:feature /features/y=y:feature "
           "/prediction/score=score:prediction:number /truth=truth:label "
           "/country=country:segment ; country");
}

Test(mapping, what_cannot_be_mapped)
{
    static const char *const bad_field[] = {"x"}, *const nowhere[] = {"/nowhere"},
                             *const word[] = {"score"};
    expect(".ndjson", events, &(struct mapping_request){.features = "/nothing/*"},
           "! no fields were found");
    expect(".ndjson", events, &(struct mapping_request){.features = "features"},
           "! features: features is not a path that ends in /*");
    expect(".ndjson", events, &(struct mapping_request){.fields = bad_field, .field_count = 1},
           "! --field x: not of the form name=/path[:type]");
    expect(".ndjson", events, &(struct mapping_request){.labels = nowhere, .label_count = 1},
           "! the data have nothing for the label /nowhere");
    expect(".ndjson", events, &(struct mapping_request){.labels = word, .label_count = 1},
           "! score is not a path such as /score");
    expect(".ndjson", events, &(struct mapping_request){.segments = nowhere, .segment_count = 1},
           "! there is no field /nowhere to segment by");
}
