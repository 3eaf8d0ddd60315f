/* Numbers of a record: the grammar of RFC 8259 and the nearest double, bit for bit as strtod. */
#ifndef LEEWAY_DECODE_NUMBER_H
#define LEEWAY_DECODE_NUMBER_H

#include "decode/scan.h"

/* Reads the number that starts at `p` with a digit or a minus. Returns the byte behind it and a
 * VALUE_NUMBER, or VALUE_INFINITE if it lies beyond double; its `text` is a view. What follows the
 * number is not looked at. NULL with DECODE_TRUNCATED or DECODE_SYNTAX. */
char *number_read(char *p, const char *end, struct value *ret_value, enum decode_result *ret_fault);

/* The same for a number that nobody wants. */
char *number_skip(char *p, const char *end, enum decode_result *ret_fault);

#endif
