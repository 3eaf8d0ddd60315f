/* Counts as bytes, and back.
 *
 * Problem: panes are stored, sent and kept by the dozen, and most of their counters are zero or
 * small. The form:
 *
 *     "LC" version | fingerprint, 8 bytes | rows saturated unknown_fields, varints
 *     extents: for each a byte 0 (empty), or 1 and min and max as little-endian doubles
 *     cells, then sums: zig-zag varints; a byte 0 and a varint n stand for n zeros
 *     checksum of all before, 8 bytes
 *
 * It assumes nothing of the bytes: a first pass checks all of them, only a second one adds. The
 * checksum (FNV-1a, whose steps are invertible, so that no single changed byte goes unseen) is
 * there for broken disks, not for forgers. */
#include <math.h>

#include "window/counts.h"

enum { VERSION = 1, MAGIC_BYTES = 3, WORD_BYTES = 8, VARINT_BYTES_MAX = 10 };

static const char magic[MAGIC_BYTES] = {'L', 'C', VERSION};

static uint64_t checksum(struct bytes bytes)
{
    uint64_t sum = 0xcbf29ce484222325u;
    for (size_t i = 0; i < bytes.size; i++)
        sum = (sum ^ (unsigned char)bytes.data[i]) * 0x100000001b3u;
    return sum;
}

/* ---- writing ---- */

static void put_word(struct text *text, uint64_t word)
{
    unsigned char bytes[WORD_BYTES];
    for (unsigned i = 0; i < WORD_BYTES; i++)
        bytes[i] = (unsigned char)(word >> 8 * i);
    text_add(text, bytes, sizeof bytes);
}

static void put_varint(struct text *text, uint64_t number)
{
    unsigned char bytes[VARINT_BYTES_MAX];
    unsigned size = 0;
    while (number >= 0x80) {
        bytes[size++] = (unsigned char)(number | 0x80);
        number >>= 7;
    }
    bytes[size++] = (unsigned char)number;
    text_add(text, bytes, size);
}

static uint64_t zigzag(int64_t number)
{
    return (uint64_t)number << 1 ^ (number < 0 ? UINT64_MAX : 0);
}

static void put_double(struct text *text, double number)
{
    uint64_t word;
    memcpy(&word, &number, sizeof word);
    put_word(text, word);
}

static void put_extents(struct text *text, const struct counts *counts)
{
    for (uint32_t i = 0; i < counts->layout->extent_total; i++) {
        const struct extent *extent = &counts->extents[i];
        bool filled = extent->min <= extent->max;
        text_add(text, filled ? "\1" : "\0", 1);
        if (filled) {
            put_double(text, extent->min);
            put_double(text, extent->max);
        }
    }
}

static void put_numbers(struct text *text, const int64_t *numbers, size_t count)
{
    for (size_t i = 0; i < count;) {
        size_t zeros = 0;
        while (i + zeros < count && numbers[i + zeros] == 0)
            zeros++;
        if (zeros)
            text_add(text, "\0", 1);
        put_varint(text, zeros ? zeros : zigzag(numbers[i]));
        i += zeros ? zeros : 1;
    }
}

void counts_encode(const struct counts *counts, struct text *text)
{
    const struct layout *layout = counts->layout;
    size_t start = text->size;
    text_add(text, magic, sizeof magic);
    put_word(text, layout->fingerprint);
    put_varint(text, zigzag(counts->rows));
    put_varint(text, zigzag(counts->saturated));
    put_varint(text, zigzag(counts->unknown_fields));
    put_extents(text, counts);
    put_numbers(text, counts->cells, layout->cell_total);
    put_numbers(text, counts->sums, layout->sum_total);
    put_word(text, checksum(bytes_make(text->data + start, text->size - start)));
}

/* ---- reading ---- */

/* What is left to read. After a failure `bad` is set, nothing is left, and all that is read is 0.
 */
struct cursor {
    const unsigned char *at, *end;
    bool bad;
};

static uint64_t cursor_fail(struct cursor *cursor)
{
    cursor->at = cursor->end;
    cursor->bad = true;
    return 0;
}

static unsigned take_byte(struct cursor *cursor)
{
    return cursor->at < cursor->end ? *cursor->at++ : (unsigned)cursor_fail(cursor);
}

static uint64_t take_word(struct cursor *cursor)
{
    if (cursor->end - cursor->at < WORD_BYTES)
        return cursor_fail(cursor);
    uint64_t word = 0;
    for (unsigned i = 0; i < WORD_BYTES; i++)
        word |= (uint64_t)*cursor->at++ << 8 * i;
    return word;
}

static uint64_t take_varint(struct cursor *cursor)
{
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        unsigned byte = take_byte(cursor);
        if (shift == 63 && byte > 1)
            return cursor_fail(cursor);
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return number;
    }
    return cursor_fail(cursor);
}

static int64_t take_number(struct cursor *cursor)
{
    uint64_t number = take_varint(cursor);
    return (int64_t)(number >> 1 ^ (0 - (number & 1)));
}

static double take_double(struct cursor *cursor)
{
    uint64_t word = take_word(cursor);
    double number;
    memcpy(&number, &word, sizeof number);
    return number;
}

/* `into` NULL only checks. */
static void take_extents(struct cursor *cursor, uint32_t count, struct extent *into)
{
    for (uint32_t i = 0; i < count; i++) {
        unsigned filled = take_byte(cursor);
        if (filled > 1)
            cursor_fail(cursor);
        if (filled != 1)
            continue;
        double min = take_double(cursor), max = take_double(cursor);
        if (!isfinite(min) || !isfinite(max) || min > max)
            cursor_fail(cursor);
        else if (into) {
            into[i].min = min < into[i].min ? min : into[i].min;
            into[i].max = max > into[i].max ? max : into[i].max;
        }
    }
}

static void take_numbers(struct cursor *cursor, size_t count, int sign, int64_t *into)
{
    for (size_t i = 0; i < count && !cursor->bad;) {
        if (cursor->at < cursor->end && *cursor->at == 0) {
            cursor->at++;
            uint64_t zeros = take_varint(cursor);
            if (zeros == 0 || zeros > count - i) {
                cursor_fail(cursor);
                return;
            }
            i += zeros;
            continue;
        }
        uint64_t number = (uint64_t)take_number(cursor);
        if (into)
            into[i] = (int64_t)((uint64_t)into[i] + number * (uint64_t)(int64_t)sign);
        i++;
    }
}

/* Reads what follows the fingerprint. The same walk checks (`into` NULL) and adds. */
static void take_body(struct cursor *cursor, const struct layout *layout, int sign,
                      struct counts *into)
{
    int64_t heads[3];
    for (unsigned i = 0; i < 3; i++)
        heads[i] = take_number(cursor);
    if (into) {
        int64_t *totals[3] = {&into->rows, &into->saturated, &into->unknown_fields};
        for (unsigned i = 0; i < 3; i++)
            *totals[i] =
                (int64_t)((uint64_t)*totals[i] + (uint64_t)heads[i] * (uint64_t)(int64_t)sign);
    }
    take_extents(cursor, layout->extent_total, into && sign > 0 ? into->extents : NULL);
    take_numbers(cursor, layout->cell_total, sign, into ? into->cells : NULL);
    take_numbers(cursor, layout->sum_total, sign, into ? into->sums : NULL);
}

/* Checks everything up to the fingerprint, and the checksum; the cursor then stands at the body. */
static int open_encoded(const struct layout *layout, struct bytes encoded,
                        struct cursor *ret_cursor, struct err *reterr)
{
    const unsigned char *data = (const unsigned char *)encoded.data;
    if (encoded.size < MAGIC_BYTES + 2 * WORD_BYTES)
        return err_set(reterr, ERR_INVALID, "counts are cut short: %zu bytes", encoded.size);
    if (memcmp(data, magic, 2) != 0)
        return err_set(reterr, ERR_INVALID, "these bytes are not counts");
    if (data[2] != VERSION)
        return err_set(reterr, ERR_INVALID, "counts have the unknown version %d", data[2]);
    size_t size = encoded.size - WORD_BYTES;
    struct cursor sum = {data + size, data + encoded.size, false};
    if (take_word(&sum) != checksum(bytes_make(data, size)))
        return err_set(reterr, ERR_INVALID, "counts are damaged: the checksum does not match");
    struct cursor cursor = {data + MAGIC_BYTES, data + size, false};
    if (take_word(&cursor) != layout->fingerprint)
        return err_set(reterr, ERR_INVALID, "counts belong to another baseline");
    *ret_cursor = cursor;
    return 0;
}

int counts_add_encoded(struct counts *into, struct bytes encoded, int sign, struct err *reterr)
{
    struct cursor cursor = {0};
    int code = open_encoded(into->layout, encoded, &cursor, reterr);
    if (code)
        return code;
    struct cursor check = cursor;
    take_body(&check, into->layout, sign, NULL);
    if (check.bad || check.at != check.end)
        return err_set(reterr, ERR_INVALID, "counts are damaged: they do not fit their layout");
    take_body(&cursor, into->layout, sign, into);
    return 0;
}

int counts_merge_extents(struct counts *into, struct bytes encoded, struct err *reterr)
{
    struct cursor cursor = {0};
    int code = open_encoded(into->layout, encoded, &cursor, reterr);
    if (code)
        return code;
    for (unsigned i = 0; i < 3; i++)
        take_number(&cursor);
    struct cursor check = cursor;
    take_extents(&check, into->layout->extent_total, NULL);
    if (check.bad)
        return err_set(reterr, ERR_INVALID, "counts are damaged: they do not fit their layout");
    take_extents(&cursor, into->layout->extent_total, into->extents);
    return 0;
}
