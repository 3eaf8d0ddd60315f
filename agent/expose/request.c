/* evhttp keeps a request that has no reply yet with its connection, does not read from it, and so
 * learns only by writing that the client has gone. If the connection goes first (the guard's
 * deadline) the request is ours alone; if evhttp is freed first it takes the request along. This
 * file knows these cases, so that handlers need not. A request that waits is in the listener's list
 * until the store has answered, even when its client was told something else meanwhile: so the
 * count of the list bounds what the store is asked for. */
#include "expose/request.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "expose/api.h"
#include "expose/guard.h"
#include "expose/json.h"
#include "expose/reload.h"
#include "expose/routes.h"

static const char *const common_headers[][2] = {
    {"Connection", "close"}, /* so a connection's deadline is its request's */
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Content-Security-Policy", "default-src 'self'; object-src 'none'; base-uri 'none'; "
                                "form-action 'none'; frame-ancestors 'none'"},
};

/* ---- sending ---- */

static void send_reply(struct evhttp_request *http, const struct reply *reply)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(http);
    struct bytes body =
        reply->fixed.data ? reply->fixed : bytes_make(reply->body.data, reply->body.size);
    char length[24];
    snprintf(length, sizeof length, "%zu", body.size);
    for (size_t i = 0; i < sizeof common_headers / sizeof *common_headers; i++)
        evhttp_add_header(headers, common_headers[i][0], common_headers[i][1]);
    evhttp_add_header(headers, "Content-Type",
                      reply->type ? reply->type : "text/plain; charset=utf-8");
    evhttp_add_header(headers, "Content-Length", length);
    evhttp_add_header(headers, "Cache-Control", reply->cacheable ? "no-cache" : "no-store");
    if (reply->allow)
        evhttp_add_header(headers, "Allow", reply->allow);
    if (reply->truncated)
        evhttp_add_header(headers, "Leeway-Truncated", "true");
    struct evbuffer *buffer = NULL;
    if (evhttp_request_get_command(http) != EVHTTP_REQ_HEAD) {
        buffer = evbuffer_new();
        if (!buffer || (body.size > 0 && evbuffer_add(buffer, body.data, body.size) < 0))
            mem_fail(body.size);
    }
    evhttp_send_reply(http, reply->status, NULL, buffer);
    if (buffer)
        evbuffer_free(buffer);
}

/* Sends the reply; the request has none afterwards. */
static void tell(struct request *request, struct reply *reply)
{
    struct evhttp_request *http = request->http;
    struct web *web = request->web;
    request->http = NULL;
    if (!http)
        return;
    if (!evhttp_request_get_connection(http)) {
        evhttp_request_free(http);
        return;
    }
    const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(http));
    if (reply->status >= 400 && !reply->type) {
        if (path && !strncmp(path, "/api/", 5))
            api_error(reply);
        else
            text_puts(&reply->body, "\n");
    }
    web->requests++;
    web->failed += reply->status >= 500;
    guard_answering(web->guard, http);
    send_reply(http, reply);
}

static void tell_unavailable(struct request *request, const char *line)
{
    struct reply reply = {0};
    reply_error(&reply, 503, "%s", line);
    tell(request, &reply);
    text_release(&reply.body);
}

/* ---- life ---- */

struct request *request_new(struct web *web, struct evhttp_request *http)
{
    struct request *request = mem_new(1, sizeof *request);
    request->web = web;
    request->http = http;
    request->query = &request->asked;
    request->reply.status = 200;
    return request;
}

static void leave_list(struct request *request)
{
    if (!request->link)
        return;
    *request->link = request->next;
    if (request->next)
        request->next->link = request->link;
    request->link = NULL;
    request->web->waiting_count--;
    event_free(request->timer);
    request->timer = NULL;
}

static void request_free(struct request *request)
{
    leave_list(request);
    if (request->free_job)
        request->free_job(request->job);
    text_release(&request->reply.body);
    free(request);
}

void request_answer(struct request *request)
{
    tell(request, &request->reply);
    request_free(request);
}

static bool is_reload(const struct request *request)
{
    return request->web->reload && reload_request(request->web->reload) == request;
}

static void on_late(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    tell_unavailable(context, is_reload(context)
                                  ? "the reload is still under way; the log says how it ends"
                                  : "the store does not answer now; try again");
}

void request_wait(struct request *request)
{
    struct web *web = request->web;
    struct timeval patience = {web->limits.wait_ms / SECOND_MS,
                               web->limits.wait_ms % SECOND_MS * 1000};
    request->timer = evtimer_new(web->base, on_late, request);
    if (!request->timer)
        mem_fail(sizeof *request);
    evtimer_add(request->timer, &patience);
    request->next = web->waiting;
    request->link = &web->waiting;
    if (request->next)
        request->next->link = &request->next;
    web->waiting = request;
    web->waiting_count++;
    guard_waiting(web->guard, request->http);
}

bool request_is_open(const struct request *request)
{
    return request->http && evhttp_request_get_connection(request->http);
}

bool request_resume(struct request *request)
{
    if (request_is_open(request))
        return true;
    request_answer(request); /* to nobody */
    return false;
}

bool request_told(struct request *request, enum store_result result, const struct err *err)
{
    if (!request_resume(request))
        return false;
    if (result == STORE_DONE)
        return true;
    reply_store_error(&request->reply, err);
    request_answer(request);
    return false;
}

void requests_forsake(struct web *web)
{
    while (web->waiting) {
        struct request *request = web->waiting;
        leave_list(request);
        request->web = NULL;
        if (request->http && !evhttp_request_get_connection(request->http))
            evhttp_request_free(request->http);
        request->http = NULL;
    }
}

void requests_store_closed(struct web *web)
{
    struct request *next;
    web->store = NULL;
    for (struct request *request = web->waiting; request; request = next) {
        next = request->next;
        if (is_reload(request))
            continue;
        tell_unavailable(request, "the store is closed");
        request_free(request);
    }
}
