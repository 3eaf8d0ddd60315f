/* Counts as bytes: exact both ways, compact, and never trusted. */
#include <criterion/criterion.h>

#include "unit/window/records.h"

static struct baseline *baseline;
static struct layout *layout;
static struct counts *counts, *into;
static struct text text;

static void set_up(void)
{
    struct random random = random_new(21);
    struct observation record[SAMPLE_FIELDS];
    baseline = make_baseline_sample();
    layout = layout_new(baseline);
    counts = counts_new(layout);
    into = counts_new(layout);
    for (int i = 0; i < 300; i++) {
        random_record(&random, baseline, record);
        counts_add_record(counts, record, random_below(&random, 3));
    }
    counts_encode(counts, &text);
}

static void tear_down(void)
{
    text_release(&text);
    counts_free(into);
    counts_free(counts);
    layout_free(layout);
    baseline_free(baseline);
}

TestSuite(codec, .init = set_up, .fini = tear_down);

static struct bytes encoded(void)
{
    return bytes_make(text.data, text.size);
}

/* The last eight bytes are FNV-1a of all before, little-endian. */
static void seal(struct text *bytes)
{
    uint64_t sum = 0xcbf29ce484222325u;
    size_t size = bytes->size - 8;
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ (unsigned char)bytes->data[i]) * 0x100000001b3u;
    for (unsigned i = 0; i < 8; i++)
        bytes->data[size + i] = (char)(sum >> 8 * i);
}

Test(codec, round_trip_is_exact)
{
    cr_assert_eq(counts_add_encoded(into, encoded(), 1, NULL), 0);
    cr_assert(counts_same(counts, into));
    struct text again = {0};
    counts_encode(into, &again);
    cr_assert(bytes_equal(encoded(), bytes_make(again.data, again.size)));
    text_release(&again);
}

Test(codec, adds_and_subtracts)
{
    struct counts *twice = counts_new(layout);
    counts_add(twice, counts, 1);
    counts_add(twice, counts, 1);
    counts_add_encoded(into, encoded(), 1, NULL);
    counts_add_encoded(into, encoded(), 1, NULL);
    cr_assert(counts_same(twice, into));
    counts_add_encoded(into, encoded(), -1, NULL);
    counts_add_encoded(into, encoded(), -1, NULL);
    cr_assert(counts_zero(into));
    cr_assert(
        !memcmp(into->extents, counts->extents, layout->extent_total * sizeof *into->extents));
    /* Subtracting from nothing brings no extents. */
    counts_clear(into);
    counts_add_encoded(into, encoded(), -1, NULL);
    cr_assert(isinf(into->extents[0].min));
    cr_assert_eq(into->rows, -counts->rows);
    counts_free(twice);
}

Test(codec, a_trillion_rows)
{
    struct text bytes = {0};
    counts_add(into, counts, 1);
    for (int i = 0; i < 32; i++) {
        text_clear(&bytes);
        counts_encode(into, &bytes);
        cr_assert_eq(counts_add_encoded(into, bytes_make(bytes.data, bytes.size), 1, NULL), 0);
    }
    cr_assert_gt(into->rows, INT64_C(1000000000000));
    cr_assert_eq(into->rows, counts->rows << 32);
    for (uint32_t i = 0; i < layout->cell_total; i++)
        cr_assert_eq(into->cells[i], counts->cells[i] << 32);
    for (uint32_t i = 0; i < layout->sum_total; i++)
        cr_assert_eq(into->sums[i], (int64_t)((uint64_t)counts->sums[i] << 32));
    text_release(&bytes);
}

Test(codec, extremes)
{
    static const int64_t numbers[] = {INT64_MAX, INT64_MIN, -1, 1, 63, -64, 64, 0, 127, 128};
    for (uint32_t i = 0; i < layout->cell_total; i++)
        counts->cells[i] = numbers[i % 10];
    for (uint32_t i = 0; i < layout->sum_total; i++)
        counts->sums[i] = numbers[(i + 3) % 10];
    counts->rows = INT64_MIN;
    text_clear(&text);
    counts_encode(counts, &text);
    cr_assert_eq(counts_add_encoded(into, encoded(), 1, NULL), 0);
    cr_assert(counts_same(counts, into));
    cr_assert_leq(text.size, 19 + 30 + 17 * layout->extent_total +
                                 10 * (layout->cell_total + layout->sum_total));
}

Test(codec, nothing_is_small)
{
    text_clear(&text);
    counts_encode(into, &text);
    cr_assert_leq(text.size, 40);
    cr_assert_eq(counts_add_encoded(into, encoded(), 1, NULL), 0);
    cr_assert(counts_zero(into));
    cr_assert(isinf(into->extents[0].min));
}

Test(codec, appends)
{
    struct text two = {0};
    text_puts(&two, "before");
    counts_encode(counts, &two);
    cr_assert(bytes_equal(encoded(), bytes_make(two.data + 6, two.size - 6)));
    text_release(&two);
}

/* Worked out by hand from the form in codec.c: three records of one boolean field. */
Test(codec, form_is_stable)
{
    struct baseline *small = make_baseline();
    make_baseline_boolean(small, "b", 1, 1);
    make_baseline_seal(small);
    struct layout *l = layout_new(small);
    struct counts *c = counts_new(l);
    for (uint32_t i = 0; i < 3; i++)
        counts_add_record(c, &(struct observation){.cell = i == 2 ? 4 + COUNT_NAN : 1}, i == 1);
    text_clear(&text);
    counts_encode(c, &text);
    /* rows 3, saturated 0, unknown 1 | 0 x1, 2, 0 x5, 1 (nan), 0 x4 */
    static const unsigned char body[] = {6, 0, 2, 0, 1, 4, 0, 5, 2, 0, 4};
    cr_assert_eq(text.size, 3 + 8 + sizeof body + 8);
    cr_assert(!memcmp(text.data, "LC\1", 3));
    for (unsigned i = 0; i < 8; i++)
        cr_assert_eq((unsigned char)text.data[3 + i], (unsigned char)(l->fingerprint >> 8 * i));
    cr_assert(!memcmp(text.data + 11, body, sizeof body));
    struct text sealed = {0};
    text_add(&sealed, text.data, text.size);
    seal(&sealed);
    cr_assert(!memcmp(sealed.data, text.data, text.size));
    text_release(&sealed);
    counts_free(c);
    layout_free(l);
    baseline_free(small);
}

static void expect_refused(struct bytes bytes, const char *words)
{
    struct err err;
    cr_assert_eq(counts_add_encoded(into, bytes, 1, &err), ERR_INVALID);
    cr_assert(strstr(err.text, words), "\"%s\" does not say \"%s\"", err.text, words);
    cr_assert(counts_zero(into) && isinf(into->extents[0].min), "something was added");
    cr_assert_eq(counts_merge_extents(into, bytes, NULL), ERR_INVALID);
    cr_assert(isinf(into->extents[0].min), "extents were merged");
}

Test(codec, another_baseline_is_refused)
{
    baseline->hash[0] ^= 1;
    struct layout *other = layout_new(baseline);
    struct counts *others = counts_new(other);
    text_clear(&text);
    counts_encode(others, &text);
    expect_refused(encoded(), "another baseline");
    counts_free(others);
    layout_free(other);
}

Test(codec, another_version_is_refused)
{
    text.data[2] = 2;
    seal(&text);
    expect_refused(encoded(), "version 2");
    memcpy(text.data, "{\"a", 3);
    expect_refused(encoded(), "not counts");
    expect_refused(bytes_make("", 0), "cut short");
    expect_refused(bytes_make(NULL, 0), "cut short");
}

Test(codec, every_truncation_is_refused)
{
    for (size_t size = 0; size < text.size; size++)
        expect_refused(bytes_make(text.data, size), "");
    text_add(&text, "\0", 1);
    expect_refused(encoded(), "damaged");
}

Test(codec, every_changed_byte_is_refused)
{
    struct random random = random_new(22);
    for (size_t i = 0; i < text.size; i++) {
        char kept = text.data[i];
        text.data[i] = (char)(kept ^ (int)(1 + random_below(&random, 255)));
        expect_refused(encoded(), "");
        text.data[i] = kept;
    }
}

/* With a checksum that fits, as from a program with an error: refused whole, or harmless. */
Test(codec, sealed_damage_is_refused_whole_or_harmless)
{
    struct random random = random_new(23);
    struct text bytes = {0};
    int refused = 0;
    for (int round = 0; round < 4000; round++) {
        text_clear(&bytes);
        text_add(&bytes, text.data, text.size);
        for (int n = 1 + (int)random_below(&random, 4); n; n--)
            bytes.data[11u + random_below(&random, (uint32_t)bytes.size - 19)] =
                (char)random_next(&random);
        if (random_below(&random, 4) == 0)
            bytes.size -= random_below(&random, (uint32_t)bytes.size - 19);
        seal(&bytes);
        if (counts_add_encoded(into, bytes_make(bytes.data, bytes.size), 1, NULL)) {
            refused++;
            cr_assert(counts_zero(into) && isinf(into->extents[0].min));
        } else {
            cr_assert(!isnan(into->extents[0].min) && !isnan(into->extents[1].max));
            counts_clear(into);
        }
    }
    cr_assert_gt(refused, 1000);
    text_release(&bytes);
}

/* Bodies that are wrong in one way each, for the layout of one boolean field (12 counters). */
Test(codec, bodies_that_do_not_fit)
{
    static const struct {
        const char *what, *body;
        size_t size;
    } cases[] = {
        {"right", "\6\0\2\0\14", 5},
        {"run of no zeros", "\6\0\2\0\0\0\14", 7},
        {"run too long", "\6\0\2\0\15", 5},
        {"run of 2^64-1", "\6\0\2\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\1", 14},
        {"run too short", "\6\0\2\0\13", 5},
        {"bytes left over", "\6\0\2\0\14\0", 6},
        {"varint of 65 bits", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\2\0\2\0\14", 14},
        {"varint without an end", "\6\0\2\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 15},
        {"nothing", "", 0},
    };
    struct baseline *small = make_baseline();
    make_baseline_boolean(small, "b", 1, 1);
    make_baseline_seal(small);
    struct layout *l = layout_new(small);
    struct counts *c = counts_new(l);
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        text_clear(&text);
        counts_encode(c, &text);
        text.size = 11;
        text_add(&text, cases[i].body, cases[i].size);
        text_add(&text, "12345678", 8);
        seal(&text);
        int code = counts_add_encoded(c, encoded(), 1, NULL);
        cr_assert_eq(code, i ? ERR_INVALID : 0, "%s: %d", cases[i].what, code);
        cr_assert_eq(c->rows, 3);
    }
    counts_free(c);
    layout_free(l);
    baseline_free(small);
}

Test(codec, extents_must_be_finite_and_ordered)
{
    static const double bad[][2] = {{NAN, 1}, {1, NAN}, {2, 1}, {-INFINITY, 1}, {1, INFINITY}};
    /* Heads of this many bytes: rows 300 is two, saturated and unknown one or two. */
    size_t at = 11;
    for (int head = 0; head < 3; head++) {
        while ((unsigned char)text.data[at] >= 0x80)
            at++;
        at++;
    }
    cr_assert_eq(text.data[at], 1);
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        memcpy(text.data + at + 1, bad[i], 16);
        seal(&text);
        expect_refused(encoded(), "do not fit");
    }
    text.data[at] = 2;
    seal(&text);
    expect_refused(encoded(), "do not fit");
}

Test(codec, merges_extents_only)
{
    cr_assert_eq(counts_merge_extents(into, encoded(), NULL), 0);
    cr_assert(counts_zero(into));
    cr_assert(
        !memcmp(into->extents, counts->extents, layout->extent_total * sizeof *into->extents));
}
