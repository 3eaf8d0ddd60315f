/* Reading expected values: tests/data/stats, which say in "provenance" how they were made. */
#ifndef LEEWAY_TESTS_GOLDEN_H
#define LEEWAY_TESTS_GOLDEN_H

#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <stdint.h>

enum { GOLDEN_CELLS_MAX = 512 };

static inline json_t *golden_load(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/stats/%s", TEST_DATA, name);
    json_error_t error;
    json_t *root = json_load_file(path, 0, &error);
    cr_assert(root, "%s:%d: %s", path, error.line, error.text);
    cr_assert(json_is_string(json_object_get(root, "provenance")), "%s has no provenance", path);
    return root;
}

static inline double golden_number(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    cr_assert(json_is_number(value), "%s is missing", name);
    return json_number_value(value);
}

static inline double golden_at(const json_t *array, size_t index)
{
    cr_assert(json_is_number(json_array_get(array, index)), "number %zu is missing", index);
    return json_number_value(json_array_get(array, index));
}

static inline uint32_t golden_counts(const json_t *object, const char *name, int64_t *ret_counts)
{
    const json_t *array = json_object_get(object, name);
    size_t size = json_array_size(array);
    cr_assert(size > 0 && size <= GOLDEN_CELLS_MAX, "%s has %zu cells", name, size);
    for (size_t i = 0; i < size; i++)
        ret_counts[i] = json_integer_value(json_array_get(array, i));
    return (uint32_t)size;
}

/* Within `relative` of the expected value, or `absolute` where that is wider. NaN never is. */
#define expect_near(got, want, relative, absolute, ...)                                            \
    do {                                                                                           \
        double got_ = (got), want_ = (want);                                                       \
        double room_ = fmax((relative)*fabs(want_), (absolute));                                   \
        char what_[160];                                                                           \
        snprintf(what_, sizeof what_, __VA_ARGS__);                                                \
        cr_expect(fabs(got_ - want_) <= room_, "%s: got %.17g, expected %.17g", what_, got_,       \
                  want_);                                                                          \
    } while (0)

#endif
