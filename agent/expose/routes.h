/* Which path is answered by what. */
#ifndef LEEWAY_EXPOSE_ROUTES_H
#define LEEWAY_EXPOSE_ROUTES_H

#include "expose/internal.h"

struct evhttp_request;

/* Answers the request, whatever it is, now or later. */
void routes_answer(struct web *web, struct evhttp_request *http);

/* Makes the reply an error: JSON {"error": …} below /api/, a line of text elsewhere is made from it
 * by request_answer. `format` is one line for people, without anything secret. */
void reply_error(struct reply *reply, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
