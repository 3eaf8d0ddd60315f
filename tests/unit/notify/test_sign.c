#include <criterion/criterion.h>

#include "notify/sign.h"

static void signs(const char *secret, const char *id, int64_t when, const char *body,
                  const char *expected)
{
    struct text key = {0}, signature = {0};
    cr_assert_eq(sign_key(bytes_of(secret), &key, NULL), 0);
    sign_body(bytes_make(key.data, key.size), id, when, bytes_of(body), &signature);
    cr_assert_str_eq(signature.data, expected);
    text_release(&key);
    text_release(&signature);
}

/* The reference vector of Standard Webhooks' own test suites, recomputed with Python:
 * base64(hmac.new(b64decode(secret), b"msg_….1614265330." + body, sha256).digest()). */
Test(sign, standard_webhooks_vector)
{
    signs("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
          "{\"test\": 2432232314}", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

/* Python: base64(hmac.new(b"plain secret", b"m1.0.", sha256).digest()) */
Test(sign, raw_secret_and_empty_body)
{
    signs("plain secret", "m1", 0, "", "v1,edMrh225EZkCJU+KtqM6UZv+pL4ypFhD5VkSDxPxh9Y=");
}

Test(sign, secret_that_is_not_base64_is_refused)
{
    static const char *const bad[] = {"whsec_", "whsec_%%%", "whsec_Z", "whsec_Zm9v Zm9v"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct text key = {0};
        struct err err = {0};
        cr_assert_eq(sign_key(bytes_of(bad[i]), &key, &err), ERR_INVALID);
        if (bad[i][6])
            cr_assert_null(strstr(err.text, bad[i] + 6), "the secret is in the message");
        cr_assert_eq(key.size, 0);
        text_release(&key);
    }
}
