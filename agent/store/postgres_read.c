/* Reading for people: page, API, status. Queries are put together from constant pieces, one for
 * each filter that is used, so that the planner sees which index helps; values are always
 * parameters. Assumes a limit. Knows nothing of what a verdict means. */
#include "store/postgres_ops.h"

/* "… where CONDITION $N" for each filter; `$` in the condition stands for the parameter. */
static void filter(struct call *call, const char *condition)
{
    const char *parameter = strchr(condition, '$');
    bool first = !strstr(call->own_sql.data, "/* filters */ where");
    text_puts(&call->own_sql, first ? " /* filters */ where " : " and ");
    text_add(&call->own_sql, condition, (size_t)(parameter - condition));
    text_printf(&call->own_sql, "$%d%s", call->count, parameter + 1);
}

static void filter_text(struct call *call, const char *condition, const char *text)
{
    if (!text)
        return;
    call_text(call, text);
    filter(call, condition);
}

static void filter_number(struct call *call, const char *condition, int64_t number)
{
    if (!number)
        return;
    call_int(call, number);
    filter(call, condition);
}

static void end_query(struct store *store, struct call *call, const char *order, uint32_t limit)
{
    call_int(call, limit);
    text_printf(&call->own_sql, " order by %s limit $%d::bigint", order, call->count);
    call->sql = call->own_sql.data;
    postgres_start(store, call);
}

/* ---- verdicts */

struct verdicts {
    store_verdict_fn row;
    void *context;
};

#define VERDICT_COLUMNS                                                                            \
    "v.id, v.monitor, v.version, v.segment, v.field, v.generation, v.window_ms,"                   \
    " leeway.ms_of(v.window_start), leeway.ms_of(v.window_end), v.n, v.baseline_n, v.state,"       \
    " v.severity, v.significant, v.provisional, v.p, v.effect, v.psi, v.js, v.ks,"                 \
    " v.wasserstein, v.g, v.missing_rate, v.detail, v.document, h.counts"

static int verdict_row(struct call *call, struct row *row)
{
    struct verdicts *reading = call->what;
    struct store_verdict verdict = {.id = row_text(row)};
    const char **names[] = {&verdict.monitor, &verdict.version, &verdict.segment, &verdict.field,
                            &verdict.generation};
    int64_t *numbers[] = {&verdict.window_ms, &verdict.start_ms, &verdict.end_ms, &verdict.n,
                          &verdict.baseline_n};
    double *scores[] = {&verdict.p,  &verdict.effect,      &verdict.psi, &verdict.js,
                        &verdict.ks, &verdict.wasserstein, &verdict.g,   &verdict.missing_rate};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        *names[i] = row_text(row);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        *numbers[i] = row_int(row);
    verdict.state = row_text(row);
    verdict.severity = row_text(row);
    verdict.significant = row_bool(row);
    verdict.provisional = row_bool(row);
    for (size_t i = 0; i < sizeof scores / sizeof *scores; i++)
        *scores[i] = row_real(row);
    verdict.detail = row_text(row);
    verdict.document = row_text(row);
    verdict.histogram = row_text_or_null(row);
    return reading->row(reading->context, &verdict);
}

static struct call *verdicts_call(const char *doing, store_verdict_fn row, void *row_context,
                                  store_done_fn done, void *context)
{
    struct call *call = call_new(doing, NULL, sizeof(struct verdicts), done, context);
    *(struct verdicts *)call->what = (struct verdicts){row, row_context};
    call->row = verdict_row;
    return call;
}

static void filter_verdicts(struct call *call, const struct store_query *query)
{
    filter_text(call, "v.monitor = $", query->monitor);
    filter_text(call, "v.version = $", query->version);
    filter_text(call, "v.segment = $", query->segment);
    filter_text(call, "v.field = $", query->field);
    filter_number(call, "v.window_ms = $::bigint", query->window_ms);
    filter_text(call, "v.state = $", query->state);
    filter_number(call, "v.window_end >= leeway.time_of($::bigint)", query->since_ms);
    filter_number(call, "v.window_end < leeway.time_of($::bigint)", query->until_ms);
}

void postgres_verdicts(struct store *store, const struct store_query *query, store_verdict_fn row,
                       void *row_context, store_done_fn done, void *context)
{
    struct call *call = verdicts_call("read the verdicts", row, row_context, done, context);
    text_puts(&call->own_sql, "select " VERDICT_COLUMNS " from leeway.verdict v"
                              " left join leeway.window_histogram h on h.verdict = v.sequence");
    filter_verdicts(call, query);
    end_query(store, call, "v.window_end desc, v.sequence desc", query->limit);
}

/* Steps from series to series along the index verdict_series, whose first entry of each series is
 * the latest verdict: a look-up a series, however many verdicts it has. */
#define SERIES "field, segment, window_ms, version"
#define FIRST_OF(WHERE)                                                                            \
    "(select monitor, " SERIES ", sequence from leeway.verdict " WHERE                             \
    " order by monitor, " SERIES ", window_end desc, sequence desc limit 1)"
#define LATEST_OF(FIRST, NEXT)                                                                     \
    "with recursive latest as (" FIRST_OF(                                                         \
        FIRST) " union all select n.* from latest k,"                                              \
               " lateral " FIRST_OF(                                                               \
                   "where " NEXT) " as n)"                                                         \
                                  " select " VERDICT_COLUMNS " from latest join leeway.verdict v"  \
                                  " on v.sequence = latest.sequence"                               \
                                  " left join leeway.window_histogram h on h.verdict = v.sequence"

static const char latest_of_monitor[] =
    LATEST_OF("where monitor = $1",
              "monitor = $1 and (" SERIES ") > (k.field, k.segment, k.window_ms, k.version)");
static const char latest_of_all[] = LATEST_OF(
    "", "(monitor, " SERIES ") > (k.monitor, k.field, k.segment, k.window_ms, k.version)");

void postgres_latest(struct store *store, const struct store_query *query, store_verdict_fn row,
                     void *row_context, store_done_fn done, void *context)
{
    struct call *call = verdicts_call("read the latest verdicts", row, row_context, done, context);
    if (query->monitor)
        call_text(call, query->monitor);
    text_puts(&call->own_sql, query->monitor ? latest_of_monitor : latest_of_all);
    filter_verdicts(call, query);
    filter_number(call, "v.window_ms > $::bigint", 1); /* alarms belong to no window */
    end_query(store, call, "v.window_end desc, v.sequence desc", query->limit);
}

/* ---- incidents */

struct incidents {
    store_incident_fn row;
    void *context;
};

static int incident_row(struct call *call, struct row *row)
{
    struct incidents *reading = call->what;
    struct store_incident incident = {.id = row_text(row)};
    const char **texts[] = {&incident.monitor, &incident.version,  &incident.rule,
                            &incident.state,   &incident.severity, &incident.title,
                            &incident.evidence};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = row_text(row);
    incident.opened_ms = row_int(row);
    incident.updated_ms = row_int(row);
    incident.resolved_ms = row_int(row);
    incident.sequence = (uint32_t)row_int(row);
    return reading->row(reading->context, &incident);
}

void postgres_incidents(struct store *store, const struct store_query *query, store_incident_fn row,
                        void *row_context, store_done_fn done, void *context)
{
    struct call *call =
        call_new("read the incidents", NULL, sizeof(struct incidents), done, context);
    *(struct incidents *)call->what = (struct incidents){row, row_context};
    call->row = incident_row;
    text_puts(&call->own_sql,
              "select id, monitor, version, rule, state, severity, title, evidence,"
              " leeway.ms_of(opened_at), leeway.ms_of(updated_at), leeway.ms_of(resolved_at),"
              " sequence from leeway.incident");
    filter_text(call, "id = $", query->incident);
    filter_text(call, "monitor = $", query->monitor);
    filter_text(call, "version = $", query->version);
    filter_text(call, "state = $", query->state);
    filter_number(call, "(resolved_at is null or resolved_at >= leeway.time_of($::bigint))",
                  query->since_ms);
    filter_number(call, "opened_at < leeway.time_of($::bigint)", query->until_ms);
    end_query(store, call, "opened_at desc, number desc", query->limit);
}

/* ---- quarantine */

struct quarantined {
    store_quarantine_fn row;
    void *context;
};

static int quarantine_row(struct call *call, struct row *row)
{
    struct quarantined *reading = call->what;
    struct store_quarantine record = {.topic = row_text(row)};
    record.partition = (int32_t)row_int(row);
    record.offset = row_int(row);
    record.reason = row_text(row);
    record.size_bytes = row_int(row);
    const char *sha256 = row_text(row);
    memcpy(record.sha256, sha256, strnlen(sha256, sizeof record.sha256 - 1));
    return reading->row(reading->context, &record);
}

void postgres_quarantine_list(struct store *store, uint32_t limit, store_quarantine_fn row,
                              void *row_context, store_done_fn done, void *context)
{
    struct call *call =
        call_new("read the quarantine", NULL, sizeof(struct quarantined), done, context);
    *(struct quarantined *)call->what = (struct quarantined){row, row_context};
    call->row = quarantine_row;
    text_puts(&call->own_sql, "select topic, part, record_offset, reason, size_bytes, sha256"
                              " from leeway.quarantine");
    end_query(store, call, "id desc", limit);
}
