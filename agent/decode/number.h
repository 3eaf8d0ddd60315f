/* Numbers of a record: the grammar of RFC 8259 and the nearest double, bit for bit as strtod. */
#ifndef LEEWAY_DECODE_NUMBER_H
#define LEEWAY_DECODE_NUMBER_H

#include "decode/scan.h"

/* Reads the number that starts at `p` with a digit or a minus. Returns the byte behind it and a
 * VALUE_NUMBER, or VALUE_INFINITE if it lies beyond double; its `text` is a view. What follows the
 * number is not looked at. NULL with DECODE_TRUNCATED or DECODE_SYNTAX. */
char *number_read(char *p, const char *end, struct value *ret_value, enum decode_result *ret_fault);

/* The same for a number that nobody wants. */
char *number_skip(char *p, const char *end, enum decode_result *ret_fault);

/* Eight decimal digits (0 to 9 each, the first in the lowest byte) as a number: pairs are joined to
 * pairs. */
static inline double number_eight_digits(uint64_t word)
{
#ifdef __SSE2__
    const __m128i tens = _mm_set_epi16(1, 10, 100, 1000, 1, 10, 100, 1000);
    const __m128i halves = _mm_set_epi16(0, 0, 0, 0, 1, 1, 10000, 10000);
    __m128i digits = _mm_unpacklo_epi8(_mm_cvtsi64_si128((int64_t)word), _mm_setzero_si128());
    __m128i pairs = _mm_madd_epi16(digits, tens);
    __m128i both = _mm_madd_epi16(_mm_packs_epi32(pairs, pairs), halves);
    __m128i sum = _mm_add_epi32(both, _mm_shuffle_epi32(both, 0x55));
    return _mm_cvtsd_f64(_mm_cvtepi32_pd(sum));
#else
    word = word * 10 + (word >> 8);
    return (double)((((word & 0x000000FF000000FFu) * 0x000F424000000064u +
                      (word >> 16 & 0x000000FF000000FFu) * 0x0000271000000001u) >>
                     32) &
                    0xFFFFFFFFu);
#endif
}

/* `sign` is the sign bit, or 0. Kept out of general registers: there compilers make the sign of the
 * next number wait for the division of this one. */
static inline double number_signed(double magnitude, uint64_t sign)
{
#ifdef __SSE2__
    __m128i mask = _mm_cvtsi64_si128((int64_t)sign);
    return _mm_cvtsd_f64(_mm_xor_pd(_mm_set_sd(magnitude), _mm_castsi128_pd(mask)));
#else
    return sign ? -magnitude : magnitude;
#endif
}

/* number_read for most numbers: of at most 7 bytes and without sign and exponent. Returns the size,
 * or 0 for others, right or wrong; but if what follows could belong to a number (a digit, a dot, an
 * e), the caller must ask number_read. Lengths differ from value to value, so that nothing here
 * branches by them: the number is taken apart in one word, the first byte lowest. */
static inline size_t number_usual(const char *p, struct value *ret_value)
{
    static const double tens[8] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7};
    const uint64_t ones = 0x0101010101010101u;
    uint64_t word;
    if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
        return 0;
    memcpy(&word, p, sizeof word);
    word ^= ones * '0';
    /* The top bit of each byte that is no digit. Carries run upwards, and only from bytes beyond
     * ASCII, so that the lowest two are true if the first of them is a dot. */
    uint64_t marks = ((word + ones * 0x76) | word) & ones * 0x80;
    /* The first is no digit; or it is 0 and the next is a digit. */
    uint64_t bad = (((word - 1) & ~(marks >> 8)) | marks) & 0x80;
    if (__builtin_expect(bad != 0 || marks == 0, 0))
        return 0;
    unsigned last = (unsigned)__builtin_ctzll(marks); /* of the bits of the byte behind */
    size_t size = last / 8;
    if (p[size] != '.') {
        *ret_value = (struct value){.kind = VALUE_NUMBER,
                                    .integral = true,
                                    .wide = true,
                                    .number = number_eight_digits(word << (71 - last)),
                                    .text = {p, size}};
        return size;
    }
    uint64_t before = (marks ^ (marks - 1)) >> 8, behind = word >> 8;
    marks &= marks - 1;
    if (__builtin_expect(marks == 0, 0))
        return 0;
    unsigned dot = last;
    last = (unsigned)__builtin_ctzll(marks);
    size = last / 8;
    if (__builtin_expect(last - dot == 8, 0)) /* nothing behind the dot */
        return 0;
    word = behind ^ ((word ^ behind) & before); /* without the dot */
    *ret_value = (struct value){.kind = VALUE_NUMBER,
                                .wide = true,
                                .number = number_eight_digits(word << (79 - last)) /
                                          tens[(last - dot) / 8 - 1],
                                .text = {p, size}};
    return size;
}

/* The same for numbers that may have a sign; none of the two signs is the slower one. */
static inline size_t number_usual_signed(const char *p, struct value *ret_value)
{
    size_t negative = *p == '-';
    size_t size = number_usual(p + negative, ret_value);
    if (__builtin_expect(size == 0, 0))
        return 0;
    ret_value->number = number_signed(ret_value->number, (uint64_t)negative << 63);
    ret_value->text = bytes_make(p, size + negative);
    return size + negative;
}

#endif
