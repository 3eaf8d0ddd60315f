/* libcurl says which sockets and which moment it waits for; libevent waits; both ends meet here and
 * nowhere else. Assumes one thread. Refuses to know what an answer means, and what is posted.
 *
 * libcurl's own error texts (CURLOPT_ERRORBUFFER) can quote the URL, which is a credential, so only
 * the constant text of the error code leaves this file. */
#include "notify/http.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "notify/address.h"

enum { TIMEOUT_MAX_MS = 60 * 1000 };

struct http_client {
    struct event_base *base;
    CURLM *multi;
    struct event *timer;
    struct http_call *calls;
};

struct http_call {
    struct http_client *client;
    struct http_call *next, **link;
    CURL *easy;
    struct curl_slist *headers;
    http_done_fn done;
    void *context;
    bool plain, insecure_http; /* http://, and whether it may leave this machine */
    bool refused, cut;
    size_t body_size;
    char retry_after[HTTP_RETRY_AFTER_BYTES];
    char body[HTTP_BODY_BYTES];
};

/* ---- between libcurl and libevent ---- */

static void finish_calls(struct http_client *client);

static void on_socket(evutil_socket_t fd, short what, void *context)
{
    struct http_client *client = context;
    int running = 0;
    int flags = (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);
    curl_multi_socket_action(client->multi, fd, flags, &running);
    finish_calls(client);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    struct http_client *client = context;
    int running = 0;
    curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    finish_calls(client);
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *of_socket)
{
    (void)easy;
    struct http_client *client = context;
    struct event *event = of_socket;
    if (event)
        event_free(event);
    if (what == CURL_POLL_REMOVE) {
        curl_multi_assign(client->multi, fd, NULL);
        return 0;
    }
    short wanted = EV_PERSIST;
    if (what & CURL_POLL_IN)
        wanted |= EV_READ;
    if (what & CURL_POLL_OUT)
        wanted |= EV_WRITE;
    event = event_new(client->base, fd, wanted, on_socket, client);
    if (!event || event_add(event, NULL) != 0)
        mem_fail(sizeof(void *));
    curl_multi_assign(client->multi, fd, event);
    return 0;
}

static int watch_timer(CURLM *multi, long timeout_ms, void *context)
{
    (void)multi;
    struct http_client *client = context;
    if (timeout_ms < 0)
        return evtimer_del(client->timer);
    struct timeval delay = {timeout_ms / 1000, timeout_ms % 1000 * 1000};
    return evtimer_add(client->timer, &delay);
}

/* ---- one transfer ---- */

static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    struct http_call *call = context;
    enum address_kind kind = address_kind(&address->addr);
    bool leaves = kind != ADDRESS_LOOPBACK;
    if (kind == ADDRESS_REFUSED || (call->plain && leaves && !call->insecure_http)) {
        call->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t on_body(char *data, size_t one, size_t size, void *context)
{
    (void)one;
    struct http_call *call = context;
    size_t room = HTTP_BODY_BYTES - call->body_size;
    size_t kept = size < room ? size : room;
    memcpy(call->body + call->body_size, data, kept);
    call->body_size += kept;
    call->cut = kept < size;
    return kept; /* fewer than given ends the transfer */
}

static size_t on_header(char *data, size_t one, size_t size, void *context)
{
    (void)one;
    static const char name[] = "retry-after:";
    struct http_call *call = context;
    size_t length = sizeof name - 1;
    if (size <= length || strncasecmp(data, name, length) != 0)
        return size;
    struct bytes value = bytes_trim(bytes_make(data + length, size - length));
    if (value.size < sizeof call->retry_after)
        snprintf(call->retry_after, sizeof call->retry_after, "%.*s", (int)value.size, value.data);
    return size;
}

static void call_free(struct http_call *call)
{
    *call->link = call->next;
    if (call->next)
        call->next->link = call->link;
    curl_multi_remove_handle(call->client->multi, call->easy);
    curl_easy_cleanup(call->easy);
    curl_slist_free_all(call->headers);
    free(call);
}

static void call_finish(struct http_call *call, CURLcode code)
{
    long status = 0;
    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    bool answered = code == CURLE_OK || (code == CURLE_WRITE_ERROR && call->cut);
    struct http_response response = {.status = answered ? (int32_t)status : 0,
                                     .refused = call->refused,
                                     .error = answered ? NULL : curl_easy_strerror(code),
                                     .body = bytes_make(call->body, call->body_size)};
    memcpy(response.retry_after, call->retry_after, sizeof response.retry_after);
    if (call->refused && !answered)
        response.error = "address is refused";
    call->done(call->context, &response);
    call_free(call);
}

static void finish_calls(struct http_client *client)
{
    CURLMsg *message;
    int left = 0;
    while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE)
            continue;
        char *call = NULL;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
        call_finish((struct http_call *)(void *)call, code);
    }
}

/* ---- the interface ---- */

struct http_client *http_client_new(struct event_base *base, struct err *reterr)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        err_set(reterr, ERR_IO, "could not initialise the HTTP client");
        return NULL;
    }
    /* The TLS library writes with write(2): a peer that left would end the process. */
    struct sigaction pipe_action;
    if (sigaction(SIGPIPE, NULL, &pipe_action) == 0 && pipe_action.sa_handler == SIG_DFL)
        signal(SIGPIPE, SIG_IGN);
    struct http_client *client = mem_new(1, sizeof *client);
    client->base = base;
    client->multi = curl_multi_init();
    client->timer = evtimer_new(base, on_timer, client);
    if (!client->multi || !client->timer)
        mem_fail(sizeof *client);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, watch_timer);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, 16L);
    return client;
}

void http_client_free(struct http_client *client)
{
    if (!client)
        return;
    for (struct http_call *call = client->calls, *next; call; call = next) {
        next = call->next;
        call_free(call);
    }
    curl_multi_cleanup(client->multi);
    event_free(client->timer);
    free(client);
    curl_global_cleanup();
}

struct http_headers *http_headers_add(struct http_headers *headers, const char *name,
                                      const char *value)
{
    struct text line = {0};
    text_printf(&line, "%s: %s", name, value);
    for (size_t i = 0; i < line.size; i++) {
        if ((unsigned char)line.data[i] < 0x20 || line.data[i] == 0x7f)
            line.data[i] = '?';
    }
    struct curl_slist *list = curl_slist_append((struct curl_slist *)(void *)headers, line.data);
    text_release(&line);
    if (!list)
        mem_fail(sizeof *list);
    return (struct http_headers *)(void *)list;
}

void http_headers_free(struct http_headers *headers)
{
    curl_slist_free_all((struct curl_slist *)(void *)headers);
}

static void set_limits(CURL *easy, int64_t timeout_ms)
{
    /* To libcurl 0 is no limit. */
    long limit_ms =
        timeout_ms > 0 && timeout_ms < TIMEOUT_MAX_MS ? (long)timeout_ms : TIMEOUT_MAX_MS;
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, limit_ms);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, limit_ms);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
}

static void set_callbacks(CURL *easy, struct http_call *call)
{
    curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, call);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
}

static void set_request(CURL *easy, const struct http_request *request, struct curl_slist *headers)
{
    curl_easy_setopt(easy, CURLOPT_URL, request->url);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "leeway/" LEEWAY_VERSION);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.size);
    curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, request->body.data);
}

struct http_call *http_post(struct http_client *client, const struct http_request *request,
                            http_done_fn done, void *context)
{
    struct http_call *call = mem_new(1, sizeof *call);
    struct http_headers *headers =
        http_headers_add(request->headers, "Content-Type", "application/json");
    /* "Expect:" without a value takes the header away: no round trip before a small body. */
    call->headers = curl_slist_append((struct curl_slist *)(void *)headers, "Expect:");
    call->easy = curl_easy_init();
    if (!call->easy || !call->headers)
        mem_fail(sizeof *call);
    call->client = client;
    call->done = done;
    call->context = context;
    call->plain = strncasecmp(request->url, "https:", 6) != 0;
    call->insecure_http = request->insecure_http;
    set_limits(call->easy, request->timeout_ms);
    set_callbacks(call->easy, call);
    set_request(call->easy, request, call->headers);
    call->next = client->calls;
    call->link = &client->calls;
    if (call->next)
        call->next->link = &call->next;
    client->calls = call;
    if (curl_multi_add_handle(client->multi, call->easy) != CURLM_OK)
        mem_fail(sizeof *call);
    return call;
}

void http_cancel(struct http_call *call)
{
    call_free(call);
}
