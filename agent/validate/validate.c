/* From values to observations.
 *
 * Problem: events come from producers that quote numbers, write true as 1 and 1 as 1.0, and leave
 * things out; each of these must end in exactly one cell or counter, and the same one in every
 * agent. What the baseline and the configuration say of a field is compiled once (compile.c), so
 * that a value costs a switch, a search and a comparison with the range. It assumes that the
 * decoder checked the document. It refuses to know what the counters mean for a verdict. */
#include "validate/validate.h"

#include <math.h>
#include <strings.h>

#include "validate/compile.h"

static struct observation not_a_value(const struct check *check, enum field_counter counter)
{
    return (struct observation){.cell = check->cell_count + counter};
}

/* What a value is that can never be one, whatever the field's type. */
static struct observation observe_other(const struct check *check, enum value_kind kind)
{
    static const unsigned char counters[] = {
        [VALUE_ABSENT] = COUNT_MISSING,    [VALUE_NULL] = COUNT_NULL,
        [VALUE_FALSE] = COUNT_WRONG_TYPE,  [VALUE_TRUE] = COUNT_WRONG_TYPE,
        [VALUE_NUMBER] = COUNT_WRONG_TYPE, [VALUE_NAN] = COUNT_NAN,
        [VALUE_INFINITE] = COUNT_INFINITE, [VALUE_STRING] = COUNT_WRONG_TYPE,
        [VALUE_OBJECT] = COUNT_WRONG_TYPE, [VALUE_ARRAY] = COUNT_WRONG_TYPE,
    };
    return not_a_value(check, (enum field_counter)counters[kind]);
}

static struct observation observe_number(const struct check *check, double number)
{
    if (check->type == FIELD_INTEGER && floor(number) < number)
        return not_a_value(check, COUNT_WRONG_TYPE);
    return (struct observation){
        .cell = cells_find(&check->cells, number),
        .violations = (uint32_t)(number < check->min) << COUNT_BELOW_MIN |
                      (uint32_t)(number > check->max) << COUNT_ABOVE_MAX,
        .number = number,
    };
}

static struct observation observe_quoted(const struct check *check, struct bytes text)
{
    double number;
    if (!number_from_text(text, &number))
        return not_a_value(check, COUNT_WRONG_TYPE);
    if (isinf(number))
        return not_a_value(check, COUNT_INFINITE);
    return observe_number(check, number);
}

static struct observation observe_zero_or_one(const struct check *check, double number)
{
    if (fpclassify(number) == FP_ZERO)
        return check->truths[0];
    if (fpclassify(number - 1) == FP_ZERO)
        return check->truths[1];
    return not_a_value(check, COUNT_WRONG_TYPE);
}

static bool is_word(struct bytes text, const char *word)
{
    return text.size == strlen(word) && strncasecmp(text.data, word, text.size) == 0;
}

static struct observation observe_truth_text(const struct check *check, struct bytes text)
{
    text = bytes_trim(text);
    if (is_word(text, "false") || is_word(text, "0"))
        return check->truths[0];
    if (is_word(text, "true") || is_word(text, "1"))
        return check->truths[1];
    return not_a_value(check, COUNT_WRONG_TYPE);
}

static struct observation observe_truth(const struct check *check, const struct value *value)
{
    switch (value->kind) {
    case VALUE_FALSE:
        return check->truths[0];
    case VALUE_TRUE:
        return check->truths[1];
    case VALUE_NUMBER:
        return observe_zero_or_one(check, value->number);
    case VALUE_STRING:
        return observe_truth_text(check, value->text);
    default:
        return observe_other(check, value->kind);
    }
}

static struct observation observe_text(const struct check *check, struct bytes text)
{
    char buffer[CANONICAL_BYTES];
    text = category_canonical(text, buffer, sizeof buffer);
    const struct level *level = level_table_find(&check->levels, text);
    if (level)
        return (struct observation){
            .cell = level->cell,
            .violations = level->allowed ? 0 : check->not_allowed,
        };
    if (!text.size && !check_knows_empty(check))
        return not_a_value(check, COUNT_MISSING);
    return (struct observation){
        .cell = check_cell_beyond(check, text),
        .violations = check->not_allowed,
    };
}

static struct observation observe_category(const struct check *check, const struct value *value)
{
    switch (value->kind) {
    case VALUE_STRING:
    case VALUE_NUMBER:
        return observe_text(check, value->text);
    case VALUE_FALSE:
        return observe_text(check, bytes_of("false"));
    case VALUE_TRUE:
        return observe_text(check, bytes_of("true"));
    default:
        return observe_other(check, value->kind);
    }
}

static struct observation observe(const struct check *check, const struct value *value)
{
    switch (check->type) {
    case FIELD_NUMBER:
    case FIELD_INTEGER:
        if (value->kind == VALUE_NUMBER)
            return observe_number(check, value->number);
        if (value->kind == VALUE_STRING)
            return observe_quoted(check, value->text);
        return observe_other(check, value->kind);
    case FIELD_BOOLEAN:
        return observe_truth(check, value);
    case FIELD_CATEGORY:
        break;
    }
    return observe_category(check, value);
}

void validator_check(const struct validator *validator, const struct value *values,
                     struct observation *ret_observations)
{
    for (uint32_t i = 0; i < validator->field_count; i++)
        ret_observations[i] = observe(&validator->checks[i], &values[i]);
}
