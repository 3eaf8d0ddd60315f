#include "notify/guard.h"

#include <criterion/criterion.h>

#include "base/when.h"

static struct config_receiver receiver;
static const char *reason;

static void setup(void)
{
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
    reason = "unset";
    return guard_check(&receiver, &row, &reason);
}

static enum guard counted(int64_t recent, int64_t today)
{
    reason = "unset";
    return guard_counted(&receiver, recent, today, &reason);
}

Test(guard, retraining_is_counted_first, .init = setup)
{
    cr_assert_eq(check("retrain"), GUARD_COUNT);
    cr_assert_null(reason);
    cr_assert_eq(counted(0, 0), GUARD_SEND);
    cr_assert_null(reason);
}

Test(guard, dry_run_unless_enabled, .init = setup)
{
    receiver.enabled = false;
    cr_assert_eq(check("retrain"), GUARD_DRY_RUN);
    receiver.type = RECEIVER_WEBHOOK;
    cr_assert_eq(check("opened"), GUARD_DRY_RUN);
    cr_assert_str_eq(reason, "dry run: not enabled");
}

Test(guard, cooldown, .init = setup)
{
    cr_assert_eq(counted(1, 1), GUARD_SUPPRESSED);
    cr_assert_str_eq(reason, "suppressed: cooldown");
    receiver.cooldown_ms = 0;
    cr_assert_eq(counted(1, 1), GUARD_SEND, "none is configured");
}

Test(guard, daily_budget, .init = setup)
{
    receiver.cooldown_ms = HOUR_MS;
    cr_assert_eq(counted(0, 1), GUARD_SEND);
    cr_assert_eq(counted(0, 2), GUARD_SUPPRESSED);
    cr_assert_str_eq(reason, "suppressed: daily budget");
    receiver.daily_budget = 0;
    cr_assert_eq(counted(0, 0), GUARD_SUPPRESSED);
}

Test(guard, only_retraining_is_counted, .init = setup)
{
    receiver.type = RECEIVER_SLACK;
    cr_assert_eq(check("opened"), GUARD_SEND);
    cr_assert_eq(check("retrain"), GUARD_SEND, "others are told that one was asked for");
}

Test(guard, retraining_only_for_retrain, .init = setup)
{
    cr_assert_eq(check("opened"), GUARD_SUPPRESSED);
    cr_assert_eq(check("closed"), GUARD_SUPPRESSED);
    cr_assert_str_eq(reason, "suppressed: not a retraining");
}

Test(guard, send_resolved, .init = setup)
{
    receiver.type = RECEIVER_SLACK;
    receiver.send_resolved = false;
    cr_assert_eq(check("closed"), GUARD_SKIPPED);
    cr_assert_null(reason);
    cr_assert_eq(check("worsened"), GUARD_SEND);
}
