/* The stall detector as a pure function of times and offsets. */
#include <criterion/criterion.h>

#include "source/kafka_stall.h"

static struct loop_time at(int64_t seconds)
{
    return (struct loop_time){seconds * SECOND_MS};
}

Test(kafka_stall, is_due_after_thirty_seconds_of_silence)
{
    struct stall stall;
    stall_init(&stall, at(100), 0);
    cr_assert(!stall_due(&stall, at(100)));
    cr_assert(!stall_due(&stall, (struct loop_time){129999}));
    cr_assert(stall_due(&stall, at(130)));
    stall_progress(&stall, at(129));
    cr_assert(!stall_due(&stall, at(130)));
    cr_assert(stall_due(&stall, at(159)));
}

Test(kafka_stall, goes_through_its_steps)
{
    static const enum stall_step steps[] = {STALL_RESTART, STALL_RESTART, STALL_REBUILD,
                                            STALL_RESTART, STALL_GIVE_UP, STALL_GIVE_UP};
    struct stall stall;
    int64_t now = 0;
    stall_init(&stall, at(now), 0);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        now += 30;
        cr_assert(stall_due(&stall, at(now)));
        cr_assert_eq(stall_judge(&stall, at(now), 10, 11), steps[i], "strike %zu", i + 1);
        cr_assert(!stall_due(&stall, at(now + 29)));
    }
}

Test(kafka_stall, begins_where_an_earlier_life_ended)
{
    struct stall stall;
    stall_init(&stall, at(0), 3);
    cr_assert_eq(stall_judge(&stall, at(30), 0, 5), STALL_RESTART);
    cr_assert_eq(stall_judge(&stall, at(60), 0, 5), STALL_GIVE_UP);
}

Test(kafka_stall, forgives_at_the_end_and_after_progress)
{
    struct stall stall;
    stall_init(&stall, at(0), 2);
    cr_assert_eq(stall_judge(&stall, at(30), 7, 7), STALL_NONE);
    cr_assert_eq(stall.strikes, 0);
    cr_assert_eq(stall_judge(&stall, at(60), 7, 8), STALL_RESTART);
    stall_progress(&stall, at(61));
    cr_assert_eq(stall.strikes, 0);
    cr_assert_eq(stall_judge(&stall, at(91), 8, 9), STALL_RESTART);
}

Test(kafka_stall, no_answer_proves_nothing)
{
    struct stall stall;
    stall_init(&stall, at(0), 4);
    for (int i = 1; i < 10; i++)
        cr_assert_eq(stall_judge(&stall, at(30 * i), 7, -1), STALL_NONE);
    cr_assert_eq(stall.strikes, 4);
}

Test(kafka_stall, an_excuse_keeps_strikes)
{
    struct stall stall;
    stall_init(&stall, at(0), 2);
    stall_excuse(&stall, at(25));
    cr_assert(!stall_due(&stall, at(54)));
    cr_assert_eq(stall.strikes, 2);
}
