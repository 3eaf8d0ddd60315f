/* Baselines: immutable documents under a name and a version. The one in use is the one that was
 * promoted last; going back to an older version is promoting it again. Who put or promoted what,
 * and when, is kept in `audit`. Writers follow each other, since versions and promotions are
 * counted. Knows nothing of what is in a document. */
#include <inttypes.h>

#include "store/postgres_ops.h"

static const char one_writer[] = "pg_advisory_xact_lock(7813521, 1)";

/* ---- putting */

struct putting {
    uint32_t version, *ret;
};

static const char put_sql[] =
    "with same as materialized (select version from leeway.baseline where name = $1"
    " and hash = $2),"
    " next as materialized (select coalesce(max(version) filter (where name = $1), 0) + 1"
    " as version, coalesce(max(promoted_order), 0) + 1 as promoted from leeway.baseline),"
    " added as (insert into leeway.baseline (name, version, hash, created, row_count, document,"
    " promoted_order) select $1, n.version, $2, $3, $4::bigint, $5,"
    " case when $6::boolean then n.promoted end from next n where not exists (select from same)"
    " returning version),"
    " again as (update leeway.baseline b set promoted_order = n.promoted from next n, same s"
    " where $6::boolean and b.name = $1 and b.version = s.version returning b.version),"
    " audited as (insert into leeway.audit (action, subject, detail, agent)"
    " select 'baseline added', $1 || '@' || version, $2, $7 from added union all"
    " select 'baseline promoted', $1 || '@' || version, '', $7 from"
    " (select version from added where $6::boolean union all select version from again) as p)"
    " select version from added union all select version from same";

static int put_row(struct call *call, struct row *row)
{
    ((struct putting *)call->what)->version = (uint32_t)row_int(row);
    return 0;
}

static int put_finish(struct call *call, struct err *reterr)
{
    struct putting *putting = call->what;
    (void)reterr;
    *putting->ret = putting->version;
    return 0;
}

void postgres_baseline_put(struct store *store, const struct store_baseline *baseline, bool promote,
                           uint32_t *ret_version, store_done_fn done, void *context)
{
    struct call *call =
        call_new("store a baseline", put_sql, sizeof(struct putting), done, context);
    ((struct putting *)call->what)->ret = ret_version;
    call->lock = one_writer;
    call_text(call, baseline->name);
    call_text(call, baseline->hash);
    call_text(call, baseline->created);
    call_int(call, baseline->rows);
    call_text(call, baseline->document);
    call_bool(call, promote);
    call_text(call, postgres_store_of(store)->agent);
    call->row = put_row;
    call->finish = put_finish;
    postgres_start(store, call);
}

/* ---- getting */

struct getting {
    uint32_t wanted, version;
    bool found;
    struct text document, *ret_document;
    uint32_t *ret_version;
};

static int none_found(const char *name, uint32_t version, struct err *reterr)
{
    int code =
        version ? err_set(reterr, ERR_NOT_FOUND, "there is no baseline %s@%" PRIu32, name, version)
                : err_set(reterr, ERR_NOT_FOUND, "there is no promoted baseline %s", name);
    err_hint(reterr, "Run: leeway baseline list");
    return code;
}

static int get_row(struct call *call, struct row *row)
{
    struct getting *getting = call->what;
    getting->found = true;
    getting->version = (uint32_t)row_int(row);
    text_puts(&getting->document, row_text(row));
    return 0;
}

static int get_finish(struct call *call, struct err *reterr)
{
    struct getting *getting = call->what;
    if (!getting->found)
        return none_found(call->values[0], getting->wanted, reterr);
    *getting->ret_version = getting->version;
    text_add(getting->ret_document, getting->document.data, getting->document.size);
    return 0;
}

static void get_release(struct call *call)
{
    text_release(&((struct getting *)call->what)->document);
}

void postgres_baseline_get(struct store *store, const char *name, uint32_t version,
                           struct text *ret_document, uint32_t *ret_version, store_done_fn done,
                           void *context)
{
    struct call *call =
        call_new("read a baseline",
                 version ? "select version, document from leeway.baseline where name = $1"
                           " and version = $2::bigint"
                         : "select version, document from leeway.baseline where name = $1"
                           " and promoted_order is not null order by promoted_order desc limit 1",
                 sizeof(struct getting), done, context);
    struct getting *getting = call->what;
    getting->wanted = version;
    getting->ret_document = ret_document;
    getting->ret_version = ret_version;
    call_text(call, name);
    if (version)
        call_int(call, version);
    call->row = get_row;
    call->finish = get_finish;
    call->release = get_release;
    postgres_start(store, call);
}

/* ---- listing */

struct listing {
    store_baseline_fn row;
    void *context;
};

static int list_one(struct call *call, struct row *row)
{
    struct listing *listing = call->what;
    struct store_baseline baseline = {.name = row_text(row)};
    baseline.version = (uint32_t)row_int(row);
    baseline.hash = row_text(row);
    baseline.created = row_text(row);
    baseline.rows = row_int(row);
    baseline.promoted = row_bool(row);
    baseline.current = row_bool(row);
    return listing->row(listing->context, &baseline);
}

void postgres_baseline_list(struct store *store, store_baseline_fn row, void *row_context,
                            store_done_fn done, void *context)
{
    struct call *call =
        call_new("list the baselines",
                 "select name, version, hash, created, row_count, promoted_order is not null,"
                 " coalesce(promoted_order = max(promoted_order) over (partition by name), false)"
                 " from leeway.baseline order by name, version",
                 sizeof(struct listing), done, context);
    *(struct listing *)call->what = (struct listing){row, row_context};
    call->row = list_one;
    postgres_start(store, call);
}

/* ---- promoting */

struct promoting {
    bool found;
    uint32_t version;
};

static int promoted_row(struct call *call, struct row *row)
{
    (void)row;
    ((struct promoting *)call->what)->found = true;
    return 0;
}

static int promote_finish(struct call *call, struct err *reterr)
{
    struct promoting *promoting = call->what;
    return promoting->found ? 0 : none_found(call->values[0], promoting->version, reterr);
}

void postgres_baseline_promote(struct store *store, const char *name, uint32_t version,
                               store_done_fn done, void *context)
{
    struct call *call =
        call_new("promote a baseline",
                 "with promoted as (update leeway.baseline set promoted_order = (select"
                 " coalesce(max(promoted_order), 0) + 1 from leeway.baseline) where name = $1"
                 " and version = $2::bigint returning version),"
                 " audited as (insert into leeway.audit (action, subject, detail, agent)"
                 " select 'baseline promoted', $1 || '@' || version, '', $3 from promoted)"
                 " select version from promoted",
                 sizeof(struct promoting), done, context);
    ((struct promoting *)call->what)->version = version;
    call->lock = one_writer;
    call_text(call, name);
    call_int(call, version);
    call_text(call, postgres_store_of(store)->agent);
    call->row = promoted_row;
    call->finish = promote_finish;
    postgres_start(store, call);
}
