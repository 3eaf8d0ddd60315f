/* The guard at the door: how many connections are open, and for how long.
 *
 * libevent 2.1 has neither a cap nor an absolute deadline (its timeouts start again with every
 * byte), so a slow client could hold a connection, and enough of them the listener, for ever. */
#ifndef LEEWAY_EXPOSE_GUARD_H
#define LEEWAY_EXPOSE_GUARD_H

#include <stdint.h>

#include "expose/internal.h"

struct event_base;
struct evhttp;
struct evhttp_request;
struct evconnlistener;

/* Watches every connection that `http` accepts through `listener`. Both borrowed. */
struct guard *guard_new(struct event_base *base, struct evhttp *http,
                        struct evconnlistener *listener, const struct web_limits *limits);

/* Only after the evhttp is freed, or before it served. Takes NULL. */
void guard_free(struct guard *guard);

/* The request of this connection is complete: from now on the deadline of the reply counts. */
void guard_answering(struct guard *guard, struct evhttp_request *request);

uint32_t guard_open_count(const struct guard *guard); /* connections held now */
uint64_t guard_cut_count(const struct guard *guard);  /* cut at a deadline since the start */

#endif
