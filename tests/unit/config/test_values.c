/* Scalars, where the bad files do not reach: exact values and the edges of ranges. */
#include "config/values.h"

#include "base/when.h"
#include "unit/config/parse.h"

static struct node scalar(const char *text)
{
    return (struct node){.kind = NODE_SCALAR, .text = text};
}

static int64_t amount(enum setting_kind kind, const char *text)
{
    struct setting setting = {.section = "s", .key = "k", .kind = kind, .maximum = INT64_MAX};
    struct node node = scalar(text);
    int64_t value = -1;
    struct err err;
    int code = value_amount(&setting, &node, &value, &err);
    cr_expect_eq(code == 0, value >= 0, "%s", text);
    return value;
}

Test(values, sizes)
{
    cr_expect_eq(amount(KIND_SIZE, "0"), 0);
    cr_expect_eq(amount(KIND_SIZE, "512"), 512);
    cr_expect_eq(amount(KIND_SIZE, "512B"), 512);
    cr_expect_eq(amount(KIND_SIZE, "256KiB"), 262144);
    cr_expect_eq(amount(KIND_SIZE, "8 MiB"), 8388608);
    cr_expect_eq(amount(KIND_SIZE, "3GiB"), 3221225472);
    cr_expect_eq(amount(KIND_SIZE, "2KB"), 2000);
    cr_expect_eq(amount(KIND_SIZE, "2MB"), 2000000);
    cr_expect_eq(amount(KIND_SIZE, "2GB"), 2000000000);
    static const char *const bad[] = {"",
                                      "KiB",
                                      "1kib",
                                      "1 K",
                                      "-1",
                                      "1.5MiB",
                                      "1MiB ",
                                      "0x10",
                                      "99999999999GiB",
                                      "9999999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_eq(amount(KIND_SIZE, bad[i]), -1, "%s", bad[i]);
}

Test(values, durations)
{
    cr_expect_eq(amount(KIND_DURATION, "0"), 0);
    cr_expect_eq(amount(KIND_DURATION, "0s"), 0);
    cr_expect_eq(amount(KIND_DURATION, "250ms"), 250);
    cr_expect_eq(amount(KIND_DURATION, "1h30m"), 5400000);
    cr_expect_eq(amount(KIND_DURATION, "90 days"), 90 * DAY_MS);
    static const char longest[] =
        "999999999w999999999w999999999w999999999w999999999w999999999w999999999w999999999w"
        "999999999w999999999w999999999w999999999w999999999w999999999w999999999w999999999w";
    static const char *const bad[] = {"", "5", "h", "-1h", "1y", "1h x", longest};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_eq(amount(KIND_DURATION, bad[i]), -1, "%s", bad[i]);
}

Test(values, integers)
{
    cr_expect_eq(amount(KIND_INTEGER, "0"), 0);
    cr_expect_eq(amount(KIND_INTEGER, "007"), 7);
    cr_expect_eq(amount(KIND_INTEGER, "999999999999"), 999999999999);
    cr_expect_eq(amount(KIND_INTEGER, "9999999999999"), -1);
    cr_expect_eq(amount(KIND_INTEGER, "+1"), -1);
    cr_expect_eq(amount(KIND_INTEGER, "1 "), -1);
}

Test(values, range_is_inclusive)
{
    struct setting setting = {
        .section = "s", .key = "k", .kind = KIND_INTEGER, .minimum = 3, .maximum = 5};
    static const char *const texts[] = {"2", "3", "5", "6"};
    for (size_t i = 0; i < 4; i++) {
        struct node node = scalar(texts[i]);
        struct err err = {0};
        int64_t value;
        cr_expect_eq(value_amount(&setting, &node, &value, &err) == 0, i == 1 || i == 2);
        if (i == 3)
            cr_expect_str_eq(err.text, "s.k must be 3 to 5, not \"6\"");
    }
}

static double number(const char *text)
{
    struct setting setting = {.section = "s", .key = "k", .kind = KIND_NUMBER};
    struct node node = scalar(text);
    double value = -99;
    value_number(&setting, &node, &value, NULL);
    return value;
}

Test(values, numbers)
{
    cr_expect_eq(number("0"), 0);
    cr_expect_eq(number("-1.5"), -1.5);
    cr_expect_eq(number("+.5"), 0.5);
    cr_expect_eq(number("5."), 5);
    cr_expect_eq(number("1e3"), 1000);
    cr_expect_eq(number("1E-2"), 0.01);
    static const char *const bad[] = {"",      ".",   "-",    "e5",  "1e",  "1e+",
                                      "0x10",  "inf", ".inf", "nan", "1,5", "1_0",
                                      "1e999", " 1",  "1 ",   "--1", "1f",  "1.2.3"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_eq(number(bad[i]), -99, "%s", bad[i]);
}

Test(values, secrets_are_not_shown)
{
    struct setting setting = {
        .section = "s", .key = "k", .kind = KIND_STORE, .flags = SETTING_SECRET};
    struct node node = scalar("hunter2");
    struct err err;
    const char *text;
    cr_assert_eq(value_text(&setting, &node, &text, &err), ERR_INVALID);
    cr_assert_null(strstr(err.text, "hunter2"));
}

Test(values, texts_have_a_ceiling)
{
    struct setting setting = {.section = "s", .key = "k", .kind = KIND_TEXT};
    static char huge[65538];
    struct node node = scalar(huge);
    const char *text;
    memset(huge, 'x', 65537);
    cr_assert_eq(value_text(&setting, &node, &text, NULL), ERR_INVALID);
    huge[65536] = '\0';
    cr_assert_eq(value_text(&setting, &node, &text, NULL), 0);
}
