/* Ingest: from a record to a committed delta. One of the two files that know the order of stages:
 *
 *     source ─► decode ─► validate ─► window ─► store
 */
#ifndef LEEWAY_APP_INGEST_H
#define LEEWAY_APP_INGEST_H

#include "app/setup.h"
#include "source/source.h"

struct ingest;

/* `setup` and `store` are borrowed. `agent` names this process in the store. */
struct ingest *ingest_new(const struct setup *setup, struct store *store, const char *agent);
void ingest_free(struct ingest *ingest); /* drops what is not committed; takes NULL */

/* Takes over a partition. The first time it also reads which model versions were counted before, so
 * that the limit on versions holds over restarts. Records before `ret_next_offset` are committed
 * already and will be dropped. */
int ingest_take(struct ingest *ingest, const char *topic, int32_t partition, int64_t start_offset,
                int64_t *ret_next_offset, struct err *reterr);

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

/* True if anything waits to be committed. */
bool ingest_pending(const struct ingest *ingest);

/* Commits everything since the last commit in one transaction. After STORE_DONE new records may be
 * offered; after STORE_FENCED the partitions must be taken and read again (what was not committed
 * is dropped); after STORE_UNAVAILABLE the same commit may be tried again. One at a time; no
 * records between call and callback. */
void ingest_commit(struct ingest *ingest, store_done_fn done, void *context);

/* Smallest watermark of the monitor's partitions as committed (TIME_NONE: none yet). Panes that end
 * at or before it are certain. */
int64_t ingest_watermark(const struct ingest *ingest, const struct monitor *monitor);

/* Says that a partition is drained and silent, so that finality does not wait for it; the next
 * record from it ends that. */
void ingest_idle(struct ingest *ingest, const char *topic, int32_t partition);
void ingest_all_idle(struct ingest *ingest);

/* Largest committed event time of the monitor's partitions (TIME_NONE: none yet). */
int64_t ingest_latest(const struct ingest *ingest, const struct monitor *monitor);

/* Event time up to which panes may be judged: the smallest watermark of the partitions that are not
 * idle; if all are, the end of the last pane with a record. TIME_NONE: nothing yet. */
int64_t ingest_final(const struct ingest *ingest, const struct monitor *monitor);

/* Largest event time counted so far, committed or not (TIME_NONE: none yet). */
int64_t ingest_seen(const struct ingest *ingest);

/* Totals since the start of the process. */
struct ingest_totals {
    int64_t records[DISPOSITIONS];
    int64_t decode_results[DECODE_RESULT_COUNT];
    int64_t commits, fenced, bytes;
    int64_t repeated; /* offered and dropped, because their offsets are committed or counted */
};
const struct ingest_totals *ingest_totals(const struct ingest *ingest);

#endif
