/* Reading records by their shape, and learning it.
 *
 * Problem: nearly all records of a topic are written by one program, and differ in nothing but
 * their values; yet looking up keys, counting them and comparing them with each other takes most of
 * the time of a decoder. It assumes that the walk has checked the record that is learned from, and
 * that a scalar ends where the text behind it begins: no scalar can go on with what may stand there
 * (a comma, a bracket, white space).
 *
 * Reading goes from value to value, and each has to wait until it is known where the one before
 * ends. So the way there is kept short: a few operations on one word or sixteen bytes (scalar.h),
 * and none at all where values always have the same size (steady).
 *
 * A shape that does not fit costs time and never a result. So there is a score: two up for each
 * record that fits, one down for each that does not, since a record that fits saves about half of
 * what a vain trial costs. At zero the shape is given up and the next one learned; producers
 * without a shape are left alone for longer and longer. */
#include "decode/shape.h"

#include <stdlib.h>

#include "base/mem.h"
#include "decode/plan.h"
#include "decode/scalar.h"

enum { SCORE_START = 8, SCORE_FULL = 64, PAUSE_MAX = 4096, ALL_BYTES = (1 << PLAN_HEAD_BYTES) - 1 };

/* What stood in a gap so far; only the speed depends on it. */
enum gap_kind {
    GAP_STRING,
    GAP_NUMBER, /* short and without a sign */
    GAP_SIGNED, /* short, some with a sign */
    GAP_LONG,   /* any number */
    GAP_WORD,   /* true, false, null */
    GAP_MIXED
};

/* The text behind a scalar, up to the next one or the end. */
struct shape_gap {
    _Alignas(PLAN_HEAD_BYTES) char head[PLAN_HEAD_BYTES];
    uint32_t spare; /* a bit for each byte of `head` that does not count; none match if the text is
                       longer than the head */
    uint32_t size;
    const char *text;
    int32_t slot; /* of the scalar before it, or PLAN_NONE */
    enum gap_kind kind;
    uint32_t steady; /* sizes of scalar and text together, if they were always the same; else 0 */
};

void shape_init(struct shape *shape, uint32_t counters)
{
    *shape = (struct shape){.counters = counters};
    shape->gaps = mem_new(SHAPE_GAPS, sizeof *shape->gaps);
    shape->marks = mem_new(SHAPE_GAPS, sizeof *shape->marks);
    shape->text = mem_new(SHAPE_BYTES, 1);
    shape->unknown = mem_new(counters, sizeof *shape->unknown);
}

void shape_release(struct shape *shape)
{
    free(shape->gaps);
    free(shape->marks);
    free(shape->text);
    free(shape->unknown);
    *shape = (struct shape){0};
}

/* Whether the gap's text stands at `p`. */
static __attribute__((noinline)) bool gap_matches_whole(const struct shape_gap *gap, const char *p,
                                                        const char *end)
{
    return (size_t)(end - p) >= gap->size && memcmp(p, gap->text, gap->size) == 0;
}

static inline bool gap_matches(const struct shape_gap *gap, const char *p, const char *end)
{
#ifdef __SSE2__
    __m128i chunk = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i head = _mm_load_si128((const __m128i *)(const void *)gap->head);
    unsigned equal = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(chunk, head));
    if (__builtin_expect((equal | gap->spare) == ALL_BYTES, 1))
        return true;
#endif
    return gap_matches_whole(gap, p, end);
}

static enum gap_kind kind_of(char first)
{
    if (first == '"')
        return GAP_STRING;
    if (first == 't' || first == 'f' || first == 'n')
        return GAP_WORD;
    if (first == '-')
        return GAP_SIGNED;
    return first >= '0' && first <= '9' ? GAP_NUMBER : GAP_MIXED;
}

/* A gap that holds more than it did: only ever on to a kind that includes the one before. */
static enum gap_kind kind_joined(enum gap_kind kind, const struct value *value, char first)
{
    enum gap_kind now = kind_of(first);
    bool numbers = kind >= GAP_NUMBER && kind <= GAP_LONG && now >= GAP_NUMBER && now <= GAP_LONG;
    if (!numbers)
        return kind == now ? kind : GAP_MIXED;
    if (value->text.size >= sizeof(uint64_t))
        return GAP_LONG;
    return kind > now ? kind : now;
}

/* A scalar that is not what stood in the gap so far, or not read rightly: the text behind it does
 * not follow. */
static __attribute__((noinline)) size_t read_unusual(struct shape_gap *gap, char *p,
                                                     const char *end, uint32_t string_bytes,
                                                     struct value *ret_value)
{
    enum decode_result fault;
    char first = *p;
    *ret_value = (struct value){0};
    const char *next = scalar_read(p, end, string_bytes, ret_value, &fault);
    if (!next || !gap_matches_whole(gap, next, end))
        return 0;
    gap->kind = kind_joined(gap->kind, ret_value, first);
    return (size_t)(next - p);
}

static inline size_t read_usual(const struct shape_gap *gap, char *p, const char *end,
                                uint32_t string_bytes, struct value *ret_value)
{
    enum decode_result fault;
    if (gap->kind == GAP_NUMBER)
        return number_usual(p, ret_value);
    if (gap->kind == GAP_STRING)
        return *p == '"' ? scalar_usual_string(p, string_bytes, ret_value) : 0;
    if (gap->kind == GAP_WORD)
        return scalar_usual_word(p, ret_value);
    if (gap->kind == GAP_SIGNED)
        return number_usual_signed(p, ret_value);
    if (gap->kind == GAP_MIXED)
        return scalar_usual(p, string_bytes, ret_value);
    const char *next = number_read(p, end, ret_value, &fault);
    return next ? (size_t)(next - p) : 0;
}

/* The start of the next scalar. Where the sizes have always been the same that is known before this
 * scalar has been read; whether they still are is checked behind it. */
static inline char *gap_next(struct shape_gap *gap, char *p, size_t size)
{
    size_t step = size + gap->size;
    if (gap->steady == 0)
        return p + step;
    char *next = p + gap->steady;
    if (__builtin_expect(step != gap->steady, 0)) {
        gap->steady = 0;
        next = p + step;
    }
    return next;
}

/* The byte behind the last gap, or NULL. */
static const char *read_gaps(struct shape *shape, char *p, const char *end, uint32_t string_bytes,
                             struct value *ret_values)
{
    struct value ignored = {0};
    struct shape_gap *gap = shape->gaps, *last = gap + shape->gap_count;
    for (; gap < last; gap++) {
        struct value *value = gap->slot >= 0 ? &ret_values[gap->slot] : &ignored;
        size_t size = read_usual(gap, p, end, string_bytes, value);
        if (__builtin_expect(size == 0 || !gap_matches(gap, p + size, end), 0)) {
            size = read_unusual(gap, p, end, string_bytes, value);
            if (size == 0)
                return NULL;
        }
        p = gap_next(gap, p, size);
    }
    return p;
}

bool shape_read(struct shape *shape, char *buffer, const char *end, uint32_t string_bytes,
                struct value *ret_values, uint32_t *ret_unknown)
{
    if (shape->gap_count == 0)
        return false;
    const char *p = NULL;
    if ((size_t)(end - buffer) >= shape->lead_size &&
        memcmp(buffer, shape->text, shape->lead_size) == 0)
        p = read_gaps(shape, buffer + shape->lead_size, end, string_bytes, ret_values);
    if (p != end) {
        shape->score--;
        return false;
    }
    if (shape->counters)
        memcpy(ret_unknown, shape->unknown, shape->counters * sizeof *ret_unknown);
    shape->score += shape->score < SCORE_FULL ? 2 : 0;
    shape->was_good |= shape->score >= SCORE_FULL;
    return true;
}

/* A shape that was never good, or none, costs a pause; one after the other a longer one each. */
static void shape_pause(struct shape *shape)
{
    shape->next_pause = shape->was_good ? 0 : 2 * shape->next_pause + 1;
    if (shape->next_pause > PAUSE_MAX)
        shape->next_pause = PAUSE_MAX;
    shape->pause = shape->next_pause;
}

void shape_start(struct shape *shape)
{
    if (shape->gap_count && shape->score == 0) {
        shape->gap_count = 0;
        shape_pause(shape);
    }
    shape->learning = shape->gap_count == 0 && shape->pause == 0;
    shape->pause -= shape->pause > 0;
    shape->mark_count = 0;
    shape->unfit = false;
}

/* The gap behind a scalar of the record, up to the byte `next`. */
static void gap_init(struct shape_gap *gap, const char *record, const struct shape_mark *mark,
                     size_t next)
{
    uint32_t size = (uint32_t)(next - mark->end);
    uint32_t head_size = size < PLAN_HEAD_BYTES ? size : PLAN_HEAD_BYTES;
    *gap = (struct shape_gap){.spare = ALL_BYTES - (((uint32_t)1 << head_size) - 1),
                              .size = size,
                              .text = record + mark->end,
                              .slot = mark->slot,
                              .kind = kind_of(record[mark->start]),
                              .steady = (uint32_t)(next - mark->start)};
    if (size > PLAN_HEAD_BYTES)
        gap->spare = ALL_BYTES + 1;
    memcpy(gap->head, gap->text, head_size);
}

void shape_learn(struct shape *shape, struct bytes event, const uint32_t *unknown, uint32_t slots)
{
    uint32_t filled = 0, count = shape->mark_count;
    if (!shape->learning)
        return;
    shape->was_good = false;
    if (shape->unfit || count == 0 || count > SHAPE_GAPS || event.size > SHAPE_BYTES) {
        shape_pause(shape);
        return;
    }
    memcpy(shape->text, event.data, event.size);
    for (uint32_t i = 0; i < count; i++) {
        gap_init(&shape->gaps[i], shape->text, &shape->marks[i],
                 i + 1 < count ? shape->marks[i + 1].start : event.size);
        filled += shape->marks[i].slot >= 0;
    }
    if (shape->counters)
        memcpy(shape->unknown, unknown, shape->counters * sizeof *unknown);
    shape->gap_count = count;
    shape->lead_size = shape->marks[0].start;
    shape->fills_all = filled == slots;
    shape->score = SCORE_START;
}
