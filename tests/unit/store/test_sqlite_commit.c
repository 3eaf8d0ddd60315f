/* Offsets, ledger, deltas and quarantine: one receipt or none. */
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

TestSuite(sqlite_commit, .init = start, .fini = stop);

static struct store_partition take_from(struct store *from, const char *topic, int32_t partition,
                                        int64_t start_offset)
{
    struct store_partition taken = {0};
    expect_ok(store_sync_take_partition(from, topic, partition, start_offset, &taken, &why));
    cr_assert_eq(taken.topic, topic);
    cr_assert_eq(taken.partition, partition);
    return taken;
}

static struct store_commit advance_only(struct store_advance *advances, uint32_t count)
{
    return (struct store_commit){.advances = advances, .advance_count = count};
}

static void expect_partitions(const char *wanted, int line)
{
    struct text text = {0};
    expect_ok(store_sync_partitions(store, note_partition, &text, &why));
    expect_text(&text, wanted, line);
}

Test(sqlite_commit, taking_makes_the_partition_and_then_raises_its_epoch)
{
    struct store_partition taken = take_from(store, "t", 3, 40);
    cr_assert(taken.epoch == 1 && taken.start_offset == 40 && taken.next_offset == 40);
    cr_assert_eq(taken.max_event_ms, INT64_MIN);
    struct store_advance advance = make_advance("t", 3, 1, 40, 2);
    advance.max_event_ms = -5;
    struct store_commit commit = advance_only(&advance, 1);
    expect_commit(store, &commit, STORE_DONE);
    taken = take_from(store, "t", 3, 999);
    cr_assert(taken.epoch == 2 && taken.start_offset == 40 && taken.next_offset == 42,
              "the start is where counting began, whatever the next owner thinks");
    cr_assert_eq(taken.max_event_ms, -5);
    expect_partitions("t/3 e2 40..42 t-5 2 0 0 0 0 0\n", __LINE__);
}

Test(sqlite_commit, partitions_are_in_order)
{
    take_from(store, "b", 10, 0);
    take_from(store, "b", 9, 0);
    take_from(store, "a", 11, 7);
    take_from(store, "\xc3\xa9\xf0\x9f\x9a\x80", 0, 0);
    expect_partitions("a/11 e1 7..7 0 0 0 0 0 0\n"
                      "b/9 e1 0..0 0 0 0 0 0 0\n"
                      "b/10 e1 0..0 0 0 0 0 0 0\n"
                      "\xc3\xa9\xf0\x9f\x9a\x80/0 e1 0..0 0 0 0 0 0 0\n",
                      __LINE__);
}

static int stop_at_once(void *context, const struct store_partition *p, const int64_t *records)
{
    (void)p;
    (void)records;
    (*(int *)context)++;
    return 1;
}

Test(sqlite_commit, reading_can_be_stopped)
{
    int rows = 0;
    take_from(store, "t", 0, 0);
    take_from(store, "t", 1, 0);
    expect_ok(store_sync_partitions(store, stop_at_once, &rows, &why));
    cr_assert_eq(rows, 1);
}

Test(sqlite_commit, every_disposition_is_added_up)
{
    take_from(store, "t", 0, 100);
    for (int64_t round = 0, offset = 100; round < 3; round++, offset += 28) {
        struct store_advance advance = {.topic = "t",
                                        .epoch = 1,
                                        .old_offset = offset,
                                        .new_offset = offset + 28,
                                        .max_event_ms = 1000 - round,
                                        .records = {1, 2, 3, 4, 5},
                                        .skipped = 13};
        struct store_commit commit = advance_only(&advance, 1);
        expect_commit(store, &commit, STORE_DONE);
    }
    expect_partitions("t/0 e1 100..184 t1000 3 6 9 12 15 39\n", __LINE__);
}

Test(sqlite_commit, the_clock_of_a_partition_never_goes_back)
{
    static const int64_t given[] = {INT64_MIN, -100, INT64_MIN, -200, 50, 7, INT64_MIN};
    static const int64_t wanted[] = {INT64_MIN, -100, -100, -100, 50, 50, 50};
    take_from(store, "t", 0, 0);
    for (int i = 0; i < 7; i++) {
        struct store_advance advance = make_advance("t", 0, i + 1, i, 1);
        advance.max_event_ms = given[i];
        struct store_commit commit = advance_only(&advance, 1);
        expect_commit(store, &commit, STORE_DONE);
        cr_assert_eq(take_from(store, "t", 0, 0).max_event_ms, wanted[i], "step %d", i);
    }
}

Test(sqlite_commit, a_former_owner_is_fenced)
{
    take_from(store, "t", 0, 0);
    take_from(store, "t", 0, 0);
    struct store_delta delta = make_delta("m", 0, "x");
    struct store_advance advance = make_advance("t", 0, 1, 0, 5);
    struct store_commit commit = advance_only(&advance, 1);
    commit.deltas = &delta;
    commit.delta_count = 1;
    int64_t before = row_total(store);
    struct told told = {0};
    store_commit(store, &commit, tell, &told);
    expect_told(&told, STORE_FENCED, __LINE__);
    cr_assert_eq(told.err.code, ERR_CONFLICT);
    cr_assert_str_eq(told.err.text, "t/0 has another owner, or is not at offset 0 (epoch 1)");
    cr_assert_eq(row_total(store), before);
    advance.epoch = 3;
    expect_commit(store, &commit, STORE_FENCED);
    advance.epoch = 2;
    expect_commit(store, &commit, STORE_DONE);
    expect_commit(store, &commit, STORE_FENCED); /* the same once more: it is counted already */
    expect_partitions("t/0 e2 0..5 5 0 0 0 0 0\n", __LINE__);
}

Test(sqlite_commit, a_partition_that_nobody_took)
{
    struct store_advance advance = make_advance("t", 0, 1, 0, 5);
    struct store_commit commit = advance_only(&advance, 1);
    expect_commit(store, &commit, STORE_FENCED);
    cr_assert_eq(row_total(store), 0);
}

Test(sqlite_commit, one_fenced_partition_stops_all)
{
    struct store_advance advances[3];
    for (int i = 0; i < 3; i++) {
        take_from(store, "t", i, 0);
        advances[i] = make_advance("t", i, 1, 0, 4);
    }
    advances[2].epoch = 9;
    struct store_delta delta = make_delta("m", 0, "x");
    struct store_quarantine bad = {.topic = "t", .offset = 1, .reason = "json"};
    struct store_commit commit = advance_only(advances, 3);
    commit.deltas = &delta;
    commit.delta_count = 1;
    commit.quarantine = &bad;
    commit.quarantine_count = 1;
    int64_t before = row_total(store);
    expect_commit(store, &commit, STORE_FENCED);
    cr_assert_eq(row_total(store), before);
    expect_partitions("t/0 e1 0..0 0 0 0 0 0 0\nt/1 e1 0..0 0 0 0 0 0 0\nt/2 e1 0..0 0 0 0 0 0 0\n",
                      __LINE__);
    advances[2].epoch = 1;
    expect_commit(store, &commit, STORE_DONE);
    expect_partitions("t/0 e1 0..4 4 0 0 0 0 0\nt/1 e1 0..4 4 0 0 0 0 0\nt/2 e1 0..4 4 0 0 0 0 0\n",
                      __LINE__);
}

static int count_commit(void *context)
{
    (*(int *)context)++;
    return 0;
}

/* Idleness alone is something to say, and says nothing about offsets. */
Test(sqlite_commit, idle_may_be_all_that_changes)
{
    take_from(store, "t", 0, 5);
    struct store_advance advance = make_advance("t", 0, 1, 5, 0);
    struct store_commit commit = advance_only(&advance, 1);
    advance.idle = true;
    advance.max_event_ms = 70;
    expect_commit(store, &commit, STORE_DONE);
    expect_partitions("t/0 e1 5..5 t70 idle 0 0 0 0 0 0\n", __LINE__);
    expect_commit(store, &commit, STORE_DONE);
    expect_partitions("t/0 e1 5..5 t70 idle 0 0 0 0 0 0\n", __LINE__);
    advance = make_advance("t", 0, 1, 5, 2);
    expect_commit(store, &commit, STORE_DONE);
    expect_partitions("t/0 e1 5..7 t70 2 0 0 0 0 0\n", __LINE__);
    advance = make_advance("t", 0, 1, 5, 0); /* not where it is */
    advance.idle = true;
    expect_commit(store, &commit, STORE_FENCED);
    advance.old_offset = advance.new_offset = 7;
    advance.epoch = 2;
    expect_commit(store, &commit, STORE_FENCED);
    expect_partitions("t/0 e1 5..7 t70 2 0 0 0 0 0\n", __LINE__);
}

Test(sqlite_commit, a_new_owner_has_not_found_it_idle)
{
    take_from(store, "t", 0, 0);
    struct store_advance advance = make_advance("t", 0, 1, 0, 0);
    struct store_commit commit = advance_only(&advance, 1);
    advance.idle = true;
    expect_commit(store, &commit, STORE_DONE);
    cr_assert_not(take_from(store, "t", 0, 0).idle);
    expect_partitions("t/0 e2 0..0 0 0 0 0 0 0\n", __LINE__);
}

Test(sqlite_commit, several_are_taken_at_once)
{
    take_from(store, "t", 1, 10);
    struct store_take takes[] = {{.topic = "t", .partition = 0, .start_offset = 7},
                                 {.topic = "t", .partition = 1, .start_offset = 99},
                                 {.topic = "u", .partition = 0, .start_offset = 0}};
    int commits = 0;
    sqlite3_commit_hook(handle_of(store), count_commit, &commits);
    expect_ok(store_sync_take(store, takes, 3, &why));
    cr_assert_eq(commits, 1);
    cr_assert(takes[0].ret.epoch == 1 && takes[0].ret.next_offset == 7);
    cr_assert(takes[1].ret.epoch == 2 && takes[1].ret.start_offset == 10);
    cr_assert(takes[2].ret.epoch == 1 && takes[2].ret.partition == 0);
    cr_assert_eq(takes[2].ret.topic, takes[2].topic);
    cr_assert_eq(number_of(store, "SELECT count(*) FROM partition_state WHERE owner = 'a'"), 3);
    expect_ok(store_sync_take(store, NULL, 0, &why));
}

/* The third fails in the database, after two have been written. */
Test(sqlite_commit, taking_is_all_or_nothing)
{
    take_from(store, "t", 0, 0);
    struct store_take takes[] = {{.topic = "t", .partition = 0, .ret.epoch = 77},
                                 {.topic = "t", .partition = 1, .ret.epoch = 77},
                                 {.topic = "refused", .ret.epoch = 77}};
    execute(store, "CREATE TRIGGER refuse BEFORE INSERT ON partition_state"
                   " WHEN new.topic = 'refused' BEGIN SELECT raise(ABORT, 'no'); END");
    struct err err = {0};
    cr_assert_eq(store_sync_take(store, takes, 3, &err), ERR_INVALID);
    cr_assert_not_null(strstr(err.text, "could not take over partitions"), "%s", err.text);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(takes[i].ret.epoch, 77, "untouched on failure");
    expect_partitions("t/0 e1 0..0 0 0 0 0 0 0\n", __LINE__);
}

Test(sqlite_commit, partitions_that_are_expected)
{
    take_from(store, "t", 1, 10);
    expect_ok(store_sync_expect(store, "t", 3, &why));
    expect_ok(store_sync_expect(store, "t", 2, &why));
    expect_ok(store_sync_expect(store, "u", 0, &why));
    expect_partitions("t/0 e0 -1..-1 0 0 0 0 0 0\n"
                      "t/1 e1 10..10 0 0 0 0 0 0\n"
                      "t/2 e0 -1..-1 0 0 0 0 0 0\n",
                      __LINE__);
    struct store_advance nobody = make_advance("t", 0, 0, -1, 1);
    struct store_commit commit = advance_only(&nobody, 1);
    expect_commit(store, &commit, STORE_FAILED); /* before offset 0 */
    nobody = make_advance("t", 0, 0, 0, 1);
    expect_commit(store, &commit, STORE_FENCED);
    struct store_partition taken = take_from(store, "t", 0, 40);
    cr_assert(taken.epoch == 1 && taken.start_offset == 40 && taken.next_offset == 40);
    cr_assert_eq(taken.max_event_ms, INT64_MIN);
    take_from(store, "t", 0, 99);
    expect_partitions("t/0 e2 40..40 0 0 0 0 0 0\n"
                      "t/1 e1 10..10 0 0 0 0 0 0\n"
                      "t/2 e0 -1..-1 0 0 0 0 0 0\n",
                      __LINE__);
}

Test(sqlite_commit, registrations_go_with_the_counts)
{
    take_from(store, "t", 0, 0);
    struct store_register registers[] = {{"m", "1", "g", "b", 10}, {"m", "2", "g", "b", 20}};
    struct store_delta delta = make_delta("m", 10, "x");
    struct store_advance advance = make_advance("t", 0, 9, 0, 1);
    struct store_commit commit = advance_only(&advance, 1);
    commit.registers = registers;
    commit.register_count = 2;
    commit.deltas = &delta;
    commit.delta_count = 1;
    expect_commit(store, &commit, STORE_FENCED);
    cr_assert_eq(number_of(store, "SELECT count(*) FROM generation"), 0, "fenced: not registered");
    advance.epoch = 1;
    delta.monitor = NULL; /* refused after the registrations were written */
    expect_commit(store, &commit, STORE_FAILED);
    cr_assert_eq(number_of(store, "SELECT count(*) FROM generation"), 0, "rolled back");
    delta.monitor = "m";
    expect_commit(store, &commit, STORE_DONE);
    cr_assert_eq(number_of(store, "SELECT count(*) FROM generation"), 2);
    cr_assert_eq(number_of(store, "SELECT count(*) FROM pane_delta WHERE agent = 'a'"), 1);
}

Test(sqlite_commit, sums_that_are_wrong_write_nothing)
{
    take_from(store, "t", 0, 0);
    struct store_advance advance = make_advance("t", 0, 1, 0, 5);
    advance.records[DISPOSED_COUNTED] = 4;
    struct store_commit commit = advance_only(&advance, 1);
    expect_commit(store, &commit, STORE_FAILED);
    expect_partitions("t/0 e1 0..0 0 0 0 0 0 0\n", __LINE__);
}

Test(sqlite_commit, nobody_has_to_listen)
{
    take_from(store, "t", 0, 0);
    struct store_advance advance = make_advance("t", 0, 1, 0, 5);
    struct store_commit commit = advance_only(&advance, 1);
    store_commit(store, &commit, NULL, NULL);
    store_commit(store, &commit, NULL, NULL);
    expect_partitions("t/0 e1 0..5 5 0 0 0 0 0\n", __LINE__);
}

static int note_quarantine(void *context, const struct store_quarantine *q)
{
    text_printf(context, "%s/%" PRId32 "@%" PRId64 " %s %" PRId64 " %s\n", q->topic, q->partition,
                q->offset, q->reason, q->size_bytes, q->sha256);
    return 0;
}

Test(sqlite_commit, quarantine_keeps_the_first_word)
{
    take_from(store, "t", 0, 0);
    take_from(store, "t", 1, 0);
    struct store_quarantine bad[] = {
        {.topic = "t", .offset = 4, .reason = "json", .size_bytes = 12, .sha256 = "aa"},
        {.topic = "t", .partition = 1, .offset = 4, .reason = "depth", .size_bytes = 0},
        {.topic = "t", .offset = 4, .reason = "other", .size_bytes = 99, .sha256 = "bb"}};
    memset(bad[1].sha256, 'f', 64);
    struct store_advance advance = make_advance("t", 0, 1, 0, 5);
    struct store_commit commit = advance_only(&advance, 1);
    commit.quarantine = bad;
    commit.quarantine_count = 3;
    expect_commit(store, &commit, STORE_DONE);
    struct text text = {0};
    expect_ok(store_sync_quarantine_list(store, 10, note_quarantine, &text, &why));
    expect_rows(&text, "t/1@4 depth 0 ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
                       "ffff\nt/0@4 json 12 aa\n");
    expect_ok(store_sync_quarantine_list(store, 1, note_quarantine, &text, &why));
    cr_assert_eq(text.data[2], '1', "the newest");
    cr_assert_eq(strchr(text.data, '\n') - text.data, (long)text.size - 1, "one row");
    text_release(&text);
}

Test(sqlite_commit, a_statement_that_fails_late_undoes_the_earlier_ones)
{
    take_from(store, "t", 0, 0);
    struct store_delta deltas[] = {make_delta("m", 0, "x"), make_delta(NULL, 0, "y")};
    struct store_advance advance = make_advance("t", 0, 1, 0, 5);
    struct store_commit commit = advance_only(&advance, 1);
    commit.deltas = deltas;
    commit.delta_count = 2;
    int64_t before = row_total(store);
    struct told told = {0};
    store_commit(store, &commit, tell, &told);
    expect_told(&told, STORE_FAILED, __LINE__);
    cr_assert_str_eq(told.err.text,
                     "could not commit counts: NOT NULL constraint failed: pane_delta.monitor");
    cr_assert_eq(row_total(store), before);
    expect_partitions("t/0 e1 0..0 0 0 0 0 0 0\n", __LINE__);
}

/* The file may not grow: SQLite says what it says of a full disk. */
Test(sqlite_commit, a_full_disk_loses_nothing)
{
    take_from(store, "t", 0, 0);
    char sql[64];
    snprintf(sql, sizeof sql, "PRAGMA max_page_count = %d",
             (int)number_of(store, "PRAGMA page_count"));
    execute(store, sql);
    char *large = mem_new(200001, 1);
    memset(large, 'x', 200000);
    struct store_delta delta = make_delta("m", 0, large);
    struct store_advance advance = make_advance("t", 0, 1, 0, 5);
    struct store_commit commit = advance_only(&advance, 1);
    commit.deltas = &delta;
    commit.delta_count = 1;
    for (int i = 0; i < 3; i++) {
        struct told told = {0};
        store_commit(store, &commit, tell, &told);
        expect_told(&told, STORE_UNAVAILABLE, __LINE__);
        cr_assert_str_eq(told.err.text, "could not commit counts: database or disk is full");
        cr_assert_not_null(strstr(told.err.hint, "nothing is lost"));
        cr_assert_eq(number_of(store, "SELECT count(*) FROM pane_delta"), 0);
        expect_partitions("t/0 e1 0..0 0 0 0 0 0 0\n", __LINE__);
    }
    execute(store, "PRAGMA max_page_count = 1000000");
    expect_commit(store, &commit, STORE_DONE);
    expect_partitions("t/0 e1 0..5 5 0 0 0 0 0\n", __LINE__);
    free(large);
}

Test(sqlite_commit, fifty_deltas_are_one_transaction_of_kept_statements)
{
    struct store_delta deltas[50];
    for (int i = 0; i < 50; i++)
        deltas[i] = make_delta("m", i * 10, "x");
    take_from(store, "t", 0, 0);
    struct store_advance advance = make_advance("t", 0, 1, 0, 50);
    struct store_commit commit = advance_only(&advance, 1);
    commit.deltas = deltas;
    commit.delta_count = 50;
    expect_commit(store, &commit, STORE_DONE);
    uint32_t statements = sqlite_store_of(store)->cached;
    int commits = 0;
    sqlite3_commit_hook(handle_of(store), count_commit, &commits);
    advance.old_offset = 50;
    advance.new_offset = 100;
    expect_commit(store, &commit, STORE_DONE);
    cr_assert_eq(commits, 1);
    cr_assert_eq(sqlite_store_of(store)->cached, statements, "nothing is prepared again");
    cr_assert_eq(number_of(store, "SELECT count(*) FROM pane_delta"), 100);
}

Test(sqlite_commit, two_handles_one_winner)
{
    struct store *other = fixture_open(&fixture);
    struct store_partition mine = take_from(store, "t", 0, 0);
    struct store_partition theirs = take_from(other, "t", 0, 0);
    cr_assert_eq(theirs.epoch, mine.epoch + 1);
    struct store_advance first = make_advance("t", 0, mine.epoch, 0, 5);
    struct store_advance second = make_advance("t", 0, theirs.epoch, 0, 7);
    struct store_commit zombie = advance_only(&first, 1), owner = advance_only(&second, 1);
    expect_commit(store, &zombie, STORE_FENCED);
    expect_commit(other, &owner, STORE_DONE);
    expect_commit(store, &zombie, STORE_FENCED);
    expect_partitions("t/0 e2 0..7 7 0 0 0 0 0\n", __LINE__);
    store_close(other);
}

Test(sqlite_commit, a_lock_held_elsewhere_is_no_fence)
{
    struct store *other = fixture_open(&fixture);
    take_from(store, "t", 0, 0);
    sqlite3_busy_timeout(handle_of(store), 0);
    execute(other, "BEGIN IMMEDIATE");
    struct store_advance advance = make_advance("t", 0, 1, 0, 5);
    struct store_commit commit = advance_only(&advance, 1);
    struct store_partition taken = {.epoch = 77};
    struct err err = {0};
    expect_commit(store, &commit, STORE_UNAVAILABLE);
    cr_assert_eq(store_sync_take_partition(store, "t", 0, 0, &taken, &err), ERR_UNAVAILABLE);
    cr_assert_eq(taken.epoch, 77, "untouched on failure");
    execute(other, "ROLLBACK");
    expect_commit(store, &commit, STORE_DONE);
    store_close(other);
}

static uint64_t state;
static uint32_t roll(uint32_t below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33) % below;
}

struct racer {
    struct store *store;
    struct store_partition held[3];
    int64_t applied; /* deltas that it was told are written */
};

static void race_commit(struct racer *racer)
{
    struct store_advance advances[3];
    struct store_delta delta = make_delta("m", 0, "x");
    struct store_commit commit = {
        .advances = advances, .advance_count = 1 + roll(3), .deltas = &delta, .delta_count = 1};
    for (uint32_t i = 0; i < commit.advance_count; i++) {
        const struct store_partition *held = &racer->held[i];
        advances[i] = make_advance("t", (int32_t)i, held->epoch, held->next_offset, roll(9));
        if (roll(4) == 0) {
            advances[i].new_offset += 2;
            advances[i].skipped = 2;
        }
    }
    enum store_result result = commit_now(racer->store, &commit);
    cr_assert(result == STORE_DONE || result == STORE_FENCED);
    racer->applied += result == STORE_DONE;
    for (uint32_t i = 0; result == STORE_DONE && i < commit.advance_count; i++)
        racer->held[i].next_offset = advances[i].new_offset;
}

/* Whatever order two agents take, lose and commit in: the ledger accounts for every offset, and
 * there are as many deltas as commits that were confirmed. LEEWAY_SEED repeats a run. */
Test(sqlite_commit, random_race_of_two)
{
    const char *given = getenv("LEEWAY_SEED");
    uint64_t seed = (uint64_t)getpid();
    if (given)
        seed = strtoul(given, NULL, 10);
    printf("LEEWAY_SEED=%" PRIu64 "\n", seed);
    state = seed;
    struct racer racers[2] = {{.store = store}, {.store = fixture_open(&fixture)}};
    for (int i = 0; i < 400; i++) {
        struct racer *racer = &racers[roll(2)];
        if (roll(5) == 0) {
            int32_t partition = (int32_t)roll(3);
            racer->held[partition] = take_from(racer->store, "t", partition, 10);
        } else {
            race_commit(racer);
        }
    }
    cr_assert_eq(number_of(store, "SELECT count(*) FROM pane_delta"),
                 racers[0].applied + racers[1].applied, "seed %" PRIu64, seed);
    cr_assert_eq(number_of(store, "SELECT count(*) FROM partition_state p WHERE next_offset -"
                                  " start_offset != (SELECT coalesce(sum(records), 0) FROM ledger"
                                  " l WHERE l.topic = p.topic AND l.part = p.part)"),
                 0, "seed %" PRIu64, seed);
    cr_assert_gt(racers[0].applied, 0, "seed %" PRIu64, seed);
    cr_assert_gt(racers[1].applied, 0, "seed %" PRIu64, seed);
    store_close(racers[1].store);
}
