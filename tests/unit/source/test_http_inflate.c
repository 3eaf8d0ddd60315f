/* gzip bodies: whole, in pieces, of several members, damaged, and bombs. */
#include "source/http_inflate.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/mem.h"

static struct http_inflate *zipped;
static struct text out, packed;

static void set_up(void)
{
    zipped = http_inflate_new();
}

static void tear_down(void)
{
    http_inflate_free(zipped);
    text_release(&out);
    text_release(&packed);
}

TestSuite(http_inflate, .init = set_up, .fini = tear_down);

/* Appends one gzip member to `packed`; window_bits 31 is gzip, 15 zlib, -15 raw. */
static void pack(const char *data, size_t size, int window_bits)
{
    z_stream stream = {0};
    cr_assert_eq(deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    char *buffer = mem_new(deflateBound(&stream, size), 1);
    stream.next_in = (Bytef *)data;
    stream.avail_in = (uInt)size;
    stream.next_out = (Bytef *)buffer;
    stream.avail_out = (uInt)deflateBound(&stream, size);
    cr_assert_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    text_add(&packed, buffer, stream.total_out);
    deflateEnd(&stream);
    free(buffer);
}

/* Everything that `input` gives goes to `out`; MORE or BAD. */
static enum inflate_result feed(struct bytes input)
{
    enum inflate_result result;
    struct bytes piece;
    while ((result = http_inflate_next(zipped, &input, &piece)) == INFLATE_BYTES) {
        cr_assert_gt(piece.size, 0);
        cr_assert_leq(piece.size, 16384);
        text_add(&out, piece.data, piece.size);
    }
    cr_assert(result == INFLATE_BAD || input.size == 0);
    return result;
}

static struct bytes all_packed(void)
{
    return bytes_make(packed.data, packed.size);
}

Test(http_inflate, whole)
{
    pack("hello", 5, 31);
    cr_assert_not(http_inflate_ended(zipped));
    cr_assert_eq(feed(all_packed()), INFLATE_MORE);
    cr_assert_str_eq(out.data, "hello");
    cr_assert(http_inflate_ended(zipped));
}

Test(http_inflate, byte_by_byte)
{
    struct text big = {0};
    for (int i = 0; i < 9999; i++)
        text_printf(&big, "{\"a\":%d}\n", i * 7919 % 10007);
    pack(big.data, big.size, 31);
    for (size_t i = 0; i < packed.size; i++) {
        cr_assert_not(http_inflate_ended(zipped), "%zu", i);
        cr_assert_eq(feed(bytes_make(packed.data + i, 1)), INFLATE_MORE);
    }
    cr_assert(http_inflate_ended(zipped));
    cr_assert(bytes_equal(bytes_make(out.data, out.size), bytes_make(big.data, big.size)));
    text_release(&big);
}

Test(http_inflate, several_members)
{
    pack("hello", 5, 31);
    pack("", 0, 31);
    pack(" world", 6, 31);
    size_t size = packed.size;
    cr_assert_eq(feed(bytes_make(packed.data, size - 1)), INFLATE_MORE);
    cr_assert_not(http_inflate_ended(zipped));
    cr_assert_eq(feed(bytes_make(packed.data + size - 1, 1)), INFLATE_MORE);
    cr_assert_str_eq(out.data, "hello world");
    cr_assert(http_inflate_ended(zipped));
}

Test(http_inflate, cut_off)
{
    pack("hello", 5, 31);
    for (size_t size = 0; size < packed.size; size++) {
        http_inflate_free(zipped);
        zipped = http_inflate_new();
        cr_assert_eq(feed(bytes_make(packed.data, size)), INFLATE_MORE);
        cr_assert_not(http_inflate_ended(zipped), "%zu of %zu", size, packed.size);
    }
}

Test(http_inflate, damaged)
{
    pack("hello hello hello", 17, 31);
    packed.data[packed.size - 6] ^= 1; /* the checksum */
    cr_assert_eq(feed(all_packed()), INFLATE_BAD);
    cr_assert_not(http_inflate_ended(zipped));
    cr_assert_eq(feed(all_packed()), INFLATE_BAD); /* stays so */
}

Test(http_inflate, something_behind_it)
{
    pack("hello", 5, 31);
    text_puts(&packed, "garbage");
    cr_assert_eq(feed(all_packed()), INFLATE_BAD);
}

Test(http_inflate, other_codings)
{
    static const int bits[] = {15, -15};
    for (int i = 0; i < 2; i++) {
        text_clear(&packed);
        http_inflate_free(zipped);
        zipped = http_inflate_new();
        pack("hello", 5, bits[i]);
        cr_assert_eq(feed(all_packed()), INFLATE_BAD, "%d", bits[i]);
    }
    cr_assert_eq(out.size, 0);
}

/* Who stops asking gets no more: a thousand times as much is behind it. */
Test(http_inflate, bomb)
{
    char *zeros = mem_new(1, 16 << 20);
    pack(zeros, 16 << 20, 31);
    cr_assert_lt(packed.size, 20000);
    struct bytes input = all_packed(), piece;
    size_t taken = 0;
    while (taken < 100000) {
        cr_assert_eq(http_inflate_next(zipped, &input, &piece), INFLATE_BYTES);
        taken += piece.size;
    }
    cr_assert_lt(taken, 100000 + 16384);
    cr_assert_not(http_inflate_ended(zipped));
    free(zeros);
}
