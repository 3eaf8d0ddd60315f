#include <criterion/criterion.h>

#include "sample.h"

static char *small_document(void)
{
    char path[512];
    char *bytes = mem_new(16384, 1);
    snprintf(path, sizeof path, "%s/baseline/small.json", TEST_DATA);
    FILE *file = fopen(path, "r");
    cr_assert(file);
    size_t size = fread(bytes, 1, 16383, file);
    cr_assert_gt(size, 100);
    fclose(file);
    return bytes;
}

/* The document with the first `from` after `after` replaced. */
static char *damaged(const char *document, const char *from, const char *to)
{
    const char *at = strstr(document, from);
    cr_assert(at, "no %s", from);
    struct text text = {0};
    text_add(&text, document, (size_t)(at - document));
    text_puts(&text, to);
    text_puts(&text, at + strlen(from));
    return text.data;
}

static const struct {
    const char *from, *to, *place;
} damages[] = {
    {"\"leeway_baseline\": 1", "\"leeway_baseline\": 2", "leeway_baseline"},
    {"\"name\": \"small\"", "\"name\": \"Small\"", "name"},
    {"\"name\": \"small\"", "\"name\": 5", "name"},
    {"\"version\": 3", "\"version\": -1", "version"},
    {"\"rows\": 10", "\"rows\": -10", "rows"},
    {"\"rows\": 10", "\"rows\": 1.5", "rows"},
    {"\"rows\": 10", "\"rows\": 11", "fields[0].valid"},
    {"\"rows\": 10", "\"rows\": 10, \"extra\": 1", ""},
    {"\"rows\": 10", "\"rows\": 10, \"last_ms\": 5", "first_ms"},
    {"\"rows\": 10", "\"rows\": 10, \"first_ms\": 6, \"last_ms\": 5", "rows"},
    {"\"provenance\": {}", "\"provenance\": []", "provenance"},
    {"\"type\": \"number\"", "\"type\": \"float\"", "fields[0].type"},
    {"\"type\": \"number\"", "\"type\": \"category\"", "fields[0]"},
    {"\"role\": \"feature\"", "\"role\": null", "fields[0].role"},
    {"\"path\": \"/features/x\"", "\"path\": \"x\"", "fields[0].path"},
    {"\"valid\": 9", "\"valid\": 10", "fields[0].valid"},
    {"\"missing\": 1,", "\"missing\": -1,", "fields[0].valid"},
    {"[1, 2.5, 4, 4.000000000000001]", "[1, 4, 2.5, 4.000000000000001]", "fields[0].edges"},
    {"[1, 2.5, 4, 4.000000000000001]", "[1, 2.5, 2.5, 4.000000000000001]", "fields[0].edges"},
    {"[1, 2.5, 4, 4.000000000000001]", "[1, 2.5, 4, 5]", "fields[0].edges"},
    {"[1, 2.5, 4, 4.000000000000001]", "[1]", "fields[0].edges"},
    {"[1, 2.5, 4, 4.000000000000001]", "[1, 2.5, \"4\", 4.000000000000001]", "fields[0].edges"},
    {"[1, 2.5, 4, 4.000000000000001]", "[1, 2.5, 4.000000000000001]", "fields[0].sums"},
    {"\"counts\": [0, 3, 2, 4, 0]", "\"counts\": [1, 2, 2, 4, 0]", "fields[0].counts"},
    {"\"counts\": [0, 3, 2, 4, 0]", "\"counts\": [0, 3, 2, 5, 0]", "fields[0].counts"},
    {"\"counts\": [0, 3, 2, 4, 0]", "\"counts\": [0, 3, 6, 0]", "fields[0].counts"},
    {"\"counts\": [0, 3, 2, 4, 0]", "\"counts\": [0, -3, 8, 4, 0]", "fields[0].counts"},
    {"\"sums\": [0, 3, 1, 0, 0]", "\"sums\": [0, 9, 1, 0, 0]", "fields[0].sums"},
    {"\"sums\": [0, 3, 1, 0, 0]", "\"sums\": [0, -3, 1, 0, 0]", "fields[0].sums"},
    {"\"sums\": [0, 3, 1, 0, 0]", "\"sums\": [1, 3, 1, 0, 0]", "fields[0].sums"},
    {"\"mean\": 2.5", "\"mean\": 0.5", "fields[0].mean"},
    {"\"sd\": 1.25", "\"sd\": -1", "fields[0].sd"},
    {"\"unit\": 1", "\"unit\": 0", "fields[0].unit"},
    {"\"unit\": 1", "\"unit\": 0.75", "fields[0].unit"},
    {"\"unit\": 1", "\"unit\": -1", "fields[0].unit"},
    {"\"rank_error\": 0", "\"rank_error\": 2", "fields[0].rank_error"},
    {"\"window_ms\": 900000", "\"window_ms\": 0", "fields[0].effects"},
    {"\"windows\": 12", "\"windows\": 9", "fields[0].effects"},
    {"\"components\": [2.5, 1, 1, 1]", "\"components\": [0.5, 1, 1, 1]", "fields[0].effects"},
    {"\"components\": [2.5, 1, 1, 1]", "\"components\": [2.5, 1, 1]", "fields[0].components"},
    {"\"name\": \"x\"", "\"name\": \"channel\"", "fields[1].name"},
    {"\"name\": \"x\"", "\"name\": \"\"", "fields[0].name"},
    {"\"web\", \"ios\"", "\"ios\", \"web\"", "segments"}, /* other counts: see below */
    {"\"web\", \"ios\"", "\"web\", \"web\"", "fields[1].levels"},
    {"\"web\", \"ios\"", "\"web\", \" ios\"", "fields[1].levels"},
    {"\"web\", \"ios\"", "\"web\", \"1.0\"", "fields[1].levels"},
    {"\"web\", \"ios\"", "\"web\", 1", "fields[1].levels"},
    {"\"counts\": [6, 3, 1, 0]", "\"counts\": [3, 6, 1, 0]", "fields[1].levels"},
    {"\"counts\": [6, 3, 1, 0]", "\"counts\": [6, 3, 0, 1]", "fields[1].counts"},
    {"\"distinct\": 3", "\"distinct\": 0", "fields[1].distinct"},
    {"\"singletons\": 1", "\"singletons\": -1", "fields[1].distinct"},
    {"\"others\": \"bf9cf968\"", "\"others\": \"bf9cf96\"", "fields[1].others"},
    {"\"others\": \"bf9cf968\"", "\"others\": \"BF9CF968\"", "fields[1].others"},
    {"\"others\": \"bf9cf968\"", "\"others\": \"bf9cf968bf9cf968\"", "fields[1].others"},
    {"\"others_complete\": true", "\"others_complete\": false", "fields[1].others"},
    {"\"field\": \"channel\"", "\"field\": \"x\"", "segments[0].field"},
    {"\"field\": \"channel\"", "\"field\": \"nobody\"", "segments[0].field"},
    {"\"rows\": [6, 3, 1]", "\"rows\": [6, 4, 0]", "segments[0].rows"},
    {"\"rows\": [6, 3, 1]", "\"rows\": []", "segments[0].rows"},
    {"\"rows\": [6, 3, 1]", "\"rows\": [6, 3]", "segments[0].missing"},
    {"\"missing\": [1, 0, 0, 0, 0, 0]", "\"missing\": [0, 0, 1, 0, 0, 0]", "segments[0].coarse"},
    {"\"missing\": [1, 0, 0, 0, 0, 0]", "\"missing\": [1, 0, 0, 0, 0]", "segments[0].missing"},
    {"\"missing\": [1, 0, 0, 0, 0, 0]", "\"missing\": [0, 0, 0, 0, 0, 0]", "segments[0].coarse"},
    {"[[3, 0, 2]", "[[4, 0, 1]", "segments[0].coarse"},
    {"[[3, 0, 2]", "[[3, 0, 2, -1, 1]", "segments[0].coarse"},
    {"[[3, 0, 2]", "[7", "segments[0].coarse"},
};

Test(parse, each_damage_is_found_and_named)
{
    char *document = small_document();
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        char *bad = damaged(document, damages[i].from, damages[i].to);
        struct err err = {0};
        struct baseline *baseline = baseline_parse(bytes_of(bad), &err);
        if (strcmp(damages[i].place, "segments") == 0) {
            /* Exchanged names are another document, not a wrong one. */
            cr_expect(baseline);
        } else {
            cr_expect_not(baseline, "%s was accepted", damages[i].to);
            cr_expect_eq(err.code, ERR_INVALID);
            cr_expect_str_eq(err.place, damages[i].place, "%s: place %s, %s", damages[i].to,
                             err.place, err.text);
        }
        baseline_free(baseline);
        free(bad);
    }
    free(document);
}

Test(parse, each_key_is_needed_except_hash)
{
    static const char *const keys[] = {"name",   "version",  "created", "rows",    "provenance",
                                       "fields", "segments", "path",    "valid",   "edges",
                                       "sums",   "levels",   "others",  "effects", "coarse",
                                       "unit",   "window_ms"};
    char *document = small_document();
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char from[32], to[32];
        snprintf(from, sizeof from, "\"%s\":", keys[i]);
        snprintf(to, sizeof to, "\"%s_\":", keys[i]);
        char *bad = damaged(document, from, to);
        struct baseline *baseline = baseline_parse(bytes_of(bad), NULL);
        cr_expect_not(baseline, "without %s", keys[i]);
        baseline_free(baseline);
        free(bad);
    }
    free(document);
}

Test(parse, another_hash_is_refused)
{
    struct baseline *baseline = sample_baseline(41, 30);
    char *document = baseline_format(baseline);
    char *at = strstr(document, "\"provenance\": {\"source\":\"s");
    struct err err = {0};
    cr_assert(at);
    at[strlen("\"provenance\": {\"source\":\"")] = 'X';
    cr_expect_not(baseline_parse(bytes_of(document), &err));
    cr_expect_str_eq(err.place, "hash");
    free(document);
    baseline_free(baseline);
}

Test(parse, not_a_document)
{
    static const char *const texts[] = {"",
                                        " ",
                                        "null",
                                        "[]",
                                        "{}",
                                        "5",
                                        "{\"leeway_baseline\":1}",
                                        "{",
                                        "\"\\u0000\"",
                                        "{\"leeway_baseline\":1,\"leeway_baseline\":1}",
                                        "\xff\xfe"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct err err = {0};
        cr_expect_not(baseline_parse(bytes_of(texts[i]), &err));
        cr_expect_eq(err.code, ERR_INVALID);
    }
    cr_expect_not(baseline_parse(bytes_make(NULL, 0), NULL));
    struct text deep = {0};
    for (int i = 0; i < 100000; i++)
        text_puts(&deep, "[");
    cr_expect_not(baseline_parse(bytes_make(deep.data, deep.size), NULL));
    text_release(&deep);
}

/* Cuts, changed bytes, changed digits and doubled pieces: either refused, or a baseline whose
 * document is the same again. */
Test(parse, seeded_damage_never_gets_through)
{
    struct random random = random_new(42);
    struct baseline *sample = sample_baseline(43, 60);
    char *documents[2] = {small_document(), baseline_format(sample)};
    baseline_free(sample);
    for (int i = 0; i < 3000; i++) {
        const char *from = documents[i % 2];
        size_t size = strlen(from);
        char *copy = mem_text(bytes_make(from, size));
        for (uint32_t k = 0; k < 1 + random_below(&random, 3); k++) {
            size_t at = random_below(&random, (uint32_t)size);
            switch (random_below(&random, 4)) {
            case 0:
                size = at + 1;
                break;
            case 1:
                copy[at] = (char)random_next(&random);
                break;
            case 2:
                copy[at] = "0123456789-.e\"{}[],"[random_below(&random, 19)];
                break;
            default:
                memmove(copy + at, copy + at / 2, size - at);
                break;
            }
        }
        struct baseline *baseline = baseline_parse(bytes_make(copy, size), NULL);
        if (baseline) {
            char *once = baseline_format(baseline);
            struct baseline *back = baseline_parse(bytes_of(once), NULL);
            cr_assert(back);
            char *twice = baseline_format(back);
            cr_assert_str_eq(once, twice);
            free(once);
            free(twice);
            baseline_free(back);
        }
        baseline_free(baseline);
        free(copy);
    }
    free(documents[0]);
    free(documents[1]);
}
