/* Refuses what cannot be true before any implementation sees it: a promise such as "every record
 * has one disposition" is arithmetic, and arithmetic needs no database. Assumes that strings are
 * there (their absence is the database's to refuse). Knows no implementation. */
#include "store/check.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

const char *disposition_name(enum disposition disposition)
{
    static const char *const names[DISPOSITIONS] = {
        [DISPOSED_COUNTED] = "counted",
        [DISPOSED_LATE] = "late",
        [DISPOSED_BAD_TIME] = "bad_time",
        [DISPOSED_QUARANTINED] = "quarantined",
        [DISPOSED_NOT_MONITORED] = "not_monitored",
    };
    return (unsigned)disposition < DISPOSITIONS ? names[disposition] : "unknown";
}

const char *delivery_state_name(enum delivery_state state)
{
    static const char *const names[DELIVERY_STATES] = {
        [DELIVERY_PENDING] = "pending", [DELIVERY_DELIVERED] = "delivered",
        [DELIVERY_PARKED] = "parked",   [DELIVERY_DEAD] = "dead",
        [DELIVERY_DRY_RUN] = "dry_run", [DELIVERY_SUPPRESSED] = "suppressed",
    };
    return (unsigned)state < DELIVERY_STATES ? names[state] : "unknown";
}

enum store_result store_result_of(int code)
{
    switch (code) {
    case ERR_NONE:
        return STORE_DONE;
    case ERR_CONFLICT:
        return STORE_FENCED;
    case ERR_UNAVAILABLE:
        return STORE_UNAVAILABLE;
    default:
        return STORE_FAILED;
    }
}

void store_tell(store_done_fn done, void *context, int code, const struct err *err)
{
    if (done)
        done(context, store_result_of(code), code ? err : NULL);
}

static int check_advance(const struct store_advance *advance, struct err *reterr)
{
    int64_t accounted = advance->skipped, span;
    bool wrong = advance->old_offset < 0 || advance->new_offset < advance->old_offset ||
                 advance->skipped < 0;
    for (int i = 0; i < DISPOSITIONS; i++)
        wrong |= advance->records[i] < 0 ||
                 __builtin_add_overflow(accounted, advance->records[i], &accounted);
    if (wrong)
        return err_set(reterr, ERR_INVALID,
                       "cannot advance %s/%" PRId32 " from %" PRId64 " to %" PRId64
                       ": an offset goes backwards or a count is negative",
                       advance->topic, advance->partition, advance->old_offset,
                       advance->new_offset);
    span = advance->new_offset - advance->old_offset;
    if (span != accounted)
        return err_set(reterr, ERR_INVALID,
                       "cannot advance %s/%" PRId32 " from %" PRId64 " to %" PRId64 ": %" PRId64
                       " offsets, but %" PRId64 " accounted for",
                       advance->topic, advance->partition, advance->old_offset, advance->new_offset,
                       span, accounted);
    return 0;
}

int store_check_take(const struct store_take *takes, uint32_t count, struct err *reterr)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct store_take *take = &takes[i];
        if (!take->topic || take->partition < 0)
            return err_set(reterr, ERR_INVALID, "cannot take partition %" PRId32 " of %s",
                           take->partition, take->topic ? take->topic : "no topic");
        if (take->start_offset < 0)
            return err_set(reterr, ERR_INVALID, "cannot start %s/%" PRId32 " before offset 0",
                           take->topic, take->partition);
        for (uint32_t j = 0; j < i; j++)
            if (takes[j].partition == take->partition && !strcmp(takes[j].topic, take->topic))
                return err_set(reterr, ERR_INVALID, "cannot take %s/%" PRId32 " twice at once",
                               take->topic, take->partition);
    }
    return 0;
}

int store_check_expect(const char *topic, uint32_t count, struct err *reterr)
{
    if (!topic)
        return err_set(reterr, ERR_INVALID, "cannot expect partitions of no topic");
    return count <= INT32_MAX ? 0
                              : err_set(reterr, ERR_INVALID,
                                        "%s cannot have %" PRIu32 " partitions", topic, count);
}

int store_check_lease(int64_t lease_ms, struct err *reterr)
{
    return lease_ms >= 0
               ? 0
               : err_set(reterr, ERR_INVALID, "there is no lease of %" PRId64 " ms", lease_ms);
}

int store_check_commit(const struct store_commit *commit, struct err *reterr)
{
    if (!commit->advance_count && (commit->delta_count || commit->quarantine_count))
        return err_set(reterr, ERR_INVALID,
                       "cannot commit counts that advance no partition: they could be repeated");
    for (uint32_t i = 0; i < commit->advance_count; i++) {
        const struct store_advance *advance = &commit->advances[i];
        if (!advance->topic)
            return err_set(reterr, ERR_INVALID, "cannot advance a partition without a topic");
        int code = check_advance(advance, reterr);
        if (code)
            return code;
        for (uint32_t j = 0; j < i; j++)
            if (commit->advances[j].partition == advance->partition &&
                !strcmp(commit->advances[j].topic, advance->topic))
                return err_set(reterr, ERR_INVALID, "cannot advance %s/%" PRId32 " twice at once",
                               advance->topic, advance->partition);
    }
    return 0;
}

int store_check_judged(const struct store_judged *judged, struct err *reterr)
{
    if (judged->new_position_ms == INT64_MIN || judged->new_position_ms < judged->old_position_ms)
        return err_set(reterr, ERR_INVALID,
                       "cannot move the judge of %s from %" PRId64 " to %" PRId64, judged->monitor,
                       judged->old_position_ms, judged->new_position_ms);
    for (uint32_t i = 0; i < judged->pane_count; i++)
        if (judged->panes[i].start_ms >= judged->new_position_ms)
            return err_set(reterr, ERR_INVALID,
                           "cannot keep a pane of %s at %" PRId64
                           " as judged: the position is %" PRId64,
                           judged->monitor, judged->panes[i].start_ms, judged->new_position_ms);
    return 0;
}

int store_check_delivery(const struct store_delivery_result *result, struct err *reterr)
{
    if ((unsigned)result->state >= DELIVERY_STATES)
        return err_set(reterr, ERR_INVALID, "there is no delivery state %u",
                       (unsigned)result->state);
    return 0;
}

int store_check_limit(uint32_t limit, struct err *reterr)
{
    return limit ? 0 : err_set(reterr, ERR_INVALID, "cannot read at most 0 rows");
}
