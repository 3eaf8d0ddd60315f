/* Keeping the store small, and saying how large it is. What nobody has judged and what nobody has
 * been told is never deleted, however old. All agents share one connection each, so deleting goes
 * in portions, between which other calls get their turn. */
#include "store/postgres_ops.h"

/* Portions of 5,000 rows; is there more? $1 panes, $2 verdicts (both ms), $3 quarantined rows. */
#define PORTION "5000"

static const char prune_sql[] =
    "with panes as (delete from leeway.pane where ctid = any(array(select ctid from leeway.pane"
    " where start_ms < $1::bigint order by start_ms limit " PORTION ")) returning 1),"
    " aside as (delete from leeway.pane_set_aside where id = any(array(select id"
    " from leeway.pane_set_aside where start_ms < $1::bigint order by start_ms limit " PORTION
    ")) returning 1),"
    " verdicts as (delete from leeway.verdict where sequence = any(array(select sequence"
    " from leeway.verdict where window_end < leeway.time_of($2::bigint)"
    " order by window_end, sequence limit " PORTION ")) returning sequence),"
    " histograms as (delete from leeway.window_histogram h using verdicts v"
    " where h.verdict = v.sequence),"
    " messages as (delete from leeway.outbox where id = any(array(select o.id"
    " from leeway.incident i join leeway.outbox o on o.incident = i.id"
    " where i.resolved_at < leeway.time_of($2::bigint)"
    " and o.state not in ('pending', 'parked') limit " PORTION ")) returning 1),"
    " incidents as (delete from leeway.incident where id = any(array(select i.id"
    " from leeway.incident i where i.resolved_at < leeway.time_of($2::bigint)"
    " and not exists (select from leeway.outbox o where o.incident = i.id"
    " and o.state in ('pending', 'parked')) order by i.opened_at limit " PORTION ")) returning 1),"
    " records as (delete from leeway.quarantine where id = any(array(select id"
    " from leeway.quarantine where id <= (select id from leeway.quarantine order by id desc"
    " limit 1 offset $3::bigint) order by id limit " PORTION ")) returning 1),"
    " claims as (delete from leeway.claim where claimed_until < now() - interval '1 day')"
    " select greatest((select count(*) from panes), (select count(*) from aside),"
    " (select count(*) from verdicts), (select count(*) from messages),"
    " (select count(*) from incidents), (select count(*) from records)) = " PORTION;

struct pruning {
    bool more;
};

static int prune_row(struct call *call, struct row *row)
{
    ((struct pruning *)call->what)->more = row_bool(row);
    return 0;
}

static int prune_finish(struct call *call, struct err *reterr)
{
    (void)reterr;
    call->again = ((struct pruning *)call->what)->more;
    return 0;
}

void postgres_prune(struct store *store, int64_t panes_before_ms, int64_t verdicts_before_ms,
                    uint32_t quarantine_rows, store_done_fn done, void *context)
{
    struct call *call =
        call_new("delete what is too old", prune_sql, sizeof(struct pruning), done, context);
    call_int(call, panes_before_ms);
    call_int(call, verdicts_before_ms);
    call_int(call, quarantine_rows);
    call->row = prune_row;
    call->finish = prune_finish;
    postgres_start(store, call);
}

/* ---- sizes */

struct measuring {
    struct store_stats stats, *ret;
};

/* The tables that grow are measured by their first and last number, or estimated. */
static const char stats_sql[] =
    "select (select count(*) from leeway.pane_delta),"
    " (select case when few.n < 10000 then few.n else (select greatest(reltuples, few.n)::bigint"
    " from pg_class where oid = 'leeway.pane'::regclass) end from (select count(*) as n"
    " from (select from leeway.pane limit 10000) as p) as few),"
    " (select coalesce(max(sequence) - min(sequence) + 1, 0) from leeway.verdict),"
    " (select coalesce(max(id) - min(id) + 1, 0) from leeway.quarantine),"
    " (select count(*) from leeway.incident where resolved_at is null),"
    " count(*) filter (where state = 'pending'), count(*) filter (where state = 'parked'),"
    " leeway.ms_of(min(created_at)),"
    " (select coalesce(sum(pg_total_relation_size(oid)), 0)::bigint from pg_class"
    " where relnamespace = 'leeway'::regnamespace and relkind = 'r')"
    " from leeway.outbox where state in ('pending', 'parked')";

static int stats_row(struct call *call, struct row *row)
{
    struct store_stats *stats = &((struct measuring *)call->what)->stats;
    int64_t *numbers[] = {&stats->deltas,         &stats->panes,
                          &stats->verdicts,       &stats->quarantined,
                          &stats->incidents_open, &stats->outbox_pending,
                          &stats->outbox_parked,  &stats->outbox_oldest_unix_ms,
                          &stats->size_bytes};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        *numbers[i] = row_int(row);
    return 0;
}

static int stats_finish(struct call *call, struct err *reterr)
{
    struct measuring *measuring = call->what;
    (void)reterr;
    *measuring->ret = measuring->stats;
    return 0;
}

void postgres_stats(struct store *store, struct store_stats *ret_stats, store_done_fn done,
                    void *context)
{
    struct call *call =
        call_new("measure the store", stats_sql, sizeof(struct measuring), done, context);
    ((struct measuring *)call->what)->ret = ret_stats;
    call->row = stats_row;
    call->finish = stats_finish;
    postgres_start(store, call);
}
