/* A receiver, ready to be sent to: its addresses and secrets read and checked. */
#ifndef LEEWAY_NOTIFY_RECEIVER_H
#define LEEWAY_NOTIFY_RECEIVER_H

#include "config/config.h"
#include "notify/http.h"
#include "store/store.h"

enum { RECEIVER_URLS = 64 };

struct receiver_url {
    char *url;  /* a credential: never logged, stored or told */
    char *host; /* may be shown */
};

struct receiver {
    const struct config_receiver *config; /* borrowed */
    struct receiver_url *urls;
    uint32_t url_count;
    struct text key;    /* signing key; empty: unsigned */
    struct text bearer; /* value of the Authorization header; empty: none */
};

/* Reads url_file, secret_file and token_file. ERR_INVALID for an address that is not http or https,
 * that is http to another host than this one without insecure_http, or that is never connected to;
 * and what secret_read says. No message holds an address or a secret. */
int receiver_open(struct receiver *receiver, const struct config_receiver *config,
                  struct err *reterr);
void receiver_close(struct receiver *receiver); /* wipes secrets; takes a half-opened one */

/* The headers of one request: authorization, signature, idempotency key, as the type wants. */
struct http_headers *receiver_headers(const struct receiver *receiver, const char *message_id,
                                      int64_t now_unix_ms, struct bytes body);

/* The body for one delivery. ERR_INVALID if its payload is not what incident made. */
int receiver_render(const struct receiver *receiver, const struct store_delivery *delivery,
                    const char *external_url, int64_t now_unix_ms, struct text *body,
                    struct err *reterr);

#endif
