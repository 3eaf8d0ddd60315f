/* Every question about an offset is one ListOffsets request, in the form of
 * rd_kafka_offsets_for_times, which keeps to its timeout (rd_kafka_query_watermark_offsets does not
 * before 2.3) and takes the logical offsets for a time. With read_committed the end is the last
 * stable offset, so an open transaction is not mistaken for something to read.
 *
 * One bad partition spoils the answer for all, so after a failure each is asked alone. */
#include "source/kafka_query.h"

#include "base/when.h"
#include "sys/file.h"

enum question { ASK_LOW, ASK_END, ASK_START };

static int64_t *slot(struct job_item *item, enum question question)
{
    return question == ASK_LOW ? &item->low : question == ASK_END ? &item->end : &item->start;
}

/* Asks about items [first, first + count); true if all were answered. */
static bool ask(rd_kafka_t *rk, struct job *job, uint32_t first, uint32_t count,
                enum question question, int timeout_ms)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (uint32_t i = first; i < first + count; i++) {
        struct job_item *item = &job->items[i];
        rd_kafka_topic_partition_list_add(list, item->topic, item->partition)->offset =
            question == ASK_LOW   ? RD_KAFKA_OFFSET_BEGINNING
            : question == ASK_END ? RD_KAFKA_OFFSET_END
                                  : item->time;
    }
    bool good = rd_kafka_offsets_for_times(rk, list, timeout_ms) == RD_KAFKA_RESP_ERR_NO_ERROR;
    for (int i = 0; good && i < list->cnt; i++)
        good = list->elems[i].err == RD_KAFKA_RESP_ERR_NO_ERROR;
    for (uint32_t i = first; good && i < first + count; i++) {
        struct job_item *item = &job->items[i];
        *slot(item, question) =
            rd_kafka_topic_partition_list_find(list, item->topic, item->partition)->offset;
    }
    rd_kafka_topic_partition_list_destroy(list);
    return good;
}

/* The end is asked last: what is below it was there when the other answers were given. */
static bool ask_offsets(rd_kafka_t *rk, struct job *job, uint32_t first, uint32_t count,
                        int timeout_ms)
{
    bool by_time = job->kind == JOB_OFFSETS && job->items[first].time >= 0;
    if (by_time && !ask(rk, job, first, count, ASK_START, timeout_ms))
        return false;
    if (job->kind == JOB_OFFSETS && !ask(rk, job, first, count, ASK_LOW, timeout_ms))
        return false;
    if (!ask(rk, job, first, count, ASK_END, timeout_ms))
        return false;
    for (uint32_t i = first; i < first + count; i++) {
        struct job_item *item = &job->items[i];
        item->known = item->end >= 0 && (job->kind == JOB_ENDS || item->low >= 0);
        if (item->time == RD_KAFKA_OFFSET_BEGINNING)
            item->start = item->low;
        else if (item->start < 0 || item->start > item->end)
            item->start = item->end; /* nothing so late yet */
    }
    return true;
}

static void run_offsets(rd_kafka_t *rk, struct job *job, const atomic_bool *closing)
{
    enum { ALONE_TIMEOUT_MS = 500 };
    struct loop_time began = clock_loop();
    if (job->count == 0 || ask_offsets(rk, job, 0, job->count, QUERY_TIMEOUT_MS) || job->count == 1)
        return;
    for (uint32_t i = 0; i < job->count; i++) {
        if (atomic_load(closing) || clock_loop().ms - began.ms > 2 * (int64_t)QUERY_TIMEOUT_MS)
            return;
        ask_offsets(rk, job, i, 1, ALONE_TIMEOUT_MS);
    }
}

/* False if no broker answered. */
static bool run_topic(rd_kafka_t *rk, struct job_item *item)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, item->topic, NULL);
    if (!topic)
        return false;
    bool answered =
        rd_kafka_metadata(rk, 0, topic, &metadata, QUERY_TIMEOUT_MS) == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (answered) {
        rd_kafka_resp_err_t code =
            metadata->topic_cnt == 1 ? metadata->topics[0].err : RD_KAFKA_RESP_ERR__FAIL;
        item->found = code == RD_KAFKA_RESP_ERR_NO_ERROR;
        if (item->found)
            item->partitions = (uint32_t)metadata->topics[0].partition_cnt;
        item->known = item->found || code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
        rd_kafka_metadata_destroy(metadata);
    }
    rd_kafka_topic_destroy(topic);
    return answered;
}

void query_run(rd_kafka_t *rk, struct job *job, const atomic_bool *closing)
{
    if (job->kind != JOB_TOPICS) {
        run_offsets(rk, job, closing);
        return;
    }
    for (uint32_t i = 0; i < job->count && !atomic_load(closing); i++) {
        if (!run_topic(rk, &job->items[i]))
            return; /* the others would wait as long */
    }
}
