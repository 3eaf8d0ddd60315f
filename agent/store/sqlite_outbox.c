/* The outbox: which message is next for whom, and what came of sending it.
 *
 *     pending ──► delivered | dead | dry_run | suppressed   (settled)
 *        ▲ └────► parked ──► pending | …            (waits longer, still blocks its successors)
 *        └─ another attempt
 *
 * Messages of one incident go to one receiver in order of sequence, so only the first waiting one
 * of each pair can be due. Assumes one sender; a second one is told that it came too late. Knows no
 * receiver and no payload. */
#include "store/sqlite_ops.h"

#include <inttypes.h>

#include "store/check.h"
#include "store/sqlite_sql.h"
#include "sys/file.h"

enum { DELIVERY_LOG_ROWS = 10000 };

/* Waiting, and no message of the same receiver and incident waits before it. The condition on the
 * state is word for word the one of the index outbox_waiting. */
#define FIRST_WAITING                                                                              \
    " o.state IN ('pending', 'parked') AND NOT EXISTS (SELECT 1 FROM outbox b"                     \
    " WHERE b.state IN ('pending', 'parked') AND b.receiver = o.receiver"                          \
    " AND b.incident = o.incident AND (b.sequence, b.id) < (o.sequence, o.id))"

int sqlite_due_now(struct store *base, int64_t now_unix_ms, uint32_t limit, store_delivery_fn row,
                   void *context, struct err *reterr)
{
    struct sqlite_store *store = sqlite_store_of(base);
    store->doing = "read the due messages";
    struct sql sql = sql_new(
        store, "SELECT id, receiver, incident, event, message_id, payload, sequence, attempts"
               " FROM (SELECT o.id AS due, o.next_attempt_unix_ms AS since, row_number() OVER"
               " (PARTITION BY o.receiver ORDER BY o.next_attempt_unix_ms, o.id) AS turn"
               " FROM outbox o WHERE o.next_attempt_unix_ms <= ? AND" FIRST_WAITING ")"
               " JOIN outbox ON id = due ORDER BY turn, since, id LIMIT ?");
    sql_int(&sql, now_unix_ms);
    sql_int(&sql, limit);
    int code;
    while ((code = sql_next(&sql, reterr)) == 1) {
        struct store_delivery delivery = {.id = sql_get_int(&sql)};
        delivery.receiver = sql_get_text(&sql);
        delivery.incident = sql_get_text(&sql);
        delivery.event = sql_get_text(&sql);
        delivery.message_id = sql_get_text(&sql);
        delivery.payload = sql_get_text(&sql);
        delivery.sequence = (uint32_t)sql_get_int(&sql);
        delivery.attempts = (uint32_t)sql_get_int(&sql);
        if (row(context, &delivery))
            break;
    }
    sql_end(&sql);
    return code < 0 ? code : 0;
}

int sqlite_next_due_now(struct store *base, int64_t *ret_unix_ms, struct err *reterr)
{
    struct sqlite_store *store = sqlite_store_of(base);
    store->doing = "find the next message";
    struct sql sql =
        sql_new(store, "SELECT min(o.next_attempt_unix_ms) FROM outbox o WHERE" FIRST_WAITING);
    int code = sql_next(&sql, reterr);
    if (code == 1)
        *ret_unix_ms = sql_get_int_or(&sql, INT64_MAX);
    sql_end(&sql);
    return code < 0 ? code : 0;
}

/* Nothing was updated: says why. */
static int not_waiting(struct sqlite_store *store, int64_t id, struct err *reterr)
{
    struct sql sql = sql_new(store, "SELECT state FROM outbox WHERE id = ?");
    sql_int(&sql, id);
    int code = sql_next(&sql, reterr);
    if (code == 1)
        code = err_set(reterr, ERR_CONFLICT, "message %" PRId64 " is settled already: %s", id,
                       sql_get_text(&sql));
    else if (!code)
        code = err_set(reterr, ERR_NOT_FOUND, "there is no message %" PRId64, id);
    sql_end(&sql);
    return code;
}

static int log_attempt(struct sqlite_store *store, const struct store_delivery_result *result,
                       struct err *reterr)
{
    struct sql sql =
        sql_new(store, "INSERT INTO delivery (outbox, at_unix_ms, attempt, state, http_status,"
                       " error) VALUES (?, ?, ?, ?, ?, ?)");
    sql_int(&sql, result->id);
    sql_int(&sql, clock_unix_ms());
    sql_int(&sql, result->attempts);
    sql_text(&sql, delivery_state_name(result->state));
    sql_int_or_null(&sql, result->http_status, 0);
    sql_text(&sql, result->error);
    int code = sql_run(&sql, NULL, reterr);
    if (code)
        return code;
    sql = sql_new(store, "DELETE FROM delivery WHERE id <= ?");
    sql_int(&sql, sqlite3_last_insert_rowid(store->db) - DELIVERY_LOG_ROWS);
    return sql_run(&sql, NULL, reterr);
}

static int settle(struct sqlite_store *store, void *what, struct err *reterr)
{
    const struct store_delivery_result *result = what;
    bool waits = result->state == DELIVERY_PENDING || result->state == DELIVERY_PARKED;
    int changes = 0;
    struct sql sql = sql_new(store, "UPDATE outbox SET state = ?, attempts = ?,"
                                    " next_attempt_unix_ms = ?, http_status = ?, error = ?,"
                                    " updated_unix_ms = ?"
                                    " WHERE id = ? AND state IN ('pending', 'parked')");
    sql_text(&sql, delivery_state_name(result->state));
    sql_int(&sql, result->attempts);
    if (waits)
        sql_int(&sql, result->next_attempt_unix_ms);
    else
        sql_text(&sql, NULL);
    sql_int_or_null(&sql, result->http_status, 0);
    sql_text(&sql, result->error);
    sql_int(&sql, clock_unix_ms());
    sql_int(&sql, result->id);
    int code = sql_run(&sql, &changes, reterr);
    if (!code && !changes)
        code = not_waiting(store, result->id, reterr);
    return code ? code : log_attempt(store, result, reterr);
}

int sqlite_delivered_now(struct store *base, const struct store_delivery_result *result,
                         struct err *reterr)
{
    struct store_delivery_result copy = *result;
    return sqlite_write(sqlite_store_of(base), "write what came of a message", settle, &copy,
                        reterr);
}

int sqlite_delivery_counts_now(struct store *base, const char *receiver, int64_t since_unix_ms,
                               int64_t ret_counts[DELIVERY_STATES], struct err *reterr)
{
    struct sqlite_store *store = sqlite_store_of(base);
    store->doing = "count the messages";
    struct sql sql =
        sql_new(store, receiver ? "SELECT state, count(*) FROM outbox WHERE created_unix_ms >= ?"
                                  " AND receiver = ? GROUP BY state"
                                : "SELECT state, count(*) FROM outbox WHERE created_unix_ms >= ?"
                                  " GROUP BY state");
    sql_int(&sql, since_unix_ms);
    if (receiver)
        sql_text(&sql, receiver);
    int code;
    int64_t counts[DELIVERY_STATES] = {0};
    while ((code = sql_next(&sql, reterr)) == 1) {
        const char *name = sql_get_text(&sql);
        int64_t count = sql_get_int(&sql);
        for (int state = 0; state < DELIVERY_STATES; state++)
            if (!strcmp(name, delivery_state_name((enum delivery_state)state)))
                counts[state] = count;
    }
    sql_end(&sql);
    if (!code)
        memcpy(ret_counts, counts, sizeof counts);
    return code;
}
