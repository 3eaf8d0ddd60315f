/* Whether a due row is sent at all. */
#ifndef LEEWAY_NOTIFY_GUARD_H
#define LEEWAY_NOTIFY_GUARD_H

#include "config/config.h"
#include "store/store.h"

enum guard {
    GUARD_SEND,
    GUARD_DRY_RUN,    /* the receiver is not enabled */
    GUARD_SUPPRESSED, /* a retraining too soon or too many, or not a retraining at all */
    GUARD_SKIPPED,    /* the end of an incident, which this receiver does not want to hear */
    GUARD_UNKNOWN     /* the store could not be asked: not now */
};

/* `ret_reason` gets a constant for the delivery's error text, or NULL for GUARD_SEND and
 * GUARD_SKIPPED. Cooldown and budget are counted in wall-clock time, for each receiver, over what
 * was delivered; dry runs do not count. */
enum guard guard_check(const struct config_receiver *receiver, struct store *store,
                       const struct store_delivery *delivery, int64_t now_unix_ms,
                       const char **ret_reason);

#endif
