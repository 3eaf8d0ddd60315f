/* A decoded scalar: what a path of an event held. Views into the event or the decoder's scratch
 * space; valid until the next record is decoded. */
#ifndef LEEWAY_DECODE_VALUE_H
#define LEEWAY_DECODE_VALUE_H

#include <stdbool.h>

#include "base/bytes.h"

/* One byte, so that it can be written together with the flags behind it. */
enum __attribute__((packed)) value_kind {
    VALUE_ABSENT, /* the path is not there */
    VALUE_NULL,
    VALUE_FALSE,
    VALUE_TRUE,
    VALUE_NUMBER,   /* finite; `number` is correctly rounded; `text` is the literal as written */
    VALUE_NAN,      /* bare NaN or -NaN; `number` is a NaN */
    VALUE_INFINITE, /* bare Infinity, -Infinity; or a literal beyond the range of double (1e999);
                     * `number` is +-inf */
    VALUE_STRING,   /* `text` is unescaped UTF-8 */
    VALUE_OBJECT,   /* an object or array where a scalar was wanted; `text` is its JSON */
    VALUE_ARRAY
};

struct value {
    enum value_kind kind;
    bool integral; /* a literal without fraction and exponent (VALUE_NUMBER, or VALUE_INFINITE when
                    * it has hundreds of digits) */
    bool wide;     /* 16 bytes from text.data on may be read, whatever the text's size */
    double number; /* VALUE_NUMBER, VALUE_NAN, VALUE_INFINITE; else 0 */
    struct bytes text; /* unescaped for a string, else the JSON as written; empty when absent */
};

#endif
