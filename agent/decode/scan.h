/* What the readers of this folder share. They walk a writable copy of the record that has a NUL at
 * `end` and readable bytes behind it, so that no byte of JSON needs a bounds check of its own: NUL
 * is not allowed anywhere in JSON, so every loop stops there. */
#ifndef LEEWAY_DECODE_SCAN_H
#define LEEWAY_DECODE_SCAN_H

#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "decode/decode.h"

/* How far behind `end` the readers may look (not counting keys that a plan expects). */
enum { SCAN_PADDING = 32 };

/* Names the fault at `p`: an offending NUL at `end` means that the document was cut off. Returns
 * NULL, so that `return scan_fault(…)` reads well. */
static inline char *scan_fault(const char *p, const char *end, enum decode_result result,
                               enum decode_result *ret_fault)
{
    *ret_fault = p >= end ? DECODE_TRUNCATED : result;
    return NULL;
}

/* The first byte that is not JSON's white space. */
static inline char *scan_space(char *p)
{
    while (__builtin_expect((unsigned char)*p <= ' ', 0) &&
           (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++;
    return p;
}

#ifdef __SSE2__
/* The first byte of a string's body that needs a look: a quote, a backslash, a control character
 * (NUL among them) or anything beyond ASCII. */
static inline char *scan_plain(char *p)
{
    for (;; p += 16) {
        __m128i chunk = _mm_loadu_si128((const __m128i *)(const void *)p);
        /* As signed bytes, control characters and everything from 0x80 are below the space. */
        __m128i odd = _mm_cmplt_epi8(chunk, _mm_set1_epi8(' '));
        odd = _mm_or_si128(odd, _mm_cmpeq_epi8(chunk, _mm_set1_epi8('"')));
        odd = _mm_or_si128(odd, _mm_cmpeq_epi8(chunk, _mm_set1_epi8('\\')));
        unsigned mask = (unsigned)_mm_movemask_epi8(odd);
        if (mask)
            return p + __builtin_ctz(mask);
    }
}

/* The closing quote of a string whose body begins at `p`, or NULL if something before it needs a
 * look. Sooner done than scan_plain, because it waits for the quotes alone. */
static inline char *scan_quote(char *p)
{
    for (;; p += 16) {
        __m128i chunk = _mm_loadu_si128((const __m128i *)(const void *)p);
        unsigned quotes = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(chunk, _mm_set1_epi8('"')));
        __m128i low = _mm_cmplt_epi8(chunk, _mm_set1_epi8(' '));
        __m128i backslash = _mm_cmpeq_epi8(chunk, _mm_set1_epi8('\\'));
        unsigned odd = (unsigned)_mm_movemask_epi8(_mm_or_si128(low, backslash));
        if (__builtin_expect((odd & (quotes - 1)) != 0, 0)) /* below the first quote */
            return NULL;
        if (quotes)
            return p + __builtin_ctz(quotes);
    }
}
#else
static inline char *scan_plain(char *p)
{
    const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
    for (;; p += 8) {
        uint64_t chunk;
        memcpy(&chunk, p, sizeof chunk);
        uint64_t quote = chunk ^ (ones * '"'), backslash = chunk ^ (ones * '\\');
        /* A borrow can only mark a byte too many, never one too few: the loop below decides. */
        uint64_t odd = (chunk - ones * ' ') | (quote - ones) | (backslash - ones) | chunk;
        if (odd & tops)
            break;
    }
    while ((signed char)*p >= ' ' && *p != '"' && *p != '\\')
        p++;
    return p;
}

static inline char *scan_quote(char *p)
{
    p = scan_plain(p);
    return *p == '"' ? p : NULL;
}
#endif

#endif
