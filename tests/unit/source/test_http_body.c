/* Bodies into events: what clients send, what proxies cut, what attackers write. */
#include "source/http_body.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>

#include "support/random.h"

static char *body;
static struct http_events events;
static struct err err;
static struct http_split_limits limits = {.event_bytes = 100, .events = 1000};

static void forget(void)
{
    free(body);
    free(events.items);
    body = NULL;
    events = (struct http_events){0};
}

TestSuite(http_body, .fini = forget);

static int split_bytes(const void *data, size_t size, enum http_format format)
{
    forget();
    body = mem_new(size + HTTP_BODY_PADDING, 1);
    memcpy(body, data, size);
    err = (struct err){0};
    return http_body_split(body, size, format, &limits, &events, &err);
}

static int split(const char *text, enum http_format format)
{
    return split_bytes(text, strlen(text), format);
}

/* The events between bars: "|a|b|". */
static const char *joined(void)
{
    static struct text text;
    text_clear(&text);
    text_puts(&text, "|");
    for (uint32_t i = 0; i < events.count; i++) {
        text_add(&text, body + events.items[i].start, events.items[i].size);
        text_puts(&text, "|");
    }
    return text.data;
}

static void expect(const char *text, enum http_format format, const char *wanted)
{
    cr_assert_eq(split(text, format), 0, "%s: %s", text, err.text);
    cr_expect_str_eq(joined(), wanted, "%s: %s", text, joined());
}

static void refuse(const char *text, enum http_format format, const char *why)
{
    cr_expect_eq(split(text, format), ERR_INVALID, "%s", text);
    cr_expect(strstr(err.text, why), "%s: \"%s\", not \"%s\"", text, err.text, why);
}

Test(http_body, lines)
{
    expect("{\"a\":1}\n{\"b\":2}\n", HTTP_LINES, "|{\"a\":1}|{\"b\":2}|");
    expect("{\"a\":1}\n{\"b\":2}", HTTP_LINES, "|{\"a\":1}|{\"b\":2}|");
    expect("{\"a\":1}\r\n\r\n \t\r\n\n{\"b\":2}\r\n", HTTP_LINES, "|{\"a\":1}|{\"b\":2}|");
    expect("\xef\xbb\xbf{\"a\":1}\n", HTTP_LINES, "|{\"a\":1}|");
    expect("", HTTP_LINES, "|");
    expect("\n\n\r\n", HTTP_LINES, "|");
    expect("\xef\xbb\xbf", HTTP_LINES, "|");
    expect("rubbish\n[1,2]\n", HTTP_LINES, "|rubbish|[1,2]|"); /* the decoder's to refuse */
    expect("{\"a\":\n1}\n", HTTP_LINES, "|{\"a\":|1}|");
}

Test(http_body, a_nul_is_a_byte)
{
    cr_assert_eq(split_bytes("a\0b\nc", 5, HTTP_LINES), 0);
    cr_assert_eq(events.count, 2);
    cr_assert_eq(events.items[0].size, 3);
}

Test(http_body, one_event)
{
    expect(" {\"a\":[1,\n2]}\r\n ", HTTP_JSON, "|{\"a\":[1,\n2]}|");
    expect("\xef\xbb\xbf {}", HTTP_JSON, "|{}|");
    expect("5", HTTP_JSON, "|5|");
    refuse("", HTTP_JSON, "there is no event at byte 0");
    refuse("  ", HTTP_JSON, "there is no event");
    refuse("{\"a\":1", HTTP_JSON, "cut off");
    refuse("{\"a\":\"1}", HTTP_JSON, "cut off");
    refuse("]", HTTP_JSON, "there is no event");
    refuse("{} x", HTTP_JSON, "something stands behind the event at byte 3");
    refuse("{\"a\":1}\n{\"a\":2}\n", HTTP_JSON, "something stands behind the event at byte 8");
    cr_assert(strstr(err.hint, "application/x-ndjson"));
}

Test(http_body, arrays)
{
    expect("[{\"a\":1},{\"b\":2}]", HTTP_JSON, "|{\"a\":1}|{\"b\":2}|");
    expect("\xef\xbb\xbf\n [ {\"a\":1} ,\r\n{\"b\":\"],[\"}\t] \n", HTTP_JSON,
           "|{\"a\":1}|{\"b\":\"],[\"}|");
    expect("[]", HTTP_JSON, "|");
    expect("[ ]\n", HTTP_JSON, "|");
    expect("[[{\"a\":1}],[]]", HTTP_JSON, "|[{\"a\":1}]|[]|");
    expect("[1,\"a,b\",null]", HTTP_JSON, "|1|\"a,b\"|null|");
    expect("[{\"a\":\"\\\"]\"},{\"a\":\"\\\\\"}]", HTTP_JSON,
           "|{\"a\":\"\\\"]\"}|{\"a\":\"\\\\\"}|");
    expect("[{\"a\":NaN,\"a\":1},{]]", HTTP_JSON, "|{\"a\":NaN,\"a\":1}|{]|");
}

Test(http_body, broken_arrays)
{
    refuse("[", HTTP_JSON, "the array is cut off at byte 1");
    refuse("[{}", HTTP_JSON, "the array is cut off at byte 3");
    refuse("[{},", HTTP_JSON, "the array is cut off at byte 4");
    refuse("[{},{\"a\":", HTTP_JSON, "no end of the element at byte 4");
    refuse("[{},\"a", HTTP_JSON, "no end of the element");
    refuse("[{},]", HTTP_JSON, "an element of the array is missing at byte 4");
    refuse("[,{}]", HTTP_JSON, "an element of the array is missing at byte 1");
    refuse("[{},,{}]", HTTP_JSON, "an element of the array is missing");
    refuse("[{} {}]", HTTP_JSON, "no comma between two elements of the array at byte 4");
    refuse("[{}{}]", HTTP_JSON, "no comma");
    refuse("[{}}", HTTP_JSON, "no comma");
    refuse("[{}] x", HTTP_JSON, "something stands behind the array at byte 5");
    refuse("[{}]]", HTTP_JSON, "something stands behind the array");
    refuse("[{}][{}]", HTTP_JSON, "something stands behind the array");
    refuse("[{}]\n[{}]", HTTP_JSON, "something stands behind the array");
}

Test(http_body, deep)
{
    enum { DEPTH = 200000 };
    static char text[2 * DEPTH + 2];
    memset(text, '[', DEPTH);
    memset(text + DEPTH, ']', DEPTH);
    cr_assert_eq(split(text, HTTP_JSON), 0);
    cr_assert_eq(events.count, 1);
    cr_assert_eq(events.items[0].size, limits.event_bytes + 1);
    text[2 * DEPTH - 1] = ' ';
    cr_assert_eq(split(text, HTTP_JSON), ERR_INVALID);
}

Test(http_body, as_it_is)
{
    expect("[{\"a\":1}]\nx", HTTP_DATA, "|[{\"a\":1}]\nx|");
    expect("", HTTP_DATA, "||");
}

Test(http_body, envelopes)
{
    expect(" {\"id\":\"1\",\"data\":{\"a\":1}} ", HTTP_CLOUD, "|{\"a\":1}|");
    expect("[{\"data\":{\"a\":1},\"time\":\"1970-01-01T00:00:01Z\"},"
           "{\"data_base64\":\"eyJiIjoyfQ==\"},{\"data\":\"{\\\"c\\\":3}\"},{},7]",
           HTTP_CLOUD_BATCH, "|{\"a\":1}|{\"b\":2}|{\"c\":3}||7|");
    cr_assert_eq(events.items[0].time_ms, 1000);
    cr_assert_eq(events.items[1].time_ms, INT64_MIN);
    expect("[]", HTTP_CLOUD_BATCH, "|");
    refuse("{\"data\":{}}", HTTP_CLOUD_BATCH, "there is no array of envelopes at byte 0");
    refuse("", HTTP_CLOUD_BATCH, "there is no array of envelopes");
    refuse("{\"data\":{\"a\":1}", HTTP_CLOUD, "cut off");
    refuse("[{\"data\":{}},{\"data\"", HTTP_CLOUD_BATCH, "cut off");
    expect("[{\"data\":{}}]", HTTP_CLOUD, "|[{\"data\":{}}]|"); /* one envelope, and it is none */
}

Test(http_body, long_events)
{
    char text[400];
    memset(text, 'x', sizeof text);
    text[100] = '\n'; /* 100 bytes: at the limit; then 101, then 197 */
    text[202] = '\n';
    cr_assert_eq(split_bytes(text, sizeof text, HTTP_LINES), 0);
    cr_assert_eq(events.count, 3);
    cr_assert_eq(events.items[0].size, 100);
    cr_assert_eq(events.items[1].size, 101);
    cr_assert_eq(events.items[2].size, 101);
    cr_assert_eq(events.items[2].start, 203);
}

Test(http_body, many_events)
{
    struct text lines = {0}, array = {0};
    text_puts(&array, "[1");
    for (uint32_t i = 0; i < limits.events; i++) {
        text_puts(&lines, "1\n");
        text_puts(&array, ",1");
    }
    text_puts(&array, "]");
    cr_assert_eq(split(lines.data, HTTP_LINES), 0);
    cr_assert_eq(events.count, limits.events);
    text_puts(&lines, "1");
    cr_assert_eq(split(lines.data, HTTP_LINES), ERR_LIMIT);
    cr_assert_str_eq(err.text, "more than 1000 events in one body");
    cr_assert_eq(split(array.data, HTTP_JSON), ERR_LIMIT);
    text_release(&lines);
    text_release(&array);
}

/* A value of JSON, or nearly. */
static void write_value(struct random *random, struct text *text, int depth)
{
    static const char *const scalars[] = {"1",    "-2.5e3", "null",     "true",     "\"a,]}[{\"",
                                          "\"\"", "NaN",    "\"\\\"\"", "\"\\\\\"", "\"\xc3\xa9\""};
    if (depth == 0 || random_below(random, 3) == 0) {
        text_puts(text, scalars[random_below(random, 10)]);
        return;
    }
    bool object = random_below(random, 2);
    text_puts(text, object ? "{" : "[");
    for (uint32_t i = random_below(random, 4); i > 0; i--) {
        if (object)
            text_puts(text, "\"k\": ");
        write_value(random, text, depth - 1);
        text_puts(text, i > 1 ? " ,\n" : "");
    }
    text_puts(text, object ? "}" : "]");
}

/* An array of any values is cut into just these; cut off anywhere it is refused. */
Test(http_body, any_values)
{
    struct random random = random_new(7);
    limits.event_bytes = 1 << 20;
    for (int round = 0; round < 300; round++) {
        struct text array = {0}, wanted = {0};
        text_puts(&array, "[");
        text_puts(&wanted, "|");
        for (uint32_t i = random_below(&random, 5); i > 0; i--) {
            struct text value = {0};
            write_value(&random, &value, 4);
            text_printf(&array, " %s%s", value.data, i > 1 ? "," : "");
            text_printf(&wanted, "%s|", value.data);
            text_release(&value);
        }
        text_puts(&array, " ]");
        expect(array.data, HTTP_JSON, wanted.data);
        for (int i = 0; i < 20; i++)
            cr_assert_eq(
                split_bytes(array.data, random_below(&random, (uint32_t)array.size), HTTP_JSON),
                ERR_INVALID);
        text_release(&array);
        text_release(&wanted);
    }
}

Test(http_body, any_bytes)
{
    static const char bytes[] = "[]{}\",:\\ \n\rdat_base64\"\"1\xef\xbb\xbf\0";
    struct random random = random_new(11);
    for (int round = 0; round < 20000; round++) {
        char text[64];
        size_t size = random_below(&random, sizeof text);
        for (size_t i = 0; i < size; i++)
            text[i] = bytes[random_below(&random, sizeof bytes - 1)];
        if (split_bytes(text, size, (enum http_format)random_below(&random, 5)) != 0)
            continue;
        for (uint32_t i = 0; i < events.count; i++)
            cr_assert_leq(events.items[i].start + events.items[i].size, size);
    }
}
