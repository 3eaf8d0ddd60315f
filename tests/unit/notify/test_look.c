#include <criterion/criterion.h>

#include "notify/internal.h"

Test(look, pauses_grow_to_a_limit)
{
    static const int64_t expected[] = {1000, 2000, 4000, 8000, 16000, 30000, 30000};
    int64_t pause_ms = 0;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        pause_ms = pause_after(pause_ms);
        cr_assert_eq(pause_ms, expected[i]);
    }
}
