/* The schema is a list of steps that only grows: a step that has been released is never changed.
 * PRAGMA user_version counts the steps that a file has; PRAGMA application_id tells our files from
 * other programs'. Assumes nothing about who else opens the file at the same moment. Knows no row.
 *
 * Times: *_ms is event time, *_unix_ms the wall clock, both milliseconds since 1970. Null is "none"
 * (INT64_MIN or NaN in C). Tables are STRICT, so a value of a wrong type is refused, not kept. */
#include "store/sqlite_schema.h"

#include <stdio.h>

static const char *const step_1[] = {
    /* What is counted and from where. */
    "CREATE TABLE generation (hash TEXT NOT NULL, monitor TEXT NOT NULL, version TEXT NOT NULL,"
    " baseline_hash TEXT NOT NULL, first_pane_ms INTEGER NOT NULL,"
    " created_unix_ms INTEGER NOT NULL, PRIMARY KEY (hash, monitor, version)) STRICT",

    "CREATE TABLE partition_state (topic TEXT NOT NULL, part INTEGER NOT NULL,"
    " epoch INTEGER NOT NULL, owner TEXT NOT NULL, start_offset INTEGER NOT NULL,"
    " next_offset INTEGER NOT NULL, max_event_ms INTEGER, updated_unix_ms INTEGER NOT NULL,"
    " PRIMARY KEY (topic, part)) STRICT, WITHOUT ROWID",

    "CREATE TABLE ledger (topic TEXT NOT NULL, part INTEGER NOT NULL, disposition TEXT NOT NULL,"
    " records INTEGER NOT NULL, PRIMARY KEY (topic, part, disposition)) STRICT, WITHOUT ROWID",

    "CREATE TABLE quarantine (id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL,"
    " part INTEGER NOT NULL, record_offset INTEGER NOT NULL, reason TEXT NOT NULL,"
    " size_bytes INTEGER NOT NULL, sha256 TEXT NOT NULL, created_unix_ms INTEGER NOT NULL,"
    " UNIQUE (topic, part, record_offset)) STRICT",

    /* AUTOINCREMENT: a mark (the largest id read) must never cover rows that come later. */
    "CREATE TABLE pane_delta (id INTEGER PRIMARY KEY AUTOINCREMENT, monitor TEXT NOT NULL,"
    " version TEXT NOT NULL, generation TEXT NOT NULL, start_ms INTEGER NOT NULL,"
    " pane_ms INTEGER NOT NULL, row_count INTEGER NOT NULL, counts BLOB NOT NULL,"
    " agent TEXT NOT NULL) STRICT",
    "CREATE INDEX pane_delta_order ON pane_delta (monitor, start_ms, version, generation)",

    /* What is judged. */
    "CREATE TABLE pane (monitor TEXT NOT NULL, version TEXT NOT NULL, generation TEXT NOT NULL,"
    " start_ms INTEGER NOT NULL, row_count INTEGER NOT NULL, counts BLOB NOT NULL,"
    " revision INTEGER NOT NULL, UNIQUE (monitor, start_ms, version, generation)) STRICT",
    "CREATE INDEX pane_start ON pane (start_ms)",

    "CREATE TABLE judge_state (monitor TEXT PRIMARY KEY NOT NULL, position_ms INTEGER,"
    " state TEXT NOT NULL, updated_unix_ms INTEGER NOT NULL) STRICT",

    "CREATE TABLE verdict (sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
    " monitor TEXT NOT NULL, version TEXT NOT NULL, segment TEXT NOT NULL, field TEXT NOT NULL,"
    " generation TEXT NOT NULL, window_ms INTEGER NOT NULL, start_ms INTEGER NOT NULL,"
    " end_ms INTEGER NOT NULL, n INTEGER NOT NULL, baseline_n INTEGER NOT NULL,"
    " state TEXT NOT NULL, severity TEXT NOT NULL, significant INTEGER NOT NULL,"
    " provisional INTEGER NOT NULL, p REAL, effect REAL, psi REAL, js REAL, ks REAL,"
    " wasserstein REAL, g REAL, missing_rate REAL, detail TEXT NOT NULL,"
    " document TEXT NOT NULL) STRICT",
    /* The first entry of each series is its latest: store_latest steps from series to series.
     * Field comes early because that is what a history is asked for. */
    "CREATE INDEX verdict_series ON verdict"
    " (monitor, field, segment, window_ms, version, end_ms DESC, sequence DESC)",
    "CREATE INDEX verdict_end ON verdict (end_ms)",

    "CREATE TABLE window_histogram (verdict INTEGER PRIMARY KEY, counts TEXT NOT NULL) STRICT",

    /* What is told. */
    "CREATE TABLE incident (id TEXT PRIMARY KEY NOT NULL, monitor TEXT NOT NULL,"
    " version TEXT NOT NULL, rule TEXT NOT NULL, state TEXT NOT NULL, severity TEXT NOT NULL,"
    " title TEXT NOT NULL, evidence TEXT NOT NULL, opened_ms INTEGER NOT NULL,"
    " updated_ms INTEGER NOT NULL, resolved_ms INTEGER, sequence INTEGER NOT NULL) STRICT",
    "CREATE INDEX incident_opened ON incident (opened_ms)",
    "CREATE INDEX incident_open ON incident (monitor) WHERE resolved_ms IS NULL",

    "CREATE TABLE outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, receiver TEXT NOT NULL,"
    " incident TEXT NOT NULL, sequence INTEGER NOT NULL, event TEXT NOT NULL,"
    " message_id TEXT NOT NULL, payload TEXT NOT NULL, created_unix_ms INTEGER NOT NULL,"
    " state TEXT NOT NULL, attempts INTEGER NOT NULL, next_attempt_unix_ms INTEGER,"
    " http_status INTEGER, error TEXT, updated_unix_ms INTEGER,"
    " UNIQUE (receiver, message_id)) STRICT",
    "CREATE INDEX outbox_waiting ON outbox (receiver, incident, sequence, id)"
    " WHERE state IN ('pending', 'parked')",
    "CREATE INDEX outbox_created ON outbox (receiver, created_unix_ms, state)",

    "CREATE TABLE delivery (id INTEGER PRIMARY KEY AUTOINCREMENT, outbox INTEGER NOT NULL,"
    " at_unix_ms INTEGER NOT NULL, attempt INTEGER NOT NULL, state TEXT NOT NULL,"
    " http_status INTEGER, error TEXT) STRICT",

    /* What all is measured against. promoted_order: null, or higher the later it was promoted. */
    "CREATE TABLE baseline (name TEXT NOT NULL, version INTEGER NOT NULL, hash TEXT NOT NULL,"
    " created TEXT NOT NULL, row_count INTEGER NOT NULL, document TEXT NOT NULL,"
    " promoted_order INTEGER, PRIMARY KEY (name, version), UNIQUE (name, hash)) STRICT",

    "CREATE TABLE audit (id INTEGER PRIMARY KEY AUTOINCREMENT, at_unix_ms INTEGER NOT NULL,"
    " action TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT NOT NULL) STRICT",
    NULL,
};

static const char *const step_2[] = {
    /* Deltas of generations that are no longer judged: see store_set_aside. */
    "CREATE TABLE pane_set_aside (id INTEGER PRIMARY KEY, monitor TEXT NOT NULL,"
    " version TEXT NOT NULL, generation TEXT NOT NULL, start_ms INTEGER NOT NULL,"
    " pane_ms INTEGER NOT NULL, row_count INTEGER NOT NULL, counts BLOB NOT NULL,"
    " agent TEXT NOT NULL) STRICT",
    "CREATE INDEX pane_set_aside_start ON pane_set_aside (start_ms)",
    NULL,
};

static const char *const step_3[] = {
    /* What its owner found: see struct store_partition. Since this step there are rows of epoch 0,
     * with offsets of -1, that nobody has taken yet. */
    "ALTER TABLE partition_state ADD COLUMN idle INTEGER NOT NULL DEFAULT 0",
    NULL,
};

static const struct sqlite_step steps[] = {{step_1}, {step_2}, {step_3}};

static int read_number(struct sqlite_store *store, const char *text, int64_t *ret,
                       struct err *reterr)
{
    struct sql sql = sql_once(store, text);
    int code = sql_next(&sql, reterr);
    if (code == 1)
        *ret = sql_get_int(&sql);
    sql_end(&sql);
    return code < 0 ? code : 0;
}

static int execute(struct sqlite_store *store, const char *text, struct err *reterr)
{
    int code = sqlite3_exec(store->db, text, NULL, NULL, NULL);
    return code ? sqlite_fail(store, code, reterr) : 0;
}

/* The version of our file, or of an empty one (0). */
static int read_version(struct sqlite_store *store, int count, int64_t *ret_version,
                        struct err *reterr)
{
    int64_t application = 0, version = 0, tables = 0;
    int code = read_number(store, "PRAGMA application_id", &application, reterr);
    if (!code)
        code = read_number(store, "PRAGMA user_version", &version, reterr);
    if (!code)
        code = read_number(store, "SELECT count(*) FROM sqlite_schema", &tables, reterr);
    if (code)
        return code;
    bool fresh = !application && !version && !tables;
    if (!fresh && (application != SQLITE_APPLICATION_ID || version < 1)) {
        code = err_set(reterr, ERR_INVALID, "this SQLite file is not a store of leeway");
        err_hint(reterr, "Give a file that does not exist yet; this one was left as it is.");
    } else if (version > count) {
        code = err_set(reterr, ERR_UNSUPPORTED,
                       "the store has schema version %lld, this leeway knows %d at most",
                       (long long)version, count);
        err_hint(reterr, "A newer leeway wrote it: run that one, or give another file.");
    }
    if (code)
        err_place(reterr, "%s", store->place);
    *ret_version = version;
    return code;
}

struct plan {
    const struct sqlite_step *steps;
    int count;
};

/* Reads the version again: since it was read outside somebody else may have done the work. */
static int migrate(struct sqlite_store *store, void *what, struct err *reterr)
{
    const struct plan *plan = what;
    char pragma[64];
    int64_t version = 0;
    int code = read_version(store, plan->count, &version, reterr);
    for (int step = (int)version; !code && step < plan->count; step++)
        for (const char *const *text = plan->steps[step].statements; !code && *text; text++)
            code = execute(store, *text, reterr);
    snprintf(pragma, sizeof pragma, "PRAGMA user_version = %d", plan->count);
    if (!code)
        code = execute(store, pragma, reterr);
    snprintf(pragma, sizeof pragma, "PRAGMA application_id = %d", SQLITE_APPLICATION_ID);
    return code ? code : execute(store, pragma, reterr);
}

int sqlite_migrate(struct sqlite_store *store, const struct sqlite_step *wanted, int count,
                   struct err *reterr)
{
    int64_t version = 0;
    store->doing = "read the schema version";
    int code = read_version(store, count, &version, reterr);
    if (code || version == count)
        return code;
    struct plan plan = {wanted, count};
    return sqlite_write(store, "create the tables", migrate, &plan, reterr);
}

int sqlite_schema_update(struct sqlite_store *store, struct err *reterr)
{
    return sqlite_migrate(store, steps, sizeof steps / sizeof *steps, reterr);
}
