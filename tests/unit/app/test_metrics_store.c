#include "metrics_support.h"

static struct metrics *metrics;
static struct families families;

static void set_up(void)
{
    metrics = metrics_new(&metrics_setup);
    families_init(&families, FAMILIES_TEXT, 10000, 1 << 20);
}

static void tear_down(void)
{
    metrics_free(metrics);
    families_release(&families);
}

TestSuite(metrics_store, .init = set_up, .fini = tear_down);

static void write_again(void)
{
    families_release(&families);
    families_init(&families, FAMILIES_TEXT, 10000, 1 << 20);
    metrics_write_store(metrics, &families);
    metrics_write_notifications(metrics, &families);
}

/* What nobody has asked for yet is not claimed to be down, or zero. */
Test(metrics_store, nothing_is_known_at_first)
{
    write_again();
    cr_assert_eq(lines_with(&families, "leeway_store"), 0);
    cr_assert_eq(lines_with(&families, "leeway_incidents"), 0);
    cr_assert_eq(lines_with(&families, "leeway_notification_messages"), 0);
    has_line(&families, "leeway_notifications_total{receiver=\"oncall\",integration=\"slack\"} 0");
}

Test(metrics_store, before_there_is_a_setup)
{
    metrics_write_starting("ok", &families);
    has_line(&families, "leeway_store_up 1");
    families_release(&families);
    families_init(&families, FAMILIES_TEXT, 10, 1000);
    metrics_write_starting("database: connection refused", &families);
    has_line(&families, "leeway_store_up 0");
}

Test(metrics_store, what_was_heard_stays_when_the_store_is_away)
{
    const struct store_stats stats = {.deltas = 3,
                                      .panes = 100,
                                      .verdicts = 2000,
                                      .quarantined = 4,
                                      .outbox_pending = 5,
                                      .outbox_parked = 6,
                                      .outbox_oldest_unix_ms = 1795469568044,
                                      .size_bytes = 4096};
    metrics_store_sample(metrics, &stats, 12);
    metrics_store_sample(metrics, NULL, 3000);
    write_again();
    has_line(&families, "leeway_store_up 0");
    has_line(&families, "leeway_store_response_seconds 3.000");
    has_line(&families, "leeway_store_rows{table=\"pane_delta\"} 3");
    has_line(&families, "leeway_store_rows{table=\"pane\"} 100");
    has_line(&families, "leeway_store_rows{table=\"verdict\"} 2000");
    has_line(&families, "leeway_store_rows{table=\"quarantine\"} 4");
    has_line(&families, "leeway_store_size_bytes 4096");
    has_line(&families, "leeway_outbox_pending 5");
    has_line(&families, "leeway_outbox_parked 6");
    has_line(&families, "leeway_outbox_oldest_timestamp_seconds 1795469568.044");
    cr_assert_eq(lines_with(&families, "leeway_store_answer_timestamp_seconds 1"), 1);
    metrics_store_sample(metrics, &(struct store_stats){0}, 1);
    write_again();
    has_line(&families, "leeway_store_up 1");
    cr_assert_eq(lines_with(&families, "leeway_outbox_oldest"), 0);
    cr_assert_eq(lines_with(&families, "leeway_store_size"), 0, "not known");
}

static void read_incident(const char *monitor, const char *state, const char *severity)
{
    const struct store_incident row = {
        .id = "1", .monitor = monitor, .state = state, .severity = severity};
    metrics_incident_row(metrics, &row);
}

Test(metrics_store, open_incidents_by_severity)
{
    metrics_incidents_begin(metrics);
    read_incident("fraud", "firing", "critical");
    read_incident("fraud", "resolving", "critical");
    read_incident("fraud", "resolved", "critical");
    read_incident("ads", "firing", "info");
    read_incident("gone", "firing", "info");
    write_again();
    cr_assert_eq(lines_with(&families, "leeway_incidents_open"), 0, "not before the end");
    metrics_incidents_end(metrics);
    write_again();
    has_line(&families, "leeway_incidents_open{monitor=\"fraud\",severity=\"critical\"} 2");
    has_line(&families, "leeway_incidents_open{monitor=\"fraud\",severity=\"info\"} 0");
    has_line(&families, "leeway_incidents_open{monitor=\"ads\",severity=\"info\"} 1");
    cr_assert_eq(lines_with(&families, "leeway_incidents_open"), 6);
    metrics_incidents_begin(metrics); /* a reading that is never ended */
    read_incident("ads", "firing", "warning");
    write_again();
    has_line(&families, "leeway_incidents_open{monitor=\"fraud\",severity=\"critical\"} 2");
    metrics_incidents_begin(metrics);
    metrics_incidents_end(metrics);
    write_again();
    has_line(&families, "leeway_incidents_open{monitor=\"fraud\",severity=\"critical\"} 0");
}

static void attempt(const char *receiver, uint32_t before, uint32_t after,
                    enum delivery_state state)
{
    const struct store_delivery delivery = {.receiver = receiver, .attempts = before};
    const struct store_delivery_result result = {.attempts = after, .state = state};
    metrics_delivery(metrics, &delivery, &result);
}

Test(metrics_store, attempts_by_receiver)
{
    attempt("oncall", 0, 1, DELIVERY_PENDING);
    attempt("oncall", 1, 2, DELIVERY_PARKED);
    write_again();
    cr_assert_eq(lines_with(&families, "leeway_notification_success"), 0);
    attempt("oncall", 2, 3, DELIVERY_DELIVERED);
    attempt("oncall", 0, 0, DELIVERY_DEAD);      /* could not be rendered */
    attempt("oncall", 0, 0, DELIVERY_DELIVERED); /* nothing to send: send_resolved is false */
    attempt("train", 0, 0, DELIVERY_DRY_RUN);
    attempt("train", 0, 0, DELIVERY_SUPPRESSED);
    attempt("gone", 0, 1, DELIVERY_DELIVERED);
    write_again();
    has_line(&families, "leeway_notifications_total{receiver=\"oncall\",integration=\"slack\"} 4");
    has_line(&families,
             "leeway_notifications_failed_total{receiver=\"oncall\",integration=\"slack\"} 3");
    has_line(&families, "leeway_notifications_total{receiver=\"train\",integration=\"retrain\"} 0");
    has_line(&families,
             "leeway_notifications_failed_total{receiver=\"train\",integration=\"retrain\"} 0");
    has_line(&families,
             "leeway_notifications_withheld_total{receiver=\"train\",integration=\"retrain\"} 2");
    cr_assert_eq(lines_with(&families,
                            "leeway_notification_success_timestamp_seconds{receiver=\"oncall\"} 1"),
                 1);
    cr_assert_eq(lines_with(&families, "leeway_notifications_total"), 2);
}

Test(metrics_store, messages_by_state)
{
    const int64_t counts[DELIVERY_STATES] = {1, 2, 3, 4, 5, 6};
    metrics_messages(metrics, "train", counts);
    metrics_messages(metrics, "gone", counts);
    write_again();
    has_line(&families, "leeway_notification_messages{receiver=\"train\",state=\"pending\"} 1");
    has_line(&families, "leeway_notification_messages{receiver=\"train\",state=\"delivered\"} 2");
    has_line(&families, "leeway_notification_messages{receiver=\"train\",state=\"parked\"} 3");
    has_line(&families, "leeway_notification_messages{receiver=\"train\",state=\"dead\"} 4");
    has_line(&families, "leeway_notification_messages{receiver=\"train\",state=\"dry_run\"} 5");
    has_line(&families, "leeway_notification_messages{receiver=\"train\",state=\"suppressed\"} 6");
    cr_assert_eq(lines_with(&families, "leeway_notification_messages"), DELIVERY_STATES);
}

Test(metrics_store, a_reload_keeps_the_counts_of_receivers)
{
    struct config_receiver receivers[] = {{.name = "new", .type = RECEIVER_WEBHOOK},
                                          {.name = "oncall", .type = RECEIVER_SLACK}};
    struct config config = {.hash = "f00d", .receivers = receivers, .receiver_count = 2};
    const struct setup setup = {
        .config = &config, .monitors = metrics_monitors, .monitor_count = 1};
    attempt("oncall", 0, 1, DELIVERY_PENDING);
    attempt("train", 0, 0, DELIVERY_DRY_RUN);
    metrics_incidents_begin(metrics);
    metrics_incidents_end(metrics);
    metrics_reload(metrics, NULL);
    metrics_reload(metrics, &setup);
    write_again();
    has_line(&families,
             "leeway_notifications_failed_total{receiver=\"oncall\",integration=\"slack\"} 1");
    has_line(&families, "leeway_notifications_total{receiver=\"new\",integration=\"webhook\"} 0");
    cr_assert_eq(lines_with(&families, "leeway_notifications_withheld_total{receiver=\"train\""),
                 0);
    cr_assert_eq(lines_with(&families, "leeway_incidents_open"), 0, "not read since");
}
