/* What was last heard of the store, and what became of the messages. Nothing here asks: the answers
 * come from a timer and from notify, so that a store that hangs never hangs a scrape. */
#include "app/metrics_internal.h"

#include <stdlib.h>
#include <string.h>

#include "sys/file.h"

void metrics_store_sample(struct metrics *metrics, const struct store_stats *stats, int64_t took_ms)
{
    metrics->asked = true;
    metrics->up = stats != NULL;
    metrics->took_ms = took_ms;
    if (!stats)
        return;
    metrics->heard = true;
    metrics->heard_unix_ms = clock_unix_ms();
    metrics->stats = *stats;
}

/* ---- incidents ---- */

void metrics_incidents_begin(struct metrics *metrics)
{
    memset(metrics->reading, 0, metrics->setup->monitor_count * sizeof *metrics->reading);
}

void metrics_incident_row(struct metrics *metrics, const struct store_incident *row)
{
    if (!strcmp(row->state, "resolved"))
        return;
    for (uint32_t i = 0; i < metrics->setup->monitor_count; i++) {
        if (strcmp(row->monitor, metrics->setup->monitors[i].config->name) != 0)
            continue;
        for (int k = 0; k < INCIDENT_SEVERITIES; k++)
            metrics->reading[i].open[k] +=
                !strcmp(row->severity, rule_severity_name((enum rule_severity)(RULE_INFO + k)));
    }
}

void metrics_incidents_end(struct metrics *metrics)
{
    struct incident_counts *read = metrics->reading;
    metrics->reading = metrics->incidents;
    metrics->incidents = read;
    metrics->incidents_known = true;
}

static void write_incidents(const struct metrics *metrics, struct families *families)
{
    static const struct family family = {"leeway_incidents_open", FAMILY_GAUGE, NULL,
                                         "Incidents that are not resolved, in the whole store."};
    if (!metrics->incidents_known)
        return;
    families_begin(families, &family);
    for (uint32_t i = 0; i < metrics->setup->monitor_count; i++) {
        for (int k = 0; k < INCIDENT_SEVERITIES; k++) {
            const struct label labels[] = {
                {"monitor", metrics->setup->monitors[i].config->name},
                {"severity", rule_severity_name((enum rule_severity)(RULE_INFO + k))}};
            families_add_whole(families, labels, 2, metrics->incidents[i].open[k]);
        }
    }
}

/* ---- the store ---- */

static void write_stats(const struct metrics *metrics, struct families *families)
{
    static const struct family
        rows = {"leeway_store_rows", FAMILY_GAUGE, NULL,
                "Rows by table; pane_delta: what waits to be judged; the others are upper bounds."},
        size = {"leeway_store_size_bytes", FAMILY_GAUGE, "bytes", "Size of the database."},
        pending = {"leeway_outbox_pending", FAMILY_GAUGE, NULL,
                   "Messages that wait for their receivers."},
        parked = {"leeway_outbox_parked", FAMILY_GAUGE, NULL,
                  "Messages whose receiver refuses them for now."},
        oldest = {"leeway_outbox_oldest_timestamp_seconds", FAMILY_GAUGE, "seconds",
                  "When the oldest of these was made; absent if there is none."};
    const struct store_stats *stats = &metrics->stats;
    const struct {
        struct label label;
        int64_t count;
    } tables[] = {{{"table", "pane_delta"}, stats->deltas},
                  {{"table", "pane"}, stats->panes},
                  {{"table", "verdict"}, stats->verdicts},
                  {{"table", "quarantine"}, stats->quarantined}};
    families_begin(families, &rows);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        families_add_whole(families, &tables[i].label, 1, tables[i].count);
    if (stats->size_bytes > 0)
        families_one_whole(families, &size, stats->size_bytes);
    families_one_whole(families, &pending, stats->outbox_pending);
    families_one_whole(families, &parked, stats->outbox_parked);
    if (stats->outbox_oldest_unix_ms > 0)
        families_one_ms(families, &oldest, stats->outbox_oldest_unix_ms);
}

static const struct family up_family = {"leeway_store_up", FAMILY_GAUGE, NULL,
                                        "1 if the store answered when it was last asked, else 0."};

void metrics_write_starting(const char *store_state, struct families *families)
{
    families_one_whole(families, &up_family, !strcmp(store_state, "ok"));
}

void metrics_write_store(const struct metrics *metrics, struct families *families)
{
    static const struct family took = {"leeway_store_response_seconds", FAMILY_GAUGE, "seconds",
                                       "How long the last question about sizes and queues took."},
                               heard = {"leeway_store_answer_timestamp_seconds", FAMILY_GAUGE,
                                        "seconds",
                                        "When the store last answered; the other families about "
                                        "it are of that time."};
    if (metrics->asked) {
        families_one_whole(families, &up_family, metrics->up);
        families_one_ms(families, &took, metrics->took_ms);
    }
    if (metrics->heard) {
        families_one_ms(families, &heard, metrics->heard_unix_ms);
        write_stats(metrics, families);
    }
    write_incidents(metrics, families);
}

/* ---- telling ---- */

static struct receiver_counts *receiver_of(struct metrics *metrics, const char *name)
{
    const struct config *config = metrics->setup->config;
    for (uint32_t i = 0; i < config->receiver_count; i++)
        if (!strcmp(config->receivers[i].name, name))
            return &metrics->receivers[i];
    return NULL;
}

void metrics_messages(struct metrics *metrics, const char *receiver,
                      const int64_t counts[DELIVERY_STATES])
{
    struct receiver_counts *to = receiver_of(metrics, receiver);
    if (!to)
        return;
    to->known = true;
    memcpy(to->messages, counts, sizeof to->messages);
}

/* A message that is dead without having been sent (it could not be rendered) is a failed attempt
 * all the same. */
void metrics_delivery(struct metrics *metrics, const struct store_delivery *delivery,
                      const struct store_delivery_result *result)
{
    struct receiver_counts *to = receiver_of(metrics, delivery->receiver);
    bool sent = result->attempts > delivery->attempts || result->state == DELIVERY_DEAD;
    if (!to)
        return;
    to->attempts += sent;
    to->failed += sent && result->state != DELIVERY_DELIVERED;
    to->withheld += result->state == DELIVERY_DRY_RUN || result->state == DELIVERY_SUPPRESSED;
    if (sent && result->state == DELIVERY_DELIVERED)
        to->delivered_unix_ms = clock_unix_ms();
}

static const char *integration_name(enum receiver_type type)
{
    static const char *const names[] = {[RECEIVER_WEBHOOK] = "webhook",
                                        [RECEIVER_SLACK] = "slack",
                                        [RECEIVER_ALERTMANAGER] = "alertmanager",
                                        [RECEIVER_RETRAIN] = "retrain"};
    return (size_t)type < sizeof names / sizeof *names && names[type] ? names[type] : "other";
}

static const char *message_state_name(enum delivery_state state)
{
    static const char *const names[DELIVERY_STATES] = {
        [DELIVERY_PENDING] = "pending", [DELIVERY_DELIVERED] = "delivered",
        [DELIVERY_PARKED] = "parked",   [DELIVERY_DEAD] = "dead",
        [DELIVERY_DRY_RUN] = "dry_run", [DELIVERY_SUPPRESSED] = "suppressed"};
    return names[state];
}

static void write_attempts(const struct metrics *metrics, const struct family *family,
                           size_t offset, struct families *families)
{
    const struct config *config = metrics->setup->config;
    families_begin(families, family);
    for (uint32_t i = 0; i < config->receiver_count; i++) {
        int64_t count;
        memcpy(&count, (const char *)&metrics->receivers[i] + offset, sizeof count);
        const struct label labels[] = {
            {"receiver", config->receivers[i].name},
            {"integration", integration_name(config->receivers[i].type)}};
        families_add_whole(families, labels, 2, count);
    }
}

static void write_messages(const struct metrics *metrics, struct families *families)
{
    static const struct family family = {"leeway_notification_messages", FAMILY_GAUGE, NULL,
                                         "Messages in the outbox, by receiver and state."},
                               success = {"leeway_notification_success_timestamp_seconds",
                                          FAMILY_GAUGE, "seconds",
                                          "When the receiver last took a message from this agent."};
    const struct config *config = metrics->setup->config;
    families_begin(families, &family);
    for (uint32_t i = 0; i < config->receiver_count; i++) {
        for (int k = 0; k < DELIVERY_STATES && metrics->receivers[i].known; k++) {
            const struct label labels[] = {{"receiver", config->receivers[i].name},
                                           {"state", message_state_name((enum delivery_state)k)}};
            families_add_whole(families, labels, 2, metrics->receivers[i].messages[k]);
        }
    }
    families_begin(families, &success);
    for (uint32_t i = 0; i < config->receiver_count; i++) {
        const struct label label = {"receiver", config->receivers[i].name};
        if (metrics->receivers[i].delivered_unix_ms)
            families_add_ms(families, &label, 1, metrics->receivers[i].delivered_unix_ms);
    }
}

void metrics_write_notifications(const struct metrics *metrics, struct families *families)
{
    static const struct family attempts = {"leeway_notifications_total", FAMILY_COUNTER, NULL,
                                           "Attempts to tell a receiver."},
                               failed = {"leeway_notifications_failed_total", FAMILY_COUNTER, NULL,
                                         "Attempts that did not deliver the message."},
                               withheld = {"leeway_notifications_withheld_total", FAMILY_COUNTER,
                                           NULL,
                                           "Messages not sent on purpose: dry run, cooldown or "
                                           "budget of a retraining."};
    write_attempts(metrics, &attempts, offsetof(struct receiver_counts, attempts), families);
    write_attempts(metrics, &failed, offsetof(struct receiver_counts, failed), families);
    write_attempts(metrics, &withheld, offsetof(struct receiver_counts, withheld), families);
    write_messages(metrics, families);
}
