/* Heads as clients write them, and as attackers do. */
#include "source/http_head.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "base/mem.h"
#include "support/random.h"

static struct http_head head;
static char *copy; /* of exactly the size, so that reading beyond it is seen */

static void tear_down(void)
{
    free(copy);
}

TestSuite(http_head, .fini = tear_down);

static struct bytes exactly(const char *text, size_t size)
{
    free(copy);
    copy = malloc(size ? size : 1);
    memcpy(copy, text, size);
    return bytes_make(copy, size);
}

static int parse(const char *text)
{
    struct bytes bytes = exactly(text, strlen(text));
    cr_assert_eq(http_head_size(bytes), bytes.size, "not one complete head: %s", text);
    struct http_refusal refusal = http_head_parse(bytes, &head);
    cr_assert_eq(refusal.status == 0, refusal.why == NULL);
    return refusal.status;
}

/* With a request line and a Host. */
static int parse_headers(const char *headers)
{
    struct text text = {0};
    text_printf(&text, "POST /v1/events HTTP/1.1\r\nHost: a\r\n%s\r\n", headers);
    int status = parse(text.data);
    text_release(&text);
    return status;
}

static void expect(struct bytes bytes, const char *wanted)
{
    cr_assert(bytes_equal(bytes, bytes_of(wanted)), "\"%.*s\", not \"%s\"", (int)bytes.size,
              bytes.data, wanted);
}

Test(http_head, a_request)
{
    struct bytes value;
    cr_assert_eq(parse("POST /v1/events/a.b?wait=none HTTP/1.1\r\nHost: localhost:9465\r\n"
                       "content-LENGTH: 12\r\nX-Empty:\r\nX-Space: \t a b \t\r\n\r\n"),
                 0);
    expect(head.method, "POST");
    expect(head.path, "/v1/events/a.b");
    expect(head.query, "wait=none");
    cr_assert_eq(head.length, 12);
    cr_assert(head.keep_alive);
    cr_assert_not(head.chunked);
    cr_assert_not(head.expects_continue);
    cr_assert_eq(http_head_find(&head, "x-space", &value), 1);
    expect(value, "a b");
    cr_assert_eq(http_head_find(&head, "X-EMPTY", &value), 1);
    expect(value, "");
    cr_assert_eq(http_head_find(&head, "X-Emp", &value), 0);
}

Test(http_head, size)
{
    static const char text[] = "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
    size_t size = sizeof text - 1;
    for (size_t i = 0; i < size; i++)
        cr_assert_eq(http_head_size(exactly(text, i)), 0, "%zu", i);
    cr_assert_eq(http_head_size(exactly(text, size)), size);
    cr_assert_eq(http_head_parse(bytes_make(copy, size), &head).status, 0);
    cr_assert_eq(http_head_size(bytes_make(NULL, 0)), 0);
    /* What follows belongs to the body. */
    cr_assert_eq(http_head_size(bytes_of("GET / HTTP/1.1\r\n\r\nabc\r\n\r\n")), 18);
}

Test(http_head, request_lines)
{
    static const char *const bad[] = {
        "POST /v1/events",
        "POST  /v1/events HTTP/1.1",
        "POST /v1/events  HTTP/1.1",
        "POST /v1/ev ents HTTP/1.1",
        " POST /v1/events HTTP/1.1",
        "POST\t/v1/events HTTP/1.1",
        "PO(ST /v1/events HTTP/1.1",
        "POST /v1/events HTTP/1.1 ",
        "POST /v1/events http/1.1",
        "POST /v1/\x01vents HTTP/1.1",
        "POST /v1/\x7fvents HTTP/1.1",
        "POST http://other/v1/events HTTP/1.1",
        "POST * HTTP/1.1",
        "POST v1/events HTTP/1.1",
        "POST /v1/events HTTP/1.1\n\nX: y",
        "POST /v1/events\r HTTP/1.1",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct text text = {0};
        text_printf(&text, "%s\r\nHost: a\r\n\r\n", bad[i]);
        cr_expect_eq(parse(text.data), 400, "%s", bad[i]);
        text_release(&text);
    }
    cr_assert_eq(parse("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), 505);
    cr_assert_eq(parse("GET / HTTP/1.9\r\nHost: a\r\n\r\n"), 505);
    cr_assert_eq(parse("GET / HTTP/1.0\r\n\r\n"), 0);
    cr_assert_not(head.keep_alive);
}

Test(http_head, no_nul)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n";
    cr_assert_eq(http_head_parse(bytes_make(text, sizeof text - 1), &head).status, 400);
}

Test(http_head, bad_headers)
{
    static const char *const bad[] = {
        "X : y\r\n",       ": y\r\n",        "X\r\n",       " folded\r\n",  "X: a\r\n b\r\n",
        "X: a\r\n\tb\r\n", "X: a\nY: b\r\n", "X: a\rb\r\n", "X: a\x01\r\n", "X: a\x7f\r\n",
        "X(: a\r\n",       "X\x80: a\r\n",   "Host: b\r\n", "X Y: a\r\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_eq(parse_headers(bad[i]), 400, "%s", bad[i]);
    cr_assert_eq(parse_headers("X: caf\xc3\xa9\r\n"), 0);
    cr_assert_eq(parse("GET / HTTP/1.1\r\nX: y\r\n\r\n"), 400); /* no Host */
}

/* Whatever could be read in two ways. */
Test(http_head, framing)
{
    static const char *const bad[] = {
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\ncontent-length: 6\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 5, 5\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: -5\r\n",
        "Content-Length: 0x5\r\n",
        "Content-Length: 5 5\r\n",
        "Content-Length:\r\n",
        "Content-Length: 1234567890123456789\r\n",
        "Content-Length: 99999999999999999999999999999999\r\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_eq(parse_headers(bad[i]), 400, "%s", bad[i]);
    cr_assert_eq(parse_headers("Transfer-Encoding: gzip, chunked\r\n"), 501);
    cr_assert_eq(parse_headers("Transfer-Encoding: identity\r\n"), 501);
    cr_assert_eq(parse_headers("Transfer-Encoding: xchunked\r\n"), 501);
    cr_assert_eq(parse("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
    cr_assert_eq(parse_headers("Transfer-Encoding: Chunked\r\n"), 0);
    cr_assert(head.chunked);
    cr_assert_eq(head.length, -1);
    cr_assert_eq(parse_headers("Content-Length: 123456789012345678\r\n"), 0);
    cr_assert_eq(head.length, 123456789012345678);
    cr_assert_eq(parse_headers(""), 0);
    cr_assert_eq(head.length, -1);
}

Test(http_head, connection)
{
    parse_headers("Connection: close\r\n");
    cr_assert_not(head.keep_alive);
    parse_headers("Connection: Keep-Alive, Upgrade\r\n");
    cr_assert(head.keep_alive);
    parse_headers("Connection: x\r\nConnection: a , Close\r\n");
    cr_assert_not(head.keep_alive);
    parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    cr_assert(head.keep_alive);
    parse("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n");
    cr_assert_not(head.keep_alive);
}

Test(http_head, expectation)
{
    cr_assert_eq(parse_headers("Expect: 100-Continue\r\n"), 0);
    cr_assert(head.expects_continue);
    cr_assert_eq(parse_headers("Expect: 200-maybe\r\n"), 417);
    cr_assert_eq(parse_headers("Expect: 100-continue\r\nExpect: 100-continue\r\n"), 417);
    cr_assert_eq(parse("POST / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n"), 0);
    cr_assert_not(head.expects_continue);
}

Test(http_head, many_headers)
{
    struct text text = {0};
    for (int i = 0; i < HTTP_HEADERS_MAX - 1; i++)
        text_printf(&text, "X-%d: y\r\n", i);
    cr_assert_eq(parse_headers(text.data), 0);
    cr_assert_eq(head.header_count, HTTP_HEADERS_MAX);
    text_puts(&text, "X: y\r\n");
    cr_assert_eq(parse_headers(text.data), 431);
    text_release(&text);
}

/* Damaged heads are refused or parsed, and every view stays inside. */
Test(http_head, damaged)
{
    static const char good[] =
        "POST /v1/events?wait=none HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n"
        "Connection: close\r\nExpect: 100-continue\r\n\r\n";
    static const char bytes[] = "\r\n :\t,;0HGx\0\x80/?";
    struct random random = random_new(20261123);
    for (int i = 0; i < 20000; i++) {
        char text[sizeof good];
        memcpy(text, good, sizeof good);
        for (uint32_t k = 0; k <= random_below(&random, 3); k++)
            text[random_below(&random, sizeof good - 1)] =
                bytes[random_below(&random, sizeof bytes - 1)];
        struct bytes exact = exactly(text, sizeof good - 1);
        size_t size = http_head_size(exact);
        cr_assert_leq(size, exact.size);
        if (!size || http_head_parse(bytes_make(copy, size), &head).status)
            continue;
        cr_assert_geq(head.path.data, copy);
        cr_assert_leq(head.path.data + head.path.size, copy + size);
        cr_assert_geq(head.length, -1);
        for (uint32_t k = 0; k < head.header_count; k++)
            cr_assert_leq(head.headers[k].value.data + head.headers[k].value.size, copy + size);
    }
}
