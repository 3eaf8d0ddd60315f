/* HTTP requests on the event loop: libcurl's multi interface driven by libevent.
 *
 * Certificates and host names are verified, redirects are not followed, the environment's proxies
 * are not used, only http and https are spoken, http to loopback alone unless allowed. An answer is
 * read up to 4 KiB and until one total deadline. */
#ifndef LEEWAY_NOTIFY_HTTP_H
#define LEEWAY_NOTIFY_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

enum { HTTP_BODY_BYTES = 4096, HTTP_RETRY_AFTER_BYTES = 64 };

struct event_base;
struct http_client;
struct http_call;
struct http_headers; /* a list; opaque so that curl stays in http.c */

struct http_request {
    const char *url;
    struct bytes body;            /* posted as application/json; copied */
    struct http_headers *headers; /* taken over; NULL: none but the usual ones */
    int64_t timeout_ms;           /* from now to the last byte of the answer; at most a minute */
    bool insecure_http;           /* http:// may leave this machine */
};

struct http_response {
    int32_t status;    /* 0: no answer */
    bool refused;      /* the address is one that is never connected to */
    const char *error; /* why there is no complete answer, a constant without URL; NULL: answered */
    char retry_after[HTTP_RETRY_AFTER_BYTES]; /* that header as it came; empty: none */
    struct bytes body;                        /* its first HTTP_BODY_BYTES */
};

/* `response` lives only during the call. New requests may be made in it, and calls cancelled. */
typedef void (*http_done_fn)(void *context, const struct http_response *response);

struct http_client *http_client_new(struct event_base *base, struct err *reterr);

/* Calls in flight end without their callback. Takes NULL. */
void http_client_free(struct http_client *client);

/* Adds "name: value" to a list (NULL: begins one) and returns it. Control characters of the value
 * become "?", so that no value can add a header of its own. */
struct http_headers *http_headers_add(struct http_headers *headers, const char *name,
                                      const char *value);
void http_headers_free(struct http_headers *headers); /* takes NULL */

/* Posts; `done` is called exactly once, later, from the loop. Never NULL. */
struct http_call *http_post(struct http_client *client, const struct http_request *request,
                            http_done_fn done, void *context);

/* Ends a call whose `done` was not called yet, without calling it. */
void http_cancel(struct http_call *call);

#endif
