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
        .cell = search_find(&check->search, number),
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

static struct observation observe_level(const struct check *check, const struct level *level)
{
    return (struct observation){
        .cell = level->cell,
        .violations = level->allowed ? 0 : check->not_allowed,
    };
}

static struct observation observe_text(const struct check *check, struct bytes text)
{
    char buffer[CANONICAL_BYTES];
    text = category_canonical(text, buffer, sizeof buffer);
    const struct level *level = level_table_find(&check->levels, text);
    if (level)
        return observe_level(check, level);
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

/* Any value of any field. */
static __attribute__((noinline)) void observe(const struct check *check, const struct value *value,
                                              struct observation *ret)
{
    switch (check->type) {
    case FIELD_NUMBER:
    case FIELD_INTEGER:
        if (value->kind == VALUE_NUMBER)
            *ret = observe_number(check, value->number);
        else if (value->kind == VALUE_STRING)
            *ret = observe_quoted(check, value->text);
        else
            *ret = observe_other(check, value->kind);
        return;
    case FIELD_BOOLEAN:
        *ret = observe_truth(check, value);
        return;
    case FIELD_CATEGORY:
        *ret = observe_category(check, value);
    }
}

/* ---- the usual values, without a call ---- */

/* False if this is not a number within limits, or may have a fraction where none is allowed. */
static inline bool observe_usual_number(const struct check *check, const struct value *value,
                                        struct observation *ret)
{
    double number = value->number;
    if (value->kind != VALUE_NUMBER || value->integral < check->integral)
        return false;
    if (check->limited && (number < check->min || number > check->max))
        return false;
    ret->cell = search_find(&check->search, number);
    ret->violations = 0;
    ret->number = number;
    return true;
}

/* Nearly every text is a level as it stands; a level that is its own canonical text is the answer
 * for what has its bytes. */
static inline bool observe_usual_text(const struct check *check, const struct value *value,
                                      struct observation *ret)
{
    if (!value->wide || (value->kind != VALUE_STRING && value->kind != VALUE_NUMBER) ||
        value->text.size > TABLE_HEAD_BYTES)
        return false;
    const struct table_key key = table_key_wide(value->text);
    const struct level *level = level_table_find_short(&check->levels, &key);
    if (!level || !level->canonical)
        return false;
    ret->cell = level->cell;
    ret->violations = level->allowed ? 0 : check->not_allowed;
    ret->number = 0;
    return true;
}

static inline bool observe_usual(const struct check *check, const struct value *value,
                                 struct observation *ret)
{
    if (check->type == FIELD_NUMBER || check->type == FIELD_INTEGER)
        return observe_usual_number(check, value, ret);
    if (check->type == FIELD_CATEGORY)
        return observe_usual_text(check, value, ret);
    if (value->kind != VALUE_FALSE && value->kind != VALUE_TRUE)
        return false;
    *ret = check->truths[value->kind == VALUE_TRUE];
    return true;
}

void validator_check(const struct validator *validator, const struct value *values,
                     struct observation *ret_observations)
{
    const struct check *check = validator->checks, *end = check + validator->field_count;
    for (struct observation *o = ret_observations; check < end; check++, o++) {
        const struct value *value = &values[check->slot];
        if (__builtin_expect(!observe_usual(check, value, o), 0))
            observe(check, value, o);
    }
}
