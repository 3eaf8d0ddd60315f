#include "notify/call.h"

#include <criterion/criterion.h>

#include "base/err.h"

static struct calls calls;
static int answers;
static enum store_result last;

static void on_answer(struct call *call, enum store_result result, const struct err *err)
{
    (void)err;
    cr_assert_eq(call->owner, &calls);
    cr_assert(!call->delivery || !call->delivery->held);
    last = result;
    answers++;
}

static struct delivery *row(void)
{
    struct store_delivery row = {
        .receiver = "r", .incident = "i", .event = "opened", .message_id = "m", .payload = "{}"};
    return delivery_new(&row, NULL);
}

Test(call, is_answered_once_in_any_order)
{
    struct call *first = notify_call_new(&calls, &calls, on_answer);
    struct call *second = notify_call_new(&calls, &calls, on_answer);
    struct call *third = notify_call_new(&calls, &calls, on_answer);
    call_done(second, STORE_FENCED, NULL);
    cr_assert(answers == 1 && last == STORE_FENCED);
    call_done(third, STORE_DONE, NULL);
    call_done(first, STORE_UNAVAILABLE, NULL);
    cr_assert(answers == 3 && last == STORE_UNAVAILABLE);
    cr_assert_null(calls.first);
}

Test(call, holds_a_delivery)
{
    struct delivery *delivery = row();
    struct call *call = notify_call_new(&calls, &calls, on_answer);
    call_hold(call, delivery);
    cr_assert(delivery->held);
    call_done(call, STORE_DONE, NULL);
    cr_assert_eq(answers, 1);
    delivery_free(delivery);
}

/* The sanitizer sees whether anything is left, or freed twice. */
Test(call, outlives_its_owner)
{
    struct call *plain = notify_call_new(&calls, &calls, on_answer);
    struct call *holding = notify_call_new(&calls, &calls, on_answer);
    call_hold(holding, row());
    plain->receiver = mem_copy("r");
    calls_forsake(&calls);
    cr_assert_null(calls.first);
    cr_assert_null(plain->owner);
    call_done(plain, STORE_DONE, NULL);
    call_done(holding, STORE_DONE, NULL);
    cr_assert_eq(answers, 0);
}

Test(call, is_dropped_with_the_store)
{
    struct delivery *delivery = row();
    call_hold(notify_call_new(&calls, &calls, on_answer), delivery);
    notify_call_new(&calls, &calls, on_answer);
    calls_drop(&calls);
    cr_assert_null(calls.first);
    cr_assert_not(delivery->held);
    delivery_free(delivery);
    cr_assert_eq(answers, 0);
}
