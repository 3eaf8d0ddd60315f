/* What is an envelope, what only looks like one, and what can be saved of a damaged one. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "source/envelope.h"
#include "support/random.h"

#define LARGE "9223372036854775806"

static struct envelope_reader reader;

static void set_up(void)
{
    envelope_reader_init(&reader, 4096);
}

static void tear_down(void)
{
    envelope_reader_release(&reader);
}

TestSuite(envelope, .init = set_up, .fini = tear_down);

static const struct {
    const char *line;
    const char *topic; /* NULL: none in the envelope */
    int32_t partition;
    int64_t offset, broker_ms;
    const char *value;
} envelopes[] = {
    {"{\"partition\":3,\"offset\":5,\"value\":{\"a\":1}}", NULL, 3, 5, INT64_MIN, "{\"a\":1}"},
    {"{\"partition\":0,\"offset\":0,\"payload\":\"{\\\"a\\\":1}\"}", NULL, 0, 0, INT64_MIN,
     "{\"a\":1}"},
    {" { \"value\" : { \"a\" : [ 1 , \"x\\ny\" ] } , \"ts\" : 12 , \"offset\" : 5 ,"
     " \"topic\" : \"t\" , \"partition\" : 3 } ",
     "t", 3, 5, 12, "{ \"a\" : [ 1 , \"x\\ny\" ] }"},
    {"{\"partition\":1,\"offset\":" LARGE ",\"timestamp\":1700000000123,\"value\":{}}", NULL, 1,
     INT64_C(9223372036854775806), 1700000000123, "{}"},
    {"{\"partition\":2147483647,\"offset\":9007199254740993,\"ts\":-1,\"value\":{}}", NULL,
     2147483647, 9007199254740993, INT64_MIN, "{}"},
    {"{\"partition\":1,\"offset\":2,\"ts\":null,\"timestamp\":7.9,\"value\":{}}", NULL, 1, 2, 7,
     "{}"},
    {"{\"partition\":1,\"offset\":2,\"ts\":1e999,\"value\":{}}", NULL, 1, 2, INT64_MIN, "{}"},
    {"{\"partition\":1,\"offset\":2,\"ts\":\"2023-11-14T22:13:20Z\",\"value\":{}}", NULL, 1, 2,
     INT64_MIN, "{}"},
    {"{\"partition\":1,\"offset\":2,\"topic\":null,\"value\":{}}", NULL, 1, 2, INT64_MIN, "{}"},
    /* an event that is not an object still has its place */
    {"{\"partition\":1,\"offset\":2,\"payload\":null}", NULL, 1, 2, INT64_MIN, ""},
    {"{\"partition\":1,\"offset\":2,\"payload\":\"\"}", NULL, 1, 2, INT64_MIN, ""},
    {"{\"partition\":1,\"offset\":2,\"value\":null}", NULL, 1, 2, INT64_MIN, ""},
    {"{\"partition\":1,\"offset\":2,\"value\":\"{}\"}", NULL, 1, 2, INT64_MIN, "{}"},
    {"{\"partition\":1,\"offset\":2,\"value\":[{}]}", NULL, 1, 2, INT64_MIN, "[{}]"},
    {"{\"partition\":1,\"offset\":2,\"value\":12}", NULL, 1, 2, INT64_MIN, "12"},
    {"{\"partition\":1,\"offset\":2,\"value\":true}", NULL, 1, 2, INT64_MIN, "true"},
    {"{\"partition\":1,\"offset\":2,\"payload\":\"gone { wrong\"}", NULL, 1, 2, INT64_MIN,
     "gone { wrong"},
    {"{\"partition\":1,\"offset\":2,\"value\":{},\"payload\":\"x\"}", NULL, 1, 2, INT64_MIN, "{}"},
    /* damaged behind the position: the rest of the line, without the brace of the envelope */
    {"{\"topic\":\"t\",\"partition\":1,\"offset\":2,\"ts\":99,\"value\":{\"a\":oops}}", "t", 1, 2,
     99, "{\"a\":oops}"},
    {"{\"partition\":1,\"offset\":2,\"value\":{\"a\":1,\"a\":2}}", NULL, 1, 2, INT64_MIN,
     "{\"a\":1,\"a\":2}"},
    {"{\"partition\":1,\"offset\":2,\"key\":null,\"value\":{\"a\":\"\xff\"} }", NULL, 1, 2,
     INT64_MIN, "{\"a\":\"\xff\"} "},
    {"{\"partition\":1,\"offset\":2,\"value\":{\"a\":1", NULL, 1, 2, INT64_MIN, "{\"a\":1"},
    {"{\"partition\":1,\"offset\":2,\"value\":{}} trailing", NULL, 1, 2, INT64_MIN, "{}} trailing"},
    {"{\"partition\":1,\"offset\":2,\"value\":", NULL, 1, 2, INT64_MIN, ""},
    /* a whole text in a line that is not JSON because of something before it */
    {"{\"topic\":\"t\",\"partition\":1,\"offset\":2,\"ts\":9,\"headers\":[\"h\",\"]\xff\"],"
     "\"key\":\"\xfe\\\"\",\"payload\":\"{\\\"a\\\":1}\"}",
     "t", 1, 2, 9, "{\"a\":1}"},
    {"{\"partition\":1,\"offset\":2,\"headers\":{\"h\":[\"\xff\"]},\"key\":null,\"payload\":null}",
     NULL, 1, 2, INT64_MIN, ""},
    {"{\"partition\":1,\"offset\":2,\"payload\":\"{\\\"a\\\":\xff}\"}", NULL, 1, 2, INT64_MIN,
     "\"{\\\"a\\\":\xff}\""},
    {"{\"partition\":1,\"offset\":2,\"payload\":\"no end", NULL, 1, 2, INT64_MIN, "\"no end"},
    {"{\"x\":oops,\"partition\":1,\"offset\":2,\"value\":{}}", NULL, 1, 2, INT64_MIN, "{}"},
    {"{\"partition\":1,\"key\":\"\xff\",\"value\":{\"a\":1},\"offset\":2,\"ts\":3}", NULL, 1, 2, 3,
     "{\"a\":1}"},
    {"{\"partition\":1,\"offset\":2,\"ts\":-5,\"value\":x}", NULL, 1, 2, INT64_MIN, "x"},
};

Test(envelope, table)
{
    for (unsigned i = 0; i < sizeof envelopes / sizeof envelopes[0]; i++) {
        struct record record = {.topic = "none"};
        const char *line = envelopes[i].line;
        cr_assert(envelope_read(&reader, bytes_of(line), &record), "%s", line);
        cr_assert_str_eq(record.topic, envelopes[i].topic ? envelopes[i].topic : "none", "%s",
                         line);
        cr_assert_eq(record.partition, envelopes[i].partition, "%s", line);
        cr_assert_eq(record.offset, envelopes[i].offset, "%s: %lld", line,
                     (long long)record.offset);
        cr_assert_eq(record.broker_ms, envelopes[i].broker_ms, "%s: %lld", line,
                     (long long)record.broker_ms);
        cr_assert(bytes_equal(record.value, bytes_of(envelopes[i].value)), "%s: %.*s", line,
                  (int)record.value.size, record.value.data);
    }
}

static const char *const plain[] = {
    "",
    "{}",
    "{\"id\":\"a\",\"features\":{\"amount\":1}}",
    "{\"partition\":1,\"amount\":2}",
    "{\"partition\":1,\"offset\":2}",
    "{\"partition\":1,\"value\":{}}",
    "{\"offset\":1,\"value\":{}}",
    "{\"partition\":\"1\",\"offset\":2,\"value\":{}}",
    "{\"partition\":1,\"offset\":\"2\",\"value\":{}}",
    "{\"partition\":1.5,\"offset\":2,\"value\":{}}",
    "{\"partition\":1,\"offset\":2e0,\"value\":{}}",
    "{\"partition\":-1,\"offset\":2,\"value\":{}}",
    "{\"partition\":1,\"offset\":-2,\"value\":{}}",
    "{\"partition\":2147483648,\"offset\":2,\"value\":{}}",
    "{\"partition\":1,\"offset\":9223372036854775807,\"value\":{}}",
    "{\"partition\":1,\"offset\":99999999999999999999,\"value\":{}}",
    "{\"partition\":1,\"offset\":2,\"topic\":5,\"value\":{}}",
    "{\"partition\":1,\"offset\":2,\"topic\":\"\",\"value\":{}}",
    "{\"features\":{\"partition\":1,\"offset\":2,\"value\":{}}}",
    "[{\"partition\":1,\"offset\":2,\"value\":{}}]",
    /* damaged before the position */
    "{\"partition\":1,\"offset\":x,\"value\":{}}",
    "{\"partition\":1,\"offset\":2",
    "{\"partition\":1,\"offset\":2,",
    "{\"partition\":1,\"offset\":2,\"val",
    "{\"partition\"",
    "\"partition\"",
    "{\"partition\":1,\"offset\":2,\"x\":[[],\"value\":{\"a\":oops}}",
    "{\"partition\":1,\"offset\":2,\"x\":}\"value\":oops}",
    "{\"partition\":1,\"offset\":2,\"topic\":\"a\\tb\",\"value\":oops}",
    "{\"partition\":1,\"offset\":2-2,\"value\":oops}",
    "{\"partition\":-1,\"offset\":2,\"value\":oops}",
    "{\"partition\":,\"offset\":2,\"value\":{\"a\":oops}}",
    "{\"partition\":1,\"offset\":99999999999999999999999999,\"value\":{\"a\":oops}}",
};

Test(envelope, plain_events)
{
    for (unsigned i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        struct record record = {"none", 77, 78, 79, {"v", 1}};
        cr_assert_not(envelope_read(&reader, bytes_of(plain[i]), &record), "%s", plain[i]);
        cr_assert(!strcmp(record.topic, "none") && record.partition == 77 && record.offset == 78 &&
                      record.broker_ms == 79 && record.value.size == 1,
                  "changed by %s", plain[i]);
    }
}

Test(envelope, topics_change_and_have_a_limit)
{
    struct record record = {0};
    struct text line = {0};
    static const size_t sizes[] = {1, 5, 5, 249, 2, 250};
    for (unsigned i = 0; i < 6; i++) {
        text_clear(&line);
        text_puts(&line, "{\"partition\":1,\"offset\":2,\"value\":{},\"topic\":\"");
        for (size_t n = 0; n < sizes[i]; n++)
            text_add(&line, i % 2 ? "a" : "b", 1);
        text_puts(&line, "\"}");
        bool is = envelope_read(&reader, bytes_make(line.data, line.size), &record);
        cr_assert_eq(is, sizes[i] <= 249);
        if (is) {
            cr_assert_eq(strlen(record.topic), sizes[i]);
            cr_assert_eq(record.topic[0], i % 2 ? 'a' : 'b');
        }
    }
    text_release(&line);
}

/* An event deeper or wider than the reader's own limits still has its place. */
Test(envelope, deep_and_wide_events_keep_their_place)
{
    struct text line = {0};
    struct record record = {0};
    text_puts(&line, "{\"partition\":1,\"offset\":2,\"value\":{\"a\":");
    for (int i = 0; i < 500; i++)
        text_puts(&line, "[");
    for (int i = 0; i < 500; i++)
        text_puts(&line, "]");
    text_puts(&line, "}}");
    cr_assert(envelope_read(&reader, bytes_make(line.data, line.size), &record));
    cr_assert_eq(record.offset, 2);
    cr_assert_eq(record.value.size, line.size - 35);
    cr_assert_eq(record.value.data[record.value.size - 1], '}');
    text_release(&line);
}

/* No line makes it read outside: the line is exactly as long as its allocation. */
Test(envelope, random_damage_is_never_a_crash)
{
    struct random random = random_new(61);
    for (int round = 0; round < 4000; round++) {
        const char *from =
            envelopes[random_below(&random, sizeof envelopes / sizeof envelopes[0])].line;
        size_t size = random_below(&random, (uint32_t)strlen(from) + 1);
        if (random_below(&random, 2))
            size = strlen(from);
        char *line = mem_new(size, 1);
        memcpy(line, from, size);
        for (uint32_t n = random_below(&random, 3); n && size; n--)
            line[random_below(&random, (uint32_t)size)] =
                "{}[]\":,\\0129-nx"[random_below(&random, 15)];
        struct record record = {.topic = "none"};
        if (envelope_read(&reader, bytes_make(line, size), &record)) {
            cr_assert_geq(record.partition, 0);
            cr_assert_geq(record.offset, 0);
            cr_assert_leq(record.value.size, size);
        }
        free(line);
    }
}
