/* One librdkafka consumer with the helper thread that makes its blocking calls. Private to this
 * folder.
 *
 * The loop's thread polls `rk`; the helper takes jobs one by one and gives them back through the
 * same descriptor that librdkafka writes to. The client is freed by whichever of the two is done
 * last, so that a close that never returns (librdkafka#4724, #4884) costs memory and no more. */
#ifndef LEEWAY_SOURCE_KAFKA_CLIENT_H
#define LEEWAY_SOURCE_KAFKA_CLIENT_H

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum job_kind {
    JOB_OFFSETS, /* low, end and start of each item */
    JOB_ENDS,    /* end of each item */
    JOB_TOPICS,  /* found: whether the topic exists; known: whether a broker said so */
    JOB_CLOSE
};

struct job_item {
    char *topic;
    int32_t partition;
    int64_t time; /* asked: RD_KAFKA_OFFSET_BEGINNING, _END or ms since 1970; the same for all */
    int64_t start, low, end; /* answered */
    bool known;              /* all that was asked was answered */
    bool found;
    uint32_t partitions; /* of a topic that was found */
};

struct job {
    enum job_kind kind;
    uint64_t serial; /* the asker's, untouched */
    uint32_t count;
    struct job_item *items;
    struct job *next;
};

struct job *job_new(enum job_kind kind, uint64_t serial, uint32_t count);
void job_set(struct job *job, uint32_t index, const char *topic, int32_t partition, int64_t time);
void job_free(struct job *job); /* takes NULL */

struct client_hooks {
    void *context;
    void (*assigned)(void *context, const rd_kafka_topic_partition_list_t *partitions);
    void (*revoked)(void *context, const rd_kafka_topic_partition_list_t *partitions);
    void (*error)(void *context, rd_kafka_resp_err_t code);
};

struct client {
    rd_kafka_t *rk;
    int fd; /* readable: poll, and look for finished jobs */
    struct client_hooks hooks;
    /* from here on: shared with the helper */
    atomic_bool closing; /* the loop looks no more; callbacks are nobody's */
    rd_kafka_queue_t *queue;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    struct job *waiting, **waiting_end;
    struct job *finished, **finished_end;
    bool closed;
    uint32_t holders;
};

/* Subscribes to the topics. `conf` is borrowed; the hooks are called from within
 * rd_kafka_consumer_poll only. NULL: ERR_IO. */
struct client *client_new(const rd_kafka_conf_t *conf, const char *const *topics,
                          uint32_t topic_count, const struct client_hooks *hooks,
                          struct err *reterr);

/* Gives a job to the helper. */
void client_ask(struct client *client, struct job *job);
/* A finished one, or NULL. Free with job_free. */
struct job *client_answer(struct client *client);

/* The end of the loop's share: no message may be held. Closes in the helper and waits `wait_ms` at
 * most (0: not at all). True if it closed in time. */
bool client_close(struct client *client, int64_t wait_ms);

#endif
