/* Limits as Slack documents them for Block Kit: 50 blocks, 150 for a header, 3000 for a section, 10
 * elements of a context; about 13,200 characters in all were seen to be refused. */
#include <criterion/criterion.h>

#include "notify/notify.h"
#include "notify/utf8.h"
#include "unit/notify/samples.h"

static size_t units_of(const char *text)
{
    size_t units = 0;
    for (; *text; text += utf8_bytes(text))
        units += utf8_units(text);
    return units;
}

/* A text object: nothing in it that Slack would read as markup, except our own link. */
static size_t check_text(const json_t *object, size_t limit)
{
    const char *text = json_string_value(json_object_get(object, "text"));
    bool plain = !strcmp(json_string_value(json_object_get(object, "type")), "plain_text");
    cr_assert(units_of(text) > 0 && units_of(text) <= limit, "%zu > %zu", units_of(text), limit);
    for (const char *at = text; *at && plain; at++) {
        cr_assert(*at != '<' && *at != '>', "%s", text);
        cr_assert(*at != '&' || !strncmp(at, "&amp;", 5) || !strncmp(at, "&lt;", 4) ||
                      !strncmp(at, "&gt;", 4),
                  "half an escape: %s", at);
    }
    if (!plain)
        cr_assert_eq(strncmp(text, "<https://l.example/#/incidents/", 31), 0, "%s", text);
    return units_of(text);
}

static size_t check_block(const json_t *block)
{
    const char *type = json_string_value(json_object_get(block, "type"));
    size_t total = 0;
    if (!strcmp(type, "context")) {
        json_t *elements = json_object_get(block, "elements");
        cr_assert(json_array_size(elements) > 0 && json_array_size(elements) <= 10);
        for (size_t i = 0; i < json_array_size(elements); i++)
            total += check_text(json_array_get(elements, i), 3000);
        return total;
    }
    return check_text(json_object_get(block, "text"), strcmp(type, "header") ? 3000 : 150);
}

static json_t *rendered(const struct text *payload)
{
    struct text body = {0};
    cr_assert_eq(render_slack(bytes_in(payload), "https://l.example", &body, NULL), 0);
    json_t *root = json_loadb(body.data, body.size, 0, NULL);
    cr_assert_not_null(root);
    text_release(&body);
    return root;
}

static void check_message(const json_t *root)
{
    json_t *attachment = json_array_get(json_object_get(root, "attachments"), 0);
    json_t *lists[] = {json_object_get(root, "blocks"), json_object_get(attachment, "blocks")};
    size_t total = units_of(json_string_value(json_object_get(root, "text")));
    cr_assert_null(strpbrk(json_string_value(json_object_get(root, "text")), "<>"));
    for (size_t k = 0; k < 2; k++) {
        cr_assert_leq(json_array_size(lists[k]), 50);
        for (size_t i = 0; i < json_array_size(lists[k]); i++)
            total += check_block(json_array_get(lists[k], i));
    }
    cr_assert_lt(total, 13000);
}

Test(render_slack, limits_and_escapes_hold_for_500_hostile_members)
{
    size_t count;
    const char *const *names = sample_names(&count);
    for (size_t i = 0; i < count; i++) {
        int shown = strlen(names[i]) < 1000 ? 500 : 20; /* else over the limit of a payload */
        struct text payload = sample_payload("opened", "firing", names[i], shown, 500);
        json_t *root = rendered(&payload);
        check_message(root);
        json_decref(root);
        text_release(&payload);
    }
}

Test(render_slack, lists_ten_and_counts_the_rest)
{
    struct text payload = sample_payload("opened", "firing", "field", 20, 500);
    json_t *root = rendered(&payload);
    char *dumped = json_dumps(root, 0);
    cr_assert_not_null(strstr(dumped, "10. field"));
    cr_assert_null(strstr(dumped, "11. field"));
    cr_assert_not_null(strstr(dumped, "and 490 more"));
    free(dumped);
    json_decref(root);
    text_release(&payload);
}

static bool has_picture(const char *histogram)
{
    struct text payload = sample_payload("worsened", "firing", "field", 1, 1);
    json_t *json = json_loadb(payload.data, payload.size, 0, NULL);
    json_t *evidence = json_object_get(json_object_get(json, "incident"), "evidence");
    json_object_set_new(json_array_get(json_object_get(evidence, "members"), 0), "histogram",
                        json_loads(histogram, JSON_DECODE_ANY, NULL));
    char *changed = json_dumps(json, 0);
    struct text body = {0};
    cr_assert_eq(render_slack(bytes_of(changed), NULL, &body, NULL), 0);
    bool found = strstr(body.data, "before ") != NULL;
    json_decref(json);
    free(changed);
    text_release(&payload);
    text_release(&body);
    return found;
}

Test(render_slack, odd_histograms_are_left_out)
{
    struct text wide = {0};
    cr_assert(has_picture("{\"baseline\":[1,0],\"live\":[0,1]}"));
    cr_assert_not(has_picture("{\"baseline\":[],\"live\":[]}"));
    cr_assert_not(has_picture("{\"baseline\":[1],\"live\":[0,1]}"));
    cr_assert_not(has_picture("{\"baseline\":[0,0],\"live\":[0,0]}"));
    cr_assert_not(has_picture("{\"baseline\":[-1],\"live\":[\"x\"]}"));
    cr_assert_not(has_picture("{\"live\":[0,1]}"));
    cr_assert_not(has_picture("null"));
    cr_assert(has_picture("{\"baseline\":[1e308,1e308],\"live\":[1e308,1]}"));
    text_puts(&wide, "{\"baseline\":[0");
    for (int i = 0; i < 999; i++)
        text_puts(&wide, ",1");
    text_puts(&wide, "],\"live\":[0");
    for (int i = 0; i < 999; i++)
        text_puts(&wide, ",1e308");
    text_puts(&wide, "]}");
    cr_assert(has_picture(wide.data));
    text_release(&wide);
}
