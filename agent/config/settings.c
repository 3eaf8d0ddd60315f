/* What may stand in leeway.yaml. To add a setting, add a member to a struct of config.h and a row
 * here, then refresh docs/CONFIG.md and docs/config.schema.json.
 *
 * The order of rows is the order of the reference. Help is read by users: it says what the setting
 * does and when to change it. */
#include "config/settings.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/when.h"

#define AT(type, member)                                                                           \
    .offset = offsetof(struct type, member), .width = sizeof(((struct type *)0)->member)
#define LIST_AT(type, member, count) AT(type, member), .extra = offsetof(struct type, count)
#define ELEMENT(type)                .element = sizeof(struct type), .place = offsetof(struct type, place)
#define RANGE(low, high)             .minimum = (low), .maximum = (high)
#define COUNT(low, high)             .least = (low), .most = (high)

#define KIB ((int64_t)1024)
#define MIB (1024 * KIB)

/* What every receiver has. */
#define DELIVERY_ROWS(where, plain)                                                                \
    {where,                                                                                        \
     "timeout",                                                                                    \
     KIND_DURATION,                                                                                \
     0,                                                                                            \
     AT(config_receiver, timeout_ms),                                                              \
     .preset = "10s",                                                                              \
     RANGE(100, MINUTE_MS),                                                                        \
     .help = "How long one attempt may take."},                                                    \
    {                                                                                              \
        where, "insecure_http", KIND_BOOL, 0, AT(config_receiver, insecure_http),                  \
            .preset = (plain),                                                                     \
            .help = "Allows `http://` to other hosts than this machine. What is sent can then be " \
                    "read and changed on the way."                                                 \
    }
#define RESOLVED_ROW(where)                                                                        \
    {                                                                                              \
        where, "send_resolved", KIND_BOOL, 0, AT(config_receiver, send_resolved),                  \
            .preset = "true", .help = "Whether the end of an incident is told, too."               \
    }
#define URL_HELP "Where to send to: `https://…`. It is treated as a secret and never shown."
#define URL_FILE_HELP                                                                              \
    "A file that holds the URL, read at start and on reload. Better than the URL itself."
#define TOKEN_HELP "A file that holds a bearer token for the `Authorization` header."
#define SECRET_HELP                                                                                \
    "A file that holds the key with which messages are signed (Standard Webhooks; `whsec_…` or " \
    "raw)."

const struct setting settings_table[] = {
    {"", "kafka", KIND_PAIRS, SETTING_SECRET, LIST_AT(config, kafka, kafka_count),
     ELEMENT(config_pair), COUNT(0, 256),
     .help = "Any property of librdkafka, passed on as it is, for example `bootstrap.servers`."},
    {"", "start", KIND_START, 0, AT(config, start), .preset = "latest",
     .help =
         "Where a Kafka partition is begun that was never read before: `earliest`, `latest`, or "
         "with the first record at or after a time, for example `2026-11-23T06:00:00Z`. "
         "Afterwards the store knows."},
    {"", "store", KIND_STORE, SETTING_SECRET, AT(config, store), .preset = "sqlite:leeway.db",
     .help = "Where counts, verdicts and incidents are kept: `sqlite:FILE`, `sqlite::memory:` or "
             "`postgresql://USER@HOST/DATABASE`. A relative FILE is relative to this "
             "configuration."},

    {"", "web", KIND_SECTION, 0, .help = "The page, the API and the metrics."},
    {"web", "listen", KIND_LISTEN, 0, AT(config, listen), .preset = "127.0.0.1:9464",
     .help = "Address and port to listen on; `\"\"` for none. There is no password: do not listen "
             "where strangers are."},
    {"web", "external_url", KIND_LINK, SETTING_SECRET, AT(config, external_url),
     .help = "How people reach the page, for links in messages."},

    {"", "http", KIND_SECTION, 0, AT(config, http),
     .help = "Events by HTTP instead of Kafka: `POST /v1/events`. HTTP.md has the reference for "
             "clients."},
    {"http", "listen", KIND_LISTEN, 0, AT(config_http, listen), .no_preset = "off",
     .help =
         "Address and port to listen on, for example `127.0.0.1:9465`. There is no password: do "
         "not listen where strangers are."},
    {"http", "partition", KIND_INTEGER, 0, AT(config_http, partition), .preset = "0",
     RANGE(0, 65535),
     .help = "Under which partition batches are kept that clients do not number. Agents that share "
             "a database need one each: 0, 1024, 1025 and so on; 1 to 1023 are clients' own."},
    {"http", "linger", KIND_DURATION, 0, AT(config_http, linger_ms), .preset = "50ms",
     RANGE(0, 5 * SECOND_MS),
     .help = "How long batches are collected before they are written together and answered. Longer "
             "is less work for the store, and slower answers."},
    {"http", "body_bytes", KIND_SIZE, 0, AT(config_http, body_bytes), .preset = "8MiB",
     RANGE(64 * KIB, 16 * MIB), .help = "The largest body of a request, also when it is unpacked."},

    {"", "log", KIND_SECTION, 0, .help = "Log lines on standard error."},
    {"log", "level", KIND_WORD, 0, AT(config, log_level), .preset = "info",
     .choices = "debug info warning error", .help = "The least important lines that are written."},
    {"log", "format", KIND_WORD, 0, AT(config, log_format), .preset = "logfmt",
     .choices = "logfmt json", .help = "The form of a line."},

    {"", "monitors", KIND_ITEMS, SETTING_REQUIRED, LIST_AT(config, monitors, monitor_count),
     ELEMENT(config_monitor), COUNT(1, 256), .help = "The model streams that are watched."},
    {"monitors[]", "monitor", KIND_NAME, SETTING_REQUIRED | SETTING_JUDGES,
     AT(config_monitor, name), .help = "The name of the monitor, unique."},
    {"monitors[]", "topics", KIND_TOPIC,
     SETTING_REQUIRED | SETTING_LIST | SETTING_SET | SETTING_JUDGES,
     LIST_AT(config_monitor, topics, topic_count), COUNT(1, 64),
     .help = "The Kafka topics its records come from. Monitors may share topics: a record is "
             "decoded once."},
    {"monitors[]", "match", KIND_PAIRS, SETTING_JUDGES | SETTING_POINTER_KEYS,
     LIST_AT(config_monitor, matches, match_count), .element = sizeof(struct config_match),
     COUNT(0, 16), .no_preset = "every record",
     .help = "A record belongs to the monitor if the text at each of these paths equals the value, "
             "for example `{/model: fraud}`."},
    {"monitors[]", "event", KIND_SECTION, SETTING_JUDGES,
     .help = "What identifies a record. All are JSON Pointers."},
    {"monitors[].event", "id", KIND_POINTER, SETTING_JUDGES, AT(config_monitor, id_path),
     .help = "The event's id."},
    {"monitors[].event", "time", KIND_POINTER, SETTING_JUDGES, AT(config_monitor, time_path),
     .no_preset = "Kafka's timestamp",
     .help = "When it happened: RFC 3339, or a number since 1970."},
    {"monitors[].event", "version", KIND_POINTER, SETTING_JUDGES, AT(config_monitor, version_path),
     .help = "The model's version; versions are counted apart."},
    {"monitors[]", "features", KIND_FEATURES, SETTING_JUDGES, AT(config_monitor, features),
     .help = "The object whose keys are the features, for example `/features/*`; `/*` is the whole "
             "event."},
    {"monitors[]", "prediction", KIND_SECTION, SETTING_JUDGES,
     .help = "What the model said. All are JSON Pointers."},
    {"monitors[].prediction", "score", KIND_POINTER, SETTING_JUDGES, AT(config_monitor, score_path),
     .help = "A score or probability."},
    {"monitors[].prediction", "class", KIND_POINTER, SETTING_JUDGES, AT(config_monitor, class_path),
     .help = "The class that was chosen."},
    {"monitors[].prediction", "value", KIND_POINTER, SETTING_JUDGES, AT(config_monitor, value_path),
     .help = "The number that a regression predicted."},
    {"monitors[]", "label", KIND_POINTER, SETTING_JUDGES, AT(config_monitor, label_path),
     .help = "The true outcome, when it comes with the event. A JSON Pointer."},
    {"monitors[]", "segments", KIND_POINTER, SETTING_LIST | SETTING_JUDGES,
     LIST_AT(config_monitor, segments, segment_count), COUNT(0, 2),
     .help = "Fields by whose values records are also judged apart. JSON Pointers."},
    {"monitors[]", "baseline", KIND_BASELINE, 0, AT(config_monitor, baseline),
     .no_preset = "the monitor's name",
     .help = "What it is compared with: `fraud` is the newest promoted version, `fraud@7` that "
             "one."},
    {"monitors[]", "versions", KIND_PAIRS, 0, LIST_AT(config_monitor, versions, version_count),
     ELEMENT(config_version), COUNT(0, 64), .no_preset = "all against `baseline`",
     .help =
         "Model versions that have a baseline of their own, for example `{\"7\": fraud@3}`. A "
         "version that is not named here is counted and judged against `baseline`, and reported "
         "as unknown if any are named."},
    {"monitors[]", "windows", KIND_DURATION, SETTING_LIST | SETTING_JUDGES,
     LIST_AT(config_monitor, windows_ms, window_count), .preset = "[1h, 24h]",
     RANGE(MINUTE_MS, 90 * DAY_MS), COUNT(1, 8),
     .help = "The lengths of time that are judged, ascending, each a multiple of a minute. Short "
             "ones see a break soon, long ones a slow drift."},
    {"monitors[]", "alarms", KIND_RATE, SETTING_JUDGES, AT(config_monitor, alarm_count),
     .extra = offsetof(struct config_monitor, alarm_period_ms), .preset = "1 per 90 days",
     RANGE(1, 1000),
     .help = "How many incidents without cause are tolerated in a time, over all fields, segments "
             "and windows "
             "of the monitor."},
    {"monitors[]", "sensitivity", KIND_CHOICE, SETTING_JUDGES, AT(config_monitor, sensitivity),
     .preset = "normal", .choices = "normal high low",
     .help = "How large a change must be to matter."},
    {"monitors[]", "min_count", KIND_INTEGER, SETTING_JUDGES, AT(config_monitor, min_count),
     .preset = "200", RANGE(1, 1000000000),
     .help = "A window with fewer records is `insufficient` and not judged."},
    {"monitors[]", "lateness", KIND_DURATION, SETTING_JUDGES, AT(config_monitor, lateness_ms),
     .preset = "2m", RANGE(0, 7 * DAY_MS),
     .help = "How long to wait for records that arrive out of order. Older ones are counted as "
             "late."},

    {"monitors[]", "fields", KIND_ENTRIES, SETTING_JUDGES,
     LIST_AT(config_monitor, fields, field_count), ELEMENT(config_field), COUNT(0, 512),
     .help = "What there is to say of single fields, by name. All other fields are as the baseline "
             "has them."},
    {"monitors[].fields.*", "path", KIND_POINTER, SETTING_JUDGES, AT(config_field, path),
     .no_preset = "from `features` or the baseline", .help = "Where it stands. A JSON Pointer."},
    {"monitors[].fields.*", "type", KIND_WORD, SETTING_JUDGES, AT(config_field, type),
     .choices = "number integer category boolean", .no_preset = "from the baseline",
     .help = "What it is."},
    {"monitors[].fields.*", "min", KIND_NUMBER, SETTING_JUDGES, AT(config_field, min),
     .extra = offsetof(struct config_field, has_min),
     .help = "The smallest allowed value. Smaller ones are counted as violations."},
    {"monitors[].fields.*", "max", KIND_NUMBER, SETTING_JUDGES, AT(config_field, max),
     .extra = offsetof(struct config_field, has_max),
     .help = "The largest allowed value. Larger ones are counted as violations."},
    {"monitors[].fields.*", "allowed", KIND_TEXT, SETTING_LIST | SETTING_SET | SETTING_JUDGES,
     LIST_AT(config_field, allowed, allowed_count), COUNT(1, 1024), .no_preset = "any",
     .help = "The allowed values of a category. Others are counted as violations."},
    {"monitors[].fields.*", "required", KIND_BOOL, SETTING_JUDGES, AT(config_field, required),
     .preset = "false", .help = "Whether a missing value is a violation by itself."},
    {"monitors[].fields.*", "importance", KIND_NUMBER, 0, AT(config_field, importance),
     .preset = "1", RANGE(0, 1000000),
     .help = "Its weight when the fields of an incident are "
             "ranked."},
    {"monitors[].fields.*", "ignore", KIND_BOOL, SETTING_JUDGES, AT(config_field, ignore),
     .preset = "false", .help = "Whether to leave it out altogether."},

    {"", "receivers", KIND_ITEMS, 0, LIST_AT(config, receivers, receiver_count),
     ELEMENT(config_receiver), COUNT(0, 64), .help = "Who is told. Each has a name and one type."},
    {"receivers[]", "name", KIND_NAME, SETTING_REQUIRED, AT(config_receiver, name),
     .help = "The name that rules use, unique."},

    {"receivers[]", "webhook", KIND_VARIANT, SETTING_EITHER, AT(config_receiver, type),
     .minimum = RECEIVER_WEBHOOK, .help = "An HTTP POST with a JSON body."},
    {"receivers[].webhook", "url", KIND_URL, SETTING_EITHER | SETTING_SECRET,
     LIST_AT(config_receiver, urls, url_count), .help = URL_HELP},
    {"receivers[].webhook", "url_file", KIND_FILE, SETTING_EITHER, AT(config_receiver, url_file),
     .help = URL_FILE_HELP},
    {"receivers[].webhook", "secret_file", KIND_FILE, 0, AT(config_receiver, secret_file),
     .no_preset = "unsigned", .help = SECRET_HELP},
    {"receivers[].webhook", "token_file", KIND_FILE, 0, AT(config_receiver, token_file),
     .help = TOKEN_HELP},
    RESOLVED_ROW("receivers[].webhook"),
    DELIVERY_ROWS("receivers[].webhook", "false"),

    {"receivers[]", "slack", KIND_VARIANT, SETTING_EITHER, AT(config_receiver, type),
     .minimum = RECEIVER_SLACK, .help = "A Slack incoming webhook."},
    {"receivers[].slack", "webhook_url", KIND_URL, SETTING_EITHER | SETTING_SECRET,
     LIST_AT(config_receiver, urls, url_count), .help = URL_HELP},
    {"receivers[].slack", "webhook_url_file", KIND_FILE, SETTING_EITHER,
     AT(config_receiver, url_file), .help = URL_FILE_HELP},
    RESOLVED_ROW("receivers[].slack"),
    DELIVERY_ROWS("receivers[].slack", "false"),

    {"receivers[]", "alertmanager", KIND_VARIANT, SETTING_EITHER, AT(config_receiver, type),
     .minimum = RECEIVER_ALERTMANAGER, .help = "Prometheus Alertmanager, API v2."},
    {"receivers[].alertmanager", "urls", KIND_URL, SETTING_REQUIRED | SETTING_LIST | SETTING_SECRET,
     LIST_AT(config_receiver, urls, url_count), COUNT(1, 16),
     .help =
         "All replicas, without `/api/v2/alerts`. They are treated as secrets and never shown."},
    RESOLVED_ROW("receivers[].alertmanager"),
    DELIVERY_ROWS("receivers[].alertmanager", "true"),

    {"receivers[]", "retrain", KIND_VARIANT, SETTING_EITHER, AT(config_receiver, type),
     .minimum = RECEIVER_RETRAIN, .help = "A webhook that starts a training job."},
    {"receivers[].retrain", "url", KIND_URL, SETTING_EITHER | SETTING_SECRET,
     LIST_AT(config_receiver, urls, url_count), .help = URL_HELP},
    {"receivers[].retrain", "url_file", KIND_FILE, SETTING_EITHER, AT(config_receiver, url_file),
     .help = URL_FILE_HELP},
    {"receivers[].retrain", "secret_file", KIND_FILE, 0, AT(config_receiver, secret_file),
     .no_preset = "unsigned", .help = SECRET_HELP},
    {"receivers[].retrain", "token_file", KIND_FILE, 0, AT(config_receiver, token_file),
     .help = TOKEN_HELP},
    {"receivers[].retrain", "enabled", KIND_BOOL, 0, AT(config_receiver, enabled),
     .preset = "false",
     .help = "While `false` it is a dry run: what would be sent is recorded, nothing is sent."},
    {"receivers[].retrain", "cooldown", KIND_DURATION, 0, AT(config_receiver, cooldown_ms),
     .preset = "24h", RANGE(MINUTE_MS, 365 * DAY_MS),
     .help = "The least time between two jobs for one model."},
    {"receivers[].retrain", "daily_budget", KIND_INTEGER, 0, AT(config_receiver, daily_budget),
     .preset = "2", RANGE(1, 1000), .help = "The most jobs in a day."},
    DELIVERY_ROWS("receivers[].retrain", "false"),

    {"", "rules", KIND_FILE, SETTING_LIST, LIST_AT(config, rule_files, rule_file_count),
     COUNT(0, 64), .no_preset = "the built-in rule",
     .help = "Files with rules that say what is worth telling whom."},

    {"", "limits", KIND_SECTION, 0, AT(config, limits),
     .help = "Ceilings for what comes from outside. Together with the monitors they bound the "
             "memory."},
    {"limits", "event_bytes", KIND_SIZE, 0, AT(config_limits, event_bytes), .preset = "256KiB",
     RANGE(1024, 16 * MIB), .help = "The largest event; larger ones go to quarantine."},
    {"limits", "depth", KIND_INTEGER, 0, AT(config_limits, depth), .preset = "16", RANGE(1, 64),
     .help = "How deep objects and arrays may nest."},
    {"limits", "keys", KIND_INTEGER, 0, AT(config_limits, keys), .preset = "1024", RANGE(1, 65536),
     .help = "The most keys in one event."},
    {"limits", "key_bytes", KIND_SIZE, 0, AT(config_limits, key_bytes), .preset = "128",
     RANGE(8, 4 * KIB), .help = "The longest key."},
    {"limits", "string_bytes", KIND_SIZE, 0, AT(config_limits, string_bytes), .preset = "4KiB",
     RANGE(16, MIB), .help = "The longest string."},
    {"limits", "monitors", KIND_INTEGER, 0, AT(config_limits, monitors), .preset = "256",
     RANGE(1, 256), .help = "The most monitors."},
    {"limits", "versions", KIND_INTEGER, 0, AT(config_limits, versions), .preset = "16",
     RANGE(1, 256), .help = "The most versions of one monitor that are counted apart."},
    {"limits", "fields", KIND_INTEGER, 0, AT(config_limits, fields), .preset = "512", RANGE(1, 512),
     .help = "The most fields of one monitor."},
    {"limits", "commit_interval", KIND_DURATION, 0, AT(config_limits, commit_interval_ms),
     .preset = "5s", RANGE(100, 5 * MINUTE_MS), .help = "How often counts are written."},
    {"limits", "commit_bytes", KIND_SIZE, 0, AT(config_limits, commit_bytes), .preset = "8MiB",
     RANGE(64 * KIB, 1024 * MIB), .help = "Counts of this size are written at once."},
    {"limits", "quarantine_rows", KIND_INTEGER, 0, AT(config_limits, quarantine_rows),
     .preset = "10000", RANGE(0, 10000000),
     .help = "How many records of refused events are kept; the oldest go first."},

    {"", "retention", KIND_SECTION, 0, AT(config, retention),
     .help = "How long things are kept. Counts are not rolled up to hours and days yet: `hours` "
             "and `days` do nothing in this version."},
    {"retention", "panes", KIND_DURATION, 0, AT(config_retention, panes_ms), .preset = "2d",
     RANGE(HOUR_MS, 366 * DAY_MS), .help = "Counts of single panes."},
    {"retention", "hours", KIND_DURATION, 0, AT(config_retention, hours_ms), .preset = "90d",
     RANGE(DAY_MS, 3660 * DAY_MS), .help = "Counts of hours."},
    {"retention", "days", KIND_DURATION, 0, AT(config_retention, days_ms), .preset = "1095d",
     RANGE(DAY_MS, 36600 * DAY_MS), .help = "Counts of days."},
    {"retention", "verdicts", KIND_DURATION, 0, AT(config_retention, verdicts_ms), .preset = "365d",
     RANGE(DAY_MS, 36600 * DAY_MS), .help = "Verdicts."},
};
const uint32_t settings_count = sizeof settings_table / sizeof *settings_table;

const struct setting *setting_find(const char *section, const char *key)
{
    for (uint32_t i = 0; i < settings_count; i++)
        if (strcmp(settings_table[i].key, key) == 0 &&
            strcmp(settings_table[i].section, section) == 0)
            return &settings_table[i];
    return NULL;
}

const char *setting_path(const struct setting *setting, char *ret_path)
{
    snprintf(ret_path, SETTING_PATH_BYTES, "%s%s%s", setting->section,
             setting->section[0] ? "." : "", setting->key);
    return ret_path;
}

const char *setting_inside(const struct setting *setting, char *ret_section)
{
    snprintf(ret_section, SETTING_PATH_BYTES, "%s%s%s%s", setting->section,
             setting->section[0] ? "." : "", setting->key,
             setting->kind == KIND_ITEMS     ? "[]"
             : setting->kind == KIND_ENTRIES ? ".*"
                                             : "");
    return ret_section;
}

bool setting_is_container(const struct setting *setting)
{
    return setting->kind == KIND_SECTION || setting->kind == KIND_VARIANT ||
           setting->kind == KIND_ITEMS || setting->kind == KIND_ENTRIES;
}

static const char *size_format(int64_t bytes, char *ret_text)
{
    static const char *const units[] = {"", "KiB", "MiB", "GiB"};
    uint32_t unit = 0;
    while (unit < 3 && bytes && bytes % 1024 == 0) {
        bytes /= 1024;
        unit++;
    }
    snprintf(ret_text, SETTING_RANGE_BYTES, "%" PRId64 "%s", bytes, units[unit]);
    return ret_text;
}

const char *setting_amount(const struct setting *setting, int64_t amount, char *ret_text)
{
    if (setting->kind == KIND_SIZE)
        return size_format(amount, ret_text);
    if (setting->kind == KIND_DURATION && amount)
        return duration_format(amount, ret_text);
    snprintf(ret_text, SETTING_RANGE_BYTES, "%" PRId64 "%s", amount,
             setting->kind == KIND_DURATION ? "s" : "");
    return ret_text;
}

const char *setting_range(const struct setting *setting, char *ret_text)
{
    char low[SETTING_RANGE_BYTES], high[SETTING_RANGE_BYTES];
    ret_text[0] = '\0';
    if (setting->kind != KIND_VARIANT && (setting->minimum || setting->maximum))
        snprintf(ret_text, SETTING_RANGE_BYTES, "%.24s to %.24s",
                 setting_amount(setting, setting->minimum, low),
                 setting_amount(setting, setting->maximum, high));
    return ret_text;
}
