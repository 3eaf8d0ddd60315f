/* Deltas and panes as the judge reads them. */
#include "unit/store/fixture.h"

static struct fixture fixture;
static struct store *store;

static void start(void)
{
    fixture_init(&fixture);
    store = fixture_open(&fixture);
}

static void stop(void)
{
    store_close(store);
    fixture_release(&fixture);
}

TestSuite(sqlite_panes, .init = start, .fini = stop);

Test(sqlite_panes, a_generation_is_registered_once)
{
    expect_ok(register_now(store, "m", "1", "hash", "base", 1000, &why));
    expect_ok(register_now(store, "m", "1", "hash", "base", 2000, &why));
    expect_ok(register_now(store, "m", "2", "hash", "base", -3000, &why));
    expect_ok(register_now(store, "n", "1", "hash", "base", 4000, &why));
    cr_assert_eq(number_of(store, "SELECT count(*) FROM generation"), 3);
    cr_assert_eq(number_of(store, "SELECT first_pane_ms FROM generation WHERE monitor = 'm'"
                                  " AND version = '1'"),
                 1000, "the first pane stays the first");
    struct err err = {0};
    cr_assert_eq(register_now(store, "m", "1", NULL, "base", 0, &err), ERR_INVALID);
    cr_assert_not_null(
        strstr(err.text, "could not commit counts: NOT NULL constraint failed: generation.hash"),
        "%s", err.text);
}

Test(sqlite_panes, deltas_come_in_order_and_in_span)
{
    struct store_delta deltas[] = {
        make_delta("m", 30, "late start"), make_delta("m", -10, "before 1970"),
        make_delta("m", 20, "v2"),         make_delta("m", 20, "first"),
        make_delta("m", 20, "second"),     make_delta("other", 20, "not ours"),
        make_delta("m", 40, "at the end"), make_delta("m", 20, "h")};
    deltas[2].version = "2";
    deltas[7].generation = "h";
    put_deltas(store, deltas, 8);
    struct text text = {0};
    expect_ok(store_sync_deltas(store, "m", -10, 40, note_pane, &text, NULL, &why));
    expect_rows(&text, "-10 1 g before 1970 11 r0\n"
                       "20 1 g first 5 r0\n"
                       "20 1 g second 6 r0\n"
                       "20 1 h h 1 r0\n"
                       "20 2 g v2 2 r0\n"
                       "30 1 g late start 10 r0\n");
    expect_ok(store_sync_deltas(store, "m", 40, 41, note_pane, &text, NULL, &why));
    expect_rows(&text, "40 1 g at the end 10 r0\n");
    expect_ok(store_sync_deltas(store, "m", INT64_MIN, INT64_MAX, note_pane, &text, NULL, &why));
    cr_assert_neq(text.size, 0);
    text_release(&text);
    expect_ok(
        store_sync_deltas(store, "nobody", INT64_MIN, INT64_MAX, note_pane, &text, NULL, &why));
    expect_rows(&text, "");
}

static int check_bytes(void *context, const struct store_pane *delta)
{
    cr_assert(bytes_equal(delta->counts, *(struct bytes *)context));
    return 0;
}

Test(sqlite_panes, counts_are_bytes)
{
    struct bytes counts = bytes_make("\0\1\377\0", 4);
    struct store_delta delta = make_delta("m", 0, "");
    delta.counts = counts;
    put_deltas(store, &delta, 1);
    expect_ok(store_sync_deltas(store, "m", 0, 1, check_bytes, &counts, NULL, &why));
    struct bytes empty = {NULL, 0};
    delta = make_delta("m", 1, "");
    delta.counts = empty;
    put_deltas(store, &delta, 1);
    expect_ok(store_sync_deltas(store, "m", 1, 2, check_bytes, &empty, NULL, &why));
}

static int stop_at_once(void *context, const struct store_pane *pane)
{
    (void)pane;
    (*(int *)context)++;
    return 1;
}

Test(sqlite_panes, a_mark_needs_a_whole_reading)
{
    int64_t mark = 77;
    int rows = 0;
    struct text text = {0};
    expect_ok(store_sync_deltas(store, "m", 0, 100, note_pane, &text, &mark, &why));
    cr_assert_eq(mark, 0, "nothing read");
    put_delta(store, "m", 10, "x");
    put_delta(store, "m", 0, "y");
    mark = 77;
    expect_ok(store_sync_deltas(store, "m", 0, 100, stop_at_once, &rows, &mark, &why));
    cr_assert_eq(rows, 1);
    cr_assert_eq(mark, 0, "stopped: the row that was not given must not be deleted");
    expect_ok(store_sync_deltas(store, "m", 0, 100, note_pane, &text, &mark, &why));
    cr_assert_gt(mark, 0);
    text_release(&text);
}

Test(sqlite_panes, a_mark_is_never_reached_by_later_deltas)
{
    int64_t mark = 0, later = 0;
    struct text text = {0};
    put_delta(store, "m", 0, "x");
    expect_ok(store_sync_deltas(store, "m", 0, 100, note_pane, &text, &mark, &why));
    execute(store, "DELETE FROM pane_delta");
    put_delta(store, "m", 0, "y");
    expect_ok(store_sync_deltas(store, "m", 0, 100, note_pane, &text, &later, &why));
    cr_assert_gt(later, mark, "also when the row before is gone");
    text_release(&text);
}

Test(sqlite_panes, the_first_is_found_among_both)
{
    int64_t first = 77;
    expect_ok(store_sync_first_delta(store, "m", INT64_MIN, &first, &why));
    cr_assert_eq(first, INT64_MAX);
    put_delta(store, "m", 50, "x");
    put_delta(store, "n", 10, "x");
    expect_ok(store_sync_first_delta(store, "m", INT64_MIN, &first, &why));
    cr_assert_eq(first, 50);
    struct store_pane pane = make_pane(20, "p", 0);
    struct store_judged judged = make_judged(INT64_MIN, 30);
    judged.panes = &pane;
    judged.pane_count = 1;
    expect_judged(store, &judged, STORE_DONE);
    expect_ok(store_sync_first_delta(store, "m", INT64_MIN, &first, &why));
    cr_assert_eq(first, 20, "a pane");
    expect_ok(store_sync_first_delta(store, "m", 20, &first, &why));
    cr_assert_eq(first, 20, "from includes");
    expect_ok(store_sync_first_delta(store, "m", 21, &first, &why));
    cr_assert_eq(first, 50, "a delta");
    expect_ok(store_sync_first_delta(store, "m", 51, &first, &why));
    cr_assert_eq(first, INT64_MAX);
}

Test(sqlite_panes, panes_come_in_order_and_in_span)
{
    struct store_pane panes[] = {make_pane(20, "c", 0), make_pane(10, "b", 0),
                                 make_pane(10, "a", 0), make_pane(0, "z", 0)};
    panes[1].version = "2";
    struct store_judged judged = make_judged(INT64_MIN, 30);
    judged.panes = panes;
    judged.pane_count = 4;
    expect_judged(store, &judged, STORE_DONE);
    struct text text = {0};
    int rows = 0;
    expect_ok(store_sync_panes(store, "m", 0, 20, note_pane, &text, &why));
    expect_rows(&text, "0 1 g z 1 r1\n10 1 g a 1 r1\n10 2 g b 1 r1\n");
    expect_ok(store_sync_panes(store, "m", 0, 20, stop_at_once, &rows, &why));
    cr_assert_eq(rows, 1);
    expect_ok(store_sync_panes(store, "n", INT64_MIN, INT64_MAX, note_pane, &text, &why));
    expect_rows(&text, "");
}

static int note_generation(void *context, const struct store_generation *g)
{
    text_printf(context, "%s %s %s %s %" PRId64 "\n", g->monitor, g->hash, g->version,
                g->baseline_hash, g->first_pane_ms);
    return 0;
}

static int first_generation(void *context, const struct store_generation *g)
{
    note_generation(context, g);
    return 1;
}

Test(sqlite_panes, generations_come_as_they_were_registered)
{
    struct text text = {0};
    expect_ok(register_now(store, "m", "9", "old", "base", 1000, &why));
    expect_ok(register_now(store, "m", "2", "new", "base", 500, &why));
    expect_ok(register_now(store, "n", "7", "new", "base", 1, &why));
    expect_ok(register_now(store, "m", "10", "new", "other", -3, &why));
    expect_ok(register_now(store, "m", "1", "new", "base", 7, &why));
    expect_ok(register_now(store, "m", "2", "new", "base", 0, &why));
    expect_ok(store_sync_generations(store, "m", "new", note_generation, &text, &why));
    expect_rows(&text, "m new 2 base 500\nm new 10 other -3\nm new 1 base 7\n");
    expect_ok(store_sync_generations(store, "m", NULL, note_generation, &text, &why));
    expect_rows(&text, "m old 9 base 1000\nm new 2 base 500\nm new 10 other -3\nm new 1 base 7\n");
    expect_ok(store_sync_generations(store, "m", "new", first_generation, &text, &why));
    expect_rows(&text, "m new 2 base 500\n");
    expect_ok(store_sync_generations(store, NULL, "new", note_generation, &text, &why));
    expect_rows(&text, "m new 2 base 500\nn new 7 base 1\nm new 10 other -3\nm new 1 base 7\n");
    expect_ok(store_sync_generations(store, NULL, NULL, note_generation, &text, &why));
    expect_rows(&text, "m old 9 base 1000\nm new 2 base 500\nn new 7 base 1\n"
                       "m new 10 other -3\nm new 1 base 7\n");
    expect_ok(store_sync_generations(store, "m", "", note_generation, &text, &why));
    expect_rows(&text, "");
}
