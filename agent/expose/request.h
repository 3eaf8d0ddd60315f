/* A request between its arrival and its answer. It is on the heap: what it asks the store for may
 * come later, and client or listener may be gone by then.
 *
 *     NEW ──request_answer──────────────────────────────► (freed)
 *      │ request_wait                                        ▲
 *      ▼        answer of the store: request_resume          │
 *     WAITING ──true──► (the handler goes on) ──request_answer
 *      │ │                  └── asks for more: WAITING       │
 *      │ │ too late: client is told 503                      │
 *      │ │ listener is freed                                 │
 *      │ └──► FORSAKEN ──answer of the store: request_resume is false
 *      └──── store is closed: client is told 503 ────────────┘
 *
 * A handler that waits asks for one thing at a time, keeps what it needs in `job`, and begins with
 * request_resume when the store answers. Calling the store is the last thing that a function does
 * with a request: when the call returns the answer may have come and the request be gone. */
#ifndef LEEWAY_EXPOSE_REQUEST_H
#define LEEWAY_EXPOSE_REQUEST_H

#include "expose/internal.h"

struct evhttp_request;

/* `http` is answered by request_answer, or freed with its listener. */
struct request *request_new(struct web *web, struct evhttp_request *http);

/* From now on the answer may come later. After limits.wait_ms the client is told 503. */
void request_wait(struct request *request);

/* What was asked for has come. True if somebody still waits for an answer; else the request is
 * freed. */
bool request_resume(struct request *request);

/* The same for an answer of the store, and with request_answer if it is no good one. */
bool request_told(struct request *request, enum store_result result, const struct err *err);

/* False if nobody waits any more: what comes now may be left out. */
bool request_is_open(const struct request *request);

/* Sends `request->reply`, unless the client has gone, and frees the request. */
void request_answer(struct request *request);

/* The listener goes, just before evhttp_free: nobody is told anything any more. */
void requests_forsake(struct web *web);

/* The store will not answer any more: who waits for it is told so. */
void requests_store_closed(struct web *web);

#endif
