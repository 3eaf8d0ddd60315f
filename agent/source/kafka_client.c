/* The life of a librdkafka handle. Its callbacks all come from polling, because the library's main
 * and log queues are forwarded to the consumer's: so they come on the loop's thread, or, while
 * closing, on the helper's, where nobody cares for them any more and a rebalance is only waved
 * through. It refuses to know what a partition is for. */
#include "source/kafka_client.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/when.h"
#include "source/kafka_query.h"
#include "sys/log.h"

struct job *job_new(enum job_kind kind, uint64_t serial, uint32_t count)
{
    struct job *job = mem_new(1, sizeof *job);
    job->kind = kind;
    job->serial = serial;
    job->count = count;
    if (count)
        job->items = mem_new(count, sizeof *job->items);
    return job;
}

void job_set(struct job *job, uint32_t index, const char *topic, int32_t partition, int64_t time)
{
    job->items[index] = (struct job_item){.topic = mem_copy(topic),
                                          .partition = partition,
                                          .time = time,
                                          .start = -1,
                                          .low = -1,
                                          .end = -1};
}

void job_free(struct job *job)
{
    if (!job)
        return;
    for (uint32_t i = 0; i < job->count; i++)
        free(job->items[i].topic);
    free(job->items);
    free(job);
}

static void free_jobs(struct job *job)
{
    while (job) {
        struct job *next = job->next;
        job_free(job);
        job = next;
    }
}

static void release(struct client *client)
{
    pthread_mutex_lock(&client->lock);
    bool last = --client->holders == 0;
    pthread_mutex_unlock(&client->lock);
    if (!last)
        return;
    free_jobs(client->waiting);
    free_jobs(client->finished);
    pthread_cond_destroy(&client->changed);
    pthread_mutex_destroy(&client->lock);
    close(client->fd);
    free(client);
}

/* ---- callbacks ---- */

static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                         rd_kafka_topic_partition_list_t *partitions, void *opaque)
{
    struct client *client = opaque;
    if (atomic_load(&client->closing))
        rd_kafka_assign(rk, NULL);
    else if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
        client->hooks.assigned(client->hooks.context, partitions);
    else
        client->hooks.revoked(client->hooks.context, partitions);
}

static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    (void)rk, (void)reason;
    struct client *client = opaque;
    if (!atomic_load(&client->closing))
        client->hooks.error(client->hooks.context, (rd_kafka_resp_err_t)code);
}

/* The library's own lines are detail: what matters comes as an error too. */
static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    enum { SYSLOG_CRITICAL = 2 };
    struct client *client = rd_kafka_opaque(rk);
    if (!client || atomic_load(&client->closing))
        return;
    if (level <= SYSLOG_CRITICAL)
        log_error("kafka client", "facility", facility, "text", text);
    else
        log_debug("kafka client", "facility", facility, "text", text);
}

/* ---- the helper ---- */

static struct job *next_job(struct client *client)
{
    pthread_mutex_lock(&client->lock);
    while (!client->waiting)
        pthread_cond_wait(&client->changed, &client->lock);
    struct job *job = client->waiting;
    client->waiting = job->next;
    if (!client->waiting)
        client->waiting_end = &client->waiting;
    job->next = NULL;
    pthread_mutex_unlock(&client->lock);
    return job;
}

static void finish_job(struct client *client, struct job *job)
{
    static const uint64_t one = 1;
    pthread_mutex_lock(&client->lock);
    *client->finished_end = job;
    client->finished_end = &job->next;
    pthread_mutex_unlock(&client->lock);
    if (write(client->fd, &one, sizeof one) < 0 && errno != EAGAIN)
        log_error("could not wake the loop");
}

static void close_client(struct client *client)
{
    /* A rebalance that waits for its answer would keep the close waiting. */
    rd_kafka_assign(client->rk, NULL);
    rd_kafka_consumer_close(client->rk);
    rd_kafka_queue_destroy(client->queue);
    rd_kafka_destroy(client->rk);
    pthread_mutex_lock(&client->lock);
    client->closed = true;
    pthread_cond_broadcast(&client->changed);
    pthread_mutex_unlock(&client->lock);
}

static void *help(void *argument)
{
    struct client *client = argument;
    for (;;) {
        struct job *job = next_job(client);
        if (job->kind == JOB_CLOSE) {
            job_free(job);
            break;
        }
        if (!atomic_load(&client->closing))
            query_run(client->rk, job, &client->closing);
        finish_job(client, job);
    }
    close_client(client);
    release(client);
    return NULL;
}

/* Signals are the loop's. */
static int start_helper(struct client *client)
{
    sigset_t all, before;
    pthread_t thread;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    client->holders = 2;
    int code = pthread_create(&thread, NULL, help, client);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!code)
        pthread_detach(thread);
    return code;
}

/* ---- for the loop ---- */

void client_ask(struct client *client, struct job *job)
{
    pthread_mutex_lock(&client->lock);
    *client->waiting_end = job;
    client->waiting_end = &job->next;
    pthread_cond_broadcast(&client->changed);
    pthread_mutex_unlock(&client->lock);
}

struct job *client_answer(struct client *client)
{
    pthread_mutex_lock(&client->lock);
    struct job *job = client->finished;
    if (job) {
        client->finished = job->next;
        if (!client->finished)
            client->finished_end = &client->finished;
        job->next = NULL;
    }
    pthread_mutex_unlock(&client->lock);
    return job;
}

bool client_close(struct client *client, int64_t wait_ms)
{
    atomic_store(&client->closing, true);
    rd_kafka_queue_io_event_enable(client->queue, -1, NULL, 0);
    client_ask(client, job_new(JOB_CLOSE, 0, 0));
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(wait_ms / SECOND_MS);
    pthread_mutex_lock(&client->lock);
    int code = 0;
    while (wait_ms > 0 && !client->closed && code != ETIMEDOUT)
        code = pthread_cond_timedwait(&client->changed, &client->lock, &until);
    bool closed = client->closed;
    pthread_mutex_unlock(&client->lock);
    release(client);
    return closed;
}

static int subscribe(struct client *client, const char *const *topics, uint32_t topic_count,
                     struct err *reterr)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)topic_count);
    for (uint32_t i = 0; i < topic_count; i++)
        rd_kafka_topic_partition_list_add(list, topics[i], RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(client->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (code)
        return err_set(reterr, ERR_IO, "could not subscribe: %s", rd_kafka_err2name(code));
    return 0;
}

static struct client *alloc_client(const struct client_hooks *hooks)
{
    struct client *client = mem_new(1, sizeof *client);
    client->hooks = *hooks;
    client->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    client->waiting_end = &client->waiting;
    client->finished_end = &client->finished;
    client->holders = 1;
    pthread_mutex_init(&client->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&client->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    return client;
}

static int open_handle(struct client *client, const rd_kafka_conf_t *conf, struct err *reterr)
{
    static const uint64_t one = 1;
    char text[256];
    if (client->fd < 0)
        return err_set(reterr, ERR_IO, "could not make a descriptor: %s", strerror(errno));
    rd_kafka_conf_t *copy = rd_kafka_conf_dup(conf);
    rd_kafka_conf_set_opaque(copy, client);
    rd_kafka_conf_set_rebalance_cb(copy, on_rebalance);
    rd_kafka_conf_set_error_cb(copy, on_error);
    rd_kafka_conf_set_log_cb(copy, on_log);
    client->rk = rd_kafka_new(RD_KAFKA_CONSUMER, copy, text, sizeof text);
    if (!client->rk) {
        rd_kafka_conf_destroy(copy);
        return err_set(reterr, ERR_IO, "could not start the kafka client: %s", text);
    }
    rd_kafka_poll_set_consumer(client->rk);
    client->queue = rd_kafka_queue_get_consumer(client->rk);
    rd_kafka_set_log_queue(client->rk, client->queue);
    rd_kafka_queue_io_event_enable(client->queue, client->fd, &one, sizeof one);
    return 0;
}

struct client *client_new(const rd_kafka_conf_t *conf, const char *const *topics,
                          uint32_t topic_count, const struct client_hooks *hooks,
                          struct err *reterr)
{
    struct client *client = alloc_client(hooks);
    if (open_handle(client, conf, reterr)) {
        release(client);
        return NULL;
    }
    int code = subscribe(client, topics, topic_count, reterr);
    if (!code && start_helper(client))
        code = err_set(reterr, ERR_IO, "could not start a thread");
    if (!code)
        return client;
    client->holders = 1;
    atomic_store(&client->closing, true);
    close_client(client);
    release(client);
    return NULL;
}
