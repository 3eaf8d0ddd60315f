/* Standard Webhooks: the receiver proves with a shared key that a request is ours and when it was
 * sent. What is signed is exactly what is sent; nothing is re-serialised in between. */
#include "notify/sign.h"

#include <inttypes.h>

#include "base/hash.h"
#include "notify/base64.h"

int sign_key(struct bytes secret, struct text *key, struct err *reterr)
{
    const struct bytes prefix = bytes_of("whsec_");
    if (secret.size < prefix.size || !bytes_equal(bytes_make(secret.data, prefix.size), prefix)) {
        text_add(key, secret.data, secret.size);
        return 0;
    }
    struct bytes encoded = bytes_make(secret.data + prefix.size, secret.size - prefix.size);
    if (!encoded.size || !base64_decode(encoded, key)) {
        err_set(reterr, ERR_INVALID, "signing secret is not base64 after whsec_");
        err_hint(reterr, "Give whsec_ and base64, or any other text to use it as it is.");
        return ERR_INVALID;
    }
    return 0;
}

void sign_body(struct bytes key, const char *id, int64_t unix_seconds, struct bytes body,
               struct text *signature)
{
    struct text message = {0};
    text_printf(&message, "%s.%" PRId64 ".", id, unix_seconds);
    text_add(&message, body.data, body.size);
    unsigned char mac[32];
    hash_hmac(key, bytes_make(message.data, message.size), mac);
    text_release(&message);
    text_puts(signature, "v1,");
    base64_encode(bytes_make(mac, sizeof mac), signature);
}
