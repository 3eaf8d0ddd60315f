/* Who reads which partition, how far, and what came of every record: the receipt of promise 1. One
 * transaction moves the offsets and adds what was counted between them, so that a crash or a second
 * agent can neither lose nor double a record. Assumes that check.c has done the sums. Knows nothing
 * of what the counts mean. */
#include "store/sqlite_ops.h"

#include <inttypes.h>
#include <stdlib.h>

#include "store/sqlite_sql.h"
#include "sys/file.h"

static void read_partition(struct sql *sql, struct store_partition *ret)
{
    ret->epoch = sql_get_int(sql);
    ret->start_offset = sql_get_int(sql);
    ret->next_offset = sql_get_int(sql);
    ret->max_event_ms = sql_get_int_or(sql, INT64_MIN);
    ret->idle = sql_get_int(sql) != 0;
}

/* A new owner has found nothing out yet: the partition is not idle. */
static int take_one(struct sqlite_store *store, const struct store_take *take,
                    struct store_partition *ret, struct err *reterr)
{
    struct sql sql =
        sql_new(store, "INSERT INTO partition_state AS p (topic, part, owner, start_offset, epoch,"
                       " next_offset, updated_unix_ms) VALUES (?1, ?2, ?3, ?4, 1, ?4, ?5)"
                       " ON CONFLICT (topic, part) DO UPDATE SET epoch = p.epoch + 1,"
                       " start_offset = iif(p.epoch, p.start_offset, excluded.start_offset),"
                       " next_offset = iif(p.epoch, p.next_offset, excluded.next_offset),"
                       " idle = 0, owner = excluded.owner,"
                       " updated_unix_ms = excluded.updated_unix_ms"
                       " RETURNING epoch, start_offset, next_offset, max_event_ms, idle");
    sql_text(&sql, take->topic);
    sql_int(&sql, take->partition);
    sql_text(&sql, store->agent);
    sql_int(&sql, take->start_offset);
    sql_int(&sql, clock_unix_ms());
    int code = sql_next(&sql, reterr);
    if (code == 1) {
        ret->topic = take->topic;
        ret->partition = take->partition;
        read_partition(&sql, ret);
    }
    sql_end(&sql);
    return code < 0 ? code : 0;
}

struct taking {
    const struct store_take *takes;
    struct store_partition *taken; /* apart from `takes` until the transaction has ended */
    uint32_t count;
};

static int take_all(struct sqlite_store *store, void *what, struct err *reterr)
{
    const struct taking *taking = what;
    int code = 0;
    for (uint32_t i = 0; !code && i < taking->count; i++)
        code = take_one(store, &taking->takes[i], &taking->taken[i], reterr);
    return code;
}

int sqlite_take_now(struct store *base, struct store_take *takes, uint32_t count,
                    struct err *reterr)
{
    struct taking what = {takes, mem_new(count, sizeof *what.taken), count};
    int code = sqlite_write(sqlite_store_of(base), "take over partitions", take_all, &what, reterr);
    for (uint32_t i = 0; !code && i < count; i++)
        takes[i].ret = what.taken[i];
    free(what.taken);
    return code;
}

struct expected {
    const char *topic;
    uint32_t count;
};

static int expect_all(struct sqlite_store *store, void *what, struct err *reterr)
{
    const struct expected *expected = what;
    int code = 0;
    for (uint32_t i = 0; !code && i < expected->count; i++) {
        struct sql sql =
            sql_new(store, "INSERT INTO partition_state (topic, part, owner, start_offset, epoch,"
                           " next_offset, updated_unix_ms) VALUES (?, ?, '', -1, 0, -1, ?)"
                           " ON CONFLICT (topic, part) DO NOTHING");
        sql_text(&sql, expected->topic);
        sql_int(&sql, i);
        sql_int(&sql, clock_unix_ms());
        code = sql_run(&sql, NULL, reterr);
    }
    return code;
}

int sqlite_expect_now(struct store *base, const char *topic, uint32_t count, struct err *reterr)
{
    struct expected what = {topic, count};
    return sqlite_write(sqlite_store_of(base), "expect partitions", expect_all, &what, reterr);
}

int sqlite_partitions_now(struct store *base, store_partition_fn row, void *context,
                          struct err *reterr)
{
    struct sqlite_store *store = sqlite_store_of(base);
    store->doing = "read the partitions";
    struct sql sql =
        sql_new(store, "SELECT p.topic, p.part, p.epoch, p.start_offset, p.next_offset,"
                       " p.max_event_ms, p.idle,"
                       " sum(l.records) FILTER (WHERE l.disposition = 'counted'),"
                       " sum(l.records) FILTER (WHERE l.disposition = 'late'),"
                       " sum(l.records) FILTER (WHERE l.disposition = 'bad_time'),"
                       " sum(l.records) FILTER (WHERE l.disposition = 'quarantined'),"
                       " sum(l.records) FILTER (WHERE l.disposition = 'not_monitored'),"
                       " sum(l.records) FILTER (WHERE l.disposition = 'skipped')"
                       " FROM partition_state p LEFT JOIN ledger l USING (topic, part)"
                       " GROUP BY p.topic, p.part ORDER BY p.topic, p.part");
    int code;
    while ((code = sql_next(&sql, reterr)) == 1) {
        struct store_partition partition = {.topic = sql_get_text(&sql)};
        int64_t records[DISPOSITIONS + 1];
        partition.partition = (int32_t)sql_get_int(&sql);
        read_partition(&sql, &partition);
        for (int i = 0; i <= DISPOSITIONS; i++)
            records[i] = sql_get_int(&sql);
        if (row(context, &partition, records))
            break;
    }
    sql_end(&sql);
    return code < 0 ? code : 0;
}

static int add_to_ledger(struct sqlite_store *store, const struct store_advance *advance,
                         const char *disposition, int64_t records, struct err *reterr)
{
    if (!records)
        return 0;
    struct sql sql =
        sql_new(store, "INSERT INTO ledger (topic, part, disposition, records) VALUES (?, ?, ?, ?)"
                       " ON CONFLICT DO UPDATE SET records = records + excluded.records");
    sql_text(&sql, advance->topic);
    sql_int(&sql, advance->partition);
    sql_text(&sql, disposition);
    sql_int(&sql, records);
    return sql_run(&sql, NULL, reterr);
}

static int advance_partition(struct sqlite_store *store, const struct store_advance *advance,
                             struct err *reterr)
{
    int changes = 0;
    struct sql sql = sql_new(
        store, "UPDATE partition_state SET next_offset = ?1, updated_unix_ms = ?3, idle = ?8,"
               " max_event_ms = CASE WHEN ?2 IS NULL OR ?2 < max_event_ms THEN max_event_ms"
               " ELSE ?2 END WHERE topic = ?4 AND part = ?5 AND epoch = ?6 AND next_offset = ?7");
    sql_int(&sql, advance->new_offset);
    sql_int_or_null(&sql, advance->max_event_ms, INT64_MIN);
    sql_int(&sql, clock_unix_ms());
    sql_text(&sql, advance->topic);
    sql_int(&sql, advance->partition);
    sql_int(&sql, advance->epoch);
    sql_int(&sql, advance->old_offset);
    sql_int(&sql, advance->idle);
    int code = sql_run(&sql, &changes, reterr);
    if (!code && !changes)
        code = err_set(reterr, ERR_CONFLICT,
                       "%s/%" PRId32 " has another owner, or is not at offset %" PRId64
                       " (epoch %" PRId64 ")",
                       advance->topic, advance->partition, advance->old_offset, advance->epoch);
    for (int i = 0; !code && i < DISPOSITIONS; i++)
        code = add_to_ledger(store, advance, disposition_name((enum disposition)i),
                             advance->records[i], reterr);
    return code ? code : add_to_ledger(store, advance, "skipped", advance->skipped, reterr);
}

static int add_delta(struct sqlite_store *store, const struct store_delta *delta,
                     struct err *reterr)
{
    struct sql sql =
        sql_new(store, "INSERT INTO pane_delta (monitor, version, generation, start_ms, pane_ms,"
                       " row_count, counts, agent) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    sql_text(&sql, delta->monitor);
    sql_text(&sql, delta->version);
    sql_text(&sql, delta->generation);
    sql_int(&sql, delta->pane_start_ms);
    sql_int(&sql, delta->pane_ms);
    sql_int(&sql, delta->rows);
    sql_bytes(&sql, delta->counts);
    sql_text(&sql, store->agent);
    return sql_run(&sql, NULL, reterr);
}

static int add_quarantine(struct sqlite_store *store, const struct store_quarantine *record,
                          struct err *reterr)
{
    struct sql sql =
        sql_new(store, "INSERT INTO quarantine (topic, part, record_offset, reason, size_bytes,"
                       " sha256, created_unix_ms) VALUES (?, ?, ?, ?, ?, ?, ?)"
                       " ON CONFLICT (topic, part, record_offset) DO NOTHING");
    sql_text(&sql, record->topic);
    sql_int(&sql, record->partition);
    sql_int(&sql, record->offset);
    sql_text(&sql, record->reason);
    sql_int(&sql, record->size_bytes);
    sql_text(&sql, record->sha256);
    sql_int(&sql, clock_unix_ms());
    return sql_run(&sql, NULL, reterr);
}

static int commit(struct sqlite_store *store, void *what, struct err *reterr)
{
    const struct store_commit *commit = what;
    int code = 0;
    for (uint32_t i = 0; !code && i < commit->advance_count; i++)
        code = advance_partition(store, &commit->advances[i], reterr);
    for (uint32_t i = 0; !code && i < commit->register_count; i++)
        code = sqlite_register(store, &commit->registers[i], reterr);
    for (uint32_t i = 0; !code && i < commit->delta_count; i++)
        code = add_delta(store, &commit->deltas[i], reterr);
    for (uint32_t i = 0; !code && i < commit->quarantine_count; i++)
        code = add_quarantine(store, &commit->quarantine[i], reterr);
    return code;
}

int sqlite_commit_now(struct store *base, const struct store_commit *what, struct err *reterr)
{
    struct store_commit copy = *what;
    return sqlite_write(sqlite_store_of(base), "commit counts", commit, &copy, reterr);
}
