#include "config/kinds.h"

#include "unit/config/parse.h"

static void expect(enum setting_kind kind, const char *text, bool accepted)
{
    cr_expect_eq(kind_of(kind)->accepts(text), accepted, "%s", text);
}

Test(kinds, names)
{
    expect(KIND_NAME, "a", true);
    expect(KIND_NAME, "0.9_x-y", true);
    expect(KIND_NAME, "", false);
    expect(KIND_NAME, ".a", false);
    expect(KIND_NAME, "_a", false);
    expect(KIND_NAME, "A", false);
    expect(KIND_NAME, "a b", false);
    expect(KIND_NAME, "ä", false);
    char name[130];
    memset(name, 'a', 129);
    name[129] = '\0';
    expect(KIND_NAME, name, false);
    name[128] = '\0';
    expect(KIND_NAME, name, true);
}

Test(kinds, baselines)
{
    expect(KIND_START, "earliest", true);
    expect(KIND_START, "latest", true);
    expect(KIND_START, "2026-11-23", true);
    expect(KIND_START, "2026-11-23T06:00:00+01:00", true);
    expect(KIND_START, "1969-12-31T23:00:00Z", false);
    expect(KIND_START, "yesterday", false);
    expect(KIND_START, "", false);
    expect(KIND_BASELINE, "fraud", true);
    expect(KIND_BASELINE, "fraud@7", true);
    expect(KIND_BASELINE, "fraud@123456789", true);
    expect(KIND_BASELINE, "fraud@", false);
    expect(KIND_BASELINE, "fraud@0", false);
    expect(KIND_BASELINE, "fraud@1234567890", false);
    expect(KIND_BASELINE, "fraud@7x", false);
    expect(KIND_BASELINE, "fraud@7@8", false);
    expect(KIND_BASELINE, "fraud@-7", false);
    expect(KIND_BASELINE, "@7", false);
    expect(KIND_BASELINE, "", false);
}

Test(kinds, pointers)
{
    expect(KIND_POINTER, "/a/0/~0~1/ä b", true);
    expect(KIND_POINTER, "", false);
    expect(KIND_POINTER, "a", false);
    expect(KIND_POINTER, "/a~", false);
    expect(KIND_POINTER, "/a~2", false);
    expect(KIND_POINTER, "/a/*", false);
    expect(KIND_POINTER, "/a*", true);
    expect(KIND_FEATURES, "/*", true);
    expect(KIND_FEATURES, "/a/*", true);
    expect(KIND_FEATURES, "/a", false);
    expect(KIND_FEATURES, "/a*", false);
    expect(KIND_FEATURES, "*", false);
    expect(KIND_FEATURES, "", false);
}

Test(kinds, others)
{
    expect(KIND_TOPIC, "A.b_c-1", true);
    expect(KIND_TOPIC, "", false);
    expect(KIND_TOPIC, ".", false);
    expect(KIND_TOPIC, "..", false);
    expect(KIND_TOPIC, "a/b", false);
    char topic[251];
    memset(topic, 'a', 250);
    topic[250] = '\0';
    expect(KIND_TOPIC, topic, false);
    topic[249] = '\0';
    expect(KIND_TOPIC, topic, true);
    expect(KIND_STORE, "sqlite::memory:", true);
    expect(KIND_STORE, "sqlite:", false);
    expect(KIND_STORE, "postgresql://db", true);
    expect(KIND_STORE, "mysql://db", false);
    expect(KIND_LISTEN, "", true);
    expect(KIND_LISTEN, "localhost", false);
    expect(KIND_FILE, "", false);
    expect(KIND_LINK, "http://page.example", true);
    expect(KIND_LINK, "https://a@page.example", false);
}
