#include <criterion/criterion.h>

#include "sample.h"

static struct baseline *parse(const char *document)
{
    struct err err = {0};
    struct baseline *baseline = baseline_parse(bytes_of(document), &err);
    cr_assert(baseline, "%s: %s", err.place, err.text);
    return baseline;
}

static void expect_same_field(const struct baseline_field *a, const struct baseline_field *b)
{
    cr_expect_str_eq(a->name, b->name);
    cr_expect_str_eq(a->path, b->path);
    cr_expect(a->type == b->type && a->role == b->role);
    cr_expect(a->valid == b->valid && a->missing == b->missing && a->invalid == b->invalid);
    cr_assert_eq(a->cell_count, b->cell_count);
    cr_expect_eq(memcmp(a->counts, b->counts, a->cell_count * sizeof *a->counts), 0);
    cr_expect_eq(memcmp(&a->mean, &b->mean, 4 * sizeof a->mean), 0, "mean to maximum");
    cr_expect_eq(memcmp(&a->unit, &b->unit, sizeof a->unit), 0);
    cr_expect_eq(memcmp(&a->mean_reference, &b->mean_reference, 2 * sizeof a->mean_reference), 0);
    cr_expect_eq(a->sum, b->sum);
    if (a->edges) {
        cr_expect_eq(memcmp(a->edges, b->edges, (a->cell_count - 1) * sizeof *a->edges), 0);
        cr_expect_eq(memcmp(a->sums, b->sums, a->cell_count * sizeof *a->sums), 0);
    }
    cr_expect(a->singletons == b->singletons && a->doubletons == b->doubletons);
    cr_expect(a->distinct == b->distinct && a->other_count == b->other_count);
    cr_expect_eq(a->others_complete, b->others_complete);
    cr_assert_eq(a->level_count, b->level_count);
    for (uint32_t i = 0; i < a->level_count; i++)
        cr_expect_str_eq(a->levels[i], b->levels[i]);
    for (uint32_t i = 0; i < a->other_count; i++)
        cr_expect_eq(a->others[i], b->others[i]);
    cr_assert_eq(a->effect_count, b->effect_count);
    for (uint32_t i = 0; i < a->effect_count; i++) {
        const struct design_effect *x = &a->effects[i], *y = &b->effects[i];
        cr_expect(x->window_ms == y->window_ms && x->windows == y->windows);
        cr_expect_eq(memcmp(x->components, y->components, 6 * sizeof x->rest), 0);
    }
}

Test(document, everything_comes_back)
{
    struct baseline *baseline = sample_baseline(34, 3000);
    cr_assert(baseline);
    cr_assert_gt(baseline->fields[0].effect_count, 0);
    char *document = baseline_format(baseline);
    struct baseline *back = parse(document);
    for (uint32_t i = 0; i < baseline->field_count; i++)
        expect_same_field(&baseline->fields[i], &back->fields[i]);
    cr_expect(back->has_times);
    cr_expect_eq(back->first.ms, baseline->first.ms);
    cr_expect_eq(back->last.ms, baseline->last.ms);
    const struct baseline_segment *a = &baseline->segments[0], *b = &back->segments[0];
    size_t pairs = (a->value_count + 1) * (size_t)baseline->field_count;
    cr_assert_eq(a->value_count, b->value_count);
    cr_expect_eq(memcmp(a->rows, b->rows, (a->value_count + 1) * sizeof *a->rows), 0);
    cr_expect_eq(memcmp(a->missing, b->missing, pairs * sizeof *a->missing), 0);
    cr_expect_eq(memcmp(a->coarse, b->coarse, pairs * BASELINE_COARSE_CELLS * sizeof *a->coarse),
                 0);
    free(document);
    baseline_free(baseline);
    baseline_free(back);
}

Test(document, round_trip_is_the_same_to_the_byte)
{
    static const int rows[] = {1, 7, 60, 3000};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct baseline *baseline = sample_baseline(31 + i, rows[i]);
        cr_assert(baseline);
        char *document = baseline_format(baseline);
        struct baseline *back = parse(document);
        char *again = baseline_format(back);
        cr_expect_str_eq(again, document);
        cr_expect_str_eq(back->hash, baseline->hash);
        cr_expect_eq(back->rows, rows[i]);
        free(document);
        free(again);
        baseline_free(baseline);
        baseline_free(back);
    }
}

Test(document, hash_does_not_know_name_version_and_creation_time)
{
    struct baseline *baseline = sample_baseline(32, 200);
    char before[HASH_HEX_BYTES];
    cr_assert(baseline);
    memcpy(before, baseline->hash, sizeof before);
    free(baseline->name);
    baseline->name = mem_copy("other");
    baseline->version = 9;
    snprintf(baseline->created, sizeof baseline->created, "2026-11-23T00:00:00Z");
    baseline_seal(baseline);
    cr_expect_str_eq(baseline->hash, before);
    char *document = baseline_format(baseline);
    struct baseline *back = parse(document);
    cr_expect_str_eq(back->hash, before);
    cr_expect_str_eq(back->name, "other");
    cr_expect_eq(back->version, 9);
    cr_expect_str_eq(back->created, "2026-11-23T00:00:00Z");
    free(document);
    baseline_free(back);
    baseline->rows++;
    baseline_seal(baseline);
    cr_expect_str_neq(baseline->hash, before);
    baseline_free(baseline);
}

Test(document, hash_knows_the_provenance_but_not_how_it_was_written)
{
    struct baseline *baseline = sample_baseline(33, 20);
    char before[HASH_HEX_BYTES];
    cr_assert(baseline);
    free(baseline->provenance);
    baseline->provenance = mem_copy("{ \"b\": 1, \"a\":\"x\" }");
    baseline_seal(baseline);
    memcpy(before, baseline->hash, sizeof before);
    free(baseline->provenance);
    baseline->provenance = mem_copy("{\"a\":\"x\",\"b\":1}");
    baseline_seal(baseline);
    cr_expect_str_eq(baseline->hash, before);
    free(baseline->provenance);
    baseline->provenance = mem_copy("[1]");
    baseline_seal(baseline);
    cr_expect_str_neq(baseline->hash, before);
    baseline_free(baseline);
}

/* tests/data/baseline/small.json was written by hand after docs/BASELINE.md. */
Test(document, a_document_written_by_hand)
{
    char path[512];
    static char bytes[16384];
    snprintf(path, sizeof path, "%s/baseline/small.json", TEST_DATA);
    FILE *file = fopen(path, "r");
    cr_assert(file);
    size_t size = fread(bytes, 1, sizeof bytes - 1, file);
    fclose(file);
    bytes[size] = '\0';
    struct baseline *baseline = parse(bytes);
    cr_expect_eq(baseline->rows, 10);
    cr_expect_eq(baseline->field_count, 2);
    cr_expect_eq(baseline->fields[0].cell_count, 5);
    cr_expect_float_eq(baseline->fields[0].edges[1], 2.5, 0);
    cr_expect_eq(baseline->fields[0].sums[1], 3);
    cr_expect_str_eq(baseline->fields[1].levels[1], "ios");
    cr_expect(baseline_is_other(&baseline->fields[1], bytes_of("foobar")));
    cr_expect_eq(baseline->segments[0].rows[2], 1);
    cr_expect_eq(baseline->segments[0].coarse[BASELINE_COARSE_CELLS], 6);
    cr_expect_float_eq(baseline->fields[0].effects[0].components[0], 2.5, 0);
    baseline_free(baseline);
}
