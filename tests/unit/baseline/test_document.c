#include <criterion/criterion.h>

#include "sample.h"

static struct baseline *parse(const char *document)
{
    struct err err = {0};
    struct baseline *baseline = baseline_parse(bytes_of(document), &err);
    cr_assert(baseline, "%s: %s", err.place, err.text);
    return baseline;
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
