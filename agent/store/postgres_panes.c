/* The counted panes on their way to the judge: deltas as they were committed, and the panes that
 * were made of them. Knows nothing of what is judged. */
#include "store/postgres_ops.h"

struct generations {
    store_generation_fn row;
    void *context;
};

static int generation_row(struct call *call, struct row *row)
{
    struct generations *reading = call->what;
    struct store_generation generation = {.monitor = row_text(row)};
    generation.hash = row_text(row);
    generation.version = row_text(row);
    generation.baseline_hash = row_text(row);
    generation.first_pane_ms = row_int(row);
    return reading->row(reading->context, &generation);
}

void postgres_generations(struct store *store, const char *monitor, const char *hash,
                          store_generation_fn row, void *row_context, store_done_fn done,
                          void *context)
{
    struct call *call = call_new("read the generations",
                                 "select monitor, hash, version, baseline_hash, first_pane_ms"
                                 " from leeway.generation where ($1::text is null or monitor = $1)"
                                 " and ($2::text is null or hash = $2) order by id",
                                 sizeof(struct generations), done, context);
    *(struct generations *)call->what = (struct generations){row, row_context};
    call_text(call, monitor);
    call_text(call, hash);
    call->row = generation_row;
    postgres_start(store, call);
}

struct first {
    int64_t start_ms, *ret;
};

static int first_row(struct call *call, struct row *row)
{
    struct first *first = call->what;
    first->start_ms = row_int_or(row, INT64_MAX);
    return 0;
}

static int first_finish(struct call *call, struct err *reterr)
{
    struct first *first = call->what;
    (void)reterr;
    *first->ret = first->start_ms;
    return 0;
}

void postgres_first_delta(struct store *store, const char *monitor, int64_t from_ms,
                          int64_t *ret_start_ms, store_done_fn done, void *context)
{
    struct call *call =
        call_new("find the first pane",
                 "select least((select min(start_ms) from leeway.pane_delta where monitor = $1"
                 " and start_ms >= $2::bigint), (select min(start_ms) from leeway.pane"
                 " where monitor = $1 and start_ms >= $2::bigint))",
                 sizeof(struct first), done, context);
    *(struct first *)call->what = (struct first){INT64_MAX, ret_start_ms};
    call_text(call, monitor);
    call_int(call, from_ms);
    call->row = first_row;
    call->finish = first_finish;
    postgres_start(store, call);
}

/* ---- spans of deltas and panes */

struct span {
    struct postgres_store *store;
    store_pane_fn row;
    void *context;
    struct postgres_mark *mark; /* of deltas */
    int64_t *ret_mark, count;
    const char *monitor;
    bool stopped;
};

static int pane_row(struct call *call, struct row *row)
{
    struct span *span = call->what;
    struct store_pane pane = {.start_ms = row_int(row)};
    pane.version = row_text(row);
    pane.generation = row_text(row);
    pane.rows = row_int(row);
    pane.counts = row_bytes(row);
    pane.revision = (uint32_t)row_int(row);
    if (span->mark)
        postgres_mark_add(span->mark, row_int(row));
    span->count++;
    span->stopped = span->row(span->context, &pane) != 0;
    return span->stopped;
}

static int deltas_finish(struct call *call, struct err *reterr)
{
    struct span *span = call->what;
    (void)reterr;
    if (!span->ret_mark)
        return 0;
    *span->ret_mark = 0;
    if (span->count && !span->stopped) {
        *span->ret_mark = postgres_mark_keep(span->store, span->mark);
        span->mark = NULL;
    }
    return 0;
}

static void span_release(struct call *call)
{
    struct span *span = call->what;
    postgres_mark_free(span->mark);
}

static struct call *span_call(struct store *store, const char *doing, const char *sql,
                              const struct span *span, store_done_fn done, void *context)
{
    struct call *call = call_new(doing, sql, sizeof *span, done, context);
    struct span *own = call->what;
    *own = *span;
    own->store = postgres_store_of(store);
    call_text(call, span->monitor);
    call->row = pane_row;
    call->release = span_release;
    return call;
}

void postgres_deltas(struct store *store, const char *monitor, int64_t from_ms, int64_t to_ms,
                     store_pane_fn row, void *row_context, int64_t *ret_mark, store_done_fn done,
                     void *context)
{
    struct span span = {.row = row,
                        .context = row_context,
                        .mark = postgres_mark_new(monitor),
                        .ret_mark = ret_mark,
                        .monitor = monitor};
    struct call *call =
        span_call(store, "read the deltas",
                  "select start_ms, version, generation, row_count, counts, 0, id"
                  " from leeway.pane_delta where monitor = $1 and start_ms >= $2::bigint"
                  " and start_ms < $3::bigint order by start_ms, version, generation, id",
                  &span, done, context);
    call_int(call, from_ms);
    call_int(call, to_ms);
    call->finish = deltas_finish;
    postgres_start(store, call);
}

void postgres_panes(struct store *store, const char *monitor, int64_t from_ms, int64_t to_ms,
                    store_pane_fn row, void *row_context, store_done_fn done, void *context)
{
    struct span span = {.row = row, .context = row_context, .monitor = monitor};
    struct call *call =
        span_call(store, "read the panes",
                  "select start_ms, version, generation, row_count, counts, revision"
                  " from leeway.pane where monitor = $1 and start_ms >= $2::bigint"
                  " and start_ms < $3::bigint order by start_ms, version, generation",
                  &span, done, context);
    call_int(call, from_ms);
    call_int(call, to_ms);
    postgres_start(store, call);
}

void postgres_set_aside(struct store *store, const char *monitor, const char *version,
                        const char *generation, store_done_fn done, void *context)
{
    /* Without a position (null) the comparison is never true. */
    struct call *call = call_new(
        "set deltas aside",
        "with gone as (delete from leeway.pane_delta where monitor = $1 and version = $2"
        " and generation = $3 and start_ms < (select position_ms from leeway.judge_state"
        " where monitor = $1) returning monitor, version, generation, start_ms, pane_ms,"
        " row_count, counts, agent, created_at)"
        " insert into leeway.pane_set_aside (monitor, version, generation, start_ms, pane_ms,"
        " row_count, counts, agent, created_at) select * from gone",
        0, done, context);
    call_text(call, monitor);
    call_text(call, version);
    call_text(call, generation);
    postgres_start(store, call);
}
