/* The store: the only place where anything durable is. One contract, two implementations (SQLite,
 * PostgreSQL).
 *
 * Every write is one transaction with a compare-and-set, so that a crash, a repeat or a second
 * writer can neither lose nor double anything. Calls that may wait take a callback; SQLite calls it
 * before it returns, PostgreSQL later from the loop. Data that is passed in must stay valid until
 * the callback. One call of a kind may be in flight at a time.
 *
 * Text is NUL-terminated UTF-8, never NULL unless said so. One thread only. */
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

/* `err` is NULL for STORE_DONE and filled for everything else. It may call the store again. A NULL
 * function is allowed: nobody is told. */
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
const char *disposition_name(enum disposition disposition); /* "counted", "late", "bad_time", … */

struct store_advance {
    const char *topic;
    int32_t partition;
    int64_t epoch, old_offset, new_offset;
    int64_t max_event_ms;          /* INT64_MIN: none; the stored clock never goes backwards */
    int64_t records[DISPOSITIONS]; /* since the last commit; */
    int64_t skipped;               /* offsets in [old, new) that held no record */
    /* new_offset - old_offset is the sum of records and skipped, or the commit is STORE_FAILED */
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

/* A model version of a generation, as registered. */
struct store_generation {
    const char *hash, *version, *baseline_hash;
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

struct store;

/* Opens "sqlite:PATH" (relative to the working directory, or absolute) or "sqlite::memory:",
 * creating or migrating the schema forward. NULL on failure: ERR_UNSUPPORTED for a newer schema
 * than this program knows and for kinds of store that this build lacks; ERR_INVALID for what is no
 * store URL, and for a file that is no leeway store (it is left as it is); ERR_IO if it cannot be
 * opened or written, is damaged or its directory is missing; ERR_UNAVAILABLE if it is locked or the
 * disk is full. Errors never show a password. */
struct store *store_open(const char *url, struct err *reterr);
void store_close(struct store *store); /* takes NULL */

/* Every row function gets rows whose strings live only during the call; a non-zero return stops the
 * reading, which is no error. It may not call the store: such a call is refused (ERR_INVALID,
 * STORE_FAILED).
 *
 * The functions that return a code fail with ERR_UNAVAILABLE where trying again can help, with
 * ERR_IO for damage, with ERR_INVALID for misuse, and with what their comment names. On failure
 * nothing is written and no ret_ is touched. */

/* Takes over the partition: raises the epoch and returns the row; creates it (epoch 1) with
 * start_offset (>= 0) if it is not there. `ret->topic` is the argument. */
int store_take_partition(struct store *store, const char *topic, int32_t partition,
                         int64_t start_offset, const char *agent, struct store_partition *ret,
                         struct err *reterr);
/* All partitions, by topic and number. `records` are the ledger's totals: DISPOSITIONS entries, and
 * one more for skipped offsets; their sum is next_offset - start_offset. */
int store_partitions(struct store *store,
                     int (*row)(void *context, const struct store_partition *p,
                                const int64_t *records),
                     void *context, struct err *reterr);

/* One transaction: all advances by compare-and-set on (epoch, next_offset), then deltas, ledger,
 * quarantine; or nothing. A partition may be named once, and whatever is counted or quarantined
 * needs an advance (STORE_FAILED). An offset that is in quarantine already stays as it is. */
void store_commit(struct store *store, const struct store_commit *commit, store_done_fn done,
                  void *context);

/* Registers a generation: hash, monitor, version, baseline hash, first pane. Again for the same
 * (hash, monitor, version) changes nothing. */
int store_generation(struct store *store, const char *monitor, const char *version,
                     const char *hash, const char *baseline_hash, int64_t first_pane_ms,
                     struct err *reterr);

/* What is registered of a monitor, of one generation (`hash`) or of all (NULL), in the order of
 * registration. */
int store_generations(struct store *store, const char *monitor, const char *hash,
                      int (*row)(void *context, const struct store_generation *g), void *context,
                      struct err *reterr);

/* State of a monitor's judging (appended); position INT64_MIN and no text if it never was. */
int store_judge_load(struct store *store, const char *monitor, int64_t *ret_position_ms,
                     struct text *ret_state, struct err *reterr);
/* Start of the earliest delta or pane of a monitor at or after `from_ms`; INT64_MAX if none. */
int store_first_delta(struct store *store, const char *monitor, int64_t from_ms,
                      int64_t *ret_start_ms, struct err *reterr);
/* Deltas of [from, to), by (start, version, generation): several rows may share these; the caller
 * adds them up. `ret_mark` (may be NULL) says which deltas this reading has seen: whoever writes
 * their sum hands it back, so that deltas that came since are kept. It is opaque, fits this one
 * reading only, and is 0 (which deletes nothing) if there was no row or the reading was stopped. */
int store_deltas(struct store *store, const char *monitor, int64_t from_ms, int64_t to_ms,
                 int (*row)(void *context, const struct store_pane *delta), void *context,
                 int64_t *ret_mark, struct err *reterr);
/* Merged, already judged panes, the same way: to rebuild windows after a restart. */
int store_panes(struct store *store, const char *monitor, int64_t from_ms, int64_t to_ms,
                int (*row)(void *context, const struct store_pane *pane), void *context,
                struct err *reterr);
/* One transaction with compare-and-set on the position, which does not go backwards; panes start
 * before the new position. The deltas that the mark covers, of these panes (monitor, version,
 * generation, start) and no others, are deleted. A pane must be the sum of everything: one that is
 * stored already is replaced, with the next revision, if its `revision` is the stored one
 * (STORE_FENCED if not). A verdict whose id is there stays as it is; an incident is replaced unless
 * a higher sequence is stored; an outbox row is added unless its receiver has the message_id. */
void store_judged(struct store *store, const struct store_judged *judged, store_done_fn done,
                  void *context);
/* Deltas that arrived for panes already judged (store_deltas from INT64_MIN to the position): each
 * pane is what store_panes gave plus those deltas, with the revision as read (0: no such pane). One
 * transaction: replaces the panes with the next revision, deletes the deltas that the mark covers.
 * STORE_FENCED if a pane has another revision; STORE_FAILED for a pane that is not judged yet. */
void store_merge_late(struct store *store, const char *monitor, const struct store_pane *panes,
                      uint32_t count, int64_t delta_mark, store_done_fn done, void *context);

/* Takes deltas of all generations but `generation` that start before the judged position out of the
 * queue, in one transaction: no judge will ask for them. They are kept as they were committed, as
 * long as panes are. */
int store_set_aside(struct store *store, const char *monitor, const char *generation,
                    struct err *reterr);

/* Due deliveries at `now` (unix ms): the first waiting (pending or parked) row of each (receiver,
 * incident), if its time has come; at most `limit` (> 0). Receivers take turns in the order, so
 * that a receiver with many rows cannot push others out. Rows that are being delivered are still
 * due. */
int store_due(struct store *store, int64_t now_unix_ms, uint32_t limit,
              int (*row)(void *context, const struct store_delivery *d), void *context,
              struct err *reterr);
/* When the next one is due (of the rows that store_due would give in time); INT64_MAX if none is
 * waiting. */
int store_next_due(struct store *store, int64_t *ret_unix_ms, struct err *reterr);
/* Writes what came of an attempt and appends it to the delivery log (the newest 10,000 are kept).
 * STORE_FENCED if the row is settled already (neither pending nor parked); STORE_FAILED if there is
 * none. */
void store_delivered(struct store *store, const struct store_delivery_result *result,
                     store_done_fn done, void *context);
/* How many deliveries of a receiver (NULL: of all) are in each state, by enum delivery_state, since
 * `since_unix_ms` (by creation). */
int store_delivery_counts(struct store *store, const char *receiver, int64_t since_unix_ms,
                          int64_t ret_counts[DELIVERY_STATES], struct err *reterr);

/* Baselines. put assigns the next version of the name (from 1); the same content (hash) again
 * returns the existing version. `promote` makes it the current one either way. */
int store_baseline_put(struct store *store, const char *name, const char *hash, const char *created,
                       int64_t rows, const char *document, bool promote, uint32_t *ret_version,
                       struct err *reterr);
/* version 0: the most recently promoted one. ERR_NOT_FOUND. `ret_document` is appended. */
int store_baseline_get(struct store *store, const char *name, uint32_t version,
                       struct text *ret_document, uint32_t *ret_version, struct err *reterr);
/* By name and version, without documents (NULL). */
int store_baseline_list(struct store *store,
                        int (*row)(void *context, const struct store_baseline *b), void *context,
                        struct err *reterr);
/* Makes a version the current one, also an old one again. ERR_NOT_FOUND. */
int store_baseline_promote(struct store *store, const char *name, uint32_t version,
                           struct err *reterr);

/* Reading for page, API and status. NULL or 0 arguments do not filter ("" does: the segment "" is
 * all records); newest first; limit > 0. Verdicts are taken by their end, since <= end < until;
 * incidents if they were open at some time of [since, until), newest opened first (they have no
 * segment, field and window). */
struct store_query {
    const char *monitor, *version, *segment, *field, *state;
    int64_t window_ms, since_ms, until_ms;
    uint32_t limit;
};
int store_verdicts(struct store *store, const struct store_query *query,
                   int (*row)(void *context, const struct store_verdict *v), void *context,
                   struct err *reterr);
/* The latest verdict of each (monitor, version, segment, field, window); `state` and times then
 * choose among these. Costs a look-up for each such series of the monitor, whatever its history. */
int store_latest(struct store *store, const struct store_query *query,
                 int (*row)(void *context, const struct store_verdict *v), void *context,
                 struct err *reterr);
int store_incidents(struct store *store, const struct store_query *query,
                    int (*row)(void *context, const struct store_incident *i), void *context,
                    struct err *reterr);
/* The most recently quarantined first. */
int store_quarantine_list(struct store *store, uint32_t limit,
                          int (*row)(void *context, const struct store_quarantine *q),
                          void *context, struct err *reterr);

/* Deletes what the retention has passed: judged panes and deltas set aside that start, and verdicts
 * that end, before the given event times (ms); incidents resolved before the latter, with what was
 * delivered of them; all but the newest `quarantine_rows`. Deltas that nobody has judged and
 * messages that still wait are kept. */
int store_prune(struct store *store, int64_t panes_before_ms, int64_t verdicts_before_ms,
                uint32_t quarantine_rows, struct err *reterr);

/* For metrics. Cheap: a few index look-ups and the length of the queues. */
struct store_stats {
    int64_t deltas;                        /* not yet judged or merged */
    int64_t panes, verdicts, quarantined;  /* upper bounds, from row numbers */
    int64_t incidents_open;                /* not resolved */
    int64_t outbox_pending, outbox_parked; /* of all receivers */
    int64_t outbox_oldest_unix_ms;         /* creation of the oldest of these; 0: none */
    int64_t size_bytes;                    /* of the database; 0: not known */
};
int store_stats(struct store *store, struct store_stats *ret_stats, struct err *reterr);

#endif
