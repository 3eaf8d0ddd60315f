#include <criterion/criterion.h>
#include <stdio.h>

#include "notify/outcome.h"

Test(outcome, of_each_status)
{
    static const struct {
        int32_t status;
        enum outcome outcome;
    } table[] = {{200, OUTCOME_DELIVERED}, {201, OUTCOME_DELIVERED}, {202, OUTCOME_DELIVERED},
                 {204, OUTCOME_DELIVERED}, {299, OUTCOME_DELIVERED}, {300, OUTCOME_PARKED},
                 {301, OUTCOME_PARKED},    {302, OUTCOME_PARKED},    {304, OUTCOME_PARKED},
                 {307, OUTCOME_PARKED},    {308, OUTCOME_PARKED},    {400, OUTCOME_REJECTED},
                 {401, OUTCOME_PARKED},    {402, OUTCOME_REJECTED},  {403, OUTCOME_PARKED},
                 {404, OUTCOME_PARKED},    {405, OUTCOME_REJECTED},  {408, OUTCOME_RETRY},
                 {409, OUTCOME_REJECTED},  {410, OUTCOME_PARKED},    {413, OUTCOME_REJECTED},
                 {415, OUTCOME_REJECTED},  {422, OUTCOME_REJECTED},  {425, OUTCOME_RETRY},
                 {429, OUTCOME_RETRY},     {451, OUTCOME_REJECTED},  {500, OUTCOME_RETRY},
                 {501, OUTCOME_RETRY},     {502, OUTCOME_RETRY},     {503, OUTCOME_RETRY},
                 {504, OUTCOME_RETRY},     {599, OUTCOME_RETRY},     {0, OUTCOME_RETRY},
                 {100, OUTCOME_RETRY},     {999, OUTCOME_RETRY},     {-1, OUTCOME_RETRY}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        cr_assert_eq(outcome_of_status(table[i].status), table[i].outcome, "%d", table[i].status);
}

Test(outcome, backoff_stays_in_its_band)
{
    char id[32];
    for (int k = 0; k < 200; k++) {
        snprintf(id, sizeof id, "message-%d", k);
        for (uint32_t attempts = 1; attempts < 40; attempts++) {
            int64_t base = attempts < 10 ? (int64_t)1000 << (attempts - 1) : RETRY_CAP_MS;
            base = base < RETRY_CAP_MS ? base : RETRY_CAP_MS;
            int64_t delay = outcome_backoff_ms(id, attempts);
            cr_assert(delay >= base / 2 && delay <= base + base / 2 && delay <= RETRY_CAP_MS,
                      "attempt %u: %ld", attempts, (long)delay);
        }
    }
}

Test(outcome, backoff_is_deterministic_and_spread)
{
    bool low = false, high = false;
    char id[32];
    cr_assert_eq(outcome_backoff_ms("a", 3), outcome_backoff_ms("a", 3));
    for (int k = 0; k < 100; k++) {
        snprintf(id, sizeof id, "message-%d", k);
        int64_t delay = outcome_backoff_ms(id, 3);
        low |= delay < 3000;
        high |= delay > 5000;
    }
    cr_assert(low && high);
    cr_assert_leq(outcome_backoff_ms("a", UINT32_MAX), RETRY_CAP_MS);
    cr_assert_leq(outcome_backoff_ms("", 0), 1500);
}

/* 2015-10-21T07:28:00Z is 1445412480, the date of RFC 9110's example. */
#define BACK_TO_THE_FUTURE_MS INT64_C(1445412480000)

Test(outcome, retry_after)
{
    static const struct {
        const char *value;
        int64_t ms; /* -1: refused */
    } table[] = {{"0", 0},
                 {"30", 30000},
                 {" 30\r\n", 30000},
                 {"3600", 3600000},
                 {"3601", 3600000},
                 {"99999999999999999999999999", 3600000},
                 {"Wed, 21 Oct 2015 07:28:00 GMT", 10000},
                 {"Wednesday, 21-Oct-15 07:28:00 GMT", 10000},
                 {"Wed Oct 21 07:28:00 2015", 10000},
                 {"Wed, 21 Oct 2015 07:27:00 GMT", 0},
                 {"Thu, 22 Oct 2015 07:28:00 GMT", 3600000},
                 {"", -1},
                 {"-1", -1},
                 {"1.5", -1},
                 {"30s", -1},
                 {"soon", -1},
                 {"Wed, 99 Foo 2015 07:28:00 GMT", -1},
                 {"Wed, 21 Oct 2015 07:28:00 GMT and then some more text to make it too long", -1},
                 {"2015-10-21T07:28:00Z", -1}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        int64_t ms = -1;
        bool known =
            outcome_retry_after(bytes_of(table[i].value), BACK_TO_THE_FUTURE_MS - 10000, &ms);
        cr_assert_eq(known, table[i].ms >= 0, "%s", table[i].value);
        cr_assert_eq(ms, table[i].ms, "%s: %ld", table[i].value, (long)ms);
    }
}

static struct store_delivery_result decide(enum outcome outcome, uint32_t attempts, int64_t after)
{
    struct store_delivery_result result = {.attempts = attempts};
    outcome_decide(outcome, "m", after, 1000000, &result);
    return result;
}

Test(outcome, decisions)
{
    struct store_delivery_result r = decide(OUTCOME_DELIVERED, 1, -1);
    cr_assert(r.state == DELIVERY_DELIVERED && r.next_attempt_unix_ms == 0);
    r = decide(OUTCOME_PARKED, 9, 30000);
    cr_assert(r.state == DELIVERY_PARKED && r.next_attempt_unix_ms == 1000000 + 15 * 60000);
    r = decide(OUTCOME_RETRY, 1000, -1);
    cr_assert_eq(r.state, DELIVERY_PENDING, "an outage of a receiver never kills a message");
    r = decide(OUTCOME_RETRY, 2, -1);
    cr_assert_eq(r.next_attempt_unix_ms, 1000000 + outcome_backoff_ms("m", 2));
    r = decide(OUTCOME_RETRY, 8, 30000);
    cr_assert_eq(r.next_attempt_unix_ms, 1030000, "the receiver's word counts, not the backoff");
    r = decide(OUTCOME_RETRY, 1, 0);
    cr_assert_eq(r.next_attempt_unix_ms, 1001000, "Retry-After: 0 is no busy loop");
    r = decide(OUTCOME_REJECTED, 2, -1);
    cr_assert_eq(r.state, DELIVERY_PENDING);
    r = decide(OUTCOME_REJECTED, 3, -1);
    cr_assert(r.state == DELIVERY_DEAD && r.next_attempt_unix_ms == 0);
}
