/* What a reading has seen is remembered for a while, for its own monitor. */
#include <criterion/criterion.h>

#include "store/postgres_ops.h"

static int64_t keep(struct postgres_store *store, const char *monitor, int64_t id)
{
    struct postgres_mark *mark = postgres_mark_new(monitor);
    postgres_mark_add(mark, id);
    postgres_mark_add(mark, id + 2);
    return postgres_mark_keep(store, mark);
}

static void expect(const struct postgres_store *store, const char *monitor, int64_t number,
                   bool known, const char *wanted)
{
    struct text ids = {0};
    cr_assert_eq(postgres_mark_ids(store, monitor, number, &ids), known);
    cr_assert_str_eq(ids.data, wanted);
    text_release(&ids);
}

Test(postgres_mark, ids_of_a_reading)
{
    struct postgres_store store = {0};
    int64_t first = keep(&store, "m", 5), other = keep(&store, "n", 50);
    expect(&store, "m", first, true, "{5,7}");
    expect(&store, "n", other, true, "{50,52}");
    expect(&store, "m", other, false, "{}");
    expect(&store, "m", 0, true, "{}");
    expect(&store, "m", 99, false, "{}");
    postgres_marks_free(&store);
}

Test(postgres_mark, the_oldest_are_forgotten)
{
    struct postgres_store store = {0};
    int64_t other = keep(&store, "n", 1), numbers[20];
    for (int i = 0; i < 20; i++)
        numbers[i] = keep(&store, "m", 100 * i);
    expect(&store, "m", numbers[0], false, "{}");
    expect(&store, "m", numbers[11], false, "{}");
    expect(&store, "m", numbers[12], true, "{1200,1202}");
    expect(&store, "m", numbers[19], true, "{1900,1902}");
    expect(&store, "n", other, true, "{1,3}");
    postgres_marks_free(&store);
}

Test(postgres_mark, many_ids)
{
    struct postgres_store store = {0};
    struct postgres_mark *mark = postgres_mark_new("m");
    struct text ids = {0};
    for (int64_t id = 0; id < 1000; id++)
        postgres_mark_add(mark, id);
    cr_assert(postgres_mark_ids(&store, "m", postgres_mark_keep(&store, mark), &ids));
    cr_assert_eq(ids.size, 2 + 999 + 10 + 180 + 2700);
    text_release(&ids);
    postgres_marks_free(&store);
    postgres_mark_free(postgres_mark_new("x"));
    postgres_mark_free(NULL);
}
