/* What a value means for a field of a type: the one place for both passes of the builder. It agrees
 * with how live values are validated, so that a field that is "wrong type" live was invalid in the
 * baseline. */
#include "baseline/reading.h"

#include <math.h>
#include <strings.h>

#include "base/mem.h"
#include "baseline/text.h"

enum { TEXT_MAX_BYTES = 4096 }; /* longer strings are refused live as well */

bool reading_is_word(struct bytes text, const char *word)
{
    return text.size == strlen(word) && strncasecmp(text.data, word, text.size) == 0;
}

static bool is_integral(double number)
{
    return !(fabs(number - trunc(number)) > 0);
}

static enum reading read_number(const struct builder_value *value, enum field_type type,
                                double *ret_number)
{
    double number = value->number;
    if (value->kind == BUILDER_TEXT) {
        if (!number_from_text(value->text, &number))
            return READ_INVALID;
    } else if (value->kind != BUILDER_NUMBER) {
        return READ_INVALID;
    }
    if (!(fabs(number) <= BASELINE_NUMBER_MAX) || (type == FIELD_INTEGER && !is_integral(number)))
        return READ_INVALID;
    *ret_number = number;
    return READ_NUMBER;
}

static enum reading read_boolean(const struct builder_value *value, struct bytes *ret_text)
{
    struct bytes text = bytes_trim(value->text);
    bool is_false = value->kind == BUILDER_FALSE ||
                    (value->kind == BUILDER_NUMBER && !islessgreater(value->number, 0.0)) ||
                    (value->kind == BUILDER_TEXT &&
                     (reading_is_word(text, "false") || reading_is_word(text, "0")));
    bool is_true = value->kind == BUILDER_TRUE ||
                   (value->kind == BUILDER_NUMBER && !islessgreater(value->number, 1.0)) ||
                   (value->kind == BUILDER_TEXT &&
                    (reading_is_word(text, "true") || reading_is_word(text, "1")));
    if (is_false || is_true)
        *ret_text = bytes_of(is_true ? "true" : "false");
    return is_false || is_true ? READ_TEXT : READ_INVALID;
}

static struct bytes number_literal(const struct builder_value *value, char *scratch)
{
    struct text text = {0};
    if (value->text.size)
        return value->text;
    text_double(&text, value->number);
    size_t size = text.size < READING_BYTES ? text.size : READING_BYTES;
    memcpy(scratch, text.data, size);
    text_release(&text);
    return bytes_make(scratch, size);
}

static enum reading read_category(const struct builder_value *value, char *scratch,
                                  struct bytes *ret_text)
{
    struct bytes text = value->text;
    char literal[READING_BYTES];
    if (value->kind == BUILDER_FALSE || value->kind == BUILDER_TRUE) {
        *ret_text = bytes_of(value->kind == BUILDER_TRUE ? "true" : "false");
        return READ_TEXT;
    }
    if (value->kind == BUILDER_NUMBER)
        text = number_literal(value, literal);
    else if (value->kind != BUILDER_TEXT)
        return READ_INVALID;
    if (text.size > TEXT_MAX_BYTES || !text_valid_utf8(text))
        return READ_INVALID;
    struct bytes canonical = category_canonical(text, scratch, READING_BYTES);
    if (text.data == literal && canonical.data != scratch) {
        memcpy(scratch, canonical.data, canonical.size);
        canonical.data = scratch;
    }
    *ret_text = canonical;
    return READ_TEXT;
}

enum reading reading_of(enum field_type type, const struct builder_value *value, char *scratch,
                        double *ret_number, struct bytes *ret_text)
{
    if (value->kind == BUILDER_ABSENT || value->kind == BUILDER_NULL || value->kind == BUILDER_NAN)
        return READ_MISSING;
    if (value->kind == BUILDER_INFINITE || value->kind == BUILDER_OTHER)
        return READ_INVALID;
    if (type == FIELD_NUMBER || type == FIELD_INTEGER)
        return read_number(value, type, ret_number);
    if (type == FIELD_BOOLEAN)
        return read_boolean(value, ret_text);
    return read_category(value, scratch, ret_text);
}

bool reading_is_boolean(const struct builder_value *value)
{
    struct bytes text = bytes_trim(value->text);
    return value->kind == BUILDER_FALSE || value->kind == BUILDER_TRUE ||
           (value->kind == BUILDER_TEXT &&
            (reading_is_word(text, "false") || reading_is_word(text, "true")));
}
