/* The source on a real socket: room, deadlines, places, binding. */
#include "unit/source/test_http_fixture.h"

TestSuite(http, .init = set_up, .fini = tear_down);

/* ---- room ---- */

Test(http, back_pressure)
{
    limits.held_bytes = 100000;
    start();
    keeps = true;
    char *body = mem_new(60000, 1);
    memset(body, 'x', 60000);
    struct client first = connect_client(), second = connect_client();
    send_post(&first, PLAIN_TYPE, body, 60000);
    WAIT_FOR(&first, kept_count == 1);
    cr_assert_gt(http_source_counters(source)->held_bytes, 60000);
    send_post(&second, PLAIN_TYPE, body, 60000);
    struct answer answer = wait_answer(&second);
    cr_assert_eq(answer.status, 429);
    cr_assert(strstr(answer.head, "\r\nRetry-After: 1\r\n"), "%s", answer.head);
    cr_assert(strstr(answer.head, "\r\nConnection: keep-alive\r\n"), "%s", answer.head);
    /* Of unknown length: in the middle. */
    struct client third = connect_client();
    send_text(&third, POST_LINE PLAIN_TYPE "Transfer-Encoding: chunked\r\n\r\nea60\r\n");
    send_bytes(&third, body, 60000);
    expect(&third, 429, "too much is waiting");
    expect_closed(&third);
    /* The events are given back before the answer: there is room again. */
    http_batch_drop(kept[0]);
    send_post(&second, PLAIN_TYPE, body, 60000);
    WAIT_FOR(&second, kept_count == 2);
    http_batch_free(kept[--kept_count]);
    expect(&second, 503, "not counted; send it again");
    http_batch_free(kept[--kept_count]);
    expect(&first, 503, "not counted");
    expect_no_memory_held();
    free(body);
    client_close(&first);
    client_close(&second);
}

/* Many tiny batches cost more than their bodies. */
Test(http, small_batches_count_too)
{
    limits.held_bytes = 10 * HTTP_BATCH_BYTES;
    start();
    keeps = true;
    struct client clients[12];
    for (int i = 0; i < 12; i++) {
        clients[i] = connect_client();
        send_lines(&clients[i], "x");
    }
    expect(&clients[11], 429, "too much is waiting");
    cr_assert_lt(kept_count, 10);
    for (int i = 0; i < 12; i++)
        client_close(&clients[i]);
}

Test(http, refusing)
{
    start();
    struct client client = connect_client();
    http_source_refuse(source, "the store does not answer");
    send_lines(&client, "{}");
    struct answer answer = wait_answer(&client);
    cr_assert_eq(answer.status, 503);
    cr_assert(strstr(answer.head, "\r\nRetry-After: 5\r\n"));
    cr_assert(strstr(answer.body, "the store does not answer"));
    http_source_refuse(source, NULL);
    expect_alive(&client);
    client_close(&client);
}

Test(http, expecting)
{
    start();
    struct client client = connect_client();
    send_text(&client, POST_LINE PLAIN_TYPE "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    expect(&client, 100, "");
    send_text(&client, "{}");
    expect(&client, 200, "\"accepted\":1");
    http_source_refuse(source, "not now");
    send_text(&client, POST_LINE PLAIN_TYPE "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    expect(&client, 503, "not now");
    expect_closed(&client);
}

Test(http, the_client_has_gone)
{
    start();
    keeps = true;
    struct client client = connect_client();
    send_lines(&client, "{}");
    WAIT_FOR(&client, kept_count == 1);
    client_close(&client);
    struct record record = {0};
    http_batch_record(kept[0], 0, &record);
    cr_assert(bytes_equal(record.value, bytes_of("{}")));
    const struct http_answer answer = {.status = 200};
    http_batch_answer(kept[0], &answer);
    http_batch_answer(kept[0], &answer); /* a second one is for nobody */
    http_batch_free(kept[--kept_count]);
    struct client other = connect_client();
    WAIT_FOR(&other, http_source_counters(source)->connections == 1);
    client_close(&other);
}

/* ---- time ---- */

Test(http, slow_heads_and_bodies)
{
    limits.request_ms = 40;
    start();
    struct client head = connect_client(), body = connect_client(), silent = connect_client();
    send_text(&head, "POST /v1/ev");
    send_text(&body, POST_LINE PLAIN_TYPE "Content-Length: 10\r\n\r\n{");
    expect(&head, 408, "did not arrive in time");
    expect_closed(&head);
    expect(&body, 408, "did not arrive in time");
    expect_closed(&body);
    expect_closed(&silent); /* without a word */
    cr_assert_geq(http_source_counters(source)->cut, 3);
    expect_no_memory_held();
}

Test(http, one_byte_now_and_then)
{
    limits.request_ms = 40;
    start();
    struct client client = connect_client();
    for (int i = 0; i < 100000 && !client.in.size && !client.closed; i++)
        send_text(&client, i ? "x" : "POST /v1/events HTTP/1.1\r\nX: ");
    struct answer answer = wait_answer(&client);
    cr_assert(answer.status == 408 || answer.status == 431, "%d", answer.status);
    client_close(&client);
}

Test(http, idle_connections)
{
    limits.idle_ms = 40;
    start();
    struct client client = connect_client();
    expect_alive(&client);
    expect_closed(&client);
    cr_assert_eq(http_source_counters(source)->connections, 0);
}

/* Who waits for an answer is not cut, however long it takes. */
Test(http, waiting_has_no_deadline)
{
    limits.request_ms = limits.idle_ms = limits.response_ms = 20;
    start();
    keeps = true;
    struct client client = connect_client(), silent = connect_client();
    send_lines(&client, "{}");
    WAIT_FOR(&client, kept_count == 1);
    expect_closed(&silent); /* the time has passed */
    http_batch_free(kept[--kept_count]);
    expect(&client, 503, "not counted");
    client_close(&client);
}

Test(http, answers_that_nobody_reads)
{
    limits.response_ms = 40;
    start();
    struct client client = client_connect(base, http_source_port(source), 4096);
    static const char get[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    int64_t until_ms = clock_loop().ms + CLIENT_PATIENCE_MS;
    while (!http_source_counters(source)->cut) {
        send(client.fd, get, sizeof get - 1, MSG_NOSIGNAL);
        event_base_loop(base, EVLOOP_NONBLOCK);
        cr_assert_lt(clock_loop().ms, until_ms);
    }
    client_close(&client);
}

/* ---- connections ---- */

Test(http, the_idle_make_room)
{
    limits.connections = 3;
    start();
    keeps = true;
    struct client busy = connect_client();
    send_lines(&busy, "{}");
    WAIT_FOR(&busy, kept_count == 1);
    struct client idle = connect_client();
    send_get(&idle);
    expect(&idle, 404, "");
    struct client third = connect_client();
    send_get(&third);
    expect(&third, 404, "");
    expect_closed(&idle); /* its place went to the third */
    struct client fourth = connect_client();
    send_get(&fourth);
    expect(&fourth, 404, "");
    expect_closed(&third);
    http_batch_free(kept[--kept_count]);
    expect(&busy, 503, "");
    client_close(&busy);
    client_close(&fourth);
}

Test(http, all_places_are_busy)
{
    limits.connections = 2;
    start();
    keeps = true;
    struct client clients[3];
    for (int i = 0; i < 3; i++) {
        clients[i] = connect_client();
        send_lines(&clients[i], "{}");
    }
    WAIT_FOR(&clients[0], kept_count == 2);
    cr_assert_eq(http_source_counters(source)->connections, 2);
    for (int i = 0; i < 50; i++)
        pull(&clients[2]);
    cr_assert_eq(kept_count, 2); /* the third waits in the kernel */
    client_close(&clients[0]);
    client_close(&clients[1]);
    http_batch_free(kept[0]);
    http_batch_free(kept[1]);
    kept_count = 0;
    WAIT_FOR(&clients[2], kept_count == 1);
    client_close(&clients[2]);
}

Test(http, stopping)
{
    start();
    keeps = true;
    struct client busy = connect_client(), idle = connect_client(), slow = connect_client();
    send_lines(&busy, "{}");
    send_get(&idle);
    expect(&idle, 404, "");
    send_text(&slow, POST_LINE PLAIN_TYPE "Content-Length: 2\r\n");
    WAIT_FOR(&busy, kept_count == 1);
    http_source_stop(source);
    expect_closed(&idle);
    send_text(&slow, "\r\n{}");
    struct answer answer = wait_answer(&slow);
    cr_assert_eq(answer.status, 503);
    cr_assert(strstr(answer.body, "this agent is stopping"));
    expect_closed(&slow);
    const struct http_answer counted = {.status = 200, .accepted = 1};
    http_batch_answer(kept[0], &counted);
    answer = wait_answer(&busy);
    cr_assert_eq(answer.status, 200);
    cr_assert(strstr(answer.head, "\r\nConnection: close\r\n"));
    expect_closed(&busy);
}

Test(http, freed_with_open_connections)
{
    start();
    keeps = true;
    struct client client = connect_client(), half = connect_client();
    send_lines(&client, "{}");
    send_text(&half,
              POST_LINE PLAIN_TYPE "Content-Encoding: gzip\r\nContent-Length: 99\r\n\r\n\x1f");
    WAIT_FOR(&client, kept_count == 1);
    http_batch_free(kept[--kept_count]);
    http_source_free(source);
    source = NULL;
    expect(&client, 503, "not counted");
    client_close(&client);
    client_close(&half);
}

Test(http, counters)
{
    start();
    struct client client = connect_client();
    send_get(&client);
    expect(&client, 404, "");
    expect_alive(&client);
    send_get(&client);
    expect(&client, 404, "");
    const struct http_counters *counters = http_source_counters(source);
    cr_assert_eq(counters->answers[0].status, 404);
    cr_assert_eq(counters->answers[0].count, 2);
    cr_assert_eq(counters->answers[1].status, 200);
    cr_assert_eq(counters->answers[1].count, 1);
    cr_assert_eq(counters->answers[2].status, 0);
    client_close(&client);
}

/* ---- binding ---- */

static int listen_on(const char *listen)
{
    const struct http_options options = {.listen = listen, .hooks = {.batch = on_batch}};
    struct http_source *other = http_source_new(&options, base, &err);
    uint16_t port = other ? http_source_port(other) : 0;
    bool local = other && http_source_is_local(other);
    http_source_free(other);
    return other ? (port ? 1 + local : 0) : err.code;
}

Test(http, addresses)
{
    static const char *const bad[] = {"",       "localhost", ":9465", "[::1:0", "::1:0",
                                      "a b:xy", "h:",        "[]:0",  "h:-1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_eq(listen_on(bad[i]), ERR_INVALID, "%s", bad[i]);
    cr_assert_eq(listen_on("127.0.0.1:0"), 2);
    cr_assert_eq(listen_on("localhost:0"), 2);
    cr_assert_eq(listen_on("0.0.0.0:0"), 1);
    start();
    char taken[32];
    snprintf(taken, sizeof taken, "127.0.0.1:%u", http_source_port(source));
    cr_assert_eq(listen_on(taken), ERR_IO);
    cr_assert(strstr(err.hint, "http.listen"));
}
