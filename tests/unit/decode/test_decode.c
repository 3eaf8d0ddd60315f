#include <criterion/criterion.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "decode/decode.h"

enum { MAX_SLOTS = 64 };

static struct decode_plan *plan;
static struct value values[MAX_SLOTS];
static uint32_t unknown[MAX_SLOTS];

static void teardown(void)
{
    decode_plan_free(plan);
    plan = NULL;
}

TestSuite(decode, .fini = teardown);

/* Paths separated by blanks; one that begins with # asks for the unknown keys of an object. */
static void make_plan(const char *paths, const struct decode_limits *limits)
{
    char *copy = mem_copy(paths), *state = NULL;
    decode_plan_free(plan);
    plan = decode_plan_new(limits ? limits : &decode_limits_default);
    for (char *path = strtok_r(copy, " ", &state); path; path = strtok_r(NULL, " ", &state)) {
        int got = *path == '#' ? decode_plan_count_unknown(plan, bytes_of(path + 1), NULL)
                               : decode_plan_want(plan, bytes_of(path), NULL);
        cr_assert_geq(got, 0, "%s", path);
    }
    free(copy);
    decode_plan_compile(plan);
}

/* From a buffer without a byte to spare, so that reading beyond it is an error. */
static char *exact;

static enum decode_result decode(struct bytes event)
{
    free(exact);
    exact = mem_new(event.size, 1);
    if (event.size)
        memcpy(exact, event.data, event.size);
    return decode_event(plan, bytes_make(exact, event.size), values, unknown);
}

static void check(struct bytes event, enum decode_result expected)
{
    enum decode_result result = decode(event);
    cr_assert_eq(result, expected, "%.*s: %s instead of %s", (int)event.size, event.data,
                 decode_result_name(result), decode_result_name(expected));
}

static void check_ok(const char *event)
{
    check(bytes_of(event), DECODE_OK);
}

static void check_text(int slot, enum value_kind kind, const char *text)
{
    cr_assert_eq(values[slot].kind, kind, "slot %d: kind %d", slot, (int)values[slot].kind);
    cr_assert(bytes_equal(values[slot].text, bytes_of(text)), "slot %d: %.*s", slot,
              (int)values[slot].text.size, values[slot].text.data);
}

static bool number_is(unsigned slot, double expected)
{
    return memcmp(&values[slot].number, &expected, sizeof expected) == 0;
}

static const char canonical[] =
    "{\"id\":\"7f3a\",\"ts\":\"2026-11-23T06:42:12.123Z\",\"model\":\"fraud\",\"version\":\"7\","
    "\"features\":{\"amount\":36.87,\"channel\":\"partner\",\"country\":\"MX\",\"age_days\":2029},"
    "\"prediction\":{\"score\":0.3812,\"class\":\"ok\"}}";

static const char canonical_paths[] = "/id /ts /features/amount /features/channel "
                                      "/features/age_days /features/missing /prediction/score "
                                      "/prediction/class #/features #";

Test(decode, canonical_event)
{
    make_plan(canonical_paths, NULL);
    for (int round = 0; round < 3; round++) {
        check_ok(canonical);
        check_text(0, VALUE_STRING, "7f3a");
        check_text(1, VALUE_STRING, "2026-11-23T06:42:12.123Z");
        check_text(2, VALUE_NUMBER, "36.87");
        cr_assert(number_is(2, 36.87) && !values[2].integral);
        check_text(3, VALUE_STRING, "partner");
        check_text(4, VALUE_NUMBER, "2029");
        cr_assert(number_is(4, 2029) && values[4].integral);
        cr_assert_eq(values[5].kind, VALUE_ABSENT);
        cr_assert_eq(values[5].text.size, 0);
        cr_assert(number_is(6, 0.3812));
        check_text(7, VALUE_STRING, "ok");
        cr_assert_eq(unknown[0], 1, "country");
        cr_assert_eq(unknown[1], 2, "model and version");
    }
}

Test(decode, every_prefix_is_truncated)
{
    make_plan(canonical_paths, NULL);
    cr_assert_eq(decode(bytes_make(canonical, 0)), DECODE_EMPTY);
    for (size_t size = 1; size < strlen(canonical); size++)
        check(bytes_make(canonical, size), DECODE_TRUNCATED);
    const char *rich = "{\"\\u00e9\":[-1.5e-7,NaN,-Infinity,true,false,null,\"\xf0\x9f\x98\x80"
                       "\\ud83d\\ude00\\n\",{},[]]}";
    check_ok(rich);
    for (size_t size = 1; size < strlen(rich); size++)
        check(bytes_make(rich, size), DECODE_TRUNCATED);
}

/* Documents and what becomes of them. The names in front are those of the suite of N. Seriot,
 * "Parsing JSON is a minefield", where a document is from there; it is wrapped into an object. */
static const struct {
    const char *text;
    enum decode_result result;
} documents[] = {
    {"{}", DECODE_OK},
    {" \t\r\n{ } \n", DECODE_OK},
    {"{\"a\":1}", DECODE_OK},
    {"{ \"a\" : [ 1 , 2 ] , \"b\" : { \"c\" : null } }\r\n", DECODE_OK},
    {"{\"\":0}", DECODE_OK},
    {"{\"a\":[]}", DECODE_OK},
    {"{\"a\":[[],[[]],{}]}", DECODE_OK},
    {"{\"a\":\"\x7f\"}", DECODE_OK},
    {"{\"a\":-0}", DECODE_OK},
    {"{\"a\":1e5,\"b\":1E+5,\"c\":1.5e-5}", DECODE_OK},
    {"{\"a\":NaN,\"b\":-NaN,\"c\":Infinity,\"d\":-Infinity}", DECODE_OK},
    {"{\"a\":[NaN,1e999,-1e999]}", DECODE_OK},
    {"{\"a\":123456789012345678901234567890}", DECODE_OK},
    {"", DECODE_EMPTY},
    {" \n\t\r ", DECODE_EMPTY},
    {"1", DECODE_NOT_OBJECT},
    {"\"text\"", DECODE_NOT_OBJECT},
    {"null", DECODE_NOT_OBJECT},
    {"NaN", DECODE_NOT_OBJECT},
    {"[]", DECODE_NOT_OBJECT},
    {" [{\"a\":1}]", DECODE_NOT_OBJECT},
    {"[1", DECODE_TRUNCATED},
    {"[1,]", DECODE_SYNTAX},
    {"hello", DECODE_SYNTAX},
    {"\xef\xbb\xbf{}", DECODE_SYNTAX},
    {"\xff\xfe{", DECODE_SYNTAX},
    {"}", DECODE_SYNTAX},
    {"{", DECODE_TRUNCATED},
    {"{\"a\"", DECODE_TRUNCATED},
    {"{\"a\":", DECODE_TRUNCATED},
    {"{\"a\":1,", DECODE_TRUNCATED},
    {"{\"a\":1e", DECODE_TRUNCATED},
    {"{\"a\":tru", DECODE_TRUNCATED},
    {"{\"a\":\"\\ud83d", DECODE_TRUNCATED},
    {"{\"a\":\"\xe2\x82", DECODE_TRUNCATED},
    {"{\"a\":1}}", DECODE_TRAILING},
    {"{\"a\":1}{\"a\":1}", DECODE_TRAILING},
    {"{\"a\":1} x", DECODE_TRAILING},
    {"{\"a\":1},", DECODE_TRAILING},
    {"{\"a\":1}\xc3\xa9", DECODE_TRAILING},
    {"{\"a\":1,}", DECODE_SYNTAX},
    {"{,\"a\":1}", DECODE_SYNTAX},
    {"{\"a\":1,,\"b\":2}", DECODE_SYNTAX},
    {"{\"a\" 1}", DECODE_SYNTAX},
    {"{\"a\"::1}", DECODE_SYNTAX},
    {"{\"a\":1 \"b\":2}", DECODE_SYNTAX},
    {"{\"a\":}", DECODE_SYNTAX},
    {"{\"a\"}", DECODE_SYNTAX},
    {"{a:1}", DECODE_SYNTAX},
    {"{'a':1}", DECODE_SYNTAX},
    {"{1:1}", DECODE_SYNTAX},
    {"{\"a\":1/*x*/}", DECODE_SYNTAX},
    {"{\"a\":1}//x", DECODE_TRAILING},
    {"{\"a\":[1,]}", DECODE_SYNTAX},
    {"{\"a\":[,1]}", DECODE_SYNTAX},
    {"{\"a\":[1 2]}", DECODE_SYNTAX},
    {"{\"a\":[1}}", DECODE_SYNTAX},
    {"{\"a\":{]}", DECODE_SYNTAX},
    {"{\"a\":01}", DECODE_SYNTAX},
    {"{\"a\":+1}", DECODE_SYNTAX},
    {"{\"a\":.5}", DECODE_SYNTAX},
    {"{\"a\":5.}", DECODE_SYNTAX},
    {"{\"a\":1e}", DECODE_SYNTAX},
    {"{\"a\":0x10}", DECODE_SYNTAX},
    {"{\"a\":1_000}", DECODE_SYNTAX},
    {"{\"a\":--1}", DECODE_SYNTAX},
    {"{\"a\":1-}", DECODE_SYNTAX},
    {"{\"a\":nan}", DECODE_SYNTAX},
    {"{\"a\":NAN}", DECODE_SYNTAX},
    {"{\"a\":nul}", DECODE_SYNTAX},
    {"{\"a\":nulls}", DECODE_SYNTAX},
    {"{\"a\":True}", DECODE_SYNTAX},
    {"{\"a\":truefalse}", DECODE_SYNTAX},
    {"{\"a\":inf}", DECODE_SYNTAX},
    {"{\"a\":Inf}", DECODE_SYNTAX},
    {"{\"a\":infinity}", DECODE_SYNTAX},
    {"{\"a\":-infinity}", DECODE_SYNTAX},
    {"{\"a\":+Infinity}", DECODE_SYNTAX},
    {"{\"a\":+NaN}", DECODE_SYNTAX},
    {"{\"a\":NaN1}", DECODE_SYNTAX},
    {"{\"a\":1NaN}", DECODE_SYNTAX},
    {"{\"a\":- Infinity}", DECODE_SYNTAX},
    {"{\"a\":Infinityy}", DECODE_SYNTAX},
    {"{NaN:1}", DECODE_SYNTAX},
    {"{\"a\":\"\n\"}", DECODE_SYNTAX},
    {"{\"a\":\"\\x\"}", DECODE_SYNTAX},
    {"{\"a\n\":1}", DECODE_SYNTAX},
    {"{\"a\":1}\v", DECODE_TRAILING},
    {"{\v\"a\":1}", DECODE_SYNTAX},
    {"{\"a\":\xc2\xa0"
     "1}",
     DECODE_SYNTAX},
    {"{\"a\":\"\\u0000\"}", DECODE_UTF8},
    {"{\"\\u0000\":1}", DECODE_UTF8},
    {"{\"a\":\"\\ud800\"}", DECODE_UTF8},
    {"{\"\\udc00\":1}", DECODE_UTF8},
    {"{\"a\":\"\xc0\xaf\"}", DECODE_UTF8},
    {"{\"\xff\":1}", DECODE_UTF8},
    {"{\"a\":\"\xed\xa0\x80\"}", DECODE_UTF8},
    {"{\"a\":1,\"a\":2}", DECODE_DUPLICATE_KEY},
    {"{\"a\":1,\"b\":2,\"a\":1}", DECODE_DUPLICATE_KEY},
    {"{\"a\":1,\"\\u0061\":2}", DECODE_DUPLICATE_KEY},
    {"{\"\\u0061\":1,\"a\":2}", DECODE_DUPLICATE_KEY},
    {"{\"\\u0061\":1,\"\\u0061\":2}", DECODE_DUPLICATE_KEY},
    {"{\"q\":1,\"\\u0071\":2}", DECODE_DUPLICATE_KEY},
    {"{\"\":1,\"\":2}", DECODE_DUPLICATE_KEY},
    {"{\"b\":{\"x\":1,\"y\":2,\"x\":1}}", DECODE_DUPLICATE_KEY},
    {"{\"q\":[{\"x\":1,\"x\":1}]}", DECODE_DUPLICATE_KEY},
    {"{\"a\":{\"a\":{\"a\":1}},\"b\":{\"a\":1}}", DECODE_OK},
    {"{\"q\":[{\"x\":1},{\"x\":1},{\"x\":1}]}", DECODE_OK},
    {"{\"q\":{\"x\":1,\"y\":{\"z\":1}},\"x\":2,\"y\":3,\"z\":4}", DECODE_OK},
    {"{\"a\":1,\"A\":2,\"\\u00e1\":3}", DECODE_OK},
};

Test(decode, documents)
{
    static const char *const plans[] = {"", "/a", "/a /b /b/x #/b #", "/zzz",
                                        "/b /a/0 /a/1 /q/0/x"};
    for (size_t p = 0; p < sizeof plans / sizeof plans[0]; p++) {
        make_plan(plans[p], NULL);
        for (int round = 0; round < 2; round++)
            for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++)
                check(bytes_of(documents[i].text), documents[i].result);
    }
}

Test(decode, nul_bytes_are_not_json)
{
    make_plan("/a", NULL);
    check(bytes_make("{\"a\":1\0}", 8), DECODE_SYNTAX);
    check(bytes_make("{\"a\":1}\0", 8), DECODE_TRAILING);
    check(bytes_make("\0", 1), DECODE_SYNTAX);
    check(bytes_make("{\"a\0\":1}", 8), DECODE_SYNTAX);
    check(bytes_make("{\"a\":\"\0\"}", 9), DECODE_SYNTAX);
    check(bytes_make("{\"a\":true\0}", 11), DECODE_SYNTAX);
}

Test(decode, a_tombstone_is_empty)
{
    make_plan("/a", NULL);
    cr_assert_eq(decode_event(plan, bytes_make(NULL, 0), values, unknown), DECODE_EMPTY);
}

Test(decode, kinds)
{
    make_plan("/a /b /c /d /e /f /g /h /i /j /k", NULL);
    check_ok("{\"a\":null,\"b\":true,\"c\":false,\"d\":NaN,\"e\":-NaN,\"f\":Infinity,"
             "\"g\":-Infinity,\"h\":1e999,\"i\":-1e999,\"j\":{\"x\": [1]},\"k\":[ \"\\n\" ]}");
    check_text(0, VALUE_NULL, "null");
    check_text(1, VALUE_TRUE, "true");
    check_text(2, VALUE_FALSE, "false");
    check_text(3, VALUE_NAN, "NaN");
    check_text(4, VALUE_NAN, "-NaN");
    cr_assert(isnan(values[3].number) && isnan(values[4].number));
    check_text(5, VALUE_INFINITE, "Infinity");
    check_text(6, VALUE_INFINITE, "-Infinity");
    check_text(7, VALUE_INFINITE, "1e999");
    check_text(8, VALUE_INFINITE, "-1e999");
    for (int i = 5; i < 9; i++)
        cr_assert(isinf(values[i].number) && !!signbit(values[i].number) == !(i & 1), "%d", i);
    check_text(9, VALUE_OBJECT, "{\"x\": [1]}");
    check_text(10, VALUE_ARRAY, "[ \"\\n\" ]");
}

Test(decode, integers_of_any_length)
{
    make_plan("/id /n", NULL);
    check_ok("{\"id\":18446744073709551615,\"n\":-123456789012345678901234567890}");
    check_text(0, VALUE_NUMBER, "18446744073709551615");
    cr_assert(values[0].integral && number_is(0, 18446744073709551616.0));
    check_text(1, VALUE_NUMBER, "-123456789012345678901234567890");
    cr_assert(values[1].integral && number_is(1, -123456789012345678901234567890.0));
}

Test(decode, a_container_and_what_is_in_it)
{
    make_plan("/a /a/b /a/b/0 /a/b/1/c", NULL);
    check_ok("{\"a\":{\"b\":[1,{\"c\":\"x\\ty\"}]}}");
    check_text(0, VALUE_OBJECT, "{\"b\":[1,{\"c\":\"x\\ty\"}]}");
    check_text(1, VALUE_ARRAY, "[1,{\"c\":\"x\\ty\"}]");
    check_text(2, VALUE_NUMBER, "1");
    check_text(3, VALUE_STRING, "x\ty");
}

Test(decode, paths_that_meet_something_else_are_absent)
{
    make_plan("/a/b /a/0 #/a", NULL);
    check_ok("{\"a\":5}");
    cr_assert(values[0].kind == VALUE_ABSENT && values[1].kind == VALUE_ABSENT && unknown[0] == 0);
    check_ok("{\"a\":[7,8]}");
    cr_assert(values[0].kind == VALUE_ABSENT && values[1].kind == VALUE_NUMBER && unknown[0] == 0);
    check_ok("{\"a\":{\"0\":\"key\",\"c\":1}}");
    check_text(1, VALUE_STRING, "key");
    cr_assert_eq(unknown[0], 1);
    check_ok("{}");
    cr_assert(values[0].kind == VALUE_ABSENT && values[1].kind == VALUE_ABSENT && unknown[0] == 0);
}

Test(decode, array_indexes)
{
    make_plan("/instances/1/age /instances/0/age /instances/12 /instances/3", NULL);
    check_ok("{\"instances\":[{\"age\":10},{\"age\":11},2,3,4,5,6,7,8,9,10,11,12,13]}");
    check_text(0, VALUE_NUMBER, "11");
    check_text(1, VALUE_NUMBER, "10");
    check_text(2, VALUE_NUMBER, "12");
    check_text(3, VALUE_NUMBER, "3");
    check_ok("{\"instances\":[]}");
    cr_assert_eq(values[0].kind, VALUE_ABSENT);
}

Test(decode, keys_with_escapes_on_either_side)
{
    make_plan("/a~1b/~0 /q\"q /t\tt /\xc3\xa9", NULL);
    for (int round = 0; round < 3; round++) {
        check_ok("{\"a/b\":{\"~\":1},\"q\\\"q\":2,\"t\\tt\":3,\"\xc3\xa9\":4}");
        for (int i = 0; i < 4; i++)
            cr_assert(number_is((unsigned)i, i + 1));
        check_ok("{\"\\u00e9\":4,\"t\\u0009t\":3,\"\\u0071\\u0022\\u0071\":2,\"a\\/"
                 "b\":{\"\\u007e\":1}}");
        for (int i = 0; i < 4; i++)
            cr_assert(number_is((unsigned)i, i + 1));
    }
    /* Also right after the key came first: it must not have been learned as it stands. */
    check_ok("{\"q\\\"q\":2}");
    check(bytes_of("{\"q\"q\":2}"), DECODE_SYNTAX);
    check_ok("{\"t\\tt\":2}");
    check(bytes_of("{\"t\tt\":2}"), DECODE_SYNTAX);
}

Test(decode, long_keys_match_whole)
{
    make_plan(
        "/a_feature_name_that_is_longer_than_a_block /a_feature_name_that_is_longer_than_a_blocc "
        "/sixteen_bytes__ /fifteen_bytes_a",
        NULL);
    for (int round = 0; round < 3; round++) {
        check_ok("{\"a_feature_name_that_is_longer_than_a_block\":0,"
                 "\"a_feature_name_that_is_longer_than_a_blocc\":1,"
                 "\"a_feature_name_that_is_longer_than_a_bloc\":9,"
                 "\"sixteen_bytes__\":2,\"fifteen_bytes_a\":3,\"fifteen_bytes_\":9}");
        for (int i = 0; i < 4; i++)
            cr_assert(number_is((unsigned)i, i));
    }
}

/* The order that was learned from one record must never show in another. */
Test(decode, any_order_of_keys_gives_the_same_values)
{
    make_plan("/k0 /k1 /k2 /k3 /k4 /k5 /k6 /k7 #", NULL);
    const char *given = getenv("LEEWAY_SEED");
    uint64_t state = given ? strtoull(given, NULL, 10) : 42;
    fprintf(stderr, "LEEWAY_SEED=%" PRIu64 "\n", state);
    for (int round = 0; round < 2000; round++) {
        unsigned order[10], count = 10;
        char event[256] = "{";
        size_t size = 1;
        for (unsigned i = 0; i < 10; i++)
            order[i] = i; /* k8 and k9 are unknown */
        for (unsigned i = 9; i > 0; i--) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            unsigned j = (unsigned)(state >> 33) % (i + 1), swap = order[i];
            order[i] = order[j];
            order[j] = swap;
        }
        count = 1 + (unsigned)(state >> 40) % 10;
        unsigned strangers = 0;
        for (unsigned i = 0; i < count; i++) {
            size += (size_t)snprintf(event + size, sizeof event - size, "%s\"k%u\":%u",
                                     i ? "," : "", order[i], order[i]);
            strangers += order[i] >= 8;
        }
        snprintf(event + size, sizeof event - size, "}");
        check_ok(event);
        cr_assert_eq(unknown[0], strangers);
        for (unsigned i = 0; i < count; i++)
            if (order[i] < 8)
                cr_assert(number_is(order[i], order[i]));
        for (unsigned i = count; i < 10; i++)
            if (order[i] < 8)
                cr_assert_eq(values[order[i]].kind, VALUE_ABSENT);
    }
}

Test(decode, unknown_keys_are_those_that_no_path_passes)
{
    make_plan("/a/b/c /a/d #/a #/a/b #/x/y #", NULL);
    check_ok("{\"a\":{\"b\":{\"c\":1,\"u\":1,\"v\":{\"c\":1}},\"d\":2,\"e\":{\"f\":1}},"
             "\"x\":{\"y\":{\"1\":1,\"2\":2,\"3\":3},\"z\":1},\"w\":[{\"a\":1}]}");
    cr_assert_eq(unknown[0], 1, "e");
    cr_assert_eq(unknown[1], 2, "u, v");
    cr_assert_eq(unknown[2], 3, "1, 2, 3");
    cr_assert_eq(unknown[3], 1, "w");
}

Test(decode, duplicates_among_many_keys)
{
    make_plan("/k3 /k500", NULL);
    static const char *const again[] = {"k0", "k3", "k7", "k8", "k9", "k500", "k999", "\\u006b10"};
    for (size_t a = 0; a <= sizeof again / sizeof again[0]; a++) {
        struct text event = {0};
        text_puts(&event, "{");
        for (int i = 0; i < 1000; i++)
            text_printf(&event, "\"k%d\":%d,", i, i);
        bool last = a == sizeof again / sizeof again[0];
        text_printf(&event, "\"%s\":0}", last ? "new" : again[a]);
        check(bytes_make(event.data, event.size), last ? DECODE_OK : DECODE_DUPLICATE_KEY);
        text_release(&event);
    }
}

static void check_sized(const char *front, size_t fill, const char *back,
                        enum decode_result expected)
{
    struct text event = {0};
    text_puts(&event, front);
    for (size_t i = 0; i < fill; i++)
        text_add(&event, "x", 1);
    text_puts(&event, back);
    check(bytes_make(event.data, event.size), expected);
    text_release(&event);
}

Test(decode, limits_of_sizes)
{
    make_plan("/a", NULL);
    check_sized("{\"a\":\"", 4096, "\"}", DECODE_OK);
    check_sized("{\"a\":\"", 4097, "\"}", DECODE_STRING_TOO_LONG);
    check_sized("{\"q\":[\"", 4097, "\"]}", DECODE_STRING_TOO_LONG);
    check_sized("{\"a\":\"\\u0078", 4095, "\"}", DECODE_OK);
    check_sized("{\"a\":\"\\u20ac", 4094, "\"}", DECODE_STRING_TOO_LONG);
    check_sized("{\"", 128, "\":1}", DECODE_OK);
    check_sized("{\"", 129, "\":1}", DECODE_KEY_TOO_LONG);
    check_sized("{\"q\":{\"\\n", 128, "\":1}}", DECODE_KEY_TOO_LONG);
    size_t around = strlen("{\"a\":\"\",\"b\":1}");
    struct decode_limits limits = decode_limits_default;
    limits.event_bytes = 5000;
    limits.string_bytes = 5000;
    make_plan("/a", &limits);
    check_sized("{\"a\":\"", 5000 - around, "\",\"b\":1}", DECODE_OK);
    check_sized("{\"a\":\"", 5001 - around, "\",\"b\":1}", DECODE_TOO_LARGE);
    check_sized("", 5001, "", DECODE_TOO_LARGE);
}

Test(decode, limit_of_keys_is_for_the_event)
{
    struct decode_limits limits = decode_limits_default;
    limits.keys = 5;
    make_plan("/a /b/c", &limits);
    check_ok("{\"a\":1,\"b\":{\"c\":1,\"d\":2},\"e\":[{}]}");
    check(bytes_of("{\"a\":1,\"b\":{\"c\":1,\"d\":2},\"e\":[{\"f\":1}]}"), DECODE_TOO_MANY_KEYS);
    check_ok("{\"a\":1}");
    limits.keys = 0;
    make_plan("/a", &limits);
    check_ok("{}");
    check(bytes_of("{\"a\":1}"), DECODE_TOO_MANY_KEYS);
}

static void check_depth(unsigned levels, const char *open, char close, enum decode_result expected)
{
    struct text event = {0};
    text_puts(&event, "{\"a\":");
    for (unsigned i = 1; i < levels; i++)
        text_puts(&event, open);
    text_puts(&event, "1");
    for (unsigned i = 1; i < levels; i++)
        text_add(&event, &close, 1);
    text_puts(&event, "}");
    check(bytes_make(event.data, event.size), expected);
    text_release(&event);
}

Test(decode, limit_of_depth)
{
    make_plan("/a", NULL);
    check_depth(16, "[", ']', DECODE_OK);
    check_depth(17, "[", ']', DECODE_TOO_DEEP);
    check_depth(16, "{\"a\":", '}', DECODE_OK);
    check_depth(17, "{\"a\":", '}', DECODE_TOO_DEEP);
    check_depth(200000, "[", ']', DECODE_TOO_LARGE);
    check_depth(100000, "[", ']', DECODE_TOO_DEEP);
    struct decode_limits limits = decode_limits_default;
    limits.depth = 1000000;
    make_plan("/a", &limits);
    check_depth(64, "[", ']', DECODE_OK);
    check_depth(65, "[", ']', DECODE_TOO_DEEP);
    limits.depth = 1;
    make_plan("/a", &limits);
    check_ok("{\"a\":1}");
    check(bytes_of("{\"a\":[]}"), DECODE_TOO_DEEP);
}

Test(decode, depth_is_not_the_number_of_containers)
{
    make_plan("/a", NULL);
    struct text event = {0};
    text_puts(&event, "{\"q\":[");
    for (int i = 0; i < 100; i++)
        text_puts(&event, "[],{},[[1]],{\"a\":{\"a\":1}},");
    text_puts(&event, "0]}");
    check(bytes_make(event.data, event.size), DECODE_OK);
    text_release(&event);
}

Test(decode, many_brackets_at_the_top_are_too_deep)
{
    make_plan("/a", NULL);
    char *brackets = mem_new(200000, 1);
    memset(brackets, '[', 200000);
    check(bytes_make(brackets, 200000), DECODE_TOO_DEEP);
    free(brackets);
}

/* After a record was refused in the middle of nested objects, the next one starts clean. */
Test(decode, a_bad_record_leaves_nothing_behind)
{
    make_plan("/a /b/c #/b", NULL);
    for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++) {
        decode(bytes_of("{\"a\":\"\\n\",\"b\":{\"c\":1,\"q\":{\"q\":[{\"q\":1,\"r\":"));
        decode(bytes_of(documents[i].text));
        check_ok("{\"b\":{\"q\":1,\"c\":2}}");
        cr_assert_eq(values[0].kind, VALUE_ABSENT);
        check_text(1, VALUE_NUMBER, "2");
        cr_assert_eq(unknown[0], 1);
    }
}

Test(decode, an_empty_plan_still_validates)
{
    make_plan("", NULL);
    cr_assert_eq(decode_event(plan, bytes_of("{\"a\":[1,2,{}]}"), NULL, NULL), DECODE_OK);
    cr_assert_eq(decode_event(plan, bytes_of("{\"a\":[1,2,{]}"), NULL, NULL), DECODE_SYNTAX);
}

Test(decode, a_large_event)
{
    make_plan("/v/0 /v/40000 /last", NULL);
    struct text event = {0};
    text_puts(&event, "{\"v\":[");
    for (int i = 0; i < 40001; i++)
        text_printf(&event, "%s%d", i ? "," : "", i);
    text_puts(&event, "],\"last\":\"\xe2\x82\xac\"}");
    check(bytes_make(event.data, event.size), DECODE_OK);
    check_text(0, VALUE_NUMBER, "0");
    check_text(1, VALUE_NUMBER, "40000");
    check_text(2, VALUE_STRING, "\xe2\x82\xac");
    text_release(&event);
}

Test(decode, names)
{
    for (int i = 0; i < DECODE_RESULT_COUNT; i++) {
        const char *name = decode_result_name((enum decode_result)i);
        cr_assert(name && name[0], "result %d has no name", i);
        cr_assert_eq(strspn(name, "abcdefghijklmnopqrstuvwxyz_0123456789"), strlen(name));
        for (int j = 0; j < i; j++)
            cr_assert_str_neq(name, decode_result_name((enum decode_result)j));
    }
    cr_assert_str_eq(decode_result_name(DECODE_DUPLICATE_KEY), "duplicate_key");
    cr_assert_str_eq(decode_result_name(DECODE_UTF8), "utf8");
    cr_assert_str_eq(decode_result_name((enum decode_result)99), "unknown");
}

/* tests/data/decode/corpus/<result>_<what>.json: seeds of the fuzz target, with what they are. */
Test(decode, corpus)
{
    static const char *const files[] = {
        "ok_canonical",      "ok_spaced",           "ok_escapes",
        "ok_utf8",           "ok_nonfinite",        "ok_bigint",
        "ok_numbers",        "ok_many_unknown",     "ok_arrays",
        "trailing_two",      "too_deep_20",         "duplicate_key_11",
        "duplicate_key_two", "utf8_lone_surrogate", "utf8_overlong",
        "truncated_text",    "not_object_array",    "syntax_nul_behind_number",
        "utf8_nul_escape",   "utf8_low_surrogate",  "utf8_surrogate_bytes",
        "syntax_escape"};
    make_plan(canonical_paths, NULL);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[512], content[4096];
        snprintf(path, sizeof path, "%s/decode/corpus/%s.json", TEST_DATA, files[i]);
        FILE *file = fopen(path, "rb");
        cr_assert(file, "%s", path);
        size_t size = fread(content, 1, sizeof content, file);
        fclose(file);
        enum decode_result result = decode(bytes_make(content, size));
        const char *name = decode_result_name(result);
        cr_assert_eq(strncmp(files[i], name, strlen(name)), 0, "%s: %s", files[i], name);
    }
}
