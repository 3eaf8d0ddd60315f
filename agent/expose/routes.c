/* One table from path to handler. Everything a client can get wrong about method and path ends
 * here; handlers see only requests that fit their route. Paths are compared part by part after
 * decoding, and nothing is ever read from a file system, so "/../" is just a name that no route
 * has. */
#include "expose/routes.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expose/api.h"
#include "expose/health.h"
#include "expose/host.h"
#include "expose/page.h"

struct route {
    const char *path; /* "*" is a part with any name */
    request_handler handler;
    bool post; /* else GET and HEAD */
};

static const struct route routes[] = {
    {"/", page_index, false},
    {"/page/*", page_file, false},
    {"/livez", health_live, false},
    {"/healthz", health_live, false},
    {"/-/healthy", health_live, false},
    {"/readyz", health_ready, false},
    {"/-/ready", health_ready, false},
    {"/metrics", health_metrics, false},
    {"/-/reload", health_reload, true},
    {"/api/v1/status", api_status, false},
    {"/api/v1/monitors", api_monitors, false},
    {"/api/v1/monitors/*/fields", api_fields, false},
    {"/api/v1/monitors/*/fields/*", api_field, false},
    {"/api/v1/incidents", api_incidents, false},
    {"/api/v1/incidents/*", api_incident, false},
    {"/api/v1/baselines", api_baselines, false},
    {"/api/v1/baselines/*", api_baseline, false},
    {"/api/v1/quarantine", api_quarantine, false},
};

static const char *const common_headers[][2] = {
    {"Connection", "close"}, /* so a connection's deadline is its request's */
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Content-Security-Policy", "default-src 'self'; object-src 'none'; base-uri 'none'; "
                                "form-action 'none'; frame-ancestors 'none'"},
};

static const char text_type[] = "text/plain; charset=utf-8";

void reply_error(struct reply *reply, int status, const char *format, ...)
{
    char line[512];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    text_clear(&reply->body);
    text_puts(&reply->body, line);
    reply->status = status;
    reply->fixed = bytes_make(NULL, 0);
    reply->type = NULL;
}

/* Matches the path against a route; `ret_names` gets the parts that stand for "*". */
static bool route_matches(const struct route *route, const struct path *path,
                          const char **ret_names)
{
    const char *at = route->path + 1;
    uint32_t names = 0;
    for (uint32_t i = 0; i < path->count; i++) {
        size_t size = strcspn(at, "/");
        if (size == 0)
            return false;
        if (size == 1 && *at == '*')
            ret_names[names++] = path->parts[i];
        else if (!bytes_equal(bytes_make(at, size), bytes_of(path->parts[i])))
            return false;
        at += size + (at[size] == '/');
    }
    return *at == '\0';
}

static const struct route *route_find(const char *raw, struct path *path, const char **ret_names)
{
    if (!path_parse(raw, path))
        return NULL;
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (route_matches(&routes[i], path, ret_names))
            return &routes[i];
    }
    return NULL;
}

/* A page of another site may make a browser send a POST here; such a request carries the Origin of
 * that site. */
static bool is_foreign(struct evhttp_request *request)
{
    struct evkeyvalq *headers = evhttp_request_get_input_headers(request);
    const char *origin = evhttp_find_header(headers, "Origin");
    const char *host = evhttp_find_header(headers, "Host");
    if (!origin)
        return false;
    const char *rest = strstr(origin, "://");
    return !rest || !host || strcmp(rest + 3, host) != 0;
}

/* A site whose name points to 127.0.0.1 must not read this through a browser here. */
static bool is_strange(const struct web *web, struct evhttp_request *request)
{
    const char *host = evhttp_find_header(evhttp_request_get_input_headers(request), "Host");
    return web->local &&
           !host_is_ours(host, web->listen_host, web->config ? web->config->external_url : NULL);
}

static void answer(struct web *web, struct evhttp_request *request, struct reply *reply)
{
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
    const char *names[PATH_PARTS_MAX] = {0};
    struct path path;
    struct query query;
    struct err err;
    if (is_strange(web, request)) {
        reply_error(reply, 421, "this host name is not served here; web.external_url allows one");
        return;
    }
    const struct route *route = route_find(evhttp_uri_get_path(uri), &path, names);
    if (!route) {
        reply_error(reply, 404, "not found");
        return;
    }
    enum evhttp_cmd_type method = evhttp_request_get_command(request);
    if (route->post ? method != EVHTTP_REQ_POST
                    : method != EVHTTP_REQ_GET && method != EVHTTP_REQ_HEAD) {
        reply->allow = route->post ? "POST" : "GET, HEAD";
        reply_error(reply, 405, "method not allowed; use %s", reply->allow);
        return;
    }
    if (route->post && is_foreign(request)) {
        reply_error(reply, 403, "requests from other sites are refused");
        return;
    }
    if (query_parse(evhttp_uri_get_query(uri), &query, &err) < 0) {
        reply_error(reply, 400, "%s", err.text);
        return;
    }
    struct request asked = {.web = web, .names = names, .query = &query};
    route->handler(&asked, reply);
}

static void send_reply(struct evhttp_request *request, const struct reply *reply)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    struct bytes body =
        reply->fixed.data ? reply->fixed : bytes_make(reply->body.data, reply->body.size);
    char length[24];
    snprintf(length, sizeof length, "%zu", body.size);
    for (size_t i = 0; i < sizeof common_headers / sizeof *common_headers; i++)
        evhttp_add_header(headers, common_headers[i][0], common_headers[i][1]);
    evhttp_add_header(headers, "Content-Type", reply->type ? reply->type : text_type);
    evhttp_add_header(headers, "Content-Length", length);
    evhttp_add_header(headers, "Cache-Control", reply->cacheable ? "no-cache" : "no-store");
    if (reply->allow)
        evhttp_add_header(headers, "Allow", reply->allow);
    if (reply->truncated)
        evhttp_add_header(headers, "Leeway-Truncated", "true");
    struct evbuffer *buffer = NULL;
    if (evhttp_request_get_command(request) != EVHTTP_REQ_HEAD) {
        buffer = evbuffer_new();
        if (!buffer || (body.size > 0 && evbuffer_add(buffer, body.data, body.size) < 0))
            mem_fail(body.size);
    }
    evhttp_send_reply(request, reply->status, NULL, buffer);
    if (buffer)
        evbuffer_free(buffer);
}

void routes_answer(struct web *web, struct evhttp_request *request)
{
    struct reply reply = {.status = 200};
    const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request));
    answer(web, request, &reply);
    if (reply.status >= 400 && !reply.type) {
        if (path && !strncmp(path, "/api/", 5))
            api_error(&reply);
        else
            text_puts(&reply.body, "\n");
    }
    web->requests++;
    web->failed += reply.status >= 500;
    send_reply(request, &reply);
    text_release(&reply.body);
}
