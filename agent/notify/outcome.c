/* The table of what to do after an attempt. Assumes that every receiver may see a message twice
 * (ids are stable), so "no answer" is always a reason to send again. Refuses to know who the
 * receiver is: what one of them means by an odd 200 is the caller's business. */
#include "notify/outcome.h"

#include <curl/curl.h>
#include <stdio.h>

#include "base/hash.h"

enum outcome outcome_of_status(int32_t status)
{
    if (status >= 200 && status < 300)
        return OUTCOME_DELIVERED;
    if (status >= 300 && status < 400)
        return OUTCOME_PARKED; /* redirects are not followed: they could lead anywhere */
    switch (status) {
    case 401:
    case 403:
    case 404:
    case 410:
        return OUTCOME_PARKED;
    case 408:
    case 425:
    case 429:
        return OUTCOME_RETRY;
    default:
        return status >= 400 && status < 500 ? OUTCOME_REJECTED : OUTCOME_RETRY;
    }
}

int64_t outcome_backoff_ms(const char *message_id, uint32_t attempts)
{
    uint32_t doublings = attempts > 0 ? attempts - 1 : 0;
    int64_t base_ms = doublings < 20 ? (int64_t)1000 << doublings : RETRY_CAP_MS;
    if (base_ms > RETRY_CAP_MS)
        base_ms = RETRY_CAP_MS;
    uint64_t spread = hash_bytes(bytes_of(message_id), attempts) % (uint64_t)(base_ms + 1);
    int64_t delay_ms = base_ms / 2 + (int64_t)spread;
    return delay_ms < RETRY_CAP_MS ? delay_ms : RETRY_CAP_MS;
}

static int64_t clamp_after(int64_t ms)
{
    if (ms < 0)
        return 0;
    return ms < RETRY_AFTER_CAP_MS ? ms : RETRY_AFTER_CAP_MS;
}

static bool seconds_parse(struct bytes value, int64_t *ret_ms)
{
    int64_t seconds = 0;
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] < '0' || value.data[i] > '9')
            return false;
        if (seconds <= RETRY_AFTER_CAP_MS)
            seconds = seconds * 10 + (value.data[i] - '0');
    }
    if (!value.size)
        return false;
    *ret_ms = clamp_after(seconds * 1000);
    return true;
}

bool outcome_retry_after(struct bytes value, int64_t now_unix_ms, int64_t *ret_ms)
{
    value = bytes_trim(value);
    if (seconds_parse(value, ret_ms))
        return true;
    /* Every date of RFC 9110 begins with the name of a day; curl_getdate alone would also take
     * "20261123" or a lone clock time. */
    char date[64];
    if (value.size < 20 || value.size >= sizeof date || value.data[0] < 'A' || value.data[0] > 'Z')
        return false;
    snprintf(date, sizeof date, "%.*s", (int)value.size, value.data);
    int64_t when = (int64_t)curl_getdate(date, NULL);
    if (when < 0)
        return false;
    *ret_ms = clamp_after(when * 1000 - now_unix_ms);
    return true;
}

static void decide_again(enum delivery_state state, int64_t at_unix_ms,
                         struct store_delivery_result *ret)
{
    ret->state = state;
    ret->next_attempt_unix_ms = at_unix_ms;
}

void outcome_decide(enum outcome outcome, const char *message_id, int64_t retry_after_ms,
                    int64_t now_unix_ms, struct store_delivery_result *ret)
{
    int64_t delay_ms = outcome_backoff_ms(message_id, ret->attempts);
    if (retry_after_ms >= 0)
        delay_ms = retry_after_ms > 1000 ? retry_after_ms : 1000;
    switch (outcome) {
    case OUTCOME_DELIVERED:
        decide_again(DELIVERY_DELIVERED, 0, ret);
        break;
    case OUTCOME_PARKED:
        decide_again(DELIVERY_PARKED, now_unix_ms + PARKED_MS, ret);
        break;
    case OUTCOME_REJECTED:
        if (ret->attempts >= REJECTED_ATTEMPTS)
            decide_again(DELIVERY_DEAD, 0, ret);
        else
            decide_again(DELIVERY_PENDING, now_unix_ms + delay_ms, ret);
        break;
    case OUTCOME_RETRY:
        decide_again(DELIVERY_PENDING, now_unix_ms + delay_ms, ret);
        break;
    }
}
