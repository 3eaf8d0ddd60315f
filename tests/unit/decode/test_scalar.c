/* Scalars: the usual ones without a call, and those that nobody wants. */
#include "unit/decode/scalars.h"

Test(scalar, usual_ones)
{
    check_usual_scalars();
}

Test(scalar, unusual_ones_are_left_to_the_general_reader)
{
    check_unusual_scalars();
}

Test(scalar, random_bytes)
{
    check_random_scalars();
}

Test(scalar, quotes_at_any_distance)
{
    check_quotes();
}

/* Numbers of up to seven bytes, all of two and three digits, with dots and signs in all places. */
Test(scalar, short_numbers_equal_strtod)
{
    for (unsigned number = 0; number < 10000; number++) {
        for (unsigned decimals = 0; decimals < 5; decimals++) {
            static const double tens[] = {1, 10, 100, 1000, 10000};
            char text[16 + SCAN_PADDING] = "";
            struct value value;
            snprintf(text, 16, "%s%.*f,", number % 2 ? "-" : "", (int)decimals,
                     number / tens[decimals]);
            size_t size = scalar_usual(text, 0, &value);
            double expected = strtod(text, NULL);
            cr_assert_eq(size, strlen(text) - 1, "%s", text);
            cr_assert_eq(memcmp(&value.number, &expected, sizeof expected), 0, "%s", text);
            cr_assert_eq(value.integral, decimals == 0);
        }
    }
}

Test(scalar, unwanted_ones_are_checked_all_the_same)
{
    static const struct {
        const char *text;
        enum decode_result fault; /* DECODE_OK: none */
    } cases[] = {
        {"1e5,", DECODE_OK},
        {"NaN,", DECODE_OK},
        {"-Infinity,", DECODE_OK},
        {"\"\\u00e9\"", DECODE_OK},
        {"true", DECODE_OK},
        {"01", DECODE_SYNTAX},
        {"tru", DECODE_TRUNCATED},
        {"trx", DECODE_SYNTAX},
        {"\"\xff\"", DECODE_UTF8},
        {"-N", DECODE_TRUNCATED},
        {"-x", DECODE_SYNTAX},
        {"", DECODE_TRUNCATED},
        {"\"01234567890123456789012345678901234567890\"", DECODE_STRING_TOO_LONG},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[64 + SCAN_PADDING] = "";
        enum decode_result fault = DECODE_OK;
        size_t size = strlen(cases[i].text);
        memcpy(text, cases[i].text, size);
        char *next = scalar_read(text, text + size, SCALAR_STRING_BYTES, NULL, &fault);
        cr_assert_eq(fault, cases[i].fault, "%s", cases[i].text);
        cr_assert_eq(next != NULL, fault == DECODE_OK, "%s", cases[i].text);
    }
}
