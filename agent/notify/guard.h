/* Whether a due row is sent at all. Pure: what the store has to say is passed in. */
#ifndef LEEWAY_NOTIFY_GUARD_H
#define LEEWAY_NOTIFY_GUARD_H

#include "config/config.h"
#include "store/store.h"

enum guard {
    GUARD_SEND,
    GUARD_COUNT,      /* a retraining: how many were delivered decides; guard_counted */
    GUARD_DRY_RUN,    /* the receiver is not enabled */
    GUARD_SUPPRESSED, /* a retraining too soon or too many, or not a retraining at all */
    GUARD_SKIPPED     /* the end of an incident, which this receiver does not want to hear */
};

/* `ret_reason` gets a constant for the delivery's error text, or NULL for GUARD_SEND, GUARD_COUNT
 * and GUARD_SKIPPED. */
enum guard guard_check(const struct config_receiver *receiver,
                       const struct store_delivery *delivery, const char **ret_reason);

/* The decision on a retraining: `recent` were delivered among the receiver's rows made within the
 * cooldown, `today` among those made within a day, in wall-clock time. Dry runs do not count. */
enum guard guard_counted(const struct config_receiver *receiver, int64_t recent, int64_t today,
                         const char **ret_reason);

#endif
