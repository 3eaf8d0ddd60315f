/* Retraining costs money and changes what is served, so it has guards: off until enabled, a pause
 * between two, a number a day. If they cannot be checked nothing is sent. */
#include "notify/guard.h"

#include <string.h>

#include "base/when.h"
#include "sys/log.h"

static enum guard refuse(enum guard guard, const char *reason, const char **ret_reason)
{
    *ret_reason = reason;
    return guard;
}

/* How many were delivered among the rows made in the last `span_ms`; -1 if nobody knows. */
static int64_t delivered_within(struct store *store, const char *receiver, int64_t now_unix_ms,
                                int64_t span_ms)
{
    int64_t counts[DELIVERY_STATES] = {0};
    struct err err = {0};
    if (store_delivery_counts(store, receiver, now_unix_ms - span_ms, counts, &err) == 0)
        return counts[DELIVERY_DELIVERED];
    log_err(LOG_ERROR_LEVEL, "could not count retrainings", &err);
    return -1;
}

static enum guard guard_retrain(const struct config_receiver *receiver, struct store *store,
                                int64_t now_unix_ms, const char **ret_reason)
{
    int64_t recent = 0;
    if (receiver->cooldown_ms > 0)
        recent = delivered_within(store, receiver->name, now_unix_ms, receiver->cooldown_ms);
    int64_t today = delivered_within(store, receiver->name, now_unix_ms, DAY_MS);
    if (recent < 0 || today < 0)
        return refuse(GUARD_UNKNOWN, "guards could not be checked", ret_reason);
    if (recent > 0)
        return refuse(GUARD_SUPPRESSED, "suppressed: cooldown", ret_reason);
    if (today >= (int64_t)receiver->daily_budget)
        return refuse(GUARD_SUPPRESSED, "suppressed: daily budget", ret_reason);
    return GUARD_SEND;
}

enum guard guard_check(const struct config_receiver *receiver, struct store *store,
                       const struct store_delivery *delivery, int64_t now_unix_ms,
                       const char **ret_reason)
{
    *ret_reason = NULL;
    bool retrain = receiver->type == RECEIVER_RETRAIN;
    if (retrain && strcmp(delivery->event, "retrain") != 0)
        return refuse(GUARD_SUPPRESSED, "suppressed: not a retraining", ret_reason);
    if (!receiver->enabled)
        return refuse(GUARD_DRY_RUN, "dry run: not enabled", ret_reason);
    if (!receiver->send_resolved && !strcmp(delivery->event, "closed"))
        return GUARD_SKIPPED;
    return retrain ? guard_retrain(receiver, store, now_unix_ms, ret_reason) : GUARD_SEND;
}
