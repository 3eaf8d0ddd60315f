/* A baseline document is either refused or means the same after it was written again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "baseline/baseline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err;
    struct baseline *baseline = baseline_parse(bytes_make(data, size), &err);
    if (!baseline)
        return 0;
    char *once = baseline_format(baseline);
    struct baseline *back = baseline_parse(bytes_of(once), &err);
    if (!back)
        abort();
    char *twice = baseline_format(back);
    if (strcmp(once, twice) != 0 || strcmp(baseline->hash, back->hash) != 0)
        abort();
    free(once);
    free(twice);
    baseline_free(baseline);
    baseline_free(back);
    return 0;
}
