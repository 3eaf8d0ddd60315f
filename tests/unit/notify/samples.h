/* What several tests of this folder need: files of tests/data/notify and made-up payloads. */
#ifndef TESTS_NOTIFY_SAMPLES_H
#define TESTS_NOTIFY_SAMPLES_H

#include <criterion/criterion.h>
#include <jansson.h>

#include "base/mem.h"
#include "sys/file.h"

static inline struct text sample_file(const char *name)
{
    struct text path = {0}, content = {0};
    struct err err = {0};
    text_printf(&path, "%s/notify/%s", TEST_DATA, name);
    cr_assert_eq(file_read(path.data, 1 << 20, &content, &err), 0, "%s", err.text);
    text_release(&path);
    return content;
}

/* A payload with `shown` members of `total`, whose every name is `name`. */
static inline struct text sample_payload(const char *event, const char *state, const char *name,
                                         int shown, int total)
{
    json_t *members = json_array();
    for (int i = 0; i < shown; i++)
        json_array_append_new(
            members, json_pack("{s:s, s:s, s:s, s:s, s:f, s:f, s:i, s:s, s:{s:[f,f], s:[f,f]}}",
                               "field", name, "segment", name, "window", "1h", "severity", "high",
                               "effect", 0.5, "p", 1e-9, "n", 100 + i, "detail", name, "histogram",
                               "baseline", 0.5, 0.5, "live", 0.1, 0.9));
    json_t *root = json_pack(
        "{s:s, s:i, s:{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:{s:i, s:o, s:s, s:s, s:s}}}",
        "event", event, "sequence", 1, "incident", "id", "11111111-2222-8333-8444-555555555555",
        "monitor", name, "version", name, "rule", name, "state", state, "severity", "warning",
        "opened", "2026-11-23T06:00:00Z", "title", name, "evidence", "member_count", total,
        "members", members, "condition", name, "baseline", name, "reproduce", name);
    cr_assert_not_null(root);
    char *dumped = json_dumps(root, JSON_COMPACT);
    struct text text = {0};
    text_puts(&text, dumped);
    free(dumped);
    json_decref(root);
    return text;
}

static inline struct bytes bytes_in(const struct text *text)
{
    return bytes_make(text->data, text->size);
}

/* Names that try to be something else. The last one is long. */
static inline const char *const *sample_names(size_t *ret_count)
{
    static char longest[20001];
    static const char *names[] = {"<!channel>",
                                  "<https://evil.example|click> & <@U123>",
                                  "\"},\"x\":\"",
                                  "{{ .Labels }} %s%n",
                                  "line\nbreak\r\t\x01\x7f",
                                  "\xf0\x9f\x98\x80\xf0\x9f\x92\xa9 \xe2\x82\xac \xc3\xa4",
                                  "&amp;&lt;",
                                  "\\\\\"'`*_~",
                                  longest};
    for (int i = 0; i < 20000; i += 4)
        memcpy(longest + i, i % 8 ? "&<>\"" : "\xf0\x9f\x98\x80", 4);
    *ret_count = sizeof names / sizeof names[0];
    return names;
}

#endif
