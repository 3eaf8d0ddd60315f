/* A plan that knows the shape of its records decodes as one that has seen none. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "decode/plan.h"
#include "support/random.h"

enum { SLOTS = 12, COUNTERS = 2 };

static const char *const paths[SLOTS] = {"/a", "/b", "/c/d", "/c/e", "/list/0", "/list/2",
                                         "/f", "/g", "/h",   "/i",   "/absent", "/c/long key here"};

static struct decode_plan *plan;
static struct value values[SLOTS];
static uint32_t unknown[COUNTERS];

static struct decode_plan *make_plan(void)
{
    static const struct decode_limits limits = {
        .event_bytes = 4096, .depth = 4, .keys = 24, .key_bytes = 64, .string_bytes = 64};
    struct decode_plan *made = decode_plan_new(&limits);
    for (int i = 0; i < SLOTS; i++)
        cr_assert_eq(decode_plan_want(made, bytes_of(paths[i]), NULL), i);
    decode_plan_count_unknown(made, bytes_of(""), NULL);
    decode_plan_count_unknown(made, bytes_of("/c"), NULL);
    decode_plan_compile(made);
    return made;
}

static void set_up(void)
{
    plan = make_plan();
}

static void tear_down(void)
{
    decode_plan_free(plan);
}

TestSuite(shape, .init = set_up, .fini = tear_down);

/* From a buffer without a byte to spare. */
static enum decode_result decode(struct decode_plan *with, struct bytes event,
                                 struct value *ret_values, uint32_t *ret_unknown)
{
    char *exact = mem_new(event.size, 1);
    if (event.size)
        memcpy(exact, event.data, event.size);
    enum decode_result result =
        decode_event(with, bytes_make(exact, event.size), ret_values, ret_unknown);
    free(exact);
    return result;
}

static void check_same_values(struct decode_plan *fresh, const struct value *expected,
                              struct bytes event)
{
    for (int i = 0; i < SLOTS; i++) {
        const struct value *a = &values[i], *b = &expected[i];
        cr_assert(a->kind == b->kind && a->integral == b->integral && a->wide == b->wide &&
                      memcmp(&a->number, &b->number, sizeof a->number) == 0 &&
                      a->text.size == b->text.size,
                  "%s in %.*s", paths[i], (int)event.size, event.data);
        /* The texts of containers were views of the copies. */
        if (a->kind == VALUE_OBJECT || a->kind == VALUE_ARRAY || a->kind == VALUE_ABSENT)
            continue;
        cr_assert_eq(a->text.data - plan->buffer, b->text.data - fresh->buffer);
        cr_assert(bytes_equal(a->text, b->text), "%s in %.*s", paths[i], (int)event.size,
                  event.data);
    }
}

/* True if the record was good. */
static bool check(struct bytes event)
{
    struct decode_plan *fresh = make_plan();
    struct value expected[SLOTS];
    uint32_t expected_unknown[COUNTERS];
    enum decode_result wanted = decode(fresh, event, expected, expected_unknown);
    enum decode_result result = decode(plan, event, values, unknown);
    cr_assert_eq(result, wanted, "%s instead of %s for %.*s", decode_result_name(result),
                 decode_result_name(wanted), (int)event.size, event.data);
    if (result == DECODE_OK) {
        cr_assert_eq(memcmp(unknown, expected_unknown, sizeof unknown), 0);
        check_same_values(fresh, expected, event);
    }
    decode_plan_free(fresh);
    return result == DECODE_OK;
}

static void add_scalar(struct random *random, struct text *text)
{
    static const char *const scalars[] = {"0",
                                          "-0",
                                          "7",
                                          "903",
                                          "-12.5",
                                          "0.25",
                                          "1234567",
                                          "12345678",
                                          "1e5",
                                          "1E-3",
                                          "1e999",
                                          "0.1234567891234",
                                          "NaN",
                                          "-NaN",
                                          "Infinity",
                                          "-Infinity",
                                          "true",
                                          "false",
                                          "null",
                                          "\"\"",
                                          "\"x\"",
                                          "\"a b\"",
                                          "\"\\n\"",
                                          "\"\xc3\xa9\"",
                                          "\"a,b\"",
                                          "\"}\"",
                                          "\"sixteen bytes it\"",
                                          "\"and a text of more than thirty-two bytes\"",
                                          "\"\\u00e9\\\"\"",
                                          "123456789012345678901234567890"};
    static const char *const bad[] = {"01", "1.", "tru", "\"", "\"\\x\"", "\"\xff\"",
                                      "-",  "",   "[",   "{}", "[1]",     "1 2"};
    if (random_below(random, 60) == 0)
        text_puts(text, bad[random_below(random, sizeof bad / sizeof bad[0])]);
    else if (random_below(random, 2) == 0)
        text_printf(text, "%.*f", (int)random_below(random, 6),
                    random_normal(random) * (random_below(random, 2) ? 1 : 1000));
    else
        text_puts(text, scalars[random_below(random, sizeof scalars / sizeof scalars[0])]);
}

/* `%` is a scalar. */
static void fill(struct random *random, const char *form, struct text *text)
{
    text_clear(text);
    for (; *form; form++)
        if (*form == '%')
            add_scalar(random, text);
        else
            text_add(text, form, 1);
}

static const char *const forms[] = {
    "{\"a\":%,\"b\":%,\"c\":{\"d\":%,\"e\":%,\"long key "
    "here\":%},\"list\":[%,%,%],\"f\":%,\"g\":%,\"h\":"
    "%,\"i\":%}",
    "{\"a\": %, \"b\": %, \"c\": {\"d\": %, \"u\": %, \"e\": %}, \"v\": %, \"list\": [%]}\n",
    "{ \"w\":{\"x\":[[],{},%]} , \"\\u0061\":% }",
    "{\"an unknown key that is longer than sixteen bytes\":%,\"list\":[%,%],\"absent\":%}",
};

Test(shape, records_of_one_form)
{
    struct random random = random_new(71);
    struct text text = {0};
    for (unsigned form = 0; form < sizeof forms / sizeof forms[0]; form++) {
        unsigned good = 0;
        for (int round = 0; round < 1500; round++) {
            fill(&random, forms[form], &text);
            good += check(bytes_make(text.data, text.size));
        }
        cr_assert_gt(good, 500);
        cr_assert_gt(plan->shape.gap_count, 0, "form %u has no shape", form);
    }
    text_release(&text);
}

Test(shape, records_of_mixed_forms)
{
    struct random random = random_new(72);
    struct text text = {0};
    for (int round = 0; round < 3000; round++) {
        fill(&random, forms[random_below(&random, sizeof forms / sizeof forms[0])], &text);
        check(bytes_make(text.data, text.size));
    }
    text_release(&text);
}

static const char record[] =
    "{\"a\":12.5,\"b\":\"web\",\"c\":{\"d\":true,\"e\":-3,\"long key here\":"
    "0.25},\"list\":[1,2,3],\"f\":\"ts\",\"g\":1}";

Test(shape, what_is_known_is_used)
{
    check(bytes_of(record));
    cr_assert_eq(plan->shape.gap_count, 10);
    uint64_t walks = plan->events;
    check(bytes_of(record));
    cr_assert_eq(plan->events, walks, "the record was walked over again");
}

static void check_damaged(const char *damaged, size_t size)
{
    /* The shape must not be given up meanwhile. */
    cr_assert_eq(decode(plan, bytes_of(record), values, unknown), DECODE_OK);
    cr_assert_eq(plan->shape.gap_count, 10);
    check(bytes_make(damaged, size));
}

/* One byte changed, left out or added, at every place. */
Test(shape, no_damaged_record_passes)
{
    static const char others[] = "\"\\,:{}[] 0x-.e\n\x01\x80";
    size_t size = strlen(record);
    char damaged[sizeof record + 1];
    check(bytes_of(record));
    for (size_t at = 0; at <= size; at++) {
        memcpy(damaged, record, at);
        if (at < size) {
            memcpy(damaged + at, record + at + 1, size - at - 1);
            check_damaged(damaged, size - 1);
        }
        memcpy(damaged + at + 1, record + at, size - at);
        for (size_t i = 0; i < sizeof others; i++) {
            damaged[at] = others[i];
            check_damaged(damaged, size + 1);
        }
        memcpy(damaged, record, size);
        for (size_t i = 0; at < size && i < sizeof others; i++) {
            damaged[at] = others[i];
            check_damaged(damaged, size);
        }
    }
}

Test(shape, every_prefix_is_truncated)
{
    check(bytes_of(record));
    for (size_t size = 0; size < strlen(record); size++) {
        check(bytes_of(record)); /* the shape must not be given up */
        cr_assert_gt(plan->shape.gap_count, 0);
        cr_assert(!check(bytes_make(record, size)));
    }
}

Test(shape, strings_that_grow_too_long)
{
    char text[160];
    check(bytes_of("{\"a\":\"x\"}"));
    for (int size = 0; size < 80; size++) {
        snprintf(text, sizeof text, "{\"a\":\"%.*s\"}", size,
                 "0123456789012345678901234567890123456789012345678901234567890123456789012345678");
        cr_assert_eq(check(bytes_of(text)), size <= 64, "%d", size);
    }
}

/* Two forms in turn: neither is kept for long, and learning becomes rare. */
Test(shape, a_producer_without_a_shape_is_left_alone)
{
    char text[64];
    unsigned learned = 0;
    for (int round = 0; round < 4000; round++) {
        uint32_t before = plan->shape.gap_count;
        snprintf(text, sizeof text, "{\"a\":%d,\"k%d\":1}", round, round);
        cr_assert_eq(decode(plan, bytes_of(text), values, unknown), DECODE_OK);
        cr_assert_eq(unknown[0], 1);
        learned += before == 0 && plan->shape.gap_count > 0;
    }
    cr_assert(learned > 2 && learned < 20, "learned %u times", learned);
}

Test(shape, a_new_form_is_learned_soon)
{
    for (int round = 0; round < 1000; round++)
        decode(plan, bytes_of("{\"a\":1}"), values, unknown);
    for (int round = 0; round < 200; round++)
        decode(plan, bytes_of("{\"a\":1,\"b\":2}"), values, unknown);
    cr_assert_eq(plan->shape.gap_count, 2);
    cr_assert_eq(values[1].kind, VALUE_NUMBER);
}

Test(shape, what_cannot_be_one)
{
    static const char *const events[] = {"{}", "{\"a\":{}}", "{\"a\":[1]}", "{\"c\":[]}"};
    for (unsigned i = 0; i < sizeof events / sizeof events[0]; i++)
        for (int round = 0; round < 100; round++)
            check(bytes_of(events[i]));
    cr_assert_eq(plan->shape.gap_count, 0);
}

/* More scalars and more bytes than a shape has room for. */
Test(shape, large_records_have_none)
{
    struct decode_plan *large = decode_plan_new(&decode_limits_default);
    struct text text = {0};
    struct value value;
    decode_plan_want(large, bytes_of("/a"), NULL);
    decode_plan_compile(large);
    text_puts(&text, "{\"list\":[0");
    for (int i = 0; i < SHAPE_GAPS; i++)
        text_puts(&text, ",1");
    text_puts(&text, "],\"a\":5}");
    for (int round = 0; round < 3; round++) {
        cr_assert_eq(decode(large, bytes_make(text.data, text.size), &value, NULL), DECODE_OK);
        cr_assert_eq(value.kind, VALUE_NUMBER);
    }
    text_clear(&text);
    text_printf(&text, "{\"a\":5%*s}", SHAPE_BYTES, "");
    for (int round = 0; round < 3; round++)
        cr_assert_eq(decode(large, bytes_make(text.data, text.size), &value, NULL), DECODE_OK);
    cr_assert_eq(large->shape.gap_count, 0);
    text_release(&text);
    decode_plan_free(large);
}
