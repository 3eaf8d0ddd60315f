/* The chunked coding, whole, cut at every place, and wrong. */
#include "source/http_chunks.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "base/mem.h"

static struct text data;

static void tear_down(void)
{
    text_release(&data);
}

TestSuite(http_chunks, .fini = tear_down);

/* Feeds all of `input`; the data goes to `data`. What is left is returned in `ret_rest`. */
static enum chunk_result feed(struct http_chunks *chunks, struct bytes input,
                              struct bytes *ret_rest)
{
    enum chunk_result result;
    struct bytes piece;
    while ((result = http_chunks_next(chunks, &input, &piece)) == CHUNK_BYTES) {
        cr_assert_gt(piece.size, 0);
        text_add(&data, piece.data, piece.size);
    }
    *ret_rest = input;
    return result;
}

static enum chunk_result feed_text(const char *text)
{
    struct http_chunks chunks = {0};
    struct bytes rest;
    text_clear(&data);
    return feed(&chunks, bytes_of(text), &rest);
}

#define WHOLE "5\r\nhello\r\n1;name=\"v\"\r\n,\r\n00a\r\n world... \r\n0\r\nTrailer: x\r\n\r\n"

Test(http_chunks, whole)
{
    struct http_chunks chunks = {0};
    struct bytes rest;
    cr_assert_eq(feed(&chunks, bytes_of(WHOLE "POST /"), &rest), CHUNK_END);
    cr_assert_str_eq(data.data, "hello, world... ");
    cr_assert(bytes_equal(rest, bytes_of("POST /")));
    cr_assert_eq(feed(&chunks, rest, &rest), CHUNK_END); /* and stays so */
}

Test(http_chunks, cut_anywhere)
{
    for (size_t cut = 0; cut < sizeof WHOLE - 1; cut++) {
        struct http_chunks chunks = {0};
        struct bytes rest;
        text_clear(&data);
        cr_assert_eq(feed(&chunks, bytes_make(WHOLE, cut), &rest), CHUNK_MORE, "%zu", cut);
        cr_assert_eq(rest.size, 0);
        cr_assert_eq(feed(&chunks, bytes_of(WHOLE + cut), &rest), CHUNK_END, "%zu", cut);
        cr_assert_str_eq(data.data, "hello, world... ");
    }
}

Test(http_chunks, empty)
{
    cr_assert_eq(feed_text("0\r\n\r\n"), CHUNK_END);
    cr_assert_eq(data.size, 0);
    cr_assert_eq(feed_text(""), CHUNK_MORE);
}

Test(http_chunks, wrong)
{
    static const char *const bad[] = {
        "\r\n",          "g\r\n",        " 5\r\nhello\r\n", "-5\r\n",        "5\nhello",
        "5\r\nhello5",   "5\r\nhello\n", "5\rhello",        "5\r\nhello\rX", "0x5\r\nhello",
        "123456789\r\n", "5 \n",         "0\r\n\rX",        "0\r\nX\n",      "5;a\nb\r\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_eq(feed_text(bad[i]), CHUNK_BAD, "%s", bad[i]);
}

Test(http_chunks, stays_wrong)
{
    struct http_chunks chunks = {0};
    struct bytes rest;
    cr_assert_eq(feed(&chunks, bytes_of("x"), &rest), CHUNK_BAD);
    cr_assert_eq(feed(&chunks, bytes_of("5\r\nhello\r\n0\r\n\r\n"), &rest), CHUNK_BAD);
    cr_assert_eq(data.size, 0);
}

static enum chunk_result feed_padded(const char *before, char c, size_t count, const char *after)
{
    struct text text = {0};
    struct http_chunks chunks = {0};
    struct bytes rest;
    text_puts(&text, before);
    for (size_t i = 0; i < count; i++)
        text_add(&text, &c, 1);
    text_puts(&text, after);
    enum chunk_result result = feed(&chunks, bytes_make(text.data, text.size), &rest);
    text_release(&text);
    return result;
}

Test(http_chunks, ceilings)
{
    cr_assert_eq(feed_padded("5;", 'x', 200, "\r\nhello\r\n0\r\n\r\n"), CHUNK_END);
    cr_assert_eq(feed_padded("5;", 'x', CHUNK_LINE_MAX, "\r\nhello\r\n0\r\n\r\n"), CHUNK_BAD);
    cr_assert_eq(feed_padded("0\r\n", 'x', CHUNK_TRAILER_MAX - 1, "\r\n\r\n"), CHUNK_BAD);
    cr_assert_eq(feed_padded("0\r\n", 'x', CHUNK_TRAILER_MAX - 8, "\r\n\r\n"), CHUNK_END);
    /* Many short trailers are as bad as a long one. */
    struct text text = {0};
    text_puts(&text, "0\r\n");
    for (int i = 0; i < CHUNK_TRAILER_MAX; i++)
        text_puts(&text, "a\r\n");
    cr_assert_eq(feed_text(text.data), CHUNK_BAD);
    text_release(&text);
}
