#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "expose/query.h"

static bool decodes_to(const char *raw, bool plus, const char *expected)
{
    char text[QUERY_TEXT_MAX];
    return query_decode(raw, strlen(raw), plus, text) && !strcmp(text, expected);
}

static bool decodes(const char *raw)
{
    char text[QUERY_TEXT_MAX];
    return query_decode(raw, strlen(raw), true, text);
}

Test(query, decode_undoes_escapes)
{
    cr_assert(decodes_to("a%2Fb%20c", false, "a/b c"));
    cr_assert(decodes_to("a+b", false, "a+b"));
    cr_assert(decodes_to("a+b", true, "a b"));
    cr_assert(decodes_to("%C3%A9%e2%82%ac", false, "é€"));
    cr_assert(decodes_to("", false, ""));
}

Test(query, decode_refuses_what_is_not_clean)
{
    cr_assert_not(decodes("%00"));
    cr_assert_not(decodes("a%0d%0aSet-Cookie:x"));
    cr_assert_not(decodes("%7f"));
    cr_assert_not(decodes("%"));
    cr_assert_not(decodes("%2"));
    cr_assert_not(decodes("%zz"));
    cr_assert_not(decodes("%ff"));
    cr_assert_not(decodes("%c0%af"), "overlong slash");
    cr_assert_not(decodes("%ed%a0%80"), "surrogate");
    cr_assert_not(decodes("%f4%90%80%80"), "above U+10FFFF");
    cr_assert_not(decodes("%e2%82"), "cut off");
}

Test(query, decode_has_a_ceiling)
{
    char raw[QUERY_TEXT_MAX + 1], text[QUERY_TEXT_MAX];
    memset(raw, 'a', sizeof raw);
    cr_assert(query_decode(raw, QUERY_TEXT_MAX - 1, false, text));
    cr_assert_eq(strlen(text), QUERY_TEXT_MAX - 1);
    cr_assert_not(query_decode(raw, QUERY_TEXT_MAX, false, text));
}

Test(query, pairs)
{
    struct query query;
    cr_assert_eq(query_parse("version=7&verbose&&name=a%26b=c&empty=", &query, NULL), 0);
    cr_assert_eq(query.count, 4);
    cr_assert_str_eq(query_get(&query, "version"), "7");
    cr_assert_str_eq(query_get(&query, "verbose"), "");
    cr_assert_str_eq(query_get(&query, "name"), "a&b=c");
    cr_assert_str_eq(query_get(&query, "empty"), "");
    cr_assert_null(query_get(&query, "other"));
    cr_assert_eq(query_parse(NULL, &query, NULL), 0);
    cr_assert_eq(query.count, 0);
}

Test(query, bad_pairs_are_refused)
{
    struct query query;
    struct err err;
    char name[80];
    memset(name, 'n', sizeof name);
    name[79] = '\0';
    cr_assert_eq(query_parse("a=%0", &query, &err), ERR_INVALID);
    cr_assert_eq(query_parse("%00=a", &query, &err), ERR_INVALID);
    cr_assert_eq(query_parse("a=1&a=2", &query, &err), ERR_INVALID);
    cr_assert(strstr(err.text, "twice"));
    cr_assert_eq(query_parse(name, &query, &err), ERR_INVALID);
    cr_assert_eq(query_parse("a&b&c&d&e&f&g&h&i&j&k&l&m&n&o&p", &query, &err), 0);
    cr_assert_eq(query_parse("a&b&c&d&e&f&g&h&i&j&k&l&m&n&o&p&q", &query, &err), ERR_LIMIT);
}

Test(query, limits)
{
    struct query query;
    uint32_t limit = 0;
    cr_assert_eq(query_parse("a=20&zero=0&big=101&text=x&minus=-1&huge=99999999999999999999&none=",
                             &query, NULL),
                 0);
    cr_assert_eq(query_limit(&query, "a", 5, 100, &limit, NULL), 0);
    cr_assert_eq(limit, 20);
    cr_assert_eq(query_limit(&query, "missing", 5, 100, &limit, NULL), 0);
    cr_assert_eq(limit, 5);
    cr_assert_eq(query_limit(&query, "none", 7, 100, &limit, NULL), 0);
    cr_assert_eq(limit, 7);
    for (const char *const *bad = (const char *[]){"zero", "big", "text", "minus", "huge", NULL};
         *bad; bad++)
        cr_assert_eq(query_limit(&query, *bad, 5, 100, &limit, NULL), ERR_INVALID, "%s", *bad);
    cr_assert_eq(limit, 7, "unchanged on failure");
}

Test(query, durations_and_instants)
{
    struct query query;
    int64_t ms = -1;
    cr_assert_eq(query_parse("w=1h&m=900000&bad=fast&t=2026-11-23T06:42:12Z&n=5", &query, NULL), 0);
    cr_assert_eq(query_duration(&query, "w", &ms, NULL), 0);
    cr_assert_eq(ms, 3600000);
    cr_assert_eq(query_duration(&query, "m", &ms, NULL), 0);
    cr_assert_eq(ms, 900000);
    cr_assert_eq(query_duration(&query, "none", &ms, NULL), 0);
    cr_assert_eq(ms, 0);
    cr_assert_eq(query_duration(&query, "bad", &ms, NULL), ERR_INVALID);
    cr_assert_eq(query_instant(&query, "t", &ms, NULL), 0);
    cr_assert_eq(ms, 1795416132000); /* date -u -d 2026-11-23T06:42:12Z +%s000 */
    cr_assert_eq(query_instant(&query, "n", &ms, NULL), 0);
    cr_assert_eq(ms, 5);
    cr_assert_eq(query_instant(&query, "bad", &ms, NULL), ERR_INVALID);
}

Test(query, paths)
{
    struct path path;
    cr_assert(path_parse("/", &path));
    cr_assert_eq(path.count, 0);
    cr_assert(path_parse("/api/v1/monitors/a%2Fb", &path));
    cr_assert_eq(path.count, 4);
    cr_assert_str_eq(path.parts[3], "a/b");
    cr_assert(path_parse("/1/2/3/4/5/6/7/8", &path));
    const char *bad[] = {"", "a", "//", "/a//b", "/a/", "/%00", "/a%", "/1/2/3/4/5/6/7/8/9", NULL};
    for (int i = 0; bad[i]; i++)
        cr_assert_not(path_parse(bad[i], &path), "%s", bad[i]);
    cr_assert_not(path_parse(NULL, &path));
}
