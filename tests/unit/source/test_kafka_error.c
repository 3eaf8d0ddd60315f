/* What is done about each error, and how they are counted. */
#include <criterion/criterion.h>
#include <string.h>

#include "source/kafka_error.h"

Test(kafka_error, four_classes_are_acted_on)
{
    static const struct {
        rd_kafka_resp_err_t code;
        enum error_class class;
    } cases[] = {
        {RD_KAFKA_RESP_ERR__FATAL, ERROR_FATAL},
        {RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, ERROR_RESET},
        {RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, ERROR_RESET},
        {RD_KAFKA_RESP_ERR__AUTHENTICATION, ERROR_REFUSED},
        {RD_KAFKA_RESP_ERR__SSL, ERROR_REFUSED},
        {RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, ERROR_REFUSED},
        {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, ERROR_REFUSED},
        {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, ERROR_REFUSED},
        {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, ERROR_MISSING},
        {RD_KAFKA_RESP_ERR__PARTITION_EOF, ERROR_END},
        {RD_KAFKA_RESP_ERR__TRANSPORT, ERROR_COUNTED},
        {RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, ERROR_COUNTED},
        {RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED, ERROR_COUNTED},
        {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, ERROR_COUNTED},
        {RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, ERROR_COUNTED},
        {RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, ERROR_COUNTED},
        {(rd_kafka_resp_err_t)12345, ERROR_COUNTED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_expect_eq(error_class(cases[i].code), cases[i].class, "%s",
                     rd_kafka_err2name(cases[i].code));
}

Test(kafka_error, counts_by_name_and_logs_now_and_then)
{
    static struct error_counts counts;
    struct loop_time now = {1000};
    cr_assert(error_count(&counts, RD_KAFKA_RESP_ERR__TRANSPORT, now));
    cr_assert(!error_count(&counts, RD_KAFKA_RESP_ERR__TRANSPORT, now));
    cr_assert(error_count(&counts, RD_KAFKA_RESP_ERR__RESOLVE, now));
    now.ms += ERROR_LOG_EVERY_MS;
    cr_assert(error_count(&counts, RD_KAFKA_RESP_ERR__TRANSPORT, now));
    cr_assert_eq(counts.count, 2);
    cr_assert_str_eq(counts.entries[0].name, "_TRANSPORT");
    cr_assert_eq(counts.entries[0].count, 3);
    cr_assert_eq(counts.entries[1].count, 1);
}

Test(kafka_error, names_are_capped_and_the_total_stays)
{
    static struct error_counts counts;
    int64_t total = 0;
    for (int code = 1; code <= 80; code++)
        error_count(&counts, (rd_kafka_resp_err_t)code, (struct loop_time){0});
    cr_assert_eq(counts.count, ERRORS_MAX);
    cr_assert_str_eq(counts.entries[ERRORS_MAX - 1].name, "other");
    for (uint32_t i = 0; i < counts.count; i++)
        total += counts.entries[i].count;
    cr_assert_eq(total, 80);
}
