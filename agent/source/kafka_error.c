/* librdkafka repairs nearly everything by itself and reports it all the same. So four classes are
 * acted on and everything else is counted by name; whoever acts is the owner of the client. Names
 * come from the library's static table, so their number is bounded, and capped here besides. */
#include "source/kafka_error.h"

#include <string.h>

enum error_class error_class(rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR__FATAL:
        return ERROR_FATAL;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        return ERROR_RESET;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR__SSL:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        return ERROR_REFUSED;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
        return ERROR_MISSING;
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        return ERROR_END;
    default:
        return ERROR_COUNTED;
    }
}

bool error_count(struct error_counts *counts, rd_kafka_resp_err_t code, struct loop_time now)
{
    const char *name = rd_kafka_err2name(code);
    uint32_t i = 0;
    while (i < counts->count && strcmp(counts->entries[i].name, name) != 0)
        i++;
    if (i == ERRORS_MAX) {
        i = ERRORS_MAX - 1;
    } else if (i == counts->count) {
        counts->count++;
        counts->entries[i].name = i == ERRORS_MAX - 1 ? "other" : name;
    }
    struct error_count *entry = &counts->entries[i];
    bool due = entry->count == 0 || now.ms - entry->logged_at.ms >= ERROR_LOG_EVERY_MS;
    entry->count++;
    if (due)
        entry->logged_at = now;
    return due;
}
