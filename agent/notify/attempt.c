/* An Alertmanager receiver has several replicas, each of which must get everything; the others have
 * one URL. Assumes that an answer's status says enough; only Slack must also say "ok". Error texts
 * are made of constants, a status and a host: bodies of answers may quote the URL back at us. */
#include "notify/attempt.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct attempt_call {
    struct attempt *attempt;
    struct http_call *call;
    uint32_t url;
};

struct attempt {
    const struct receiver *receiver;
    int64_t now_unix_ms;
    attempt_done_fn done;
    void *context;
    struct attempt_result result;
    struct attempt_call *calls;
    uint32_t call_count, open;
};

static enum outcome outcome_of(const struct receiver *receiver,
                               const struct http_response *response, const char **ret_note)
{
    *ret_note = NULL;
    if (response->refused)
        return OUTCOME_PARKED;
    if (response->error)
        return OUTCOME_RETRY;
    enum outcome outcome = outcome_of_status(response->status);
    if (outcome != OUTCOME_DELIVERED || receiver->config->type != RECEIVER_SLACK ||
        bytes_equal(bytes_trim(response->body), bytes_of("ok")))
        return outcome;
    *ret_note = "answer is not Slack's";
    return OUTCOME_PARKED; /* somebody else answers there */
}

static void note_error(struct attempt_result *result, const struct http_response *response,
                       const char *note, const char *host)
{
    if (response->error || note)
        snprintf(result->error, sizeof result->error, "%s (%.100s)",
                 response->error ? response->error : note, host);
    else
        snprintf(result->error, sizeof result->error, "HTTP %" PRId32 " (%.100s)", response->status,
                 host);
}

static void weigh_wait(struct attempt *attempt, const struct http_response *response)
{
    struct attempt_result *result = &attempt->result;
    int64_t after_ms;
    result->throttled |= response->status == 429;
    if (!outcome_retry_after(bytes_of(response->retry_after), attempt->now_unix_ms, &after_ms))
        return;
    result->throttled = true;
    if (after_ms > result->retry_after_ms)
        result->retry_after_ms = after_ms;
}

static void weigh(struct attempt *attempt, uint32_t url, const struct http_response *response)
{
    struct attempt_result *result = &attempt->result;
    const char *note;
    enum outcome outcome = outcome_of(attempt->receiver, response, &note);
    if (outcome == OUTCOME_DELIVERED) {
        result->accepted |= UINT64_C(1) << url;
        if (result->outcome == OUTCOME_DELIVERED)
            result->status = response->status;
        return;
    }
    if (outcome > result->outcome) {
        result->outcome = outcome;
        result->status = response->status;
        note_error(result, response, note, attempt->receiver->urls[url].host);
    }
    weigh_wait(attempt, response);
}

static void on_answer(void *context, const struct http_response *response)
{
    struct attempt_call *call = context;
    struct attempt *attempt = call->attempt;
    call->call = NULL;
    weigh(attempt, call->url, response);
    if (--attempt->open > 0)
        return;
    struct attempt_result result = attempt->result;
    attempt_done_fn done = attempt->done;
    void *of_done = attempt->context;
    attempt_free(attempt);
    done(of_done, &result);
}

static void post(struct attempt *attempt, struct http_client *http,
                 const struct attempt_input *input, uint32_t url, struct bytes body)
{
    const struct receiver *receiver = input->receiver;
    struct attempt_call *call = &attempt->calls[attempt->call_count++];
    struct http_request request = {
        .url = receiver->urls[url].url,
        .body = body,
        .headers =
            receiver_headers(receiver, input->delivery->message_id, input->now_unix_ms, body),
        .timeout_ms = receiver->config->timeout_ms,
        .insecure_http = receiver->config->insecure_http};
    call->attempt = attempt;
    call->url = url;
    attempt->open++;
    call->call = http_post(http, &request, on_answer, call);
}

struct attempt *attempt_new(struct http_client *http, const struct attempt_input *input,
                            attempt_done_fn done, void *context, struct err *reterr)
{
    const struct receiver *receiver = input->receiver;
    struct text body = {0};
    if (receiver_render(receiver, input->delivery, input->external_url, input->now_unix_ms, &body,
                        reterr)) {
        text_release(&body);
        return NULL;
    }
    struct attempt *attempt = mem_new(1, sizeof *attempt);
    attempt->receiver = receiver;
    attempt->now_unix_ms = input->now_unix_ms;
    attempt->done = done;
    attempt->context = context;
    attempt->calls = mem_new(receiver->url_count, sizeof *attempt->calls);
    attempt->result.retry_after_ms = -1;
    uint64_t all = UINT64_MAX >> (RECEIVER_URLS - receiver->url_count);
    attempt->result.accepted = input->accepted == all ? 0 : input->accepted;
    uint64_t already = attempt->result.accepted;
    for (uint32_t i = 0; i < receiver->url_count; i++) {
        if (!(already & UINT64_C(1) << i))
            post(attempt, http, input, i, bytes_make(body.data, body.size));
    }
    text_release(&body);
    return attempt;
}

void attempt_free(struct attempt *attempt)
{
    if (!attempt)
        return;
    for (uint32_t i = 0; i < attempt->call_count; i++) {
        if (attempt->calls[i].call)
            http_cancel(attempt->calls[i].call);
    }
    free(attempt->calls);
    free(attempt);
}
