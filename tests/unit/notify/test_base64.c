/* Vectors: RFC 4648, section 10. */
#include <criterion/criterion.h>

#include "notify/base64.h"

static const char *const vectors[][2] = {{"", ""},
                                         {"f", "Zg=="},
                                         {"fo", "Zm8="},
                                         {"foo", "Zm9v"},
                                         {"foob", "Zm9vYg=="},
                                         {"fooba", "Zm9vYmE="},
                                         {"foobar", "Zm9vYmFy"}};

Test(base64, both_ways)
{
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct text encoded = {0}, decoded = {0};
        text_puts(&encoded, "");
        text_puts(&decoded, "");
        base64_encode(bytes_of(vectors[i][0]), &encoded);
        cr_assert_str_eq(encoded.data, vectors[i][1]);
        cr_assert(base64_decode(bytes_of(vectors[i][1]), &decoded));
        cr_assert_str_eq(decoded.data, vectors[i][0]);
        text_release(&encoded);
        text_release(&decoded);
    }
}

Test(base64, all_bytes_survive)
{
    unsigned char all[256];
    struct text encoded = {0}, decoded = {0};
    for (int i = 0; i < 256; i++)
        all[i] = (unsigned char)(255 - i);
    base64_encode(bytes_make(all, sizeof all), &encoded);
    cr_assert(base64_decode(bytes_make(encoded.data, encoded.size), &decoded));
    cr_assert_eq(decoded.size, sizeof all);
    cr_assert_eq(memcmp(decoded.data, all, sizeof all), 0);
    text_release(&encoded);
    text_release(&decoded);
}

Test(base64, padding_may_be_missing)
{
    struct text text = {0};
    cr_assert(base64_decode(bytes_of("Zm8"), &text));
    cr_assert_str_eq(text.data, "fo");
    text_release(&text);
}

Test(base64, refuses_what_is_not_base64)
{
    static const char *const bad[] = {
        "Z", "Zg=",  "Zg===",  "Zm9v\n", "Zm 9v", "Zm-v",  "Zm_v",
        "=", "====", "Zg==Zg", "Zh==",   "Zm9=",  "Zm9vY", "\xc3\xa4\xc3\xa4"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct text text = {0};
        text_puts(&text, "kept");
        cr_assert_not(base64_decode(bytes_of(bad[i]), &text), "%s", bad[i]);
        cr_assert_str_eq(text.data, "kept", "%s", bad[i]);
        text_release(&text);
    }
}
