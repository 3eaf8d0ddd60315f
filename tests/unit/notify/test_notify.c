/* Rows of a scripted store through the whole of notify to a server in the same loop. The wall clock
 * is the test's: what must wait is asserted on the row, then the clock is moved. */
#include "notify/notify.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/when.h"
#include "notify/outcome.h"
#include "notify/sign.h"
#include "sys/file.h"
#include "unit/notify/collector.h"
#include "unit/notify/fake_store.h"
#include "unit/notify/samples.h"

#define NOW INT64_C(1790000000000)

enum { RECEIVERS = 4 };

static struct event_base *base;
static struct collector collector;
static struct store store;
static struct config config;
static struct config_receiver receivers[RECEIVERS];
static char urls[RECEIVERS][3][128];
static const char *url_list[RECEIVERS][3];
static struct notify *notify;
static struct text opened, closed, retrain;
static int64_t now_ms;

static int64_t fake_now(void)
{
    return now_ms;
}

static void setup(void)
{
    now_ms = NOW;
    base = event_base_new();
    collector_start(&collector, base);
    config = (struct config){.receivers = receivers, .external_url = "https://leeway.example"};
    opened = sample_file("payload_opened.json");
    closed = sample_file("payload_closed.json");
    retrain = sample_file("payload_retrain.json");
}

static void teardown(void)
{
    notify_free(notify);
    collector_stop(&collector);
    event_base_free(base);
    text_release(&opened);
    text_release(&closed);
    text_release(&retrain);
}

static struct config_receiver *receiver_with(const char *name, enum receiver_type type,
                                             const char *path)
{
    uint32_t i = config.receiver_count++;
    snprintf(urls[i][0], sizeof urls[i][0], "http://127.0.0.1:%u%s", collector.port, path);
    url_list[i][0] = urls[i][0];
    receivers[i] = (struct config_receiver){.name = name,
                                            .type = type,
                                            .urls = url_list[i],
                                            .url_count = 1,
                                            .send_resolved = true,
                                            .enabled = true,
                                            .cooldown_ms = DAY_MS,
                                            .daily_budget = 2,
                                            .timeout_ms = 10000};
    return &receivers[i];
}

static void also_to(struct config_receiver *receiver, const char *path)
{
    ptrdiff_t i = receiver - receivers;
    uint32_t k = receiver->url_count++;
    snprintf(urls[i][k], sizeof urls[i][k], "http://127.0.0.1:%u%s", collector.port, path);
    url_list[i][k] = urls[i][k];
}

static void begin(void)
{
    struct err err = {0};
    notify = notify_new(base, &config, &store, &err);
    cr_assert_not_null(notify, "%s", err.text);
    notify_clock(notify, fake_now);
}

static struct fake_row *add(const char *receiver, const char *incident, uint32_t sequence)
{
    return fake_store_add(&store, receiver, incident, "opened", sequence, opened.data);
}

static void will(const char *path, int status)
{
    collector_will(&collector, path, (struct collector_step){ANSWER, status, NULL, NULL, NULL});
}

struct wait {
    const struct fake_row *row;
    uint32_t records;
};

static bool is_recorded(void *context)
{
    const struct wait *wait = context;
    return wait->row->records >= wait->records;
}

/* Until `row` was written to the store `records` times. */
static void until(const struct fake_row *row, uint32_t records)
{
    struct wait wait = {row, records};
    cr_assert(run_until(base, is_recorded, &wait), "row %ld: %u of %u", (long)row->delivery.id,
              row->records, records);
}

static void clock_to(int64_t ms)
{
    now_ms = ms;
    notify_wake(notify);
}

/* Enough turns of the loop for anything wrong to be sent. */
static void turn_loop(void)
{
    for (int i = 0; i < 20; i++) {
        notify_wake(notify);
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
}

static uint32_t watched[8];

static void watch(void *context, const struct store_delivery *delivery,
                  const struct store_delivery_result *result)
{
    cr_assert_eq(context, &store);
    cr_assert_eq(delivery->id, result->id);
    watched[result->state]++;
}

static char *signing_key(const char *secret)
{
    static char path[] = "/tmp/leeway-notify-XXXXXX";
    int fd = mkstemp(path);
    cr_assert(fd >= 0 && write(fd, secret, strlen(secret)) == (ssize_t)strlen(secret));
    close(fd);
    return path;
}

Test(notify, delivers_signed, .init = setup, .fini = teardown)
{
    char *path = signing_key("whsec_Zm9vYmFy");
    receiver_with("hook", RECEIVER_WEBHOOK, "/hook")->secret_file = path;
    struct fake_row *row = add("hook", "i", 1);
    int64_t waiting = -1;
    begin();
    unlink(path);
    notify_watch(notify, watch, &store);
    cr_assert_not(notify_idle(notify, NULL), "a row is due");
    until(row, 1);
    cr_assert_eq(row->state, DELIVERY_DELIVERED);
    cr_assert(row->http_status == 200 && row->delivery.attempts == 1);
    cr_assert_str_eq(row->error, "");
    cr_assert(notify_idle(notify, &waiting) && waiting == 0);
    cr_assert_eq(watched[DELIVERY_DELIVERED], 1);

    struct collector_request *seen = &collector.seen[0];
    struct text body = {0}, signature = {0};
    cr_assert_eq(render_webhook(bytes_in(&opened), "hook", "https://leeway.example", &body, NULL),
                 0);
    cr_assert_str_eq(seen->body, body.data);
    cr_assert_str_eq(seen->id, "message-1");
    cr_assert_str_eq(seen->timestamp, "1790000000");
    sign_body(bytes_of("foobar"), "message-1", 1790000000, bytes_in(&body), &signature);
    cr_assert_str_eq(seen->signature, signature.data);
    cr_assert_str_eq(seen->key, "");
    text_release(&body);
    text_release(&signature);
}

Test(notify, tries_again_after_429, .init = setup, .fini = teardown)
{
    receiver_with("hook", RECEIVER_WEBHOOK, "/hook");
    will("/hook", 429);
    will("/hook", 200);
    struct fake_row *row = add("hook", "i", 1), *other = add("hook", "j", 1);
    begin();
    until(row, 1);
    int64_t waiting = 0;
    cr_assert(row->state == DELIVERY_PENDING && row->http_status == 429);
    cr_assert_eq(row->next_unix_ms, NOW + outcome_backoff_ms("message-1", 1));
    turn_loop();
    cr_assert_eq(collector.seen_count, 1, "429 is meant for the receiver, not for one message");
    cr_assert_not(notify_idle(notify, &waiting), "the other one is due");
    cr_assert_eq(waiting, 2);
    clock_to(row->next_unix_ms);
    until(row, 2);
    until(other, 1);
    cr_assert(row->state == DELIVERY_DELIVERED && other->state == DELIVERY_DELIVERED);
    cr_assert_eq(row->delivery.attempts, 2);
    cr_assert_str_eq(collector.seen[0].id, "message-1");
    cr_assert_str_eq(collector.seen[1].id, "message-1");
    cr_assert_str_eq(collector.seen[0].body, collector.seen[1].body);
}

Test(notify, honours_retry_after, .init = setup, .fini = teardown)
{
    receiver_with("hook", RECEIVER_WEBHOOK, "/hook");
    collector_will(&collector, "/hook",
                   (struct collector_step){ANSWER, 503, "Retry-After", "30", NULL});
    will("/hook", 200);
    struct fake_row *row = add("hook", "i", 1);
    begin();
    until(row, 1);
    cr_assert_eq(row->next_unix_ms, NOW + 30000);
    add("hook", "j", 1);
    clock_to(NOW + 29999);
    turn_loop();
    cr_assert_eq(collector.seen_count, 1);
    clock_to(NOW + 30000);
    until(row, 2);
    cr_assert_eq(row->state, DELIVERY_DELIVERED);
}

Test(notify, backs_off_from_500, .init = setup, .fini = teardown)
{
    receiver_with("hook", RECEIVER_WEBHOOK, "/hook");
    for (int i = 0; i < 12; i++)
        will("/hook", 500);
    will("/hook", 204);
    struct fake_row *row = add("hook", "i", 1);
    begin();
    for (uint32_t k = 1; k <= 12; k++) {
        until(row, k);
        cr_assert_eq(row->state, DELIVERY_PENDING);
        cr_assert_eq(row->delivery.attempts, k);
        cr_assert_eq(row->next_unix_ms, now_ms + outcome_backoff_ms("message-1", k));
        clock_to(row->next_unix_ms);
    }
    until(row, 13);
    cr_assert_eq(row->state, DELIVERY_DELIVERED);
}

Test(notify, gives_up_on_a_receiver_that_hangs, .init = setup, .fini = teardown)
{
    receiver_with("hook", RECEIVER_WEBHOOK, "/hook")->timeout_ms = 100;
    collector_will(&collector, "/hook", (struct collector_step){.action = HANG});
    will("/hook", 200);
    struct fake_row *row = add("hook", "i", 1);
    begin();
    until(row, 1);
    cr_assert(row->state == DELIVERY_PENDING && row->http_status == 0);
    cr_assert_str_eq(row->error, "Timeout was reached (127.0.0.1)");
    clock_to(row->next_unix_ms);
    until(row, 2);
    cr_assert_eq(row->state, DELIVERY_DELIVERED);
}

Test(notify, survives_a_reset, .init = setup, .fini = teardown)
{
    receiver_with("hook", RECEIVER_WEBHOOK, "/hook");
    collector_will(&collector, "/hook", (struct collector_step){.action = RESET});
    will("/hook", 200);
    struct fake_row *row = add("hook", "i", 1);
    begin();
    until(row, 1);
    cr_assert(row->state == DELIVERY_PENDING && row->http_status == 0);
    clock_to(row->next_unix_ms);
    until(row, 2);
    cr_assert_eq(row->state, DELIVERY_DELIVERED);
    cr_assert_str_eq(collector.seen[0].id, collector.seen[1].id);
}

static void parks(int status)
{
    receiver_with("hook", RECEIVER_WEBHOOK, "/hook");
    collector_will(&collector, "/hook",
                   (struct collector_step){ANSWER, status, "Location", "/elsewhere", NULL});
    will("/hook", 200);
    struct fake_row *row = add("hook", "i", 1);
    begin();
    until(row, 1);
    cr_assert(row->state == DELIVERY_PARKED && row->http_status == status);
    cr_assert_eq(row->next_unix_ms, NOW + PARKED_MS);
    turn_loop();
    cr_assert_eq(collector.seen_count, 1);
    clock_to(NOW + PARKED_MS);
    until(row, 2);
    cr_assert_eq(row->state, DELIVERY_DELIVERED);
}

Test(notify, parks_403, .init = setup, .fini = teardown)
{
    parks(403);
}

Test(notify, parks_a_redirect, .init = setup, .fini = teardown)
{
    parks(307);
}

Test(notify, a_rejected_message_dies_and_its_successor_goes, .init = setup, .fini = teardown)
{
    receiver_with("hook", RECEIVER_WEBHOOK, "/hook");
    for (int i = 0; i < 3; i++)
        will("/hook", 400);
    will("/hook", 200);
    struct fake_row *row = add("hook", "i", 1);
    struct fake_row *next = fake_store_add(&store, "hook", "i", "closed", 2, closed.data);
    begin();
    for (uint32_t k = 1; k <= 3; k++) {
        until(row, k);
        clock_to(row->next_unix_ms > now_ms ? row->next_unix_ms : now_ms);
    }
    cr_assert_eq(row->state, DELIVERY_DEAD);
    cr_assert_str_eq(row->error, "HTTP 400 (127.0.0.1)");
    until(next, 1);
    cr_assert_eq(next->state, DELIVERY_DELIVERED);
}

Test(notify, keeps_the_order_of_an_incident, .init = setup, .fini = teardown)
{
    static const char *const expected[] = {"message-1", "message-1", "message-2", "message-3"};
    receiver_with("hook", RECEIVER_WEBHOOK, "/hook");
    will("/hook", 500);
    will("/hook", 200);
    struct fake_row *first = add("hook", "i", 1);
    add("hook", "i", 2);
    struct fake_row *last = add("hook", "i", 3);
    begin();
    until(first, 1);
    turn_loop();
    cr_assert_eq(collector.seen_count, 1);
    clock_to(first->next_unix_ms);
    until(last, 1);
    cr_assert_eq(collector.seen_count, 4);
    for (int i = 0; i < 4; i++)
        cr_assert_str_eq(collector.seen[i].id, expected[i]);
}

Test(notify, a_dead_receiver_delays_nobody, .init = setup, .fini = teardown)
{
    receiver_with("dead", RECEIVER_WEBHOOK, "/dead");
    receiver_with("live", RECEIVER_WEBHOOK, "/live");
    collector_will(&collector, "/dead", (struct collector_step){.action = HANG});
    struct fake_row *stuck = add("dead", "a", 1);
    for (int i = 0; i < 10; i++)
        add("dead", i % 2 ? "b" : "c", (uint32_t)i + 1);
    struct fake_row *rows[10];
    static const char *const incidents[] = {"p", "q", "r", "s", "t"};
    for (int i = 0; i < 10; i++)
        rows[i] = add("live", incidents[i % 5], (uint32_t)i);
    begin();
    for (int i = 0; i < 10; i++)
        until(rows[i], 1);
    cr_assert_eq(stuck->records, 0, "still in flight");
    cr_assert_eq(collector_path(&collector, "/dead")->hits, 1, "one at a time");
    cr_assert_not(notify_idle(notify, NULL));
}

Test(notify, dry_run_sends_nothing, .init = setup, .fini = teardown)
{
    receiver_with("train", RECEIVER_RETRAIN, "/train")->enabled = false;
    struct fake_row *row = fake_store_add(&store, "train", "i", "retrain", 1, retrain.data);
    begin();
    until(row, 1);
    cr_assert_eq(row->state, DELIVERY_DRY_RUN);
    cr_assert_eq(row->delivery.attempts, 0);
    cr_assert_eq(collector.seen_count, 0);
}

Test(notify, one_retraining_then_cooldown, .init = setup, .fini = teardown)
{
    receiver_with("train", RECEIVER_RETRAIN, "/train");
    struct fake_row *first = fake_store_add(&store, "train", "i", "retrain", 1, retrain.data);
    struct fake_row *second = fake_store_add(&store, "train", "j", "retrain", 1, retrain.data);
    first->created_unix_ms = second->created_unix_ms = NOW;
    begin();
    until(second, 1);
    cr_assert_eq(first->state, DELIVERY_DELIVERED);
    cr_assert_eq(second->state, DELIVERY_SUPPRESSED);
    cr_assert_str_eq(second->error, "suppressed: cooldown");
    cr_assert_eq(collector.seen_count, 1);
    cr_assert_str_eq(collector.seen[0].key, "message-1");
    cr_assert_str_eq(collector.seen[0].id, "message-1");
    cr_assert_not_null(strstr(collector.seen[0].body, "io.leeway.retrain.requested"));
}

Test(notify, guards_that_cannot_be_checked_send_nothing, .init = setup, .fini = teardown)
{
    receiver_with("train", RECEIVER_RETRAIN, "/train");
    struct fake_row *row = fake_store_add(&store, "train", "i", "retrain", 1, retrain.data);
    store.cannot_count = true;
    begin();
    until(row, 1);
    cr_assert(row->state == DELIVERY_PENDING && row->next_unix_ms > NOW);
    cr_assert_not(notify_idle(notify, NULL));
    store.cannot_count = false;
    clock_to(row->next_unix_ms);
    until(row, 2);
    cr_assert_eq(row->state, DELIVERY_DELIVERED);
}

Test(notify, the_end_is_skipped_where_nobody_wants_it, .init = setup, .fini = teardown)
{
    receiver_with("hook", RECEIVER_WEBHOOK, "/hook")->send_resolved = false;
    struct fake_row *row = fake_store_add(&store, "hook", "i", "closed", 1, closed.data);
    begin();
    until(row, 1);
    cr_assert_eq(row->state, DELIVERY_DELIVERED);
    cr_assert_eq(collector.seen_count, 0);
}

Test(notify, all_replicas_must_accept, .init = setup, .fini = teardown)
{
    struct config_receiver *am = receiver_with("am", RECEIVER_ALERTMANAGER, "/one");
    also_to(am, "/two");
    will("/one/api/v2/alerts", 500);
    will("/one/api/v2/alerts", 200);
    struct fake_row *row = add("am", "i", 1);
    begin();
    until(row, 1);
    cr_assert(row->state == DELIVERY_PENDING && row->http_status == 500);
    clock_to(row->next_unix_ms);
    until(row, 2);
    cr_assert_eq(row->state, DELIVERY_DELIVERED);
    cr_assert_eq(collector_path(&collector, "/one/api/v2/alerts")->hits, 2);
    cr_assert_eq(collector.seen_count, 3, "the one that accepted is not asked again");
}

Test(notify, slack_must_say_ok_and_is_paced, .init = setup, .fini = teardown)
{
    receiver_with("slack", RECEIVER_SLACK, "/slack");
    collector_will(&collector, "/slack", (struct collector_step){ANSWER, 200, NULL, NULL, "ok"});
    collector_will(&collector, "/slack",
                   (struct collector_step){ANSWER, 200, NULL, NULL, "<html>ok</html>"});
    struct fake_row *first = add("slack", "i", 1), *second = add("slack", "j", 1);
    begin();
    until(first, 1);
    cr_assert_eq(first->state, DELIVERY_DELIVERED);
    turn_loop();
    cr_assert_eq(collector.seen_count, 1, "one message a second");
    clock_to(NOW + 1000);
    until(second, 1);
    cr_assert_eq(second->state, DELIVERY_PARKED);
    cr_assert_str_eq(second->error, "answer is not Slack's (127.0.0.1)");
    cr_assert_str_eq(collector.seen[0].signature, "");
    cr_assert_str_eq(collector.seen[0].id, "");
}

Test(notify, unknown_receiver_and_unreadable_payload, .init = setup, .fini = teardown)
{
    receiver_with("hook", RECEIVER_WEBHOOK, "/hook");
    struct fake_row *stray = add("gone", "i", 1);
    struct fake_row *bad = fake_store_add(&store, "hook", "i", "opened", 1, "{\"event\":7}");
    struct fake_row *good = add("hook", "j", 1);
    begin();
    until(stray, 1);
    until(bad, 1);
    until(good, 1);
    cr_assert(stray->state == DELIVERY_PARKED && stray->next_unix_ms == NOW + PARKED_MS);
    cr_assert_eq(bad->state, DELIVERY_DEAD);
    cr_assert_eq(good->state, DELIVERY_DELIVERED);
    cr_assert_eq(collector.seen_count, 1);
}

Test(notify, a_result_is_written_later_and_the_row_not_sent_again, .init = setup, .fini = teardown)
{
    receiver_with("hook", RECEIVER_WEBHOOK, "/hook");
    struct fake_row *row = add("hook", "i", 1);
    store.record_result = STORE_UNAVAILABLE;
    store.record_failures = 1;
    begin();
    until(row, 1);
    turn_loop();
    cr_assert_eq(row->state, DELIVERY_DELIVERED);
    cr_assert_eq(collector.seen_count, 1);
}

static bool was_asked(void *context)
{
    (void)context;
    return collector.seen_count > 0 && store.record_failures == 0;
}

Test(notify, a_result_that_cannot_be_written_makes_no_storm, .init = setup, .fini = teardown)
{
    receiver_with("hook", RECEIVER_WEBHOOK, "/hook");
    struct fake_row *row = add("hook", "i", 1);
    store.record_result = STORE_FAILED;
    store.record_failures = 1;
    begin();
    cr_assert(run_until(base, was_asked, NULL));
    turn_loop();
    cr_assert_eq(collector.seen_count, 1);
    clock_to(NOW + MINUTE_MS);
    until(row, 1);
    cr_assert_eq(row->state, DELIVERY_DELIVERED);
    cr_assert_str_eq(collector.seen[0].id, collector.seen[1].id);
}

Test(notify, a_store_that_is_away_is_no_busy_loop, .init = setup, .fini = teardown)
{
    receiver_with("hook", RECEIVER_WEBHOOK, "/hook");
    struct fake_row *row = add("hook", "i", 1);
    store.cannot_read = true;
    begin();
    for (int i = 0; i < 50; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
    cr_assert_eq(store.due_calls, 1);
    cr_assert_not(notify_idle(notify, NULL));
    store.cannot_read = false;
    notify_wake(notify);
    until(row, 1);
}

static struct text captured_log(const char *path)
{
    struct text log = {0};
    cr_assert_eq(file_read(path, 1 << 20, &log, NULL), 0);
    unlink(path);
    return log;
}

/* The URL is the credential: nothing of it but the host may be stored or logged. */
Test(notify, urls_do_not_leak, .init = setup, .fini = teardown)
{
    char log_path[] = "/tmp/leeway-log-XXXXXX";
    int kept = dup(2), fd = mkstemp(log_path);
    struct config_receiver *hook = receiver_with("hook", RECEIVER_WEBHOOK, "/CANARY?t=CANARY");
    receiver_with("closed", RECEIVER_ALERTMANAGER, "");
    snprintf(urls[1][0], sizeof urls[1][0], "http://127.0.0.1:1/CANARY");
    hook->timeout_ms = 100;
    collector_will(&collector, "/CANARY?t=CANARY", (struct collector_step){.action = HANG});
    collector_will(&collector, "/CANARY?t=CANARY",
                   (struct collector_step){ANSWER, 404, NULL, NULL, "no /CANARY here"});
    store.incidents[store.incident_count++] =
        (struct store_incident){.id = "i",
                                .monitor = "m",
                                .version = "1",
                                .rule = "r",
                                .state = "firing",
                                .severity = "info",
                                .title = "t",
                                .evidence = "{\"members\":[]}"};
    struct fake_row *row = add("hook", "i", 1), *refused = add("closed", "i", 1);
    dup2(fd, 2);
    begin();
    until(row, 1);
    clock_to(row->next_unix_ms);
    until(row, 2);
    until(refused, 1);
    dup2(kept, 2);
    close(fd);
    close(kept);
    struct text log = captured_log(log_path);
    cr_assert_not_null(strstr(log.data, "127.0.0.1"), "%s", log.data);
    cr_assert_null(strstr(log.data, "CANARY"), "%s", log.data);
    cr_assert_null(strstr(row->error, "CANARY"), "%s", row->error);
    cr_assert_null(strstr(refused->error, "CANARY"), "%s", refused->error);
    cr_assert(*refused->error);
    text_release(&log);
}

static bool has_two(void *context)
{
    (void)context;
    return collector.seen_count >= 2;
}

static bool to_am_only(void *context, const char *monitor, const char *rule, const char *receiver)
{
    (void)context;
    (void)monitor;
    return !strcmp(rule, "told") && !strcmp(receiver, "am");
}

Test(notify, alertmanager_is_told_again_after_a_restart, .init = setup, .fini = teardown)
{
    also_to(receiver_with("am", RECEIVER_ALERTMANAGER, "/one"), "/two");
    receiver_with("off", RECEIVER_ALERTMANAGER, "/off")->enabled = false;
    for (int i = 0; i < 2; i++)
        store.incidents[store.incident_count++] =
            (struct store_incident){.id = i ? "a" : "b",
                                    .monitor = "m",
                                    .version = "1",
                                    .rule = i ? "told" : "other",
                                    .state = "firing",
                                    .severity = "info",
                                    .title = "t",
                                    .evidence = "{\"members\":[]}",
                                    .opened_ms = NOW};
    begin();
    notify_route(notify, to_am_only, NULL);
    cr_assert(run_until(base, has_two, NULL));
    turn_loop();
    cr_assert_eq(collector.seen_count, 2);
    for (int i = 0; i < 2; i++) {
        json_t *alerts = json_loads(collector.seen[i].body, 0, NULL);
        json_t *alert = json_array_get(alerts, 0);
        cr_assert_eq(json_array_size(alerts), 1);
        cr_assert_str_eq(
            json_string_value(json_object_get(json_object_get(alert, "labels"), "incident")), "a");
        cr_assert_str_eq(json_string_value(json_object_get(alert, "endsAt")),
                         "2026-09-21T14:17:20Z");
        json_decref(alerts);
    }
}

/* 100 incidents are two batches; the second is sent when the first was accepted. */
Test(notify, what_fires_is_sent_in_batches, .init = setup, .fini = teardown)
{
    static char ids[100][8];
    receiver_with("am", RECEIVER_ALERTMANAGER, "/am");
    for (int i = 0; i < 100; i++) {
        snprintf(ids[i], sizeof ids[i], "%d", i);
        store.incidents[store.incident_count++] =
            (struct store_incident){.id = ids[i],
                                    .monitor = "m",
                                    .version = "1",
                                    .rule = "r",
                                    .state = "firing",
                                    .severity = "info",
                                    .title = "t",
                                    .evidence = "{\"members\":[]}"};
    }
    begin();
    cr_assert(run_until(base, has_two, NULL));
    size_t sizes[2];
    for (int i = 0; i < 2; i++) {
        json_t *alerts = json_loads(collector.seen[i].body, 0, NULL);
        sizes[i] = json_array_size(alerts);
        json_decref(alerts);
    }
    cr_assert(sizes[0] == 64 && sizes[1] == 36);
}

Test(notify, nothing_starts_with_a_bad_receiver, .init = setup, .fini = teardown)
{
    struct err err = {0};
    receiver_with("hook", RECEIVER_WEBHOOK, "/hook");
    receiver_with("bad", RECEIVER_WEBHOOK, "/bad");
    snprintf(urls[1][0], sizeof urls[1][0], "http://169.254.169.254/CANARY");
    cr_assert_null(notify_new(base, &config, &store, &err));
    cr_assert_not_null(strstr(err.text, "receiver bad"));
    cr_assert_null(strstr(err.text, "CANARY"));
}
