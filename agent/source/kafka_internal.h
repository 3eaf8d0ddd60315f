/* The parts of the Kafka source among themselves. Private to this folder. */
#ifndef LEEWAY_SOURCE_KAFKA_INTERNAL_H
#define LEEWAY_SOURCE_KAFKA_INTERNAL_H

#include <event2/event.h>

#include "source/kafka.h"
#include "source/kafka_client.h"
#include "source/kafka_error.h"
#include "source/kafka_table.h"

/*   JOINING ─assigned─► ASSIGNING ─first assign()─► STEADY ─revoked─► REVOKING ─assign(NULL)─┐
 *      ▲                    └────────────revoked─────────────────────────▲                   │
 *      └────────────────────────────────────────────────────────────────────────────────────┘
 *   any ─fatal, stalled─► FAILED                                                              */
enum phase { PHASE_JOINING, PHASE_ASSIGNING, PHASE_STEADY, PHASE_REVOKING, PHASE_FAILED };

/* The partition for which the client was rebuilt: its strikes outlive the client. */
struct suspect {
    char *topic; /* NULL: none */
    int32_t partition;
    uint32_t strikes;
};

/* Taken from librdkafka and not handed over, in order: refused, and what came behind it. */
struct hand {
    rd_kafka_message_t **messages;
    uint32_t first, count;
};

struct topic {
    char *name;
    bool missing;
    uint32_t partitions; /* 0: not known yet */
};

struct kafka {
    struct event_base *base;
    struct event *wake;  /* librdkafka or the helper has something */
    struct event *again; /* the budget was used up, or something was asked for */
    struct event *tick;
    rd_kafka_conf_t *conf;
    struct kafka_hooks hooks;
    int64_t start_time; /* RD_KAFKA_OFFSET_BEGINNING, _END or ms since 1970 */
    int64_t recheck_ms;
    struct topic *topics;
    uint32_t topic_count;

    struct client *client;
    struct loop_time now; /* of this turn, nearly */
    enum phase phase;
    struct loop_time phase_since;
    struct table table;
    uint64_t serial; /* of the assignment: answers to older questions are thrown away */

    bool asking_offsets, asking_ends, asking_topics; /* a job is with the helper */
    struct loop_time ask_offsets_at;                 /* not before */
    struct loop_time assigned_at;                    /* last assign() */
    struct loop_time topics_at;                      /* last check of the topics */
    bool revoke_done;

    bool stopped, paused; /* by the receiver; in librdkafka too */
    struct loop_time stopped_since;
    uint64_t resumes; /* calls of kafka_resume */
    struct hand held;

    bool batches;        /* librdkafka can be asked for several records at once */
    int64_t nudge_below; /* queued records at which a thread that fetches is woken; 0: never */
    struct loop_time nudged_at;

    bool down;                   /* no broker answers */
    rd_kafka_resp_err_t refusal; /* not authenticated or not allowed; 0: none */
    bool want_rebuild;
    int failing; /* enum kafka_failure to be told, or -1 */
    struct suspect suspect;
    struct error_counts errors;
    struct kafka_counters counters;
    char state[200];
};

/* kafka.c */
int kafka_connect(struct kafka *kafka, struct err *reterr);

/* kafka_poll.c: records and back-pressure */
void poll_prepare(struct kafka *kafka); /* once the configuration is made */
void poll_turn(struct kafka *kafka);
void poll_soon(struct kafka *kafka);
void poll_drop_held(struct kafka *kafka);
void poll_pause_if_long(struct kafka *kafka, struct loop_time now);
void poll_on_error(void *context, rd_kafka_resp_err_t code);
void poll_note_error(struct kafka *kafka, rd_kafka_resp_err_t code, const char *topic);

/* kafka_group.c: who reads what from where */
void group_on_assigned(void *context, const rd_kafka_topic_partition_list_t *partitions);
void group_on_revoked(void *context, const rd_kafka_topic_partition_list_t *partitions);
void group_on_offsets(struct kafka *kafka, const struct job *job);
/* The broker has not got the next offset: asks where the log begins and ends. */
void group_resolve_again(struct kafka *kafka, struct part *part);
/* Assigns all that can flow at its next offset. */
void group_assign(struct kafka *kafka);
/* Tells the receiver that everything is lost, and forgets it. */
void group_drop(struct kafka *kafka);
void group_tick(struct kafka *kafka, struct loop_time now);
void group_set_phase(struct kafka *kafka, enum phase phase);

/* kafka_watch.c: what goes wrong without an error */
void watch_on_ends(struct kafka *kafka, const struct job *job);
void watch_on_topics(struct kafka *kafka, const struct job *job);
void watch_tick(struct kafka *kafka, struct loop_time now);

#endif
