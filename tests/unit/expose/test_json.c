#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>

#include "expose/json.h"

static void is(json_t *value, const char *expected)
{
    char *dump = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    cr_assert_str_eq(dump, expected);
    free(dump);
    json_decref(value);
}

Test(json, values)
{
    is(json_from_text("é"), "\"é\"");
    is(json_from_text(NULL), "null");
    is(json_from_text("a\xff\xc3z"), "\"a??z\"");
    is(json_from_real(NAN), "null");
    is(json_from_real(INFINITY), "null");
    is(json_from_real(0.5), "0.5");
    is(json_from_ms(0), "null");
    is(json_from_ms(INT64_MIN), "null");
    is(json_from_ms(1360303200000), "\"2013-02-08T06:00:00Z\""); /* date -u -d @1360303200 */
    is(json_from_document("{\"a\":1}"), "{\"a\":1}");
    is(json_from_document("{\"a\":"), "null");
    is(json_from_document("{\"a\":1,\"a\":2}"), "null");
    is(json_from_document(""), "null");
    is(json_from_document(NULL), "null");
}

Test(json, lists)
{
    json_t *list = json_array();
    json_add_once(list, json_integer(3600));
    json_add_once(list, json_integer(900));
    json_add_once(list, json_integer(3600));
    json_sort(list);
    is(list, "[900,3600]");
    list = json_pack("[s,s,s]", "b", "", "a");
    json_add_once(list, json_string("a"));
    json_sort(list);
    is(list, "[\"\",\"a\",\"b\"]");
    list = json_array();
    json_sort(list);
    is(list, "[]");
}

Test(json, a_verdict_with_nothing_defined)
{
    struct store_verdict verdict = {.id = "v",
                                    .monitor = "m",
                                    .version = "",
                                    .segment = "",
                                    .field = "f\xff",
                                    .generation = "g",
                                    .state = "silent",
                                    .severity = "none",
                                    .p = NAN,
                                    .effect = NAN,
                                    .psi = NAN,
                                    .js = NAN,
                                    .ks = NAN,
                                    .wasserstein = NAN,
                                    .g = NAN,
                                    .missing_rate = NAN,
                                    .window_ms = 3600000,
                                    .document = "{broken"};
    json_t *row = json_from_verdict(&verdict, VERDICT_DOCUMENT | VERDICT_NOISE_FLOOR);
    cr_assert(json_is_null(json_object_get(row, "psi")));
    cr_assert(json_is_null(json_object_get(row, "detail")));
    cr_assert(json_is_null(json_object_get(row, "document")));
    cr_assert_eq(json_object_size(json_object_get(row, "noise_floor")), 0);
    cr_assert_str_eq(json_string_value(json_object_get(row, "field")), "f?");
    cr_assert_str_eq(json_string_value(json_object_get(row, "window")), "1h");
    json_decref(row);
}
