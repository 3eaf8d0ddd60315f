/* The Kafka source: a member of a consumer group on the event loop, and nothing else. It owns no
 * offset: where a partition is read from is said by whoever owns the counts (DESIGN §8).
 *
 *   kafka_new ─► joins ─► assigned(partition) ─► record, record … ─► revoked(partitions) ─► …
 *
 * All functions and hooks belong to the thread of the loop. Nothing here blocks: what has no
 * asynchronous form in librdkafka (offset queries, metadata, closing) is done by one helper thread.
 * Hooks may call every function below but kafka_free.
 *
 * What it promises
 * - Records of a partition are handed over by ascending offset, each at most once between assigned
 *   and revoked, beginning with the first at or after the offset that was given. What is of a
 *   partition that is not owned, or below the next expected offset, is dropped and counted. Jumps
 *   (transaction markers, compaction) are passed on as they are; only committed records are seen.
 * - After revoked was called no record of those partitions comes until assigned was called again.
 * - Polling never stops for more than KAFKA_PAUSE_AFTER_MS, however long the receiver is stopped,
 *   so max.poll.interval.ms is never missed because of back-pressure.
 * - A partition that is silent for 30 s although there is more to read is restarted; if that does
 *   not help the client is rebuilt (to the hooks: lost, then assigned); then `failed` is called.
 *
 * Memory: librdkafka prefetches until its queue has so many records or bytes; what one fetch brings
 * may come on top. Defaults, which the properties may override:
 *   librdkafka < 2.2   queued.min.messages 20000
 *   librdkafka >= 2.2  queued.min.messages 10000, fetch.queue.backoff.ms 5
 *   both               queued.max.messages.kbytes 16384, fetch.max.bytes 2 MiB (as they are sent:
 *                      compressed)
 * Where brokers are far away (a fetch takes milliseconds) larger ones are faster.
 *
 * There is no anchor record: a topic that was deleted, recreated and filled beyond the next offset
 * while nobody looked is not recognised; one that ends before it is (KAFKA_JUMP_RECREATED). */
#ifndef LEEWAY_SOURCE_KAFKA_H
#define LEEWAY_SOURCE_KAFKA_H

#include "source/source.h"

enum {
    KAFKA_PAUSE_AFTER_MS = 1000,     /* a shorter stop keeps what was prefetched */
    KAFKA_REVOKE_WAIT_MS = 5000,     /* time that the receiver has to commit */
    KAFKA_ASSIGN_PATIENCE_MS = 3000, /* then partitions with an offset start without the others */
    KAFKA_CLOSE_WAIT_MS = 5000
};

struct event_base;
struct kafka;

/* A property of librdkafka. `place` ("file:line:col", may be NULL) is for messages. */
struct kafka_property {
    const char *name, *value;
    const char *place;
};

enum kafka_start { KAFKA_EARLIEST, KAFKA_LATEST, KAFKA_TIMESTAMP };

enum kafka_take {
    KAFKA_TAKEN,  /* go on */
    KAFKA_STOP,   /* taken; no more before kafka_resume */
    KAFKA_REFUSED /* not taken; the same record is offered again after kafka_resume */
};

/* A partition that this member has got, with concrete offsets. */
struct kafka_offer {
    const char *topic;
    int32_t partition;
    int64_t start_offset; /* what the start policy means here, for a partition never seen before */
    int64_t low_offset;   /* the first that the broker still has; for partitions added later */
    int64_t end_offset;   /* one after the last that can be read */
};

struct kafka_span {
    const char *topic;
    int32_t partition;
};

enum kafka_jump_reason {
    KAFKA_JUMP_TRIMMED,  /* [old_offset, new_offset) was deleted before it was read: at most so many
                            records are lost */
    KAFKA_JUMP_RECREATED /* the log ends before old_offset: another topic of the same name, or
                            truncated; offsets start anew */
};

struct kafka_jump {
    const char *topic;
    int32_t partition;
    enum kafka_jump_reason reason;
    int64_t old_offset, new_offset;
};

enum kafka_failure {
    KAFKA_FENCED, /* fatal in librdkafka, mostly another member with the same group.instance.id:
                     write nothing, exit 70 */
    KAFKA_STALLED /* a partition stays silent after everything was tried: exit 75 */
};

/* Strings and records are valid during the call. `record`, `assigned` and `revoked` are needed. */
struct kafka_hooks {
    void *context;

    enum kafka_take (*record)(void *context, const struct record *record);

    /* Take the partition over. True: reading starts at `ret_offset`. False: later, by
     * kafka_assign_ready, if the partition is not revoked before. */
    bool (*assigned)(void *context, const struct kafka_offer *offer, int64_t *ret_offset);

    /* Nothing more comes of these (each was told by `assigned`). If not `lost`: commit what was
     * counted, then return true, or false and call kafka_revoke_done within KAFKA_REVOKE_WAIT_MS;
     * after that somebody else reads them. If `lost` they are somebody else's already: drop what is
     * not committed; the result is not looked at. */
    bool (*revoked)(void *context, const struct kafka_span *partitions, uint32_t count, bool lost);

    /* The next offset does not exist (any more). Nothing comes of the partition until a new offset
     * is given, normally jump->new_offset: as for `assigned`. NULL: new_offset is taken. */
    bool (*jumped)(void *context, const struct kafka_jump *jump, int64_t *ret_offset);

    /* Once; after it nothing comes any more. May be NULL. */
    void (*failed)(void *context, enum kafka_failure failure, const struct err *err);
};

struct kafka_options {
    const struct kafka_property *properties;
    uint32_t property_count;
    const char *const *topics; /* names, not patterns; repeated ones count once */
    uint32_t topic_count;      /* > 0 */
    const char *group;         /* unless the properties have a group.id; may be NULL then */
    enum kafka_start start;
    int64_t start_ms;   /* for KAFKA_TIMESTAMP: first record at or after it, else the end */
    int64_t recheck_ms; /* how often missing topics are looked for; 0: 30 s */
    struct kafka_hooks hooks;
};

/* Copies everything but hooks.context. Needs no broker: it is looked for from the loop on.
 *
 * Properties are passed on as they are, except: those that leeway has to own are refused, so are
 * test.*, plugins, TLS without verification, and PLAIN without TLS. "NAME_file" reads the value of
 * NAME from a file as secret_read does. NULL on failure: ERR_INVALID with the property's name and
 * place, or for a topic or group; ERR_NOT_FOUND, ERR_IO for a secret; ERR_IO if librdkafka cannot
 * start (for example a certificate that it cannot read). No error shows a value that may be secret.
 */
struct kafka *kafka_new(const struct kafka_options *options, struct event_base *base,
                        struct err *reterr);

/* Leaves the group (static members only disconnect) and frees. No hook is called, so commit first:
 * call kafka_stop, commit, free. Waits KAFKA_CLOSE_WAIT_MS at most; a client that has not closed
 * then is left to its thread, which ends with the process. Takes NULL. */
void kafka_free(struct kafka *kafka);

/* No more records until kafka_resume, as if a hook had said KAFKA_STOP. May be repeated. */
void kafka_stop(struct kafka *kafka);
/* Goes on, beginning with the refused record. Also from within `record`. */
void kafka_resume(struct kafka *kafka);

/* The late answer to `assigned` or `jumped`. ERR_NOT_FOUND if nobody waits for it (the partition
 * was revoked meanwhile): then it must not be counted. */
int kafka_assign_ready(struct kafka *kafka, const char *topic, int32_t partition, int64_t offset);
/* The late answer to `revoked`; does nothing if nobody waits. */
void kafka_revoke_done(struct kafka *kafka);

/* "ok", or why not, for /readyz: one line, valid until the next call. No host name, no secret. */
const char *kafka_state(struct kafka *kafka);

/* One owned partition. Ascending by topic, then partition; an index is good until the next turn of
 * the loop. */
struct kafka_partition {
    const char *topic;
    int32_t partition;
    int64_t next_offset; /* expected; -1: not yet known */
    int64_t end_offset;  /* as last seen; -1: not yet known */
    int64_t lag;         /* offsets between them, an upper bound of records; -1: not yet known */
    bool drained;
};
uint32_t kafka_partition_count(const struct kafka *kafka);
void kafka_partition_at(const struct kafka *kafka, uint32_t index, struct kafka_partition *ret);

/* True if the partition is owned and everything that the broker was known to have was handed over.
 * With an open transaction in the log it is false. */
bool kafka_drained(const struct kafka *kafka, const char *topic, int32_t partition);

enum { KAFKA_STALL_STEPS = 3 };

/* Totals since kafka_new. */
struct kafka_counters {
    int64_t records, bytes; /* taken; bytes of values */
    int64_t dropped_strange, dropped_repeated, dropped_paused;
    int64_t rebalances, lost_assignments, revoke_timeouts;
    int64_t pauses, refused;
    int64_t stall_recoveries[KAFKA_STALL_STEPS]; /* restarted, rebuilt, given up */
    int64_t jumps, lost_offsets;                 /* lost: upper bound, KAFKA_JUMP_TRIMMED only */
};
const struct kafka_counters *kafka_counters(const struct kafka *kafka);

/* Errors by librdkafka's name for them ("_TRANSPORT", "NOT_LEADER_FOR_PARTITION"); false from the
 * first index on that does not exist. */
bool kafka_error_at(const struct kafka *kafka, uint32_t index, const char **ret_name,
                    int64_t *ret_count);

/* Leaves the group and joins it again, soon: what is owned is told as lost. For a receiver that
 * finds that somebody else counts its partitions. */
void kafka_rejoin(struct kafka *kafka);

/* How many partitions the topic has, as of the last check; 0: not known yet. */
uint32_t kafka_topic_partitions(const struct kafka *kafka, const char *topic);

/* True if the topic is not there (as of the last check). */
bool kafka_topic_missing(const struct kafka *kafka, const char *topic);

#endif
