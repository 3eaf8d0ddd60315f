/* Texts as numbers and as categories, and numbers as texts.
 *
 * The same literal must mean the same on every machine and in every locale of the process, so the
 * grammar is checked here and strtod only rounds. The program never calls setlocale. */
#include "baseline/text.h"

#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "baseline/baseline.h"

enum { LITERAL_MAX_BYTES = 512 };

/* A decimal literal in parts. `exact` means that mantissa and exponent hold all of it. */
struct literal {
    bool negative, exact;
    uint64_t mantissa;
    int64_t exponent;
};

static size_t scan_digits(struct bytes text, size_t at, bool fraction, struct literal *literal)
{
    size_t start = at;
    for (; at < text.size && isdigit((unsigned char)text.data[at]); at++) {
        if (literal->mantissa >= UINT64_C(900719925474099)) {
            literal->exact = false;
            continue;
        }
        literal->mantissa = literal->mantissa * 10 + (uint64_t)(text.data[at] - '0');
        literal->exponent -= fraction;
    }
    return at - start;
}

static bool scan_exponent(struct bytes text, size_t at, struct literal *literal)
{
    bool negative = at < text.size && text.data[at] == '-';
    if (at < text.size && (text.data[at] == '-' || text.data[at] == '+'))
        at++;
    if (at == text.size)
        return false;
    int64_t exponent = 0;
    for (; at < text.size && isdigit((unsigned char)text.data[at]); at++) {
        if (exponent < 100000)
            exponent = exponent * 10 + (text.data[at] - '0');
    }
    literal->exponent += negative ? -exponent : exponent;
    return at == text.size;
}

static bool literal_scan(struct bytes text, struct literal *ret)
{
    struct literal literal = {.exact = true};
    size_t at = 0;
    if (at < text.size && (text.data[at] == '-' || text.data[at] == '+'))
        literal.negative = text.data[at++] == '-';
    size_t digits = scan_digits(text, at, false, &literal);
    at += digits;
    if (at < text.size && text.data[at] == '.') {
        size_t decimals = scan_digits(text, ++at, true, &literal);
        at += decimals;
        digits += decimals;
    }
    if (digits == 0)
        return false;
    if (at < text.size) {
        if ((text.data[at] != 'e' && text.data[at] != 'E') ||
            !scan_exponent(text, at + 1, &literal))
            return false;
    }
    *ret = literal;
    return true;
}

/* Both factors are exact doubles, so the one operation rounds correctly (Clinger 1990). */
static double literal_fast(const struct literal *literal)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    double mantissa = (double)literal->mantissa;
    double number = literal->exponent < 0 ? mantissa / powers[-literal->exponent]
                                          : mantissa * powers[literal->exponent];
    return literal->negative ? -number : number;
}

bool number_from_text(struct bytes text, double *ret_number)
{
    struct literal literal;
    text = bytes_trim(text);
    if (!literal_scan(text, &literal))
        return false;
    if (literal.exact && literal.exponent >= -22 && literal.exponent <= 22) {
        *ret_number = literal_fast(&literal);
        return true;
    }
    if (text.size >= LITERAL_MAX_BYTES)
        return false;
    char copy[LITERAL_MAX_BYTES];
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    *ret_number = strtod(copy, NULL);
    return true;
}

static bool is_code(struct bytes text)
{
    size_t at = text.size && text.data[0] == '-';
    return text.size == 0 || text.data[0] == '+' ||
           (text.size > at + 1 && text.data[at] == '0' &&
            isdigit((unsigned char)text.data[at + 1]));
}

struct bytes category_canonical(struct bytes text, char *ret, size_t size)
{
    double number;
    text = bytes_trim(text);
    if (is_code(text) ||
        !(text.data[0] == '-' || text.data[0] == '.' || isdigit((unsigned char)text.data[0])))
        return text;
    if (!number_from_text(text, &number) || !(fabs(number) < 0x1p53) ||
        fabs(number - trunc(number)) > 0)
        return text;
    int64_t integer = (int64_t)number;
    char digits[24];
    int length = snprintf(digits, sizeof(digits), "%lld", (long long)integer);
    if (length < 0 || (size_t)length > size)
        return text;
    memcpy(ret, digits, (size_t)length);
    return bytes_make(ret, (size_t)length);
}

bool text_valid_utf8(struct bytes bytes)
{
    return (!bytes.size || !memchr(bytes.data, '\0', bytes.size)) && utf8_valid(bytes);
}

void text_json(struct text *text, struct bytes bytes)
{
    text_add(text, "\"", 1);
    for (size_t i = 0; i < bytes.size; i++) {
        unsigned char byte = (unsigned char)bytes.data[i];
        if (byte == '"' || byte == '\\')
            text_printf(text, "\\%c", byte);
        else if (byte < 0x20 || byte == 0x7f)
            text_printf(text, "\\u%04x", byte);
        else
            text_add(text, bytes.data + i, 1);
    }
    text_add(text, "\"", 1);
}

void text_double(struct text *text, double number)
{
    char digits[40];
    if (fpclassify(number) == FP_ZERO) {
        text_puts(text, "0");
        return;
    }
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(digits, sizeof(digits), "%.*g", precision, number);
        double back = strtod(digits, NULL);
        if (!(back < number) && !(back > number))
            break;
    }
    text_puts(text, digits);
}
