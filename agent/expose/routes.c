/* One table from path to handler. Everything a client can get wrong about method and path ends
 * here; handlers see only requests that fit their route. Paths are compared part by part after
 * decoding, and nothing is ever read from a file system, so "/../" is just a name that no route
 * has. */
#include "expose/routes.h"

#include <event2/http.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "expose/api.h"
#include "expose/health.h"
#include "expose/host.h"
#include "expose/page.h"
#include "expose/reload.h"
#include "expose/request.h"

struct route {
    const char *path;     /* "*" is a part with any name */
    request_handler now;  /* either answers at once */
    request_starter from; /* or with what the store says */
    request_starter post; /* or is a POST, and answers when it is done; else GET and HEAD */
};

static const struct route routes[] = {
    {"/", .now = page_index},
    {"/page/*", .now = page_file},
    {"/livez", .now = health_live},
    {"/healthz", .now = health_live},
    {"/-/healthy", .now = health_live},
    {"/readyz", .now = health_ready},
    {"/-/ready", .now = health_ready},
    {"/metrics", .now = health_metrics},
    {"/-/reload", .post = reload_start},
    {"/api/v1/status", .now = api_status},
    {"/api/v1/monitors", .from = api_monitors},
    {"/api/v1/monitors/*/fields", .from = api_fields},
    {"/api/v1/monitors/*/fields/*", .from = api_field},
    {"/api/v1/incidents", .from = api_incidents},
    {"/api/v1/incidents/*", .from = api_incident},
    {"/api/v1/baselines", .from = api_baselines},
    {"/api/v1/baselines/*", .from = api_baseline},
    {"/api/v1/quarantine", .from = api_quarantine},
};

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

/* The route that takes the request; NULL with the reply filled if there is none. */
static const struct route *choose(struct request *request)
{
    struct evhttp_request *http = request->http;
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(http);
    struct reply *reply = &request->reply;
    struct err err;
    if (is_strange(request->web, http)) {
        reply_error(reply, 421, "this host name is not served here; web.external_url allows one");
        return NULL;
    }
    const struct route *route =
        route_find(evhttp_uri_get_path(uri), &request->path, request->names);
    if (!route) {
        reply_error(reply, 404, "not found");
        return NULL;
    }
    enum evhttp_cmd_type method = evhttp_request_get_command(http);
    if (route->post ? method != EVHTTP_REQ_POST
                    : method != EVHTTP_REQ_GET && method != EVHTTP_REQ_HEAD) {
        reply->allow = route->post ? "POST" : "GET, HEAD";
        reply_error(reply, 405, "method not allowed; use %s", reply->allow);
        return NULL;
    }
    if (route->post && is_foreign(http)) {
        reply_error(reply, 403, "requests from other sites are refused");
        return NULL;
    }
    if (query_parse(evhttp_uri_get_query(uri), &request->asked, &err) < 0) {
        reply_error(reply, 400, "%s", err.text);
        return NULL;
    }
    return route;
}

/* Whether the store may be asked for this one too. */
static bool may_ask(struct request *request)
{
    const struct web *web = request->web;
    if (!web->store)
        reply_error(&request->reply, 503, "the store is closed");
    else if (web->waiting_count >= web->limits.waiting)
        reply_error(&request->reply, 503, "too many requests wait for the store; try again");
    else
        return true;
    return false;
}

void routes_answer(struct web *web, struct evhttp_request *http)
{
    struct request *request = request_new(web, http);
    const struct route *route = choose(request);
    if (route && route->post) {
        request_wait(request);
        route->post(request);
        return;
    }
    if (route && route->from && may_ask(request)) {
        request_wait(request);
        route->from(request);
        return;
    }
    if (route && route->now)
        route->now(request, &request->reply);
    request_answer(request);
}
