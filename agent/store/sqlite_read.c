/* Reading for people: page, API, status. Queries are put together from constant pieces, one for
 * each filter that is used, so that SQLite sees which index helps; values are always parameters.
 * Assumes a limit. Knows nothing of what a verdict means. */
#include "store/sqlite_ops.h"

#include "store/sqlite_sql.h"

enum { FILTERS_MAX = 8 };

struct filter {
    const char *condition; /* with one "?" */
    const char *text;      /* its value, or NULL: */
    int64_t number;
};

struct filters {
    struct filter items[FILTERS_MAX];
    size_t count;
};

static void filter_text(struct filters *filters, const char *condition, const char *text)
{
    if (text)
        filters->items[filters->count++] = (struct filter){condition, text, 0};
}

static void filter_number(struct filters *filters, const char *condition, int64_t number)
{
    if (number)
        filters->items[filters->count++] = (struct filter){condition, NULL, number};
}

static void filters_add(const struct filters *filters, struct text *text)
{
    for (size_t i = 0; i < filters->count; i++)
        text_printf(text, "%s%s", i ? " AND " : " WHERE ", filters->items[i].condition);
}

static void filters_bind(const struct filters *filters, struct sql *sql)
{
    for (size_t i = 0; i < filters->count; i++)
        if (filters->items[i].text)
            sql_text(sql, filters->items[i].text);
        else
            sql_int(sql, filters->items[i].number);
}

/* Without a field the newest are found by time, not by going through all that a monitor has: the
 * plus sign keeps SQLite from taking the index of series. */
static struct filters verdict_filters(const struct store_query *query)
{
    struct filters filters = {.count = 0};
    filter_text(&filters, query->field ? "v.monitor = ?" : "+v.monitor = ?", query->monitor);
    filter_text(&filters, "v.version = ?", query->version);
    filter_text(&filters, "v.segment = ?", query->segment);
    filter_text(&filters, "v.field = ?", query->field);
    filter_number(&filters, "v.window_ms = ?", query->window_ms);
    filter_text(&filters, "v.state = ?", query->state);
    filter_number(&filters, "v.end_ms >= ?", query->since_ms);
    filter_number(&filters, "v.end_ms < ?", query->until_ms);
    return filters;
}

#define VERDICT_COLUMNS                                                                            \
    "v.id, v.monitor, v.version, v.segment, v.field, v.generation, v.window_ms, v.start_ms,"       \
    " v.end_ms, v.n, v.baseline_n, v.state, v.severity, v.significant, v.provisional, v.p,"        \
    " v.effect, v.psi, v.js, v.ks, v.wasserstein, v.g, v.missing_rate, v.detail, v.document,"      \
    " h.counts"

static struct store_verdict read_verdict(struct sql *sql)
{
    struct store_verdict verdict = {.id = sql_get_text(sql)};
    const char **names[] = {&verdict.monitor, &verdict.version, &verdict.segment, &verdict.field,
                            &verdict.generation};
    int64_t *numbers[] = {&verdict.window_ms, &verdict.start_ms, &verdict.end_ms, &verdict.n,
                          &verdict.baseline_n};
    double *scores[] = {&verdict.p,  &verdict.effect,      &verdict.psi, &verdict.js,
                        &verdict.ks, &verdict.wasserstein, &verdict.g,   &verdict.missing_rate};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        *names[i] = sql_get_text(sql);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        *numbers[i] = sql_get_int(sql);
    verdict.state = sql_get_text(sql);
    verdict.severity = sql_get_text(sql);
    verdict.significant = sql_get_int(sql) != 0;
    verdict.provisional = sql_get_int(sql) != 0;
    for (size_t i = 0; i < sizeof scores / sizeof *scores; i++)
        *scores[i] = sql_get_real(sql);
    verdict.detail = sql_get_text(sql);
    verdict.document = sql_get_text(sql);
    verdict.histogram = sql_get_text_or_null(sql);
    return verdict;
}

static int give_verdicts(struct sql *sql, store_verdict_fn row, void *context, struct err *reterr)
{
    int code;
    while ((code = sql_next(sql, reterr)) == 1) {
        struct store_verdict verdict = read_verdict(sql);
        if (row(context, &verdict))
            break;
    }
    sql_end(sql);
    return code < 0 ? code : 0;
}

int sqlite_verdicts_now(struct store *base, const struct store_query *query, store_verdict_fn row,
                        void *context, struct err *reterr)
{
    struct sqlite_store *store = sqlite_store_of(base);
    struct filters filters = verdict_filters(query);
    struct text text = {0};
    store->doing = "read the verdicts";
    text_puts(&text, "SELECT " VERDICT_COLUMNS " FROM verdict v"
                     " LEFT JOIN window_histogram h ON h.verdict = v.sequence");
    filters_add(&filters, &text);
    text_puts(&text, " ORDER BY v.end_ms DESC, v.sequence DESC LIMIT ?");
    struct sql sql = sql_once(store, text.data);
    filters_bind(&filters, &sql);
    sql_int(&sql, query->limit);
    int code = give_verdicts(&sql, row, context, reterr);
    text_release(&text);
    return code;
}

/* Steps from series to series along the index verdict_series, whose first entry of each series is
 * the latest verdict: a look-up a series, however many verdicts it has. The plus signs take away
 * the affinity of the right side, without which SQLite compares only the first column within the
 * index and would walk through all the others. */
#define SERIES       "field, segment, window_ms, version"
#define THIS_SERIES  "+k.field, +k.segment, +k.window_ms, +k.version"
#define SERIES_ORDER " ORDER BY monitor, " SERIES ", end_ms DESC, sequence DESC LIMIT 1)"
#define LATEST_OF(FIRST, NEXT)                                                                     \
    "WITH RECURSIVE latest (at) AS (SELECT (SELECT sequence FROM verdict " FIRST SERIES_ORDER      \
    " UNION ALL SELECT (SELECT sequence FROM verdict WHERE " NEXT SERIES_ORDER                     \
    " FROM latest JOIN verdict k ON k.sequence = latest.at)"                                       \
    " SELECT " VERDICT_COLUMNS " FROM latest JOIN verdict v ON v.sequence = latest.at"             \
    " LEFT JOIN window_histogram h ON h.verdict = v.sequence"

static const char latest_of_monitor[] =
    LATEST_OF("WHERE monitor = ?", "monitor = k.monitor AND (" SERIES ") > (" THIS_SERIES ")");
static const char latest_of_all[] =
    LATEST_OF("", "(monitor, " SERIES ") > (+k.monitor, " THIS_SERIES ")");

int sqlite_latest_now(struct store *base, const struct store_query *query, store_verdict_fn row,
                      void *context, struct err *reterr)
{
    struct sqlite_store *store = sqlite_store_of(base);
    struct filters filters = verdict_filters(query);
    struct text text = {0};
    store->doing = "read the latest verdicts";
    filter_number(&filters, "v.window_ms > ?", 1); /* alarms belong to no window */
    text_puts(&text, query->monitor ? latest_of_monitor : latest_of_all);
    filters_add(&filters, &text);
    text_puts(&text, " ORDER BY v.end_ms DESC, v.sequence DESC LIMIT ?");
    struct sql sql = sql_once(store, text.data);
    if (query->monitor)
        sql_text(&sql, query->monitor);
    filters_bind(&filters, &sql);
    sql_int(&sql, query->limit);
    int code = give_verdicts(&sql, row, context, reterr);
    text_release(&text);
    return code;
}

static struct store_incident read_incident(struct sql *sql)
{
    struct store_incident incident = {.id = sql_get_text(sql)};
    const char **texts[] = {&incident.monitor, &incident.version,  &incident.rule,
                            &incident.state,   &incident.severity, &incident.title,
                            &incident.evidence};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = sql_get_text(sql);
    incident.opened_ms = sql_get_int(sql);
    incident.updated_ms = sql_get_int(sql);
    incident.resolved_ms = sql_get_int(sql);
    incident.sequence = (uint32_t)sql_get_int(sql);
    return incident;
}

int sqlite_incidents_now(struct store *base, const struct store_query *query, store_incident_fn row,
                         void *context, struct err *reterr)
{
    struct sqlite_store *store = sqlite_store_of(base);
    struct filters filters = {.count = 0};
    struct text text = {0};
    store->doing = "read the incidents";
    filter_text(&filters, "id = ?", query->incident);
    filter_text(&filters, "monitor = ?", query->monitor);
    filter_text(&filters, "version = ?", query->version);
    filter_text(&filters, "state = ?", query->state);
    filter_number(&filters, "(resolved_ms IS NULL OR resolved_ms >= ?)", query->since_ms);
    filter_number(&filters, "opened_ms < ?", query->until_ms);
    text_puts(&text, "SELECT id, monitor, version, rule, state, severity, title, evidence,"
                     " opened_ms, updated_ms, resolved_ms, sequence FROM incident");
    filters_add(&filters, &text);
    text_puts(&text, " ORDER BY opened_ms DESC, rowid DESC LIMIT ?");
    struct sql sql = sql_once(store, text.data);
    filters_bind(&filters, &sql);
    sql_int(&sql, query->limit);
    int code;
    while ((code = sql_next(&sql, reterr)) == 1) {
        struct store_incident incident = read_incident(&sql);
        if (row(context, &incident))
            break;
    }
    sql_end(&sql);
    text_release(&text);
    return code < 0 ? code : 0;
}

int sqlite_quarantine_list_now(struct store *base, uint32_t limit, store_quarantine_fn row,
                               void *context, struct err *reterr)
{
    struct sqlite_store *store = sqlite_store_of(base);
    store->doing = "read the quarantine";
    struct sql sql = sql_new(store, "SELECT topic, part, record_offset, reason, size_bytes, sha256"
                                    " FROM quarantine ORDER BY id DESC LIMIT ?");
    sql_int(&sql, limit);
    int code;
    while ((code = sql_next(&sql, reterr)) == 1) {
        struct store_quarantine record = {.topic = sql_get_text(&sql)};
        record.partition = (int32_t)sql_get_int(&sql);
        record.offset = sql_get_int(&sql);
        record.reason = sql_get_text(&sql);
        record.size_bytes = sql_get_int(&sql);
        const char *sha256 = sql_get_text(&sql);
        memcpy(record.sha256, sha256, strnlen(sha256, sizeof record.sha256 - 1));
        if (row(context, &record))
            break;
    }
    sql_end(&sql);
    return code < 0 ? code : 0;
}
