/* Answers as bytes. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <jansson.h>

#include "source/http_internal.h"

static struct text out;

static void tear_down(void)
{
    text_release(&out);
}

TestSuite(http_answer, .fini = tear_down);

static json_t *body_of(void)
{
    const char *body = strstr(out.data, "\r\n\r\n");
    cr_assert_not_null(body);
    body += 4;
    char length[40];
    snprintf(length, sizeof length, "\r\nContent-Length: %zu\r\n", strlen(body));
    cr_assert(strstr(out.data, length), "%s", out.data);
    cr_assert_eq(strchr(body, '\n'), body + strlen(body) - 1, "not one line: %s", body);
    json_t *json = json_loads(body, 0, NULL);
    cr_assert_not_null(json, "%s", body);
    return json;
}

Test(http_answer, counted)
{
    const struct http_answer answer = {.status = 200, .accepted = 3, .repeated = 0, .next = 7};
    answer_write(&out, &answer, true, false);
    cr_assert_eq(strncmp(out.data, "HTTP/1.1 200 OK\r\n", 17), 0);
    cr_assert(strstr(out.data, "\r\nConnection: keep-alive\r\n"));
    cr_assert(strstr(out.data, "\r\nContent-Type: application/json\r\n"));
    cr_assert_null(strstr(out.data, "Retry-After"));
    cr_assert(strstr(out.data, "\r\n\r\n{\"accepted\":3,\"repeated\":0,\"next_offset\":7}\n"));
    json_decref(body_of());
}

Test(http_answer, errors)
{
    struct http_answer answer = http_answer_error(409, "say \"\\\x01\xc3\xa9\n", 0);
    answer.next = 5;
    answer_write(&out, &answer, false, false);
    cr_assert(strstr(out.data, "\r\nConnection: close\r\n"));
    json_t *json = body_of();
    cr_assert_str_eq(json_string_value(json_object_get(json, "error")), "say \"\\\x01\xc3\xa9\n");
    cr_assert_eq(json_integer_value(json_object_get(json, "next_offset")), 5);
    cr_assert_null(json_object_get(json, "accepted"));
    json_decref(json);
}

Test(http_answer, headers_that_belong_to_a_status)
{
    struct http_answer answer = http_answer_error(405, "no", 0);
    answer_write(&out, &answer, true, false);
    cr_assert(strstr(out.data, "\r\nAllow: POST\r\n"));
    text_clear(&out);
    answer = http_answer_error(429, "no", 1);
    answer_write(&out, &answer, true, false);
    cr_assert(strstr(out.data, "HTTP/1.1 429 Too Many Requests\r\n"));
    cr_assert(strstr(out.data, "\r\nRetry-After: 1\r\n"));
}

Test(http_answer, without_content)
{
    const struct http_answer answer = http_answer_error(405, "no", 0);
    answer_write(&out, &answer, true, true);
    cr_assert_str_eq(out.data + out.size - 4, "\r\n\r\n");
    cr_assert(strstr(out.data, "\r\nContent-Length: 15\r\n"), "%s", out.data);
}

Test(http_answer, every_status_has_a_reason)
{
    static const int known[] = {200, 202, 400, 403, 404, 405, 408, 409, 411,
                                413, 415, 417, 429, 431, 501, 503, 505};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        cr_assert_str_neq(answer_reason(known[i]), "Error", "%d", known[i]);
    cr_assert_leq(sizeof known / sizeof *known, HTTP_STATUSES);
}
