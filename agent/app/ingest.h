/* Ingest: from a record to a committed delta. One of the two files that know the order of stages:
 *
 *     source ─► decode ─► validate ─► window ─► store
 */
#ifndef LEEWAY_APP_INGEST_H
#define LEEWAY_APP_INGEST_H

#include "app/event_clock.h"
#include "app/setup.h"
#include "source/source.h"

struct ingest;

/* `setup` and `store` are borrowed. */
struct ingest *ingest_new(const struct setup *setup, struct store *store);
/* Drops what is not committed. No call may be under way. Takes NULL. */
void ingest_free(struct ingest *ingest);

/* A partition to be taken over. */
struct ingest_want {
    const char *topic;
    int32_t partition;
    int64_t start_offset; /* if it was never taken before */
    int64_t next_offset; /* answered: records before it are committed already and will be dropped */
};

/* Takes over partitions, all or none. The first time it also reads which model versions were
 * counted before, so that the limit on versions holds over restarts. One at a time; `wants` stays
 * valid until `done`, its topics are copied. */
void ingest_take(struct ingest *ingest, struct ingest_want *wants, uint32_t count,
                 store_done_fn done, void *context);

/* Gives up all partitions; what is not committed is dropped. */
void ingest_release(struct ingest *ingest);

enum ingest_result {
    INGEST_TAKEN,
    INGEST_REPEATED, /* offset is committed or counted already; dropped */
    INGEST_FULL,     /* not taken: commit first, then offer it again */
    INGEST_STRANGER  /* not taken: the partition is not owned; take it first */
};
/* Counts one record. No allocation but for a new pane or quarantine entry. */
enum ingest_result ingest_record(struct ingest *ingest, const struct record *record);

/* True if the next new record would be INGEST_FULL. */
bool ingest_is_full(const struct ingest *ingest);

/* True if anything waits to be committed. */
bool ingest_pending(const struct ingest *ingest);

/* Commits everything since the last commit in one transaction. After STORE_DONE new records may be
 * offered; after STORE_FENCED the partitions must be taken and read again (what was not committed
 * is dropped); after STORE_UNAVAILABLE the same commit may be tried again. One at a time; no
 * records between call and callback. ingest_release may come between: then nothing is settled. */
void ingest_commit(struct ingest *ingest, store_done_fn done, void *context);

/* Says that a partition is drained and silent, so that finality need not wait for it; the next
 * record from it ends that. To be committed like a record. */
void ingest_idle(struct ingest *ingest, const char *topic, int32_t partition);
void ingest_all_idle(struct ingest *ingest);

/* Count windows: records get their times from this clock (borrowed). For a setup with one monitor,
 * before the first record. */
void ingest_use_event_clock(struct ingest *ingest, struct event_clock *clock);

/* Largest event time counted so far, committed or not (TIME_NONE: none yet). */
int64_t ingest_seen(const struct ingest *ingest);

/* Totals since the start of the process. */
struct ingest_totals {
    int64_t records[DISPOSITIONS];
    int64_t decode_results[DECODE_RESULT_COUNT];
    int64_t commits, fenced, bytes;
    int64_t unknown_versions; /* records of versions that the configuration does not name, though it
                                 names others; counted against the monitor's own baseline */
    int64_t repeated; /* offered and dropped, because their offsets are committed or counted */
};
const struct ingest_totals *ingest_totals(const struct ingest *ingest);

#endif
