/* Who reads which partition, how far, and what came of every record. A commit is one statement: it
 * locks the partitions in the order of their keys, compares (epoch, next_offset) of all of them,
 * and writes everything or nothing; with eight agents at once, too. If its answer is lost, the
 * partitions themselves tell what became of it, because nobody else can have moved them under our
 * epoch. Assumes that check.c has done the sums. Knows nothing of what the counts mean. */
#include <inttypes.h>

#include "store/postgres_ops.h"

/* ---- taking */

struct taking {
    struct store_take *takes;
    struct store_partition *taken;
    uint32_t count;
};

/* A new owner has found nothing out yet: the partition is not idle. */
static const char take_sql[] =
    "insert into leeway.partition_state as p (topic, part, owner, epoch, start_offset, next_offset)"
    " select topic, part, $2, 1, start, start"
    " from json_to_recordset($1) as t (topic text, part integer, start bigint)"
    " order by topic collate \"C\", part"
    " on conflict (topic, part) do update set epoch = p.epoch + 1, owner = excluded.owner,"
    " start_offset = case when p.epoch = 0 then excluded.start_offset else p.start_offset end,"
    " next_offset = case when p.epoch = 0 then excluded.next_offset else p.next_offset end,"
    " idle = false, updated_at = now()"
    " returning topic, part, epoch, start_offset, next_offset, max_event_ms, idle";

static void read_partition(struct row *row, struct store_partition *ret)
{
    ret->epoch = row_int(row);
    ret->start_offset = row_int(row);
    ret->next_offset = row_int(row);
    ret->max_event_ms = row_int_or(row, INT64_MIN);
    ret->idle = row_bool(row);
}

static int taken_row(struct call *call, struct row *row)
{
    struct taking *taking = call->what;
    const char *topic = row_text(row);
    int32_t part = (int32_t)row_int(row);
    for (uint32_t i = 0; i < taking->count; i++)
        if (taking->takes[i].partition == part && !strcmp(taking->takes[i].topic, topic))
            read_partition(row, &taking->taken[i]);
    return 0;
}

static int take_finish(struct call *call, struct err *reterr)
{
    struct taking *taking = call->what;
    for (uint32_t i = 0; i < taking->count; i++)
        if (!taking->taken[i].epoch) /* its topic is no valid text, so it is stored as another */
            return err_set(reterr, ERR_INVALID, "cannot take partition %" PRId32 " of this topic",
                           taking->takes[i].partition);
    for (uint32_t i = 0; i < taking->count; i++) {
        taking->taken[i].topic = taking->takes[i].topic;
        taking->taken[i].partition = taking->takes[i].partition;
        taking->takes[i].ret = taking->taken[i];
    }
    return 0;
}

void postgres_take(struct store *store, struct store_take *takes, uint32_t count,
                   store_done_fn done, void *context)
{
    size_t size = sizeof(struct taking) + count * sizeof(struct store_partition);
    struct call *call = call_new("take over partitions", take_sql, size, done, context);
    struct taking *taking = call->what;
    struct list list = list_begin();
    *taking = (struct taking){takes, (struct store_partition *)(taking + 1), count};
    for (uint32_t i = 0; i < count; i++) {
        list_row(&list);
        list_text(&list, "topic", takes[i].topic);
        list_int(&list, "part", takes[i].partition);
        list_int(&list, "start", takes[i].start_offset);
    }
    call_list(call, &list);
    call_text(call, postgres_store_of(store)->agent);
    call->row = taken_row;
    call->finish = take_finish;
    postgres_start(store, call);
}

void postgres_expect(struct store *store, const char *topic, uint32_t count, store_done_fn done,
                     void *context)
{
    struct call *call =
        call_new("expect partitions",
                 "insert into leeway.partition_state (topic, part, owner, epoch, start_offset,"
                 " next_offset) select $1, part, '', 0, -1, -1"
                 " from generate_series(0, $2::integer - 1) as part"
                 " on conflict (topic, part) do nothing",
                 0, done, context);
    call_text(call, topic);
    call_int(call, count);
    postgres_start(store, call);
}

/* ---- reading */

struct reading {
    store_partition_fn row;
    void *context;
};

#define RECORDS(NAME)                                                                              \
    ", coalesce(sum(l.records) filter (where l.disposition = '" NAME "'), 0)::bigint"

static const char partitions_sql[] =
    "select p.topic, p.part, p.epoch, p.start_offset, p.next_offset, p.max_event_ms, "
    "p.idle" RECORDS("counted") RECORDS("late") RECORDS("bad_time") RECORDS("quarantined")
        RECORDS("not_monitored")
            RECORDS("skipped") " from leeway.partition_state p left join leeway.ledger l using "
                               "(topic, part)"
                               " group by p.topic, p.part order by p.topic, p.part";

static int partition_row(struct call *call, struct row *row)
{
    struct reading *reading = call->what;
    struct store_partition partition = {.topic = row_text(row)};
    int64_t records[DISPOSITIONS + 1];
    partition.partition = (int32_t)row_int(row);
    read_partition(row, &partition);
    for (int i = 0; i <= DISPOSITIONS; i++)
        records[i] = row_int(row);
    return reading->row(reading->context, &partition, records);
}

void postgres_partitions(struct store *store, store_partition_fn row, void *row_context,
                         store_done_fn done, void *context)
{
    struct call *call =
        call_new("read the partitions", partitions_sql, sizeof(struct reading), done, context);
    *(struct reading *)call->what = (struct reading){row, row_context};
    call->row = partition_row;
    postgres_start(store, call);
}

/* ---- committing */

#define WANT                                                                                       \
    "with want as materialized (select * from json_to_recordset($1) as w (topic text,"             \
    " part integer, epoch bigint, lo bigint, hi bigint, clock bigint, idle boolean,"               \
    " counted bigint, late bigint, bad_time bigint, quarantined bigint, not_monitored bigint,"     \
    " skipped bigint)),"

static const char commit_sql[] = WANT
    " locked as materialized (select p.topic, p.part from leeway.partition_state p"
    " join want w on p.topic = w.topic and p.part = w.part and p.epoch = w.epoch"
    " and p.next_offset = w.lo order by p.topic, p.part for update of p),"
    " ok as materialized (select (select count(*) from locked) = (select count(*) from want)"
    " as all_mine),"
    " moved as (update leeway.partition_state p set next_offset = w.hi,"
    " max_event_ms = greatest(p.max_event_ms, w.clock), idle = w.idle, updated_at = now()"
    " from want w, ok where ok.all_mine and p.topic = w.topic and p.part = w.part returning 1),"
    " done as materialized (select count(*) = (select count(*) from want) as all_moved"
    " from moved),"
    " registered as (insert into leeway.generation (hash, monitor, version, baseline_hash,"
    " first_pane_ms) select r.hash, r.monitor, r.version, r.baseline_hash, r.first_pane_ms"
    " from done, json_to_recordset($2) as r (hash text, monitor text, version text,"
    " baseline_hash text, first_pane_ms bigint) where done.all_moved"
    " order by r.monitor collate \"C\", r.version collate \"C\", r.hash collate \"C\""
    " on conflict (hash, monitor, version) do nothing),"
    " counted as (insert into leeway.pane_delta (monitor, version, generation, start_ms, pane_ms,"
    " row_count, counts, agent) select d.monitor, d.version, d.generation, d.start_ms, d.pane_ms,"
    " d.row_count, substr($4::bytea, d.at, d.size), $6 from done, json_to_recordset($3) as d"
    " (monitor text, version text, generation text, start_ms bigint, pane_ms bigint,"
    " row_count bigint, at integer, size integer) where done.all_moved),"
    " ledgered as (insert into leeway.ledger as l (topic, part, disposition, records)"
    " select w.topic, w.part, n.disposition, n.records from done, want w, lateral (values"
    " ('counted', w.counted), ('late', w.late), ('bad_time', w.bad_time),"
    " ('quarantined', w.quarantined), ('not_monitored', w.not_monitored), ('skipped', w.skipped))"
    " as n (disposition, records) where done.all_moved and n.records > 0"
    " on conflict (topic, part, disposition) do update set records = l.records"
    " + excluded.records),"
    " quarantined as (insert into leeway.quarantine (topic, part, record_offset, reason,"
    " size_bytes, sha256) select q.topic, q.part, q.record_offset, q.reason, q.size_bytes,"
    " q.sha256 from done, json_to_recordset($5) as q (topic text, part integer,"
    " record_offset bigint, reason text, size_bytes bigint, sha256 text) where done.all_moved"
    " on conflict (topic, part, record_offset) do nothing)"
    /* And, for the message, one that was not as expected. */
    " select done.all_moved, w.topic, w.part, w.lo, w.epoch from done left join lateral"
    " (select * from want where not exists (select from locked l where l.topic = want.topic"
    " and l.part = want.part) limit 1) as w on true";

/* Waits for a backend that may still be at it. */
static const char ask_sql[] =
    WANT " locked as materialized (select p.topic, p.part, p.epoch, p.next_offset"
         " from leeway.partition_state p join want w on p.topic = w.topic and p.part = w.part"
         " order by p.topic, p.part for update of p)"
         " select coalesce(bool_and(l.epoch = w.epoch and l.next_offset = w.hi), true),"
         " coalesce(bool_and(l.epoch = w.epoch and l.next_offset = w.lo), true),"
         " coalesce(bool_or(l.topic is null), false)"
         " from want w left join locked l on l.topic = w.topic and l.part = w.part";

struct committing {
    bool all_moved, has_counts;
    char topic[128]; /* of a partition that was not as expected */
    int64_t part, offset, epoch;
    struct text counts;
};

static int commit_row(struct call *call, struct row *row)
{
    struct committing *committing = call->what;
    committing->all_moved = row_bool(row);
    const char *topic = row_text(row);
    memcpy(committing->topic, topic, strnlen(topic, sizeof committing->topic - 1));
    committing->part = row_int(row);
    committing->offset = row_int(row);
    committing->epoch = row_int(row);
    return 0;
}

static int commit_finish(struct call *call, struct err *reterr)
{
    struct committing *committing = call->what;
    if (committing->all_moved)
        return 0;
    return err_set(reterr, ERR_CONFLICT,
                   "%s/%" PRId64 " has another owner, or is not at offset %" PRId64
                   " (epoch %" PRId64 ")",
                   committing->topic, committing->part, committing->offset, committing->epoch);
}

/* An advance by nothing looks the same before and after; alone it may be repeated. */
static enum call_asked commit_asked(struct call *call, struct row *row)
{
    struct committing *committing = call->what;
    bool all_new = row_bool(row), all_old = row_bool(row), missing = row_bool(row);
    if (missing || (all_new && all_old && committing->has_counts))
        return ASKED_FENCED;
    if (all_old)
        return ASKED_NOT_DONE;
    return all_new ? ASKED_DONE : ASKED_FENCED;
}

static void commit_release(struct call *call)
{
    struct committing *committing = call->what;
    text_release(&committing->counts);
}

static struct list advances_list(const struct store_commit *commit)
{
    struct list list = list_begin();
    for (uint32_t i = 0; i < commit->advance_count; i++) {
        const struct store_advance *advance = &commit->advances[i];
        list_row(&list);
        list_text(&list, "topic", advance->topic);
        list_int(&list, "part", advance->partition);
        list_int(&list, "epoch", advance->epoch);
        list_int(&list, "lo", advance->old_offset);
        list_int(&list, "hi", advance->new_offset);
        list_int_or_null(&list, "clock", advance->max_event_ms, INT64_MIN);
        list_bool(&list, "idle", advance->idle);
        for (int d = 0; d < DISPOSITIONS; d++)
            list_int(&list, disposition_name((enum disposition)d), advance->records[d]);
        list_int(&list, "skipped", advance->skipped);
    }
    return list;
}

static struct list registers_list(const struct store_commit *commit)
{
    struct list list = list_begin();
    for (uint32_t i = 0; i < commit->register_count; i++) {
        const struct store_register *generation = &commit->registers[i];
        list_row(&list);
        list_text(&list, "hash", generation->hash);
        list_text(&list, "monitor", generation->monitor);
        list_text(&list, "version", generation->version);
        list_text(&list, "baseline_hash", generation->baseline_hash);
        list_int(&list, "first_pane_ms", generation->first_pane_ms);
    }
    return list;
}

/* The counts of all lie one after the other in one parameter. */
static struct list deltas_list(const struct store_commit *commit, struct text *ret_counts)
{
    struct list list = list_begin();
    for (uint32_t i = 0; i < commit->delta_count; i++) {
        const struct store_delta *delta = &commit->deltas[i];
        list_row(&list);
        list_text(&list, "monitor", delta->monitor);
        list_text(&list, "version", delta->version);
        list_text(&list, "generation", delta->generation);
        list_int(&list, "start_ms", delta->pane_start_ms);
        list_int(&list, "pane_ms", delta->pane_ms);
        list_int(&list, "row_count", delta->rows);
        list_int(&list, "at", (int64_t)ret_counts->size + 1);
        list_int(&list, "size", (int64_t)delta->counts.size);
        text_add(ret_counts, delta->counts.data, delta->counts.size);
    }
    return list;
}

static struct list quarantine_list(const struct store_commit *commit)
{
    struct list list = list_begin();
    for (uint32_t i = 0; i < commit->quarantine_count; i++) {
        const struct store_quarantine *record = &commit->quarantine[i];
        list_row(&list);
        list_text(&list, "topic", record->topic);
        list_int(&list, "part", record->partition);
        list_int(&list, "record_offset", record->offset);
        list_text(&list, "reason", record->reason);
        list_int(&list, "size_bytes", record->size_bytes);
        list_text(&list, "sha256", record->sha256);
    }
    return list;
}

void postgres_commit(struct store *store, const struct store_commit *commit, store_done_fn done,
                     void *context)
{
    struct call *call =
        call_new("commit counts", commit_sql, sizeof(struct committing), done, context);
    struct committing *committing = call->what;
    struct list list = advances_list(commit);
    call_list(call, &list);
    list = registers_list(commit);
    call_list(call, &list);
    list = deltas_list(commit, &committing->counts);
    call_list(call, &list);
    call_bytes(call, bytes_make(committing->counts.data, committing->counts.size));
    list = quarantine_list(commit);
    call_list(call, &list);
    call_text(call, postgres_store_of(store)->agent);
    committing->has_counts = commit->delta_count || commit->quarantine_count;
    call->row = commit_row;
    call->finish = commit_finish;
    call->release = commit_release;
    call->loss = LOSS_ASK;
    call->ask = ask_sql;
    call->asked = commit_asked;
    postgres_start(store, call);
}
