/* Turns what the configuration says about a receiver into what a request needs. Addresses come from
 * the configuration or a file that it names, never from data, and are parsed by the library that
 * will connect to them, so that two parsers cannot disagree about the host. */
#include "notify/receiver.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/url.h"
#include "notify/address.h"
#include "notify/notify.h"
#include "notify/resend.h"
#include "notify/sign.h"
#include "sys/file.h"

static int bad_url(const struct config_receiver *config, const char *why, struct err *reterr)
{
    err_set(reterr, ERR_INVALID, "receiver %s: %s", config->name, why);
    if (config->place.file)
        err_place(reterr, "%s:%" PRIu32 ":%" PRIu32, config->place.file, config->place.line,
                  config->place.column);
    return ERR_INVALID;
}

/* The configuration's own check once more, since a url_file is read only here, and then the address
 * as the library that connects has understood it ("https://2852039166/" is 169.254.169.254). */
static int check_url(const struct config_receiver *config, const char *url, const char *host,
                     struct err *reterr)
{
    const char *refusal = url_refuse(url, config->insecure_http);
    char why[160];
    if (!refusal && address_kind_of_host(host) == ADDRESS_REFUSED)
        refusal = "must not be a link-local or reserved address";
    if (!refusal)
        return 0;
    snprintf(why, sizeof why, "its URL %s", refusal);
    return bad_url(config, why, reterr);
}

/* Alertmanager is configured by its base address, as in Prometheus. */
static CURLUcode complete_path(CURLU *parts)
{
    static const char suffix[] = "/api/v2/alerts";
    char *path = NULL;
    CURLUcode code = curl_url_get(parts, CURLUPART_PATH, &path, 0);
    if (code)
        return code;
    size_t size = strlen(path), ends = sizeof suffix - 1;
    while (size && path[size - 1] == '/')
        size--;
    struct text whole = {0};
    text_add(&whole, path, size);
    if (size < ends || strncmp(path + size - ends, suffix, ends) != 0)
        text_puts(&whole, suffix);
    code = curl_url_set(parts, CURLUPART_PATH, whole.data, 0);
    text_release(&whole);
    curl_free(path);
    return code;
}

static int url_open(CURLU *parts, const struct config_receiver *config, const char *url,
                    struct receiver_url *ret_url, struct err *reterr)
{
    char *host = NULL, *whole = NULL;
    CURLUcode code = curl_url_set(parts, CURLUPART_URL, url, 0);
    code = code ? code : curl_url_get(parts, CURLUPART_HOST, &host, 0);
    if (!code && config->type == RECEIVER_ALERTMANAGER)
        code = complete_path(parts);
    code = code ? code : curl_url_get(parts, CURLUPART_URL, &whole, 0);
    int result = code ? bad_url(config, "its URL cannot be read", reterr)
                      : check_url(config, url, host, reterr);
    if (!result)
        *ret_url = (struct receiver_url){mem_copy(whole), mem_copy(host)};
    curl_free(host);
    curl_free(whole);
    return result;
}

static int add_url(struct receiver *receiver, const char *url, struct err *reterr)
{
    if (receiver->url_count == RECEIVER_URLS)
        return bad_url(receiver->config, "more than 64 URLs", reterr);
    CURLU *parts = curl_url();
    if (!parts)
        mem_fail(sizeof parts);
    receiver->urls = mem_resize(receiver->urls, receiver->url_count + 1, sizeof *receiver->urls);
    int code = url_open(parts, receiver->config, url, &receiver->urls[receiver->url_count], reterr);
    curl_url_cleanup(parts);
    if (!code)
        receiver->url_count++;
    return code;
}

static void text_wipe(struct text *text)
{
    if (text->data)
        explicit_bzero(text->data, text->capacity);
    text_release(text);
}

static int add_urls(struct receiver *receiver, struct err *reterr)
{
    const struct config_receiver *config = receiver->config;
    struct text url = {0};
    int code = 0;
    for (uint32_t i = 0; i < config->url_count && !code; i++)
        code = add_url(receiver, config->urls[i], reterr);
    if (!code && config->url_file) {
        code = secret_read(config->url_file, &url, reterr);
        code = code ? code : add_url(receiver, url.data, reterr);
        text_wipe(&url);
    }
    if (!code && !receiver->url_count)
        return bad_url(config, "it has no URL", reterr);
    return code;
}

static bool has_control(const struct text *text)
{
    for (size_t i = 0; i < text->size; i++) {
        if ((unsigned char)text->data[i] < 0x20 || text->data[i] == 0x7f)
            return true;
    }
    return false;
}

static int read_secrets(struct receiver *receiver, struct err *reterr)
{
    const struct config_receiver *config = receiver->config;
    struct text read = {0};
    int code = 0;
    if (config->secret_file) {
        code = secret_read(config->secret_file, &read, reterr);
        code = code ? code : sign_key(bytes_make(read.data, read.size), &receiver->key, reterr);
        text_wipe(&read);
    }
    if (!code && config->token_file) {
        code = secret_read(config->token_file, &read, reterr);
        if (!code && has_control(&read))
            code = bad_url(config, "its token has control characters or several lines", reterr);
        if (!code)
            text_printf(&receiver->bearer, "Bearer %s", read.data);
        text_wipe(&read);
    }
    return code;
}

int receiver_open(struct receiver *receiver, const struct config_receiver *config,
                  struct err *reterr)
{
    *receiver = (struct receiver){.config = config};
    int code = add_urls(receiver, reterr);
    code = code ? code : read_secrets(receiver, reterr);
    if (code && reterr && !reterr->place[0])
        err_place(reterr, "%s:%u:%u: receiver %s",
                  config->place.file ? config->place.file : "config", config->place.line,
                  config->place.column, config->name);
    if (code)
        receiver_close(receiver);
    return code;
}

void receiver_close(struct receiver *receiver)
{
    for (uint32_t i = 0; i < receiver->url_count; i++) {
        explicit_bzero(receiver->urls[i].url, strlen(receiver->urls[i].url));
        free(receiver->urls[i].url);
        free(receiver->urls[i].host);
    }
    free(receiver->urls);
    text_wipe(&receiver->key);
    text_wipe(&receiver->bearer);
    *receiver = (struct receiver){0};
}

static struct http_headers *add_signature(const struct receiver *receiver, const char *message_id,
                                          int64_t now_unix_ms, struct bytes body,
                                          struct http_headers *headers)
{
    char seconds[24];
    snprintf(seconds, sizeof seconds, "%" PRId64, now_unix_ms / 1000);
    headers = http_headers_add(headers, "webhook-id", message_id);
    headers = http_headers_add(headers, "webhook-timestamp", seconds);
    if (!receiver->key.size)
        return headers;
    struct text signature = {0};
    sign_body(bytes_make(receiver->key.data, receiver->key.size), message_id, now_unix_ms / 1000,
              body, &signature);
    headers = http_headers_add(headers, "webhook-signature", signature.data);
    text_release(&signature);
    return headers;
}

struct http_headers *receiver_headers(const struct receiver *receiver, const char *message_id,
                                      int64_t now_unix_ms, struct bytes body)
{
    enum receiver_type type = receiver->config->type;
    struct http_headers *headers = NULL;
    if (receiver->bearer.size)
        headers = http_headers_add(headers, "Authorization", receiver->bearer.data);
    if (type == RECEIVER_WEBHOOK || type == RECEIVER_RETRAIN)
        headers = add_signature(receiver, message_id, now_unix_ms, body, headers);
    if (type == RECEIVER_RETRAIN)
        headers = http_headers_add(headers, "Idempotency-Key", message_id);
    return headers;
}

int receiver_render(const struct receiver *receiver, const struct store_delivery *delivery,
                    const char *external_url, int64_t now_unix_ms, struct text *body,
                    struct err *reterr)
{
    struct bytes payload = bytes_of(delivery->payload);
    switch (receiver->config->type) {
    case RECEIVER_SLACK:
        return render_slack(payload, external_url, body, reterr);
    case RECEIVER_ALERTMANAGER:
        return render_alertmanager(payload, external_url, now_unix_ms, RESEND_LEASE_MS, body,
                                   reterr);
    case RECEIVER_RETRAIN:
        return render_retrain(payload, delivery->message_id, body, reterr);
    case RECEIVER_WEBHOOK:
        break;
    }
    return render_webhook(payload, receiver->config->name, external_url, body, reterr);
}
