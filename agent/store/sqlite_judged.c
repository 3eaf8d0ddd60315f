/* What was judged, once: panes, verdicts, incidents and messages go in together with the position
 * that they stand for, so that two judges cannot tell the same story twice.
 *
 *     delta ──(store_judged, position by compare-and-set)──► pane, revision 1
 *     late delta ──(store_merge_late, revision by compare-and-set)──► pane, revision + 1
 *
 * A delta is deleted in the transaction that writes the pane which contains it, and only if the
 * reader's mark says that it was read; a delta of another generation, behind the position, moves to
 * pane_set_aside as it is, since only its own generation could add it up. Assumes that the caller
 * has added up correctly. Knows nothing of counts and JSON. */
#include "store/sqlite_ops.h"

#include <inttypes.h>

#include "store/sqlite_sql.h"
#include "sys/file.h"

static int load_position(struct sqlite_store *store, const char *monitor, int64_t *ret_position_ms,
                         struct text *ret_state, struct err *reterr)
{
    struct sql sql = sql_new(store, "SELECT position_ms, state FROM judge_state WHERE monitor = ?");
    sql_text(&sql, monitor);
    int code = sql_next(&sql, reterr);
    if (code >= 0)
        *ret_position_ms = code ? sql_get_int_or(&sql, INT64_MIN) : INT64_MIN;
    if (code == 1 && ret_state)
        text_puts(ret_state, sql_get_text(&sql));
    sql_end(&sql);
    return code < 0 ? code : 0;
}

int sqlite_judge_load_now(struct store *base, const char *monitor, int64_t *ret_position_ms,
                          struct text *ret_state, struct err *reterr)
{
    struct sqlite_store *store = sqlite_store_of(base);
    store->doing = "read the judge's state";
    return load_position(store, monitor, ret_position_ms, ret_state, reterr);
}

static int move_position(struct sqlite_store *store, const struct store_judged *judged,
                         struct err *reterr)
{
    int changes = 0;
    /* A first row is written only for a first position; a stored one must be the old one. */
    struct sql sql =
        sql_new(store, "INSERT INTO judge_state (monitor, position_ms, state, updated_unix_ms)"
                       " SELECT ?1, ?3, ?4, ?5 WHERE ?2 IS NULL"
                       " OR EXISTS (SELECT 1 FROM judge_state WHERE monitor = ?1)"
                       " ON CONFLICT (monitor) DO UPDATE SET position_ms = excluded.position_ms,"
                       " state = excluded.state, updated_unix_ms = excluded.updated_unix_ms"
                       " WHERE judge_state.position_ms IS ?2");
    sql_text(&sql, judged->monitor);
    sql_int_or_null(&sql, judged->old_position_ms, INT64_MIN);
    sql_int(&sql, judged->new_position_ms);
    sql_text(&sql, judged->state);
    sql_int(&sql, clock_unix_ms());
    int code = sql_run(&sql, &changes, reterr);
    if (!code && !changes)
        code = err_set(reterr, ERR_CONFLICT, "%s is no longer judged up to %" PRId64,
                       judged->monitor, judged->old_position_ms);
    return code;
}

static int write_pane(struct sqlite_store *store, const char *monitor,
                      const struct store_pane *pane, struct err *reterr)
{
    int changes = 0;
    struct sql sql = sql_new(
        store, pane->revision
                   ? "UPDATE pane SET row_count = ?5, counts = ?6, revision = revision + 1"
                     " WHERE monitor = ?1 AND start_ms = ?2 AND version = ?3 AND generation = ?4"
                     " AND revision = ?7"
                   : "INSERT INTO pane (monitor, start_ms, version, generation, row_count, counts,"
                     " revision) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7 + 1)"
                     " ON CONFLICT (monitor, start_ms, version, generation) DO NOTHING");
    sql_text(&sql, monitor);
    sql_int(&sql, pane->start_ms);
    sql_text(&sql, pane->version);
    sql_text(&sql, pane->generation);
    sql_int(&sql, pane->rows);
    sql_bytes(&sql, pane->counts);
    sql_int(&sql, pane->revision);
    int code = sql_run(&sql, &changes, reterr);
    if (!code && !changes)
        code = err_set(reterr, ERR_CONFLICT,
                       "the pane of %s at %" PRId64 " is no longer at revision %" PRIu32, monitor,
                       pane->start_ms, pane->revision);
    return code;
}

static int keep_panes(struct sqlite_store *store, const char *monitor,
                      const struct store_pane *panes, uint32_t count, int64_t delta_mark,
                      struct err *reterr)
{
    int code = 0;
    for (uint32_t i = 0; !code && i < count; i++) {
        code = write_pane(store, monitor, &panes[i], reterr);
        if (code)
            break;
        struct sql sql = sql_new(store, "DELETE FROM pane_delta WHERE monitor = ? AND start_ms = ?"
                                        " AND version = ? AND generation = ? AND id <= ?");
        sql_text(&sql, monitor);
        sql_int(&sql, panes[i].start_ms);
        sql_text(&sql, panes[i].version);
        sql_text(&sql, panes[i].generation);
        sql_int(&sql, delta_mark);
        code = sql_run(&sql, NULL, reterr);
    }
    return code;
}

static int add_histogram(struct sqlite_store *store, const char *histogram, struct err *reterr)
{
    struct sql sql = sql_new(store, "INSERT INTO window_histogram (verdict, counts) VALUES (?, ?)");
    sql_int(&sql, sqlite3_last_insert_rowid(store->db));
    sql_text(&sql, histogram);
    return sql_run(&sql, NULL, reterr);
}

static int add_verdict(struct sqlite_store *store, const struct store_verdict *verdict,
                       struct err *reterr)
{
    int changes = 0;
    struct sql sql = sql_new(
        store, "INSERT INTO verdict (id, monitor, version, segment, field, generation, window_ms,"
               " start_ms, end_ms, n, baseline_n, state, severity, significant, provisional, p,"
               " effect, psi, js, ks, wasserstein, g, missing_rate, detail, document)"
               " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
               " ON CONFLICT (id) DO NOTHING");
    const char *const names[] = {verdict->id,      verdict->monitor, verdict->version,
                                 verdict->segment, verdict->field,   verdict->generation};
    const int64_t numbers[] = {verdict->window_ms, verdict->start_ms, verdict->end_ms, verdict->n,
                               verdict->baseline_n};
    const double scores[] = {verdict->p,  verdict->effect,      verdict->psi,
                             verdict->js, verdict->ks,          verdict->wasserstein,
                             verdict->g,  verdict->missing_rate};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        sql_text(&sql, names[i]);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sql_int(&sql, numbers[i]);
    sql_text(&sql, verdict->state);
    sql_text_or_empty(&sql, verdict->severity);
    sql_int(&sql, verdict->significant);
    sql_int(&sql, verdict->provisional);
    for (size_t i = 0; i < sizeof scores / sizeof *scores; i++)
        sql_real(&sql, scores[i]);
    sql_text_or_empty(&sql, verdict->detail);
    sql_text_or_empty(&sql, verdict->document);
    int code = sql_run(&sql, &changes, reterr);
    return !code && changes && verdict->histogram ? add_histogram(store, verdict->histogram, reterr)
                                                  : code;
}

static int write_incident(struct sqlite_store *store, const struct store_incident *incident,
                          struct err *reterr)
{
    struct sql sql = sql_new(
        store, "INSERT INTO incident (id, monitor, version, rule, state, severity, title, evidence,"
               " opened_ms, updated_ms, resolved_ms, sequence)"
               " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
               " ON CONFLICT (id) DO UPDATE SET state = excluded.state,"
               " severity = excluded.severity, title = excluded.title,"
               " evidence = excluded.evidence, opened_ms = excluded.opened_ms,"
               " updated_ms = excluded.updated_ms, resolved_ms = excluded.resolved_ms,"
               " sequence = excluded.sequence WHERE excluded.sequence >= incident.sequence");
    sql_text(&sql, incident->id);
    sql_text(&sql, incident->monitor);
    sql_text(&sql, incident->version);
    sql_text(&sql, incident->rule);
    sql_text(&sql, incident->state);
    sql_text_or_empty(&sql, incident->severity);
    sql_text_or_empty(&sql, incident->title);
    sql_text_or_empty(&sql, incident->evidence);
    sql_int(&sql, incident->opened_ms);
    sql_int(&sql, incident->updated_ms);
    sql_int_or_null(&sql, incident->resolved_ms, 0);
    sql_int(&sql, incident->sequence);
    return sql_run(&sql, NULL, reterr);
}

static int add_message(struct sqlite_store *store, const struct store_outbox *message,
                       struct err *reterr)
{
    struct sql sql =
        sql_new(store, "INSERT INTO outbox (receiver, incident, sequence, event, message_id,"
                       " payload, created_unix_ms, state, attempts, next_attempt_unix_ms)"
                       " VALUES (?, ?, ?, ?, ?, ?, ?, 'pending', 0, 0)"
                       " ON CONFLICT (receiver, message_id) DO NOTHING");
    sql_text(&sql, message->receiver);
    sql_text(&sql, message->incident);
    sql_int(&sql, message->sequence);
    sql_text(&sql, message->event);
    sql_text(&sql, message->message_id);
    sql_text(&sql, message->payload);
    sql_int(&sql, clock_unix_ms());
    return sql_run(&sql, NULL, reterr);
}

static int write_judged(struct sqlite_store *store, void *what, struct err *reterr)
{
    const struct store_judged *judged = what;
    int code = move_position(store, judged, reterr);
    if (!code)
        code = keep_panes(store, judged->monitor, judged->panes, judged->pane_count,
                          judged->delta_mark, reterr);
    for (uint32_t i = 0; !code && i < judged->verdict_count; i++)
        code = add_verdict(store, &judged->verdicts[i], reterr);
    for (uint32_t i = 0; !code && i < judged->incident_count; i++)
        code = write_incident(store, &judged->incidents[i], reterr);
    for (uint32_t i = 0; !code && i < judged->outbox_count; i++)
        code = add_message(store, &judged->outbox[i], reterr);
    return code;
}

int sqlite_judged_now(struct store *base, const struct store_judged *judged, struct err *reterr)
{
    struct store_judged copy = *judged;
    return sqlite_write(sqlite_store_of(base), "write what was judged", write_judged, &copy,
                        reterr);
}

struct late {
    const char *monitor;
    const struct store_pane *panes;
    uint32_t count;
    int64_t delta_mark;
};

static int merge_late(struct sqlite_store *store, void *what, struct err *reterr)
{
    const struct late *late = what;
    int64_t position_ms = INT64_MIN;
    int code = load_position(store, late->monitor, &position_ms, NULL, reterr);
    for (uint32_t i = 0; !code && i < late->count; i++)
        if (late->panes[i].start_ms >= position_ms)
            code = err_set(reterr, ERR_INVALID,
                           "cannot merge into the pane of %s at %" PRId64 ": it is not judged yet",
                           late->monitor, late->panes[i].start_ms);
    return code ? code
                : keep_panes(store, late->monitor, late->panes, late->count, late->delta_mark,
                             reterr);
}

int sqlite_merge_late_now(struct store *base, const char *monitor, const struct store_pane *panes,
                          uint32_t count, int64_t delta_mark, struct err *reterr)
{
    struct late what = {monitor, panes, count, delta_mark};
    return sqlite_write(sqlite_store_of(base), "merge late counts", merge_late, &what, reterr);
}

struct aside {
    const char *monitor, *version, *generation;
};

/* Without a position (null) the comparison is never true. */
#define BEHIND                                                                                     \
    " FROM pane_delta WHERE monitor = ?1 AND version = ?2 AND generation = ?3 AND start_ms <"      \
    " (SELECT position_ms FROM judge_state WHERE monitor = ?1)"

static int run_behind(struct sqlite_store *store, const char *text, const struct aside *aside,
                      struct err *reterr)
{
    struct sql sql = sql_new(store, text);
    sql_text(&sql, aside->monitor);
    sql_text(&sql, aside->version);
    sql_text(&sql, aside->generation);
    return sql_run(&sql, NULL, reterr);
}

static int set_aside(struct sqlite_store *store, void *what, struct err *reterr)
{
    int code = run_behind(store,
                          "INSERT INTO pane_set_aside (monitor, version, generation, start_ms,"
                          " pane_ms, row_count, counts, agent) SELECT monitor, version, generation,"
                          " start_ms, pane_ms, row_count, counts, agent" BEHIND,
                          what, reterr);
    return code ? code : run_behind(store, "DELETE" BEHIND, what, reterr);
}

int sqlite_set_aside_now(struct store *base, const char *monitor, const char *version,
                         const char *generation, struct err *reterr)
{
    struct aside what = {monitor, version, generation};
    return sqlite_write(sqlite_store_of(base), "set deltas aside", set_aside, &what, reterr);
}
