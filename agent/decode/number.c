/* Decimal to double, correctly rounded. Three ways, from fast to general:
 *
 *   1. digits below 2^53 and a power of ten that is a double: one exact operand each, so that one
 *      multiplication or division rounds correctly (W. D. Clinger, "How to read floating point
 *      numbers accurately", PLDI 1990);
 *   2. up to 19 digits and powers of ten to 27: the quotient or product is computed in integers
 *      with a remainder, so that the rounding is exact by construction. It covers what programs
 *      print for doubles (17 digits);
 *   3. strtod. The caller's NUL bounds it, and nothing in the process sets a locale.
 *
 * Assumes IEEE 754 doubles, rounding to nearest, and the NUL and padding of scan.h. */
#include "decode/number.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

enum { CLINGER_POWER = 22, EXACT_POWER = 27, EXACT_DIGITS = 19 };

static const double ten_to[CLINGER_POWER + 1] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
};

static const uint64_t five_to[EXACT_POWER + 1] = {
    1u,
    5u,
    25u,
    125u,
    625u,
    3125u,
    15625u,
    78125u,
    390625u,
    1953125u,
    9765625u,
    48828125u,
    244140625u,
    1220703125u,
    6103515625u,
    30517578125u,
    152587890625u,
    762939453125u,
    3814697265625u,
    19073486328125u,
    95367431640625u,
    476837158203125u,
    2384185791015625u,
    11920928955078125u,
    59604644775390625u,
    298023223876953125u,
    1490116119384765625u,
    7450580596923828125u,
};

/* A literal that fits the grammar: digits * 10^exponent, if there are at most EXACT_DIGITS. */
struct literal {
    char *first; /* digit */
    char *last;  /* byte behind the last digit before the exponent */
    uint64_t digits;
    int64_t exponent;
    bool negative, integral;
};

static inline bool is_digit(char c)
{
    return (unsigned char)(c - '0') <= 9;
}

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
/* Eight decimal digits (0 to 9 each, the first in the lowest byte): the usual arithmetic in a word.
 */
static inline uint64_t eight_digits(uint64_t word)
{
    word = word * 10 + (word >> 8);
    return ((word & 0x000000FF000000FFu) * 0x000F424000000064u +
            (word >> 16 & 0x000000FF000000FFu) * 0x0000271000000001u) >>
           32;
}

/* Reads digits by the word. Their number differs from value to value, so that a loop over single
 * digits would pay for a branch that cannot be predicted. */
static inline char *add_digits(char *p, uint64_t *digits)
{
    static const uint32_t scale[8] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000};
    for (;;) {
        uint64_t word;
        memcpy(&word, p, sizeof word);
        word ^= 0x3030303030303030u;
        /* Carries run upwards, so that the lowest mark is always true. */
        uint64_t marks = ((word + 0x7676767676767676u) | word) & 0x8080808080808080u;
        if (marks) {
            unsigned count = (unsigned)__builtin_ctzll(marks) / 8;
            *digits = *digits * scale[count] + eight_digits(word << 8 << (56 - 8 * count));
            return p + count;
        }
        *digits = *digits * 100000000u + eight_digits(word);
        p += 8;
    }
}
#else
static inline char *add_digits(char *p, uint64_t *digits)
{
    for (; is_digit(*p); p++)
        *digits = *digits * 10 + (uint64_t)(*p - '0');
    return p;
}
#endif

/* `p` is behind the e. The ceiling is beyond any record's size, so that no fraction can make up for
 * what is cut off. */
static char *scan_exponent(char *p, const char *end, int64_t *exponent,
                           enum decode_result *ret_fault)
{
    const int64_t ceiling = (int64_t)1 << 40;
    bool negative = *p == '-';
    if (*p == '-' || *p == '+')
        p++;
    if (!is_digit(*p))
        return scan_fault(p, end, DECODE_SYNTAX, ret_fault);
    int64_t power = 0;
    for (; is_digit(*p); p++)
        if (power < ceiling)
            power = power * 10 + (*p - '0');
    *exponent += negative ? -power : power;
    return p;
}

/* Inlined by force: a literal that stays in registers is worth a third of the time of a number. */
__attribute__((always_inline)) static inline char *
scan_literal(char *p, const char *end, struct literal *literal, enum decode_result *ret_fault)
{
    literal->negative = *p == '-';
    literal->integral = true;
    literal->digits = 0;
    literal->exponent = 0;
    p += literal->negative;
    char *first = literal->first = p;
    p = add_digits(p, &literal->digits);
    if (p == first)
        return scan_fault(p, end, DECODE_SYNTAX, ret_fault);
    if (*first == '0' && p > first + 1)
        return scan_fault(first, end, DECODE_SYNTAX, ret_fault);
    if (*p == '.') {
        char *fraction = p + 1;
        p = add_digits(fraction, &literal->digits);
        if (p == fraction)
            return scan_fault(p, end, DECODE_SYNTAX, ret_fault);
        literal->exponent = fraction - p;
        literal->integral = false;
    }
    literal->last = p;
    if (*p == 'e' || *p == 'E') {
        literal->integral = false;
        p = scan_exponent(p + 1, end, &literal->exponent, ret_fault);
    }
    return p;
}

/* mantissa * 2^power, where `sticky` says that a little more was cut off; no under- or overflow. */
static double round_binary(uint64_t mantissa, bool sticky, int power)
{
    int shift = __builtin_clzll(mantissa);
    mantissa <<= shift;
    uint64_t kept = mantissa >> 11, cut = mantissa & 0x7FF;
    kept += cut > 0x400 || (cut == 0x400 && (sticky || kept & 1));
    uint64_t scale_bits = (uint64_t)(power - shift + 11 + 1023) << 52;
    double scale;
    memcpy(&scale, &scale_bits, sizeof scale);
    return (double)kept * scale;
}

/* digits * 10^power for digits > 0, power within EXACT_POWER. */
static double multiply_exact(uint64_t digits, int power)
{
    __extension__ unsigned __int128 product = digits;
    product *= five_to[power];
    uint64_t high = (uint64_t)(product >> 64), low = (uint64_t)product;
    if (high == 0)
        return round_binary(low, false, power);
    int shift = __builtin_clzll(high);
    product <<= shift;
    return round_binary((uint64_t)(product >> 64), (uint64_t)product != 0, power + 64 - shift);
}

/* digits / 10^power. Both are shifted so that the quotient has 63 or 64 bits. */
static double divide_exact(uint64_t digits, int power)
{
    int digits_shift = __builtin_clzll(digits), five_shift = __builtin_clzll(five_to[power]);
    uint64_t divisor = five_to[power] << five_shift;
    __extension__ unsigned __int128 dividend = digits << digits_shift;
    dividend <<= 63;
    uint64_t quotient = (uint64_t)(dividend / divisor);
    uint64_t product_low = quotient * divisor;
    return round_binary(quotient, product_low != (uint64_t)dividend,
                        five_shift - digits_shift - 63 - power);
}

/* Whether `digits` holds all significant digits. */
static inline bool digits_are_exact(const struct literal *literal)
{
    const char *p = literal->first;
    if (literal->last - p <= EXACT_DIGITS)
        return true;
    while (p < literal->last && (*p == '0' || *p == '.'))
        p++;
    int64_t count = literal->last - p;
    if (!literal->integral && memchr(p, '.', (size_t)count))
        count--;
    return count <= EXACT_DIGITS;
}

static inline double literal_magnitude(const struct literal *literal)
{
    int64_t power = literal->exponent;
    uint64_t digits = literal->digits;
    if (!digits_are_exact(literal))
        return strtod(literal->first, NULL);
    if (digits == 0)
        return 0;
    /* Where doubles are computed with excess precision the first way would round twice. */
    if (FLT_EVAL_METHOD == 0 && digits <= (uint64_t)1 << 53) {
        if (power <= 0 && power >= -CLINGER_POWER)
            return (double)digits / ten_to[-power];
        if (power > 0 && power <= CLINGER_POWER)
            return (double)digits * ten_to[power];
    }
    if (power >= 0 && power <= EXACT_POWER)
        return multiply_exact(digits, (int)power);
    if (power < 0 && power >= -EXACT_POWER)
        return divide_exact(digits, (int)-power);
    return strtod(literal->first, NULL);
}

char *number_read(char *p, const char *end, struct value *ret_value, enum decode_result *ret_fault)
{
    struct literal literal;
    char *start = p;
    p = scan_literal(p, end, &literal, ret_fault);
    if (!p)
        return NULL;
    double magnitude = literal_magnitude(&literal);
    ret_value->kind = isinf(magnitude) ? VALUE_INFINITE : VALUE_NUMBER;
    ret_value->integral = literal.integral;
    ret_value->number = literal.negative ? -magnitude : magnitude;
    ret_value->text = bytes_make(start, (size_t)(p - start));
    ret_value->wide = true;
    return p;
}

char *number_skip(char *p, const char *end, enum decode_result *ret_fault)
{
    struct literal literal;
    return scan_literal(p, end, &literal, ret_fault);
}
