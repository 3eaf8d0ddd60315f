/* Distinct values by sorted runs: new values gather in a buffer, which is sorted and merged into
 * the sorted distinct ones when it is full. The buffer grows with the set, so that merging costs a
 * constant number of steps a value. */
#include "baseline/numbers.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "baseline/sketch.h"

enum { BUFFER_MIN = 1024, BUFFER_MAX = 65536 };

struct numbers {
    struct weighted_value *values;
    size_t size, distinct_max;
    double *buffer;
    size_t buffered, buffer_size;
    struct sketch *sketch; /* NULL: exact */
    int64_t rows;
    double minimum, maximum;
    double mean, squares; /* Welford's, for when the values are not exact */
    bool integral;
};

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void doubles_sort(double *values, size_t size)
{
    if (size > 1)
        qsort(values, size, sizeof(*values), compare_doubles);
}

static int compare_weighted(const void *a, const void *b)
{
    double x = ((const struct weighted_value *)a)->value;
    double y = ((const struct weighted_value *)b)->value;
    return (x > y) - (x < y);
}

/* Adds up neighbours of the same value in a sorted list. */
static size_t weighted_unite(struct weighted_value *values, size_t size)
{
    size_t kept = 0;
    for (size_t i = 0; i < size; i++) {
        if (kept && !(values[kept - 1].value < values[i].value))
            values[kept - 1].weight += values[i].weight;
        else
            values[kept++] = values[i];
    }
    return kept;
}

size_t weighted_merge(struct weighted_value *values, size_t size)
{
    if (size > 1)
        qsort(values, size, sizeof(*values), compare_weighted);
    return weighted_unite(values, size);
}

struct numbers *numbers_new(size_t distinct_max)
{
    struct numbers *numbers = mem_new(1, sizeof(*numbers));
    numbers->distinct_max = distinct_max;
    numbers->buffer_size = BUFFER_MIN;
    numbers->buffer = mem_new(BUFFER_MIN, sizeof(*numbers->buffer));
    numbers->integral = true;
    return numbers;
}

void numbers_free(struct numbers *numbers)
{
    if (!numbers)
        return;
    sketch_free(numbers->sketch);
    free(numbers->values);
    free(numbers->buffer);
    free(numbers);
}

static void numbers_to_sketch(struct numbers *numbers)
{
    numbers->sketch = sketch_new();
    for (size_t i = 0; i < numbers->size; i++)
        sketch_add(numbers->sketch, numbers->values[i].value, numbers->values[i].weight);
    free(numbers->values);
    numbers->values = NULL;
    numbers->size = 0;
}

/* Merges from the back, so that the old values need no second array. */
static void numbers_merge_buffer(struct numbers *numbers)
{
    size_t old = numbers->size, added = numbers->buffered, to = old + added;
    doubles_sort(numbers->buffer, added);
    numbers->values = mem_resize(numbers->values, to, sizeof(*numbers->values));
    while (added) {
        double next = numbers->buffer[added - 1];
        if (old && numbers->values[old - 1].value > next) {
            numbers->values[--to] = numbers->values[--old];
        } else {
            numbers->values[--to] = (struct weighted_value){next, 1};
            added--;
        }
    }
    numbers->size = weighted_unite(numbers->values, numbers->size + numbers->buffered);
    numbers->buffered = 0;
}

static void numbers_flush(struct numbers *numbers)
{
    if (numbers->buffered == 0)
        return;
    numbers_merge_buffer(numbers);
    if (numbers->size > numbers->distinct_max) {
        numbers_to_sketch(numbers);
    } else if (numbers->size > numbers->buffer_size && numbers->buffer_size < BUFFER_MAX) {
        numbers->buffer_size *= 2;
        numbers->buffer =
            mem_resize(numbers->buffer, numbers->buffer_size, sizeof(*numbers->buffer));
    }
}

static void numbers_moments_add(struct numbers *numbers, double value)
{
    double difference = value - numbers->mean;
    numbers->mean += difference / (double)numbers->rows;
    numbers->squares += difference * (value - numbers->mean);
}

void numbers_add(struct numbers *numbers, double value)
{
    value += 0.0;
    if (numbers->rows == 0)
        numbers->minimum = numbers->maximum = value;
    numbers->rows++;
    numbers->minimum = value < numbers->minimum ? value : numbers->minimum;
    numbers->maximum = value > numbers->maximum ? value : numbers->maximum;
    if (numbers->integral)
        numbers->integral = fabs(value) < 0x1p53 && !(fabs(value - trunc(value)) > 0);
    numbers_moments_add(numbers, value);
    if (numbers->sketch) {
        sketch_add(numbers->sketch, value, 1);
        return;
    }
    numbers->buffer[numbers->buffered++] = value;
    if (numbers->buffered == numbers->buffer_size)
        numbers_flush(numbers);
}

/* Two passes over the distinct values: no cancellation, and the same for every order of rows. */
static void moments_exact(const struct weighted_value *values, size_t size,
                          struct numbers_summary *summary)
{
    double sum = 0, squares = 0, rows = (double)summary->rows, from = values[size / 2].value;
    for (size_t i = 0; i < size; i++)
        sum += (values[i].value - from) * (double)values[i].weight;
    summary->mean = from + sum / rows;
    for (size_t i = 0; i < size; i++) {
        double difference = values[i].value - summary->mean;
        squares += difference * difference * (double)values[i].weight;
    }
    summary->sd = size > 1 ? sqrt(squares / rows) : 0;
}

/* The sketch may have lost the two ends; they are the only values that must be exact. */
static struct weighted_value *values_with_ends(const struct numbers *numbers, size_t *ret_size)
{
    struct weighted_value *values = sketch_values(numbers->sketch, ret_size);
    values = mem_resize(values, *ret_size + 2, sizeof(*values));
    values[*ret_size] = (struct weighted_value){numbers->minimum, 1};
    values[*ret_size + 1] = (struct weighted_value){numbers->maximum, 1};
    *ret_size = weighted_merge(values, *ret_size + 2);
    return values;
}

struct weighted_value *numbers_values(struct numbers *numbers, size_t *ret_size,
                                      struct numbers_summary *ret_summary)
{
    numbers_flush(numbers);
    struct numbers_summary summary = {.rows = numbers->rows,
                                      .minimum = numbers->minimum,
                                      .maximum = numbers->maximum,
                                      .integral = numbers->integral && numbers->rows > 0};
    struct weighted_value *values = NULL;
    if (numbers->sketch) {
        values = values_with_ends(numbers, ret_size);
        summary.mean = numbers->mean;
        summary.sd = sqrt(numbers->squares / (double)numbers->rows);
        summary.rank_error = sketch_rank_error(numbers->sketch);
    } else {
        *ret_size = numbers->size;
        values = mem_new(numbers->size, sizeof(*values));
        if (numbers->size) {
            memcpy(values, numbers->values, numbers->size * sizeof(*values));
            moments_exact(values, numbers->size, &summary);
        }
    }
    summary.mean = fmin(fmax(summary.mean, summary.minimum), summary.maximum);
    *ret_summary = summary;
    return values;
}
