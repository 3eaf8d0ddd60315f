/* Envelopes of CloudEvents. The first two are the examples of the specification's JSON format 1.0.2
 * (section 3.2), shortened. */
#include "source/http_cloud.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "decode/decode.h"

static char *body;

static void tear_down(void)
{
    free(body);
}

TestSuite(http_cloud, .fini = tear_down);

static struct cloud_event unwrap(const char *text)
{
    size_t size = strlen(text);
    free(body);
    body = mem_new(size + CLOUD_PADDING, 1);
    memcpy(body, text, size);
    struct cloud_event event = cloud_unwrap(body, size);
    cr_assert(!event.value.size ||
              (event.value.data >= body && event.value.data + event.value.size <= body + size));
    return event;
}

static void expect(const char *text, const char *value)
{
    struct bytes got = unwrap(text).value;
    cr_assert(bytes_equal(got, bytes_of(value)), "%s: \"%.*s\", not \"%s\"", text, (int)got.size,
              got.data, value);
}

static enum decode_result decoded(const char *text)
{
    struct decode_plan *plan = decode_plan_new(&decode_limits_default);
    decode_plan_compile(plan);
    struct value value;
    enum decode_result result = decode_event(plan, unwrap(text).value, &value, NULL);
    decode_plan_free(plan);
    return result;
}

Test(http_cloud, data)
{
    struct cloud_event event = unwrap(
        "{\"specversion\":\"1.0\",\"type\":\"com.example.someevent\",\"source\":\"/mycontext\","
        "\"id\":\"C234-1234-1234\",\"time\":\"2018-04-05T17:31:00Z\","
        "\"comexampleothervalue\":5,\"datacontenttype\":\"application/json\","
        "\"data\":{\"appinfoA\":\"abc\",\"appinfoB\":123,\"appinfoC\":true}}");
    cr_assert(bytes_equal(event.value,
                          bytes_of("{\"appinfoA\":\"abc\",\"appinfoB\":123,\"appinfoC\":true}")));
    /* date -u -d 2018-04-05T17:31:00Z +%s */
    cr_assert_eq(event.time_ms, INT64_C(1522949460000));
}

Test(http_cloud, base64)
{
    expect("{\"specversion\":\"1.0\",\"type\":\"t\",\"source\":\"s\",\"id\":\"i\","
           "\"data_base64\":\"eyJhIjogMX0=\"}", /* printf '{"a": 1}' | base64 */
           "{\"a\": 1}");
    expect("{\"data_base64\":\"eyJhIjoiw7\\/DvyJ9\"}", "{\"a\":\"\xc3\xbf\xc3\xbf\"}");
    expect("{\"data_base64\":\"\"}", "");
}

Test(http_cloud, data_as_text)
{
    expect("{\"data\":\"{\\\"a\\\":\\\"\\u00e9\\\\n\\\"}\"}", "{\"a\":\"\xc3\xa9\\n\"}");
    expect("{\"data\":\"\"}", "");
    expect("{ \"data\" : \"{}\" , \"x\" : [ \"data\" ] }", "{}");
}

Test(http_cloud, members_around_it)
{
    expect("{\"x\":{\"data\":1},\"y\":[\"data\",{\"data\":2}],\"z\":\"\\\"data\\\":3\",\"data\":{"
           "\"a\":4}}",
           "{\"a\":4}");
    expect("{\"dat\":1,\"Data\":2,\"data \":3,\"data_\":4,\"data\":{}}", "{}");
    expect("{\"data\":{\"a\":1},\"data_base64\":\"eyJhIjogMn0=\"}", "{\"a\":1}");
}

/* What is wrong with the event is the decoder's to say. */
Test(http_cloud, damaged_events)
{
    cr_assert_eq(decoded("{\"data\":{\"a\":NaN}}"), DECODE_OK);
    cr_assert_eq(decoded("{\"data\":{\"a\":1,\"a\":2}}"), DECODE_DUPLICATE_KEY);
    cr_assert_eq(decoded("{\"data\":{\"a\":\"\xff\"}}"), DECODE_UTF8);
    cr_assert_eq(decoded("{\"data\":{\"a\"}}"), DECODE_SYNTAX);
    cr_assert_eq(decoded("{\"data\":[1]}"), DECODE_NOT_OBJECT);
    cr_assert_eq(decoded("{\"data\":null}"), DECODE_NOT_OBJECT);
    cr_assert_eq(decoded("{\"data\":7}"), DECODE_NOT_OBJECT);
}

/* No envelope is counted as if it were the event. */
Test(http_cloud, without_event)
{
    cr_assert_eq(decoded("{}"), DECODE_EMPTY);
    cr_assert_eq(decoded("{ \n}"), DECODE_EMPTY);
    cr_assert_eq(decoded("{\"specversion\":\"1.0\",\"id\":\"a\"}"), DECODE_EMPTY);
    cr_assert_eq(decoded("7"), DECODE_NOT_OBJECT);
    cr_assert_eq(decoded("\"text\""), DECODE_NOT_OBJECT);
    cr_assert_eq(decoded("[{\"data\":{}}]"), DECODE_NOT_OBJECT);
    cr_assert_eq(decoded("{\"data\":{},\"data\":{}}"), DECODE_DUPLICATE_KEY);
    cr_assert_eq(decoded("{\"time\":1,\"data\":{},\"time\":2}"), DECODE_DUPLICATE_KEY);
    cr_assert_neq(decoded("{\"data\":{},}"), DECODE_OK);
    cr_assert_neq(decoded("{\"data\" {}}"), DECODE_OK);
    cr_assert_neq(decoded("{\"data\":}"), DECODE_OK);
    cr_assert_neq(decoded("{\"data\":{} \"x\":1}"), DECODE_OK);
    cr_assert_neq(decoded("{data:{}}"), DECODE_OK);
}

Test(http_cloud, bad_base64)
{
    static const char *const bad[] = {
        "eyJhIjogMX0*", "e",    "eyJhI",      "eyJ=hIjo", "eyJhIjogMX0==",
        "eyJhIjogMX1=", "====", "e\\u0000yJ", "eyJh\\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[80];
        snprintf(text, sizeof text, "{\"data_base64\":\"%s\"}", bad[i]);
        cr_expect_neq(decoded(text), DECODE_OK, "%s", bad[i]);
    }
    cr_assert_eq(decoded("{\"data_base64\":{\"a\":\"b\"}}"), DECODE_EMPTY);
    cr_assert_neq(decoded("{\"data_base64\":5}"), DECODE_OK);
    cr_assert_neq(decoded("{\"data\":\"{\\\"a\\\":1}\\ud800\"}"), DECODE_OK);
}

Test(http_cloud, times)
{
    cr_assert_eq(unwrap("{\"time\":\"x\",\"data\":{}}").time_ms, INT64_MIN);
    cr_assert_eq(unwrap("{\"time\":\"\",\"data\":{}}").time_ms, INT64_MIN);
    cr_assert_eq(unwrap("{\"time\":0,\"data\":{}}").time_ms, INT64_MIN);
    cr_assert_eq(unwrap("{\"data\":{}}").time_ms, INT64_MIN);
    cr_assert_eq(unwrap("{\"time\":\"1970-01-01T00:00:01Z\"}").time_ms, 1000);
}

/* RFC 4648, section 10. */
Test(http_cloud, test_vectors)
{
    static const char *const vectors[][2] = {
        {"", ""},           {"Zg==", "f"},         {"Zm8=", "fo"},         {"Zm9v", "foo"},
        {"Zm9vYg", "foob"}, {"Zm9vYmE=", "fooba"}, {"Zm9vYmFy", "foobar"},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        char text[16];
        size_t size = 99;
        snprintf(text, sizeof text, "%s", vectors[i][0]);
        cr_assert(base64_in_place(text, strlen(text), &size));
        cr_assert(bytes_equal(bytes_make(text, size), bytes_of(vectors[i][1])), "%s",
                  vectors[i][0]);
    }
}
