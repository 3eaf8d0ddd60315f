/* Alertmanager forgets an alert when its lease ends and loses all of them when its disk does, so
 * everything that fires is told again and again. Failure needs no memory: the next minute is the
 * retry, and what is known is told also while the store is away. Each replica goes through the
 * batches of a round on its own, one request at a time, so that a dead one delays nobody. */
#include "notify/resend.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "notify/alerts.h"
#include "notify/outcome.h"
#include "sys/log.h"

struct sweep { /* one URL's way through the batches */
    struct resend *resend;
    uint32_t url, from; /* next alert to send */
    struct http_call *call;
    bool failing;
};

struct resend {
    struct resend_input input;
    struct event *timer;
    struct alerts *alerts;
    struct sweep *sweeps;
    bool blind; /* the store could not be read */
};

static void sweep_go(struct sweep *sweep);

static void on_answer(void *context, const struct http_response *response)
{
    struct sweep *sweep = context;
    const struct receiver *receiver = sweep->resend->input.receiver;
    sweep->call = NULL;
    bool accepted = !response->error && outcome_of_status(response->status) == OUTCOME_DELIVERED;
    if (accepted == sweep->failing) {
        const char *host = receiver->urls[sweep->url].host;
        if (accepted)
            log_info("alerts are sent again", "receiver", receiver->config->name, "host", host);
        else
            log_warning("could not send alerts again", "receiver", receiver->config->name, "host",
                        host, "error", response->error ? response->error : "refused by the server");
    }
    sweep->failing = !accepted;
    if (accepted)
        sweep_go(sweep);
}

static void sweep_go(struct sweep *sweep)
{
    struct resend *resend = sweep->resend;
    const struct receiver *receiver = resend->input.receiver;
    if (sweep->from >= alerts_count(resend->alerts))
        return;
    struct text body = {0};
    int64_t now = (*resend->input.now_unix_ms)();
    alerts_render(resend->alerts, sweep->from, RESEND_BATCH, now, RESEND_LEASE_MS, &body);
    sweep->from += RESEND_BATCH;
    struct bytes bytes = bytes_make(body.data, body.size);
    struct http_request request = {.url = receiver->urls[sweep->url].url,
                                   .body = bytes,
                                   .headers = receiver_headers(receiver, "", now, bytes),
                                   .timeout_ms = receiver->config->timeout_ms,
                                   .insecure_http = receiver->config->insecure_http};
    sweep->call = http_post(resend->input.http, &request, on_answer, sweep);
    text_release(&body);
}

static void start_sweeps(struct resend *resend)
{
    for (uint32_t i = 0; i < resend->input.receiver->url_count; i++) {
        struct sweep *sweep = &resend->sweeps[i];
        if (sweep->call)
            continue; /* still busy with the last round: it ends by its deadline */
        sweep->from = 0;
        sweep_go(sweep);
    }
}

static void on_refreshed(void *context, enum store_result result, const struct err *err)
{
    struct resend *resend = context;
    const char *name = resend->input.receiver->config->name;
    bool blind = result != STORE_DONE;
    if (blind && !resend->blind)
        log_err(LOG_WARNING_LEVEL, "could not read the incidents to send again", err);
    if (!blind && resend->blind)
        log_info("incidents can be read again", "receiver", name);
    resend->blind = blind;
    start_sweeps(resend);
}

static void on_round(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    struct resend *resend = context;
    const struct resend_input *input = &resend->input;
    struct timeval period = {RESEND_MS / 1000, 0};
    struct alerts_scope scope = {.receiver = input->receiver->config->name,
                                 .external_url = input->external_url,
                                 .route = *input->route,
                                 .context = *input->context,
                                 .send_resolved = input->receiver->config->send_resolved};
    evtimer_add(resend->timer, &period);
    if (!alerts_refresh(resend->alerts, input->store, &scope, (*input->now_unix_ms)(), on_refreshed,
                        resend))
        start_sweeps(resend); /* with what is known; the store is slow */
}

struct resend *resend_new(const struct resend_input *input)
{
    struct resend *resend = mem_new(1, sizeof *resend);
    uint32_t urls = input->receiver->url_count;
    resend->input = *input;
    resend->alerts = alerts_new();
    resend->sweeps = mem_new(urls, sizeof *resend->sweeps);
    for (uint32_t i = 0; i < urls; i++)
        resend->sweeps[i] = (struct sweep){.resend = resend, .url = i};
    resend->timer = evtimer_new(input->base, on_round, resend);
    if (!resend->timer)
        mem_fail(sizeof *resend);
    resend_kick(resend);
    return resend;
}

void resend_free(struct resend *resend)
{
    if (!resend)
        return;
    for (uint32_t i = 0; i < resend->input.receiver->url_count; i++) {
        if (resend->sweeps[i].call)
            http_cancel(resend->sweeps[i].call);
    }
    event_free(resend->timer);
    alerts_free(resend->alerts);
    free(resend->sweeps);
    free(resend);
}

void resend_store_closed(struct resend *resend)
{
    if (!resend)
        return;
    evtimer_del(resend->timer);
    alerts_store_closed(resend->alerts);
}

void resend_note(struct resend *resend, const struct store_delivery *delivery)
{
    alerts_note(resend->alerts, bytes_of(delivery->payload), resend->input.external_url,
                (*resend->input.now_unix_ms)());
}

void resend_kick(struct resend *resend)
{
    struct timeval now = {0, 0};
    evtimer_add(resend->timer, &now);
}
