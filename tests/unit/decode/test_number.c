#include <criterion/criterion.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "decode/number.h"

struct reading {
    struct value value;
    enum decode_result fault;
    size_t size; /* taken, 0 if refused */
};

/* With the NUL and the padding that the readers count on. */
static struct reading read_number(const char *text)
{
    static char buffer[4096];
    struct reading reading = {0};
    size_t size = strlen(text);
    cr_assert_lt(size, sizeof buffer - SCAN_PADDING);
    memset(buffer, '9', sizeof buffer); /* what stands behind the NUL must not matter */
    memcpy(buffer, text, size + 1);
    char *p = number_read(buffer, buffer + size, &reading.value, &reading.fault);
    reading.size = p ? (size_t)(p - buffer) : 0;
    enum decode_result fault = DECODE_OK;
    char *skipped = number_skip(buffer, buffer + size, &fault);
    cr_assert_eq(skipped, p, "%s: skipping differs from reading", text);
    cr_assert_eq(fault, reading.fault, "%s", text);
    return reading;
}

static void check_like_strtod(const char *text)
{
    struct reading reading = read_number(text);
    double expected = strtod(text, NULL);
    cr_assert_eq(reading.size, strlen(text), "%s: %zu bytes taken", text, reading.size);
    cr_assert_eq(memcmp(&reading.value.number, &expected, sizeof expected), 0,
                 "%s: %a instead of %a", text, reading.value.number, expected);
    cr_assert_eq(reading.value.kind, isinf(expected) ? VALUE_INFINITE : VALUE_NUMBER, "%s", text);
    cr_assert_eq(reading.value.integral, !strpbrk(text, ".eE"), "%s", text);
    cr_assert(bytes_equal(reading.value.text, bytes_of(text)), "%s", text);
}

/* Boundaries of the three ways, ties, the edges of the format. */
Test(number, boundaries_are_rounded_as_strtod_does)
{
    static const char *const literals[] = {
        "0",
        "-0",
        "0.0",
        "-0.0",
        "0e0",
        "0e999999999999",
        "-0e-5",
        "1",
        "-1",
        "9",
        "10",
        "9007199254740992",
        "9007199254740993",
        "9007199254740994",
        "-9007199254740993",
        "9007199254740992.5",
        "9007199254740993.0000000000000000001",
        "1e22",
        "1e23",
        "1e24",
        "1e27",
        "1e28",
        "9007199254740991e22",
        "9007199254740993e22",
        "9007199254740991e-22",
        "123456789012345678e-27",
        "9999999999999999999",
        "9999999999999999999e27",
        "18446744073709551615",
        "18446744073709551616",
        "18446744073709551617e-20",
        "99999999999999999999",
        "12345678901234567890123456789012345678901234567890",
        "0.1",
        "0.2",
        "0.3",
        "0.30000000000000004",
        "1.7976931348623157e308",
        "1.7976931348623158e308",
        "1.7976931348623159e308",
        "-1.7976931348623159e308",
        "1e308",
        "1e309",
        "-1e309",
        "1e999",
        "1e99999999999999999999",
        "1e-99999999999999999999",
        "0.1e-999",
        "4.9406564584124654e-324",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "2.2250738585072011e-308",
        "2.2250738585072014e-308",
        "5e-324",
        "1E5",
        "1E+5",
        "1e-5",
        "1.5E+00005",
        "0.000001",
        "1e-7",
        "0.00000000000000001",
        "0.0000000000000000000000000000001234567890123456789",
        "0.00000000000000000000000000000000000000000000000000000001e56",
        "1.00000000000000011102230246251565404236316680908203125", /* half an ulp above 1 */
        "1.00000000000000011102230246251565404236316680908203124",
        "1.00000000000000011102230246251565404236316680908203126",
        "8.5",
        "4503599627370496.5",
        "4503599627370497.5",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775809",
        "7450580596923828125e-27",
        "36.87",
        "0.3812",
        "12345678",
        "123456789",
        "1234567.12345678",
        "12345678.12345678",
        "0.12345678",
        "0.123456789",
        "1234567890123456789.1",
        "123456789012345678.1",
        "1e00000000000000000000000000000001"};
    for (size_t i = 0; i < sizeof literals / sizeof literals[0]; i++)
        check_like_strtod(literals[i]);
}

Test(number, hundreds_of_digits)
{
    char text[2048];
    for (int size = 1; size < 700; size += 7) {
        memset(text, '7', (size_t)size);
        text[size] = '\0';
        check_like_strtod(text);
        snprintf(text + size, sizeof text - (size_t)size, ".%0*d", size, 3);
        check_like_strtod(text);
    }
}

/* However the exponent is stored, it must not be cut off so that a fraction makes up for it. */
Test(number, long_exponents_and_long_fractions)
{
    char text[2048] = "0.";
    memset(text + 2, '0', 1000);
    for (int power = 900; power < 1100; power += 10) {
        snprintf(text + 1002, sizeof text - 1002, "17e%d", power);
        check_like_strtod(text);
    }
    memcpy(text + 1002, "1e10001", 8);
    check_like_strtod(text);
    memcpy(text + 1002, "1e4294968297", 13);
    check_like_strtod(text);
    memcpy(text + 1002, "1e18446744073709552617", 23);
    check_like_strtod(text);
}

Test(number, integers_beyond_double_are_infinite_and_keep_their_text)
{
    char text[401];
    memset(text, '9', 400);
    text[400] = '\0';
    struct reading reading = read_number(text);
    cr_assert_eq(reading.value.kind, VALUE_INFINITE);
    cr_assert(isinf(reading.value.number) && reading.value.number > 0);
    cr_assert(reading.value.integral);
    cr_assert_eq(reading.value.text.size, 400);
}

Test(number, what_follows_is_left_alone)
{
    cr_assert_eq(read_number("12,3").size, 2);
    cr_assert_eq(read_number("12.5}").size, 4);
    cr_assert_eq(read_number("1e5x").size, 3);
    cr_assert_eq(read_number("0x10").size, 1);
    cr_assert_eq(read_number("1.5.5").size, 3);
    cr_assert_eq(read_number("1234567890123456789012345]").size, 25);
}

Test(number, refused)
{
    static const struct {
        const char *text;
        enum decode_result fault;
    } cases[] = {
        {"", DECODE_TRUNCATED},    {"-", DECODE_TRUNCATED},
        {"1.", DECODE_TRUNCATED},  {"1e", DECODE_TRUNCATED},
        {"1e+", DECODE_TRUNCATED}, {"1.5E-", DECODE_TRUNCATED},
        {"01", DECODE_SYNTAX},     {"-01", DECODE_SYNTAX},
        {"00", DECODE_SYNTAX},     {"00.5", DECODE_SYNTAX},
        {"1.e5", DECODE_SYNTAX},   {"1.x", DECODE_SYNTAX},
        {"1e.5", DECODE_SYNTAX},   {"1ee5", DECODE_SYNTAX},
        {"--1", DECODE_SYNTAX},    {"-x", DECODE_SYNTAX},
        {"+1", DECODE_SYNTAX},     {".5", DECODE_SYNTAX},
        {"e5", DECODE_SYNTAX},     {"1e+-5", DECODE_SYNTAX},
        {"x", DECODE_SYNTAX},      {"\xff", DECODE_SYNTAX},
        {"-\xb2", DECODE_SYNTAX},  {"00000000000000000000", DECODE_SYNTAX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct reading reading = read_number(cases[i].text);
        cr_assert_eq(reading.size, 0, "\"%s\" was taken", cases[i].text);
        cr_assert_eq(reading.fault, cases[i].fault, "\"%s\": %s", cases[i].text,
                     decode_result_name(reading.fault));
    }
}

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static uint64_t random_seed(void)
{
    const char *given = getenv("LEEWAY_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : 20261123;
    fprintf(stderr, "LEEWAY_SEED=%" PRIu64 "\n", seed);
    return seed;
}

/* Digits without a leading zero unless it is the only one. */
static int random_digits(uint64_t *state, int count, char *ret_text)
{
    for (int i = 0; i < count; i++)
        ret_text[i] = (char)('0' + next_random(state) % 10);
    if (count > 1 && ret_text[0] == '0')
        ret_text[0] = '1';
    ret_text[count] = '\0';
    return count;
}

static void random_literal(uint64_t *state, char *ret_text)
{
    char *p = ret_text;
    uint64_t shape = next_random(state);
    if (shape & 1)
        *p++ = '-';
    p += random_digits(state, 1 + (int)(next_random(state) % (shape & 2 ? 6 : 22)), p);
    if (shape & 12) {
        *p++ = '.';
        int zeros = shape & 16 ? (int)(next_random(state) % 20) : 0;
        memset(p, '0', (size_t)zeros);
        p += zeros;
        for (int count = 1 + (int)(next_random(state) % 24); count > 0; count--)
            *p++ = (char)('0' + next_random(state) % 10);
    }
    *p = '\0';
    if ((shape >> 8 & 3) == 0)
        snprintf(p, 8, "%c%d", shape & 32 ? 'e' : 'E', (int)(next_random(state) % 60) - 30);
    else if ((shape >> 8 & 3) == 1)
        snprintf(p, 8, "e%+d", (int)(next_random(state) % 700) - 350);
}

Test(number, random_literals_equal_strtod)
{
    uint64_t state = random_seed();
    char text[128];
    for (int i = 0; i < 100000; i++) {
        random_literal(&state, text);
        check_like_strtod(text);
    }
}

/* What programs print: doubles with 15 to 17 digits, of all magnitudes. */
Test(number, printed_doubles_come_back)
{
    uint64_t state = random_seed();
    char text[64];
    for (int i = 0; i < 50000; i++) {
        uint64_t bits = next_random(&state);
        double number;
        memcpy(&number, &bits, sizeof number);
        if (i % 2) /* near 1, where features live */
            number = (double)(int64_t)bits / 9223372036854775808.0 * 1000;
        if (!isfinite(number))
            continue;
        snprintf(text, sizeof text, "%.17g", number);
        check_like_strtod(text);
        double back = read_number(text).value.number;
        cr_assert_eq(memcmp(&back, &number, sizeof back), 0, "%s", text);
        snprintf(text, sizeof text, "%.*g", 15 + (int)(bits % 2), number);
        check_like_strtod(text);
    }
}

/* Halfway between two doubles, and the closest decimals beside: the hardest to round. 53 bits and
 * one more are at most 19 digits up to 2^63, and a power of two up to 2^10 keeps ties in reach. */
Test(number, ties_go_to_even)
{
    uint64_t state = random_seed();
    char text[64];
    for (int i = 0; i < 20000; i++) {
        uint64_t half = ((uint64_t)1 << 53 | next_random(&state) >> 11) << 1 | 1;
        snprintf(text, sizeof text, "%" PRIu64, half << (i % 9));
        check_like_strtod(text);
        snprintf(text, sizeof text, "%" PRIu64, (half << (i % 9)) + 1);
        check_like_strtod(text);
        snprintf(text, sizeof text, "%" PRIu64 ".5", ((uint64_t)1 << 52) + (half >> 12));
        check_like_strtod(text);
    }
}

/* The second way at full width, often enough that the bits that are cut off are a half and a bit.
 */
Test(number, nineteen_digits_and_powers_of_ten)
{
    uint64_t state = random_seed();
    char text[64];
    for (int i = 0; i < 60000; i++) {
        int size = random_digits(&state, 17 + i % 3, text);
        snprintf(text + size, sizeof text - (size_t)size, "e%d", i % 59 - 29);
        check_like_strtod(text);
    }
}
