/* From records to committed deltas: each record has one disposition, counted once. */
#include "unit/app/world.h"

static struct world world;
static struct text dump, other;

static void set_up(void)
{
    world_open(&world, WORLD_YAML, 1);
}

static void tear_down(void)
{
    world_close(&world);
    text_release(&dump);
    text_release(&other);
}

TestSuite(ingest, .init = set_up, .fini = tear_down);

static enum ingest_result offer(int64_t offset, const char *value)
{
    const struct record record = {"fraud", 0, offset, TIME_NONE, bytes_of(value)};
    return ingest_record(world.ingest, &record);
}

#define EVENT(ts) "{\"ts\":\"" ts "\",\"version\":\"7\",\"features\":{\"amount\":100}}"

static bool records_are(int64_t counted, int64_t late, int64_t bad_time, int64_t quarantined,
                        int64_t not_monitored)
{
    const int64_t *records = ingest_totals(world.ingest)->records;
    return records[DISPOSED_COUNTED] == counted && records[DISPOSED_LATE] == late &&
           records[DISPOSED_BAD_TIME] == bad_time && records[DISPOSED_QUARANTINED] == quarantined &&
           records[DISPOSED_NOT_MONITORED] == not_monitored;
}

Test(ingest, one_disposition_a_record)
{
    cr_assert_eq(offer(0, EVENT("2013-02-08T06:00:00Z")), INGEST_TAKEN);
    cr_assert_eq(offer(1, EVENT("2013-02-08T05:58:00Z")), INGEST_TAKEN); /* just not late */
    cr_assert_eq(offer(2, EVENT("2013-02-08T05:57:59Z")), INGEST_TAKEN);
    cr_assert(records_are(2, 1, 0, 0, 0));
    cr_assert_eq(offer(3, EVENT("yesterday")), INGEST_TAKEN);
    cr_assert_eq(offer(4, "{\"features\":{\"amount\":1}}"), INGEST_TAKEN);
    cr_assert_eq(offer(5, EVENT("1999-12-31T23:59:59Z")), INGEST_TAKEN);
    cr_assert(records_are(2, 1, 3, 0, 0));
    cr_assert_eq(offer(6, "{\"ts\":"), INGEST_TAKEN);
    cr_assert_eq(offer(7, "no event"), INGEST_TAKEN);
    cr_assert(records_are(2, 1, 3, 2, 0));
    cr_assert_eq(world_commit(&world), STORE_DONE);
    world_dump(&world, &dump);
    cr_assert(strstr(dump.data, "partition fraud 0 next 8 "), "%s", dump.data);
    cr_assert(strstr(dump.data, " 2 1 3 2 0 0\n"), "%s", dump.data);
    cr_assert(strstr(dump.data, "quarantine fraud 0 6 ") &&
              strstr(dump.data, "quarantine fraud 0 7 "));
}

Test(ingest, gaps_are_skipped_offsets_and_repeats_are_dropped)
{
    cr_assert_eq(offer(5, EVENT("2013-02-08T06:00:00Z")), INGEST_TAKEN);
    cr_assert_eq(offer(5, EVENT("2013-02-08T06:00:00Z")), INGEST_REPEATED);
    cr_assert_eq(offer(2, EVENT("2013-02-08T06:00:00Z")), INGEST_REPEATED);
    cr_assert_eq(world_commit(&world), STORE_DONE);
    cr_assert_eq(ingest_totals(world.ingest)->repeated, 2);
    cr_assert_eq(offer(5, EVENT("2013-02-08T06:00:00Z")), INGEST_REPEATED);
    cr_assert_eq(ingest_totals(world.ingest)->repeated, 3);
    world_dump(&world, &dump);
    cr_assert(strstr(dump.data, "next 6 ") && strstr(dump.data, " 1 0 0 0 0 5\n"), "%s", dump.data);
}

Test(ingest, partitions_that_are_not_owned)
{
    const struct record elsewhere[] = {
        {"fraud", 1, 0, TIME_NONE, bytes_of(EVENT("2013-02-08T06:00:00Z"))},
        {"other", 0, 0, TIME_NONE, bytes_of(EVENT("2013-02-08T06:00:00Z"))}};
    cr_assert_eq(ingest_record(world.ingest, &elsewhere[0]), INGEST_STRANGER);
    cr_assert_eq(ingest_record(world.ingest, &elsewhere[1]), INGEST_STRANGER);
    cr_assert_not(ingest_pending(world.ingest));
    int64_t next = 0;
    cr_assert_eq(take_partition(world.ingest, "other", 0, 7, &next, NULL), 0);
    cr_assert_eq(next, 7);
    cr_assert_eq(ingest_record(world.ingest, &elsewhere[1]), INGEST_REPEATED);
    struct record record = elsewhere[1];
    record.offset = 7;
    cr_assert_eq(ingest_record(world.ingest, &record), INGEST_TAKEN);
    cr_assert(records_are(0, 0, 0, 0, 1), "nobody watches that topic");
}

Test(ingest, what_is_not_committed_is_not_there)
{
    cr_assert_eq(offer(0, EVENT("2013-02-08T06:00:00Z")), INGEST_TAKEN);
    cr_assert(ingest_pending(world.ingest));
    cr_assert_eq(world_watermark(&world), TIME_NONE);
    cr_assert_neq(ingest_seen(world.ingest), TIME_NONE);
    world_stop(&world);
    world_start(&world, 1);
    cr_assert_eq(offer(0, EVENT("2013-02-08T06:00:00Z")), INGEST_TAKEN);
    cr_assert_eq(world_commit(&world), STORE_DONE);
    cr_assert_not(ingest_pending(world.ingest));
    cr_assert_eq(world_watermark(&world), WORLD_START_MS + 6 * HOUR_MS - 2 * MINUTE_MS);
    world_stop(&world);
    world_start(&world, 1);
    cr_assert_eq(world_watermark(&world), WORLD_START_MS + 6 * HOUR_MS - 2 * MINUTE_MS,
                 "the clock of a partition is stored");
    cr_assert_eq(offer(0, EVENT("2013-02-08T06:00:00Z")), INGEST_REPEATED);
}

Test(ingest, fenced_drops_and_takes_up_where_the_store_is)
{
    int64_t next = 0;
    struct ingest *other_agent = ingest_new(world.setup, world.store);
    cr_assert_eq(offer(0, EVENT("2013-02-08T06:00:00Z")), INGEST_TAKEN);
    cr_assert_eq(take_partition(other_agent, "fraud", 0, 0, &next, NULL), 0);
    cr_assert_eq(world_commit(&world), STORE_FENCED);
    cr_assert_eq(ingest_totals(world.ingest)->fenced, 1);
    cr_assert_not(ingest_pending(world.ingest));
    ingest_free(other_agent);
    cr_assert_eq(take_partition(world.ingest, "fraud", 0, 0, &next, NULL), 0);
    cr_assert_eq(next, 0);
    cr_assert_eq(offer(0, EVENT("2013-02-08T06:00:00Z")), INGEST_TAKEN);
    cr_assert_eq(world_commit(&world), STORE_DONE);
    world_dump(&world, &dump);
    cr_assert(strstr(dump.data, " 1 0 0 0 0 0\n"), "%s", dump.data);
}

static int refuse(void *context)
{
    (void)context;
    return 1;
}

Test(ingest, the_same_commit_again_after_trouble)
{
    sqlite3 *db = sqlite_store_of(world.store)->db;
    for (int64_t i = 0; i < 10; i++)
        cr_assert_eq(offer(i, EVENT("2013-02-08T06:00:00Z")), INGEST_TAKEN);
    sqlite3_progress_handler(db, 1, refuse, NULL);
    for (int i = 0; i < 3; i++) {
        cr_assert_neq(world_commit(&world), STORE_DONE);
        cr_assert(ingest_pending(world.ingest));
    }
    sqlite3_progress_handler(db, 0, NULL, NULL);
    cr_assert_eq(world_commit(&world), STORE_DONE);
    world_dump(&world, &dump);
    cr_assert(strstr(dump.data, " 10 0 0 0 0 0\n"), "%s", dump.data);
}

/* Versions beyond the limit share one name; absent and over-long ones have theirs. */
Test(ingest, versions)
{
    char event[256];
    int64_t offset = 0;
    for (int i = 0; i < 40; i++) {
        snprintf(event, sizeof event,
                 "{\"ts\":\"2013-02-08T06:00:00Z\",\"version\":%s%d%s,\"features\":{}}",
                 i % 2 ? "\"" : "", i, i % 2 ? "\"" : "");
        cr_assert_eq(offer(offset++, event), INGEST_TAKEN);
    }
    cr_assert_eq(offer(offset++, "{\"ts\":\"2013-02-08T06:00:00Z\"}"), INGEST_TAKEN);
    cr_assert_eq(world_commit(&world), STORE_DONE);
    world_judge(&world, WORLD_START_MS + 7 * HOUR_MS, 0);
    world_dump(&world, &dump);
    uint32_t panes = 0;
    for (const char *at = dump.data; (at = strstr(at, "\npane ")); at++)
        panes++;
    cr_assert_eq(panes, world.setup->config->limits.versions + 1);
    cr_assert(strstr(dump.data, " (other) 25 "), "%s", dump.data);
}

Test(ingest, full_is_said_before_anything_is_dropped)
{
    int64_t offset = 0, taken = 0;
    while (offset < 5000) {
        enum ingest_result result = offer(offset, "{");
        if (result == INGEST_FULL) {
            cr_assert_eq(world_commit(&world), STORE_DONE);
            continue;
        }
        cr_assert_eq(result, INGEST_TAKEN);
        taken++;
        offset++;
    }
    cr_assert_eq(world_commit(&world), STORE_DONE);
    cr_assert_gt(ingest_totals(world.ingest)->commits, 1);
    cr_assert(records_are(0, 0, 0, taken, 0));
}

/* Any cut into commits gives the same rows. */
Test(ingest, order_and_cuts_do_not_matter)
{
    struct random random = random_new(41);
    struct stream stream = stream_make(random_next(&random), 1500, 5, 1);
    for (int round = 0; round < 3; round++) {
        world_close(&world);
        world_open(&world, WORLD_YAML, 1);
        for (uint32_t i = 0; i < stream.count; i++) {
            cr_assert_eq(ingest_record(world.ingest, &stream.records[i]), INGEST_TAKEN);
            if (round && random_below(&random, 200) == 0)
                cr_assert_eq(world_commit(&world), STORE_DONE);
        }
        cr_assert_eq(world_commit(&world), STORE_DONE);
        world_finish(&world);
        world_dump(&world, round ? &other : &dump);
        if (round)
            dumps_agree(&dump, &other, "in other commits");
    }
    stream_release(&stream);
}

static void offer_version(int64_t offset, const char *version)
{
    char event[256];
    snprintf(event, sizeof event,
             "{\"ts\":\"2013-02-08T06:00:00Z\",\"version\":\"%s\",\"features\":{}}", version);
    cr_assert_eq(offer(offset, event), INGEST_TAKEN);
}

/* The first versions of all keep their names, whatever process counts them. */
Test(ingest, the_limit_on_versions_holds_over_restarts)
{
    char name[16];
    int64_t offset = 0, limit = world.setup->config->limits.versions;
    sqlite3 *db = sqlite_store_of(world.store)->db;
    offer_version(offset++, "(other)");
    for (int64_t i = 0; i < limit - 1; i++) {
        snprintf(name, sizeof name, "v%" PRId64, i);
        offer_version(offset++, name);
    }
    cr_assert_eq(world_commit(&world), STORE_DONE);
    for (int round = 0; round < 2; round++) {
        int64_t next = 0;
        ingest_free(world.ingest);
        world.ingest = ingest_new(world.setup, world.store);
        sqlite3_progress_handler(db, 1, refuse, NULL);
        cr_assert_neq(take_partition(world.ingest, "fraud", 0, 0, &next, NULL), 0);
        sqlite3_progress_handler(db, 0, NULL, NULL);
        cr_assert_eq(take_partition(world.ingest, "fraud", 0, 0, &next, NULL), 0);
        cr_assert_eq(next, offset);
        offer_version(offset++, round ? "second" : "first");
        offer_version(offset++, "v3");
        cr_assert_eq(world_commit(&world), STORE_DONE);
    }
    world_judge(&world, WORLD_START_MS + 7 * HOUR_MS, 0);
    world_dump(&world, &dump);
    cr_assert(strstr(dump.data, " v3 3 "), "%s", dump.data);
    cr_assert(strstr(dump.data, " first 1 "), "%s", dump.data);
    cr_assert(strstr(dump.data, " (other) 2 "), "%s", dump.data);
    cr_assert_null(strstr(dump.data, " second "), "%s", dump.data);
}
