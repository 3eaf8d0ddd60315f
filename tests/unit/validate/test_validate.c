/* What each kind of value is for each type of field. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/make_baseline.h"
#include "support/random.h"
#include "validate/validate.h"

enum { AMOUNT, AGE, CHANNEL, VIP, CITY, FIELDS };

static struct baseline *baseline;
static struct validator *validator;
static struct err err;

static const char *allowed[] = {"web", "ios", "fax", "1.0"};
static const char *allowed_truth[] = {"true"};
static struct config_field fields[] = {
    {.name = "amount", .has_min = true, .min = 50, .has_max = true, .max = 150},
    {.name = "age", .has_min = true, .min = 18},
    {.name = "channel", .allowed = allowed, .allowed_count = 4},
    {.name = "vip", .allowed = allowed_truth, .allowed_count = 1},
};
static struct config_monitor monitor = {.name = "fraud", .fields = fields, .field_count = 4};

static void set_up(void)
{
    static const char *const cities[] = {"Wien", "1", "Linz"};
    static const int64_t rows[] = {50, 30, 20};
    baseline = make_baseline_sample();
    make_baseline_category(baseline, "city", cities, rows, 3, 0);
    struct baseline_field *city = &baseline->fields[CITY];
    city->others = mem_new(1, sizeof *city->others);
    city->others[0] = other_hash(bytes_of("Graz"));
    city->other_count = 1;
    validator = validator_new(baseline, &monitor, &err);
    cr_assert_not_null(validator, "%s", err.text);
}

static void tear_down(void)
{
    validator_free(validator);
    baseline_free(baseline);
}

TestSuite(validate, .init = set_up, .fini = tear_down);

#define TEXT(t)                                                                                    \
    {                                                                                              \
        .kind = VALUE_STRING, .text = { t, sizeof(t) - 1 }                                         \
    }
#define NUMBER(n)                                                                                  \
    {                                                                                              \
        .kind = VALUE_NUMBER, .number = n, .text = { #n, sizeof(#n) - 1 }                          \
    }
#define KIND(k)                                                                                    \
    {                                                                                              \
        .kind = k                                                                                  \
    }
#define INFINITE(n)                                                                                \
    {                                                                                              \
        .kind = VALUE_INFINITE, .number = n, .text = { "1e999", 5 }                                \
    }

/* Expected: a counter, or for values a cell (numbers: that of `number`). */
enum { IS_NUMBER = 100, IS_CELL = 200 };
#define BELOW (1u << COUNT_BELOW_MIN)
#define ABOVE (1u << COUNT_ABOVE_MAX)
#define NOT   (1u << COUNT_NOT_ALLOWED)

static const struct {
    uint32_t field;
    struct value value;
    uint32_t expected;
    double number;
    uint32_t violations;
} truths[] = {
    /* number */
    {AMOUNT, KIND(VALUE_ABSENT), COUNT_MISSING, 0, 0},
    {AMOUNT, KIND(VALUE_NULL), COUNT_NULL, 0, 0},
    {AMOUNT, KIND(VALUE_FALSE), COUNT_WRONG_TYPE, 0, 0},
    {AMOUNT, KIND(VALUE_TRUE), COUNT_WRONG_TYPE, 0, 0},
    {AMOUNT, KIND(VALUE_NAN), COUNT_NAN, 0, 0},
    {AMOUNT, INFINITE(HUGE_VAL), COUNT_INFINITE, 0, 0},
    {AMOUNT, INFINITE(-HUGE_VAL), COUNT_INFINITE, 0, 0},
    {AMOUNT, KIND(VALUE_OBJECT), COUNT_WRONG_TYPE, 0, 0},
    {AMOUNT, KIND(VALUE_ARRAY), COUNT_WRONG_TYPE, 0, 0},
    {AMOUNT, NUMBER(100.5), IS_NUMBER, 100.5, 0},
    {AMOUNT, NUMBER(50), IS_NUMBER, 50, 0},
    {AMOUNT, NUMBER(150), IS_NUMBER, 150, 0},
    {AMOUNT, NUMBER(49.999), IS_NUMBER, 49.999, BELOW},
    {AMOUNT, NUMBER(150.001), IS_NUMBER, 150.001, ABOVE},
    {AMOUNT, NUMBER(-1e308), IS_NUMBER, -1e308, BELOW},
    {AMOUNT, NUMBER(1e308), IS_NUMBER, 1e308, ABOVE},
    {AMOUNT, NUMBER(5e-324), IS_NUMBER, 5e-324, BELOW},
    {AMOUNT, NUMBER(-0.0), IS_NUMBER, -0.0, BELOW},
    {AMOUNT, TEXT("100.5"), IS_NUMBER, 100.5, 0},
    {AMOUNT, TEXT(" 1.005e2\t"), IS_NUMBER, 100.5, 0},
    {AMOUNT, TEXT("12"), IS_NUMBER, 12, BELOW},
    {AMOUNT, TEXT(""), COUNT_WRONG_TYPE, 0, 0},
    {AMOUNT, TEXT("12 EUR"), COUNT_WRONG_TYPE, 0, 0},
    {AMOUNT, TEXT("1,5"), COUNT_WRONG_TYPE, 0, 0},
    {AMOUNT, TEXT("0x10"), COUNT_WRONG_TYPE, 0, 0},
    {AMOUNT, TEXT("nan"), COUNT_WRONG_TYPE, 0, 0},
    {AMOUNT, TEXT("inf"), COUNT_WRONG_TYPE, 0, 0},
    {AMOUNT, TEXT("12\0"), COUNT_WRONG_TYPE, 0, 0},
    {AMOUNT, TEXT("1e999"), COUNT_INFINITE, 0, 0},
    {AMOUNT, TEXT("-1e999"), COUNT_INFINITE, 0, 0},
    /* integer */
    {AGE, KIND(VALUE_ABSENT), COUNT_MISSING, 0, 0},
    {AGE, KIND(VALUE_NULL), COUNT_NULL, 0, 0},
    {AGE, KIND(VALUE_FALSE), COUNT_WRONG_TYPE, 0, 0},
    {AGE, KIND(VALUE_TRUE), COUNT_WRONG_TYPE, 0, 0},
    {AGE, KIND(VALUE_NAN), COUNT_NAN, 0, 0},
    {AGE, INFINITE(HUGE_VAL), COUNT_INFINITE, 0, 0},
    {AGE, KIND(VALUE_OBJECT), COUNT_WRONG_TYPE, 0, 0},
    {AGE, KIND(VALUE_ARRAY), COUNT_WRONG_TYPE, 0, 0},
    {AGE, NUMBER(30), IS_NUMBER, 30, 0},
    {AGE, NUMBER(30.0), IS_NUMBER, 30, 0},
    {AGE, NUMBER(3e1), IS_NUMBER, 30, 0},
    {AGE, NUMBER(-3), IS_NUMBER, -3, BELOW},
    {AGE, NUMBER(1e300), IS_NUMBER, 1e300, 0},
    {AGE, NUMBER(30.5), COUNT_WRONG_TYPE, 0, 0},
    {AGE, NUMBER(-30.5), COUNT_WRONG_TYPE, 0, 0},
    {AGE, NUMBER(5e-324), COUNT_WRONG_TYPE, 0, 0},
    {AGE, TEXT("30"), IS_NUMBER, 30, 0},
    {AGE, TEXT("30.0"), IS_NUMBER, 30, 0},
    {AGE, TEXT("30.5"), COUNT_WRONG_TYPE, 0, 0},
    {AGE, TEXT("thirty"), COUNT_WRONG_TYPE, 0, 0},
    /* category: web ios android partner; "fax" and "1" are allowed and unseen */
    {CHANNEL, KIND(VALUE_ABSENT), COUNT_MISSING, 0, 0},
    {CHANNEL, KIND(VALUE_NULL), COUNT_NULL, 0, 0},
    {CHANNEL, KIND(VALUE_FALSE), IS_CELL + 5, 0, NOT},
    {CHANNEL, KIND(VALUE_TRUE), IS_CELL + 5, 0, NOT},
    {CHANNEL, KIND(VALUE_NAN), COUNT_NAN, 0, 0},
    {CHANNEL, INFINITE(HUGE_VAL), COUNT_INFINITE, 0, 0},
    {CHANNEL, KIND(VALUE_OBJECT), COUNT_WRONG_TYPE, 0, 0},
    {CHANNEL, KIND(VALUE_ARRAY), COUNT_WRONG_TYPE, 0, 0},
    {CHANNEL, NUMBER(1), IS_CELL + 5, 0, 0},
    {CHANNEL, NUMBER(2), IS_CELL + 5, 0, NOT},
    {CHANNEL, TEXT("web"), IS_CELL + 0, 0, 0},
    {CHANNEL, TEXT(" web\n"), IS_CELL + 0, 0, 0},
    {CHANNEL, TEXT("ios"), IS_CELL + 1, 0, 0},
    {CHANNEL, TEXT("android"), IS_CELL + 2, 0, NOT},
    {CHANNEL, TEXT("fax"), IS_CELL + 5, 0, 0},
    {CHANNEL, TEXT("Web"), IS_CELL + 5, 0, NOT},
    {CHANNEL, TEXT("we"), IS_CELL + 5, 0, NOT},
    {CHANNEL, TEXT("web\0"), IS_CELL + 5, 0, NOT},
    {CHANNEL, TEXT(""), COUNT_MISSING, 0, 0},
    {CHANNEL, TEXT("  "), COUNT_MISSING, 0, 0},
    /* category without a list: Wien 1 Linz; Graz is other */
    {CITY, NUMBER(1.0), IS_CELL + 1, 0, 0},
    {CITY, NUMBER(1), IS_CELL + 1, 0, 0},
    {CITY, TEXT("1.0"), IS_CELL + 1, 0, 0},
    {CITY, NUMBER(18446744073709551615.0), IS_CELL + 4, 0, 0},
    {CITY, TEXT("Linz"), IS_CELL + 2, 0, 0},
    {CITY, TEXT("Graz"), IS_CELL + 3, 0, 0},
    {CITY, TEXT("Atlantis"), IS_CELL + 4, 0, 0},
    /* boolean; false is not allowed */
    {VIP, KIND(VALUE_ABSENT), COUNT_MISSING, 0, 0},
    {VIP, KIND(VALUE_NULL), COUNT_NULL, 0, 0},
    {VIP, KIND(VALUE_FALSE), IS_CELL + 0, 0, NOT},
    {VIP, KIND(VALUE_TRUE), IS_CELL + 1, 0, 0},
    {VIP, KIND(VALUE_NAN), COUNT_NAN, 0, 0},
    {VIP, INFINITE(HUGE_VAL), COUNT_INFINITE, 0, 0},
    {VIP, KIND(VALUE_OBJECT), COUNT_WRONG_TYPE, 0, 0},
    {VIP, KIND(VALUE_ARRAY), COUNT_WRONG_TYPE, 0, 0},
    {VIP, NUMBER(0), IS_CELL + 0, 0, NOT},
    {VIP, NUMBER(-0.0), IS_CELL + 0, 0, NOT},
    {VIP, NUMBER(1), IS_CELL + 1, 0, 0},
    {VIP, NUMBER(1.0), IS_CELL + 1, 0, 0},
    {VIP, NUMBER(2), COUNT_WRONG_TYPE, 0, 0},
    {VIP, NUMBER(0.5), COUNT_WRONG_TYPE, 0, 0},
    {VIP, NUMBER(-1), COUNT_WRONG_TYPE, 0, 0},
    {VIP, TEXT("true"), IS_CELL + 1, 0, 0},
    {VIP, TEXT("TRUE"), IS_CELL + 1, 0, 0},
    {VIP, TEXT(" False "), IS_CELL + 0, 0, NOT},
    {VIP, TEXT("1"), IS_CELL + 1, 0, 0},
    {VIP, TEXT("0"), IS_CELL + 0, 0, NOT},
    {VIP, TEXT("yes"), COUNT_WRONG_TYPE, 0, 0},
    {VIP, TEXT("tru"), COUNT_WRONG_TYPE, 0, 0},
    {VIP, TEXT(""), COUNT_WRONG_TYPE, 0, 0},
};

static struct observation check_one(uint32_t field, struct value value)
{
    struct value values[FIELDS] = {0};
    struct observation observations[FIELDS];
    memset(observations, 0xa5, sizeof observations);
    values[field] = value;
    validator_check(validator, values, observations);
    for (uint32_t i = 0; i < FIELDS; i++)
        if (i != field)
            cr_assert_eq(observations[i].cell, baseline->fields[i].cell_count + COUNT_MISSING);
    return observations[field];
}

Test(validate, truth_table)
{
    for (unsigned i = 0; i < sizeof truths / sizeof truths[0]; i++) {
        uint32_t field = truths[i].field, expected = truths[i].expected;
        struct observation o = check_one(field, truths[i].value);
        uint32_t cell = baseline->fields[field].cell_count + expected;
        if (expected >= IS_CELL) {
            cell = expected - IS_CELL;
        } else if (expected == IS_NUMBER) {
            struct cells cells = baseline_cells(&baseline->fields[field]);
            cell = cells_find(&cells, truths[i].number);
        }
        struct bytes text = truths[i].value.text;
        cr_assert_eq(o.cell, cell, "row %u (%.*s): cell %u, not %u", i, (int)text.size,
                     text.data ? text.data : "", o.cell, cell);
        cr_assert_eq(o.violations, truths[i].violations, "row %u (%.*s): violations %x", i,
                     (int)text.size, text.data ? text.data : "", o.violations);
        cr_assert_float_eq(o.number, truths[i].number, 0, "row %u", i);
    }
}

Test(validate, limits_apply_only_where_they_are_given)
{
    monitor.field_count = 0;
    validator_free(validator);
    validator = validator_new(baseline, &monitor, &err);
    cr_assert_eq(check_one(AMOUNT, (struct value)NUMBER(-1e308)).violations, 0);
    cr_assert_eq(check_one(AMOUNT, (struct value)NUMBER(1e308)).violations, 0);
    cr_assert_eq(check_one(CHANNEL, (struct value)TEXT("Web")).violations, 0);
    cr_assert_eq(check_one(VIP, (struct value)KIND(VALUE_FALSE)).violations, 0);
}

/* An empty list allows nothing: that is what it says. */
Test(validate, an_empty_list_allows_nothing)
{
    struct config_field none = {.name = "channel", .allowed = allowed, .allowed_count = 0};
    monitor = (struct config_monitor){.fields = &none, .field_count = 1};
    validator_free(validator);
    validator = validator_new(baseline, &monitor, &err);
    cr_assert_eq(check_one(CHANNEL, (struct value)TEXT("web")).violations, NOT);
}

Test(validate, other_and_unseen_when_the_baseline_knows_too_many)
{
    baseline->fields[CITY].others_complete = false;
    cr_assert_eq(check_one(CITY, (struct value)TEXT("Atlantis")).cell, 3);
    cr_assert_eq(check_one(CITY, (struct value)TEXT("")).cell, 5 + COUNT_MISSING);
}

Test(validate, empty_text_that_the_baseline_knows)
{
    baseline->fields[CITY].others[0] = other_hash(bytes_make("", 0));
    cr_assert_eq(check_one(CITY, (struct value)TEXT("")).cell, 3);
    cr_assert_eq(check_one(CITY, (struct value)TEXT(" ")).cell, 3);
}

/* Any text at all ends in a cell or an exclusive counter, and the same one twice. */
Test(validate, any_text_is_one_observation)
{
    struct random random = random_new(52);
    char text[5000];
    for (int round = 0; round < 3000; round++) {
        static const char likely[] = "0123456789.-+eE trufalsewbio\0\xff";
        size_t size = random_below(&random, round % 100 ? 12 : sizeof text);
        for (size_t i = 0; i < size; i++)
            text[i] = likely[random_below(&random, sizeof likely)];
        struct value value = {.kind = VALUE_STRING, .text = {text, size}};
        for (uint32_t field = 0; field < FIELDS; field++) {
            struct observation o = check_one(field, value);
            cr_assert_lt(o.cell, baseline->fields[field].cell_count + FIELD_NOT_VALUE);
            cr_assert_eq(o.violations & ((1u << FIELD_NOT_VALUE) - 1), 0);
            struct observation again = check_one(field, value);
            cr_assert(again.cell == o.cell && again.violations == o.violations);
            cr_assert(isfinite(o.number));
        }
    }
}

/* ---- against the rules as validate.h says them, without any table or search ---- */

static struct observation plain_text(uint32_t index, struct bytes text)
{
    const struct baseline_field *field = &baseline->fields[index];
    char buffer[64];
    struct bytes canonical = category_canonical(text, buffer, sizeof buffer);
    struct observation o = {.cell = field->level_count + !baseline_is_other(field, canonical)};
    const struct config_field *config = index < 4 ? &fields[index] : NULL;
    bool known = false, in_list = !config || !config->allowed;
    for (uint32_t i = 0; i < field->level_count; i++)
        if (bytes_equal(bytes_of(field->levels[i]), canonical)) {
            o.cell = i;
            known = true;
        }
    for (uint32_t i = 0; config && i < config->allowed_count; i++) {
        char other[64];
        in_list |= bytes_equal(
            category_canonical(bytes_of(config->allowed[i]), other, sizeof other), canonical);
    }
    if (!known && !canonical.size &&
        !(baseline_is_other(field, canonical) && field->others_complete))
        return (struct observation){.cell = field->cell_count + COUNT_MISSING};
    o.violations = in_list ? 0 : NOT;
    return o;
}

static struct observation plain_number(uint32_t index, double number)
{
    const struct baseline_field *field = &baseline->fields[index];
    struct cells cells = baseline_cells(field);
    if (isinf(number))
        return (struct observation){.cell = field->cell_count + COUNT_INFINITE};
    if (field->type == FIELD_INTEGER && trunc(number) != number)
        return (struct observation){.cell = field->cell_count + COUNT_WRONG_TYPE};
    return (struct observation){
        .cell = cells_find(&cells, number),
        .violations = (fields[index].has_min && number < fields[index].min ? BELOW : 0) |
                      (fields[index].has_max && number > fields[index].max ? ABOVE : 0),
        .number = number};
}

static struct value random_value(struct random *random, uint32_t field, char *text, size_t size)
{
    static const char *const texts[] = {"web",
                                        "ios",
                                        "android",
                                        "partner",
                                        "fax",
                                        "1",
                                        "1.0",
                                        "01",
                                        " web",
                                        "Web",
                                        "Wien",
                                        "Linz",
                                        "Graz",
                                        "",
                                        " ",
                                        "-1",
                                        "1e3",
                                        "a text of more than sixteen bytes",
                                        "sixteen bytes it"};
    struct value value = {.kind = VALUE_NUMBER};
    bool is_number = field == AMOUNT || field == AGE;
    if (is_number || random_below(random, 4) == 0) {
        value.number = (random_below(random, 8) ? 60 : 1e6) * random_normal(random) + 60;
        value.number = random_below(random, 2) ? round(value.number) : value.number;
        snprintf(text, size, "%.17g", value.number);
        value.integral = !strpbrk(text, ".e");
        if (random_below(random, 8) == 0)
            value.kind = VALUE_STRING;
    } else {
        value.kind = VALUE_STRING;
        snprintf(text, size, "%s", texts[random_below(random, sizeof texts / sizeof texts[0])]);
    }
    value.wide = random_below(random, 2);
    value.text = bytes_of(text);
    return value;
}

Test(validate, the_fast_ways_are_the_plain_ones)
{
    struct random random = random_new(54);
    static const uint32_t tried[] = {AMOUNT, AGE, CHANNEL, CITY};
    for (int round = 0; round < 40000; round++) {
        char text[64];
        uint32_t field = tried[random_below(&random, 4)];
        memset(text, 'x', sizeof text);
        struct value value = random_value(&random, field, text, sizeof text);
        struct observation o = check_one(field, value), plain;
        double number = value.number;
        if (field == CHANNEL || field == CITY)
            plain = plain_text(field, value.text);
        else if (value.kind == VALUE_NUMBER || number_from_text(value.text, &number))
            plain = plain_number(field, number);
        else
            continue;
        cr_assert_eq(o.cell, plain.cell, "field %u, %s", field, text);
        cr_assert_eq(o.violations, plain.violations, "field %u, %s", field, text);
        cr_assert_eq(memcmp(&o.number, &plain.number, sizeof o.number), 0, "field %u, %s", field,
                     text);
    }
}

/* A level that canonical form would write otherwise is no value's level. */
Test(validate, a_level_in_another_form_is_never_met)
{
    static const char *const texts[] = {"1.0", " b", "c"};
    static const int64_t rows[] = {5, 4, 3};
    uint32_t odd = make_baseline_category(baseline, "odd", texts, rows, 3, 0);
    struct value all[FIELDS + 1] = {0};
    struct observation observations[FIELDS + 1];
    validator_free(validator);
    validator = validator_new(baseline, &monitor, &err);
    for (int wide = 0; wide < 2; wide++) {
        static const uint32_t cells[] = {4, 4, 2};
        for (int i = 0; i < 3; i++) {
            char text[16] = "";
            memcpy(text, texts[i], strlen(texts[i]));
            all[odd] = (struct value){.kind = VALUE_STRING, .wide = wide, .text = bytes_of(text)};
            validator_check(validator, all, observations);
            cr_assert_eq(observations[odd].cell, cells[i], "%s: %u", text, observations[odd].cell);
        }
    }
}

Test(validate, values_stand_where_the_map_says)
{
    static const int slots[FIELDS] = {7, 2, 5, 5, 0};
    struct value values[8] = {0};
    struct observation observations[FIELDS];
    values[7] = (struct value)NUMBER(100);
    values[2] = (struct value)NUMBER(30);
    values[5] = (struct value){.kind = VALUE_TRUE};
    values[0] = (struct value)TEXT("Linz");
    validator_map(validator, slots);
    validator_check(validator, values, observations);
    cr_assert_float_eq(observations[AMOUNT].number, 100, 0);
    cr_assert_float_eq(observations[AGE].number, 30, 0);
    cr_assert_eq(observations[VIP].cell, 1);
    cr_assert_eq(observations[CHANNEL].violations, NOT);
    cr_assert_eq(observations[CITY].cell, 2);
}
