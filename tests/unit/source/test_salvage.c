/* Stepping over members of a line that is not JSON. */
#include <criterion/criterion.h>

#include "source/salvage.h"

static struct value values[ENVELOPE_SLOTS];

static int salvage(const char *line)
{
    memset(values, 0, sizeof values);
    return salvage_envelope(bytes_of(line), values);
}

Test(salvage, members_before_the_event)
{
    int slot = salvage("{ \"x\":[{\"]\":\"\\\"}\"}, 1] , \"partition\" : 12 ,\"offset\":-3,"
                       "\"ts\":null,\"topic\":\"t\",\"timestamp\":1.5,\"y\":true,"
                       "\"value\": {oops } } ");
    cr_assert_eq(slot, SLOT_VALUE);
    cr_assert_eq(values[SLOT_PARTITION].kind, VALUE_NUMBER);
    cr_assert(bytes_equal(values[SLOT_PARTITION].text, bytes_of("12")));
    cr_assert_float_eq(values[SLOT_PARTITION].number, 12, 0);
    cr_assert_float_eq(values[SLOT_OFFSET].number, -3, 0);
    cr_assert_eq(values[SLOT_TS].kind, VALUE_NULL);
    cr_assert_eq(values[SLOT_TOPIC].kind, VALUE_STRING);
    cr_assert_eq(values[SLOT_TIMESTAMP].kind, VALUE_ABSENT);
    cr_assert_eq(values[SLOT_PAYLOAD].kind, VALUE_ABSENT);
    cr_assert(bytes_equal(values[SLOT_VALUE].text, bytes_of("{oops } ")), "%.*s",
              (int)values[SLOT_VALUE].text.size, values[SLOT_VALUE].text.data);
}

Test(salvage, lines_without_an_event)
{
    static const char *const lines[] = {
        "",      "{",         "{}",           "[",          "{\"a\"",    "{\"a\":",
        "{a:1}", "{\"a\":1}", "{\"a\":1,",    "{\"a\":[}}", "{\"a\":\"", "{\"a\":\"\\",
        "x",     "{\"a\":]",  "{\"a\":[\"]}", "{\"value\"", "value",     "{\"a\":{\"value\":1}}",
    };
    for (unsigned i = 0; i < sizeof lines / sizeof lines[0]; i++)
        cr_assert_eq(salvage(lines[i]), -1, "%s", lines[i]);
}
