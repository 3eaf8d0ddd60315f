/* The configuration: what leeway.yaml says, checked, with every default filled in.
 *
 * One table (config/settings.c) makes parsing, `leeway check`, help, docs/CONFIG.md and the JSON
 * Schema, so that they cannot disagree. Everything here lives in one arena and is immutable; a
 * reload builds a new one. */
#ifndef LEEWAY_CONFIG_CONFIG_H
#define LEEWAY_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"

/* Where a thing stands in a file, for messages. `file` may be NULL. Lines and columns count from 1.
 */
struct place {
    const char *file;
    uint32_t line, column;
};

/* "key: value" pairs passed on as they are (librdkafka properties). */
struct config_pair {
    const char *key, *value;
    struct place place;
};

enum sensitivity { SENSITIVITY_NORMAL, SENSITIVITY_HIGH, SENSITIVITY_LOW };

/* A field that the user says something about; others come from the baseline. Matched by name. */
struct config_field {
    const char *name;
    const char *path; /* NULL: from the baseline or `features` */
    const char *type; /* NULL: from the baseline */
    bool has_min, has_max;
    double min, max;      /* allowed range of values, inclusive */
    const char **allowed; /* NULL: any */
    uint32_t allowed_count;
    bool required;     /* missing is a violation by itself; default false */
    double importance; /* weight in ranking, >= 0, default 1 */
    bool ignore;       /* not monitored */
    struct place place;
};

struct config_match {
    const char *path,
        *value; /* the record belongs to the monitor if the text at path equals value */
};

struct config_version {
    const char *version, *baseline; /* as config_monitor.baseline */
    struct place place;
};

struct config_monitor {
    const char *name; /* [a-z0-9][a-z0-9_.-]*, unique */
    const char **topics;
    uint32_t topic_count;
    struct config_match *matches;
    uint32_t match_count;
    const char *id_path, *time_path, *version_path; /* NULL: not mapped */
    const char *features; /* "/features/" and an asterisk: every key of that object (slash and
                             asterisk alone: of the whole event); NULL: none */
    const char *score_path, *class_path, *value_path; /* prediction; NULL: not mapped */
    const char *label_path;
    const char **segments; /* paths, at most 2 */
    uint32_t segment_count;
    const char *baseline; /* "fraud" (newest promoted) or "fraud@7"; default: the monitor's name */
    struct config_version *versions; /* model versions that are measured against another one */
    uint32_t version_count;
    int64_t *windows_ms; /* ascending, distinct */
    uint32_t window_count;
    int64_t alarm_period_ms; /* "1 per 90 days": at most alarm_count false alarms in this time */
    uint32_t alarm_count;
    enum sensitivity sensitivity;
    int64_t min_count;   /* below this a window is `insufficient`; default 200 */
    int64_t lateness_ms; /* default 2 min */
    struct config_field *fields;
    uint32_t field_count;
    struct place place;
};

enum receiver_type {
    RECEIVER_WEBHOOK,
    RECEIVER_SLACK,
    RECEIVER_ALERTMANAGER,
    RECEIVER_RETRAIN /* generic retraining webhook */
};

struct config_receiver {
    const char *name;
    enum receiver_type type;
    const char **urls; /* from `url` or `urls`, 0 with `url_file`; checked; never logged */
    uint32_t url_count;
    const char *url_file;    /* read at start and on reload by the shell, which then asks url_refuse
                                (config/url.h). All *_file paths are resolved against the directory
                                of the config file */
    const char *secret_file; /* Standard Webhooks signing key ("whsec_…" or raw); NULL: unsigned */
    const char *token_file;  /* bearer token; NULL: none */
    bool send_resolved;      /* default true */
    bool enabled;            /* retrain: default false = dry-run; others true */
    int64_t cooldown_ms;     /* retrain: default 24 h */
    uint32_t daily_budget;   /* retrain: default 2 */
    int64_t timeout_ms;      /* default 10 s */
    bool insecure_http;      /* allows http:// to other hosts than loopback; default false */
    struct place place;
};

struct config_http {
    const char *listen;  /* "127.0.0.1:9465"; NULL or "": no HTTP source */
    uint32_t partition;  /* of batches that are not numbered: 0, or not a client's number */
    int64_t linger_ms;   /* before a commit for the sake of those who wait; default 50 ms */
    uint32_t body_bytes; /* of a request; default 8 MiB */
};

struct config_limits {
    uint32_t event_bytes, depth, keys, key_bytes, string_bytes;
    uint32_t monitors, versions, fields;
    int64_t commit_interval_ms; /* 5 s */
    int64_t commit_bytes;       /* 8 MiB of deltas */
    uint32_t quarantine_rows;   /* kept; default 10000 */
};

struct config_retention {
    int64_t panes_ms, hours_ms, days_ms, verdicts_ms;
};

struct config {
    struct arena *arena;       /* owns everything */
    char hash[HASH_HEX_BYTES]; /* over the meaning, not the layout of the file */
    const char *path;

    struct config_pair *kafka;
    uint32_t kafka_count;
    const char *start;  /* "earliest", "latest" or an instant: where a topic is begun that was
                           never read */
    const char *store;  /* "sqlite:leeway.db" by default, "sqlite::memory:", "postgresql://…" */
    const char *listen; /* "127.0.0.1:9464"; "" is no listener */
    struct config_http http;
    const char *external_url; /* for links in messages; NULL: none */
    const char *log_level;    /* "debug", "info", "warning", "error" */
    const char *log_format;   /* "logfmt", "json" */

    struct config_monitor *monitors;
    uint32_t monitor_count;
    struct config_receiver *receivers;
    uint32_t receiver_count;
    const char **rule_files; /* resolved against the directory of the config file */
    uint32_t rule_file_count;
    struct place rules_place;

    struct config_limits limits;
    struct config_retention retention;
};

/* Problems found, in order of the file. At most CONFIG_PROBLEMS_MAX are kept; the last then says
 * so. Heap memory of its own; `{0}` is an empty one. */
enum { CONFIG_PROBLEMS_MAX = 100 };
struct config_problems {
    struct err *items;
    uint32_t count, capacity;
};

/* Appends a copy of `what` with its place set to "file:line:col" (a long file name keeps its end).
 * Ignored beyond CONFIG_PROBLEMS_MAX. For everything that reads configuration, rules too. */
void config_problems_add(struct config_problems *problems, struct place place,
                         const struct err *what);

/* Parses and checks `yaml` (the bytes of `path`, which is used in messages and to resolve relative
 * paths; the file is not read here). Interpolates ${VAR} and ${VAR:-default} through `getvar` (may
 * be NULL: no variables). Returns NULL if there is any problem; `ret_problems` (caller releases
 * with config_problems_release) then holds at least one, each with file:line:col, text and a hint
 * ("did you mean …"). */
typedef const char *(*config_getvar_fn)(const char *name);
struct config *config_parse(struct bytes yaml, const char *path, config_getvar_fn getvar,
                            struct config_problems *ret_problems);
void config_problems_release(struct config_problems *problems);
void config_free(struct config *config); /* takes NULL */

const struct config_monitor *config_monitor_find(const struct config *config, const char *name);
const struct config_receiver *config_receiver_find(const struct config *config, const char *name);

/* Generated from the settings table: JSON Schema (draft 2020-12) and the Markdown of
 * docs/CONFIG.md. Appended to `text`. */
void config_schema(struct text *text);
void config_manual(struct text *text);

/* The hash of what decides how a monitor counts and judges (fields, ranges, windows, lateness,
 * alarms, sensitivity), which with the baseline's hash makes a generation. Buffer of
 * HASH_HEX_BYTES. */
const char *config_monitor_hash(const struct config_monitor *monitor, char *ret_hex);

#endif
