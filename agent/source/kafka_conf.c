/* Three layers, each over the one before: defaults that the user may change, the user's properties,
 * and what exactly-once needs. The user's cannot touch the last layer: they are refused, because a
 * property that is silently overridden is worse than an error.
 *
 * Texts of librdkafka about a property can hold its value, so they are shown for no property that
 * may be a secret: an allow-list would have to know every release, so the test is on the name and
 * errs on the side of silence. */
#include "source/kafka_conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "sys/file.h"

struct pair {
    const char *name, *value;
};

static const struct pair defaults[] = {
    {"client.id", "leeway"},
    /* Who is killed is missed after ten seconds, not 45: nothing is lost by an early take-over. */
    {"session.timeout.ms", "10000"},
    {"topic.metadata.refresh.interval.ms", "30000"},
    {"reconnect.backoff.max.ms", "10000"},
    {"socket.keepalive.enable", "true"},
    /* Memory is used again while it is in the caches, and less of it. */
    {"fetch.max.bytes", "2097152"},
    {"queued.max.messages.kbytes", "16384"},
};

/* Longer, because it takes longer until a full queue is filled again (see kafka_poll.c). */
static const struct pair queue_before_2_2[] = {
    {"queued.min.messages", "20000"},
};

static const struct pair queue_since_2_2[] = {
    {"fetch.queue.backoff.ms", "5"},
    {"queued.min.messages", "10000"},
};

/* The end of a partition is the only way to learn that what follows the last record are markers of
 * transactions, hence enable.partition.eof. */
static const struct pair owned[] = {
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    {"auto.offset.reset", "error"},
    {"check.crcs", "true"},
    {"isolation.level", "read_committed"},
    {"allow.auto.create.topics", "false"},
    {"enable.partition.eof", "true"},
    {"partition.assignment.strategy", "range,roundrobin"},
    {"log.queue", "true"},
};

struct refusal {
    const char *name;
    const char *hint;
};

static const struct refusal refused[] = {
    {"auto.offset.reset", "Say where to start with the source's own start setting."},
    {"auto.commit.interval.ms", "Offsets are kept in the store, together with the counts."},
    {"offset.store.method", "Offsets are kept in the store, together with the counts."},
    {"group.protocol", "Only the classic protocol is known to keep what leeway promises."},
    {"group.remote.assignor", "Only the classic protocol is known to keep what leeway promises."},
    {"plugin.library.paths", "Foreign code is not loaded."},
    {"enable.sasl.oauthbearer.unsecure.jwt", "An unsigned token protects nothing."},
};

static const char owned_hint[] = "It has to have one value for counts to be exact; leave it out.";

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const char *refusal_hint(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        if (!strcmp(refused[i].name, name))
            return refused[i].hint;
    }
    for (size_t i = 0; i < COUNT_OF(owned); i++) {
        if (!strcmp(owned[i].name, name))
            return owned_hint;
    }
    if (!strncmp(name, "test.", 5))
        return "It is for tests of librdkafka itself.";
    size_t size = strlen(name);
    if (size > 3 && (!strcmp(name + size - 3, "_cb") || !strcmp(name, "opaque")))
        return "It is no text.";
    return NULL;
}

/* TLS that verifies nobody is no TLS. */
static const char *insecure_hint(const char *name, const char *value)
{
    if (!strcmp(name, "enable.ssl.certificate.verification") && strcasecmp(value, "true") != 0 &&
        strcasecmp(value, "t") != 0 && strcmp(value, "1") != 0)
        return "Certificates are always verified; name the authority with ssl.ca.location.";
    if (!strcmp(name, "ssl.endpoint.identification.algorithm") && strcasecmp(value, "https") != 0)
        return "Host names are always verified; use a name that the certificate has.";
    return NULL;
}

static bool may_be_secret(const char *name)
{
    static const char *const parts[] = {"password", "secret", "pem",  "key",  "certificate",
                                        "config",   "token",  "jaas", "user", "principal"};
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        if (strstr(name, parts[i]))
            return true;
    }
    return false;
}

static int refuse(const struct kafka_property *property, struct err *reterr, const char *text,
                  const char *hint)
{
    err_set(reterr, ERR_INVALID, "kafka property %s %s", property->name, text);
    if (property->place)
        err_place(reterr, "%s", property->place);
    if (hint)
        err_hint(reterr, "%s", hint);
    return ERR_INVALID;
}

static int set_property(rd_kafka_conf_t *conf, const struct kafka_property *property,
                        const char *name, const char *value, bool secret, struct err *reterr)
{
    const char *hint = refusal_hint(name);
    if (hint)
        return refuse(property, reterr, "cannot be set", hint);
    hint = insecure_hint(name, value);
    if (hint)
        return refuse(property, reterr, "cannot be switched off", hint);
    char text[256];
    switch (rd_kafka_conf_set(conf, name, value, text, sizeof text)) {
    case RD_KAFKA_CONF_OK:
        return 0;
    case RD_KAFKA_CONF_UNKNOWN:
        snprintf(text, sizeof text, "is unknown to librdkafka %s", rd_kafka_version_str());
        return refuse(property, reterr, text, "Check the spelling, or the version of librdkafka.");
    default:
        break;
    }
    return refuse(property, reterr, "has an invalid value",
                  secret || may_be_secret(name) ? NULL : text);
}

static int set_secret(rd_kafka_conf_t *conf, const struct kafka_property *property,
                      const char *name, struct err *reterr)
{
    const char *hint = refusal_hint(name);
    if (hint)
        return refuse(property, reterr, "cannot be set", hint);
    struct text secret = {0};
    int code = secret_read(property->value, &secret, reterr);
    if (code && property->place)
        err_place(reterr, "%s", property->place);
    if (!code && strlen(secret.data) != secret.size)
        code = refuse(property, reterr, "names a file that is no text", NULL);
    if (!code)
        code = set_property(conf, property, name, secret.data, true, reterr);
    if (secret.data)
        explicit_bzero(secret.data, secret.capacity);
    text_release(&secret);
    return code;
}

static bool is_given(const struct kafka_options *options, const char *name)
{
    for (uint32_t i = 0; i < options->property_count; i++) {
        if (!strcmp(options->properties[i].name, name))
            return true;
    }
    return false;
}

static int set_user(rd_kafka_conf_t *conf, const struct kafka_options *options, struct err *reterr)
{
    for (uint32_t i = 0; i < options->property_count; i++) {
        const struct kafka_property *property = &options->properties[i];
        static const char suffix[] = "_file";
        size_t size = strlen(property->name), tail = sizeof suffix - 1;
        int code;
        if (size > tail && !strcmp(property->name + size - tail, suffix)) {
            char name[128];
            snprintf(name, sizeof name, "%.*s", (int)(size - tail), property->name);
            if (is_given(options, name))
                return refuse(property, reterr, "is given a second time, without _file", NULL);
            code = set_secret(conf, property, name, reterr);
        } else {
            code = set_property(conf, property, property->name, property->value, false, reterr);
        }
        if (code)
            return code;
    }
    return 0;
}

static void set_all(rd_kafka_conf_t *conf, const struct pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        rd_kafka_conf_set(conf, pairs[i].name, pairs[i].value, NULL, 0);
}

static const char *get(rd_kafka_conf_t *conf, const char *name, char *ret_text, size_t size)
{
    if (rd_kafka_conf_get(conf, name, ret_text, &size) != RD_KAFKA_CONF_OK)
        ret_text[0] = '\0';
    return ret_text;
}

/* What no single property shows. */
static int check_whole(rd_kafka_conf_t *conf, const struct kafka_options *options,
                       struct err *reterr)
{
    char text[1024];
    if (!get(conf, "bootstrap.servers", text, sizeof text)[0])
        return err_set(reterr, ERR_INVALID, "kafka has no bootstrap.servers");
    if ((!strncmp(text, "localhost:", 10) || !strncmp(text, "127.", 4)) &&
        !is_given(options, "broker.address.family"))
        rd_kafka_conf_set(conf, "broker.address.family", "v4", NULL, 0);
    if (!get(conf, "group.id", text, sizeof text)[0])
        return err_set(reterr, ERR_INVALID, "kafka has no group.id");
    if (!strcasecmp(get(conf, "security.protocol", text, sizeof text), "sasl_plaintext") &&
        !strcasecmp(get(conf, "sasl.mechanisms", text, sizeof text), "PLAIN")) {
        err_set(reterr, ERR_INVALID, "kafka would send its password in clear text");
        err_hint(reterr, "Use security.protocol sasl_ssl, or a SCRAM mechanism.");
        return ERR_INVALID;
    }
    return 0;
}

rd_kafka_conf_t *conf_make(const struct kafka_options *options, struct err *reterr)
{
    enum { VERSION_2_2 = 0x02020000 };
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set_all(conf, defaults, COUNT_OF(defaults));
    if (rd_kafka_version() >= VERSION_2_2)
        set_all(conf, queue_since_2_2, COUNT_OF(queue_since_2_2));
    else
        set_all(conf, queue_before_2_2, COUNT_OF(queue_before_2_2));
    if (options->group && options->group[0])
        rd_kafka_conf_set(conf, "group.id", options->group, NULL, 0);
    if (set_user(conf, options, reterr)) {
        rd_kafka_conf_destroy(conf);
        return NULL;
    }
    set_all(conf, owned, COUNT_OF(owned));
    if (check_whole(conf, options, reterr)) {
        rd_kafka_conf_destroy(conf);
        return NULL;
    }
    return conf;
}
