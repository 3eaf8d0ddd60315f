/* Checks between settings: unique names, order of windows, ranges that contradict each other, which
 * hosts may be reached without TLS.
 *
 * Walks the structs and the tree side by side, because only the tree knows places; read_elements
 * keeps both in step. Refuses to know the baseline: what contradicts that, validate finds. */
#include "config/check.h"

#include "base/when.h"
#include "config/kinds.h"
#include "config/url.h"
#include "config/words.h"

/* As in source/http_ask.h, which this folder may not know. */
enum { CLIENT_PARTITION_MAX = 1023 };

/* The entry's place, or the map's if it has none. */
static struct place place_of(const struct node *map, const char *key)
{
    const struct node *node = node_get(map, key);
    return node ? node->place : map->place;
}

/* `names` of a list of maps: each once. */
static void check_names(struct reader *reader, const struct node *list, const char *key,
                        const char *what)
{
    for (uint32_t i = 0; i < list->child_count; i++) {
        const struct node *name = node_get(list->children[i], key);
        for (uint32_t j = 0; name && name->text && j < i; j++) {
            const struct node *earlier = node_get(list->children[j], key);
            if (!earlier || !earlier->text || strcmp(earlier->text, name->text) != 0)
                continue;
            reader_problem(reader, name->place, "Give each a name of its own.",
                           "%s %s is defined twice, first at %u:%u", what,
                           word_shown(name->text).text, earlier->place.line, earlier->place.column);
            break;
        }
    }
}

/* The same text twice in a list of scalars. */
static void check_distinct(struct reader *reader, const struct node *list, const char *what,
                           uint32_t most)
{
    if (!list || list->kind != NODE_LIST || list->child_count > most)
        return;
    for (uint32_t i = 0; i < list->child_count; i++) {
        const struct node *item = list->children[i];
        for (uint32_t j = 0; item->text && j < i; j++) {
            const struct node *earlier = list->children[j];
            if (!earlier->text || strcmp(earlier->text, item->text) != 0)
                continue;
            reader_problem(reader, item->place, NULL, "%s %s is listed twice, first at %u:%u", what,
                           word_shown(item->text).text, earlier->place.line, earlier->place.column);
            break;
        }
    }
}

static void check_windows(struct reader *reader, const struct node *map,
                          const struct config_monitor *monitor)
{
    const struct node *list = node_get(map, "windows");
    char length[24], before[24];
    if (!list || list->child_count != monitor->window_count) /* a problem has been told */
        return;
    for (uint32_t i = 0; i < monitor->window_count; i++) {
        struct place place = list->children[i]->place;
        int64_t window = monitor->windows_ms[i];
        if (window % MINUTE_MS)
            reader_problem(reader, place, NULL, "window %s is not a multiple of a minute",
                           duration_format(window, length));
        if (i && window <= monitor->windows_ms[i - 1])
            reader_problem(reader, place, "List each window once, the shortest first.",
                           "window %s must be longer than %s before it",
                           duration_format(window, length),
                           duration_format(monitor->windows_ms[i - 1], before));
    }
}

static void check_field(struct reader *reader, const struct node *node,
                        const struct config_field *field)
{
    struct place place = field->has_max ? place_of(node, "max") : place_of(node, "min");
    const char *name = arena_printf(reader->arena, "%s", word_shown(field->name).text);
    bool range = field->has_min || field->has_max;
    bool category = field->type &&
                    (strcmp(field->type, "category") == 0 || strcmp(field->type, "boolean") == 0);
    if (field->has_min && field->has_max && field->min > field->max)
        reader_problem(reader, place, NULL, "field %s: min is larger than max", name);
    if (range && field->allowed)
        reader_problem(reader, place, "Numbers have a range, categories have allowed values.",
                       "field %s: min or max and allowed exclude each other", name);
    else if (range && category)
        reader_problem(reader, place, "Use allowed, or another type.",
                       "field %s: a %s has no min or max", name, field->type);
    else if (field->allowed && field->type && !category)
        reader_problem(reader, place_of(node, "allowed"), "Use min and max, or type: category.",
                       "field %s: a field of type %s has no allowed values", name, field->type);
    check_distinct(reader, node_get(node, "allowed"), "allowed value", 1024);
}

static void check_versions(struct reader *reader, const struct config_monitor *monitor)
{
    for (uint32_t i = 0; i < monitor->version_count; i++) {
        const struct config_version *version = &monitor->versions[i];
        if (!reference_valid(version->baseline))
            reader_problem(reader, version->place,
                           "Write a baseline's name, or one version of it: fraud@7.",
                           "version %s: %s names no baseline", word_shown(version->version).text,
                           word_shown(version->baseline).text);
    }
}

static void check_monitor(struct reader *reader, const struct node *node,
                          const struct config *config, struct config_monitor *monitor)
{
    if (!monitor->baseline)
        monitor->baseline = monitor->name;
    check_versions(reader, monitor);
    check_distinct(reader, node_get(node, "topics"), "topic", 64);
    check_distinct(reader, node_get(node, "segments"), "segment", 2);
    check_windows(reader, node, monitor);
    const struct node *fields = node_get(node, "fields");
    for (uint32_t i = 0; fields && i < monitor->field_count; i++)
        check_field(reader, fields->children[i], &monitor->fields[i]);
    if (fields && monitor->field_count > config->limits.fields)
        reader_problem(reader, fields->place, "Raise limits.fields.",
                       "%u fields are more than limits.fields, which is %u", monitor->field_count,
                       config->limits.fields);
}

/* `place` is the URL's. The message names the setting and never shows the URL. */
static void check_url(struct reader *reader, const struct node *url, const char *setting,
                      bool insecure_http)
{
    const char *refusal = url->text && !url->is_null ? url_refuse(url->text, insecure_http) : NULL;
    bool only_plain = refusal && !url_refuse(url->text, true);
    if (refusal)
        reader_problem(reader, url->place,
                       only_plain
                           ? "Use https, or set insecure_http: true beside it if the network "
                             "between is trusted."
                           : NULL,
                       "%s %s", setting, refusal);
}

static void check_receiver(struct reader *reader, const struct node *node,
                           struct config_receiver *receiver)
{
    static const char *const types[] = {"webhook", "slack", "alertmanager", "retrain"};
    static const char *const keys[] = {"url", "webhook_url", "urls"};
    const struct node *variant = node_get(node, types[receiver->type]);
    if (receiver->type != RECEIVER_RETRAIN)
        receiver->enabled = true;
    else
        receiver->send_resolved = true;
    for (size_t i = 0; variant && i < sizeof keys / sizeof *keys; i++) {
        const struct node *url = node_get(variant, keys[i]);
        bool list = url && url->kind == NODE_LIST && strcmp(keys[i], "urls") == 0;
        if (url && url->kind == NODE_SCALAR)
            check_url(reader, url, keys[i], receiver->insecure_http);
        for (uint32_t j = 0; list && j < url->child_count; j++)
            check_url(reader, url->children[j], keys[i], receiver->insecure_http);
    }
}

/* A client's number would mix its offsets with this agent's. */
static void check_http(struct reader *reader, const struct node *root, const struct config *config)
{
    const struct node *http = node_get(root, "http");
    if (config->http.partition > 0 && config->http.partition <= CLIENT_PARTITION_MAX)
        reader_problem(reader, place_of(http, "partition"), "Use 0, or 1024 and above.",
                       "http.partition %u is a number for clients, who have 1 to %u",
                       config->http.partition, CLIENT_PARTITION_MAX);
    /* Kafka takes partitions away, and what is not committed is dropped with them. */
    if (config->kafka_count && config->http.listen && config->http.listen[0])
        reader_problem(reader, place_of(http, "listen"), "Run one agent for each.",
                       "http.listen and kafka exclude each other");
}

void check_config(struct reader *reader, const struct node *root, struct config *config)
{
    const struct node *monitors = node_get(root, "monitors");
    const struct node *receivers = node_get(root, "receivers");
    const struct node *rules = node_get(root, "rules");
    check_http(reader, root, config);
    for (uint32_t i = 0; i < config->monitor_count; i++)
        check_monitor(reader, monitors->children[i], config, &config->monitors[i]);
    for (uint32_t i = 0; i < config->receiver_count; i++)
        check_receiver(reader, receivers->children[i], &config->receivers[i]);
    if (config->monitor_count)
        check_names(reader, monitors, "monitor", "monitor");
    if (config->receiver_count)
        check_names(reader, receivers, "name", "receiver");
    if (config->monitor_count > config->limits.monitors)
        reader_problem(reader, monitors->place, "Raise limits.monitors.",
                       "%u monitors are more than limits.monitors, which is %u",
                       config->monitor_count, config->limits.monitors);
    if (rules)
        config->rules_place = rules->key_place;
    check_distinct(reader, rules, "rules file", 64);
}
