/* The source against librdkafka's mock cluster of three brokers: real protocol, no server. Waiting
 * is for conditions, with a deadline that only a failure reaches. */
#include <criterion/criterion.h>
#include <event2/event.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "source/kafka.h"
#include "sys/file.h"

enum { PARTITIONS = 4, RECORDS_MAX = 4000, DEADLINE_MS = 60000 };
static const char topic[] = "predictions";

/* What a store would keep, and who broke the rules. */
struct store {
    int64_t epoch[PARTITIONS], next[PARTITIONS];
    int counted[PARTITIONS][RECORDS_MAX]; /* committed */
    int fenced;
};

struct member {
    struct kafka *kafka;
    struct store *store;
    bool owned[PARTITIONS];
    int64_t epoch[PARTITIONS], from[PARTITIONS], next[PARTITIONS];
    bool answer_late;  /* hooks answer false; the test answers */
    int64_t refuse_at; /* on partition 0; -1: never */
    int64_t refused, taken, assigned, revoked, lost, jumped, disorder, failed;
    struct kafka_jump jump;
    struct kafka_offer offer;
    int64_t last_broker_ms;
    size_t last_size;
};

struct rig {
    rd_kafka_t *producer;
    rd_kafka_mock_cluster_t *cluster;
    const char *bootstrap;
    struct event_base *base;
    struct event *tick;
    struct store *store;
};

/* ---- cluster ---- */

static void on_tick(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context;
}

static struct rig rig_new(int partitions)
{
    struct rig rig = {0};
    char text[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "test.mock.num.brokers", "3", text, sizeof text);
    rd_kafka_conf_set(conf, "linger.ms", "0", text, sizeof text);
    rd_kafka_conf_set(conf, "log_level", "0", text, sizeof text);
    rig.producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    cr_assert_not_null(rig.producer, "%s", text);
    rig.cluster = rd_kafka_handle_mock_cluster(rig.producer);
    rig.bootstrap = rd_kafka_mock_cluster_bootstraps(rig.cluster);
    if (partitions)
        rd_kafka_mock_topic_create(rig.cluster, topic, partitions, 1);
    rig.base = event_base_new();
    rig.tick = event_new(rig.base, -1, EV_PERSIST, on_tick, NULL);
    event_add(rig.tick, &(struct timeval){0, 10000});
    rig.store = mem_new(1, sizeof *rig.store);
    for (int i = 0; i < PARTITIONS; i++)
        rig.store->next[i] = -1;
    return rig;
}

static void rig_free(struct rig *rig)
{
    event_free(rig->tick);
    event_base_free(rig->base);
    rd_kafka_destroy(rig->producer);
    free(rig->store);
}

static void produce(struct rig *rig, int partition, int count)
{
    for (int i = 0; i < count; i++) {
        rd_kafka_resp_err_t code = rd_kafka_producev(
            rig->producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
            RD_KAFKA_V_VALUE((void *)"{\"a\":1}", 7), RD_KAFKA_V_TIMESTAMP(1700000000000),
            RD_KAFKA_V_END);
        cr_assert_eq(code, RD_KAFKA_RESP_ERR_NO_ERROR);
    }
    cr_assert_eq(rd_kafka_flush(rig->producer, DEADLINE_MS), RD_KAFKA_RESP_ERR_NO_ERROR);
}

/* Turns the loop until the condition holds. */
#define RUN_UNTIL(rig, condition)                                                                  \
    do {                                                                                           \
        struct loop_time began = clock_loop();                                                     \
        while (!(condition)) {                                                                     \
            cr_assert_lt(clock_loop().ms - began.ms, DEADLINE_MS, "never came: " #condition);      \
            event_base_loop((rig)->base, EVLOOP_ONCE);                                             \
        }                                                                                          \
    } while (0)

/* ---- member ---- */

static void commit(struct member *member, int partition)
{
    struct store *store = member->store;
    if (store->epoch[partition] != member->epoch[partition] ||
        store->next[partition] != member->from[partition]) {
        store->fenced++;
        return;
    }
    for (int64_t i = member->from[partition]; i < member->next[partition]; i++)
        store->counted[partition][i]++;
    store->next[partition] = member->from[partition] = member->next[partition];
}

static void commit_all(struct member *member)
{
    for (int i = 0; i < PARTITIONS; i++) {
        if (member->owned[i])
            commit(member, i);
    }
}

static enum kafka_take on_record(void *context, const struct record *record)
{
    struct member *member = context;
    int p = record->partition;
    member->last_broker_ms = record->broker_ms;
    member->last_size = record->value.size;
    if (p == 0 && record->offset == member->refuse_at) {
        member->refused++;
        return KAFKA_REFUSED;
    }
    member->disorder += !member->owned[p] || record->offset != member->next[p];
    member->next[p] = record->offset + 1;
    member->taken++;
    return KAFKA_TAKEN;
}

static int64_t take(struct member *member, const struct kafka_offer *offer)
{
    struct store *store = member->store;
    int p = offer->partition;
    if (store->next[p] < 0)
        store->next[p] = offer->start_offset;
    member->epoch[p] = ++store->epoch[p];
    member->from[p] = member->next[p] = store->next[p];
    member->owned[p] = true;
    return store->next[p];
}

static bool on_assigned(void *context, const struct kafka_offer *offer, int64_t *ret_offset)
{
    struct member *member = context;
    member->assigned++;
    member->offer = *offer;
    if (member->answer_late)
        return false;
    *ret_offset = take(member, offer);
    return true;
}

static bool on_revoked(void *context, const struct kafka_span *partitions, uint32_t count,
                       bool lost)
{
    struct member *member = context;
    member->revoked++;
    member->lost += lost;
    if (member->answer_late)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        int p = partitions[i].partition;
        if (!lost && member->owned[p])
            commit(member, p);
        member->owned[p] = false;
    }
    return true;
}

static bool on_jumped(void *context, const struct kafka_jump *jump, int64_t *ret_offset)
{
    struct member *member = context;
    int p = jump->partition;
    member->jumped++;
    member->jump = *jump;
    member->next[p] = member->from[p] = member->store->next[p] = jump->new_offset;
    *ret_offset = jump->new_offset;
    return true;
}

static void on_failed(void *context, enum kafka_failure failure, const struct err *err)
{
    struct member *member = context;
    cr_assert_eq(failure, KAFKA_FENCED);
    cr_assert_eq(err->code, ERR_CONFLICT);
    member->failed++;
}

static void member_start(struct member *member, struct rig *rig, enum kafka_start start)
{
    struct kafka_property properties[] = {{"bootstrap.servers", rig->bootstrap, NULL},
                                          {"session.timeout.ms", "6000", NULL},
                                          {"heartbeat.interval.ms", "200", NULL},
                                          {"topic.metadata.refresh.interval.ms", "500", NULL}};
    const char *topics[] = {topic, topic};
    struct kafka_options options = {
        .properties = properties,
        .property_count = 4,
        .topics = topics,
        .topic_count = 2,
        .group = "leeway",
        .start = start,
        .recheck_ms = 200,
        .hooks = {member, on_record, on_assigned, on_revoked, on_jumped, on_failed}};
    struct err err = {0};
    member->refuse_at = -1;
    member->store = rig->store;
    member->kafka = kafka_new(&options, rig->base, &err);
    cr_assert_not_null(member->kafka, "%s", err.text);
}

static bool all_drained(const struct member *member, int partitions)
{
    for (int i = 0; i < partitions; i++) {
        if (!kafka_drained(member->kafka, topic, i))
            return false;
    }
    return true;
}

static int owned_count(const struct member *member)
{
    int count = 0;
    for (int i = 0; i < PARTITIONS; i++)
        count += member->owned[i];
    return count;
}

/* ---- tests ---- */

Test(kafka, reads_everything_once_and_knows_the_end)
{
    struct rig rig = rig_new(PARTITIONS);
    struct member member = {0};
    for (int p = 0; p < PARTITIONS; p++)
        produce(&rig, p, 500 + p);
    member_start(&member, &rig, KAFKA_EARLIEST);
    cr_assert_str_neq(kafka_state(member.kafka), "ok");
    RUN_UNTIL(&rig, member.taken >= 2006 && all_drained(&member, PARTITIONS));
    cr_assert_eq(member.taken, 2006);
    cr_assert_eq(member.disorder, 0);
    cr_assert_eq(member.assigned, PARTITIONS);
    cr_assert_eq(member.last_size, 7);
    cr_assert_eq(member.last_broker_ms, 1700000000000);
    cr_assert_str_eq(kafka_state(member.kafka), "ok");
    cr_assert_eq(kafka_partition_count(member.kafka), PARTITIONS);
    struct kafka_partition partition;
    kafka_partition_at(member.kafka, 3, &partition);
    cr_assert_str_eq(partition.topic, topic);
    cr_assert_eq(partition.next_offset, 503);
    cr_assert_eq(partition.end_offset, 503);
    cr_assert_eq(partition.lag, 0);
    cr_assert(!kafka_drained(member.kafka, topic, 99));
    cr_assert(!kafka_drained(member.kafka, "other", 0));
    const struct kafka_counters *counters = kafka_counters(member.kafka);
    cr_assert_eq(counters->records, 2006);
    cr_assert_eq(counters->bytes, 7 * 2006);
    cr_assert_eq(counters->rebalances, 1);
    produce(&rig, 1, 1);
    RUN_UNTIL(&rig, member.taken == 2007 && kafka_drained(member.kafka, topic, 1));
    kafka_free(member.kafka);
    rig_free(&rig);
}

Test(kafka, starts_where_it_is_told)
{
    struct rig rig = rig_new(2);
    struct member member = {0};
    produce(&rig, 0, 100);
    produce(&rig, 1, 100);
    rig.store->next[0] = 37;
    member_start(&member, &rig, KAFKA_LATEST);
    RUN_UNTIL(&rig, all_drained(&member, 2));
    cr_assert_eq(member.taken, 63);
    cr_assert_eq(member.disorder, 0);
    cr_assert_eq(member.offer.start_offset, 100);
    cr_assert_eq(member.offer.low_offset, 0);
    cr_assert_eq(member.offer.end_offset, 100);
    cr_assert_eq(member.next[1], 100);
    kafka_free(member.kafka);
    rig_free(&rig);
}

Test(kafka, waits_for_a_late_answer)
{
    struct rig rig = rig_new(2);
    struct member member = {0};
    produce(&rig, 0, 10);
    produce(&rig, 1, 10);
    member_start(&member, &rig, KAFKA_EARLIEST);
    member.answer_late = true;
    cr_assert_eq(kafka_assign_ready(member.kafka, topic, 0, 0), ERR_NOT_FOUND);
    RUN_UNTIL(&rig, member.assigned == 2);
    cr_assert_str_eq(kafka_state(member.kafka), "waiting for offsets to start from");
    member.owned[0] = member.owned[1] = true;
    member.next[0] = 4;
    cr_assert_eq(kafka_assign_ready(member.kafka, topic, 0, 4), 0);
    cr_assert_eq(kafka_assign_ready(member.kafka, topic, 0, 4), ERR_NOT_FOUND);
    /* the other partition does not hold this one up */
    RUN_UNTIL(&rig, kafka_drained(member.kafka, topic, 0));
    cr_assert_eq(member.taken, 6);
    cr_assert_eq(kafka_assign_ready(member.kafka, topic, 1, 0), 0);
    RUN_UNTIL(&rig, all_drained(&member, 2));
    cr_assert_eq(member.taken, 16);
    cr_assert_eq(member.disorder, 0);
    cr_assert_str_eq(kafka_state(member.kafka), "ok");
    kafka_free(member.kafka);
    rig_free(&rig);
}

Test(kafka, two_members_lose_and_double_nothing)
{
    struct rig rig = rig_new(PARTITIONS);
    struct member a = {0}, b = {0};
    for (int p = 0; p < PARTITIONS; p++)
        produce(&rig, p, 1000);
    member_start(&a, &rig, KAFKA_EARLIEST);
    RUN_UNTIL(&rig, a.taken > 300);
    member_start(&b, &rig, KAFKA_EARLIEST);
    RUN_UNTIL(&rig, owned_count(&a) > 0 && owned_count(&b) > 0);
    cr_assert_geq(a.revoked, 1);
    for (int p = 0; p < PARTITIONS; p++)
        produce(&rig, p, 1000);
    RUN_UNTIL(&rig, rig.store->next[0] >= 0 && a.next[0] + b.next[0] >= 2000);
    kafka_stop(b.kafka);
    commit_all(&b);
    kafka_free(b.kafka);
    memset(b.owned, 0, sizeof b.owned);
    RUN_UNTIL(&rig, owned_count(&a) == PARTITIONS && all_drained(&a, PARTITIONS));
    commit_all(&a);
    cr_assert_eq(rig.store->fenced, 0);
    cr_assert_eq(a.lost + b.lost, 0);
    cr_assert_eq(a.disorder + b.disorder, 0);
    for (int p = 0; p < PARTITIONS; p++) {
        cr_assert_eq(rig.store->next[p], 2000);
        for (int i = 0; i < 2000; i++)
            cr_assert_eq(rig.store->counted[p][i], 1, "partition %d offset %d", p, i);
    }
    kafka_free(a.kafka);
    rig_free(&rig);
}

/* While it is stopped it still answers to the group: the second member could not join otherwise. */
Test(kafka, polls_on_while_it_is_stopped)
{
    struct rig rig = rig_new(PARTITIONS);
    struct member a = {0}, b = {0};
    for (int p = 0; p < PARTITIONS; p++)
        produce(&rig, p, 1000);
    member_start(&a, &rig, KAFKA_EARLIEST);
    a.refuse_at = 10;
    RUN_UNTIL(&rig, a.refused == 1);
    int64_t taken = a.taken;
    RUN_UNTIL(&rig, kafka_counters(a.kafka)->pauses == 1);
    member_start(&b, &rig, KAFKA_EARLIEST);
    RUN_UNTIL(&rig, owned_count(&b) > 0 && owned_count(&a) > 0 && a.revoked == 1);
    cr_assert_eq(a.taken, taken);
    cr_assert_eq(a.refused, 1);
    cr_assert_eq(kafka_counters(a.kafka)->lost_assignments, 0);
    a.refuse_at = b.refuse_at = -1;
    kafka_resume(a.kafka);
    RUN_UNTIL(&rig, a.next[0] + b.next[0] >= 1000 && a.next[3] + b.next[3] >= 1000 &&
                        a.next[1] + b.next[1] >= 1000 && a.next[2] + b.next[2] >= 1000);
    commit_all(&a);
    commit_all(&b);
    cr_assert_eq(rig.store->fenced, 0);
    for (int p = 0; p < PARTITIONS; p++) {
        for (int i = 0; i < 1000; i++)
            cr_assert_eq(rig.store->counted[p][i], 1, "partition %d offset %d", p, i);
    }
    kafka_free(a.kafka);
    kafka_free(b.kafka);
    rig_free(&rig);
}

Test(kafka, offers_a_refused_record_again)
{
    struct rig rig = rig_new(1);
    struct member member = {0};
    produce(&rig, 0, 1000);
    member_start(&member, &rig, KAFKA_EARLIEST);
    member.refuse_at = 500;
    RUN_UNTIL(&rig, member.refused == 1);
    kafka_resume(member.kafka); /* before it was paused */
    RUN_UNTIL(&rig, member.refused == 2);
    RUN_UNTIL(&rig, kafka_counters(member.kafka)->pauses == 1);
    cr_assert_eq(member.taken, 500);
    cr_assert(!kafka_drained(member.kafka, topic, 0));
    member.refuse_at = -1;
    kafka_resume(member.kafka); /* after it was paused */
    RUN_UNTIL(&rig, kafka_drained(member.kafka, topic, 0));
    cr_assert_eq(member.taken, 1000);
    cr_assert_eq(member.disorder, 0);
    cr_assert_eq(kafka_counters(member.kafka)->refused, 2);
    kafka_free(member.kafka);
    rig_free(&rig);
}

Test(kafka, gives_a_missing_revoke_answer_up)
{
    struct rig rig = rig_new(PARTITIONS);
    struct member a = {0}, b = {0};
    produce(&rig, 0, 10);
    member_start(&a, &rig, KAFKA_EARLIEST);
    RUN_UNTIL(&rig, all_drained(&a, PARTITIONS));
    a.answer_late = true;
    member_start(&b, &rig, KAFKA_EARLIEST);
    RUN_UNTIL(&rig, a.revoked == 1);
    cr_assert_str_eq(kafka_state(a.kafka), "giving partitions back");
    RUN_UNTIL(&rig, owned_count(&b) > 0);
    cr_assert_eq(kafka_counters(a.kafka)->revoke_timeouts, 1);
    kafka_free(a.kafka);
    kafka_free(b.kafka);
    rig_free(&rig);
}

Test(kafka, takes_a_late_revoke_answer)
{
    struct rig rig = rig_new(PARTITIONS);
    struct member a = {0}, b = {0};
    produce(&rig, 0, 10);
    member_start(&a, &rig, KAFKA_EARLIEST);
    RUN_UNTIL(&rig, all_drained(&a, PARTITIONS));
    a.answer_late = true;
    kafka_revoke_done(a.kafka); /* nobody waits for it */
    member_start(&b, &rig, KAFKA_EARLIEST);
    RUN_UNTIL(&rig, a.revoked == 1);
    a.answer_late = false;
    commit_all(&a);
    memset(a.owned, 0, sizeof a.owned);
    kafka_revoke_done(a.kafka);
    RUN_UNTIL(&rig, owned_count(&b) > 0 && owned_count(&a) > 0);
    cr_assert_eq(kafka_counters(a.kafka)->revoke_timeouts, 0);
    cr_assert_eq(rig.store->fenced, 0);
    kafka_free(a.kafka);
    kafka_free(b.kafka);
    rig_free(&rig);
}

/* The mock's log begins at 0, so only the other direction can be made here: see tests/system. */
Test(kafka, notices_that_a_log_is_shorter_than_it_was)
{
    struct rig rig = rig_new(1);
    struct member member = {0};
    produce(&rig, 0, 10);
    rig.store->next[0] = 50;
    member_start(&member, &rig, KAFKA_EARLIEST);
    RUN_UNTIL(&rig, member.jumped == 1 && kafka_drained(member.kafka, topic, 0));
    cr_assert_eq(member.jump.reason, KAFKA_JUMP_RECREATED);
    cr_assert_eq(member.jump.old_offset, 50);
    cr_assert_eq(member.jump.new_offset, 0);
    cr_assert_eq(member.taken, 10);
    cr_assert_eq(kafka_counters(member.kafka)->lost_offsets, 0);
    kafka_free(member.kafka);
    rig_free(&rig);
}

Test(kafka, counts_errors_and_reads_on)
{
    struct rig rig = rig_new(1);
    struct member member = {0};
    const char *name = NULL;
    int64_t count = 0;
    member_start(&member, &rig, KAFKA_EARLIEST);
    RUN_UNTIL(&rig, all_drained(&member, 1));
    enum { FETCH = 1 };
    rd_kafka_mock_push_request_errors(
        rig.cluster, FETCH, 4, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
        RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR__TRANSPORT,
        RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    produce(&rig, 0, 100);
    RUN_UNTIL(&rig, member.taken == 100 && kafka_drained(member.kafka, topic, 0));
    RUN_UNTIL(&rig, !strcmp(kafka_state(member.kafka), "ok"));
    cr_assert_eq(member.disorder, 0);
    cr_assert(kafka_error_at(member.kafka, 0, &name, &count));
    cr_assert_str_eq(name, "TOPIC_AUTHORIZATION_FAILED");
    cr_assert_eq(count, 1);
    cr_assert(!kafka_error_at(member.kafka, 99, &name, &count));
    kafka_free(member.kafka);
    rig_free(&rig);
}

Test(kafka, says_when_a_topic_is_missing_or_brokers_are_gone)
{
    struct rig rig = rig_new(1);
    struct member member = {0};
    produce(&rig, 0, 10);
    rd_kafka_mock_topic_set_error(rig.cluster, topic, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    member_start(&member, &rig, KAFKA_EARLIEST);
    RUN_UNTIL(&rig, kafka_topic_missing(member.kafka, topic));
    cr_assert_str_eq(kafka_state(member.kafka), "topic predictions is missing");
    rd_kafka_mock_topic_set_error(rig.cluster, topic, RD_KAFKA_RESP_ERR_NO_ERROR);
    RUN_UNTIL(&rig, all_drained(&member, 1));
    cr_assert_str_eq(kafka_state(member.kafka), "ok");
    rd_kafka_mock_broker_set_down(rig.cluster, -1);
    RUN_UNTIL(&rig, !strcmp(kafka_state(member.kafka), "no kafka broker answers"));
    rd_kafka_mock_broker_set_up(rig.cluster, -1);
    produce(&rig, 0, 10);
    RUN_UNTIL(&rig, member.taken >= 20 && !strcmp(kafka_state(member.kafka), "ok"));
    cr_assert_eq(member.disorder, 0);
    kafka_free(member.kafka);
    rig_free(&rig);
}

Test(kafka, ends_at_once_without_any_broker)
{
    struct event_base *base = event_base_new();
    struct kafka_property property = {"bootstrap.servers", "127.0.0.1:1", NULL};
    const char *topics[] = {topic};
    struct member member = {0};
    struct kafka_options options = {
        .properties = &property,
        .property_count = 1,
        .topics = topics,
        .topic_count = 1,
        .group = "leeway",
        .hooks = {&member, on_record, on_assigned, on_revoked, on_jumped, on_failed}};
    struct err err = {0};
    struct kafka *kafka = kafka_new(&options, base, &err);
    cr_assert_not_null(kafka);
    struct loop_time began = clock_loop();
    while (strcmp(kafka_state(kafka), "no kafka broker answers") != 0) {
        cr_assert_lt(clock_loop().ms - began.ms, DEADLINE_MS);
        event_base_loop(base, EVLOOP_ONCE);
    }
    kafka_free(kafka);
    kafka_free(NULL);
    event_base_free(base);
}

Test(kafka, refuses_bad_options)
{
    struct event_base *base = event_base_new();
    struct kafka_property property = {"bootstrap.servers", "127.0.0.1:1", NULL};
    static char huge[300];
    memset(huge, 'x', sizeof huge - 1);
    const char *const names[] = {"", "^pred.*", "a b", "a/b", huge};
    struct kafka_options options = {.properties = &property, .property_count = 1, .group = "g"};
    struct err err = {0};
    cr_assert_null(kafka_new(&options, base, &err));
    cr_assert_eq(err.code, ERR_INVALID);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        err = (struct err){0};
        options.topics = &names[i];
        options.topic_count = 1;
        cr_assert_null(kafka_new(&options, base, &err), "%s", names[i]);
        cr_assert_eq(err.code, ERR_INVALID);
    }
    struct kafka_property bad[] = {
        property, {"security.protocol", "ssl", NULL}, {"ssl.ca.location", "/nonexistent", NULL}};
    const char *good = "t";
    options.topics = &good;
    options.properties = bad;
    options.property_count = 3;
    cr_assert_null(kafka_new(&options, base, &err));
    cr_assert_eq(err.code, ERR_IO, "%s", err.text);
    event_base_free(base);
}
