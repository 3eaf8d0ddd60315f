/* The Kafka source as families. */
#ifndef LEEWAY_APP_METRICS_KAFKA_H
#define LEEWAY_APP_METRICS_KAFKA_H

#include "expose/families.h"
#include "source/kafka.h"

/* Asks the source's counters only. */
void metrics_kafka(struct kafka *kafka, struct families *families);

#endif
