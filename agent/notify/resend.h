/* Sends what an Alertmanager receiver must keep hearing of, to every URL, every minute. */
#ifndef LEEWAY_NOTIFY_RESEND_H
#define LEEWAY_NOTIFY_RESEND_H

#include "notify/notify.h"
#include "notify/receiver.h"

enum { RESEND_MS = 60 * 1000, RESEND_LEASE_MS = 4 * RESEND_MS, RESEND_BATCH = 64 };

struct resend;

struct resend_input {
    struct event_base *base;
    struct http_client *http;
    struct store *store;
    const struct receiver *receiver;
    const char *external_url;
    int64_t (*const *now_unix_ms)(void); /* where the clock stands; may be changed later */
    notify_route_fn *route;              /* where the route stands, and its context */
    void **context;
};

/* The first round begins when the loop next runs. Everything in `input` must outlive it. */
struct resend *resend_new(const struct resend_input *input);
void resend_free(struct resend *resend); /* takes NULL */

/* The store is closed: there are no rounds any more. Takes NULL. */
void resend_store_closed(struct resend *resend);

/* A row of this receiver is about to be sent. */
void resend_note(struct resend *resend, const struct store_delivery *delivery);

/* A round now instead of at the end of the minute. */
void resend_kick(struct resend *resend);

#endif
