/* Problem: a batch must be cut into its events before any of them is decoded, and a broken event
 * must not take its neighbours with it. So only what separates values is understood: quotes,
 * backslashes and brackets. */
#include "source/http_skim.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* What each byte is outside of strings. */
enum { PLAIN, QUOTE, OPENING, CLOSING, COMMA, SPACE };
static const unsigned char classes[256] = {
    ['"'] = QUOTE, ['{'] = OPENING, ['['] = OPENING, ['}'] = CLOSING, [']'] = CLOSING,
    [','] = COMMA, [' '] = SPACE,   ['\t'] = SPACE,  ['\r'] = SPACE,  ['\n'] = SPACE,
};

static unsigned class_of(char c)
{
    return classes[(unsigned char)c];
}

const char *skim_space(const char *p, const char *end)
{
    while (p < end && class_of(*p) == SPACE)
        p++;
    return p;
}

#ifdef __SSE2__
enum { STRIDE = 16 };

static unsigned mask_of(__m128i chunk, char c)
{
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(chunk, _mm_set1_epi8(c)));
}

static __m128i load(const char *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* The first quote or backslash, or a place at most a stride before the end. */
static const char *skip_in_string(const char *p, const char *end)
{
    for (; end - p >= STRIDE; p += STRIDE) {
        __m128i chunk = load(p);
        unsigned mask = mask_of(chunk, '"') | mask_of(chunk, '\\');
        if (mask)
            return p + __builtin_ctz(mask);
    }
    return p;
}

/* The same for quotes and brackets; both kinds of them are one bit apart. */
static const char *skip_plain(const char *p, const char *end)
{
    for (; end - p >= STRIDE; p += STRIDE) {
        __m128i chunk = load(p);
        __m128i braces = _mm_or_si128(chunk, _mm_set1_epi8(0x20));
        unsigned mask = mask_of(chunk, '"') | mask_of(braces, '{') | mask_of(braces, '}');
        if (mask)
            return p + __builtin_ctz(mask);
    }
    return p;
}
#else
static const char *skip_in_string(const char *p, const char *end)
{
    (void)end;
    return p;
}

static const char *skip_plain(const char *p, const char *end)
{
    (void)end;
    return p;
}
#endif

/* `p` is behind the opening quote; the result behind the closing one. */
static const char *skim_string(const char *p, const char *end)
{
    for (p = skip_in_string(p, end); p < end && *p != '"'; p = skip_in_string(p, end))
        p += *p == '\\' && end - p > 1 ? 2 : 1;
    return p < end ? p + 1 : NULL;
}

static const char *skim_nested(const char *p, const char *end)
{
    size_t depth = 0;
    for (; p < end; p = skip_plain(p, end)) {
        switch (class_of(*p++)) {
        case QUOTE:
            p = skim_string(p, end);
            if (!p)
                return NULL;
            break;
        case OPENING:
            depth++;
            break;
        case CLOSING:
            if (--depth == 0)
                return p;
            break;
        default:
            break;
        }
    }
    return NULL;
}

const char *skim_value(const char *p, const char *end)
{
    if (p == end)
        return p;
    if (class_of(*p) == OPENING)
        return skim_nested(p, end);
    if (*p == '"')
        return skim_string(p + 1, end);
    while (p < end && (class_of(*p) == PLAIN || *p == '"'))
        p++;
    return p;
}
