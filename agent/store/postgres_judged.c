/* What was judged, once: panes, verdicts, incidents and messages go in together with the position
 * that they stand for, in one statement, so that two judges cannot tell the same story twice.
 *
 *     delta ──(store_judged, position by compare-and-set)──► pane, revision 1
 *     late delta ──(store_merge_late, revision by compare-and-set)──► pane, revision + 1
 *
 * Whoever writes panes of a monitor locks its row of judge_state first, so writers of one monitor
 * follow each other and those of different ones never meet. If a pane turns out to have changed
 * although the position has not, the statement fails as a whole (leeway.fenced). Assumes that the
 * caller has added up correctly. Knows nothing of counts and JSON. */
#include <inttypes.h>

#include "store/check.h"
#include "store/postgres_ops.h"

/* ---- the right to judge */

struct claiming {
    bool given, *ret;
};

static int claim_row(struct call *call, struct row *row)
{
    struct claiming *claiming = call->what;
    (void)row;
    claiming->given = true;
    return 0;
}

static int claim_finish(struct call *call, struct err *reterr)
{
    struct claiming *claiming = call->what;
    (void)reterr;
    *claiming->ret = claiming->given;
    return 0;
}

void postgres_claim(struct store *store, const char *monitor, int64_t lease_ms, bool *ret_given,
                    store_done_fn done, void *context)
{
    struct call *call =
        call_new("claim a monitor",
                 "insert into leeway.claim as c (kind, name, agent, claimed_until)"
                 " values ('judge', $1, $2, clock_timestamp() + least($3::bigint, 86400000)"
                 " * interval '1 millisecond')"
                 " on conflict (kind, name) do update set agent = excluded.agent,"
                 " claimed_until = excluded.claimed_until"
                 " where c.agent = excluded.agent or c.claimed_until <= clock_timestamp()"
                 " returning 1",
                 sizeof(struct claiming), done, context);
    ((struct claiming *)call->what)->ret = ret_given;
    call_text(call, monitor);
    call_text(call, postgres_store_of(store)->agent);
    call_int(call, lease_ms);
    call->row = claim_row;
    call->finish = claim_finish;
    postgres_start(store, call);
}

/* ---- its state */

struct loading {
    int64_t position_ms, *ret_position_ms;
    struct text state, *ret_state;
};

static int load_row(struct call *call, struct row *row)
{
    struct loading *loading = call->what;
    loading->position_ms = row_int_or(row, INT64_MIN);
    text_puts(&loading->state, row_text(row));
    return 0;
}

static int load_finish(struct call *call, struct err *reterr)
{
    struct loading *loading = call->what;
    (void)reterr;
    *loading->ret_position_ms = loading->position_ms;
    if (loading->ret_state && loading->state.size)
        text_add(loading->ret_state, loading->state.data, loading->state.size);
    return 0;
}

static void load_release(struct call *call)
{
    struct loading *loading = call->what;
    text_release(&loading->state);
}

void postgres_judge_load(struct store *store, const char *monitor, int64_t *ret_position_ms,
                         struct text *ret_state, store_done_fn done, void *context)
{
    struct call *call =
        call_new("read the judge's state",
                 "select position_ms, state from leeway.judge_state where monitor = $1",
                 sizeof(struct loading), done, context);
    struct loading *loading = call->what;
    loading->position_ms = INT64_MIN;
    loading->ret_position_ms = ret_position_ms;
    loading->ret_state = ret_state;
    call_text(call, monitor);
    call->row = load_row;
    call->finish = load_finish;
    call->release = load_release;
    postgres_start(store, call);
}

/* ---- panes: $1 monitor, $2 the panes, $3 their counts, $4 the deltas that were read */

#define SAME_PANE(T)                                                                               \
    T ".monitor = $1 and " T ".start_ms = w.start_ms and " T ".version = w.version and " T         \
      ".generation = w.generation"

#define WANT                                                                                       \
    "want as materialized (select * from json_to_recordset($2) as w (start_ms bigint,"             \
    " version text, generation text, row_count bigint, at integer, size integer,"                  \
    " revision integer)),"

/* If `GATE` has a row. */
#define KEEP_PANES(GATE)                                                                           \
    " replaced as (update leeway.pane p set row_count = w.row_count,"                              \
    " counts = substr($3::bytea, w.at, w.size), revision = p.revision + 1, updated_at = now()"     \
    " from want w, " GATE " where w.revision > 0 and p.revision = w.revision and " SAME_PANE(      \
        "p") " returning 1),"                                                                      \
             " added as (insert into leeway.pane (monitor, start_ms, version, generation, "        \
             "row_count,"                                                                          \
             " counts, revision) select $1, w.start_ms, w.version, w.generation, w.row_count,"     \
             " substr($3::bytea, w.at, w.size), 1 from want w, " GATE " where w.revision = 0"      \
             " on conflict (monitor, start_ms, version, generation) do nothing returning 1),"      \
             " gone as (delete from leeway.pane_delta d using want w, " GATE                       \
             " where d.id = any($4::bigint[]) and " SAME_PANE(                                     \
                 "d") "),"                                                                         \
                      " kept as materialized (select (select count(*) from replaced)"              \
                      " + (select count(*) from added) as n)"

#define FENCED_PANE "leeway.fenced('a pane of ' || $1 || ' is no longer at the revision read')"

struct writing {
    struct text counts;
    bool written;
    int64_t position_ms;
    const char *monitor;
};

static void writing_release(struct call *call)
{
    struct writing *writing = call->what;
    text_release(&writing->counts);
}

/* Adds $1 to $4. */
static int add_panes(struct store *store, struct call *call, const char *monitor,
                     const struct store_pane *panes, uint32_t count, int64_t mark,
                     struct err *reterr)
{
    struct writing *writing = call->what;
    struct list list = list_begin();
    struct text ids = {0};
    for (uint32_t i = 0; i < count; i++) {
        list_row(&list);
        list_int(&list, "start_ms", panes[i].start_ms);
        list_text(&list, "version", panes[i].version);
        list_text(&list, "generation", panes[i].generation);
        list_int(&list, "row_count", panes[i].rows);
        list_int(&list, "at", (int64_t)writing->counts.size + 1);
        list_int(&list, "size", (int64_t)panes[i].counts.size);
        list_int(&list, "revision", panes[i].revision);
        text_add(&writing->counts, panes[i].counts.data, panes[i].counts.size);
    }
    bool known = postgres_mark_ids(postgres_store_of(store), monitor, mark, &ids);
    writing->monitor = monitor;
    call->release = writing_release;
    call->loss = LOSS_GIVE_UP;
    call_text(call, monitor);
    call_list(call, &list);
    call_bytes(call, bytes_make(writing->counts.data, writing->counts.size));
    call_take_text(call, &ids);
    return known ? 0
                 : err_set(reterr, ERR_CONFLICT,
                           "could not %s: the deltas of %s have been read again since", call->doing,
                           monitor);
}

/* ---- writing what was judged */

/* In two parts, since a string may have 4,095 characters. */
static const char judged_sql[] =
    "with " WANT
    /* A first row is written only for a first position; a stored one must be the old one. */
    " moved as (insert into leeway.judge_state as s (monitor, position_ms, state)"
    " select $1, $6::bigint, $7 where $5::bigint is null"
    " or exists (select from leeway.judge_state where monitor = $1)"
    " on conflict (monitor) do update set position_ms = excluded.position_ms,"
    " state = excluded.state, updated_at = now()"
    " where s.position_ms is not distinct from $5::bigint returning 1)," KEEP_PANES(
        "moved") ","
                 " told as materialized (select * from json_to_recordset($8) as v (i integer, id "
                 "text,"
                 " monitor text, version text, segment text, field text, generation text, "
                 "window_ms bigint,"
                 " start_ms bigint, end_ms bigint, n bigint, baseline_n bigint, state text, "
                 "severity text,"
                 " significant boolean, provisional boolean, p double precision, effect double "
                 "precision,"
                 " psi double precision, js double precision, ks double precision,"
                 " wasserstein double precision, g double precision, missing_rate double precision,"
                 " detail text, document text, histogram text)),"
                 " verdicts as (insert into leeway.verdict (id, monitor, version, segment, field, "
                 "generation,"
                 " window_ms, window_start, window_end, n, baseline_n, state, severity, "
                 "significant,"
                 " provisional, p, effect, psi, js, ks, wasserstein, g, missing_rate, detail, "
                 "document)"
                 " select v.id, v.monitor, v.version, v.segment, v.field, v.generation, "
                 "v.window_ms,"
                 " leeway.time_of(v.start_ms), leeway.time_of(v.end_ms), v.n, v.baseline_n, "
                 "v.state,"
                 " v.severity, v.significant, v.provisional, v.p, v.effect, v.psi, v.js, v.ks, "
                 "v.wasserstein,"
                 " v.g, v.missing_rate, v.detail, v.document from told v, moved order by v.i"
                 " on conflict (id) do nothing returning sequence, id),"
                 " histograms as (insert into leeway.window_histogram (verdict, counts)"
                 " select a.sequence, v.histogram from verdicts a join told v on v.id = a.id"
                 " where v.histogram is not null on conflict (verdict) do nothing),";

static const char told_sql[] =
    " incidents as (insert into leeway.incident as i (id, monitor, version, rule, "
    "state, severity,"
    " title, evidence, opened_at, updated_at, resolved_at, sequence)"
    " select distinct on (n.id collate \"C\") n.id, n.monitor, n.version, n.rule, n.state, "
    "n.severity, n.title,"
    " n.evidence, leeway.time_of(n.opened_ms), leeway.time_of(n.updated_ms),"
    " leeway.time_of(n.resolved_ms), n.sequence from moved, json_to_recordset($9) as n"
    " (i integer, id text, monitor text, version text, rule text, state text, "
    "severity text,"
    " title text, evidence text, opened_ms bigint, updated_ms bigint, resolved_ms "
    "bigint,"
    " sequence bigint) order by n.id collate \"C\", n.sequence desc, n.i desc"
    " on conflict (id) do update set state = excluded.state, severity = "
    "excluded.severity,"
    " title = excluded.title, evidence = excluded.evidence, opened_at = "
    "excluded.opened_at,"
    " updated_at = excluded.updated_at, resolved_at = excluded.resolved_at,"
    " sequence = excluded.sequence where excluded.sequence >= i.sequence),"
    " messages as (insert into leeway.outbox (receiver, incident, sequence, event, "
    "message_id,"
    " payload) select m.receiver, m.incident, m.sequence, m.event, m.message_id, "
    "m.payload"
    " from moved, json_to_recordset($10) as m (i integer, receiver text, incident "
    "text,"
    " sequence bigint, event text, message_id text, payload text) order by m.i"
    " on conflict (receiver, message_id) do nothing)"
    " select exists (select from moved), case when exists (select from moved)"
    " and kept.n <> (select count(*) from want) then " FENCED_PANE " end from kept";

static int written_row(struct call *call, struct row *row)
{
    struct writing *writing = call->what;
    writing->written = row_bool(row);
    return 0;
}

static int judged_finish(struct call *call, struct err *reterr)
{
    struct writing *writing = call->what;
    if (writing->written)
        return 0;
    return err_set(reterr, ERR_CONFLICT, "%s is no longer judged up to %" PRId64, writing->monitor,
                   writing->position_ms);
}

static void verdict_scores(struct list *list, const struct store_verdict *verdict)
{
    const struct {
        const char *name;
        double value;
    } scores[] = {{"p", verdict->p},     {"effect", verdict->effect},
                  {"psi", verdict->psi}, {"js", verdict->js},
                  {"ks", verdict->ks},   {"wasserstein", verdict->wasserstein},
                  {"g", verdict->g},     {"missing_rate", verdict->missing_rate}};
    for (size_t i = 0; i < sizeof scores / sizeof *scores; i++)
        list_real(list, scores[i].name, scores[i].value);
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

static struct list verdicts_list(const struct store_judged *judged)
{
    struct list list = list_begin();
    for (uint32_t i = 0; i < judged->verdict_count; i++) {
        const struct store_verdict *verdict = &judged->verdicts[i];
        list_row(&list);
        list_int(&list, "i", i);
        list_text(&list, "id", verdict->id);
        list_text(&list, "monitor", verdict->monitor);
        list_text(&list, "version", verdict->version);
        list_text(&list, "segment", verdict->segment);
        list_text(&list, "field", verdict->field);
        list_text(&list, "generation", verdict->generation);
        list_int(&list, "window_ms", verdict->window_ms);
        list_int(&list, "start_ms", verdict->start_ms);
        list_int(&list, "end_ms", verdict->end_ms);
        list_int(&list, "n", verdict->n);
        list_int(&list, "baseline_n", verdict->baseline_n);
        list_text(&list, "state", verdict->state);
        list_text(&list, "severity", or_empty(verdict->severity));
        list_bool(&list, "significant", verdict->significant);
        list_bool(&list, "provisional", verdict->provisional);
        verdict_scores(&list, verdict);
        list_text(&list, "detail", or_empty(verdict->detail));
        list_text(&list, "document", or_empty(verdict->document));
        list_text(&list, "histogram", verdict->histogram);
    }
    return list;
}

static struct list incidents_list(const struct store_judged *judged)
{
    struct list list = list_begin();
    for (uint32_t i = 0; i < judged->incident_count; i++) {
        const struct store_incident *incident = &judged->incidents[i];
        list_row(&list);
        list_int(&list, "i", i);
        list_text(&list, "id", incident->id);
        list_text(&list, "monitor", incident->monitor);
        list_text(&list, "version", incident->version);
        list_text(&list, "rule", incident->rule);
        list_text(&list, "state", incident->state);
        list_text(&list, "severity", or_empty(incident->severity));
        list_text(&list, "title", or_empty(incident->title));
        list_text(&list, "evidence", or_empty(incident->evidence));
        list_int(&list, "opened_ms", incident->opened_ms);
        list_int(&list, "updated_ms", incident->updated_ms);
        list_int_or_null(&list, "resolved_ms", incident->resolved_ms, 0);
        list_int(&list, "sequence", incident->sequence);
    }
    return list;
}

static struct list messages_list(const struct store_judged *judged)
{
    struct list list = list_begin();
    for (uint32_t i = 0; i < judged->outbox_count; i++) {
        const struct store_outbox *message = &judged->outbox[i];
        list_row(&list);
        list_int(&list, "i", i);
        list_text(&list, "receiver", message->receiver);
        list_text(&list, "incident", message->incident);
        list_int(&list, "sequence", message->sequence);
        list_text(&list, "event", message->event);
        list_text(&list, "message_id", message->message_id);
        list_text(&list, "payload", message->payload);
    }
    return list;
}

/* Nothing was sent. */
static void refuse(struct call *call, const struct err *err)
{
    store_tell(call->done, call->context, err->code, err);
    call_free(call);
}

void postgres_judged(struct store *store, const struct store_judged *judged, store_done_fn done,
                     void *context)
{
    struct err err = {0};
    struct call *call =
        call_new("write what was judged", NULL, sizeof(struct writing), done, context);
    struct writing *writing = call->what;
    if (add_panes(store, call, judged->monitor, judged->panes, judged->pane_count,
                  judged->delta_mark, &err)) {
        refuse(call, &err);
        return;
    }
    text_puts(&call->own_sql, judged_sql);
    text_puts(&call->own_sql, told_sql);
    call->sql = call->own_sql.data;
    writing->position_ms = judged->old_position_ms;
    call_int_or_null(call, judged->old_position_ms, INT64_MIN);
    call_int(call, judged->new_position_ms);
    call_text(call, judged->state);
    struct list list = verdicts_list(judged);
    call_list(call, &list);
    list = incidents_list(judged);
    call_list(call, &list);
    list = messages_list(judged);
    call_list(call, &list);
    call->row = written_row;
    call->finish = judged_finish;
    postgres_start(store, call);
}

/* ---- merging what came late */

static const char late_sql[] =
    "with " WANT " judged as materialized (select position_ms from leeway.judge_state"
    " where monitor = $1 for update),"
    " allowed as materialized (select from judged where not exists (select from want"
    " where want.start_ms >= judged.position_ms))," KEEP_PANES(
        "allowed") " select exists (select from allowed), case when exists (select from allowed)"
                   " and kept.n <> (select count(*) from want) then " FENCED_PANE " end from kept";

static int late_finish(struct call *call, struct err *reterr)
{
    struct writing *writing = call->what;
    if (writing->written)
        return 0;
    return err_set(reterr, ERR_INVALID, "cannot merge into panes of %s that are not judged yet",
                   writing->monitor);
}

void postgres_merge_late(struct store *store, const char *monitor, const struct store_pane *panes,
                         uint32_t count, int64_t delta_mark, store_done_fn done, void *context)
{
    struct err err = {0};
    struct call *call =
        call_new("merge late counts", late_sql, sizeof(struct writing), done, context);
    if (add_panes(store, call, monitor, panes, count, delta_mark, &err)) {
        refuse(call, &err);
        return;
    }
    call->row = written_row;
    call->finish = late_finish;
    postgres_start(store, call);
}
