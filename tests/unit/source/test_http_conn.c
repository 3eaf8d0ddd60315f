/* What one connection says, piece by piece: requests that are served, and those that are not. */
#include <zlib.h>

#include "unit/source/test_http_fixture.h"

TestSuite(http_conn, .init = set_up, .fini = tear_down);

Test(http_conn, a_batch)
{
    start();
    cr_assert(http_source_is_local(source));
    struct client client = connect_client();
    send_lines(&client, "{\"a\":1}\n{\"a\":2}\n");
    expect(&client, 200, "{\"accepted\":2,\"repeated\":0,\"next_offset\":9}\n");
    cr_assert_str_eq(seen.data, "t:-1:-1|{\"a\":1}|{\"a\":2}|\n");
    cr_assert_lt(llabs(seen_ms - clock_unix_ms()), 60000);
    /* The connection stays, and numbers go through. */
    send_post(&client, PLAIN_TYPE "Leeway-Partition: 3\r\nLeeway-Offset: 70\r\n", "x", 1);
    expect(&client, 200, "accepted");
    cr_assert(strstr(seen.data, "t:3:70|x|\n"), "%s", seen.data);
    cr_assert_eq(http_source_counters(source)->connections, 1);
    cr_assert_eq(http_source_counters(source)->bytes, 17);
    expect_no_memory_held();
    client_close(&client);
}

Test(http_conn, formats)
{
    start();
    struct client client = connect_client();
    send_post(&client, "Content-Type: application/json\r\n", "[{},{\"a\":1}]", 12);
    expect(&client, 200, "\"accepted\":2");
    static const char cloud[] = "[{\"data\":{\"b\":2},\"time\":\"1970-01-01T00:00:05Z\"}]";
    send_post(&client, "Content-Type: application/cloudevents-batch+json\r\n", cloud,
              sizeof cloud - 1);
    expect(&client, 200, "\"accepted\":1");
    cr_assert_eq(seen_ms, 5000);
    /* Nobody gets a time of the future into the clock by an envelope. */
    send_post(&client, "ce-specversion: 1.0\r\nce-time: 2999-01-01T00:00:00Z\r\n", "[1]", 3);
    expect(&client, 200, "\"accepted\":1");
    cr_assert_lt(llabs(seen_ms - clock_unix_ms()), 60000);
    cr_assert_str_eq(seen.data, "t:-1:-1|{}|{\"a\":1}|\nt:-1:-1|{\"b\":2}|\nt:-1:-1|[1]|\n");
    client_close(&client);
}

Test(http_conn, pipelined)
{
    start();
    keeps = true;
    struct client client = connect_client();
    struct text text = {0};
    for (int i = 0; i < 50; i++)
        text_printf(&text, POST_LINE PLAIN_TYPE "Content-Length: 2\r\n\r\n%02d", i);
    send_bytes(&client, text.data, text.size);
    text_release(&text);
    for (uint32_t i = 0; i < 50; i++) {
        WAIT_FOR(&client, kept_count == 1);
        struct http_answer answer = {.status = 200, .next = i};
        char wanted[24];
        snprintf(wanted, sizeof wanted, "t:-1:-1|%02u|\n", i);
        cr_assert_str_eq(seen.data + i * strlen(wanted), wanted);
        struct http_batch *batch = kept[--kept_count];
        http_batch_answer(batch, &answer);
        http_batch_free(batch);
        snprintf(wanted, sizeof wanted, "\"next_offset\":%u}", i);
        expect(&client, 200, wanted);
    }
    expect_no_memory_held();
    client_close(&client);
}

/* Cut at every place. */
Test(http_conn, in_pieces)
{
    static const char request[] = "\r\n" POST_LINE PLAIN_TYPE "Transfer-Encoding: chunked\r\n\r\n"
                                  "4\r\n{}\n{\r\n3;x=y\r\n}\nz\r\n0\r\nA: b\r\n\r\n";
    start();
    struct client client = connect_client();
    for (size_t cut = 1; cut < sizeof request - 1; cut++) {
        text_clear(&seen);
        send_bytes(&client, request, cut);
        for (int i = 0; i < 3; i++)
            pull(&client);
        send_bytes(&client, request + cut, sizeof request - 1 - cut);
        expect(&client, 200, "\"accepted\":3");
        cr_assert_str_eq(seen.data, "t:-1:-1|{}|{}|z|\n");
    }
    for (size_t i = 0; i < sizeof request - 1; i++)
        send_bytes(&client, request + i, 1);
    expect(&client, 200, "\"accepted\":3");
    client_close(&client);
}

Test(http_conn, a_body_as_large_as_allowed)
{
    start();
    struct client client = connect_client();
    char *body = mem_new(BODY_BYTES, 1);
    memset(body, 'x', BODY_BYTES);
    for (size_t i = 99; i < BODY_BYTES; i += 100)
        body[i] = '\n';
    send_post(&client, PLAIN_TYPE, body, BODY_BYTES);
    expect(&client, 200, "\"accepted\":2000");
    cr_assert_geq(http_source_counters(source)->held_bytes_max, BODY_BYTES);
    expect_no_memory_held();
    free(body);
    client_close(&client);
}

Test(http_conn, too_large)
{
    start();
    struct client client = connect_client();
    /* By what it says; nothing of it is read. */
    send_text(&client, POST_LINE PLAIN_TYPE "Content-Length: 200001\r\n\r\nxxx");
    expect(&client, 413, "a body has at most 200000 bytes");
    expect_closed(&client);
    /* By what comes. */
    client = connect_client();
    send_text(&client, POST_LINE PLAIN_TYPE "Transfer-Encoding: chunked\r\n\r\n");
    char *chunk = mem_new(100002, 1);
    memset(chunk, 'x', 100000);
    memcpy(chunk + 100000, "\r\n", 2);
    for (int i = 0; i < 3; i++) {
        send_text(&client, "186a0\r\n"); /* 100000 */
        send_bytes(&client, chunk, 100002);
    }
    expect(&client, 413, "at most 200000");
    expect_closed(&client);
    free(chunk);
    cr_assert_null(seen.data);
    expect_no_memory_held();
}

Test(http_conn, too_many_events)
{
    limits.events = 10;
    start();
    struct client client = connect_client();
    send_lines(&client, "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n");
    expect(&client, 413, "more than 10 events");
    expect_alive(&client);
    expect_no_memory_held();
    client_close(&client);
}

static size_t pack(const void *data, size_t size, void *ret_packed, size_t room)
{
    z_stream stream = {0};
    cr_assert_eq(deflateInit2(&stream, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = (Bytef *)data;
    stream.avail_in = (uInt)size;
    stream.next_out = ret_packed;
    stream.avail_out = (uInt)room;
    cr_assert_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd(&stream);
    return room - stream.avail_out;
}

Test(http_conn, gzip)
{
    unsigned char packed[4096];
    start();
    struct client client = connect_client();
    size_t size = pack("{\"a\":1}\n{}\n", 11, packed, sizeof packed);
    send_post(&client, PLAIN_TYPE "Content-Encoding: gzip\r\n", packed, size);
    expect(&client, 200, "\"accepted\":2");
    send_post(&client, PLAIN_TYPE, packed, size); /* said by its first bytes */
    expect(&client, 200, "\"accepted\":2");
    send_post(&client, PLAIN_TYPE "Content-Encoding: gzip\r\n", packed, size - 1);
    expect(&client, 400, "the gzip body is cut off");
    send_post(&client, PLAIN_TYPE "Content-Encoding: gzip\r\n", "", 0);
    expect(&client, 400, "the gzip body is cut off");
    send_post(&client, PLAIN_TYPE "Content-Encoding: gzip\r\n", "{}", 2);
    expect(&client, 400, "the body is not gzip, or damaged");
    expect_closed(&client);
    cr_assert_str_eq(seen.data, "t:-1:-1|{\"a\":1}|{}|\nt:-1:-1|{\"a\":1}|{}|\n");
    expect_no_memory_held();
}

Test(http_conn, gzip_bomb)
{
    enum { BOMB_BYTES = 64 << 20 };
    unsigned char *packed = mem_new(1, 1 << 20), *zeros = mem_new(1, BOMB_BYTES);
    start();
    struct client client = connect_client();
    size_t size = pack(zeros, BOMB_BYTES, packed, 1 << 20);
    cr_assert_lt(size, BODY_BYTES);
    send_post(&client, PLAIN_TYPE "Content-Encoding: gzip\r\n", packed, size);
    expect(&client, 413, "at most 200000");
    expect_closed(&client);
    cr_assert_lt(http_source_counters(source)->held_bytes_max, 2 * BODY_BYTES);
    expect_no_memory_held();
    free(packed);
    free(zeros);
}

Test(http_conn, refused_with_the_connection_kept)
{
    start();
    struct client client = connect_client();
    send_get(&client);
    expect(&client, 404, "not found");
    send_text(&client, "GET /v1/events HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(&client, 405, "use POST");
    send_post(&client, "Content-Type: application/xml\r\n", "<a/>", 4);
    expect(&client, 415, "Content-Type must be");
    send_post(&client, "Content-Type: application/json\r\n", "[{}", 3);
    expect(&client, 400, "the array is cut off at byte 3 of the body");
    send_text(&client, "POST /v1/events/x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    expect(&client, 404, "no monitor has the topic \\\"x\\\". Topics: t.");
    expect_alive(&client);
    expect_no_memory_held();
    client_close(&client);
}

Test(http_conn, refused_with_the_connection_closed)
{
    static const struct {
        const char *request;
        int status;
    } cases[] = {
        {"rubbish\r\n\r\n", 400},
        {"GET / HTTP/3.0\r\n\r\n", 505},
        {POST_LINE PLAIN_TYPE "\r\n", 411},
        {POST_LINE PLAIN_TYPE "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         400},
        {POST_LINE PLAIN_TYPE "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400},
        {POST_LINE PLAIN_TYPE "Transfer-Encoding: br\r\n\r\n", 501},
        {POST_LINE PLAIN_TYPE "Content-Length: 1\r\nExpect: magic\r\n\r\n", 417},
        {POST_LINE "Content-Type: x/y\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
         415},
        {"POST /v1/events HTTP/1.0\r\n" PLAIN_TYPE "Content-Length: 2\r\n\r\n{}", 200},
        {POST_LINE PLAIN_TYPE "Connection: close\r\nContent-Length: 2\r\n\r\n{}", 200},
    };
    start();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct client client = connect_client();
        send_text(&client, cases[i].request);
        struct answer answer = wait_answer(&client);
        cr_expect_eq(answer.status, cases[i].status, "%s: %d %s", cases[i].request, answer.status,
                     answer.body);
        cr_expect(strstr(answer.head, "\r\nConnection: close\r\n"), "%s", cases[i].request);
        expect_closed(&client);
    }
    expect_no_memory_held();
}

/* What hides behind a request that is refused is not read as another one. */
Test(http_conn, nothing_is_smuggled)
{
    static const char hidden[] = POST_LINE PLAIN_TYPE "Content-Length: 6\r\n\r\nhidden";
    static const char *const fronts[] = {
        POST_LINE PLAIN_TYPE "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n",
        POST_LINE PLAIN_TYPE "Content-Length: 0\r\nContent-Length: 92\r\n\r\n",
        POST_LINE PLAIN_TYPE "Transfer-Encoding : chunked\r\nContent-Length: 0\r\n\r\n",
        POST_LINE PLAIN_TYPE "Transfer-Encoding: chunked\r\n\r\n0\r\n\n",
        POST_LINE PLAIN_TYPE "\r\n",
    };
    start();
    for (size_t i = 0; i < sizeof fronts / sizeof *fronts; i++) {
        struct client client = connect_client();
        struct text text = {0};
        text_printf(&text, "%s%s", fronts[i], hidden);
        send_bytes(&client, text.data, text.size);
        struct answer answer = wait_answer(&client);
        cr_expect_geq(answer.status, 400, "%s", fronts[i]);
        expect_closed(&client);
        text_release(&text);
    }
    cr_assert_null(seen.data);
}

Test(http_conn, head_has_no_content)
{
    start();
    struct client client = connect_client();
    send_text(&client, "HEAD /v1/events HTTP/1.1\r\nHost: a\r\n\r\n");
    WAIT_FOR(&client,
             client.in.size > 4 && !strcmp(client.in.data + client.in.size - 4, "\r\n\r\n"));
    cr_assert_eq(strncmp(client.in.data, "HTTP/1.1 405 ", 13), 0);
    client.used = client.in.size;
    expect_alive(&client);
    client_close(&client);
}

Test(http_conn, a_head_that_is_too_long)
{
    start();
    struct client client = connect_client();
    send_text(&client, "POST /v1/events HTTP/1.1\r\nX: ");
    char line[1024];
    memset(line, 'x', sizeof line);
    for (uint32_t i = 0; i < limits.head_bytes / sizeof line; i++)
        send_bytes(&client, line, sizeof line);
    expect(&client, 431, "too long");
    expect_closed(&client);
    /* At once, with an end. */
    client = connect_client();
    struct text text = {0};
    text_puts(&text, POST_LINE "X: ");
    while (text.size < limits.head_bytes)
        text_puts(&text, "x");
    text_puts(&text, "\r\n\r\n");
    send_bytes(&client, text.data, text.size);
    expect(&client, 431, "too long");
    expect_closed(&client);
    text_release(&text);
}
