/* The store: the only place where anything durable is. One contract, two implementations: SQLite (a
 * file, one agent) and PostgreSQL (any number of agents).
 *
 * Every write is one transaction with a compare-and-set, so that a crash, a repeat or a second
 * writer can neither lose nor double anything.
 *
 * Every call ends in exactly one call of its store_done_fn: SQLite before the call returns,
 * PostgreSQL later, from the event loop, in the order of the calls. What is passed in, what `ret_`
 * points to and the contexts stay valid until then; `ret_` is written before `done`, and only for
 * STORE_DONE. Several calls may be under way. Who may wait uses store/sync.h.
 *
 * Row functions get rows whose strings live only during the call; a non-zero return stops the
 * reading, which is no error. They may not call the store (STORE_FAILED).
 *
 * Text is NUL-terminated UTF-8, never NULL unless said so. One thread only. */
#ifndef LEEWAY_STORE_STORE_H
#define LEEWAY_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

struct event_base;

enum store_result {
    STORE_DONE,
    STORE_FENCED,      /* compare-and-set lost: somebody else is the owner; nothing was written */
    STORE_UNAVAILABLE, /* nothing known to be written; try again later */
    STORE_FAILED       /* will not work by repeating; see err */
};

/* `err` is NULL for STORE_DONE and filled for everything else: ERR_CONFLICT for fenced,
 * ERR_UNAVAILABLE for unavailable, else ERR_IO for damage, ERR_INVALID for misuse, and what the
 * call names. It may call the store again. A NULL function is allowed: nobody is told. */
typedef void (*store_done_fn)(void *context, enum store_result result, const struct err *err);

struct store;

struct store_options {
    const char *agent; /* this process among those that share the store; "" if it only reads */
    struct event_base *base; /* borrowed; NULL: the store has a loop of its own, that only
                                store_wait runs */
};

/* Opens "sqlite:PATH" (relative to the working directory, or absolute) or "sqlite::memory:",
 * creating or migrating the schema forward; or "postgresql://…" (a libpq URI), which only looks at
 * the URI: the server is looked for from the loop on, and calls wait for it (STORE_UNAVAILABLE
 * after a few seconds without it). `options` is copied; NULL is all empty. NULL on failure:
 * ERR_UNSUPPORTED for a newer schema than this program knows and for kinds of store that this build
 * lacks; ERR_INVALID for what is no store URL, and for a file that is no leeway store (it is left
 * as it is); ERR_IO if it cannot be opened or written, is damaged or its directory is missing;
 * ERR_UNAVAILABLE if it is locked or the disk is full. Errors never show a password. */
struct store *store_open(const char *url, const struct store_options *options, struct err *reterr);

/* Calls under way are dropped: their functions are not called. Takes NULL. */
void store_close(struct store *store);

/* "ok", or in one line why the store cannot be reached at the moment ("database: connection
 * refused"); no password, no host. Valid until the next call. Costs nothing. */
const char *store_state(const struct store *store);

/* Runs the store's loop until the answer is there. Only outside of callbacks. */
struct store_answer {
    bool given;
    enum store_result result;
    struct err err;
};
void store_answered(void *answer, enum store_result result, const struct err *err);
int store_wait(struct store *store, const struct store_answer *answer, struct err *reterr);

/* ---- reading positions and committing what was counted ---- */

struct store_partition {
    const char *topic;
    int32_t partition;
    int64_t epoch;        /* fencing token of the present owner */
    int64_t start_offset; /* where counting began; -1: nobody has taken it yet (epoch 0) */
    int64_t next_offset;  /* first offset not yet counted; -1 */
    int64_t max_event_ms; /* partition clock, or INT64_MIN */
    bool idle;            /* its owner found it drained and silent: nobody waits for its clock */
};

enum disposition {
    DISPOSED_COUNTED,
    DISPOSED_LATE,
    DISPOSED_BAD_TIME,
    DISPOSED_QUARANTINED,
    DISPOSED_NOT_MONITORED,
    DISPOSITIONS
};
const char *disposition_name(enum disposition disposition); /* "counted", "late", "bad_time", … */

struct store_advance {
    const char *topic;
    int32_t partition;
    int64_t epoch, old_offset, new_offset;
    int64_t max_event_ms;          /* INT64_MIN: none; the stored clock never goes backwards */
    int64_t records[DISPOSITIONS]; /* since the last commit; */
    int64_t skipped;               /* offsets in [old, new) that held no record */
    bool idle;                     /* as in struct store_partition; may be all that changes */
    /* new_offset - old_offset is the sum of records and skipped, or the commit is STORE_FAILED */
};

struct store_delta {
    const char *monitor, *version;
    const char *generation; /* full hash */
    int64_t pane_start_ms, pane_ms;
    int64_t rows;
    struct bytes counts; /* counts_encode */
};

/* A generation and the first pane that it applies to. */
struct store_register {
    const char *monitor, *version, *hash, *baseline_hash;
    int64_t first_pane_ms;
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
    struct store_advance *advances;
    uint32_t advance_count;
    struct store_register *registers; /* of versions counted for the first time */
    uint32_t register_count;
    struct store_delta *deltas;
    uint32_t delta_count;
    struct store_quarantine *quarantine;
    uint32_t quarantine_count;
};

/* ---- judging ---- */

/* A model version of a generation, as registered. */
struct store_generation {
    const char *monitor, *hash, *version, *baseline_hash;
    int64_t first_pane_ms;
};

struct store_pane {
    int64_t start_ms;
    const char *version;
    const char *generation;
    struct bytes counts;
    int64_t rows;
    uint32_t revision; /* of the stored pane, from 1; 0: not stored yet, or a delta */
};

struct store_verdict { /* a plain row; NaN is stored as null */
    const char *id, *monitor, *version, *segment, *field, *generation;
    int64_t window_ms; /* 0: not of a window, but the alarm of an e-detector */
    int64_t start_ms, end_ms, n, baseline_n;
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
    uint32_t pane_count; /* merged panes to keep; their deltas are deleted, */
    int64_t delta_mark;  /* up to this mark, from the one store_deltas that read them */
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
    DELIVERY_DRY_RUN,
    DELIVERY_SUPPRESSED, /* held back on purpose: cooldown or daily budget of a retraining */
    DELIVERY_STATES
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
    int64_t next_attempt_unix_ms; /* pending and parked; else not looked at */
    int32_t http_status;          /* 0: no answer */
    const char *error;            /* one redacted line, or NULL */
};

/* ---- baselines ---- */

struct store_baseline {
    const char *name;
    uint32_t version;
    const char *hash, *created, *document;
    int64_t rows;
    bool promoted; /* has been promoted at some time */
    bool current;  /* the one that version 0 means: the most recently promoted */
};

/* ---- calls: counting ---- */

/* Takes partitions over, in one transaction: raises each one's epoch, ends its idleness and gives
 * the row; one that is not there or was never taken begins (epoch 1) at its start_offset (>= 0). */
struct store_take {
    const char *topic;
    int32_t partition;
    int64_t start_offset;
    struct store_partition ret; /* its topic is the above */
};
void store_take(struct store *store, struct store_take *takes, uint32_t count, store_done_fn done,
                void *context);

/* Makes partitions 0 … count-1 of a topic known (epoch 0, no offsets, no clock) where they are not,
 * so that nobody takes panes for final before somebody has taken these. */
void store_expect(struct store *store, const char *topic, uint32_t count, store_done_fn done,
                  void *context);

/* All partitions, by topic and number. `records` are the ledger's totals: DISPOSITIONS entries, and
 * one more for skipped offsets; their sum is next_offset - start_offset. */
typedef int (*store_partition_fn)(void *context, const struct store_partition *p,
                                  const int64_t *records);
void store_partitions(struct store *store, store_partition_fn row, void *row_context,
                      store_done_fn done, void *context);

/* One transaction: all advances by compare-and-set on (epoch, next_offset), then registrations
 * (again for the same (hash, monitor, version) changes nothing), deltas, ledger, quarantine; or
 * nothing. A partition may be named once, and whatever is counted or quarantined needs an advance
 * (STORE_FAILED). An offset that is in quarantine already stays as it is. If the connection is lost
 * in the middle, the store finds out what became of it before it answers. */
void store_commit(struct store *store, const struct store_commit *commit, store_done_fn done,
                  void *context);

/* What is registered of a monitor (NULL: of all), of one generation (`hash`) or of all (NULL), in
 * the order of registration. */
typedef int (*store_generation_fn)(void *context, const struct store_generation *g);
void store_generations(struct store *store, const char *monitor, const char *hash,
                       store_generation_fn row, void *row_context, store_done_fn done,
                       void *context);

/* ---- calls: judging ---- */

/* Asks for the right to judge a monitor for the next `lease_ms`: given if nobody else has it or
 * theirs has run out (by the store's clock). Spares work; what is right does not depend on it. */
void store_claim(struct store *store, const char *monitor, int64_t lease_ms, bool *ret_given,
                 store_done_fn done, void *context);

/* State of a monitor's judging (appended); position INT64_MIN and no text if it never was. */
void store_judge_load(struct store *store, const char *monitor, int64_t *ret_position_ms,
                      struct text *ret_state, store_done_fn done, void *context);
/* Start of the earliest delta or pane of a monitor at or after `from_ms`; INT64_MAX if none. */
void store_first_delta(struct store *store, const char *monitor, int64_t from_ms,
                       int64_t *ret_start_ms, store_done_fn done, void *context);
/* Deltas of [from, to), by (start, version, generation): several rows may share these; the caller
 * adds them up. `ret_mark` (may be NULL) says which deltas this reading has seen: whoever writes
 * their sum hands it back, so that deltas that came since are kept. It is opaque, fits this one
 * reading only, and is 0 (which deletes nothing) if there was no row or the reading was stopped. */
typedef int (*store_pane_fn)(void *context, const struct store_pane *pane);
void store_deltas(struct store *store, const char *monitor, int64_t from_ms, int64_t to_ms,
                  store_pane_fn row, void *row_context, int64_t *ret_mark, store_done_fn done,
                  void *context);
/* Merged, already judged panes, the same way: to rebuild windows after a restart. */
void store_panes(struct store *store, const char *monitor, int64_t from_ms, int64_t to_ms,
                 store_pane_fn row, void *row_context, store_done_fn done, void *context);
/* One transaction with compare-and-set on the position, which does not go backwards; panes start
 * before the new position. The deltas that the mark covers, of these panes (monitor, version,
 * generation, start) and no others, are deleted. A pane must be the sum of everything: one that is
 * stored already is replaced, with the next revision, if its `revision` is the stored one
 * (STORE_FENCED if not). A verdict whose id is there stays as it is; an incident is replaced unless
 * a higher sequence is stored; an outbox row is added unless its receiver has the message_id. After
 * STORE_UNAVAILABLE it may have been written all the same: read the state again. */
void store_judged(struct store *store, const struct store_judged *judged, store_done_fn done,
                  void *context);
/* Deltas that arrived for panes already judged (store_deltas from INT64_MIN to the position): each
 * pane is what store_panes gave plus those deltas, with the revision as read (0: no such pane). One
 * transaction: replaces the panes with the next revision, deletes the deltas that the mark covers.
 * STORE_FENCED if a pane has another revision; STORE_FAILED for a pane that is not judged yet. */
void store_merge_late(struct store *store, const char *monitor, const struct store_pane *panes,
                      uint32_t count, int64_t delta_mark, store_done_fn done, void *context);

/* Takes deltas of a monitor that start before the judged position and whose (version, generation)
 * is the given one out of the queue, in one transaction: no judge will ask for them. They are kept
 * as they were committed, as long as panes are. */
void store_set_aside(struct store *store, const char *monitor, const char *version,
                     const char *generation, store_done_fn done, void *context);

/* ---- calls: delivering ---- */

/* Due deliveries at `now` (unix ms): the first waiting (pending or parked) row of each (receiver,
 * incident), if its time has come; at most `limit` (> 0). Receivers take turns in the order, so
 * that a receiver with many rows cannot push others out. Rows that are being delivered are still
 * due. A receiver's rows are given to one agent at a time, which keeps them for a minute after it
 * last asked. */
typedef int (*store_delivery_fn)(void *context, const struct store_delivery *d);
void store_due(struct store *store, int64_t now_unix_ms, uint32_t limit, store_delivery_fn row,
               void *row_context, store_done_fn done, void *context);
/* When the next one is due (of the rows that store_due would give in time, whoever may have them);
 * INT64_MAX if none is waiting. */
void store_next_due(struct store *store, int64_t *ret_unix_ms, store_done_fn done, void *context);
/* Writes what came of an attempt and appends it to the delivery log (the newest 10,000 are kept).
 * STORE_FENCED if the row is settled already (neither pending nor parked); STORE_FAILED if there is
 * none. */
void store_delivered(struct store *store, const struct store_delivery_result *result,
                     store_done_fn done, void *context);
/* How many deliveries of a receiver (NULL: of all) are in each state, by enum delivery_state, since
 * `since_unix_ms` (by creation). */
void store_delivery_counts(struct store *store, const char *receiver, int64_t since_unix_ms,
                           int64_t ret_counts[DELIVERY_STATES], store_done_fn done, void *context);

/* ---- calls: baselines ---- */

/* put assigns the next version of the name (from 1); the same content (hash) again returns the
 * existing version. `promote` makes it the current one either way. */
void store_baseline_put(struct store *store, const struct store_baseline *baseline, bool promote,
                        uint32_t *ret_version, store_done_fn done, void *context);
/* version 0: the most recently promoted one. ERR_NOT_FOUND. `ret_document` is appended. */
void store_baseline_get(struct store *store, const char *name, uint32_t version,
                        struct text *ret_document, uint32_t *ret_version, store_done_fn done,
                        void *context);
/* By name and version, without documents (NULL). */
typedef int (*store_baseline_fn)(void *context, const struct store_baseline *b);
void store_baseline_list(struct store *store, store_baseline_fn row, void *row_context,
                         store_done_fn done, void *context);
/* Makes a version the current one, also an old one again. ERR_NOT_FOUND. */
void store_baseline_promote(struct store *store, const char *name, uint32_t version,
                            store_done_fn done, void *context);

/* ---- calls: reading for page, API and status ---- */

/* NULL or 0 arguments do not filter ("" does: the segment "" is all records); newest first; limit >
 * 0. Verdicts are taken by their end, since <= end < until; incidents if they were open at some
 * time of [since, until), newest opened first (they have no segment, field and window). */
struct store_query {
    const char *monitor, *version, *segment, *field, *state;
    const char *incident; /* id; for store_incidents */
    int64_t window_ms, since_ms, until_ms;
    uint32_t limit;
};
typedef int (*store_verdict_fn)(void *context, const struct store_verdict *v);
void store_verdicts(struct store *store, const struct store_query *query, store_verdict_fn row,
                    void *row_context, store_done_fn done, void *context);
/* The latest verdict of each (monitor, version, segment, field, window), without alarms; `state`
 * and times then choose among these. Costs a look-up for each such series of the monitor, whatever
 * its history. */
void store_latest(struct store *store, const struct store_query *query, store_verdict_fn row,
                  void *row_context, store_done_fn done, void *context);
typedef int (*store_incident_fn)(void *context, const struct store_incident *i);
void store_incidents(struct store *store, const struct store_query *query, store_incident_fn row,
                     void *row_context, store_done_fn done, void *context);
/* The most recently quarantined first. */
typedef int (*store_quarantine_fn)(void *context, const struct store_quarantine *q);
void store_quarantine_list(struct store *store, uint32_t limit, store_quarantine_fn row,
                           void *row_context, store_done_fn done, void *context);

/* ---- calls: keeping house ---- */

/* Deletes what the retention has passed: judged panes and deltas set aside that start, and verdicts
 * that end, before the given event times (ms); incidents resolved before the latter, with what was
 * delivered of them; all but the newest `quarantine_rows`. Deltas that nobody has judged and
 * messages that still wait are kept. */
void store_prune(struct store *store, int64_t panes_before_ms, int64_t verdicts_before_ms,
                 uint32_t quarantine_rows, store_done_fn done, void *context);

/* For metrics. Cheap: a few index look-ups and the length of the queues. */
struct store_stats {
    int64_t deltas;                        /* not yet judged or merged */
    int64_t panes, verdicts, quarantined;  /* upper bounds or estimates */
    int64_t incidents_open;                /* not resolved */
    int64_t outbox_pending, outbox_parked; /* of all receivers */
    int64_t outbox_oldest_unix_ms;         /* creation of the oldest of these; 0: none */
    int64_t size_bytes;                    /* of the database; 0: not known */
};
void store_stats(struct store *store, struct store_stats *ret_stats, store_done_fn done,
                 void *context);

#endif
