/* The blocking questions to brokers, with a bound on the time. Private to this folder. */
#ifndef LEEWAY_SOURCE_KAFKA_QUERY_H
#define LEEWAY_SOURCE_KAFKA_QUERY_H

#include "source/kafka_client.h"

enum { QUERY_TIMEOUT_MS = 2000 };

/* Answers every item it can; stops early once `closing`. Takes some QUERY_TIMEOUT_MS at most for
 * each item, normally one round trip in all. Any thread but librdkafka's. */
void query_run(rd_kafka_t *rk, struct job *job, const atomic_bool *closing);

#endif
