/* The store: the only place where anything durable is. One contract, two implementations (SQLite,
 * PostgreSQL).
 *
 * Every write is one transaction with a compare-and-set, so that a crash, a repeat or a second
 * writer can neither lose nor double anything. Calls that may wait take a callback; SQLite calls it
 * before it returns, PostgreSQL later from the loop. Data that is passed in must stay valid until
 * the callback. One call of a kind may be in flight at a time. */
#ifndef LEEWAY_STORE_STORE_H
#define LEEWAY_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

enum store_result {
    STORE_DONE,
    STORE_FENCED,      /* compare-and-set lost: somebody else is the owner; nothing was written */
    STORE_UNAVAILABLE, /* nothing known to be written; try again later */
    STORE_FAILED       /* will not work by repeating; see err */
};

typedef void (*store_done_fn)(void *context, enum store_result result, const struct err *err);

/* ---- reading positions and committing what was counted ---- */

struct store_partition {
    const char *topic;
    int32_t partition;
    int64_t epoch;        /* fencing token of the present owner */
    int64_t start_offset; /* where counting began */
    int64_t next_offset;  /* first offset not yet counted */
    int64_t max_event_ms; /* partition clock, or INT64_MIN */
};

enum disposition {
    DISPOSED_COUNTED,
    DISPOSED_LATE,
    DISPOSED_BAD_TIME,
    DISPOSED_QUARANTINED,
    DISPOSED_NOT_MONITORED,
    DISPOSITIONS
};
const char *disposition_name(enum disposition disposition);

struct store_advance {
    const char *topic;
    int32_t partition;
    int64_t epoch, old_offset, new_offset;
    int64_t max_event_ms;
    int64_t records[DISPOSITIONS]; /* since the last commit; */
    int64_t skipped;               /* offsets in [old, new) that held no record */
};

struct store_delta {
    const char *monitor, *version;
    const char *generation; /* full hash */
    int64_t pane_start_ms, pane_ms;
    int64_t rows;
    struct bytes counts; /* counts_encode */
};

struct store_quarantine {
    const char *topic;
    int32_t partition;
    int64_t offset;
    const char *reason;
    int64_t size_bytes;
    char sha256[65];
};

struct store_commit {
    const char *agent; /* id of this process */
    struct store_advance *advances;
    uint32_t advance_count;
    struct store_delta *deltas;
    uint32_t delta_count;
    struct store_quarantine *quarantine;
    uint32_t quarantine_count;
};

/* ---- judging ---- */

struct store_pane {
    int64_t start_ms;
    const char *version;
    const char *generation;
    struct bytes counts;
    int64_t rows;
};

struct store_verdict { /* a plain row; NaN is stored as null */
    const char *id, *monitor, *version, *segment, *field, *generation;
    int64_t window_ms, start_ms, end_ms, n, baseline_n;
    const char *state, *severity;
    bool significant, provisional;
    double p, effect, psi, js, ks, wasserstein, g, missing_rate;
    const char *detail;
    const char *document;  /* verdict_format's JSON */
    const char *histogram; /* JSON array of coarse live counts, or NULL */
};

struct store_incident {
    const char *id, *monitor, *version, *rule, *state, *severity, *title, *evidence;
    int64_t opened_ms, updated_ms, resolved_ms; /* resolved 0: not yet */
    uint32_t sequence;
};

struct store_outbox {
    const char *receiver, *incident, *event; /* event: "opened", "worsened", "closed", "retrain" */
    uint32_t sequence;                       /* order within (receiver, incident) */
    const char *message_id;                  /* stable id, also the idempotency key */
    const char *payload;                     /* receiver-neutral JSON snapshot of the incident */
};

struct store_judged {
    const char *monitor;
    int64_t old_position_ms,
        new_position_ms; /* compare-and-set: last judged pane end; INT64_MIN before the first */
    const char *state;   /* JSON: judge state and incident book */
    struct store_pane *panes;
    uint32_t pane_count; /* merged panes to keep; their deltas are deleted */
    struct store_verdict *verdicts;
    uint32_t verdict_count;
    struct store_incident *incidents;
    uint32_t incident_count;
    struct store_outbox *outbox;
    uint32_t outbox_count;
};

/* ---- delivering ---- */

enum delivery_state {
    DELIVERY_PENDING,
    DELIVERY_DELIVERED,
    DELIVERY_PARKED,
    DELIVERY_DEAD,
    DELIVERY_DRY_RUN
};

struct store_delivery {
    int64_t id;
    const char *receiver, *incident, *event, *message_id, *payload;
    uint32_t sequence, attempts;
};

struct store_delivery_result {
    int64_t id;
    enum delivery_state state;
    uint32_t attempts;
    int64_t next_attempt_unix_ms; /* pending and parked */
    int32_t http_status;          /* 0: no answer */
    const char *error;            /* one redacted line, or NULL */
};

/* ---- baselines ---- */

struct store_baseline {
    const char *name;
    uint32_t version;
    const char *hash, *created, *document;
    int64_t rows;
    bool promoted;
};

struct store;

/* Opens "sqlite:PATH", "sqlite::memory:" (or later postgresql://…), creating or migrating the
 * schema forward; a newer schema than this program knows is ERR_UNSUPPORTED. NULL on failure. */
struct store *store_open(const char *url, struct err *reterr);
void store_close(struct store *store); /* takes NULL */

/* Every row function gets rows whose strings live only during the call; a non-zero return stops the
 * reading. */

/* Takes over the partition: raises the epoch and returns the row; creates it with start_offset if
 * it is not there. */
int store_take_partition(struct store *store, const char *topic, int32_t partition,
                         int64_t start_offset, const char *agent, struct store_partition *ret,
                         struct err *reterr);
int store_partitions(struct store *store,
                     int (*row)(void *context, const struct store_partition *p,
                                const int64_t *records),
                     void *context, struct err *reterr);

/* One transaction: all advances by compare-and-set on (epoch, next_offset), then deltas, ledger,
 * quarantine; or nothing. */
void store_commit(struct store *store, const struct store_commit *commit, store_done_fn done,
                  void *context);

/* Registers a generation (idempotent): hash, monitor, version, baseline hash, first pane. */
int store_generation(struct store *store, const char *monitor, const char *version,
                     const char *hash, const char *baseline_hash, int64_t first_pane_ms,
                     struct err *reterr);

/* State of a monitor's judging; position INT64_MIN and empty text if it never was. */
int store_judge_load(struct store *store, const char *monitor, int64_t *ret_position_ms,
                     struct text *ret_state, struct err *reterr);
/* Start of the earliest delta or pane of a monitor at or after `from_ms`; INT64_MAX if none. */
int store_first_delta(struct store *store, const char *monitor, int64_t from_ms,
                      int64_t *ret_start_ms, struct err *reterr);
/* Deltas of [from, to), by (start, version, generation): several rows may share these; the caller
 * adds them up. */
int store_deltas(struct store *store, const char *monitor, int64_t from_ms, int64_t to_ms,
                 int (*row)(void *context, const struct store_pane *delta), void *context,
                 struct err *reterr);
/* Merged, already judged panes, the same way: to rebuild windows after a restart. */
int store_panes(struct store *store, const char *monitor, int64_t from_ms, int64_t to_ms,
                int (*row)(void *context, const struct store_pane *pane), void *context,
                struct err *reterr);
/* One transaction with compare-and-set on the position. Deltas of the judged panes are deleted;
 * deltas that arrive later for a judged pane are merged into it with a higher revision by
 * store_late_merge. */
void store_judged(struct store *store, const struct store_judged *judged, store_done_fn done,
                  void *context);

/* Due deliveries at `now` (unix ms): the first undelivered row of each (receiver, incident), at
 * most `limit`. */
int store_due(struct store *store, int64_t now_unix_ms, uint32_t limit,
              int (*row)(void *context, const struct store_delivery *d), void *context,
              struct err *reterr);
/* When the next one is due; INT64_MAX if none is waiting. */
int store_next_due(struct store *store, int64_t *ret_unix_ms, struct err *reterr);
void store_delivered(struct store *store, const struct store_delivery_result *result,
                     store_done_fn done, void *context);
/* How many deliveries of a receiver are in each state, since `since_unix_ms` (by creation). */
int store_delivery_counts(struct store *store, const char *receiver, int64_t since_unix_ms,
                          int64_t ret_counts[5], struct err *reterr);

/* Baselines. put assigns the next version of the name; the same content again returns the existing
 * version. */
int store_baseline_put(struct store *store, const char *name, const char *hash, const char *created,
                       int64_t rows, const char *document, bool promote, uint32_t *ret_version,
                       struct err *reterr);
/* version 0: the newest promoted one. ERR_NOT_FOUND. `ret_document` is appended. */
int store_baseline_get(struct store *store, const char *name, uint32_t version,
                       struct text *ret_document, uint32_t *ret_version, struct err *reterr);
int store_baseline_list(struct store *store,
                        int (*row)(void *context, const struct store_baseline *b), void *context,
                        struct err *reterr);
int store_baseline_promote(struct store *store, const char *name, uint32_t version,
                           struct err *reterr);

/* Reading for page, API and status. NULL or 0 arguments do not filter; newest first; limit > 0. */
struct store_query {
    const char *monitor, *version, *segment, *field, *state;
    int64_t window_ms, since_ms, until_ms;
    uint32_t limit;
};
int store_verdicts(struct store *store, const struct store_query *query,
                   int (*row)(void *context, const struct store_verdict *v), void *context,
                   struct err *reterr);
/* The latest verdict of each (monitor, version, segment, field, window). */
int store_latest(struct store *store, const struct store_query *query,
                 int (*row)(void *context, const struct store_verdict *v), void *context,
                 struct err *reterr);
int store_incidents(struct store *store, const struct store_query *query,
                    int (*row)(void *context, const struct store_incident *i), void *context,
                    struct err *reterr);
int store_quarantine_list(struct store *store, uint32_t limit,
                          int (*row)(void *context, const struct store_quarantine *q),
                          void *context, struct err *reterr);

/* Deletes what the retention has passed (before the given event times, ms). */
int store_prune(struct store *store, int64_t panes_before_ms, int64_t verdicts_before_ms,
                uint32_t quarantine_rows, struct err *reterr);

#endif
