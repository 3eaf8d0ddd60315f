/* From the user's properties to librdkafka's configuration. Private to this folder. */
#ifndef LEEWAY_SOURCE_KAFKA_CONF_H
#define LEEWAY_SOURCE_KAFKA_CONF_H

#include <librdkafka/rdkafka.h>

#include "source/kafka.h"

/* As kafka_new says. NULL on failure. Free with rd_kafka_conf_destroy. Never dump it:
 * rd_kafka_conf_dump shows secrets. */
rd_kafka_conf_t *conf_make(const struct kafka_options *options, struct err *reterr);

#endif
