/* The adapter with an ingest that is made up, and real clients. Its clock is the test's: linger and
 * patience are so long that nothing happens before the test says what time it is. */
#include "app/http_input.h"

#include <inttypes.h>

#include "unit/source/test_http_client.h"

enum { PARTITIONS = 64, LINGER_MS = 3600000 };

/* What the store and ingest know. */
struct made_up {
    struct ingest_want stored[PARTITIONS]; /* next_offset: committed */
    int64_t counted[PARTITIONS];           /* next offset, committed or not; -1: not owned */
    uint32_t count;
    struct text offered; /* "topic/partition:offset=value\n" of what was taken */
    struct text idle;
    uint32_t room; /* records until it is full */
    bool late;     /* take is answered by answer_take */
    enum store_result take_result, list_result;
    bool alone;
    struct ingest_want *wants;
    uint32_t want_count;
    store_done_fn done;
    void *done_context;
    int offers, lists, takes, soons, commits_asked, ready, releases;
};

static struct event_base *base;
static struct made_up world;
static struct config config;
static struct config_monitor monitors[2];
static struct http_input *input;
static struct loop_time now;
static struct err err;

static uint32_t find(const char *topic, int32_t partition)
{
    for (uint32_t i = 0; i < world.count; i++)
        if (world.stored[i].partition == partition && !strcmp(world.stored[i].topic, topic))
            return i;
    cr_assert_lt(world.count, PARTITIONS);
    world.stored[world.count] = (struct ingest_want){topic, partition, 0, -1};
    world.counted[world.count] = -1;
    return world.count++;
}

static void answer_take(enum store_result result)
{
    store_done_fn done = world.done;
    cr_assert_not_null(done, "nobody asked");
    for (uint32_t i = 0; i < world.want_count && result == STORE_DONE; i++) {
        struct ingest_want *want = &world.wants[i];
        uint32_t at = find(want->topic, want->partition);
        if (world.stored[at].next_offset < 0)
            world.stored[at].next_offset = want->start_offset;
        want->next_offset = world.counted[at] = world.stored[at].next_offset;
    }
    world.done = NULL;
    err_set(&err, ERR_UNAVAILABLE, "made up");
    done(world.done_context, result, result == STORE_DONE ? NULL : &err);
}

static void list(void *context, store_partition_fn row, void *row_context, store_done_fn done,
                 void *done_context)
{
    (void)context;
    world.lists++;
    for (uint32_t i = 0; i < world.count && world.list_result == STORE_DONE; i++) {
        const struct store_partition partition = {.topic = world.stored[i].topic,
                                                  .partition = world.stored[i].partition};
        row(row_context, &partition, NULL);
    }
    err_set(&err, ERR_UNAVAILABLE, "made up");
    done(done_context, world.list_result, world.list_result == STORE_DONE ? NULL : &err);
}

static void take(void *context, struct ingest_want *wants, uint32_t count, store_done_fn done,
                 void *done_context)
{
    (void)context;
    cr_assert_null(world.done, "one at a time");
    world.takes++;
    world.wants = wants;
    world.want_count = count;
    world.done = done;
    world.done_context = done_context;
    if (!world.late)
        answer_take(world.take_result);
}

static enum ingest_result offer(void *context, const struct record *record)
{
    uint32_t at = find(record->topic, record->partition);
    (void)context;
    world.offers++;
    if (world.counted[at] < 0)
        return INGEST_STRANGER;
    if (!world.room)
        return INGEST_FULL;
    if (record->offset < world.counted[at])
        return INGEST_REPEATED;
    world.room--;
    world.counted[at] = record->offset + 1;
    text_printf(&world.offered, "%s/%d:%" PRId64 "=%.*s\n", record->topic, record->partition,
                record->offset, (int)record->value.size, record->value.data);
    return INGEST_TAKEN;
}

static bool flushed(void *context)
{
    (void)context;
    for (uint32_t i = 0; i < world.count; i++)
        if (world.counted[i] >= 0 && world.counted[i] != world.stored[i].next_offset)
            return false;
    return true;
}

static void commit(void)
{
    for (uint32_t i = 0; i < world.count; i++)
        if (world.counted[i] >= 0)
            world.stored[i].next_offset = world.counted[i];
    world.room = UINT32_MAX;
    http_input_committed(input);
}

static void idle(void *context, const char *topic, int32_t partition)
{
    (void)context;
    text_printf(&world.idle, "%s/%d ", topic, partition);
}

static void release(void *context)
{
    (void)context;
    world.releases++;
    for (uint32_t i = 0; i < world.count; i++)
        world.counted[i] = -1;
}

static void soon(void *context)
{
    (void)context;
    world.soons++;
}

static void commit_soon(void *context)
{
    (void)context;
    world.commits_asked++;
}

static void ready(void *context)
{
    (void)context;
    world.ready++;
}

static void set_up(void)
{
    static const char *first[] = {"a"}, *second[] = {"b", "a"};
    base = event_base_new();
    world.room = UINT32_MAX;
    text_puts(&world.offered, "");
    text_puts(&world.idle, "");
    monitors[0] = (struct config_monitor){.topics = first, .topic_count = 1};
    monitors[1] = (struct config_monitor){.topics = second, .topic_count = 2};
    config = (struct config){.monitors = monitors, .monitor_count = 1};
    config.http = (struct config_http){
        .listen = "127.0.0.1:0", .linger_ms = LINGER_MS, .body_bytes = 1 << 20};
    config.limits.event_bytes = 1000;
    now = clock_loop();
}

static void tear_down(void)
{
    http_input_free(input);
    event_base_free(base);
    text_release(&world.offered);
    text_release(&world.idle);
}

TestSuite(http_input, .init = set_up, .fini = tear_down);

static void start(void)
{
    const struct http_input_hooks hooks = {.alone = world.alone,
                                           .list = list,
                                           .take = take,
                                           .offer = offer,
                                           .idle = idle,
                                           .release = release,
                                           .flushed = flushed,
                                           .soon = soon,
                                           .commit_soon = commit_soon,
                                           .ready = ready};
    input = http_input_new(&config, base, &hooks, &err);
    cr_assert_not_null(input, "%s", err.text);
}

static struct client connect_client(void)
{
    return client_connect(base, http_input_port(input), 0);
}

static void tick_after(int64_t ms)
{
    now.ms += ms;
    http_input_tick(input, now);
    event_base_loop(base, EVLOOP_NONBLOCK); /* what it asks for is said from the loop */
}

/* POST to "path" below /v1/events; headers with their line ends. */
static void post(struct client *client, const char *path, const char *headers, const char *lines)
{
    struct text text = {0};
    text_printf(&text,
                "POST /v1/events%s HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n%s"
                "Content-Length: %zu\r\n\r\n%s",
                path, headers, strlen(lines), lines);
    send_bytes(client, text.data, text.size);
    text_release(&text);
}

static void post_numbered(struct client *client, int64_t offset, const char *lines)
{
    char headers[80];
    snprintf(headers, sizeof headers, "Leeway-Partition: 7\r\nLeeway-Offset: %" PRId64 "\r\n",
             offset);
    post(client, "", headers, lines);
}

#define OFFERED(wanted) !strcmp(world.offered.data, wanted)

Test(http_input, takes_what_was_its_own)
{
    config.monitor_count = 2;
    config.http.partition = 1024;
    find("a", 1024);
    find("b", 1024);
    find("a", 7); /* another agent's client */
    find("nobody's", 1024);
    world.late = true;
    start();
    cr_assert(http_input_is_local(input));
    cr_assert_str_eq(http_input_state(input), "taking over partitions");
    http_input_tick(input, now);
    http_input_tick(input, now);
    cr_assert_eq(world.want_count, 2);
    cr_assert_str_eq(world.wants[0].topic, "a");
    cr_assert_str_eq(world.wants[1].topic, "b");
    cr_assert_eq(world.wants[0].partition, 1024);
    cr_assert_eq(world.ready, 0);
    cr_assert_not(http_input_is_quiet(input));
    answer_take(STORE_DONE);
    cr_assert(http_input_is_quiet(input));
    cr_assert_eq(world.ready, 1);
    cr_assert_str_eq(http_input_state(input), "ok");
    tick_after(1000);
    cr_assert_eq(world.takes, 1);
    cr_assert_eq(world.lists, 1);
}

Test(http_input, takes_everything_if_it_is_alone)
{
    find("a", 0);
    find("a", 7);
    find("nobody's", 0);
    world.alone = world.late = true;
    start();
    http_input_tick(input, now);
    http_input_tick(input, now);
    cr_assert_eq(world.want_count, 2);
    answer_take(STORE_DONE);
}

/* So that a partition which is never used does not hold up the others. */
Test(http_input, takes_nothing_that_is_not_there)
{
    start();
    http_input_tick(input, now);
    http_input_tick(input, now);
    cr_assert_eq(world.lists, 1);
    cr_assert_eq(world.takes, 0);
    cr_assert_eq(world.ready, 1);
    cr_assert_str_eq(http_input_state(input), "ok");
}

Test(http_input, listing_is_tried_again)
{
    world.list_result = STORE_UNAVAILABLE;
    start();
    http_input_tick(input, now);
    cr_assert_eq(world.ready, 0);
    http_input_tick(input, clock_loop());
    cr_assert_eq(world.lists, 1);
    world.list_result = STORE_DONE;
    now = clock_loop();
    tick_after(1000);
    cr_assert_eq(world.lists, 2);
    cr_assert_eq(world.ready, 1);
}

Test(http_input, answers_after_the_commit)
{
    world.stored[find("a", 0)].next_offset = 40;
    start();
    struct client client = connect_client();
    post(&client, "", "", "x\ny\n");
    WAIT_FOR(&client, OFFERED("a/0:40=x\na/0:41=y\n"));
    for (int i = 0; i < 10; i++)
        pull(&client);
    cr_assert_eq(client.in.size, 0);
    commit();
    expect(&client, 200, "{\"accepted\":2,\"repeated\":0,\"next_offset\":42}");
    post(&client, "/a", "", "z");
    WAIT_FOR(&client, OFFERED("a/0:40=x\na/0:41=y\na/0:42=z\n"));
    commit();
    expect(&client, 200, "\"next_offset\":43}");
    client_close(&client);
}

Test(http_input, partition_of_the_configuration)
{
    config.http.partition = 2000;
    start();
    struct client client = connect_client();
    post(&client, "", "", "x");
    WAIT_FOR(&client, OFFERED("a/2000:0=x\n"));
    client_close(&client);
}

Test(http_input, asks_for_a_commit)
{
    config.http.linger_ms = 5000;
    start();
    struct client client = connect_client();
    post(&client, "", "", "x");
    WAIT_FOR(&client, OFFERED("a/0:0=x\n"));
    commit(); /* somebody else asked */
    expect(&client, 200, "");
    post(&client, "", "", "y");
    WAIT_FOR(&client, OFFERED("a/0:0=x\na/0:1=y\n"));
    now = clock_loop();
    tick_after(4000);
    cr_assert_eq(world.commits_asked, 0);
    tick_after(1000);
    cr_assert_eq(world.commits_asked, 1);
    tick_after(999);
    cr_assert_eq(world.commits_asked, 1);
    tick_after(1); /* nobody listened */
    cr_assert_eq(world.commits_asked, 2);
    commit();
    expect(&client, 200, "");
    client_close(&client);
}

Test(http_input, many_records_do_not_linger)
{
    start();
    struct client client = connect_client();
    struct text lines = {0};
    for (int i = 0; i < HTTP_INPUT_HURRY - 1; i++)
        text_puts(&lines, "x\n");
    post(&client, "", "", lines.data);
    uint32_t at = find("a", 0);
    WAIT_FOR(&client, world.counted[at] == HTTP_INPUT_HURRY - 1);
    cr_assert_eq(world.commits_asked, 0);
    struct client other = connect_client();
    post(&other, "", "", "x");
    WAIT_FOR(&other, world.commits_asked == 1);
    commit();
    expect(&client, 200, "\"accepted\":999,");
    expect(&other, 200, "\"next_offset\":1000}");
    text_release(&lines);
    client_close(&client);
    client_close(&other);
}

/* More than a turn takes; those behind wait for their place. */
Test(http_input, large_batches_take_several_turns)
{
    start();
    struct client large = connect_client(), small = connect_client();
    struct text lines = {0};
    for (int i = 0; i < 10000; i++)
        text_puts(&lines, "x\n");
    post(&large, "", "", lines.data);
    WAIT_FOR(&large, world.counted[find("a", 0)] > 0);
    post(&small, "", "", "y\n");
    WAIT_FOR(&small, world.counted[find("a", 0)] == 10001);
    commit();
    expect(&large, 200, "{\"accepted\":10000,\"repeated\":0,\"next_offset\":10000}");
    expect(&small, 200, "\"next_offset\":10001}");
    text_release(&lines);
    client_close(&large);
    client_close(&small);
}

/* ---- numbered ---- */

Test(http_input, numbered_batches_count_once)
{
    start();
    struct client client = connect_client();
    post_numbered(&client, 100, "a\nb\nc"); /* never seen before: begins there */
    WAIT_FOR(&client, OFFERED("a/7:100=a\na/7:101=b\na/7:102=c\n"));
    /* Sent again by another connection, since the answer does not come. */
    struct client again = connect_client();
    post_numbered(&again, 100, "a\nb\nc");
    for (int i = 0; i < 10; i++)
        pull(&again);
    cr_assert_eq(again.in.size, 0); /* it is not committed yet */
    commit();
    expect(&client, 200, "{\"accepted\":3,\"repeated\":0,\"next_offset\":103}");
    expect(&again, 200, "{\"accepted\":0,\"repeated\":3,\"next_offset\":103}");
    post_numbered(&client, 101, "b\nc"); /* committed: nothing to wait for */
    expect(&client, 200, "{\"accepted\":0,\"repeated\":2,\"next_offset\":103}");
    post_numbered(&client, 102, "c\nd");
    WAIT_FOR(&client, OFFERED("a/7:100=a\na/7:101=b\na/7:102=c\na/7:103=d\n"));
    commit();
    expect(&client, 200, "{\"accepted\":1,\"repeated\":1,\"next_offset\":104}");
    client_close(&client);
    client_close(&again);
}

Test(http_input, where_to_go_on)
{
    world.stored[find("a", 7)].next_offset = 55;
    start();
    struct client client = connect_client();
    post_numbered(&client, 0, "");
    expect(&client, 200, "{\"accepted\":0,\"repeated\":0,\"next_offset\":55}");
    post_numbered(&client, 99, "");
    expect(&client, 200, "\"next_offset\":55}");
    client_close(&client);
}

Test(http_input, gaps)
{
    world.stored[find("a", 7)].next_offset = 10;
    start();
    struct client client = connect_client();
    post_numbered(&client, 12, "x");
    expect(&client, 409, "events before offset 12 are missing; go on at next_offset");
    post_numbered(&client, 11, "x");
    expect(&client, 409, "\"next_offset\":10}");
    post_numbered(&client, 10, "a\nb");
    WAIT_FOR(&client, world.counted[find("a", 7)] == 12);
    commit();
    expect(&client, 200, "\"next_offset\":12}");
    post(&client, "?gap=skip", "Leeway-Partition: 7\r\nLeeway-Offset: 20\r\n", "c");
    WAIT_FOR(&client, world.counted[find("a", 7)] == 21);
    commit();
    expect(&client, 200, "{\"accepted\":1,\"repeated\":0,\"next_offset\":21}");
    cr_assert(OFFERED("a/7:10=a\na/7:11=b\na/7:20=c\n"));
    client_close(&client);
}

/* ---- not waiting ---- */

Test(http_input, without_waiting)
{
    world.late = true;
    start();
    struct client client = connect_client();
    post(&client, "?wait=none", "", "x\ny");
    expect(&client, 202, "{\"accepted\":2}"); /* nothing is taken yet */
    post(&client, "?wait=none", "", "z");
    expect(&client, 202, "{\"accepted\":1}");
    WAIT_FOR(&client, world.takes == 1);
    client_close(&client);
    answer_take(STORE_DONE);
    http_input_tick(input, now);
    cr_assert(OFFERED("a/0:0=x\na/0:1=y\na/0:2=z\n"), "%s", world.offered.data);
    cr_assert_eq(world.commits_asked, 0);
}

/* ---- when it does not go on ---- */

Test(http_input, full)
{
    world.room = 2;
    start();
    struct client client = connect_client(), other = connect_client();
    post(&client, "", "", "a\nb\nc\nd");
    WAIT_FOR(&client, OFFERED("a/0:0=a\na/0:1=b\n") && world.soons > 0);
    post(&other, "", "", "e");
    for (int i = 0; i < 100; i++)
        pull(&other);
    cr_assert_leq(world.offers, 4); /* nobody runs in circles until there is a commit */
    commit();                       /* not all of it is in there */
    world.room = 1;
    WAIT_FOR(&client, OFFERED("a/0:0=a\na/0:1=b\na/0:2=c\n"));
    cr_assert_eq(client.in.size, 0);
    commit();
    WAIT_FOR(&client, OFFERED("a/0:0=a\na/0:1=b\na/0:2=c\na/0:3=d\na/0:4=e\n"));
    cr_assert_eq(client.in.size, 0);
    commit();
    expect(&client, 200, "{\"accepted\":4,\"repeated\":0,\"next_offset\":4}");
    expect(&other, 200, "\"next_offset\":5}");
    client_close(&client);
    client_close(&other);
}

/* If no commit is told of, it is tried again all the same. */
Test(http_input, full_and_forgotten)
{
    world.room = 0;
    start();
    struct client client = connect_client();
    post(&client, "", "", "a");
    WAIT_FOR(&client, world.soons == 1);
    world.room = 1;
    now = clock_loop();
    tick_after(500);
    cr_assert(OFFERED(""));
    tick_after(500);
    cr_assert(OFFERED("a/0:0=a\n"));
    client_close(&client);
}

/* Who ticks is in the middle of a step. */
Test(http_input, nothing_is_asked_for_in_a_tick)
{
    config.http.linger_ms = 5000;
    start();
    struct client client = connect_client();
    post(&client, "", "", "x");
    WAIT_FOR(&client, OFFERED("a/0:0=x\n"));
    now = clock_loop();
    now.ms += 5000;
    http_input_tick(input, now);
    cr_assert_eq(world.commits_asked, 0);
    WAIT_FOR(&client, world.commits_asked == 1);
    client_close(&client);
}

Test(http_input, fenced)
{
    start();
    struct client client = connect_client(), part = connect_client(), queued = connect_client();
    post(&client, "", "", "a");
    WAIT_FOR(&client, OFFERED("a/0:0=a\n"));
    world.room = 1;
    post(&part, "", "", "b\nc");
    WAIT_FOR(&part, OFFERED("a/0:0=a\na/0:1=b\n"));
    post(&queued, "", "", "d");
    for (int i = 0; i < 10; i++)
        pull(&queued);
    world.stored[find("a", 0)].next_offset = 30; /* by the other one */
    world.room = UINT32_MAX;
    http_input_fenced(input);
    cr_assert_eq(world.releases, 1);
    expect(&client, 503, "another agent has taken over this partition; send it again");
    expect(&part, 503, "another agent");
    WAIT_FOR(&queued, OFFERED("a/0:0=a\na/0:1=b\na/0:30=d\n"));
    cr_assert_eq(world.takes, 2);
    commit();
    expect(&queued, 200, "{\"accepted\":1,\"repeated\":0,\"next_offset\":31}");
    client_close(&client);
    client_close(&part);
    client_close(&queued);
}

Test(http_input, given_up_by_somebody)
{
    start();
    struct client client = connect_client();
    post(&client, "", "", "a");
    WAIT_FOR(&client, OFFERED("a/0:0=a\n"));
    commit();
    expect(&client, 200, "");
    release(NULL);
    post(&client, "", "", "b");
    WAIT_FOR(&client, OFFERED("a/0:0=a\na/0:1=b\n"));
    cr_assert_eq(world.takes, 2);
    commit();
    expect(&client, 200, "");
    client_close(&client);
}

Test(http_input, taking_is_tried_again)
{
    find("a", 0);
    world.late = true;
    start();
    http_input_tick(input, now);
    http_input_tick(input, now);
    answer_take(STORE_UNAVAILABLE);
    cr_assert_eq(world.ready, 0);
    http_input_tick(input, clock_loop());
    cr_assert_eq(world.takes, 1);
    now = clock_loop();
    tick_after(1000);
    cr_assert_eq(world.takes, 2);
    answer_take(STORE_DONE);
    cr_assert_eq(world.ready, 1);
}

Test(http_input, patience)
{
    start();
    struct client client = connect_client(), other = connect_client();
    post(&client, "", "", "a");
    WAIT_FOR(&client, OFFERED("a/0:0=a\n"));
    world.room = 0;
    post(&other, "", "", "b");
    WAIT_FOR(&other, world.soons > 0);
    now = clock_loop();
    tick_after(HTTP_INPUT_PATIENCE_MS - 5000);
    cr_assert_eq(client.in.size, 0);
    tick_after(5000);
    expect(&client, 503, "the store does not answer");
    expect(&other, 503, "the store does not answer");
    cr_assert_str_eq(http_input_state(input), "the store does not answer");
    post(&client, "", "", "c"); /* not even begun */
    struct answer answer = wait_answer(&client);
    cr_assert_eq(answer.status, 503);
    cr_assert(strstr(answer.head, "\r\nRetry-After: 5\r\n"));
    commit();
    http_input_tick(input, now);
    cr_assert_str_eq(http_input_state(input), "ok");
    post(&client, "", "", "d");
    WAIT_FOR(&client, OFFERED("a/0:0=a\na/0:1=d\n"));
    commit();
    expect(&client, 200, "\"next_offset\":2}");
    client_close(&client);
    client_close(&other);
}

/* Nothing is left that could be committed: taking over decides. */
Test(http_input, away_without_anything_pending)
{
    world.late = true;
    start();
    struct client client = connect_client();
    post(&client, "", "", "a");
    WAIT_FOR(&client, world.takes == 1);
    now = clock_loop();
    tick_after(HTTP_INPUT_PATIENCE_MS);
    expect(&client, 503, "the store does not answer");
    answer_take(STORE_UNAVAILABLE);
    tick_after(0);
    cr_assert_str_eq(http_input_state(input), "the store does not answer");
    now = clock_loop();
    tick_after(1000);
    answer_take(STORE_DONE);
    tick_after(0);
    cr_assert_str_eq(http_input_state(input), "ok");
    client_close(&client);
}

Test(http_input, a_client_that_has_gone)
{
    start();
    struct client client = connect_client();
    post(&client, "", "", "a");
    WAIT_FOR(&client, OFFERED("a/0:0=a\n"));
    client_close(&client);
    struct client other = connect_client();
    for (int i = 0; i < 10; i++)
        pull(&other);
    commit();
    post(&other, "", "", "b");
    WAIT_FOR(&other, OFFERED("a/0:0=a\na/0:1=b\n"));
    client_close(&other);
}

/* ---- silence ---- */

Test(http_input, silent_partitions_are_idle)
{
    world.stored[find("a", 0)].next_offset = 3;
    world.stored[find("a", 7)].next_offset = 5;
    world.alone = true;
    start();
    struct client client = connect_client();
    http_input_tick(input, now);
    http_input_tick(input, now);
    cr_assert_eq(world.takes, 1);
    now = clock_loop();
    tick_after(HTTP_INPUT_SILENT_MS - 5000);
    cr_assert_str_eq(world.idle.data, "");
    post(&client, "", "", "a");
    WAIT_FOR(&client, OFFERED("a/0:3=a\n"));
    commit();
    expect(&client, 200, "");
    now = clock_loop();
    tick_after(HTTP_INPUT_SILENT_MS - 1);
    tick_after(1);
    tick_after(5000);
    cr_assert(strstr(world.idle.data, "a/7 "), "%s", world.idle.data);
    cr_assert(strstr(world.idle.data, "a/0 "), "%s", world.idle.data);
    cr_assert_eq(strlen(world.idle.data), 8, "once each: %s", world.idle.data);
    /* A record ends it; then the silence begins anew. */
    post(&client, "", "", "b");
    WAIT_FOR(&client, OFFERED("a/0:3=a\na/0:4=b\n"));
    now = clock_loop();
    tick_after(HTTP_INPUT_SILENT_MS);
    cr_assert_eq(strlen(world.idle.data), 12, "%s", world.idle.data);
    client_close(&client);
}

/* What waits to be counted is no silence. */
Test(http_input, not_idle_while_events_wait)
{
    world.stored[find("a", 0)].next_offset = 3;
    start();
    struct client client = connect_client();
    http_input_tick(input, now);
    http_input_tick(input, now);
    world.room = 0;
    post(&client, "?wait=none", "", "x");
    expect(&client, 202, "");
    WAIT_FOR(&client, world.soons > 0);
    now = clock_loop();
    tick_after(2 * HTTP_INPUT_SILENT_MS);
    cr_assert_str_eq(world.idle.data, "");
    world.room = 1;
    tick_after(1000);
    cr_assert(OFFERED("a/0:3=x\n"));
    client_close(&client);
}

/* A partition without a record is not waited for. */
Test(http_input, new_partitions_are_idle)
{
    start();
    struct client client = connect_client();
    post_numbered(&client, 0, "");
    expect(&client, 200, "\"next_offset\":0}");
    WAIT_FOR(&client, !strcmp(world.idle.data, "a/7 "));
    post_numbered(&client, 0, "x");
    WAIT_FOR(&client, OFFERED("a/7:0=x\n"));
    tick_after(1000);
    cr_assert_str_eq(world.idle.data, "a/7 ");
    client_close(&client);
}

/* ---- the end ---- */

Test(http_input, stopping)
{
    start();
    struct client client = connect_client();
    struct text lines = {0};
    for (int i = 0; i < 10000; i++)
        text_puts(&lines, "x\n");
    post(&client, "", "", lines.data);
    WAIT_FOR(&client, world.counted[find("a", 0)] > 0);
    http_input_stop(input); /* all of it, and a commit at once */
    cr_assert_eq(world.counted[find("a", 0)], 10000);
    cr_assert_gt(world.commits_asked, 0);
    cr_assert_str_eq(http_input_state(input), "stopping");
    commit();
    expect(&client, 200, "\"accepted\":10000");
    text_release(&lines);
    client_close(&client);
}

Test(http_input, freed_while_somebody_waits)
{
    world.room = 1;
    start();
    struct client client = connect_client(), queued = connect_client();
    post(&client, "", "", "a");
    WAIT_FOR(&client, OFFERED("a/0:0=a\n"));
    post(&queued, "", "", "b");
    WAIT_FOR(&queued, world.soons > 0);
    http_input_free(input);
    input = NULL;
    expect(&client, 503, "not counted; send it again");
    expect(&queued, 503, "not counted; send it again");
    client_close(&client);
    client_close(&queued);
}

Test(http_input, cannot_listen)
{
    config.http.listen = "nowhere";
    cr_assert_null(http_input_new(&config, base, &(struct http_input_hooks){.take = take}, &err));
    cr_assert_eq(err.code, ERR_INVALID);
}

Test(http_input, metrics)
{
    start();
    struct client client = connect_client();
    post_numbered(&client, 0, "a\nb");
    WAIT_FOR(&client, OFFERED("a/7:0=a\na/7:1=b\n"));
    commit();
    expect(&client, 200, "");
    post_numbered(&client, 1, "b\nc");
    WAIT_FOR(&client, world.counted[find("a", 7)] == 3);
    struct families families;
    families_init(&families, FAMILIES_TEXT, 100, 100000);
    http_input_metrics(input, &families);
    const char *text = families.text.data;
    static const char *const lines[] = {
        "\nleeway_http_up 1\n",
        "\nleeway_http_events_total{result=\"accepted\"} 3\n",
        "\nleeway_http_events_total{result=\"repeated\"} 1\n",
        "\nleeway_http_events_acknowledged_total 2\n",
        "\nleeway_http_fenced_total 0\n",
        "\nleeway_http_batches{for=\"commit\"} 1\n",
        "\nleeway_http_requests_total{code=\"200\"} 1\n",
        "\nleeway_http_connections 1\n",
        "\nleeway_http_body_bytes_total 6\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        cr_expect(strstr(text, lines[i]), "no %s in %s", lines[i], text);
    families_release(&families);
    client_close(&client);
}
