/* Signatures of outgoing requests as Standard Webhooks has them (standardwebhooks.com, "v1"). */
#ifndef LEEWAY_NOTIFY_SIGN_H
#define LEEWAY_NOTIFY_SIGN_H

#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

/* The key bytes of a secret, appended to `key`: "whsec_" and base64, or anything else as it is.
 * ERR_INVALID if what follows "whsec_" is not base64 or is empty. */
int sign_key(struct bytes secret, struct text *key, struct err *reterr);

/* Appends "v1," and the base64 of HMAC-SHA256(key, "id.seconds.body"). */
void sign_body(struct bytes key, const char *id, int64_t unix_seconds, struct bytes body,
               struct text *signature);

#endif
