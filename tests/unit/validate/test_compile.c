/* Configurations that contradict the baseline are refused with a place and a hint. */
#include <criterion/criterion.h>

#include "support/make_baseline.h"
#include "validate/compile.h"

static struct baseline *baseline;
static struct err err;

static void set_up(void)
{
    baseline = make_baseline_sample();
}

static void tear_down(void)
{
    baseline_free(baseline);
}

TestSuite(compile, .init = set_up, .fini = tear_down);

static struct validator *compile(struct config_field *fields, uint32_t count)
{
    struct config_monitor monitor = {.name = "fraud", .fields = fields, .field_count = count};
    err = (struct err){0};
    return validator_new(baseline, &monitor, &err);
}

static void expect_refused(struct config_field field, const char *words)
{
    field.place = (struct place){"leeway.yaml", 12, 7};
    struct config_field fields[] = {{.name = "amount"}, field};
    cr_assert_null(compile(fields, 2));
    cr_assert_eq(err.code, ERR_INVALID);
    cr_assert_str_eq(err.place, "leeway.yaml:12:7");
    cr_assert(strstr(err.text, words), "\"%s\" does not say \"%s\"", err.text, words);
}

Test(compile, contradictions)
{
    static const char *allowed[] = {"web"};
    expect_refused((struct config_field){.name = "channel", .has_min = true}, "a minimum");
    expect_refused((struct config_field){.name = "vip", .has_max = true}, "a maximum");
    expect_refused((struct config_field){.name = "age", .allowed = allowed, .allowed_count = 1},
                   "allowed");
    expect_refused((struct config_field){.name = "age", .type = "number"}, "another type");
    expect_refused((struct config_field){.name = "age", .type = "nonsense"}, "another type");
    cr_assert(strstr(err.text, "integer"), "the baseline's type is named");
}

Test(compile, unknown_field_names_the_nearest)
{
    expect_refused((struct config_field){.name = "chanel"}, "no field \"chanel\"");
    cr_assert(strstr(err.hint, "\"channel\""), "hint: %s", err.hint);
    expect_refused((struct config_field){.name = "something_else"}, "no field");
    cr_assert(strstr(err.hint, "leeway baseline show test"), "hint: %s", err.hint);
    struct config_field no_place = {.name = "nope"};
    cr_assert_null(compile(&no_place, 1));
    cr_assert_str_eq(err.place, "");
}

Test(compile, an_ignored_field_may_be_unknown)
{
    struct config_field fields[] = {{.name = "nope", .ignore = true},
                                    {.name = "age", .ignore = true, .type = "integer"}};
    struct validator *validator = compile(fields, 2);
    cr_assert_not_null(validator, "%s", err.text);
    validator_free(validator);
}

Test(compile, nothing_said)
{
    struct validator *validator = compile(NULL, 0);
    cr_assert_not_null(validator);
    cr_assert_eq(validator->field_count, baseline->field_count);
    validator_free(validator);
    validator_free(NULL);
}
