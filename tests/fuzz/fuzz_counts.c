/* Encoded counts from anywhere: refused and nothing changed, or added and encoded again to the
 * same.
 *
 * The checksum and the fingerprint are put right first, since no fuzzer finds them and the parser
 * behind them is what may break. The first byte of the input says whether that is done. */
#include <stdlib.h>

#include "window/counts.h"

static double edges[] = {0, 1, 2};
static int64_t number_counts[4] = {0, 5, 5, 0}, level_counts[4] = {5, 5, 0, 0};
static char *levels[] = {(char[]){"false"}, (char[]){"true"}};
static struct baseline_field fields[] = {
    {.name = (char[]){"x"},
     .type = FIELD_NUMBER,
     .edges = edges,
     .cell_count = 4,
     .counts = number_counts,
     .unit = 0x1p-20,
     .mean_reference = 1},
    {.name = (char[]){"b"},
     .type = FIELD_BOOLEAN,
     .levels = levels,
     .level_count = 2,
     .cell_count = 4,
     .counts = level_counts},
};
static struct baseline baseline = {.fields = fields, .field_count = 2};

enum { HEAD_BYTES = 11, WORD_BYTES = 8 };

static void put_word(char *at, uint64_t word)
{
    for (unsigned i = 0; i < WORD_BYTES; i++)
        at[i] = (char)(word >> 8 * i);
}

/* Magic, version and fingerprint in front; FNV-1a of all before at the end. */
static void seal(const struct layout *layout, struct text *text)
{
    uint64_t sum = 0xcbf29ce484222325u;
    size_t size = text->size - WORD_BYTES;
    memcpy(text->data, "LC\1", 3);
    put_word(text->data + 3, layout->fingerprint);
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ (unsigned char)text->data[i]) * 0x100000001b3u;
    put_word(text->data + size, sum);
}

static void check_again(const struct layout *layout, const struct counts *counts)
{
    struct text text = {0};
    struct counts *again = counts_new(layout);
    counts_encode(counts, &text);
    if (counts_add_encoded(again, bytes_make(text.data, text.size), 1, NULL) ||
        memcmp(again->cells, counts->cells, layout->cell_total * sizeof(int64_t)) ||
        memcmp(again->sums, counts->sums, layout->sum_total * sizeof(int64_t)) ||
        again->rows != counts->rows)
        abort();
    counts_free(again);
    text_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct layout *layout;
    if (!layout)
        layout = layout_new(&baseline);
    struct counts *counts = counts_new(layout), *empty = counts_new(layout);
    struct text text = {0};
    if (size)
        text_add(&text, data + 1, size - 1);
    if (size && data[0] % 2 && text.size >= HEAD_BYTES + WORD_BYTES)
        seal(layout, &text);
    struct bytes encoded = bytes_make(text.data, text.size);
    int code = counts_add_encoded(counts, encoded, 1, NULL);
    if (code == 0)
        check_again(layout, counts);
    else if (memcmp(counts + 1, empty + 1, layout_counts_bytes(layout) - sizeof *counts) ||
             counts->rows || counts->saturated || counts->unknown_fields)
        abort();
    if (code == 0 && counts_merge_extents(empty, encoded, NULL))
        abort();
    text_release(&text);
    counts_free(empty);
    counts_free(counts);
    return 0;
}
