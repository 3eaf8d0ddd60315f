#include <criterion/criterion.h>

#include "notify/delivery.h"

Test(delivery, copies_its_row)
{
    char receiver[] = "r", payload[] = "{}";
    struct store_delivery row = {.id = 7,
                                 .receiver = receiver,
                                 .incident = "i",
                                 .event = "opened",
                                 .message_id = "m",
                                 .payload = payload,
                                 .attempts = 3};
    struct delivery *delivery = delivery_new(&row, NULL);
    receiver[0] = payload[0] = '!';
    cr_assert_str_eq(delivery->row.receiver, "r");
    cr_assert_str_eq(delivery->row.payload, "{}");
    cr_assert(delivery->result.id == 7 && delivery->result.attempts == 3);
    delivery_free(delivery);
    delivery_free(NULL);
}

Test(delivery, stages)
{
    static const char *const allowed[] = {/* to: taken asking sending settled recording */
                                          "-xxx-", "--xx-", "---x-", "----x", "----x"};
    for (int from = STAGE_TAKEN; from <= STAGE_RECORDING; from++) {
        for (int to = STAGE_TAKEN; to <= STAGE_RECORDING; to++) {
            struct delivery delivery = {.stage = (enum delivery_stage)from};
            cr_assert_eq(delivery_may_enter(&delivery, (enum delivery_stage)to),
                         allowed[from][to] == 'x', "%d to %d", from, to);
        }
    }
}

Test(delivery, partials)
{
    static struct partials partials;
    cr_assert_eq(partials_get(&partials, 0), 0);
    partials_set(&partials, 5, 2);
    partials_set(&partials, 6, 1);
    partials_set(&partials, 5, 6);
    cr_assert_eq(partials_get(&partials, 5), 6);
    partials_set(&partials, 5, 0);
    cr_assert_eq(partials_get(&partials, 5), 0);
    cr_assert_eq(partials_get(&partials, 6), 1);
    for (int64_t id = 100; id < 100 + PARTIALS_MAX; id++)
        partials_set(&partials, id, 1);
    cr_assert_eq(partials_get(&partials, 6), 0, "the oldest made room");
    cr_assert_eq(partials_get(&partials, 100 + PARTIALS_MAX - 1), 1);
}
