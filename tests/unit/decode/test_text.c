#include <criterion/criterion.h>
#include <stdlib.h>

#include "decode/text.h"

struct reading {
    char *buffer;
    struct bytes text;
    enum decode_result fault;
    size_t size; /* taken, 0 if refused */
};

/* `body` is what stands behind the opening quote; what lies behind the NUL must not matter. */
static struct reading read_text(struct bytes body)
{
    struct reading reading = {0};
    reading.buffer = malloc(body.size + SCAN_PADDING);
    memset(reading.buffer, '"', body.size + SCAN_PADDING);
    if (body.size)
        memcpy(reading.buffer, body.data, body.size);
    reading.buffer[body.size] = '\0';
    char *p = text_read(reading.buffer, reading.buffer + body.size, &reading.text, &reading.fault);
    reading.size = p ? (size_t)(p - reading.buffer) : 0;
    return reading;
}

static void check_text(const char *body, const char *expected)
{
    struct reading reading = read_text(bytes_of(body));
    cr_assert_eq(reading.size, strlen(body), "%s: %zu bytes taken, %s", body, reading.size,
                 decode_result_name(reading.fault));
    cr_assert(bytes_equal(reading.text, bytes_of(expected)), "%s: \"%.*s\"", body,
              (int)reading.text.size, reading.text.data);
    free(reading.buffer);
}

static void check_fault(struct bytes body, enum decode_result fault)
{
    struct reading reading = read_text(body);
    cr_assert_eq(reading.size, 0, "\"%.*s\" was taken", (int)body.size, body.data);
    cr_assert_eq(reading.fault, fault, "\"%.*s\": %s", (int)body.size, body.data,
                 decode_result_name(reading.fault));
    free(reading.buffer);
}

Test(text, plain)
{
    check_text("\"", "");
    check_text("a\"", "a");
    check_text("fifteen bytes..\"", "fifteen bytes..");
    check_text("sixteen bytes...\"", "sixteen bytes...");
    check_text("seventeen bytes..\"", "seventeen bytes..");
    check_text("{[:,]}\x7f'\"", "{[:,]}\x7f'");
}

Test(text, a_text_without_escapes_is_a_view)
{
    struct reading reading = read_text(bytes_of("Z\xc3\xbcrich\""));
    cr_assert_eq(reading.text.data, reading.buffer);
    free(reading.buffer);
}

Test(text, escapes)
{
    check_text("\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t");
    check_text("\\u0041\\u00e9\\u20AC\\uD83D\\ude00.\"", "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80.");
    check_text("\\u0001\\u001f\\u007f\\u0080\\u07ff\\u0800\\uffff\"",
               "\x01\x1f\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf");
    check_text("\\ud800\\udc00\\udbff\\udfff\"", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
    check_text("before \\n between \\\\ after a long run of plain text\"",
               "before \n between \\ after a long run of plain text");
    check_text("\\u00e9\xc3\xa9 x\"", "\xc3\xa9\xc3\xa9 x");
}

Test(text, well_formed_utf8)
{
    check_text("\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\"",
               "\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf");
    check_text("\xf0\x90\x80\x80\xf3\xbf\xbf\xbf\xf4\x8f\xbf\xbf\"",
               "\xf0\x90\x80\x80\xf3\xbf\xbf\xbf\xf4\x8f\xbf\xbf");
}

Test(text, malformed_utf8)
{
    static const char *const bodies[] = {
        "\x80\"",             /* a continuation byte alone */
        "\xbf\"",             /* the same */
        "\xc0\xaf\"",         /* overlong slash */
        "\xc1\xbf\"",         /* overlong */
        "\xe0\x80\xaf\"",     /* overlong */
        "\xe0\x9f\xbf\"",     /* overlong */
        "\xf0\x80\x80\xaf\"", /* overlong */
        "\xf0\x8f\xbf\xbf\"", /* overlong */
        "\xed\xa0\x80\"",     /* a surrogate */
        "\xed\xbf\xbf\"",     /* a surrogate */
        "\xf4\x90\x80\x80\"", /* above U+10FFFF */
        "\xf5\x80\x80\x80\"", /* the same */
        "\xff\"",             /* never */
        "\xfe\"",             /* never */
        "\xc3\"",             /* cut short by the quote */
        "\xe2\x82\"",         /* the same */
        "\xf0\x9f\x98\"",     /* the same */
        "\xc3\xc3\"",         /* lead after lead */
        "abc\xe2\x28\xa1\"",  /* ASCII in a sequence */
    };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        check_fault(bytes_of(bodies[i]), DECODE_UTF8);
    }
}

Test(text, half_characters_and_nul)
{
    check_fault(bytes_of("\\u0000\""), DECODE_UTF8);
    check_fault(bytes_of("\\ud800\""), DECODE_UTF8);
    check_fault(bytes_of("\\udc00\""), DECODE_UTF8);
    check_fault(bytes_of("\\ud800x\""), DECODE_UTF8);
    check_fault(bytes_of("\\ud800\\n\""), DECODE_UTF8);
    check_fault(bytes_of("\\ud800\\ud800\""), DECODE_UTF8);
    check_fault(bytes_of("\\ud800\\u0041\""), DECODE_UTF8);
    check_fault(bytes_of("\\udfff\\ud800\""), DECODE_UTF8);
}

Test(text, syntax)
{
    check_fault(bytes_of("\\x\""), DECODE_SYNTAX);
    check_fault(bytes_of("\\'\""), DECODE_SYNTAX);
    check_fault(bytes_of("\\U0041\""), DECODE_SYNTAX);
    check_fault(bytes_of("\\u004g\""), DECODE_SYNTAX);
    check_fault(bytes_of("\\u00\""), DECODE_SYNTAX);
    check_fault(bytes_of("\\ud800\\u12\""), DECODE_SYNTAX);
    check_fault(bytes_of("\\u+041\""), DECODE_SYNTAX);
    check_fault(bytes_of("line\nbreak\""), DECODE_SYNTAX);
    check_fault(bytes_of("tab\t\""), DECODE_SYNTAX);
    check_fault(bytes_of("\x1f\""), DECODE_SYNTAX);
    check_fault(bytes_make("a\0b\"", 4), DECODE_SYNTAX);
    check_fault(bytes_make("\\\0\"", 3), DECODE_SYNTAX);
}

/* Every place where a good text can be cut. */
Test(text, truncated)
{
    const char *body =
        "a\\n\\u20ac\\ud83d\\ude00\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 and more of it";
    for (size_t size = 0; size <= strlen(body); size++)
        check_fault(bytes_make(body, size), DECODE_TRUNCATED);
}

Test(text, every_control_character_is_refused)
{
    for (char c = 0; c < 0x20; c++) {
        char body[20] = "0123456789abcdef_\"";
        for (size_t at = 0; at < 17; at++) {
            char before = body[at];
            body[at] = c;
            check_fault(bytes_make(body, 18), DECODE_SYNTAX);
            body[at] = before;
        }
    }
}

/* The scanner looks at blocks of bytes: the end must be found wherever it stands. */
Test(text, the_end_is_found_at_any_distance)
{
    char body[80];
    for (size_t size = 0; size < 70; size++) {
        memset(body, 'x', sizeof body);
        body[size] = '"';
        body[size + 1] = '\0';
        struct reading reading = read_text(bytes_of(body));
        cr_assert_eq(reading.size, size + 1);
        cr_assert_eq(reading.text.size, size);
        free(reading.buffer);
    }
}
