/* Properties: what is passed on, what is refused, and what is never shown. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/kafka_conf.h"

static const char *get(rd_kafka_conf_t *conf, const char *name)
{
    static char text[256];
    size_t size = sizeof text;
    cr_assert_eq(rd_kafka_conf_get(conf, name, text, &size), RD_KAFKA_CONF_OK, "%s", name);
    return text;
}

static rd_kafka_conf_t *make(const char *name, const char *value, struct err *reterr)
{
    struct kafka_property properties[] = {{"bootstrap.servers", "kafka:9092", "leeway.yaml:1:10"},
                                          {name, value, "leeway.yaml:2:3"}};
    struct kafka_options options = {
        .properties = properties, .property_count = name ? 2 : 1, .group = "leeway"};
    return conf_make(&options, reterr);
}

static const char *temporary(const char *content, mode_t mode)
{
    static char path[] = "/tmp/leeway-kafka-XXXXXX";
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
    fchmod(fd, mode);
    close(fd);
    return path;
}

Test(kafka_conf, has_what_exactly_once_needs)
{
    struct err err;
    rd_kafka_conf_t *conf = make(NULL, NULL, &err);
    cr_assert_not_null(conf);
    cr_expect_str_eq(get(conf, "bootstrap.servers"), "kafka:9092");
    cr_expect_str_eq(get(conf, "group.id"), "leeway");
    cr_expect_str_eq(get(conf, "enable.auto.commit"), "false");
    cr_expect_str_eq(get(conf, "enable.auto.offset.store"), "false");
    cr_expect_str_eq(get(conf, "auto.offset.reset"), "error");
    cr_expect_str_eq(get(conf, "isolation.level"), "read_committed");
    cr_expect_str_eq(get(conf, "check.crcs"), "true");
    cr_expect_str_eq(get(conf, "allow.auto.create.topics"), "false");
    cr_expect_str_eq(get(conf, "partition.assignment.strategy"), "range,roundrobin");
    if (rd_kafka_version() >= 0x02020000)
        cr_expect_str_eq(get(conf, "fetch.queue.backoff.ms"), "5");
    else
        cr_expect_str_eq(get(conf, "queued.min.messages"), "20000");
    rd_kafka_conf_destroy(conf);
}

Test(kafka_conf, passes_properties_on)
{
    struct err err;
    rd_kafka_conf_t *conf = make("queued.min.messages", "777", &err);
    cr_assert_str_eq(get(conf, "queued.min.messages"), "777");
    rd_kafka_conf_destroy(conf);
    conf = make("group.id", "mine", &err);
    cr_assert_str_eq(get(conf, "group.id"), "mine");
    rd_kafka_conf_destroy(conf);
    conf = make("bootstrap.servers", "127.0.0.1:9092", &err);
    cr_assert_str_eq(get(conf, "broker.address.family"), "v4");
    rd_kafka_conf_destroy(conf);
}

Test(kafka_conf, refuses_what_leeway_must_own)
{
    static const struct {
        const char *name, *value;
    } cases[] = {
        {"enable.auto.commit", "true"},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "earliest"},
        {"auto.commit.interval.ms", "5000"},
        {"check.crcs", "false"},
        {"isolation.level", "read_uncommitted"},
        {"allow.auto.create.topics", "true"},
        {"enable.partition.eof", "false"},
        {"partition.assignment.strategy", "cooperative-sticky"},
        {"group.protocol", "consumer"},
        {"test.mock.num.brokers", "3"},
        {"plugin.library.paths", "evil.so"},
        {"plugin.library.paths_file", "/dev/null"},
        {"rebalance_cb", "1"},
        {"opaque", "1"},
        {"enable.ssl.certificate.verification", "false"},
        {"enable.ssl.certificate.verification", "0"},
        {"ssl.endpoint.identification.algorithm", "none"},
        {"enable.sasl.oauthbearer.unsecure.jwt", "true"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err err = {0};
        cr_expect_null(make(cases[i].name, cases[i].value, &err), "%s", cases[i].name);
        cr_expect_eq(err.code, ERR_INVALID, "%s", cases[i].name);
        cr_expect_not_null(strstr(err.text, cases[i].name), "%s: %s", cases[i].name, err.text);
        cr_expect_str_eq(err.place, "leeway.yaml:2:3");
        cr_expect_neq(err.hint[0], '\0', "%s", cases[i].name);
    }
}

Test(kafka_conf, refuses_bad_input)
{
    struct err err = {0};
    char huge[70000];
    cr_assert_null(make("bootstrap.severs", "x", &err));
    cr_assert_not_null(strstr(err.text, "bootstrap.severs is unknown"), "%s", err.text);
    cr_assert_null(make("session.timeout.ms", "soon", &err));
    cr_assert_not_null(strstr(err.text, "invalid value"), "%s", err.text);
    cr_assert_null(make("", "x", &err));
    memset(huge, 'x', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    cr_assert_null(make(huge, huge, &err));
    cr_assert_eq(err.code, ERR_INVALID);
    struct kafka_options empty = {.group = "g"};
    cr_assert_null(conf_make(&empty, &err));
    cr_assert_not_null(strstr(err.text, "bootstrap.servers"));
    struct kafka_property server = {"bootstrap.servers", "kafka:9092", NULL};
    struct kafka_options ungrouped = {.properties = &server, .property_count = 1};
    cr_assert_null(conf_make(&ungrouped, &err));
    cr_assert_not_null(strstr(err.text, "group.id"));
}

Test(kafka_conf, refuses_a_password_in_clear_text)
{
    struct kafka_property properties[] = {{"bootstrap.servers", "kafka:9092", NULL},
                                          {"security.protocol", "SASL_PLAINTEXT", NULL},
                                          {"sasl.mechanism", "PLAIN", NULL}};
    struct kafka_options options = {.properties = properties, .property_count = 3, .group = "g"};
    struct err err = {0};
    cr_assert_null(conf_make(&options, &err));
    cr_assert_not_null(strstr(err.text, "clear text"), "%s", err.text);
    properties[2].value = "SCRAM-SHA-512";
    rd_kafka_conf_t *conf = conf_make(&options, &err);
    cr_assert_not_null(conf);
    rd_kafka_conf_destroy(conf);
}

Test(kafka_conf, reads_a_secret_from_a_file)
{
    struct err err = {0};
    const char *path = temporary("hunter2-canary\n", 0600);
    rd_kafka_conf_t *conf = make("sasl.password_file", path, &err);
    cr_assert_not_null(conf, "%s", err.text);
    cr_assert_str_eq(get(conf, "sasl.password"), "hunter2-canary");
    rd_kafka_conf_destroy(conf);
    chmod(path, 0644);
    cr_assert_null(make("sasl.password_file", path, &err));
    cr_assert_eq(err.code, ERR_INVALID);
    chmod(path, 0600);
    struct kafka_property both[] = {{"bootstrap.servers", "kafka:9092", NULL},
                                    {"sasl.password", "x", NULL},
                                    {"sasl.password_file", path, NULL}};
    struct kafka_options options = {.properties = both, .property_count = 3, .group = "g"};
    cr_assert_null(conf_make(&options, &err));
    cr_assert_not_null(strstr(err.text, "second time"), "%s", err.text);
    unlink(path);
    cr_assert_null(make("sasl.password_file", path, &err));
    cr_assert_eq(err.code, ERR_NOT_FOUND);
}

/* The value goes into a property whose librdkafka text would quote it. */
Test(kafka_conf, never_shows_a_secret)
{
    struct err err = {0};
    char line[1024];
    const char *path = temporary("canary-7f3a", 0600);
    cr_assert_null(make("security.protocol_file", path, &err));
    cr_assert_null(strstr(err_line(&err, line, sizeof line), "canary"), "%s", line);
    unlink(path);
}
