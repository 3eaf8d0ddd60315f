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
static struct fake_store fake;
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
    fake_store_start(&fake);
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
    notify = notify_new(base, &config, &fake.store, &err);
    cr_assert_not_null(notify, "%s", err.text);
    notify_clock(notify, fake_now);
}

static struct fake_row *add(const char *receiver, const char *incident, uint32_t sequence)
{
    return fake_store_add(&fake, receiver, incident, "opened", sequence, opened.data);
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

static bool has_looked(void *context)
{
    return fake.asked[FAKE_NEXT_DUE] >= *(uint32_t *)context;
}

/* Two more looks, and enough turns of the loop for anything wrong to be sent. */
static void turn_loop(void)
{
    for (int i = 0; i < 2; i++) {
        uint32_t wanted = fake.asked[FAKE_NEXT_DUE] + 1;
        notify_wake(notify);
        cr_assert(run_until(base, has_looked, &wanted));
        for (int k = 0; k < 10; k++)
            event_base_loop(base, EVLOOP_NONBLOCK);
    }
}

static void on_moment(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    *(bool *)context = true;
}

static bool is_true(void *context)
{
    return *(bool *)context;
}

/* Longer than looks are paced: whatever the timers would do has been done. */
static void let_timers_run(void)
{
    struct timeval moment = {0, 250000};
    bool over = false;
    event_base_once(base, -1, EV_TIMEOUT, on_moment, &over, &moment);
    cr_assert(run_until(base, is_true, &over));
}

static bool is_idle(void *context)
{
    return notify_idle(notify, context);
}

/* Until everything is told; whether something waits for later. */
static bool until_idle(void)
{
    bool waiting = false;
    cr_assert(run_until(base, is_idle, &waiting));
    return waiting;
}

static uint32_t watched[8];

static void watch(void *context, const struct store_delivery *delivery,
                  const struct store_delivery_result *result)
{
    cr_assert_eq(context, &fake);
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
    begin();
    unlink(path);
    notify_watch(notify, watch, &fake);
    cr_assert_not(notify_idle(notify, NULL), "a row is due");
    until(row, 1);
    cr_assert_eq(row->state, DELIVERY_DELIVERED);
    cr_assert(row->http_status == 200 && row->delivery.attempts == 1);
    cr_assert_str_eq(row->error, "");
    cr_assert_not(notify_idle(notify, NULL), "there may be another one");
    cr_assert_not(until_idle());
    cr_assert_eq(watched[DELIVERY_DELIVERED], 1);
    cr_assert_eq(notify_receiver_at(notify, 0)->results[DELIVERY_DELIVERED], 1);

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
    cr_assert(row->state == DELIVERY_PENDING && row->http_status == 429);
    cr_assert_eq(row->next_unix_ms, NOW + outcome_backoff_ms("message-1", 1));
    turn_loop();
    cr_assert_eq(collector.seen_count, 1, "429 is meant for the receiver, not for one message");
    bool waiting = false;
    cr_assert_not(notify_idle(notify, &waiting), "the other one is due");
    cr_assert(waiting);
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
    struct fake_row *next = fake_store_add(&fake, "hook", "i", "closed", 2, closed.data);
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
    struct fake_row *row = fake_store_add(&fake, "train", "i", "retrain", 1, retrain.data);
    begin();
    until(row, 1);
    cr_assert_eq(row->state, DELIVERY_DRY_RUN);
    cr_assert_eq(row->delivery.attempts, 0);
    cr_assert_eq(collector.seen_count, 0);
}

Test(notify, one_retraining_then_cooldown, .init = setup, .fini = teardown)
{
    receiver_with("train", RECEIVER_RETRAIN, "/train");
    struct fake_row *first = fake_store_add(&fake, "train", "i", "retrain", 1, retrain.data);
    struct fake_row *second = fake_store_add(&fake, "train", "j", "retrain", 1, retrain.data);
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

/* What the guard of a retraining sees of one that was delivered `age_ms` ago. */
static enum delivery_state after_one(int64_t age_ms, int64_t cooldown_ms, uint32_t budget)
{
    struct config_receiver *train = receiver_with("train", RECEIVER_RETRAIN, "/train");
    train->cooldown_ms = cooldown_ms;
    train->daily_budget = budget;
    struct fake_row *before = fake_store_add(&fake, "train", "h", "retrain", 1, retrain.data);
    before->state = DELIVERY_DELIVERED;
    before->created_unix_ms = NOW - age_ms;
    struct fake_row *row = fake_store_add(&fake, "train", "i", "retrain", 1, retrain.data);
    begin();
    until(row, 1);
    return row->state;
}

Test(notify, cooldown_has_its_length, .init = setup, .fini = teardown)
{
    cr_assert_eq(after_one(3 * HOUR_MS, 3 * HOUR_MS, 9), DELIVERY_SUPPRESSED);
}

Test(notify, cooldown_ends, .init = setup, .fini = teardown)
{
    cr_assert_eq(after_one(3 * HOUR_MS + 1, 3 * HOUR_MS, 9), DELIVERY_DELIVERED);
}

Test(notify, a_budget_is_for_a_day, .init = setup, .fini = teardown)
{
    cr_assert_eq(after_one(DAY_MS, HOUR_MS, 1), DELIVERY_SUPPRESSED);
}

Test(notify, a_day_ends, .init = setup, .fini = teardown)
{
    cr_assert_eq(after_one(DAY_MS + 1, HOUR_MS, 1), DELIVERY_DELIVERED);
}

Test(notify, guards_that_cannot_be_checked_send_nothing, .init = setup, .fini = teardown)
{
    receiver_with("train", RECEIVER_RETRAIN, "/train");
    struct fake_row *row = fake_store_add(&fake, "train", "i", "retrain", 1, retrain.data);
    fake.answers[FAKE_COUNTS] = STORE_FAILED;
    begin();
    until(row, 1);
    cr_assert(row->state == DELIVERY_PENDING && row->next_unix_ms > NOW);
    fake.answers[FAKE_COUNTS] = STORE_DONE;
    turn_loop();
    cr_assert_eq(collector.seen_count, 0);
    clock_to(row->next_unix_ms);
    until(row, 2);
    cr_assert_eq(row->state, DELIVERY_DELIVERED);
}

static bool guard_was_asked(void *context)
{
    (void)context;
    return fake.guards_asked > 0;
}

/* The row is given back: nothing is written, nothing is sent, it is due as before. */
Test(notify, guards_wait_for_a_store_that_is_away, .init = setup, .fini = teardown)
{
    receiver_with("train", RECEIVER_RETRAIN, "/train");
    struct fake_row *row = fake_store_add(&fake, "train", "i", "retrain", 1, retrain.data);
    fake.answers[FAKE_COUNTS] = STORE_UNAVAILABLE;
    begin();
    cr_assert(run_until(base, guard_was_asked, NULL));
    turn_loop();
    cr_assert(row->records == 0 && collector.seen_count == 0);
    cr_assert_eq(fake.guards_asked, 1, "again after a pause only");
    cr_assert_not(notify_idle(notify, NULL));
    fake.answers[FAKE_COUNTS] = STORE_DONE;
    clock_to(NOW + 1000);
    until(row, 1);
    cr_assert_eq(row->state, DELIVERY_DELIVERED);
    cr_assert_eq(collector.seen_count, 1);
}

Test(notify, the_end_is_skipped_where_nobody_wants_it, .init = setup, .fini = teardown)
{
    receiver_with("hook", RECEIVER_WEBHOOK, "/hook")->send_resolved = false;
    struct fake_row *row = fake_store_add(&fake, "hook", "i", "closed", 1, closed.data);
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
    struct fake_row *bad = fake_store_add(&fake, "hook", "i", "opened", 1, "{\"event\":7}");
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

static bool was_recorded(void *context)
{
    (void)context;
    return fake.asked[FAKE_DELIVERED] > 0;
}

Test(notify, a_result_is_written_later_and_the_row_not_sent_again, .init = setup, .fini = teardown)
{
    receiver_with("hook", RECEIVER_WEBHOOK, "/hook");
    struct fake_row *row = add("hook", "i", 1);
    fake.answers[FAKE_DELIVERED] = STORE_UNAVAILABLE;
    begin();
    cr_assert(run_until(base, was_recorded, NULL));
    turn_loop();
    cr_assert_eq(fake.asked[FAKE_DELIVERED], 1, "again after a pause only");
    cr_assert_not(notify_idle(notify, NULL));
    fake.answers[FAKE_DELIVERED] = STORE_DONE;
    until(row, 1);
    turn_loop();
    cr_assert_eq(row->state, DELIVERY_DELIVERED);
    cr_assert_eq(collector.seen_count, 1);
}

static bool has_one(void *context)
{
    (void)context;
    return collector.seen_count >= 1;
}

/* Another agent had the receiver's rows meanwhile and was told first. */
Test(notify, a_result_that_comes_too_late_is_as_good, .init = setup, .fini = teardown)
{
    receiver_with("hook", RECEIVER_WEBHOOK, "/hook");
    struct fake_row *row = add("hook", "i", 1), *next = add("hook", "i", 2);
    collector_will(&collector, "/hook", (struct collector_step){.action = HANG});
    will("/hook", 200);
    receivers[0].timeout_ms = 100;
    begin();
    cr_assert(run_until(base, has_one, NULL));
    row->state = DELIVERY_DELIVERED;
    until(next, 1);
    cr_assert(row->records == 0 && row->state == DELIVERY_DELIVERED);
    cr_assert_str_eq(collector.seen[1].id, "message-2");
    cr_assert_not(until_idle());
}

static bool was_asked(void *context)
{
    (void)context;
    return collector.seen_count > 0 && fake.answers[FAKE_DELIVERED] == STORE_DONE;
}

Test(notify, a_result_that_cannot_be_written_makes_no_storm, .init = setup, .fini = teardown)
{
    receiver_with("hook", RECEIVER_WEBHOOK, "/hook");
    struct fake_row *row = add("hook", "i", 1);
    fake.answers[FAKE_DELIVERED] = STORE_FAILED;
    fake.failures[FAKE_DELIVERED] = 1;
    begin();
    cr_assert(run_until(base, was_asked, NULL));
    turn_loop();
    cr_assert_eq(collector.seen_count, 1);
    clock_to(NOW + MINUTE_MS);
    until(row, 1);
    cr_assert_eq(row->state, DELIVERY_DELIVERED);
    cr_assert_str_eq(collector.seen[0].id, collector.seen[1].id);
}

/* Whatever wakes it, a store that is away is asked again after a pause only. */
static void is_away(enum fake_kind kind, enum store_result result)
{
    receiver_with("hook", RECEIVER_WEBHOOK, "/hook");
    struct fake_row *row = add("hook", "i", 1);
    fake.answers[kind] = result;
    begin();
    for (int i = 0; i < 50; i++) {
        notify_wake(notify);
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
    cr_assert_eq(fake.asked[kind], 1);
    cr_assert_not(notify_idle(notify, NULL));
    fake.answers[kind] = STORE_DONE;
    until(row, 1);
    cr_assert_not(until_idle());
}

Test(notify, a_store_that_is_away_is_no_busy_loop, .init = setup, .fini = teardown)
{
    is_away(FAKE_DUE, STORE_UNAVAILABLE);
}

Test(notify, a_store_that_is_broken_is_no_busy_loop, .init = setup, .fini = teardown)
{
    is_away(FAKE_DUE, STORE_FAILED);
}

Test(notify, what_is_sent_while_the_store_goes_away_is_recorded, .init = setup, .fini = teardown)
{
    is_away(FAKE_NEXT_DUE, STORE_UNAVAILABLE);
}

/* ---- answers that come later ---- */

static void answer_tick(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context;
    fake_store_answer(&fake);
}

/* From now on the store answers a turn of the loop later. */
static struct event *answer_later(void)
{
    struct timeval tick = {0, 1000};
    struct event *event = event_new(base, -1, EV_PERSIST, answer_tick, NULL);
    fake.later = true;
    event_add(event, &tick);
    return event;
}

Test(notify, late_answers_do_as_well, .init = setup, .fini = teardown)
{
    receiver_with("hook", RECEIVER_WEBHOOK, "/hook");
    receiver_with("train", RECEIVER_RETRAIN, "/train");
    receiver_with("am", RECEIVER_ALERTMANAGER, "/am");
    will("/hook", 500);
    will("/hook", 200);
    will("/train", 200);
    struct fake_row *first = add("hook", "i", 1), *second = add("hook", "i", 2);
    struct fake_row *run = fake_store_add(&fake, "train", "i", "retrain", 1, retrain.data);
    struct fake_row *held = fake_store_add(&fake, "train", "j", "retrain", 1, retrain.data);
    struct fake_row *alert = add("am", "i", 1), *stray = add("gone", "i", 1);
    run->created_unix_ms = held->created_unix_ms = NOW;
    struct event *event = answer_later();
    begin();
    until(first, 1);
    cr_assert_eq(first->state, DELIVERY_PENDING);
    clock_to(first->next_unix_ms);
    until(first, 2);
    until(second, 1);
    until(held, 1);
    until(alert, 1);
    until(stray, 1);
    cr_assert(first->state == DELIVERY_DELIVERED && second->state == DELIVERY_DELIVERED);
    cr_assert(run->state == DELIVERY_DELIVERED && held->state == DELIVERY_SUPPRESSED);
    cr_assert(alert->state == DELIVERY_DELIVERED && stray->state == DELIVERY_PARKED);
    cr_assert(until_idle(), "the stray one waits");
    cr_assert_eq(collector_path(&collector, "/hook")->hits, 3);
    cr_assert_eq(collector_path(&collector, "/train")->hits, 1);
    event_free(event);
    fake_store_drop(&fake);
    notify_store_closed(notify);
}

static bool something_waits(void *context)
{
    (void)context;
    return fake.waiting > 0;
}

/* Answers everything until a call of that kind waits. */
static void until_asked(enum fake_kind kind)
{
    uint32_t before = fake.asked[kind];
    while (fake.asked[kind] == before) {
        cr_assert(run_until(base, something_waits, NULL));
        if (fake.asked[kind] == before)
            fake_store_answer(&fake);
    }
}

/* What is wanted while a look is under way is looked for in another one. */
Test(notify, one_look_at_a_time, .init = setup, .fini = teardown)
{
    receiver_with("hook", RECEIVER_WEBHOOK, "/hook");
    fake.later = true;
    begin();
    until_asked(FAKE_NEXT_DUE);
    struct fake_row *row = add("hook", "i", 1);
    notify_wake(notify);
    let_timers_run();
    cr_assert_eq(fake.asked[FAKE_DUE], 1);
    cr_assert_not(notify_idle(notify, NULL));
    struct event *event = answer_later();
    until(row, 1);
    cr_assert_not(until_idle());
    event_free(event);
    fake_store_drop(&fake);
    notify_store_closed(notify);
}

/* Freed while the store has still to answer a call of that kind, which it does afterwards. */
static void freed_during(enum fake_kind kind, enum store_result answer)
{
    receiver_with("hook", RECEIVER_WEBHOOK, "/hook");
    receiver_with("train", RECEIVER_RETRAIN, "/train");
    also_to(receiver_with("am", RECEIVER_ALERTMANAGER, "/am"), "/two");
    fake.incidents[fake.incident_count++] = (struct store_incident){.id = "i",
                                                                    .monitor = "m",
                                                                    .version = "1",
                                                                    .rule = "r",
                                                                    .state = "resolved",
                                                                    .severity = "info",
                                                                    .title = "t",
                                                                    .evidence = "{\"members\":[]}",
                                                                    .resolved_ms = NOW};
    fake_store_add(&fake, "train", "i", "retrain", 1, retrain.data);
    add("hook", "i", 1);
    add("gone", "i", 1);
    fake.later = true;
    begin();
    until_asked(kind);
    notify_free(notify);
    notify = NULL;
    fake.answers[kind] = answer;
    uint32_t asked = fake.asked[kind];
    fake_store_answer(&fake);
    cr_assert_eq(fake.waiting, 0, "nobody is there to go on");
    cr_assert_eq(fake.asked[kind], asked);
}

Test(notify, freed_while_it_looks, .init = setup, .fini = teardown)
{
    freed_during(FAKE_DUE, STORE_DONE);
}

Test(notify, freed_while_it_asks_when, .init = setup, .fini = teardown)
{
    freed_during(FAKE_NEXT_DUE, STORE_DONE);
}

Test(notify, freed_while_it_records, .init = setup, .fini = teardown)
{
    freed_during(FAKE_DELIVERED, STORE_DONE);
}

Test(notify, freed_while_it_counts, .init = setup, .fini = teardown)
{
    freed_during(FAKE_COUNTS, STORE_DONE);
}

Test(notify, freed_while_it_reads_incidents, .init = setup, .fini = teardown)
{
    freed_during(FAKE_INCIDENTS_OF, STORE_DONE);
}

Test(notify, freed_and_the_store_is_away, .init = setup, .fini = teardown)
{
    freed_during(FAKE_DELIVERED, STORE_UNAVAILABLE);
}

/* The order at the end of a process, whatever was asked. */
static void store_goes_during(enum fake_kind kind)
{
    receiver_with("train", RECEIVER_RETRAIN, "/train");
    receiver_with("am", RECEIVER_ALERTMANAGER, "/am");
    fake_store_add(&fake, "train", "i", "retrain", 1, retrain.data);
    add("gone", "i", 1);
    fake.later = true;
    begin();
    until_asked(kind);
    fake_store_drop(&fake);
    notify_store_closed(notify);
    fake.store.ops = NULL; /* must not be asked any more */
    notify_wake(notify);
    let_timers_run();
    cr_assert_not(notify_idle(notify, NULL));
}

Test(notify, the_store_closes_before_anything, .init = setup, .fini = teardown)
{
    receiver_with("am", RECEIVER_ALERTMANAGER, "/am");
    begin();
    notify_store_closed(notify);
    fake.store.ops = NULL;
    notify_wake(notify);
    let_timers_run();
}

/* The answer of a receiver comes when nothing can be recorded any more. */
Test(notify, the_store_closes_while_it_sends, .init = setup, .fini = teardown)
{
    receiver_with("hook", RECEIVER_WEBHOOK, "/hook");
    add("hook", "i", 1);
    begin();
    while (fake.asked[FAKE_NEXT_DUE] == 0)
        event_base_loop(base, EVLOOP_ONCE);
    notify_store_closed(notify);
    fake.store.ops = NULL;
    cr_assert(run_until(base, has_one, NULL));
    let_timers_run();
    cr_assert_eq(notify_receiver_at(notify, 0)->results[DELIVERY_DELIVERED], 1);
    cr_assert_eq(fake.rows[0].records, 0);
}

Test(notify, the_store_closes_while_it_looks, .init = setup, .fini = teardown)
{
    store_goes_during(FAKE_DUE);
}

Test(notify, the_store_closes_while_it_records, .init = setup, .fini = teardown)
{
    store_goes_during(FAKE_DELIVERED);
}

Test(notify, the_store_closes_while_it_counts, .init = setup, .fini = teardown)
{
    store_goes_during(FAKE_COUNTS);
}

Test(notify, the_store_closes_while_it_reads_incidents, .init = setup, .fini = teardown)
{
    store_goes_during(FAKE_INCIDENTS_OF);
    notify_store_closed(NULL);
}

static bool all_counted(void *context)
{
    (void)context;
    for (uint32_t i = 0; i < notify_receiver_count(notify); i++)
        if (!notify_receiver_at(notify, i)->counted)
            return false;
    return true;
}

/* For metrics, which must not ask. */
Test(notify, knows_how_many_rows_wait, .init = setup, .fini = teardown)
{
    receiver_with("hook", RECEIVER_WEBHOOK, "/hook");
    receiver_with("other", RECEIVER_WEBHOOK, "/other");
    receiver_with("off", RECEIVER_WEBHOOK, "/off")->enabled = false;
    add("hook", "i", 1)->next_unix_ms = NOW + 1000;
    add("hook", "j", 1)->next_unix_ms = NOW + 1000;
    add("other", "i", 1)->state = DELIVERY_DEAD;
    begin();
    cr_assert_eq(notify_receiver_count(notify), 3);
    cr_assert_not(notify_receiver_at(notify, 0)->counted);
    cr_assert(run_until(base, all_counted, NULL));
    uint32_t asked = fake.asked[FAKE_COUNTS];
    cr_assert_str_eq(notify_receiver_at(notify, 0)->name, "hook");
    cr_assert_eq(notify_receiver_at(notify, 0)->rows[DELIVERY_PENDING], 2);
    cr_assert_eq(notify_receiver_at(notify, 1)->rows[DELIVERY_DEAD], 1);
    cr_assert_eq(notify_receiver_at(notify, 2)->rows[DELIVERY_PENDING], 0);
    cr_assert_eq(fake.asked[FAKE_COUNTS], asked);
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
    fake.incidents[fake.incident_count++] = (struct store_incident){.id = "i",
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
        fake.incidents[fake.incident_count++] =
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
        fake.incidents[fake.incident_count++] =
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
    cr_assert_null(notify_new(base, &config, &fake.store, &err));
    cr_assert_not_null(strstr(err.text, "receiver bad"));
    cr_assert_null(strstr(err.text, "CANARY"));
}
