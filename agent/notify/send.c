/* From a row that was taken to what came of it: the guard is asked, and asks the store if it is
 * about a retraining; then one attempt is made. A row whose guard cannot be asked because the store
 * is away is given back: it is due as before, and nothing was sent. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "notify/guard.h"
#include "notify/internal.h"
#include "notify/outcome.h"
#include "sys/log.h"

enum { SLACK_PACE_MS = 1000 };

static void settle_as(struct notify *notify, struct delivery *delivery, enum delivery_state state,
                      const char *reason)
{
    delivery->result.state = state;
    snprintf(delivery->error, sizeof delivery->error, "%s", reason ? reason : "");
    record_settle(notify, delivery);
}

/* ---- the attempt ---- */

static void on_attempt(void *context, const struct attempt_result *result)
{
    struct delivery *delivery = context;
    struct lane *lane = delivery->lane;
    struct notify *notify = lane->notify;
    int64_t now = notify->now_unix_ms();
    delivery->attempt = NULL;
    delivery->result.attempts++;
    delivery->result.http_status = result->status;
    memcpy(delivery->error, result->error, sizeof delivery->error);
    outcome_decide(result->outcome, delivery->row.message_id, result->retry_after_ms, now,
                   &delivery->result);
    bool again = delivery->result.next_attempt_unix_ms > 0;
    partials_set(&lane->partials, delivery->row.id, again ? result->accepted : 0);
    if (lane->receiver.config->type == RECEIVER_SLACK)
        lane->hold_unix_ms = now + SLACK_PACE_MS;
    if (result->throttled && again)
        lane->hold_unix_ms = delivery->result.next_attempt_unix_ms;
    record_settle(notify, delivery);
}

static void send_row(struct notify *notify, struct delivery *delivery)
{
    struct lane *lane = delivery->lane;
    struct attempt_input input = {.receiver = &lane->receiver,
                                  .delivery = &delivery->row,
                                  .external_url = notify->config->external_url,
                                  .accepted = partials_get(&lane->partials, delivery->row.id),
                                  .now_unix_ms = notify->now_unix_ms()};
    struct err err = {0};
    delivery_enter(delivery, STAGE_SENDING);
    if (lane->resend)
        resend_note(lane->resend, &delivery->row);
    delivery->attempt = attempt_new(notify->http, &input, on_attempt, delivery, &err);
    if (!delivery->attempt)
        settle_as(notify, delivery, DELIVERY_DEAD, err.text);
}

/* ---- the guard ---- */

/* Either it is known how many were delivered, or the row has gone its way. */
static bool is_counted(struct notify *notify, struct delivery *delivery, enum store_result result,
                       const struct err *err)
{
    struct lane *lane = delivery->lane;
    int64_t now = notify->now_unix_ms();
    if (result == STORE_DONE)
        return true;
    if (result == STORE_UNAVAILABLE) {
        lane->current = NULL;
        lane->hold_unix_ms = now + PAUSE_MIN_MS;
        delivery_free(delivery);
        notify->stale = true;
        look_in(notify, PAUSE_MIN_MS);
        return false;
    }
    log_err(LOG_ERROR_LEVEL, "could not count retrainings", err);
    delivery->result.next_attempt_unix_ms = now + BROKEN_HOLD_MS;
    settle_as(notify, delivery, DELIVERY_PENDING, "guards could not be checked");
    return false;
}

static void count_delivered(struct notify *notify, struct delivery *delivery, int64_t span_ms,
                            call_answer_fn answer)
{
    struct call *call = notify_call_new(&notify->calls, notify, answer);
    call_hold(call, delivery);
    store_delivery_counts(notify->store, delivery->row.receiver, notify->now_unix_ms() - span_ms,
                          call->counts, call_done, call);
}

static void on_today(struct call *call, enum store_result result, const struct err *err)
{
    struct notify *notify = call->owner;
    struct delivery *delivery = call->delivery;
    const char *reason;
    if (!is_counted(notify, delivery, result, err))
        return;
    if (guard_counted(delivery->lane->receiver.config, delivery->recent,
                      call->counts[DELIVERY_DELIVERED], &reason) == GUARD_SEND)
        send_row(notify, delivery);
    else
        settle_as(notify, delivery, DELIVERY_SUPPRESSED, reason);
}

static void on_recent(struct call *call, enum store_result result, const struct err *err)
{
    struct delivery *delivery = call->delivery;
    if (!is_counted(call->owner, delivery, result, err))
        return;
    delivery->recent = call->counts[DELIVERY_DELIVERED];
    count_delivered(call->owner, delivery, DAY_MS, on_today);
}

void send_start(struct notify *notify, struct delivery *delivery)
{
    const char *reason = NULL;
    if (!delivery->lane) {
        delivery->result.next_attempt_unix_ms = notify->now_unix_ms() + PARKED_MS;
        settle_as(notify, delivery, DELIVERY_PARKED, "receiver is not in the configuration");
        return;
    }
    const struct config_receiver *receiver = delivery->lane->receiver.config;
    switch (guard_check(receiver, &delivery->row, &reason)) {
    case GUARD_SEND:
        send_row(notify, delivery);
        break;
    case GUARD_COUNT:
        delivery_enter(delivery, STAGE_ASKING);
        count_delivered(notify, delivery, receiver->cooldown_ms, on_recent);
        break;
    case GUARD_DRY_RUN:
        settle_as(notify, delivery, DELIVERY_DRY_RUN, reason);
        break;
    case GUARD_SUPPRESSED:
        settle_as(notify, delivery, DELIVERY_SUPPRESSED, reason);
        break;
    case GUARD_SKIPPED:
        settle_as(notify, delivery, DELIVERY_DELIVERED, NULL);
        break;
    }
}
