/* Retraining costs money and changes what is served, so it has guards: off until enabled, a pause
 * between two, a number a day. */
#include "notify/guard.h"

#include <string.h>

static enum guard refuse(enum guard guard, const char *reason, const char **ret_reason)
{
    *ret_reason = reason;
    return guard;
}

enum guard guard_counted(const struct config_receiver *receiver, int64_t recent, int64_t today,
                         const char **ret_reason)
{
    *ret_reason = NULL;
    if (receiver->cooldown_ms > 0 && recent > 0)
        return refuse(GUARD_SUPPRESSED, "suppressed: cooldown", ret_reason);
    if (today >= (int64_t)receiver->daily_budget)
        return refuse(GUARD_SUPPRESSED, "suppressed: daily budget", ret_reason);
    return GUARD_SEND;
}

enum guard guard_check(const struct config_receiver *receiver,
                       const struct store_delivery *delivery, const char **ret_reason)
{
    *ret_reason = NULL;
    bool retrain = receiver->type == RECEIVER_RETRAIN;
    if (retrain && strcmp(delivery->event, "retrain") != 0)
        return refuse(GUARD_SUPPRESSED, "suppressed: not a retraining", ret_reason);
    if (!receiver->enabled)
        return refuse(GUARD_DRY_RUN, "dry run: not enabled", ret_reason);
    if (!receiver->send_resolved && !strcmp(delivery->event, "closed"))
        return GUARD_SKIPPED;
    return retrain ? GUARD_COUNT : GUARD_SEND;
}
