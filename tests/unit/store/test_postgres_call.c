/* Values on their way to the server: exact, and never able to stop a statement. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>

#include "store/postgres_call.h"

static json_t *parsed(struct list *list)
{
    struct call *call = call_new("test", "", 0, NULL, NULL);
    json_error_t error;
    call_list(call, list);
    json_t *json = json_loads(call->values[0], JSON_REJECT_DUPLICATES, &error);
    cr_assert_not_null(json, "%s: %s", error.text, call->values[0]);
    call_free(call);
    return json;
}

Test(postgres_call, a_list_is_json)
{
    struct list list = list_begin();
    for (int i = 0; i < 2; i++) {
        list_row(&list);
        list_text(&list, "text", "caf\xc3\xa9 \"\\/\x01\n\xf0\x9f\x9a\x80");
        list_text(&list, "none", NULL);
        list_int(&list, "least", INT64_MIN);
        list_int(&list, "most", INT64_MAX);
        list_int_or_null(&list, "null", 7, 7);
        list_real(&list, "third", 1.0 / 3);
        list_real(&list, "nan", (double)NAN);
        list_real(&list, "inf", (double)-INFINITY);
        list_bool(&list, "yes", true);
    }
    json_t *json = parsed(&list), *row = json_array_get(json, 1);
    cr_assert_eq(json_array_size(json), 2);
    cr_assert_str_eq(json_string_value(json_object_get(row, "text")),
                     "caf\xc3\xa9 \"\\/\x01\n\xf0\x9f\x9a\x80");
    cr_assert(json_is_null(json_object_get(row, "none")));
    cr_assert_eq(json_integer_value(json_object_get(row, "least")), INT64_MIN);
    cr_assert_eq(json_integer_value(json_object_get(row, "most")), INT64_MAX);
    cr_assert(json_is_null(json_object_get(row, "null")));
    double third = json_real_value(json_object_get(row, "third")), wanted = 1.0 / 3;
    cr_assert_eq(memcmp(&third, &wanted, sizeof wanted), 0);
    cr_assert(json_is_null(json_object_get(row, "nan")));
    cr_assert_str_eq(json_string_value(json_object_get(row, "inf")), "-Infinity");
    cr_assert(json_is_true(json_object_get(row, "yes")));
    json_decref(json);
}

Test(postgres_call, an_empty_list)
{
    struct list list = list_begin();
    json_t *json = parsed(&list);
    cr_assert_eq(json_array_size(json), 0);
    json_decref(json);
}

/* Each bad byte is one U+FFFD, also where a character is cut off at the end. */
Test(postgres_call, bad_bytes_are_replaced)
{
    static const char *const cases[][2] = {{"\xff", "\xEF\xBF\xBD"},
                                           {"a\xc3", "a\xEF\xBF\xBD"},
                                           {"\xed\xa0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
                                           {"\xc3(", "\xEF\xBF\xBD("},
                                           {"", ""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct list list = list_begin();
        list_row(&list);
        list_text(&list, "t", cases[i][0]);
        json_t *json = parsed(&list);
        cr_assert_str_eq(json_string_value(json_object_get(json_array_get(json, 0), "t")),
                         cases[i][1]);
        json_decref(json);
        struct call *call = call_new("test", "", 0, NULL, NULL);
        call_text(call, cases[i][0]);
        cr_assert_str_eq(call->values[0], cases[i][1]);
        call_free(call);
    }
}

Test(postgres_call, parameters)
{
    struct call *call = call_new("test", "", 16, NULL, NULL);
    call_int(call, INT64_MIN);
    call_int_or_null(call, 3, 3);
    call_text(call, NULL);
    call_bool(call, false);
    call_bytes(call, bytes_make("\0\xff", 2));
    call_bytes(call, bytes_make(NULL, 0));
    cr_assert_eq(call->count, 6);
    cr_assert_str_eq(call->values[0], "-9223372036854775808");
    cr_assert_null(call->values[1]);
    cr_assert_null(call->values[2]);
    cr_assert_str_eq(call->values[3], "false");
    cr_assert(call->formats[4] == 1 && call->sizes[4] == 2 && !call->formats[0]);
    cr_assert_not_null(call->values[5], "no bytes are not null");
    call_free(call);
}
