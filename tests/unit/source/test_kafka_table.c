/* The table of owned partitions. */
#include <criterion/criterion.h>

#include "source/kafka_table.h"

Test(kafka_table, finds_what_was_added_and_nothing_else)
{
    static const char *const topics[] = {"b", "a", "ab", "c"};
    struct table table = {0};
    cr_assert_null(table_find(&table, "a", 0));
    for (int i = 0; i < 40; i++)
        table_add(&table, topics[i % 4], 39 - i)->next = i;
    table_sort(&table);
    for (int i = 0; i < 40; i++) {
        struct part *part = table_find(&table, topics[i % 4], 39 - i);
        cr_assert_not_null(part);
        cr_assert_eq(part->next, i);
        cr_assert_eq(table_find(&table, topics[i % 4], 39 - i), part);
        cr_assert_null(table_find(&table, topics[(i + 1) % 4], 39 - i));
    }
    cr_assert_null(table_find(&table, "a", -1));
    cr_assert_null(table_find(&table, "", 0));
    table_clear(&table);
    cr_assert_null(table_find(&table, "a", 38));
}

Test(kafka_table, position_is_behind_markers_at_the_end)
{
    struct part part = {.next = 5, .reached = -1};
    cr_assert_eq(part_position(&part), 5);
    part.reached = 7;
    cr_assert_eq(part_position(&part), 7);
    part.next = 9;
    cr_assert_eq(part_position(&part), 9);
}
