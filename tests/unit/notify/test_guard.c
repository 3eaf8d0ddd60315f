#include <criterion/criterion.h>

#include "base/when.h"
#include "notify/guard.h"
#include "unit/notify/fake_store.h"

#define NOW INT64_C(1790000000000)

static struct store store;
static struct config_receiver receiver;
static const char *reason;

static void setup(void)
{
    store = (struct store){.row_count = 0};
    receiver = (struct config_receiver){.name = "train",
                                        .type = RECEIVER_RETRAIN,
                                        .enabled = true,
                                        .send_resolved = true,
                                        .cooldown_ms = 24 * HOUR_MS,
                                        .daily_budget = 2};
}

static enum guard check(const char *event)
{
    struct store_delivery row = {.event = event};
    return guard_check(&receiver, &store, &row, NOW, &reason);
}

static void delivered(int64_t age_ms, enum delivery_state state)
{
    struct fake_row *row = fake_store_add(&store, "train", "i", "retrain", store.row_count, "{}");
    row->created_unix_ms = NOW - age_ms;
    row->state = state;
}

Test(guard, sends_when_nothing_is_against_it, .init = setup)
{
    cr_assert_eq(check("retrain"), GUARD_SEND);
    cr_assert_null(reason);
}

Test(guard, dry_run_unless_enabled, .init = setup)
{
    receiver.enabled = false;
    cr_assert_eq(check("retrain"), GUARD_DRY_RUN);
    receiver.type = RECEIVER_WEBHOOK;
    cr_assert_eq(check("opened"), GUARD_DRY_RUN);
}

Test(guard, cooldown, .init = setup)
{
    delivered(24 * HOUR_MS + 1, DELIVERY_DELIVERED);
    cr_assert_eq(check("retrain"), GUARD_SEND);
    delivered(24 * HOUR_MS, DELIVERY_DELIVERED);
    cr_assert_eq(check("retrain"), GUARD_SUPPRESSED);
    cr_assert_str_eq(reason, "suppressed: cooldown");
}

Test(guard, daily_budget, .init = setup)
{
    receiver.cooldown_ms = HOUR_MS;
    delivered(2 * HOUR_MS, DELIVERY_DELIVERED);
    cr_assert_eq(check("retrain"), GUARD_SEND);
    delivered(3 * HOUR_MS, DELIVERY_DELIVERED);
    cr_assert_eq(check("retrain"), GUARD_SUPPRESSED);
    cr_assert_str_eq(reason, "suppressed: daily budget");
    receiver.daily_budget = 0;
    store.row_count = 0;
    cr_assert_eq(check("retrain"), GUARD_SUPPRESSED);
}

Test(guard, what_was_not_sent_does_not_count, .init = setup)
{
    delivered(HOUR_MS, DELIVERY_DRY_RUN);
    delivered(HOUR_MS, DELIVERY_SUPPRESSED);
    delivered(HOUR_MS, DELIVERY_DEAD);
    delivered(HOUR_MS, DELIVERY_PENDING);
    cr_assert_eq(check("retrain"), GUARD_SEND);
}

Test(guard, unknown_if_nobody_can_count, .init = setup)
{
    store.cannot_count = true;
    cr_assert_eq(check("retrain"), GUARD_UNKNOWN);
    receiver.type = RECEIVER_SLACK;
    cr_assert_eq(check("opened"), GUARD_SEND, "only retraining is counted");
}

Test(guard, retraining_only_for_retrain, .init = setup)
{
    cr_assert_eq(check("opened"), GUARD_SUPPRESSED);
    cr_assert_eq(check("closed"), GUARD_SUPPRESSED);
    receiver.type = RECEIVER_WEBHOOK;
    cr_assert_eq(check("retrain"), GUARD_SEND, "others are told that one was asked for");
}

Test(guard, send_resolved, .init = setup)
{
    receiver.type = RECEIVER_SLACK;
    receiver.send_resolved = false;
    cr_assert_eq(check("closed"), GUARD_SKIPPED);
    cr_assert_eq(check("worsened"), GUARD_SEND);
}
