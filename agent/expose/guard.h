/* The guard at the door: how many connections are open, and for how long.
 *
 * libevent 2.1 has neither a cap nor an absolute deadline (its timeouts start again with every
 * byte), so a slow client could hold a connection, and enough of them the listener, for ever. Nor
 * may slow clients shut out those who ask whether the agent is alive: when every place is taken,
 * the oldest connection that is slow (limits.pressed_…) gives its own away. */
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

/* The request of this connection is complete, and waits for an answer of ours: that is not the
 * client's fault, so it keeps its place until guard_answering. */
void guard_waiting(struct guard *guard, struct evhttp_request *request);

/* The reply is about to be sent: from now on its deadline counts. */
void guard_answering(struct guard *guard, struct evhttp_request *request);

uint32_t guard_open_count(const struct guard *guard); /* connections held now */
uint64_t guard_cut_count(const struct guard *guard);  /* cut for being slow since the start */

#endif
